/* Sets of completion indexes as a Job's status writes them: "1,3-5,7".  Pure. */
#ifndef BINNACLE_CONTROLLERS_CTL_JOB_INDEX_H
#define BINNACLE_CONTROLLERS_CTL_JOB_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct arena;

/* Sorted, disjoint, not touching; both ends are in. In the arena that made it. */
struct ctl_job_index_range {
    int64_t first, last;
};
struct ctl_job_index {
    struct ctl_job_index_range *at;
    size_t len;
};
/* Of such a text, without what is not below `completions`; text that is none ends it. */
struct ctl_job_index ctl_job_index_parse(struct str text, int64_t completions, struct arena *arena);
struct str ctl_job_index_text(const struct ctl_job_index *set, struct arena *arena);
bool ctl_job_index_has(const struct ctl_job_index *set, int64_t index);
int64_t ctl_job_index_total(const struct ctl_job_index *set);
/* With these, too; they may come in any order and more than once (and are sorted). */
struct ctl_job_index ctl_job_index_with(const struct ctl_job_index *set, int64_t *more, size_t len,
                                        struct arena *arena);

#endif
