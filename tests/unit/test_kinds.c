/* What the kinds do beyond their rows: preparations, conversions, selectable values. */
#include "config.h"

#include "tests/lib/unit.h"

#include <string.h>

#include "api/decode.h"
#include "api/kinds_types.h"
#include "api/object.h"
#include "api/selector.h"
#include "api/validate.h"
#include "base/arena.h"
#include "base/err.h"

static const struct doc *
made(struct arena *arena, const struct resource *resource, struct str text)
{
    struct decode_in in = { .arena = arena, .mode = DECODE_IGNORE, .bytes = text };
    struct doc *doc = NULL;
    const struct doc *defaulted = NULL;
    struct err *err = NULL;
    if (decode_object(&in, resource, &doc, &err) < 0 ||
        validate_default(arena, resource->type, doc, &defaulted, &err) < 0) {
        fail_msg("%s", err->message);
    }
    return defaulted;
}

/* The object after its preparation; old NULL: a create. */
static struct val
prepared(struct arena *arena, const struct resource *resource, const char *sub, const char *now,
         const char *old)
{
    const struct doc *doc = made(arena, resource, str_of(now));
    struct edit edit;
    struct doc *done = NULL;
    struct err *err = NULL;
    edit_init(&edit, arena);
    struct prepare p = {
        .arena = arena,
        .resource = resource,
        .subresource = sub,
        .now = doc_root(doc),
        .old = old == NULL ? (struct val){ 0 } : doc_root(made(arena, resource, str_of(old))),
        .edit = &edit,
        .user = "alice",
        .wall_ms = 1000,
    };
    (old == NULL ? resource->prepare_create : resource->prepare_update)(&p);
    if (edit_apply(doc, &edit, &done, &err) < 0) {
        fail_msg("%s", err->message);
    }
    return doc_root(made(arena, resource, doc_bytes(done)));
}

static void
assert_at(struct val v, const char *path, const char *json)
{
    AUTO_FREE char *got = str_dup(val_raw(val_at(v, path)));
    assert_string_equal(val_is(val_at(v, path)) ? got : "absent", json);
}

