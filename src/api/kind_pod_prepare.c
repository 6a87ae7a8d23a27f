/* What writing a pod changes in it: the pod strategies of release 1.35, main and subresources.
 *
 * Named by the row of pods; called by the API server's prepare step. Pure, any thread. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "api/kinds_priv.h"
#include "api/kinds_types.h"
#include "api/pod_resources.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/doc.h"

enum { POINTER_SIZE = 192 };

static void pod_merge_label_keys(struct prepare *p);
static void pod_keep_spec_but_ephemeral(struct prepare *p);
static void pod_keep_spec_but_resources(struct prepare *p);
static void pod_keep_status_parts(struct prepare *p);

void
kind_pod_create(struct prepare *p)
{
    struct val given = val_at(p->now, "status.qosClass");
    struct jw out;
    jw_init(&out, p->arena);
    jw_obj(&out);
    jw_kvz(&out, "phase", "Pending");
    if (val_len(val_at(p->now, "spec.schedulingGates")) > 0) {
        char time[CLOCK_TEXT_SIZE];
        jw_keyz(&out, "conditions");
        jw_arr(&out);
        jw_obj(&out);
        jw_kvz(&out, "type", "PodScheduled");
        jw_kvz(&out, "status", "False");
        jw_kv(&out, "lastTransitionTime", clock_text(p->wall_ms, time));
        jw_kvz(&out, "reason", "SchedulingGated");
        jw_kvz(&out, "message", "Scheduling is blocked due to non-empty scheduling gates");
        jw_end(&out);
        jw_end(&out);
    }
    jw_kv(&out, "qosClass",
          val_str(given).size > 0 ? val_str(given) : str_of(pod_resources_qos(p->now)));
    jw_end(&out);
    edit_set(p->edit, "/status", jw_done(&out));
    pod_merge_label_keys(p);
}

void
kind_pod_update(struct prepare *p)
{
    if (p->subresource == NULL) {
        kinds_prepare_keep(p, "status");
    } else if (strcmp(p->subresource, "status") == 0) {
        kinds_prepare_keep(p, "spec");
        kinds_prepare_keep_meta(p, "deletionTimestamp");
        kinds_prepare_keep_meta(p, "ownerReferences");
        pod_keep_status_parts(p);
    } else if (strcmp(p->subresource, "ephemeralcontainers") == 0) {
        kinds_prepare_keep_metadata(p);
        kinds_prepare_keep(p, "status");
        pod_keep_spec_but_ephemeral(p);
    } else if (strcmp(p->subresource, "resize") == 0) {
        kinds_prepare_keep_metadata(p);
        kinds_prepare_keep(p, "status");
        pod_keep_spec_but_resources(p);
    }
}

/* Seconds that a pod gets to end: its own, none when it does not run anywhere. */
int64_t
kind_pod_grace_s(struct val pod)
{
    struct val phase = val_at(pod, "status.phase");
    if (val_str(val_at(pod, "spec.nodeName")).size == 0 || val_is_str(phase, "Failed") ||
        val_is_str(phase, "Succeeded")) {
        return -1;
    }
    int64_t grace_s = val_int(val_at(pod, "spec.terminationGracePeriodSeconds"), 0);
    return grace_s < 0 ? 1 : grace_s;
}

/* ---- matchLabelKeys: their values join the selector when the pod is made ---- */

static void
pod_merge_keys(struct prepare *p, struct val keys, const char *operator_name, const char *pointer,
               bool *has_list)
{
    struct val labels = val_at(p->now, "metadata.labels");
    VAL_EACH (it, keys) {
        struct val label = val_member(labels, val_str(it.value));
        if (!val_is(label)) {
            continue;
        }
        struct str item = arena_printf(
            p->arena, "{\"key\":" STR_FMT ",\"operator\":\"%s\",\"values\":[" STR_FMT "]}",
            STR_ARG(val_raw(it.value)), operator_name, STR_ARG(val_raw(label)));
        char path[POINTER_SIZE];
        (void)snprintf(path, sizeof(path), "%s/labelSelector/matchExpressions%s", pointer,
                       *has_list ? "/-" : "");
        if (!*has_list) {
            item = arena_printf(p->arena, "[" STR_FMT "]", STR_ARG(item));
        }
        edit_set(p->edit, path, item);
        *has_list = true;
    }
}

static void
pod_merge_term(struct prepare *p, struct val term, const char *pointer)
{
    struct val selector = val_get(term, "labelSelector");
    bool has_list = val_len(val_get(selector, "matchExpressions")) > 0;
    if (val_type(selector) == DOC_OBJECT) { /* none matches nothing, keys or not */
        pod_merge_keys(p, val_get(term, "matchLabelKeys"), "In", pointer, &has_list);
        pod_merge_keys(p, val_get(term, "mismatchLabelKeys"), "NotIn", pointer, &has_list);
    }
}

