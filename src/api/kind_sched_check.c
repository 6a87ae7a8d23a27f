/* Checks of PriorityClasses, after pkg/apis/scheduling/validation of release 1.35.
 *
 * Called by validate.c through the row of kind_sched.c. Pure, any thread. */
#include "config.h"

#include "api/check.h"
#include "api/kinds_priv.h"
#include "api/schema.h"
#include "base/arena.h"
#include "base/mem.h"

enum { SCHED_USER_MAX = 1000000000 };

static const struct {
    const char *name;
    int64_t value;
} sched_system[] = {
    { "system-node-critical", 2000001000 },
    { "system-cluster-critical", 2000000000 },
};
static const char *const sched_policies[] = { "PreemptLowerPriority", "Never", NULL };

/* Why a name that begins with "system-" is none of the system's; absent: it is one. */
static struct str
sched_not_system(struct check_in *in, struct str name)
{
    int64_t value = val_int(val_get(in->now, "value"), 0);
    for (size_t i = 0; i < ARRAY_LEN(sched_system); i++) {
        if (!str_is(name, sched_system[i].name)) {
            continue;
        }
        if (value != sched_system[i].value) {
            return arena_printf(in->arena, "value of %s PriorityClass must be %lld",
                                sched_system[i].name, (long long)sched_system[i].value);
        }
        return val_bool(val_get(in->now, "globalDefault"), false)
                   ? arena_printf(in->arena, "globalDefault of %s PriorityClass must be false",
                                  sched_system[i].name)
                   : (struct str){ 0 };
    }
    return arena_printf(in->arena, STR_FMT " is not a known system priority class", STR_ARG(name));
}

void
kind_sched_check_priority(struct check_in *in, struct causes *out)
{
    const struct val none = { 0 };
    struct str name = val_str(val_at(in->now, "metadata.name"));
    struct val policy = val_get(in->now, "preemptionPolicy");
    if (str_has_prefix(name, STR("system-"))) {
        struct str why = sched_not_system(in, name);
        if (why.size > 0) {
            causes_add(out, CAUSE_FORBIDDEN, NULL, "metadata.name", none,
                       "priority class names with 'system-' prefix are reserved for system use "
                       "only. error: " STR_FMT,
                       STR_ARG(why));
        }
    } else if (val_int(val_get(in->now, "value"), 0) > SCHED_USER_MAX) {
        causes_add(out, CAUSE_FORBIDDEN, NULL, "value", none,
                   "maximum allowed value of a user defined priority is %d", SCHED_USER_MAX);
    }
    if (val_is(policy)) {
        check_enum(out, NULL, "preemptionPolicy", policy, sched_policies);
    }
}

void
kind_sched_check_priority_update(struct check_in *in, struct causes *out)
{
    struct val now = val_get(in->now, "preemptionPolicy");
    if (val_int(val_get(in->now, "value"), 0) != val_int(val_get(in->old, "value"), 0)) {
        causes_add(out, CAUSE_FORBIDDEN, NULL, "value", (struct val){ 0 },
                   "may not be changed in an update.");
    }
    if (!val_eq(now, val_get(in->old, "preemptionPolicy"))) {
        causes_add(out, CAUSE_INVALID, NULL, "preemptionPolicy", now, "field is immutable");
    }
}
