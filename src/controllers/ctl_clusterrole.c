/* Aggregated ClusterRoles: one with an aggregationRule has the rules of all that its selectors take.
 *
 * Run by src/client/reconcile, loop thread. Follows pkg/controller/clusterroleaggregation of release
 * 1.35. Keys are ClusterRoles. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "api/selector.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/cache.h"
#include "controllers/controllers.h"
#include "controllers/ctl.h"

#define RBAC "rbac.authorization.k8s.io"

enum { RULES_MAX = 4096 };

/* Whatever changed may be a part of any of them. */
static void
keys_of_role(const struct keys_in *in, const struct object *old, const struct object *now,
             keys_add_fn *add, void *ctx)
{
    const struct resource *roles = ctl_env_resource(in->env, RBAC, "clusterroles");
    (void)old;
    (void)now;
    CACHE_EACH (role, it, in->cache, roles, ((struct str){ 0 })) {
        object_pin(role);
        bool is_aggregated = val_is(val_get(object_val(role), "aggregationRule"));
        object_unpin(role);
        if (is_aggregated) {
            add(ctx, (struct str){ 0 }, role->name);
        }
    }
}

static const struct watch_spec watches[] = {
    { .group = RBAC, .version = "v1", .plural = "clusterroles", .keys = keys_of_role },
    { .plural = NULL },
};

/* The rules so far, each once, in the plan's arena. */
struct gathering {
    const struct plan_in *in;
    struct arena *arena;
    struct str own_name;
    struct str *rules; /* JSON */
    struct val *values;
    size_t len;
};

static void
gather_rule(struct gathering *g, struct val rule)
{
    for (size_t i = 0; i < g->len; i++) {
        if (val_eq(g->values[i], rule)) {
            return;
        }
    }
    if (g->len < RULES_MAX) {
        g->rules[g->len] = arena_dup(g->arena, val_raw(rule));
        g->values[g->len] = doc_root(doc_trust(g->arena, g->rules[g->len]));
        g->len++;
    }
}

/* In the order of their names, which is the cache's. */
static void
gather(struct gathering *g, struct val selector)
{
    const struct resource *roles = ctl_resource(g->in, RBAC, "clusterroles");
    AUTO_ERR struct err *err = NULL;
    struct selector *taken = NULL;
    if (selector_from_object(g->arena, selector, &taken, &err) < 0) {
        return;
    }
    CACHE_EACH (role, it, g->in->cache, roles, ((struct str){ 0 })) {
        if (str_eq(role->name, g->own_name) || !selector_matches_labels(taken, role->labels)) {
            continue;
        }
        object_pin(role);
        VAL_EACH (rule, val_get(object_val(role), "rules")) {
            gather_rule(g, rule.value);
        }
        object_unpin(role);
    }
}

static bool
is_same(const struct gathering *g, struct val rules)
{
    size_t index = 0;
    VAL_EACH (it, rules) {
        if (index == g->len || !val_eq(g->values[index], it.value)) {
            return false;
        }
        index++;
    }
    return index == g->len;
}

static struct str
body_of(const struct gathering *g)
{
    struct jw w;
    jw_init(&w, g->arena);
    jw_obj(&w);
    jw_keyz(&w, "rules");
    jw_arr(&w);
    for (size_t i = 0; i < g->len; i++) {
        jw_raw(&w, g->rules[i]);
    }
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}

static void
aggregate(const struct plan_in *in, struct object *role, struct val rule, struct plan *out)
{
    struct gathering g = { .in = in, .arena = out->arena, .own_name = role->name };
    g.rules = arena_array(out->arena, RULES_MAX, sizeof(*g.rules));
    g.values = arena_array(out->arena, RULES_MAX, sizeof(*g.values));
    VAL_EACH (it, val_get(rule, "clusterRoleSelectors")) {
        gather(&g, it.value);
    }
    if (!is_same(&g, val_get(object_val(role), "rules"))) {
        plan_write(out, PLAN_PATCH, role, body_of(&g), 0);
    }
}

static void
plan(const struct plan_in *in, struct plan *out)
{
    const struct resource *roles = ctl_resource(in, RBAC, "clusterroles");
    struct object *role = cache_get(in->cache, roles, (struct str){ 0 }, in->name);
    if (role == NULL || role->deleted_at_ms != 0) {
        return;
    }
    object_pin(role);
    struct val rule = val_get(object_val(role), "aggregationRule");
    if (val_is(rule)) {
        aggregate(in, role, rule, out);
    }
    object_unpin(role);
}

const struct reconciler ctl_clusterrole = {
    .name = "clusterrole-aggregation-controller",
    .user = "system:serviceaccount:kube-system:clusterrole-aggregation-controller",
    .watches = watches,
    .plan = plan,
};
