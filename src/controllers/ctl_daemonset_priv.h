/* Inside ctl_daemonset*.c: a DaemonSet on its way through one plan. */
#ifndef BINNACLE_CONTROLLERS_CTL_DAEMONSET_PRIV_H
#define BINNACLE_CONTROLLERS_CTL_DAEMONSET_PRIV_H

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

/* A node, and the pods of the DaemonSet that stand there or are meant for it. */
struct daemonset_node {
    struct object *object; /* pinned; NULL: there is no such node (any more) */
    struct str name;
    bool should_run, may_stay;
    struct object **pods; /* the oldest first, those that have a node before those that have none */
    size_t len;
};
struct daemonset {
    const struct plan_in *in;
    struct plan *out;
    struct ctl_owner owner;
    struct val spec; /* of the DaemonSet */
    struct ctl_pods pods;
    struct ctl_revisions revisions;
    struct daemonset_node *nodes;
    size_t len;
    int64_t max_surge, max_unavailable, desired;
    bool is_rolling;
    bool was_changed; /* pods are made or deleted by this plan */
    size_t made, deleted;
    int64_t again_at_ms; /* when an unavailable pod becomes available by time alone, 0: none */
};

#define DAEMONSET_HASH "controller-revision-hash"
#define DAEMONSET_GENERATION_NOTE "deprecated.daemonset.template.generation"
#define DAEMONSET_GENERATION "pod-template-generation"

/* ctl_daemonset_nodes.c */
void ctl_daemonset_nodes_read(struct daemonset *d); /* fills nodes, desired and the limits */
void ctl_daemonset_nodes_done(struct daemonset *d);
/* NodeShouldRunDaemonPod: should it be made there, may it stay there? */
void ctl_daemonset_nodes_decide(struct val template_spec, const struct object *node,
                                bool *ret_should_run, bool *ret_may_stay);
/* The template's spec as a pod for that node has it: tolerations and affinity added. JSON. */
struct str ctl_daemonset_nodes_spec(struct val template_spec, struct str node, struct arena *arena);
/* Of the present template, by hash or by generation. */
bool ctl_daemonset_nodes_is_updated(const struct daemonset *d, const struct object *pod);
/* Remembers when a ready pod is available if it is not yet. */
bool ctl_daemonset_nodes_is_available(struct daemonset *d, const struct object *pod);

/* ctl_daemonset_roll.c */
void ctl_daemonset_roll(struct daemonset *d);

/* ctl_daemonset.c */
void ctl_daemonset_make(struct daemonset *d, const struct daemonset_node *node);
void ctl_daemonset_delete(struct daemonset *d, struct object *pod);

#endif
