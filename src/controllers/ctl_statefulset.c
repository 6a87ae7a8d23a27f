/* The StatefulSet controller: numbered pods, made, replaced and deleted in order.  Run by
 * src/client/reconcile, loop thread.
 *
 * Follows pkg/controller/statefulset/stateful_set_control.go, release 1.35. Sets with
 * volumeClaimTemplates are told that there are no claims: that kind is not served yet. */
#include "config.h" /* IWYU pragma: keep */

#include "controllers/ctl_statefulset.h"

#include "api/object.h"
#include "api/pod_state.h"
#include "api/registry.h"
#include "api/selector.h"
#include "base/err.h"
#include "client/cache.h"
#include "controllers/ctl.h"
#include "controllers/ctl_statefulset_priv.h"

static void
keys_of_owned(const struct keys_in *in, const struct object *old, const struct object *now,
              keys_add_fn *add, void *ctx)
{
    static const struct ctl_owner_kind owner = { "apps", "statefulsets", "StatefulSet" };
    ctl_keys_of_owned(in, &owner, old, now, add, ctx);
}

static const struct watch_spec watches[] = {
    { .group = "apps", .version = "v1", .plural = "statefulsets" },
    { .group = "apps", .version = "v1", .plural = "controllerrevisions", .keys = keys_of_owned },
    { .group = "", .version = "v1", .plural = "pods", .keys = keys_of_owned },
    { .plural = NULL },
};
const struct reconciler ctl_statefulset = {
    .name = "statefulset-controller",
    .user = "system:serviceaccount:kube-system:statefulset-controller",
    .watches = watches,
    .plan = ctl_statefulset_plan,
};

/* ---- the pods, in order; true: this plan goes no further ---- */

static void
find_first_unavailable(struct statefulset *s)
{
    for (size_t i = 0; i < s->len && s->first == NULL && !s->is_first_missing; i++) {
        struct object *pod = s->replicas[i];
        s->is_first_missing = pod == NULL;
        if (pod != NULL &&
            (pod->deleted_at_ms != 0 || !ctl_statefulset_pods_is_available(s, pod))) {
            s->first = pod;
        }
    }
    for (size_t i = s->condemned_len; i > 0 && s->first == NULL && !s->is_first_missing; i--) {
        struct object *pod = s->condemned[i - 1];
        if (pod->deleted_at_ms != 0 || !ctl_statefulset_pods_is_available(s, pod)) {
            s->first = pod;
        }
    }
}

static bool
process_replica(struct statefulset *s, size_t i)
{
    struct object *pod = s->replicas[i];
    if (pod == NULL) {
        ctl_statefulset_pods_make(s, i);
        return true;
    }
    if (pod_state_is_finished(object_val(pod))) {
        if (pod->deleted_at_ms == 0) {
            ctl_statefulset_pods_delete(s, pod);
        }
        return true; /* its successor is made when it is gone */
    }
    if (pod->deleted_at_ms != 0 || !ctl_statefulset_pods_is_running(pod) ||
        !ctl_statefulset_pods_is_available(s, pod)) {
        return true;
    }
    ctl_statefulset_pods_label(s, pod);
    return false;
}

static bool
process_condemned(struct statefulset *s, struct object *pod)
{
    bool is_well =
        ctl_statefulset_pods_is_running(pod) && ctl_statefulset_pods_is_available(s, pod);
    if (pod->deleted_at_ms != 0) {
        return true;
    }
    if (is_well || !s->is_ordered || pod == s->first) {
        ctl_statefulset_pods_delete(s, pod);
    }
    return true;
}

/* The one with the highest number that is of another revision, when all above it are well. */
static void
replace(struct statefulset *s)
{
    struct val strategy = val_get(s->spec, "updateStrategy");
    int64_t least = val_int(val_at(strategy, "rollingUpdate.partition"), 0);
    if (val_is_str(val_get(strategy, "type"), "OnDelete")) {
        return;
    }
    for (size_t i = s->len; i > 0 && (int64_t)i > least; i--) {
        struct object *pod = s->replicas[i - 1];
        if (pod == NULL) {
            return; /* made by this plan */
        }
        struct str revision = ctl_statefulset_pods_revision(pod);
        if (pod->deleted_at_ms == 0 && !str_eq(revision, s->revisions.name)) {
            bool is_current = s->current == NULL || str_eq(revision, s->current->name);
            ctl_statefulset_pods_delete(s, pod);
            s->replaced += is_current ? 1 : 0;
            return;
        }
        if (pod->deleted_at_ms != 0 || !ctl_statefulset_pods_is_available(s, pod)) {
            return;
        }
    }
}

static void
sync(struct statefulset *s)
{
    find_first_unavailable(s);
    for (size_t i = 0; i < s->len; i++) {
        if (process_replica(s, i) && s->is_ordered) {
            return;
        }
    }
    for (size_t i = 0; i < s->condemned_len; i++) {
        if (process_condemned(s, s->condemned[i]) && s->is_ordered) {
            return;
        }
    }
    replace(s);
}

/* ---- status ---- */

struct counts {
    int64_t replicas, ready, available, current, updated;
};

