/* Keys waiting for work: each once, per-key backoff, delays.  Loop thread; reconcile and the agent's
 * own loops use it.
 *
 * Every key that waits, works or remembers failures has one item; an item that does none of these
 * is freed. */
#include "config.h" /* IWYU pragma: keep */

#include "client/workq.h"

#include <assert.h>

#include "base/clock.h"
#include "base/heap.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/metrics.h"

enum { BACKOFF_FIRST_MS = 5, BACKOFF_MAX_MS = 1000 * 1000 };
enum { PUMP_MAX_US = 2000, PUMP_MAX_KEYS = 100 /* started in one round of the loop */ };

struct item {
    struct heap_node delay; /* in workq.delayed: queued when its time comes */
    struct item *next;      /* in the list of queued keys */
    uint64_t cause_rev;
    unsigned failures;
    bool is_queued, is_working;
    bool is_dirty; /* added while in work */
    size_t key_size;
    char key[];
};
struct workq {
    struct loop *loop;
    const char *name;
    workq_fn *fn;
    void *ctx;
    int parallel, working;
    bool is_held, is_pumping;
    size_t queued;
    struct map items;
    struct item *first, **last; /* queued keys in order of arrival */
    struct heap delayed;
    struct loop_timer *pump, *alarm; /* the next round; the first delayed key */
};

static void workq_pump(void *ctx);
static void workq_ring(void *ctx);

/* ---- items ---- */

static struct str
item_key(const struct item *item)
{
    return str_slice(item->key, item->key_size);
}

static struct item *
item_make(struct workq *workq, struct str key)
{
    struct item *item = map_get(&workq->items, key);

    if (item == NULL) {
        item = mem_new(sizeof(*item) + key.size + 1);
        memcpy(item->key, key.at, key.size);
        item->key_size = key.size;
        (void)map_put(&workq->items, key, item);
    }
    return item;
}

static void
item_settle(struct workq *workq, struct item *item)
{
    if (item->is_queued || item->is_working || item->failures > 0 || heap_has(&item->delay)) {
        return;
    }
    (void)map_del(&workq->items, item_key(item));
    mem_free(item);
}

static void
schedule_pump(struct workq *workq)
{
    bool may_run = !workq->is_held && workq->first != NULL && workq->working < workq->parallel;

    if (may_run && workq->pump == NULL && !workq->is_pumping) {
        workq->pump = loop_timer(workq->loop, 0, workq_pump, workq);
    }
}

static void
schedule_alarm(struct workq *workq)
{
    struct heap_node *first = heap_min(&workq->delayed);

    loop_timer_cancel(workq->alarm);
    workq->alarm = NULL;
    if (first != NULL) {
        workq->alarm = loop_timer(workq->loop, first->key, workq_ring, workq);
    }
}

static void
enqueue(struct workq *workq, struct item *item)
{
    if (item->is_working) {
        item->is_dirty = true;
        return;
    }
    if (item->is_queued) {
        return;
    }
    item->is_queued = true;
    item->next = NULL;
    *workq->last = item;
    workq->last = &item->next;
    workq->queued++;
    metrics_add(METRIC_WORKQ_ADDS, workq->name, 1);
    metrics_set(METRIC_WORKQ_DEPTH, workq->name, (double)workq->queued);
    schedule_pump(workq);
}

/* ---- life ---- */

struct workq *
workq_new(struct loop *loop, const char *name, int parallel, workq_fn *fn, void *ctx)
{
    struct workq *workq = MEM_NEW(struct workq);

    workq->loop = loop;
    workq->name = name;
    workq->parallel = parallel;
    workq->fn = fn;
    workq->ctx = ctx;
    workq->last = &workq->first;
    return workq;
}

void
workq_free(struct workq *workq)
{
    if (workq == NULL) {
        return;
    }
    assert(!workq->is_pumping);
    loop_timer_cancel(workq->pump);
    loop_timer_cancel(workq->alarm);
    heap_done(&workq->delayed);
    map_done(&workq->items, mem_free);
    metrics_set(METRIC_WORKQ_DEPTH, workq->name, 0);
    mem_free(workq);
}

