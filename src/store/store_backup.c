/* Backups: VACUUM INTO makes the copy in one read transaction, beside whoever writes; the files go
 * into a table of it.  Called by the command line (src/cmd_backup.c); any thread, one at a time. */
#include "config.h" /* IWYU pragma: keep */

#include "store/store_backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/store_sqlite.h"

enum { CACHE_KIB = 4096, BUSY_MS = 10000, COPY_SIZE = 64 << 10, MAGIC_SIZE = 16 };

static const char make_table[] =
    "CREATE TABLE backup_file (name TEXT PRIMARY KEY, data BLOB NOT NULL) STRICT";
static const char put_file[] = "INSERT INTO backup_file (name, data) VALUES (?1, ?2)";
static const char get_files[] = "SELECT name, data FROM backup_file ORDER BY name";
/* What cur says must stand, and does not. */
static const char missing_rows[] =
    "SELECT count(*) FROM cur LEFT JOIN kv ON kv.rev = cur.rev AND kv.key = cur.key"
    " WHERE kv.rev IS NULL";

/* ---- SQL ---- */

/* A connection without WAL: the file is whole once it is closed. */
static int
open_plain(struct store_sqlite_db *db, const char *path, struct err **err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    db->path = path;
    int rc = sqlite3_open_v2(path, &db->handle, flags, NULL);
    if (rc == SQLITE_OK) {
        (void)sqlite3_busy_timeout(db->handle, BUSY_MS);
        rc = sqlite3_exec(db->handle,
                          "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;"
                          "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON",
                          NULL, NULL, NULL);
    }
    return rc == SQLITE_OK ? 0 : store_sqlite_db_fail(db, rc, err);
}

static int
run_sql(struct store_sqlite_db *db, const char *sql, struct err **err)
{
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : store_sqlite_db_fail(db, rc, err);
}

static sqlite3_stmt *
prepare(struct store_sqlite_db *db, const char *sql, struct err **err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);
    if (rc != SQLITE_OK) {
        (void)store_sqlite_db_fail(db, rc, err);
    }
    return stmt;
}

static int
read_number(struct store_sqlite_db *db, const char *sql, int64_t *ret, struct err **err)
{
    sqlite3_stmt *stmt = prepare(db, sql, err);
    int rc = stmt == NULL ? -1 : store_sqlite_db_step(db, stmt, err);
    if (rc == 1) {
        *ret = sqlite3_column_int64(stmt, 0);
    }
    (void)sqlite3_finalize(stmt); /* repeats the step's result */
    return rc == 1 ? 0 : -1;
}

/* ---- checks ---- */

/* Every row by its sum, every sealed value opened. */
static int
check_rows(struct store_sqlite_db *db, struct seal *seal, struct store_backup_info *info,
           struct err **err)
{
    sqlite3_stmt *stmt = store_sqlite_db_use(db, SQL_EVENTS, err);
    int rc = stmt == NULL ? -1 : 1;
    if (stmt != NULL) {
        store_sqlite_bind_rev(stmt, 1, 0);
        store_sqlite_bind_rev(stmt, 2, UINT64_MAX);
    }
    while (rc == 1 && (rc = store_sqlite_db_step(db, stmt, err)) == 1) {
        struct store_sqlite_row row = { 0 };
        rc = store_sqlite_db_row(stmt, seal, db->path, &row, err) < 0 ? -1 : 1;
        buf_unref(row.value);
        info->revisions++;
        info->last_rev = row.rev;
    }
    return rc;
}

static int
check_pages(struct store_sqlite_db *db, struct err **err)
{
    sqlite3_stmt *stmt = prepare(db, "PRAGMA integrity_check(1)", err);
    int rc = stmt == NULL ? -1 : store_sqlite_db_step(db, stmt, err);
    if (rc == 1 && !str_is(store_sqlite_db_text(stmt, 0), "ok")) {
        rc = err_set(err, ERR_IO, "'%s' is damaged: " STR_FMT, db->path,
                     STR_ARG(store_sqlite_db_text(stmt, 0)));
    }
    (void)sqlite3_finalize(stmt); /* repeats the step's result */
    return rc == 1 ? 0 : -1;
}

