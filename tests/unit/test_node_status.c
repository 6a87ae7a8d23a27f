/* The Node object: creation, status against what is stored, labels; and the texts of the pod network
 * and of the private runtime. */
#include "config.h"

#include "tests/lib/unit.h"

#include "agent/cni.h"
#include "agent/containerd.h"
#include "agent/node_status.h"
#include "base/arena.h"
#include "base/err.h"

static const struct node_facts facts = {
    .cpu_milli = 2000,
    .memory_bytes = (int64_t)4 << 30,
    .storage_bytes = 100000000000,
    .hostname = { "n1", 2 },
    .machine_id = { "m", 1 },
    .system_uuid = { "s", 1 },
    .boot_id = { "b", 1 },
    .kernel = { "6.1", 3 },
    .os_image = { "Debian", 6 },
    .arch = { "amd64", 5 },
};

static struct node_status_in
status_in(void)
{
    return (struct node_status_in){ .facts = &facts,
                                    .name = STR("n1"),
                                    .ip = STR("192.0.2.10"),
                                    .kubelet_version = STR("v1.35.0"),
                                    .runtime_version = STR("containerd://1.6.20"),
                                    .port = 10250,
                                    .now_ms = 1767225600000 };
}

static struct val
parse(struct arena *arena, struct str text)
{
    struct err *err = NULL;
    struct doc *doc = doc_parse(arena, text, &err);

    if (doc == NULL) {
        fail_msg("%s: " STR_FMT, err->message, STR_ARG(text));
    }
    return doc_root(doc);
}

static void
test_object(void **state)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct node_status_in in = status_in();
    struct val node, taint;
    struct jw out;

    (void)state;
    in.labels = STR("zone=a,empty=");
    in.taints = STR("dedicated=db:NoSchedule,quick:NoExecute");
    jw_init(&out, arena);
    node_status_object(&in, &out);
    node = parse(arena, jw_done(&out));
    assert_true(val_is_str(val_at(node, "metadata.name"), "n1"));
    assert_true(val_is_str(val_get(val_at(node, "metadata.labels"), "kubernetes.io/os"), "linux"));
    assert_true(val_is_str(val_get(val_at(node, "metadata.labels"), "zone"), "a"));
    assert_true(val_is_str(val_get(val_at(node, "metadata.labels"), "empty"), ""));
    taint = val_item(val_at(node, "spec.taints"), 0);
    assert_true(val_is_str(val_get(taint, "key"), "dedicated"));
    assert_true(val_is_str(val_get(taint, "value"), "db"));
    assert_true(val_is_str(val_get(taint, "effect"), "NoSchedule"));
    taint = val_item(val_at(node, "spec.taints"), 1);
    assert_true(val_is_str(val_get(taint, "key"), "quick"));
    assert_false(val_is(val_get(taint, "value")));
}

static struct val
condition(struct val patch, const char *type)
{
    VAL_EACH (it, val_at(patch, "status.conditions")) {
        if (val_is_str(val_get(it.value, "type"), type)) {
            return it.value;
        }
    }
    return (struct val){ 0 };
}

static void
test_status(void **state)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct node_status_in in = status_in();
    struct val patch, stored;
    struct jw out;
    bool is_changed = false;

    (void)state;
    in.problem = STR("container runtime is down");
    jw_init(&out, arena);
    node_status_patch(&in, (struct val){ 0 }, &out, &is_changed);
    patch = parse(arena, jw_done(&out));
    assert_true(is_changed);
    assert_true(val_is_str(val_get(condition(patch, "Ready"), "status"), "False"));
    assert_true(
        val_is_str(val_get(condition(patch, "Ready"), "message"), "container runtime is down"));
    assert_true(val_is_str(val_at(patch, "status.capacity.memory"), "4Gi"));
    assert_true(val_is_str(val_at(patch, "status.allocatable.memory"), "3996Mi"));
    assert_true(val_is_str(val_at(patch, "status.capacity.cpu"), "2"));
    assert_true(val_is_str(val_at(patch, "status.nodeInfo.architecture"), "amd64"));

    /* Only time has passed: nothing to tell. */
    stored = patch;
    in.now_ms += 10000;
    jw_init(&out, arena);
    node_status_patch(&in, stored, &out, &is_changed);
    assert_false(is_changed);

    in.problem = (struct str){ 0 };
    jw_init(&out, arena);
    node_status_patch(&in, stored, &out, &is_changed);
    assert_true(is_changed);
    patch = parse(arena, jw_done(&out));
    assert_true(val_is_str(val_get(condition(patch, "Ready"), "reason"), "KubeletReady"));
    assert_true(val_is_str(val_get(condition(patch, "Ready"), "lastTransitionTime"),
                           "2026-01-01T00:00:10Z"));
    assert_true(val_is_str(val_get(condition(patch, "DiskPressure"), "lastTransitionTime"),
                           "2026-01-01T00:00:00Z"));
}

