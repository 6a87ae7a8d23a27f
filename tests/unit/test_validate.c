/* Defaults, checks and their causes, for the kinds of the data path. */
#include "config.h"

#include "tests/lib/unit.h"

#include <string.h>

#include "api/decode.h"
#include "api/kinds_types.h"
#include "api/validate.h"
#include "base/arena.h"
#include "base/err.h"

/* Decoded and defaulted. */
static const struct doc *
made(struct arena *arena, const struct resource *resource, const char *text)
{
    struct decode_in in = { .arena = arena, .mode = DECODE_STRICT, .bytes = str_of(text) };
    struct doc *doc = NULL;
    const struct doc *defaulted = NULL;
    struct err *err = NULL;
    if (decode_object(&in, resource, &doc, &err) < 0 ||
        validate_default(arena, resource->type, doc, &defaulted, &err) < 0) {
        fail_msg("%s", err->message);
    }
    return defaulted;
}

/* The message of a create (old NULL) or update, "" when it is fine. */
static const char *
checked(struct arena *arena, const struct resource *resource, const char *now, const char *old)
{
    struct causes causes = { .arena = arena };
    AUTO_ERR struct err *err = NULL;
    struct val was = old == NULL ? (struct val){ 0 } : doc_root(made(arena, resource, old));
    validate_object(resource, NULL, doc_root(made(arena, resource, now)), was, &causes);
    if (causes_err(&causes, resource, STR("x"), &err) == 0) {
        return "";
    }
    assert_int_equal(err_http(err), 422);
    return arena_dupz(arena, str_of(err->message));
}

static void
test_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool is_label, is_subdomain, is_dns1035;
    } cases[] = {
        { "a", true, true, true },       { "a-b", true, true, true },
        { "1a", true, true, false },     { "a.b", false, true, false },
        { "", false, false, false },     { "A", false, false, false },
        { "-a", false, false, false },   { "a-", false, false, false },
        { "a..b", false, false, false }, { "a_b", false, false, false },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str name = str_of(cases[i].name);
        assert_int_equal(validate_dns_label(name, false) == NULL, cases[i].is_label);
        assert_int_equal(validate_dns_subdomain(name, false) == NULL, cases[i].is_subdomain);
        assert_int_equal(validate_dns1035_label(name, false) == NULL, cases[i].is_dns1035);
    }
    assert_null(validate_dns_label(STR("web-"), true));
    assert_null(validate_qualified_name(STR("example.com/Name_1.x")));
    assert_non_null(validate_qualified_name(STR("example.com/")));
    assert_non_null(validate_qualified_name(STR("a/b/c")));
    assert_non_null(validate_qualified_name(STR("Example.com/a")));
    assert_null(validate_label_value(STR("")));
    assert_non_null(validate_label_value(STR("-")));
    assert_non_null(validate_path_segment(STR("a/b"), false));
    assert_non_null(validate_path_segment(STR(".."), false));
    assert_null(validate_path_segment(STR("a:b"), false));
}

