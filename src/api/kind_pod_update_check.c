/* Rules of changes to pods: ValidatePodUpdate, ValidatePodStatusUpdate,
 * ValidatePodEphemeralContainersUpdate and ValidatePodResize of release 1.35.
 *
 * Named by the row of pods; pure, any thread. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "api/check.h"
#include "api/kind_pod_check.h"
#include "api/kinds_check.h"
#include "api/pod_resources.h"
#include "api/registry.h"
#include "api/validate_priv.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/mem.h"

static const char *const update_lists[] = { "containers", "initContainers" };

static void pod_update_check_status(const struct check_in *in, struct causes *out);
static void pod_update_check_ephemeral(const struct check_in *in, struct causes *out);
static void pod_update_check_resize(const struct check_in *in, struct causes *out);
static void pod_update_check_main(const struct check_in *in, struct causes *out);

static bool
pod_update_is_mirror(struct val pod)
{
    return val_is(
        val_member(val_at(pod, "metadata.annotations"), STR("kubernetes.io/config.mirror")));
}

static void
pod_update_check_annotations(const struct check_in *in, struct causes *out)
{
    struct field_path meta = check_at(NULL, "metadata"), path = check_at(&meta, "annotations");
    struct pod_check pod = { .out = out,
                             .spec = val_get(in->now, "spec"),
                             .meta = val_get(in->now, "metadata"),
                             .is_pod = true };
    kind_pod_annotation_check_update(&pod, val_at(in->old, "metadata.annotations"), &path);
}

void
kind_pod_check_update(struct check_in *in, struct causes *out)
{
    static const struct {
        const char *subresource;
        void (*check)(const struct check_in *in, struct causes *out);
    } checks[] = {
        { "status", pod_update_check_status },
        { "ephemeralcontainers", pod_update_check_ephemeral },
        { "resize", pod_update_check_resize },
    };
    for (size_t i = 0; i < ARRAY_LEN(checks) && in->subresource != NULL; i++) {
        if (strcmp(checks[i].subresource, in->subresource) == 0) {
            checks[i].check(in, out);
            return;
        }
    }
    pod_update_check_main(in, out);
}

/* ---- the pod itself ---- */

/* True: there is no use in going on. */
static bool
pod_update_check_images(const struct check_in *in, struct causes *out)
{
    struct field_path spec = check_at(NULL, "spec");
    for (size_t i = 0; i < ARRAY_LEN(update_lists); i++) {
        struct val now = val_get(val_get(in->now, "spec"), update_lists[i]);
        struct val old = val_get(val_get(in->old, "spec"), update_lists[i]);
        struct field_path list = check_at(&spec, update_lists[i]);
        size_t index = 0;
        if (val_len(now) != val_len(old)) {
            check_forbidden(out, &list, NULL, "pod updates may not add or remove containers");
            return true;
        }
        VAL_EACH (it, now) {
            struct field_path item = check_item(&list, index++);
            struct val image = val_get(it.value, "image");
            if (!check_has(image)) {
                check_required(out, &item, "image", NULL);
            } else if (str_trim(val_str(image)).size != val_str(image).size) {
                check_invalid(out, &item, "image", image,
                              "must not have leading or trailing whitespace");
            }
        }
    }
    return false;
}

static bool
pod_update_check_deadline(const struct check_in *in, struct causes *out)
{
    static const char member[] = "activeDeadlineSeconds";
    struct field_path spec = check_at(NULL, "spec");
    struct val now = val_get(val_get(in->now, "spec"), member);
    struct val old = val_get(val_get(in->old, "spec"), member);
    size_t before = out->len;
    if (!val_is(now)) {
        if (val_is(old)) {
            check_invalid(out, &spec, member, now,
                          "must not update from a positive integer to nil value");
        }
        return false;
    }
    check_range(out, &spec, member, now, 0, INT32_MAX);
    if (out->len == before && val_is(old) && val_int(old, 0) < val_int(now, 0)) {
        check_invalid(out, &spec, member, now, "must be less than or equal to previous value");
    }
    return out->len > before;
}

