/* apiserver/rbac, authz_node: who may what, asked of a whole server; rules hold once answered. */
#include "config.h" /* IWYU pragma: keep */

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "tests/lib/tb.h"
#include "tests/lib/unit.h"

static int
serve(void **state)
{
    *state = tb_serve(NULL);
    return 0;
}

static int
leave(void **state)
{
    tb_free(*state);
    return 0;
}

static const struct resource *
resource(struct tb *tb, const char *group, const char *plural)
{
    const struct resource *r = registry_any_version(tb->registry, str_of(group), str_of(plural));
    assert_non_null(r);
    return r;
}

static void
create(struct tb *tb, const char *group, const char *plural, const char *ns, const char *json)
{
    struct call call = call_of(VERB_CREATE, resource(tb, group, plural), str_of(ns), STR(""));
    call.body = str_of(json);
    struct tb_result r = tb_call(tb, tb->admin, &call);
    if (r.err != NULL) {
        fail_msg("%s: %s", json, r.err->message);
    }
    tb_result_done(&r);
}

struct question {
    enum verb verb;
    const char *group, *plural, *ns, *name;
    bool is_allowed;
};

static void
ask(struct tb *tb, const char *user, const char *const *groups, const struct question *questions,
    size_t len)
{
    struct client *client = tb_client(tb, user, groups);
    for (size_t i = 0; i < len; i++) {
        const struct question *q = &questions[i];
        struct call call =
            call_of(q->verb, resource(tb, q->group, q->plural), str_of(q->ns), str_of(q->name));
        struct tb_result r = tb_call(tb, client, &call);
        bool is_denied = r.err != NULL && r.err->code == ERR_FORBIDDEN;
        if (is_denied == q->is_allowed) {
            fail_msg("%s: %s %s %s/%s: %s", user, verb_name(q->verb), q->plural, q->ns, q->name,
                     r.err == NULL ? "allowed" : r.err->message);
        }
        tb_result_done(&r);
    }
    client_free(client);
}

#define RBAC "rbac.authorization.k8s.io"

static void
test_bindings(void **state)
{
    struct tb *tb = *state;
    static const struct question before[] = {
        { VERB_GET, "", "configmaps", "default", "a", false },
    };
    static const struct question after[] = {
        { VERB_GET, "", "configmaps", "default", "a", true },
        { VERB_GET, "", "configmaps", "default", "b", false },
        { VERB_GET, "", "configmaps", "kube-system", "a", false },
        { VERB_DELETE, "", "configmaps", "default", "a", false },
        { VERB_LIST, "", "pods", "default", "", true },
        { VERB_LIST, "", "pods", "kube-system", "", true },
        { VERB_LIST, "", "nodes", "", "", false },
    };
    ask(tb, "ann", NULL, before, ARRAY_LEN(before));
    create(tb, RBAC, "roles", "default",
           "{\"metadata\":{\"name\":\"one\"},\"rules\":[{\"verbs\":[\"get\"],\"apiGroups\":[\"\"],"
           "\"resources\":[\"configmaps\"],\"resourceNames\":[\"a\"]}]}");
    create(tb, RBAC, "rolebindings", "default",
           "{\"metadata\":{\"name\":\"one\"},\"roleRef\":{\"apiGroup\":\"" RBAC
           "\",\"kind\":\"Role\",\"name\":\"one\"},\"subjects\":[{\"kind\":\"User\",\"apiGroup\":"
           "\"" RBAC "\",\"name\":\"ann\"}]}");
    create(tb, RBAC, "clusterroles", "",
           "{\"metadata\":{\"name\":\"pods\"},\"rules\":[{\"verbs\":[\"*\"],\"apiGroups\":[\"\"],"
           "\"resources\":[\"pods\"]}]}");
    create(tb, RBAC, "clusterrolebindings", "",
           "{\"metadata\":{\"name\":\"pods\"},\"roleRef\":{\"apiGroup\":\"" RBAC
           "\",\"kind\":\"ClusterRole\",\"name\":\"pods\"},\"subjects\":[{\"kind\":\"Group\","
           "\"apiGroup\":\"" RBAC "\",\"name\":\"crew\"}]}");
    static const char *const crew[] = { "crew", NULL };
    ask(tb, "ann", crew, after, ARRAY_LEN(after));
}

static void
test_bootstrap_roles(void **state)
{
    struct tb *tb = *state;
    static const char *const accounts[] = { "system:serviceaccounts", "system:authenticated",
                                            NULL };
    static const struct question gc[] = {
        { VERB_DELETE, "", "pods", "default", "x", true },
        { VERB_LIST, "apps", "deployments", "", "", true },
    };
    static const struct question scheduler[] = {
        { VERB_LIST, "", "pods", "", "", true },
        { VERB_GET, "", "secrets", "default", "x", false },
    };
    ask(tb, "system:serviceaccount:kube-system:generic-garbage-collector", accounts, gc,
        ARRAY_LEN(gc));
    ask(tb, "system:kube-scheduler", NULL, scheduler, ARRAY_LEN(scheduler));
}

