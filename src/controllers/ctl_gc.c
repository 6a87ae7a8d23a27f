/* The garbage collector: objects whose owners are gone, foreground deletion, orphaning.  Run by
 * src/client/reconcile, loop thread.
 *
 * Follows pkg/controller/garbagecollector/garbagecollector.go, release 1.35. Keys are uids: an
 * object is looked up in the kinds of the registry. An owner of a kind that is not served decides
 * nothing, so its dependents stay. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "client/cache.h"
#include "controllers/controllers.h"
#include "controllers/ctl.h"
#include "controllers/ctl_gc_graph.h"

#define FOREGROUND "foregroundDeletion"
#define ORPHAN "orphan"

/* ---- keys ---- */

static void
keys_of_any(const struct keys_in *in, const struct object *old, const struct object *now,
            keys_add_fn *add, void *ctx)
{
    const struct ctl_env *env = in->env->part;
    const struct object *object = now == NULL ? old : now;
    size_t len;
    ctl_gc_graph_change(env->graph, old, now);
    add(ctx, (struct str){ 0 }, object->uid);
    const struct str *dependents = ctl_gc_graph_dependents(env->graph, object->uid, &len);
    for (size_t i = 0; i < len && (now == NULL || now->deleted_at_ms != 0); i++) {
        add(ctx, (struct str){ 0 }, dependents[i]);
    }
    if (now != NULL) {
        return;
    }
    object_pin(old); /* an owner in foreground deletion waits for this one */
    VAL_EACH (it, val_at(object_val(old), "metadata.ownerReferences")) {
        add(ctx, (struct str){ 0 }, val_str(val_get(it.value, "uid")));
    }
    object_unpin(old);
}

static const struct watch_spec watches[] = {
    { .plural = "*", .keys = keys_of_any },
    { .plural = NULL },
};

/* ---- looking ---- */

