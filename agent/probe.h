/* When a container is probed, and what the outcomes come to.  Pure; probe_run does the probing. */
#ifndef BINNACLE_AGENT_PROBE_H
#define BINNACLE_AGENT_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/pod_facts.h"
#include "base/doc.h"

enum probe_kind { PROBE_STARTUP, PROBE_LIVENESS, PROBE_READINESS, PROBE_KIND_LEN };
enum probe_outcome { PROBE_OK, PROBE_FAILED, PROBE_ERROR /* says nothing of the container */ };

struct probe_spec {
    enum probe_kind kind;
    int64_t delay_ms, period_ms, timeout_ms;
    int success_threshold, failure_threshold;
};
/* One probe of one container; zero with a spec is the beginning. */
struct probe {
    struct probe_spec spec;
    int64_t last_ms; /* when it last ran, 0: not yet */
    enum probe_outcome last;
    int run_len; /* outcomes like the last one in a row */
    bool
        is_held; /* a liveness or startup probe has failed: nothing more until the next container */
    enum pod_verdict verdict;
};
/* What of the container decides whether it is probed at all. */
struct probe_look {
    bool is_running, is_started,
        is_ending;      /* started: its startup probe has passed, or it has none */
    int64_t started_ms; /* the container's start */
};
const char *probe_kind_member(enum probe_kind kind); /* "livenessProbe" */
const char *probe_kind_name(enum probe_kind kind);   /* "Liveness", as events begin */
/* False when the container has no such probe. */
bool probe_spec_read(struct val container, enum probe_kind kind, struct probe_spec *ret);
/* The state of a new container: readiness fails, liveness holds, startup is not known. */
void probe_begin(struct probe *probe, const struct probe_spec *spec);
/* Time of the next run; INT64_MAX: not until something changes. */
int64_t probe_due(const struct probe *probe, const struct probe_look *look);
/* An outcome of a run begun at at_ms; true: the verdict changed. */
bool probe_take(struct probe *probe, enum probe_outcome outcome, int64_t at_ms);

#endif