static int
check_all(struct store_sqlite_db *db, struct seal *seal, struct store_backup_info *ret,
          struct err **err)
{
    struct store_backup_info info = { 0 };
    int64_t objects = 0, missing = 0, last_rev = 0;
    if (check_pages(db, err) < 0 || check_rows(db, seal, &info, err) < 0 ||
        read_number(db, "SELECT count(*) FROM cur", &objects, err) < 0 ||
        read_number(db, missing_rows, &missing, err) < 0 ||
        store_sqlite_db_meta(db, "last_rev", &last_rev, err) < 0) {
        return -1;
    }
    if (missing > 0) {
        return err_set(err, ERR_IO, "'%s' is damaged: %lld objects are missing", db->path,
                       (long long)missing);
    }
    info.objects = (uint64_t)objects;
    info.last_rev = (uint64_t)last_rev > info.last_rev ? (uint64_t)last_rev : info.last_rev;
    *ret = info;
    return 0;
}

/* ---- files of the file system ---- */

static int
make_empty(const char *path, struct err **err)
{
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd < 0 ? err_sys(err, errno, "make '%s'", path) : 0;
}

static int
sync_file(const char *path, struct err **err)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 || fsync(fd) < 0 ? err_sys(err, errno, "sync '%s'", path) : 0;
}

static int
copy_bytes(int in, int out, char *chunk)
{
    ssize_t size;
    while ((size = read(in, chunk, COPY_SIZE)) > 0) {
        for (ssize_t done = 0; done < size;) {
            ssize_t put = write(out, chunk + done, (size_t)(size - done));
            if (put <= 0) {
                return -1;
            }
            done += put;
        }
    }
    return size < 0 ? -1 : 0;
}

static int
copy_file(const char *from, const char *to, struct err **err)
{
    AUTO_FD int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0) {
        return err_sys(err, errno, "open '%s'", from);
    }
    AUTO_FD int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    AUTO_FREE char *chunk = mem_new(COPY_SIZE);
    if (out < 0 || copy_bytes(in, out, chunk) < 0) {
        return err_sys(err, errno, "copy '%s' to '%s'", from, to);
    }
    return 0;
}

/* ---- making one ---- */

static int
copy_database(const char *from, const char *to, struct err **err)
{
    struct store_sqlite_db db = { 0 };
    sqlite3_stmt *stmt = NULL;
    int rc = store_sqlite_db_open(&db, from, CACHE_KIB, err);
    if (rc == 0) {
        stmt = prepare(&db, "VACUUM INTO ?1", err);
        rc = stmt == NULL ? -1 : 0;
    }
    if (rc == 0) {
        store_sqlite_bind(stmt, 1, str_of(to));
        rc = store_sqlite_db_step(&db, stmt, err);
    }
    (void)sqlite3_finalize(stmt); /* repeats the step's result */
    store_sqlite_db_close(&db);
    return rc;
}

static int
put_files(struct store_sqlite_db *db, const struct store_backup_file *files, size_t len,
          struct err **err)
{
    sqlite3_stmt *stmt = run_sql(db, make_table, err) < 0 ? NULL : prepare(db, put_file, err);
    int rc = stmt == NULL ? -1 : 0;
    for (size_t i = 0; i < len && rc == 0; i++) {
        const struct store_backup_file *file = &files[i];
        store_sqlite_bind(stmt, 1, str_of(file->name));
        (void)sqlite3_bind_blob(stmt, 2, file->bytes.at, (int)file->bytes.size,
                                SQLITE_STATIC); /* cannot fail: the index is right */
        rc = store_sqlite_db_step(db, stmt, err);
    }
    (void)sqlite3_finalize(stmt); /* repeats the step's result */
    return rc;
}

