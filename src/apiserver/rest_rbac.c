/* Nobody gives away rights that they do not hold: writes of roles need their rules, or the verb
 * "escalate"; writes of bindings need the rules of the role, or the verb "bind".
 *
 * The step "escalate", between mutating admission and the checks. After
 * pkg/registry/rbac/{role,clusterrole,rolebinding,clusterrolebinding}/policybased of release 1.35.
 * Loop thread. */
#include "config.h"

#include <string.h>

#include "api/object.h"
#include "api/status.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/authz.h"
#include "apiserver/sink.h"
#include "apiserver/steps.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/cache.h"

#define RBAC "rbac.authorization.k8s.io"

static const char full_authority[] =
    "[{\"verbs\":[\"*\"],\"apiGroups\":[\"*\"],\"resources\":[\"*\"]},"
    "{\"verbs\":[\"*\"],\"nonResourceURLs\":[\"*\"]}]";

static bool
is_role(const struct req *req)
{
    return str_is(req->plural, "roles") || str_is(req->plural, "clusterroles");
}

static bool
is_binding(const struct req *req)
{
    return str_is(req->plural, "rolebindings") || str_is(req->plural, "clusterrolebindings");
}

static bool
is_master(const struct req_user *user)
{
    for (size_t i = 0; i < user->group_len; i++) {
        if (str_is(user->groups[i], "system:masters")) {
            return true;
        }
    }
    return false;
}

/* The garbage collector and its likes touch nothing that grants. */
static bool
is_only_for_collection(struct req *req)
{
    static const char *const left_out[] = { "ownerReferences", "finalizers", "managedFields",
                                            "selfLink" };
    struct doc *now = NULL, *old = NULL;
    AUTO_ERR struct err *err = NULL;
    if (req->is_create) {
        return false;
    }
    for (int side = 0; side < 2; side++) {
        struct edit edit;
        edit_init(&edit, req->arena);
        for (size_t i = 0; i < ARRAY_LEN(left_out); i++) {
            edit_del(&edit, arena_printf(req->arena, "/metadata/%s", left_out[i]).at);
        }
        if (edit_apply(side == 0 ? req->now : req->old, &edit, side == 0 ? &now : &old, &err) < 0) {
            return false;
        }
    }
    return val_eq(doc_root(now), doc_root(old));
}

static bool
has_verb(struct req *req, const char *verb, const char *plural, struct str name)
{
    struct authz_attrs attrs = { .user = &req->user,
                                 .verb = str_of(verb),
                                 .group = STR(RBAC),
                                 .version = STR("*"),
                                 .resource = str_of(plural),
                                 .ns = req->ns,
                                 .name = name,
                                 .is_resource = true };
    struct str reason;
    return authz_check(req->server->authz, &attrs, req->arena, &reason) == AUTHZ_ALLOW;
}

/* ---- refusals: never from a cache that is behind ---- */

static enum step_rc
refuse(struct req *req, const char *detail, struct err **err)
{
    struct str name = val_str(val_at(doc_root(req->now), "metadata.name"));
    enum step_rc rc = req_fresh(req);
    if (rc == STEP_NEXT) {
        status_forbidden(err, req->resource, name, detail);
        rc = STEP_FAIL;
    }
    return rc;
}

static struct str
quoted_groups(const struct req *req)
{
    AUTO_STR struct str_builder b = { 0 };
    for (size_t i = 0; i < req->user.group_len; i++) {
        str_putf(&b, "%s\"" STR_FMT "\"", i > 0 ? " " : "", STR_ARG(req->user.groups[i]));
    }
    return arena_dup(req->arena, str_view(&b));
}

static enum step_rc
must_hold(struct req *req, struct val rules, struct err **err)
{
    struct str missing;
    if (authz_covers(req->server->authz, &req->user, req->ns, rules, req->arena, &missing)) {
        return STEP_NEXT;
    }
    struct str detail =
        arena_printf(req->arena,
                     "user \"" STR_FMT "\" (groups=[" STR_FMT
                     "]) is attempting to grant RBAC permissions not currently "
                     "held:\n" STR_FMT,
                     STR_ARG(req->user.name), STR_ARG(quoted_groups(req)), STR_ARG(missing));
    return refuse(req, detail.at, err);
}

/* ---- roles and bindings ---- */

/* An aggregation rule can gather anything: it needs everything. */
static enum step_rc
check_aggregation(struct req *req, struct err **err)
{
    bool has_rule = val_is(val_get(doc_root(req->now), "aggregationRule")) ||
                    (req->old != NULL && val_is(val_get(doc_root(req->old), "aggregationRule")));
    struct val all = doc_root(doc_trust(req->arena, str_of(full_authority)));
    struct str missing;
    if (!has_rule ||
        authz_covers(req->server->authz, &req->user, req->ns, all, req->arena, &missing)) {
        return STEP_NEXT;
    }
    return refuse(req, "must have cluster-admin privileges to use the aggregationRule", err);
}

static enum step_rc
check_role(struct req *req, struct err **err)
{
    struct str name = req->verb == VERB_CREATE ? (struct str){ 0 } : req->name;
    char *plural = arena_dupz(req->arena, req->plural);
    if (has_verb(req, "escalate", plural, name)) {
        return STEP_NEXT;
    }
    enum step_rc rc = must_hold(req, val_get(doc_root(req->now), "rules"), err);
    return rc == STEP_NEXT ? check_aggregation(req, err) : rc;
}

static enum step_rc
check_binding(struct req *req, struct err **err)
{
    struct val ref = val_get(doc_root(req->now), "roleRef");
    struct str name = val_str(val_get(ref, "name"));
    bool is_cluster = val_is_str(val_get(ref, "kind"), "ClusterRole");
    const char *plural = is_cluster ? "clusterroles" : "roles";
    if (!is_cluster && !val_is_str(val_get(ref, "kind"), "Role")) {
        return STEP_NEXT; /* refused by its checks */
    }
    if (has_verb(req, "bind", plural, name)) {
        return STEP_NEXT;
    }
    const struct resource *row = registry_find(req->registry, STR(RBAC), STR("v1"), str_of(plural));
    struct object *role = cache_get(sink_cache(req->server->sink), row,
                                    is_cluster ? (struct str){ 0 } : req->ns, name);
    if (role == NULL) {
        enum step_rc rc = req_fresh(req);
        if (rc == STEP_NEXT) {
            status_not_found(err, req->resource, name); /* upstream says it of the binding */
            rc = STEP_FAIL;
        }
        return rc;
    }
    object_pin(role);
    enum step_rc rc = must_hold(req, val_get(object_val(role), "rules"), err);
    object_unpin(role);
    return rc;
}

enum step_rc
rest_rbac_step(struct req *req, struct err **err)
{
    bool is_ours = strcmp(req->resource->group, RBAC) == 0 && (is_role(req) || is_binding(req));
    if (!is_ours || is_master(&req->user) || is_only_for_collection(req)) {
        return STEP_NEXT;
    }
    return is_role(req) ? check_role(req, err) : check_binding(req, err);
}
