/* Who depends on whom, as ownerReferences say: the garbage collector's memo of the cache.  Loop. */
#ifndef BINNACLE_CONTROLLERS_CTL_GC_GRAPH_H
#define BINNACLE_CONTROLLERS_CTL_GC_GRAPH_H

#include "base/str.h"

struct ctl_gc_graph;
struct object;

struct ctl_gc_graph *ctl_gc_graph_new(void);
void ctl_gc_graph_free(struct ctl_gc_graph *graph);
/* One change of an object (old or now may be NULL). */
void ctl_gc_graph_change(struct ctl_gc_graph *graph, const struct object *old,
                         const struct object *now);
/* Uids of what names `owner` as an owner; valid until the next change. */
const struct str *ctl_gc_graph_dependents(const struct ctl_gc_graph *graph, struct str owner_uid,
                                          size_t *ret_len);

#endif
