/* Rules of Deployments, ReplicaSets and ControllerRevisions: pkg/apis/apps/validation of release
 * 1.35.
 *
 * Named by rows in kind_apps.c; pure, any thread. */
#include "config.h"

#include <string.h>

#include "api/check.h"
#include "api/kind_pod_check.h"
#include "api/kinds_check.h"
#include "base/mem.h"

/* ---- selector and template ---- */

static void
work_check_template(struct val spec, const struct field_path *path, struct causes *out)
{
    static const char *const restarts[] = { "Always", NULL };
    struct val selector = val_get(spec, "selector"), template_value = val_get(spec, "template");
    struct val labels = val_at(template_value, "metadata.labels");
    struct field_path at = check_at(path, "template");
    struct val restart = val_at(template_value, "spec.restartPolicy");
    bool selects = val_len(val_get(selector, "matchLabels")) > 0 ||
                   val_len(val_get(selector, "matchExpressions")) > 0;
    if (val_type(selector) != DOC_OBJECT) { /* null when it is not given */
        check_required(out, path, "selector", NULL);
    } else {
        check_label_selector(out, path, "selector", selector);
        if (!selects) {
            check_invalid(out, path, "selector", selector,
                          "empty selector is invalid for deployment");
        }
    }
    enum check_match match = check_selector(out->arena, selector, labels);
    if (match == CHECK_NO_SELECTOR) {
        check_invalid(out, path, "selector", selector, "invalid label selector");
        return;
    }
    if (match == CHECK_NO_MATCH) {
        struct field_path meta = check_at(&at, "metadata");
        causes_add_json(out, CAUSE_INVALID, &meta, "labels", val_raw(labels),
                        "`selector` does not match template `labels`");
    }
    kind_pod_check_template(template_value, &at, out);
    struct field_path spec_at = check_at(&at, "spec");
    if (!val_is_str(restart, "Always")) {
        causes_add_enum(out, &spec_at, "restartPolicy", restart, restarts);
    }
    if (val_is(val_at(template_value, "spec.activeDeadlineSeconds"))) {
        check_forbidden(out, &spec_at, "activeDeadlineSeconds",
                        "activeDeadlineSeconds in ReplicaSet is not Supported");
    }
}

static bool
work_is_status(const struct check_in *in)
{
    return in->subresource != NULL && strcmp(in->subresource, "status") == 0;
}

struct work_bound {
    const char *member, *other, *detail;
};

/* Counters: none negative, and each not above another. */
static void
work_check_counters(struct val status, const char *const *members, const struct work_bound *bounds,
                    size_t len, struct causes *out)
{
    struct field_path path = check_at(NULL, "status");
    check_nonnegative_all(out, &path, status, members);
    for (size_t i = 0; i < len; i++) {
        struct val v = val_get(status, bounds[i].member);
        if (val_int(v, 0) > val_int(val_get(status, bounds[i].other), 0)) {
            causes_add_json(out, CAUSE_INVALID, &path, bounds[i].member,
                            val_is(v) ? val_raw(v) : STR("0"), "%s", bounds[i].detail);
        }
    }
}

static const char work_above_replicas[] = "cannot be greater than status.replicas";
static const char work_above_ready[] = "cannot be greater than readyReplicas";

/* ---- Deployment ---- */

/* As Go prints the internal struct, which has no JSON names. */
static struct str
work_strategy_text(struct val strategy, struct arena *arena)
{
    struct val rolling = val_get(strategy, "rollingUpdate");
    struct jw w;
    jw_init(&w, arena);
    jw_obj(&w);
    jw_keyz(&w, "Type");
    jw_str(&w, val_str(val_get(strategy, "type")));
    jw_keyz(&w, "RollingUpdate");
    if (val_is(rolling)) {
        jw_obj(&w);
        jw_keyz(&w, "MaxUnavailable");
        jw_val(&w, val_get(rolling, "maxUnavailable"));
        jw_keyz(&w, "MaxSurge");
        jw_val(&w, val_get(rolling, "maxSurge"));
        jw_end(&w);
    } else {
        jw_null(&w);
    }
    jw_end(&w);
    return jw_done(&w);
}

static void
work_check_strategy(struct val strategy, const struct field_path *path, struct causes *out)
{
    struct val type = val_get(strategy, "type"), rolling = val_get(strategy, "rollingUpdate");
    struct val unavailable = val_get(rolling, "maxUnavailable");
    struct val surge = val_get(rolling, "maxSurge");
    struct field_path at = check_at(path, "rollingUpdate");
    int64_t down = 0, up = 0;
    if (val_is_str(type, "Recreate")) {
        if (val_is(rolling)) {
            check_forbidden(out, &at, NULL,
                            "may not be specified when strategy `type` is 'Recreate'");
        }
        return;
    }
    if (!val_is_str(type, "RollingUpdate")) {
        causes_add_json(out, CAUSE_NOT_SUPPORTED, path, "",
                        work_strategy_text(strategy, out->arena),
                        "supported values: \"Recreate\", \"RollingUpdate\"");
        return;
    }
    if (!val_is(rolling)) {
        check_required(out, &at, NULL, "this should be defaulted and never be nil");
        return;
    }
    check_count_or_percent(out, &at, "maxUnavailable", unavailable);
    check_count_or_percent(out, &at, "maxSurge", surge);
    bool is_percent = check_is_percent(val_str(unavailable), &down);
    down = is_percent ? down : val_int(unavailable, 0);
    up = check_is_percent(val_str(surge), &up) ? up : val_int(surge, 0);
    if (down == 0 && up == 0) {
        check_invalid(out, &at, "maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0");
    }
    if (is_percent && down > 100) {
        check_invalid(out, &at, "maxUnavailable", unavailable, "must not be greater than 100%");
    }
}

