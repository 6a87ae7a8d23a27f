/* A bad disk: see the header.  The store's threads write at the same time, so there is a lock. */
#include "config.h" /* IWYU pragma: keep */

#include "tests/lib/store_disk.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "base/vec.h"

/* A file of ours; the real one's follows it in memory. */
struct disk_file {
    sqlite3_file base;
    int which; /* enum store_disk_file, or -1: passed through untouched */
    sqlite3_file *real;
};

static sqlite3_vfs disk_vfs;
static sqlite3_vfs *real_vfs;
static atomic_llong disk_room;
static atomic_bool disk_sync_fails[STORE_DISK_FILES], disk_records_on;
static pthread_mutex_t disk_lock = PTHREAD_MUTEX_INITIALIZER;
static VEC(struct store_disk_record) disk_list;

static struct disk_file *
disk_of(sqlite3_file *file)
{
    return (struct disk_file *)(void *)file;
}

static void
record(struct store_disk_record row)
{
    if (!atomic_load(&disk_records_on) || (int)row.file < 0) {
        return;
    }
    (void)pthread_mutex_lock(&disk_lock);
    VEC_ADD(disk_list, row);
    (void)pthread_mutex_unlock(&disk_lock);
}

static int
disk_close(sqlite3_file *file)
{
    return disk_of(file)->real->pMethods->xClose(disk_of(file)->real);
}

static int
disk_read(sqlite3_file *file, void *at, int size, sqlite3_int64 offset)
{
    return disk_of(file)->real->pMethods->xRead(disk_of(file)->real, at, size, offset);
}

static int
disk_write(sqlite3_file *file, const void *at, int size, sqlite3_int64 offset)
{
    struct disk_file *disk = disk_of(file);
    sqlite3_int64 has = 0;

    if (disk->which >= 0 && atomic_load(&disk_room) >= 0) {
        (void)disk->real->pMethods->xFileSize(disk->real, &has);
        sqlite3_int64 more = offset + size > has ? offset + size - has : 0;

        if (more > atomic_load(&disk_room)) {
            return SQLITE_FULL;
        }
        atomic_fetch_sub(&disk_room, more);
    }
    if (atomic_load(&disk_records_on) && disk->which >= 0) {
        record((struct store_disk_record){ .kind = STORE_DISK_WRITE,
                                           .file = (enum store_disk_file)disk->which,
                                           .at = offset,
                                           .size = (size_t)size,
                                           .bytes = mem_copy(at, (size_t)size) });
    }
    return disk->real->pMethods->xWrite(disk->real, at, size, offset);
}

static int
disk_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct disk_file *disk = disk_of(file);

    record((struct store_disk_record){
        .kind = STORE_DISK_TRUNCATE, .file = (enum store_disk_file)disk->which, .at = size });
    return disk->real->pMethods->xTruncate(disk->real, size);
}

static int
disk_sync(sqlite3_file *file, int flags)
{
    struct disk_file *disk = disk_of(file);

    if (disk->which >= 0 && atomic_load(&disk_sync_fails[disk->which])) {
        return SQLITE_IOERR_FSYNC;
    }
    /* Only what was written before it began is sure to be on the disk. */
    (void)pthread_mutex_lock(&disk_lock);
    int64_t before = (int64_t)disk_list.len;

    (void)pthread_mutex_unlock(&disk_lock);
    int rc = disk->real->pMethods->xSync(disk->real, flags);

    record((struct store_disk_record){
        .kind = STORE_DISK_SYNC, .file = (enum store_disk_file)disk->which, .at = before });
    return rc;
}

#define PASS(name, ...) disk_of(file)->real->pMethods->name(disk_of(file)->real, ##__VA_ARGS__)

static int
disk_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return PASS(xFileSize, size);
}

static int
disk_take_lock(sqlite3_file *file, int level)
{
    return PASS(xLock, level);
}