static struct object *
find_uid(const struct plan_in *in, struct str uid)
{
    const struct ctl_env *env = in->env->part;
    for (size_t i = 0; i < registry_len(env->registry); i++) {
        const struct resource *r = registry_at(env->registry, i);
        struct object *found = r->storage != NULL ? NULL : cache_get_uid(in->cache, r, uid);
        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

static bool
has_finalizer(struct val root, const char *name)
{
    VAL_EACH (it, val_at(root, "metadata.finalizers")) {
        if (val_is_str(it.value, name)) {
            return true;
        }
    }
    return false;
}

static bool
is_known_kind(const struct plan_in *in, struct val reference)
{
    const struct ctl_env *env = in->env->part;
    struct str kind = val_str(val_get(reference, "kind"));
    struct str version, group = str_cut(val_str(val_get(reference, "apiVersion")), '/', &version);
    for (size_t i = 0; i < registry_len(env->registry); i++) {
        const struct resource *r = registry_at(env->registry, i);
        bool same_group = version.at == NULL ? r->group[0] == '\0' : str_is(group, r->group);
        if (same_group && str_is(kind, r->kind)) {
            return true;
        }
    }
    return false;
}

/* In foreground deletion: for its dependents. */
static bool
is_waiting(struct object *object)
{
    object_pin(object);
    bool is = object->deleted_at_ms != 0 && has_finalizer(object_val(object), FOREGROUND);
    object_unpin(object);
    return is;
}

enum owner { OWNER_SOLID, OWNER_DANGLING, OWNER_WAITING };

static enum owner
look_at_owner(const struct plan_in *in, const struct object *object, struct val reference)
{
    struct object *owner = find_uid(in, val_str(val_get(reference, "uid")));
    if (owner == NULL) {
        return is_known_kind(in, reference) ? OWNER_DANGLING : OWNER_SOLID;
    }
    if (owner->ns.size > 0 && !str_eq(owner->ns, object->ns)) {
        return OWNER_DANGLING; /* owners are cluster-wide or of the same namespace */
    }
    return is_waiting(owner) ? OWNER_WAITING : OWNER_SOLID;
}

/* ---- writing ---- */

/* Owner references less those for which `drops` says so. */
static struct str
patch_references(const struct plan_in *in, const struct object *object,
                 bool (*drops)(const struct plan_in *, const struct object *, struct val, void *),
                 void *ctx)
{
    struct jw w;
    jw_init(&w, in->arena);
    jw_obj(&w);
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_kv(&w, "uid", object->uid);
    jw_keyz(&w, "ownerReferences");
    jw_arr(&w);
    VAL_EACH (it, val_at(object_val(object), "metadata.ownerReferences")) {
        if (drops(in, object, it.value, ctx)) {
            jw_obj(&w);
            jw_kvz(&w, "$patch", "delete");
            jw_kv(&w, "uid", val_str(val_get(it.value, "uid")));
            jw_end(&w);
        }
    }
    jw_end(&w);
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}

static bool
drops_unsolid(const struct plan_in *in, const struct object *object, struct val reference,
              void *ctx)
{
    (void)ctx;
    return look_at_owner(in, object, reference) != OWNER_SOLID;
}

static bool
drops_uid(const struct plan_in *in, const struct object *object, struct val reference, void *ctx)
{
    (void)in;
    (void)object;
    return str_eq(val_str(val_get(reference, "uid")), *(const struct str *)ctx);
}

static void
drop_finalizer(const struct plan_in *in, struct object *object, const char *name, struct plan *out)
{
    struct jw w;
    jw_init(&w, in->arena);
    jw_obj(&w);
    VAL_EACH (it, object_val(object)) {
        jw_key(&w, it.key);
        if (!str_is(it.key, "metadata")) {
            jw_val(&w, it.value);
            continue;
        }
        jw_obj(&w);
        VAL_EACH (member, it.value) {
            jw_key(&w, member.key);
            if (!str_is(member.key, "finalizers")) {
                jw_val(&w, member.value);
                continue;
            }
            jw_arr(&w);
            VAL_EACH (finalizer, member.value) {
                if (!val_is_str(finalizer.value, name)) {
                    jw_val(&w, finalizer.value);
                }
            }
            jw_end(&w);
        }
        jw_end(&w);
    }
    jw_end(&w);
    plan_write(out, PLAN_UPDATE, object, jw_done(&w), PRE_REV);
}

static void
delete_with(struct object *object, const char *policy, struct plan *out)
{
    plan_write(out, PLAN_DELETE, object,
               arena_printf(out->arena, "{\"propagationPolicy\":\"%s\"}", policy), PRE_UID);
}

/* ---- plans ---- */

/* Everything that names the object as owner lets go of it; then it may go. */
static void
orphan(const struct plan_in *in, struct object *object, struct plan *out)
{
    const struct ctl_env *env = in->env->part;
    size_t len;
    const struct str *dependents = ctl_gc_graph_dependents(env->graph, object->uid, &len);
    for (size_t i = 0; i < len; i++) {
        struct object *dependent = find_uid(in, dependents[i]);
        if (dependent == NULL) {
            continue;
        }
        object_pin(dependent);
        struct str uid = object->uid;
        plan_write(out, PLAN_PATCH, dependent, patch_references(in, dependent, drops_uid, &uid), 0);
        object_unpin(dependent);
    }
    plan_group(out, 0);
    drop_finalizer(in, object, ORPHAN, out);
}

static bool
blocks(const struct object *dependent, struct str owner_uid)
{
    bool found = false;
    object_pin(dependent);
    VAL_EACH (it, val_at(object_val(dependent), "metadata.ownerReferences")) {
        found = found || (str_eq(val_str(val_get(it.value, "uid")), owner_uid) &&
                          val_bool(val_get(it.value, "blockOwnerDeletion"), false));
    }
    object_unpin(dependent);
    return found;
}

/* Foreground deletion: done when nothing that blocks is left. Its dependents plan for themselves. */
static void
finish_foreground(const struct plan_in *in, struct object *object, struct plan *out)
{
    const struct ctl_env *env = in->env->part;
    size_t len, blocking = 0;
    const struct str *dependents = ctl_gc_graph_dependents(env->graph, object->uid, &len);
    for (size_t i = 0; i < len; i++) {
        struct object *dependent = find_uid(in, dependents[i]);
        blocking += dependent != NULL && blocks(dependent, object->uid) ? 1 : 0;
    }
    if (blocking == 0) {
        drop_finalizer(in, object, FOREGROUND, out);
    }
}

/* The object's references block no owner any more. */
static void
unblock(struct object *object, struct plan *out)
{
    struct jw w;
    bool has_any = false;
    jw_init(&w, out->arena);
    jw_arr(&w);
    VAL_EACH (it, val_at(object_val(object), "metadata.ownerReferences")) {
        if (!val_bool(val_get(it.value, "blockOwnerDeletion"), false)) {
            continue;
        }
        has_any = true;
        jw_obj(&w);
        jw_kv(&w, "uid", val_str(val_get(it.value, "uid")));
        jw_keyz(&w, "blockOwnerDeletion");
        jw_bool(&w, false);
        jw_end(&w);
    }
    jw_end(&w);
    struct str references = jw_done(&w);
    if (has_any) {
        plan_write(out, PLAN_PATCH, object,
                   arena_printf(out->arena, "{\"metadata\":{\"ownerReferences\":" STR_FMT "}}",
                                STR_ARG(references)),
                   PRE_UID);
        plan_group(out, 0);
    }
}

/* Its owner waits for it and it has dependents of its own. When one of those waits, too, they may
 * wait for each other in a circle, which is cut here. */
static void
follow(const struct plan_in *in, struct object *object, struct plan *out)
{
    const struct ctl_env *env = in->env->part;
    size_t len;
    const struct str *dependents = ctl_gc_graph_dependents(env->graph, object->uid, &len);
    for (size_t i = 0; i < len; i++) {
        struct object *dependent = find_uid(in, dependents[i]);
        if (dependent != NULL && is_waiting(dependent)) {
            unblock(object, out);
            break;
        }
    }
    delete_with(object, "Foreground", out);
}

static void
judge(const struct plan_in *in, struct object *object, struct plan *out)
{
    const struct ctl_env *env = in->env->part;
    struct val root = object_val(object);
    size_t counts[3] = { 0 }, dependents;
    VAL_EACH (it, val_at(root, "metadata.ownerReferences")) {
        counts[look_at_owner(in, object, it.value)]++;
    }
    if (counts[OWNER_DANGLING] + counts[OWNER_WAITING] == 0) {
        return;
    }
    (void)ctl_gc_graph_dependents(env->graph, object->uid, &dependents);
    if (counts[OWNER_SOLID] > 0) {
        plan_write(out, PLAN_PATCH, object, patch_references(in, object, drops_unsolid, NULL), 0);
    } else if (counts[OWNER_WAITING] > 0 && dependents > 0) {
        follow(in, object, out);
    } else if (has_finalizer(root, ORPHAN)) {
        delete_with(object, "Orphan", out);
    } else {
        delete_with(object, has_finalizer(root, FOREGROUND) ? "Foreground" : "Background", out);
    }
}

static void
plan(const struct plan_in *in, struct plan *out)
{
    struct object *object = find_uid(in, in->name);
    if (object == NULL) {
        return;
    }
    object_pin(object);
    struct val root = object_val(object);
    if (object->deleted_at_ms == 0) {
        judge(in, object, out);
    } else if (has_finalizer(root, ORPHAN)) {
        orphan(in, object, out);
    } else if (has_finalizer(root, FOREGROUND)) {
        finish_foreground(in, object, out);
    }
    object_unpin(object);
}

const struct reconciler ctl_gc = {
    .name = "generic-garbage-collector",
    .user = "system:serviceaccount:kube-system:generic-garbage-collector",
    .watches = watches,
    .plan = plan,
};
