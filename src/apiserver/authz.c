/* May they: system:masters everything, nodes by the node authoriser, everybody else by RBAC.
 *
 * The step "authorise", and whoever else asks. Refusals in the words of
 * apiserver/pkg/endpoints/handlers/responsewriters/errors.go. Loop thread. */
#include "config.h"

#include "apiserver/authz.h"

#include "api/registry.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/authz_node.h"
#include "apiserver/rbac.h"
#include "apiserver/steps.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/http.h"

struct authz {
    struct sink *sink;
    struct registry *registry;
    struct rbac *rbac;
};

struct authz *
authz_new(struct sink *sink, struct registry *registry)
{
    struct authz *authz = MEM_NEW(struct authz);
    authz->sink = sink;
    authz->registry = registry_ref(registry);
    authz->rbac = rbac_new(sink, registry);
    return authz;
}

void
authz_free(struct authz *authz)
{
    if (authz != NULL) {
        rbac_free(authz->rbac);
        registry_unref(authz->registry);
        mem_free(authz);
    }
}

static bool
has_group(const struct req_user *user, const char *group)
{
    for (size_t i = 0; i < user->group_len; i++) {
        if (str_is(user->groups[i], group)) {
            return true;
        }
    }
    return false;
}

enum authz_rc
authz_check(struct authz *authz, const struct authz_attrs *attrs, struct arena *arena,
            struct str *ret_reason)
{
    *ret_reason = (struct str){ 0 };
    if (has_group(attrs->user, "system:masters")) {
        return AUTHZ_ALLOW;
    }
    struct str node = authz_node_name(attrs);
    if (node.size > 0 &&
        authz_node_allows(authz->sink, authz->registry, attrs, node, arena, ret_reason)) {
        return AUTHZ_ALLOW;
    }
    struct str reason = { 0 };
    if (rbac_allows(authz->rbac, attrs, arena, &reason)) {
        *ret_reason = reason;
        return AUTHZ_ALLOW;
    }
    return AUTHZ_DENY;
}

void
authz_rules(struct authz *authz, const struct req_user *user, struct str ns, struct jw *out)
{
    rbac_write_rules(authz->rbac, user, ns, out);
}

bool
authz_covers(struct authz *authz, const struct req_user *user, struct str ns, struct val rules,
             struct arena *arena, struct str *ret_missing)
{
    return has_group(user, "system:masters") ||
           rbac_covers(authz->rbac, user, ns, rules, arena, ret_missing);
}

/* ---- refusals ---- */

static struct str
quoted(struct arena *arena, struct str text)
{
    return arena_printf(arena, "\"" STR_FMT "\"", STR_ARG(text));
}

static struct str
what_is_denied(struct arena *arena, const struct authz_attrs *a)
{
    struct str user = quoted(arena, a->user->name);
    if (!a->is_resource) {
        return arena_printf(arena, "User " STR_FMT " cannot " STR_FMT " path \"" STR_FMT "\"",
                            STR_ARG(user), STR_ARG(a->verb), STR_ARG(a->path));
    }
    struct str slash = a->subresource.size > 0 ? STR("/") : STR("");
    struct str head =
        arena_printf(arena,
                     "User " STR_FMT " cannot " STR_FMT " resource \"" STR_FMT STR_FMT STR_FMT
                     "\" in API group \"" STR_FMT "\"",
                     STR_ARG(user), STR_ARG(a->verb), STR_ARG(a->resource), STR_ARG(slash),
                     STR_ARG(a->subresource), STR_ARG(a->group));
    if (a->ns.size > 0) {
        return arena_printf(arena, STR_FMT " in the namespace \"" STR_FMT "\"", STR_ARG(head),
                            STR_ARG(a->ns));
    }
    return arena_printf(arena, STR_FMT " at the cluster scope", STR_ARG(head));
}

int
authz_require(struct req *req, const struct authz_attrs *attrs, struct err **err)
{
    struct str reason;
    struct arena *arena = req->arena;
    if (authz_check(req->server->authz, attrs, arena, &reason) == AUTHZ_ALLOW) {
        return 0;
    }
    struct str what = what_is_denied(arena, attrs);
    if (reason.size > 0) {
        what = arena_printf(arena, STR_FMT ": " STR_FMT, STR_ARG(what), STR_ARG(reason));
    }
    if (attrs->resource.size == 0) {
        (void)err_set(err, ERR_FORBIDDEN, "forbidden: " STR_FMT, STR_ARG(what));
        return err_details(err, NULL, "", NULL); /* there, but empty */
    }
    struct str dot = attrs->group.size > 0 ? STR(".") : STR("");
    struct str name = attrs->name.size > 0
                          ? arena_printf(arena, " \"" STR_FMT "\"", STR_ARG(attrs->name))
                          : STR("");
    err_set(err, ERR_FORBIDDEN, STR_FMT STR_FMT STR_FMT STR_FMT " is forbidden: " STR_FMT,
            STR_ARG(attrs->resource), STR_ARG(dot), STR_ARG(attrs->group), STR_ARG(name),
            STR_ARG(what));
    return err_details(err, attrs->group.size > 0 ? arena_dupz(arena, attrs->group) : NULL,
                       arena_dupz(arena, attrs->resource),
                       attrs->name.size > 0 ? arena_dupz(arena, attrs->name) : NULL);
}

/* ---- the step ---- */

static struct str
method_verb(struct req *req)
{
    if (req->http == NULL) {
        return str_of(verb_name(req->verb));
    }
    char *verb = arena_dupz(req->arena, req->http->method);
    for (char *c = verb; *c != '\0'; c++) {
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + ('a' - 'A')) : *c;
    }
    return str_of(verb);
}

/* A list of one name is a question about that name. */
static struct str
asked_name(const struct req *req)
{
    struct str prefix = STR("metadata.name=");
    struct str text = req->options.field_text;
    if (req->name.size > 0 || !str_has_prefix(text, prefix)) {
        return req->name;
    }
    struct str name = str_slice(text.at + prefix.size, text.size - prefix.size);
    return str_contains(name, STR(",")) ? req->name : name;
}

enum step_rc
authz_step(struct req *req, struct err **err)
{
    bool is_namespace = req->group.size == 0 && str_is(req->plural, "namespaces");
    struct authz_attrs attrs = { .user = &req->user,
                                 .verb = str_of(verb_name(req->right)),
                                 .group = req->group,
                                 .version = req->version,
                                 .resource = req->plural,
                                 .subresource = req->sub_name,
                                 .ns = is_namespace ? req->name : req->ns,
                                 .name = asked_name(req),
                                 .is_resource = req->is_resource,
                                 .path = req->path };
    if (!req->is_resource) {
        attrs.verb = method_verb(req);
        attrs.resource = attrs.name = attrs.group = (struct str){ 0 };
    }
    return authz_require(req, &attrs, err) < 0 ? STEP_FAIL : STEP_NEXT;
}
