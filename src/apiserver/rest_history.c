/* GET …/NAME/history: the revisions of one object that the store keeps, with their causes.
 *
 * A mount under every object's own path; who may get the object may get its history. The store gives
 * the rows and, one by one, the revisions that caused them, each followed back to one without a
 * cause: a person, a tool or a node. Who asks sees of a cause only its revision unless they may get
 * that object, too. The answer is made by a job. Called by route's step "mount". Loop thread. */
#include "config.h"

#include "apiserver/rest_history.h"

#include "api/registry.h"
#include "api/status.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/authz.h"
#include "apiserver/req_impl.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/job.h"
#include "base/mem.h"
#include "net/http.h"
#include "store/store.h"

enum {
    LIMIT_DEFAULT = 50,
    LIMIT_MAX = 500,
    VALUES_MAX = 8 << 20, /* bytes of values that one answer is made from */
    CAUSES_MAX = 512,     /* lookups of one answer */
};

static void next_cause(struct rest_history *h);

/* ---- the end ---- */

static void
finish(struct rest_history *h, struct err *owned)
{
    struct req *req = h->req;
    if (owned != NULL) {
        req_fail(req, owned);
    } else {
        req_answer_json(req, 200, h->json);
    }
    for (size_t i = 0; i < h->rows.len; i++) {
        buf_unref(h->rows.at[i].value);
    }
    VEC_DONE(h->rows);
    VEC_DONE(h->causes);
    arena_free(h->arena);
    mem_free(h);
}

static void
run(void *ctx, struct arena *arena, struct err **err)
{
    (void)arena;
    (void)err;
    rest_history_write(ctx);
}

static void
done(void *ctx, struct arena *arena, struct err *owned)
{
    (void)arena;
    finish(ctx, owned);
}

/* ---- causes ---- */

const struct rest_history_cause *
rest_history_cause(const struct rest_history *history, uint64_t rev)
{
    for (size_t i = 0; i < history->causes.len; i++) {
        if (history->causes.at[i].rev == rev) {
            return &history->causes.at[i];
        }
    }
    return NULL;
}

/* A revision on the way from rev back to its author that was not looked up yet; 0: none. */
static uint64_t
unknown_behind(const struct rest_history *h, uint64_t rev)
{
    for (int depth = 0; rev != 0 && depth < REST_HISTORY_DEPTH; depth++) {
        const struct rest_history_cause *cause = rest_history_cause(h, rev);
        if (cause == NULL) {
            return rev;
        }
        rev = cause->cause_rev < rev ? cause->cause_rev : 0;
    }
    return 0;
}

/* "/registry/apps/deployments/shop/web" */
static void
read_key(struct rest_history *h, struct str key, struct rest_history_cause *cause)
{
    struct str parts[5];
    key = arena_dup(h->arena, key);
    key = str_slice(key.at + 1, key.size - 1);
    size_t len = str_split(key, '/', parts, ARRAY_LEN(parts));
    if (len < 4) {
        return; /* nothing that has a name */
    }
    cause->group = str_is(parts[1], "core") ? STR("") : parts[1];
    cause->plural = parts[2];
    cause->ns = len == 5 ? parts[3] : (struct str){ 0 };
    cause->name = parts[len - 1];
}

static bool
is_allowed(struct rest_history *h, const struct rest_history_cause *cause)
{
    struct str reason;
    bool is_namespace = cause->group.size == 0 && str_is(cause->plural, "namespaces");
    struct authz_attrs attrs = { .user = &h->req->user,
                                 .verb = STR("get"),
                                 .group = cause->group,
                                 .resource = cause->plural,
                                 .ns = is_namespace ? cause->name : cause->ns,
                                 .name = cause->name,
                                 .is_resource = true };
    return authz_check(h->req->server->authz, &attrs, h->arena, &reason) == AUTHZ_ALLOW;
}

static struct origin
keep_origin(struct arena *arena, const struct store_history_item *item)
{
    struct store_history_item copy = { .verb = arena_dup(arena, item->verb),
                                       .user = arena_dup(arena, item->user),
                                       .agent = arena_dup(arena, item->agent),
                                       .address = arena_dup(arena, item->address) };
    return origin_read(&copy);
}

static void
take_cause(struct rest_history *h, const struct store_history_item *item)
{
    struct rest_history_cause cause = { .rev = item->rev,
                                        .cause_rev = item->cause_rev,
                                        .time_ms = item->time_ms,
                                        .origin = keep_origin(h->arena, item),
                                        .is_kept = true };
    read_key(h, item->key, &cause);
    cause.is_allowed = is_allowed(h, &cause);
    h->is_found = true;
    VEC_ADD(h->causes, cause);
}

