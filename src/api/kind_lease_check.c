/* Rules of Leases: ValidateLease and ValidateLeaseUpdate of release 1.35.
 *
 * Named by the row in kind_lease.c; pure, any thread. */
#include "config.h"

#include "api/check.h"
#include "api/kinds_check.h"
#include "base/mem.h"

void
kind_lease_check(struct check_in *in, struct causes *out)
{
    static const char *const strategies[] = { "OldestEmulationVersion", NULL };
    struct field_path path = check_at(NULL, "spec"), strategy_at = check_at(&path, "strategy");
    struct val spec = val_get(in->now, "spec"), strategy = val_get(spec, "strategy");
    struct val seconds = val_get(spec, "leaseDurationSeconds");
    if (val_is(seconds) && val_int(seconds, 0) <= 0) {
        check_invalid(out, &path, "leaseDurationSeconds", seconds, "must be greater than 0");
    }
    check_nonnegative(out, &path, "leaseTransitions", val_get(spec, "leaseTransitions"));
    if (val_is(strategy) && str_contains(val_str(strategy), STR("/"))) {
        check_label_key(out, &strategy_at, "strategy", strategy);
    } else if (val_is(strategy)) {
        check_enum_as(out, &strategy_at, "strategy", strategy, strategies);
    }
    if (check_has(val_get(spec, "preferredHolder")) && !check_has(strategy)) {
        check_forbidden(out, &path, "preferredHolder",
                        "may only be specified if `strategy` is defined");
    }
}
