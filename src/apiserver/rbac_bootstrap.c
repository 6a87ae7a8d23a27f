/* Bootstrap of RBAC from rbac_roles.def.  Called by apiserver.c at start; loop thread.
 *
 * Follows pkg/registry/rbac/rest/storage_rbac.go (release 1.35): existing roles get missing rules
 * added, nothing is taken away. All writes go out together and share commits. */
#include "config.h" /* IWYU pragma: keep */

#include "apiserver/rbac_bootstrap.h"

#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/cache.h"
#include "client/client.h"

enum row_kind { ROW_ROLE, ROW_RULE, ROW_BIND };
struct row {
    enum row_kind kind;
    const char *text[5];
};
static const struct row rows[] = {
#define ROLE(ns, name, labels, aggregated) { ROW_ROLE, { ns, name, labels, aggregated, NULL } },
#define RULE(verbs, groups, resources, names, paths)                                               \
    { ROW_RULE, { verbs, groups, resources, names, paths } },
#define BIND(ns, name, role, subjects) { ROW_BIND, { ns, name, role, subjects, NULL } },
#include "apiserver/rbac_roles.def"
#undef ROLE
#undef RULE
#undef BIND
};
enum { LABELS = 2, AGGREGATED = 3, ROLE_NAME = 2, SUBJECTS = 3 };

struct run {
    struct client *client;
    const struct cache *cache;
    const struct registry *registry;
    struct arena *arena;
    size_t left; /* writes in flight, and one for the walk itself */
    struct err *first;
    void (*done)(void *ctx, struct err *owned);
    void *ctx;
};

static void
finish_one(struct run *run)
{
    if (--run->left > 0) {
        return;
    }
    run->done(run->ctx, run->first);
    arena_free(run->arena);
    mem_free(run);
}

static void
written(void *ctx, const struct reply *reply, struct err *owned)
{
    struct run *run = ctx;
    (void)reply;
    if (owned != NULL && owned->code != ERR_ALREADY_EXISTS && run->first == NULL) {
        run->first = STEAL(owned);
    }
    err_free(owned);
    finish_one(run);
}

/* ---- bodies ---- */

static void
write_words(struct jw *w, const char *key, const char *words)
{
    if (words[0] == '\0') {
        return;
    }
    jw_keyz(w, key);
    jw_arr(w);
    for (struct str rest = str_of(words); rest.size > 0;) {
        struct str word = str_cut(rest, ' ', &rest);
        jw_str(w, str_is(word, "''") ? STR("") : word);
    }
    jw_end(w);
}

static void
write_head(struct jw *w, const char *kind, const struct row *row, const char *labels)
{
    jw_obj(w);
    jw_kvz(w, "apiVersion", "rbac.authorization.k8s.io/v1");
    jw_kvz(w, "kind", kind);
    jw_keyz(w, "metadata");
    jw_obj(w);
    jw_kvz(w, "name", row->text[1]);
    jw_kvz(w, "namespace", row->text[0]);
    jw_keyz(w, "annotations");
    jw_obj(w);
    jw_kvz(w, "rbac.authorization.kubernetes.io/autoupdate", "true");
    jw_end(w);
    jw_keyz(w, "labels");
    jw_obj(w);
    jw_kvz(w, "kubernetes.io/bootstrapping", "rbac-defaults");
    for (struct str rest = str_of(labels); rest.size > 0;) {
        struct str label = str_cut(rest, ' ', &rest);
        AUTO_STR struct str_builder key = { 0 };
        str_putf(&key, "rbac.authorization.k8s.io/" STR_FMT, STR_ARG(label));
        jw_key(w, str_view(&key));
        jw_strz(w, "true");
    }
    jw_end(w);
    jw_end(w);
}

static void
write_rule(struct jw *w, const struct row *rule)
{
    jw_obj(w);
    write_words(w, "verbs", rule->text[0]);
    write_words(w, "apiGroups", rule->text[1]);
    write_words(w, "resources", rule->text[2]);
    write_words(w, "resourceNames", rule->text[3]);
    write_words(w, "nonResourceURLs", rule->text[4]);
    jw_end(w);
}

static struct str
role_body(struct run *run, const struct row *row, size_t rule_len)
{
    struct jw w;
    jw_init(&w, run->arena);
    write_head(&w, row->text[0][0] == '\0' ? "ClusterRole" : "Role", row, row->text[LABELS]);
    if (row->text[AGGREGATED][0] != '\0') {
        jw_keyz(&w, "aggregationRule");
        jw_obj(&w);
        jw_keyz(&w, "clusterRoleSelectors");
        jw_arr(&w);
        jw_obj(&w);
        jw_keyz(&w, "matchLabels");
        jw_obj(&w);
        jw_key(&w, arena_printf(run->arena, "rbac.authorization.k8s.io/%s", row->text[AGGREGATED]));
        jw_strz(&w, "true");
        jw_end(&w);
        jw_end(&w);
        jw_end(&w);
        jw_end(&w);
    }
    jw_keyz(&w, "rules");
    jw_arr(&w);
    for (size_t i = 1; i <= rule_len; i++) {
        write_rule(&w, row + i);
    }
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}

