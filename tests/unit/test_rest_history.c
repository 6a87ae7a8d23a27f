/* apiserver/rest_history*, origin: who changed an object, when, with what, because of what, for a
 * kubectl apply, a scale from the console and a controller's status write; who may see it. */
#include "config.h" /* IWYU pragma: keep */

#include "tests/lib/unit.h"

#include <string.h>

#include "api/object.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "tests/lib/tb.h"

#define DEPLOYMENTS "/apis/apps/v1/namespaces/default/deployments"
#define SECRETS "/api/v1/namespaces/default/secrets"
#define MAPS "/api/v1/namespaces/default/configmaps"
#define RBAC "/apis/rbac.authorization.k8s.io/v1/namespaces/default/"
#define KUBECTL(command)                                                                           \
    "User-Agent: kubectl/v1.35.0 (linux/amd64)\r\nKubectl-Command: kubectl " command "\r\n"
#define CONSOLE "User-Agent: binnacle-console/1\r\n"
#define BOB "Impersonate-User: bob\r\n"
#define TIME "2026-11-24T12:00:00.000000Z"

static const char deployment[] =
    "{\"metadata\":{\"name\":\"web\"},\"spec\":{\"replicas\":3,\"selector\":{\"matchLabels\":"
    "{\"app\":\"web\"}},\"template\":{\"metadata\":{\"labels\":{\"app\":\"web\"}},\"spec\":"
    "{\"containers\":[{\"name\":\"c\",\"image\":\"nginx\"}]}}}}";
/* A strategic patch would say the same: one container of that name. */
static const char other_image[] =
    "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"nginx:2\"}]}}}}";

static int
serve(void **state)
{
    struct tb_opts opts = { .listen = true };
    *state = tb_serve(&opts);
    return 0;
}

/* Time runs: patient writes are let go by it. */
static int
serve_in_time(void **state)
{
    clock_run();
    struct tb_opts opts = { .listen = true, .real_clock = true };
    *state = tb_serve(&opts);
    return 0;
}

static int
leave(void **state)
{
    tb_free(*state);
    return 0;
}

/* The answer to a GET; owned by the caller. */
static char *
get(struct tb *tb, const char *path, const char *headers)
{
    return tb_ask(tb, tb_connect(tb), "GET", path, headers, "");
}

static void
expect(const char *answer, const char *want)
{
    if (strstr(answer, want) == NULL) {
        fail_msg("want: %s\ngot: %s", want, answer);
    }
}

static void
refuse(const char *answer, const char *unwanted)
{
    if (strstr(answer, unwanted) != NULL) {
        fail_msg("not wanted: %s\ngot: %s", unwanted, answer);
    }
}

static uint64_t
rev_of(struct tb *tb, const char *plural, const char *name)
{
    const struct resource *row = registry_any_version(tb->registry, STR("apps"), str_of(plural));
    struct call call = call_of(VERB_GET, row, STR("default"), str_of(name));
    struct tb_result r = tb_call(tb, tb->admin, &call);
    assert_null(r.err);
    uint64_t rev = r.rev;
    tb_result_done(&r);
    return rev;
}

/* As the deployment controller does it: because of the revision that it saw. */
static void
write_status(struct tb *tb, uint64_t cause_rev, const char *status)
{
    static const char *const groups[] = { "system:masters", NULL };
    struct client *client =
        tb_client(tb, "system:serviceaccount:kube-system:deployment-controller", groups);
    const struct resource *row =
        registry_any_version(tb->registry, STR("apps"), STR("deployments"));
    struct call call = call_of(VERB_PATCH, row, STR("default"), STR("web"));
    call.subresource = "status";
    call.body = str_of(status);
    call.body_type = BODY_MERGE_PATCH;
    call.cause_rev = cause_rev;
    struct tb_result r = tb_call(tb, client, &call);
    assert_null(r.err);
    tb_result_done(&r);
    client_free(client);
}

