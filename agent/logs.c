/* Log files in CRI's format: parsing, and the last lines of a file. Called by node_api's bodies and
 * for messages of ended containers; any thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/logs.h"

#include "agent/disk.h"
#include "base/arena.h"
#include "base/err.h"

int
logs_parse(struct str line, struct logs_line *ret)
{
    struct str rest, tags;
    struct logs_line out = { 0 };

    out.time = str_cut(line, ' ', &rest);
    out.stream = str_cut(rest, ' ', &rest);
    tags = str_cut(rest, ' ', &out.text);
    if (out.time.size == 0 || out.text.at == NULL ||
        (!str_is(out.stream, "stdout") && !str_is(out.stream, "stderr"))) {
        return -1;
    }
    /* Tags are a list: "P" or "F", then more after colons. */
    out.is_partial = str_is(str_cut(tags, ':', &rest), "P");
    *ret = out;
    return 0;
}

struct str
logs_last_lines(struct arena *arena, const char *path, int lines, size_t max)
{
    enum { HEAD = 64 /* time, stream and tag of a line */ };
    struct str text = { 0 }, result;
    struct str_builder out = { 0 };
    AUTO_ERR struct err *err = NULL;
    size_t begin, seen = 0;

    /* Without a log there are no lines. */
    if (disk_read(arena, path, max + (size_t)lines * HEAD, true, &text, &err) < 0 ||
        text.size == 0) {
        return (struct str){ 0 };
    }
    for (begin = text.size - 1; begin > 0; begin--) {
        if (text.at[begin - 1] == '\n' && ++seen == (size_t)lines) {
            break;
        }
    }
    for (struct str rest = str_slice(text.at + begin, text.size - begin); rest.size > 0;) {
        struct logs_line line;

        if (logs_parse(str_cut(rest, '\n', &rest), &line) == 0) {
            str_put(&out, line.text);
            str_putz(&out, line.is_partial ? "" : "\n");
        }
    }
    result = str_view(&out);
    if (result.size > max) {
        result = str_slice(result.at + result.size - max, max);
    }
    result = arena_dup(arena, result);
    str_done(&out);
    return result;
}
