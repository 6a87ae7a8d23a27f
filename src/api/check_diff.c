/* What changed between two values, for causes that name it.
 *
 * Called by kind_*_check.c; pure, any thread. */
#include "config.h"

#include <stdlib.h>

#include "api/check.h"
#include "base/arena.h"
#include "base/mem.h"
#include "base/str.h"

enum { DIFF_CONTEXT = 3 };

struct diff_lines {
    struct str *at;
    size_t len;
};

static void
diff_indent(struct str_builder *b, size_t depth)
{
    str_putc(b, '\n');
    for (size_t i = 0; i < depth; i++) {
        str_putc(b, ' ');
    }
}

static int
diff_by_key(const void *a, const void *b)
{
    return str_cmp(((const struct val_iter *)a)->key, ((const struct val_iter *)b)->key);
}

static void
diff_print(struct str_builder *b, struct val v, size_t depth, struct arena *arena)
{
    bool is_object = val_type(v) == DOC_OBJECT;
    size_t len = val_len(v), at = 0;
    if (len == 0) {
        str_put(b, val_raw(v));
        return;
    }
    struct val_iter *members = arena_array(arena, len, sizeof(*members));
    VAL_EACH (it, v) {
        members[at++] = it;
    }
    if (is_object) {
        qsort(members, len, sizeof(*members), diff_by_key);
    }
    str_putc(b, is_object ? '{' : '[');
    for (size_t i = 0; i < len; i++) {
        diff_indent(b, depth + 1);
        if (is_object) {
            str_putf(b, "\"" STR_FMT "\": ", STR_ARG(members[i].key));
        }
        diff_print(b, members[i].value, depth + 1, arena);
        str_putz(b, i + 1 < len ? "," : "");
    }
    diff_indent(b, depth);
    str_putc(b, is_object ? '}' : ']');
}

static struct diff_lines
diff_split(struct val v, struct arena *arena)
{
    AUTO_STR struct str_builder b = { 0 };
    diff_print(&b, v, 0, arena);
    struct str text = arena_dup(arena, str_view(&b));
    size_t capacity = 1;
    for (size_t i = 0; i < text.size; i++) {
        capacity += text.at[i] == '\n' ? 1 : 0;
    }
    struct diff_lines lines = { .at = arena_array(arena, capacity, sizeof(*lines.at)) };
    lines.len = str_split(text, '\n', lines.at, capacity);
    return lines;
}

struct str
check_diff(struct arena *arena, struct val before, struct val after)
{
    struct diff_lines a = diff_split(before, arena), b = diff_split(after, arena);
    size_t shorter = a.len < b.len ? a.len : b.len, head = 0, tail = 0;
    AUTO_STR struct str_builder out = { 0 };
    while (head < shorter && str_eq(a.at[head], b.at[head])) {
        head++;
    }
    while (tail < shorter - head && str_eq(a.at[a.len - 1 - tail], b.at[b.len - 1 - tail])) {
        tail++;
    }
    if (head == a.len && head == b.len) {
        return (struct str){ 0 };
    }
    size_t from = head > DIFF_CONTEXT ? head - DIFF_CONTEXT : 0;
    size_t kept = tail < DIFF_CONTEXT ? tail : DIFF_CONTEXT;
    size_t a_end = a.len - tail, b_end = b.len - tail;
    str_putf(&out, "@@ -%zu,%zu +%zu,%zu @@\n", from + 1, a_end + kept - from, from + 1,
             b_end + kept - from);
    for (size_t i = from; i < head; i++) {
        str_putf(&out, " " STR_FMT "\n", STR_ARG(a.at[i]));
    }
    for (size_t i = head; i < a_end; i++) {
        str_putf(&out, "-" STR_FMT "\n", STR_ARG(a.at[i]));
    }
    for (size_t i = head; i < b_end; i++) {
        str_putf(&out, "+" STR_FMT "\n", STR_ARG(b.at[i]));
    }
    for (size_t i = a_end; i < a_end + kept; i++) {
        str_putf(&out, " " STR_FMT "\n", STR_ARG(a.at[i]));
    }
    return arena_dup(arena, str_view(&out));
}
