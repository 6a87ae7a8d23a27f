/* client/kubeconf: merging, credentials, refusals, and what `serve` writes is read again. */
#include "config.h" /* IWYU pragma: keep */

#include "client/kubeconf.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/client.h"
#include "tests/lib/unit.h"

struct box {
    char dir[64];
    char path[128];
};

static void
box_open(struct box *box)
{
    (void)snprintf(box->dir, sizeof(box->dir), "/tmp/binnacle-kubeconf.XXXXXX");
    assert_non_null(mkdtemp(box->dir));
}

static const char *
box_write(struct box *box, const char *name, const char *text)
{
    FILE *file;

    (void)snprintf(box->path, sizeof(box->path), "%s/%s", box->dir, name);
    file = fopen(box->path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return box->path;
}

static void
box_close(struct box *box)
{
    static const char *const names[] = { "config", "other", "ca.pem", "token" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        (void)snprintf(box->path, sizeof(box->path), "%s/%s", box->dir, names[i]);
        (void)unlink(box->path);
    }
    assert_int_equal(rmdir(box->dir), 0);
}

static const char config[] =
    "apiVersion: v1\n"
    "kind: Config\n"
    "current-context: one\n"
    "contexts:\n"
    "- name: one\n"
    "  context: {cluster: c, user: u, namespace: shop}\n"
    "- name: two\n"
    "  context: {cluster: c, user: plugin}\n"
    "- name: three\n"
    "  context: {cluster: nowhere, user: u}\n"
    "- name: four\n"
    "  context: {cluster: c, user: nobody}\n"
    "- name: five\n"
    "  context: {cluster: c, user: filed}\n"
    "clusters:\n"
    "- name: c\n"
    "  cluster:\n"
    "    server: https://[::1]:6443/prefix\n"
    "    certificate-authority: ca.pem\n"
    "    tls-server-name: kubernetes\n"
    "users:\n"
    "- name: u\n"
    "  user: {client-certificate-data: Y2VydA==, client-key-data: a2V5, as: somebody}\n"
    "- name: plugin\n"
    "  user: {exec: {command: aws}}\n"
    "- name: filed\n"
    "  user: {token: old, tokenFile: %s/token}\n";

static char *
config_in(const struct box *box)
{
    AUTO_STR struct str_builder text = { 0 };
    struct str rest;
    struct str head = str_cut(STR(config), '%', &rest);

    str_putf(&text, STR_FMT "%s" STR_FMT, STR_ARG(head), box->dir,
             STR_ARG(str_slice(rest.at + 1, rest.size - 1)));
    return str_steal(&text);
}

static void
test_load(void **state)
{
    (void)state;
    struct box box;
    struct kubeconf conf = { 0 };
    struct err *err = NULL;
    AUTO_FREE char *text = NULL;
    AUTO_FREE char *path = NULL;

    box_open(&box);
    text = config_in(&box);
    (void)box_write(&box, "ca.pem", "the CA");
    (void)box_write(&box, "token", "new\n");
    path = mem_strdup(box_write(&box, "config", text));
    assert_int_equal(kubeconf_load(path, NULL, &conf, &err), 0);
    assert_string_equal(conf.context, "one");
    assert_string_equal(conf.server, "https://[::1]:6443/prefix");
    assert_string_equal(conf.ns, "shop");
    assert_string_equal(conf.ca_pem, "the CA"); /* relative to the file */
    assert_string_equal(conf.cert_pem, "cert");
    assert_string_equal(conf.key_pem, "key");
    assert_string_equal(conf.tls_server_name, "kubernetes");
    assert_string_equal(conf.impersonate_user, "somebody");
    assert_null(conf.token);
    assert_false(conf.insecure);
    assert_int_equal(conf.context_len, 5);
    assert_string_equal(conf.contexts[4], "five");
    kubeconf_done(&conf);
    assert_int_equal(kubeconf_load(path, "five", &conf, &err), 0);
    assert_string_equal(conf.token, "new"); /* the file wins */
    kubeconf_done(&conf);
    box_close(&box);
}

static void
check_refused(const char *path, const char *context, const char *part)
{
    struct kubeconf conf = { 0 };
    AUTO_ERR struct err *err = NULL;

    assert_int_equal(kubeconf_load(path, context, &conf, &err), -1);
    if (!str_contains(str_of(err->message), str_of(part))) {
        fail_msg("'%s' does not say '%s'", err->message, part);
    }
    assert_null(conf.server);
}

static void
test_refusals(void **state)
{
    (void)state;
    struct box box;
    AUTO_FREE char *text = NULL;
    const char *path;

    box_open(&box);
    text = config_in(&box);
    (void)box_write(&box, "ca.pem", "the CA");
    path = box_write(&box, "config", text);
    check_refused(path, "two", "user 'plugin' authenticates by 'exec'");
    check_refused(path, "three", "cluster 'nowhere' has no server");
    check_refused(path, "four", "no user 'nobody'");
    check_refused(path, "six", "no context 'six'");
    check_refused(path, "five", "tokenFile: ");
    check_refused("/nonexistent/config", NULL, "open /nonexistent/config");
    check_refused("", NULL, "no kubeconfig was named");
    path = box_write(&box, "config", "a: [\n");
    check_refused(path, NULL, "yaml");
    path = box_write(&box, "config", "contexts: 7\n");
    check_refused(path, NULL, "no current-context");
    path = box_write(&box, "config",
                     "current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\n"
                     "clusters: [{name: c, cluster: {server: 'https://h', "
                     "certificate-authority-data: '?'}}]\n");
    check_refused(path, NULL, "certificate-authority-data is not base64");
    box_close(&box);
}

static void
test_several_files(void **state)
{
    (void)state;
    struct box box;
    struct kubeconf conf = { 0 };
    struct err *err = NULL;
    AUTO_FREE char *paths = NULL;

    box_open(&box);
    (void)box_write(&box, "config",
                    "current-context: b\n"
                    "clusters: [{name: c, cluster: {server: 'https://first'}}]\n");
    (void)box_write(&box, "other",
                    "current-context: ignored\n"
                    "contexts: [{name: b, context: {cluster: c, user: u}}]\n"
                    "clusters: [{name: c, cluster: {server: 'https://second'}}]\n"
                    "users: [{name: u, user: {token: t}}]\n");
    paths = mem_printf("%s/missing:%s/config:%s/other", box.dir, box.dir, box.dir);
    assert_int_equal(kubeconf_load(paths, NULL, &conf, &err), 0);
    assert_string_equal(conf.server, "https://first");
    assert_string_equal(conf.token, "t");
    kubeconf_done(&conf);
    box_close(&box);
}

static void
test_written_is_read_again(void **state)
{
    (void)state;
    struct box box;
    struct kubeconf conf = { 0 };
    struct err *err = NULL;
    AUTO_STR struct str_builder text = { 0 };

    kubeconf_write(&text, "https://10.0.0.1:6443", STR("ca\n"), STR("cert\n"), STR("key\n"),
                   "admin");
    str_putc(&text, '\0');
    box_open(&box);
    assert_int_equal(kubeconf_load(box_write(&box, "config", text.at), NULL, &conf, &err), 0);
    assert_string_equal(conf.server, "https://10.0.0.1:6443");
    assert_string_equal(conf.ca_pem, "ca\n");
    assert_string_equal(conf.cert_pem, "cert\n");
    assert_string_equal(conf.key_pem, "key\n");
    assert_string_equal(conf.context, "binnacle");
    kubeconf_done(&conf);
    box_close(&box);
}

static void
check_client(const char *server, const char *problem)
{
    struct loop *loop = loop_new();
    struct kubeconf conf = { .server = mem_strdup(server), .insecure = true };
    struct client *client = NULL;
    AUTO_ERR struct err *err = NULL;
    int rc = kubeconf_client(loop, &conf, "test", &client, &err);

    if (problem == NULL) {
        assert_int_equal(rc, 0);
        client_free(client);
    } else {
        assert_int_equal(rc, -1);
        assert_true(str_contains(str_of(err->message), str_of(problem)));
    }
    kubeconf_done(&conf);
    while (loop_turn(loop, 0)) {
    }
    loop_free(loop);
}

static void
test_clients(void **state)
{
    (void)state;
    check_client("https://127.0.0.1:6443", NULL);
    check_client("https://[::1]:6443/k8s/clusters/c-1", NULL);
    check_client("http://127.0.0.1", NULL);
    check_client("unix:/run/binnacle/socket", NULL);
    check_client("127.0.0.1:6443", "is no http or https URL");
    check_client("https://:6443", "names no host");
    check_client("https://127.0.0.1:no-such-port", "look up");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load),          cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_several_files), cmocka_unit_test(test_written_is_read_again),
        cmocka_unit_test(test_clients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
