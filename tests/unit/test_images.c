/* Archives into a store, and the registry on loopback that serves it: docker save, OCI layouts, the
 * sandbox image, damage. */
#include "config.h"

#include "tests/lib/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/disk.h"
#include "agent/images.h"
#include "agent/images_store.h"
#include "agent/tar.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/loop.h"
#include "net/http_client.h"

struct box {
    struct arena *arena;
    char dir[64];
    const char *archive;
    struct str_builder tar;
    struct images_names names;
};

static void
box_init(struct box *box)
{
    *box = (struct box){ .arena = arena_new(), .dir = "/tmp/test_images.XXXXXX" };
    assert_non_null(mkdtemp(box->dir));
    box->archive = arena_printf(box->arena, "%s/archive.tar", box->dir).at;
    box->names.arena = box->arena;
}

static void
box_done(struct box *box)
{
    struct err *err = NULL;

    assert_int_equal(disk_remove(box->dir, &err), 0);
    str_done(&box->tar);
    arena_free(box->arena);
}

static int
load(struct box *box, struct err **err)
{
    struct err *write_err = NULL;

    tar_end(&box->tar);
    assert_int_equal(disk_write(box->archive, str_view(&box->tar), 0600, &write_err), 0);
    return images_load(box->dir, box->archive, &box->names, err);
}

static struct str
blob(struct box *box, struct str digest)
{
    struct err *err = NULL;
    struct str bytes;

    assert_int_equal(disk_read(box->arena, images_store_path(box->arena, box->dir, digest).at,
                               1 << 20, false, &bytes, &err),
                     0);
    return bytes;
}

static void
test_tar(void **state)
{
    struct box box;
    struct err *err = NULL;
    struct tar tar;

    (void)state;
    box_init(&box);
    tar_put(&box.tar, "a", STR("one"));
    tar_put(&box.tar, "./dir/b", STR(""));
    tar_end(&box.tar);
    assert_int_equal(box.tar.size % TAR_BLOCK, 0);
    assert_int_equal(disk_write(box.archive, str_view(&box.tar), 0600, &err), 0);
    int fd = open(box.archive, O_RDONLY | O_CLOEXEC);
    assert_int_equal(tar_list(box.arena, fd, &tar, &err), 0);
    assert_int_equal(tar.len, 2);
    assert_int_equal(tar_find(&tar, "a")->size, 3);
    assert_int_equal(tar_find(&tar, "a")->at, TAR_BLOCK);
    assert_non_null(tar_find(&tar, "dir/b"));
    assert_int_equal(close(fd), 0);
    box.tar.at[3] = 'x'; /* the checksum is wrong now */
    assert_int_equal(disk_write(box.archive, str_view(&box.tar), 0600, &err), 0);
    fd = open(box.archive, O_RDONLY | O_CLOEXEC);
    assert_int_equal(tar_list(box.arena, fd, &tar, &err), -1);
    assert_int_equal(close(fd), 0);
    err_free(err);
    box_done(&box);
}

static void
test_docker_save(void **state)
{
    struct box box;
    struct err *err = NULL;
    char layer[IMAGES_DIGEST_SIZE];
    struct val manifest;

    (void)state;
    box_init(&box);
    tar_put(&box.tar, "c.json", STR("{\"os\":\"linux\"}"));
    tar_put(&box.tar, "l/layer.tar", STR("the layer"));
    tar_put(&box.tar, "manifest.json",
            STR("[{\"Config\":\"c.json\",\"RepoTags\":[\"app:1\",\"quay.io/t/app:2\"],\"Layers\":["
                "\"l/layer.tar\"]}]"));
    assert_int_equal(load(&box, &err), 0);
    assert_int_equal(box.names.len, 2);
    assert_true(str_is(box.names.at[0].name, "docker.io/library/app:1"));
    assert_true(str_is(box.names.at[1].name, "quay.io/t/app:2"));
    manifest = doc_root(doc_parse(box.arena, blob(&box, box.names.at[0].digest), &err));
    images_store_digest(STR("the layer"), layer);
    assert_true(val_is_str(val_get(val_item(val_get(manifest, "layers"), 0), "digest"), layer));
    assert_true(str_is(blob(&box, str_of(layer)), "the layer"));
    box_done(&box);
}

static void
test_oci_layout(void **state)
{
    struct box box;
    struct err *err = NULL;
    char digest[IMAGES_DIGEST_SIZE];
    const char *text = "{\"schemaVersion\":2}";

    (void)state;
    box_init(&box);
    images_store_digest(str_of(text), digest);
    tar_put(&box.tar, "index.json",
            arena_printf(box.arena,
                         "{\"manifests\":[{\"mediaType\":\"m\",\"digest\":\"%s\",\"annotations\":{"
                         "\"io.containerd.image.name\":\"docker.io/library/x:1\"}}]}",
                         digest));
    tar_put(&box.tar, arena_printf(box.arena, "blobs/sha256/%s", digest + 7).at, str_of(text));
    assert_int_equal(load(&box, &err), 0);
    assert_true(str_is(box.names.at[0].name, "docker.io/library/x:1"));
    assert_true(str_is(box.names.at[0].media_type, "m"));
    assert_true(str_is(blob(&box, str_of(digest)), text));
    assert_int_equal(images_store_write_names(box.dir, &box.names, &err), 0);
    box.names.len = 0;
    assert_int_equal(images_store_read_names(box.dir, &box.names, &err), 0);
    assert_int_equal(box.names.len, 1);
    box_done(&box);
}

