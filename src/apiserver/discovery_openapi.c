/* OpenAPI: the v2 constant, and v3 documents that a job makes once per registry, on first demand.
 *
 * Mounts behind the usual chain. A document asked for with its hash may be kept by clients for ever
 * (kube-openapi/pkg/handler3). Loop thread; the job only reads the registry, which is immutable. */
#include "config.h"

#include "apiserver/discovery_openapi.h"

#include "api/openapi.h"
#include "apiserver/apiserver_impl.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/job.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"
#include "net/body.h"
#include "net/http.h"

static const char v2_json[] =
    "{\"swagger\":\"2.0\",\"info\":{\"title\":\"Kubernetes\",\"version\":\"1.35\"},\"paths\":{}}";

struct document {
    struct buf *bytes;
    char *hash;
};
struct discovery_openapi {
    struct apiserver *server;
    struct registry *registry; /* what the documents are of; referenced */
    struct buf *index;         /* NULL until the job is done */
    struct map documents;      /* "api/v1" → struct document */
    VEC(struct req *) waiting; /* requests that came meanwhile */
};

/* ---- making ---- */

static void
free_document(void *value)
{
    struct document *document = value;
    buf_unref(document->bytes);
    mem_free(document->hash);
    mem_free(document);
}

void
discovery_openapi_free(struct discovery_openapi *openapi)
{
    if (openapi == NULL) {
        return;
    }
    map_done(&openapi->documents, free_document);
    VEC_DONE(openapi->waiting);
    buf_unref(openapi->index);
    registry_unref(openapi->registry);
    mem_free(openapi);
}

/* "/openapi/v3/api/v1?hash=H" → H */
static struct str
hash_in(struct str url)
{
    struct str hash;
    (void)str_cut(url, '=', &hash);
    return hash;
}

static void
run(void *ctx, struct arena *arena, struct err **err)
{
    struct discovery_openapi *openapi = ctx;
    struct jw w;
    jw_init(&w, arena);
    openapi_v3_index(openapi->registry, &w);
    struct str text = jw_done(&w);
    const struct doc *index = doc_parse(arena, text, err);
    if (index == NULL) {
        return;
    }
    VAL_EACH (it, val_get(doc_root(index), "paths")) {
        struct document *document = MEM_NEW(struct document);
        struct jw out;
        jw_init(&out, NULL);
        (void)openapi_v3_group(openapi->registry, it.key, &out);
        document->bytes = jw_buf(&out);
        jw_cleanup(&out);
        document->hash = str_dup(hash_in(val_str(val_get(it.value, "serverRelativeURL"))));
        (void)map_put(&openapi->documents, it.key, document);
    }
    openapi->index = buf_copy(text);
}

static void answer(struct discovery_openapi *openapi, struct req *req);

static void
done(void *ctx, struct arena *arena, struct err *owned)
{
    struct discovery_openapi *openapi = ctx;
    (void)arena;
    for (size_t i = 0; i < openapi->waiting.len; i++) {
        struct req *req = openapi->waiting.at[i];
        if (owned != NULL) {
            req_fail(req, err_copy(owned));
        } else {
            answer(openapi, req);
        }
    }
    VEC_DONE(openapi->waiting);
    if (owned != NULL) {
        openapi->server->openapi = NULL; /* the next one tries again */
        discovery_openapi_free(openapi);
    }
    err_free(owned);
}

/* Requests wait for the job without a way to hurry it: it takes some milliseconds. */
static void
with_documents(struct req *req)
{
    struct apiserver *server = req->server;
    struct discovery_openapi *openapi = server->openapi;
    if (openapi != NULL && openapi->index != NULL && openapi->registry != req->registry) {
        server->openapi = NULL;
        discovery_openapi_free(openapi);
        openapi = NULL;
    }
    if (openapi != NULL && openapi->index != NULL) {
        answer(openapi, req);
        return;
    }
    if (openapi == NULL) {
        openapi = server->openapi = MEM_NEW(struct discovery_openapi);
        openapi->server = server;
        openapi->registry = registry_ref(req->registry);
        (void)job_submit(server->jobs, run, done, openapi, NULL, 0);
    }
    VEC_ADD(openapi->waiting, req);
}

/* ---- answering ---- */

static void
answer_document(struct req *req, const struct document *document)
{
    struct str hash = http_query(req->query, "hash", req->arena);
    struct str etag = arena_printf(req->arena, "\"%s\"", document->hash);
    if (hash.size > 0 && !str_is(hash, document->hash)) {
        req_header(
            req, "location",
            arena_printf(req->arena, STR_FMT "?hash=%s", STR_ARG(req->path), document->hash));
        req_answer_body(req, 301, NULL, NULL);
        return;
    }
    if (hash.size > 0) {
        req_header(req, "cache-control", STR("public, immutable"));
        req_header(req, "expires", STR("Fri, 31 Dec 2100 23:59:59 GMT"));
    }
    req_header(req, "etag", etag);
    if (req->http != NULL && str_eq(http_header(req->http, "if-none-match"), etag)) {
        req_answer_body(req, 304, NULL, NULL);
        return;
    }
    req_answer_body(req, 200, "application/json", body_of_buf(buf_ref(document->bytes)));
}

static void
answer(struct discovery_openapi *openapi, struct req *req)
{
    if (req->sub_path.size == 0) {
        req_answer_body(req, 200, "application/json", body_of_buf(buf_ref(openapi->index)));
        return;
    }
    const struct document *document = map_get(&openapi->documents, req->sub_path);
    if (document == NULL) {
        struct err *err = NULL;
        err_set(&err, ERR_NOT_FOUND, "the server could not find the requested resource");
        req_fail(req, err);
        return;
    }
    answer_document(req, document);
}

static void
handle_v3(void *ctx, struct req *req)
{
    (void)ctx;
    with_documents(req);
}

/* Clients that want the protobuf name it with an @, and want the answer named with a dot. */
static void
handle_v2(void *ctx, struct req *req)
{
    (void)ctx;
    struct str accept = req->http == NULL ? STR("") : http_header(req->http, "accept");
    if (str_contains(accept, STR("com.github.proto-openapi.spec.v2"))) {
        req_answer_body(req, 200, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
                        body_of_copy(openapi_v2_constant()));
    } else {
        req_answer_json(req, 200, STR(v2_json));
    }
}

void
discovery_openapi_mount(struct apiserver *server)
{
    const struct mount mounts[] = {
        { .path = "/openapi/v2", .verbs = VERB_GET, .handle = handle_v2 },
        { .path = "/openapi/v3", .verbs = VERB_GET, .handle = handle_v3 },
        { .path = "/openapi/v3/{path...}", .verbs = VERB_GET, .handle = handle_v3 },
    };
    for (size_t i = 0; i < ARRAY_LEN(mounts); i++) {
        apiserver_mount(server, &mounts[i]);
    }
}
