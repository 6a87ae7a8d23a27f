/* What all controllers share: resources, conditions, status writes, keys of owners.  Pure. */
#ifndef BINNACLE_CONTROLLERS_CTL_H
#define BINNACLE_CONTROLLERS_CTL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"
#include "client/reconcile.h"

struct cache;
struct ctl_csr_signing;
struct ctl_gc_graph;
struct ctl_gone;
struct object;
struct plan;
struct plan_in;
struct registry;
struct resource;

/* env->part of every controller. */
struct ctl_env {
    const struct registry *registry; /* plans look rows up by name */
    struct ctl_gc_graph *graph;      /* ctl_gc's memo of owners */
    struct ctl_gone *gone;           /* ctl_podgc's memo of deleted nodes; may be NULL */
    int64_t
        started_ms; /* wall time since when this process watches; what is older it did not see */
    const struct ctl_csr_signing *signing; /* ctl_csr's; NULL: it only clears away */
};
/* The namespace is there and not on its way out. */
bool ctl_namespace_is_active(const struct plan_in *in, struct str name);
const struct resource *ctl_env_resource(const struct reconcile_env *env, const char *group,
                                        const char *plural);
const struct resource *ctl_resource(const struct plan_in *in, const char *group,
                                    const char *plural);

/* When a manager but `but` last wrote that part of the object (subresource, or NULL: the object
 * itself), by the server's clock; 0: never. */
int64_t ctl_written_ms(struct val object, const char *subresource, const char *but);

struct ctl_condition {
    const char *type, *status, *reason;
    struct str message;
    bool has_update_time; /* Deployments carry lastUpdateTime, too */
    bool renews;          /* which is now, whatever else changed */
};
struct val ctl_condition(struct val conditions, const char *type); /* of that list, or absent */
/* One condition; the transition time stays when the status does. */
void ctl_condition_write(const struct ctl_condition *condition, struct val old, int64_t now_ms,
                         struct jw *out);
/* Writes `status` (canonical JSON of the whole status) to …/status unless it is what stands there. */
void ctl_status(const struct plan_in *in, struct object *object, struct str status,
                struct plan *out);
/* The object with another status, whole. */
struct str ctl_with_status(const struct object *object, struct str status, struct plan *out);

/* Keys of owned objects (pods, ReplicaSets): their controller, before and after, if it is of that
 * kind; for orphans everything of the kind that would adopt them. */
struct ctl_owner_kind {
    const char *group, *plural, *kind;
};
void ctl_keys_of_owned(const struct keys_in *in, const struct ctl_owner_kind *owner,
                       const struct object *old, const struct object *now, keys_add_fn *add,
                       void *ctx);

#endif
