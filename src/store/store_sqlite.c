/* The SQLite store, the loop's side: opening, commits on their way to the writer, batches on their
 * way back (events first, then dones), the sink, closing.  What each thread does stands in
 * store_sqlite_writer.c, store_sqlite_reader.c and store_sqlite_check.c. */
#include "config.h" /* IWYU pragma: keep */

#include "store/store_sqlite.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/worker.h"
#include "store/seal.h"

#define LOG_MODULE "store"

enum {
    WRITER_CACHE_KIB = 8192, /* upper bounds; given back when idle */
    READER_CACHE_KIB = 2048,
    CHECKER_CACHE_KIB = 512,
    HISTORY_AGE_MS = 7 * 24 * 3600 * 1000, /* defaults of struct store_limits */
    HISTORY_BYTES = 256 << 20,
    TEXT_MAX = 256, /* bytes of a user, an agent …: longer ones are cut */
};

static void sqlite_commit(struct store *, const struct store_write *, store_done_fn *, void *);
static void sqlite_fresh(struct store *, store_rev_fn *, void *);
static void sqlite_watch(struct store *, uint64_t, store_event_fn *, void *);
static void sqlite_close(struct store *, void (*)(void *), void *);

static const struct store_ops sqlite_ops = {
    .commit = sqlite_commit,
    .fresh = sqlite_fresh,
    .list = store_sqlite_read_list,
    .watch = sqlite_watch,
    .compact = store_sqlite_check_compact,
    .history = store_sqlite_read_history,
    .events = store_sqlite_read_events,
    .close = sqlite_close,
};

static void sqlite_writer_ended(void *store, struct err *owned);
static void sqlite_reader_ended(void *store, struct err *owned);
static void sqlite_checker_ended(void *store, struct err *owned);
static void sqlite_writer_drop(void *message);

static const struct worker_spec thread_specs[STORE_SQLITE_THREADS] = {
    [STORE_SQLITE_WRITER] = { .name = "store-writer",
                              .is_service = true,
                              .body = store_sqlite_writer_body,
                              .done = sqlite_writer_ended,
                              .drop = sqlite_writer_drop },
    [STORE_SQLITE_READER] = { .name = "store-reader",
                              .is_service = true,
                              .body = store_sqlite_reader_body,
                              .done = sqlite_reader_ended,
                              .drop = store_sqlite_read_drop },
    [STORE_SQLITE_CHECKER] = { .name = "store-checker",
                               .is_service = true,
                               .body = store_sqlite_check_body,
                               .done = sqlite_checker_ended,
                               .drop = store_sqlite_check_drop },
};

/* A question to be answered in a later callback. */
struct sqlite_fresh {
    struct store_sqlite *store;
    store_rev_fn *done;
    void *ctx;
};

static int sqlite_open_files(struct store_sqlite *store, struct err **err);
static int sqlite_make_file(const char *path, struct err **err);
static int sqlite_read_meta(struct store_sqlite *store, struct err **err);
static struct buf *sqlite_new_id(struct err **err);
static int sqlite_start_threads(struct store_sqlite *store, struct err **err);
static void sqlite_free(struct store_sqlite *store);
static struct store_sqlite_op *sqlite_op_new(const struct store_write *write);
static struct str sqlite_cut(struct str text);
static void sqlite_op_free(struct store_sqlite_op *op);
static void sqlite_refuse(void *op);
static void sqlite_patience_ends(void *store);
static void sqlite_leave(struct store_sqlite *store);
static void sqlite_give(struct store_sqlite *store, struct store_sqlite_batch *batch);
static void sqlite_fresh_run(void *fresh);
static void sqlite_replayed(void *store, const struct store_event *events, size_t len, bool is_last,
                            struct err *owned);
static void sqlite_stop(struct store_sqlite *store);
static void sqlite_ended(struct store_sqlite *store);

/* ---- opening ---- */