/* ValidateDeployment */
void
kind_work_check_deployment(struct check_in *in, struct causes *out)
{
    struct field_path path = check_at(NULL, "spec"), strategy = check_at(&path, "strategy");
    struct val spec = val_get(in->now, "spec");
    struct val ready = val_get(spec, "minReadySeconds");
    struct val deadline = val_get(spec, "progressDeadlineSeconds");
    check_nonnegative(out, &path, "replicas", val_get(spec, "replicas"));
    work_check_template(spec, &path, out);
    work_check_strategy(val_get(spec, "strategy"), &strategy, out);
    check_nonnegative(out, &path, "minReadySeconds", ready);
    check_nonnegative(out, &path, "revisionHistoryLimit", val_get(spec, "revisionHistoryLimit"));
    check_nonnegative(out, &path, "progressDeadlineSeconds", deadline);
    if (val_is(deadline) && val_int(deadline, 0) <= val_int(ready, 0)) {
        check_invalid(out, &path, "progressDeadlineSeconds", deadline,
                      "must be greater than minReadySeconds");
    }
}

/* ValidateDeploymentStatusUpdate */
static void
work_check_deployment_status(const struct check_in *in, struct causes *out)
{
    static const char *const members[] = {
        "observedGeneration",  "replicas",          "updatedReplicas",
        "readyReplicas",       "availableReplicas", "unavailableReplicas",
        "terminatingReplicas", "collisionCount",    NULL,
    };
    static const struct work_bound bounds[] = {
        { "updatedReplicas", "replicas", work_above_replicas },
        { "readyReplicas", "replicas", work_above_replicas },
        { "availableReplicas", "replicas", work_above_replicas },
        { "availableReplicas", "readyReplicas", work_above_ready },
    };
    struct field_path path = check_at(NULL, "status");
    struct val count = val_at(in->now, "status.collisionCount");
    struct val old = val_at(in->old, "status.collisionCount");
    work_check_counters(val_get(in->now, "status"), members, bounds, ARRAY_LEN(bounds), out);
    if (val_is(old) && val_int(count, 0) < val_int(old, 0)) {
        causes_add_json(out, CAUSE_INVALID, &path, "collisionCount",
                        val_is(count) ? val_raw(count) : STR("0"), "cannot be decremented");
    }
}

/* ValidateDeploymentUpdate */
void
kind_work_check_deployment_update(struct check_in *in, struct causes *out)
{
    struct field_path path = check_at(NULL, "spec");
    if (work_is_status(in)) {
        work_check_deployment_status(in, out);
        return;
    }
    kind_work_check_deployment(in, out);
    check_immutable(out, &path, "selector", val_at(in->now, "spec.selector"),
                    val_at(in->old, "spec.selector"));
}

/* ---- ReplicaSet ---- */

/* ValidateReplicaSet */
void
kind_work_check_replica_set(struct check_in *in, struct causes *out)
{
    struct field_path path = check_at(NULL, "spec");
    struct val spec = val_get(in->now, "spec");
    check_nonnegative(out, &path, "replicas", val_get(spec, "replicas"));
    check_nonnegative(out, &path, "minReadySeconds", val_get(spec, "minReadySeconds"));
    work_check_template(spec, &path, out);
}

/* ValidateReplicaSetUpdate, ValidateReplicaSetStatusUpdate */
void
kind_work_check_replica_set_update(struct check_in *in, struct causes *out)
{
    static const char *const members[] = {
        "replicas",
        "fullyLabeledReplicas",
        "readyReplicas",
        "availableReplicas",
        "observedGeneration",
        "terminatingReplicas",
        NULL,
    };
    static const struct work_bound bounds[] = {
        { "fullyLabeledReplicas", "replicas", work_above_replicas },
        { "readyReplicas", "replicas", work_above_replicas },
        { "availableReplicas", "replicas", work_above_replicas },
        { "availableReplicas", "readyReplicas", work_above_ready },
    };
    struct field_path path = check_at(NULL, "spec");
    if (work_is_status(in)) {
        work_check_counters(val_get(in->now, "status"), members, bounds, ARRAY_LEN(bounds), out);
        return;
    }
    kind_work_check_replica_set(in, out);
    check_immutable(out, &path, "selector", val_at(in->now, "spec.selector"),
                    val_at(in->old, "spec.selector"));
}

/* ---- ControllerRevision ---- */

/* ValidateControllerRevisionCreate */
void
kind_work_check_revision(struct check_in *in, struct causes *out)
{
    struct val data = val_get(in->now, "data");
    check_nonnegative(out, NULL, "revision", val_get(in->now, "revision"));
    if (!val_is(data) || val_type(data) == DOC_NULL) {
        check_required(out, NULL, "data", "data is mandatory");
    } else if (val_type(data) != DOC_OBJECT) {
        check_required(out, NULL, "data", "data must be a valid JSON object");
    }
}

/* ValidateControllerRevisionUpdate */
void
kind_work_check_revision_update(struct check_in *in, struct causes *out)
{
    struct val data = val_get(in->now, "data");
    check_nonnegative(out, NULL, "revision", val_get(in->now, "revision"));
    check_immutable(out, NULL, "data", data, val_get(in->old, "data"));
}
