/* The writer: the only thread that changes the file.  It takes what lies in its inbox, applies up to
 * 256 writes or 1 MB in one transaction and posts them back to the loop once COMMIT, and so fsync,
 * has returned.  While one fsync runs the next batch gathers, so load makes batches by itself.
 * Between batches it runs the other jobs (compaction, vacuum, the end of a checkpoint). */
#include "config.h" /* IWYU pragma: keep */

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/worker.h"
#include "store/seal.h"
#include "store/store_sqlite.h"

#define LOG_MODULE "store"

enum {
    BATCH_SIZE = 1 << 20,    /* bytes of values */
    RESERVE_MIN = 256 << 10, /* bytes of the WAL's file that are kept ready behind its end */
    RESERVE_MAX = 4 << 20,   /* how much is added at once */
    FRAME_HEADER_SIZE = 24,
    ROW_WEIGHT = 128, /* bytes that a row takes beside key and value, about */
};

/* What cur says about a key; all 0: it is not there. */
struct writer_head {
    uint64_t rev, create_rev;
    int64_t weight;
};

static void writer_commit(struct store_sqlite_writer *writer, struct worker *worker,
                          struct store_sqlite_batch *batch, struct store_sqlite_job **io_job);
static void writer_apply(struct store_sqlite_writer *writer, struct worker *worker,
                         struct store_sqlite_batch *batch, struct store_sqlite_job **io_job,
                         struct err **err);
static int writer_end(struct store_sqlite_writer *writer, enum store_rc *ret_rc, struct err **err);
static void writer_rollback(struct store_sqlite_writer *writer);
static void writer_reserve(struct store_sqlite_writer *writer);
static sqlite3_file *writer_wal(struct store_sqlite_writer *writer);
static int writer_on_wal(void *ctx, sqlite3 *handle, const char *name, int pages);
static void batch_fail(struct store_sqlite_batch *batch, enum store_rc rc, const struct err *err);
static int op_apply(struct store_sqlite_writer *writer, struct store_sqlite_op *op,
                    struct err **err);
static int op_head(struct store_sqlite_writer *writer, struct str key, struct writer_head *ret,
                   struct err **err);
static int op_read_current(struct store_sqlite_writer *writer, struct store_sqlite_op *op,
                           struct err **err);
static int op_put_row(struct store_sqlite_writer *writer, const struct store_sqlite_op *op,
                      unsigned flags, struct str stored, struct err **err);
static int op_put_head(struct store_sqlite_writer *writer, const struct store_sqlite_op *op,
                       int64_t weight, struct err **err);

int
store_sqlite_writer_start(struct store_sqlite_writer *writer, struct err **err)
{
    struct store_sqlite_db *db = &writer->db;
    sqlite3_stmt *stmt = store_sqlite_db_use(db, SQL_MAX_REV, err);
    int64_t last_rev = 0;
    int64_t swept[3] = { 0 };

    if (stmt == NULL || store_sqlite_db_step(db, stmt, err) < 0) {
        return -1;
    }
    int64_t max_rev = sqlite3_column_int64(stmt, 0);

    (void)sqlite3_reset(stmt); /* the step was good */
    if (store_sqlite_db_meta(db, "last_rev", &last_rev, err) != 0 ||
        store_sqlite_db_meta(db, "history_bytes", &writer->now.history_bytes, err) != 0 ||
        store_sqlite_db_meta(db, "compact_rev", &swept[0], err) != 0 ||
        store_sqlite_db_meta(db, "swept", &swept[1], err) != 0 ||
        store_sqlite_db_meta(db, "swept_history", &swept[2], err) != 0) {
        return -1;
    }
    writer->compact_rev = (uint64_t)swept[0];
    writer->swept = (uint64_t)swept[1];
    writer->swept_history = (uint64_t)swept[2];
    writer->now.last_rev = (uint64_t)(last_rev > max_rev ? last_rev : max_rev);
    writer->saved = writer->now;
    (void)sqlite3_wal_hook(db->handle, writer_on_wal, writer); /* there was none before */
    return 0;
}

