/* The status of a Deployment: counts, Available, Progressing, ReplicaFailure.  Pure.
 *
 * Follows pkg/controller/deployment/progress.go, sync.go (calculateStatus) and
 * util/deployment_util.go, release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include <assert.h>

#include "api/object.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "client/plan.h"
#include "controllers/ctl.h"
#include "controllers/ctl_deployment_priv.h"

struct counts {
    int64_t replicas, updated, ready, available, unavailable, terminating;
};

static struct counts
count(const struct deployment *d)
{
    struct counts c = { 0 };
    for (size_t i = 0; i < d->len; i++) {
        const struct deployment_set *set = &d->sets[i];
        c.replicas += set->replicas;
        c.ready += set->ready;
        c.available += set->available;
        c.terminating += set->terminating;
        c.updated += set == d->now ? set->replicas : 0;
    }
    c.unavailable = ctl_deployment_sets_size(d, false) + d->new_size - c.available;
    c.unavailable = c.unavailable < 0 ? 0 : c.unavailable;
    return c;
}

static bool
is_complete(const struct deployment *d, const struct counts *c)
{
    return c->updated == d->replicas && c->replicas == d->replicas && c->available == d->replicas;
}

bool
ctl_deployment_status_is_complete(const struct deployment *d)
{
    struct counts c = count(d);
    return is_complete(d, &c);
}

/* ---- Progressing ---- */

static int64_t
old_count(const struct deployment *d, const char *name)
{
    return val_int(val_get(d->status, name), 0);
}

static bool
is_progressing(const struct deployment *d, const struct counts *c)
{
    int64_t was_old = old_count(d, "replicas") - old_count(d, "updatedReplicas");
    return c->updated > old_count(d, "updatedReplicas") || c->replicas - c->updated < was_old ||
           c->ready > old_count(d, "readyReplicas") ||
           c->available > old_count(d, "availableReplicas");
}

/* When the rollout counts as stuck, Unix ms; 0: never. */
static int64_t
deadline_ms(const struct deployment *d, struct val progressing)
{
    int64_t us, seconds = val_int(val_get(d->spec, "progressDeadlineSeconds"), INT32_MAX);
    if (seconds == INT32_MAX ||
        val_is_str(val_get(progressing, "reason"), "NewReplicaSetAvailable") ||
        clock_parse(val_str(val_get(progressing, "lastUpdateTime")), &us) < 0) {
        return 0;
    }
    return us / 1000 + seconds * 1000;
}

static struct str
subject(const struct deployment *d)
{
    const struct object *set = d->now == NULL ? NULL : d->now->object;
    struct str name = set == NULL ? d->new_name : set->name;
    return name.size > 0
               ? arena_printf(d->in->arena, "ReplicaSet \"" STR_FMT "\"", STR_ARG(name))
               : arena_printf(d->in->arena, "Deployment \"" STR_FMT "\"", STR_ARG(d->object->name));
}

struct str
ctl_deployment_status_failure(const struct deployment *d)
{
    return arena_printf(d->out->arena, "Failed to create new replica set \"" STR_FMT "\": %s",
                        STR_ARG(d->failed->name), d->failed->err->message);
}

static struct ctl_condition
progressing(const struct deployment *d, const char *status, const char *reason, const char *text)
{
    return (struct ctl_condition){
        .type = "Progressing",
        .status = status,
        .reason = reason,
        .message = arena_printf(d->in->arena, STR_FMT " %s", STR_ARG(subject(d)), text),
        .has_update_time = true,
    };
}

/* What getNewReplicaSet says of a set that was made or found just now, or that could not be. */
static bool
set_progressing(const struct deployment *d, struct val old, struct ctl_condition *ret)
{
    *ret =
        (struct ctl_condition){ .type = "Progressing", .status = "True", .has_update_time = true };
    if (d->failed != NULL) {
        ret->status = "False";
        ret->reason = DEPLOYMENT_FAILED;
        ret->message = ctl_deployment_status_failure(d);
    } else if (d->new_name.size > 0) {
        ret->reason = "NewReplicaSetCreated";
        ret->message = arena_printf(d->in->arena, "Created new replica set \"" STR_FMT "\"",
                                    STR_ARG(d->new_name));
    } else if (d->now != NULL && !val_is(old)) {
        ret->reason = "FoundNewReplicaSet";
        ret->message = arena_printf(d->in->arena, "Found new replica set \"" STR_FMT "\"",
                                    STR_ARG(d->now->object->name));
    } else {
        return false;
    }
    return true;
}

/* The condition that the counts ask for; false: the old one stays. */
static bool
next_progressing(const struct deployment *d, const struct counts *c, struct val old,
                 struct ctl_condition *ret)
{
    struct str reason = val_str(val_get(old, "reason"));
    bool was_complete = c->replicas == c->updated && str_is(reason, "NewReplicaSetAvailable");
    if (d->is_paused && !str_is(reason, "ProgressDeadlineExceeded")) {
        *ret = (struct ctl_condition){
            "Progressing", "Unknown", "DeploymentPaused", STR("Deployment is paused"), true, false
        };
        return !str_is(reason, "DeploymentPaused");
    }
    if (!d->is_paused && str_is(reason, "DeploymentPaused")) {
        *ret = (struct ctl_condition){
            "Progressing", "Unknown", "DeploymentResumed", STR("Deployment is resumed"), true, false
        };
        return true;
    }
    if (was_complete) {
        return false;
    }
    if (is_complete(d, c)) {
        *ret = progressing(d, "True", "NewReplicaSetAvailable", "has successfully progressed.");
        return true;
    }
    if (is_progressing(d, c)) {
        *ret = progressing(d, "True", "ReplicaSetUpdated", "is progressing.");
        ret->renews = true;
        return true;
    }
    if (set_progressing(d, old, ret)) {
        return true;
    }
    int64_t at = deadline_ms(d, old);
    if (at != 0 && at <= d->in->now_ms) {
        *ret = progressing(d, "False", "ProgressDeadlineExceeded", "has timed out progressing.");
        return !str_is(reason, "ProgressDeadlineExceeded");
    }
    return false;
}

