/* Lines of container logs, which a container's output goes into. A line that is one can be put together
 * again; the last lines of a file are no more, and no longer, than asked for. */
#include "config.h" /* IWYU pragma: keep */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/logs.h"
#include "base/arena.h"
#include "base/mem.h"

enum { LINES = 5, BYTES = 100 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_line(struct str line)
{
    struct logs_line parts;

    if (logs_parse(line, &parts) < 0) {
        return;
    }
    if (parts.time.at != line.at || parts.stream.at != line.at + parts.time.size + 1 ||
        parts.text.at + parts.text.size != line.at + line.size || parts.text.at[-1] != ' ') {
        abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_FD int fd = memfd_create("log", MFD_CLOEXEC);
    struct str last, rest = str_slice((const char *)data, size);
    size_t lines = 0;

    if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
        abort();
    }
    while (rest.size > 0) {
        check_line(str_cut(rest, '\n', &rest));
    }
    last = logs_last_lines(arena, arena_printf(arena, "/proc/self/fd/%d", fd).at, LINES, BYTES);
    for (size_t i = 0; i < last.size; i++) {
        lines += last.at[i] == '\n';
    }
    if (last.size > BYTES || lines > LINES) {
        abort();
    }
    return 0;
}
