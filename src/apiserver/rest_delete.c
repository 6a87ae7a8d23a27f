/* DELETE: options, preconditions, grace, finalizers; and collections, item by item.
 *
 * The rules are those of apiserver/pkg/registry/rest/delete.go (BeforeDelete) and
 * registry/generic/registry/store.go (deletionFinalizersForGarbageCollection,
 * updateForGracefulDeletionAndFinalizers, markAsDeleting). The step decides between three ends: the
 * object goes, it is marked and stays, or nothing changes. Loop thread. */
#include "config.h"

#include "apiserver/rest_delete.h"

#include "api/decode.h"
#include "api/kinds_types.h"
#include "api/object.h"
#include "api/status.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/rest_write.h"
#include "apiserver/route.h"
#include "apiserver/steps.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/client.h"

#define FINALIZER_ORPHAN "orphan"
#define FINALIZER_FOREGROUND "foregroundDeletion"

/* ---- options ---- */

static void
take_body(struct req *req, struct val body)
{
    struct req_options *o = &req->options;
    struct val orphan = val_get(body, "orphanDependents");
    o->grace_s = val_int(val_get(body, "gracePeriodSeconds"), INT64_MIN);
    o->propagation = val_str(val_get(body, "propagationPolicy"));
    o->has_orphan = val_is(orphan) && val_type(orphan) != DOC_NULL;
    o->orphan = val_bool(orphan, false);
    o->pre_uid = val_str(val_at(body, "preconditions.uid"));
    o->pre_rv = val_str(val_at(body, "preconditions.resourceVersion"));
    VAL_EACH (it, val_get(body, "dryRun")) {
        o->dry_run = true;
        if (!val_is_str(it.value, "All")) {
            o->dry_run_other = val_raw(val_get(body, "dryRun"));
        }
    }
}

static void
warn_of_orphans(struct req *req)
{
    const struct req_options *o = &req->options;
    if (req->resource->orphan_warning != NULL && !o->has_orphan && o->propagation.size == 0) {
        req_warn(req, str_of(req->resource->orphan_warning));
    }
}

enum step_rc
rest_delete_decode(struct req *req, struct err **err)
{
    if (req->body.size == 0) {
        warn_of_orphans(req);
        return STEP_NEXT;
    }
    enum media media = decode_media(req->content_type);
    if (media == MEDIA_UNKNOWN) {
        err_set(err, ERR_UNSUPPORTED_MEDIA,
                "the body of the request was in an unknown format - accepted media types include: "
                "application/json, application/yaml, application/vnd.kubernetes.protobuf");
        return STEP_FAIL;
    }
    struct decode_in in = {
        .arena = req->arena, .media = media, .mode = DECODE_IGNORE, .bytes = req->body
    };
    struct doc *doc = NULL;
    struct err *why = NULL;
    if (decode_type(&in, &type_meta_delete_options, NULL, NULL, &doc, &why) < 0) {
        err_set(err, ERR_BAD_REQUEST, "%s", why->message);
        err_free(why);
        return STEP_FAIL;
    }
    struct str kind = val_str(val_get(doc_root(doc), "kind"));
    if (kind.size > 0 && !str_is(kind, "DeleteOptions")) {
        err_set(err, ERR_BAD_REQUEST,
                "no kind \"" STR_FMT "\" is registered for version \"" STR_FMT
                "\" in scheme \"pkg/runtime/scheme.go:111\"",
                STR_ARG(kind), STR_ARG(val_str(val_get(doc_root(doc), "apiVersion"))));
        return STEP_FAIL;
    }
    if (rest_delete_take(req, doc_root(doc), err) < 0) {
        return STEP_FAIL;
    }
    warn_of_orphans(req);
    return STEP_NEXT;
}

int
rest_delete_take(struct req *req, struct val options, struct err **err)
{
    bool is_collection = req->verb == VERB_DELETECOLLECTION;
    take_body(req, options);
    return route_options_check_as(req, is_collection ? req->verb : VERB_DELETE, err);
}

/* ---- finalizers ---- */

enum garbage { GARBAGE_BACKGROUND, GARBAGE_ORPHAN, GARBAGE_FOREGROUND };

