/* The pods of a StatefulSet: their numbers, new ones, what they say.  Pure.
 *
 * Follows pkg/controller/statefulset/stateful_set_utils.go and stateful_pod_control.go, release
 * 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include <stdlib.h>

#include "api/object.h"
#include "api/pod_state.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/err.h"
#include "client/plan.h"
#include "controllers/ctl_statefulset_priv.h"

/* ---- numbers ---- */

/* The number at the end of "name-N"; -1: there is none. */
static int64_t
ordinal_of(const struct object *pod)
{
    size_t at = pod->name.size;
    int64_t ordinal = -1;
    while (at > 0 && pod->name.at[at - 1] >= '0' && pod->name.at[at - 1] <= '9') {
        at--;
    }
    if (at > 0 && at < pod->name.size && pod->name.at[at - 1] == '-') {
        (void)str_to_int(str_slice(pod->name.at + at, pod->name.size - at), &ordinal);
    }
    return ordinal;
}

static int
highest_first(const void *a, const void *b)
{
    int64_t x = ordinal_of(*(struct object *const *)a), y = ordinal_of(*(struct object *const *)b);
    return x != y ? (x > y ? -1 : 1) : 0;
}

void
ctl_statefulset_pods_place(struct statefulset *s)
{
    int64_t wanted = val_int(val_get(s->spec, "replicas"), 1);
    s->start = val_int(val_at(s->spec, "ordinals.start"), 0);
    s->len = wanted > 0 ? (size_t)wanted : 0;
    s->replicas = arena_array(s->in->arena, s->len + 1, sizeof(s->replicas[0]));
    s->condemned = arena_array(s->in->arena, s->pods.len + 1, sizeof(s->condemned[0]));
    for (size_t i = 0; i < s->pods.len; i++) {
        int64_t ordinal = ordinal_of(s->pods.at[i]);
        if (ordinal >= s->start && ordinal - s->start < wanted) {
            s->replicas[ordinal - s->start] = s->pods.at[i];
        } else if (ordinal >= 0) {
            s->condemned[s->condemned_len++] = s->pods.at[i];
        }
    }
    if (s->condemned_len > 1) {
        qsort(s->condemned, s->condemned_len, sizeof(s->condemned[0]), highest_first);
    }
}

/* ---- new ones ---- */

struct identity {
    struct str name, revision;
    int64_t ordinal;
};

static void
write_labels(void *ctx, struct jw *out)
{
    const struct identity *who = ctx;
    jw_kv(out, STATEFULSET_REVISION, who->revision);
    jw_kv(out, STATEFULSET_POD_NAME, who->name);
    jw_keyz(out, STATEFULSET_POD_INDEX);
    jw_printf(out, "%lld", (long long)who->ordinal);
}

static struct str
spec_of(const struct statefulset *s, struct val template_spec, struct str name)
{
    struct jw w;
    jw_init(&w, s->in->arena);
    jw_obj(&w);
    VAL_EACH (it, template_spec) {
        if (!str_is(it.key, "hostname") && !str_is(it.key, "subdomain")) {
            jw_key(&w, it.key);
            jw_val(&w, it.value);
        }
    }
    jw_kv(&w, "hostname", name);
    jw_kv(&w, "subdomain", val_str(val_get(s->spec, "serviceName")));
    jw_end(&w);
    return jw_done(&w);
}

/* Below the partition of a rolling update pods stay of the current revision; while there is no
 * partition, as many as are of it now (newVersionedStatefulSetPod). */
static bool
is_of_current(const struct statefulset *s, int64_t ordinal)
{
    struct val strategy = val_get(s->spec, "updateStrategy");
    struct val rolling = val_get(strategy, "rollingUpdate");
    if (s->current == NULL) {
        return false;
    }
    if (val_is(rolling)) {
        return ordinal < s->start + val_int(val_get(rolling, "partition"), 0);
    }
    return val_is_str(val_get(strategy, "type"), "RollingUpdate") &&
           ordinal < s->start + val_int(val_get(s->status, "currentReplicas"), 0);
}

