/* Jobs of upkeep that need the write lock, so the writer runs them between batches: compaction, the
 * removal of rows that it freed, vacuum, the end of a checkpoint.  Called through
 * store_sqlite_job.run; store_sqlite_check.c decides when.
 *
 * Compaction is logical: it moves meta.compact_rev, and nothing older is answered from then on but
 * history.  Rows leave later, in slices, by walking along the revisions S up to it, once for each of
 * two cursors:
 *
 *   swept          the row that S replaced goes when it is NOHIST, and S itself when it is a NOHIST
 *                  tombstone.  When a row with history lay behind the one that goes, S is linked to
 *                  that, so that the next cursor finds it.
 *   swept_history  the row that S replaced goes, and S when it is a tombstone, while history is over
 *                  its bytes or S is older than its age. */
#include "config.h" /* IWYU pragma: keep */

#include <assert.h>

#include "base/err.h"
#include "store/store_sqlite.h"

enum {
    VACUUM_MIN_PAGES = 2048, /* 8 MiB: less is left for the next writes */
    VACUUM_SHARE = 4,        /* a quarter of the file must be free */
};

/* A row without its value and actor. */
struct sweep_row {
    uint64_t rev, create_rev, prev_rev; /* rev 0: there is none */
    unsigned flags;
    int64_t sum, time_ms, weight;
};

static int sweep_compact_work(struct store_sqlite_writer *writer, struct store_sqlite_job *job);
static int sweep_slice_work(struct store_sqlite_writer *writer, struct store_sqlite_job *job);
static int sweep_rows(struct store_sqlite_writer *writer, uint64_t after, struct sweep_row *rows,
                      size_t *ret_len, struct err **err);
static int sweep_nohist(struct store_sqlite_writer *writer, const struct sweep_row *rows,
                        size_t len, struct err **err);
static int sweep_nohist_row(struct store_sqlite_writer *writer, const struct sweep_row *row,
                            struct err **err);
static int sweep_history(struct store_sqlite_writer *writer, const struct sweep_row *rows,
                         size_t len, struct store_sqlite_slice *slice);
static bool sweep_is_due(const struct store_sqlite_writer *writer, const struct sweep_row *row,
                         const struct store_sqlite_slice *slice);
static int sweep_find(struct store_sqlite_writer *writer, uint64_t rev, struct sweep_row *ret,
                      struct err **err);
static int sweep_relink(struct store_sqlite_writer *writer, uint64_t rev, uint64_t prev_rev,
                        struct err **err);
static int sweep_delete(struct store_sqlite_writer *writer, uint64_t rev, struct err **err);

void
store_sqlite_sweep_compact(struct store_sqlite_writer *writer, struct store_sqlite_job *job)
{
    struct store_sqlite_compaction *compaction =
        container_of(job, struct store_sqlite_compaction, job);

    if (compaction->rev > writer->now.last_rev) {
        (void)err_set(&job->err, ERR_BAD_REQUEST, "required revision is a future revision");
    } else if (compaction->rev > writer->compact_rev &&
               store_sqlite_writer_transact(writer, job, sweep_compact_work) == 0) {
        writer->compact_rev = compaction->rev;
    }
    compaction->rev = writer->compact_rev;
}

static int
sweep_compact_work(struct store_sqlite_writer *writer, struct store_sqlite_job *job)
{
    const struct store_sqlite_compaction *compaction =
        container_of(job, struct store_sqlite_compaction, job);

    return store_sqlite_db_meta_put(&writer->db, "compact_rev", (int64_t)compaction->rev,
                                    &job->err);
}

void
store_sqlite_sweep_slice(struct store_sqlite_writer *writer, struct store_sqlite_job *job)
{
    uint64_t swept = writer->swept;
    uint64_t swept_history = writer->swept_history;

    if (store_sqlite_writer_transact(writer, job, sweep_slice_work) != 0) {
        writer->swept = swept;
        writer->swept_history = swept_history;
    }
}

static int
sweep_slice_work(struct store_sqlite_writer *writer, struct store_sqlite_job *job)
{
    struct store_sqlite_slice *slice = container_of(job, struct store_sqlite_slice, job);
    struct sweep_row rows[STORE_SQLITE_SWEEP_ROWS];
    size_t len = 0;

    if (writer->swept < writer->compact_rev) {
        if (sweep_rows(writer, writer->swept, rows, &len, &job->err) != 0 ||
            sweep_nohist(writer, rows, len, &job->err) != 0) {
            return -1;
        }
        writer->swept = len < STORE_SQLITE_SWEEP_ROWS ? writer->compact_rev : rows[len - 1].rev;
        slice->is_more = true;
        return store_sqlite_db_meta_put(&writer->db, "swept", (int64_t)writer->swept, &job->err);
    }
    if (sweep_rows(writer, writer->swept_history, rows, &len, &job->err) != 0 ||
        sweep_history(writer, rows, len, slice) != 0) {
        return -1;
    }
    return store_sqlite_db_meta_put(&writer->db, "swept_history", (int64_t)writer->swept_history,
                                    &job->err);
}

