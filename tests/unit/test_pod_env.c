/* Environments: services, envFrom, env, the downward API, and what is refused. */
#include "config.h"

#include "tests/lib/unit.h"

#include "agent/pod_env.h"
#include "base/arena.h"
#include "base/err.h"

static struct val
json(struct arena *arena, const char *text)
{
    struct err *err = NULL;
    struct doc *doc = doc_parse(arena, str_of(text), &err);

    if (doc == NULL) {
        fail_msg("%s: %s", text, err->message);
    }
    return doc_root(doc);
}

static const char *const pod_text =
    "{\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\",\"uid\":\"u1\","
    "\"labels\":{\"b\":\"2\",\"app\":\"w\\\"x\"},\"annotations\":{\"note\":\"l1\\nl2\"}},"
    "\"spec\":{\"nodeName\":\"node-1\",\"serviceAccountName\":\"sa\",\"containers\":["
    "{\"name\":\"app\",\"resources\":{\"limits\":{\"cpu\":\"1500m\",\"memory\":\"64Mi\"},"
    "\"requests\":{\"cpu\":\"250m\"}}}]}}";

struct box {
    struct arena *arena;
    struct pod_place place;
    struct pod_sources sources;
    struct val services[4];
    struct pod_env_in in;
    struct pod_env env;
};

static void
box_init(struct box *box, const char *container)
{
    static const struct str ips[] = { { "10.42.0.5", 9 }, { "fd00::5", 7 } };

    *box = (struct box){ .arena = arena_new() };
    box->place = (struct pod_place){ .host_ip = STR("192.0.2.10"),
                                     .pod_ips = ips,
                                     .pod_ip_len = 2,
                                     .cpu_milli = 4000,
                                     .memory_bytes = 1 << 30 };
    box->sources.arena = box->arena;
    box->env.arena = box->arena;
    box->in = (struct pod_env_in){ .pod = json(box->arena, pod_text),
                                   .container = json(box->arena, container),
                                   .place = &box->place,
                                   .sources = &box->sources,
                                   .services = box->services };
    pod_sources_of_env(box->in.container, &box->sources);
}

static void
expect(struct box *box, const char *name, const char *value)
{
    struct str got = { 0 };

    if (!pod_env_get(&box->env, str_of(name), &got) || !str_is(got, value)) {
        fail_msg("%s: wanted '%s', got '" STR_FMT "'", name, value, STR_ARG(got));
    }
}

static void
test_downward_api(void **state)
{
    struct box box;
    struct err *err = NULL;

    (void)state;
    box_init(
        &box,
        "{\"name\":\"app\",\"resources\":{\"limits\":{\"cpu\":\"1500m\"},\"requests\":{\"cpu\":"
        "\"250m\"}},\"env\":["
        "{\"name\":\"NAME\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata.name\"}}},"
        "{\"name\":\"LABELS\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata.labels\"}}},"
        "{\"name\":\"ONE\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata.labels['b']\"}}},"
        "{\"name\":\"NOTE\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":"
        "\"metadata.annotations\"}}},"
        "{\"name\":\"IP\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"status.podIP\"}}},"
        "{\"name\":\"IPS\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"status.podIPs\"}}},"
        "{\"name\":\"HOST\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"status.hostIP\"}}},"
        "{\"name\":\"CPU\",\"valueFrom\":{\"resourceFieldRef\":{\"resource\":\"limits.cpu\"}}},"
        "{\"name\":\"MILLI\",\"valueFrom\":{\"resourceFieldRef\":{\"resource\":\"requests.cpu\","
        "\"divisor\":\"1m\"}}},"
        "{\"name\":\"OTHER\",\"valueFrom\":{\"resourceFieldRef\":{\"containerName\":\"app\","
        "\"resource\":\"limits.memory\",\"divisor\":\"1Mi\"}}},"
        "{\"name\":\"NODE\",\"valueFrom\":{\"resourceFieldRef\":{\"resource\":\"limits.memory\"}}}"
        "]}");
    assert_int_equal(pod_env_make(&box.in, &box.env, &err), 0);
    expect(&box, "NAME", "web");
    expect(&box, "LABELS", "app=\"w\\\"x\"\nb=\"2\"");
    expect(&box, "ONE", "2");
    expect(&box, "NOTE", "note=\"l1\\nl2\"");
    expect(&box, "IP", "10.42.0.5");
    expect(&box, "IPS", "10.42.0.5,fd00::5");
    expect(&box, "HOST", "192.0.2.10");
    expect(&box, "CPU", "2"); /* rounded up */
    expect(&box, "MILLI", "250");
    expect(&box, "OTHER", "64");
    expect(&box, "NODE", "1073741824"); /* no limit: what the node has */
    arena_free(box.arena);
}

