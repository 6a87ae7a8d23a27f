/* apiserver/rest_sub*: scale, binding, eviction. Answers and refusals as kube-apiserver 1.35 gave
 * them to the same requests. */
#include "config.h"

#include "tests/lib/unit.h"

#include <string.h>

#include "api/object.h"
#include "base/err.h"
#include "base/mem.h"
#include "tests/lib/tb.h"

#define DEPLOYMENTS "/apis/apps/v1/namespaces/default/deployments"
#define PODS "/api/v1/namespaces/default/pods"
#define BINDINGS "/api/v1/namespaces/default/bindings"
#define SCALE "{\"kind\":\"Scale\",\"apiVersion\":\"autoscaling/v1\",\"metadata\":{\"name\":\"a\"}"
#define EVICTION "{\"kind\":\"Eviction\",\"apiVersion\":\"policy/v1\",\"metadata\":{\"name\":\"b\"}"
#define SUCCESS                                                                                    \
    "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Success\","           \
    "\"code\":201}"

struct ask {
    const char *method, *path, *type, *body; /* type NULL: application/json, "": none */
    const char *has[3];
};

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

static char *
ask(struct tb *tb, const struct ask *a)
{
    AUTO_FREE char *header =
        mem_printf("Content-Type: %s\r\n", a->type == NULL ? "application/json" : a->type);
    bool has_type = a->type == NULL || a->type[0] != '\0';
    return tb_ask(tb, tb_connect(tb), a->method, a->path, has_type ? header : "",
                  a->body == NULL ? "" : a->body);
}

static void
ask_all(struct tb *tb, const struct ask *asks, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        AUTO_FREE char *answer = ask(tb, &asks[i]);
        for (size_t h = 0; h < ARRAY_LEN(asks[i].has) && asks[i].has[h] != NULL; h++) {
            if (strstr(answer, asks[i].has[h]) == NULL) {
                fail_msg("%s %s %s\nwant: %s\ngot: %s", asks[i].method, asks[i].path,
                         asks[i].body == NULL ? "" : asks[i].body, asks[i].has[h], answer);
            }
        }
    }
}

static void
create_deployment(struct tb *tb)
{
    static const struct ask make = {
        "POST",
        DEPLOYMENTS,
        NULL,
        "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"replicas\":2,\"selector\":{\"matchLabels\":"
        "{\"b\":\"c\",\"app\":\"a\"},\"matchExpressions\":[{\"key\":\"x\",\"operator\":\"In\","
        "\"values\":[\"z\",\"y\"]}]},\"template\":{\"metadata\":{\"labels\":{\"app\":\"a\","
        "\"b\":\"c\",\"x\":\"y\"}},\"spec\":{\"containers\":[{\"name\":\"c\","
        "\"image\":\"nginx\"}]}}}}",
        { " 201 " }
    };
    ask_all(tb, &make, 1);
}

static void
create_pod(struct tb *tb, const char *name)
{
    AUTO_FREE char *body = mem_printf("{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"containers\":"
                                      "[{\"name\":\"c\",\"image\":\"nginx\"}]}}",
                                      name);
    struct ask make = { "POST", PODS, NULL, body, { " 201 " } };
    ask_all(tb, &make, 1);
}

