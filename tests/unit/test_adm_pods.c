/* apiserver/adm_sa, adm_priority, adm_toleration, adm_runtimeclass, adm_taint: what pods and nodes
 * get and what is refused them. Texts as kube-apiserver 1.35 gave them. */
#include "config.h"

#include "tests/lib/unit.h"

#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "tests/lib/tb.h"

#define PODS "/api/v1/namespaces/default/pods"
#define DRY "/api/v1/namespaces/default/pods?dryRun=All"
#define NO "pods \\\"p\\\" is forbidden: "
#define POD(more, spec)                                                                            \
    "{\"metadata\":{\"name\":\"p\"" more "},\"spec\":{" spec                                       \
    "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}"
#define MIRROR ",\"annotations\":{\"kubernetes.io/config.mirror\":\"x\"}"

static int
serve(void **state)
{
    struct tb_opts opts = { .listen = true };
    *state = tb_serve(&opts);
    return 0;
}

static int
leave(void **state)
{
    tb_free(*state);
    return 0;
}

static void
mounts_the_token(void **state)
{
    static const struct tb_wanted asks[] = {
        { "POST",
          DRY,
          NULL,
          "{\"metadata\":{\"generateName\":\"p-\"},\"spec\":{\"initContainers\":[{\"name\":\"x\","
          "\"image\":\"i\"}],\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"volumeMounts\":[{"
          "\"name\":\"v\",\"mountPath\":\"/v\"}]},{\"name\":\"d\",\"image\":\"i\",\"volumeMounts\":[{"
          "\"name\":\"v\",\"mountPath\":\"/var/run/secrets/kubernetes.io/serviceaccount\"}]}],"
          "\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}]}}",
          { " 201 ",
            "\",\"projected\":{\"sources\":[{\"serviceAccountToken\":{\"expirationSeconds\":3607,"
            "\"path\":\"token\"}},{\"configMap\":{\"name\":\"kube-root-ca.crt\",\"items\":[{\"key\":"
            "\"ca.crt\",\"path\":\"ca.crt\"}]}},{\"downwardAPI\":{\"items\":[{\"path\":\"namespace\","
            "\"fieldRef\":{\"apiVersion\":\"v1\",\"fieldPath\":\"metadata.namespace\"}}]}}],"
            "\"defaultMode\":420}}]",
            "\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/v\"},{\"name\":\"kube-api-access-",
            "\"serviceAccountName\":\"default\",\"serviceAccount\":\"default\"" } },
        { "POST",
          DRY,
          NULL,
          POD("", "\"serviceAccountName\":\"nope\","),
          { " 403 ",
            NO "error looking up service account default/nope: serviceaccount \\\"nope\\\" "
               "not found" } },
        { "POST",
          DRY,
          NULL,
          POD(MIRROR, "\"serviceAccountName\":\"default\",\"nodeName\":\"n\","),
          { NO "a mirror pod may not reference service accounts" } },
        { "POST",
          DRY,
          NULL,
          POD(MIRROR, "\"nodeName\":\"n\",\"imagePullSecrets\":[{\"name\":\"s\"}],"),
          { NO "a mirror pod may not reference secrets" } },
        { "POST",
          DRY,
          NULL,
          POD(MIRROR,
              "\"nodeName\":\"n\",\"volumes\":[{\"name\":\"v\",\"projected\":{\"sources\":[{"
              "\"serviceAccountToken\":{\"path\":\"t\"}}]}}],"),
          { NO "a mirror pod may not use ServiceAccountToken volume projections" } },
    };
    tb_ask_all(*state, asks, ARRAY_LEN(asks));
}

/* What the answer of a dry-run create must not have. */
static void
has_not(struct tb *tb, const char *pod, const char *text)
{
    AUTO_FREE char *answer =
        tb_ask(tb, tb_connect(tb), "POST", DRY, "Content-Type: application/json\r\n", pod);
    assert_non_null(strstr(answer, " 201 "));
    if (strstr(answer, text) != NULL) {
        fail_msg("%s is there: %s", text, answer);
    }
}

