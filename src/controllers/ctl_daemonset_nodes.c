/* Which nodes a DaemonSet's pods belong on, and what such a pod looks like.  Pure.
 *
 * Follows pkg/controller/daemon/daemon_controller.go and util/daemonset_util.go, release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include <stdlib.h>

#include "api/object.h"
#include "api/pod_fit.h"
#include "api/pod_state.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/mem.h"
#include "client/cache.h"
#include "client/plan.h"
#include "controllers/ctl.h"
#include "controllers/ctl_daemonset_priv.h"

/* ---- tolerations and affinity ---- */

/* AddOrUpdateDaemonPodTolerations */
static const struct {
    const char *key, *effect;
    bool needs_host_network;
} tolerations[] = {
    { "node.kubernetes.io/not-ready", "NoExecute", false },
    { "node.kubernetes.io/unreachable", "NoExecute", false },
    { "node.kubernetes.io/disk-pressure", "NoSchedule", false },
    { "node.kubernetes.io/memory-pressure", "NoSchedule", false },
    { "node.kubernetes.io/pid-pressure", "NoSchedule", false },
    { "node.kubernetes.io/unschedulable", "NoSchedule", false },
    { "node.kubernetes.io/network-unavailable", "NoSchedule", true },
};

/* The same key, effect, operator and value: the own one takes its place. */
static bool
is_own(struct val toleration)
{
    for (size_t i = 0; i < ARRAY_LEN(tolerations); i++) {
        if (val_is_str(val_get(toleration, "key"), tolerations[i].key) &&
            val_is_str(val_get(toleration, "effect"), tolerations[i].effect) &&
            val_is_str(val_get(toleration, "operator"), "Exists") &&
            val_str(val_get(toleration, "value")).size == 0 && !tolerations[i].needs_host_network) {
            return true;
        }
    }
    return false;
}

