/* Nodes, their pods and what is taken, brought up to the cache before each plan.  Loop thread.
 *
 * The snapshot is a memo of the cache, nothing else: an entry whose object is the cached one is
 * right as it stands, everything else is made anew, so plans stay pure functions of the cache. */
#include "config.h" /* IWYU pragma: keep */

#include "scheduler/sched_snap.h"

#include <stdlib.h>

#include "api/object.h"
#include "api/pod_state.h"
#include "base/arena.h"
#include "base/map.h"
#include "base/mem.h"
#include "client/cache.h"

struct sched_snap {
    const struct resource *pod_resource, *node_resource;
    struct map pods;  /* uid → struct sched_pod */
    struct map nodes; /* name → struct sched_node */
    struct sched_node **sorted;
    size_t len;
    uint64_t generation;
    bool is_sorted;
};

struct sched_snap *
sched_snap_new(const struct resource *pods, const struct resource *nodes)
{
    struct sched_snap *snap = MEM_NEW(struct sched_snap);
    snap->pod_resource = pods;
    snap->node_resource = nodes;
    return snap;
}

/* ---- demand ---- */

static struct sched_demand
demand_of_amounts(const struct pod_amounts *amounts)
{
    struct sched_demand demand = { .others = { .arena = amounts->arena } };
    for (size_t i = 0; i < amounts->len; i++) {
        const struct pod_amount *a = &amounts->at[i];
        if (str_is(a->name, "cpu")) {
            demand.cpu_milli = a->value;
        } else if (str_is(a->name, "memory")) {
            demand.memory = a->value;
        } else if (str_is(a->name, "ephemeral-storage")) {
            demand.ephemeral = a->value;
        } else {
            pod_amounts_add(&demand.others, arena_dup(amounts->arena, a->name), a->value);
        }
    }
    return demand;
}

struct sched_demand
sched_snap_demand(struct object *pod, struct arena *arena)
{
    struct pod_amounts amounts = { .arena = arena };
    struct val root = object_val(pod);
    pod_resources_of(root, POD_REQUESTS, &amounts);
    struct sched_demand demand = demand_of_amounts(&amounts);
    pod_resources_scored(root, &demand.scored_cpu_milli, &demand.scored_memory);
    return demand;
}

static void
count(struct sched_node *node, const struct sched_demand *demand, int64_t sign)
{
    node->used.cpu_milli += sign * demand->cpu_milli;
    node->used.memory += sign * demand->memory;
    node->used.ephemeral += sign * demand->ephemeral;
    node->used.scored_cpu_milli += sign * demand->scored_cpu_milli;
    node->used.scored_memory += sign * demand->scored_memory;
    for (size_t i = 0; i < demand->others.len; i++) {
        pod_amounts_add(&node->used.others, demand->others.at[i].name,
                        sign * demand->others.at[i].value);
    }
    node->used_pods += sign;
}

/* ---- pods ---- */

static bool
has_host_ports(struct val spec)
{
    static const char *const holders[] = { "containers", "initContainers" };
    for (size_t i = 0; i < ARRAY_LEN(holders); i++) {
        VAL_EACH (container, val_get(spec, holders[i])) {
            VAL_EACH (port, val_get(container.value, "ports")) {
                if (val_int(val_get(port.value, "hostPort"), 0) > 0) {
                    return true;
                }
            }
        }
    }
    return false;
}

static void
attach(struct sched_pod *pod, struct sched_node *node)
{
    pod->node = node;
    pod->next = node->pods;
    node->pods = pod;
    count(node, &pod->demand, 1);
}

static void
detach(struct sched_pod *pod)
{
    if (pod->node == NULL) {
        return;
    }
    struct sched_pod **at = &pod->node->pods;
    while (*at != pod) {
        at = &(*at)->next;
    }
    *at = pod->next;
    count(pod->node, &pod->demand, -1);
    pod->node = NULL;
}

static void
free_pod(void *p)
{
    struct sched_pod *pod = p;
    detach(pod);
    object_unref(pod->object);
    arena_free(pod->arena);
    mem_free(pod);
}

static struct sched_pod *
new_pod(struct object *object)
{
    struct sched_pod *pod = MEM_NEW(struct sched_pod);
    pod->object = object_ref(object);
    pod->arena = arena_new();
    pod->demand = sched_snap_demand(object, pod->arena);
    pod->has_ports = has_host_ports(val_get(object_val(object), "spec"));
    return pod;
}

static void
forget_pod(struct sched_snap *snap, struct str uid)
{
    struct sched_pod *old = map_del(&snap->pods, uid);
    if (old != NULL) {
        free_pod(old);
    }
}

/* ---- nodes ---- */