static bool
pod_update_is_same_toleration(struct val a, struct val b)
{
    static const char *const members[] = { "key", "operator", "value", "effect" };
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (!str_eq(val_str(val_get(a, members[i])), val_str(val_get(b, members[i])))) {
            return false;
        }
    }
    return true;
}

static void
pod_update_check_tolerations(const struct check_in *in, struct causes *out)
{
    struct field_path spec = check_at(NULL, "spec"), path = check_at(&spec, "tolerations");
    struct val now = val_at(in->now, "spec.tolerations");
    VAL_EACH (old, val_at(in->old, "spec.tolerations")) {
        bool is_kept = false;
        VAL_EACH (it, now) {
            is_kept = is_kept || pod_update_is_same_toleration(old.value, it.value);
        }
        if (!is_kept) {
            check_forbidden(out, &path, NULL,
                            "existing toleration can not be modified except its "
                            "tolerationSeconds");
            return;
        }
    }
    kind_affinity_check_tolerations(out, now, &path);
}

static void
pod_update_check_gates(const struct check_in *in, struct causes *out)
{
    struct field_path spec = check_at(NULL, "spec"), path = check_at(&spec, "schedulingGates");
    size_t index = 0;
    VAL_EACH (it, val_at(in->now, "spec.schedulingGates")) {
        struct field_path item = check_item(&path, index++);
        struct val name = val_get(it.value, "name");
        bool is_old = false;
        VAL_EACH (old, val_at(in->old, "spec.schedulingGates")) {
            is_old = is_old || val_eq(val_get(old.value, "name"), name);
        }
        if (!is_old) {
            causes_add(out, CAUSE_FORBIDDEN, &item, "name", name,
                       "only deletion is allowed, but found new scheduling gate '" STR_FMT "'",
                       STR_ARG(val_str(name)));
        }
    }
}

/* A member of the new spec as the old one has it. */
static void
pod_update_put_back(struct edit *edit, const char *pointer, struct val now, struct val old)
{
    if (val_is(old)) {
        edit_set(edit, pointer, val_raw(old));
    } else if (val_is(now)) {
        edit_del(edit, pointer);
    }
}

static bool
pod_update_only_adds(struct val now, struct val old, const char *member)
{
    struct val a = val_get(now, member), b = val_get(old, member);
    size_t index = 0;
    VAL_EACH (it, b) {
        struct val other = val_item(a, index++);
        if (!val_is(other) || !val_eq(other, it.value)) {
            return false;
        }
    }
    return true;
}

/* validateNodeAffinityMutation */
static void
pod_update_check_node_terms(const struct check_in *in, struct causes *out)
{
    static const char dotted[] = "affinity.nodeAffinity."
                                 "requiredDuringSchedulingIgnoredDuringExecution."
                                 "nodeSelectorTerms";
    struct field_path spec = check_at(NULL, "spec"), affinity = check_at(&spec, "affinity");
    struct field_path nodes = check_at(&affinity, "nodeAffinity");
    struct field_path required = check_at(&nodes, "requiredDuringSchedulingIgnoredDuringExecution");
    struct field_path list = check_at(&required, "nodeSelectorTerms");
    struct val now = val_at(val_get(in->now, "spec"), dotted);
    struct val old = val_at(val_get(in->old, "spec"), dotted);
    size_t index = 0;
    if (val_len(old) > 0 && val_len(old) != val_len(now)) {
        check_invalid(out, &list, NULL, now,
                      "no additions/deletions to non-empty NodeSelectorTerms list are allowed");
        return;
    }
    VAL_EACH (it, old) {
        struct field_path item = check_item(&list, index);
        struct val term = val_item(now, index++);
        bool was_empty = val_len(val_get(it.value, "matchExpressions")) == 0 &&
                         val_len(val_get(it.value, "matchFields")) == 0;
        bool is_empty = val_len(val_get(term, "matchExpressions")) == 0 &&
                        val_len(val_get(term, "matchFields")) == 0;
        if ((was_empty && !is_empty) || !pod_update_only_adds(term, it.value, "matchExpressions") ||
            !pod_update_only_adds(term, it.value, "matchFields")) {
            check_invalid(out, &item, NULL, term,
                          "only additions are allowed (no mutations or deletions)");
        }
    }
}