/* The next rows behind a cursor, up to the compaction revision: read whole before any is changed. */
static int
sweep_rows(struct store_sqlite_writer *writer, uint64_t after, struct sweep_row *rows,
           size_t *ret_len, struct err **err)
{
    sqlite3_stmt *stmt = store_sqlite_db_use(&writer->db, SQL_SWEEP, err);
    size_t len = 0;
    int rc = -1;

    if (stmt == NULL) {
        return -1;
    }
    store_sqlite_bind_rev(stmt, 1, after);
    store_sqlite_bind_rev(stmt, 2, writer->compact_rev);
    store_sqlite_bind_rev(stmt, 3, STORE_SQLITE_SWEEP_ROWS);
    while ((rc = store_sqlite_db_step(&writer->db, stmt, err)) == 1) {
        assert(len < STORE_SQLITE_SWEEP_ROWS); /* the statement's limit */
        rows[len++] = (struct sweep_row){
            .rev = (uint64_t)sqlite3_column_int64(stmt, 0),
            .prev_rev = (uint64_t)sqlite3_column_int64(stmt, 1),
            .flags = (unsigned)sqlite3_column_int(stmt, 2),
            .time_ms = sqlite3_column_int64(stmt, 3),
        };
    }
    *ret_len = len;
    return rc;
}

/* ---- rows without history ---- */

