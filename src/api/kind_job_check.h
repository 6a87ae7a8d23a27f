/* Checks of jobs, over two files. */
#ifndef BINNACLE_API_KIND_JOB_CHECK_H
#define BINNACLE_API_KIND_JOB_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/doc.h"

struct arena;
struct causes;
struct check_in;
struct field_path;

/* The part of a job's spec that a CronJob's template has, too. */
void kind_job_check_template(struct val spec, const struct field_path *path, struct causes *out);
void kind_job_check_status(const struct check_in *in, struct causes *out);
/* "0,2-5": below `completions` and rising; false with the reason. */
bool kind_job_check_indexes(struct str text, int64_t completions, struct arena *arena,
                            int64_t *ret_total, struct str *ret_why);

#endif