/* What may change while a pod is gated. */
static void
pod_update_check_gated(const struct check_in *in, struct edit *munged, struct causes *out)
{
    struct field_path spec_at = check_at(NULL, "spec");
    struct val now = val_get(in->now, "spec"), old = val_get(in->old, "spec");
    struct val selector = val_get(now, "nodeSelector"), before = val_get(old, "nodeSelector");
    VAL_EACH (it, before) {
        struct val own = val_member(selector, it.key);
        if (!val_is(own) || !val_eq(own, it.value)) {
            check_invalid(out, &spec_at, "nodeSelector", selector,
                          "only additions to spec.nodeSelector are allowed (no mutations or "
                          "deletions)");
            break;
        }
    }
    pod_update_put_back(munged, "/nodeSelector", selector, before);
    struct val affinity = val_get(now, "affinity"), old_affinity = val_get(old, "affinity");
    struct val nodes = val_get(affinity, "nodeAffinity");
    struct val old_nodes = val_get(old_affinity, "nodeAffinity");
    if (check_same(nodes, old_nodes)) {
        return;
    }
    pod_update_check_node_terms(in, out);
    bool is_only_nodes = val_is(affinity) && !val_is(val_get(affinity, "podAffinity")) &&
                         !val_is(val_get(affinity, "podAntiAffinity"));
    if (is_only_nodes && !val_is(old_affinity)) {
        edit_del(munged, "/affinity");
    } else {
        pod_update_put_back(munged, "/affinity/nodeAffinity", nodes, old_nodes);
    }
}

