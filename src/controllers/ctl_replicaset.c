/* The ReplicaSet controller: a plan per ReplicaSet.  Run by src/client/reconcile, loop thread.
 *
 * Follows pkg/controller/replicaset/replica_set.go and replica_set_utils.go, release 1.35. Names of
 * new pods are chosen by the plan, so that the event of a creation can name its pod. */
#include "config.h" /* IWYU pragma: keep */

#include "controllers/ctl_replicaset.h"

#include "api/object.h"
#include "api/pod_state.h"
#include "api/registry.h"
#include "api/selector.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "client/cache.h"
#include "controllers/ctl.h"
#include "controllers/ctl_pods.h"

struct counts {
    int64_t replicas, labelled, ready, available, terminating;
    int64_t again_at_ms; /* when the next pod becomes available, 0: none will by time */
};

static void
keys_of_pod(const struct keys_in *in, const struct object *old, const struct object *now,
            keys_add_fn *add, void *ctx)
{
    static const struct ctl_owner_kind owner = { "apps", "replicasets", "ReplicaSet" };
    ctl_keys_of_owned(in, &owner, old, now, add, ctx);
}

static const struct watch_spec watches[] = {
    { .group = "apps", .version = "v1", .plural = "replicasets" },
    { .group = "", .version = "v1", .plural = "pods", .keys = keys_of_pod },
    { .plural = NULL },
};
const struct reconciler ctl_replicaset = {
    .name = "replicaset-controller",
    .user = "system:serviceaccount:kube-system:replicaset-controller",
    .watches = watches,
    .plan = ctl_replicaset_plan,
};

/* ---- pods ---- */

static bool
labels_cover(struct val template_labels, struct labels labels)
{
    VAL_EACH (it, template_labels) {
        struct str have = labels_get(labels, it.key);
        if (have.at == NULL || !str_eq(have, val_str(it.value))) {
            return false;
        }
    }
    return true;
}

static struct counts
count(const struct plan_in *in, struct val spec, const struct ctl_pods *pods)
{
    struct counts c = { 0 };
    int64_t min_ready_s = val_int(val_get(spec, "minReadySeconds"), 0);
    struct val labels = val_at(spec, "template.metadata.labels");
    for (size_t i = 0; i < pods->len; i++) {
        struct val pod = object_val(pods->at[i]);
        c.terminating += pods->at[i]->deleted_at_ms != 0 && !pod_state_is_finished(pod) ? 1 : 0;
        if (!ctl_pods_is_active(pods->at[i])) {
            continue;
        }
        c.replicas++;
        c.labelled += labels_cover(labels, pods->at[i]->labels) ? 1 : 0;
        c.ready += pod_state_is_ready(pod) ? 1 : 0;
        if (pod_state_is_available(pod, min_ready_s, in->now_ms)) {
            c.available++;
        } else if (pod_state_is_ready(pod)) {
            int64_t at = pod_state_ready_since_ms(pod) + min_ready_s * 1000;
            c.again_at_ms = c.again_at_ms == 0 || at < c.again_at_ms ? at : c.again_at_ms;
        }
    }
    return c;
}

static void
create_pods(const struct plan_in *in, const struct ctl_owner *owner, size_t wanted,
            struct plan *out)
{
    struct ctl_pods_new spec = {
        .owner = owner,
        .template = val_at(object_val(owner->object), "spec.template"),
    };
    for (size_t i = 0; i < wanted && i < CTL_PODS_BURST; i++) {
        spec.name = ctl_pods_name(in, owner->object->name, i);
        plan_create(out, owner->pods, owner->object->ns, spec.name,
                    ctl_pods_body(&spec, out->arena));
        plan_event_after(out, owner->object, EVENT_NORMAL, "SuccessfulCreate", NULL,
                         "Created pod: " STR_FMT, STR_ARG(spec.name));
    }
}

static void
delete_pods(const struct plan_in *in, const struct ctl_owner *owner, struct ctl_pods *active,
            size_t too_many, struct plan *out)
{
    ctl_pods_sort_for_deletion(active, active, in->arena);
    for (size_t i = 0; i < too_many && i < CTL_PODS_BURST; i++) {
        plan_write(out, PLAN_DELETE, active->at[i], (struct str){ 0 }, PRE_UID);
        plan_event_after(out, owner->object, EVENT_NORMAL, "SuccessfulDelete", NULL,
                         "Deleted pod: " STR_FMT, STR_ARG(active->at[i]->name));
    }
}

