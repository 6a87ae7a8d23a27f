/* agent/pod_admit: what does not fit a node, in kubelet's words. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_admit.h"

#include "base/arena.h"
#include "base/err.h"
#include "tests/lib/unit.h"

static const struct {
    const char *spec; /* the pod's */
    bool has_port_clash;
    const char *reason, *message; /* NULL: it fits */
} cases[] = {
    { "{}", false, NULL, NULL },
    { "{\"securityContext\":{\"sysctls\":[{\"name\":\"net/ipv4/tcp_syncookies\",\"value\":\"1\"}]}}",
      false, NULL, NULL },
    { "{\"securityContext\":{\"sysctls\":[{\"name\":\"kernel.msgmax\",\"value\":\"1\"}]}}", false,
      "SysctlForbidden", "forbidden sysctl: \"kernel.msgmax\" not allowlisted" },
    { "{\"hostNetwork\":true,"
      "\"securityContext\":{\"sysctls\":[{\"name\":\"net.ipv4.tcp_rmem\",\"value\":\"1\"}]}}",
      false, "SysctlForbidden",
      "forbidden sysctl: \"net.ipv4.tcp_rmem\" not allowed with host Net enabled" },
    { "{\"os\":{\"name\":\"windows\"}}", false, "PodOSNotSupported",
      "Failed to admit pod as the OS field doesn't match node OS" },
    { "{\"containers\":[{\"resources\":{\"requests\":{\"cpu\":\"500m\",\"memory\":\"1Ki\"}}}]}",
      false, NULL, NULL },
    { "{\"containers\":[{\"resources\":{\"requests\":{\"cpu\":\"501m\"}}}]}", false, "OutOfcpu",
      "Node didn't have enough resource: cpu, requested: 501, used: 1500, capacity: 2000" },
    { "{\"containers\":[{\"resources\":{\"requests\":{\"memory\":\"1Mi\"}}}]}", false,
      "OutOfmemory",
      "Node didn't have enough resource: memory, requested: 1048576, used: 1000, capacity: 4000" },
    { "{\"nodeSelector\":{\"disk\":\"fast\"}}", false, NULL, NULL },
    { "{\"nodeSelector\":{\"disk\":\"slow\"}}", false, "NodeAffinity",
      "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector" },
    { "{\"securityContext\":{\"supplementalGroupsPolicy\":\"Strict\"}}", false,
      "SupplementalGroupsPolicyNotSupported",
      "SupplementalGroupsPolicy=Strict is not supported in this node" },
    { "{\"securityContext\":{\"supplementalGroupsPolicy\":\"Merge\"}}", false, NULL, NULL },
    { "{}", true, "NodePorts",
      "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports" },
};

static void
fill(struct pod_admit_in *in, struct arena *arena, const char *spec, const char *taints)
{
    static const struct label labels[] = { { STR("disk"), STR("fast") } };
    struct err *err = NULL;
    struct doc *pod = doc_parse(arena, arena_printf(arena, "{\"spec\":%s}", spec), &err);
    struct doc *list = doc_parse(arena, str_of(taints), &err);

    assert_null(err);
    *in = (struct pod_admit_in){ .pod = doc_root(pod),
                                 .node_name = STR("n1"),
                                 .node_labels = { labels, 1 },
                                 .node_taints = doc_root(list),
                                 .room = { .cpu_milli = 2000,
                                           .used_cpu_milli = 1500,
                                           .memory_bytes = 4000,
                                           .used_memory_bytes = 1000,
                                           .pods = 9 },
                                 .pods_max = 10,
                                 .arena = arena };
}

static void
test_cases(void **state)
{
    AUTO_ARENA struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str message = { 0 };
        struct pod_admit_in in;
        const char *reason;

        fill(&in, arena, cases[i].spec, "[]");
        in.has_port_clash = cases[i].has_port_clash;
        reason = pod_admit_refusal(&in, &message);
        if (cases[i].reason == NULL) {
            assert_null(reason);
            continue;
        }
        assert_string_equal(reason, cases[i].reason);
        assert_true(str_is(message, cases[i].message));
    }
}

static void
test_the_last_place(void **state)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str message = { 0 };
    struct pod_admit_in in;

    (void)state;
    fill(&in, arena, "{}", "[]");
    in.room.pods = 10;
    assert_string_equal(pod_admit_refusal(&in, &message), "OutOfpods");
    assert_true(str_is(
        message, "Node didn't have enough resource: pods, requested: 1, used: 10, capacity: 10"));
}

static void
test_taints(void **state)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str message = { 0 };
    struct pod_admit_in in;

    (void)state;
    fill(&in, arena, "{}", "[{\"key\":\"a\",\"effect\":\"NoSchedule\"}]");
    assert_null(pod_admit_refusal(&in, &message));
    fill(&in, arena, "{}", "[{\"key\":\"a\",\"effect\":\"NoExecute\"}]");
    assert_string_equal(pod_admit_refusal(&in, &message), "TaintToleration");
    fill(&in, arena, "{\"tolerations\":[{\"key\":\"a\",\"operator\":\"Exists\"}]}",
         "[{\"key\":\"a\",\"effect\":\"NoExecute\"}]");
    assert_null(pod_admit_refusal(&in, &message));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_the_last_place),
        cmocka_unit_test(test_taints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
