/* Pods that nobody will end: those of nodes that are gone, and finished ones beyond what is kept.  Run by
 * src/client/reconcile, loop thread.
 *
 * Follows pkg/controller/podgc/gc_controller.go, release 1.35. A node that is gone may come back under
 * its name: its pods wait 40 s. When it went is a memo that the keys keep, as the cache cannot know it. */
#include "config.h" /* IWYU pragma: keep */

#include "controllers/ctl_podgc.h"

#include <stdlib.h>

#include "api/object.h"
#include "api/pod_state.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "client/cache.h"
#include "controllers/ctl.h"

enum {
    QUARANTINE_MS = 40000,
    KEPT_MAX = 12500, /* terminated-pod-gc-threshold */
    BATCH = 500,
    POD_NODE_SLOT = 1,
    POD_PHASE_SLOT = 2,
};
/* The key that stands for all finished pods; no pod has it, as it has no namespace. */
#define FINISHED "finished"

/* ---- the memo ---- */

struct ctl_gone {
    struct map nodes; /* name → when, ms, as an owned int64_t */
};

struct ctl_gone *
ctl_gone_new(void)
{
    return MEM_NEW(struct ctl_gone);
}

void
ctl_gone_free(struct ctl_gone *gone)
{
    if (gone != NULL) {
        map_done(&gone->nodes, mem_free);
        mem_free(gone);
    }
}

static void
note_node(struct ctl_gone *gone, struct str name, bool is_gone)
{
    mem_free(map_del(&gone->nodes, name));
    if (is_gone) {
        int64_t *at = MEM_NEW(int64_t);
        *at = clock_wall_ms();
        (void)map_put(&gone->nodes, name, at);
    }
}

static int64_t
gone_ms(const struct ctl_env *env, struct str name)
{
    const int64_t *at = env->gone == NULL ? NULL : map_get(&env->gone->nodes, name);
    return at == NULL ? env->started_ms : *at;
}

/* ---- keys ---- */

static void
keys_of_node(const struct keys_in *in, const struct object *old, const struct object *now,
             keys_add_fn *add, void *ctx)
{
    const struct ctl_env *env = in->env->part;
    const struct object *node = now == NULL ? old : now;
    if (old != NULL && now != NULL) {
        return;
    }
    note_node(env->gone, node->name, now == NULL);
    AUTO_ARENA struct arena *arena = arena_new();
    size_t len;
    struct object **pods = cache_indexed(in->cache, ctl_env_resource(in->env, "", "pods"),
                                         POD_NODE_SLOT, node->name, arena, &len);
    for (size_t i = 0; i < len && now == NULL; i++) {
        add(ctx, pods[i]->ns, pods[i]->name);
    }
}

static void
keys_of_pod(const struct keys_in *in, const struct object *old, const struct object *now,
            keys_add_fn *add, void *ctx)
{
    (void)in;
    const struct object *pod = now == NULL ? old : now;
    add(ctx, pod->ns, pod->name);
    if (now == NULL) {
        return;
    }
    object_pin(now);
    if (pod_state_is_finished(object_val(now))) {
        add(ctx, (struct str){ 0 }, STR(FINISHED));
    }
    object_unpin(now);
}

static const struct watch_spec watches[] = {
    { .group = "", .version = "v1", .plural = "nodes", .keys = keys_of_node },
    { .group = "", .version = "v1", .plural = "pods", .keys = keys_of_pod },
    { .plural = NULL },
};

/* ---- one pod ---- */

static void
write_condition(struct jw *w, int64_t now_ms)
{
    char now[CLOCK_TEXT_SIZE];
    jw_obj(w);
    jw_kvz(w, "type", "DisruptionTarget");
    jw_kvz(w, "status", "True");
    jw_keyz(w, "lastProbeTime");
    jw_null(w);
    jw_keyz(w, "lastTransitionTime");
    jw_str(w, clock_text(now_ms, now));
    jw_kvz(w, "reason", "DeletionByPodGC");
    jw_kvz(w, "message", "PodGC: node no longer exists");
    jw_end(w);
}