static int
sweep_nohist(struct store_sqlite_writer *writer, const struct sweep_row *rows, size_t len,
             struct err **err)
{
    for (size_t i = 0; i < len; i++) {
        if (sweep_nohist_row(writer, &rows[i], err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int
sweep_nohist_row(struct store_sqlite_writer *writer, const struct sweep_row *row, struct err **err)
{
    struct sweep_row replaced = { 0 };
    struct sweep_row behind = { 0 };

    if (sweep_find(writer, row->prev_rev, &replaced, err) != 0) {
        return -1;
    }
    if ((replaced.flags & STORE_SQLITE_NOHIST) != 0) {
        if (sweep_find(writer, replaced.prev_rev, &behind, err) != 0 ||
            sweep_delete(writer, replaced.rev, err) != 0) {
            return -1;
        }
        if (behind.rev != 0 && sweep_relink(writer, row->rev, behind.rev, err) != 0) {
            return -1;
        }
        replaced = behind;
    }
    unsigned ended = STORE_SQLITE_NOHIST | STORE_SQLITE_DELETED;

    if (replaced.rev == 0 && (row->flags & ended) == ended) {
        return sweep_delete(writer, row->rev, err);
    }
    return 0;
}

/* Makes prev_rev the row that rev replaced.  The sum changes by the difference of its part that is
 * not the value's. */
static int
sweep_relink(struct store_sqlite_writer *writer, uint64_t rev, uint64_t prev_rev, struct err **err)
{
    struct store_sqlite_db *db = &writer->db;
    sqlite3_stmt *stmt = store_sqlite_db_use(db, SQL_LINK, err);

    if (stmt == NULL) {
        return -1;
    }
    store_sqlite_bind_rev(stmt, 1, rev);
    if (store_sqlite_db_step(db, stmt, err) != 1) {
        return *err == NULL ? 0 : -1; /* it was read in this transaction: there is one */
    }
    struct store_sqlite_row row = {
        .rev = rev,
        .key = store_sqlite_db_text(stmt, 1),
        .create_rev = (uint64_t)sqlite3_column_int64(stmt, 2),
        .prev_rev = (uint64_t)sqlite3_column_int64(stmt, 3),
        .flags = (unsigned)sqlite3_column_int(stmt, 4),
    };
    const struct str none = { 0 };
    int64_t sum = sqlite3_column_int64(stmt, 5) ^ store_sqlite_db_sum(&row, none);

    row.prev_rev = prev_rev;
    sum ^= store_sqlite_db_sum(&row, none);
    (void)sqlite3_reset(stmt); /* the step was good */
    stmt = store_sqlite_db_use(db, SQL_RELINK, err);
    if (stmt == NULL) {
        return -1;
    }
    store_sqlite_bind_rev(stmt, 1, rev);
    store_sqlite_bind_rev(stmt, 2, prev_rev);
    (void)sqlite3_bind_int64(stmt, 3, sum); /* cannot fail: the index is right */
    return store_sqlite_db_step(db, stmt, err);
}

/* ---- history ---- */

static int
sweep_history(struct store_sqlite_writer *writer, const struct sweep_row *rows, size_t len,
              struct store_sqlite_slice *slice)
{
    struct err **err = &slice->job.err;

    for (size_t i = 0; i < len; i++) {
        struct sweep_row replaced = { 0 };

        if (!sweep_is_due(writer, &rows[i], slice)) {
            return 0;
        }
        if (sweep_find(writer, rows[i].prev_rev, &replaced, err) != 0 ||
            (replaced.rev != 0 && sweep_delete(writer, replaced.rev, err) != 0)) {
            return -1;
        }
        writer->now.history_bytes -= replaced.weight;
        if ((rows[i].flags & STORE_SQLITE_DELETED) != 0) {
            struct sweep_row own = { 0 };

            if (sweep_find(writer, rows[i].rev, &own, err) != 0 ||
                sweep_delete(writer, rows[i].rev, err) != 0) {
                return -1;
            }
            writer->now.history_bytes -= own.weight;
        }
        writer->swept_history = rows[i].rev;
    }
    slice->is_more = len == STORE_SQLITE_SWEEP_ROWS;
    return 0;
}

static bool
sweep_is_due(const struct store_sqlite_writer *writer, const struct sweep_row *row,
             const struct store_sqlite_slice *slice)
{
    return row->time_ms < slice->before_ms ||
           writer->now.history_bytes > writer->store->limits.history_bytes;
}

static int
sweep_find(struct store_sqlite_writer *writer, uint64_t rev, struct sweep_row *ret,
           struct err **err)
{
    sqlite3_stmt *stmt = NULL;

    *ret = (struct sweep_row){ 0 };
    if (rev == 0) {
        return 0;
    }
    stmt = store_sqlite_db_use(&writer->db, SQL_LINK, err);
    if (stmt == NULL) {
        return -1;
    }
    store_sqlite_bind_rev(stmt, 1, rev);
    int rc = store_sqlite_db_step(&writer->db, stmt, err);

    if (rc == 1) {
        ret->rev = rev;
        ret->prev_rev = (uint64_t)sqlite3_column_int64(stmt, 3);
        ret->flags = (unsigned)sqlite3_column_int(stmt, 4);
        if ((ret->flags & STORE_SQLITE_NOHIST) == 0) {
            ret->weight = store_sqlite_writer_weight(store_sqlite_db_text(stmt, 1).size,
                                                     (size_t)sqlite3_column_int64(stmt, 6));
        }
        (void)sqlite3_reset(stmt); /* the step was good */
    }
    return rc < 0 ? -1 : 0;
}

static int
sweep_delete(struct store_sqlite_writer *writer, uint64_t rev, struct err **err)
{
    sqlite3_stmt *stmt = store_sqlite_db_use(&writer->db, SQL_ROW_DEL, err);

    if (stmt == NULL) {
        return -1;
    }
    store_sqlite_bind_rev(stmt, 1, rev);
    return store_sqlite_db_step(&writer->db, stmt, err);
}

/* ---- the file ---- */

/* When nothing else is to do: gives memory back, and a slice of free pages to the file system. */
void
store_sqlite_sweep_vacuum(struct store_sqlite_writer *writer, struct store_sqlite_job *job)
{
    struct store_sqlite_slice *slice = container_of(job, struct store_sqlite_slice, job);
    struct store_sqlite_db *db = &writer->db;

    (void)sqlite3_db_release_memory(db->handle); /* a wish, not a duty */
    slice->wal_size = store_sqlite_writer_wal_size(writer);
    sqlite3_stmt *stmt =
        writer->broken != NULL ? NULL : store_sqlite_db_use(db, SQL_FREE_PAGES, &job->err);

    if (stmt == NULL || store_sqlite_db_step(db, stmt, &job->err) != 1) {
        return;
    }
    int64_t free_pages = sqlite3_column_int64(stmt, 0);
    int64_t pages = sqlite3_column_int64(stmt, 1);

    (void)sqlite3_reset(stmt); /* the step was good */
    if (free_pages < VACUUM_MIN_PAGES || free_pages * VACUUM_SHARE < pages) {
        return;
    }
    slice->is_more = store_sqlite_db_run(db, SQL_VACUUM, &job->err) == 0;
}

/* What the checker's pass has left is little, and nobody adds to it meanwhile: afterwards the WAL
 * begins anew. */
void
store_sqlite_sweep_checkpoint(struct store_sqlite_writer *writer, struct store_sqlite_job *job)
{
    int rc =
        sqlite3_wal_checkpoint_v2(writer->db.handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

    if (rc != SQLITE_OK && rc != SQLITE_BUSY) {
        (void)store_sqlite_db_fail(&writer->db, rc, &job->err);
        if (rc == SQLITE_IOERR_FSYNC) {
            store_sqlite_writer_break(writer, job->err);
        }
    }
}

void
store_sqlite_sweep_break(struct store_sqlite_writer *writer, struct store_sqlite_job *job)
{
    store_sqlite_writer_break(writer, job->err);
}
