/* The reference model: all revisions in one array, every answer a plain walk over it.  Tests compare
 * the real back ends with it, and use it where a disk would only be in the way.  Loop thread.
 *
 * Nothing is ever removed: compaction only moves the revision below which nothing is answered, and
 * history has no budget. */
#include "config.h" /* IWYU pragma: keep */

#include <assert.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"
#include "store/store.h"

enum { CHUNK_LEN = 100 }; /* items a call: consumers must bear several */

struct mem_row {
    struct buf *key, *value; /* value NULL: deleted */
    uint64_t rev, create_rev, prev_rev, cause_rev;
    int64_t time_ms;
    bool has_history;
    void *tag; /* until its event was delivered */
    char *verb, *user, *agent, *address;
};
struct mem_op {
    struct store_write write; /* key and value are references; actor is in row */
    struct mem_row row;       /* time and actor, filled when it was submitted */
    store_done_fn *done;
    void *ctx;
    enum store_rc rc;
    uint64_t rev;
    struct buf *current;
    struct err *err;
};
typedef VEC(struct mem_op *) mem_ops;

struct store_mem {
    struct store store; /* first: a struct store * is one of these */
    struct loop *loop;
    VEC(struct mem_row) rows; /* row i has revision i + 1 */
    struct map heads;         /* key → its row's index + 1, for keys that are there */
    mem_ops queue, patient;
    struct loop_timer *patience;
    store_event_fn *watch;
    void *watch_ctx;
    uint64_t watch_rev; /* delivered to the sink */
};

/* What a read asks for; answered in a later callback. */
struct mem_read {
    struct store_mem *mem;
    struct buf *key, *start;
    uint64_t rev, to_rev;
    size_t limit;
    store_rev_fn *rev_fn;
    store_list_fn *list_fn;
    store_events_fn *events_fn;
    store_history_fn *history_fn;
    store_done_fn *done_fn;
    void (*close_fn)(void *ctx);
    void *ctx;
};

static void mem_commit(struct store *, const struct store_write *, store_done_fn *, void *);
static void mem_fresh(struct store *, store_rev_fn *, void *);
static void mem_list(struct store *, struct str, uint64_t, struct str, size_t, store_list_fn *,
                     void *);
static void mem_watch(struct store *, uint64_t, store_event_fn *, void *);
static void mem_compact(struct store *, uint64_t, store_done_fn *, void *);
static void mem_history(struct store *, struct str, uint64_t, size_t, store_history_fn *, void *);
static void mem_events(struct store *, uint64_t, uint64_t, size_t, store_events_fn *, void *);
static void mem_close(struct store *, void (*)(void *), void *);

static const struct store_ops mem_ops_table = {
    .commit = mem_commit,
    .fresh = mem_fresh,
    .list = mem_list,
    .watch = mem_watch,
    .compact = mem_compact,
    .history = mem_history,
    .events = mem_events,
    .close = mem_close,
};

static void mem_flush(void *ctx);
static void mem_leave(struct store_mem *mem);
static void mem_apply(struct store_mem *mem, struct mem_op *op);
static void mem_deliver_events(struct store_mem *mem);
static struct store_event mem_event(const struct mem_row *row);
static void mem_op_free(struct mem_op *op);

struct store *
store_mem_open(struct loop *loop)
{
    struct store_mem *mem = MEM_NEW(struct store_mem);

    mem->store.ops = &mem_ops_table;
    memcpy(mem->store.id, "00000000-0000-4000-8000-000000000000", STORE_ID_SIZE);
    mem->loop = loop;
    return &mem->store;
}

static struct store_mem *
mem_of(struct store *store)
{
    return container_of(store, struct store_mem, store);
}

/* ---- writes ---- */

static void
patience_ends(void *ctx)
{
    struct store_mem *mem = ctx;

    mem->patience = NULL;
    mem_leave(mem);
}

