/* GET and LIST: at which revision, which objects. Nothing is encoded here, and nothing is copied.
 *
 * Semantics of resourceVersion, resourceVersionMatch, limit and continue as kube-apiserver's watch
 * cache has them (apiserver/pkg/storage/cacher, etcd3/store.go): absent is the latest, 0 is what is
 * at hand, N is at least N, Exact (and a limit with N, the legacy form) is N. Loop thread. */
#include "config.h"

#include "apiserver/rest_read.h"

#include "api/object.h"
#include "api/selector.h"
#include "api/status.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/listing.h"
#include "apiserver/pages.h"
#include "apiserver/rest_sub.h"
#include "apiserver/sink.h"
#include "apiserver/steps.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/cache.h"
#include "store/store.h"

enum { TOO_NEW_WAIT_MS = 3000 };

/* ---- revisions ---- */

int
rest_read_rev(struct req *req, uint64_t *ret, struct err **err)
{
    struct str text = req->options.rv;
    *ret = 0;
    if (text.size == 0 || str_to_uint(text, ret)) {
        return 0;
    }
    bool is_list = req->verb == VERB_LIST || req->verb == VERB_DELETECOLLECTION;
    return err_set(err, is_list ? ERR_BAD_REQUEST : ERR_UNKNOWN,
                   "%sresourceVersion: Invalid value: \"" STR_FMT
                   "\": strconv.ParseUint: parsing \"" STR_FMT "\": invalid syntax",
                   is_list ? "invalid resource version: " : "", STR_ARG(text), STR_ARG(text));
}

static void
too_new(struct req *req, uint64_t rev, struct err **err)
{
    /* apiserver/pkg/storage/errors.go: NewTooLargeResourceVersionError */
    err_set(err, ERR_TIMEOUT, "Timeout: Too large resource version: %llu, current: %llu",
            (unsigned long long)rev, (unsigned long long)sink_rev(req->server->sink));
    (*err)->retry_after_s = 1;
    err_cause(*err, "ResourceVersionTooLarge", "", "Too large resource version");
}

/* While it waits for a revision. */
struct reaching {
    uint64_t rev;
    void *handle;
    bool is_over, has_reached;
};

static void
on_reached(void *ctx, bool reached)
{
    struct req *req = ctx;
    struct reaching *reaching = req->impl->reaching;
    reaching->handle = NULL;
    reaching->is_over = true;
    reaching->has_reached = reached;
    req_resume(req, NULL);
}

static void
cancel_reaching(struct req *req)
{
    sink_wait_cancel(req->server->sink, req->impl->reaching->handle);
    req_resume(req, NULL);
}

enum step_rc
rest_read_reach(struct req *req, uint64_t rev, struct err **err)
{
    struct req_impl *q = req->impl;
    if (rev <= sink_rev(req->server->sink)) {
        return STEP_NEXT;
    }
    if (q->reaching != NULL && q->reaching->is_over) {
        if (q->reaching->has_reached) {
            return STEP_NEXT;
        }
        too_new(req, rev, err);
        return STEP_FAIL;
    }
    q->reaching = ARENA_NEW(req->arena, struct reaching);
    q->reaching->rev = rev;
    q->reaching->handle =
        sink_wait(req->server->sink, rev, clock_mono_ms() + TOO_NEW_WAIT_MS, on_reached, req);
    req_on_cancel(req, cancel_reaching);
    return STEP_WAIT;
}

/* ---- GET ---- */

enum step_rc
rest_read_get(struct req *req, struct err **err)
{
    uint64_t rev = 0;
    if (rest_read_rev(req, &rev, err) < 0) {
        return STEP_FAIL;
    }
    enum step_rc rc = STEP_NEXT;
    if (req->options.rv.size == 0) {
        rc = req_fresh(req);
    } else if (rev > 0) {
        rc = rest_read_reach(req, rev, err);
    }
    if (rc != STEP_NEXT) {
        return rc;
    }
    struct object *object =
        cache_get(sink_cache(req->server->sink), req->impl->stored, req->ns, req->name);
    if (object == NULL) {
        status_not_found(err, req->resource, req->name);
        return STEP_FAIL;
    }
    if (rest_sub_view(req, object, &req->result, err) < 0) {
        return STEP_FAIL;
    }
    req->status = 200;
    return STEP_DONE;
}

/* ---- LIST ---- */

/* What a list asks for, once its options are understood. */
struct list_want {
    bool is_exact, is_page, is_walk_of_store;
    uint64_t rev;        /* exact, or at least */
    struct str ns, name; /* begin behind this key, when name is set */
    struct str start;    /* the token's key, for the store and the next token */
};

