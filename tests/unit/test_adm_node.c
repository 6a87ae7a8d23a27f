/* apiserver/adm_node, adm_node_labels: what a node's agent may write. Texts as kube-apiserver 1.35
 * gave them. */
#include "config.h"

#include "tests/lib/unit.h"

#include <string.h>

#include "base/mem.h"
#include "tests/lib/tb.h"

#define AS "Impersonate-User: system:node:n1\r\nImpersonate-Group: system:nodes\r\n"
#define PODS "/api/v1/namespaces/default/pods"
#define TOKEN "/api/v1/namespaces/default/serviceaccounts/default/token"
#define LEASES "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
#define NODE "node \\\"n1\\\" "

static void
create_pod(struct tb *tb, const char *name, const char *node)
{
    AUTO_FREE char *json =
        mem_printf("{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"nodeName\":\"%s\","
                   "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}",
                   name, node);
    const struct tb_wanted asks[] = { { "POST", PODS, NULL, json, { " 201 " } } };
    tb_ask_all(tb, asks, 1);
}

static int
serve(void **state)
{
    struct tb_opts opts = { .listen = true };
    struct tb *tb = tb_serve(&opts);
    static const struct tb_wanted asks[] = {
        { "POST",
          "/api/v1/nodes",
          AS,
          "{\"metadata\":{\"name\":\"n1\",\"labels\":{\"kubernetes.io/os\":\"linux\",\"own\":\"1\"}}}",
          { " 201 " } },
    };
    tb_ask_all(tb, asks, ARRAY_LEN(asks));
    create_pod(tb, "mine", "n1");
    create_pod(tb, "other", "n2");
    *state = tb;
    return 0;
}

static int
leave(void **state)
{
    tb_free(*state);
    return 0;
}

static void
writes_its_own_pods(void **state)
{
#define MIRROR "\"annotations\":{\"kubernetes.io/config.mirror\":\"x\"}"
#define OWNER(uid)                                                                                  \
    ",\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"n1\",\"uid\":\"" uid \
    "\",\"controller\":true}]"
#define POD(meta, spec)                                                                            \
    "{\"metadata\":{\"name\":\"p\"," meta "},\"spec\":{" spec                                      \
    "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}"
#define NO "pods \\\"p\\\" is forbidden: "
    static const struct tb_wanted asks[] = {
        { "POST",
          PODS,
          AS,
          POD("\"labels\":{}", ""),
          { " 403 ", NO "pod does not have \\\"kubernetes.io/config.mirror\\\" annotation, " NODE
                        "can only create mirror pods" } },
        { "POST",
          PODS,
          AS,
          POD(MIRROR, "\"nodeName\":\"n2\","),
          { NO NODE "can only create pods with spec.nodeName set to itself" } },
        { "POST",
          PODS,
          AS,
          POD(MIRROR, "\"nodeName\":\"n1\","),
          { NO NODE "can only create pods with an owner reference set to itself" } },
        { "POST",
          PODS,
          AS,
          POD(MIRROR OWNER("u"), "\"nodeName\":\"n1\","),
          { NO "node n1 UID mismatch: expected u got " } },
        { "DELETE",
          PODS "/other",
          AS,
          NULL,
          { " 403 ", NODE "can only delete pods with spec.nodeName set to itself" } },
        { "PATCH",
          PODS "/other/status",
          AS,
          "{\"status\":{\"reason\":\"x\"}}",
          { " 403 ",
            NODE "can only update pod status for pods with spec.nodeName set to itself" } },
        { "PATCH",
          PODS "/mine/status",
          AS,
          "{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"status\":{\"reason\":\"x\"}}",
          { " 403 ", NODE "cannot update labels through pod status" } },
        { "PATCH",
          PODS "/mine/status",
          AS,
          "{\"status\":{\"reason\":\"x\"}}",
          { " 200 ", "\"reason\":\"x\"" } },
        { "POST",
          PODS "/other/eviction",
          AS,
          "{\"metadata\":{\"name\":\"other\"}}",
          { " 403 ", "node n1 can only evict pods with spec.nodeName set to itself" } },
        { "DELETE", PODS "/mine?gracePeriodSeconds=0", AS, NULL, { " 200 " } },
    };
    tb_ask_all(*state, asks, ARRAY_LEN(asks));
}

/* The value of a member in the answer of a GET, owned by the caller. */
static char *
member(struct tb *tb, const char *path, const char *name)
{
    AUTO_FREE char *answer = tb_ask(tb, tb_connect(tb), "GET", path, "", "");
    AUTO_FREE char *key = mem_printf("\"%s\":\"", name);
    const char *at = strstr(answer, key);
    assert_non_null(at);
    at += strlen(key);
    return mem_strndup(at, strcspn(at, "\""));
}

static void
runs_mirror_pods_that_name_nothing(void **state)
{
    struct tb *tb = *state;
    AUTO_FREE char *uid = member(tb, "/api/v1/nodes/n1", "uid");
    static const char *const format = "{\"metadata\":{\"name\":\"p\"," MIRROR OWNER(
        "%s") "},\"spec\":{\"nodeName\":\"n1\",%s"
              "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}";
    static const struct {
        const char *spec, *what;
    } cases[] = {
        { "\"serviceAccountName\":\"default\",", "may not reference service accounts" },
        { "\"imagePullSecrets\":[{\"name\":\"s\"}],", "may not reference secrets" },
        { "\"volumes\":[{\"name\":\"v\",\"configMap\":{\"name\":\"m\"}}],",
          NODE "can not create pods that reference configmaps" },
        { "\"volumes\":[{\"name\":\"v\",\"persistentVolumeClaim\":{\"claimName\":\"m\"}}],",
          NODE "can not create pods that reference persistentvolumeclaims" },
        { "", " 201 " },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_FREE char *json = mem_printf(format, uid, cases[i].spec);
        const struct tb_wanted asks[] = { { "POST", PODS, AS, json, { cases[i].what } } };
        tb_ask_all(tb, asks, 1);
    }
}

