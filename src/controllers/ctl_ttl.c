/* Finished Jobs that are kept no longer than they ask to be.  Run by src/client/reconcile, loop thread.
 *
 * Follows pkg/controller/ttlafterfinished/ttlafterfinished_controller.go, release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "base/clock.h"
#include "client/cache.h"
#include "controllers/controllers.h"
#include "controllers/ctl.h"

static const struct watch_spec watches[] = {
    { .group = "batch", .version = "v1", .plural = "jobs" },
    { .plural = NULL },
};

/* When it finished, Unix ms; 0: it has not. */
static int64_t
finished_ms(struct val job)
{
    VAL_EACH (it, val_at(job, "status.conditions")) {
        struct val type = val_get(it.value, "type");
        int64_t us;
        if ((val_is_str(type, "Complete") || val_is_str(type, "Failed")) &&
            val_is_str(val_get(it.value, "status"), "True") &&
            clock_parse(val_str(val_get(it.value, "lastTransitionTime")), &us) == 0) {
            return us / 1000;
        }
    }
    return 0;
}

static void
plan(const struct plan_in *in, struct plan *out)
{
    struct object *job = cache_get(in->cache, ctl_resource(in, "batch", "jobs"), in->ns, in->name);
    if (job == NULL || job->deleted_at_ms != 0) {
        return;
    }
    object_pin(job);
    struct val root = object_val(job), ttl = val_at(root, "spec.ttlSecondsAfterFinished");
    int64_t at_ms = finished_ms(root), due_ms = at_ms + val_int(ttl, 0) * 1000;
    bool is_meant = val_is(ttl) && at_ms != 0;
    object_unpin(job);
    if (is_meant && due_ms > in->now_ms) {
        plan_again(out, due_ms);
    } else if (is_meant) {
        plan_write(out, PLAN_DELETE, job, STR("{\"propagationPolicy\":\"Foreground\"}"), PRE_UID);
    }
}

const struct reconciler ctl_ttl = {
    .name = "ttl-after-finished-controller",
    .user = "system:serviceaccount:kube-system:ttl-after-finished-controller",
    .watches = watches,
    .plan = plan,
};
