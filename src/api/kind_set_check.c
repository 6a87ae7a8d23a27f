/* Rules of DaemonSets and StatefulSets: pkg/apis/apps/validation of release 1.35.
 *
 * Named by rows in kind_apps.c; pure, any thread. */
#include "config.h"

#include <string.h>

#include "api/check.h"
#include "api/kind_pod_check.h"
#include "api/kinds_check.h"
#include "base/arena.h"
#include "base/mem.h"

static bool
set_is_status(const struct check_in *in)
{
    return in->subresource != NULL && strcmp(in->subresource, "status") == 0;
}

/* A template whose pods run for ever; `kind` as the message has it. */
static void
set_check_template(struct val template_value, const struct field_path *path, const char *kind,
                   struct causes *out)
{
    static const char *const restarts[] = { "Always", NULL };
    struct field_path at = check_at(path, "template"), spec_at = check_at(&at, "spec");
    struct val restart = val_at(template_value, "spec.restartPolicy");
    kind_pod_check_template(template_value, &at, out);
    if (!val_is_str(restart, "Always")) {
        causes_add_enum(out, &spec_at, "restartPolicy", restart, restarts);
    }
    if (val_is(val_at(template_value, "spec.activeDeadlineSeconds"))) {
        struct field_path deadline = check_at(&spec_at, "activeDeadlineSeconds");
        causes_add(out, CAUSE_FORBIDDEN, &deadline, "", (struct val){ 0 },
                   "activeDeadlineSeconds in %s is not Supported", kind);
    }
}

static bool
set_selects(struct val selector)
{
    return val_len(val_get(selector, "matchLabels")) > 0 ||
           val_len(val_get(selector, "matchExpressions")) > 0;
}

static void
set_no_match(struct val labels, const struct field_path *path, struct causes *out)
{
    struct field_path at = check_at(path, "template"), meta = check_at(&at, "metadata");
    causes_add_json(out, CAUSE_INVALID, &meta, "labels",
                    val_is(labels) ? val_raw(labels) : STR("null"),
                    "`selector` does not match template `labels`");
}

static void
set_check_collisions(const struct check_in *in, struct causes *out)
{
    struct field_path path = check_at(NULL, "status");
    struct val count = val_at(in->now, "status.collisionCount");
    struct val old = val_at(in->old, "status.collisionCount");
    if (val_is(old) && val_int(count, 0) < val_int(old, 0)) {
        causes_add_json(out, CAUSE_INVALID, &path, "collisionCount",
                        val_is(count) ? val_raw(count) : STR("0"), "cannot be decremented");
    }
}

/* ---- DaemonSet ---- */

static int64_t
set_part(struct val v)
{
    int64_t percent = 0;
    return check_is_percent(val_str(v), &percent) ? percent : val_int(v, 0);
}

static void
set_check_rolling(struct val rolling, const struct field_path *path, struct causes *out)
{
    static const char *const members[] = { "maxUnavailable", "maxSurge" };
    struct val down = val_get(rolling, "maxUnavailable"), up = val_get(rolling, "maxSurge");
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        check_count_or_percent(out, path, members[i], val_get(rolling, members[i]));
    }
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct val v = val_get(rolling, members[i]);
        int64_t percent = 0;
        if (check_is_percent(val_str(v), &percent) && percent > 100) {
            check_invalid(out, path, members[i], v, "must not be greater than 100%");
        }
    }
    if (set_part(down) != 0 && set_part(up) != 0) {
        check_invalid(out, path, "maxSurge", up, "may not be set when maxUnavailable is non-zero");
    } else if (set_part(down) == 0 && set_part(up) == 0) {
        check_required(out, path, "maxUnavailable", "cannot be 0 when maxSurge is 0");
    }
}

static void
set_check_daemon_strategy(struct val strategy, const struct field_path *path, struct causes *out)
{
    struct val type = val_get(strategy, "type"), rolling = val_get(strategy, "rollingUpdate");
    struct field_path at = check_at(path, "rollingUpdate");
    if (val_is_str(type, "OnDelete")) {
        return;
    }
    if (!val_is_str(type, "RollingUpdate")) {
        static const char *const types[] = { "OnDelete", "RollingUpdate", NULL };
        causes_add_enum(out, path, "", strategy, types);
    } else if (!val_is(rolling)) {
        check_required(out, &at, NULL, NULL);
    } else {
        set_check_rolling(rolling, &at, out);
    }
}

