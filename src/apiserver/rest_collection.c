/* DELETECOLLECTION: every object that the selectors take is deleted by a request of its own, with
 * admission and all, a few at a time. The answer is the list of what was there, as upstream's
 * (registry/generic/registry/store.go, DeleteCollection). Loop thread. */
#include "config.h"

#include "api/object.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/listing.h"
#include "apiserver/pages.h"
#include "apiserver/rest_read.h"
#include "apiserver/sink.h"
#include "apiserver/steps.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/cache.h"
#include "client/client.h"

enum { AT_ONCE = 8 };

struct collection {
    struct listing *listing; /* owned by the request, as its answer */
    size_t next;             /* the next item to delete */
    int running;
    struct err *error; /* the first one: nothing new is begun after it */
    bool is_begun;
};

static void next_items(struct req *req, struct collection *c);

static void
item_done(void *ctx, struct req *child, struct object *result, struct err *owned)
{
    struct req *req = ctx;
    struct collection *c = req->step_data;
    (void)child;
    (void)result;
    c->running--;
    if (owned != NULL && owned->code == ERR_NOT_FOUND) {
        err_free(owned); /* somebody else was faster */
    } else if (owned != NULL && c->error == NULL) {
        c->error = owned;
    } else {
        err_free(owned);
    }
    next_items(req, c);
    if (c->running == 0) {
        req_resume(req, NULL);
    }
}

static struct call
item_call(struct req *req, const struct object *object)
{
    const struct req_options *o = &req->options;
    struct call call = call_of(VERB_DELETE, req->resource, object->ns, object->name);
    call.grace_s = o->grace_s == INT64_MIN ? -1 : o->grace_s < 0 ? 1 : o->grace_s;
    if (o->has_orphan) {
        call.propagation_policy = o->orphan ? "Orphan" : "Background";
    } else if (o->propagation.size > 0) {
        call.propagation_policy = arena_dupz(req->arena, o->propagation);
    }
    call.dry_run = o->dry_run;
    call.cause_rev = o->cause_rev;
    return call;
}

static void
next_items(struct req *req, struct collection *c)
{
    struct listing *listing = c->listing;
    while (c->running < AT_ONCE && c->next < listing->len && c->error == NULL &&
           !req->impl->is_gone) {
        struct call call = item_call(req, listing->items[c->next++]);
        c->running++;
        (void)req_child_as_self(req, &call, item_done, req);
    }
}

static struct listing *
collect(struct req *req)
{
    struct req_impl *q = req->impl;
    struct cache *cache = sink_cache(req->server->sink);
    struct listing *listing = listing_new(q->stored, cache_rev(cache));
    struct cache_iter iter = cache_begin(cache, q->stored, req->ns);
    struct object *object;
    while ((object = cache_next(&iter)) != NULL) {
        if (listing_selects(q->labels, q->fields, object)) {
            listing_add(listing, object);
        }
    }
    return listing;
}

enum step_rc
rest_collection_step(struct req *req, struct err **err)
{
    struct collection *c = req->step_data;
    if (c == NULL) {
        c = req->step_data = ARENA_NEW(req->arena, struct collection);
    }
    if (!c->is_begun) {
        enum step_rc rc = req_fresh(req);
        if (rc != STEP_NEXT) {
            return rc;
        }
        if (rest_read_selectors(req, err) < 0) {
            return STEP_FAIL;
        }
        c->is_begun = true;
        c->listing = req->impl->listing = collect(req);
        next_items(req, c);
        if (c->running > 0) {
            return STEP_WAIT;
        }
    }
    if (c->error != NULL) {
        err_move(err, &c->error);
        return STEP_FAIL;
    }
    req->status = 200;
    return STEP_DONE;
}
