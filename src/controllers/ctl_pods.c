/* What every controller of pods shares.  Called by ctl_* plans; pure.
 *
 * Follows pkg/controller/controller_utils.go and controller_ref_manager.go, release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include "controllers/ctl_pods.h"

#include <stdlib.h>

#include "api/object.h"
#include "api/pod_state.h"
#include "api/registry.h"
#include "api/selector.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "client/cache.h"
#include "client/plan.h"

/* ---- whose they are ---- */

static struct str
adoption(const struct ctl_owner *owner, const struct object *pod, struct arena *arena)
{
    struct jw w;
    jw_init(&w, arena);
    jw_obj(&w);
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_keyz(&w, "ownerReferences");
    jw_arr(&w);
    ctl_pods_write_owner(owner, &w);
    jw_end(&w);
    if (owner->finalizer != NULL) {
        jw_keyz(&w, "finalizers");
        jw_arr(&w);
        jw_strz(&w, owner->finalizer);
        jw_end(&w);
    }
    jw_kv(&w, "uid", pod->uid);
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}

static struct str
release(const struct ctl_owner *owner, const struct object *pod, struct arena *arena)
{
    struct jw w;
    jw_init(&w, arena);
    jw_obj(&w);
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_keyz(&w, "ownerReferences");
    jw_arr(&w);
    jw_obj(&w);
    jw_kvz(&w, "$patch", "delete");
    jw_kv(&w, "uid", owner->object->uid);
    jw_end(&w);
    jw_end(&w);
    if (owner->finalizer != NULL) {
        jw_keyz(&w, "$deleteFromPrimitiveList/finalizers");
        jw_arr(&w);
        jw_strz(&w, owner->finalizer);
        jw_end(&w);
    }
    jw_kv(&w, "uid", pod->uid);
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}

/* Is this pod the owner's after this plan? Plans what makes it so. */
static bool
claim(const struct ctl_owner *owner, const struct selector *selector, struct object *pod,
      struct plan *out)
{
    bool matches = selector_matches_labels(selector, pod->labels);
    bool is_owner_gone = owner->object->deleted_at_ms != 0;
    if (str_eq(pod->owner_uid, owner->object->uid)) {
        if (!matches && !is_owner_gone) {
            plan_write(out, PLAN_PATCH, pod, release(owner, pod, out->arena), PRE_UID);
        }
        return matches;
    }
    if (pod->owner_uid.size > 0 || !matches || is_owner_gone || pod->deleted_at_ms != 0) {
        return false;
    }
    plan_write(out, PLAN_PATCH, pod, adoption(owner, pod, out->arena), PRE_UID);
    return true;
}

struct ctl_pods
ctl_pods_claim(const struct plan_in *in, const struct ctl_owner *owner,
               const struct selector *selector, struct plan *out)
{
    struct ctl_pods pods = { 0 };
    size_t most = cache_len(in->cache, owner->pods);
    pods.at = arena_array(in->arena, most + 1, sizeof(struct object *));
    CACHE_EACH (pod, it, in->cache, owner->pods, owner->object->ns) {
        if (claim(owner, selector, pod, out)) {
            object_pin(pod);
            pods.at[pods.len++] = pod;
        }
    }
    return pods;
}

void
ctl_pods_done(struct ctl_pods *pods)
{
    for (size_t i = 0; i < pods->len; i++) {
        object_unpin(pods->at[i]);
    }
    pods->len = 0;
}

bool
ctl_pods_is_active(const struct object *pod)
{
    return pod->deleted_at_ms == 0 && !pod_state_is_finished(object_val(pod));
}

/* ---- which go first ---- */

struct rank {
    struct object *pod;
    int64_t order[8]; /* compared one after the other, smaller goes first */
};

static int
by_rank(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    for (size_t i = 0; i < sizeof(x->order) / sizeof(x->order[0]); i++) {
        if (x->order[i] != y->order[i]) {
            return x->order[i] < y->order[i] ? -1 : 1;
        }
    }
    return str_cmp(x->pod->uid, y->pod->uid);
}

static int64_t
time_of(struct val v)
{
    int64_t us;
    return clock_parse(val_str(v), &us) < 0 ? INT64_MAX : us / 1000;
}

static int64_t
same_node(const struct ctl_pods *related, struct str node)
{
    int64_t count = 0;
    for (size_t i = 0; i < related->len && node.size > 0; i++) {
        struct val other = object_val(related->at[i]);
        count += ctl_pods_is_active(related->at[i]) &&
                         str_eq(val_str(val_at(other, "spec.nodeName")), node)
                     ? 1
                     : 0;
    }
    return count;
}

static int64_t
most_restarts(struct val pod)
{
    int64_t most = 0;
    VAL_EACH (it, val_at(pod, "status.containerStatuses")) {
        int64_t restarts = val_int(val_get(it.value, "restartCount"), 0);
        most = restarts > most ? restarts : most;
    }
    return most;
}

static int64_t
deletion_cost(struct val pod)
{
    int64_t cost;
    struct str text = val_str(val_member(val_at(pod, "metadata.annotations"),
                                         STR("controller.kubernetes.io/pod-deletion-cost")));
    return str_to_int(text, &cost) ? cost : 0;
}

static struct rank
rank_of(struct object *object, const struct ctl_pods *related)
{
    struct val pod = object_val(object);
    struct str node = val_str(val_at(pod, "spec.nodeName"));
    struct str phase = val_str(val_at(pod, "status.phase"));
    bool is_ready = pod_state_is_ready(pod);
    return (struct rank){
        object,
        {
            node.size == 0 ? 0 : 1,
            str_is(phase, "Pending")   ? 0
            : str_is(phase, "Unknown") ? 1
                                       : 2,
            is_ready ? 1 : 0, deletion_cost(pod), -same_node(related, node),
            is_ready ? -pod_state_ready_since_ms(pod) : 0, /* ready for less time first */
            -most_restarts(pod),
            -time_of(val_at(pod, "metadata.creationTimestamp")), /* younger first */
        },
    };
}