/* The option, else what the object's own finalizers say. */
static enum garbage
garbage_of(const struct req *req, struct val finalizers)
{
    if (req->impl->stored == &resource_events) {
        return GARBAGE_BACKGROUND; /* the garbage collector leaves events alone */
    }
    const struct req_options *o = &req->options;
    if (o->has_orphan) {
        return o->orphan ? GARBAGE_ORPHAN : GARBAGE_BACKGROUND;
    }
    if (o->propagation.size > 0) {
        return str_is(o->propagation, "Orphan")       ? GARBAGE_ORPHAN
               : str_is(o->propagation, "Foreground") ? GARBAGE_FOREGROUND
                                                      : GARBAGE_BACKGROUND;
    }
    VAL_EACH (it, finalizers) {
        if (val_is_str(it.value, FINALIZER_ORPHAN)) {
            return GARBAGE_ORPHAN;
        }
        if (val_is_str(it.value, FINALIZER_FOREGROUND)) {
            return GARBAGE_FOREGROUND;
        }
    }
    return (req->resource->flags & RES_ORPHAN) != 0 ? GARBAGE_ORPHAN : GARBAGE_BACKGROUND;
}

/* The list as it should be; *ret_len counts it, *ret_changed says whether it differs. */
static struct str
wanted_finalizers(struct req *req, struct val finalizers, size_t *ret_len, bool *ret_changed)
{
    enum garbage garbage = garbage_of(req, finalizers);
    struct jw w;
    size_t len = 0;
    bool had[3] = { false, false, false };
    jw_init(&w, req->arena);
    jw_arr(&w);
    VAL_EACH (it, finalizers) {
        if (val_is_str(it.value, FINALIZER_ORPHAN)) {
            had[GARBAGE_ORPHAN] = true;
        } else if (val_is_str(it.value, FINALIZER_FOREGROUND)) {
            had[GARBAGE_FOREGROUND] = true;
        } else {
            jw_val(&w, it.value);
            len++;
        }
    }
    if (garbage != GARBAGE_BACKGROUND) {
        jw_strz(&w, garbage == GARBAGE_ORPHAN ? FINALIZER_ORPHAN : FINALIZER_FOREGROUND);
        len++;
    }
    jw_end(&w);
    *ret_len = len;
    *ret_changed = had[GARBAGE_ORPHAN] != (garbage == GARBAGE_ORPHAN) ||
                   had[GARBAGE_FOREGROUND] != (garbage == GARBAGE_FOREGROUND);
    return jw_done(&w);
}

/* ---- marks ---- */

static void
set_time(struct req *req, struct edit *edit, int64_t wall_ms)
{
    char text[CLOCK_TEXT_SIZE];
    edit_set_str(edit, "/metadata/deletionTimestamp",
                 arena_dup(req->arena, clock_text(wall_ms, text)));
}

static void
count_generation(struct req *req, struct edit *edit)
{
    if (req->old_object->deleted_at_ms == 0 && req->old_object->generation > 0) {
        edit_set_int(edit, "/metadata/generation", req->old_object->generation + 1);
    }
}

/* markAsDeleting: for what has no grace but finalizers. */
static void
mark(struct req *req, struct edit *edit)
{
    int64_t now = clock_wall_ms();
    count_generation(req, edit);
    if (req->old_object->deleted_at_ms == 0 || req->old_object->deleted_at_ms > now) {
        set_time(req, edit, now);
    }
    if (req->resource->prepare_delete == NULL) {
        edit_set_int(edit, "/metadata/deletionGracePeriodSeconds", 0);
    }
}

/* ---- the decision ---- */

struct grace {
    bool is_graceful; /* deletionTimestamp and grace are to be written */
    bool is_pending;  /* a graceful deletion runs already: nothing to do */
    int64_t seconds, deleted_at_ms;
};

/* rest.BeforeDelete of kinds with grace: a second call can only shorten. */
static struct grace
decide_grace(const struct req *req)
{
    struct val old = doc_root(req->old);
    struct val running = val_at(old, "metadata.deletionGracePeriodSeconds");
    int64_t asked = req->options.grace_s;
    struct grace grace = { 0 };
    if ((req->resource->flags & RES_GRACEFUL) == 0) {
        return grace;
    }
    if (asked != INT64_MIN && asked < 0) {
        asked = 1;
    }
    if (req->old_object->deleted_at_ms != 0) {
        int64_t now = val_int(running, 0);
        grace.is_pending = val_is(running) && (asked == INT64_MIN || asked >= now);
        grace.is_graceful = val_is(running) && !grace.is_pending;
        grace.seconds = asked;
        grace.deleted_at_ms = req->old_object->deleted_at_ms - now * 1000 + asked * 1000;
        return grace;
    }
    int64_t usual = req->resource->grace_s == NULL ? -1 : req->resource->grace_s(old);
    grace.seconds = usual < 0 ? 0 : asked == INT64_MIN ? usual : asked;
    grace.is_graceful = true;
    grace.deleted_at_ms = clock_wall_ms() + grace.seconds * 1000;
    return grace;
}