static void
write_tolerations(struct val template_spec, struct jw *w)
{
    bool has_host_network = val_bool(val_get(template_spec, "hostNetwork"), false);
    jw_arr(w);
    VAL_EACH (it, val_get(template_spec, "tolerations")) {
        if (!is_own(it.value)) {
            jw_val(w, it.value);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(tolerations); i++) {
        if (tolerations[i].needs_host_network && !has_host_network) {
            continue;
        }
        jw_obj(w);
        jw_kvz(w, "key", tolerations[i].key);
        jw_kvz(w, "operator", "Exists");
        jw_kvz(w, "effect", tolerations[i].effect);
        jw_end(w);
    }
    jw_end(w);
}

/* Required terms give way to the one that names the node (ReplaceDaemonSetPodNodeNameNodeAffinity). */
static void
write_node_affinity(struct val old, struct str node, struct jw *w)
{
    jw_obj(w);
    jw_keyz(w, "requiredDuringSchedulingIgnoredDuringExecution");
    jw_obj(w);
    jw_keyz(w, "nodeSelectorTerms");
    jw_arr(w);
    jw_obj(w);
    jw_keyz(w, "matchFields");
    jw_arr(w);
    jw_obj(w);
    jw_kvz(w, "key", "metadata.name");
    jw_kvz(w, "operator", "In");
    jw_keyz(w, "values");
    jw_arr(w);
    jw_str(w, node);
    jw_end(w);
    jw_end(w);
    jw_end(w);
    jw_end(w);
    jw_end(w);
    jw_end(w);
    if (val_is(val_get(old, "preferredDuringSchedulingIgnoredDuringExecution"))) {
        jw_keyz(w, "preferredDuringSchedulingIgnoredDuringExecution");
        jw_val(w, val_get(old, "preferredDuringSchedulingIgnoredDuringExecution"));
    }
    jw_end(w);
}

static void
write_affinity(struct val old, struct str node, struct jw *w)
{
    jw_obj(w);
    jw_keyz(w, "nodeAffinity");
    write_node_affinity(val_get(old, "nodeAffinity"), node, w);
    VAL_EACH (it, old) {
        if (!str_is(it.key, "nodeAffinity")) {
            jw_key(w, it.key);
            jw_val(w, it.value);
        }
    }
    jw_end(w);
}

struct str
ctl_daemonset_nodes_spec(struct val template_spec, struct str node, struct arena *arena)
{
    struct jw w;
    jw_init(&w, arena);
    jw_obj(&w);
    VAL_EACH (it, template_spec) {
        if (!str_is(it.key, "tolerations") && !str_is(it.key, "affinity")) {
            jw_key(&w, it.key);
            jw_val(&w, it.value);
        }
    }
    jw_keyz(&w, "affinity");
    write_affinity(val_get(template_spec, "affinity"), node, &w);
    jw_keyz(&w, "tolerations");
    write_tolerations(template_spec, &w);
    jw_end(&w);
    return jw_done(&w);
}

/* ---- where ---- */

static bool
is_tolerated(struct val taint, bool has_host_network)
{
    for (size_t i = 0; i < ARRAY_LEN(tolerations); i++) {
        if (val_is_str(val_get(taint, "key"), tolerations[i].key) &&
            val_is_str(val_get(taint, "effect"), tolerations[i].effect) &&
            (!tolerations[i].needs_host_network || has_host_network)) {
            return true;
        }
    }
    return false;
}

static bool
has_untolerated(struct val template_spec, struct val taints, const char *effect)
{
    bool has_host_network = val_bool(val_get(template_spec, "hostNetwork"), false);
    VAL_EACH (taint, taints) {
        bool found = !val_is_str(val_get(taint.value, "effect"), effect) ||
                     is_tolerated(taint.value, has_host_network);
        VAL_EACH (it, val_get(template_spec, "tolerations")) {
            found = found || pod_fit_tolerates(it.value, taint.value);
        }
        if (!found) {
            return true;
        }
    }
    return false;
}

void
ctl_daemonset_nodes_decide(struct val template_spec, const struct object *node,
                           bool *ret_should_run, bool *ret_may_stay)
{
    struct str wanted = val_str(val_get(template_spec, "nodeName"));
    struct val taints = val_at(object_val(node), "spec.taints");
    bool fits = (wanted.size == 0 || str_eq(wanted, node->name)) &&
                pod_fit_selects_node(template_spec, node->labels, node->name);
    *ret_may_stay = fits && !has_untolerated(template_spec, taints, "NoExecute");
    *ret_should_run = *ret_may_stay && !has_untolerated(template_spec, taints, "NoSchedule");
}

/* spec.nodeName, else the node that its affinity names (GetTargetNodeName). */
static struct str
target_of(const struct object *pod)
{
    struct val spec = val_get(object_val(pod), "spec");
    struct str node = val_str(val_get(spec, "nodeName"));
    struct val terms = val_at(spec, "affinity.nodeAffinity."
                                    "requiredDuringSchedulingIgnoredDuringExecution."
                                    "nodeSelectorTerms");
    VAL_EACH (term, terms) {
        VAL_EACH (it, val_get(term.value, "matchFields")) {
            bool names_one = val_is_str(val_get(it.value, "key"), "metadata.name") &&
                             val_is_str(val_get(it.value, "operator"), "In") &&
                             val_len(val_get(it.value, "values")) == 1;
            if (node.size == 0 && names_one) {
                node = val_str(val_item(val_get(it.value, "values"), 0));
            }
        }
    }
    return node;
}

/* ---- reading ---- */

static int
by_node(const void *a, const void *b)
{
    const struct daemonset_node *x = a, *y = b;
    return str_cmp(x->name, y->name);
}

static struct daemonset_node *
node_of(struct daemonset *d, struct str name, size_t known)
{
    struct daemonset_node wanted = { .name = name };
    struct daemonset_node *found =
        known == 0 ? NULL : bsearch(&wanted, d->nodes, known, sizeof(wanted), by_node);
    for (size_t i = known; i < d->len && found == NULL; i++) {
        found = str_eq(d->nodes[i].name, name) ? &d->nodes[i] : NULL;
    }
    if (found == NULL) {
        d->nodes[d->len] = wanted;
        found = &d->nodes[d->len++];
    }
    return found;
}

/* podByCreationTimestampAndPhase: those with a node first, then the oldest. */
static int
by_age(const void *a, const void *b)
{
    const struct object *x = *(struct object *const *)a, *y = *(struct object *const *)b;
    struct val p = object_val(x), q = object_val(y);
    bool has_x = val_str(val_at(p, "spec.nodeName")).size > 0;
    bool has_y = val_str(val_at(q, "spec.nodeName")).size > 0;
    if (has_x != has_y) {
        return has_x ? -1 : 1;
    }
    int order = str_cmp(val_str(val_at(p, "metadata.creationTimestamp")),
                        val_str(val_at(q, "metadata.creationTimestamp")));
    return order != 0 ? order : str_cmp(x->name, y->name);
}

static void
place_pods(struct daemonset *d, size_t known)
{
    for (size_t i = 0; i < d->pods.len; i++) {
        struct object *pod = d->pods.at[i];
        if (pod->deleted_at_ms != 0 && pod_state_is_finished(object_val(pod))) {
            continue;
        }
        struct daemonset_node *node = node_of(d, target_of(pod), known);
        if (node->pods == NULL) {
            node->pods = arena_array(d->in->arena, d->pods.len, sizeof(struct object *));
        }
        node->pods[node->len++] = pod;
    }
    for (size_t i = 0; i < d->len; i++) {
        if (d->nodes[i].len > 1) {
            qsort(d->nodes[i].pods, d->nodes[i].len, sizeof(struct object *), by_age);
        }
    }
}

/* A number or a part of the desired pods, rounded up. */
static int64_t
resolve(struct val v, int64_t desired)
{
    int64_t percent;
    struct str text = val_str(v);
    if (text.size == 0) {
        return val_int(v, 0);
    }
    text.size -= text.at[text.size - 1] == '%' ? 1 : 0;
    return str_to_int(text, &percent) ? (desired * percent + 99) / 100 : 0;
}

void
ctl_daemonset_nodes_read(struct daemonset *d)
{
    const struct resource *nodes = ctl_resource(d->in, "", "nodes");
    size_t most = cache_len(d->in->cache, nodes) + d->pods.len + 1;
    struct val strategy = val_get(d->spec, "updateStrategy");
    struct val rolling = val_get(strategy, "rollingUpdate");
    d->nodes = arena_array(d->in->arena, most, sizeof(d->nodes[0]));
    CACHE_EACH (object, it, d->in->cache, nodes, (struct str){ 0 }) {
        struct daemonset_node *node = &d->nodes[d->len++];
        object_pin(object);
        *node = (struct daemonset_node){ .object = object, .name = object->name };
        ctl_daemonset_nodes_decide(val_at(d->spec, "template.spec"), object, &node->should_run,
                                   &node->may_stay);
        d->desired += node->should_run ? 1 : 0;
    }
    size_t known = d->len;
    qsort(d->nodes, known, sizeof(d->nodes[0]), by_node);
    place_pods(d, known);
    d->is_rolling = val_is_str(val_get(strategy, "type"), "RollingUpdate");
    if (d->is_rolling) {
        d->max_surge = resolve(val_get(rolling, "maxSurge"), d->desired);
        d->max_unavailable = resolve(val_get(rolling, "maxUnavailable"), d->desired);
        d->max_unavailable = d->max_surge == 0 && d->max_unavailable == 0 ? 1 : d->max_unavailable;
    }
}

void
ctl_daemonset_nodes_done(struct daemonset *d)
{
    for (size_t i = 0; i < d->len; i++) {
        if (d->nodes[i].object != NULL) {
            object_unpin(d->nodes[i].object);
        }
    }
}

/* ---- a pod's state ---- */

bool
ctl_daemonset_nodes_is_updated(const struct daemonset *d, const struct object *pod)
{
    struct str hash = labels_get(pod->labels, STR(DAEMONSET_HASH));
    struct str generation = labels_get(pod->labels, STR(DAEMONSET_GENERATION));
    struct val notes = val_at(object_val(d->owner.object), "metadata.annotations");
    struct str now = val_str(val_member(notes, STR(DAEMONSET_GENERATION_NOTE)));
    return (hash.size > 0 && str_eq(hash, d->revisions.hash)) ||
           (now.size > 0 && str_eq(generation, now));
}

bool
ctl_daemonset_nodes_is_available(struct daemonset *d, const struct object *pod)
{
    struct val root = object_val(pod);
    int64_t min_ready_s = val_int(val_get(d->spec, "minReadySeconds"), 0);
    if (pod_state_is_available(root, min_ready_s, d->in->now_ms)) {
        return true;
    }
    if (pod_state_is_ready(root)) {
        int64_t at = pod_state_ready_since_ms(root) + min_ready_s * 1000;
        d->again_at_ms = d->again_at_ms == 0 || at < d->again_at_ms ? at : d->again_at_ms;
    }
    return false;
}