static void
scales(void **state)
{
    static const struct ask asks[] = {
        { "GET",
          DEPLOYMENTS "/a/scale",
          "",
          NULL,
          { "{\"kind\":\"Scale\",\"apiVersion\":\"autoscaling/v1\",\"metadata\":{\"name\":\"a\","
            "\"namespace\":\"default\",\"uid\":\"",
            "\"spec\":{\"replicas\":2},\"status\":{\"replicas\":0,"
            "\"selector\":\"app=a,b=c,x in (y,z)\"}}" } },
        { "PUT",
          DEPLOYMENTS "/a/scale",
          "",
          SCALE ",\"spec\":{\"replicas\":3}}",
          { " 200 ", "\"spec\":{\"replicas\":3}" } },
        { "PUT", DEPLOYMENTS "/a/scale", NULL, SCALE "}", { " 200 ", "\"spec\":{}" } },
        { "PATCH",
          DEPLOYMENTS "/a/scale",
          "application/merge-patch+json",
          "{\"spec\":{\"replicas\":5}}",
          { " 200 ", "\"spec\":{\"replicas\":5}" } },
        { "PATCH",
          DEPLOYMENTS "/a/scale",
          "application/json-patch+json",
          "[{\"op\":\"test\",\"path\":\"/spec/replicas\",\"value\":5},"
          "{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":6}]",
          { " 200 ", "\"spec\":{\"replicas\":6}" } },
        { "PATCH",
          DEPLOYMENTS "/a/scale?dryRun=All",
          "application/strategic-merge-patch+json",
          "{\"spec\":{\"replicas\":9}}",
          { " 200 ", "\"spec\":{\"replicas\":9}" } },
        { "GET",
          DEPLOYMENTS "/a",
          "",
          NULL,
          { "\"generation\":5", "\"spec\":{\"replicas\":6,", "\"subresource\":\"scale\"" } },
        { "PATCH",
          DEPLOYMENTS "/a/scale?fieldManager=m",
          "application/apply-patch+yaml",
          SCALE ",\"spec\":{\"replicas\":4}}",
          { " 409 ", "with subresource \\\"scale\\\"", ": .spec.replicas" } },
        { "PATCH",
          DEPLOYMENTS "/a/scale?fieldManager=m&force=true",
          "application/apply-patch+yaml",
          SCALE ",\"spec\":{\"replicas\":4}}",
          { " 200 ", "\"spec\":{\"replicas\":4}" } },
        { "GET",
          DEPLOYMENTS "/a",
          "",
          NULL,
          { "\"spec\":{\"replicas\":4,",
            "\"manager\":\"m\",\"operation\":\"Apply\",\"apiVersion\":\"apps/v1\"" } },
    };
    create_deployment(*state);
    ask_all(*state, asks, ARRAY_LEN(asks));
}

static void
refuses_scales(void **state)
{
    static const struct ask asks[] = {
        { "GET",
          DEPLOYMENTS "/zz/scale",
          "",
          NULL,
          { " 404 ", "\"message\":\"deployments.apps \\\"zz\\\" not found\"" } },
        { "PUT",
          DEPLOYMENTS "/a/scale",
          NULL,
          SCALE ",\"spec\":{\"replicas\":-1}}",
          { " 422 ",
            "Scale.autoscaling \\\"a\\\" is invalid: spec.replicas: Invalid value: -1: must "
            "be greater than or equal to 0" } },
        { "PUT",
          DEPLOYMENTS "/a/scale",
          NULL,
          "{\"metadata\":{\"name\":\"a\",\"uid\":\"x\"},\"spec\":{\"replicas\":1}}",
          { " 409 ", "Precondition failed: UID in precondition: x, UID in object meta: " } },
        { "PUT",
          DEPLOYMENTS "/a/scale",
          NULL,
          "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"1\"},\"spec\":{\"replicas\":1}}",
          { " 409 ", "the object has been modified" } },
        { "PUT",
          DEPLOYMENTS "/a/scale",
          NULL,
          "{\"metadata\":{\"name\":\"b\"}}",
          { " 400 ", "the name of the object (b) does not match the name on the URL (a)" } },
        { "PUT",
          DEPLOYMENTS "/a/scale",
          NULL,
          "{\"kind\":\"Deployment\",\"apiVersion\":\"apps/v1\"}",
          { " 400 ", "converting (v1.Deployment) to (autoscaling.Scale): unknown conversion" } },
        { "POST", DEPLOYMENTS "/a/scale", NULL, "{}", { " 405 " } },
        { "DELETE", DEPLOYMENTS "/a/scale", "", NULL, { " 405 " } },
    };
    create_deployment(*state);
    ask_all(*state, asks, ARRAY_LEN(asks));
}

