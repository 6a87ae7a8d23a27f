/* What is secret never stands on the disk: Secrets written through the API, and every file of the
 * store searched for their text, after each kind of write and with the history that they leave. */
#include "config.h"

#include "tests/lib/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/object.h"
#include "base/arena.h"
#include "base/base64.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "store/seal.h"
#include "store/store.h"
#include "tests/lib/tb.h"

static const char *const canaries[] = { "correct-horse-battery", "staple-of-the-second-write",
                                        "a-patch-that-nobody-reads" };
static const char plain[] = "everybody-may-read-this";

struct ground {
    struct tb *tb;
    struct seal *seal;
    struct arena *arena;
    char dir[32];
};

static int
serve(void **state)
{
    struct ground *g = MEM_NEW(struct ground);
    struct tb_opts opts = { .loop = loop_new(), .real_clock = true };
    AUTO_ERR struct err *err = NULL;
    (void)snprintf(g->dir, sizeof(g->dir), "/tmp/binnacle-rest-XXXXXX");
    assert_non_null(mkdtemp(g->dir));
    AUTO_FREE char *key = mem_printf("%s/seal.key", g->dir);
    AUTO_FREE char *database = mem_printf("%s/binnacle.db", g->dir);
    assert_int_equal(seal_open(key, true, &g->seal, &err), 0);
    assert_int_equal(store_sqlite_open(opts.loop, database, g->seal, NULL, &opts.store, &err), 0);
    g->tb = tb_serve(&opts);
    g->arena = arena_new();
    *state = g;
    return 0;
}

static int
leave(void **state)
{
    struct ground *g = *state;
    tb_free(g->tb);
    seal_free(g->seal);
    arena_free(g->arena);
    DIR *dir = opendir(g->dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        AUTO_FREE char *path = mem_printf("%s/%s", g->dir, entry->d_name);
        (void)unlink(path); /* "." and ".." stay */
    }
    (void)closedir(dir);
    int rc = rmdir(g->dir);
    mem_free(g);
    return rc;
}

/* How often the text stands in the files of the directory, as it is or in base64. */
static int
count(struct ground *g, const char *text)
{
    struct str forms[] = { str_of(text), base64_encode(str_of(text), g->arena) };
    int found = 0;
    DIR *dir = opendir(g->dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        AUTO_FREE char *path = mem_printf("%s/%s", g->dir, entry->d_name);
        struct stat info;
        FILE *file = fopen(path, "re");
        if (file == NULL || stat(path, &info) < 0 || !S_ISREG(info.st_mode)) {
            if (file != NULL) {
                (void)fclose(file);
            }
            continue;
        }
        AUTO_FREE char *bytes = mem_new((size_t)info.st_size + 1);
        size_t size = fread(bytes, 1, (size_t)info.st_size, file);
        for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
            found += memmem(bytes, size, forms[i].at, forms[i].size - 2) != NULL;
        }
        (void)fclose(file);
    }
    (void)closedir(dir);
    return found;
}

static void
write_it(struct ground *g, enum verb verb, const char *plural, const char *text)
{
    struct tb *tb = g->tb;
    const struct resource *row = registry_find(tb->registry, STR(""), STR("v1"), str_of(plural));
    bool is_secret = strcmp(plural, "secrets") == 0;
    struct str data = is_secret ? base64_encode(str_of(text), g->arena) : str_of(text);
    struct str json =
        arena_printf(g->arena, "{\"metadata\":{\"name\":\"x\"},\"data\":{\"k\":\"" STR_FMT "\"}}",
                     STR_ARG(data));
    struct call call = call_of(verb, row, STR("default"), STR("x"));
    call.body = verb == VERB_DELETE ? (struct str){ 0 } : json;
    call.body_type = verb == VERB_PATCH ? BODY_MERGE_PATCH : BODY_JSON;
    struct tb_result r = tb_call(tb, tb->admin, &call);
    assert_null(r.err);
    tb_result_done(&r);
}

static void
secrets_are_sealed(void **state)
{
    struct ground *g = *state;
    write_it(g, VERB_CREATE, "configmaps", plain);
    assert_true(count(g, plain) > 0); /* the search finds what is there */
    write_it(g, VERB_CREATE, "secrets", canaries[0]);
    write_it(g, VERB_UPDATE, "secrets", canaries[1]);
    write_it(g, VERB_PATCH, "secrets", canaries[2]);
    for (size_t i = 0; i < ARRAY_LEN(canaries); i++) {
        assert_int_equal(count(g, canaries[i]), 0);
    }
    struct call get =
        call_of(VERB_GET, registry_find(g->tb->registry, STR(""), STR("v1"), STR("secrets")),
                STR("default"), STR("x"));
    struct tb_result r = tb_call(g->tb, g->tb->admin, &get);
    struct str wanted = base64_encode(str_of(canaries[2]), g->arena);
    assert_true(str_contains(str_of(r.bytes), wanted));
    tb_result_done(&r);
    write_it(g, VERB_DELETE, "secrets", "");
    for (size_t i = 0; i < ARRAY_LEN(canaries); i++) {
        assert_int_equal(count(g, canaries[i]), 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(secrets_are_sealed, serve, leave),
    };
    return cmocka_run_group_tests_name("secrets_at_rest", tests, NULL, NULL);
}
