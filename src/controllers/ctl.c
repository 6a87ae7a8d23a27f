/* Shared pieces of the controllers' plans.  Called by every ctl_*.c; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "controllers/ctl.h"

#include <assert.h>

#include "api/object.h"
#include "api/registry.h"
#include "api/selector.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/cache.h"
#include "client/plan.h"

const struct resource *
ctl_resource(const struct plan_in *in, const char *group, const char *plural)
{
    return ctl_env_resource(in->env, group, plural);
}

bool
ctl_namespace_is_active(const struct plan_in *in, struct str name)
{
    const struct object *ns =
        cache_get(in->cache, ctl_resource(in, "", "namespaces"), (struct str){ 0 }, name);
    return ns != NULL && ns->deleted_at_ms == 0;
}

int64_t
ctl_written_ms(struct val object, const char *subresource, const char *but)
{
    int64_t last_us = 0;
    VAL_EACH (it, val_at(object, "metadata.managedFields")) {
        struct str sub = val_str(val_get(it.value, "subresource"));
        int64_t us;
        bool is_of = subresource == NULL ? sub.size == 0 : str_is(sub, subresource);
        if (is_of && !(but != NULL && val_is_str(val_get(it.value, "manager"), but)) &&
            clock_parse(val_str(val_get(it.value, "time")), &us) == 0 && us > last_us) {
            last_us = us;
        }
    }
    return last_us / 1000;
}

/* ---- conditions ---- */

struct val
ctl_condition(struct val conditions, const char *type)
{
    VAL_EACH (it, conditions) {
        if (val_is_str(val_get(it.value, "type"), type)) {
            return it.value;
        }
    }
    return (struct val){ 0 };
}

static void
write_time(struct jw *out, const char *key, struct val old, bool keeps, int64_t now_ms)
{
    char text[CLOCK_TEXT_SIZE];
    jw_keyz(out, key);
    if (keeps && val_is(val_get(old, key))) {
        jw_val(out, val_get(old, key));
    } else {
        jw_str(out, clock_text(now_ms, text));
    }
}

void
ctl_condition_write(const struct ctl_condition *condition, struct val old, int64_t now_ms,
                    struct jw *out)
{
    bool same_status = val_is_str(val_get(old, "status"), condition->status);
    bool same = same_status && val_is_str(val_get(old, "reason"), condition->reason) &&
                str_eq(val_str(val_get(old, "message")), condition->message);
    jw_obj(out);
    jw_kvz(out, "type", condition->type);
    jw_kvz(out, "status", condition->status);
    if (condition->has_update_time) {
        write_time(out, "lastUpdateTime", old, same && !condition->renews, now_ms);
    }
    write_time(out, "lastTransitionTime", old, same_status, now_ms);
    jw_kvz(out, "reason", condition->reason);
    jw_kv(out, "message", condition->message);
    jw_end(out);
}

/* ---- status ---- */

struct str
ctl_with_status(const struct object *object, struct str status, struct plan *out)
{
    struct jw w;
    jw_init(&w, out->arena);
    jw_obj(&w);
    VAL_EACH (it, object_val(object)) {
        if (!str_is(it.key, "status")) {
            jw_key(&w, it.key);
            jw_val(&w, it.value);
        }
    }
    jw_keyz(&w, "status");
    jw_raw(&w, status);
    jw_end(&w);
    return jw_done(&w);
}

void
ctl_status(const struct plan_in *in, struct object *object, struct str status, struct plan *out)
{
    struct err *err = NULL;
    struct doc *now = doc_parse(in->arena, status, &err);
    assert(now != NULL); /* our own text */
    if (!val_eq(val_get(object_val(object), "status"), doc_root(now))) {
        plan_write(out, PLAN_STATUS, object, ctl_with_status(object, status, out), PRE_REV);
    }
}

/* ---- keys ---- */

const struct resource *
ctl_env_resource(const struct reconcile_env *env, const char *group, const char *plural)
{
    const struct ctl_env *ctl = env->part;
    const struct resource *found =
        registry_any_version(ctl->registry, str_of(group), str_of(plural));
    assert(found != NULL);
    return found;
}

static void
add_controller(const struct object *object, const char *kind, keys_add_fn *add, void *ctx)
{
    VAL_EACH (it, val_at(object_val(object), "metadata.ownerReferences")) {
        if (val_bool(val_get(it.value, "controller"), false) &&
            val_is_str(val_get(it.value, "kind"), kind)) {
            add(ctx, object->ns, val_str(val_get(it.value, "name")));
        }
    }
}

/* Everything of that kind in the namespace whose selector takes the object's labels. */
static void
add_adopters(const struct keys_in *in, const struct ctl_owner_kind *owner,
             const struct object *orphan, keys_add_fn *add, void *ctx)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct resource *r = ctl_env_resource(in->env, owner->group, owner->plural);
    CACHE_EACH (object, it, in->cache, r, orphan->ns) {
        AUTO_ERR struct err *err = NULL;
        struct selector *selector = NULL;
        object_pin(object);
        struct val text = val_at(object_val(object), "spec.selector");
        bool is_read = selector_from_object(arena, text, &selector, &err) == 0;
        object_unpin(object);
        if (is_read && selector_matches_labels(selector, orphan->labels)) {
            add(ctx, object->ns, object->name);
        }
    }
}

void
ctl_keys_of_owned(const struct keys_in *in, const struct ctl_owner_kind *owner,
                  const struct object *old, const struct object *now, keys_add_fn *add, void *ctx)
{
    const struct object *sides[] = { old, now };
    for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
        if (sides[i] == NULL) {
            continue;
        }
        if (sides[i]->owner_uid.size == 0) {
            add_adopters(in, owner, sides[i], add, ctx);
            continue;
        }
        object_pin(sides[i]);
        add_controller(sides[i], owner->kind, add, ctx);
        object_unpin(sides[i]);
    }
}