static void
make_web(struct tb *tb)
{
    const struct tb_wanted made[] = {
        { "POST", DEPLOYMENTS, KUBECTL("apply"), deployment, { " 201 " } },
        { "PATCH", DEPLOYMENTS "/web", KUBECTL("apply"), other_image, { " 200 " } },
    };
    tb_ask_all(tb, made, ARRAY_LEN(made));
}

static void
test_kubectl_apply(void **state)
{
    struct tb *tb = *state;
    make_web(tb);
    AUTO_FREE char *answer = get(tb, DEPLOYMENTS "/web/history", "");
    expect(answer, " 200 ");
    expect(answer, "\"kind\":\"HistoryList\"");
    expect(answer, "\"time\":\"" TIME "\",\"operation\":\"changed\",\"verb\":\"patch\"");
    expect(answer, "\"user\":\"local:");
    expect(answer, "\"agent\":\"kubectl/v1.35.0 (linux/amd64)\",\"command\":\"kubectl apply\"");
    expect(answer, "\"changes\":[{\"path\":\"metadata.generation\",\"old\":1,\"new\":2},"
                   "{\"path\":\"spec.template.spec.containers[name=\\\"c\\\"].image\","
                   "\"old\":\"nginx\",\"new\":\"nginx:2\"}");
    expect(answer, "\"operation\":\"created\",\"verb\":\"create\"");
    refuse(answer, "\"causes\"");
    assert_true(strstr(answer, "\"changed\"") < strstr(answer, "\"created\"")); /* newest first */
}

static void
test_console_scale(void **state)
{
    struct tb *tb = *state;
    const struct tb_wanted scale = {
        "PATCH", DEPLOYMENTS "/web/scale", CONSOLE, "{\"spec\":{\"replicas\":5}}", { " 200 " }
    };
    make_web(tb);
    tb_ask_all(tb, &scale, 1);
    AUTO_FREE char *answer = get(tb, DEPLOYMENTS "/web/history?limit=1", "");
    expect(answer, "\"verb\":\"patch\",\"subresource\":\"scale\"");
    expect(answer, "\"agent\":\"binnacle-console/1\"");
    expect(answer, "{\"path\":\"spec.replicas\",\"old\":3,\"new\":5}]}]");
    expect(answer, "\"continue\":\"");
    refuse(answer, "kubectl");
}

/* The chain leads from the controller's write back to who scaled. */
static void
test_status_of_a_controller(void **state)
{
    struct tb *tb = *state;
    const struct tb_wanted scale = { "PATCH",
                                     DEPLOYMENTS "/web/scale",
                                     KUBECTL("scale"),
                                     "{\"spec\":{\"replicas\":5}}",
                                     { " 200 " } };
    make_web(tb);
    tb_ask_all(tb, &scale, 1);
    uint64_t scaled = rev_of(tb, "deployments", "web");
    write_status(tb, scaled, "{\"status\":{\"replicas\":4}}");
    uint64_t between = rev_of(tb, "deployments", "web");
    write_status(tb, between, "{\"status\":{\"replicas\":5}}");
    AUTO_FREE char *answer = get(tb, DEPLOYMENTS "/web/history?limit=1", "");
    AUTO_FREE char *nearest =
        mem_printf("\"causes\":[{\"resourceVersion\":\"%llu\",\"time\":\"" TIME
                   "\",\"verb\":\"patch\",\"subresource\":\"status\"",
                   (unsigned long long)between);
    AUTO_FREE char *author = mem_printf("{\"resourceVersion\":\"%llu\",\"time\":\"" TIME
                                        "\",\"verb\":\"patch\",\"subresource\":"
                                        "\"scale\"",
                                        (unsigned long long)scaled);
    expect(answer, "\"user\":\"system:serviceaccount:kube-system:deployment-controller\"");
    expect(answer, "\"changes\":[{\"path\":\"status.replicas\",\"old\":4,\"new\":5}]");
    expect(answer, nearest);
    expect(answer, author);
    expect(answer, "\"command\":\"kubectl scale\"");
    expect(answer, "\"object\":{\"group\":\"apps\",\"resource\":\"deployments\",\"namespace\":"
                   "\"default\",\"name\":\"web\"}}]}");
}

