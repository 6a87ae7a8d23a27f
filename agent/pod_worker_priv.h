/* Between the files of a pod's worker. */
#ifndef BINNACLE_AGENT_POD_WORKER_PRIV_H
#define BINNACLE_AGENT_POD_WORKER_PRIV_H

#include "agent/cri.h"
#include "agent/pod_facts.h"
#include "agent/pod_list.h"
#include "agent/pod_plan.h"
#include "agent/pod_source.h"
#include "agent/pod_worker.h"
#include "agent/probe.h"
#include "agent/runtime.h"
#include "client/event.h"

struct arena;
struct err;
struct fetch;
struct handle;
struct handler;
struct image_get;
struct job;
struct loop_timer;

/* A container of the spec, as long as the worker lives. */
struct pod_member {
    struct pod_worker *worker;
    struct pod_fact *fact; /* its place in facts */
    char *name, *image_ref, *image_user, *fail_reason, *fail_message, *probed_id,
        *told_id; /* facts' text */
    int64_t image_uid;
    enum pod_list list;
    char *wait_shown; /* reason of the last BackOff event */
    struct probe probes[PROBE_KIND_LEN];
    bool has_probe[PROBE_KIND_LEN];
    struct handler *probing[PROBE_KIND_LEN];
    int64_t probing_since_ms[PROBE_KIND_LEN];
    struct {
        struct pod_member *member;
        enum probe_kind kind;
    } probe_ctx[PROBE_KIND_LEN];
};
struct pod_worker {
    struct pod_host *host;
    char *uid;
    struct object *object; /* last seen in the API, NULL: never */
    struct pod_worker_asked asked;
    bool is_gone, is_admitted;
    struct runtime_snapshot *seen; /* never NULL */
    struct pod_facts facts;
    struct pod_fact *fact;
    struct pod_member **members; /* they stay where they are: runs and probes refer to them */
    size_t member_len;
    struct pod_run *runs;
    uint64_t next_run;
    int64_t volumes_wait_ms, refresh_ms; /* back-off of failed set-ups; next refresh, wall */
    char *end_reason, *end_message;
    char *resize_reason, *resize_message, *resize_error; /* facts' text */
    struct loop_timer *timer;
    bool is_planned, is_freed; /* a plan is due in this round; freed while it is */
    struct handle *status_call;
    int64_t status_retry_ms, status_wait_ms;
};

/* An action in flight. */
struct pod_run {
    struct pod_worker *worker;
    struct pod_run *next;
    struct pod_flight flight;
    struct arena *arena;   /* everything of this action */
    struct object *object; /* the pod as it was, pinned; NULL for an orphan */
    struct val pod, container;
    struct pod_member *member; /* NULL: the pod's own slot */
    bool is_cancelled, is_refresh;
    bool
        is_settling; /* it is over, but what it did is not in the snapshot yet: its slot stays in use */
    uint64_t settled_at; /* the snapshot's generation that has it */
    /* What it waits for: one at a time. */
    struct cri_call *call;
    struct fetch *fetch;
    struct job *job;
    struct image_get *image;
    struct handler *handler;
    struct handle *api;
    struct loop_timer *timer;
    /* What comes after it. */
    void (*after)(struct pod_run *run);
    void (*work)(struct pod_run *run, struct err **err);
    void (*worked)(struct pod_run *run, struct err *owned);
    struct pod_sources sources;           /* what fetch fills; good until the run ends */
    void *state;                          /* of its kind, in the arena */
    void (*release)(struct pod_run *run); /* gives back what state refers to; may be NULL */
};

void pod_run_start(struct pod_worker *worker, const struct pod_act *act);
/* A refresh of volumes that are set up: runs in the pod's slot, outside of the plan. */
void pod_run_refresh(struct pod_worker *worker);
void pod_run_cancel(struct pod_run *run); /* ends it, now or later */
void pod_run_end(struct pod_run *run);    /* it is over: plan again, once its effects are seen */
void pod_run_settle(struct pod_worker *worker); /* a new snapshot came: what it has is over */
/* It failed: its slot stays in use for a while, so that it is not tried at once again. */
void pod_run_fail(struct pod_run *run, int64_t wait_ms);
void pod_run_call(struct pod_run *run, enum cri_method method, const ProtobufCMessage *request,
                  int64_t timeout_ms, cri_done_fn *done);
/* Fetches run->sources, then next(run); next is not called after a cancel. */
void pod_run_fetch(struct pod_run *run, void (*next)(struct pod_run *run));
/* work(run) on a job thread, then next(run) on the loop with its error, not after a cancel. */
void pod_run_job(struct pod_run *run, void (*work)(struct pod_run *run, struct err **err),
                 void (*next)(struct pod_run *run, struct err *owned));
bool pod_run_is_cancelled(struct pod_run *run); /* ends it then */
void pod_run_event(struct pod_run *run, enum event_type type, const char *reason,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));
struct pod_place pod_run_place(const struct pod_run *run);

/* One per kind that has a file of its own. */
void pod_run_sandbox(struct pod_run *run);
void pod_run_image(struct pod_run *run);
void pod_run_container(struct pod_run *run);
void pod_run_kill(struct pod_run *run);
void pod_run_resize(struct pod_run *run);
void pod_run_limits(struct pod_run *run);
void pod_run_measure(struct pod_run *run);

/* pod_worker_probe.c: before a plan, verdicts belong to the containers that are there; after it, what is
 * due is started, → wall time of the next, INT64_MAX: none. */
void pod_worker_probe_sync(struct pod_worker *worker, struct val pod);
int64_t pod_worker_probe(struct pod_worker *worker, bool is_ending);
void pod_worker_probe_stop(struct pod_member *member);

/* pod_worker_resize.c: before a plan, the pod with what it may have now; before a status is written, events
 * for what changes. */
/* pod_worker_admit.c: before the first plan of a pod that never ran here. */
void pod_worker_admit(struct pod_worker *worker, struct val pod, struct arena *arena);

void pod_worker_ask(struct pod_worker *worker); /* its object changed: what it was allocated */
struct val pod_worker_resize(struct pod_worker *worker, struct val pod, struct arena *arena);
void pod_worker_resize_tell(struct pod_worker *worker, struct val pod, struct val status,
                            struct arena *arena);

void pod_worker_fail(struct pod_member *member, const char *reason, struct str message,
                     int64_t wait_ms, bool is_pull);
void pod_worker_clear_fail(struct pod_member *member);
void pod_worker_set(char **place, struct str *fact, struct str text); /* a fact's text */
void pod_worker_event(struct pod_worker *worker, struct str container, enum pod_list list,
                      enum event_type type, const char *reason, struct str note);
struct str pod_worker_pod_text(const struct pod_worker *worker, struct arena *arena);

#endif
