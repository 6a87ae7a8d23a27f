/* The DaemonSet controller: a pod on every node that fits.  Run by src/client/reconcile, loop thread.
 *
 * Follows pkg/controller/daemon/daemon_controller.go, release 1.35. A plan that makes or deletes
 * pods to have one on each node does not roll on: the changed pods bring the next plan. */
#include "config.h" /* IWYU pragma: keep */

#include "controllers/ctl_daemonset.h"

#include "api/object.h"
#include "api/pod_state.h"
#include "api/registry.h"
#include "api/selector.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "client/cache.h"
#include "controllers/ctl.h"
#include "controllers/ctl_daemonset_priv.h"

enum {
    BURST = 250,               /* creations, and deletions, of one plan */
    FAILED_WAIT_MS = 60 * 1000 /* between a failed pod and the next deletion of one there */
};

static void
keys_of_owned(const struct keys_in *in, const struct object *old, const struct object *now,
              keys_add_fn *add, void *ctx)
{
    static const struct ctl_owner_kind owner = { "apps", "daemonsets", "DaemonSet" };
    ctl_keys_of_owned(in, &owner, old, now, add, ctx);
}

static bool
is_same_for_pods(const struct object *a, const struct object *b)
{
    object_pin(a);
    object_pin(b);
    struct val x = object_val(a), y = object_val(b);
    bool is_same = val_eq(val_at(x, "metadata.labels"), val_at(y, "metadata.labels")) &&
                   val_eq(val_get(x, "spec"), val_get(y, "spec"));
    object_unpin(b);
    object_unpin(a);
    return is_same;
}

/* A node that came, went or changed what pods ask for: every DaemonSet. */
static void
keys_of_node(const struct keys_in *in, const struct object *old, const struct object *now,
             keys_add_fn *add, void *ctx)
{
    if (old != NULL && now != NULL && is_same_for_pods(old, now)) {
        return;
    }
    const struct resource *sets = ctl_env_resource(in->env, "apps", "daemonsets");
    CACHE_EACH (set, it, in->cache, sets, (struct str){ 0 }) {
        add(ctx, set->ns, set->name);
    }
}

static const struct watch_spec watches[] = {
    { .group = "apps", .version = "v1", .plural = "daemonsets" },
    { .group = "apps", .version = "v1", .plural = "controllerrevisions", .keys = keys_of_owned },
    { .group = "", .version = "v1", .plural = "pods", .keys = keys_of_owned },
    { .group = "", .version = "v1", .plural = "nodes", .keys = keys_of_node },
    { .plural = NULL },
};
const struct reconciler ctl_daemonset = {
    .name = "daemonset-controller",
    .user = "system:serviceaccount:kube-system:daemon-set-controller",
    .watches = watches,
    .plan = ctl_daemonset_plan,
};

/* ---- pods ---- */

static void
write_labels(void *ctx, struct jw *out)
{
    const struct daemonset *d = ctx;
    struct val notes = val_at(object_val(d->owner.object), "metadata.annotations");
    struct val generation = val_member(notes, STR(DAEMONSET_GENERATION_NOTE));
    jw_kv(out, DAEMONSET_HASH, d->revisions.hash);
    if (val_is(generation)) {
        jw_kv(out, DAEMONSET_GENERATION, val_str(generation));
    }
}

void
ctl_daemonset_make(struct daemonset *d, const struct daemonset_node *node)
{
    struct val template = val_get(d->spec, "template");
    if (d->made >= BURST) {
        return;
    }
    struct ctl_pods_new pod = {
        .owner = &d->owner,
        .template = template,
        .name = ctl_pods_name(d->in, d->owner.object->name, d->made++),
        .spec = ctl_daemonset_nodes_spec(val_get(template, "spec"), node->name, d->in->arena),
        .labels = write_labels,
        .ctx = d,
    };
    plan_create(d->out, d->owner.pods, d->owner.object->ns, pod.name,
                ctl_pods_body(&pod, d->out->arena));
    plan_event_after(d->out, d->owner.object, EVENT_NORMAL, "SuccessfulCreate", NULL,
                     "Created pod: " STR_FMT, STR_ARG(pod.name));
    d->was_changed = true;
}

void
ctl_daemonset_delete(struct daemonset *d, struct object *pod)
{
    if (d->deleted >= BURST) {
        return;
    }
    d->deleted++;
    plan_write(d->out, PLAN_DELETE, pod, (struct str){ 0 }, PRE_UID);
    plan_event_after(d->out, d->owner.object, EVENT_NORMAL, "SuccessfulDelete", NULL,
                     "Deleted pod: " STR_FMT, STR_ARG(pod->name));
    d->was_changed = true;
}

