/* Image archives that were loaded: taking an upload, remembering its names, having the runtime pull
 * them from the loopback registry that this serves. Called by the agent and node_api; loop thread, the
 * work on archives on a worker's. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/images.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "agent/cri.h"
#include "agent/cri.pb-c.h"
#include "agent/disk.h"
#include "agent/images_serve.h"
#include "agent/images_store.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/worker.h"
#include "net/body.h"
#include "net/http.h"
#include "net/server.h"

#define LOG_MODULE "images"
#include "base/log.h"

static const int64_t ARCHIVE_MAX = (int64_t)64 << 30; /* bytes of one upload */

struct images {
    struct images_spec spec;
    struct cri *cri;
    struct server *server;
    struct images_serve serve;
    struct images_names *names; /* its arena is its own; replaced as a whole */
    int uploads;                /* counts up, for names of files */
};
/* One upload, from its first byte to its answer. */
struct images_upload {
    struct intake intake;
    struct images *images;
    struct http_request *http; /* NULL: the peer went away */
    struct images_upload **slot;
    struct arena *arena;
    const char *path;
    int fd;
    int64_t size;
    struct err *err;
    struct images_names names; /* of this archive */
    size_t pulled;
};

/* ---- names ---- */

static struct images_names *
names_new(void)
{
    struct arena *arena = arena_new();
    struct images_names *names = ARENA_NEW(arena, struct images_names);

    names->arena = arena;
    return names;
}

static int
add_names(struct images *images, const struct images_names *more, struct err **err)
{
    struct images_names *both = names_new();

    for (size_t i = 0; i < images->names->len; i++) {
        images_store_name(both, images->names->at[i].name, images->names->at[i].digest,
                          images->names->at[i].media_type);
    }
    for (size_t i = 0; i < more->len; i++) {
        images_store_name(both, more->at[i].name, more->at[i].digest, more->at[i].media_type);
    }
    if (images_store_write_names(images->spec.dir, both, err) < 0) {
        arena_free(both->arena);
        return -1;
    }
    arena_free(images->names->arena);
    images->names = both;
    return 0;
}

/* ---- an upload's end ---- */

static void
upload_end(struct images_upload *upload)
{
    struct jw out;

    if (upload->http != NULL) {
        *upload->slot = NULL;
        struct http_header type = { STR("content-type"), STR("application/json") };
        struct http_response response = { .status = 200, .headers = &type, .header_len = 1 };

        jw_init(&out, upload->arena);
        jw_obj(&out);
        if (upload->err != NULL) {
            response.status = err_http(upload->err);
            jw_kvz(&out, "message", upload->err->message);
        } else {
            jw_keyz(&out, "images");
            jw_arr(&out);
            for (size_t i = 0; i < upload->names.len; i++) {
                jw_str(&out, upload->names.at[i].name);
            }
            jw_end(&out);
        }
        jw_end(&out);
        response.body = body_of_copy(jw_done(&out));
        http_respond(upload->http, &response);
    }
    (void)unlink(upload->path); /* the blobs are what is kept */
    err_free(upload->err);
    arena_free(upload->arena);
    mem_free(upload);
}

static void pull_next(struct images_upload *upload);

static void
pulled(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct images_upload *upload = ctx;

    (void)answer;
    if (owned != NULL) {
        (void)err_wrap(&owned, "load '" STR_FMT "'",
                       STR_ARG(upload->names.at[upload->pulled].name));
        upload->err = owned;
        upload_end(upload);
        return;
    }
    log_info("image loaded name=" STR_FMT, STR_ARG(upload->names.at[upload->pulled].name));
    upload->pulled++;
    pull_next(upload);
}

/* At once, so that a pod with imagePullPolicy Never finds it. */
static void
pull_next(struct images_upload *upload)
{
    Cri__PullImageRequest request = CRI__PULL_IMAGE_REQUEST__INIT;
    Cri__ImageSpec spec = CRI__IMAGE_SPEC__INIT;

    if (upload->pulled == upload->names.len || upload->images->cri == NULL) {
        upload_end(upload);
        return;
    }
    spec.image = arena_dupz(upload->arena, upload->names.at[upload->pulled].name);
    request.image = &spec;
    (void)cri_call(upload->images->cri, CRI_PULL_IMAGE, &request.base, 0, pulled, upload);
}