static void
mem_commit(struct store *store, const struct store_write *write, store_done_fn *done, void *ctx)
{
    struct store_mem *mem = mem_of(store);
    struct mem_op *op = MEM_NEW(struct mem_op);

    op->write = *write;
    (void)buf_ref(write->key);
    (void)buf_ref(write->value);
    op->write.actor = NULL;
    op->done = done;
    op->ctx = ctx;
    op->row.time_ms = clock_wall_ms();
    if (write->actor != NULL) {
        op->row.verb = str_dup(write->actor->verb);
        op->row.user = str_dup(write->actor->user);
        op->row.agent = str_dup(write->actor->agent);
        op->row.address = str_dup(write->actor->address);
    }
    VEC_ADD(mem->patient, op);
    if ((write->flags & STORE_PATIENT) == 0 || mem->patient.len >= STORE_PATIENT_MAX) {
        mem_leave(mem);
    } else if (mem->patience == NULL) {
        mem->patience =
            loop_timer(mem->loop, clock_mono_ms() + STORE_PATIENCE_MS, patience_ends, mem);
    }
}

/* The patient ones go with whoever goes, in the order in which they came. */
static void
mem_leave(struct store_mem *mem)
{
    if (mem->queue.len == 0 && mem->patient.len > 0) {
        loop_defer(mem->loop, mem_flush, mem);
    }
    for (size_t i = 0; i < mem->patient.len; i++) {
        VEC_ADD(mem->queue, mem->patient.at[i]);
    }
    mem->patient.len = 0;
    loop_timer_cancel(STEAL(mem->patience));
}

static void
mem_flush(void *ctx)
{
    struct store_mem *mem = ctx;
    mem_ops batch = mem->queue;

    mem->queue = (mem_ops){ 0 };
    for (size_t i = 0; i < batch.len; i++) {
        mem_apply(mem, batch.at[i]);
    }
    mem_deliver_events(mem);
    for (size_t i = 0; i < batch.len; i++) {
        struct mem_op *op = batch.at[i];

        op->done(op->ctx, op->rc, op->rev, op->current, STEAL(op->err));
        mem_op_free(op);
    }
    VEC_DONE(batch);
}

static void
mem_apply(struct store_mem *mem, struct mem_op *op)
{
    struct str key = buf_str(op->write.key);

    if (store_check(&op->write, &op->err) != 0) {
        op->rc = STORE_FAILED;
        return;
    }
    size_t head = (size_t)(uintptr_t)map_get(&mem->heads, key);
    const struct mem_row *old = head == 0 ? NULL : &mem->rows.at[head - 1];

    op->rev = old == NULL ? 0 : old->rev;
    if (op->rev != op->write.expect_rev) {
        op->rc = STORE_CONFLICT;
        op->current = old == NULL ? NULL : buf_ref(old->value);
        return;
    }
    struct mem_row row = op->row;

    op->row = (struct mem_row){ 0 };
    op->rc = STORE_OK;
    op->rev = mem->rows.len + 1;
    row.rev = op->rev;
    row.create_rev = old == NULL ? row.rev : old->create_rev;
    row.prev_rev = old == NULL ? 0 : old->rev;
    row.cause_rev = op->write.cause_rev;
    row.has_history = (op->write.flags & STORE_NOHIST) == 0;
    row.tag = op->write.tag;
    row.key = buf_ref(op->write.key);
    row.value = buf_ref(op->write.value);
    VEC_ADD(mem->rows, row);
    if (row.value != NULL) {
        (void)map_put(&mem->heads, key, (void *)(uintptr_t)row.rev);
    } else {
        (void)map_del(&mem->heads, key);
    }
}

/* Whatever the sink has not seen: in one call, so that it sees a batch as one. */
static void
mem_deliver_events(struct store_mem *mem)
{
    VEC(struct store_event) events = { 0 };

    for (; mem->watch == NULL && mem->store.rev < mem->rows.len; mem->store.rev++) {
        mem->rows.at[mem->store.rev].tag = NULL; /* nobody looked when it was new */
    }
    mem->store.rev = mem->rows.len;
    for (; mem->watch != NULL && mem->watch_rev < mem->rows.len; mem->watch_rev++) {
        struct mem_row *row = &mem->rows.at[mem->watch_rev];

        VEC_ADD(events, mem_event(row));
        row->tag = NULL;
    }
    if (events.len > 0) {
        mem->watch(mem->watch_ctx, events.at, events.len);
    }
    VEC_DONE(events);
}

static struct store_event
mem_event(const struct mem_row *row)
{
    return (struct store_event){
        .key = buf_str(row->key),
        .value = row->value,
        .rev = row->rev,
        .create_rev = row->create_rev,
        .prev_rev = row->prev_rev,
        .tag = row->tag,
    };
}

static void
mem_row_done(struct mem_row *row)
{
    buf_unref(row->key);
    buf_unref(row->value);
    mem_free(row->verb);
    mem_free(row->user);
    mem_free(row->agent);
    mem_free(row->address);
}