static void
test_metadata(void **state)
{
    (void)state;
    static const struct {
        const char *now, *old, *message;
    } cases[] = {
        { "{\"metadata\":{\"name\":\"x\",\"namespace\":\"d\"}}", NULL, "" },
        { "{\"metadata\":{\"namespace\":\"d\"}}", NULL,
          "ConfigMap \"x\" is invalid: metadata.name: Required value: name or generateName is "
          "required" },
        { "{\"metadata\":{\"name\":\"x\"}}", NULL,
          "ConfigMap \"x\" is invalid: metadata.namespace: Required value" },
        { "{\"metadata\":{\"name\":\"X\",\"namespace\":\"d\",\"labels\":{\"a b\":\"1\"},"
          "\"finalizers\":[\"orphan\",\"foregroundDeletion\"]}}",
          NULL,
          "ConfigMap \"x\" is invalid: [metadata.name: Invalid value: \"X\": a lowercase RFC 1123 "
          "subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
          "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
          "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'), metadata.labels: "
          "Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or "
          "'.', and must start and end with an alphanumeric character (e.g. 'MyName',  or "
          "'my.name',  or '123-abc', regex used for validation is "
          "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'), metadata.finalizers: Invalid value: "
          "[\"orphan\",\"foregroundDeletion\"]: finalizer orphan and foregroundDeletion cannot be "
          "both set]" },
        { "{\"metadata\":{\"name\":\"x\",\"namespace\":\"d\",\"ownerReferences\":[{\"apiVersion\":"
          "\"v1\",\"kind\":\"Pod\",\"name\":\"p\",\"uid\":\"\"}]}}",
          NULL,
          "ConfigMap \"x\" is invalid: metadata.ownerReferences.uid: Invalid value: \"\": must not "
          "be empty" },
        { "{\"metadata\":{\"name\":\"x\",\"namespace\":\"d\",\"uid\":\"2\"}}",
          "{\"metadata\":{\"name\":\"x\",\"namespace\":\"d\",\"uid\":\"1\"}}",
          "ConfigMap \"x\" is invalid: metadata.uid: Invalid value: \"2\": field is immutable" },
        { "{\"metadata\":{\"name\":\"x\",\"namespace\":\"d\",\"deletionTimestamp\":"
          "\"2024-01-01T00:00:00Z\",\"finalizers\":[\"b/c\",\"a/b\"]}}",
          "{\"metadata\":{\"name\":\"x\",\"namespace\":\"d\",\"deletionTimestamp\":"
          "\"2024-01-01T00:00:00Z\"}}",
          "ConfigMap \"x\" is invalid: metadata.finalizers: Forbidden: no new finalizers can be "
          "added if the object is being deleted, found new finalizers []string{\"a/b\", \"b/c\"}" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        assert_string_equal(checked(arena, &resource_configmaps, cases[i].now, cases[i].old),
                            cases[i].message);
    }
}

static void
test_config_map(void **state)
{
    (void)state;
    static const struct {
        const char *now, *old, *message;
    } cases[] = {
        { "\"data\":{\"a/b\":\"1\"}", NULL,
          "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric "
          "characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used "
          "for validation is '[-._a-zA-Z0-9]+')" },
        { "\"data\":{\"a\":\"1\"},\"binaryData\":{\"a\":\"MQ==\"}", NULL,
          "data[a]: Invalid value: \"a\": duplicate of key present in binaryData" },
        { "\"data\":{\"a\":\"2\"},\"immutable\":true", "\"data\":{\"a\":\"1\"},\"immutable\":true",
          "data: Forbidden: field is immutable when `immutable` is set" },
        { "\"data\":{\"a\":\"1\"}", "\"data\":{\"a\":\"1\"},\"immutable\":true",
          "immutable: Forbidden: field is immutable when `immutable` is set" },
    };
    static const char head[] = "{\"metadata\":{\"name\":\"x\",\"namespace\":\"d\"},";
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        const char *now = arena_printf(arena, "%s%s}", head, cases[i].now).at;
        const char *old =
            cases[i].old == NULL ? NULL : arena_printf(arena, "%s%s}", head, cases[i].old).at;
        assert_string_equal(
            checked(arena, &resource_configmaps, now, old),
            arena_printf(arena, "ConfigMap \"x\" is invalid: %s", cases[i].message).at);
    }
}

