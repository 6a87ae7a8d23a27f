/* Priority queue of intrusive nodes: loop timers, delayed keys, scheduler backoff.  Whoever owns
 * the heap calls it, on one thread at a time. */
#include "config.h" /* IWYU pragma: keep */

#include "base/heap.h"

#include <assert.h>

#include "base/vec.h"

static bool heap_before(const struct heap_node *a, const struct heap_node *b);
static void heap_set(struct heap *heap, size_t index, struct heap_node *node);
static void heap_up(struct heap *heap, size_t index, struct heap_node *node);
static void heap_down(struct heap *heap, size_t index, struct heap_node *node);

void
heap_add(struct heap *heap, struct heap_node *node, int64_t key)
{
    assert(node->index1 == 0);
    heap->at = vec_room(heap->at, heap->len, &heap->capacity, sizeof(struct heap_node *));
    node->key = key;
    node->seq = heap->seq++;
    heap_up(heap, heap->len++, node);
}

void
heap_del(struct heap *heap, struct heap_node *node)
{
    if (node->index1 == 0) {
        return;
    }
    size_t hole = node->index1 - 1;

    assert(hole < heap->len && heap->at[hole] == node);
    struct heap_node *last = heap->at[--heap->len];

    node->index1 = 0;
    if (last == node) {
        return;
    }
    if (hole > 0 && heap_before(last, heap->at[(hole - 1) / 2])) {
        heap_up(heap, hole, last);
    } else {
        heap_down(heap, hole, last);
    }
}

struct heap_node *
heap_min(const struct heap *heap)
{
    return heap->len == 0 ? NULL : heap->at[0];
}

struct heap_node *
heap_pop(struct heap *heap)
{
    struct heap_node *least = heap_min(heap);

    if (least != NULL) {
        heap_del(heap, least);
    }
    return least;
}

void
heap_done(struct heap *heap)
{
    for (size_t i = 0; i < heap->len; i++) {
        heap->at[i]->index1 = 0;
    }
    mem_free(heap->at);
    *heap = (struct heap){ 0 };
}

static bool
heap_before(const struct heap_node *a, const struct heap_node *b)
{
    return a->key != b->key ? a->key < b->key : a->seq < b->seq;
}

static void
heap_set(struct heap *heap, size_t index, struct heap_node *node)
{
    heap->at[index] = node;
    node->index1 = index + 1;
}

/* Moves the hole at index towards the root until node may stand in it. */
static void
heap_up(struct heap *heap, size_t index, struct heap_node *node)
{
    while (index > 0) {
        size_t parent = (index - 1) / 2;

        if (!heap_before(node, heap->at[parent])) {
            break;
        }
        heap_set(heap, index, heap->at[parent]);
        index = parent;
    }
    heap_set(heap, index, node);
}

static void
heap_down(struct heap *heap, size_t index, struct heap_node *node)
{
    for (;;) {
        size_t child = index * 2 + 1;

        if (child >= heap->len) {
            break;
        }
        if (child + 1 < heap->len && heap_before(heap->at[child + 1], heap->at[child])) {
            child++;
        }
        if (!heap_before(heap->at[child], node)) {
            break;
        }
        heap_set(heap, index, heap->at[child]);
        index = child;
    }
    heap_set(heap, index, node);
}