static int
disk_unlock(sqlite3_file *file, int level)
{
    return PASS(xUnlock, level);
}

static int
disk_check_lock(sqlite3_file *file, int *result)
{
    return PASS(xCheckReservedLock, result);
}

static int
disk_control(sqlite3_file *file, int op, void *arg)
{
    return PASS(xFileControl, op, arg);
}

static int
disk_sector_size(sqlite3_file *file)
{
    return PASS(xSectorSize);
}

static int
disk_traits(sqlite3_file *file)
{
    return PASS(xDeviceCharacteristics);
}

static int
disk_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret)
{
    return PASS(xShmMap, page, size, extend, ret);
}

static int
disk_shm_lock(sqlite3_file *file, int offset, int len, int flags)
{
    return PASS(xShmLock, offset, len, flags);
}

static void
disk_shm_barrier(sqlite3_file *file)
{
    PASS(xShmBarrier);
}

static int
disk_shm_unmap(sqlite3_file *file, int remove)
{
    return PASS(xShmUnmap, remove);
}

static const sqlite3_io_methods disk_methods = {
    .iVersion = 2, /* no mappings of the file: they would write behind our back */
    .xClose = disk_close,
    .xRead = disk_read,
    .xWrite = disk_write,
    .xTruncate = disk_truncate,
    .xSync = disk_sync,
    .xFileSize = disk_size,
    .xLock = disk_take_lock,
    .xUnlock = disk_unlock,
    .xCheckReservedLock = disk_check_lock,
    .xFileControl = disk_control,
    .xSectorSize = disk_sector_size,
    .xDeviceCharacteristics = disk_traits,
    .xShmMap = disk_shm_map,
    .xShmLock = disk_shm_lock,
    .xShmBarrier = disk_shm_barrier,
    .xShmUnmap = disk_shm_unmap,
};

static int
disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
    struct disk_file *disk = disk_of(file);

    (void)vfs;
    memset(disk, 0, sizeof *disk);
    disk->real = (sqlite3_file *)(void *)(disk + 1);
    disk->which = (flags & SQLITE_OPEN_MAIN_DB) != 0 ? STORE_DISK_DB
                  : (flags & SQLITE_OPEN_WAL) != 0   ? STORE_DISK_WAL
                                                     : -1;
    int rc = real_vfs->xOpen(real_vfs, name, disk->real, flags, ret_flags);

    disk->base.pMethods = disk->real->pMethods == NULL ? NULL : &disk_methods;
    return rc;
}

void
store_disk_install(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    disk_vfs = *real_vfs; /* all but xOpen as it does them: they know nothing of our files */
    disk_vfs.zName = "store-disk";
    disk_vfs.szOsFile = (int)sizeof(struct disk_file) + real_vfs->szOsFile;
    disk_vfs.xOpen = disk_open;
    store_disk_set_room(-1);
    (void)sqlite3_vfs_register(&disk_vfs, 1); /* fails only when SQLite cannot start */
}

void
store_disk_remove(void)
{
    (void)sqlite3_vfs_unregister(&disk_vfs); /* it is there */
    (void)sqlite3_vfs_register(real_vfs, 1);
    for (size_t i = 0; i < disk_list.len; i++) {
        mem_free(disk_list.at[i].bytes);
    }
    VEC_DONE(disk_list);
}

void
store_disk_set_room(int64_t bytes)
{
    atomic_store(&disk_room, bytes);
}

void
store_disk_fail_sync(enum store_disk_file file, bool fails)
{
    atomic_store(&disk_sync_fails[file], fails);
}

void
store_disk_record(bool on)
{
    atomic_store(&disk_records_on, on);
}

void
store_disk_mark(int64_t number)
{
    record((struct store_disk_record){ .kind = STORE_DISK_MARK, .at = number });
}

const struct store_disk_record *
store_disk_records(size_t *ret_len)
{
    *ret_len = disk_list.len;
    return disk_list.at;
}
