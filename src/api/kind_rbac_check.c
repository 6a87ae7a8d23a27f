/* Checks of roles and bindings, after pkg/apis/rbac/validation of release 1.35.
 *
 * Called by validate.c through the rows of kind_rbac.c. Pure, any thread. */
#include "config.h"

#include <string.h>

#include "api/check.h"
#include "api/kinds_priv.h"
#include "api/registry.h"
#include "api/validate.h"
#include "base/arena.h"

#define RBAC "rbac.authorization.k8s.io"

static const char *const kind_rbac_group[] = { RBAC, NULL };
static const char *const kind_rbac_no_group[] = { "", NULL };
static const char *const kind_rbac_roles[] = { "Role", "ClusterRole", NULL };
static const char *const kind_rbac_cluster_roles[] = { "ClusterRole", NULL };
static const char *const kind_rbac_subjects[] = { "ServiceAccount", "User", "Group", NULL };

static bool
kind_rbac_is_namespaced(const struct check_in *in)
{
    return resource_is_namespaced(in->resource);
}

/* ---- roles ---- */

static void
kind_rbac_check_urls(struct val rule, bool is_namespaced, const struct field_path *path,
                     struct causes *out)
{
    struct val urls = val_get(rule, "nonResourceURLs");
    if (is_namespaced) {
        causes_add(out, CAUSE_INVALID, path, "nonResourceURLs", urls,
                   "namespaced rules cannot apply to non-resource URLs");
    }
    if (val_len(val_get(rule, "apiGroups")) > 0 || val_len(val_get(rule, "resources")) > 0 ||
        val_len(val_get(rule, "resourceNames")) > 0) {
        causes_add(out, CAUSE_INVALID, path, "nonResourceURLs", urls,
                   "rules cannot apply to both regular resources and non-resource URLs");
    }
}

static void
kind_rbac_check_rule(struct val rule, bool is_namespaced, const struct field_path *path,
                     struct causes *out)
{
    const struct val none = { 0 };
    if (val_len(val_get(rule, "verbs")) == 0) {
        causes_add(out, CAUSE_REQUIRED, path, "verbs", none,
                   "verbs must contain at least one value");
    }
    if (val_len(val_get(rule, "nonResourceURLs")) > 0) {
        kind_rbac_check_urls(rule, is_namespaced, path, out);
        return;
    }
    if (val_len(val_get(rule, "apiGroups")) == 0) {
        causes_add(out, CAUSE_REQUIRED, path, "apiGroups", none,
                   "resource rules must supply at least one api group");
    }
    if (val_len(val_get(rule, "resources")) == 0) {
        causes_add(out, CAUSE_REQUIRED, path, "resources", none,
                   "resource rules must supply at least one resource");
    }
}

void
kind_rbac_check_role(struct check_in *in, struct causes *out)
{
    struct field_path rules = { .name = "rules", .index = -1 };
    struct val aggregation = val_get(in->now, "aggregationRule");
    int64_t index = 0;
    VAL_EACH (it, val_get(in->now, "rules")) {
        struct field_path path = { .up = &rules, .index = index++ };
        kind_rbac_check_rule(it.value, kind_rbac_is_namespaced(in), &path, out);
    }
    if (val_is(aggregation) && val_len(val_get(aggregation, "clusterRoleSelectors")) == 0) {
        causes_add(out, CAUSE_REQUIRED, NULL, "aggregationRule.clusterRoleSelectors",
                   (struct val){ 0 },
                   "at least one clusterRoleSelector required if aggregationRule is non-nil");
    }
    struct field_path rule = check_at(NULL, "aggregationRule");
    struct field_path list = check_at(&rule, "clusterRoleSelectors");
    size_t nth = 0;
    VAL_EACH (it, val_get(aggregation, "clusterRoleSelectors")) {
        struct field_path item = check_item(&list, nth++);
        check_label_selector(out, &item, NULL, it.value);
        if (check_selector(out->arena, it.value, (struct val){ 0 }) == CHECK_NO_SELECTOR) {
            causes_add_json(out, CAUSE_INVALID, &item, "", STR("null"), "invalid label selector.");
        }
    }
}

/* ---- bindings ---- */

