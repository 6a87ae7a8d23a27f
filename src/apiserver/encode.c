/* Content negotiation and the step "encode": result, list or error → status, type and body.
 *
 * Negotiation follows apiserver/pkg/endpoints/handlers/negotiation: the first clause of Accept, by
 * quality, that can be served. Objects leave as the bytes that the cache holds. Loop thread. */
#include "config.h"

#include "apiserver/encode.h"

#include <stdlib.h>

#include "api/object.h"
#include "api/status.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/encode_form.h"
#include "apiserver/listing.h"
#include "apiserver/pieces.h"
#include "apiserver/steps.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/doc_yaml.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/body.h"
#include "net/http.h"

enum { CLAUSES_MAX = 16, GZIP_MIN = 128 << 10 /* bytes */ };

/* ---- negotiation ---- */

struct clause {
    struct str type; /* "application/json" */
    struct str as, group, version;
    double quality;
};

static void
read_parameter(struct clause *clause, struct str parameter)
{
    struct str value;
    struct str name = str_trim(str_cut(parameter, '=', &value));
    value = str_trim(value);
    if (str_is(name, "as")) {
        clause->as = value;
    } else if (str_is(name, "g")) {
        clause->group = value;
    } else if (str_is(name, "v")) {
        clause->version = value;
    } else if (str_is(name, "q") && value.size > 0 && value.size < 8) {
        char text[8] = { 0 };
        memcpy(text, value.at, value.size);
        clause->quality = strtod(text, NULL);
    }
}

/* Clauses in the order of their quality, equal ones as they came. */
static size_t
read_accept(struct str accept, struct clause clauses[CLAUSES_MAX])
{
    size_t len = 0;
    while (accept.size > 0 && len < CLAUSES_MAX) {
        struct str rest;
        struct str text = str_cut(accept, ',', &rest);
        accept = rest;
        struct clause clause = { .quality = 1 };
        clause.type = str_trim(str_cut(text, ';', &rest));
        while (rest.size > 0) {
            struct str more;
            read_parameter(&clause, str_cut(rest, ';', &more));
            rest = more;
        }
        size_t at = len++;
        while (at > 0 && clauses[at - 1].quality < clause.quality) {
            clauses[at] = clauses[at - 1];
            at--;
        }
        clauses[at] = clause;
    }
    return len;
}

static bool
is_transform_served(const struct req *req, const struct clause *clause)
{
    return str_is(clause->group, "meta.k8s.io") && str_is(clause->version, "v1") &&
           (req->resource->flags & RES_VIRTUAL) == 0;
}

static bool
take_clause(struct req *req, const struct clause *clause)
{
    bool is_json = str_is(clause->type, "application/json") || str_is(clause->type, "*/*") ||
                   str_is(clause->type, "application/*");
    if (is_json && clause->as.size == 0) {
        req->accept = ANSWER_JSON;
        return true;
    }
    if (str_is(clause->type, "application/yaml") && clause->as.size == 0) {
        req->accept = ANSWER_YAML;
        return req->verb != VERB_WATCH; /* errors are YAML all the same */
    }
    if (!is_json || !is_transform_served(req, clause)) {
        return false;
    }
    if (str_is(clause->as, "Table")) {
        req->accept = ANSWER_TABLE;
        return true;
    }
    req->accept_list_form = str_is(clause->as, "PartialObjectMetadataList");
    if (req->accept_list_form || str_is(clause->as, "PartialObjectMetadata")) {
        req->accept = ANSWER_PARTIAL;
        return true;
    }
    return false;
}

static bool
is_known_type(struct str type)
{
    return str_is(type, "application/json") || str_is(type, "application/yaml") ||
           str_is(type, "application/vnd.kubernetes.protobuf") || str_is(type, "*/*") ||
           str_is(type, "application/*");
}

/* Types that no route has are go-restful's to refuse, the rest negotiation's. */
static int
not_acceptable(struct req *req, bool is_known, struct err **err)
{
    if (!is_known) {
        (void)err_set(err, ERR_NOT_ACCEPTABLE,
                      "406: Not Acceptable\n\nAvailable representations: application/json, "
                      "application/yaml, application/vnd.kubernetes.protobuf");
        return err_details(err, NULL, "", NULL);
    }
    return err_set(err, ERR_NOT_ACCEPTABLE, "only the following media types are accepted: %s",
                   req->verb == VERB_WATCH ? "application/json;stream=watch, "
                                             "application/vnd.kubernetes.protobuf;stream=watch"
                                           : "application/json, application/yaml, "
                                             "application/vnd.kubernetes.protobuf");
}

static int
check_table(struct req *req, struct err **err)
{
    struct str include = req->options.include_object;
    if (include.size == 0 || str_is(include, "Metadata") || str_is(include, "Object") ||
        str_is(include, "None")) {
        return 0;
    }
    return err_set(err, ERR_BAD_REQUEST,
                   "Unable to convert to Table as requested: includeObject: Invalid value: "
                   "\"" STR_FMT "\": must be 'Metadata', 'Object', 'None', or empty",
                   STR_ARG(include));
}

int
encode_negotiate(struct req *req, struct err **err)
{
    if (req->http == NULL || req->resource == NULL) {
        return 0;
    }
    struct str accept = str_trim(http_header(req->http, "accept"));
    if (accept.size == 0) {
        return 0;
    }
    struct clause clauses[CLAUSES_MAX];
    size_t len = read_accept(accept, clauses);
    bool is_known = false;
    for (size_t i = 0; i < len; i++) {
        if (clauses[i].quality > 0 && take_clause(req, &clauses[i])) {
            return req->accept == ANSWER_TABLE ? check_table(req, err) : 0;
        }
        is_known |= is_known_type(clauses[i].type);
    }
    return not_acceptable(req, is_known, err);
}