/* ---- one on each node ---- */

static int64_t
time_of(struct val v)
{
    int64_t us;
    return clock_parse(val_str(v), &us) < 0 ? 0 : us / 1000;
}

/* Upstream's backoff of failed pods, with the pod's own age in place of a table: a pod that fails
 * right after its creation (the kubelet refuses it) is not replaced at once. */
static void
drop_failed(struct daemonset *d, const struct daemonset_node *node, struct object *pod)
{
    int64_t at = time_of(val_at(object_val(pod), "metadata.creationTimestamp")) + FAILED_WAIT_MS;
    bool has_begun = val_is(val_at(object_val(pod), "status.containerStatuses"));
    if (!has_begun && at > d->in->now_ms) {
        plan_again(d->out, at);
        return;
    }
    plan_event(d->out, d->owner.object, EVENT_WARNING, "FailedDaemonPod", NULL,
               "Found failed daemon pod " STR_FMT "/" STR_FMT " on node " STR_FMT
               ", will try to kill it",
               STR_ARG(pod->ns), STR_ARG(pod->name), STR_ARG(node->name));
    ctl_daemonset_delete(d, pod);
}

/* Finished pods go; the others are returned, the oldest first. */
static size_t
running_on(struct daemonset *d, const struct daemonset_node *node, struct object **running)
{
    size_t len = 0;
    for (size_t i = 0; i < node->len; i++) {
        struct object *pod = node->pods[i];
        struct str phase = val_str(val_at(object_val(pod), "status.phase"));
        if (pod->deleted_at_ms != 0) {
            continue;
        }
        if (str_is(phase, "Failed")) {
            drop_failed(d, node, pod);
        } else if (str_is(phase, "Succeeded")) {
            plan_event(d->out, d->owner.object, EVENT_NORMAL, "SucceededDaemonPod", NULL,
                       "Found succeeded daemon pod " STR_FMT "/" STR_FMT " on node " STR_FMT
                       ", will try to delete it",
                       STR_ARG(pod->ns), STR_ARG(pod->name), STR_ARG(node->name));
            ctl_daemonset_delete(d, pod);
        } else {
            running[len++] = pod;
        }
    }
    return len;
}

/* With a surge two may stand side by side: an old one that is ready, and a new one that is not yet
 * available. */
static void
thin_out_surge(struct daemonset *d, struct object **running, size_t len)
{
    struct object *now = NULL, *old = NULL;
    for (size_t i = 0; i < len; i++) {
        bool is_new =
            str_eq(labels_get(running[i]->labels, STR(DAEMONSET_HASH)), d->revisions.hash);
        struct object **place = is_new ? &now : &old;
        if (*place == NULL) {
            *place = running[i];
        } else {
            ctl_daemonset_delete(d, running[i]);
        }
    }
    if (now != NULL && old != NULL &&
        (!pod_state_is_ready(object_val(old)) || ctl_daemonset_nodes_is_available(d, now))) {
        ctl_daemonset_delete(d, old);
    }
}

static void
manage_node(struct daemonset *d, const struct daemonset_node *node)
{
    if (node->should_run && node->len == 0) {
        ctl_daemonset_make(d, node);
    } else if (node->may_stay) {
        struct object **running = arena_array(d->in->arena, node->len + 1, sizeof(struct object *));
        size_t len = running_on(d, node, running);
        if (d->max_surge > 0 && len > 1) {
            thin_out_surge(d, running, len);
        } else if (d->max_surge > 0 && len == 0 && node->should_run) {
            ctl_daemonset_make(d, node);
        }
        for (size_t i = 1; i < len && d->max_surge == 0; i++) {
            ctl_daemonset_delete(d, running[i]);
        }
    } else if (node->object != NULL || node->len > 0) {
        for (size_t i = 0; i < node->len; i++) {
            bool has_node = val_str(val_at(object_val(node->pods[i]), "spec.nodeName")).size > 0;
            /* Pods on a node that is gone are the pod collector's. */
            if (node->pods[i]->deleted_at_ms == 0 && (node->object != NULL || !has_node)) {
                ctl_daemonset_delete(d, node->pods[i]);
            }
        }
    }
}

/* ---- status ---- */

struct counts {
    int64_t current, misscheduled, ready, updated, available;
};

