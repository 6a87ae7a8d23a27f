/* The reader: lists, past events and history from the file, on a thread and a connection of its own,
 * so that neither the loop nor the writer waits for them.
 *
 * A read runs to its end before the next one starts, in one snapshot.  Rows go to the loop in chunks;
 * the loop gives each chunk back when the consumer has seen it, and at most CHUNKS_AHEAD are on the
 * way, so that a large list never stands in memory a second time. */
#include "config.h" /* IWYU pragma: keep */

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/worker.h"
#include "store/store_sqlite_read.h"

enum {
    CHUNK_SIZE = 1 << 20, /* bytes of values */
    CHUNKS_AHEAD = 4,
    HEAD_COLUMN = 7, /* where a row of SQL_LIST_NOW says what should be there */
};

/* The read that runs, and those that wait. */
struct reader {
    struct store_sqlite *store;
    struct store_sqlite_db *db;
    struct worker *worker;
    VEC(struct store_sqlite_read_request *) waiting; /* in order of asking */
    int ahead;                                       /* chunks that the loop has */
    struct store_sqlite_read_request *request;       /* that runs; the rest is its */
    struct store_sqlite_read_chunk *chunk;           /* that is being filled, or NULL */
    size_t left;                                     /* rows of the limit */
    uint64_t compact_rev, last_rev;                  /* of the snapshot */
    uint64_t rev;                                    /* that a list stands for */
};

static void reader_take(struct reader *reader);
static void reader_run(struct reader *reader);
static int reader_rows(struct reader *reader, struct err **err);
static int reader_list(struct reader *reader, struct err **err);
static int reader_events(struct reader *reader, struct err **err);
static int reader_history(struct reader *reader, struct err **err);
static int reader_head_at(struct reader *reader, sqlite3_stmt *heads, struct err **err);
static int reader_head(struct reader *reader, sqlite3_stmt *row, sqlite3_stmt *head, int at,
                       struct err **err);
static int reader_all(struct reader *reader, sqlite3_stmt *stmt, struct err **err);
static int reader_add(struct reader *reader, sqlite3_stmt *stmt, struct err **err);
static void reader_post(struct reader *reader, bool is_last, struct err *err);
static struct buf *reader_prefix_end(struct str prefix);

void
store_sqlite_reader_body(struct worker *worker, void *ctx, struct err **err)
{
    struct store_sqlite_reader *own = ctx;
    struct reader reader = { .store = own->store, .db = &own->db, .worker = worker };

    (void)err; /* what fails is answered to whoever asked */
    for (;;) {
        if (reader.waiting.len == 0) {
            reader_take(&reader);
            continue;
        }
        reader.request = reader.waiting.at[0];
        VEC_DEL(reader.waiting, 0);
        if (reader.request->kind == READ_STOP) {
            store_sqlite_read_request_free(reader.request);
            VEC_DONE(reader.waiting);
            return;
        }
        reader_run(&reader);
    }
}

/* One message: a request waits for its turn, a chunk that comes back makes room for another. */
static void
reader_take(struct reader *reader)
{
    enum store_sqlite_read_message *message = worker_receive(reader->worker, STORE_SQLITE_WAIT_MS);

    if (message == NULL) {
        return; /* an hour went by */
    }
    if (*message == READ_MESSAGE_REQUEST) {
        VEC_ADD(reader->waiting, (struct store_sqlite_read_request *)(void *)message);
    } else {
        reader->ahead--;
        store_sqlite_read_chunk_free((struct store_sqlite_read_chunk *)(void *)message);
    }
}

static void
reader_run(struct reader *reader)
{
    struct err *err = NULL;
    AUTO_ERR struct err *ignored = NULL;

    reader->left = reader->request->limit == 0 ? SIZE_MAX : reader->request->limit;
    reader->rev = 0;
    if (store_sqlite_db_run(reader->db, SQL_BEGIN_READ, &err) == 0) {
        (void)reader_rows(reader, &err); /* err tells */
        /* Nothing was written: the rows are good whatever this says. */
        (void)store_sqlite_db_run(reader->db, SQL_COMMIT, &ignored);
    }
    reader_post(reader, true, err);
}

