/* Volumes: the files of each type, their places, refusals; without mounting anything. */
#include "config.h"

#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/disk.h"
#include "agent/volume.h"
#include "base/arena.h"
#include "base/err.h"

struct box {
    struct arena *arena;
    char root[64];
    struct pod_place place;
    struct pod_sources sources;
    struct volume_in in;
};

static struct val
json(struct box *box, const char *text)
{
    struct err *err = NULL;
    struct doc *doc = doc_parse(box->arena, str_of(text), &err);

    if (doc == NULL) {
        fail_msg("%s: %s", text, err->message);
    }
    return doc_root(doc);
}

static void
box_init(struct box *box, const char *spec)
{
    *box = (struct box){ .arena = arena_new(), .root = "/tmp/test_volume.XXXXXX" };
    assert_non_null(mkdtemp(box->root));
    box->sources.arena = box->arena;
    box->in = (struct volume_in){
        .root = box->root,
        .place = &box->place,
        .sources = &box->sources,
        .pod = json(box, arena_printf(box->arena,
                                      "{\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\","
                                      "\"uid\":\"u1\",\"labels\":{\"app\":\"w\"}},\"spec\":%s}",
                                      spec)
                             .at),
    };
    pod_sources_of_volumes(box->in.pod, &box->sources);
}

static void
box_done(struct box *box)
{
    struct err *err = NULL;

    assert_int_equal(volume_clean(box->root, STR("u1"), &err), 0);
    assert_int_equal(disk_remove(box->root, &err), 0);
    arena_free(box->arena);
}

static void
give(struct box *box, enum pod_source_kind kind, const char *name, const char *object)
{
    for (size_t i = 0; i < box->sources.len; i++) {
        if (box->sources.at[i].kind == kind && str_is(box->sources.at[i].name, name)) {
            box->sources.at[i].object = json(box, object);
            return;
        }
    }
    fail_msg("the pod does not name '%s'", name);
}

static void
set_up(struct box *box)
{
    struct err *err = NULL;

    if (volume_set_up(&box->in, &err) < 0) {
        fail_msg("%s", err->message);
    }
}

static void
expect(struct box *box, const char *volume, const char *file, const char *data)
{
    struct err *err = NULL;
    struct str dir, got;

    assert_int_equal(volume_path(&box->in, str_of(volume), box->arena, &dir, &err), 0);
    assert_int_equal(disk_read(box->arena,
                               arena_printf(box->arena, STR_FMT "/%s", STR_ARG(dir), file).at, 1000,
                               false, &got, &err),
                     0);
    if (!str_is(got, data)) {
        fail_msg("%s/%s: wanted '%s', got '" STR_FMT "'", volume, file, data, STR_ARG(got));
    }
}

static void
test_api_data(void **state)
{
    struct box box;

    (void)state;
    box_init(&box,
             "{\"volumes\":["
             "{\"name\":\"all\",\"configMap\":{\"name\":\"cfg\",\"defaultMode\":416}},"
             "{\"name\":\"some\",\"secret\":{\"secretName\":\"sec\",\"items\":[{\"key\":\"k\","
             "\"path\":\"sub/key\",\"mode\":256}]}},"
             "{\"name\":\"maybe\",\"configMap\":{\"name\":\"no\",\"optional\":true}},"
             "{\"name\":\"down\",\"downwardAPI\":{\"items\":[{\"path\":\"labels\","
             "\"fieldRef\":{\"fieldPath\":\"metadata.labels\"}}]}},"
             "{\"name\":\"token\",\"projected\":{\"sources\":[{\"serviceAccountToken\":{"
             "\"path\":\"token\",\"expirationSeconds\":3607}},{\"configMap\":{\"name\":\"cfg\","
             "\"items\":[{\"key\":\"text\",\"path\":\"ca.crt\"}]}},{\"downwardAPI\":{\"items\":"
             "[{\"path\":\"namespace\",\"fieldRef\":{\"fieldPath\":\"metadata.namespace\"}}"
             "]}}]}}],\"containers\":[]}");
    assert_int_equal(box.sources.len, 4);
    give(&box, POD_SOURCE_CONFIG_MAP, "cfg",
         "{\"data\":{\"text\":\"T\"},\"binaryData\":{\"bin\":\"AP8=\"}}");
    give(&box, POD_SOURCE_SECRET, "sec", "{\"data\":{\"k\":\"dmFsdWU=\",\"other\":\"eA==\"}}");
    give(&box, POD_SOURCE_TOKEN, "", "{\"status\":{\"token\":\"jwt\"}}");
    set_up(&box);
    expect(&box, "all", "text", "T");
    expect(&box, "some", "sub/key", "value");
    expect(&box, "down", "labels", "app=\"w\"");
    expect(&box, "token", "token", "jwt");
    expect(&box, "token", "ca.crt", "T");
    expect(&box, "token", "namespace", "shop");
    expect(&box, "some", "other", "");
    give(&box, POD_SOURCE_CONFIG_MAP, "cfg", "{\"data\":{\"text\":\"T2\"}}");
    set_up(&box);
    expect(&box, "all", "text", "T2");
    expect(&box, "token", "ca.crt", "T2");
    box_done(&box);
}