static void
kind_rbac_check_ref(struct check_in *in, struct causes *out)
{
    struct val ref = val_get(in->now, "roleRef");
    struct val group = val_get(ref, "apiGroup"), name = val_get(ref, "name");
    struct str kind = val_str(val_get(ref, "kind"));
    bool is_namespaced = kind_rbac_is_namespaced(in);
    if (!val_is_str(group, RBAC)) {
        causes_add_enum(out, NULL, "roleRef.apiGroup", group, kind_rbac_group);
    }
    if (!str_is(kind, "ClusterRole") && !(is_namespaced && str_is(kind, "Role"))) {
        causes_add_enum(out, NULL, "roleRef.kind", val_get(ref, "kind"),
                        is_namespaced ? kind_rbac_roles : kind_rbac_cluster_roles);
    }
    if (val_str(name).size == 0) {
        causes_add(out, CAUSE_REQUIRED, NULL, "roleRef.name", (struct val){ 0 }, NULL);
        return;
    }
    struct problems problems = { 0 };
    validate_name_path_segment(val_str(name), false, &problems);
    for (size_t i = 0; i < problems.len; i++) {
        causes_add(out, CAUSE_INVALID, NULL, "roleRef.name", name, "%s", problems.at[i]);
    }
}

static void
kind_rbac_check_account(struct val subject, bool is_namespaced, const struct field_path *path,
                        struct causes *out)
{
    struct val name = val_get(subject, "name"), group = val_get(subject, "apiGroup");
    struct problems problems = { 0 };
    if (val_str(name).size > 0) {
        validate_name_subdomain(val_str(name), false, &problems);
    }
    for (size_t i = 0; i < problems.len; i++) {
        causes_add(out, CAUSE_INVALID, path, "name", name, "%s", problems.at[i]);
    }
    if (val_str(group).size > 0) {
        causes_add_enum(out, path, "apiGroup", group, kind_rbac_no_group);
    }
    if (!is_namespaced && val_str(val_get(subject, "namespace")).size == 0) {
        causes_add(out, CAUSE_REQUIRED, path, "namespace", (struct val){ 0 }, NULL);
    }
}

static void
kind_rbac_check_subject(struct val subject, bool is_namespaced, const struct field_path *path,
                        struct causes *out)
{
    struct str kind = val_str(val_get(subject, "kind"));
    struct val group = val_get(subject, "apiGroup");
    if (val_str(val_get(subject, "name")).size == 0) {
        causes_add(out, CAUSE_REQUIRED, path, "name", (struct val){ 0 }, NULL);
    }
    if (str_is(kind, "ServiceAccount")) {
        kind_rbac_check_account(subject, is_namespaced, path, out);
    } else if (!str_is(kind, "User") && !str_is(kind, "Group")) {
        causes_add_enum(out, path, "kind", val_get(subject, "kind"), kind_rbac_subjects);
    } else if (!val_is_str(group, RBAC)) {
        causes_add_enum(out, path, "apiGroup", group, kind_rbac_group);
    }
}

void
kind_rbac_check_binding(struct check_in *in, struct causes *out)
{
    struct field_path subjects = { .name = "subjects", .index = -1 };
    int64_t index = 0;
    kind_rbac_check_ref(in, out);
    VAL_EACH (it, val_get(in->now, "subjects")) {
        struct field_path path = { .up = &subjects, .index = index++ };
        kind_rbac_check_subject(it.value, kind_rbac_is_namespaced(in), &path, out);
    }
}

void
kind_rbac_check_rebinding(struct check_in *in, struct causes *out)
{
    struct val now = val_get(in->now, "roleRef"), old = val_get(in->old, "roleRef");
    kind_rbac_check_binding(in, out);
    if (!val_eq(now, old)) {
        /* As Go prints the internal struct, which has no JSON names. */
        struct jw w;
        jw_init(&w, in->arena);
        jw_obj(&w);
        jw_keyz(&w, "APIGroup");
        jw_str(&w, val_str(val_get(now, "apiGroup")));
        jw_keyz(&w, "Kind");
        jw_str(&w, val_str(val_get(now, "kind")));
        jw_keyz(&w, "Name");
        jw_str(&w, val_str(val_get(now, "name")));
        jw_end(&w);
        causes_add_json(out, CAUSE_INVALID, NULL, "roleRef", jw_done(&w), "cannot change roleRef");
    }
}
