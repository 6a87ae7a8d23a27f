/* Roles and bindings compiled to rules per subject.  Called by authz.c; loop thread.
 *
 * Semantics of plugin/pkg/auth/authorizer/rbac and component-helpers/auth/rbac/validation (release
 * 1.35). Any change of a role or binding drops what is compiled; the next question compiles anew, so
 * an answered write is in force. */
#include "config.h" /* IWYU pragma: keep */

#include "apiserver/rbac.h"

#include "api/object.h"
#include "api/registry.h"
#include "apiserver/authz.h"
#include "apiserver/sink.h"
#include "base/arena.h"
#include "base/map.h"
#include "base/mem.h"
#include "client/cache.h"

struct words {
    struct str *at;
    size_t len;
};
struct rule {
    struct words verbs, groups, resources, names, paths;
};
struct rules {
    struct rule *at;
    size_t len;
};
/* What one binding gives one subject. */
struct grant {
    const struct rules *rules;
    struct str ns;      /* "" everywhere */
    struct str binding; /* for the reason */
    struct grant *next;
};

enum { KINDS = 4 };
static const char *const kinds[KINDS] = { "clusterroles", "clusterrolebindings", "roles",
                                          "rolebindings" };
enum { CLUSTER_ROLES, CLUSTER_BINDINGS, ROLES, BINDINGS };

struct rbac {
    struct sink *sink;
    const struct resource *resources[KINDS];
    void *subscriptions[KINDS];
    struct arena *arena; /* of what is compiled; NULL: nothing is */
    struct map subjects; /* "u:name", "g:name" → struct grant list */
    struct map roles;    /* "ns/name" → struct rules */
};

/* ---- life ---- */

static void
forget(struct rbac *rbac)
{
    map_done(&rbac->subjects, NULL);
    map_done(&rbac->roles, NULL);
    arena_free(rbac->arena);
    rbac->arena = NULL;
}

static void
changed(void *ctx, struct object *old, struct object *now, uint64_t rev)
{
    (void)old;
    (void)now;
    (void)rev;
    forget(ctx);
}

struct rbac *
rbac_new(struct sink *sink, const struct registry *registry)
{
    struct rbac *rbac = MEM_NEW(struct rbac);
    rbac->sink = sink;
    for (size_t i = 0; i < KINDS; i++) {
        rbac->resources[i] =
            registry_find(registry, STR("rbac.authorization.k8s.io"), STR("v1"), str_of(kinds[i]));
        if (rbac->resources[i] != NULL) {
            rbac->subscriptions[i] = sink_subscribe(sink, rbac->resources[i], changed, rbac);
        }
    }
    return rbac;
}

void
rbac_free(struct rbac *rbac)
{
    if (rbac == NULL) {
        return;
    }
    for (size_t i = 0; i < KINDS; i++) {
        if (rbac->subscriptions[i] != NULL) {
            sink_unsubscribe(rbac->sink, rbac->subscriptions[i]);
        }
    }
    forget(rbac);
    mem_free(rbac);
}

/* ---- compiling ---- */

static struct words
read_words(struct arena *arena, struct val list)
{
    struct words words = { arena_array(arena, val_len(list) + 1, sizeof(struct str)), 0 };
    VAL_EACH (it, list) {
        words.at[words.len++] = arena_dup(arena, val_str(it.value));
    }
    return words;
}

static struct rules *
read_rules(struct arena *arena, struct val list)
{
    struct rules *rules = ARENA_NEW(arena, struct rules);
    rules->at = arena_array(arena, val_len(list) + 1, sizeof(struct rule));
    VAL_EACH (it, list) {
        rules->at[rules->len++] = (struct rule){
            .verbs = read_words(arena, val_get(it.value, "verbs")),
            .groups = read_words(arena, val_get(it.value, "apiGroups")),
            .resources = read_words(arena, val_get(it.value, "resources")),
            .names = read_words(arena, val_get(it.value, "resourceNames")),
            .paths = read_words(arena, val_get(it.value, "nonResourceURLs")),
        };
    }
    return rules;
}

static void
compile_roles(struct rbac *rbac, const struct resource *resource)
{
    CACHE_EACH (role, it, sink_cache(rbac->sink), resource, ((struct str){ 0 })) {
        struct str key =
            arena_printf(rbac->arena, STR_FMT "/" STR_FMT, STR_ARG(role->ns), STR_ARG(role->name));
        object_pin(role);
        (void)map_put(&rbac->roles, key,
                      read_rules(rbac->arena, val_get(object_val(role), "rules")));
        object_unpin(role);
    }
}