static void
test_empty_dir_keeps_its_files(void **state)
{
    struct box box;
    struct str dir;
    struct err *err = NULL;
    struct stat st;

    (void)state;
    box_init(&box, "{\"volumes\":[{\"name\":\"tmp\",\"emptyDir\":{}}]}");
    set_up(&box);
    assert_int_equal(volume_path(&box.in, STR("tmp"), box.arena, &dir, &err), 0);
    assert_int_equal(stat(dir.at, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0777);
    assert_int_equal(
        disk_write(arena_printf(box.arena, STR_FMT "/x", STR_ARG(dir)).at, STR("1"), 0644, &err),
        0);
    set_up(&box); /* as after a restart of the agent */
    expect(&box, "tmp", "x", "1");
    assert_int_equal(volume_clean(box.root, STR("u1"), &err), 0);
    assert_int_not_equal(access(dir.at, F_OK), 0);
    box_done(&box);
}

static void
test_what_is_refused(void **state)
{
    static const char *const rows[][2] = {
        { "{\"name\":\"v\",\"configMap\":{\"name\":\"no\"}}",
          "MountVolume.SetUp failed for volume \"v\" : configmap \"no\" not found" },
        { "{\"name\":\"v\",\"secret\":{\"secretName\":\"no\"}}",
          "MountVolume.SetUp failed for volume \"v\" : secret \"no\" not found" },
        { "{\"name\":\"v\",\"hostPath\":{\"path\":\"/proc/self\",\"type\":\"File\"}}",
          "MountVolume.SetUp failed for volume \"v\" : hostPath type check failed: /proc/self is "
          "not a file" },
        { "{\"name\":\"v\",\"nfs\":{\"server\":\"x\"}}",
          "MountVolume.SetUp failed for volume \"v\" : no volume plugin matched" },
        { "{\"name\":\"v\",\"emptyDir\":{\"medium\":\"Bubbles\"}}",
          "MountVolume.SetUp failed for volume \"v\" : unknown storage medium \"Bubbles\"" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct box box;
        AUTO_ERR struct err *err = NULL;
        char spec[512];

        assert_true(snprintf(spec, sizeof(spec), "{\"volumes\":[%s]}", rows[i][0]) <
                    (int)sizeof(spec));
        box_init(&box, spec);
        assert_int_equal(volume_set_up(&box.in, &err), -1);
        assert_string_equal(err->message, rows[i][1]);
        box_done(&box);
    }
}

static void
test_missing_key(void **state)
{
    struct box box;
    AUTO_ERR struct err *err = NULL;

    (void)state;
    box_init(&box, "{\"volumes\":[{\"name\":\"v\",\"secret\":{\"secretName\":\"s\",\"items\":[{"
                   "\"key\":\"k\",\"path\":\"p\"}]}}]}");
    give(&box, POD_SOURCE_SECRET, "s", "{\"data\":{}}");
    assert_int_equal(volume_set_up(&box.in, &err), -1);
    assert_string_equal(err->message, "MountVolume.SetUp failed for volume \"v\" : references "
                                      "non-existent secret key: k");
    box_done(&box);
}

static void
test_host_path_is_made(void **state)
{
    struct box box;
    struct str path;
    struct err *err = NULL;
    struct stat st;

    (void)state;
    box_init(&box, "{}");
    path = arena_printf(box.arena, "%s/made/dir", box.root);
    assert_int_equal(
        volume_check_host(
            json(&box, arena_printf(box.arena, "{\"path\":\"%s\",\"type\":\"DirectoryOrCreate\"}",
                                    path.at)
                           .at),
            &err),
        0);
    assert_int_equal(stat(path.at, &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    box_done(&box);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_api_data),          cmocka_unit_test(test_empty_dir_keeps_its_files),
        cmocka_unit_test(test_what_is_refused),   cmocka_unit_test(test_missing_key),
        cmocka_unit_test(test_host_path_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
