/* One connection to the store's file: pragmas, schema, the table of statements, errors that say what
 * to do.  Used by whichever thread owns the connection, one at a time. */
#include "config.h" /* IWYU pragma: keep */

#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/seal.h"
#include "store/store_sqlite.h"

enum {
    APPLICATION_ID = 0x42696e6e, /* "Binn": stands in the file's header */
    BUSY_MS = 10000,             /* a TRUNCATE checkpoint may hold the write lock for a moment */
    LENGTH_MAX = 8 << 20,        /* what a damaged row may make SQLite allocate */
};

/* page_size and auto_vacuum only count for a new file, and before it has a WAL.  secure_delete is on
 * in some distributions' builds: it writes every freed page, for values that are sealed anyway. */
static const char pragmas[] = "PRAGMA page_size = 4096;"
                              "PRAGMA auto_vacuum = INCREMENTAL;"
                              "PRAGMA journal_mode = WAL;"
                              "PRAGMA synchronous = FULL;"
                              "PRAGMA wal_autocheckpoint = 0;"
                              "PRAGMA journal_size_limit = 67108864;"
                              "PRAGMA mmap_size = 0;"
                              "PRAGMA temp_store = MEMORY;"
                              "PRAGMA secure_delete = OFF;"
                              "PRAGMA cell_size_check = ON;"
                              "PRAGMA trusted_schema = OFF;";

/* Step n brings schema n to n + 1, each in a transaction of its own.  Steps are never changed once
 * released, only added.
 *
 * kv has one row per revision: what a key became.  cur says which row stands now for each key that
 * is there; weight is what that row counts as history once it is replaced, 0 for NOHIST. */
static const char *const migrations[] = {
    "CREATE TABLE meta (k TEXT PRIMARY KEY, v ANY NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE kv (rev INTEGER PRIMARY KEY, key TEXT NOT NULL, create_rev INTEGER NOT NULL,"
    " prev_rev INTEGER NOT NULL, flags INTEGER NOT NULL, time_ms INTEGER NOT NULL,"
    " cause_rev INTEGER NOT NULL, sum INTEGER NOT NULL, verb TEXT, actor TEXT, agent TEXT,"
    " address TEXT, val BLOB) STRICT;"
    "CREATE TABLE cur (key TEXT PRIMARY KEY, rev INTEGER NOT NULL, create_rev INTEGER NOT NULL,"
    " weight INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
};

/* The columns of a row in the order of store_sqlite_db_row, then what only history asks for. */
#define ROW_COLUMNS "kv.rev, kv.key, kv.create_rev, kv.prev_rev, kv.flags, kv.sum, kv.val"
#define HISTORY_COLUMNS ROW_COLUMNS ", time_ms, cause_rev, verb, actor, agent, address"

