/* When upkeep happens, decided on the loop, and the checker's thread, which copies the WAL into the
 * file and looks the file through without stopping the writer.
 *
 *   WAL past 16 MiB      a PASSIVE checkpoint by the checker; when the writer was so busy that much
 *                        is left (32 MiB), the writer does the rest between two batches, or the WAL
 *                        would never begin anew
 *   after a compaction   slices of removed rows, one writer job at a time
 *   2 s without commits  memory given back, free pages in slices, then a checkpoint that
 *                        also shortens a long WAL file (TRUNCATE)
 *   soon after opening   PRAGMA quick_check, once */
#include "config.h" /* IWYU pragma: keep */

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/worker.h"
#include "store/store_sqlite.h"

#define LOG_MODULE "store"

enum {
    CHECKPOINT_PAGES = (16 << 20) / STORE_SQLITE_PAGE_SIZE,
    FINISH_PAGES = (32 << 20) / STORE_SQLITE_PAGE_SIZE,
    REST_PAGES = (1 << 20) / STORE_SQLITE_PAGE_SIZE, /* less is not worth the fsyncs */
    WAL_FILE_MAX = 32 << 20, /* bytes: a shorter file is kept, for it is quicker to overwrite */
    IDLE_MS = 2000,
    RETRY_MS = 5000, /* after a checkpoint failed, e.g. for a full disk */
};

enum check_kind { CHECK_PASSIVE, CHECK_TRUNCATE, CHECK_FILE, CHECK_STOP };
struct check_job {
    struct store_sqlite *store;
    enum check_kind kind;
    bool is_busy;  /* out: a reader was in the way */
    bool is_fatal; /* out: err means that no write can be trusted any more */
    struct err *err;
};

static void check_send(struct store_sqlite *store, enum check_kind kind);
static void check_run(struct store_sqlite_db *db, struct check_job *job);
static void check_wal(struct store_sqlite_db *db, struct check_job *job);
static void check_file(struct store_sqlite_db *db, struct check_job *job);
static void check_done(void *job);
static void check_file_done(void *job);
static void check_grown(struct store_sqlite *store, int wal_pages);
static void check_arm(struct store_sqlite *store, int64_t at_ms);
static void check_rest(struct store_sqlite *store, int64_t wal_size);
static void check_on_timer(void *store);
static void check_compacted(void *job);
static void check_sweep(struct store_sqlite *store);
static void check_swept(void *job);
static void check_vacuum(struct store_sqlite *store);
static void check_vacuumed(void *job);
static void check_finished(void *job);
static void check_broke(void *job);
static void check_break(struct store_sqlite *store, struct err *owned);

/* ---- loop: decisions ---- */

void
store_sqlite_check_start(struct store_sqlite *store)
{
    store->upkeep.commit_ms = clock_mono_ms();
    check_arm(store, store->upkeep.commit_ms + IDLE_MS);
}

void
store_sqlite_check_commit(struct store_sqlite *store, int wal_pages)
{
    struct store_sqlite_upkeep *upkeep = &store->upkeep;

    upkeep->commit_ms = clock_mono_ms();
    check_grown(store, wal_pages);
    if (upkeep->timer == NULL && !store->is_closing) {
        check_arm(store, upkeep->commit_ms + IDLE_MS);
    }
}

void
store_sqlite_check_compact(struct store *store, uint64_t rev, store_done_fn *done, void *ctx)
{
    struct store_sqlite_compaction *compaction = MEM_NEW(struct store_sqlite_compaction);

    compaction->job.run = store_sqlite_sweep_compact;
    compaction->job.done = check_compacted;
    compaction->rev = rev;
    compaction->done = done;
    compaction->ctx = ctx;
    store_sqlite_send(store_sqlite_of(store), &compaction->job);
}

void
store_sqlite_check_stop(struct store_sqlite *store)
{
    loop_timer_cancel(STEAL(store->upkeep.timer));
    check_send(store, CHECK_STOP);
}

/* After each transaction, of jobs too: they have written to the WAL like any other. */
static void
check_grown(struct store_sqlite *store, int wal_pages)
{
    struct store_sqlite_upkeep *upkeep = &store->upkeep;

    upkeep->wal_pages = wal_pages;
    if (wal_pages > CHECKPOINT_PAGES && !upkeep->is_checkpointing && !store->is_closing &&
        clock_mono_ms() >= upkeep->retry_ms) {
        check_send(store, CHECK_PASSIVE);
    }
}

static void
check_arm(struct store_sqlite *store, int64_t at_ms)
{
    store->upkeep.timer = loop_timer(store->loop, at_ms, check_on_timer, store);
}

/* The timer is set once and looks then, because commits are many: it moves on to when the last one
 * will be IDLE_MS ago. */