int
store_sqlite_open(struct loop *loop, const char *path, struct seal *seal,
                  const struct store_limits *limits, struct store **ret, struct err **err)
{
    struct store_sqlite *store = MEM_NEW(struct store_sqlite);

    store->store.ops = &sqlite_ops;
    store->loop = loop;
    store->path = mem_strdup(path);
    store->seal = seal;
    if (limits != NULL) {
        store->limits = *limits;
    }
    if (store->limits.history_age_ms == 0) {
        store->limits.history_age_ms = HISTORY_AGE_MS;
    }
    if (store->limits.history_bytes == 0) {
        store->limits.history_bytes = HISTORY_BYTES;
    }
    if (FAULT("store.open", err) != 0 || sqlite_open_files(store, err) != 0) {
        sqlite_free(store);
        return -1;
    }
    if (sqlite_start_threads(store, err) != 0) {
        if (store->threads[STORE_SQLITE_WRITER] == NULL) {
            sqlite_free(store);
        } else {
            sqlite_stop(store);
        }
        return -1;
    }
    *ret = &store->store;
    return 0;
}

static int
sqlite_open_files(struct store_sqlite *store, struct err **err)
{
    struct store_sqlite_db *db = &store->writer.db;

    store->writer.store = store;
    store->reader.store = store;
    if (sqlite_make_file(store->path, err) != 0 ||
        store_sqlite_db_open(db, store->path, WRITER_CACHE_KIB, err) != 0 ||
        store_sqlite_db_migrate(db, err) != 0 ||
        store_sqlite_writer_start(&store->writer, err) != 0 || sqlite_read_meta(store, err) != 0 ||
        store_sqlite_db_open(&store->reader.db, store->path, READER_CACHE_KIB, err) != 0 ||
        store_sqlite_db_open(&store->checker, store->path, CHECKER_CACHE_KIB, err) != 0) {
        return -1;
    }
    store->store.rev = store->writer.now.last_rev;
    store->store.compact_rev = store->writer.compact_rev;
    store->store.is_sole_writer = true;
    return 0;
}

/* Before SQLite does it, because only we make it private and make its name in the directory durable,
 * and say why when it cannot be done.  The WAL takes over the mode, and SQLite syncs its name. */
static int
sqlite_make_file(const char *path, struct err **err)
{
    AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0) {
        return err_sys(err, errno, "open the database '%s'", path);
    }
    const char *slash = strrchr(path, '/');
    AUTO_FREE char *parent =
        slash == NULL ? mem_strdup(".") : mem_strndup(path, (size_t)(slash - path) + 1);
    AUTO_FD int directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (directory < 0 || fsync(directory) != 0) {
        return err_sys(err, errno, "sync the directory '%s'", parent);
    }
    return 0;
}

/* What stands in meta beside the counts: the store's id, and a value that was sealed when it was
 * made, which tells a wrong key file before anything else is read. */
static int
sqlite_read_meta(struct store_sqlite *store, struct err **err)
{
    struct store_sqlite_db *db = &store->writer.db;
    AUTO_BUF struct buf *id = NULL;
    AUTO_BUF struct buf *sealed = NULL;
    AUTO_BUF struct buf *opened = NULL;

    if (store_sqlite_db_meta_buf(db, "id", &id, err) != 0 ||
        store_sqlite_db_meta_buf(db, "seal", &sealed, err) != 0) {
        return -1;
    }
    if (sealed != NULL && store->seal == NULL) {
        return err_set(err, ERR_IO, "'%s' holds sealed values and no key file was opened",
                       store->path);
    }
    if (sealed != NULL &&
        seal_decrypt(store->seal, STR("meta/seal"), buf_str(sealed), &opened, err) != 0) {
        return err_wrap(err, "the key file does not belong to '%s'", store->path);
    }
    if (id == NULL) {
        id = sqlite_new_id(err);
        if (id == NULL || store_sqlite_db_meta_put_buf(db, "id", buf_str(id), err) != 0) {
            return -1;
        }
    }
    if (sealed == NULL && store->seal != NULL &&
        (seal_encrypt(store->seal, STR("meta/seal"), STR("binnacle"), &sealed, err) != 0 ||
         store_sqlite_db_meta_put_buf(db, "seal", buf_str(sealed), err) != 0)) {
        return -1;
    }
    memcpy(store->store.id, id->at, id->size < STORE_ID_SIZE ? id->size : STORE_ID_SIZE - 1);
    return 0;
}

