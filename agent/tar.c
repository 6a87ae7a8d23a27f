/* Tar archives: the list of one that was uploaded, and the little one of the pause image. Called by
 * images; any thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/tar.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"

enum { NAME_AT = 0, NAME_SIZE = 100, SIZE_AT = 124, SIZE_SIZE = 12, SUM_AT = 148, SUM_SIZE = 8 };
enum { TYPE_AT = 156, MAGIC_AT = 257, PREFIX_AT = 345, PREFIX_SIZE = 155, LONG_NAME_MAX = 4096 };

/* Octal digits, or (GNU) a big-endian number behind a set top bit. -1: neither. */
static int64_t
number(const char *at, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)at;
    uint64_t value = 0;
    size_t i = 0;

    if ((bytes[0] & 0x80) != 0) {
        for (i = size - 8; i < size; i++) {
            value = value << 8 | bytes[i];
        }
        return value > INT64_MAX ? -1 : (int64_t)value;
    }
    while (i < size && at[i] == ' ') {
        i++;
    }
    for (; i < size && at[i] != '\0' && at[i] != ' '; i++) {
        if (at[i] < '0' || at[i] > '7') {
            return -1;
        }
        value = value * 8 + (uint64_t)(at[i] - '0');
    }
    return (int64_t)value;
}

static uint32_t
checksum(const char block[TAR_BLOCK])
{
    uint32_t sum = 0;

    for (int i = 0; i < TAR_BLOCK; i++) {
        sum += i >= SUM_AT && i < SUM_AT + SUM_SIZE ? ' ' : (unsigned char)block[i];
    }
    return sum;
}

static bool
is_zero(const char block[TAR_BLOCK])
{
    for (int i = 0; i < TAR_BLOCK; i++) {
        if (block[i] != '\0') {
            return false;
        }
    }
    return true;
}

int
tar_header(const char block[TAR_BLOCK], struct tar_entry *ret)
{
    struct tar_entry entry = { .type = block[TYPE_AT] == '\0' ? '0' : block[TYPE_AT] };

    if (is_zero(block)) {
        return 0;
    }
    entry.size = number(block + SIZE_AT, SIZE_SIZE);
    if (entry.size < 0 || number(block + SUM_AT, SUM_SIZE) != (int64_t)checksum(block)) {
        return -1;
    }
    entry.name = str_slice(block, strnlen(block + NAME_AT, NAME_SIZE));
    *ret = entry;
    return 1;
}

/* The whole name: with the prefix of ustar. */
static struct str
full_name(struct arena *arena, const char block[TAR_BLOCK], struct str name)
{
    size_t prefix = memcmp(block + MAGIC_AT, "ustar", 5) == 0 && block[MAGIC_AT + 5] == '\0'
                        ? strnlen(block + PREFIX_AT, PREFIX_SIZE)
                        : 0;

    return prefix > 0
               ? arena_printf(arena, "%.*s/" STR_FMT, (int)prefix, block + PREFIX_AT, STR_ARG(name))
               : arena_dup(arena, name);
}

static struct str
read_bytes(struct arena *arena, int fd, const struct tar_entry *entry)
{
    size_t size = entry->size < LONG_NAME_MAX ? (size_t)entry->size : LONG_NAME_MAX;
    char *bytes = arena_alloc(arena, size + 1);

    if (pread(fd, bytes, size, entry->at) != (ssize_t)size) {
        return (struct str){ 0 };
    }
    return str_slice(bytes, size);
}

/* "27 path=some/name\n" among records of the same shape; absent when no path is named. */
static struct str
pax_path(struct str records)
{
    while (records.size > 0) {
        struct str value, rest, line = str_cut(records, '\n', &records);
        struct str key = str_cut(line, ' ', &rest);

        (void)key;
        if (rest.at != NULL && str_is(str_cut(rest, '=', &value), "path")) {
            return value;
        }
    }
    return (struct str){ 0 };
}

