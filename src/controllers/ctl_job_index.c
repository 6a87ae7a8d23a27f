/* Indexes of completion as sorted ranges.  Called by ctl_job*.c; pure.
 *
 * Follows pkg/controller/job/indexed_job_utils.go (orderedIntervals), release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include "controllers/ctl_job_index.h"

#include <stdlib.h>

#include "base/arena.h"

struct ctl_job_index
ctl_job_index_parse(struct str text, int64_t completions, struct arena *arena)
{
    struct ctl_job_index set = { 0 };
    size_t most = 1;
    for (size_t i = 0; i < text.size; i++) {
        most += text.at[i] == ',' ? 1 : 0;
    }
    set.at = arena_array(arena, most, sizeof(set.at[0]));
    struct str rest = text;
    while (rest.size > 0) {
        struct str to, from = str_cut(str_cut(rest, ',', &rest), '-', &to);
        struct ctl_job_index_range range;
        if (!str_to_int(from, &range.first) || range.first >= completions) {
            break;
        }
        if (to.at == NULL) {
            range.last = range.first;
        } else if (!str_to_int(to, &range.last)) {
            break;
        }
        range.last = range.last < completions ? range.last : completions - 1;
        struct ctl_job_index_range *before = set.len > 0 ? &set.at[set.len - 1] : NULL;
        if (before != NULL && before->last == range.first - 1) {
            before->last = range.last;
        } else {
            set.at[set.len++] = range;
        }
    }
    return set;
}

struct str
ctl_job_index_text(const struct ctl_job_index *set, struct arena *arena)
{
    AUTO_STR struct str_builder text = { 0 };
    for (size_t i = 0; i < set->len; i++) {
        long long first = set->at[i].first, last = set->at[i].last;
        str_putf(&text, "%s%lld", i > 0 ? "," : "", first);
        if (last > first) {
            str_putf(&text, "%s%lld", last == first + 1 ? "," : "-", last);
        }
    }
    return arena_dup(arena, str_view(&text));
}

bool
ctl_job_index_has(const struct ctl_job_index *set, int64_t index)
{
    size_t low = 0, high = set->len;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (set->at[middle].last < index) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < set->len && set->at[low].first <= index;
}

int64_t
ctl_job_index_total(const struct ctl_job_index *set)
{
    int64_t total = 0;
    for (size_t i = 0; i < set->len; i++) {
        total += set->at[i].last - set->at[i].first + 1;
    }
    return total;
}

static int
by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y ? 1 : 0;
}

static void
put(struct ctl_job_index *set, struct ctl_job_index_range range)
{
    struct ctl_job_index_range *before = set->len > 0 ? &set->at[set->len - 1] : NULL;
    if (before != NULL && range.first <= before->last + 1) {
        before->last = range.last > before->last ? range.last : before->last;
    } else {
        set->at[set->len++] = range;
    }
}

struct ctl_job_index
ctl_job_index_with(const struct ctl_job_index *set, int64_t *more, size_t len, struct arena *arena)
{
    struct ctl_job_index out = { 0 };
    size_t old = 0, new = 0;
    out.at = arena_array(arena, set->len + len + 1, sizeof(out.at[0]));
    if (len > 0) {
        qsort(more, len, sizeof(more[0]), by_number);
    }
    while (old < set->len || new < len) {
        bool takes_old = new == len || (old < set->len && set->at[old].first <= more[new]);
        if (takes_old) {
            put(&out, set->at[old++]);
        } else {
            put(&out, (struct ctl_job_index_range){ more[new], more[new] });
            new ++;
        }
    }
    return out;
}
