/* Archives of images as somebody uploads them. Every entry lies in the file; what is listed can be written
 * again and is listed the same. Checksums of blocks that look like headers are set right first: else hardly
 * any input would come further than that. */
#include "config.h" /* IWYU pragma: keep */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/tar.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

enum { SUM_AT = 148, SUM_SIZE = 8, MAGIC_AT = 257, SIZE_MAX_FED = 64 << 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
set_sums(uint8_t *bytes, size_t size)
{
    for (uint8_t *block = bytes; size >= TAR_BLOCK; block += TAR_BLOCK, size -= TAR_BLOCK) {
        uint32_t sum = 0;

        if (memcmp(block + MAGIC_AT, "ustar", 5) != 0) {
            continue;
        }
        memset(block + SUM_AT, ' ', SUM_SIZE);
        for (size_t i = 0; i < TAR_BLOCK; i++) {
            sum += block[i];
        }
        (void)snprintf((char *)block + SUM_AT, SUM_SIZE, "%06o", sum);
    }
}

static int
list(struct arena *arena, const void *bytes, size_t size, struct tar *ret)
{
    AUTO_FD int fd = memfd_create("tar", MFD_CLOEXEC);
    AUTO_ERR struct err *err = NULL;

    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size) {
        abort();
    }
    return tar_list(arena, fd, ret, &err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_FREE uint8_t *bytes = NULL;
    AUTO_STR struct str_builder again = { 0 };
    struct tar tar, second;
    size_t plain = 0;

    if (size == 0 || size > SIZE_MAX_FED) {
        return 0;
    }
    bytes = mem_copy(data, size);
    set_sums(bytes, size);
    if (list(arena, bytes, size, &tar) < 0) {
        return 0;
    }
    for (size_t i = 0; i < tar.len; i++) {
        const struct tar_entry *entry = &tar.at[i];
        const char *name = arena_dupz(arena, entry->name);

        if (entry->at < 0 || entry->size < 0 || (uint64_t)(entry->at + entry->size) > size) {
            abort();
        }
        if (strlen(name) > 0 && strlen(name) < 100 && strncmp(name, "./", 2) != 0) {
            tar_put(&again, name, str_slice((char *)bytes + entry->at, (size_t)entry->size));
            tar.at[plain++] = *entry;
        }
    }
    tar_end(&again);
    if (list(arena, again.at, again.size, &second) < 0 || second.len != plain) {
        abort();
    }
    for (size_t i = 0; i < plain; i++) {
        if (!str_is(second.at[i].name, arena_dupz(arena, tar.at[i].name)) ||
            memcmp(again.at + second.at[i].at, bytes + tar.at[i].at, (size_t)tar.at[i].size) != 0) {
            abort();
        }
    }
    return 0;
}