static void
heeds_automount_and_pull_secrets(void **state)
{
    struct tb *tb = *state;
    static const struct tb_wanted before[] = {
        { "POST",
          "/api/v1/namespaces/default/serviceaccounts",
          NULL,
          "{\"metadata\":{\"name\":\"quiet\"},\"automountServiceAccountToken\":false,"
          "\"imagePullSecrets\":[{\"name\":\"pull\"}]}",
          { " 201 " } },
        { "POST",
          DRY,
          NULL,
          POD("", "\"serviceAccountName\":\"quiet\",\"automountServiceAccountToken\":true,"),
          { "\"name\":\"kube-api-access-", "\"imagePullSecrets\":[{\"name\":\"pull\"}]" } },
        { "POST",
          DRY,
          NULL,
          POD("", "\"serviceAccountName\":\"quiet\",\"imagePullSecrets\":[{\"name\":\"own\"}],"),
          { "\"imagePullSecrets\":[{\"name\":\"own\"}]" } },
    };
    tb_ask_all(tb, before, ARRAY_LEN(before));
    has_not(tb, POD("", "\"serviceAccountName\":\"quiet\","), "kube-api-access");
    has_not(tb, POD("", "\"automountServiceAccountToken\":false,"), "kube-api-access");
    has_not(tb, POD(MIRROR, "\"nodeName\":\"n\","), "kube-api-access");
}

static void
limits_secrets_when_the_account_says_so(void **state)
{
#define STRICT "\"serviceAccountName\":\"strict\","
#define NOT " is not allowed because service account strict does not reference that "
    static const struct tb_wanted asks[] = {
        { "POST",
          "/api/v1/namespaces/default/serviceaccounts",
          NULL,
          "{\"metadata\":{\"name\":\"strict\",\"annotations\":{"
          "\"kubernetes.io/enforce-mountable-secrets\":\"true\"}},\"secrets\":[{\"name\":\"ok\"}]}",
          { " 201 " } },
        { "POST",
          DRY,
          NULL,
          POD("", STRICT "\"volumes\":[{\"name\":\"v\",\"secret\":{\"secretName\":\"ok\"}}],"),
          { " 201 " } },
        { "POST",
          DRY,
          NULL,
          POD("", STRICT "\"volumes\":[{\"name\":\"v\",\"secret\":{\"secretName\":\"s\"}}],"),
          { NO "volume with secret.secretName=\\\"s\\\"" NOT "secret\"" } },
        { "POST",
          DRY,
          NULL,
          POD("",
              STRICT "\"initContainers\":[{\"name\":\"q\",\"image\":\"i\",\"env\":[{\"name\":"
                     "\"E\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"x\",\"key\":\"k\"}}}]}],"),
          { NO "init container q with envVar E referencing secret.secretName=\\\"x\\\"" NOT
               "secret\"" } },
        { "POST",
          DRY,
          NULL,
          "{\"metadata\":{\"name\":\"p\"},\"spec\":{" STRICT "\"containers\":[{\"name\":\"c\","
          "\"image\":\"i\",\"envFrom\":[{\"secretRef\":{\"name\":\"x\"}}]}]}}",
          { NO "container c with envFrom referencing secret.secretName=\\\"x\\\"" NOT
               "secret\"" } },
        { "POST",
          DRY,
          NULL,
          POD("", STRICT "\"imagePullSecrets\":[{\"name\":\"z\"}],"),
          { NO "imagePullSecrets[0].name=\\\"z\\\"" NOT "imagePullSecret\"" } },
    };
    tb_ask_all(*state, asks, ARRAY_LEN(asks));
}

/* A pod that is faster than the controller of a new namespace. */
static void
waits_for_a_namespaces_own_account(void **state)
{
    struct tb *tb = *state;
    const struct resource *pods = registry_find(tb->registry, STR(""), STR("v1"), STR("pods"));
    const struct resource *accounts =
        registry_find(tb->registry, STR(""), STR("v1"), STR("serviceaccounts"));
    struct call pod = call_of(VERB_CREATE, pods, STR("kube-public"), STR(""));
    struct call account = call_of(VERB_CREATE, accounts, STR("kube-public"), STR(""));
    struct tb_result early, late, never;
    pod.body = str_of(POD("", ""));
    account.body = STR("{\"metadata\":{\"name\":\"default\"}}");
    tb_start(tb, tb->admin, &pod, &early);
    tb_warp(tb, 300);
    assert_false(early.is_done);
    struct tb_result made = tb_call(tb, tb->admin, &account);
    assert_null(made.err);
    tb_warp(tb, 100);
    tb_wait(tb, &early);
    assert_null(early.err);
    pod.ns = STR("kube-node-lease");
    tb_start(tb, tb->admin, &pod, &never);
    for (int i = 0; i < 70 && !never.is_done; i++) {
        tb_warp(tb, 25);
    }
    tb_wait(tb, &never);
    assert_int_equal(never.http, 403);
    tb_start(tb, tb->admin, &pod, &late);
    client_cancel(late.handle); /* a wait can be given up */
    tb_wait(tb, &late);
    tb_result_done(&early);
    tb_result_done(&made);
    tb_result_done(&never);
    tb_result_done(&late);
}

