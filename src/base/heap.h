/* Binary min-heap of intrusive nodes, ordered by an int64.  One thread at a time. */
#ifndef BINNACLE_BASE_HEAP_H
#define BINNACLE_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
    int64_t key;
    uint64_t seq;  /* set by heap_add: equal keys leave in order of arrival */
    size_t index1; /* place + 1; 0: not in a heap */
};
struct heap {
    struct heap_node **at;
    size_t len, capacity;
    uint64_t seq;
};

void heap_add(struct heap *heap, struct heap_node *node, int64_t key);
void heap_del(struct heap *heap, struct heap_node *node); /* no-op when it is not in */
struct heap_node *heap_min(const struct heap *heap);      /* NULL when empty */
struct heap_node *heap_pop(struct heap *heap);            /* NULL when empty */
static inline bool
heap_has(const struct heap_node *node)
{
    return node->index1 != 0;
}
void heap_done(struct heap *heap); /* nodes are the callers' */

#endif
