/* Private to store_sqlite_read.c (the loop's side) and store_sqlite_reader.c (the thread): what they
 * send each other. */
#ifndef BINNACLE_STORE_STORE_SQLITE_READ_H
#define BINNACLE_STORE_STORE_SQLITE_READ_H

#include "base/vec.h"
#include "store/store_sqlite.h"

struct arena;

enum { STORE_SQLITE_CHUNK_ROWS = 256 }; /* what a consumer does with them stays below 5 ms */

enum store_sqlite_read_kind { READ_LIST, READ_EVENTS, READ_HISTORY, READ_STOP };
/* Both kinds of message in the reader's inbox begin with one of these. */
enum store_sqlite_read_message { READ_MESSAGE_REQUEST, READ_MESSAGE_CHUNK };

struct store_sqlite_read_request { /* what the loop asks */
    enum store_sqlite_read_message message;
    enum store_sqlite_read_kind kind;
    struct store_sqlite *store;
    struct buf *key, *start; /* prefix or key; where to begin */
    uint64_t rev, to_rev;    /* at, after or before; up to */
    size_t limit;            /* rows, 0: all */
    store_list_fn *list_fn;  /* of its kind */
    store_events_fn *events_fn;
    store_history_fn *history_fn;
    void *ctx;
};
/* Rows on their way to the loop; goes back to the reader, which frees it, with the request when it
 * is the last. */
struct store_sqlite_read_chunk {
    enum store_sqlite_read_message message;
    struct store_sqlite_read_request *request;
    struct arena *arena; /* texts of the rows */
    VEC(struct store_sqlite_row) rows;
    size_t size_bytes;
    uint64_t rev; /* that a list stands for */
    bool is_last;
    struct err *err; /* of the last; moves to the consumer */
};

void store_sqlite_read_deliver(void *chunk); /* loop */
void store_sqlite_read_chunk_free(struct store_sqlite_read_chunk *chunk);
void store_sqlite_read_request_free(struct store_sqlite_read_request *request);

#endif
