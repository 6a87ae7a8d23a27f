/* Pods as the runtime wants them: what a sandbox and a container are made from. */
#include "config.h"

#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

#include "agent/pod_config.h"
#include "agent/pod_env.h"
#include "agent/runtime.h"
#include "base/arena.h"
#include "base/err.h"

struct box {
    struct arena *arena;
    struct pod_config_node node;
    struct pod_config_in in;
    struct pod_env env;
};

static void
box_init(struct box *box, const char *spec)
{
    struct err *err = NULL;
    struct str text;

    *box = (struct box){ .arena = arena_new(),
                         .node = { .log_root = "/var/log/pods",
                                   .seccomp_root = "/seccomp",
                                   .dns = { .cluster_domain = "cluster.local" } } };
    text =
        arena_printf(box->arena,
                     "{\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\",\"uid\":\"u1\","
                     "\"labels\":{\"app\":\"w\",\"io.kubernetes.pod.name\":\"lie\"}},\"spec\":%s}",
                     spec);
    box->in = (struct pod_config_in){ .arena = box->arena,
                                      .node = &box->node,
                                      .pod = doc_root(doc_parse(box->arena, text, &err)) };
    if (err != NULL) {
        fail_msg("%s", err->message);
    }
    box->env.arena = box->arena;
}

static const char *
label(Cri__PodSandboxConfig *config, const char *key)
{
    for (size_t i = 0; i < config->n_labels; i++) {
        if (str_is(str_of(key), config->labels[i]->key)) {
            return config->labels[i]->value;
        }
    }
    return NULL;
}

static const char *
annotation(Cri__ContainerConfig *config, const char *key)
{
    for (size_t i = 0; i < config->n_annotations; i++) {
        if (str_is(str_of(key), config->annotations[i]->key)) {
            return config->annotations[i]->value;
        }
    }
    return NULL;
}

static void
test_sandbox(void **state)
{
    struct box box;
    Cri__PodSandboxConfig *config;
    struct pod_dns dns;

    (void)state;
    box_init(&box, "{\"containers\":[{\"name\":\"c\",\"ports\":[{\"containerPort\":80},{"
                   "\"containerPort\":53,\"hostPort\":5353,\"protocol\":\"UDP\",\"hostIP\":"
                   "\"127.0.0.1\"}]}],\"securityContext\":{\"runAsUser\":7,\"fsGroup\":9,"
                   "\"supplementalGroups\":[11],\"sysctls\":[{\"name\":\"net/ipv4/x\",\"value\":"
                   "\"1\"}]},\"hostPID\":true}");
    config = pod_config_sandbox(&box.in, 3, &dns);
    assert_string_equal(config->metadata->uid, "u1");
    assert_int_equal(config->metadata->attempt, 3);
    assert_string_equal(config->hostname, "web");
    assert_string_equal(config->log_directory, "/var/log/pods/shop_web_u1");
    assert_true(dns.is_missing);
    assert_string_equal(label(config, "app"), "w");
    assert_string_equal(label(config, RUNTIME_POD_NAME), "web"); /* a pod's label cannot lie */
    assert_int_equal(config->n_port_mappings, 1);
    assert_int_equal(config->port_mappings[0]->host_port, 5353);
    assert_int_equal(config->port_mappings[0]->protocol, CRI__PROTOCOL__UDP);
    assert_string_equal(config->on_linux->cgroup_parent, "/kubepods/besteffort/podu1");
    assert_string_equal(config->on_linux->sysctls[0]->key, "net.ipv4.x");
    assert_int_equal(config->on_linux->security_context->run_as_user->value, 7);
    assert_int_equal(config->on_linux->security_context->n_supplemental_groups, 2);
    assert_int_equal(config->on_linux->security_context->namespace_options->pid,
                     CRI__NAMESPACE_MODE__NODE);
    arena_free(box.arena);

    box_init(&box, "{\"hostNetwork\":true,\"containers\":[]}");
    config = pod_config_sandbox(&box.in, 0, NULL);
    assert_string_equal(config->hostname, ""); /* runc refuses one there */
    assert_int_equal(config->on_linux->security_context->namespace_options->network,
                     CRI__NAMESPACE_MODE__NODE);
    arena_free(box.arena);
}

static Cri__ContainerConfig *
make_container(struct box *box, struct pod_config_container *c)
{
    Cri__ContainerConfig *config = NULL;
    struct err *err = NULL;

    c->container = val_item(val_at(box->in.pod, "spec.containers"), 0);
    c->env = &box->env;
    if (pod_config_container(&box->in, c, &config, &err) < 0) {
        fail_msg("%s", err->message);
    }
    return config;
}