static void
test_order_and_references(void **state)
{
    struct box box;
    struct err *err = NULL;

    (void)state;
    box_init(&box, "{\"name\":\"app\",\"envFrom\":[{\"prefix\":\"P_\",\"configMapRef\":{\"name\":"
                   "\"cfg\"}},{\"secretRef\":{\"name\":\"none\",\"optional\":true}}],"
                   "\"env\":[{\"name\":\"A\",\"value\":\"$(P_key)-$(LATER)-$(DB_SERVICE_HOST)\"},"
                   "{\"name\":\"LATER\",\"value\":\"x\"},{\"name\":\"P_key\",\"value\":\"own\"},"
                   "{\"name\":\"S\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"sec\",\"key\":"
                   "\"k\"}}},{\"name\":\"GONE\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":"
                   "\"cfg\",\"key\":\"nokey\",\"optional\":true}}}]}");
    assert_int_equal(box.sources.len, 3);
    for (size_t i = 0; i < box.sources.len; i++) {
        if (str_is(box.sources.at[i].name, "cfg")) {
            box.sources.at[i].object = json(box.arena, "{\"data\":{\"key\":\"from\"}}");
        } else if (str_is(box.sources.at[i].name, "sec")) {
            box.sources.at[i].object = json(box.arena, "{\"data\":{\"k\":\"aGkK\"}}");
        }
    }
    box.services[0] =
        json(box.arena, "{\"metadata\":{\"name\":\"db\",\"namespace\":\"shop\"},\"spec\":{"
                        "\"clusterIP\":\"10.43.0.9\",\"ports\":[{\"port\":5432}]}}");
    box.in.service_len = 1;
    assert_int_equal(pod_env_make(&box.in, &box.env, &err), 0);
    expect(&box, "A", "from-$(LATER)-10.43.0.9");
    expect(&box, "P_key", "own");
    expect(&box, "S", "hi\n");
    assert_false(pod_env_get(&box.env, STR("GONE"), &(struct str){ 0 }));
    assert_true(str_is(pod_env_expand(&box.env, STR("run $(LATER) $(NONE)")), "run x $(NONE)"));
    arena_free(box.arena);
}