/* ValidateDaemonSet */
void
kind_set_check_daemon(struct check_in *in, struct causes *out)
{
    struct field_path path = check_at(NULL, "spec"), strategy = check_at(&path, "updateStrategy");
    struct val spec = val_get(in->now, "spec"), selector = val_get(spec, "selector");
    struct val labels = val_at(spec, "template.metadata.labels");
    check_label_selector(out, &path, "selector", selector);
    if (check_selector(out->arena, selector, labels) == CHECK_NO_MATCH) {
        set_no_match(labels, &path, out);
    }
    if (val_type(selector) == DOC_OBJECT && !set_selects(selector)) {
        check_invalid(out, &path, "selector", selector, "empty selector is invalid for daemonset");
    }
    set_check_template(val_get(spec, "template"), &path, "DaemonSet", out);
    check_nonnegative(out, &path, "minReadySeconds", val_get(spec, "minReadySeconds"));
    set_check_daemon_strategy(val_get(spec, "updateStrategy"), &strategy, out);
    check_nonnegative(out, &path, "revisionHistoryLimit", val_get(spec, "revisionHistoryLimit"));
}

/* ValidateDaemonSetUpdate, ValidateDaemonSetStatusUpdate */
void
kind_set_check_daemon_update(struct check_in *in, struct causes *out)
{
    static const char *const members[] = {
        "currentNumberScheduled",
        "numberMisscheduled",
        "desiredNumberScheduled",
        "numberReady",
        "observedGeneration",
        "updatedNumberScheduled",
        "numberAvailable",
        "numberUnavailable",
        NULL,
    };
    struct field_path path = check_at(NULL, "spec"), status = check_at(NULL, "status");
    if (set_is_status(in)) {
        check_nonnegative_all(out, &status, val_get(in->now, "status"), members);
        check_nonnegative(out, &status, "collisionCount", val_at(in->now, "status.collisionCount"));
        set_check_collisions(in, out);
        return;
    }
    check_immutable(out, &path, "selector", val_at(in->now, "spec.selector"),
                    val_at(in->old, "spec.selector"));
    kind_set_check_daemon(in, out);
}

/* ---- StatefulSet ---- */

static void
set_check_stateful_strategy(struct val spec, const struct field_path *path, struct causes *out)
{
    struct val strategy = val_get(spec, "updateStrategy"), type = val_get(strategy, "type");
    struct val rolling = val_get(strategy, "rollingUpdate");
    struct field_path at = check_at(path, "updateStrategy");
    struct field_path rolling_at = check_at(&at, "rollingUpdate");
    if (!check_has(type)) {
        check_required(out, &at, NULL, NULL);
    } else if (val_is_str(type, "OnDelete")) {
        if (val_is(rolling)) {
            /* As Go prints the internal struct, which has no JSON names. */
            struct str shown =
                arena_printf(out->arena, "{\"Partition\":%lld,\"MaxUnavailable\":null}",
                             (long long)val_int(val_get(rolling, "partition"), 0));
            causes_add_json(out, CAUSE_INVALID, &at, "rollingUpdate", shown,
                            "only allowed for updateStrategy 'RollingUpdate'");
        }
    } else if (val_is_str(type, "RollingUpdate")) {
        check_nonnegative(out, &rolling_at, "partition", val_get(rolling, "partition"));
    } else {
        check_invalid(out, path, "updateStrategy", strategy,
                      "must be 'RollingUpdate' or 'OnDelete'");
    }
}

static void
set_check_retention(struct val policy, const struct field_path *path, struct causes *out)
{
    static const char *const members[] = { "whenDeleted", "whenScaled" };
    static const char *const values[] = { "Retain", "Delete", NULL };
    struct field_path at = check_at(path, "persistentVolumeClaimRetentionPolicy");
    for (size_t i = 0; i < ARRAY_LEN(members) && val_is(policy); i++) {
        struct val v = val_get(policy, members[i]);
        if (!check_is_one_of(val_str(v), values)) {
            causes_add_enum(out, &at, members[i], v, values);
        }
    }
}

