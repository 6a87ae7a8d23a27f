/* client/call: paths, queries and bodies as clients of Kubernetes send them. */
#include "config.h" /* IWYU pragma: keep */

#include "base/arena.h"
#include "client/client.h"
#include "tests/lib/unit.h"

static const struct resource pods = {
    .group = "", .version = "v1", .plural = "pods", .flags = RES_NAMESPACED
};
static const struct resource deployments = {
    .group = "apps", .version = "v1", .plural = "deployments", .flags = RES_NAMESPACED
};
static const struct resource roles = { .group = "rbac.authorization.k8s.io",
                                       .version = "v1",
                                       .plural = "clusterroles" };

static void
check_line(const struct call *call, const char *line)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str path = call_path(call, arena);

    assert_string_equal(arena_printf(arena, "%s " STR_FMT, call_method(call), STR_ARG(path)).at,
                        line);
}

static void
test_paths(void **state)
{
    (void)state;
    struct str none = { 0 };
    struct call call = call_of(VERB_GET, &pods, STR("a"), STR("x"));

    check_line(&call, "GET /api/v1/namespaces/a/pods/x");
    call.subresource = "log";
    call.query = STR("follow=true&container=c");
    check_line(&call, "GET /api/v1/namespaces/a/pods/x/log?follow=true&container=c");
    call = call_of(VERB_CREATE, &deployments, STR("a"), STR("given in the body"));
    check_line(&call, "POST /apis/apps/v1/namespaces/a/deployments");
    call = call_of(VERB_CREATE, &pods, STR("a"), STR("x"));
    call.subresource = "binding";
    check_line(&call, "POST /api/v1/namespaces/a/pods/x/binding");
    call = call_of(VERB_UPDATE, &roles, none, STR("system:node"));
    check_line(&call, "PUT /apis/rbac.authorization.k8s.io/v1/clusterroles/system:node");
    call = call_of(VERB_GET, &roles, none, STR("a/b?c#d e%"));
    check_line(&call, "GET /apis/rbac.authorization.k8s.io/v1/clusterroles/a%2Fb%3Fc%23d%20e%25");
    call = call_of(VERB_LIST, &pods, none, none);
    check_line(&call, "GET /api/v1/pods");
    call = call_of(VERB_GET, NULL, none, none);
    call.path = STR("/version?timeout=32s");
    check_line(&call, "GET /version?timeout=32s");
}

static void
test_queries(void **state)
{
    (void)state;
    struct str none = { 0 };
    struct call call = call_of(VERB_LIST, &pods, STR("a"), none);

    call.label_selector = STR("app in (x,y)");
    call.field_selector = STR("spec.nodeName=n");
    call.limit = 500;
    call.continue_token = STR("eyJ2=");
    check_line(&call, "GET /api/v1/namespaces/a/pods?labelSelector=app%20in%20%28x%2Cy%29"
                      "&fieldSelector=spec.nodeName%3Dn&limit=500&continue=eyJ2%3D");
    call = call_of(VERB_WATCH, &pods, none, none);
    call.resource_version = STR("17");
    call.bookmarks = true;
    call.timeout_ms = 300500;
    check_line(&call, "GET /api/v1/pods?resourceVersion=17&watch=true&allowWatchBookmarks=true"
                      "&timeoutSeconds=301");
    call = call_of(VERB_WATCH, &pods, none, none);
    call.send_initial_events = true;
    check_line(&call, "GET /api/v1/pods?watch=true&sendInitialEvents=true"
                      "&resourceVersionMatch=NotOlderThan");
    call = call_of(VERB_APPLY, &pods, STR("a"), STR("x"));
    call.field_manager = STR("me");
    call.force = true;
    call.dry_run = true;
    call.field_validation = "Strict";
    call.body_type = BODY_APPLY;
    check_line(&call, "PATCH /api/v1/namespaces/a/pods/x?fieldManager=me&fieldValidation=Strict"
                      "&force=true&dryRun=All");
    assert_string_equal(call_content_type(&call), "application/apply-patch+yaml");
}

static void
test_delete_options(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct call call = call_of(VERB_DELETE, &pods, STR("a"), STR("x"));

    assert_int_equal(call_body_text(&call, arena).size, 0);
    call.grace_s = 0;
    call.pre_uid = STR("u");
    call.propagation_policy = "Foreground";
    call.dry_run = true;
    check_line(&call, "DELETE /api/v1/namespaces/a/pods/x");
    assert_string_equal(
        arena_dup(arena, call_body_text(&call, arena)).at,
        "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"gracePeriodSeconds\":0,"
        "\"preconditions\":{\"uid\":\"u\"},\"propagationPolicy\":\"Foreground\","
        "\"dryRun\":[\"All\"]}");
    call.body = STR("{}");
    assert_true(str_is(call_body_text(&call, arena), "{}"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_delete_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
