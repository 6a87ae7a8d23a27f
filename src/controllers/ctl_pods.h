/* Pods of a workload: whose they are, new ones from a template, which go first.  Pure. */
#ifndef BINNACLE_CONTROLLERS_CTL_PODS_H
#define BINNACLE_CONTROLLERS_CTL_PODS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;
struct cache;
struct err;
struct object;
struct plan;
struct plan_in;
struct resource;
struct selector;

enum { CTL_PODS_BURST = 500 /* creations or deletions per plan, as upstream's burstReplicas */ };

struct ctl_pods {
    struct object **at; /* pinned until ctl_pods_done */
    size_t len;
};

/* The owner as controllers see it. */
struct ctl_owner {
    struct object *object;
    const char *api_version, *kind;
    const struct resource *pods;
    const char *finalizer; /* that its pods carry: adoption adds it, release takes it; NULL: none */
};
/* Pods that the owner controls, finished ones too. Plans adoption of orphans that match, and the
 * release of own pods that no longer do, into `out` (which then come back by their events). */
struct ctl_pods ctl_pods_claim(const struct plan_in *in, const struct ctl_owner *owner,
                               const struct selector *selector, struct plan *out);
void ctl_pods_done(struct ctl_pods *pods);
/* Not finished and not being deleted. */
bool ctl_pods_is_active(const struct object *pod);
/* Puts the ones to delete first in front: unassigned, pending, not ready, many on their node,
 * younger … (kubernetes' ActivePodsWithRanks). */
void ctl_pods_sort_for_deletion(struct ctl_pods *pods, const struct ctl_pods *related,
                                struct arena *arena);

/* What the next look at the cache puts right, and a namespace on its way out, are not told of. */
bool ctl_pods_is_told(const struct err *err);
/* Events for pods that the last plan could not create or delete (RealPodControl's). */
void ctl_pods_tell_failures(const struct plan_in *in, const struct ctl_owner *owner,
                            struct plan *out);

/* "name-xxxxx" with five of apimachinery's safe characters; random per (plan, index). */
struct str ctl_pods_name(const struct plan_in *in, struct str base, size_t index);
/* ownerReferences item of the owner, as its own JSON value. */
void ctl_pods_write_owner(const struct ctl_owner *owner, struct jw *out);
/* A pod of the owner from its template (a PodTemplateSpec). */
struct ctl_pods_new {
    const struct ctl_owner *owner;
    struct val template;
    struct str name;
    struct str generate; /* generateName; absent: the owner's name and "-" */
    struct str spec;     /* JSON in place of the template's; absent: that */
    /* More members into metadata.labels and .annotations; NULL: none. */
    void (*labels)(void *ctx, struct jw *out);
    void (*annotations)(void *ctx, struct jw *out);
    void *ctx;
};
struct str ctl_pods_body(const struct ctl_pods_new *spec, struct arena *arena);

#endif