static const char *const statements[SQL_LEN] = {
    [SQL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [SQL_BEGIN_READ] = "BEGIN",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_META_GET] = "SELECT v FROM meta WHERE k = ?1",
    [SQL_META_PUT] = "REPLACE INTO meta (k, v) VALUES (?1, ?2)",
    [SQL_MAX_REV] = "SELECT max(rev) FROM kv",
    [SQL_HEAD] = "SELECT rev, create_rev, weight FROM cur WHERE key = ?1",
    [SQL_HEAD_PUT] = "REPLACE INTO cur (key, rev, create_rev, weight) VALUES (?1, ?2, ?3, ?4)",
    [SQL_HEAD_DEL] = "DELETE FROM cur WHERE key = ?1",
    [SQL_ROW] = "SELECT " ROW_COLUMNS " FROM kv WHERE rev = ?1",
    [SQL_ROW_PUT] =
        "INSERT INTO kv (rev, create_rev, prev_rev, flags, time_ms, cause_rev, sum, key,"
        " verb, actor, agent, address, val)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    [SQL_ROW_DEL] = "DELETE FROM kv WHERE rev = ?1",
    /* LEFT, so that a row that is missing shows. */
    [SQL_LIST_NOW] = "SELECT " ROW_COLUMNS ", cur.rev, cur.key"
                     " FROM cur LEFT JOIN kv ON kv.rev = cur.rev"
                     " WHERE cur.key >= ?1 AND cur.key < ?2 ORDER BY cur.key",
    /* What stood at ?3: what stands since, and what the first later write of a key replaced. */
    [SQL_LIST_AT] = "SELECT rev, key FROM cur WHERE key >= ?1 AND key < ?2 AND rev <= ?3 UNION ALL "
                    "SELECT prev_rev, key FROM kv WHERE rev > ?3 AND prev_rev BETWEEN 1 AND ?3"
                    " AND key >= ?1 AND key < ?2 ORDER BY 2",
    [SQL_EVENTS] = "SELECT " ROW_COLUMNS " FROM kv WHERE rev > ?1 AND rev <= ?2 ORDER BY rev",
    [SQL_HISTORY_KEY] = "SELECT " HISTORY_COLUMNS " FROM kv WHERE rev < ?1 AND key = ?2"
                        " AND flags & 4 = 0 ORDER BY rev DESC",
    [SQL_HISTORY_PREFIX] = "SELECT " HISTORY_COLUMNS " FROM kv WHERE rev < ?1 AND key >= ?2"
                           " AND key < ?3 AND flags & 4 = 0 ORDER BY rev DESC",
    [SQL_SWEEP] = "SELECT rev, prev_rev, flags, time_ms FROM kv WHERE rev > ?1 AND rev <= ?2"
                  " ORDER BY rev LIMIT ?3",
    [SQL_LINK] = "SELECT rev, key, create_rev, prev_rev, flags, sum, length(val) FROM kv"
                 " WHERE rev = ?1",
    [SQL_RELINK] = "UPDATE kv SET prev_rev = ?2, sum = ?3 WHERE rev = ?1",
    [SQL_VACUUM] = "PRAGMA incremental_vacuum(200)",
    [SQL_FREE_PAGES] = "SELECT f.freelist_count, p.page_count"
                       " FROM pragma_freelist_count f, pragma_page_count p",
    [SQL_QUICK_CHECK] = "PRAGMA quick_check(1)",
};
_Static_assert(STORE_SQLITE_NOHIST == 4, "the history statements name it by its number");

static inline uint64_t sum_word(uint64_t sum, uint64_t word);
static uint64_t sum_bytes(struct str bytes);
static int db_number(struct store_sqlite_db *db, const char *sql, int64_t *ret, struct err **err);
static int db_exec(struct store_sqlite_db *db, const char *sql, struct err **err);
static int db_migrate_step(struct store_sqlite_db *db, size_t step, struct err **err);

