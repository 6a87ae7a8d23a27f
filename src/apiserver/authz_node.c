/* The node authoriser.  Called by authz.c for users of group system:nodes; loop thread.
 *
 * Follows plugin/pkg/auth/authorizer/node (node_authorizer.go, release 1.35): Secrets, ConfigMaps,
 * claims and service-account tokens only for pods of this node; leases and the Node only its own;
 * the rest by the rules of ClusterRole system:node, which rbac_roles.def lists. */
#include "config.h" /* IWYU pragma: keep */

#include "apiserver/authz_node.h"

#include <string.h>

#include "api/object.h"
#include "api/pod_names.h"
#include "api/registry.h"
#include "apiserver/authz.h"
#include "apiserver/sink.h"
#include "base/arena.h"
#include "base/mem.h"
#include "client/cache.h"

#define USER_PREFIX "system:node:"

struct str
authz_node_name(const struct authz_attrs *attrs)
{
    const struct req_user *user = attrs->user;
    struct str prefix = STR(USER_PREFIX);
    for (size_t i = 0; i < user->group_len; i++) {
        if (str_is(user->groups[i], "system:nodes") && str_has_prefix(user->name, prefix)) {
            return str_slice(user->name.at + prefix.size, user->name.size - prefix.size);
        }
    }
    return (struct str){ 0 };
}

/* A pod of this node in that namespace that names the object. */
static bool
is_used(struct sink *sink, const struct registry *registry, struct str node, enum pod_named kind,
        const struct authz_attrs *attrs)
{
    const struct resource *pods = registry_find(registry, STR(""), STR("v1"), STR("pods"));
    bool found = false;
    if (pods == NULL || attrs->name.size == 0) {
        return false;
    }
    CACHE_EACH (pod, it, sink_cache(sink), pods, attrs->ns) {
        object_pin(pod);
        struct val spec = val_get(object_val(pod), "spec");
        found =
            str_eq(val_str(val_get(spec, "nodeName")), node) && pod_names(spec, kind, attrs->name);
        object_unpin(pod);
        if (found) {
            return true;
        }
    }
    return false;
}

/* ---- the rules ---- */

enum condition { ANY, OWN_NAME, OWN_LEASE, USED };
static const struct row {
    const char *group, *resource, *sub; /* sub NULL: main only, "*": any */
    const char *verbs;                  /* words */
    enum condition condition;
    enum pod_named named;
} rows[] = {
    { "", "secrets", NULL, "get list watch", USED, POD_NAMED_SECRET },
    { "", "configmaps", NULL, "get list watch", USED, POD_NAMED_CONFIG_MAP },
    { "", "persistentvolumeclaims", NULL, "get", USED, POD_NAMED_CLAIM },
    { "", "serviceaccounts", "token", "create", USED, POD_NAMED_ACCOUNT },
    { "", "serviceaccounts", NULL, "get", USED, POD_NAMED_ACCOUNT },
    { "", "nodes", NULL, "create list watch", ANY, 0 },
    { "", "nodes", NULL, "get update patch", OWN_NAME, 0 },
    { "", "nodes", "status", "update patch", OWN_NAME, 0 },
    { "coordination.k8s.io", "leases", NULL, "create get update patch delete", OWN_LEASE, 0 },
    /* Which pods and what of them NodeRestriction decides, where the objects are known. */
    { "", "pods", NULL, "get list watch create delete", ANY, 0 },
    { "", "pods", "status", "update patch", ANY, 0 },
    { "", "pods", "eviction", "create", ANY, 0 },
    { "", "services", NULL, "get list watch", ANY, 0 },
    { "", "endpoints", NULL, "get list watch", ANY, 0 },
    { "", "namespaces", NULL, "get list watch", ANY, 0 },
    { "discovery.k8s.io", "endpointslices", NULL, "get list watch", ANY, 0 },
    { "", "events", NULL, "create update patch", ANY, 0 },
    { "events.k8s.io", "events", NULL, "create update patch", ANY, 0 },
    { "node.k8s.io", "runtimeclasses", NULL, "get list watch", ANY, 0 },
    { "certificates.k8s.io", "certificatesigningrequests", NULL, "create get list watch", ANY, 0 },
    { "authentication.k8s.io", "tokenreviews", NULL, "create", ANY, 0 },
    { "authorization.k8s.io", "subjectaccessreviews", NULL, "create", ANY, 0 },
    { "authorization.k8s.io", "localsubjectaccessreviews", NULL, "create", ANY, 0 },
};

static bool
has_word(const char *words, struct str word)
{
    for (struct str rest = str_of(words); rest.size > 0;) {
        if (str_eq(str_cut(rest, ' ', &rest), word)) {
            return true;
        }
    }
    return false;
}

static bool
row_matches(const struct row *row, const struct authz_attrs *a)
{
    return str_is(a->group, row->group) && str_is(a->resource, row->resource) &&
           str_eq(a->subresource, str_of(row->sub == NULL ? "" : row->sub)) &&
           has_word(row->verbs, a->verb);
}

static struct str
lease_reason(const struct authz_attrs *attrs)
{
    return str_is(attrs->ns, "kube-node-lease")
               ? STR("can only access node lease with the same name as the requesting node")
               : STR("can only access leases in the \"kube-node-lease\" system namespace");
}

bool
authz_node_allows(struct sink *sink, const struct registry *registry,
                  const struct authz_attrs *attrs, struct str node, struct arena *arena,
                  struct str *ret_reason)
{
    for (size_t i = 0; i < ARRAY_LEN(rows) && attrs->is_resource; i++) {
        if (!row_matches(&rows[i], attrs)) {
            continue;
        }
        bool holds = true;
        switch (rows[i].condition) {
        case ANY:
            break;
        case OWN_NAME:
            holds = str_eq(attrs->name, node);
            break;
        case OWN_LEASE:
            holds = str_is(attrs->ns, "kube-node-lease") &&
                    (str_eq(attrs->name, node) || str_is(attrs->verb, "create"));
            break;
        case USED:
            holds = is_used(sink, registry, node, rows[i].named, attrs);
            break;
        }
        if (!holds) {
            *ret_reason = rows[i].condition == OWN_LEASE
                              ? lease_reason(attrs)
                              : arena_printf(arena,
                                             "no relationship found between node '" STR_FMT
                                             "' and this object",
                                             STR_ARG(node));
        }
        return holds;
    }
    return false;
}