/* BeforeDelete knows the kind only, and puts it where a resource belongs. */
static int
conflict(struct req *req, struct str detail, struct err **err)
{
    struct resource row = *req->resource;
    row.plural = row.kind;
    return status_conflict(err, &row, req->name, detail.at);
}

static int
check_preconditions(struct req *req, struct err **err)
{
    const struct req_options *o = &req->options;
    const struct object *old = req->old_object;
    struct resource row =
        *req->resource; /* BeforeDelete names the kind where others name plurals */
    struct str rev = val_str(val_at(doc_root(req->old), "metadata.resourceVersion"));
    row.plural = row.kind;
    if (o->pre_uid.size > 0 && !str_eq(o->pre_uid, old->uid)) {
        struct str detail = arena_printf(req->arena,
                                         "the UID in the precondition (" STR_FMT
                                         ") does not match the UID in record (" STR_FMT
                                         "). The object might have been deleted and then recreated",
                                         STR_ARG(o->pre_uid), STR_ARG(old->uid));
        return conflict(req, detail, err);
    }
    if (o->pre_rv.size > 0 && !str_eq(o->pre_rv, rev)) {
        struct str detail = arena_printf(req->arena,
                                         "the ResourceVersion in the precondition (" STR_FMT
                                         ") does not match the ResourceVersion in record (" STR_FMT
                                         "). The object might have been modified",
                                         STR_ARG(o->pre_rv), STR_ARG(rev));
        return conflict(req, detail, err);
    }
    return 0;
}

/* What the kind does on the first DELETE, e.g. a namespace's phase; it may hold the object back. */
static bool
prepare_kind(struct req *req, struct edit *edit)
{
    if (req->resource->prepare_delete == NULL) {
        return false;
    }
    struct prepare p = { .arena = req->arena,
                         .resource = req->resource,
                         .now = doc_root(req->old),
                         .old = doc_root(req->old),
                         .edit = edit,
                         .wall_ms = clock_wall_ms() };
    return req->resource->prepare_delete(&p);
}

enum step_rc
rest_delete_prepare(struct req *req, struct err **err)
{
    struct req_impl *q = req->impl;
    struct edit edit;
    if (check_preconditions(req, err) < 0) {
        return STEP_FAIL;
    }
    req->client_sent_rv = req->options.pre_rv.size > 0;
    req->now = req->old;
    struct grace grace = decide_grace(req);
    if (grace.is_pending) {
        return STEP_NEXT; /* now is old: a no-op, and old is the answer */
    }
    edit_init(&edit, req->arena);
    size_t len = 0;
    bool is_changed = false;
    struct str finalizers = wanted_finalizers(
        req, val_at(doc_root(req->old), "metadata.finalizers"), &len, &is_changed);
    if (is_changed) {
        edit_set(&edit, "/metadata/finalizers", finalizers);
    }
    bool is_held = prepare_kind(req, &edit);
    if (!is_held && len == 0 && (!grace.is_graceful || grace.seconds == 0)) {
        q->is_delete = true;
        if (!grace.is_graceful) {
            return STEP_NEXT;
        }
    }
    if (grace.is_graceful) {
        count_generation(req, &edit);
        set_time(req, &edit, grace.deleted_at_ms);
        edit_set_int(&edit, "/metadata/deletionGracePeriodSeconds", grace.seconds);
    } else {
        mark(req, &edit);
    }
    return rest_write_edit(req, &edit, err) < 0 ? STEP_FAIL : STEP_NEXT;
}

/* store.ShouldDeleteDuringUpdate: an update that took the last finalizer of a deleted object. */
bool
rest_delete_is_final(const struct req *req)
{
    if (req->is_create || req->old_object == NULL || req->old_object->deleted_at_ms == 0) {
        return false;
    }
    struct val grace = val_at(doc_root(req->old), "metadata.deletionGracePeriodSeconds");
    struct val now = doc_root(req->now);
    if (val_len(val_at(now, "metadata.finalizers")) > 0 || val_int(grace, 0) != 0) {
        return false;
    }
    if (req->resource->prepare_delete == NULL) {
        return true;
    }
    struct edit none;
    edit_init(&none, req->arena);
    struct prepare p = { .arena = req->arena,
                         .resource = req->resource,
                         .now = now,
                         .old = doc_root(req->old),
                         .edit = &none,
                         .wall_ms = clock_wall_ms() };
    return !req->resource->prepare_delete(&p);
}