static void
test_container(void **state)
{
    struct box box;
    struct pod_config_mount mount = { STR("/data"), STR("/host/data"), true, 1 };
    struct pod_config_container c = { .attempt = 2,
                                      .backoff_ms = 20000,
                                      .image_ref = STR("sha256:12"),
                                      .image_uid = -1,
                                      .image_user = STR("nginx"),
                                      .mounts = &mount,
                                      .mount_len = 1 };
    Cri__ContainerConfig *config;
    struct pod_env_var var = { STR("WHO"), STR("you") };

    (void)state;
    box_init(
        &box,
        "{\"terminationGracePeriodSeconds\":7,\"containers\":[{\"name\":\"c\",\"image\":"
        "\"nginx\",\"command\":[\"echo\",\"$(WHO)\"],\"args\":[\"$(NONE)\"],\"workingDir\":"
        "\"/w\",\"terminationMessagePath\":\"/dev/termination-log\",\"stdin\":true,\"tty\":"
        "true,\"securityContext\":{\"capabilities\":{\"add\":[\"NET_ADMIN\"],\"drop\":[\"ALL\"]"
        "},\"allowPrivilegeEscalation\":false,\"readOnlyRootFilesystem\":true,"
        "\"seccompProfile\":{\"type\":\"Localhost\",\"localhostProfile\":\"a.json\"}}}]}");
    box.env.at = &var;
    box.env.len = 1;
    config = make_container(&box, &c);
    assert_string_equal(config->metadata->name, "c");
    assert_int_equal(config->metadata->attempt, 2);
    assert_string_equal(config->image->image, "sha256:12");
    assert_string_equal(config->image->user_specified_image, "nginx");
    assert_string_equal(config->command[1], "you");
    assert_string_equal(config->args[0], "$(NONE)");
    assert_string_equal(config->log_path, "c/2.log");
    assert_string_equal(config->envs[0]->key, "WHO");
    assert_true(config->mounts[0]->readonly);
    assert_true(config->stdin && config->tty);
    assert_string_equal(annotation(config, RUNTIME_RESTARTS), "2");
    assert_string_equal(annotation(config, RUNTIME_BACKOFF), "20000");
    assert_string_equal(annotation(config, RUNTIME_POD_GRACE), "7");
    assert_int_equal(strlen(annotation(config, RUNTIME_HASH)), 16);
    assert_string_equal(config->on_linux->security_context->run_as_username, "nginx");
    assert_null(config->on_linux->security_context->run_as_user);
    assert_string_equal(config->on_linux->security_context->capabilities->drop_capabilities[0],
                        "ALL");
    assert_true(config->on_linux->security_context->no_new_privs);
    assert_string_equal(config->on_linux->security_context->seccomp->localhost_ref,
                        "/seccomp/a.json");
    assert_int_equal(config->on_linux->security_context->n_masked_paths, 12);
    /* It can be packed: no pointer is left out. */
    assert_true(protobuf_c_message_get_packed_size(&config->base) > 500);
    assert_true(protobuf_c_message_check(&config->base));
    arena_free(box.arena);
}

static void
test_run_as_non_root(void **state)
{
    static const struct {
        const char *context;
        int64_t uid;
        const char *user, *error;
    } rows[] = {
        { "{\"runAsNonRoot\":true}", 0, "",
          "container has runAsNonRoot and image will run as root" },
        { "{\"runAsNonRoot\":true}", -1, "",
          "container has runAsNonRoot and image will run as root" },
        { "{\"runAsNonRoot\":true}", -1, "www",
          "container has runAsNonRoot and image has non-numeric user (www), cannot verify user is "
          "non-root" },
        { "{\"runAsNonRoot\":true,\"runAsUser\":0}", 5, "",
          "container's runAsUser breaks non-root policy" },
        { "{\"runAsNonRoot\":true,\"runAsUser\":4}", 0, "", NULL },
        { "{\"runAsNonRoot\":true}", 5, "", NULL },
        { "{}", 0, "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct box box;
        struct pod_config_container c = { .image_uid = rows[i].uid,
                                          .image_user = str_of(rows[i].user) };
        Cri__ContainerConfig *config = NULL;
        AUTO_ERR struct err *err = NULL;
        char spec[256];

        (void)snprintf(spec, sizeof(spec),
                       "{\"containers\":[{\"name\":\"c\",\"securityContext\":%s}]}",
                       rows[i].context);
        box_init(&box, spec);
        c.container = val_item(val_at(box.in.pod, "spec.containers"), 0);
        c.env = &box.env;
        assert_int_equal(pod_config_container(&box.in, &c, &config, &err),
                         rows[i].error != NULL ? -1 : 0);
        if (rows[i].error != NULL) {
            assert_true(str_has_prefix(str_of(err->message), str_of(rows[i].error)));
            assert_true(str_has_suffix(str_of(err->message),
                                       STR(" (pod: \"web_shop(u1)\", container: c)")));
        }
        arena_free(box.arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sandbox),
        cmocka_unit_test(test_container),
        cmocka_unit_test(test_run_as_non_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