void
store_sqlite_writer_body(struct worker *worker, void *ctx, struct err **err)
{
    struct store_sqlite_writer *writer = ctx;

    (void)err; /* what fails is answered to whoever asked */
    for (;;) {
        struct store_sqlite_job *job = worker_receive(worker, STORE_SQLITE_WAIT_MS);

        if (job == NULL) {
            continue; /* an hour went by; it ends by its stop job, after all that came before */
        }
        if (job->run == NULL) {
            struct store_sqlite_batch *batch = MEM_NEW(struct store_sqlite_batch);

            batch->store = writer->store;
            writer_commit(writer, worker, batch, &job);
            loop_post(writer->store->loop, store_sqlite_deliver, batch);
            writer_reserve(writer); /* while the loop is at work on the answers */
        }
        if (job != NULL) {
            bool is_last = job->run == store_sqlite_writer_stop;

            job->run(writer, job);
            job->wal_pages = writer->wal_pages;
            loop_post(writer->store->loop, job->done, job);
            if (is_last) {
                return;
            }
        }
    }
}

void
store_sqlite_writer_stop(struct store_sqlite_writer *writer, struct store_sqlite_job *job)
{
    (void)writer;
    (void)job; /* the body knows it by its address */
}

int
store_sqlite_writer_transact(struct store_sqlite_writer *writer, struct store_sqlite_job *job,
                             int (*work)(struct store_sqlite_writer *, struct store_sqlite_job *))
{
    enum store_rc rc = STORE_FAILED; /* the same for a job: it is done again or told */

    if (writer->broken != NULL) {
        job->err = err_copy(writer->broken);
        return -1;
    }
    if (store_sqlite_db_run(&writer->db, SQL_BEGIN_WRITE, &job->err) == 0 &&
        work(writer, job) == 0 && writer_end(writer, &rc, &job->err) == 0) {
        return 0;
    }
    writer_rollback(writer);
    return -1;
}

int64_t
store_sqlite_writer_weight(size_t key_size, size_t stored_size)
{
    return (int64_t)(key_size + stored_size) + ROW_WEIGHT;
}

/* What is in memory and what is on the disk may differ from here on. */
void
store_sqlite_writer_break(struct store_sqlite_writer *writer, const struct err *err)
{
    if (writer->broken == NULL) {
        (void)err_set(&writer->broken, ERR_IO,
                      "no more writes (%s): look after the disk, then restart binnacle",
                      err->message);
        log_error("the store takes no more writes error=%s", err->message);
    }
}

/* One transaction, beginning with the write *io_job.  Afterwards *io_job is the job that was met
 * behind the writes and must run next, or NULL. */
static void
writer_commit(struct store_sqlite_writer *writer, struct worker *worker,
              struct store_sqlite_batch *batch, struct store_sqlite_job **io_job)
{
    int64_t start_us = clock_mono_us();
    uint64_t last_rev = writer->now.last_rev;
    AUTO_ERR struct err *err = NULL;
    enum store_rc rc = STORE_FAILED;

    if (writer->broken != NULL) {
        err = err_copy(writer->broken);
    } else {
        (void)store_sqlite_db_run(&writer->db, SQL_BEGIN_WRITE, &err); /* err tells */
    }
    writer_apply(writer, worker, batch, io_job, &err);
    if (err != NULL || writer_end(writer, &rc, &err) != 0) {
        writer_rollback(writer);
        batch_fail(batch, rc, err);
        return;
    }
    batch->rev = writer->now.last_rev > last_rev ? writer->now.last_rev : 0;
    batch->wal_pages = writer->wal_pages;
    metrics_add(METRIC_COMMITS, NULL, 1);
    metrics_add(METRIC_COMMIT_WRITES, NULL, (double)batch->ops.len);
    metrics_observe(METRIC_COMMIT_SECONDS, NULL, (double)(clock_mono_us() - start_us) / 1e6);
}

/* Takes what lies in the inbox, beginning with *io_job, into the batch and applies it, until there
 * is no more, the batch is full or a job is no write.  After an error the rest only joins. */