static void
pod_update_put_back_all(struct val now, struct val old, struct edit *munged)
{
    static const char *const members[] = { "activeDeadlineSeconds", "schedulingGates",
                                           "tolerations" };
    static const char grace[] = "terminationGracePeriodSeconds";
    for (size_t i = 0; i < ARRAY_LEN(update_lists); i++) {
        struct val list = val_get(now, update_lists[i]), before = val_get(old, update_lists[i]);
        for (size_t k = 0; k < val_len(list); k++) {
            struct str pointer = arena_printf(munged->arena, "/%s/%zu/image", update_lists[i], k);
            pod_update_put_back(munged, pointer.at, val_get(val_item(list, k), "image"),
                                val_get(val_item(before, k), "image"));
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct str pointer = arena_printf(munged->arena, "/%s", members[i]);
        pod_update_put_back(munged, pointer.at, val_get(now, members[i]), val_get(old, members[i]));
    }
    if (val_int(val_get(old, grace), 0) < 0 && val_int(val_get(now, grace), 0) == 1) {
        pod_update_put_back(munged, "/terminationGracePeriodSeconds", val_get(now, grace),
                            val_get(old, grace));
    }
}

static void
pod_update_check_frozen(const struct check_in *in, struct causes *out)
{
    struct field_path path = check_at(NULL, "spec");
    struct val now = val_get(in->now, "spec"), old = val_get(in->old, "spec");
    struct edit edit;
    struct doc *munged = NULL;
    AUTO_ERR struct err *err = NULL;
    if (val_eq(now, old)) {
        return;
    }
    edit_init(&edit, out->arena);
    pod_update_put_back_all(now, old, &edit);
    if (val_len(val_get(old, "schedulingGates")) > 0) {
        pod_update_check_gated(in, &edit, out);
    }
    struct doc *doc = doc_trust(out->arena, val_raw(now));
    if (edit_apply(doc, &edit, &munged, &err) != 0) {
        causes_add(out, CAUSE_INTERNAL, &path, "", (struct val){ 0 }, "%s", err->message);
        return;
    }
    if (!val_eq(doc_root(munged), old)) {
        struct str diff = check_diff(out->arena, old, doc_root(munged));
        causes_add(out, CAUSE_FORBIDDEN, &path, "", (struct val){ 0 },
                   "pod updates may not change fields other than "
                   "`spec.containers[*].image`,`spec.initContainers[*].image`,"
                   "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
                   "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if "
                   "it was previously negative)\n" STR_FMT,
                   STR_ARG(diff));
    }
}

static void
pod_update_check_main(const struct check_in *in, struct causes *out)
{
    kind_pod_check_whole(in, out);
    pod_update_check_annotations(in, out);
    if (pod_update_check_images(in, out) || pod_update_check_deadline(in, out)) {
        return;
    }
    pod_update_check_tolerations(in, out);
    pod_update_check_gates(in, out);
    pod_update_check_frozen(in, out);
}

/* ---- status ---- */

/* Whether a container that ended may run again (ContainerShouldRestart). */
static bool
pod_update_may_restart(struct val spec, const char *list, struct str name, int64_t exit_code)
{
    struct val policy = val_get(spec, "restartPolicy");
    VAL_EACH (it, val_get(spec, list)) {
        struct val own = val_get(it.value, "restartPolicy");
        if (!str_eq(val_str(val_get(it.value, "name")), name)) {
            continue;
        }
        VAL_EACH (rule, val_get(it.value, "restartPolicyRules")) {
            struct val codes = val_get(rule.value, "exitCodes");
            bool is_in = false;
            VAL_EACH (code, val_get(codes, "values")) {
                is_in = is_in || val_int(code.value, -1) == exit_code;
            }
            if (val_is(codes) && is_in == val_is_str(val_get(codes, "operator"), "In")) {
                return true;
            }
        }
        policy = val_is(own) ? own : policy;
        return val_is_str(policy, "OnFailure") ? exit_code != 0 : !val_is_str(policy, "Never");
    }
    return false;
}

static void
pod_update_check_states(const struct check_in *in, const char *list, const char *statuses,
                        struct causes *out)
{
    struct field_path status = check_at(NULL, "status"), path = check_at(&status, statuses);
    struct val now = val_get(val_get(in->now, "status"), statuses);
    size_t index = 0;
    VAL_EACH (old, val_get(val_get(in->old, "status"), statuses)) {
        struct field_path item = check_item(&path, index++);
        struct val ended = val_at(old.value, "state.terminated");
        struct val name = val_get(old.value, "name");
        if (!val_is(ended)) {
            continue;
        }
        VAL_EACH (it, now) {
            if (!val_eq(val_get(it.value, "name"), name) ||
                val_is(val_at(it.value, "state.terminated"))) {
                continue;
            }
            if (!pod_update_may_restart(val_get(in->old, "spec"), list, val_str(name),
                                        val_int(val_get(ended, "exitCode"), 0))) {
                check_forbidden(out, &item, "state",
                                "may not be transitioned to non-terminated state");
            }
            break;
        }
    }
}

static void
pod_update_check_conditions(const struct check_in *in, struct causes *out)
{
    static const char *const own[] = { "PodScheduled", "Ready", "Initialized", NULL };
    struct field_path status = check_at(NULL, "status"), path = check_at(&status, "conditions");
    size_t index = 0;
    VAL_EACH (it, val_at(in->now, "status.conditions")) {
        struct field_path item = check_item(&path, index++);
        struct val type = val_get(it.value, "type");
        struct val generation = val_get(it.value, "observedGeneration");
        if (val_int(generation, 0) < 0) {
            check_invalid(out, &item, "observedGeneration", generation,
                          "must be a non-negative integer");
        }
        if (!check_is_one_of(val_str(type), own)) {
            check_label_key(out, &item, "Type", type);
        }
    }
}

static void
pod_update_check_ips(const struct check_in *in, const char *member, struct causes *out)
{
    struct field_path status = check_at(NULL, "status"), path = check_at(&status, member);
    struct val list = val_get(val_get(in->now, "status"), member);
    struct val before = val_get(val_get(in->old, "status"), member);
    size_t index = 0, v6 = 0;
    VAL_EACH (it, list) {
        struct field_path item = check_item(&path, index++);
        struct val text = val_get(it.value, "ip");
        struct ip ip = { 0 };
        bool is_old = false;
        VAL_EACH (old, before) {
            is_old = is_old || val_eq(val_get(old.value, "ip"), text);
        }
        if (!is_old) {
            check_ip_legacy(out, &item, NULL, text);
        }
        v6 += ip_parse(val_str(text), true, &ip) && ip.is_v6 ? 1 : 0;
    }
    if (index > 2 || (index == 2 && v6 != 1)) {
        check_invalid(out, &path, NULL, list, "may specify no more than one IP for each IP family");
    }
}

static void
pod_update_check_nominated(const struct check_in *in, struct causes *out)
{
    static const char member[] = "nominatedNodeName";
    struct field_path path = check_at(NULL, "status");
    struct val name = val_get(val_get(in->now, "status"), member);
    if (!check_has(name) || check_same(name, val_get(val_get(in->old, "status"), member))) {
        return;
    }
    check_name(out, &path, member, name, validate_name_subdomain);
    if (check_has(val_at(in->old, "spec.nodeName"))) {
        check_forbidden(out, &path, member,
                        "may not be set on pods that are already bound to a node");
    }
}

static void
pod_update_check_claims(const struct check_in *in, struct causes *out)
{
    struct field_path status = check_at(NULL, "status");
    struct field_path path = check_at(&status, "resourceClaimStatuses");
    struct check_seen seen = { .arena = out->arena };
    size_t index = 0;
    VAL_EACH (it, val_at(in->now, "status.resourceClaimStatuses")) {
        struct field_path item = check_item(&path, index++);
        struct val name = val_get(it.value, "name");
        struct val claim = val_get(it.value, "resourceClaimName");
        bool is_known = false;
        VAL_EACH (own, val_at(in->now, "spec.resourceClaims")) {
            is_known = is_known || val_eq(val_get(own.value, "name"), name);
        }
        if (!is_known) {
            check_invalid(out, &item, "name", name,
                          "must match the name of an entry in `spec.resourceClaims`");
        }
        if (check_seen_has(&seen, val_str(name))) {
            causes_add(out, CAUSE_DUPLICATE, &item, "name", name, NULL);
        }
        check_seen_add(&seen, val_str(name));
        if (val_is(claim)) {
            check_name(out, &item, "name", claim, validate_name_subdomain);
        }
    }
}

static void
pod_update_check_status(const struct check_in *in, struct causes *out)
{
    struct field_path path = check_at(NULL, "status");
    struct val status = val_get(in->now, "status"), old = val_get(in->old, "status");
    struct val generation = val_get(status, "observedGeneration");
    struct val host_ip = val_get(val_item(val_get(status, "hostIPs"), 0), "ip");
    struct field_path host_ips = check_at(&path, "hostIPs"), first = check_item(&host_ips, 0);
    pod_update_check_annotations(in, out);
    pod_update_check_conditions(in, out);
    if (!check_same(val_at(in->now, "spec.nodeName"), val_at(in->old, "spec.nodeName"))) {
        check_forbidden(out, &path, "nodeName", "may not be changed directly");
    }
    pod_update_check_nominated(in, out);
    if (val_int(generation, 0) < 0) {
        check_invalid(out, &path, "observedGeneration", generation,
                      "must be a non-negative integer");
    }
    check_immutable_text(out, &path, "qosClass", val_get(status, "qosClass"),
                         val_get(old, "qosClass"));
    pod_update_check_states(in, "containers", "containerStatuses", out);
    pod_update_check_states(in, "initContainers", "initContainerStatuses", out);
    pod_update_check_states(in, "", "ephemeralContainerStatuses", out);
    pod_update_check_claims(in, out);
    pod_update_check_ips(in, "podIPs", out);
    if (val_is(host_ip) && !val_eq(val_get(status, "hostIP"), host_ip)) {
        check_invalid(out, &first, "ip", host_ip, "must be equal to `hostIP`");
    }
    pod_update_check_ips(in, "hostIPs", out);
}

/* ---- ephemeral containers ---- */

static void
pod_update_check_ephemeral(const struct check_in *in, struct causes *out)
{
    struct field_path spec = check_at(NULL, "spec"), path = check_at(&spec, "ephemeralContainers");
    if (pod_update_is_mirror(in->old)) {
        out->len = 0;
        check_forbidden(out, NULL, NULL, "static pods do not support ephemeral containers");
        return;
    }
    kind_pod_check_whole(in, out);
    pod_update_check_annotations(in, out);
    VAL_EACH (old, val_at(in->old, "spec.ephemeralContainers")) {
        struct val name = val_get(old.value, "name"), now = { 0 };
        VAL_EACH (it, val_at(in->now, "spec.ephemeralContainers")) {
            now = val_eq(val_get(it.value, "name"), name) ? it.value : now;
        }
        if (!val_is(now)) {
            causes_add(out, CAUSE_FORBIDDEN, &path, "", name,
                       "existing ephemeral containers \"" STR_FMT "\" may not be removed\n",
                       STR_ARG(val_str(name)));
        } else if (!val_eq(now, old.value)) {
            struct str diff = check_diff(out->arena, old.value, now);
            causes_add(out, CAUSE_FORBIDDEN, &path, "", name,
                       "existing ephemeral containers \"" STR_FMT "\" may not be changed\n" STR_FMT,
                       STR_ARG(val_str(name)), STR_ARG(diff));
        }
    }
}

/* ---- resize ---- */

static bool
pod_update_is_resizable(struct val pod)
{
    VAL_EACH (it, val_at(pod, "status.containerStatuses")) {
        if (val_is(val_at(it.value, "state.running"))) {
            return val_is(val_get(it.value, "resources"));
        }
    }
    return true;
}

static bool
pod_update_check_order(const struct check_in *in, struct causes *out)
{
    struct field_path spec = check_at(NULL, "spec");
    size_t before = out->len;
    for (size_t i = 0; i < ARRAY_LEN(update_lists); i++) {
        struct field_path list = check_at(&spec, update_lists[i]);
        struct val now = val_get(val_get(in->now, "spec"), update_lists[i]);
        struct val old = val_get(val_get(in->old, "spec"), update_lists[i]);
        if (val_len(now) != val_len(old)) {
            causes_add(out, CAUSE_FORBIDDEN, &list, "", now,
                       "%s may not be added or removed on resize", update_lists[i]);
            continue;
        }
        for (size_t k = 0; k < val_len(old); k++) {
            struct field_path item = check_item(&list, k);
            if (!val_eq(val_get(val_item(now, k), "name"), val_get(val_item(old, k), "name"))) {
                causes_add(out, CAUSE_FORBIDDEN, &item, "name", now,
                           "%s may not be renamed or reordered on resize", update_lists[i]);
            }
        }
    }
    return out->len == before;
}

static void
pod_update_check_removed(struct val now, struct val old, const struct field_path *path,
                         struct causes *out)
{
    static const char *const lists[][2] = {
        { "requests", "resource requests cannot be removed" },
        { "limits", "resource limits cannot be removed" },
    };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct val resources = val_get(val_get(now, "resources"), lists[i][0]);
        bool is_removed = false;
        VAL_EACH (it, val_get(val_get(old, "resources"), lists[i][0])) {
            is_removed = is_removed || !val_is(val_member(resources, it.key));
        }
        if (is_removed) {
            struct field_path at = check_at(path, "resources");
            check_forbidden(out, &at, lists[i][0], lists[i][1]);
        }
    }
}