/* "Kind:namespace/name" */
static void
write_subject(struct jw *w, struct str subject)
{
    struct str place, name, kind = str_cut(subject, ':', &place);
    struct str ns = str_cut(place, '/', &name);
    jw_obj(w);
    jw_kv(w, "kind", kind);
    if (!str_is(kind, "ServiceAccount")) {
        jw_kvz(w, "apiGroup", "rbac.authorization.k8s.io");
    }
    jw_kv(w, "name", name);
    jw_kv(w, "namespace", ns);
    jw_end(w);
}

static struct str
binding_body(struct run *run, const struct row *row)
{
    struct jw w;
    bool is_cluster = row->text[0][0] == '\0';
    jw_init(&w, run->arena);
    write_head(&w, is_cluster ? "ClusterRoleBinding" : "RoleBinding", row, "");
    jw_keyz(&w, "roleRef");
    jw_obj(&w);
    jw_kvz(&w, "apiGroup", "rbac.authorization.k8s.io");
    jw_kvz(&w, "kind", is_cluster ? "ClusterRole" : "Role");
    jw_kvz(&w, "name", row->text[ROLE_NAME]);
    jw_end(&w);
    jw_keyz(&w, "subjects");
    jw_arr(&w);
    for (struct str rest = str_of(row->text[SUBJECTS]); rest.size > 0;) {
        write_subject(&w, str_cut(rest, ' ', &rest));
    }
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}

/* ---- writes ---- */

static void
create(struct run *run, const struct resource *resource, const struct row *row, struct str body)
{
    struct call call = call_of(VERB_CREATE, resource, str_of(row->text[0]), (struct str){ 0 });
    call.body = body;
    call.field_manager = STR("kube-apiserver");
    run->left++;
    (void)client_call(run->client, &call, written, run);
}

static bool
has_rule(struct val rules, struct val rule)
{
    VAL_EACH (it, rules) {
        if (val_eq(it.value, rule)) {
            return true;
        }
    }
    return false;
}

/* Rules that the role lost, added behind its own by a JSON patch. */
static void
mend(struct run *run, struct object *role, struct str body)
{
    AUTO_ERR struct err *err = NULL;
    struct doc *want = doc_parse(run->arena, body, &err);
    struct val have = val_get(object_val(role), "rules");
    struct val annotations = val_at(object_val(role), "metadata.annotations");
    struct jw w;
    size_t missing = 0;
    if (val_is_str(val_get(annotations, "rbac.authorization.kubernetes.io/autoupdate"), "false")) {
        return;
    }
    jw_init(&w, run->arena);
    jw_obj(&w);
    jw_keyz(&w, "rules");
    jw_arr(&w);
    VAL_EACH (it, have) {
        jw_val(&w, it.value);
    }
    VAL_EACH (it, val_get(doc_root(want), "rules")) {
        if (!has_rule(have, it.value)) {
            jw_val(&w, it.value);
            missing++;
        }
    }
    jw_end(&w);
    jw_end(&w);
    struct str patch = jw_done(&w);
    if (missing > 0) {
        struct call call = call_of(VERB_PATCH, role->resource, role->ns, role->name);
        call.body = patch;
        call.body_type = BODY_MERGE_PATCH;
        call.field_manager = STR("kube-apiserver");
        run->left++;
        (void)client_call(run->client, &call, written, run);
    }
}

static const struct resource *
resource_of(const struct run *run, const struct row *row)
{
    bool is_cluster = row->text[0][0] == '\0';
    const char *plural = row->kind == ROW_ROLE
                             ? (is_cluster ? "clusterroles" : "roles")
                             : (is_cluster ? "clusterrolebindings" : "rolebindings");
    return registry_find(run->registry, STR("rbac.authorization.k8s.io"), STR("v1"),
                         str_of(plural));
}

void
rbac_bootstrap(struct client *client, const struct cache *cache, const struct registry *registry,
               void (*done)(void *ctx, struct err *owned), void *ctx)
{
    struct run *run = MEM_NEW(struct run);
    *run = (struct run){ client, cache, registry, arena_new(), 1, NULL, done, ctx };
    for (size_t i = 0; i < ARRAY_LEN(rows);) {
        const struct row *row = &rows[i];
        size_t rules = 0;
        while (i + 1 + rules < ARRAY_LEN(rows) && rows[i + 1 + rules].kind == ROW_RULE) {
            rules++;
        }
        i += 1 + rules;
        const struct resource *resource = resource_of(run, row);
        if (resource == NULL) {
            continue; /* a registry without RBAC: tests */
        }
        struct object *old = cache_get(cache, resource, str_of(row->text[0]), str_of(row->text[1]));
        struct str body =
            row->kind == ROW_ROLE ? role_body(run, row, rules) : binding_body(run, row);
        if (old == NULL) {
            create(run, resource, row, body);
        } else if (row->kind == ROW_ROLE) {
            object_pin(old);
            mend(run, old, body);
            object_unpin(old);
        }
    }
    finish_one(run);
}