static void
writer_apply(struct store_sqlite_writer *writer, struct worker *worker,
             struct store_sqlite_batch *batch, struct store_sqlite_job **io_job, struct err **err)
{
    struct store_sqlite_job *job = *io_job;

    while (job != NULL && job->run == NULL) {
        struct store_sqlite_op *op = container_of(job, struct store_sqlite_op, job);

        VEC_ADD(batch->ops, op);
        batch->size_bytes += op->value == NULL ? 0 : op->value->size;
        if (*err == NULL) {
            (void)op_apply(writer, op, err); /* err tells */
        }
        job = batch->ops.len < STORE_SQLITE_BATCH_OPS && batch->size_bytes < BATCH_SIZE
                  ? worker_receive(worker, 0)
                  : NULL;
    }
    *io_job = job;
}

/* Saves the counts and commits.  *ret_rc becomes UNKNOWN when it failed in a way that may still
 * leave the transaction in the file. */
static int
writer_end(struct store_sqlite_writer *writer, enum store_rc *ret_rc, struct err **err)
{
    struct store_sqlite_db *db = &writer->db;

    if (writer->now.last_rev != writer->saved.last_rev &&
        store_sqlite_db_meta_put(db, "last_rev", (int64_t)writer->now.last_rev, err) != 0) {
        return -1;
    }
    if (writer->now.history_bytes != writer->saved.history_bytes &&
        store_sqlite_db_meta_put(db, "history_bytes", writer->now.history_bytes, err) != 0) {
        return -1;
    }
    if (FAULT("store.commit.before_fsync", err) != 0) {
        return -1;
    }
    if (store_sqlite_db_run(db, SQL_COMMIT, err) != 0) {
        int code = sqlite3_extended_errcode(db->handle);

        /* The frames were written whole and stand in the WAL, though nobody reads them: the next
         * start may find them.  And after a failed fsync no later one means anything. */
        if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) {
            *ret_rc = STORE_UNKNOWN;
            store_sqlite_writer_break(writer, *err);
        }
        return -1;
    }
    writer->saved = writer->now;
    if (FAULT("store.commit.after_fsync", err) != 0) {
        *ret_rc = STORE_UNKNOWN;
        store_sqlite_writer_break(writer, *err);
        return -1;
    }
    return 0;
}

static void
writer_rollback(struct store_sqlite_writer *writer)
{
    AUTO_ERR struct err *ignored = NULL;

    /* Some errors have ended the transaction already. What failed is told by the first error. */
    if (sqlite3_get_autocommit(writer->db.handle) == 0) {
        (void)store_sqlite_db_run(&writer->db, SQL_ROLLBACK, &ignored);
    }
    writer->now = writer->saved;
}

/* An fdatasync of a file that has grown writes the file system's journal too and takes several times
 * as long as one of a file that is overwritten.  So the WAL's file is kept longer than the WAL: zeros
 * are no frames to SQLite, and once it begins anew they are overwritten.  A failure is no failure:
 * commits then make room for themselves. */
static void
writer_reserve(struct store_sqlite_writer *writer)
{
    static const char zeros[64 << 10];
    int64_t end = (int64_t)writer->wal_pages * (STORE_SQLITE_PAGE_SIZE + FRAME_HEADER_SIZE);

    if (end + RESERVE_MIN < writer->reserved || writer->broken != NULL) {
        return;
    }
    sqlite3_file *file = writer_wal(writer);
    int64_t size = store_sqlite_writer_wal_size(writer);
    int64_t more = size < RESERVE_MIN ? RESERVE_MIN : size > RESERVE_MAX ? RESERVE_MAX : size;
    int64_t wanted = end + RESERVE_MIN < size ? size : size + more;

    while (file != NULL && size < wanted &&
           file->pMethods->xWrite(file, zeros, (int)sizeof zeros, size) == SQLITE_OK) {
        size += (int64_t)sizeof zeros;
    }
    writer->reserved = size < wanted ? wanted : size; /* if it failed: not again at once */
}