static void
mem_op_free(struct mem_op *op)
{
    mem_row_done(&op->row);
    buf_unref(op->write.key);
    buf_unref(op->write.value);
    buf_unref(op->current);
    mem_free(op);
}

/* ---- reads: each is answered by a deferred call ---- */

static struct mem_read *
mem_defer(struct store *store, loop_fn *run, struct mem_read read)
{
    struct mem_read *deferred = mem_copy(&read, sizeof read);

    deferred->mem = mem_of(store);
    loop_defer(deferred->mem->loop, run, deferred);
    return deferred;
}

static void
mem_read_free(struct mem_read *read)
{
    buf_unref(read->key);
    buf_unref(read->start);
    mem_free(read);
}

static void
fresh_run(void *ctx)
{
    struct mem_read *read = ctx;

    read->rev_fn(read->ctx, read->mem->store.rev, NULL);
    mem_read_free(read);
}

static void
mem_fresh(struct store *store, store_rev_fn *done, void *ctx)
{
    (void)mem_defer(store, fresh_run, (struct mem_read){ .rev_fn = done, .ctx = ctx });
}

static int
item_compare(const void *a, const void *b)
{
    return str_cmp(((const struct store_item *)a)->key, ((const struct store_item *)b)->key);
}

/* Row i is what stood under its key at revision rev. */
static bool
is_head_at(const struct store_mem *mem, size_t i, uint64_t rev)
{
    for (size_t later = i + 1; later < rev; later++) {
        if (mem->rows.at[later].prev_rev == mem->rows.at[i].rev) {
            return false;
        }
    }
    return mem->rows.at[i].value != NULL;
}

static void
list_run(void *ctx)
{
    struct mem_read *read = ctx;
    struct store_mem *mem = read->mem;
    uint64_t rev = read->rev == 0 ? mem->rows.len : read->rev;
    VEC(struct store_item) items = { 0 };
    struct err *err = NULL;

    if (store_check_rev(rev, mem->store.compact_rev, mem->rows.len, &err) != 0) {
        read->list_fn(read->ctx, NULL, 0, true, 0, err);
        mem_read_free(read);
        return;
    }
    for (size_t i = 0; i < rev; i++) {
        const struct mem_row *row = &mem->rows.at[i];
        struct str key = buf_str(row->key);

        if (str_has_prefix(key, buf_str(read->key)) && str_cmp(key, buf_str(read->start)) >= 0 &&
            is_head_at(mem, i, rev)) {
            VEC_ADD(items, (struct store_item){ key, row->value, row->rev, row->create_rev });
        }
    }
    if (items.len > 0) {
        qsort(items.at, items.len, sizeof *items.at, item_compare);
    }
    size_t len = read->limit > 0 && read->limit < items.len ? read->limit : items.len;
    size_t at = 0;

    for (; len - at > CHUNK_LEN; at += CHUNK_LEN) {
        read->list_fn(read->ctx, items.at + at, CHUNK_LEN, false, rev, NULL);
    }
    read->list_fn(read->ctx, items.at + at, len - at, true, rev, NULL);
    VEC_DONE(items);
    mem_read_free(read);
}

static void
mem_list(struct store *store, struct str prefix, uint64_t at_rev, struct str start, size_t limit,
         store_list_fn *fn, void *ctx)
{
    (void)mem_defer(store, list_run,
                    (struct mem_read){ .key = buf_copy(prefix),
                                       .start = buf_copy(start),
                                       .rev = at_rev,
                                       .limit = limit,
                                       .list_fn = fn,
                                       .ctx = ctx });
}

static void
replay_run(void *ctx)
{
    mem_deliver_events(ctx);
}

static void
mem_watch(struct store *store, uint64_t from_rev, store_event_fn *fn, void *ctx)
{
    struct store_mem *mem = mem_of(store);

    assert(mem->watch == NULL && from_rev >= store->compact_rev);
    mem->watch = fn;
    mem->watch_ctx = ctx;
    mem->watch_rev = from_rev;
    loop_defer(mem->loop, replay_run, mem);
}