static struct counts
count(struct statefulset *s, struct str current)
{
    struct counts c = { 0 };
    for (size_t i = 0; i < s->pods.len; i++) {
        const struct object *pod = s->pods.at[i];
        struct str revision = ctl_statefulset_pods_revision(pod);
        bool is_new = str_eq(revision, s->revisions.name), is_old = str_eq(revision, current);
        c.replicas++;
        if (ctl_statefulset_pods_is_running(pod)) {
            c.ready++;
            c.available += ctl_statefulset_pods_is_available(s, pod) ? 1 : 0;
        }
        c.current += pod->deleted_at_ms == 0 && is_old ? 1 : 0;
        c.updated += pod->deleted_at_ms == 0 && is_new ? 1 : 0;
    }
    c.current -= (int64_t)s->replaced;
    return c;
}

static void
write_some(struct jw *w, const char *member, int64_t value)
{
    if (value != 0) {
        jw_kint(w, member, value);
    }
}

/* Everything is of the update's revision and ready: that is the current one now. */
static bool
is_complete(const struct statefulset *s, const struct counts *c)
{
    int64_t wanted = val_int(val_get(s->spec, "replicas"), 1);
    return val_is_str(val_at(s->spec, "updateStrategy.type"), "RollingUpdate") &&
           c->updated == wanted && c->ready == wanted && c->replicas == wanted;
}

static void
write_status(struct statefulset *s)
{
    struct object *object = s->owner.object;
    struct str current = s->current == NULL ? s->revisions.name : s->current->name;
    struct counts c = count(s, current);
    struct val conditions = val_get(s->status, "conditions");
    struct jw w;
    if (is_complete(s, &c)) {
        c.current = c.updated;
        current = s->revisions.name;
    }
    jw_init(&w, s->in->arena);
    jw_obj(&w);
    jw_kint(&w, "observedGeneration", object->generation);
    jw_kint(&w, "replicas", c.replicas);
    write_some(&w, "readyReplicas", c.ready);
    write_some(&w, "currentReplicas", c.current);
    write_some(&w, "updatedReplicas", c.updated);
    jw_kv(&w, "currentRevision", current);
    jw_kv(&w, "updateRevision", s->revisions.name);
    jw_kint(&w, "collisionCount", s->revisions.collisions);
    if (val_is(conditions)) {
        jw_keyz(&w, "conditions");
        jw_val(&w, conditions);
    }
    jw_kint(&w, "availableReplicas", c.available);
    jw_end(&w);
    plan_group(s->out, GROUP_ALWAYS);
    ctl_status(s->in, object, jw_done(&w), s->out);
}

/* ---- the plan ---- */

static bool
is_live(const void *ctx, const struct object *revision)
{
    const struct statefulset *s = ctx;
    bool found = revision == s->current;
    for (size_t i = 0; i < s->pods.len && !found; i++) {
        found = str_eq(ctl_statefulset_pods_revision(s->pods.at[i]), revision->name);
    }
    return found;
}

static bool
has_claims(struct statefulset *s)
{
    struct val claim = val_item(val_get(s->spec, "volumeClaimTemplates"), 0);
    struct str name = s->owner.object->name;
    if (!val_is(claim)) {
        return false;
    }
    plan_event(s->out, s->owner.object, EVENT_WARNING, "FailedCreate", NULL,
               "create Claim " STR_FMT "-" STR_FMT "-%lld for Pod " STR_FMT
               "-%lld in StatefulSet " STR_FMT
               " failed error: the server could not find the requested resource",
               STR_ARG(val_str(val_at(claim, "metadata.name"))), STR_ARG(name), (long long)s->start,
               STR_ARG(name), (long long)s->start, STR_ARG(name));
    return true;
}

static void
plan_of(struct statefulset *s)
{
    AUTO_ERR struct err *err = NULL;
    struct selector *selector;
    struct val text = val_get(s->spec, "selector");
    if (selector_from_object(s->in->arena, text, &selector, &err) < 0) {
        return;
    }
    s->pods = ctl_pods_claim(s->in, &s->owner, selector, s->out);
    s->revisions = (struct ctl_revisions){
        .in = s->in, .out = s->out, .owner = &s->owner, .hash_label = STATEFULSET_HASH
    };
    ctl_revisions_read(&s->revisions, selector);
    s->current = ctl_revisions_find(&s->revisions, val_str(val_get(s->status, "currentRevision")));
    s->current = s->current == NULL ? s->revisions.now : s->current;
    s->is_ordered = !val_is_str(val_get(s->spec, "podManagementPolicy"), "Parallel");
    ctl_statefulset_pods_place(s);
    ctl_statefulset_pods_tell_failures(s);
    if (s->owner.object->deleted_at_ms == 0 && !has_claims(s)) {
        plan_group(s->out, 0);
        ctl_revisions_write(&s->revisions);
        plan_group(s->out, 0);
        sync(s);
        ctl_revisions_cleanup(&s->revisions, is_live, s);
    }
    write_status(s);
    if (s->again_at_ms != 0) {
        plan_again(s->out, s->again_at_ms);
    }
    ctl_revisions_done(&s->revisions);
    ctl_pods_done(&s->pods);
}

void
ctl_statefulset_plan(const struct plan_in *in, struct plan *out)
{
    struct object *object =
        cache_get(in->cache, ctl_resource(in, "apps", "statefulsets"), in->ns, in->name);
    if (object == NULL) {
        return;
    }
    object_pin(object);
    struct statefulset s = {
        .in = in,
        .out = out,
        .owner = { object, "apps/v1", "StatefulSet", ctl_resource(in, "", "pods"), NULL },
        .spec = val_get(object_val(object), "spec"),
        .status = val_get(object_val(object), "status"),
    };
    plan_of(&s);
    object_unpin(object);
}