void
ctl_pods_sort_for_deletion(struct ctl_pods *pods, const struct ctl_pods *related,
                           struct arena *arena)
{
    struct rank *ranks = arena_array(arena, pods->len + 1, sizeof(struct rank));
    for (size_t i = 0; i < pods->len; i++) {
        ranks[i] = rank_of(pods->at[i], related);
    }
    qsort(ranks, pods->len, sizeof(ranks[0]), by_rank);
    for (size_t i = 0; i < pods->len; i++) {
        pods->at[i] = ranks[i].pod;
    }
}

/* ---- what went wrong ---- */

bool
ctl_pods_is_told(const struct err *err)
{
    bool is_race = err->code == ERR_CONFLICT || err->code == ERR_NOT_FOUND ||
                   err->code == ERR_ALREADY_EXISTS || err->code == ERR_CANCELLED;
    return !is_race && !err_has_cause(err, "NamespaceTerminating");
}

void
ctl_pods_tell_failures(const struct plan_in *in, const struct ctl_owner *owner, struct plan *out)
{
    for (size_t i = 0; i < in->last_len; i++) {
        const struct plan_result *r = &in->last[i];
        bool is_creation = r->verb == PLAN_CREATE;
        if (r->err != NULL && (is_creation || r->verb == PLAN_DELETE) &&
            r->resource == owner->pods && ctl_pods_is_told(r->err)) {
            plan_event(out, owner->object, EVENT_WARNING,
                       is_creation ? "FailedCreate" : "FailedDelete", NULL, "Error %s: %s",
                       is_creation ? "creating" : "deleting", r->err->message);
        }
    }
}

/* ---- new ones ---- */

struct str
ctl_pods_name(const struct plan_in *in, struct str base, size_t index)
{
    enum { SUFFIX = 5, BASE_MAX = 58 };
    static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
    char suffix[SUFFIX];
    uint64_t random = in->random + index * 0x9e3779b97f4a7c15U;
    random = (random ^ random >> 30) * 0xbf58476d1ce4e5b9U;
    random = (random ^ random >> 27) * 0x94d049bb133111ebU;
    random ^= random >> 31;
    for (size_t i = 0; i < SUFFIX; i++) {
        suffix[i] = letters[random % (sizeof(letters) - 1)];
        random /= sizeof(letters) - 1;
    }
    size_t size = base.size < BASE_MAX - 1 ? base.size : BASE_MAX - 1;
    return arena_printf(in->arena, "%.*s-%.*s", (int)size, base.at, SUFFIX, suffix);
}

void
ctl_pods_write_owner(const struct ctl_owner *owner, struct jw *out)
{
    jw_obj(out);
    jw_kvz(out, "apiVersion", owner->api_version);
    jw_kvz(out, "kind", owner->kind);
    jw_kv(out, "name", owner->object->name);
    jw_kv(out, "uid", owner->object->uid);
    jw_kbool(out, "controller", true);
    jw_kbool(out, "blockOwnerDeletion", true);
    jw_end(out);
}

static void
write_map(struct jw *w, const char *key, struct val from, void (*more)(void *, struct jw *),
          void *ctx)
{
    jw_keyz(w, key);
    jw_obj(w);
    VAL_EACH (it, from) {
        jw_key(w, it.key);
        jw_val(w, it.value);
    }
    if (more != NULL) {
        more(ctx, w);
    }
    jw_end(w);
}

static void
write_finalizers(struct jw *w, struct val of_template, const char *own)
{
    bool has_own = own == NULL;
    if (val_len(of_template) == 0 && own == NULL) {
        return;
    }
    jw_keyz(w, "finalizers");
    jw_arr(w);
    VAL_EACH (it, of_template) {
        jw_val(w, it.value);
        has_own = has_own || val_is_str(it.value, own);
    }
    if (!has_own) {
        jw_strz(w, own);
    }
    jw_end(w);
}

struct str
ctl_pods_body(const struct ctl_pods_new *spec, struct arena *arena)
{
    struct jw w;
    struct val meta = val_get(spec->template, "metadata");
    jw_init(&w, arena);
    jw_obj(&w);
    jw_kvz(&w, "kind", "Pod");
    jw_kvz(&w, "apiVersion", "v1");
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_kv(&w, "name", spec->name);
    jw_keyz(&w, "generateName");
    if (spec->generate.size > 0) {
        jw_str(&w, spec->generate);
    } else {
        jw_printf(&w, STR_FMT "-", STR_ARG(spec->owner->object->name));
    }
    write_map(&w, "labels", val_get(meta, "labels"), spec->labels, spec->ctx);
    write_map(&w, "annotations", val_get(meta, "annotations"), spec->annotations, spec->ctx);
    write_finalizers(&w, val_get(meta, "finalizers"), spec->owner->finalizer);
    jw_keyz(&w, "ownerReferences");
    jw_arr(&w);
    ctl_pods_write_owner(spec->owner, &w);
    jw_end(&w);
    jw_end(&w);
    jw_keyz(&w, "spec");
    if (spec->spec.size > 0) {
        jw_raw(&w, spec->spec);
    } else {
        jw_val(&w, val_get(spec->template, "spec"));
    }
    jw_end(&w);
    return jw_done(&w);
}
