/* The read-only registry over a store of blobs. Called by images' HTTP server; loop thread. Reads are
 * of local files, 64 KiB at a time. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/images_serve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/disk.h"
#include "agent/images_store.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/body.h"
#include "net/http.h"

enum { PIECE_SIZE = 64 << 10, MANIFEST_MAX = 4 << 20 };

/* ---- a file as a body ---- */

struct file_body {
    struct body body;
    int fd;
    int64_t left;
    char bytes[PIECE_SIZE];
};

static enum pull_rc
file_pull(struct body *body, struct iovec *iov, int *io_len, size_t max_bytes)
{
    struct file_body *file = container_of(body, struct file_body, body);
    size_t want = max_bytes < PIECE_SIZE ? max_bytes : PIECE_SIZE;
    ssize_t n;

    *io_len = 0;
    if (file->left == 0) {
        return PULL_END;
    }
    want = (int64_t)want > file->left ? (size_t)file->left : want;
    n = read(file->fd, file->bytes, want);
    if (n <= 0) {
        return PULL_ABORT;
    }
    file->left -= n;
    iov[0] = (struct iovec){ file->bytes, (size_t)n };
    *io_len = 1;
    return file->left == 0 ? PULL_END : PULL_MORE;
}

static void
file_done(struct body *body)
{
    struct file_body *file = container_of(body, struct file_body, body);

    (void)close(file->fd); /* it was only read */
    mem_free(file);
}

/* NULL: there is no such file. */
static struct body *
body_of_file(const char *path)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct file_body *file;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0) {
        return NULL;
    }
    file = mem_new(sizeof(*file));
    file->body = (struct body){ .pull = file_pull, .done = file_done, .size = st.st_size };
    file->fd = fd;
    file->left = st.st_size;
    fd = -1; /* the body has it */
    return &file->body;
}

/* ---- answers ---- */

static void
answer_missing(struct http_request *http)
{
    struct http_header type = { STR("content-type"), STR("application/json") };
    struct http_response response = {
        .status = 404,
        .headers = &type,
        .header_len = 1,
        .body = body_of_copy(STR("{\"errors\":[{\"code\":\"NAME_UNKNOWN\",\"message\":\"not loaded "
                                 "on this node\"}]}")),
    };

    http_respond(http, &response);
}

static void
answer_blob(const struct images_serve *serve, struct http_request *http, struct str digest,
            struct str media_type)
{
    struct str path = images_store_path(http->arena, serve->dir, digest);
    struct http_header headers[] = {
        { STR("content-type"), media_type },
        { STR("docker-content-digest"), digest },
    };
    struct http_response response = { .status = 200, .headers = headers, .header_len = 2 };
    struct body *body = path.at != NULL ? body_of_file(path.at) : NULL;

    if (body == NULL) {
        answer_missing(http);
        return;
    }
    response.body = body; /* of a HEAD only its size is told */
    http_respond(http, &response);
}

/* What a manifest says it is, for one that is asked for by its digest. */
static struct str
media_type_of(const struct images_serve *serve, struct arena *arena, struct str digest)
{
    struct str path = images_store_path(arena, serve->dir, digest), bytes, type;
    AUTO_ERR struct err *err = NULL;
    struct doc *doc;

    if (path.at == NULL || disk_read(arena, path.at, MANIFEST_MAX, false, &bytes, &err) < 0) {
        return STR(IMAGES_OCI_MANIFEST);
    }
    doc = doc_parse(arena, bytes, &err);
    type = val_str(val_get(doc_root(doc), "mediaType"));
    if (type.size > 0) {
        return type;
    }
    return val_is(val_get(doc_root(doc), "manifests"))
               ? STR("application/vnd.oci.image.index.v1+json")
               : STR(IMAGES_OCI_MANIFEST);
}

/* ---- requests ---- */

/* "NAME…/manifests/REF" → name, kind, reference. */
static bool
split(struct str rest, struct str *ret_name, struct str *ret_kind, struct str *ret_reference)
{
    static const char *const kinds[] = { "/manifests/", "/blobs/" };

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        size_t size = strlen(kinds[i]);
        const char *at = memmem(rest.at, rest.size, kinds[i], size);

        if (at != NULL) {
            *ret_name = str_slice(rest.at, (size_t)(at - rest.at));
            *ret_kind = str_slice(kinds[i] + 1, size - 2);
            *ret_reference = str_slice(at + size, rest.size - (size_t)(at - rest.at) - size);
            return true;
        }
    }
    return false;
}

static void
answer_tag(const struct images_serve *serve, struct http_request *http, struct str name,
           struct str tag)
{
    struct str host = http_query(http->query, "ns", http->arena);
    struct str full =
        arena_printf(http->arena, STR_FMT "/" STR_FMT ":" STR_FMT,
                     STR_ARG(host.size > 0 ? host : STR("docker.io")), STR_ARG(name), STR_ARG(tag));
    const struct images_names *names = *serve->names;

    for (size_t i = 0; i < names->len; i++) {
        if (str_eq(names->at[i].name, full)) {
            answer_blob(serve, http, names->at[i].digest, names->at[i].media_type);
            return;
        }
    }
    answer_missing(http);
}

void
images_serve(const struct images_serve *serve, struct http_request *http)
{
    struct str prefix = STR("/v2/"), name, kind, reference;
    bool is_read = str_is(http->method, "GET") || str_is(http->method, "HEAD");

    if (is_read && str_is(http->path, "/v2/")) {
        struct http_response response = { .status = 200 };

        http_respond(http, &response);
        return;
    }
    if (!is_read || !str_has_prefix(http->path, prefix) ||
        !split(str_slice(http->path.at + prefix.size, http->path.size - prefix.size), &name, &kind,
               &reference)) {
        answer_missing(http);
    } else if (str_is(kind, "blobs")) {
        answer_blob(serve, http, reference, STR("application/octet-stream"));
    } else if (str_has_prefix(reference, STR("sha256:"))) {
        answer_blob(serve, http, reference, media_type_of(serve, http->arena, reference));
    } else {
        answer_tag(serve, http, name, reference);
    }
}