/* A random UUID (version 4). */
static struct buf *
sqlite_new_id(struct err **err)
{
    unsigned char at[16];
    char text[STORE_ID_SIZE];

    if (RAND_bytes(at, sizeof at) != 1) {
        (void)err_set(err, ERR_INTERNAL, "OpenSSL gives no random bytes");
        return NULL;
    }
    at[6] = (unsigned char)((at[6] & 0x0f) | 0x40);
    at[8] = (unsigned char)((at[8] & 0x3f) | 0x80);
    (void)snprintf(text, sizeof text,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", at[0],
                   at[1], at[2], at[3], at[4], at[5], at[6], at[7], at[8], at[9], at[10], at[11],
                   at[12], at[13], at[14], at[15]);
    return buf_copy(str_of(text));
}

/* Those that run already end by themselves when one cannot be had; the store goes with the last. */
static int
sqlite_start_threads(struct store_sqlite *store, struct err **err)
{
    void *contexts[STORE_SQLITE_THREADS] = {
        [STORE_SQLITE_WRITER] = &store->writer,
        [STORE_SQLITE_READER] = &store->reader,
        [STORE_SQLITE_CHECKER] = store,
    };

    for (int i = 0; i < STORE_SQLITE_THREADS; i++) {
        store->threads[i] = worker_start(store->loop, &thread_specs[i], contexts[i], err);
        if (store->threads[i] == NULL) {
            return -1;
        }
    }
    store_sqlite_check_start(store);
    return 0;
}

static void
sqlite_free(struct store_sqlite *store)
{
    store_sqlite_db_close(&store->checker);
    store_sqlite_db_close(&store->reader.db);
    store_sqlite_db_close(&store->writer.db);
    err_free(store->writer.broken);
    VEC_DONE(store->patient);
    VEC_DONE(store->held);
    mem_free(store->path);
    mem_free(store);
}

/* ---- commits ---- */

static void
sqlite_commit(struct store *base, const struct store_write *write, store_done_fn *done, void *ctx)
{
    struct store_sqlite *store = store_sqlite_of(base);
    struct store_sqlite_op *op = sqlite_op_new(write);

    assert(!store->is_closing);
    op->job.store = store;
    op->done = done;
    op->ctx = ctx;
    if ((write->flags & STORE_SEAL) != 0 && store->seal == NULL) {
        (void)err_set(&op->job.err, ERR_INTERNAL, "no key file was opened to seal values with");
    } else {
        (void)store_check(write, &op->job.err); /* job.err tells */
    }
    if (op->job.err != NULL) {
        loop_defer(store->loop, sqlite_refuse, op);
        return;
    }
    VEC_ADD(store->patient, op);
    if ((write->flags & STORE_PATIENT) == 0 || store->patient.len >= STORE_PATIENT_MAX) {
        sqlite_leave(store);
    } else if (store->patience == NULL) {
        store->patience = loop_timer(store->loop, clock_mono_ms() + STORE_PATIENCE_MS,
                                     sqlite_patience_ends, store);
    }
}

static struct store_sqlite_op *
sqlite_op_new(const struct store_write *write)
{
    const struct store_actor nobody = { 0 };
    struct store_actor actor = write->actor == NULL ? nobody : *write->actor;
    struct str *texts[] = { &actor.verb, &actor.user, &actor.agent, &actor.address };
    size_t size = 0;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        *texts[i] = sqlite_cut(*texts[i]);
        size += texts[i]->size;
    }
    struct store_sqlite_op *op = mem_new(sizeof *op + size);
    char *at = op->text;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (texts[i]->size > 0) {
            memcpy(at, texts[i]->at, texts[i]->size);
        }
        *texts[i] = str_slice(at, texts[i]->size);
        at += texts[i]->size;
    }
    op->key = buf_ref(write->key);
    op->value = buf_ref(write->value);
    op->expect_rev = write->expect_rev;
    op->cause_rev = write->cause_rev;
    op->flags = write->flags;
    op->tag = write->tag;
    op->time_ms = clock_wall_ms();
    op->verb = actor.verb;
    op->user = actor.user;
    op->agent = actor.agent;
    op->address = actor.address;
    return op;
}