void
ctl_statefulset_pods_make(struct statefulset *s, size_t index)
{
    const struct object *set = s->owner.object;
    struct identity who = { .ordinal = s->start + (int64_t)index };
    bool is_old = is_of_current(s, who.ordinal);
    struct val template =
        is_old ? ctl_revisions_template(s->current) : val_get(s->spec, "template");
    who.revision = is_old ? s->current->name : s->revisions.name;
    who.name =
        arena_printf(s->in->arena, STR_FMT "-%lld", STR_ARG(set->name), (long long)who.ordinal);
    struct ctl_pods_new pod = {
        .owner = &s->owner,
        .template = template,
        .name = who.name,
        .spec = spec_of(s, val_get(template, "spec"), who.name),
        .labels = write_labels,
        .ctx = &who,
    };
    plan_create(s->out, s->owner.pods, set->ns, who.name, ctl_pods_body(&pod, s->out->arena));
    plan_event_after(s->out, set, EVENT_NORMAL, "SuccessfulCreate", NULL,
                     "create Pod " STR_FMT " in StatefulSet " STR_FMT " successful",
                     STR_ARG(who.name), STR_ARG(set->name));
}

void
ctl_statefulset_pods_delete(struct statefulset *s, struct object *pod)
{
    plan_write(s->out, PLAN_DELETE, pod, (struct str){ 0 }, PRE_UID);
    plan_event_after(s->out, s->owner.object, EVENT_NORMAL, "SuccessfulDelete", NULL,
                     "delete Pod " STR_FMT " in StatefulSet " STR_FMT " successful",
                     STR_ARG(pod->name), STR_ARG(s->owner.object->name));
}

void
ctl_statefulset_pods_label(struct statefulset *s, struct object *pod)
{
    struct jw w;
    if (str_eq(labels_get(pod->labels, STR(STATEFULSET_POD_NAME)), pod->name)) {
        return;
    }
    jw_init(&w, s->out->arena);
    jw_obj(&w);
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_keyz(&w, "labels");
    jw_obj(&w);
    jw_kv(&w, STATEFULSET_POD_NAME, pod->name);
    jw_keyz(&w, STATEFULSET_POD_INDEX);
    jw_printf(&w, "%lld", (long long)ordinal_of(pod));
    jw_end(&w);
    jw_end(&w);
    jw_end(&w);
    plan_write(s->out, PLAN_PATCH, pod, jw_done(&w), PRE_UID);
    plan_event_after(s->out, s->owner.object, EVENT_NORMAL, "SuccessfulUpdate", NULL,
                     "update Pod " STR_FMT " in StatefulSet " STR_FMT " successful",
                     STR_ARG(pod->name), STR_ARG(s->owner.object->name));
}

void
ctl_statefulset_pods_tell_failures(struct statefulset *s)
{
    for (size_t i = 0; i < s->in->last_len; i++) {
        const struct plan_result *r = &s->in->last[i];
        bool is_creation = r->verb == PLAN_CREATE;
        if (r->err != NULL && (is_creation || r->verb == PLAN_DELETE) &&
            r->resource == s->owner.pods && ctl_pods_is_told(r->err)) {
            plan_event(s->out, s->owner.object, EVENT_WARNING,
                       is_creation ? "FailedCreate" : "FailedDelete", NULL,
                       "%s Pod " STR_FMT " in StatefulSet " STR_FMT " failed error: %s",
                       is_creation ? "create" : "delete", STR_ARG(r->name),
                       STR_ARG(s->owner.object->name), r->err->message);
        }
    }
}

/* ---- state ---- */

bool
ctl_statefulset_pods_is_running(const struct object *pod)
{
    struct val root = object_val(pod);
    return val_is_str(val_at(root, "status.phase"), "Running") && pod_state_is_ready(root);
}

bool
ctl_statefulset_pods_is_available(struct statefulset *s, const struct object *pod)
{
    struct val root = object_val(pod);
    int64_t min_ready_s = val_int(val_get(s->spec, "minReadySeconds"), 0);
    if (pod_state_is_available(root, min_ready_s, s->in->now_ms)) {
        return true;
    }
    if (pod_state_is_ready(root)) {
        int64_t at = pod_state_ready_since_ms(root) + min_ready_s * 1000;
        s->again_at_ms = s->again_at_ms == 0 || at < s->again_at_ms ? at : s->again_at_ms;
    }
    return false;
}

struct str
ctl_statefulset_pods_revision(const struct object *pod)
{
    return labels_get(pod->labels, STR(STATEFULSET_REVISION));
}