static void
binds(void **state)
{
    static const struct ask asks[] = {
        { "POST",
          PODS "/b/binding?dryRun=All",
          NULL,
          "{\"metadata\":{\"name\":\"b\"},\"target\":{\"name\":\"n\"}}",
          { " 201 ", SUCCESS } },
        { "POST",
          PODS "/b/binding",
          NULL,
          "{\"metadata\":{\"name\":\"b\",\"annotations\":{\"a/x~\":\"1\"},\"labels\":{\"l\":\"m\"}},"
          "\"target\":{\"kind\":\"Node\",\"name\":\"n\"}}",
          { " 201 ", SUCCESS } },
        { "GET",
          PODS "/b",
          "",
          NULL,
          { "\"generation\":1,", "\"labels\":{\"l\":\"m\"},\"annotations\":{\"a/x~\":\"1\"}",
            "\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"True\","
            "\"lastProbeTime\":null,\"lastTransitionTime\":\"2026-11-24T12:00:00Z\"}]" } },
        { "GET", PODS "?fieldSelector=spec.nodeName%3Dn", "", NULL, { "\"name\":\"b\"" } },
        { "POST",
          BINDINGS,
          NULL,
          "{\"metadata\":{\"name\":\"c\"},\"target\":{\"name\":\"n\"}}",
          { " 201 ", SUCCESS } },
        { "GET", PODS "/c", "", NULL, { "\"nodeName\":\"n\"" } },
    };
    create_pod(*state, "b");
    create_pod(*state, "c");
    ask_all(*state, asks, ARRAY_LEN(asks));
}

static void
refuses_bindings(void **state)
{
    static const struct ask asks[] = {
        { "POST",
          PODS "/b/binding",
          NULL,
          "{\"metadata\":{\"name\":\"b\"},\"target\":{\"name\":\"\"}}",
          { " 500 ", "\"message\":\"target.name: Required value\",\"code\":500" } },
        { "POST",
          PODS "/b/binding",
          NULL,
          "{\"metadata\":{\"name\":\"b\"},\"target\":{\"kind\":\"Pod\",\"name\":\"\"}}",
          { " 500 ",
            "\"[target.kind: Unsupported value: \\\"Pod\\\": supported values: \\\"Node\\\", "
            "\\\"\\u003cempty\\u003e\\\", target.name: Required value]\"" } },
        { "POST",
          PODS "/b/binding",
          NULL,
          "{\"metadata\":{},\"target\":{\"name\":\"n\"}}",
          { " 400 ", "name in URL does not match name in Binding object" } },
        { "POST",
          PODS "/b/binding",
          NULL,
          "{\"metadata\":{\"name\":\"b\",\"uid\":\"abc\"},\"target\":{\"name\":\"n\"}}",
          { " 409 ", "UID in precondition: abc, UID in object meta: " } },
        { "POST",
          PODS "/b/binding",
          NULL,
          "{\"metadata\":{\"name\":\"b\",\"resourceVersion\":\"1\"},\"target\":{\"name\":\"n\"}}",
          { " 409 ", "ResourceVersion in precondition: 1, ResourceVersion in object meta: " } },
        { "POST",
          PODS "/zz/binding",
          NULL,
          "{\"metadata\":{\"name\":\"zz\"},\"target\":{\"name\":\"n\"}}",
          { " 404 ", "pods \\\"zz\\\" not found" } },
        { "POST",
          PODS "/b/binding",
          NULL,
          "{\"metadata\":{\"name\":\"b\"},\"target\":{\"name\":\"n\"}}",
          { " 201 " } },
        { "POST",
          PODS "/b/binding",
          NULL,
          "{\"metadata\":{\"name\":\"b\"},\"target\":{\"name\":\"m\"}}",
          { " 409 ",
            "Operation cannot be fulfilled on pods/binding \\\"b\\\": pod b is already assigned "
            "to node \\\"n\\\"" } },
        { "POST",
          BINDINGS,
          NULL,
          "{\"target\":{\"name\":\"n\"}}",
          { " 400 ", "Name parameter required." } },
        { "GET", BINDINGS "/b", "", NULL, { " 404 " } },
        { "GET", PODS "/b/binding", "", NULL, { " 405 " } },
    };
    create_pod(*state, "b");
    ask_all(*state, asks, ARRAY_LEN(asks));
}

