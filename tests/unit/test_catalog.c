/* Kinds by their names: aggregated discovery, the older form, what is not served; scripts. */
#include "config.h"

#include "tests/lib/unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "api/registry.h"
#include "base/loop.h"
#include "tests/lib/ui_box.h"
#include "ui/catalog.h"
#include "ui/script.h"

static struct ui_box box;

static int
close_box(void **state)
{
    (void)state;
    ui_box_close(&box);
    return 0;
}

static void
expect_kind(const char *word, const char *kind)
{
    const struct resource *found = catalog_find(ui_catalog(box.ui), str_of(word));

    if (kind == NULL) {
        assert_null(found);
        return;
    }
    assert_non_null(found);
    assert_string_equal(found->kind, kind);
}

static void
test_names(void **state)
{
    (void)state;
    const struct resource *deployments;

    ui_box_open(&box, 80, 24, "", false);
    /* Before the server has said anything, the built-in kinds are there. */
    expect_kind("po", "Pod");
    assert_false(catalog_is_known(ui_catalog(box.ui)));
    ui_box_settle(&box);
    assert_true(catalog_is_known(ui_catalog(box.ui)));
    expect_kind("po", "Pod");
    expect_kind("Pod", "Pod");
    expect_kind("pods", "Pod");
    expect_kind("deploy", "Deployment");
    expect_kind("deployments.apps", "Deployment");
    expect_kind("apps/v1/deployments", "Deployment");
    expect_kind("sts", "StatefulSet");
    expect_kind("crd", "CustomResourceDefinition");
    expect_kind("ev", "Event");
    expect_kind("nothing", NULL);
    expect_kind("a/b", NULL);
    /* Not in this cluster's discovery. */
    expect_kind("leases", NULL);
    deployments = catalog_find(ui_catalog(box.ui), STR("deploy"));
    assert_non_null(resource_sub(deployments, STR("scale")));
    assert_true(resource_is_namespaced(deployments));
    assert_false(resource_is_namespaced(catalog_find(ui_catalog(box.ui), STR("nodes"))));
    assert_string_equal(catalog_find(ui_catalog(box.ui), STR("events"))->group, "");
    assert_ptr_equal(catalog_kind(ui_catalog(box.ui), STR("apps/v1"), STR("Deployment")),
                     deployments);
    assert_true(str_is(catalog_complete(ui_catalog(box.ui), STR("depl"), 0), "deployments"));
    assert_int_equal(catalog_complete(ui_catalog(box.ui), STR("depl"), 1).size, 0);
}

static void
test_older_servers(void **state)
{
    (void)state;
    ui_box_open(&box, 80, 24, "", false);
    ui_box_route(&box, "GET /api ", "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"]}");
    ui_box_route(&box, "GET /apis ",
                 "{\"kind\":\"APIGroupList\",\"groups\":[{\"name\":\"shop.io\",\"versions\":[],"
                 "\"preferredVersion\":{\"version\":\"v2\"}}]}");
    ui_box_route(
        &box, "GET /api/v1 ",
        "{\"kind\":\"APIResourceList\",\"resources\":[{\"name\":\"pods\",\"singularName\":"
        "\"pod\",\"namespaced\":true,\"kind\":\"Pod\",\"shortNames\":[\"po\"],\"verbs\":["
        "\"list\",\"watch\"]},{\"name\":\"pods/log\",\"kind\":\"Pod\",\"verbs\":[\"get\"]}]}");
    ui_box_route(
        &box, "GET /apis/shop.io/v2 ",
        "{\"kind\":\"APIResourceList\",\"resources\":[{\"name\":\"carts\",\"singularName\":"
        "\"cart\",\"namespaced\":true,\"kind\":\"Cart\",\"verbs\":[\"list\"]},{\"name\":"
        "\"carts/scale\",\"kind\":\"Scale\",\"verbs\":[\"get\",\"patch\"]}]}");
    ui_box_settle(&box);
    expect_kind("po", "Pod");
    expect_kind("carts", "Cart");
    expect_kind("deploy", NULL);
    assert_non_null(resource_sub(catalog_find(ui_catalog(box.ui), STR("cart")), STR("scale")));
}

/* A server that refuses: the built-in kinds stay. */
static void
test_refused(void **state)
{
    (void)state;
    ui_box_open(&box, 80, 24, "", false);
    ui_box_route(&box, "GET /api ", NULL);
    ui_box_settle(&box);
    assert_false(catalog_is_known(ui_catalog(box.ui)));
    expect_kind("po", "Pod");
}

static enum script_rc
run(const char *text, char **ret_message)
{
    struct script *script = script_new(box.ui, str_of(text));
    AUTO_ERR struct err *err = NULL;
    enum script_rc rc = script_step(script, &err);

    ui_box_settle(&box);
    if (rc == SCRIPT_WAITING) {
        rc = script_step(script, &err);
    }
    *ret_message = mem_strdup(err == NULL ? "" : err->message);
    script_free(script);
    return rc;
}

static void
test_script(void **state)
{
    (void)state;
    AUTO_FREE char *message = NULL;
    AUTO_FREE char *bad_key = NULL;
    AUTO_FREE char *bad_word = NULL;
    AUTO_FREE char *late = NULL;
    char path[] = "/tmp/binnacle-script-XXXXXX";
    AUTO_FD int fd = mkstemp(path);
    AUTO_FREE char *text = mem_printf("# a comment\n\n:wait title Pods\n:resize 60 12\n"
                                      "type :nonsense\nkey enter\n:wait bottom no kind is called\n"
                                      ":wait gone kube-system\n:save-screen %s\n",
                                      path);
    AUTO_FREE char *roles = mem_printf("%s.roles", path);
    char saved[4096] = { 0 };

    assert_true(fd >= 0);
    ui_box_open(&box, 80, 24, "", false);
    assert_int_equal(run(text, &message), SCRIPT_DONE);
    assert_true(read(fd, saved, sizeof(saved) - 1) > 0);
    assert_non_null(strstr(saved, "no kind is called 'nonsense'"));
    assert_int_equal(access(roles, R_OK), 0);
    assert_int_equal(run("key hyper\n", &bad_key), SCRIPT_FAILED);
    assert_string_equal(bad_key, "line 1: 'hyper' names no key");
    assert_int_equal(run("\nfly away\n", &bad_word), SCRIPT_FAILED);
    assert_string_equal(bad_word, "line 2: unknown command 'fly'");
    assert_int_equal(run(":wait row never\n", &late), SCRIPT_WAITING);
    (void)unlink(path);
    (void)unlink(roles);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_names, close_box),
        cmocka_unit_test_teardown(test_older_servers, close_box),
        cmocka_unit_test_teardown(test_refused, close_box),
        cmocka_unit_test_teardown(test_script, close_box),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