int
rest_read_selectors(struct req *req, struct err **err)
{
    struct req_impl *q = req->impl;
    if (selector_parse_labels(req->arena, req->options.label_text, &q->labels, err) < 0) {
        return -1;
    }
    return selector_parse_fields(req->arena, req->resource, req->options.field_text, &q->fields,
                                 err);
}

/* A token's start is "ns/name\0" or "name\0": go on behind that name. */
static void
split_start(struct req *req, struct str start, struct list_want *want)
{
    want->start = start;
    if (start.size > 0 && start.at[start.size - 1] == '\0') {
        start.size--;
    }
    if (resource_is_namespaced(req->impl->stored)) {
        want->ns = str_cut(start, '/', &want->name);
    } else {
        want->name = start;
    }
}

static int
understand_token(struct req *req, struct list_want *want, struct err **err)
{
    struct pages_token token;
    const struct req_options *o = &req->options;
    if (o->rv.size > 0 && !str_is(o->rv, "0")) {
        return err_set(err, ERR_BAD_REQUEST,
                       "specifying resource version is not allowed when using continue");
    }
    if (pages_token_parse(o->continue_token, req->arena, &token, err) < 0) {
        return -1;
    }
    split_start(req, token.start, want);
    want->is_exact = token.rev > 0;
    want->rev = token.rev > 0 ? (uint64_t)token.rev : 0;
    want->is_page = true;
    return 0;
}

static struct list_want *
understand(struct req *req, struct err **err)
{
    struct list_want *want = ARENA_NEW(req->arena, struct list_want);
    const struct req_options *o = &req->options;
    if (rest_read_selectors(req, err) < 0) {
        return NULL;
    }
    if (o->continue_token.size > 0) {
        return understand_token(req, want, err) < 0 ? NULL : want;
    }
    if (rest_read_rev(req, &want->rev, err) < 0) {
        return NULL;
    }
    bool is_legacy = o->rv_match.size == 0 && o->limit > 0 && want->rev > 0;
    want->is_exact = str_is(o->rv_match, "Exact") || is_legacy;
    return want;
}

/* Whether the cache may answer now: latest and at-least wait for it. */
static enum step_rc
catch_up(struct req *req, const struct list_want *want, struct err **err)
{
    if (want->rev > 0) {
        return rest_read_reach(req, want->rev, err);
    }
    bool is_any = str_is(req->options.rv, "0") && req->options.continue_token.size == 0;
    return is_any ? STEP_NEXT : req_fresh(req);
}

/* ---- a page out of a root ---- */

static void
set_token(struct req *req, struct listing *listing, const struct object *last)
{
    struct str slash = last->ns.size > 0 ? STR("/") : STR("");
    struct pages_token token = { .rev = (int64_t)listing->rev };
    struct str key = arena_printf(req->arena, STR_FMT STR_FMT STR_FMT, STR_ARG(last->ns),
                                  STR_ARG(slash), STR_ARG(last->name));
    char *start = arena_alloc(req->arena, key.size + 1);
    memcpy(start, key.at, key.size);
    token.start = str_slice(start, key.size + 1); /* the NUL is part of it: right behind the key */
    listing->continue_token = pages_token_text(&token, req->arena);
}

static bool
selects_everything(const struct req *req)
{
    return selector_is_everything(req->impl->labels) && selector_is_everything(req->impl->fields);
}

/* Up to limit objects; what is left decides on the token. */
static void
fill_page(struct req *req, struct listing *listing, struct cache *root,
          const struct list_want *want)
{
    struct cache_iter iter;
    struct object *object;
    int64_t limit = req->options.limit;
    cache_iter(&iter, root, listing->resource, req->ns, want->ns, want->name);
    while ((object = cache_next(&iter)) != NULL) {
        if (!listing_selects(req->impl->labels, req->impl->fields, object)) {
            continue;
        }
        listing_add(listing, object);
        if ((int64_t)listing->len < limit) {
            continue;
        }
        size_t left = cache_count(root, listing->resource, req->ns, object->ns, object->name);
        if (left > 0) {
            set_token(req, listing, object);
            listing->remaining = selects_everything(req) ? (int64_t)left : -1;
        }
        return;
    }
}

static void
answer_from(struct req *req, struct cache *owned_root, const struct list_want *want)
{
    struct req_impl *q = req->impl;
    struct listing *listing = listing_new(q->stored, cache_rev(owned_root));
    struct str fixed = selector_fixed_name(q->fields);
    bool is_one = fixed.size > 0 && (req->ns.size > 0 || !resource_is_namespaced(q->stored));
    bool ignores_limit = str_is(req->options.rv, "0") && req->options.continue_token.size == 0;
    bool is_page = want->name.size > 0 || (req->options.limit > 0 && !ignores_limit);
    if (is_one) {
        struct object *object = cache_get(owned_root, q->stored, req->ns, fixed);
        if (object != NULL && listing_selects(q->labels, q->fields, object)) {
            listing_add(listing, object);
        }
        cache_free(owned_root);
    } else if (is_page) {
        if (req->options.limit <= 0) {
            req->options.limit = INT64_MAX;
        }
        fill_page(req, listing, owned_root, want);
        cache_free(owned_root);
        if (listing->continue_token.size > 0 && want->name.size == 0) {
            pages_keep(req->server->pages);
        }
    } else {
        listing->ns = req->ns;
        listing->labels = q->labels;
        listing->fields = q->fields;
        listing->root = owned_root;
        listing->iter = cache_begin(owned_root, q->stored, listing->ns);
    }
    q->listing = listing;
    req->status = 200;
}

