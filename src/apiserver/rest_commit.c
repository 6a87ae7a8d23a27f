/* The commit: one compare-and-swap in the store, and what its outcome means for the request.
 *
 * The end of the bracket. A conflict goes round again, unless the client named the revision (409) or
 * it was a create (AlreadyExists); FAILED undoes what the steps did, UNKNOWN never does. A dry-run
 * makes the same checks against the cache and writes nothing. Loop thread. */
#include "config.h"

#include <string.h>

#include "api/changes.h"
#include "api/decode.h"
#include "api/managed.h"
#include "api/object.h"
#include "api/status.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/inflight.h"
#include "apiserver/origin.h"
#include "apiserver/rest_delete.h"
#include "apiserver/rest_sub.h"
#include "apiserver/sink.h"
#include "apiserver/steps.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/cache.h"
#include "net/body.h"
#include "store/store.h"

enum { NAME_TRIES = 8 };

/* The submitted write; in the arena of its request, which cannot go before the store has answered. */
struct commit {
    struct req *req;
    struct sink_tag tag;
    enum store_rc rc;
    struct err *error;
    bool is_over;
};

static bool
is_removal(struct req *req)
{
    return req->impl->is_delete || (req->verb != VERB_DELETE && rest_delete_is_final(req));
}

/* ---- answers ---- */

static void
answer_status(struct req *req)
{
    struct jw w;
    jw_init(&w, req->arena);
    status_write_deleted(req->resource, req->name, req->old_object->uid, &w);
    req_answer_json(req, 200, jw_done(&w));
}

static enum step_rc
answer(struct req *req, struct object *object, struct err **err)
{
    bool keeps = (req->resource->flags & RES_RETURN_DELETED) != 0;
    if (req->impl->is_removed && req->verb == VERB_DELETE && !keeps) {
        answer_status(req);
        return STEP_NEXT;
    }
    bool is_legacy = req->verb == VERB_DELETE && !req->impl->is_removed &&
                     req->options.has_orphan && !req->options.orphan;
    int status = req->is_create ? 201 : is_legacy ? 202 : 200;
    return rest_sub_answer(req, status, object, err) < 0 ? STEP_FAIL : STEP_NEXT;
}

static int
taken(struct req *req, struct err **err)
{
    struct val metadata = val_get(doc_root(req->now), "metadata");
    if (req->impl->name_tries > 0 && val_is(val_get(metadata, "generateName"))) {
        /* apimachinery/pkg/api/errors: NewGenerateNameConflict */
        status_already_exists(err, req->resource, req->name);
        char *before = (*err)->message;
        (*err)->message = mem_printf("%s, the server was not able to generate a unique name for "
                                     "the object",
                                     before);
        (*err)->retry_after_s = 1;
        mem_free(before);
        return -1;
    }
    status_already_exists(err, req->resource, req->name);
    const struct object *there =
        cache_get(sink_cache(req->server->sink), req->impl->stored, req->ns, req->name);
    if (there != NULL && there->deleted_at_ms != 0) {
        char *before = (*err)->message;
        (*err)->message = mem_printf("object is being deleted: %s", before);
        mem_free(before);
    }
    return -1;
}

/* ---- nothing to write ---- */

/* What a dry-run would have stored, shown at the revision that is there. */
static enum step_rc
answer_dry_run(struct req *req, struct err **err)
{
    struct req_impl *q = req->impl;
    if (req->is_create &&
        cache_get(sink_cache(req->server->sink), q->stored, req->ns, req->name) != NULL) {
        taken(req, err);
        return STEP_FAIL;
    }
    if (q->is_delete || (req->verb == VERB_DELETE && is_removal(req))) {
        q->is_removed = true;
        return answer(req, req->old_object, err);
    }
    AUTO_OBJECT struct object *object = NULL;
    if (req->is_create) {
        req_answer_json(req, 201, doc_bytes(req->now)); /* it has no revision yet */
        return STEP_NEXT;
    }
    if (object_publish(q->stored, buf_str(q->value), req->old_object->rev,
                       req->old_object->create_rev, &object, err) < 0) {
        return STEP_FAIL;
    }
    return answer(req, object, err);
}

static bool
is_noop(struct req *req)
{
    if (req->is_create || req->impl->is_delete) {
        return false;
    }
    return req->now == req->old || managed_is_noop(req->old, req->now);
}

/* ---- the write ---- */

static void
on_done(void *ctx, enum store_rc rc, uint64_t rev, struct buf *current, struct err *owned)
{
    struct commit *commit = ctx;
    (void)rev;
    (void)current;
    commit->rc = rc;
    commit->error = owned;
    commit->is_over = true;
    req_resume(commit->req, NULL);
}

/* A node that says only that it is still alive: no history, and no hurry. */
static bool
is_heartbeat(struct req *req)
{
    enum { CONDITIONS_MAX = 32 };
    const struct resource *row = req->impl->stored;
    if (req->is_create || req->sub == NULL || req->old == NULL || row->group[0] != '\0' ||
        strcmp(row->plural, "nodes") != 0) {
        return false;
    }
    struct changes changes =
        changes_of(req->arena, row->type, doc_root(req->old), doc_root(req->now), CONDITIONS_MAX);
    bool is_alike = changes.left == 0;
    for (size_t i = 0; i < changes.len && is_alike; i++) {
        is_alike = str_has_suffix(changes.at[i].path, STR(".lastHeartbeatTime"));
    }
    return is_alike;
}

