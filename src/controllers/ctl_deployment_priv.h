/* Inside ctl_deployment*.c: a Deployment on its way through one plan. */
#ifndef BINNACLE_CONTROLLERS_CTL_DEPLOYMENT_PRIV_H
#define BINNACLE_CONTROLLERS_CTL_DEPLOYMENT_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"

struct object;
struct plan;
struct plan_in;
struct plan_result;

/* A ReplicaSet of the Deployment, and the size that this plan gives it. */
struct deployment_set {
    struct object *object;                           /* pinned */
    int64_t was, size;                               /* spec.replicas, before and after scaling */
    bool is_sized;                                   /* scaled, maybe to the size it has */
    int64_t replicas, ready, available, terminating; /* of its status */
    int64_t revision;
    struct str created;
};
struct deployment {
    const struct plan_in *in;
    struct plan *out;
    struct object *object; /* pinned */
    struct val root, spec, status;
    int64_t replicas, max_surge, max_unavailable;
    bool is_rolling, is_paused;
    struct deployment_set *sets; /* all, oldest first */
    size_t len;
    struct deployment_set *now; /* of the present template, NULL: none yet */
    bool was_scaled;
    struct str new_name; /* of the set that this plan makes, else absent */
    int64_t new_size;
    int64_t revision;                 /* of the present set, 0: there is none */
    int64_t collisions;               /* of names of new sets */
    const struct plan_result *failed; /* the creation of a set that the last plan failed with */
};

/* ctl_deployment_sets.c */
void ctl_deployment_sets_read(struct deployment *d); /* claims, pins; sets d->sets and d->now */
void ctl_deployment_sets_done(struct deployment *d);
/* Another size; ctl_deployment_sets_write plans what came of it. */
void ctl_deployment_sets_scale(struct deployment *d, struct deployment_set *set, int64_t size);
/* One write for every set that changed: size, annotations of the present set; with events. */
void ctl_deployment_sets_write(struct deployment *d);
bool ctl_deployment_sets_is_scaling(const struct deployment *d); /* desired-replicas differs */
void ctl_deployment_sets_cleanup(struct deployment *d);          /* beyond revisionHistoryLimit */
int64_t ctl_deployment_sets_size(const struct deployment *d, bool only_old); /* sum of sizes */
int64_t ctl_deployment_sets_annotation(const struct deployment_set *set, const char *key,
                                       int64_t or_else);
int64_t ctl_deployment_sets_next_revision(const struct deployment *d);
int64_t ctl_deployment_sets_next_size(const struct deployment *d); /* NewRSNewReplicas */

/* ctl_deployment_new.c */
void ctl_deployment_new(struct deployment *d); /* plans the creation of the present set */
/* Annotations of the Deployment that its sets carry, too. */
bool ctl_deployment_new_copies(struct str annotation);

/* ctl_deployment_status.c */
bool ctl_deployment_status_is_complete(const struct deployment *d);
/* Plans the status, with the revision. is_rollout: progress is estimated, too. True: it changes. */
bool ctl_deployment_status(struct deployment *d, bool is_rollout);
struct str ctl_deployment_status_failure(const struct deployment *d); /* d->failed, in words */

#define DEPLOYMENT_PREFIX "deployment.kubernetes.io/"
#define DEPLOYMENT_REVISION DEPLOYMENT_PREFIX "revision"
#define DEPLOYMENT_HISTORY DEPLOYMENT_PREFIX "revision-history"
#define DEPLOYMENT_DESIRED DEPLOYMENT_PREFIX "desired-replicas"
#define DEPLOYMENT_MAXIMUM DEPLOYMENT_PREFIX "max-replicas"
#define DEPLOYMENT_FAILED "ReplicaSetCreateError"
#define DEPLOYMENT_HASH_LABEL "pod-template-hash"

#endif