/* A cause that was written without history, or is swept away, is named and no more. */
static void
test_cause_that_is_gone(void **state)
{
    struct tb *tb = *state;
    make_web(tb);
    write_status(tb, 999999, "{\"status\":{\"replicas\":4}}");
    AUTO_FREE char *answer = get(tb, DEPLOYMENTS "/web/history?limit=1", "");
    expect(answer, "\"causes\":[{\"resourceVersion\":\"999999\",\"gone\":true}]");
}

static void
test_long_chains(void **state)
{
    struct tb *tb = *state;
    make_web(tb);
    for (int i = 0; i < 7; i++) {
        AUTO_FREE char *status = mem_printf("{\"status\":{\"replicas\":%d}}", i + 1);
        write_status(tb, rev_of(tb, "deployments", "web"), status);
    }
    AUTO_FREE char *answer = get(tb, DEPLOYMENTS "/web/history?limit=1", "");
    expect(answer, "\"command\":\"kubectl apply\""); /* the author is there */
    expect(answer, "\"causesLeft\":3");
}

static void
test_secrets_stay_secret(void **state)
{
    struct tb *tb = *state;
    const struct tb_wanted made[] = {
        { "POST",
          SECRETS,
          NULL,
          "{\"metadata\":{\"name\":\"s\",\"annotations\":{\"a\":\"canary1\"}},"
          "\"stringData\":{\"k\":\"canary1\"}}",
          { " 201 " } },
        { "PATCH",
          SECRETS "/s",
          NULL,
          "{\"metadata\":{\"labels\":{\"l\":\"seen\"},\"annotations\":{\"a\":\"canary2\"}},"
          "\"stringData\":{\"k\":\"canary2\"}}",
          { " 200 " } },
    };
    tb_ask_all(tb, made, ARRAY_LEN(made));
    AUTO_FREE char *answer = get(tb, SECRETS "/s/history", "");
    expect(answer, "{\"path\":\"data.k\",\"hidden\":true}");
    expect(answer, "{\"path\":\"metadata.annotations.a\",\"hidden\":true}");
    expect(answer, "\"new\":{\"l\":\"seen\"}");
    refuse(answer, "canary");
    refuse(answer, "Y2FuYXJ5"); /* base64 */
}

/* Who may get the object may get its history; of a cause elsewhere only its number. */
static void
test_rights(void **state)
{
    struct tb *tb = *state;
    const struct tb_wanted made[] = {
        { "POST",
          RBAC "roles",
          NULL,
          "{\"metadata\":{\"name\":\"see\"},\"rules\":[{\"apiGroups\":[\"apps\"],\"resources\":"
          "[\"deployments\"],\"verbs\":[\"get\"]}]}",
          { " 201 " } },
        { "POST", MAPS, NULL, "{\"metadata\":{\"name\":\"m\"}}", { " 201 " } },
        { "GET",
          DEPLOYMENTS "/web/history",
          BOB,
          NULL,
          { " 403 ", "User \\\"bob\\\" cannot get resource \\\"deployments\\\" in API group "
                     "\\\"apps\\\"" } },
        { "POST",
          RBAC "rolebindings",
          NULL,
          "{\"metadata\":{\"name\":\"see\"},\"roleRef\":{\"apiGroup\":"
          "\"rbac.authorization.k8s.io\",\"kind\":\"Role\",\"name\":\"see\"},\"subjects\":"
          "[{\"kind\":\"User\",\"apiGroup\":\"rbac.authorization.k8s.io\",\"name\":\"bob\"}]}",
          { " 201 " } },
        { "GET", MAPS "/m/history", BOB, NULL, { " 403 " } },
    };
    make_web(tb);
    tb_ask_all(tb, made, ARRAY_LEN(made));
    struct call call = tb_get(tb, "m");
    struct tb_result r = tb_call(tb, tb->admin, &call);
    write_status(tb, r.rev, "{\"status\":{\"replicas\":4}}");
    AUTO_FREE char *hidden = mem_printf(
        "\"causes\":[{\"resourceVersion\":\"%llu\",\"hidden\":true}]", (unsigned long long)r.rev);
    tb_result_done(&r);
    AUTO_FREE char *to_bob = get(tb, DEPLOYMENTS "/web/history", BOB);
    AUTO_FREE char *to_all = get(tb, DEPLOYMENTS "/web/history", "");
    expect(to_bob, " 200 ");
    expect(to_bob, hidden);
    refuse(to_bob, "configmaps");
    expect(to_all, "\"resource\":\"configmaps\",\"namespace\":\"default\",\"name\":\"m\"");
}

