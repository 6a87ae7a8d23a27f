/* The graph of owners: owner uid → uids of dependents.  Fed by the keys of ctl_gc, loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "controllers/ctl_gc_graph.h"

#include "api/object.h"
#include "base/doc.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"

struct edges {
    VEC(struct str) uids; /* owned copies */
};
struct ctl_gc_graph {
    struct map owners; /* uid → struct edges */
};

struct ctl_gc_graph *
ctl_gc_graph_new(void)
{
    return MEM_NEW(struct ctl_gc_graph);
}

static void
free_edges(void *p)
{
    struct edges *edges = p;
    for (size_t i = 0; i < edges->uids.len; i++) {
        mem_free((char *)(uintptr_t)edges->uids.at[i].at);
    }
    VEC_DONE(edges->uids);
    mem_free(edges);
}

void
ctl_gc_graph_free(struct ctl_gc_graph *graph)
{
    if (graph != NULL) {
        map_done(&graph->owners, free_edges);
        mem_free(graph);
    }
}

static size_t
find(const struct edges *edges, struct str uid)
{
    size_t i = 0;
    while (i < edges->uids.len && !str_eq(edges->uids.at[i], uid)) {
        i++;
    }
    return i;
}

static void
link_to(struct ctl_gc_graph *graph, struct str owner, struct str dependent)
{
    struct edges *edges = map_get(&graph->owners, owner);
    if (edges == NULL) {
        edges = MEM_NEW(struct edges);
        (void)map_put(&graph->owners, owner, edges);
    }
    if (find(edges, dependent) == edges->uids.len) {
        VEC_ADD(edges->uids, ((struct str){ str_dup(dependent), dependent.size }));
    }
}

static void
unlink_from(struct ctl_gc_graph *graph, struct str owner, struct str dependent)
{
    struct edges *edges = map_get(&graph->owners, owner);
    size_t i = edges == NULL ? 0 : find(edges, dependent);
    if (edges == NULL || i == edges->uids.len) {
        return;
    }
    mem_free((char *)(uintptr_t)edges->uids.at[i].at);
    edges->uids.at[i] = edges->uids.at[--edges->uids.len];
    if (edges->uids.len == 0) {
        (void)map_del(&graph->owners, owner);
        free_edges(edges);
    }
}

static void
apply(struct ctl_gc_graph *graph, const struct object *object,
      void (*each)(struct ctl_gc_graph *, struct str owner, struct str dependent))
{
    if (object == NULL) {
        return;
    }
    object_pin(object);
    VAL_EACH (it, val_at(object_val(object), "metadata.ownerReferences")) {
        each(graph, val_str(val_get(it.value, "uid")), object->uid);
    }
    object_unpin(object);
}

void
ctl_gc_graph_change(struct ctl_gc_graph *graph, const struct object *old, const struct object *now)
{
    apply(graph, old, unlink_from);
    apply(graph, now, link_to);
}

const struct str *
ctl_gc_graph_dependents(const struct ctl_gc_graph *graph, struct str owner_uid, size_t *ret_len)
{
    const struct edges *edges = map_get(&graph->owners, owner_uid);
    *ret_len = edges == NULL ? 0 : edges->uids.len;
    return edges == NULL ? NULL : edges->uids.at;
}