static struct counts
count(struct daemonset *d)
{
    struct counts c = { 0 };
    for (size_t i = 0; i < d->len; i++) {
        const struct daemonset_node *node = &d->nodes[i];
        if (node->object == NULL || node->len == 0) {
            continue;
        }
        if (!node->should_run) {
            c.misscheduled++;
            continue;
        }
        c.current++;
        if (pod_state_is_ready(object_val(node->pods[0]))) {
            c.ready++;
            c.available += ctl_daemonset_nodes_is_available(d, node->pods[0]) ? 1 : 0;
        }
        c.updated += ctl_daemonset_nodes_is_updated(d, node->pods[0]) ? 1 : 0;
    }
    return c;
}

static void
write_some(struct jw *w, const char *member, int64_t value)
{
    if (value != 0) {
        jw_kint(w, member, value);
    }
}

static void
write_status(struct daemonset *d)
{
    struct counts c = count(d);
    struct object *object = d->owner.object;
    struct val conditions = val_at(object_val(object), "status.conditions");
    struct jw w;
    jw_init(&w, d->in->arena);
    jw_obj(&w);
    jw_kint(&w, "currentNumberScheduled", c.current);
    jw_kint(&w, "numberMisscheduled", c.misscheduled);
    jw_kint(&w, "desiredNumberScheduled", d->desired);
    jw_kint(&w, "numberReady", c.ready);
    jw_kint(&w, "observedGeneration", object->generation);
    write_some(&w, "updatedNumberScheduled", c.updated);
    write_some(&w, "numberAvailable", c.available);
    write_some(&w, "numberUnavailable", d->desired - c.available);
    write_some(&w, "collisionCount", d->revisions.collisions);
    if (val_is(conditions)) {
        jw_keyz(&w, "conditions");
        jw_val(&w, conditions);
    }
    jw_end(&w);
    plan_group(d->out, GROUP_ALWAYS);
    ctl_status(d->in, object, jw_done(&w), d->out);
}

/* ---- the plan ---- */

static bool
is_live(const void *ctx, const struct object *revision)
{
    const struct daemonset *d = ctx;
    struct str hash = labels_get(revision->labels, STR(DAEMONSET_HASH));
    for (size_t i = 0; i < d->pods.len; i++) {
        if (str_eq(labels_get(d->pods.at[i]->labels, STR(DAEMONSET_HASH)), hash)) {
            return true;
        }
    }
    return false;
}

static void
sync(struct daemonset *d)
{
    plan_group(d->out, 0);
    ctl_revisions_write(&d->revisions);
    plan_group(d->out, 0);
    for (size_t i = 0; i < d->len; i++) {
        manage_node(d, &d->nodes[i]);
    }
    if (!d->was_changed && d->is_rolling) {
        ctl_daemonset_roll(d);
    }
    ctl_revisions_cleanup(&d->revisions, is_live, d);
}

static void
plan_of(struct daemonset *d)
{
    AUTO_ERR struct err *err = NULL;
    struct selector *selector;
    struct object *object = d->owner.object;
    struct val text = val_get(d->spec, "selector");
    if (val_len(val_get(text, "matchLabels")) + val_len(val_get(text, "matchExpressions")) == 0) {
        plan_event(d->out, object, EVENT_WARNING, "SelectingAll", NULL,
                   "This daemon set is selecting all pods. A non-empty selector is required.");
        return;
    }
    if (selector_from_object(d->in->arena, text, &selector, &err) < 0) {
        return;
    }
    d->pods = ctl_pods_claim(d->in, &d->owner, selector, d->out);
    d->revisions = (struct ctl_revisions){
        .in = d->in, .out = d->out, .owner = &d->owner, .hash_label = DAEMONSET_HASH
    };
    ctl_revisions_read(&d->revisions, selector);
    ctl_daemonset_nodes_read(d);
    ctl_pods_tell_failures(d->in, &d->owner, d->out);
    if (object->deleted_at_ms == 0) {
        sync(d);
    }
    write_status(d);
    if (d->again_at_ms != 0) {
        plan_again(d->out, d->again_at_ms);
    }
    ctl_daemonset_nodes_done(d);
    ctl_revisions_done(&d->revisions);
    ctl_pods_done(&d->pods);
}

void
ctl_daemonset_plan(const struct plan_in *in, struct plan *out)
{
    struct object *object =
        cache_get(in->cache, ctl_resource(in, "apps", "daemonsets"), in->ns, in->name);
    if (object == NULL) {
        return;
    }
    object_pin(object);
    struct daemonset d = {
        .in = in,
        .out = out,
        .owner = { object, "apps/v1", "DaemonSet", ctl_resource(in, "", "pods"), NULL },
        .spec = val_get(object_val(object), "spec"),
    };
    plan_of(&d);
    object_unpin(object);
}