/* At most TEXT_MAX bytes, and no half character. */
static struct str
sqlite_cut(struct str text)
{
    if (text.size > TEXT_MAX) {
        text.size = TEXT_MAX;
        while (text.size > 0 && ((unsigned char)text.at[text.size] & 0xc0) == 0x80) {
            text.size--;
        }
    }
    return text;
}

static void
sqlite_op_free(struct store_sqlite_op *op)
{
    buf_unref(op->key);
    buf_unref(op->value);
    buf_unref(op->current);
    err_free(op->job.err);
    mem_free(op);
}

static void
sqlite_refuse(void *ctx)
{
    struct store_sqlite_op *op = ctx;

    op->done(op->ctx, STORE_FAILED, 0, NULL, STEAL(op->job.err));
    sqlite_op_free(op);
}

static void
sqlite_patience_ends(void *ctx)
{
    struct store_sqlite *store = ctx;

    store->patience = NULL;
    sqlite_leave(store);
}

/* The patient writes go with whoever goes, in the order in which they came. */
static void
sqlite_leave(struct store_sqlite *store)
{
    loop_timer_cancel(STEAL(store->patience));
    for (size_t i = 0; i < store->patient.len; i++) {
        worker_send(store->threads[STORE_SQLITE_WRITER], &store->patient.at[i]->job);
    }
    store->patient.len = 0;
}

void
store_sqlite_send(struct store_sqlite *store, struct store_sqlite_job *job)
{
    job->store = store;
    worker_send(store->threads[STORE_SQLITE_WRITER], job);
}

/* ---- batches ---- */

void
store_sqlite_deliver(void *ctx)
{
    struct store_sqlite_batch *batch = ctx;

    if (batch->store->is_replaying) {
        VEC_ADD(batch->store->held, batch); /* the past first */
    } else {
        sqlite_give(batch->store, batch);
    }
}

static void
sqlite_give(struct store_sqlite *store, struct store_sqlite_batch *batch)
{
    struct store_event events[STORE_SQLITE_BATCH_OPS];
    AUTO_ERR struct err *ignored = NULL;
    size_t len = 0;

    for (size_t i = 0; i < batch->ops.len; i++) {
        const struct store_sqlite_op *op = batch->ops.at[i];

        if (op->rc == STORE_OK && op->rev > store->watch_rev) {
            events[len++] = (struct store_event){ .key = buf_str(op->key),
                                                  .value = op->value,
                                                  .rev = op->rev,
                                                  .create_rev = op->create_rev,
                                                  .prev_rev = op->prev_rev,
                                                  .tag = op->tag };
        }
    }
    if (batch->rev != 0) {
        store->store.rev = batch->rev;
    }
    if (len > 0 && store->watch != NULL) {
        store->watch(store->watch_ctx, events, len);
    }
    (void)FAULT("store.commit.before_done", &ignored); /* an error has no meaning here */
    for (size_t i = 0; i < batch->ops.len; i++) {
        struct store_sqlite_op *op = batch->ops.at[i];

        op->done(op->ctx, op->rc, op->rev, op->current, STEAL(op->job.err));
        sqlite_op_free(op);
    }
    if (batch->wal_pages > 0) {
        store_sqlite_check_commit(store, batch->wal_pages);
    }
    VEC_DONE(batch->ops);
    mem_free(batch);
}

/* Whatever was acknowledged was in a batch whose events came before, so there is nothing to wait
 * for. */