static void
writes_its_own_node(void **state)
{
#define NODES "/api/v1/nodes"
#define LABELS(labels) "{\"metadata\":{\"labels\":{" labels "}}}"
    static const struct tb_wanted asks[] = {
        { "POST",
          NODES,
          AS,
          "{\"metadata\":{\"name\":\"n2\"}}",
          { " 403 ", NODE "is not allowed to modify node \\\"n2\\\"" } },
        { "PATCH",
          NODES "/n1",
          AS,
          LABELS("\"node-restriction.kubernetes.io/x\":\"y\",\"foo.kubernetes.io/x\":\"1\","
                 "\"node-role.kubernetes.io/control-plane\":\"\",\"k8s.io/z\":\"1\",\"ok\":\"1\""),
          { " 403 ",
            "is not allowed to modify labels: foo.kubernetes.io/x, k8s.io/z, "
            "node-restriction.kubernetes.io/x, node-role.kubernetes.io/control-plane\"" } },
        { "PATCH",
          NODES "/n1",
          AS,
          LABELS("\"own\":null,\"kubernetes.io/arch\":\"amd64\",\"node.kubernetes.io/x\":\"1\","
                 "\"topology.kubernetes.io/zone\":\"z\",\"example.com/x\":\"1\""),
          { " 200 " } },
        { "PATCH",
          NODES "/n1",
          AS,
          "{\"spec\":{\"taints\":[]}}",
          { " 403 ", NODE "is not allowed to modify taints" } },
        { "PATCH", NODES "/n1/status", AS, "{\"status\":{\"phase\":\"x\"}}", { " 200 " } },
        { "POST", LEASES "?dryRun=All", AS, "{\"metadata\":{\"name\":\"n1\"}}", { " 201 " } },
        { "POST",
          LEASES,
          AS,
          "{\"metadata\":{\"name\":\"n2\"}}",
          { " 403 ", "can only access node lease with the same name as the requesting node" } },
        { "POST",
          "/apis/coordination.k8s.io/v1/namespaces/default/leases",
          AS,
          "{\"metadata\":{\"name\":\"n1\"}}",
          { " 403 ", "in the namespace \\\"default\\\": can only access leases in the "
                     "\\\"kube-node-lease\\\" system namespace" } },
    };
    tb_ask_all(*state, asks, ARRAY_LEN(asks));
}

static void
asks_for_tokens_of_its_pods(void **state)
{
    struct tb *tb = *state;
#define REF(more)                                                                                  \
    "{\"spec\":{%s\"boundObjectRef\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"name\":\"%s\"" more \
    "}}}"
#define BAD "serviceaccounts \\\"default\\\" is forbidden: "
    AUTO_FREE char *mine = member(tb, PODS "/mine", "uid");
    AUTO_FREE char *other = member(tb, PODS "/other", "uid");
    const struct {
        const char *pod, *uid, *spec, *want;
    } cases[] = {
        { "mine", mine, "", " 201 " },
        { "mine", "u", "", BAD "the UID in the bound object reference (u) does not match" },
        { "mine", "", "", BAD "node requested token with a pod binding without a uid" },
        { "other", other, "",
          BAD "node requested token bound to a pod scheduled on a different node" },
        { "none", "u", "", " 404 " },
        { "mine", mine, "\"audiences\":[\"foo\"],",
          BAD
          "audience \\\"foo\\\" not found in pod spec volume, system:node:n1 is not authorized to "
          "request tokens for this audience" },
        { "mine", mine, "\"audiences\":[\"foo\",\"bar\"],",
          BAD "node may only request 0 or 1 audiences" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_FREE char *json =
            mem_printf(REF(",\"uid\":\"%s\""), cases[i].spec, cases[i].pod, cases[i].uid);
        const struct tb_wanted asks[] = { { "POST", TOKEN, AS, json, { cases[i].want } } };
        tb_ask_all(tb, asks, 1);
    }
    static const struct tb_wanted unbound[] = {
        { "POST", TOKEN, AS, "{}", { BAD "node requested token not bound to a pod" } },
        { "POST",
          PODS "/mine/binding",
          AS,
          "{\"target\":{\"name\":\"n1\"}}",
          { " 403 ", "cannot create resource \\\"pods/binding\\\"" } },
    };
    tb_ask_all(tb, unbound, ARRAY_LEN(unbound));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_its_own_pods, serve, leave),
        cmocka_unit_test_setup_teardown(runs_mirror_pods_that_name_nothing, serve, leave),
        cmocka_unit_test_setup_teardown(writes_its_own_node, serve, leave),
        cmocka_unit_test_setup_teardown(asks_for_tokens_of_its_pods, serve, leave),
    };
    return cmocka_run_group_tests_name("adm_node", tests, NULL, NULL);
}
