/* Inside ctl_statefulset*.c: a StatefulSet on its way through one plan. */
#ifndef BINNACLE_CONTROLLERS_CTL_STATEFULSET_PRIV_H
#define BINNACLE_CONTROLLERS_CTL_STATEFULSET_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"
#include "controllers/ctl_pods.h"
#include "controllers/ctl_revisions.h"

struct object;
struct plan;
struct plan_in;

struct statefulset {
    const struct plan_in *in;
    struct plan *out;
    struct ctl_owner owner;
    struct val spec, status; /* of the StatefulSet */
    struct ctl_pods pods;
    struct ctl_revisions revisions; /* its `now` is the update revision */
    struct object *current;         /* the revision of status.currentRevision, NULL: the update's */
    struct object **replicas;       /* by number, from `start`; NULL: to be made */
    struct object **condemned;      /* beyond the wanted ones, the highest number first */
    size_t len, condemned_len;
    int64_t start;
    bool is_ordered;            /* OrderedReady: one at a time */
    const struct object *first; /* the first that is not available */
    bool is_first_missing;      /* … which is still to be made */
    size_t replaced;            /* current pods that this plan deletes for the update */
    int64_t again_at_ms;        /* when a ready pod is available by time alone, 0: none */
};

#define STATEFULSET_HASH "controller.kubernetes.io/hash"
#define STATEFULSET_REVISION "controller-revision-hash"
#define STATEFULSET_POD_NAME "statefulset.kubernetes.io/pod-name"
#define STATEFULSET_POD_INDEX "apps.kubernetes.io/pod-index"

/* ctl_statefulset_pods.c */
/* Sorts the pods into replicas and condemned. */
void ctl_statefulset_pods_place(struct statefulset *s);
void ctl_statefulset_pods_make(struct statefulset *s, size_t index);
void ctl_statefulset_pods_delete(struct statefulset *s, struct object *pod);
/* Labels that say who it is, if they are not there. */
void ctl_statefulset_pods_label(struct statefulset *s, struct object *pod);
void ctl_statefulset_pods_tell_failures(struct statefulset *s);
bool ctl_statefulset_pods_is_running(const struct object *pod); /* and ready */
/* Remembers when a ready pod is available if it is not yet. */
bool ctl_statefulset_pods_is_available(struct statefulset *s, const struct object *pod);
struct str ctl_statefulset_pods_revision(const struct object *pod);

#endif