int
store_backup_make(const char *from, const char *to, const struct store_backup_file *files,
                  size_t len, struct seal *seal, struct store_backup_info *ret, struct err **err)
{
    struct store_sqlite_db db = { 0 };
    if (access(from, R_OK) != 0) {
        return err_sys(err, errno, "open '%s'", from);
    }
    if (make_empty(to, err) < 0) {
        return -1;
    }
    int rc = copy_database(from, to, err);
    if (rc == 0) {
        rc = open_plain(&db, to, err) < 0 || put_files(&db, files, len, err) < 0 ||
                     check_all(&db, seal, ret, err) < 0
                 ? -1
                 : 0;
        store_sqlite_db_close(&db);
    }
    if (rc < 0 || sync_file(to, err) < 0) {
        (void)unlink(to); /* it is no backup */
        return err_wrap(err, "backup of '%s'", from);
    }
    return 0;
}

/* ---- taking one apart ---- */

/* Not any file: what an SQLite database begins with, and the table of a backup in it. */
static int
open_backup(struct store_sqlite_db *db, const char *path, struct err **err)
{
    char magic[MAGIC_SIZE] = { 0 };
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    int64_t tables = 0;
    if (fd < 0) {
        return err_sys(err, errno, "open '%s'", path);
    }
    if (read(fd, magic, sizeof(magic)) != (ssize_t)sizeof(magic) ||
        memcmp(magic, "SQLite format 3", sizeof(magic)) != 0) {
        return err_set(err, ERR_BAD_REQUEST, "'%s' is no backup of binnacle", path);
    }
    db->path = path;
    int rc = sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        return store_sqlite_db_fail(db, rc, err);
    }
    if (read_number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'backup_file'", &tables,
                    err) < 0) {
        return -1;
    }
    return tables == 1 ? 0
                       : err_set(err, ERR_BAD_REQUEST,
                                 "'%s' is a database, but no backup of binnacle", path);
}

int
store_backup_files(const char *from, store_backup_fn *fn, void *ctx, struct err **err)
{
    struct store_sqlite_db db = { 0 };
    int rc = open_backup(&db, from, err);
    sqlite3_stmt *stmt = rc < 0 ? NULL : prepare(&db, get_files, err);
    rc = stmt == NULL ? -1 : 1;
    while (rc == 1 && (rc = store_sqlite_db_step(&db, stmt, err)) == 1) {
        AUTO_FREE char *name = str_dup(store_sqlite_db_text(stmt, 0));
        const char *at = sqlite3_column_blob(stmt, 1);
        struct store_backup_file file = { name,
                                          str_slice(at, (size_t)sqlite3_column_bytes(stmt, 1)) };
        rc = fn(ctx, &file, err) < 0 ? -1 : 1;
    }
    (void)sqlite3_finalize(stmt); /* repeats the step's result */
    store_sqlite_db_close(&db);
    return rc;
}

/* Nobody has seen these revisions, and nobody goes on from those before. */
static int
leap(struct store_sqlite_db *db, struct store_backup_info *info, struct err **err)
{
    int64_t rev = (int64_t)info->last_rev + STORE_BACKUP_LEAP;
    if (run_sql(db, "BEGIN IMMEDIATE; DROP TABLE backup_file", err) < 0 ||
        store_sqlite_db_meta_put(db, "last_rev", rev, err) < 0 ||
        store_sqlite_db_meta_put(db, "compact_rev", rev, err) < 0) {
        return -1;
    }
    info->last_rev = (uint64_t)rev;
    return run_sql(db, "COMMIT", err);
}

int
store_backup_restore(const char *from, const char *to, struct seal *seal,
                     struct store_backup_info *ret, struct err **err)
{
    struct store_sqlite_db db = { 0 };
    if (copy_file(from, to, err) < 0) {
        return -1;
    }
    int rc = open_plain(&db, to, err) < 0 || store_sqlite_db_migrate(&db, err) < 0 ||
                     check_all(&db, seal, ret, err) < 0 || leap(&db, ret, err) < 0
                 ? -1
                 : 0;
    store_sqlite_db_close(&db);
    if (rc < 0 || sync_file(to, err) < 0) {
        (void)unlink(to);
        return err_wrap(err, "restore of '%s'", from);
    }
    return 0;
}
