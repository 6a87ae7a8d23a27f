/* Checks of the kinds against tests/api/checks: what release 1.35's strategies said to each change of
 * a good object. */
#include "config.h"

#include "tests/lib/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/check.h"
#include "api/decode.h"
#include "api/kinds_types.h"
#include "api/registry.h"
#include "api/schema.h"
#include "api/validate.h"
#include "base/arena.h"
#include "base/err.h"

static const struct resource *
resource_of(struct val file)
{
    struct str group = val_str(val_get(file, "group")), kind = val_str(val_get(file, "kind"));
    for (size_t i = 0; i < kinds_builtin_len + kinds_unserved_len; i++) {
        const struct resource *r =
            i < kinds_builtin_len ? kinds_builtin[i] : kinds_unserved[i - kinds_builtin_len];
        if (str_is(group, r->group) && str_is(kind, r->kind) &&
            val_is_str(val_get(file, "version"), r->version)) {
            return r;
        }
    }
    fail_msg("no kind " STR_FMT, STR_ARG(kind));
    return NULL;
}

static const struct doc *
made(struct arena *arena, const struct resource *resource, struct str text)
{
    struct decode_in in = { .arena = arena, .mode = DECODE_IGNORE, .bytes = text };
    struct doc *doc = NULL;
    const struct doc *defaulted = NULL;
    struct err *err = NULL;
    if (decode_object(&in, resource, &doc, &err) < 0 ||
        validate_default(arena, resource->type, doc, &defaulted, &err) < 0) {
        fail_msg("%s", err->message);
    }
    return defaulted;
}

static const struct doc *
edited(struct arena *arena, const struct resource *resource, const struct doc *doc,
       struct edit *edit)
{
    struct doc *done = NULL;
    struct err *err = NULL;
    if (edit_apply(doc, edit, &done, &err) < 0) {
        fail_msg("%s", err->message);
    }
    return made(arena, resource, doc_bytes(done));
}

/* As the API server does before it checks: what the strategy changes, and a uid. */
static const struct doc *
prepared(struct arena *arena, const struct resource *resource, const char *sub,
         const struct doc *doc, struct val old)
{
    struct edit edit;
    if (!val_is(old)) {
        edit_init(&edit, arena);
        edit_set_str(&edit, "/metadata/uid", STR("u"));
        if (!resource_is_namespaced(resource)) {
            edit_del(&edit, "/metadata/namespace");
        }
        doc = edited(arena, resource, doc, &edit);
    }
    edit_init(&edit, arena);
    struct prepare p = { .arena = arena,
                         .resource = resource,
                         .subresource = sub,
                         .now = doc_root(doc),
                         .old = old,
                         .edit = &edit,
                         .user = "u",
                         .wall_ms = 1000 };
    void (*prepare)(struct prepare *) =
        val_is(old) ? resource->prepare_update : resource->prepare_create;
    if (prepare != NULL) {
        prepare(&p);
    }
    return edit.len == 0 ? doc : edited(arena, resource, doc, &edit);
}

static struct str
read_file(struct arena *arena, const char *path)
{
    FILE *file = fopen(path, "re");
    struct stat info;
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &info), 0);
    char *bytes = arena_alloc(arena, (size_t)info.st_size);
    assert_int_equal(fread(bytes, 1, (size_t)info.st_size, file), (size_t)info.st_size);
    (void)fclose(file);
    return str_slice(bytes, (size_t)info.st_size);
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "field: message" of each different cause, sorted. */
static size_t
told(struct arena *arena, const struct err *err, char **lines)
{
    size_t len = 0;
    for (size_t i = 0; err != NULL && i < err->cause_len; i++) {
        const struct err_cause *cause = &err->causes[i];
        struct str line = arena_printf(arena, "%s: %s", cause->field, cause->message);
        bool is_new = true;
        for (size_t k = 0; k < len; k++) {
            is_new = is_new && strcmp(lines[k], line.at) != 0;
        }
        if (is_new) {
            lines[len++] = arena_dupz(arena, line);
        }
    }
    qsort(lines, len, sizeof(*lines), by_text);
    return len;
}