static int
reader_rows(struct reader *reader, struct err **err)
{
    int64_t compact_rev = 0;
    int64_t last_rev = 0;

    if (store_sqlite_db_meta(reader->db, "compact_rev", &compact_rev, err) != 0 ||
        store_sqlite_db_meta(reader->db, "last_rev", &last_rev, err) != 0) {
        return -1;
    }
    reader->compact_rev = (uint64_t)compact_rev;
    reader->last_rev = (uint64_t)last_rev;
    switch (reader->request->kind) {
    case READ_LIST:
        return reader_list(reader, err);
    case READ_EVENTS:
        return reader_events(reader, err);
    case READ_HISTORY:
        return reader_history(reader, err);
    case READ_STOP:
        break; /* the body's */
    }
    return 0;
}

static int
reader_list(struct reader *reader, struct err **err)
{
    const struct store_sqlite_read_request *request = reader->request;
    struct str prefix = buf_str(request->key);
    struct str start = buf_str(request->start);
    AUTO_BUF struct buf *end = reader_prefix_end(prefix);

    reader->rev = request->rev == 0 ? reader->last_rev : request->rev;
    if (store_check_rev(reader->rev, reader->compact_rev, reader->last_rev, err) != 0) {
        return -1;
    }
    bool is_now = reader->rev == reader->last_rev;
    sqlite3_stmt *stmt = store_sqlite_db_use(reader->db, is_now ? SQL_LIST_NOW : SQL_LIST_AT, err);

    if (stmt == NULL) {
        return -1;
    }
    store_sqlite_bind(stmt, 1, str_cmp(start, prefix) > 0 ? start : prefix);
    store_sqlite_bind(stmt, 2, buf_str(end));
    if (!is_now) {
        store_sqlite_bind_rev(stmt, 3, reader->rev);
    }
    while (reader->left > 0 && store_sqlite_db_step(reader->db, stmt, err) == 1 &&
           (is_now ? reader_head(reader, stmt, stmt, HEAD_COLUMN, err)
                   : reader_head_at(reader, stmt, err)) == 0) {
    }
    (void)sqlite3_reset(stmt); /* repeats the step's result */
    return *err == NULL ? 0 : -1;
}

/* The row that stood under a key, as heads says: rev and key. */
static int
reader_head_at(struct reader *reader, sqlite3_stmt *heads, struct err **err)
{
    sqlite3_stmt *row = store_sqlite_db_use(reader->db, SQL_ROW, err);
    int rc = -1;

    if (row == NULL) {
        return -1;
    }
    store_sqlite_bind_rev(row, 1, (uint64_t)sqlite3_column_int64(heads, 0));
    int found = store_sqlite_db_step(reader->db, row, err);

    if (found >= 0) {
        rc = reader_head(reader, found == 1 ? row : NULL, heads, 0, err);
    }
    (void)sqlite3_reset(row); /* repeats the step's result */
    return rc;
}

/* Adds the row of one statement (NULL: it found none), if it is the one that another, or the same,
 * says should be there: rev and key in its columns from `at` on. */
static int
reader_head(struct reader *reader, sqlite3_stmt *row, sqlite3_stmt *head, int at, struct err **err)
{
    struct str key = store_sqlite_db_text(head, at + 1);

    if (row != NULL && sqlite3_column_int64(row, 0) == sqlite3_column_int64(head, at) &&
        str_eq(store_sqlite_db_text(row, 1), key)) {
        return reader_add(reader, row, err);
    }
    return err_set(err, ERR_IO,
                   "revision %lld of '" STR_FMT "' is missing in '%s': stop binnacle and restore a "
                   "backup (binnacle restore)",
                   (long long)sqlite3_column_int64(head, at), STR_ARG(key), reader->db->path);
}

