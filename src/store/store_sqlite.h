/* Private to the store_sqlite*.c files: what the SQLite store's loop side and its three threads
 * share.  The loop hands jobs to the writer, the reader and the checker through their inboxes and
 * gets them back by loop_post; nothing else is shared.  Each thread has a connection of its own. */
#ifndef BINNACLE_STORE_STORE_SQLITE_H
#define BINNACLE_STORE_STORE_SQLITE_H

#include <sqlite3.h>
#include <stdatomic.h>

#include "base/loop.h"
#include "base/vec.h"
#include "store/store.h"

struct buf;
struct seal;
struct worker;

enum {
    STORE_SQLITE_PAGE_SIZE = 4096,
    STORE_SQLITE_BATCH_OPS = 256, /* writes in one transaction */
    STORE_SQLITE_WAIT_MS =
        3600 * 1000, /* how long a thread waits for a job before it waits again */
};

/* kv.flags */
enum store_sqlite_row_flags {
    STORE_SQLITE_DELETED = 1 << 0, /* a tombstone: val is NULL */
    STORE_SQLITE_SEALED = 1 << 1,  /* val is what seal_encrypt made */
    STORE_SQLITE_NOHIST = 1 << 2,  /* ends at compaction; has no actor */
};

/* ---- a connection (store_sqlite_db.c) ---- */

/* Every statement but the schema's, in one table there; prepared on first use and kept. */
enum store_sqlite_sql {
    SQL_BEGIN_WRITE,
    SQL_BEGIN_READ,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_META_GET,
    SQL_META_PUT,
    SQL_MAX_REV,
    SQL_HEAD,
    SQL_HEAD_PUT,
    SQL_HEAD_DEL,
    SQL_ROW,
    SQL_ROW_PUT,
    SQL_ROW_DEL,
    SQL_LIST_NOW, /* whole rows, then what cur says of each: rev and key */
    SQL_LIST_AT,  /* only such rev and key */
    SQL_EVENTS,
    SQL_HISTORY_KEY,
    SQL_HISTORY_PREFIX,
    SQL_SWEEP,
    SQL_LINK,
    SQL_RELINK,
    SQL_VACUUM,
    SQL_FREE_PAGES,
    SQL_QUICK_CHECK,
    SQL_LEN
};
struct store_sqlite_db {
    sqlite3 *handle;
    const char *path; /* the store's */
    sqlite3_stmt *stmts[SQL_LEN];
};

struct store_sqlite_row { /* of kv */
    uint64_t rev, create_rev, prev_rev;
    unsigned flags;
    struct str key;     /* the statement's, until it moves on, like all texts here */
    struct buf *value;  /* owned; opened when it was sealed */
    uint64_t cause_rev; /* from here on only of history */
    int64_t time_ms;
    struct str verb, user, agent, address;
};

/* Opens the connection with its pragmas; cache_kib bounds its page cache. */
int store_sqlite_db_open(struct store_sqlite_db *db, const char *path, int cache_kib,
                         struct err **err);
void store_sqlite_db_close(struct store_sqlite_db *db); /* half-built too */
/* The schema is made or brought up to date; a newer or a foreign one is an error. */
int store_sqlite_db_migrate(struct store_sqlite_db *db, struct err **err);
/* A statement that is reset and unbound, or NULL with an error. */
sqlite3_stmt *store_sqlite_db_use(struct store_sqlite_db *db, enum store_sqlite_sql id,
                                  struct err **err);
/* 1: a row, 0: done (and reset), -1: error (and reset). */
int store_sqlite_db_step(struct store_sqlite_db *db, sqlite3_stmt *stmt, struct err **err);
int store_sqlite_db_run(struct store_sqlite_db *db, enum store_sqlite_sql id, struct err **err);
/* Turns a result code into an error that says what to do. Returns -1. */
int store_sqlite_db_fail(struct store_sqlite_db *db, int rc, struct err **err);
/* A number of meta; absent is 0. */
int store_sqlite_db_meta(struct store_sqlite_db *db, const char *name, int64_t *ret,
                         struct err **err);
int store_sqlite_db_meta_put(struct store_sqlite_db *db, const char *name, int64_t value,
                             struct err **err);
/* Bytes of meta; absent is NULL. */
int store_sqlite_db_meta_buf(struct store_sqlite_db *db, const char *name, struct buf **ret,
                             struct err **err);
int store_sqlite_db_meta_put_buf(struct store_sqlite_db *db, const char *name, struct str value,
                                 struct err **err);