static void
test_nodes(void **state)
{
    struct tb *tb = *state;
    static const char *const groups[] = { "system:nodes", "system:authenticated", NULL };
    static const struct question questions[] = {
        { VERB_GET, "", "nodes", "", "n1", true },
        { VERB_GET, "", "nodes", "", "n2", false },
        { VERB_GET, "", "secrets", "default", "mounted", true },
        { VERB_GET, "", "secrets", "default", "other", false },
        { VERB_GET, "", "configmaps", "default", "from-env", true },
        { VERB_LIST, "", "secrets", "default", "", false },
        { VERB_DELETE, "", "nodes", "", "n1", false },
    };
    create(tb, "", "pods", "default",
           "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"nodeName\":\"n1\",\"containers\":[{\"name\":"
           "\"c\",\"image\":\"i\",\"envFrom\":[{\"configMapRef\":{\"name\":\"from-env\"}}]}],"
           "\"volumes\":[{\"name\":\"v\",\"secret\":{\"secretName\":\"mounted\"}}]}}");
    ask(tb, "system:node:n1", groups, questions, ARRAY_LEN(questions));
    static const struct question elsewhere[] = {
        { VERB_GET, "", "secrets", "default", "mounted", false },
    };
    ask(tb, "system:node:n2", groups, elsewhere, ARRAY_LEN(elsewhere));
}

/* ---- giving rights away ---- */

static const char *const ann_groups[] = { "crew", NULL };

/* Ann of the crew may write roles and bindings of "default", and get and list its pods. */
static void
let_ann_write(struct tb *tb, const char *more_rules)
{
    AUTO_FREE char *role = mem_printf(
        "{\"metadata\":{\"name\":\"w\"},\"rules\":[{\"verbs\":[\"create\",\"update\",\"get\"],"
        "\"apiGroups\":[\"" RBAC "\"],\"resources\":[\"roles\",\"rolebindings\",\"clusterroles\"]},"
        "{\"verbs\":[\"get\",\"list\"],\"apiGroups\":[\"\"],\"resources\":[\"pods\"]}%s]}",
        more_rules);
    create(tb, RBAC, "clusterroles", "", role);
    create(tb, RBAC, "clusterrolebindings", "",
           "{\"metadata\":{\"name\":\"w\"},\"roleRef\":{\"apiGroup\":\"" RBAC
           "\",\"kind\":\"ClusterRole\",\"name\":\"w\"},\"subjects\":[{\"kind\":\"Group\","
           "\"apiGroup\":\"" RBAC "\",\"name\":\"crew\"}]}");
}

static void
ann_writes(struct tb *tb, enum verb verb, const char *plural, const char *name, const char *json,
           const char *want)
{
    struct client *ann = tb_client(tb, "ann", ann_groups);
    bool is_cluster = str_has_prefix(str_of(plural), STR("cluster"));
    struct call call = call_of(verb, resource(tb, RBAC, plural),
                               is_cluster ? STR("") : STR("default"), str_of(name));
    call.body = str_of(json);
    struct tb_result r = tb_call(tb, ann, &call);
    const char *got = r.err == NULL ? "" : r.err->message;
    if (strcmp(got, want) != 0) {
        fail_msg("%s\nwant: %s\ngot: %s", json, want, got);
    }
    tb_result_done(&r);
    client_free(ann);
}

#define NOT_HELD(what)                                                                             \
    what " is forbidden: user \"ann\" (groups=[\"crew\" \"system:authenticated\"]) is attempting " \
         "to grant RBAC permissions not currently held:\n"
#define ROLE(rules) "{\"metadata\":{\"name\":\"r\"},\"rules\":[" rules "]}"
#define BINDING(kind, role)                                                                        \
    "{\"metadata\":{\"name\":\"b\"},\"roleRef\":{\"apiGroup\":\"" RBAC "\",\"kind\":\"" kind       \
    "\",\"name\":\"" role "\"}}"