static void
add_grant(struct rbac *rbac, struct str subject, const struct grant *grant)
{
    struct grant *kept = ARENA_NEW(rbac->arena, struct grant);
    *kept = *grant;
    kept->next = map_get(&rbac->subjects, subject);
    (void)map_put(&rbac->subjects, subject, kept);
}

static void
compile_subject(struct rbac *rbac, struct val subject, struct str binding_ns,
                const struct grant *grant)
{
    struct str kind = val_str(val_get(subject, "kind")), name = val_str(val_get(subject, "name"));
    struct str ns = val_str(val_get(subject, "namespace"));
    if (str_is(kind, "ServiceAccount")) {
        ns = ns.size > 0 ? ns : binding_ns;
        add_grant(rbac,
                  arena_printf(rbac->arena, "u:system:serviceaccount:" STR_FMT ":" STR_FMT,
                               STR_ARG(ns), STR_ARG(name)),
                  grant);
    } else if (str_is(kind, "User") || str_is(kind, "Group")) {
        add_grant(rbac,
                  arena_printf(rbac->arena, "%c:" STR_FMT, str_is(kind, "User") ? 'u' : 'g',
                               STR_ARG(name)),
                  grant);
    }
}

static void
compile_binding(struct rbac *rbac, const struct object *binding)
{
    struct arena *arena = rbac->arena;
    struct val root = object_val(binding), ref = val_get(root, "roleRef");
    struct str role = val_str(val_get(ref, "name"));
    bool is_cluster_role = val_is_str(val_get(ref, "kind"), "ClusterRole");
    struct str role_ns = is_cluster_role ? (struct str){ 0 } : binding->ns;
    struct str key = arena_printf(arena, STR_FMT "/" STR_FMT, STR_ARG(role_ns), STR_ARG(role));
    bool is_cluster = binding->ns.size == 0;
    struct grant grant = {
        .rules = map_get(&rbac->roles, key),
        .ns = arena_dup(arena, binding->ns),
        .binding = arena_printf(
            arena, "RBAC: allowed by %s \"" STR_FMT "%s" STR_FMT "\" of %s \"" STR_FMT "\" to ",
            is_cluster ? "ClusterRoleBinding" : "RoleBinding", STR_ARG(binding->name),
            is_cluster ? "" : "/", STR_ARG(binding->ns), is_cluster_role ? "ClusterRole" : "Role",
            STR_ARG(role)),
    };
    VAL_EACH (it, val_get(root, "subjects")) {
        if (grant.rules != NULL) {
            compile_subject(rbac, it.value, binding->ns, &grant);
        }
    }
}

static void
compile(struct rbac *rbac)
{
    static const int bindings[] = { CLUSTER_BINDINGS, BINDINGS };
    if (rbac->arena != NULL) {
        return;
    }
    rbac->arena = arena_new();
    compile_roles(rbac, rbac->resources[CLUSTER_ROLES]);
    compile_roles(rbac, rbac->resources[ROLES]);
    for (size_t i = 0; i < ARRAY_LEN(bindings); i++) {
        const struct resource *resource = rbac->resources[bindings[i]];
        CACHE_EACH (binding, it, sink_cache(rbac->sink), resource, ((struct str){ 0 })) {
            object_pin(binding);
            compile_binding(rbac, binding);
            object_unpin(binding);
        }
    }
}

/* ---- matching ---- */

static bool
has(const struct words *words, struct str word)
{
    for (size_t i = 0; i < words->len; i++) {
        if (str_is(words->at[i], "*") || str_eq(words->at[i], word)) {
            return true;
        }
    }
    return false;
}

static bool
has_resource(const struct words *words, struct str resource, struct str sub)
{
    for (size_t i = 0; i < words->len; i++) {
        struct str rest, head = str_cut(words->at[i], '/', &rest);
        if (str_is(words->at[i], "*")) {
            return true;
        }
        bool same_sub = rest.at == NULL ? sub.size == 0 : str_eq(rest, sub);
        bool any_head = str_is(head, "*") && rest.at != NULL;
        if (same_sub && (any_head || str_eq(head, resource))) {
            return true;
        }
    }
    return false;
}

static bool
has_path(const struct words *words, struct str path)
{
    for (size_t i = 0; i < words->len; i++) {
        struct str w = words->at[i];
        bool is_prefix = w.size > 0 && w.at[w.size - 1] == '*';
        if (is_prefix ? str_has_prefix(path, str_slice(w.at, w.size - 1)) : str_eq(w, path)) {
            return true;
        }
    }
    return false;
}

