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
    uint64_t generation; /* of updates */
    uint64_t version;    /* changes when a pod may fit that did not: nodes, and pods that went */
    bool is_sorted;
};

struct sched_snap *
sched_snap_new(const struct resource *pods, const struct resource *nodes)
{
    struct sched_snap *snap = MEM_NEW(struct sched_snap);
    snap->pod_resource = pods;
    snap->node_resource = nodes;
    snap->version = 1;
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
    return pod;
}

/* The object is pinned. */
static void
place(struct sched_pod *pod, struct sched_node *node)
{
    pod->arena = arena_new();
    pod->demand = sched_snap_demand(pod->object, pod->arena);
    pod->has_ports = has_host_ports(val_get(object_val(pod->object), "spec"));
    attach(pod, node);
}

/* Does this scheduler look for a node for it? */
static bool
is_ours(struct val pod)
{
    struct val spec = val_get(pod, "spec");
    struct str scheduler = val_str(val_get(spec, "schedulerName"));
    return (scheduler.size == 0 || str_is(scheduler, "default-scheduler")) &&
           val_len(val_get(spec, "schedulingGates")) == 0 && !pod_state_is_deleting(pod);
}

static void
await(struct sched_pod *pod, struct val root)
{
    pod->is_waiting = is_ours(root);
    pod->priority = val_int(val_at(root, "spec.priority"), 0);
    pod->created = val_str(val_at(root, "metadata.creationTimestamp"));
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
    snap->version++;
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

/* Takes the pod's old entry away; what it had is free again. */
static void
forget_pod(struct sched_snap *snap, struct str uid)
{
    struct sched_pod *old = map_del(&snap->pods, uid);
    if (old != NULL) {
        snap->version += old->node != NULL && !old->is_assumed ? 1 : 0;
        free_pod(old);
    }
}

/* The entry of a pod as the cache has it. */
static struct sched_pod *
read_pod(const struct sched_snap *snap, struct object *object)
{
    struct sched_pod *pod = new_pod(object);
    object_pin(object);
    struct val root = object_val(object);
    struct str node_name = val_str(val_at(root, "spec.nodeName"));
    struct sched_node *node = node_name.size == 0 ? NULL : map_get(&snap->nodes, node_name);
    if (pod_state_is_finished(root)) {
        pod->is_waiting = false; /* it takes nothing and wants nothing */
    } else if (node != NULL) {
        place(pod, node);
    } else if (node_name.size > 0) {
        pod->is_astray = true;
    } else {
        await(pod, root);
    }
    object_unpin(object);
    return pod;
}

static void
see_pod(struct sched_snap *snap, struct object *object)
{
    struct sched_pod *pod = map_get(&snap->pods, object->uid);
    bool is_right = pod != NULL && pod->object == object && !pod->is_assumed && !pod->is_astray;
    if (!is_right) {
        bool is_same_wish = pod != NULL && pod->object->generation == object->generation;
        uint64_t refused_at = is_same_wish ? pod->refused_at : 0;
        bool was_assumed = pod != NULL && pod->is_assumed;
        forget_pod(snap, object->uid);
        pod = read_pod(snap, object);
        pod->refused_at = refused_at;
        snap->version += was_assumed && pod->node == NULL ? 1 : 0; /* not placed after all */
        (void)map_put(&snap->pods, object->uid, pod);
    }
    pod->seen = snap->generation;
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
            snap->version++;
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
    struct sched_pod *pod = new_pod(object);
    object_pin(object);
    place(pod, node);
    object_unpin(object);
    pod->is_assumed = true;
    (void)map_put(&snap->pods, object->uid, pod);
}

void
sched_snap_lift(struct sched_snap *snap, struct str pod_uid)
{
    struct sched_pod *pod = map_del(&snap->pods, pod_uid);
    if (pod != NULL) {
        free_pod(pod);
    }
}

/* ---- who waits ---- */

static int
by_priority(const void *a, const void *b)
{
    const struct sched_pod *x = *(struct sched_pod *const *)a, *y = *(struct sched_pod *const *)b;
    if (x->priority != y->priority) {
        return x->priority > y->priority ? -1 : 1;
    }
    int order = str_cmp(x->created, y->created);
    return order != 0 ? order : str_cmp(x->object->uid, y->object->uid);
}

size_t
sched_snap_waiting(const struct sched_snap *snap, struct arena *arena, struct sched_pod ***ret,
                   size_t *ret_all)
{
    size_t iter = 0, len = 0, all = 0;
    void *value;
    struct str uid;
    struct sched_pod **out = arena_array(arena, snap->pods.len + 1, sizeof(*out));
    while (map_next(&snap->pods, &iter, &uid, &value)) {
        struct sched_pod *pod = value;
        all += pod->is_waiting ? 1 : 0;
        if (pod->is_waiting && pod->refused_at != snap->version) {
            out[len++] = pod;
        }
    }
    qsort(out, len, sizeof(*out), by_priority);
    *ret = out;
    *ret_all = all;
    return len;
}

void
sched_snap_refuse(const struct sched_snap *snap, struct sched_pod *pod)
{
    pod->refused_at = snap->version;
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