/* ---- one object ---- */

int
encode_view(const struct resource *resource, struct object *object, struct arena *arena,
            struct object **ret, struct err **err)
{
    if (resource == NULL || resource == object->resource || resource->from_storage == NULL) {
        *ret = object_ref(object);
        return 0;
    }
    struct doc *doc = NULL;
    const struct doc *stored = doc_parse(arena, object_stored(object, arena), err);
    if (stored == NULL || resource->from_storage(arena, stored, &doc, err) < 0) {
        return -1;
    }
    return object_publish(resource, doc_bytes(doc), object->rev, object->create_rev, ret, err);
}

/* The bytes of one object and a new line, as Go's encoder ends its documents. */
struct object_body {
    struct body body;
    struct pieces pieces;
};

static enum pull_rc
pull_object(struct body *body, struct iovec *iov, int *io_len, size_t max_bytes)
{
    struct object_body *b = (struct object_body *)(void *)body;
    *io_len = pieces_take(&b->pieces, iov, *io_len, max_bytes);
    return b->pieces.size == 0 ? PULL_END : PULL_MORE;
}

static void
done_object(struct body *body)
{
    struct object_body *b = (struct object_body *)(void *)body;
    pieces_done(&b->pieces);
    mem_free(b);
}

static struct body *
body_of_object(struct object *owned)
{
    struct object_body *b = MEM_NEW(struct object_body);
    struct str bytes = object_bytes(owned);
    b->body.pull = pull_object;
    b->body.done = done_object;
    b->body.size = (int64_t)bytes.size + 1;
    pieces_put(&b->pieces, bytes, owned, NULL);
    pieces_put(&b->pieces, STR("\n"), NULL, NULL);
    return &b->body;
}

/* As sigs.k8s.io/yaml writes what went through JSON: keys in byte order. */
struct body *
encode_yaml(struct str json, struct arena *arena)
{
    AUTO_STR struct str_builder text = { 0 };
    AUTO_ERR struct err *err = NULL;
    const struct doc *doc = doc_parse(arena, str_trim(json), &err);
    if (doc != NULL) {
        struct jw w;
        jw_init(&w, arena);
        jw_canonical(&w, doc_root(doc));
        doc = doc_parse(arena, jw_done(&w), &err);
    }
    if (doc != NULL) {
        doc_yaml_write(&text, doc_root(doc));
    }
    return body_of_copy(str_view(&text));
}

static int
answer_object(struct req *req, struct err **err)
{
    struct req_impl *q = req->impl;
    AUTO_OBJECT struct object *view = NULL;
    if (encode_view(req->sub != NULL && req->sub->kind != NULL ? NULL : req->resource, req->result,
                    req->arena, &view, err) < 0) {
        return -1;
    }
    bool is_form = req->accept == ANSWER_TABLE || req->accept == ANSWER_PARTIAL;
    if (req->accept == ANSWER_YAML) {
        q->content_type = "application/yaml";
        q->body = encode_yaml(object_bytes(view), req->arena);
    } else if (is_form) {
        q->content_type = "application/json";
        q->body = body_of_buf(encode_form_whole(encode_form_of(req), req->resource, view, true));
    } else {
        q->content_type = "application/json";
        q->body = body_of_object(STEAL(view));
    }
    return 0;
}

static void
answer_error(struct req *req)
{
    struct req_impl *q = req->impl;
    struct jw w;
    jw_init(&w, req->arena);
    status_write(q->error, &w);
    body_free(q->body);
    bool is_yaml = req->accept == ANSWER_YAML;
    q->body = is_yaml ? encode_yaml(jw_done(&w), req->arena) : body_of_copy(jw_done(&w));
    q->content_type = is_yaml ? "application/yaml" : "application/json";
    req->status = err_http(q->error);
    if (q->error->retry_after_s > 0) {
        req_header(req, "retry-after", arena_printf(req->arena, "%d", q->error->retry_after_s));
    }
}

/* Big answers go through gzip for those who take it (responsewriters/writers.go). */
static void
compress(struct req *req, size_t size)
{
    if (size <= GZIP_MIN || req->http == NULL ||
        !str_contains(http_header(req->http, "accept-encoding"), STR("gzip"))) {
        return;
    }
    req->impl->body = body_gzip(req->impl->body);
    req_header(req, "content-encoding", STR("gzip"));
    req_header(req, "vary", STR("Accept-Encoding"));
}

enum step_rc
encode_step(struct req *req, struct err **err)
{
    struct req_impl *q = req->impl;
    if (req->http == NULL && !q->wants_bytes) {
        return STEP_NEXT; /* the local transport takes objects, not bytes; or nobody is left */
    }
    if (q->error != NULL) {
        answer_error(req);
        return STEP_NEXT;
    }
    if (req->status == 0) {
        req->status = 200;
    }
    if (q->body != NULL) {
        return STEP_NEXT;
    }
    if (q->listing != NULL) {
        size_t size = listing_size(q->listing);
        q->content_type = req->accept == ANSWER_YAML ? "application/yaml" : "application/json";
        q->body = encode_list_body(req, STEAL(q->listing));
        compress(req, size);
        return STEP_NEXT;
    }
    if (req->result != NULL) {
        if (answer_object(req, err) < 0) {
            return STEP_FAIL;
        }
        compress(req, object_size(req->result));
    }
    return STEP_NEXT;
}