static void
pod_merge_label_keys(struct prepare *p)
{
    static const struct {
        const char *list, *pointer, *below, *member;
    } lists[] = {
        { "spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution",
          "/spec/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution",
          "/podAffinityTerm", "podAffinityTerm" },
        { "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution",
          "/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution", "", NULL },
        { "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution",
          "/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution",
          "/podAffinityTerm", "podAffinityTerm" },
        { "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution",
          "/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution", "",
          NULL },
        { "spec.topologySpreadConstraints", "/spec/topologySpreadConstraints", "", NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        size_t at = 0;
        VAL_EACH (it, val_at(p->now, lists[i].list)) {
            char pointer[POINTER_SIZE];
            (void)snprintf(pointer, sizeof(pointer), "%s/%zu%s", lists[i].pointer, at++,
                           lists[i].below);
            pod_merge_term(p,
                           lists[i].member == NULL ? it.value : val_get(it.value, lists[i].member),
                           pointer);
        }
    }
}

/* ---- subresources ---- */

static void
pod_keep_spec_but_ephemeral(struct prepare *p)
{
    struct val old = val_get(p->old, "spec");
    struct val containers = val_at(p->now, "spec.ephemeralContainers");
    edit_set(p->edit, "/spec", val_raw(old));
    if (val_is(containers)) {
        edit_set(p->edit, "/spec/ephemeralContainers", val_raw(containers));
    } else {
        edit_del(p->edit, "/spec/ephemeralContainers");
    }
}

/* The old container with the new one's resources and resizePolicy. */
static struct str
pod_resized(struct prepare *p, struct val now, struct val old)
{
    static const char *const members[] = { "resources", "resizePolicy" };
    struct jw out;
    const struct type_index *index = type_index(&type_core_container);
    jw_init(&out, p->arena);
    jw_obj(&out);
    for (size_t i = 0; i < index->len; i++) {
        bool is_new =
            str_is(index->slots[i].name, members[0]) || str_is(index->slots[i].name, members[1]);
        struct val v = val_member(is_new ? now : old, index->slots[i].name);
        if (val_is(v)) {
            jw_key(&out, index->slots[i].name);
            jw_val(&out, v);
        }
    }
    jw_end(&out);
    return jw_done(&out);
}

/* Containers that were renamed or counted anew stay as they came: validation refuses them. */
static void
pod_keep_spec_but_resources(struct prepare *p)
{
    static const char *const lists[][2] = { { "spec.containers", "/spec/containers" },
                                            { "spec.initContainers", "/spec/initContainers" } };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        if (val_len(val_at(p->now, lists[i][0])) != val_len(val_at(p->old, lists[i][0]))) {
            return;
        }
    }
    edit_set(p->edit, "/spec", val_raw(val_get(p->old, "spec")));
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct val now = val_at(p->now, lists[i][0]), old = val_at(p->old, lists[i][0]);
        struct val_iter was = val_iter(old);
        struct jw out;
        bool is_renamed = false;
        jw_init(&out, p->arena);
        jw_arr(&out);
        VAL_EACH (it, now) {
            (void)val_step(&was);
            is_renamed |= !val_eq(val_get(it.value, "name"), val_get(was.value, "name"));
            jw_raw(&out, pod_resized(p, it.value, was.value));
        }
        jw_end(&out);
        if (val_is(now)) {
            edit_set(p->edit, lists[i][1], is_renamed ? val_raw(now) : jw_done(&out));
        }
    }
}

/* The generation that a condition of that type had, the n-th of its kind. */
static struct val
pod_old_generation(struct val conditions, struct val type, size_t nth)
{
    VAL_EACH (it, conditions) {
        if (val_eq(val_get(it.value, "type"), type) && nth-- == 0) {
            return val_get(it.value, "observedGeneration");
        }
    }
    return (struct val){ 0 };
}

static void
pod_keep_status_parts(struct prepare *p)
{
    static const char *const members[] = { "qosClass", "observedGeneration" };
    struct val now = val_get(p->now, "status"), old = val_get(p->old, "status");
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct val was = val_get(old, members[i]);
        if (!val_is(val_get(now, members[i])) && val_is(was)) {
            char pointer[POINTER_SIZE];
            (void)snprintf(pointer, sizeof(pointer), "/status/%s", members[i]);
            edit_set(p->edit, pointer, val_raw(was));
        }
    }
    struct val conditions = val_get(now, "conditions");
    size_t at = 0;
    VAL_EACH (it, conditions) {
        struct val type = val_get(it.value, "type");
        size_t nth = 0, seen = 0;
        VAL_EACH (before, conditions) {
            if (seen++ == at) {
                break;
            }
            nth += val_eq(val_get(before.value, "type"), type) ? 1 : 0;
        }
        struct val was = pod_old_generation(val_get(old, "conditions"), type, nth);
        if (!val_is(val_get(it.value, "observedGeneration")) && val_is(was)) {
            char pointer[POINTER_SIZE];
            (void)snprintf(pointer, sizeof(pointer), "/status/conditions/%zu/observedGeneration",
                           at);
            edit_set(p->edit, pointer, val_raw(was));
        }
        at++;
    }
}