/* The current row of a row statement; the value is checked against its sum and opened. */
int store_sqlite_db_row(sqlite3_stmt *stmt, struct seal *seal, const char *path,
                        struct store_sqlite_row *ret, struct err **err);
/* The rest of it, of a statement of history. */
void store_sqlite_db_origin(sqlite3_stmt *stmt, struct store_sqlite_row *row);
/* What kv.sum holds, over all of a row that matters but its actor and time. It finds damage that
 * SQLite's own checks cannot see. */
int64_t store_sqlite_db_sum(const struct store_sqlite_row *row, struct str stored);
/* Binding what is not copied cannot fail but for a wrong index. Revisions above SQLite's largest
 * number stand for "no bound". */
static inline void
store_sqlite_bind(sqlite3_stmt *stmt, int at, struct str text)
{
    (void)sqlite3_bind_text(stmt, at, text.at, (int)text.size, SQLITE_STATIC);
}
static inline void
store_sqlite_bind_rev(sqlite3_stmt *stmt, int at, uint64_t rev)
{
    (void)sqlite3_bind_int64(stmt, at, rev > INT64_MAX ? INT64_MAX : (int64_t)rev);
}
struct str store_sqlite_db_text(sqlite3_stmt *stmt, int at); /* of a column, until the next step */

/* ---- the writer (store_sqlite_writer.c) ---- */

struct store_sqlite_counts {
    uint64_t last_rev;     /* the newest revision */
    int64_t history_bytes; /* weight of the rows that are history: replaced ones and tombstones */
};
struct store_sqlite_writer {
    struct store_sqlite *store;
    struct store_sqlite_db db;
    struct store_sqlite_counts now, saved; /* in this transaction; as meta has them */
    int wal_pages;                         /* after the last commit */
    int64_t reserved;                      /* bytes that the WAL's file has, at the last look */
    uint64_t compact_rev;                  /* as meta has them: the logical revision, */
    uint64_t swept, swept_history;         /* and up to where the rows below it were removed */
    struct err *broken; /* set: why every write fails until the store is opened again */
};

/* What the loop sends the writer; embedded in what the job needs. */
struct store_sqlite_job {
    /* On the writer, outside a transaction; NULL: a write, joined with others into a batch. */
    void (*run)(struct store_sqlite_writer *, struct store_sqlite_job *);
    loop_fn *done; /* posted back with the job, when run is set */
    struct store_sqlite *store;
    struct err *err; /* run's */
    int wal_pages;   /* after it */
};

struct store_sqlite_op { /* one write, from store_commit to its done */
    struct store_sqlite_job job;
    struct buf *key, *value;
    uint64_t expect_rev, cause_rev;
    int64_t time_ms;
    unsigned flags;
    struct str verb, user, agent, address; /* in text[] */
    void *tag;
    store_done_fn *done;
    void *ctx;
    enum store_rc rc; /* from here on the writer's answer */
    uint64_t rev, create_rev, prev_rev;
    struct buf *current;
    char text[];
};

struct store_sqlite_batch { /* what one transaction came to; posted to the loop */
    struct store_sqlite *store;
    VEC(struct store_sqlite_op *) ops; /* in order of commit */
    size_t size_bytes;
    uint64_t rev;  /* the last of the batch, 0: nothing was written */
    int wal_pages; /* after it */
};

/* Before the thread starts: reads the counts. */
int store_sqlite_writer_start(struct store_sqlite_writer *writer, struct err **err);
int64_t store_sqlite_writer_weight(size_t key_size, size_t stored_size); /* of a row, in bytes */
void store_sqlite_writer_body(struct worker *worker, void *ctx, struct err **err);
void store_sqlite_writer_stop(struct store_sqlite_writer *, struct store_sqlite_job *);
/* Inside a job: a transaction around `work`; undone and reported in job->err when it fails. */
int store_sqlite_writer_transact(struct store_sqlite_writer *writer, struct store_sqlite_job *job,
                                 int (*work)(struct store_sqlite_writer *,
                                             struct store_sqlite_job *));

/* ---- the reader (store_sqlite_read.c, store_sqlite_reader.c) ---- */

struct store_sqlite_reader {
    struct store_sqlite *store;
    struct store_sqlite_db db;
};
void store_sqlite_reader_body(struct worker *worker, void *ctx, struct err **err);
void store_sqlite_read_list(struct store *store, struct str prefix, uint64_t at_rev,
                            struct str start, size_t limit, store_list_fn *fn, void *ctx);