static void
on_cause(void *ctx, const struct store_history_item *items, size_t len, bool is_last,
         struct err *owned)
{
    struct rest_history *h = ctx;
    err_free(owned); /* a cause that cannot be read is one that is not kept */
    if (len > 0 && items[0].rev == h->asked_rev) {
        take_cause(h, &items[0]);
    }
    if (is_last) {
        if (!h->is_found) {
            VEC_ADD(h->causes, (struct rest_history_cause){ .rev = h->asked_rev });
        }
        next_cause(h);
    }
}

static void
next_cause(struct rest_history *h)
{
    uint64_t rev = 0;
    for (size_t i = 0; i < h->shown && rev == 0 && h->causes.len < CAUSES_MAX; i++) {
        rev = unknown_behind(h, h->rows.at[i].cause_rev);
    }
    if (rev == 0) {
        (void)job_submit(h->req->server->jobs, run, done, h, NULL, 0);
        return;
    }
    h->asked_rev = rev;
    h->is_found = false;
    store_history(h->req->server->store, STR("/registry/"), rev + 1, 1, on_cause, h);
}

/* ---- rows ---- */

static void
take_row(struct rest_history *h, const struct store_history_item *item)
{
    if (h->rows.len > h->limit || (h->rows.len > 1 && h->size_bytes > VALUES_MAX)) {
        h->is_cut = true;
        return;
    }
    struct rest_history_row row = { .rev = item->rev,
                                    .create_rev = item->create_rev,
                                    .cause_rev = item->cause_rev,
                                    .time_ms = item->time_ms,
                                    .origin = keep_origin(h->arena, item),
                                    .value = buf_ref(item->value) };
    h->size_bytes += item->value == NULL ? 0 : item->value->size;
    VEC_ADD(h->rows, row);
}

static void
on_rows(void *ctx, const struct store_history_item *items, size_t len, bool is_last,
        struct err *owned)
{
    struct rest_history *h = ctx;
    struct req *req = h->req;
    if (owned != NULL) {
        finish(h, owned);
        return;
    }
    for (size_t i = 0; i < len; i++) {
        take_row(h, &items[i]);
    }
    if (!is_last) {
        return;
    }
    if (h->rows.len == 0) {
        struct err *err = NULL;
        (void)status_not_found(&err, req->resource, req->name);
        finish(h, err);
        return;
    }
    h->is_cut = h->is_cut || h->rows.len > h->limit;
    h->shown = h->rows.len - (h->is_cut ? 1 : 0); /* the oldest is there to be compared with */
    next_cause(h);
}

/* ---- the request ---- */

static uint64_t
query_number(const struct req *req, const char *name, uint64_t or_else, struct err **err)
{
    uint64_t value = or_else;
    struct str text = http_query(req->query, name, req->arena);
    if (text.size > 0 && !str_to_uint(text, &value)) {
        (void)err_set(err, ERR_BAD_REQUEST, "%s: '" STR_FMT "' is no number", name, STR_ARG(text));
    }
    return value;
}

static void
handle(void *ctx, struct req *req)
{
    const struct resource *row = req->impl->stored;
    struct err *err = NULL;
    (void)ctx;
    uint64_t limit = query_number(req, "limit", 0, &err);
    uint64_t before = err == NULL ? query_number(req, "continue", 0, &err) : 0;
    if (err == NULL && (row->flags & (RES_NO_HISTORY | RES_VIRTUAL)) != 0) {
        (void)err_set(&err, ERR_BAD_REQUEST, "no history is kept of %s", row->plural);
    }
    if (err != NULL) {
        req_fail(req, err);
        return;
    }
    struct rest_history *h = MEM_NEW(struct rest_history);
    h->req = req;
    h->arena = arena_new();
    h->resource = row;
    h->limit = limit == 0 ? LIMIT_DEFAULT : limit > LIMIT_MAX ? LIMIT_MAX : (size_t)limit;
    store_history(req->server->store, resource_key(row, req->ns, req->name, h->arena), before,
                  h->limit + 1, on_rows, h);
}

void
rest_history_mount(struct apiserver *server)
{
    struct mount mount = { .path = "{object}/history", .verbs = VERB_GET, .handle = handle };
    apiserver_mount(server, &mount);
}