static void
test_namespace_defaults(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    const struct doc *doc =
        made(arena, &resource_namespaces,
             "{\"metadata\":{\"name\":\"x\",\"labels\":{\"a\":\"1\",\"z\":\"2\"},"
             "\"annotations\":{\"b\":\"\"}}}");
    assert_string_equal(
        arena_dupz(arena, doc_bytes(doc)),
        "{\"kind\":\"Namespace\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"x\","
        "\"labels\":{\"a\":\"1\",\"kubernetes.io/metadata.name\":\"x\",\"z\":\"2\"},"
        "\"annotations\":{\"b\":\"\"}},\"spec\":{},\"status\":{\"phase\":\"Active\"}}");
    /* A second time there is nothing to do. */
    const struct doc *again = NULL;
    struct err *err = NULL;
    assert_int_equal(validate_default(arena, resource_namespaces.type, doc, &again, &err), 0);
    assert_ptr_equal(again, doc);
}

/* Defaults of a pod and a service: what kube-apiserver 1.35 answers. */
static void
test_defaults(void **state)
{
    (void)state;
    static const struct {
        const struct resource *resource;
        const char *in, *out;
    } cases[] = {
        { &resource_pods,
          "{\"spec\":{\"hostNetwork\":true,\"containers\":[{\"name\":\"c\",\"image\":\"nginx\",\"ports\":["
          "{\"containerPort\":80}],\"resources\":{\"limits\":{\"cpu\":\"1\"}},\"livenessProbe\":{"
          "\"httpGet\":{\"port\":80}}}],\"volumes\":[{\"name\":\"v\"}]}}",
          "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{},\"spec\":{\"volumes\":[{\"name\":"
          "\"v\",\"emptyDir\":{}}],\"containers\":[{\"name\":\"c\",\"image\":\"nginx\",\"ports\":[{"
          "\"hostPort\":80,\"containerPort\":80,\"protocol\":\"TCP\"}],\"resources\":{\"limits\":{"
          "\"cpu\":\"1\"},\"requests\":{\"cpu\":\"1\"}},\"livenessProbe\":{\"httpGet\":{\"path\":\"/\","
          "\"port\":80,\"scheme\":\"HTTP\"},\"timeoutSeconds\":1,\"periodSeconds\":10,"
          "\"successThreshold\":1,\"failureThreshold\":3},\"terminationMessagePath\":"
          "\"/dev/termination-log\",\"terminationMessagePolicy\":\"File\",\"imagePullPolicy\":"
          "\"Always\"}],\"restartPolicy\":\"Always\",\"terminationGracePeriodSeconds\":30,"
          "\"dnsPolicy\":\"ClusterFirst\",\"hostNetwork\":true,\"securityContext\":{},"
          "\"schedulerName\":\"default-scheduler\",\"enableServiceLinks\":true},\"status\":{}}" },
        { &resource_services, "{\"spec\":{\"ports\":[{\"port\":80}]}}",
          "{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{},\"spec\":{\"ports\":[{"
          "\"protocol\":\"TCP\",\"port\":80,\"targetPort\":80}],\"type\":\"ClusterIP\","
          "\"sessionAffinity\":\"None\",\"internalTrafficPolicy\":\"Cluster\"},\"status\":{"
          "\"loadBalancer\":{}}}" },
        { &resource_secrets, "{\"data\":{\"b\":\"MQ==\"},\"stringData\":{\"a\":\"x\",\"b\":\"y\"}}",
          "{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"metadata\":{},\"data\":{\"a\":\"eA==\","
          "\"b\":\"eQ==\"},\"type\":\"Opaque\"}" },
        { &resource_nodes,
          "{\"spec\":{\"podCIDR\":\"10.0.0.0/24\"},\"status\":{\"capacity\":{\"cpu\":"
          "\"1\"}}}",
          "{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":{},\"spec\":{\"podCIDR\":"
          "\"10.0.0.0/24\",\"podCIDRs\":[\"10.0.0.0/24\"]},\"status\":{\"capacity\":{\"cpu\":\"1\"},"
          "\"allocatable\":{\"cpu\":\"1\"},\"daemonEndpoints\":{\"kubeletEndpoint\":{\"Port\":0}},"
          "\"nodeInfo\":{\"machineID\":\"\",\"systemUUID\":\"\",\"bootID\":\"\",\"kernelVersion\":\"\","
          "\"osImage\":\"\",\"containerRuntimeVersion\":\"\",\"kubeletVersion\":\"\","
          "\"kubeProxyVersion\":\"\",\"operatingSystem\":\"\",\"architecture\":\"\"}}}" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        const struct doc *doc = made(arena, cases[i].resource, cases[i].in);
        assert_string_equal(arena_dupz(arena, doc_bytes(doc)), cases[i].out);
        /* A fixed point. */
        assert_string_equal(
            arena_dupz(arena, doc_bytes(made(arena, cases[i].resource, cases[i].out))),
            cases[i].out);
    }
}

static void
test_namespace_prepare(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    const struct doc *doc = made(arena, &resource_namespaces,
                                 "{\"metadata\":{\"name\":\"x\"},\"spec\":{\"finalizers\":"
                                 "[\"a/b\"]},\"status\":{\"phase\":\"Terminating\"}}");
    struct edit edit;
    edit_init(&edit, arena);
    struct prepare p = {
        .arena = arena,
        .resource = &resource_namespaces,
        .now = doc_root(doc),
        .edit = &edit,
    };
    struct doc *done = NULL;
    struct err *err = NULL;
    resource_namespaces.prepare_create(&p);
    assert_int_equal(edit_apply(doc, &edit, &done, &err), 0);
    assert_true(val_is_str(val_at(doc_root(done), "status.phase"), "Active"));
    assert_int_equal(val_len(val_at(doc_root(done), "spec.finalizers")), 2);
    assert_true(val_is_str(val_item(val_at(doc_root(done), "spec.finalizers"), 1), "kubernetes"));
    assert_string_equal(
        checked(arena, &resource_namespaces,
                "{\"metadata\":{\"name\":\"x\"},\"spec\":{\"finalizers\":[\"a\"]}}", NULL),
        "Namespace \"x\" is invalid: spec.finalizers: Invalid value: \"a\": name is "
        "neither a standard finalizer name nor is it fully qualified");
}

static void
test_rbac(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    static const struct {
        const struct resource *resource;
        const char *text, *message;
    } cases[] = {
        { &resource_roles,
          "{\"metadata\":{\"name\":\"x\",\"namespace\":\"n\"},\"rules\":[{\"verbs\":[\"get\"],"
          "\"nonResourceURLs\":[\"/a\"]},{\"verbs\":[],\"resources\":[\"pods\"]}]}",
          "Role.rbac.authorization.k8s.io \"x\" is invalid: [rules[0].nonResourceURLs: Invalid value: "
          "[\"/a\"]: namespaced rules cannot apply to non-resource URLs, rules[1].verbs: Required "
          "value: verbs must contain at least one value, rules[1].apiGroups: Required value: resource "
          "rules must supply at least one api group]" },
        { &resource_clusterrolebindings,
          "{\"metadata\":{\"name\":\"x\"},\"roleRef\":{\"kind\":\"Role\",\"name\":\"a/b\"},"
          "\"subjects\":[{\"kind\":\"ServiceAccount\",\"name\":\"a\"},{\"kind\":\"Robot\",\"name\":"
          "\"r\"}]}",
          "ClusterRoleBinding.rbac.authorization.k8s.io \"x\" is invalid: [roleRef.kind: Unsupported "
          "value: \"Role\": supported values: \"ClusterRole\", roleRef.name: Invalid value: \"a/b\": "
          "may not contain '/', subjects[0].namespace: Required value, subjects[1].kind: Unsupported "
          "value: \"Robot\": supported values: \"ServiceAccount\", \"User\", \"Group\"]" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_string_equal(checked(arena, cases[i].resource, cases[i].text, NULL),
                            cases[i].message);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_config_map),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_namespace_defaults),
        cmocka_unit_test(test_namespace_prepare),
        cmocka_unit_test(test_rbac),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