static void
events_run(void *ctx)
{
    struct mem_read *read = ctx;
    struct store_mem *mem = read->mem;
    uint64_t to_rev = read->to_rev < mem->rows.len ? read->to_rev : mem->rows.len;
    VEC(struct store_event) events = { 0 };
    struct err *err = NULL;

    if (store_check_rev(read->rev, mem->store.compact_rev, UINT64_MAX, &err) != 0) {
        read->events_fn(read->ctx, NULL, 0, true, err);
        mem_read_free(read);
        return;
    }
    for (uint64_t i = read->rev; i < to_rev; i++) {
        if (read->limit == 0 || events.len < read->limit) {
            VEC_ADD(events, mem_event(&mem->rows.at[i]));
            events.at[events.len - 1].tag = NULL;
        }
    }
    read->events_fn(read->ctx, events.at, events.len, true, NULL);
    VEC_DONE(events);
    mem_read_free(read);
}

static void
mem_events(struct store *store, uint64_t after_rev, uint64_t to_rev, size_t limit,
           store_events_fn *fn, void *ctx)
{
    (void)mem_defer(
        store, events_run,
        (struct mem_read){
            .rev = after_rev, .to_rev = to_rev, .limit = limit, .events_fn = fn, .ctx = ctx });
}

static void
compact_run(void *ctx)
{
    struct mem_read *read = ctx;
    struct store *store = &read->mem->store;
    struct err *err = NULL;

    if (read->rev > read->mem->rows.len) {
        (void)err_set(&err, ERR_BAD_REQUEST, "required revision is a future revision");
    } else if (read->rev > store->compact_rev) {
        store->compact_rev = read->rev;
    }
    read->done_fn(read->ctx, err == NULL ? STORE_OK : STORE_FAILED, store->compact_rev, NULL, err);
    mem_read_free(read);
}

static void
mem_compact(struct store *store, uint64_t rev, store_done_fn *done, void *ctx)
{
    (void)mem_defer(store, compact_run,
                    (struct mem_read){ .rev = rev, .done_fn = done, .ctx = ctx });
}

static void
history_run(void *ctx)
{
    struct mem_read *read = ctx;
    struct store_mem *mem = read->mem;
    struct str key = buf_str(read->key);
    bool is_prefix = str_has_suffix(key, STR("/"));
    VEC(struct store_history_item) items = { 0 };
    uint64_t rev = mem->rows.len;

    rev = read->rev > 0 && read->rev - 1 < rev ? read->rev - 1 : rev;
    for (; rev > 0 && (read->limit == 0 || items.len < read->limit); rev--) {
        const struct mem_row *row = &mem->rows.at[rev - 1];
        struct str row_key = buf_str(row->key);

        if (row->has_history && (is_prefix ? str_has_prefix(row_key, key) : str_eq(row_key, key))) {
            VEC_ADD(items, (struct store_history_item){ .rev = row->rev,
                                                        .create_rev = row->create_rev,
                                                        .cause_rev = row->cause_rev,
                                                        .time_ms = row->time_ms,
                                                        .key = row_key,
                                                        .verb = str_of(row->verb),
                                                        .user = str_of(row->user),
                                                        .agent = str_of(row->agent),
                                                        .address = str_of(row->address),
                                                        .value = row->value });
        }
    }
    read->history_fn(read->ctx, items.at, items.len, true, NULL);
    VEC_DONE(items);
    mem_read_free(read);
}

static void
mem_history(struct store *store, struct str key, uint64_t before_rev, size_t limit,
            store_history_fn *fn, void *ctx)
{
    (void)mem_defer(store, history_run,
                    (struct mem_read){ .key = buf_copy(key),
                                       .rev = before_rev,
                                       .limit = limit,
                                       .history_fn = fn,
                                       .ctx = ctx });
}

/* ---- the end ---- */

static void
close_run(void *ctx)
{
    struct mem_read *read = ctx;
    struct store_mem *mem = read->mem;

    for (size_t i = 0; i < mem->rows.len; i++) {
        mem_row_done(&mem->rows.at[i]);
    }
    VEC_DONE(mem->rows);
    VEC_DONE(mem->queue);
    VEC_DONE(mem->patient);
    map_done(&mem->heads, NULL);
    read->close_fn(read->ctx);
    mem_free(mem);
    mem_read_free(read);
}

static void
mem_close(struct store *store, void (*done)(void *ctx), void *ctx)
{
    mem_leave(mem_of(store)); /* its flush was deferred before us */
    (void)mem_defer(store, close_run, (struct mem_read){ .close_fn = done, .ctx = ctx });
}