static void
check_on_timer(void *ctx)
{
    struct store_sqlite *store = ctx;
    struct store_sqlite_upkeep *upkeep = &store->upkeep;

    upkeep->timer = NULL;
    if (store->is_closing) {
        return;
    }
    if (!upkeep->is_checked) {
        upkeep->is_checked = true;
        check_send(store, CHECK_FILE);
    }
    if (clock_mono_ms() < upkeep->commit_ms + IDLE_MS) {
        check_arm(store, upkeep->commit_ms + IDLE_MS);
        return;
    }
    check_vacuum(store);
}

/* The end of what is done when idle: the next start finds little to recover, the next commit begins
 * the WAL anew.  A checkpoint that still runs, or a reader in the way: later. */
static void
check_rest(struct store_sqlite *store, int64_t wal_size)
{
    struct store_sqlite_upkeep *upkeep = &store->upkeep;

    if (upkeep->wal_pages <= REST_PAGES && wal_size <= WAL_FILE_MAX) {
        return;
    }
    if (!upkeep->is_checkpointing) {
        check_send(store, wal_size > WAL_FILE_MAX ? CHECK_TRUNCATE : CHECK_PASSIVE);
    } else if (upkeep->timer == NULL) {
        check_arm(store, clock_mono_ms() + IDLE_MS);
    }
}

/* A checkpoint came back. */
static void
check_done(void *ctx)
{
    struct check_job *job = ctx;
    struct store_sqlite *store = job->store;
    struct store_sqlite_upkeep *upkeep = &store->upkeep;

    upkeep->is_checkpointing = false;
    if (job->err != NULL) {
        log_warn("a checkpoint failed error=%s", job->err->message);
        upkeep->retry_ms = clock_mono_ms() + RETRY_MS;
        if (job->is_fatal) {
            check_break(store, STEAL(job->err));
        }
    } else if (job->kind == CHECK_TRUNCATE) {
        upkeep->wal_pages = job->is_busy ? upkeep->wal_pages : 0;
        if (job->is_busy && upkeep->timer == NULL && !store->is_closing) {
            check_arm(store, clock_mono_ms() + IDLE_MS);
        }
    } else if (upkeep->wal_pages > FINISH_PAGES && !store->is_closing) {
        struct store_sqlite_slice *rest = MEM_NEW(struct store_sqlite_slice);

        rest->job.run = store_sqlite_sweep_checkpoint;
        rest->job.done = check_finished;
        upkeep->is_checkpointing = true;
        store_sqlite_send(store, &rest->job);
    }
    err_free(job->err);
    mem_free(job);
}

static void
check_finished(void *ctx)
{
    struct store_sqlite_job *job = ctx;
    struct store_sqlite_slice *rest = container_of(job, struct store_sqlite_slice, job);

    job->store->upkeep.is_checkpointing = false;
    if (job->err != NULL) {
        log_warn("a checkpoint failed error=%s", job->err->message);
        job->store->upkeep.retry_ms = clock_mono_ms() + RETRY_MS;
    }
    err_free(job->err);
    mem_free(rest);
}

static void
check_compacted(void *ctx)
{
    struct store_sqlite_job *job = ctx;
    struct store_sqlite_compaction *compaction =
        container_of(job, struct store_sqlite_compaction, job);
    struct store_sqlite *store = job->store;

    store->store.compact_rev = compaction->rev;
    compaction->done(compaction->ctx, job->err == NULL ? STORE_OK : STORE_FAILED, compaction->rev,
                     NULL, job->err);
    mem_free(compaction);
    check_sweep(store);
}

/* One slice; the next is sent when it came back, so that writes go between. */
static void
check_sweep(struct store_sqlite *store)
{
    if (store->upkeep.is_sweeping || store->is_closing) {
        return;
    }
    struct store_sqlite_slice *slice = MEM_NEW(struct store_sqlite_slice);

    slice->job.run = store_sqlite_sweep_slice;
    slice->job.done = check_swept;
    slice->before_ms = clock_wall_ms() - store->limits.history_age_ms;
    store->upkeep.is_sweeping = true;
    store_sqlite_send(store, &slice->job);
}

static void
check_swept(void *ctx)
{
    struct store_sqlite_job *job = ctx;
    struct store_sqlite_slice *slice = container_of(job, struct store_sqlite_slice, job);
    struct store_sqlite *store = job->store;
    bool is_more = slice->is_more && job->err == NULL;

    check_grown(store, job->wal_pages);
    store->upkeep.is_sweeping = false;
    if (job->err != NULL) {
        log_warn("old rows stay until the next compaction error=%s", job->err->message);
    }
    err_free(job->err);
    mem_free(slice);
    if (is_more) {
        check_sweep(store);
    }
}

static void
check_vacuum(struct store_sqlite *store)
{
    if (store->upkeep.is_vacuuming || store->is_closing) {
        return;
    }
    struct store_sqlite_slice *slice = MEM_NEW(struct store_sqlite_slice);

    slice->job.run = store_sqlite_sweep_vacuum;
    slice->job.done = check_vacuumed;
    store->upkeep.is_vacuuming = true;
    store_sqlite_send(store, &slice->job);
}