int64_t
store_sqlite_writer_wal_size(struct store_sqlite_writer *writer)
{
    sqlite3_file *file = writer_wal(writer);
    sqlite3_int64 size = 0;

    return file != NULL && file->pMethods->xFileSize(file, &size) == SQLITE_OK ? size : 0;
}

/* SQLite's own file of the WAL, NULL when it has none open. */
static sqlite3_file *
writer_wal(struct store_sqlite_writer *writer)
{
    sqlite3_file *file = NULL;
    int rc = sqlite3_file_control(writer->db.handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);

    return rc == SQLITE_OK && file != NULL && file->pMethods != NULL ? file : NULL;
}

static int
writer_on_wal(void *ctx, sqlite3 *handle, const char *name, int pages)
{
    struct store_sqlite_writer *writer = ctx;

    (void)handle;
    (void)name;
    if (pages < writer->wal_pages) {
        writer->reserved = 0; /* it began anew, perhaps with a shorter file */
    }
    writer->wal_pages = pages;
    return SQLITE_OK;
}

static void
batch_fail(struct store_sqlite_batch *batch, enum store_rc rc, const struct err *err)
{
    for (size_t i = 0; i < batch->ops.len; i++) {
        struct store_sqlite_op *op = batch->ops.at[i];

        op->rc = rc;
        op->rev = 0;
        buf_unref(STEAL(op->current));
        err_clear(&op->job.err);
        op->job.err = err_copy(err);
    }
}

/* ---- one write ---- */

/* Sets the write's answer: OK, CONFLICT, or FAILED for what is its own fault alone. -1: the whole
 * transaction has failed. */
static int
op_apply(struct store_sqlite_writer *writer, struct store_sqlite_op *op, struct err **err)
{
    struct str key = buf_str(op->key);
    struct str stored = buf_str(op->value);
    AUTO_BUF struct buf *sealed = NULL;
    struct writer_head head = { 0 };
    unsigned flags = (op->value == NULL ? STORE_SQLITE_DELETED : 0) |
                     ((op->flags & STORE_NOHIST) != 0 ? STORE_SQLITE_NOHIST : 0);

    if (op_head(writer, key, &head, err) != 0) {
        return -1;
    }
    if (head.rev != op->expect_rev) {
        op->rc = STORE_CONFLICT;
        op->rev = head.rev;
        return head.rev == 0 ? 0 : op_read_current(writer, op, err);
    }
    if (op->value != NULL && (op->flags & STORE_SEAL) != 0) {
        if (seal_encrypt(writer->store->seal, key, stored, &sealed, &op->job.err) != 0) {
            op->rc = STORE_FAILED;
            return 0;
        }
        stored = buf_str(sealed);
        flags |= STORE_SQLITE_SEALED;
    }
    op->rc = STORE_OK;
    op->rev = writer->now.last_rev + 1;
    op->prev_rev = head.rev;
    op->create_rev = head.rev == 0 ? op->rev : head.create_rev;
    int64_t weight =
        (flags & STORE_SQLITE_NOHIST) != 0 ? 0 : store_sqlite_writer_weight(key.size, stored.size);

    if (op_put_row(writer, op, flags, stored, err) != 0 ||
        op_put_head(writer, op, weight, err) != 0) {
        return -1;
    }
    writer->now.last_rev = op->rev;
    writer->now.history_bytes += head.weight + (op->value == NULL ? weight : 0);
    return 0;
}

static int
op_head(struct store_sqlite_writer *writer, struct str key, struct writer_head *ret,
        struct err **err)
{
    sqlite3_stmt *stmt = store_sqlite_db_use(&writer->db, SQL_HEAD, err);

    if (stmt == NULL) {
        return -1;
    }
    store_sqlite_bind(stmt, 1, key);
    int rc = store_sqlite_db_step(&writer->db, stmt, err);