#define CLASSES "/apis/scheduling.k8s.io/v1/priorityclasses"

static void
resolves_priorities(void **state)
{
    static const struct tb_wanted asks[] = {
        { "POST",
          DRY,
          NULL,
          POD("", ""),
          { "\"priority\":0,", "\"preemptionPolicy\":\"PreemptLowerPriority\"" } },
        { "POST",
          DRY,
          NULL,
          POD("", "\"priorityClassName\":\"system-node-critical\","),
          { "\"priorityClassName\":\"system-node-critical\",\"priority\":2000001000,",
            "\"preemptionPolicy\":\"PreemptLowerPriority\"" } },
        { "POST",
          DRY,
          NULL,
          POD("", "\"priorityClassName\":\"nope\","),
          { " 403 ", NO "no PriorityClass with name nope was found" } },
        { "POST",
          DRY,
          NULL,
          POD("", "\"priority\":5,"),
          { NO "the integer value of priority (5) must not be provided in pod spec; priority "
               "admission controller computed 0 from the given PriorityClass name" } },
        { "POST",
          DRY,
          NULL,
          POD("", "\"preemptionPolicy\":\"Never\","),
          { NO "the string value of PreemptionPolicy (Never) must not be provided in pod spec; "
               "priority admission controller computed PreemptLowerPriority from the given "
               "PriorityClass name" } },
        { "GET", CLASSES "/system-cluster-critical", NULL, NULL, { "\"value\":2000000000" } },
        { "DELETE",
          CLASSES "/system-node-critical",
          NULL,
          NULL,
          { " 403 ", "priorityclasses.scheduling.k8s.io \\\"system-node-critical\\\" is forbidden: "
                     "this is a system priority class and cannot be deleted" } },
        { "POST",
          CLASSES,
          NULL,
          "{\"metadata\":{\"name\":\"usual\"},\"value\":7,\"globalDefault\":true,"
          "\"preemptionPolicy\":\"Never\"}",
          { " 201 " } },
        { "POST",
          CLASSES,
          NULL,
          "{\"metadata\":{\"name\":\"second\"},\"value\":2,\"globalDefault\":true}",
          { " 403 ", "PriorityClass usual is already marked as default. Only one default can "
                     "exist" } },
        { "POST",
          PODS,
          NULL,
          POD("", ""),
          { "\"priorityClassName\":\"usual\",\"priority\":7,", "\"preemptionPolicy\":\"Never\"" } },
        { "PATCH",
          CLASSES "/usual",
          NULL,
          "{\"value\":8}",
          { " 422 ", "value: Forbidden: may not be changed in an update." } },
        { "DELETE", CLASSES "/usual", NULL, NULL, { " 200 " } },
        { "POST",
          CLASSES,
          NULL,
          "{\"metadata\":{\"name\":\"system-x\"},\"value\":5}",
          { " 422 ", "metadata.name: Forbidden: priority class names with 'system-' prefix are "
                     "reserved for system use only. error: system-x is not a known system priority "
                     "class" } },
        { "POST",
          CLASSES,
          NULL,
          "{\"metadata\":{\"name\":\"big\"},\"value\":1000000001}",
          { " 422 ", "value: Forbidden: maximum allowed value of a user defined priority is "
                     "1000000000" } },
    };
    tb_ask_all(*state, asks, ARRAY_LEN(asks));
}

