/* Cases of golden tests: reads, compares, rewrites. Used by run_pod and run_proxy. */
#include "config.h" /* IWYU pragma: keep */

#include "golden_cases.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"

enum { NAMES_MAX = 500 };

static bool
read_file(const char *path, struct str_builder *out)
{
    char bytes[4096];
    size_t size;
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        return false;
    }
    while ((size = fread(bytes, 1, sizeof(bytes), file)) > 0) {
        str_put(out, str_slice(bytes, size));
    }
    (void)fclose(file);
    return true;
}

static void
write_file(const char *path, struct str text)
{
    FILE *file = fopen(path, "we");

    if (file == NULL || fwrite(text.at, 1, text.size, file) != text.size) {
        (void)printf("Bail out! cannot write %s\n", path);
        exit(1);
    }
    (void)fclose(file);
}

/* The first line that differs, as a diagnosis. */
static void
show_difference(struct str wanted, struct str got)
{
    for (int line = 1; wanted.size > 0 || got.size > 0; line++) {
        struct str w = str_cut(wanted, '\n', &wanted), g = str_cut(got, '\n', &got);

        if (!str_eq(w, g)) {
            (void)printf("# line %d\n#   wanted: " STR_FMT "\n#   got:    " STR_FMT "\n", line,
                         STR_ARG(w), STR_ARG(g));
            return;
        }
    }
}

static bool
run_case(const char *root, const char *name, bool does_update, golden_cases_fn *make, void *ctx)
{
    AUTO_FREE char *in = mem_printf("%s/%s.yaml", root, name);
    AUTO_FREE char *out = mem_printf("%s/%s.out", root, name);
    AUTO_STR struct str_builder yaml = { 0 };
    AUTO_STR struct str_builder text = { 0 };
    AUTO_STR struct str_builder wanted = { 0 };
    AUTO_ERR struct err *err = NULL;

    if (!read_file(in, &yaml) || make(ctx, str_view(&yaml), &text, &err) < 0) {
        (void)printf("# %s: %s\n", name, err != NULL ? err->message : "cannot read");
        return false;
    }
    if (does_update) {
        write_file(out, str_view(&text));
    }
    (void)read_file(out, &wanted); /* none yet: then it differs */
    show_difference(str_view(&wanted), str_view(&text));
    return str_eq(str_view(&wanted), str_view(&text));
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t
list_cases(const char *root, char **names)
{
    size_t len = 0;
    DIR *dir = opendir(root);

    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        struct str name = str_of(entry->d_name);

        if (str_has_suffix(name, STR(".yaml")) && len < NAMES_MAX) {
            names[len++] = mem_strndup(name.at, name.size - 5);
        }
    }
    if (dir == NULL || closedir(dir) != 0 || len == 0) {
        (void)printf("Bail out! no cases in %s\n", root);
        exit(1);
    }
    qsort(names, len, sizeof(names[0]), by_name);
    return len;
}

int
golden_cases_run(const char *folder, int argc, char **argv, golden_cases_fn *make, void *ctx)
{
    const char *top = getenv("top_srcdir");
    AUTO_FREE char *root = mem_printf("%s/tests/golden/%s", top == NULL ? "." : top, folder);
    bool does_update = argc > 1 && strcmp(argv[1], "--update") == 0;
    int first = does_update ? 2 : 1, run = 0, failed = 0;
    char *names[NAMES_MAX];
    size_t len = list_cases(root, names);

    for (size_t i = 0; i < len; i++) {
        bool is_asked = first >= argc;

        for (int a = first; a < argc; a++) {
            is_asked = is_asked || strcmp(argv[a], names[i]) == 0;
        }
        if (is_asked) {
            bool is_ok = run_case(root, names[i], does_update, make, ctx);

            (void)printf("%s %d - %s/%s\n", is_ok ? "ok" : "not ok", ++run, folder, names[i]);
            failed += is_ok ? 0 : 1;
        }
        mem_free(names[i]);
    }
    (void)printf("1..%d\n", run);
    return run == 0 || failed > 0 ? 1 : 0;
}