static void
test_bad_archives(void **state)
{
    struct box box;
    AUTO_ERR struct err *err = NULL;

    (void)state;
    box_init(&box);
    tar_put(&box.tar, "README", STR("no image"));
    assert_int_equal(load(&box, &err), -1);
    assert_true(str_has_prefix(str_of(err->message), STR("the archive names no image")));
    err_clear(&err);
    box_done(&box);

    box_init(&box); /* a blob that is not what its name says */
    tar_put(&box.tar, "index.json",
            STR("{\"manifests\":[{\"digest\":\"d\",\"annotations\":{\"io.containerd.image.name\":"
                "\"a:1\"}}]}"));
    tar_put(&box.tar,
            "blobs/sha256/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            STR("other bytes"));
    assert_int_equal(load(&box, &err), -1);
    assert_true(str_has_suffix(str_of(err->message), STR("of the archive is damaged")));
    err_clear(&err);
    box_done(&box);

    box_init(&box);
    tar_put(&box.tar, "manifest.json",
            STR("[{\"Config\":\"gone.json\",\"RepoTags\":[\"a:1\"],\"Layers\":[]}]"));
    assert_int_equal(load(&box, &err), -1);
    assert_string_equal(err->message, "'gone.json' is missing in the archive");
    box_done(&box);
}

/* ---- the registry ---- */

struct asking {
    int status;
    bool is_over;
    struct str_builder body;
};

static bool
head_came(void *ctx, const struct http_answer *answer)
{
    ((struct asking *)ctx)->status = answer->status;
    return true;
}

static size_t
data_came(void *ctx, const void *bytes, size_t size)
{
    str_put(&((struct asking *)ctx)->body, str_slice(bytes, size));
    return size;
}

static void
over(void *ctx, const struct http_answer *answer, struct err *owned)
{
    (void)answer;
    err_free(owned);
    ((struct asking *)ctx)->is_over = true;
}

static void
ask(struct loop *loop, struct http_client *client, const char *path, struct asking *asking)
{
    struct http_call_spec spec = { .method = "GET",
                                   .path = path,
                                   .headers_fn = head_came,
                                   .data_fn = data_came,
                                   .done_fn = over,
                                   .ctx = asking };

    str_done(&asking->body);
    *asking = (struct asking){ 0 };
    (void)http_client_call(client, &spec);
    while (!asking->is_over) {
        (void)loop_turn(loop, 1000);
    }
}

static void
test_registry(void **state)
{
    struct box box;
    struct loop *loop = loop_new();
    struct err *err = NULL;
    struct images_spec spec = { .loop = loop };
    struct images *images;
    struct asking asking = { 0 };
    struct http_client_spec client_spec = { .authority = "x", .dial_timeout_ms = 1000 };
    struct http_client *client;
    struct val manifest;
    int port;

    (void)state;
    box_init(&box);
    spec.dir = box.dir;
    assert_int_equal(images_new(&spec, &images, &port, &err), 0);
    client_spec.address = arena_printf(box.arena, "127.0.0.1:%d", port).at;
    client = http_client_new(loop, &client_spec);
    ask(loop, client, "/v2/", &asking);
    assert_int_equal(asking.status, 200);
    ask(loop, client, "/v2/pause/manifests/1?ns=binnacle.local", &asking);
    assert_int_equal(asking.status, 200);
    manifest = doc_root(doc_parse(box.arena, arena_dup(box.arena, str_view(&asking.body)), &err));
    ask(loop, client,
        arena_printf(box.arena, "/v2/pause/blobs/" STR_FMT,
                     STR_ARG(val_str(val_at(manifest, "config.digest"))))
            .at,
        &asking);
    assert_int_equal(asking.status, 200);
    assert_true(str_contains(str_view(&asking.body), STR("\"Entrypoint\":[\"/pause\"]")));
    ask(loop, client, "/v2/library/nginx/manifests/latest?ns=docker.io", &asking);
    assert_int_equal(asking.status, 404); /* then the runtime asks the real registry */
    ask(loop, client, "/v2/pause/blobs/sha256:../../../etc/passwd", &asking);
    assert_int_equal(asking.status, 404);
    str_done(&asking.body);
    http_client_free(client);
    images_free(images);
    for (int i = 0; i < 5; i++) {
        (void)loop_turn(loop, 0);
    }
    loop_free(loop);
    box_done(&box);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tar),        cmocka_unit_test(test_docker_save),
        cmocka_unit_test(test_oci_layout), cmocka_unit_test(test_bad_archives),
        cmocka_unit_test(test_registry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