static void
test_services(void **state)
{
    struct box box;
    struct err *err = NULL;

    (void)state;
    box_init(&box, "{\"name\":\"app\"}");
    box.services[0] =
        json(box.arena, "{\"metadata\":{\"name\":\"kubernetes\",\"namespace\":\"default\"},"
                        "\"spec\":{\"clusterIP\":\"10.43.0.1\",\"ports\":[{\"name\":\"https\","
                        "\"protocol\":\"TCP\",\"port\":443}]}}");
    box.services[1] =
        json(box.arena, "{\"metadata\":{\"name\":\"my-dns\",\"namespace\":\"shop\"},\"spec\":{"
                        "\"clusterIP\":\"10.43.0.10\",\"ports\":[{\"name\":\"dns\",\"protocol\":"
                        "\"UDP\",\"port\":53},{\"name\":\"dns-tcp\",\"port\":53}]}}");
    box.services[2] =
        json(box.arena, "{\"metadata\":{\"name\":\"headless\",\"namespace\":\"shop\"},\"spec\":"
                        "{\"clusterIP\":\"None\",\"ports\":[{\"port\":1}]}}");
    box.services[3] =
        json(box.arena, "{\"metadata\":{\"name\":\"far\",\"namespace\":\"other\"},\"spec\":"
                        "{\"clusterIP\":\"10.43.0.3\",\"ports\":[{\"port\":1}]}}");
    box.in.service_len = 4;
    assert_int_equal(pod_env_make(&box.in, &box.env, &err), 0);
    expect(&box, "KUBERNETES_SERVICE_HOST", "10.43.0.1");
    expect(&box, "KUBERNETES_SERVICE_PORT", "443");
    expect(&box, "KUBERNETES_SERVICE_PORT_HTTPS", "443");
    expect(&box, "KUBERNETES_PORT", "tcp://10.43.0.1:443");
    expect(&box, "KUBERNETES_PORT_443_TCP", "tcp://10.43.0.1:443");
    expect(&box, "KUBERNETES_PORT_443_TCP_PROTO", "tcp");
    expect(&box, "KUBERNETES_PORT_443_TCP_PORT", "443");
    expect(&box, "KUBERNETES_PORT_443_TCP_ADDR", "10.43.0.1");
    expect(&box, "MY_DNS_PORT", "udp://10.43.0.10:53");
    expect(&box, "MY_DNS_SERVICE_PORT_DNS_TCP", "53");
    expect(&box, "MY_DNS_PORT_53_TCP_PROTO", "tcp");
    assert_int_equal(box.env.len, 8 + 13);
    arena_free(box.arena);
}

static void
test_what_is_refused(void **state)
{
    static const char *const rows[][2] = {
        { "{\"env\":[{\"name\":\"A\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"no\",\"key\":"
          "\"k\"}}}]}",
          "configmap \"no\" not found" },
        { "{\"envFrom\":[{\"secretRef\":{\"name\":\"no\"}}]}", "secret \"no\" not found" },
        { "{\"env\":[{\"name\":\"A\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"spec.x\"}}}]}",
          "unsupported fieldPath: spec.x" },
        { "{\"env\":[{\"name\":\"A\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":"
          "\"spec.x['a']\"}}}]}",
          "fieldPath \"spec.x['a']\" does not support subscript" },
        { "{\"env\":[{\"name\":\"A\",\"valueFrom\":{\"resourceFieldRef\":{\"resource\":"
          "\"limits.gpu\"}}}]}",
          "unsupported container resource : limits.gpu" },
        { "{\"env\":[{\"name\":\"A\",\"valueFrom\":{\"resourceFieldRef\":{\"containerName\":"
          "\"no\",\"resource\":\"limits.cpu\"}}}]}",
          "container no not found" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct box box;
        AUTO_ERR struct err *err = NULL;

        box_init(&box, rows[i][0]);
        assert_int_equal(pod_env_make(&box.in, &box.env, &err), -1);
        assert_string_equal(err->message, rows[i][1]);
        arena_free(box.arena);
    }
}

static void
test_missing_key_names_the_object(void **state)
{
    struct box box;
    AUTO_ERR struct err *err = NULL;
    struct str text;

    (void)state;
    box_init(&box, "{\"env\":[{\"name\":\"A\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"sec\","
                   "\"key\":\"k\"}}}]}");
    box.sources.at[0].object = json(box.arena, "{\"data\":{}}");
    assert_int_equal(pod_env_make(&box.in, &box.env, &err), -1);
    assert_string_equal(err->message, "couldn't find key k in Secret shop/sec");
    err_clear(&err);
    assert_int_equal(pod_env_expand_strict(&box.env, STR("a/$(X)"), &text, &err), -1);
    assert_string_equal(err->message, "missing value for \"X\"");
    arena_free(box.arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_downward_api),
        cmocka_unit_test(test_order_and_references),
        cmocka_unit_test(test_services),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_missing_key_names_the_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
