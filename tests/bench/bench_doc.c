/* Speed of base/doc beside jansson, in the same run: MB/s of process time for parsing, for parsing
 * with six look-ups, for setting one field and writing, and for writing everything anew.
 *
 * Run by hand: bench_doc [POD.json [OBJECTS [ROUNDS]]]. */
#include "config.h" /* IWYU pragma: keep */

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/mem.h"

enum { MAX_OBJECTS = 100000, MAX_ROUNDS = 99, MAX_FILE = 1 << 20 };

struct bench {
    struct str *pods; /* each its own bytes */
    size_t len;
    double total_size;
    size_t sink; /* what was read: so that nothing is optimised away */
};

typedef void bench_fn(struct bench *b, struct str pod, struct arena *arena);

static struct val
parse(struct str pod, struct arena *arena)
{
    AUTO_ERR struct err *err = NULL;
    struct doc *doc = doc_parse(arena, pod, &err);

    if (doc == NULL) {
        (void)fprintf(stderr, "bench_doc: %s\n", err->message);
        exit(1);
    }
    return doc_root(doc);
}

static void
tape_parse(struct bench *b, struct str pod, struct arena *arena)
{
    b->sink += val_len(parse(pod, arena));
}

static void
tape_look(struct bench *b, struct str pod, struct arena *arena)
{
    static const char *const paths[] = { "metadata.name",   "metadata.namespace", "metadata.uid",
                                         "metadata.labels", "spec.nodeName",      "status.phase" };
    struct val v = parse(pod, arena);

    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        b->sink += val_raw(val_at(v, paths[i])).size;
    }
}

static void
tape_edit(struct bench *b, struct str pod, struct arena *arena)
{
    AUTO_ERR struct err *err = NULL;
    struct val v = parse(pod, arena);
    struct doc *edited = NULL;
    struct edit e;

    edit_init(&e, arena);
    edit_set_str(&e, "/spec/nodeName", STR("node-00017"));
    if (edit_apply(v.doc, &e, &edited, &err) == 0) {
        b->sink += doc_bytes(edited).size;
    }
}

static void
tape_rebuild(struct bench *b, struct str pod, struct arena *arena)
{
    struct jw w;

    jw_init(&w, arena);
    jw_canonical(&w, parse(pod, arena));
    b->sink += jw_done(&w).size;
}

static void
jansson_parse(struct bench *b, struct str pod, struct arena *arena)
{
    json_t *j = json_loadb(pod.at, pod.size, 0, NULL);

    (void)arena;
    b->sink += json_object_size(j);
    json_decref(j);
}

static void
jansson_edit(struct bench *b, struct str pod, struct arena *arena)
{
    json_t *j = json_loadb(pod.at, pod.size, 0, NULL);

    (void)arena;
    (void)json_object_set_new(json_object_get(j, "spec"), "nodeName", json_string("node-00017"));
    char *text = json_dumps(j, JSON_COMPACT);
    b->sink += strlen(text);
    mem_free(text);
    json_decref(j);
}

static const struct {
    const char *name;
    bench_fn *run;
    size_t anchor; /* row that it is measured against */
} table[] = {
    { "jansson: parse", jansson_parse, 0 },
    { "jansson: parse, set one field, write", jansson_edit, 1 },
    { "doc: parse", tape_parse, 0 },
    { "doc: parse, look up 6 fields", tape_look, 0 },
    { "doc: parse, set one field, write", tape_edit, 1 },
    { "doc: parse, write canonically", tape_rebuild, 1 },
};

static double
cpu_seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double
measure(struct bench *b, bench_fn *run)
{
    AUTO_ARENA struct arena *arena = arena_new();
    double start = cpu_seconds();

    for (size_t i = 0; i < b->len; i++) {
        run(b, b->pods[i], arena);
        arena_reset(arena);
    }
    return b->total_size / 1e6 / (cpu_seconds() - start);
}

/* Copies of the pod with a number of their own wherever five zeros stand. */
static void
make_pods(struct bench *b, const char *path)
{
    FILE *file = fopen(path, "re");
    AUTO_FREE char *text = mem_new(MAX_FILE);
    size_t size = file == NULL ? 0 : fread(text, 1, MAX_FILE, file);

    if (size == 0 || fclose(file) != 0) {
        (void)fprintf(stderr, "bench_doc: cannot read %s\n", path);
        exit(1);
    }
    b->pods = mem_new_array(b->len, sizeof(*b->pods));
    for (size_t i = 0; i < b->len; i++) {
        char *copy = mem_copy(text, size);
        char number[16];

        (void)snprintf(number, sizeof(number), "%05zu", i % MAX_OBJECTS);
        char *at = memmem(copy, size, "00000", 5);
        while (at != NULL) {
            memcpy(at, number, 5);
            at = memmem(at + 5, size - (size_t)(at + 5 - copy), "00000", 5);
        }
        b->pods[i] = str_slice(copy, size);
        b->total_size += (double)size;
    }
}

static int
by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return left < right ? -1 : left > right;
}

static size_t
number_arg(int argc, char **argv, int index, size_t or_else, size_t max)
{
    size_t value = argc > index ? strtoul(argv[index], NULL, 10) : or_else;

    return value < 1 ? 1 : value > max ? max : value;
}

int
main(int argc, char **argv)
{
    const char *source = getenv("top_srcdir");
    AUTO_FREE char *standard = mem_printf("%s/tests/bench/pod.json", source == NULL ? "." : source);
    struct bench b = { .len = number_arg(argc, argv, 2, 2000, MAX_OBJECTS) };
    size_t rounds = number_arg(argc, argv, 3, 5, MAX_ROUNDS);
    double results[ARRAY_LEN(table)][MAX_ROUNDS];

    make_pods(&b, argc > 1 ? argv[1] : standard);
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < ARRAY_LEN(table); i++) {
            results[i][round] = measure(&b, table[i].run);
        }
    }
    (void)printf("%zu objects of %.0f bytes, median of %zu rounds, process time\n", b.len,
                 b.total_size / (double)b.len, rounds);
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        qsort(results[i], rounds, sizeof(results[i][0]), by_value);
        double median = results[i][rounds / 2];
        (void)printf("%-40s %8.0f MB/s %8.2f us %7.1fx\n", table[i].name, median,
                     b.total_size / (double)b.len / median,
                     median / results[table[i].anchor][rounds / 2]);
    }
    for (size_t i = 0; i < b.len; i++) {
        mem_free((char *)(uintptr_t)b.pods[i].at);
    }
    mem_free(b.pods);
    return b.sink == 0;
}