/* Equal but for amounts of cpu and memory, of which none came or went unseen. */
static bool
pod_update_is_same_but_amounts(struct val now, struct val old, struct arena *arena)
{
    static const char *const lists[] = { "requests", "limits" };
    static const char *const names[] = { "cpu", "memory" };
    struct edit edit;
    struct doc *munged = NULL;
    AUTO_ERR struct err *err = NULL;
    edit_init(&edit, arena);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct val from = val_get(val_get(old, "resources"), lists[i]);
        struct val to = val_get(val_get(now, "resources"), lists[i]);
        for (size_t k = 0; k < ARRAY_LEN(names); k++) {
            struct str pointer = arena_printf(arena, "/resources/%s/%s", lists[i], names[k]);
            pod_update_put_back(&edit, pointer.at, val_get(to, names[k]), val_get(from, names[k]));
        }
        if (!val_is(from) && val_is(to)) {
            struct str pointer = arena_printf(arena, "/resources/%s", lists[i]);
            edit_del(&edit, pointer.at);
        }
    }
    return edit_apply(doc_trust(arena, val_raw(now)), &edit, &munged, &err) == 0 &&
           val_eq(doc_root(munged), old);
}

static void
pod_update_check_resize_lists(const struct check_in *in, struct causes *out)
{
    struct field_path path = check_at(NULL, "spec");
    for (size_t i = 0; i < ARRAY_LEN(update_lists); i++) {
        struct val now = val_get(val_get(in->now, "spec"), update_lists[i]);
        struct val old = val_get(val_get(in->old, "spec"), update_lists[i]);
        for (size_t k = 0; k < val_len(old); k++) {
            struct val a = val_item(now, k), b = val_item(old, k);
            bool is_main = i == 0, is_sidecar = !is_main && pod_resources_is_sidecar(a);
            bool is_same = is_main || is_sidecar ? pod_update_is_same_but_amounts(a, b, out->arena)
                                                 : val_eq(a, b);
            if (!is_same) {
                check_forbidden(out, &path, NULL,
                                is_main      ? "only cpu and memory resources are mutable"
                                : is_sidecar ? "only cpu and memory resources for sidecar "
                                               "containers are mutable"
                                             : "resources for non-sidecar init containers are "
                                               "immutable");
            }
        }
    }
}

