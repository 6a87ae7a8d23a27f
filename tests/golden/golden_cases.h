/* Cases of golden tests: NAME.yaml makes a text, NAME.out is what it should be.  TAP. */
#ifndef BINNACLE_TESTS_GOLDEN_CASES_H
#define BINNACLE_TESTS_GOLDEN_CASES_H

#include "base/str.h"

struct err;

/* The text of one case; -1 when the case itself is wrong. */
typedef int golden_cases_fn(void *ctx, struct str yaml, struct str_builder *text, struct err **err);
/* The cases of tests/golden/FOLDER that argv names (none: all); "--update" first rewrites what is
 * wanted. → exit status */
int golden_cases_run(const char *folder, int argc, char **argv, golden_cases_fn *make, void *ctx);

#endif