/* ---- adding ---- */

void
workq_add(struct workq *workq, struct str key, uint64_t cause_rev)
{
    struct item *item = item_make(workq, key);

    item->cause_rev = cause_rev > item->cause_rev ? cause_rev : item->cause_rev;
    enqueue(workq, item);
}

void
workq_add_at(struct workq *workq, struct str key, int64_t at_mono_ms)
{
    struct item *item = item_make(workq, key);

    if (heap_has(&item->delay)) {
        if (item->delay.key <= at_mono_ms) {
            return;
        }
        heap_del(&workq->delayed, &item->delay);
    }
    heap_add(&workq->delayed, &item->delay, at_mono_ms);
    if (heap_min(&workq->delayed) == &item->delay) {
        schedule_alarm(workq);
    }
}

void
workq_retry(struct workq *workq, struct str key)
{
    struct item *item = item_make(workq, key);
    int64_t delay_ms = BACKOFF_MAX_MS;

    if (item->failures < 18) { /* 5 ms × 2^18 is past the maximum */
        delay_ms = (int64_t)BACKOFF_FIRST_MS << item->failures;
        delay_ms = delay_ms < BACKOFF_MAX_MS ? delay_ms : BACKOFF_MAX_MS;
        item->failures++;
    }
    workq_add_at(workq, key, clock_mono_ms() + delay_ms);
}

void
workq_forget(struct workq *workq, struct str key)
{
    struct item *item = map_get(&workq->items, key);

    if (item != NULL) {
        item->failures = 0;
        item_settle(workq, item);
    }
}

/* ---- running ---- */

/* Delayed keys whose time has come. */
static void
workq_ring(void *ctx)
{
    struct workq *workq = ctx;
    int64_t now_ms = clock_mono_ms();

    workq->alarm = NULL;
    for (;;) {
        struct heap_node *first = heap_min(&workq->delayed);
        if (first == NULL || first->key > now_ms) {
            break;
        }
        (void)heap_pop(&workq->delayed);
        enqueue(workq, container_of(first, struct item, delay));
    }
    schedule_alarm(workq);
}

static void
run_first(struct workq *workq)
{
    struct item *item = workq->first;
    uint64_t cause_rev = item->cause_rev;

    workq->first = item->next;
    if (workq->first == NULL) {
        workq->last = &workq->first;
    }
    workq->queued--;
    metrics_set(METRIC_WORKQ_DEPTH, workq->name, (double)workq->queued);
    if (heap_has(&item->delay)) {
        heap_del(&workq->delayed, &item->delay);
    }
    item->is_queued = false;
    item->is_working = true;
    item->cause_rev = 0;
    workq->working++;
    workq->fn(workq->ctx, item_key(item), cause_rev);
}

static void
workq_pump(void *ctx)
{
    struct workq *workq = ctx;
    int64_t end_us = clock_mono_us() + PUMP_MAX_US;

    workq->pump = NULL;
    workq->is_pumping = true;
    for (int i = 0; i < PUMP_MAX_KEYS && clock_mono_us() <= end_us; i++) {
        if (workq->is_held || workq->first == NULL || workq->working >= workq->parallel) {
            break;
        }
        run_first(workq);
    }
    workq->is_pumping = false;
    schedule_pump(workq);
}

void
workq_finish(struct workq *workq, struct str key)
{
    struct item *item = map_get(&workq->items, key);

    assert(item != NULL && item->is_working);
    item->is_working = false;
    workq->working--;
    if (item->is_dirty) {
        item->is_dirty = false;
        enqueue(workq, item);
    } else {
        item_settle(workq, item);
    }
    schedule_pump(workq);
}

size_t
workq_len(const struct workq *workq)
{
    return workq->queued + (size_t)workq->working;
}

void
workq_hold(struct workq *workq, bool hold)
{
    workq->is_held = hold;
    schedule_pump(workq);
}