static void
load_work(struct worker *worker, void *ctx, struct err **err)
{
    struct images_upload *upload = ctx;

    (void)worker;
    (void)images_load(upload->images->spec.dir, upload->path, &upload->names, err);
}

static void
loaded(void *ctx, struct err *owned)
{
    struct images_upload *upload = ctx;

    upload->err = owned;
    if (upload->err != NULL || add_names(upload->images, &upload->names, &upload->err) < 0) {
        upload_end(upload);
        return;
    }
    pull_next(upload);
}

/* ---- its bytes ---- */

static ssize_t
push(struct intake *intake, const void *bytes, size_t size, bool end)
{
    struct images_upload *upload = container_of(intake, struct images_upload, intake);

    (void)end;
    if (upload->err == NULL && upload->size + (int64_t)size > ARCHIVE_MAX) {
        (void)err_set(&upload->err, ERR_TOO_LARGE, "an archive of more than %lld GiB",
                      (long long)(ARCHIVE_MAX >> 30));
    }
    /* Into the page cache: the disk is waited for by the kernel's writeback. */
    if (upload->err == NULL && write(upload->fd, bytes, size) != (ssize_t)size) {
        (void)err_sys(&upload->err, errno == 0 ? ENOSPC : errno, "store the archive");
    }
    upload->size += (int64_t)size;
    return (ssize_t)size; /* the rest of a refused one is drained */
}

static void
arrived(struct intake *intake, struct err *owned)
{
    struct images_upload *upload = container_of(intake, struct images_upload, intake);
    struct worker_spec spec = { .body = load_work, .done = loaded, .name = "image-load" };

    (void)close(upload->fd); /* the load reads it anew; what was not written is found there */
    if (owned != NULL) {
        err_free(upload->err);
        upload->err = owned;
    }
    if (upload->err != NULL ||
        worker_start(upload->images->spec.loop, &spec, upload, &upload->err) == NULL) {
        upload_end(upload);
    }
}

struct intake *
images_take(struct images *images, struct http_request *http, struct images_upload **slot)
{
    struct images_upload *upload = MEM_NEW(struct images_upload);

    upload->intake = (struct intake){ .push = push, .done = arrived };
    upload->images = images;
    upload->http = http;
    upload->slot = slot;
    *slot = upload;
    upload->arena = arena_new();
    upload->names.arena = upload->arena;
    upload->path =
        arena_printf(upload->arena, "%s/upload-%d.tar", images->spec.dir, images->uploads++).at;
    upload->fd = open(upload->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (upload->fd < 0) {
        (void)err_sys(&upload->err, errno, "open '%s'", upload->path);
    }
    return &upload->intake;
}

void
images_use(struct images *images, struct cri *cri)
{
    images->cri = cri;
}

void
images_gone(struct images_upload *upload)
{
    upload->http = NULL;
}

/* ---- life ---- */

static void
asked(void *ctx, struct http_request *http, struct intake **ret_intake)
{
    struct images *images = ctx;

    (void)ret_intake;
    images->serve.names = (const struct images_names *const *)&images->names;
    images_serve(&images->serve, http);
}

static void
closed(void *ctx, struct http_request *http)
{
    (void)ctx;
    (void)http;
}

int
images_new(const struct images_spec *spec, struct images **ret, int *ret_port, struct err **err)
{
    struct images *images = MEM_NEW(struct images);
    struct http_handler handler = { .request = asked, .closed = closed, .ctx = images };
    struct server_limits limits = { 0 };

    images->spec = *spec;
    images->serve.dir = spec->dir;
    images->names = names_new();
    images->server = server_new(spec->loop, &handler, &limits);
    if (disk_make_dirs(spec->dir, 0700, err) < 0 ||
        images_store_read_names(spec->dir, images->names, err) < 0 ||
        images_pause(spec->dir, images->names, err) < 0 ||
        images_store_write_names(spec->dir, images->names, err) < 0 ||
        server_listen_tcp(images->server, "127.0.0.1:0", NULL, ret_port, err) < 0) {
        images_free(images);
        return -1;
    }
    *ret = images;
    return 0;
}

static void
server_gone(void *ctx)
{
    struct images *images = ctx;

    arena_free(images->names->arena);
    mem_free(images);
}

void
images_free(struct images *images)
{
    if (images != NULL) {
        server_close(images->server, 0, server_gone, images);
    }
}