static void
test_labels(void **state)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct node_status_in in = status_in();
    struct val node;
    struct jw out;

    (void)state;
    jw_init(&out, arena);
    node_status_object(&in, &out);
    node = parse(arena, jw_done(&out));
    jw_init(&out, arena);
    assert_false(node_status_labels(&in, node, &out));
    in.labels = STR("new=1");
    jw_init(&out, arena);
    assert_true(node_status_labels(&in, node, &out));
}

static void
test_network_texts(void **state)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct val list = parse(arena, cni_conflist(arena, STR("10.42.3.0/24")));
    struct val bridge = val_item(val_get(list, "plugins"), 0);

    (void)state;
    assert_true(val_is_str(val_get(bridge, "type"), "bridge"));
    assert_int_equal(val_int(val_get(bridge, "mtu"), 0), CNI_MTU);
    assert_true(
        val_is_str(val_get(val_item(val_item(val_at(bridge, "ipam.ranges"), 0), 0), "subnet"),
                   "10.42.3.0/24"));
    assert_true(val_is_str(val_get(val_item(val_get(list, "plugins"), 1), "type"), "portmap"));
}

static void
test_runtime_text(void **state)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct containerd_spec spec = { .root = "/r",
                                    .run = "/run/x",
                                    .cni_bin_dir = "/bin",
                                    .cni_conf_dir = "/conf",
                                    .sandbox_image = "binnacle.local/pause:1",
                                    .registry = "http://127.0.0.1:1" };
    struct str text = containerd_config(arena, &spec);

    (void)state;
    assert_true(str_contains(text, STR("root = \"/r/root\"\n")));
    assert_true(str_contains(text, STR("address = \"/run/x/containerd.sock\"\n")));
    assert_true(str_contains(text, STR("sandbox_image = \"binnacle.local/pause:1\"\n")));
    assert_true(str_contains(text, STR("config_path = \"/r/certs.d\"\n")));
    assert_true(str_contains(text, STR("restrict_oom_score_adj = false\n")));
    spec.is_confined = true;
    assert_true(
        str_contains(containerd_config(arena, &spec), STR("restrict_oom_score_adj = true\n")));
}

/* What others put into the capacity may be given out, until they take it away. */
static void
test_extended_resources(void **state)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct node_status_in in = status_in();
    struct val patch, list;
    bool is_changed;
    struct jw out;

    (void)state;
    jw_init(&out, arena);
    node_status_patch(&in,
                      parse(arena, STR("{\"status\":{\"capacity\":{\"example.com/fish\":\"5\"},"
                                       "\"allocatable\":{\"example.com/cat\":\"1\"}}}")),
                      &out, &is_changed);
    patch = parse(arena, jw_done(&out));
    assert_true(is_changed);
    assert_true(val_is_str(val_get(val_at(patch, "status.capacity"), "example.com/fish"), "5"));
    list = val_at(patch, "status.allocatable");
    assert_true(val_is_str(val_get(list, "example.com/fish"), "5"));
    assert_int_equal(val_type(val_get(list, "example.com/cat")), DOC_NULL);
    assert_false(val_bool(val_at(patch, "status.features.supplementalGroupsPolicy"), true));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_object),       cmocka_unit_test(test_status),
        cmocka_unit_test(test_labels),       cmocka_unit_test(test_network_texts),
        cmocka_unit_test(test_runtime_text), cmocka_unit_test(test_extended_resources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
