/* The table of plans that have golden cases: one line per reconciler.  Read by run_golden.c. */
#include "config.h" /* IWYU pragma: keep */

#include "tests/golden/golden_plans.h"

#include <stddef.h>

#include "base/mem.h"
#include "controllers/ctl.h"
#include "controllers/ctl_replicaset.h"

static void *
open_ctl(struct registry *registry)
{
    struct ctl_env *env = MEM_NEW(struct ctl_env);

    env->registry = registry;
    return env;
}

const struct golden_plan golden_plans[] = {
    { "ctl/replicaset", &ctl_replicaset, open_ctl, mem_free },
    { NULL, NULL, NULL, NULL },
};
