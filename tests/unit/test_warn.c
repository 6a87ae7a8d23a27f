/* Warnings of the kinds' writes. */
#include "config.h"

#include "tests/lib/unit.h"

#include "api/check.h"
#include "api/kind_warn.h"
#include "api/kinds_priv.h"
#include "api/kinds_types.h"
#include "base/arena.h"
#include "base/mem.h"

static void
put_line(void *ctx, struct str text)
{
    str_putf(ctx, STR_FMT "\n", STR_ARG(text));
}

static void
assert_warns(const struct resource *resource, const char *now, const char *old, const char *lines)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_STR struct str_builder got = { 0 };
    struct warn to = { .arena = arena, .add = put_line, .ctx = &got };
    struct val before = { 0 };
    if (old != NULL) {
        before = doc_root(doc_trust(arena, str_of(old)));
    }
    resource->warn(&to, doc_root(doc_trust(arena, str_of(now))), before);
    if (!str_is(str_view(&got), lines)) {
        fail_msg("%s\nwant:\n%sgot:\n" STR_FMT, now, lines, STR_ARG(str_view(&got)));
    }
}

static void
test_pods(void **state)
{
    (void)state;
    static const char env[] =
        "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"env\":["
        "{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"A\",\"value\":\"$(A)2\"},"
        "{\"name\":\"A\",\"value\":\"3\"}]}]}}";
    assert_warns(&resource_pods, env, NULL,
                 "spec.containers[0].env[2]: hides previous definition of \"A\", which may be "
                 "dropped when using apply\n");
    assert_warns(&resource_pods, env, env, "");
    assert_warns(&resource_pods,
                 "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"ports\":["
                 "{\"name\":\"x\",\"containerPort\":80},{\"name\":\"x\",\"containerPort\":80},"
                 "{\"containerPort\":80,\"hostPort\":8}]}]}}",
                 NULL,
                 "spec.containers[0].ports[1]: duplicate port definition with "
                 "spec.containers[0].ports[0]\n"
                 "spec.containers[0].ports[2]: overlapping port definition with "
                 "spec.containers[0].ports[0]\n"
                 "spec.containers[0].ports[2]: overlapping port definition with "
                 "spec.containers[0].ports[1]\n"
                 "spec.containers[0].ports[1]: duplicate port name \"x\" with "
                 "spec.containers[0].ports[0], services and probes that select ports by name will "
                 "use spec.containers[0].ports[0]\n");
    assert_warns(&resource_pods,
                 "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"volumes\":[{\"name\":\"v\","
                 "\"configMap\":{\"name\":\"m\",\"items\":[{\"path\":\"a/\"},{\"path\":\"a/b\"},"
                 "{\"path\":\"ab\"}]}},{\"name\":\"w\",\"projected\":{\"sources\":[{},"
                 "{\"secret\":{\"name\":\"s\",\"items\":[{\"path\":\"t\"}]}},"
                 "{\"serviceAccountToken\":{\"path\":\"t\"}}]}}]}}",
                 NULL,
                 "volume \"v\" (ConfigMap \"m\"): overlapping paths: \"a/b\" with \"a\"\n"
                 "volume \"w\" (Projected) has no sources provided\n"
                 "volume \"w\" (Projected): overlapping paths: \"t\" (ServiceAccountToken) with "
                 "\"t\" (Secret \"s\")\n");
}

static void
test_workloads(void **state)
{
    (void)state;
    static const char now[] =
        "{\"metadata\":{\"name\":\"a.b\"},\"spec\":{\"template\":{\"spec\":{\"nodeSelector\":{"
        "\"beta.kubernetes.io/os\":\"linux\"}}}}}";
    static const char selector[] =
        "spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "
        "\"kubernetes.io/os\" instead\n";
    AUTO_FREE char *both = mem_printf(
        "metadata.name: this is used in Pod names and hostnames, which can result in surprising "
        "behavior; a DNS label is recommended: [must not contain dots]\n%s",
        selector);
    assert_warns(&resource_deployments, now, NULL, both);
    assert_warns(&resource_deployments, now, now, "");
    assert_warns(&resource_replicasets, now, "{\"spec\":{}}", selector);
    assert_warns(&resource_jobs, now, "{\"spec\":{}}", selector);
    assert_warns(&resource_podtemplates, "{\"template\":{\"spec\":{\"imagePullSecrets\":[{}]}}}",
                 NULL, "template.spec.imagePullSecrets[0].name: invalid empty name \"\"\n");
}

static void
test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words; /* NULL: none */
        bool is_net;
    } rows[] = {
        { "10.0.0.1", NULL, false },
        { "010.0.0.1",
          "x: non-standard IP address \"010.0.0.1\" will be considered invalid in a "
          "future Kubernetes release: use \"10.0.0.1\"\n",
          false },
        { "FD00::1",
          "x: IPv6 address \"FD00::1\" should be in RFC 5952 canonical format "
          "(\"fd00::1\")\n",
          false },
        { "10.0.0.0/8", NULL, true },
        { "10.0.0.1/8",
          "x: CIDR value \"10.0.0.1/8\" is ambiguous in this context (should be "
          "\"10.0.0.0/8\" or \"10.0.0.1/32\"?)\n",
          true },
        { "FD00::/64",
          "x: IPv6 CIDR value \"FD00::/64\" should be in RFC 5952 canonical format "
          "(\"fd00::/64\")\n",
          true },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        AUTO_STR struct str_builder got = { 0 };
        struct warn to = { .arena = arena, .add = put_line, .ctx = &got };
        struct field_path path = check_at(NULL, "x");
        struct str json = arena_printf(arena, "\"%s\"", rows[i].text);
        (rows[i].is_net ? kind_warn_net : kind_warn_ip)(&to, &path,
                                                        doc_root(doc_trust(arena, json)));
        assert_true(str_is(str_view(&got), rows[i].words == NULL ? "" : rows[i].words));
    }
}

static void
test_small(void **state)
{
    (void)state;
    assert_warns(&resource_services,
                 "{\"spec\":{\"type\":\"ClusterIP\",\"clusterIP\":\"None\",\"sessionAffinity\":"
                 "\"ClientIP\",\"trafficDistribution\":\"PreferClose\"}}",
                 NULL,
                 "spec.SessionAffinity is ignored for headless services\n"
                 "spec.trafficDistribution: \"PreferClose\" is deprecated; use "
                 "\"PreferSameZone\"\n");
    assert_warns(&resource_endpoints,
                 "{\"subsets\":[{\"addresses\":[{\"ip\":\"10.0.0.1\"},{\"ip\":\"10.0.0.01\"}]}]}",
                 NULL,
                 "subsets[0].addresses[1].ip: non-standard IP address \"10.0.0.01\" will be "
                 "considered invalid in a future Kubernetes release: use \"10.0.0.1\"\n");
    assert_warns(&resource_endpointslices, "{\"addressType\":\"FQDN\"}", NULL,
                 "spec.addressType: FQDN endpoints are deprecated\n");
    assert_warns(&resource_nodes, "{\"spec\":{\"externalID\":\"x\"}}", NULL,
                 "spec.externalID: this field is deprecated, and is unused by Kubernetes\n");
    assert_non_null(resource_endpoints.deprecated);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pods),
        cmocka_unit_test(test_workloads),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