static void
read_node(struct sched_node *node)
{
    struct pod_amounts amounts = { .arena = node->arena };
    struct val status = val_get(object_val(node->object), "status");
    struct val total = val_get(status, "allocatable");
    pod_amounts_add_list(&amounts, val_is(total) ? total : val_get(status, "capacity"));
    node->total_pods = pod_amounts_get(&amounts, STR("pods"));
    node->total = demand_of_amounts(&amounts);
}

static void
free_node(void *p)
{
    struct sched_node *node = p;
    while (node->pods != NULL) {
        detach(node->pods);
    }
    object_unref(node->object);
    arena_free(node->arena);
    mem_free(node);
}

static void
see_node(struct sched_snap *snap, struct object *object)
{
    struct sched_node *node = map_get(&snap->nodes, object->name);
    if (node == NULL) {
        node = MEM_NEW(struct sched_node);
        node->arena = arena_new();
        node->used.others.arena = node->arena;
        (void)map_put(&snap->nodes, object->name, node);
        snap->is_sorted = false;
    }
    node->seen = snap->generation;
    if (node->object == object) {
        return;
    }
    object_unref(node->object);
    node->object = object_ref(object);
    object_pin(object);
    read_node(node);
    object_unpin(object);
}

static int
by_name(const void *a, const void *b)
{
    const struct sched_node *x = *(struct sched_node *const *)a,
                            *y = *(struct sched_node *const *)b;
    return str_cmp(x->object->name, y->object->name);
}

static void
sort_nodes(struct sched_snap *snap)
{
    if (snap->is_sorted) {
        return;
    }
    size_t iter = 0;
    void *value;
    struct str name;
    mem_free(snap->sorted);
    snap->sorted = mem_new_array(snap->nodes.len, sizeof(struct sched_node *));
    snap->len = 0;
    while (map_next(&snap->nodes, &iter, &name, &value)) {
        snap->sorted[snap->len++] = value;
    }
    qsort(snap->sorted, snap->len, sizeof(snap->sorted[0]), by_name);
    snap->is_sorted = true;
}

/* ---- updates ---- */

static void
see_pod(struct sched_snap *snap, struct object *object)
{
    struct sched_pod *pod = map_get(&snap->pods, object->uid);
    if (pod != NULL && pod->object == object && pod->node != NULL) {
        pod->seen = snap->generation;
        return;
    }
    object_pin(object);
    struct val root = object_val(object);
    struct str node_name = val_str(val_at(root, "spec.nodeName"));
    struct sched_node *node = node_name.size == 0 ? NULL : map_get(&snap->nodes, node_name);
    forget_pod(snap, object->uid);
    if (node != NULL && !pod_state_is_finished(root)) {
        pod = new_pod(object);
        pod->seen = snap->generation;
        attach(pod, node);
        (void)map_put(&snap->pods, object->uid, pod);
    }
    object_unpin(object);
}

static void
sweep(struct sched_snap *snap)
{
    size_t iter = 0;
    void *value;
    struct str key;
    while (map_next(&snap->pods, &iter, &key, &value)) {
        if (((struct sched_pod *)value)->seen != snap->generation) {
            forget_pod(snap, key);
        }
    }
    iter = 0;
    while (map_next(&snap->nodes, &iter, &key, &value)) {
        if (((struct sched_node *)value)->seen != snap->generation) {
            (void)map_del(&snap->nodes, key);
            free_node(value);
            snap->is_sorted = false;
        }
    }
}

void
sched_snap_update(struct sched_snap *snap, const struct cache *cache)
{
    snap->generation++;
    CACHE_EACH (node, it, cache, snap->node_resource, ((struct str){ 0 })) {
        see_node(snap, node);
    }
    CACHE_EACH (pod, it, cache, snap->pod_resource, ((struct str){ 0 })) {
        see_pod(snap, pod);
    }
    sweep(snap);
    sort_nodes(snap);
}

void
sched_snap_assume(struct sched_snap *snap, struct object *object, struct sched_node *node)
{
    forget_pod(snap, object->uid);
    object_pin(object);
    struct sched_pod *pod = new_pod(object);
    object_unpin(object);
    attach(pod, node);
    (void)map_put(&snap->pods, object->uid, pod); /* seen 0: the next update looks again */
}

size_t
sched_snap_len(const struct sched_snap *snap)
{
    return snap->len;
}

struct sched_node *
sched_snap_at(const struct sched_snap *snap, size_t i)
{
    return snap->sorted[i];
}

struct sched_node *
sched_snap_find(const struct sched_snap *snap, struct str node_name)
{
    return map_get(&snap->nodes, node_name);
}

void
sched_snap_free(struct sched_snap *snap)
{
    if (snap != NULL) {
        map_done(&snap->pods, free_pod);
        map_done(&snap->nodes, free_node);
        mem_free(snap->sorted);
        mem_free(snap);
    }
}