static void
test_pod(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct val pod = prepared(
        arena, &resource_pods, NULL,
        "{\"metadata\":{\"labels\":{\"app\":\"x\"}},\"spec\":{\"containers\":[{\"name\":\"c\","
        "\"resources\":{\"limits\":{\"cpu\":\"1\",\"memory\":\"1Gi\"}}}],\"affinity\":{"
        "\"podAntiAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":[{\"topologyKey\":"
        "\"h\",\"labelSelector\":{},\"matchLabelKeys\":[\"app\",\"none\"]}]}}},\"status\":{\"phase\":"
        "\"Running\"}}",
        NULL);
    assert_at(pod, "status", "{\"phase\":\"Pending\",\"qosClass\":\"Guaranteed\"}");
    assert_true(
        str_contains(val_raw(pod), STR("\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"In\","
                                       "\"values\":[\"x\"]}]")));
    static const char old[] = "{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"a\"}]},"
                              "\"status\":{\"phase\":\"Running\",\"qosClass\":\"BestEffort\"}}";
    static const char now[] =
        "{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"b\",\"resources\":{\"requests\":{"
        "\"cpu\":\"1\"}}}],\"ephemeralContainers\":[{\"name\":\"e\"}]},\"status\":{\"phase\":"
        "\"Failed\"}}";
    pod = prepared(arena, &resource_pods, "status", now, old);
    assert_at(pod, "spec.ephemeralContainers", "absent");
    assert_at(pod, "status", "{\"phase\":\"Failed\",\"qosClass\":\"BestEffort\"}");
    pod = prepared(arena, &resource_pods, NULL, now, old);
    assert_at(pod, "status.phase", "\"Running\"");
    assert_true(val_is_str(val_get(val_item(val_at(pod, "spec.containers"), 0), "image"), "b"));
    pod = prepared(arena, &resource_pods, "resize", now, old);
    struct val container = val_item(val_at(pod, "spec.containers"), 0);
    assert_true(val_is_str(val_get(container, "image"), "a"));
    assert_at(container, "resources.requests.cpu", "\"1\"");
    assert_at(pod, "spec.ephemeralContainers", "absent");
    pod = prepared(arena, &resource_pods, "ephemeralcontainers", now, old);
    assert_int_equal(val_len(val_at(pod, "spec.ephemeralContainers")), 1);
    assert_true(val_is_str(val_get(val_item(val_at(pod, "spec.containers"), 0), "image"), "a"));
    assert_int_equal(resource_pods.grace_s(pod), -1); /* on no node */
}

static void
test_service(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    static const char old[] =
        "{\"spec\":{\"type\":\"NodePort\",\"clusterIP\":\"10.0.0.1\",\"clusterIPs\":[\"10.0.0.1\"],"
        "\"ports\":[{\"name\":\"a\",\"port\":1,\"nodePort\":30001}]},\"status\":{\"loadBalancer\":{}}}";
    struct val service =
        prepared(arena, &resource_services, NULL,
                 "{\"spec\":{\"type\":\"NodePort\",\"ports\":[{\"name\":\"a\",\"port\":2}]}}", old);
    assert_at(service, "spec.clusterIP", "\"10.0.0.1\"");
    assert_at(val_item(val_at(service, "spec.ports"), 0), "nodePort", "30001");
    service = prepared(arena, &resource_services, NULL,
                       "{\"spec\":{\"type\":\"ClusterIP\",\"clusterIP\":\"10.0.0.1\",\"ports\":[{"
                       "\"name\":\"a\",\"port\":1,\"nodePort\":30001}],\"externalTrafficPolicy\":"
                       "\"Cluster\"}}",
                       old);
    assert_at(val_item(val_at(service, "spec.ports"), 0), "nodePort", "absent");
    assert_at(service, "spec.externalTrafficPolicy", "absent");
    service = prepared(arena, &resource_services, NULL,
                       "{\"spec\":{\"type\":\"ExternalName\",\"clusterIP\":\"10.0.0.1\","
                       "\"clusterIPs\":[\"10.0.0.1\"],\"externalName\":\"x\"}}",
                       old);
    assert_at(service, "spec.clusterIP", "absent");
}

static void
test_job(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct val job =
        prepared(arena, &resource_jobs, NULL,
                 "{\"metadata\":{\"name\":\"j\",\"uid\":\"u\"},\"spec\":{\"template\":{"
                 "\"metadata\":{\"labels\":{\"a\":\"1\"}}}}}",
                 NULL);
    static const char labels[] = "{\"a\":\"1\",\"batch.kubernetes.io/controller-uid\":\"u\","
                                 "\"batch.kubernetes.io/job-name\":\"j\",\"controller-uid\":\"u\","
                                 "\"job-name\":\"j\"}";
    assert_at(job, "spec.template.metadata.labels", labels);
    assert_at(job, "metadata.labels", labels);
    assert_at(job, "spec.selector",
              "{\"matchLabels\":{\"batch.kubernetes.io/controller-uid\":\"u\"}}");
    job = prepared(arena, &resource_jobs, NULL,
                   "{\"metadata\":{\"name\":\"j\",\"uid\":\"u\"},\"spec\":{\"manualSelector\":true,"
                   "\"template\":{}}}",
                   NULL);
    assert_at(job, "spec.selector", "absent");
}

static void
test_cert(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct val csr = prepared(arena, &resource_certificatesigningrequests, NULL,
                              "{\"spec\":{\"username\":\"root\",\"groups\":[\"x\"]},\"status\":{"
                              "\"conditions\":[{\"type\":\"Approved\"}]}}",
                              NULL);
    assert_at(csr, "spec.username", "\"alice\"");
    assert_at(csr, "spec.groups", "absent");
    assert_at(csr, "status", "{}");
    static const char asked[] =
        "{\"spec\":{\"username\":\"alice\"},\"status\":{\"conditions\":[{"
        "\"type\":\"Approved\",\"status\":\"True\"}],\"certificate\":\"MQ==\"}}";
    csr = prepared(arena, &resource_certificatesigningrequests, "approval", asked,
                   "{\"spec\":{\"username\":\"alice\"}}");
    assert_at(csr, "status.certificate", "absent");
    assert_at(csr, "status.conditions",
              "[{\"type\":\"Approved\",\"status\":\"True\",\"lastUpdateTime\":"
              "\"1970-01-01T00:00:01Z\",\"lastTransitionTime\":\"1970-01-01T00:00:01Z\"}]");
    csr = prepared(arena, &resource_certificatesigningrequests, NULL, asked,
                   "{\"spec\":{\"username\":\"alice\"}}");
    assert_at(csr, "status", "{}");
}

static void
test_status_only(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    static const char old[] = "{\"metadata\":{\"labels\":{\"a\":\"1\"}},\"spec\":{\"replicas\":1}}";
    static const char now[] = "{\"metadata\":{\"labels\":{\"a\":\"2\"}},\"spec\":{\"replicas\":2},"
                              "\"status\":{\"replicas\":3}}";
    struct val deployment = prepared(arena, &resource_deployments, "status", now, old);
    assert_at(deployment, "spec.replicas", "1");
    assert_at(deployment, "status.replicas", "3");
    assert_at(deployment, "metadata.labels.a", "\"1\"");
    struct val set = prepared(arena, &resource_replicasets, "status", now, old);
    assert_at(set, "metadata.labels.a", "\"2\"");
    assert_at(set, "spec.replicas", "1");
    struct val node =
        prepared(arena, &resource_nodes, NULL, "{\"status\":{\"phase\":\"x\"}}", NULL);
    assert_at(node, "status.phase", "\"x\"");
    struct val account = prepared(arena, &resource_serviceaccounts, NULL,
                                  "{\"secrets\":[{\"name\":\"s\",\"kind\":\"Secret\"}]}", NULL);
    assert_at(account, "secrets", "[{\"name\":\"s\"}]");
}

static void
test_event(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    const struct doc *doc =
        made(arena, &resource_events_v1,
             STR("{\"metadata\":{\"name\":\"e\"},\"regarding\":{\"name\":\"p\"},\"note\":\"hello\","
                 "\"reportingController\":\"c\",\"deprecatedCount\":2,\"eventTime\":"
                 "\"2024-01-01T00:00:00.000000Z\"}"));
    struct doc *core = NULL, *back = NULL;
    struct err *err = NULL;
    assert_int_equal(resource_events_v1.to_storage(arena, doc, &core, &err), 0);
    assert_string_equal(
        arena_dupz(arena, doc_bytes(core)),
        "{\"kind\":\"Event\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"e\"},\"involvedObject\":"
        "{\"name\":\"p\"},\"message\":\"hello\",\"source\":{},\"firstTimestamp\":null,"
        "\"lastTimestamp\":null,\"count\":2,\"eventTime\":\"2024-01-01T00:00:00.000000Z\","
        "\"reportingComponent\":\"c\",\"reportingInstance\":\"\"}");
    assert_int_equal(resource_events_v1.from_storage(arena, core, &back, &err), 0);
    assert_string_equal(arena_dupz(arena, doc_bytes(back)), arena_dupz(arena, doc_bytes(doc)));
}

static void
test_fields(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL;
    AUTO_OBJECT struct object *node = NULL;
    struct selector *selector = NULL;
    assert_int_equal(object_publish(&resource_nodes,
                                    STR("{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":{"
                                        "\"name\":\"n\"},\"spec\":{}}"),
                                    1, 0, &node, &err),
                     0);
    assert_int_equal(selector_parse_fields(arena, &resource_nodes, STR("spec.unschedulable=false"),
                                           &selector, &err),
                     0);
    assert_true(selector_matches_object(selector, node));
    assert_int_equal(
        selector_parse_fields(arena, &resource_configmaps, STR("a=1"), &selector, &err), -1);
    assert_string_equal(err->message, "\"a\" is not a known field selector: only "
                                      "\"metadata.name\", \"metadata.namespace\"");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pod),         cmocka_unit_test(test_service),
        cmocka_unit_test(test_job),         cmocka_unit_test(test_cert),
        cmocka_unit_test(test_status_only), cmocka_unit_test(test_event),
        cmocka_unit_test(test_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