/* Failed first: no agent is left to say how it ended, and Jobs count it. */
static void
end_pod(const struct plan_in *in, struct object *pod, bool is_orphan, struct plan *out)
{
    struct val root = object_val(pod);
    if (!pod_state_is_finished(root)) {
        struct jw w;
        jw_init(&w, out->arena);
        jw_obj(&w);
        jw_keyz(&w, "status");
        jw_obj(&w);
        jw_kvz(&w, "phase", "Failed");
        if (is_orphan) {
            jw_keyz(&w, "conditions");
            jw_arr(&w);
            VAL_EACH (it, val_at(root, "status.conditions")) {
                if (!val_is_str(val_get(it.value, "type"), "DisruptionTarget")) {
                    jw_val(&w, it.value);
                }
            }
            write_condition(&w, in->now_ms);
            jw_end(&w);
        }
        jw_end(&w);
        jw_end(&w);
        plan_write(out, PLAN_PATCH_STATUS, pod, jw_done(&w), PRE_REV);
        plan_group(out, 0);
    }
    plan_write(out, PLAN_DELETE, pod, STR("{\"gracePeriodSeconds\":0}"), PRE_UID);
}

static void
plan_pod(const struct plan_in *in, struct object *pod, struct plan *out)
{
    struct val root = object_val(pod);
    struct str name = val_str(val_at(root, "spec.nodeName"));
    bool is_marked = pod->deleted_at_ms != 0;
    if (name.size == 0) {
        /* Never scheduled, and on its way out: nobody is there to let it go. */
        if (is_marked && val_int(val_at(root, "metadata.deletionGracePeriodSeconds"), 0) != 0) {
            end_pod(in, pod, false, out);
        }
        return;
    }
    if (cache_get(in->cache, ctl_resource(in, "", "nodes"), (struct str){ 0 }, name) != NULL) {
        return;
    }
    bool is_ended =
        is_marked && val_int(val_at(root, "metadata.deletionGracePeriodSeconds"), 0) == 0;
    int64_t due_ms = gone_ms(in->env->part, name) + QUARANTINE_MS;
    if (due_ms > in->now_ms) {
        plan_again(out, due_ms);
    } else if (!is_ended) { /* else only its finalizers hold it */
        end_pod(in, pod, true, out);
    }
}

/* ---- all finished ones ---- */

struct finished {
    struct object *pod;
    bool was_evicted;
    struct str created;
};

static int
first_to_go(const void *a, const void *b)
{
    const struct finished *x = a, *y = b;
    if (x->was_evicted != y->was_evicted) {
        return x->was_evicted ? -1 : 1;
    }
    int order = str_cmp(x->created, y->created);
    return order != 0 ? order : str_cmp(x->pod->name, y->pod->name);
}

static void
plan_finished(const struct plan_in *in, struct plan *out)
{
    const struct resource *row = ctl_resource(in, "", "pods");
    struct object *none;
    size_t count = cache_by_index(in->cache, row, POD_PHASE_SLOT, STR("Succeeded"), &none, 0) +
                   cache_by_index(in->cache, row, POD_PHASE_SLOT, STR("Failed"), &none, 0);
    if (count <= KEPT_MAX) {
        return;
    }
    static const char *const phases[] = { "Succeeded", "Failed" };
    struct finished *all = arena_array(in->arena, count, sizeof(all[0]));
    size_t len = 0;
    for (size_t p = 0; p < ARRAY_LEN(phases); p++) {
        size_t found;
        struct object **pods =
            cache_indexed(in->cache, row, POD_PHASE_SLOT, str_of(phases[p]), in->arena, &found);
        for (size_t i = 0; i < found && len < count; i++) {
            object_pin(pods[i]);
            struct val root = object_val(pods[i]);
            struct str created = val_str(val_at(root, "metadata.creationTimestamp"));
            bool was_evicted = val_is_str(val_at(root, "status.reason"), "Evicted");
            all[len++] = (struct finished){ pods[i], was_evicted, arena_dup(in->arena, created) };
            object_unpin(pods[i]);
        }
    }
    qsort(all, len, sizeof(all[0]), first_to_go);
    size_t surplus = len > KEPT_MAX ? len - KEPT_MAX : 0;
    for (size_t i = 0; i < surplus && i < BATCH; i++) {
        plan_write(out, PLAN_DELETE, all[i].pod, STR("{\"gracePeriodSeconds\":0}"), PRE_UID);
    }
    if (surplus > BATCH) {
        plan_again(out, in->now_ms);
    }
}

static void
plan(const struct plan_in *in, struct plan *out)
{
    if (in->ns.size == 0) {
        plan_finished(in, out);
        return;
    }
    struct object *pod = cache_get(in->cache, ctl_resource(in, "", "pods"), in->ns, in->name);
    if (pod != NULL) {
        object_pin(pod);
        plan_pod(in, pod, out);
        object_unpin(pod);
    }
}

const struct reconciler ctl_pod_gc = {
    .name = "pod-garbage-collector-controller",
    .user = "system:serviceaccount:kube-system:pod-garbage-collector",
    .watches = watches,
    .plan = plan,
};