static void
test_impersonated(void **state)
{
    struct tb *tb = *state;
    const struct tb_wanted made = { "POST",
                                    MAPS,
                                    BOB "Impersonate-Group: system:masters\r\n",
                                    "{\"metadata\":{\"name\":\"m\"}}",
                                    { " 201 " } };
    tb_ask_all(tb, &made, 1);
    AUTO_FREE char *answer = get(tb, MAPS "/m/history", "");
    expect(answer, "\"user\":\"bob\",\"impersonatedBy\":\"local:");
}

static void
test_deleted_and_made_again(void **state)
{
    struct tb *tb = *state;
    const struct tb_wanted made[] = {
        { "POST",
          MAPS,
          NULL,
          "{\"metadata\":{\"name\":\"m\"},\"data\":{\"a\":\"1\"}}",
          { " 201 " } },
        { "DELETE", MAPS "/m", KUBECTL("delete"), NULL, { " 200 " } },
        { "GET",
          MAPS "/m/history",
          NULL,
          NULL,
          { "\"operation\":\"deleted\",\"verb\":\"delete\"", "kubectl delete" } },
        { "POST",
          MAPS,
          NULL,
          "{\"metadata\":{\"name\":\"m\"},\"data\":{\"a\":\"2\"}}",
          { " 201 " } },
        { "GET", MAPS "/m/history?limit=1", NULL, NULL, { "\"operation\":\"created\"" } },
    };
    tb_ask_all(tb, made, ARRAY_LEN(made));
    AUTO_FREE char *answer = get(tb, MAPS "/m/history", "");
    refuse(answer, "\"changes\"");
    refuse(answer, "changesUnknown");
}

/* Pages join without a gap: the last of one is compared with the first of the next. */
static void
test_pages(void **state)
{
    struct tb *tb = *state;
    const struct tb_wanted made[] = {
        { "POST",
          MAPS,
          NULL,
          "{\"metadata\":{\"name\":\"m\"},\"data\":{\"a\":\"1\"}}",
          { " 201 " } },
        { "PATCH", MAPS "/m", NULL, "{\"data\":{\"a\":\"2\"}}", { " 200 " } },
        { "PATCH", MAPS "/m", NULL, "{\"data\":{\"a\":\"3\"}}", { " 200 " } },
    };
    tb_ask_all(tb, made, ARRAY_LEN(made));
    AUTO_FREE char *first = get(tb, MAPS "/m/history?limit=2", "");
    expect(first, "\"old\":\"2\",\"new\":\"3\"");
    expect(first, "\"old\":\"1\",\"new\":\"2\"");
    const char *at = strstr(first, "\"continue\":\"");
    assert_non_null(at);
    AUTO_FREE char *path =
        mem_printf(MAPS "/m/history?continue=%.*s", (int)strspn(at + 12, "0123456789"), at + 12);
    AUTO_FREE char *second = get(tb, path, "");
    expect(second, "\"items\":[{\"resourceVersion\":");
    expect(second, "\"operation\":\"created\"");
    refuse(second, "\"changes\"");
    refuse(second, "continue");
}