static bool
rule_allows(const struct rule *rule, const struct authz_attrs *a)
{
    if (!has(&rule->verbs, a->verb)) {
        return false;
    }
    if (!a->is_resource) {
        return has_path(&rule->paths, a->path);
    }
    return has(&rule->groups, a->group) &&
           has_resource(&rule->resources, a->resource, a->subresource) &&
           (rule->names.len == 0 || (a->name.size > 0 && has(&rule->names, a->name)));
}

/* Grants of one subject that hold in the namespace. */
static const struct grant *
next_grant(const struct grant *grant, struct str ns, bool is_resource)
{
    while (grant != NULL && grant->ns.size > 0 && !(is_resource && str_eq(grant->ns, ns))) {
        grant = grant->next;
    }
    return grant;
}

struct subjects {
    struct rbac *rbac;
    struct arena *arena;
    const struct req_user *user;
    size_t next; /* 0: the user, then the groups */
};

/* Subjects of a user: the first grant of each, NULL with *ret_end at the end. */
static const struct grant *
next_subject(struct subjects *s, struct str *ret_text, bool *ret_end)
{
    const struct req_user *user = s->user;
    *ret_end = s->next > user->group_len;
    if (*ret_end) {
        return NULL;
    }
    bool is_user = s->next == 0;
    struct str name = is_user ? user->name : user->groups[s->next - 1];
    s->next++;
    *ret_text =
        arena_printf(s->arena, "%s \"" STR_FMT "\"", is_user ? "User" : "Group", STR_ARG(name));
    return map_get(&s->rbac->subjects,
                   arena_printf(s->arena, "%c:" STR_FMT, is_user ? 'u' : 'g', STR_ARG(name)));
}

bool
rbac_allows(struct rbac *rbac, const struct authz_attrs *attrs, struct arena *arena,
            struct str *ret_reason)
{
    struct subjects s = { rbac, arena, attrs->user, 0 };
    bool is_end = false;
    compile(rbac);
    while (!is_end) {
        struct str subject;
        const struct grant *g = next_subject(&s, &subject, &is_end);
        for (g = next_grant(g, attrs->ns, attrs->is_resource); g != NULL;
             g = next_grant(g->next, attrs->ns, attrs->is_resource)) {
            for (size_t i = 0; i < g->rules->len; i++) {
                if (rule_allows(&g->rules->at[i], attrs)) {
                    *ret_reason =
                        arena_printf(arena, STR_FMT STR_FMT, STR_ARG(g->binding), STR_ARG(subject));
                    return true;
                }
            }
        }
    }
    return false;
}

/* ---- rules of a user ---- */

static void
write_words(struct jw *out, const char *key, const struct words *words)
{
    if (words->len == 0) {
        return;
    }
    jw_keyz(out, key);
    jw_arr(out);
    for (size_t i = 0; i < words->len; i++) {
        jw_str(out, words->at[i]);
    }
    jw_end(out);
}

static void
write_rule(struct jw *out, const struct rule *rule)
{
    jw_obj(out);
    write_words(out, "verbs", &rule->verbs);
    write_words(out, "apiGroups", &rule->groups);
    write_words(out, "resources", &rule->resources);
    write_words(out, "resourceNames", &rule->names);
    write_words(out, "nonResourceURLs", &rule->paths);
    jw_end(out);
}

static void
write_rules(const struct rules *rules, bool is_resource, struct jw *out)
{
    for (size_t i = 0; i < rules->len; i++) {
        if ((rules->at[i].resources.len > 0) == is_resource) {
            write_rule(out, &rules->at[i]);
        }
    }
}

/* What cluster role bindings give comes before what those of the namespace do (VisitRulesFor). */
static void
write_side(struct rbac *rbac, const struct req_user *user, struct str ns, bool is_resource,
           struct jw *out)
{
    AUTO_ARENA struct arena *arena = arena_new();
    jw_arr(out);
    for (int is_local = 0; is_local <= 1; is_local++) {
        struct subjects s = { rbac, arena, user, 0 };
        for (bool is_end = false; !is_end;) {
            struct str subject;
            const struct grant *g = next_subject(&s, &subject, &is_end);
            for (g = next_grant(g, ns, true); g != NULL; g = next_grant(g->next, ns, true)) {
                if ((g->ns.size > 0) == (is_local == 1)) {
                    write_rules(g->rules, is_resource, out);
                }
            }
        }
    }
    jw_end(out);
}

void
rbac_write_rules(struct rbac *rbac, const struct req_user *user, struct str ns, struct jw *out)
{
    compile(rbac);
    jw_keyz(out, "resourceRules");
    write_side(rbac, user, ns, true, out);
    jw_keyz(out, "nonResourceRules");
    write_side(rbac, user, ns, false, out);
}
