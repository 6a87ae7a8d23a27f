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

/* A ReplicaSet of the Deployment, and the size that this plan gives it. */
struct deployment_set {
    struct object *object;                           /* pinned */
    int64_t size;                                    /* spec.replicas, changed by scaling */
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
};

/* ctl_deployment_sets.c */
void ctl_deployment_sets_read(struct deployment *d); /* claims, pins; sets d->sets and d->now */
void ctl_deployment_sets_done(struct deployment *d);
void ctl_deployment_sets_new(struct deployment *d); /* plans the creation of the present set */
/* Brings annotations (revision, desired, max) of the present set up to date: true: planned. */
bool ctl_deployment_sets_annotate(struct deployment *d);
/* To another size, with its event; nothing when it has it. */
void ctl_deployment_sets_scale(struct deployment *d, struct deployment_set *set, int64_t size);
bool ctl_deployment_sets_is_scaling(const struct deployment *d); /* desired-replicas differs */
void ctl_deployment_sets_cleanup(struct deployment *d);          /* beyond revisionHistoryLimit */
int64_t ctl_deployment_sets_size(const struct deployment *d, bool only_old); /* sum of sizes */
int64_t ctl_deployment_sets_annotation(const struct deployment_set *set, const char *key,
                                       int64_t or_else);
int64_t ctl_deployment_sets_next_size(const struct deployment *d); /* NewRSNewReplicas */

/* The present set has a higher revision than all others: else ctl_deployment_sets_annotate says so. */
bool ctl_deployment_sets_is_latest(const struct deployment *d);
/* ctl_deployment_status.c */
bool ctl_deployment_status_is_complete(const struct deployment *d);
void ctl_deployment_status(struct deployment *d, bool is_rollout);

#endif