static void
add(struct arena *arena, struct tar *tar, struct tar_entry entry)
{
    if (tar->len == tar->capacity) {
        size_t capacity = tar->capacity == 0 ? 64 : tar->capacity * 2;

        tar->at = arena_grow(arena, tar->at, tar->capacity * sizeof(*tar->at),
                             capacity * sizeof(*tar->at));
        tar->capacity = capacity;
    }
    if (str_has_prefix(entry.name, STR("./"))) {
        entry.name = str_slice(entry.name.at + 2, entry.name.size - 2);
    }
    tar->at[tar->len++] = entry;
}

int
tar_list(struct arena *arena, int fd, struct tar *ret, struct err **err)
{
    struct str long_name = { 0 };
    char block[TAR_BLOCK];
    int64_t at = 0;
    struct stat st;

    *ret = (struct tar){ 0 };
    if (fstat(fd, &st) < 0) {
        return err_sys(err, errno, "look at the archive");
    }
    for (;;) {
        struct tar_entry entry;
        ssize_t n = pread(fd, block, sizeof(block), at);
        int rc = n == TAR_BLOCK ? tar_header(block, &entry) : n == 0 && at > 0 ? 0 : -1;

        if (rc < 0 || ret->len == TAR_MAX_ENTRIES) {
            return err_set(err, ERR_INVALID, "no tar archive, or a damaged one (at byte %lld)",
                           (long long)at);
        }
        if (rc == 0) {
            return 0;
        }
        entry.at = at + TAR_BLOCK;
        if (entry.size > st.st_size - entry.at) {
            return err_set(err, ERR_INVALID, "the archive ends in the middle of '" STR_FMT "'",
                           STR_ARG(entry.name));
        }
        at = entry.at + (entry.size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
        if (entry.type == 'L') { /* GNU: the next one's name */
            long_name = read_bytes(arena, fd, &entry);
            long_name.size = strnlen(long_name.at == NULL ? "" : long_name.at, long_name.size);
        } else if (entry.type == 'x') { /* pax: more about the next one */
            long_name = pax_path(read_bytes(arena, fd, &entry));
        } else if (entry.type != 'g' && entry.type != 'K') {
            entry.name = long_name.size > 0 ? long_name : full_name(arena, block, entry.name);
            long_name = (struct str){ 0 };
            add(arena, ret, entry);
        }
    }
}

const struct tar_entry *
tar_find(const struct tar *tar, const char *name)
{
    for (size_t i = 0; i < tar->len; i++) {
        if (str_is(tar->at[i].name, name)) {
            return &tar->at[i];
        }
    }
    return NULL;
}

/* ---- writing ---- */

static void
pad(struct str_builder *out, size_t size)
{
    static const char zeros[TAR_BLOCK] = { 0 };

    str_put(out, str_slice(zeros, size));
}

void
tar_put(struct str_builder *out, const char *name, struct str bytes)
{
    char block[TAR_BLOCK] = { 0 };

    (void)snprintf(block, NAME_SIZE, "%s", name);
    (void)snprintf(block + 100, 8, "%07o", 0755); /* mode */
    (void)snprintf(block + 108, 8, "%07o", 0);    /* owner */
    (void)snprintf(block + 116, 8, "%07o", 0);    /* group */
    (void)snprintf(block + SIZE_AT, SIZE_SIZE, "%011llo", (unsigned long long)bytes.size);
    (void)snprintf(block + 136, 12, "%011o", 0); /* time */
    block[TYPE_AT] = '0';
    memcpy(block + MAGIC_AT, "ustar\00000", 8);
    (void)snprintf(block + SUM_AT, SUM_SIZE, "%06o", checksum(block));
    block[SUM_AT + SUM_SIZE - 1] = ' ';
    str_put(out, str_slice(block, TAR_BLOCK));
    str_put(out, bytes);
    pad(out, (TAR_BLOCK - bytes.size % TAR_BLOCK) % TAR_BLOCK);
}

void
tar_end(struct str_builder *out)
{
    pad(out, TAR_BLOCK);
    pad(out, TAR_BLOCK);
}