static void
evicts(void **state)
{
    static const struct ask asks[] = {
        { "POST",
          PODS "/b/binding",
          NULL,
          "{\"metadata\":{\"name\":\"b\"},\"target\":{\"name\":\"n\"}}",
          { " 201 " } },
        { "POST",
          PODS "/b/eviction",
          NULL,
          EVICTION ",\"deleteOptions\":{\"dryRun\":[\"All\"]}}",
          { " 201 ", SUCCESS } },
        { "GET", PODS "/b", "", NULL, { "\"type\":\"PodScheduled\"" } },
        { "POST",
          PODS "/b/eviction",
          NULL,
          EVICTION ",\"deleteOptions\":{\"gracePeriodSeconds\":7}}",
          { " 201 ", SUCCESS } },
        { "GET",
          PODS "/b",
          "",
          NULL,
          { "\"generation\":2,",
            "\"deletionTimestamp\":\"2026-11-24T12:00:07Z\",\"deletionGracePeriodSeconds\":7",
            "{\"type\":\"DisruptionTarget\",\"status\":\"True\",\"lastProbeTime\":null,"
            "\"lastTransitionTime\":\"2026-11-24T12:00:00Z\",\"reason\":\"EvictionByEvictionAPI\","
            "\"message\":\"Eviction API: evicting\"}" } },
        { "POST",
          PODS "/c/eviction",
          NULL,
          "{\"metadata\":{\"name\":\"c\"}}",
          { " 201 ", SUCCESS } },
        { "GET", PODS "/c", "", NULL, { " 404 " } }, /* it never had a node */
    };
    create_pod(*state, "b");
    create_pod(*state, "c");
    ask_all(*state, asks, ARRAY_LEN(asks));
}

static void
refuses_evictions(void **state)
{
    static const struct ask asks[] = {
        { "POST",
          PODS "/b/eviction",
          NULL,
          EVICTION ",\"deleteOptions\":{\"preconditions\":{\"uid\":\"abc\"}}}",
          { " 409 ",
            "Operation cannot be fulfilled on Pod \\\"b\\\": the UID in the precondition (abc) "
            "does not match the UID in record (" } },
        { "POST",
          PODS "/b/eviction",
          NULL,
          "{\"metadata\":{\"name\":\"x\"}}",
          { " 400 ", "name in URL does not match name in Eviction object" } },
        { "POST",
          PODS "/b/eviction?dryRun=All",
          NULL,
          EVICTION ",\"deleteOptions\":{\"dryRun\":[\"X\"]}}",
          { " 500 ", "Non-matching dry-run options in request and content: [All] and [X]" } },
        { "POST",
          PODS "/b/eviction",
          NULL,
          EVICTION ",\"deleteOptions\":{\"propagationPolicy\":\"zz\"}}",
          { " 422 ",
            "DeleteOptions.meta.k8s.io \\\"\\\" is invalid: propagationPolicy: Unsupported "
            "value: \\\"zz\\\"" } },
        { "POST",
          PODS "/b/eviction",
          NULL,
          "{\"kind\":\"Pod\",\"apiVersion\":\"v1\"}",
          { " 400 ", "converting (v1.Pod) to (policy.Eviction): unknown conversion" } },
        { "GET", PODS "/b/eviction", "", NULL, { " 405 " } },
    };
    create_pod(*state, "b");
    ask_all(*state, asks, ARRAY_LEN(asks));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(scales, serve, leave),
        cmocka_unit_test_setup_teardown(refuses_scales, serve, leave),
        cmocka_unit_test_setup_teardown(binds, serve, leave),
        cmocka_unit_test_setup_teardown(refuses_bindings, serve, leave),
        cmocka_unit_test_setup_teardown(evicts, serve, leave),
        cmocka_unit_test_setup_teardown(refuses_evictions, serve, leave),
    };
    return cmocka_run_group_tests_name("rest_sub", tests, NULL, NULL);
}