/* ---- an old revision out of the store ---- */

static void
expired(struct req *req, const struct list_want *want, struct err **err)
{
    if (!want->is_page) {
        /* etcd3/errors.go: expired */
        err_set(err, ERR_EXPIRED, "The resourceVersion for the provided list is too old.");
        return;
    }
    err_set(err, ERR_EXPIRED,
            "The provided continue parameter is too old to display a consistent list result. You "
            "can start a new list without the continue parameter, or use the continue token in "
            "this response to retrieve the remainder of the results. Continuing with the provided "
            "token results in an inconsistent list - objects that were created, modified, or "
            "deleted between the time the first chunk was returned and now may show up in the "
            "list.");
    struct pages_token token = { .rev = -1, .start = want->start };
    (*err)->continue_token = str_dup(pages_token_text(&token, req->arena));
}

static void
take_old_item(struct req *req, struct listing *listing, const struct store_item *item)
{
    struct object *object = NULL;
    struct err *err = NULL;
    if (object_publish(listing->resource, buf_str(item->value), item->rev, item->create_rev,
                       &object, &err) < 0) {
        err_free(err); /* the sink has said so when it was current */
        return;
    }
    int64_t limit = req->options.limit;
    bool has_room = limit <= 0 || (int64_t)listing->len < limit;
    if (!has_room && listing->continue_token.size == 0) {
        set_token(req, listing, listing->items[listing->len - 1]);
        listing->remaining = selects_everything(req) ? 0 : -1;
    }
    if (has_room && listing_selects(req->impl->labels, req->impl->fields, object)) {
        listing_add(listing, object);
    } else if (!has_room && listing->remaining >= 0) {
        listing->remaining++;
    }
    object_unref(object);
}

static void
on_old_list(void *ctx, const struct store_item *items, size_t len, bool is_last, uint64_t rev,
            struct err *owned)
{
    struct req *req = ctx;
    struct list_want *want = req->step_data;
    if (owned != NULL && owned->code == ERR_EXPIRED) {
        struct err *err = NULL;
        err_free(owned);
        expired(req, want, &err);
        req_resume(req, err);
        return;
    }
    if (owned != NULL) {
        req_resume(req, owned);
        return;
    }
    (void)rev;
    for (size_t i = 0; i < len; i++) {
        take_old_item(req, req->impl->listing, &items[i]);
    }
    if (is_last) {
        req_resume(req, NULL);
    }
}

static enum step_rc
ask_store(struct req *req, struct list_want *want)
{
    const struct resource *row = req->impl->stored;
    struct str prefix = resource_prefix(row, req->arena);
    if (req->ns.size > 0) {
        prefix = arena_printf(req->arena, STR_FMT STR_FMT "/", STR_ARG(prefix), STR_ARG(req->ns));
    }
    struct str start = { 0 };
    if (want->start.size > 0) {
        struct str begin = resource_prefix(row, req->arena);
        char *key = arena_alloc(req->arena, begin.size + want->start.size);
        memcpy(key, begin.at, begin.size);
        memcpy(key + begin.size, want->start.at, want->start.size);
        start = str_slice(key, begin.size + want->start.size);
    }
    want->is_walk_of_store = true;
    req->impl->listing = listing_new(row, want->rev);
    store_list(req->server->store, prefix, want->rev, start, 0, on_old_list, req);
    return STEP_WAIT;
}

enum step_rc
rest_read_list(struct req *req, struct err **err)
{
    struct list_want *want = req->step_data;
    if (want == NULL) {
        want = req->step_data = understand(req, err);
        if (want == NULL) {
            return STEP_FAIL;
        }
    }
    if (want->is_walk_of_store) {
        req->status = 200;
        return STEP_DONE;
    }
    enum step_rc rc = catch_up(req, want, err);
    if (rc != STEP_NEXT) {
        return rc;
    }
    struct cache *root = want->is_exact ? pages_pin(req->server->pages, want->rev)
                                        : cache_ref(sink_cache(req->server->sink));
    if (root == NULL) {
        return ask_store(req, want);
    }
    answer_from(req, root, want);
    return STEP_DONE;
}
