/* Runs a fuzz target over files: by default all of its corpus, so that make check repeats what
 * fuzzing has found, without clang. Linked to each fuzz_x.c; libFuzzer brings its own main.
 *
 * Usage: fuzz_x [FILE…]. Prints TAP. */
#include "config.h" /* IWYU pragma: keep */

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { MAX_FILES = 4096, MAX_FILE_SIZE = 8 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The target gets bytes of their exact size, so that sanitizers see every overrun. */
static void
run_file(const char *path, int number)
{
    FILE *file = fopen(path, "re");
    AUTO_FREE char *text = mem_new(MAX_FILE_SIZE);

    if (file == NULL) {
        (void)printf("not ok %d - cannot open %s\n", number, path);
        return;
    }
    size_t size = fread(text, 1, MAX_FILE_SIZE, file);
    (void)fclose(file);
    AUTO_FREE char *exact = mem_copy(text, size);
    (void)LLVMFuzzerTestOneInput((const uint8_t *)exact, size);
    (void)printf("ok %d - %s\n", number, path);
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a folder, in order; owned by the caller. */
static size_t
list_folder(const char *folder, char **names)
{
    DIR *dir = opendir(folder);
    size_t len = 0;

    if (dir == NULL) {
        return 0;
    }
    for (struct dirent *entry = readdir(dir); entry != NULL && len < MAX_FILES;
         entry = readdir(dir)) {
        if (entry->d_name[0] != '.') {
            names[len++] = mem_printf("%s/%s", folder, entry->d_name);
        }
    }
    (void)closedir(dir);
    qsort(names, len, sizeof(*names), by_name);
    return len;
}

int
main(int argc, char **argv)
{
    const char *source = getenv("top_srcdir");
    const char *name = strstr(argv[0], "fuzz_");

    while (name != NULL && strstr(name + 1, "fuzz_") != NULL) {
        name = strstr(name + 1, "fuzz_"); /* the folder is called fuzz too */
    }
    if (argc > 1) {
        for (int i = 1; i < argc; i++) {
            run_file(argv[i], i);
        }
        (void)printf("1..%d\n", argc - 1);
        return 0;
    }
    AUTO_FREE char *folder = mem_printf("%s/tests/fuzz/corpus/%s", source == NULL ? "." : source,
                                        name == NULL ? "" : name + strlen("fuzz_"));
    static char *names[MAX_FILES];
    size_t len = list_folder(folder, names);

    (void)printf("1..%zu\n", len);
    for (size_t i = 0; i < len; i++) {
        run_file(names[i], (int)i + 1);
        mem_free(names[i]);
    }
    return len == 0; /* no corpus is a failure */
}