static void
adds_tolerations(void **state)
{
#define NOT_READY                                                                                  \
    "{\"key\":\"node.kubernetes.io/not-ready\",\"operator\":\"Exists\",\"effect\":\"NoExecute\","  \
    "\"tolerationSeconds\":300}"
#define UNREACHABLE                                                                                 \
    "{\"key\":\"node.kubernetes.io/unreachable\",\"operator\":\"Exists\",\"effect\":\"NoExecute\"," \
    "\"tolerationSeconds\":300}"
    static const struct tb_wanted asks[] = {
        { "POST", DRY, NULL, POD("", ""), { "\"tolerations\":[" NOT_READY "," UNREACHABLE "]" } },
        { "POST",
          DRY,
          NULL,
          POD("", "\"tolerations\":[{\"key\":\"node.kubernetes.io/not-ready\",\"operator\":"
                  "\"Exists\"}],"),
          { "\"tolerations\":[{\"key\":\"node.kubernetes.io/not-ready\",\"operator\":\"Exists\"}," UNREACHABLE
            "]" } },
        { "POST",
          DRY,
          NULL,
          POD("", "\"tolerations\":[{\"operator\":\"Exists\"}],"),
          { "\"tolerations\":[{\"operator\":\"Exists\"}]" } },
        { "POST",
          "/api/v1/nodes?dryRun=All",
          NULL,
          "{\"metadata\":{\"name\":\"n\"}}",
          { "\"taints\":[{\"key\":\"node.kubernetes.io/not-ready\",\"effect\":\"NoSchedule\"}]" } },
    };
    tb_ask_all(*state, asks, ARRAY_LEN(asks));
}

static void
takes_over_from_the_runtime_class(void **state)
{
#define RUNTIME "/apis/node.k8s.io/v1/runtimeclasses"
    static const struct tb_wanted asks[] = {
        { "POST",
          RUNTIME,
          NULL,
          "{\"metadata\":{\"name\":\"vm\"},\"handler\":\"vm\",\"overhead\":{\"podFixed\":{\"cpu\":"
          "\"100m\",\"memory\":\"64Mi\"}},\"scheduling\":{\"nodeSelector\":{\"a.b/c\":\"d\"},"
          "\"tolerations\":[{\"key\":\"vm\",\"operator\":\"Exists\"}]}}",
          { " 201 " } },
        { "POST",
          DRY,
          NULL,
          POD("", "\"runtimeClassName\":\"vm\",\"nodeSelector\":{\"x\":\"y\"},"),
          { "\"overhead\":{\"cpu\":\"100m\",\"memory\":\"64Mi\"}",
            "\"nodeSelector\":{\"a.b/c\":\"d\",\"x\":\"y\"}",
            "{\"key\":\"vm\",\"operator\":\"Exists\"}" } },
        { "POST",
          DRY,
          NULL,
          POD("", "\"runtimeClassName\":\"vm\",\"nodeSelector\":{\"a.b/c\":\"e\"},"),
          { NO "conflict: runtimeClass.scheduling.nodeSelector[a.b/c] = d; "
               "pod.spec.nodeSelector[a.b/c] = e" } },
        { "POST",
          DRY,
          NULL,
          POD("", "\"runtimeClassName\":\"vm\",\"overhead\":{\"cpu\":\"1\"},"),
          { NO "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead" } },
        { "POST",
          DRY,
          NULL,
          POD("", "\"overhead\":{\"cpu\":\"1\"},"),
          { NO "pod rejected: Pod Overhead set without corresponding RuntimeClass defined "
               "Overhead" } },
        { "POST",
          DRY,
          NULL,
          POD("", "\"runtimeClassName\":\"nope\","),
          { NO "pod rejected: RuntimeClass \\\"nope\\\" not found" } },
    };
    tb_ask_all(*state, asks, ARRAY_LEN(asks));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(mounts_the_token, serve, leave),
        cmocka_unit_test_setup_teardown(heeds_automount_and_pull_secrets, serve, leave),
        cmocka_unit_test_setup_teardown(limits_secrets_when_the_account_says_so, serve, leave),
        cmocka_unit_test_setup_teardown(waits_for_a_namespaces_own_account, serve, leave),
        cmocka_unit_test_setup_teardown(resolves_priorities, serve, leave),
        cmocka_unit_test_setup_teardown(adds_tolerations, serve, leave),
        cmocka_unit_test_setup_teardown(takes_over_from_the_runtime_class, serve, leave),
    };
    return cmocka_run_group_tests_name("adm_pods", tests, NULL, NULL);
}