/* ---- writing ---- */

static void
write_available(const struct deployment *d, const struct counts *c, struct val old, struct jw *w)
{
    bool is_available = c->available >= d->replicas - d->max_unavailable;
    struct ctl_condition now = {
        .type = "Available",
        .status = is_available ? "True" : "False",
        .reason = is_available ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
        .message = is_available ? STR("Deployment has minimum availability.")
                                : STR("Deployment does not have minimum availability."),
        .has_update_time = true,
    };
    ctl_condition_write(&now, old, d->in->now_ms, w);
}

static void
write_progressing(const struct deployment *d, const struct counts *c, struct val old, struct jw *w)
{
    struct ctl_condition now;
    if (val_int(val_get(d->spec, "progressDeadlineSeconds"), INT32_MAX) == INT32_MAX) {
        return;
    }
    if (next_progressing(d, c, old, &now)) {
        ctl_condition_write(&now, old, d->in->now_ms, w);
    } else if (val_is(old)) {
        jw_val(w, old);
    }
}

/* ReplicaFailure of the present set, else of an older one. */
static struct val
failure_of(const struct deployment *d)
{
    struct val failure = { 0 };
    for (size_t i = 0; i < d->len; i++) {
        const struct deployment_set *set = &d->sets[i];
        struct val c =
            ctl_condition(val_at(object_val(set->object), "status.conditions"), "ReplicaFailure");
        failure = val_is(c) && (!val_is(failure) || set == d->now) ? c : failure;
    }
    return failure;
}

static void
write_conditions(const struct deployment *d, const struct counts *c, bool is_rollout, struct jw *w)
{
    struct val old = val_get(d->status, "conditions"), failure = failure_of(d);
    struct val progress = ctl_condition(old, "Progressing");
    jw_keyz(w, "conditions");
    jw_arr(w);
    write_available(d, c, ctl_condition(old, "Available"), w);
    if (d->object->deleted_at_ms == 0 && (is_rollout || d->is_paused)) {
        write_progressing(d, c, progress, w);
    } else if (val_is(progress)) {
        jw_val(w, progress);
    }
    if (val_is(failure)) {
        struct ctl_condition now = {
            .type = "ReplicaFailure",
            .status = "True",
            .reason = arena_dupz(d->in->arena, val_str(val_get(failure, "reason"))),
            .message = val_str(val_get(failure, "message")),
            .has_update_time = true,
        };
        ctl_condition_write(&now, ctl_condition(old, "ReplicaFailure"), d->in->now_ms, w);
    }
    jw_end(w);
}

static void
write_count(struct jw *w, const char *name, int64_t value)
{
    if (value != 0) {
        jw_kint(w, name, value);
    }
}

/* The whole Deployment with that status and the revision of its present set. */
static struct str
with_status(const struct deployment *d, struct str status, bool *ret_changes)
{
    AUTO_ERR struct err *err = NULL;
    struct arena *arena = d->out->arena;
    struct val annotations = val_at(d->root, "metadata.annotations");
    struct str revision = arena_printf(arena, "%lld", (long long)d->revision);
    bool is_marked = d->revision == 0 ||
                     str_eq(val_str(val_member(annotations, STR(DEPLOYMENT_REVISION))), revision);
    struct doc *now = doc_parse(d->in->arena, status, &err);
    struct edit edit;
    assert(now != NULL); /* our own text */
    *ret_changes = !is_marked || !val_eq(d->status, doc_root(now));
    edit_init(&edit, arena);
    edit_set(&edit, "/status", status);
    if (!is_marked) {
        edit_set_str(&edit, "/metadata/annotations/deployment.kubernetes.io~1revision", revision);
    }
    int rc = edit_apply(d->root.doc, &edit, &now, &err);
    assert(rc == 0); /* of our own paths */
    (void)rc;
    return doc_bytes(now);
}

bool
ctl_deployment_status(struct deployment *d, bool is_rollout)
{
    struct counts c = count(d);
    struct jw w;
    bool changes;
    jw_init(&w, d->out->arena);
    jw_obj(&w);
    jw_kint(&w, "observedGeneration", d->object->generation);
    write_count(&w, "replicas", c.replicas);
    write_count(&w, "updatedReplicas", c.updated);
    write_count(&w, "readyReplicas", c.ready);
    write_count(&w, "availableReplicas", c.available);
    write_count(&w, "unavailableReplicas", c.unavailable);
    jw_kint(&w, "terminatingReplicas", c.terminating);
    write_conditions(d, &c, is_rollout, &w);
    write_count(&w, "collisionCount", d->collisions);
    jw_end(&w);
    struct str body = with_status(d, jw_done(&w), &changes);
    if (changes) {
        plan_write(d->out, PLAN_STATUS, d->object, body, PRE_REV);
    }
    struct val progress = ctl_condition(val_get(d->status, "conditions"), "Progressing");
    int64_t at = deadline_ms(d, progress);
    if (at > d->in->now_ms) {
        plan_again(d->out, at);
    }
    return changes;
}