static int
reader_events(struct reader *reader, struct err **err)
{
    const struct store_sqlite_read_request *request = reader->request;

    if (store_check_rev(request->rev, reader->compact_rev, UINT64_MAX, err) != 0) {
        return -1;
    }
    sqlite3_stmt *stmt = store_sqlite_db_use(reader->db, SQL_EVENTS, err);

    if (stmt == NULL) {
        return -1;
    }
    store_sqlite_bind_rev(stmt, 1, request->rev);
    store_sqlite_bind_rev(stmt, 2, request->to_rev);
    return reader_all(reader, stmt, err);
}

static int
reader_history(struct reader *reader, struct err **err)
{
    const struct store_sqlite_read_request *request = reader->request;
    struct str key = buf_str(request->key);
    bool is_prefix = str_has_suffix(key, STR("/"));
    AUTO_BUF struct buf *end = reader_prefix_end(key);
    sqlite3_stmt *stmt =
        store_sqlite_db_use(reader->db, is_prefix ? SQL_HISTORY_PREFIX : SQL_HISTORY_KEY, err);

    if (stmt == NULL) {
        return -1;
    }
    store_sqlite_bind_rev(stmt, 1, request->rev == 0 ? UINT64_MAX : request->rev);
    store_sqlite_bind(stmt, 2, key);
    if (is_prefix) {
        store_sqlite_bind(stmt, 3, buf_str(end));
    }
    return reader_all(reader, stmt, err);
}

/* Everything that a statement of whole rows finds, within the limit. */
static int
reader_all(struct reader *reader, sqlite3_stmt *stmt, struct err **err)
{
    while (reader->left > 0 && store_sqlite_db_step(reader->db, stmt, err) == 1 &&
           reader_add(reader, stmt, err) == 0) {
    }
    (void)sqlite3_reset(stmt); /* repeats the step's result */
    return *err == NULL ? 0 : -1;
}

/* The statement's row joins the chunk; a full chunk leaves. */
static int
reader_add(struct reader *reader, sqlite3_stmt *stmt, struct err **err)
{
    struct store_sqlite_row row;

    if (store_sqlite_db_row(stmt, reader->store->seal, reader->db->path, &row, err) != 0) {
        return -1;
    }
    if (reader->chunk == NULL) {
        reader->chunk = MEM_NEW(struct store_sqlite_read_chunk);
        reader->chunk->arena = arena_new();
    }
    struct store_sqlite_read_chunk *chunk = reader->chunk;

    row.key = arena_dup(chunk->arena, row.key);
    if (reader->request->kind == READ_HISTORY) {
        struct str *texts[] = { &row.verb, &row.user, &row.agent, &row.address };

        store_sqlite_db_origin(stmt, &row);
        for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
            *texts[i] = arena_dup(chunk->arena, *texts[i]);
        }
    }
    VEC_ADD(chunk->rows, row);
    chunk->size_bytes += row.value == NULL ? 0 : row.value->size;
    reader->left--;
    if (chunk->rows.len == STORE_SQLITE_CHUNK_ROWS || chunk->size_bytes >= CHUNK_SIZE) {
        reader_post(reader, false, NULL);
    }
    return 0;
}

static void
reader_post(struct reader *reader, bool is_last, struct err *err)
{
    struct store_sqlite_read_chunk *chunk =
        reader->chunk == NULL ? MEM_NEW(struct store_sqlite_read_chunk) : reader->chunk;

    chunk->message = READ_MESSAGE_CHUNK;
    chunk->request = reader->request;
    chunk->rev = reader->rev;
    chunk->is_last = is_last;
    chunk->err = err;
    reader->chunk = NULL;
    while (reader->ahead >= CHUNKS_AHEAD) {
        reader_take(reader);
    }
    reader->ahead++;
    worker_post(reader->worker, store_sqlite_read_deliver, chunk);
}

/* The first key behind all that begin with prefix: the last byte that can grow has grown.  With no
 * prefix it is behind every key, for keys are UTF-8. */
static struct buf *
reader_prefix_end(struct str prefix)
{
    while (prefix.size > 0 && prefix.at[prefix.size - 1] == '\xff') {
        prefix.size--;
    }
    if (prefix.size == 0) {
        return buf_copy(STR("\xff"));
    }
    struct buf *end = buf_copy(prefix);

    end->at[end->size - 1]++;
    return end;
}