    if (rc == 1) {
        ret->rev = (uint64_t)sqlite3_column_int64(stmt, 0);
        ret->create_rev = (uint64_t)sqlite3_column_int64(stmt, 1);
        ret->weight = sqlite3_column_int64(stmt, 2);
        (void)sqlite3_reset(stmt); /* the step was good */
    }
    return rc < 0 ? -1 : 0;
}

/* The value that stands where a write conflicted. */
static int
op_read_current(struct store_sqlite_writer *writer, struct store_sqlite_op *op, struct err **err)
{
    sqlite3_stmt *stmt = store_sqlite_db_use(&writer->db, SQL_ROW, err);
    struct store_sqlite_row row = { 0 };

    if (stmt == NULL) {
        return -1;
    }
    (void)sqlite3_bind_int64(stmt, 1, (int64_t)op->rev); /* cannot fail: the index is right */
    int rc = store_sqlite_db_step(&writer->db, stmt, err);

    if (rc < 0) {
        return -1;
    }
    if (rc == 0) {
        op->rc = STORE_FAILED;
        return err_set(&op->job.err, ERR_IO,
                       "revision %llu is missing in '%s': restore a "
                       "backup (binnacle restore)",
                       (unsigned long long)op->rev, writer->db.path),
               0;
    }
    if (store_sqlite_db_row(stmt, writer->store->seal, writer->db.path, &row, &op->job.err) != 0) {
        op->rc = STORE_FAILED;
    }
    op->current = row.value;
    (void)sqlite3_reset(stmt); /* the step was good */
    return 0;
}

static int
op_put_row(struct store_sqlite_writer *writer, const struct store_sqlite_op *op, unsigned flags,
           struct str stored, struct err **err)
{
    sqlite3_stmt *stmt = store_sqlite_db_use(&writer->db, SQL_ROW_PUT, err);
    const struct store_sqlite_row row = {
        .rev = op->rev,
        .create_rev = op->create_rev,
        .prev_rev = op->prev_rev,
        .flags = flags,
        .key = buf_str(op->key),
    };
    const int64_t numbers[] = {
        (int64_t)row.rev,
        (int64_t)row.create_rev,
        (int64_t)row.prev_rev,
        (int64_t)flags,
        op->time_ms,
        (int64_t)op->cause_rev,
        store_sqlite_db_sum(&row, stored),
    };

    if (stmt == NULL) {
        return -1;
    }
    /* Binding cannot fail: indexes are right, and nothing is copied. */
    for (int i = 0; i < (int)ARRAY_LEN(numbers); i++) {
        (void)sqlite3_bind_int64(stmt, i + 1, numbers[i]);
    }
    store_sqlite_bind(stmt, 8, row.key);
    const struct str none = { 0 };
    bool has_history = (flags & STORE_SQLITE_NOHIST) == 0;

    store_sqlite_bind(stmt, 9, has_history ? op->verb : none);
    store_sqlite_bind(stmt, 10, has_history ? op->user : none);
    store_sqlite_bind(stmt, 11, has_history ? op->agent : none);
    store_sqlite_bind(stmt, 12, has_history ? op->address : none);
    (void)sqlite3_bind_blob(stmt, 13, stored.at, (int)stored.size, SQLITE_STATIC);
    return store_sqlite_db_step(&writer->db, stmt, err);
}

static int
op_put_head(struct store_sqlite_writer *writer, const struct store_sqlite_op *op, int64_t weight,
            struct err **err)
{
    enum store_sqlite_sql id = op->value == NULL ? SQL_HEAD_DEL : SQL_HEAD_PUT;
    sqlite3_stmt *stmt = store_sqlite_db_use(&writer->db, id, err);

    if (stmt == NULL) {
        return -1;
    }
    store_sqlite_bind(stmt, 1, buf_str(op->key));
    if (op->value != NULL) { /* cannot fail: the indexes are right */
        (void)sqlite3_bind_int64(stmt, 2, (int64_t)op->rev);
        (void)sqlite3_bind_int64(stmt, 3, (int64_t)op->create_rev);
        (void)sqlite3_bind_int64(stmt, 4, weight);
    }
    return store_sqlite_db_step(&writer->db, stmt, err);
}
