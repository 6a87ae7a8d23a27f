/* When a container is probed, and what the outcomes come to (kubelet's prober worker). Called by the
 * pod's worker; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/probe.h"

static const struct {
    const char *member, *name;
    enum pod_verdict first;
} kinds[] = {
    [PROBE_STARTUP] = { "startupProbe", "Startup", POD_VERDICT_NONE },
    [PROBE_LIVENESS] = { "livenessProbe", "Liveness", POD_VERDICT_SUCCESS },
    [PROBE_READINESS] = { "readinessProbe", "Readiness", POD_VERDICT_FAILURE },
};

const char *
probe_kind_member(enum probe_kind kind)
{
    return kinds[kind].member;
}

const char *
probe_kind_name(enum probe_kind kind)
{
    return kinds[kind].name;
}

bool
probe_spec_read(struct val container, enum probe_kind kind, struct probe_spec *ret)
{
    struct val v = val_get(container, kinds[kind].member);

    if (!val_is(v)) {
        return false;
    }
    *ret = (struct probe_spec){
        .kind = kind,
        .delay_ms = val_int(val_get(v, "initialDelaySeconds"), 0) * 1000,
        .period_ms = val_int(val_get(v, "periodSeconds"), 10) * 1000,
        .timeout_ms = val_int(val_get(v, "timeoutSeconds"), 1) * 1000,
        .success_threshold = (int)val_int(val_get(v, "successThreshold"), 1),
        .failure_threshold = (int)val_int(val_get(v, "failureThreshold"), 3),
    };
    return true;
}

void
probe_begin(struct probe *probe, const struct probe_spec *spec)
{
    *probe = (struct probe){ .spec = *spec, .verdict = kinds[spec->kind].first };
}

int64_t
probe_due(const struct probe *probe, const struct probe_look *look)
{
    bool is_readiness = probe->spec.kind == PROBE_READINESS;
    bool is_startup = probe->spec.kind == PROBE_STARTUP;

    if (!look->is_running || probe->is_held || look->is_started == is_startup ||
        (look->is_ending && !is_readiness)) {
        return INT64_MAX;
    }
    if (probe->last_ms > 0) {
        return probe->last_ms + probe->spec.period_ms;
    }
    return look->started_ms + probe->spec.delay_ms;
}

bool
probe_take(struct probe *probe, enum probe_outcome outcome, int64_t at_ms)
{
    enum pod_verdict verdict = outcome == PROBE_OK ? POD_VERDICT_SUCCESS : POD_VERDICT_FAILURE;
    bool is_failed = outcome == PROBE_FAILED, is_changed;

    probe->last_ms = at_ms;
    if (outcome == PROBE_ERROR) {
        return false;
    }
    probe->run_len = probe->run_len > 0 && probe->last == outcome ? probe->run_len + 1 : 1;
    probe->last = outcome;
    if (probe->run_len <
        (is_failed ? probe->spec.failure_threshold : probe->spec.success_threshold)) {
        return false;
    }
    is_changed = probe->verdict != verdict;
    probe->verdict = verdict;
    if (is_failed && probe->spec.kind != PROBE_READINESS) {
        probe->is_held = true;
        probe->run_len = 0;
    }
    return is_changed;
}
