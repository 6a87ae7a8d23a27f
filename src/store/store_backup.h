/* Backups of the SQLite store: one file that is a database again, with what belongs to it inside.
 *
 * Blocks: for the command line, never on a loop.  The file holds keys: it is made with mode 0600. */
#ifndef BINNACLE_STORE_STORE_BACKUP_H
#define BINNACLE_STORE_STORE_BACKUP_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct err;
struct seal;

/* How much higher revisions are after a restore: above all that were given out since the backup. */
enum { STORE_BACKUP_LEAP = 1000000 };

struct store_backup_file {
    const char *name; /* "seal.key", "pki/serving.crt" */
    struct str bytes;
};
struct store_backup_info {
    uint64_t objects, revisions; /* that stand now, that are kept of them and of others */
    uint64_t last_rev;
};

/* Copies the database `from` as it is at one moment, while others may write, with the files into a
 * new file `to`, then reads all of that again: sums of rows, sealed values, pages. What fails leaves
 * no `to` behind. */
int store_backup_make(const char *from, const char *to, const struct store_backup_file *files,
                      size_t len, struct seal *seal, struct store_backup_info *ret,
                      struct err **err);
/* The files that a backup holds, one after the other; -1 of fn ends it with fn's error. */
typedef int store_backup_fn(void *ctx, const struct store_backup_file *file, struct err **err);
int store_backup_files(const char *from, store_backup_fn *fn, void *ctx, struct err **err);
/* A database `to`, new, of a backup: all is checked as above; revisions go on STORE_BACKUP_LEAP
 * higher and all before is compacted, so that who watched the lost future lists anew. */
int store_backup_restore(const char *from, const char *to, struct seal *seal,
                         struct store_backup_info *ret, struct err **err);

#endif