static void
pod_update_check_resize(const struct check_in *in, struct causes *out)
{
    struct field_path path = check_at(NULL, "spec");
    struct val now = val_get(in->now, "spec"), old = val_get(in->old, "spec");
    if (pod_update_is_mirror(in->old) || val_is_str(val_at(old, "os.name"), "windows")) {
        out->len = 0;
        check_forbidden(out, NULL, NULL,
                        pod_update_is_mirror(in->old) ? "static pods cannot be resized"
                                                      : "windows pods cannot be resized");
        return;
    }
    kind_pod_check_whole(in, out);
    struct val qos = val_at(in->old, "status.qosClass");
    const char *is = val_is(qos) ? NULL : pod_resources_qos(in->old);
    if (is != NULL ? strcmp(is, pod_resources_qos(in->now)) != 0
                   : !val_is_str(qos, pod_resources_qos(in->now))) {
        check_invalid(out, &path, NULL, val_at(in->now, "status.qosClass"),
                      "Pod QOS Class may not change as a result of resizing");
    }
    if (!pod_update_is_resizable(in->old)) {
        check_forbidden(out, &path, NULL, "Pod running on node without support for resize");
    }
    if (val_len(val_get(now, "resources")) > 0 || val_len(val_get(old, "resources")) > 0) {
        check_forbidden(out, NULL, NULL,
                        "resize of pods with pod-level resources is forbidden when "
                        "InPlacePodLevelResourcesVerticalScalingEnabled feature gate is disabled");
        return;
    }
    if (!pod_update_check_order(in, out)) {
        return;
    }
    for (size_t i = ARRAY_LEN(update_lists); i-- > 0;) {
        struct field_path list = check_at(&path, update_lists[i]);
        size_t index = 0;
        VAL_EACH (it, val_get(old, update_lists[i])) {
            struct field_path item = check_item(&list, index);
            struct val own = val_item(val_get(now, update_lists[i]), index++);
            if (i == 0 || pod_resources_is_sidecar(it.value)) {
                pod_update_check_removed(own, it.value, &item, out);
            }
        }
    }
    pod_update_check_resize_lists(in, out);
    if (out->len > 0) {
        return;
    }
    static const char *const others[] = { "containers", "initContainers" };
    struct edit edit;
    struct doc *munged = NULL;
    AUTO_ERR struct err *err = NULL;
    edit_init(&edit, out->arena);
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        struct str pointer = arena_printf(out->arena, "/%s", others[i]);
        pod_update_put_back(&edit, pointer.at, val_get(now, others[i]), val_get(old, others[i]));
    }
    if (edit_apply(doc_trust(out->arena, val_raw(now)), &edit, &munged, &err) != 0 ||
        !val_eq(doc_root(munged), old)) {
        check_forbidden(out, &path, NULL, "only cpu and memory resources are mutable");
    }
}