static void
try_case(struct arena *arena, const struct resource *resource, struct val base, struct val row)
{
    enum { LINES_MAX = 64 };
    struct str sub = val_str(val_get(row, "subresource")), drop = val_str(val_get(row, "drop"));
    const char *subz = sub.size == 0 ? NULL : arena_dupz(arena, sub);
    struct doc *doc = doc_trust(arena, val_raw(base));
    struct causes causes = { .arena = arena };
    struct val old = { 0 }, expected = val_get(row, "causes");
    struct edit edit;
    struct doc *changed = NULL;
    struct err *err = NULL;
    char *lines[LINES_MAX];
    if (val_bool(val_get(row, "update"), false)) {
        old = doc_root(made(arena, resource, val_raw(base)));
    }
    edit_init(&edit, arena);
    if (drop.size > 0) {
        edit_del(&edit, arena_dupz(arena, drop));
    } else {
        edit_set(&edit, arena_dupz(arena, val_str(val_get(row, "at"))),
                 val_raw(val_get(row, "set")));
    }
    (void)doc_root(doc);
    assert_int_equal(edit_apply(doc, &edit, &changed, &err), 0);
    const struct doc *now =
        prepared(arena, resource, subz, made(arena, resource, doc_bytes(changed)), old);
    validate_object(resource, subz, doc_root(now), old, &causes);
    (void)causes_err(&causes, resource, STR("x"), &err);
    size_t len = told(arena, err, lines);
    for (size_t i = 0; i < len || i < val_len(expected); i++) {
        struct str want = val_str(val_item(expected, i));
        if (i >= len || !str_is(want, lines[i])) {
            fail_msg("%s %.200s\nwant: " STR_FMT "\ngot:  %s", resource->kind, val_raw(row).at,
                     STR_ARG(want), i < len ? lines[i] : "");
        }
    }
    err_clear(&err);
}

static void
test_all(void **state)
{
    (void)state;
    size_t cases = 0;
    const char *top = getenv("top_srcdir");
    AUTO_FREE char *dir = mem_printf("%s/tests/api/checks", top == NULL ? "." : top);
    DIR *files = opendir(dir);
    assert_non_null(files);
    for (struct dirent *entry = readdir(files); entry != NULL; entry = readdir(files)) {
        if (strstr(entry->d_name, ".json") == NULL) {
            continue;
        }
        AUTO_ARENA struct arena *file_arena = arena_new();
        struct err *err = NULL;
        struct str path = arena_printf(file_arena, "%s/%s", dir, entry->d_name);
        struct doc *doc = doc_parse(file_arena, read_file(file_arena, path.at), &err);
        struct val file = doc_root(doc);
        const struct resource *resource = resource_of(file);
        VAL_EACH (it, val_get(file, "cases")) {
            AUTO_ARENA struct arena *arena = arena_new();
            try_case(arena, resource, val_get(file, "base"), it.value);
            cases++;
        }
    }
    (void)closedir(files);
    assert_true(cases > 500);
}

/* What changed between two values, for the causes that name it. */
static void
test_diff(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct val a = doc_root(doc_trust(arena, STR("{\"b\":[1,2],\"a\":{\"x\":\"y\"}}")));
    struct val b = doc_root(doc_trust(arena, STR("{\"a\":{\"x\":\"z\"},\"b\":[1,2]}")));
    assert_true(str_is(check_diff(arena, a, b), "@@ -1,6 +1,6 @@\n {\n  \"a\": {\n-  \"x\": \"y\"\n"
                                                "+  \"x\": \"z\"\n  },\n  \"b\": [\n   1,\n"));
    assert_int_equal(check_diff(arena, a, a).size, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_diff),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