static void
sqlite_fresh(struct store *base, store_rev_fn *done, void *ctx)
{
    struct sqlite_fresh *fresh = MEM_NEW(struct sqlite_fresh);

    fresh->store = store_sqlite_of(base);
    fresh->done = done;
    fresh->ctx = ctx;
    loop_defer(fresh->store->loop, sqlite_fresh_run, fresh);
}

static void
sqlite_fresh_run(void *ctx)
{
    struct sqlite_fresh *fresh = ctx;

    fresh->done(fresh->ctx, fresh->store->store.rev, NULL);
    mem_free(fresh);
}

/* ---- the sink ---- */

static void
sqlite_watch(struct store *base, uint64_t from_rev, store_event_fn *fn, void *ctx)
{
    struct store_sqlite *store = store_sqlite_of(base);

    assert(store->watch == NULL && from_rev >= base->compact_rev);
    store->watch = fn;
    store->watch_ctx = ctx;
    store->watch_rev = from_rev;
    if (from_rev < base->rev) {
        store->is_replaying = true;
        store_sqlite_read_events(base, from_rev, base->rev, 0, sqlite_replayed, store);
    }
}

static void
sqlite_replayed(void *ctx, const struct store_event *events, size_t len, bool is_last,
                struct err *owned)
{
    struct store_sqlite *store = ctx;

    if (len > 0) {
        store->watch(store->watch_ctx, events, len);
    }
    if (owned != NULL) {
        log_error("past events cannot be read, what is shown may be old error=%s", owned->message);
        err_free(owned);
    }
    if (is_last) {
        store->is_replaying = false;
        for (size_t i = 0; i < store->held.len; i++) {
            sqlite_give(store, store->held.at[i]);
        }
        store->held.len = 0;
    }
}

/* ---- closing: the writer ends first, because what it does last the others may still serve ---- */

static void
sqlite_close(struct store *base, void (*done)(void *ctx), void *ctx)
{
    struct store_sqlite *store = store_sqlite_of(base);

    assert(!store->is_closing);
    store->closed = done;
    store->closed_ctx = ctx;
    sqlite_leave(store);
    sqlite_stop(store);
}

static void
sqlite_stop(struct store_sqlite *store)
{
    struct store_sqlite_job *stop = MEM_NEW(struct store_sqlite_job);

    store->is_closing = true;
    stop->run = store_sqlite_writer_stop;
    stop->done = mem_free;
    store_sqlite_send(store, stop);
}

static void
sqlite_writer_ended(void *ctx, struct err *owned)
{
    struct store_sqlite *store = container_of(ctx, struct store_sqlite, writer);

    err_free(owned); /* the body leaves none */
    store->threads[STORE_SQLITE_WRITER] = NULL;
    if (store->threads[STORE_SQLITE_READER] != NULL) {
        store_sqlite_read_stop(store);
    }
    if (store->threads[STORE_SQLITE_CHECKER] != NULL) {
        store_sqlite_check_stop(store);
    }
    sqlite_ended(store);
}

static void
sqlite_reader_ended(void *ctx, struct err *owned)
{
    struct store_sqlite *store = container_of(ctx, struct store_sqlite, reader);

    err_free(owned); /* the body leaves none */
    store->threads[STORE_SQLITE_READER] = NULL;
    sqlite_ended(store);
}

static void
sqlite_checker_ended(void *ctx, struct err *owned)
{
    struct store_sqlite *store = ctx;

    err_free(owned); /* the body leaves none */
    store->threads[STORE_SQLITE_CHECKER] = NULL;
    sqlite_ended(store);
}

static void
sqlite_ended(struct store_sqlite *store)
{
    void (*closed)(void *ctx) = store->closed;
    void *ctx = store->closed_ctx;

    for (int i = 0; i < STORE_SQLITE_THREADS; i++) {
        if (store->threads[i] != NULL) {
            return;
        }
    }
    sqlite_free(store);
    if (closed != NULL) {
        closed(ctx);
    }
}

static void
sqlite_writer_drop(void *message)
{
    (void)message;
    assert(false); /* the stop job is the last that is sent */
}