static void
check_vacuumed(void *ctx)
{
    struct store_sqlite_job *job = ctx;
    struct store_sqlite_slice *slice = container_of(job, struct store_sqlite_slice, job);
    struct store_sqlite *store = job->store;
    bool is_more = slice->is_more && job->err == NULL;
    int64_t wal_size = slice->wal_size;

    check_grown(store, job->wal_pages);
    store->upkeep.is_vacuuming = false;
    if (job->err != NULL) {
        log_warn("free pages stay in the file error=%s", job->err->message);
    }
    err_free(job->err);
    mem_free(slice);
    if (store->is_closing || clock_mono_ms() < store->upkeep.commit_ms + IDLE_MS) {
        return; /* not idle any more: the next time */
    }
    if (is_more) {
        check_vacuum(store);
    } else {
        check_rest(store, wal_size); /* the file becomes shorter when the WAL is copied into it */
    }
}

static void
check_file_done(void *ctx)
{
    struct check_job *job = ctx;

    if (job->err == NULL) {
        log_debug("the database file was looked through, all is well");
    } else {
        check_break(job->store, STEAL(job->err));
    }
    mem_free(job);
}

/* The writer logs it, once. */
static void
check_break(struct store_sqlite *store, struct err *owned)
{
    struct store_sqlite_slice *stop = MEM_NEW(struct store_sqlite_slice);

    if (store->is_closing) { /* there is no next write */
        err_free(owned);
        mem_free(stop);
        return;
    }
    stop->job.run = store_sqlite_sweep_break;
    stop->job.done = check_broke;
    stop->job.err = owned;
    store_sqlite_send(store, &stop->job);
}

static void
check_broke(void *ctx)
{
    struct store_sqlite_job *job = ctx;

    err_free(job->err);
    mem_free(container_of(job, struct store_sqlite_slice, job));
}

static void
check_send(struct store_sqlite *store, enum check_kind kind)
{
    struct check_job *job = MEM_NEW(struct check_job);

    job->store = store;
    job->kind = kind;
    if (kind == CHECK_PASSIVE || kind == CHECK_TRUNCATE) {
        store->upkeep.is_checkpointing = true;
    }
    worker_send(store->threads[STORE_SQLITE_CHECKER], job);
}

/* ---- the checker's thread ---- */

void
store_sqlite_check_body(struct worker *worker, void *ctx, struct err **err)
{
    struct store_sqlite *store = ctx;

    (void)err; /* what fails is told with the job */
    for (;;) {
        struct check_job *job = worker_receive(worker, STORE_SQLITE_WAIT_MS);

        if (job == NULL) {
            continue; /* an hour went by */
        }
        if (job->kind == CHECK_STOP) {
            mem_free(job);
            return;
        }
        check_run(&store->checker, job);
        worker_post(worker, job->kind == CHECK_FILE ? check_file_done : check_done, job);
    }
}

void
store_sqlite_check_drop(void *message)
{
    mem_free(message); /* behind the stop: there is none */
}

static void
check_run(struct store_sqlite_db *db, struct check_job *job)
{
    switch (job->kind) {
    case CHECK_PASSIVE:
    case CHECK_TRUNCATE:
        check_wal(db, job);
        break;
    case CHECK_FILE:
        check_file(db, job);
        break;
    case CHECK_STOP:
        break; /* the body's */
    }
}

static void
check_wal(struct store_sqlite_db *db, struct check_job *job)
{
    int mode = job->kind == CHECK_TRUNCATE ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
    int rc = sqlite3_wal_checkpoint_v2(db->handle, NULL, mode, NULL, NULL);

    if (rc == SQLITE_BUSY) {
        job->is_busy = true;
    } else if (rc != SQLITE_OK) {
        (void)store_sqlite_db_fail(db, rc, &job->err);
        /* After a failed fsync the kernel may have dropped pages that SQLite believes written. */
        job->is_fatal = rc == SQLITE_IOERR_FSYNC || rc == SQLITE_CORRUPT;
    }
}

static void
check_file(struct store_sqlite_db *db, struct check_job *job)
{
    sqlite3_stmt *stmt = store_sqlite_db_use(db, SQL_QUICK_CHECK, &job->err);

    if (stmt == NULL || store_sqlite_db_step(db, stmt, &job->err) != 1) {
        return;
    }
    struct str verdict = store_sqlite_db_text(stmt, 0);

    if (!str_is(verdict, "ok")) {
        (void)err_set(&job->err, ERR_IO,
                      "'%s' is damaged (" STR_FMT "): stop binnacle and restore a backup "
                      "(binnacle restore)",
                      db->path, STR_ARG(verdict));
    }
    (void)sqlite3_reset(stmt);                   /* the step was good */
    (void)sqlite3_db_release_memory(db->handle); /* a wish, not a duty */
}