static void
test_escalation(void **state)
{
    struct tb *tb = *state;
    let_ann_write(tb, "");
    ann_writes(
        tb, VERB_CREATE, "roles", "",
        ROLE("{\"verbs\":[\"get\",\"list\"],\"apiGroups\":[\"\",\"apps\"],\"resources\":["
             "\"secrets\",\"pods\"]},{\"verbs\":[\"get\"],\"apiGroups\":[\"\"],\"resources\":["
             "\"secrets\"],\"resourceNames\":[\"x\",\"y\"]},{\"verbs\":[\"watch\"],"
             "\"apiGroups\":[\"\"],\"resources\":[\"secrets\"]}"),
        NOT_HELD(
            "roles.rbac.authorization.k8s.io \"r\"") "{APIGroups:[\"\"], Resources:[\"secrets\"], ResourceNames:[\"x\"], Verbs:[\"get\"]}\n"
                                                     "{APIGroups:[\"\"], Resources:[\"secrets\"], ResourceNames:[\"y\"], Verbs:[\"get\"]}\n"
                                                     "{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\" \"list\" \"watch\"]}\n"
                                                     "{APIGroups:[\"apps\"], Resources:[\"pods\"], Verbs:[\"get\" \"list\"]}\n"
                                                     "{APIGroups:[\"apps\"], Resources:[\"secrets\"], Verbs:[\"get\" \"list\"]}");
    ann_writes(
        tb, VERB_CREATE, "clusterroles", "",
        ROLE("{\"verbs\":[\"get\",\"post\"],\"nonResourceURLs\":[\"/x\"]}"),
        NOT_HELD(
            "clusterroles.rbac.authorization.k8s.io \"r\"") "{NonResourceURLs:[\"/x\"], Verbs:[\"get\"]}\n"
                                                            "{NonResourceURLs:[\"/x\"], Verbs:[\"post\"]}");
    ann_writes(
        tb, VERB_CREATE, "clusterroles", "",
        "{\"metadata\":{\"name\":\"r\"},\"aggregationRule\":{\"clusterRoleSelectors\":[{}]}}",
        "clusterroles.rbac.authorization.k8s.io \"r\" is forbidden: must have cluster-admin "
        "privileges to use the aggregationRule");
    ann_writes(tb, VERB_CREATE, "roles", "",
               ROLE("{\"verbs\":[\"get\"],\"apiGroups\":[\"\"],\"resources\":[\"pods\"]}"), "");
    ann_writes(
        tb, VERB_UPDATE, "roles", "r",
        ROLE("{\"verbs\":[\"get\"],\"apiGroups\":[\"\"],\"resources\":[\"nodes\"]}"),
        NOT_HELD(
            "roles.rbac.authorization.k8s.io \"r\"") "{APIGroups:[\"\"], Resources:[\"nodes\"], Verbs:[\"get\"]}");
}

static void
test_binding_needs_the_rules(void **state)
{
    struct tb *tb = *state;
    let_ann_write(tb, "");
    create(tb, RBAC, "roles", "default",
           "{\"metadata\":{\"name\":\"more\"},\"rules\":[{\"verbs\":[\"get\"],\"apiGroups\":[\"\"],"
           "\"resources\":[\"nodes\"]}]}");
    create(tb, RBAC, "roles", "default",
           "{\"metadata\":{\"name\":\"less\"},\"rules\":[{\"verbs\":[\"get\"],\"apiGroups\":[\"\"],"
           "\"resources\":[\"pods\"]}]}");
    ann_writes(
        tb, VERB_CREATE, "rolebindings", "", BINDING("Role", "more"),
        NOT_HELD(
            "rolebindings.rbac.authorization.k8s.io \"b\"") "{APIGroups:[\"\"], Resources:[\"nodes\"], Verbs:[\"get\"]}");
    ann_writes(tb, VERB_CREATE, "rolebindings", "", BINDING("ClusterRole", "none"),
               "rolebindings.rbac.authorization.k8s.io \"none\" not found");
    ann_writes(tb, VERB_CREATE, "rolebindings", "", BINDING("Role", "less"), "");
    ann_writes(
        tb, VERB_UPDATE, "rolebindings", "b", BINDING("ClusterRole", "w"),
        "RoleBinding.rbac.authorization.k8s.io \"b\" is invalid: roleRef: Invalid value: "
        "{\"APIGroup\":\"rbac.authorization.k8s.io\",\"Kind\":\"ClusterRole\",\"Name\":\"w\"}: "
        "cannot change roleRef");
}

static void
test_escalate_and_bind_are_rights(void **state)
{
    struct tb *tb = *state;
    let_ann_write(tb, ",{\"verbs\":[\"escalate\",\"bind\"],\"apiGroups\":[\"" RBAC
                      "\"],\"resources\":[\"roles\"]}");
    ann_writes(tb, VERB_CREATE, "roles", "",
               ROLE("{\"verbs\":[\"get\"],\"apiGroups\":[\"\"],\"resources\":[\"nodes\"]}"), "");
    ann_writes(tb, VERB_CREATE, "rolebindings", "", BINDING("Role", "r"), "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bindings, serve, leave),
        cmocka_unit_test_setup_teardown(test_bootstrap_roles, serve, leave),
        cmocka_unit_test_setup_teardown(test_nodes, serve, leave),
        cmocka_unit_test_setup_teardown(test_escalation, serve, leave),
        cmocka_unit_test_setup_teardown(test_binding_needs_the_rules, serve, leave),
        cmocka_unit_test_setup_teardown(test_escalate_and_bind_are_rights, serve, leave),
    };
    return cmocka_run_group_tests_name("rbac", tests, NULL, NULL);
}