static unsigned
store_flags(struct req *req)
{
    const struct resource *row = req->impl->stored;
    if (is_heartbeat(req)) {
        return STORE_PATIENT | STORE_NOHIST;
    }
    return ((row->flags & RES_SEAL) != 0 ? STORE_SEAL : 0U) |
           ((row->flags & RES_PATIENT) != 0 ? STORE_PATIENT : 0U) |
           ((row->flags & RES_NO_HISTORY) != 0 ? STORE_NOHIST : 0U);
}

static enum step_rc
submit(struct req *req)
{
    struct req_impl *q = req->impl;
    struct commit *commit = ARENA_NEW(req->arena, struct commit);
    bool is_removed = is_removal(req);
    commit->req = req;
    struct store_actor actor;
    origin_of(req, &actor);
    struct buf *key = buf_copy(resource_key(q->stored, req->ns, req->name, req->arena));
    struct store_write write = { .key = key,
                                 .value = is_removed ? NULL : q->value,
                                 .expect_rev = req->expect_rev,
                                 .actor = &actor,
                                 .cause_rev = req->options.cause_rev,
                                 .flags = store_flags(req),
                                 .tag = &commit->tag };
    q->is_removed = is_removed;
    req->step_data = commit;
    if ((write.flags & STORE_PATIENT) != 0) {
        inflight_leave(req);
    }
    store_commit(req->server->store, &write, on_done, commit);
    buf_unref(key);
    return STEP_WAIT;
}

static enum step_rc
lost_race(struct req *req, struct err **err)
{
    struct req_impl *q = req->impl;
    q->is_fresh = true; /* the store itself has said so */
    if (req->verb == VERB_CREATE && req->sub == NULL) {
        if (q->name_tries > 0 && q->name_tries < NAME_TRIES) {
            return STEP_RESTART;
        }
        taken(req, err);
        return STEP_FAIL;
    }
    if (req->client_sent_rv) {
        status_conflict(err, req->resource, req->name, NULL);
        return STEP_FAIL;
    }
    q->conflicts++;
    q->is_fresh = false;
    return STEP_RESTART;
}

/* Who took the last finalizer expects the object as written (store.deleteWithoutFinalizers). */
static struct object *
last_written(struct req *req)
{
    struct object *object = NULL;
    AUTO_ERR struct err *err = NULL;
    (void)object_publish(req->impl->stored, buf_str(req->impl->value), req->old_object->rev,
                         req->old_object->create_rev, &object, &err);
    return object;
}

/* What a DELETE of a kind with grace answers: marked as if it had been written before it went. */
static struct object *
last_marked(struct req *req, const struct object *gone)
{
    struct object *object = NULL;
    AUTO_ERR struct err *err = NULL;
    struct edit edit;
    struct doc *marked = NULL;
    edit_init(&edit, req->arena);
    edit_del(&edit, "/metadata/resourceVersion");
    if (edit_apply(req->now, &edit, &marked, &err) < 0) {
        return NULL;
    }
    struct decode_in in = {
        .arena = req->arena, .media = MEDIA_JSON, .mode = DECODE_IGNORE, .bytes = doc_bytes(marked)
    };
    if (decode_object(&in, req->resource, &marked, &err) == 0) {
        (void)object_publish(req->impl->stored, doc_bytes(marked), gone->rev,
                             req->old_object->create_rev, &object, &err);
    }
    return object;
}

static enum step_rc
settle(struct req *req, struct commit *commit, struct err **err)
{
    struct req_impl *q = req->impl;
    struct object *object = STEAL(commit->tag.object);
    struct err *error = STEAL(commit->error);
    enum step_rc rc = STEP_FAIL;
    switch (commit->rc) {
    case STORE_OK:
        q->is_committed = true;
        if (q->is_removed && req->verb != VERB_DELETE) {
            object_unref(object);
            object = last_written(req);
        } else if (q->is_removed && req->now != req->old && object != NULL) {
            struct object *gone = object;
            object = last_marked(req, gone);
            object_unref(gone);
        }
        if (object == NULL) {
            object = object_ref(req->old_object);
        }
        rc = answer(req, object, err);
        break;
    case STORE_CONFLICT:
        rc = lost_race(req, err);
        break;
    case STORE_FAILED:
        if (error == NULL) {
            err_set(err, ERR_INTERNAL, "the store did not take the write");
        }
        break;
    case STORE_UNKNOWN:
        q->is_unknown = true;
        err_free(error);
        error = NULL;
        err_set(err, ERR_TIMEOUT,
                "the write was handed to the store, but it is not known whether it was applied");
        break;
    }
    if (rc == STEP_FAIL && *err == NULL) {
        err_move(err, &error);
    }
    err_free(error);
    object_unref(object);
    return rc;
}

enum step_rc
rest_commit_step(struct req *req, struct err **err)
{
    struct commit *commit = req->step_data;
    if (commit != NULL && commit->is_over) {
        return settle(req, commit, err);
    }
    if (is_noop(req)) {
        req->was_noop = true;
        return answer(req, req->old_object, err);
    }
    if (req->impl->names_rev && !req->options.dry_run) {
        err_set(err, ERR_UNKNOWN, "resourceVersion should not be set on objects to be created");
        return STEP_FAIL;
    }
    if (req->options.dry_run) {
        if (req->is_create) {
            enum step_rc rc = req_fresh(req);
            if (rc != STEP_NEXT) {
                return rc;
            }
        }
        return answer_dry_run(req, err);
    }
    return submit(req);
}
