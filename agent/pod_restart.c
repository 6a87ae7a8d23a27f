/* When a dead container comes back.  The wait is not remembered by the agent: each container
 * carries, as an annotation, what its successor has to wait for, so that a restarted agent goes on
 * where the old one was.  Called by the pod's plan; pure.
 *
 * The rule is that of kubelet's doBackOff over client-go's Backoff: the first restart is
 * immediate, the second 10 s after the death, then 20 s, … 300 s; a container that lived for ten
 * minutes since it was made starts over. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_restart.h"

#include "agent/runtime.h"

static bool
rule_matches(struct val rule, int32_t exit_code)
{
    struct val codes = val_get(rule, "exitCodes");
    bool is_in = false;

    if (!val_is_str(val_get(rule, "action"), "Restart") || !val_is(codes)) {
        return false;
    }
    VAL_EACH (it, val_get(codes, "values")) {
        is_in = is_in || val_int(it.value, -1) == exit_code;
    }
    return val_is_str(val_get(codes, "operator"), "NotIn") ? !is_in : is_in;
}

static bool
policy_wants(struct str policy, int32_t exit_code)
{
    if (str_is(policy, "Never")) {
        return false;
    }
    return !str_is(policy, "OnFailure") || exit_code != 0;
}

bool
pod_restart_wants(struct val spec, struct val container, int32_t exit_code)
{
    struct str own = val_str(val_get(container, "restartPolicy"));

    if (own.size == 0) {
        return policy_wants(val_str(val_get(spec, "restartPolicy")), exit_code);
    }
    VAL_EACH (it, val_get(container, "restartPolicyRules")) {
        if (rule_matches(it.value, exit_code)) {
            return true;
        }
    }
    return policy_wants(own, exit_code);
}

bool
pod_restart_wants_after_kill(struct val spec, struct val container)
{
    struct str own = val_str(val_get(container, "restartPolicy"));

    return !str_is(own.size > 0 ? own : val_str(val_get(spec, "restartPolicy")), "Never");
}

static bool
is_forgotten(const struct runtime_container *dead, struct str hash)
{
    return dead->backoff_ms == 0 || !str_eq(dead->hash, hash) ||
           dead->finished_ms - dead->created_ms > POD_RESTART_FORGET_MS;
}

int64_t
pod_restart_at(const struct runtime_container *dead, struct str hash)
{
    return is_forgotten(dead, hash) ? 0 : dead->finished_ms + dead->backoff_ms;
}

int64_t
pod_restart_next_backoff(const struct runtime_container *dead, struct str hash)
{
    if (is_forgotten(dead, hash)) {
        return POD_RESTART_FIRST_MS;
    }
    return dead->backoff_ms > POD_RESTART_MAX_MS / 2 ? POD_RESTART_MAX_MS : dead->backoff_ms * 2;
}