void store_sqlite_read_events(struct store *store, uint64_t after_rev, uint64_t to_rev,
                              size_t limit, store_events_fn *fn, void *ctx);
void store_sqlite_read_history(struct store *store, struct str key, uint64_t before_rev,
                               size_t limit, store_history_fn *fn, void *ctx);
void store_sqlite_read_stop(struct store_sqlite *store); /* after what was asked before */
void store_sqlite_read_drop(void *message);              /* the worker's */

int64_t store_sqlite_writer_wal_size(struct store_sqlite_writer *writer); /* its file's, bytes */
/* No more writes until the store is opened again, because of err; the first call counts. */
void store_sqlite_writer_break(struct store_sqlite_writer *writer, const struct err *err);

/* ---- jobs of upkeep, on the writer (store_sqlite_sweep.c) ---- */

enum { STORE_SQLITE_SWEEP_ROWS = 100 }; /* in one transaction: others must not wait for long */
struct store_sqlite_compaction {
    struct store_sqlite_job job;
    uint64_t rev; /* in: to; out: where it stands */
    store_done_fn *done;
    void *ctx;
};
struct store_sqlite_slice { /* a piece of work that may leave more to do */
    struct store_sqlite_job job;
    int64_t before_ms; /* history that ended before is too old */
    bool is_more;
    int64_t wal_size; /* bytes that the WAL's file has */
};
void store_sqlite_sweep_compact(struct store_sqlite_writer *, struct store_sqlite_job *);
void store_sqlite_sweep_slice(struct store_sqlite_writer *, struct store_sqlite_job *);
void store_sqlite_sweep_vacuum(struct store_sqlite_writer *, struct store_sqlite_job *);
void store_sqlite_sweep_checkpoint(struct store_sqlite_writer *, struct store_sqlite_job *);
/* job->err is why: moves the writer to broken. */
void store_sqlite_sweep_break(struct store_sqlite_writer *, struct store_sqlite_job *);

/* ---- when to do what, and the checker's thread (store_sqlite_check.c) ---- */

struct store_sqlite_upkeep { /* loop thread */
    struct loop_timer *timer;
    int64_t commit_ms, retry_ms; /* the last commit; no checkpoint before, after one failed */
    int wal_pages;               /* after the last batch */
    bool is_checkpointing, is_sweeping, is_vacuuming; /* a job is on its way */
    bool is_checked; /* the file was looked through since it was opened */
};
void store_sqlite_check_body(struct worker *worker, void *ctx, struct err **err);
void store_sqlite_check_drop(void *message);
void store_sqlite_check_start(struct store_sqlite *store);
void store_sqlite_check_commit(struct store_sqlite *store, int wal_pages); /* after each batch */
void store_sqlite_check_compact(struct store *store, uint64_t rev, store_done_fn *done, void *ctx);
void store_sqlite_check_stop(struct store_sqlite *store); /* ends the thread */

/* ---- the whole (store_sqlite.c) ---- */

enum { STORE_SQLITE_WRITER, STORE_SQLITE_READER, STORE_SQLITE_CHECKER, STORE_SQLITE_THREADS };
struct store_sqlite {
    struct store store; /* first: a struct store * is one of these */
    struct loop *loop;
    char *path;
    struct seal *seal;
    struct store_limits limits;
    struct worker *threads[STORE_SQLITE_THREADS]; /* NULL: ended */
    struct store_sqlite_writer writer; /* that thread's, once it runs; so are the next two */
    struct store_sqlite_reader reader;
    struct store_sqlite_db checker;
    struct store_sqlite_upkeep upkeep;
    VEC(struct store_sqlite_op *) patient; /* wait for company */
    struct loop_timer *patience;
    store_event_fn *watch;
    void *watch_ctx;
    uint64_t watch_rev;                    /* it asked for what comes after */
    bool is_replaying;                     /* past events come first: batches are held */
    VEC(struct store_sqlite_batch *) held; /* in order */
    bool is_closing;
    void (*closed)(void *ctx);
    void *closed_ctx;
};
static inline struct store_sqlite *
store_sqlite_of(struct store *store)
{
    return container_of(store, struct store_sqlite, store);
}
/* Sends a job to the writer; the loop gets it back by its done. */
void store_sqlite_send(struct store_sqlite *store, struct store_sqlite_job *job);
void store_sqlite_deliver(void *batch); /* loop: events, then dones */

#endif
