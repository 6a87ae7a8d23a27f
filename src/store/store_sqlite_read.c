/* Lists, past events and history, the loop's side: sends requests to the reader's thread and hands
 * the chunks of rows that come back to whoever asked. */
#include "config.h" /* IWYU pragma: keep */

#include "store/store_sqlite_read.h"

#include <assert.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/worker.h"

static void read_send(struct store *store, struct store_sqlite_read_request request);
static void read_call_list(const struct store_sqlite_read_chunk *chunk);
static void read_call_events(const struct store_sqlite_read_chunk *chunk);
static void read_call_history(const struct store_sqlite_read_chunk *chunk);

void
store_sqlite_read_list(struct store *store, struct str prefix, uint64_t at_rev, struct str start,
                       size_t limit, store_list_fn *fn, void *ctx)
{
    read_send(store, (struct store_sqlite_read_request){ .kind = READ_LIST,
                                                         .key = buf_copy(prefix),
                                                         .start = buf_copy(start),
                                                         .rev = at_rev,
                                                         .limit = limit,
                                                         .list_fn = fn,
                                                         .ctx = ctx });
}

void
store_sqlite_read_events(struct store *store, uint64_t after_rev, uint64_t to_rev, size_t limit,
                         store_events_fn *fn, void *ctx)
{
    read_send(store, (struct store_sqlite_read_request){ .kind = READ_EVENTS,
                                                         .rev = after_rev,
                                                         .to_rev = to_rev,
                                                         .limit = limit,
                                                         .events_fn = fn,
                                                         .ctx = ctx });
}

void
store_sqlite_read_history(struct store *store, struct str key, uint64_t before_rev, size_t limit,
                          store_history_fn *fn, void *ctx)
{
    read_send(store, (struct store_sqlite_read_request){ .kind = READ_HISTORY,
                                                         .key = buf_copy(key),
                                                         .rev = before_rev,
                                                         .limit = limit,
                                                         .history_fn = fn,
                                                         .ctx = ctx });
}

void
store_sqlite_read_stop(struct store_sqlite *store)
{
    read_send(&store->store, (struct store_sqlite_read_request){ .kind = READ_STOP });
}

void
store_sqlite_read_drop(void *message)
{
    /* Chunks that came back after the last read had ended; requests are all answered before. */
    assert(*(enum store_sqlite_read_message *)message == READ_MESSAGE_CHUNK);
    store_sqlite_read_chunk_free(message);
}

static void
read_send(struct store *store, struct store_sqlite_read_request request)
{
    struct store_sqlite_read_request *sent = mem_copy(&request, sizeof request);

    sent->message = READ_MESSAGE_REQUEST;
    sent->store = store_sqlite_of(store);
    worker_send(sent->store->threads[STORE_SQLITE_READER], sent);
}

/* The consumer sees the chunk, then it goes back. */
void
store_sqlite_read_deliver(void *ctx)
{
    struct store_sqlite_read_chunk *chunk = ctx;
    struct store_sqlite *store = chunk->request->store;

    switch (chunk->request->kind) {
    case READ_LIST:
        read_call_list(chunk);
        break;
    case READ_EVENTS:
        read_call_events(chunk);
        break;
    case READ_HISTORY:
        read_call_history(chunk);
        break;
    case READ_STOP:
        break; /* has no chunks */
    }
    chunk->err = NULL; /* the consumer's */
    worker_send(store->threads[STORE_SQLITE_READER], chunk);
}

static void
read_call_list(const struct store_sqlite_read_chunk *chunk)
{
    const struct store_sqlite_read_request *request = chunk->request;
    struct store_item items[STORE_SQLITE_CHUNK_ROWS];

    for (size_t i = 0; i < chunk->rows.len; i++) {
        const struct store_sqlite_row *row = &chunk->rows.at[i];

        items[i] = (struct store_item){ row->key, row->value, row->rev, row->create_rev };
    }
    request->list_fn(request->ctx, items, chunk->rows.len, chunk->is_last, chunk->rev, chunk->err);
}

static void
read_call_events(const struct store_sqlite_read_chunk *chunk)
{
    const struct store_sqlite_read_request *request = chunk->request;
    struct store_event events[STORE_SQLITE_CHUNK_ROWS];

    for (size_t i = 0; i < chunk->rows.len; i++) {
        const struct store_sqlite_row *row = &chunk->rows.at[i];

        events[i] = (struct store_event){ .key = row->key,
                                          .value = row->value,
                                          .rev = row->rev,
                                          .create_rev = row->create_rev,
                                          .prev_rev = row->prev_rev };
    }
    request->events_fn(request->ctx, events, chunk->rows.len, chunk->is_last, chunk->err);
}

static void
read_call_history(const struct store_sqlite_read_chunk *chunk)
{
    const struct store_sqlite_read_request *request = chunk->request;
    struct store_history_item items[STORE_SQLITE_CHUNK_ROWS];

    for (size_t i = 0; i < chunk->rows.len; i++) {
        const struct store_sqlite_row *row = &chunk->rows.at[i];

        items[i] = (struct store_history_item){ .rev = row->rev,
                                                .create_rev = row->create_rev,
                                                .cause_rev = row->cause_rev,
                                                .time_ms = row->time_ms,
                                                .key = row->key,
                                                .verb = row->verb,
                                                .user = row->user,
                                                .agent = row->agent,
                                                .address = row->address,
                                                .value = row->value };
    }
    request->history_fn(request->ctx, items, chunk->rows.len, chunk->is_last, chunk->err);
}

void
store_sqlite_read_chunk_free(struct store_sqlite_read_chunk *chunk)
{
    for (size_t i = 0; i < chunk->rows.len; i++) {
        buf_unref(chunk->rows.at[i].value);
    }
    VEC_DONE(chunk->rows);
    arena_free(chunk->arena);
    err_free(chunk->err);
    if (chunk->is_last) {
        store_sqlite_read_request_free(chunk->request);
    }
    mem_free(chunk);
}

void
store_sqlite_read_request_free(struct store_sqlite_read_request *request)
{
    buf_unref(request->key);
    buf_unref(request->start);
    mem_free(request);
}
