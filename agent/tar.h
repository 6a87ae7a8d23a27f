/* Reading and writing of tar archives (ustar, with pax and GNU long names).  Any thread. */
#ifndef BINNACLE_AGENT_TAR_H
#define BINNACLE_AGENT_TAR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct arena;
struct err;

struct tar_entry {
    struct str name;  /* without a leading "./" */
    char type;        /* '0': a file, '5': a directory, '2': a link … */
    int64_t at, size; /* of its bytes in the archive */
};
struct tar {
    struct tar_entry *at;
    size_t len, capacity;
};
enum { TAR_MAX_ENTRIES = 100000, TAR_BLOCK = 512 };

/* Lists an archive that an open file holds; entries live in the arena. */
int tar_list(struct arena *arena, int fd, struct tar *ret, struct err **err);
const struct tar_entry *tar_find(const struct tar *tar, const char *name); /* NULL: none */
/* One header block, exactly. → 1: an entry, 0: the end (a block of zeros), -1: damaged. */
int tar_header(const char block[TAR_BLOCK], struct tar_entry *ret);
/* Appends a file of mode 0755 and time 0; tar_end closes the archive. */
void tar_put(struct str_builder *out, const char *name, struct str bytes);
void tar_end(struct str_builder *out);

#endif