/* ValidateStatefulSetSpec */
void
kind_set_check_stateful(struct check_in *in, struct causes *out)
{
    struct field_path path = check_at(NULL, "spec"), ordinals = check_at(&path, "ordinals");
    struct val spec = val_get(in->now, "spec"), selector = val_get(spec, "selector");
    struct val management = val_get(spec, "podManagementPolicy");
    struct val labels = val_at(spec, "template.metadata.labels");
    if (!check_has(management)) {
        check_required(out, &path, "podManagementPolicy", NULL);
    } else if (!val_is_str(management, "OrderedReady") && !val_is_str(management, "Parallel")) {
        check_invalid(out, &path, "podManagementPolicy", management,
                      "must be 'OrderedReady' or 'Parallel'");
    }
    set_check_stateful_strategy(spec, &path, out);
    set_check_retention(val_get(spec, "persistentVolumeClaimRetentionPolicy"), &path, out);
    check_nonnegative(out, &path, "replicas", val_get(spec, "replicas"));
    check_nonnegative(out, &path, "minReadySeconds", val_get(spec, "minReadySeconds"));
    check_nonnegative(out, &ordinals, "start", val_at(spec, "ordinals.start"));
    if (val_type(selector) != DOC_OBJECT) {
        check_required(out, &path, "selector", NULL);
    } else {
        check_label_selector(out, &path, "selector", selector);
        if (!set_selects(selector)) {
            check_invalid(out, &path, "selector", selector,
                          "empty selector is invalid for statefulset");
        }
    }
    enum check_match match = check_selector(out->arena, selector, labels);
    if (match == CHECK_NO_SELECTOR) {
        check_invalid(out, &path, "selector", selector, "");
        return;
    }
    if (match == CHECK_NO_MATCH) {
        set_no_match(labels, &path, out);
    }
    set_check_template(val_get(spec, "template"), &path, "StatefulSet", out);
}

static bool
set_may_change(struct str member)
{
    static const char *const members[] = {
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "minReadySeconds",
        "persistentVolumeClaimRetentionPolicy",
        "revisionHistoryLimit",
    };
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (str_is(member, members[i])) {
            return true;
        }
    }
    return false;
}

static bool
set_keeps_rest(struct val now, struct val old)
{
    VAL_EACH (it, now) {
        if (!set_may_change(it.key) && !check_same(it.value, val_member(old, it.key))) {
            return false;
        }
    }
    VAL_EACH (it, old) {
        if (!set_may_change(it.key) && !check_same(it.value, val_member(now, it.key))) {
            return false;
        }
    }
    return true;
}

static void
set_check_stateful_status(const struct check_in *in, struct causes *out)
{
    static const char *const members[] = {
        "replicas",           "readyReplicas",  "currentReplicas",   "updatedReplicas",
        "observedGeneration", "collisionCount", "availableReplicas", NULL,
    };
    static const char *const bounded[] = { "readyReplicas", "currentReplicas", "updatedReplicas",
                                           "availableReplicas" };
    struct field_path path = check_at(NULL, "status");
    struct val status = val_get(in->now, "status");
    int64_t replicas = val_int(val_get(status, "replicas"), 0);
    check_nonnegative_all(out, &path, status, members);
    for (size_t i = 0; i < ARRAY_LEN(bounded); i++) {
        struct val v = val_get(status, bounded[i]);
        if (val_int(v, 0) > replicas) {
            check_invalid(out, &path, bounded[i], v, "cannot be greater than status.replicas");
        }
    }
    if (val_int(val_get(status, "availableReplicas"), 0) >
        val_int(val_get(status, "readyReplicas"), 0)) {
        check_invalid(out, &path, "availableReplicas", val_get(status, "availableReplicas"),
                      "cannot be greater than status.readyReplicas");
    }
    set_check_collisions(in, out);
}

/* ValidateStatefulSetUpdate, ValidateStatefulSetStatusUpdate */
void
kind_set_check_stateful_update(struct check_in *in, struct causes *out)
{
    struct field_path path = check_at(NULL, "spec");
    if (set_is_status(in)) {
        set_check_stateful_status(in, out);
        return;
    }
    kind_set_check_stateful(in, out);
    if (!set_keeps_rest(val_get(in->now, "spec"), val_get(in->old, "spec"))) {
        check_forbidden(
            out, &path, NULL,
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
            "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
            "'minReadySeconds' are forbidden");
    }
}