static void
test_refusals(void **state)
{
    struct tb *tb = *state;
    const struct tb_wanted asked[] = {
        { "GET",
          MAPS "/none/history",
          NULL,
          NULL,
          { " 404 ", "configmaps \\\"none\\\" not found" } },
        { "GET",
          "/apis/coordination.k8s.io/v1/namespaces/default/leases/l/history",
          NULL,
          NULL,
          { " 400 ", "no history is kept of leases" } },
        { "GET", MAPS "/none/history?limit=x", NULL, NULL, { " 400 ", "'x' is no number" } },
        { "GET",
          MAPS "/none/story",
          NULL,
          NULL,
          { " 404 ", "the server could not find the requested resource" } },
        { "DELETE", MAPS "/none/history", NULL, NULL, { " 404 " } },
        { "GET",
          "/api/v1/namespaces/default/history",
          NULL,
          NULL,
          { " 200 ", "\"operation\":\"created\"" } },
        { "GET", "/api/v1/configmaps/none/history", NULL, NULL, { " 404 " } },
    };
    tb_ask_all(tb, asked, ARRAY_LEN(asked));
}

/* That a node is still alive is no history; that it is ready or not is. */
static void
test_heartbeats(void **state)
{
#define NODE "/api/v1/nodes/n"
#define BEAT(ready, second)                                                                        \
    "{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"" ready                         \
    "\",\"lastHeartbeatTime\":\"2026-11-24T12:00:" second "Z\"}]}}"
    struct tb *tb = *state;
    const struct tb_wanted writes[] = {
        { "POST", "/api/v1/nodes", NULL, "{\"metadata\":{\"name\":\"n\"}}", { " 201 " } },
        { "PATCH", NODE "/status", NULL, BEAT("True", "01"), { " 200 " } },
        { "PATCH", NODE "/status", NULL, BEAT("True", "11"), { " 200 " } },
        { "PATCH", NODE "/status", NULL, BEAT("True", "21"), { " 200 " } },
        { "PATCH", NODE "/status", NULL, BEAT("False", "31"), { " 200 " } },
    };
    tb_ask_all(tb, writes, ARRAY_LEN(writes));
    AUTO_FREE char *answer = get(tb, NODE "/history", "");
    refuse(answer, "12:00:11");
    expect(answer, "\"new\":\"2026-11-24T12:00:31Z\"");
    expect(answer, "\"old\":\"True\",\"new\":\"False\"");
    expect(answer, "\"old\":\"2026-11-24T12:00:01Z\""); /* compared with what is kept */
}

/* A long value is cut, not left out, and does not make the answer grow. */
static void
test_large_values(void **state)
{
    struct tb *tb = *state;
    AUTO_STR struct str_builder text = { 0 };
    for (int i = 0; i < 100000; i++) {
        str_putz(&text, "ä");
    }
    AUTO_FREE char *made =
        mem_printf("{\"metadata\":{\"name\":\"m\"},\"data\":{\"a\":\"" STR_FMT "\"}}",
                   STR_ARG(str_view(&text)));
    const struct tb_wanted writes[] = {
        { "POST", MAPS, NULL, made, { " 201 " } },
        { "PATCH", MAPS "/m", NULL, "{\"data\":{\"a\":\"short\"}}", { " 200 " } },
    };
    tb_ask_all(tb, writes, ARRAY_LEN(writes));
    AUTO_FREE char *answer = get(tb, MAPS "/m/history", "");
    expect(answer, "ä…\",\"new\":\"short\"");
    assert_true(strlen(answer) < 10000);
}

#define SERVED(f) cmocka_unit_test_setup_teardown(f, serve, leave)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(test_kubectl_apply),
        SERVED(test_console_scale),
        SERVED(test_status_of_a_controller),
        SERVED(test_cause_that_is_gone),
        SERVED(test_long_chains),
        SERVED(test_secrets_stay_secret),
        SERVED(test_rights),
        SERVED(test_impersonated),
        SERVED(test_deleted_and_made_again),
        SERVED(test_pages),
        SERVED(test_refusals),
        cmocka_unit_test_setup_teardown(test_heartbeats, serve_in_time, leave),
        SERVED(test_large_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