int
store_sqlite_db_open(struct store_sqlite_db *db, const char *path, int cache_kib, struct err **err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    char cache[64];

    db->path = path;
    int rc = sqlite3_open_v2(path, &db->handle, flags, NULL);

    if (rc != SQLITE_OK) {
        return store_sqlite_db_fail(db, rc, err);
    }
    (void)sqlite3_busy_timeout(db->handle, BUSY_MS);
    (void)sqlite3_limit(db->handle, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
    (void)snprintf(cache, sizeof cache, "PRAGMA cache_size = -%d", cache_kib);
    return db_exec(db, pragmas, err) == 0 ? db_exec(db, cache, err) : -1;
}

void
store_sqlite_db_close(struct store_sqlite_db *db)
{
    for (size_t i = 0; i < SQL_LEN; i++) {
        (void)sqlite3_finalize(db->stmts[i]); /* repeats the last step's result */
        db->stmts[i] = NULL;
    }
    /* Nothing is open any more, so it cannot be busy; the last one folds the WAL into the file. */
    (void)sqlite3_close(db->handle);
    db->handle = NULL;
}

int
store_sqlite_db_migrate(struct store_sqlite_db *db, struct err **err)
{
    int64_t application = 0;
    int64_t version = 0;
    int64_t tables = 0;

    if (db_number(db, "PRAGMA application_id", &application, err) != 0 ||
        db_number(db, "PRAGMA user_version", &version, err) != 0 ||
        db_number(db, "SELECT count(*) FROM sqlite_schema", &tables, err) != 0) {
        return -1;
    }
    if (tables > 0 && application != APPLICATION_ID) {
        return err_set(err, ERR_IO, "'%s' is an SQLite database, but not one of binnacle",
                       db->path);
    }
    if (version > (int64_t)ARRAY_LEN(migrations)) {
        return err_set(err, ERR_IO,
                       "'%s' was written by a newer binnacle (schema %d, this one knows %zu): run "
                       "that one, or restore a backup of this one's",
                       db->path, (int)version, ARRAY_LEN(migrations));
    }
    for (size_t step = (size_t)version; step < ARRAY_LEN(migrations); step++) {
        if (db_migrate_step(db, step, err) != 0) {
            return err_wrap(err, "bring the schema to version %zu", step + 1);
        }
    }
    return 0;
}

static int
db_migrate_step(struct store_sqlite_db *db, size_t step, struct err **err)
{
    char version[96];
    struct err *ignored = NULL;

    (void)snprintf(version, sizeof version,
                   "PRAGMA application_id = %d; PRAGMA user_version = %zu; COMMIT", APPLICATION_ID,
                   step + 1);
    if (db_exec(db, "BEGIN IMMEDIATE", err) == 0 && db_exec(db, migrations[step], err) == 0 &&
        db_exec(db, version, err) == 0) {
        return 0;
    }
    /* The first error is the one to tell; without a transaction this one fails, rightly. */
    (void)db_exec(db, "ROLLBACK", &ignored);
    err_free(ignored);
    return -1;
}

sqlite3_stmt *
store_sqlite_db_use(struct store_sqlite_db *db, enum store_sqlite_sql id, struct err **err)
{
    if (db->stmts[id] == NULL) {
        int rc = sqlite3_prepare_v3(db->handle, statements[id], -1, SQLITE_PREPARE_PERSISTENT,
                                    &db->stmts[id], NULL);

        if (rc != SQLITE_OK) {
            (void)store_sqlite_db_fail(db, rc, err);
            return NULL;
        }
    }
    (void)sqlite3_reset(db->stmts[id]); /* repeats the last step's result */
    return db->stmts[id];
}

int
store_sqlite_db_step(struct store_sqlite_db *db, sqlite3_stmt *stmt, struct err **err)
{
    int rc = sqlite3_step(stmt);

    if (rc == SQLITE_ROW) {
        return 1;
    }
    if (rc != SQLITE_DONE) {
        (void)store_sqlite_db_fail(db, rc, err);
    }
    (void)sqlite3_reset(stmt); /* repeats the step's result */
    return rc == SQLITE_DONE ? 0 : -1;
}

int
store_sqlite_db_run(struct store_sqlite_db *db, enum store_sqlite_sql id, struct err **err)
{
    sqlite3_stmt *stmt = store_sqlite_db_use(db, id, err);
    int rc = stmt == NULL ? -1 : store_sqlite_db_step(db, stmt, err);

    while (rc == 1) { /* incremental_vacuum answers a row a page */
        rc = store_sqlite_db_step(db, stmt, err);
    }
    return rc;
}

int
store_sqlite_db_fail(struct store_sqlite_db *db, int rc, struct err **err)
{
    int sys = db->handle == NULL ? 0 : sqlite3_system_errno(db->handle);
    const char *why = db->handle == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(db->handle);

    rc &= 0xff; /* the primary code */
    bool is_full = rc == SQLITE_IOERR && (sys == ENOSPC || sys == EDQUOT);
    switch (is_full ? SQLITE_FULL : rc) {
    case SQLITE_FULL:
        (void)err_set(err, ERR_IO,
                      "cannot write '%s': the disk is full; writes go on once there is room",
                      db->path);
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        (void)err_set(err, ERR_IO,
                      "'%s' is damaged (%s): stop binnacle and restore a backup (binnacle restore)",
                      db->path, why);
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        (void)err_set(err, ERR_UNAVAILABLE, "'%s' is in use by another program", db->path);
        break;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_IOERR:
    default:
        if (sys != 0) {
            (void)err_sys(err, sys, "'%s': %s", db->path, why);
        } else {
            (void)err_set(err, ERR_IO, "'%s': %s (SQLite code %d)", db->path, why, rc);
        }
        break;
    }
    return -1;
}

int
store_sqlite_db_meta(struct store_sqlite_db *db, const char *name, int64_t *ret, struct err **err)
{
    sqlite3_stmt *stmt = store_sqlite_db_use(db, SQL_META_GET, err);
    int64_t value = 0;
    int rc = -1;

    if (stmt != NULL) {
        store_sqlite_bind(stmt, 1, str_of(name));
        rc = store_sqlite_db_step(db, stmt, err);
    }
    if (rc == 1) {
        value = sqlite3_column_int64(stmt, 0);
        (void)sqlite3_reset(stmt); /* the step was good */
    }
    if (rc >= 0) {
        *ret = value;
    }
    return rc < 0 ? -1 : 0;
}

int
store_sqlite_db_meta_put(struct store_sqlite_db *db, const char *name, int64_t value,
                         struct err **err)
{
    sqlite3_stmt *stmt = store_sqlite_db_use(db, SQL_META_PUT, err);

    if (stmt == NULL) {
        return -1;
    }
    store_sqlite_bind(stmt, 1, str_of(name));
    (void)sqlite3_bind_int64(stmt, 2, value); /* cannot fail: the index is right */
    return store_sqlite_db_step(db, stmt, err);
}

int
store_sqlite_db_meta_buf(struct store_sqlite_db *db, const char *name, struct buf **ret,
                         struct err **err)
{
    sqlite3_stmt *stmt = store_sqlite_db_use(db, SQL_META_GET, err);

    if (stmt == NULL) {
        return -1;
    }
    store_sqlite_bind(stmt, 1, str_of(name));
    int rc = store_sqlite_db_step(db, stmt, err);

    if (rc >= 0) {
        *ret = NULL;
    }
    if (rc == 1) {
        const char *at = sqlite3_column_blob(stmt, 0);

        *ret = buf_copy(str_slice(at, (size_t)sqlite3_column_bytes(stmt, 0)));
        (void)sqlite3_reset(stmt); /* the step was good */
    }
    return rc < 0 ? -1 : 0;
}

int
store_sqlite_db_meta_put_buf(struct store_sqlite_db *db, const char *name, struct str value,
                             struct err **err)
{
    sqlite3_stmt *stmt = store_sqlite_db_use(db, SQL_META_PUT, err);

    if (stmt == NULL) {
        return -1;
    }
    store_sqlite_bind(stmt, 1, str_of(name));
    (void)sqlite3_bind_blob(stmt, 2, value.at, (int)value.size, SQLITE_STATIC); /* as bind_text */
    return store_sqlite_db_step(db, stmt, err);
}

struct str
store_sqlite_db_text(sqlite3_stmt *stmt, int at)
{
    /* Text before bytes: the order in which SQLite promises both to belong together. */
    const char *text = (const char *)sqlite3_column_text(stmt, at);

    return str_slice(text, text == NULL ? 0 : (size_t)sqlite3_column_bytes(stmt, at));
}

int
store_sqlite_db_row(sqlite3_stmt *stmt, struct seal *seal, const char *path,
                    struct store_sqlite_row *ret, struct err **err)
{
    struct store_sqlite_row row = {
        .rev = (uint64_t)sqlite3_column_int64(stmt, 0),
        .key = store_sqlite_db_text(stmt, 1),
        .create_rev = (uint64_t)sqlite3_column_int64(stmt, 2),
        .prev_rev = (uint64_t)sqlite3_column_int64(stmt, 3),
        .flags = (unsigned)sqlite3_column_int(stmt, 4),
    };
    const char *at = sqlite3_column_blob(stmt, 6);
    struct str stored = str_slice(at, (size_t)sqlite3_column_bytes(stmt, 6));

    if (sqlite3_column_int64(stmt, 5) != store_sqlite_db_sum(&row, stored)) {
        return err_set(err, ERR_IO,
                       "revision %llu in '%s' ('" STR_FMT "') is damaged: stop binnacle and "
                       "restore a backup (binnacle restore)",
                       (unsigned long long)row.rev, path, STR_ARG(row.key));
    }
    if ((row.flags & STORE_SQLITE_SEALED) != 0) {
        if (seal == NULL) {
            return err_set(err, ERR_IO, "'" STR_FMT "' is sealed and no key file was opened",
                           STR_ARG(row.key));
        }
        if (seal_decrypt(seal, row.key, stored, &row.value, err) != 0) {
            return -1;
        }
    } else if ((row.flags & STORE_SQLITE_DELETED) == 0) {
        row.value = buf_copy(stored);
    }
    *ret = row;
    return 0;
}

void
store_sqlite_db_origin(sqlite3_stmt *stmt, struct store_sqlite_row *row)
{
    row->time_ms = sqlite3_column_int64(stmt, 7);
    row->cause_rev = (uint64_t)sqlite3_column_int64(stmt, 8);
    row->verb = store_sqlite_db_text(stmt, 9);
    row->user = store_sqlite_db_text(stmt, 10);
    row->agent = store_sqlite_db_text(stmt, 11);
    row->address = store_sqlite_db_text(stmt, 12);
}

int64_t
store_sqlite_db_sum(const struct store_sqlite_row *row, struct str stored)
{
    uint64_t sum = sum_bytes(row->key);

    sum = sum_word(sum, row->rev);
    sum = sum_word(sum, row->create_rev);
    sum = sum_word(sum, row->prev_rev);
    sum = sum_word(sum, row->flags);
    return (int64_t)(sum ^ sum_bytes(stored));
}

/* One to one in each argument, so a change of one word always shows.  Stands in files: never change
 * this or what follows. */
static inline uint64_t
sum_word(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * 0x9e3779b97f4a7c15U;
    return sum ^ (sum >> 32);
}

/* Four sums side by side, because each word waits for the one before it in its own sum only. */
static uint64_t
sum_bytes(struct str bytes)
{
    uint64_t a = bytes.size;
    uint64_t b = 1;
    uint64_t c = 2;
    uint64_t d = 3;
    uint64_t words[4];

    for (; bytes.size >= sizeof words; bytes.at += sizeof words, bytes.size -= sizeof words) {
        memcpy(words, bytes.at, sizeof words);
        a = sum_word(a, words[0]);
        b = sum_word(b, words[1]);
        c = sum_word(c, words[2]);
        d = sum_word(d, words[3]);
    }
    memset(words, 0, sizeof words);
    if (bytes.size > 0) {
        memcpy(words, bytes.at, bytes.size);
    }
    a = sum_word(sum_word(a, words[0]), b);
    b = sum_word(sum_word(c, words[1]), d);
    return sum_word(sum_word(sum_word(a, b), words[2]), words[3]);
}

/* ---- without prepared statements: opening ---- */

static int
db_exec(struct store_sqlite_db *db, const char *sql, struct err **err)
{
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : store_sqlite_db_fail(db, rc, err);
}

static int
db_number(struct store_sqlite_db *db, const char *sql, int64_t *ret, struct err **err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);

    rc = rc == SQLITE_OK ? sqlite3_step(stmt) : rc;
    if (rc == SQLITE_ROW) {
        *ret = sqlite3_column_int64(stmt, 0);
    } else {
        (void)store_sqlite_db_fail(db, rc, err);
    }
    (void)sqlite3_finalize(stmt); /* repeats the step's result */
    return rc == SQLITE_ROW ? 0 : -1;
}
