/* An SQLite VFS over the real one that plays a bad disk: no room, a failing fsync, a power cut.
 *
 * It becomes the default VFS, so the store opens its files through it.  Recording keeps every write,
 * truncation and sync of the database and its WAL in the order in which they happened. */
#ifndef BINNACLE_TESTS_LIB_STORE_DISK_H
#define BINNACLE_TESTS_LIB_STORE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum store_disk_file { STORE_DISK_DB, STORE_DISK_WAL, STORE_DISK_FILES };
enum store_disk_kind { STORE_DISK_WRITE, STORE_DISK_TRUNCATE, STORE_DISK_SYNC, STORE_DISK_MARK };
struct store_disk_record {
    enum store_disk_kind kind;
    enum store_disk_file file;
    int64_t at;  /* offset; new size; how many records a sync covers; the mark's number */
    size_t size; /* of a write */
    char *bytes; /* of a write */
};

void store_disk_install(void);
void store_disk_remove(void);            /* forgets the records */
void store_disk_set_room(int64_t bytes); /* files may grow by so much; -1: any */
void store_disk_fail_sync(enum store_disk_file file, bool fails);
void store_disk_record(bool on);
void store_disk_mark(int64_t number);                                /* between the records */
const struct store_disk_record *store_disk_records(size_t *ret_len); /* while nothing records */

#endif