static void
scale(const struct plan_in *in, const struct ctl_owner *owner, const struct ctl_pods *pods,
      struct plan *out)
{
    struct ctl_pods active = { arena_array(in->arena, pods->len + 1, sizeof(struct object *)), 0 };
    for (size_t i = 0; i < pods->len; i++) {
        if (ctl_pods_is_active(pods->at[i])) {
            active.at[active.len++] = pods->at[i];
        }
    }
    int64_t wanted = val_int(val_at(object_val(owner->object), "spec.replicas"), 1);
    int64_t have = (int64_t)active.len;
    if (have < wanted) {
        create_pods(in, owner, (size_t)(wanted - have), out);
    } else if (have > wanted) {
        delete_pods(in, owner, &active, (size_t)(have - wanted), out);
    }
}

/* ---- status ---- */

/* The write that failed last time, if any: it becomes the condition ReplicaFailure. */
static const struct plan_result *
failure_of(const struct plan_in *in)
{
    for (size_t i = 0; i < in->last_len; i++) {
        const struct plan_result *r = &in->last[i];
        bool is_ours = r->verb == PLAN_CREATE || r->verb == PLAN_DELETE;
        if (is_ours && r->err != NULL && r->err->code != ERR_CONFLICT &&
            r->err->code != ERR_NOT_FOUND) {
            return r;
        }
    }
    return NULL;
}

static void
write_conditions(const struct plan_in *in, struct val old, struct jw *w)
{
    const struct plan_result *failure = failure_of(in);
    struct val before = ctl_condition(old, "ReplicaFailure");
    bool has_others = val_len(old) > (val_is(before) ? 1U : 0U);
    if (failure == NULL && !has_others) {
        return;
    }
    jw_keyz(w, "conditions");
    jw_arr(w);
    VAL_EACH (it, old) {
        if (!val_is_str(val_get(it.value, "type"), "ReplicaFailure")) {
            jw_val(w, it.value);
        }
    }
    if (failure != NULL) {
        struct ctl_condition c = {
            .type = "ReplicaFailure",
            .status = "True",
            .reason = failure->verb == PLAN_CREATE ? "FailedCreate" : "FailedDelete",
            .message = str_of(failure->err->message),
        };
        ctl_condition_write(&c, before, in->now_ms, w);
    }
    jw_end(w);
}

static struct str
status_of(const struct plan_in *in, const struct object *rs, const struct counts *c)
{
    struct jw w;
    jw_init(&w, in->arena);
    jw_obj(&w);
    jw_keyz(&w, "replicas");
    jw_int(&w, c->replicas);
    if (c->labelled > 0) {
        jw_kint(&w, "fullyLabeledReplicas", c->labelled);
    }
    if (c->ready > 0) {
        jw_kint(&w, "readyReplicas", c->ready);
    }
    if (c->available > 0) {
        jw_kint(&w, "availableReplicas", c->available);
    }
    jw_kint(&w, "terminatingReplicas", c->terminating);
    jw_kint(&w, "observedGeneration", rs->generation);
    write_conditions(in, val_at(object_val(rs), "status.conditions"), &w);
    jw_end(&w);
    return jw_done(&w);
}

void
ctl_replicaset_plan(const struct plan_in *in, struct plan *out)
{
    const struct resource *sets = ctl_resource(in, "apps", "replicasets");
    struct object *rs = cache_get(in->cache, sets, in->ns, in->name);
    AUTO_ERR struct err *err = NULL;
    struct selector *selector;
    if (rs == NULL) {
        return;
    }
    object_pin(rs);
    struct val spec = val_get(object_val(rs), "spec");
    if (selector_from_object(in->arena, val_get(spec, "selector"), &selector, &err) == 0) {
        struct ctl_owner owner = { rs, "apps/v1", "ReplicaSet", ctl_resource(in, "", "pods"),
                                   NULL };
        struct ctl_pods pods = ctl_pods_claim(in, &owner, selector, out);
        ctl_pods_tell_failures(in, &owner, out);
        plan_group(out, 0);
        if (rs->deleted_at_ms == 0) {
            scale(in, &owner, &pods, out);
        }
        struct counts c = count(in, spec, &pods);
        plan_group(out, GROUP_ALWAYS);
        ctl_status(in, rs, status_of(in, rs, &c), out);
        if (c.again_at_ms != 0) {
            plan_again(out, c.again_at_ms);
        }
        ctl_pods_done(&pods);
    }
    object_unpin(rs);
}
