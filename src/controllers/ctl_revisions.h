/* The ControllerRevisions of a workload: its history, and the one of its present template.  Pure. */
#ifndef BINNACLE_CONTROLLERS_CTL_REVISIONS_H
#define BINNACLE_CONTROLLERS_CTL_REVISIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"
#include "controllers/ctl_pods.h"

struct object;
struct plan;
struct plan_in;
struct selector;

struct ctl_revisions {
    const struct plan_in *in;
    struct plan *out;
    const struct ctl_owner *owner;
    const char *hash_label; /* that the revisions carry */
    struct object **at;     /* its own, the oldest revision first; pinned */
    size_t len;
    struct object *now; /* of the present template, NULL: there is none yet */
    struct str name, hash;
    int64_t number;     /* what the present one has, or gets */
    int64_t collisions; /* of names: status.collisionCount, and one more when a creation collided */
    bool is_written;    /* this plan makes it, or gives it another number */
};

/* Claims and reads; `now` is the revision with the owner's spec.template, name and hash are those of
 * it or of the one that ctl_revisions_write makes. */
void ctl_revisions_read(struct ctl_revisions *revisions, const struct selector *selector);
void ctl_revisions_done(struct ctl_revisions *revisions);
/* Plans its creation, or its rise to the newest number. */
void ctl_revisions_write(struct ctl_revisions *revisions);
/* Deletes the oldest beyond spec.revisionHistoryLimit, but none that is_live. */
void ctl_revisions_cleanup(struct ctl_revisions *revisions,
                           bool (*is_live)(const void *ctx, const struct object *revision),
                           const void *ctx);
/* The revision of that name, NULL: none. */
struct object *ctl_revisions_find(const struct ctl_revisions *revisions, struct str name);
/* Its number, and the template that it keeps (with "$patch"). */
int64_t ctl_revisions_number(const struct object *revision);
struct val ctl_revisions_template(const struct object *revision);

#endif
