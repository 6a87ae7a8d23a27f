/* Inside ctl_job*.c: a Job on its way through one plan. */
#ifndef BINNACLE_CONTROLLERS_CTL_JOB_PRIV_H
#define BINNACLE_CONTROLLERS_CTL_JOB_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"
#include "controllers/ctl_job_index.h"
#include "controllers/ctl_pods.h"

struct object;
struct plan;
struct plan_in;

#define CTL_JOB_FINALIZER "batch.kubernetes.io/job-tracking"
#define CTL_JOB_INDEX_KEY "batch.kubernetes.io/job-completion-index"
#define CTL_JOB_FAILURES "batch.kubernetes.io/job-index-failure-count"
#define CTL_JOB_IGNORED_FAILURES "batch.kubernetes.io/job-index-ignored-failure-count"

enum {
    CTL_JOB_NO_INDEX = -1,
    CTL_JOB_UNCOUNTED_MAX = 500, /* uids in the status at once */
    CTL_JOB_PODS_MAX = 500,      /* created or deleted in one plan */
    CTL_JOB_BACKOFF_MS = 10000,  /* after the first failure, then twice as long each time */
    CTL_JOB_BACKOFF_MAX_MS = 600000,
};

/* A pod of the Job, and what this plan thinks of it. */
struct ctl_job_pod {
    struct object *object; /* pinned */
    struct val root;
    int64_t index; /* of completion; CTL_JOB_NO_INDEX: none, or none that counts */
    bool has_finalizer, has_succeeded, has_failed, is_active, is_ready, is_terminating;
    bool is_recorded;     /* the stored status counts it, or has it in its lists */
    bool is_deleted_now;  /* by this plan */
    bool keeps_finalizer; /* until its index has another pod (backoffLimitPerIndex) */
};
/* How the Job ends; type NULL: it does not, yet. */
struct ctl_job_end {
    const char
        *type; /* SuccessCriteriaMet, FailureTarget; Complete, Failed once they stand there */
    const char *reason;
    struct str message;
};
struct ctl_job {
    const struct plan_in *in;
    struct plan *out;
    struct object *object; /* pinned */
    struct val root, spec, status;
    struct ctl_owner owner;
    bool is_indexed, is_suspended, only_replaces_failed, has_completions, has_index_limit;
    int64_t parallelism, completions, backoff_limit;
    struct ctl_job_pod *pods;
    size_t len;
    int64_t active, ready, terminating; /* as they will be after this plan */
    int64_t created;                    /* by this plan, if nothing refuses it */
    /* counted: those whose finalizer is gone; the lists: uids that wait for that */
    int64_t succeeded, failed;
    struct str *succeeded_uids, *failed_uids;
    size_t succeeded_uid_len, failed_uid_len;
    int64_t total_succeeded, total_failed; /* with all that is yet to be counted */
    struct ctl_job_index indexes_before, indexes, failed_indexes;
    struct ctl_job_end end;
    bool was_managed;    /* pods were looked at: Suspended may be told of */
    int64_t start_ms;    /* status.startTime, 0: it never started */
    bool starts_now;     /* startTime is to be now */
    int64_t again_at_ms; /* 0: only when something changes */
};

void ctl_job_again(struct ctl_job *job, int64_t at_ms); /* the earliest wins */

/* ctl_job_pods.c */
void ctl_job_pods_read(struct ctl_job *job); /* claims, pins, classifies */
void ctl_job_pods_done(struct ctl_job *job);
/* Deletes what is active, or brings it to the number that is wanted. */
void ctl_job_pods_end(struct ctl_job *job);
void ctl_job_pods_manage(struct ctl_job *job);
/* Unix ms before which no failed pod is replaced, 0: none waits. */
int64_t ctl_job_pods_backoff_until(const struct ctl_job *job);
/* The same of one index, with backoffLimitPerIndex. */
int64_t ctl_job_pods_index_backoff_until(const struct ctl_job *job, int64_t index);
void ctl_job_pods_let_go(struct plan *out, struct object *pod); /* plans its finalizer's removal */
int64_t ctl_job_pods_index(struct val pod);

/* ctl_job_status.c */
void ctl_job_status_count(struct ctl_job *job); /* lists and totals of the stored status */
void ctl_job_status_write(struct ctl_job *job); /* then lets go of what it recorded before */

/* ctl_job_policy.c */
enum ctl_job_verdict { CTL_JOB_COUNTS, CTL_JOB_IGNORED, CTL_JOB_FAILS_JOB, CTL_JOB_FAILS_INDEX };
/* What podFailurePolicy says of a failed pod; the message is for FAILS_JOB. */
enum ctl_job_verdict ctl_job_policy_of(const struct ctl_job *job, const struct ctl_job_pod *pod,
                                       struct str *ret_message);
/* successPolicy: which rule the indexes meet, as the condition says it; false: none. */
bool ctl_job_policy_succeeds(const struct ctl_job *job, struct str *ret_message);
/* backoffLimitPerIndex: failed indexes, pods whose finalizer waits. */
void ctl_job_policy_indexes(struct ctl_job *job);
/* Failures of its index before this pod, as its annotations say: counted, and ignored ones. */
int64_t ctl_job_policy_failures(const struct ctl_job_pod *pod, int64_t *ret_ignored);
/* What the next pod of the index is to say. */
void ctl_job_policy_next_failures(const struct ctl_job *job, int64_t index, int64_t *ret_counted,
                                  int64_t *ret_ignored);

#endif
