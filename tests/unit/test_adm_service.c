/* apiserver/adm_service*: addresses and node ports of Services, whatever becomes of the request that
 * took them. A test-only step before the commit holds requests of Services named "w…". */
#include "config.h"

#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

#include "api/object.h"
#include "apiserver/req.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "tests/lib/tb.h"

enum { WAITING_MAX = 4 };

static struct {
    struct req *waiting[WAITING_MAX];
    size_t len;
    bool is_open; /* nothing is held */
} gate;

static enum step_rc
hold(struct req *req, struct err **err)
{
    (void)err;
    bool is_held = str_is(req->plural, "services") && str_has_prefix(req->name, STR("w"));
    if (gate.is_open || !is_held || req->step_data != NULL || gate.len == WAITING_MAX) {
        return STEP_NEXT;
    }
    req->step_data = req;
    gate.waiting[gate.len++] = req;
    return STEP_WAIT;
}

static const struct req_step holding = { "test-hold", 0, hold, NULL, false };

static int
serve(void **state)
{
    struct tb_opts opts = { .service_cidr = "10.43.0.0/16" };
    struct tb *tb = tb_serve(&opts);
    memset(&gate, 0, sizeof(gate));
    req_test_step(tb->api, "commit", &holding);
    *state = tb;
    return 0;
}

static int
serve_small(void **state)
{
    struct tb_opts opts = { .service_cidr = "10.43.0.0/29" };
    *state = tb_serve(&opts);
    memset(&gate, 0, sizeof(gate));
    return 0;
}

static int
leave(void **state)
{
    tb_free(*state);
    return 0;
}

static const struct resource *
row(struct tb *tb, const char *group, const char *plural)
{
    return registry_any_version(tb->registry, str_of(group), str_of(plural));
}

static void
go_on(struct tb *tb)
{
    gate.is_open = true;
    for (size_t i = 0; i < gate.len; i++) {
        req_resume(gate.waiting[i], NULL);
    }
    gate.len = 0;
    tb_turns(tb, 20);
}

/* ---- calls ---- */

static struct call
create(struct tb *tb, const char *json)
{
    struct call call =
        call_of(VERB_CREATE, row(tb, "", "services"), STR("default"), (struct str){ 0 });
    call.body = str_of(json);
    return call;
}

static struct call
patch(struct tb *tb, const char *name, const char *json)
{
    struct call call = call_of(VERB_PATCH, row(tb, "", "services"), STR("default"), str_of(name));
    call.body = str_of(json);
    call.body_type = BODY_MERGE_PATCH;
    return call;
}

static struct tb_result
run(struct tb *tb, struct call call)
{
    return tb_call(tb, tb->admin, &call);
}

static void
must(struct tb *tb, struct call call)
{
    struct tb_result result = run(tb, call);
    if (result.err != NULL) {
        fail_msg("%s", result.err->message);
    }
    tb_result_done(&result);
}

static void
refused(struct tb *tb, struct call call, int http, const char *message)
{
    struct tb_result result = run(tb, call);
    assert_int_equal(result.http, http);
    assert_string_equal(result.err->message, message);
    tb_result_done(&result);
}

/* "a,b" of all IPAddress objects. */
static void
addresses_are(struct tb *tb, const char *names)
{
    struct tb_result list = run(tb, call_of(VERB_LIST, row(tb, "networking.k8s.io", "ipaddresses"),
                                            (struct str){ 0 }, (struct str){ 0 }));
    assert_null(list.err);
    assert_string_equal(list.names, names);
    tb_result_done(&list);
}

static void
parent_is(struct tb *tb, const char *address, const char *service)
{
    struct tb_result got = run(tb, call_of(VERB_GET, row(tb, "networking.k8s.io", "ipaddresses"),
                                           (struct str){ 0 }, str_of(address)));
    AUTO_FREE char *want = mem_printf("\"spec\":{\"parentRef\":{\"resource\":\"services\","
                                      "\"namespace\":\"default\",\"name\":\"%s\"}}}",
                                      service);
    assert_null(got.err);
    assert_non_null(strstr(got.bytes, want));
    assert_non_null(strstr(got.bytes, "\"ipaddress.kubernetes.io/ip-family\":\"IPv4\""));
    assert_non_null(
        strstr(got.bytes, "\"ipaddress.kubernetes.io/managed-by\":\"ipallocator.k8s.io\""));
    tb_result_done(&got);
}

#define PORT80 "\"ports\":[{\"port\":80}]"
#define SERVICE(name, more) "{\"metadata\":{\"name\":\"" name "\"},\"spec\":{" PORT80 more "}}"
#define ASKS ",\"clusterIP\":\"10.43.0.9\""
#define TAKEN                                                                                      \
    "spec.clusterIPs: Invalid value: [\"10.43.0.9\"]: failed to allocate IP 10.43.0.9: provided "  \
    "IP is already allocated"

/* ---- addresses ---- */

static void
gives_an_address_and_takes_it_back(void **state)
{
    struct tb *tb = *state;
    struct tb_result made = run(tb, create(tb, SERVICE("a", "")));
    int low = 0, high = 0;
    assert_null(made.err);
    const char *at = strstr(made.bytes, "\"clusterIP\":\"10.43.");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "\"clusterIP\":\"10.43.%d.%d\"", &high, &low), 2);
    assert_true(high >= 1); /* the lower band is for those who ask */
    AUTO_FREE char *address = mem_printf("10.43.%d.%d", high, low);
    AUTO_FREE char *both =
        mem_printf("\"clusterIP\":\"%s\",\"clusterIPs\":[\"%s\"]", address, address);
    assert_non_null(strstr(made.bytes, both));
    addresses_are(tb, address);
    parent_is(tb, address, "a");
    must(tb, call_of(VERB_DELETE, row(tb, "", "services"), STR("default"), STR("a")));
    addresses_are(tb, "");
    tb_result_done(&made);
}

static void
names_a_service_whose_name_it_makes(void **state)
{
    struct tb *tb = *state;
    struct tb_result made =
        run(tb, create(tb, "{\"metadata\":{\"generateName\":\"g-\"},\"spec\":{" PORT80 ASKS "}}"));
    assert_null(made.err);
    AUTO_FREE char *name = str_dup(made.object->name);
    parent_is(tb, "10.43.0.9", name);
    tb_result_done(&made);
}

static void
refuses_addresses(void **state)
{
    struct tb *tb = *state;
    must(tb, create(tb, SERVICE("a", ASKS)));
    refused(tb, create(tb, SERVICE("b", ASKS)), 422, "Service \"b\" is invalid: " TAKEN);
    refused(tb, create(tb, SERVICE("b", ",\"clusterIP\":\"10.44.0.1\"")), 422,
            "Service \"b\" is invalid: spec.clusterIPs: Invalid value: [\"10.44.0.1\"]: failed to "
            "allocate IP 10.44.0.1: the provided network does not match the current range");
    refused(tb, create(tb, SERVICE("b", ",\"clusterIP\":\"10.43.255.255\"")), 422,
            "Service \"b\" is invalid: spec.clusterIPs: Invalid value: [\"10.43.255.255\"]: failed "
            "to allocate IP 10.43.255.255: the provided network does not match the current range");
    refused(
        tb, create(tb, SERVICE("b", ",\"clusterIP\":\"fd00::1\"")), 422,
        "Service \"b\" is invalid: spec.clusterIPs[0]: Invalid value: [\"fd00::1\"]: IPv6 is not "
        "configured on this cluster");
    refused(
        tb, patch(tb, "a", "{\"spec\":{\"clusterIP\":\"10.43.0.10\"}}"), 422,
        "Service \"a\" is invalid: spec.clusterIPs[0]: Invalid value: [\"10.43.0.10\"]: may not "
        "change once set");
    addresses_are(tb, "10.43.0.9");
}

static void
follows_the_type(void **state)
{
    struct tb *tb = *state;
    must(tb, create(tb, SERVICE("a", ASKS)));
    must(tb, patch(tb, "a", "{\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"x.y\"}}"));
    addresses_are(tb, "");
    must(tb, patch(tb, "a", "{\"spec\":{\"type\":\"ClusterIP\",\"externalName\":null" ASKS "}}"));
    addresses_are(tb, "10.43.0.9");
    must(tb, create(tb, SERVICE("h", ",\"clusterIP\":\"None\"")));
    must(tb, create(tb, SERVICE("e", ",\"type\":\"ExternalName\",\"externalName\":\"x\"")));
    addresses_are(tb, "10.43.0.9");
}

static void
runs_out(void **state)
{
    struct tb *tb = *state;
    char json[128];
    for (int i = 0; i < 6; i++) {
        (void)snprintf(json, sizeof(json), SERVICE("s%d", ""), i);
        must(tb, create(tb, json));
    }
    addresses_are(tb, "10.43.0.1,10.43.0.2,10.43.0.3,10.43.0.4,10.43.0.5,10.43.0.6");
    refused(tb, create(tb, SERVICE("more", "")), 500,
            "Internal error occurred: failed to allocate a serviceIP: range is full");
    must(tb, call_of(VERB_DELETE, row(tb, "", "services"), STR("default"), STR("s3")));
    must(tb, create(tb, SERVICE("more", "")));
}

/* ---- what becomes of them ---- */

static void
one_of_two_wins(void **state)
{
    struct tb *tb = *state;
    struct tb_result first, second;
    struct call a = create(tb, SERVICE("w-a", ASKS)), b = create(tb, SERVICE("w-b", ASKS));
    tb_start(tb, tb->admin, &a, &first);
    tb_start(tb, tb->admin, &b, &second);
    tb_turns(tb, 20);
    assert_int_equal(gate.len, 1); /* the other was refused before its commit */
    go_on(tb);
    tb_wait(tb, &first);
    tb_wait(tb, &second);
    assert_int_equal(first.http + second.http, 201 + 422);
    addresses_are(tb, "10.43.0.9");
    parent_is(tb, "10.43.0.9", first.http == 201 ? "w-a" : "w-b");
    tb_result_done(&first);
    tb_result_done(&second);
}

/* While the winner of the address waits for its commit, somebody else writes that Service. */
static void
a_conflict_takes_it_again(void **state)
{
    struct tb *tb = *state;
    struct tb_result changed, other;
    gate.is_open = true;
    must(tb, create(tb, SERVICE("w-a", ",\"type\":\"ExternalName\",\"externalName\":\"x\"")));
    gate.is_open = false;
    struct call call =
        patch(tb, "w-a", "{\"spec\":{\"type\":\"ClusterIP\",\"externalName\":null" ASKS "}}");
    tb_start(tb, tb->admin, &call, &changed);
    tb_turns(tb, 20);
    addresses_are(tb, "10.43.0.9"); /* taken, not yet committed */
    gate.is_open = true;
    must(tb, patch(tb, "w-a", "{\"metadata\":{\"labels\":{\"by\":\"other\"}}}"));
    struct call rival = create(tb, SERVICE("rival", ASKS));
    tb_start(tb, tb->admin, &rival, &other);
    go_on(tb);
    tb_wait(tb, &changed);
    tb_wait(tb, &other);
    assert_null(changed.err);
    assert_non_null(strstr(changed.bytes, "\"by\":\"other\""));
    assert_non_null(strstr(changed.bytes, "\"clusterIP\":\"10.43.0.9\""));
    assert_int_equal(other.http, 422);
    addresses_are(tb, "10.43.0.9");
    parent_is(tb, "10.43.0.9", "w-a");
    tb_result_done(&changed);
    tb_result_done(&other);
}

/* The client named a revision: the conflict is final, and what the round took is gone. */
static void
a_final_conflict_leaves_none_over(void **state)
{
    struct tb *tb = *state;
    struct tb_result changed;
    gate.is_open = true;
    struct tb_result made = run(tb, create(tb, SERVICE("w-a", ",\"type\":\"ExternalName\","
                                                              "\"externalName\":\"x\"")));
    gate.is_open = false;
    AUTO_FREE char *json =
        mem_printf("{\"metadata\":{\"resourceVersion\":\"%llu\"},\"spec\":{\"type\":\"ClusterIP\","
                   "\"externalName\":null" ASKS "}}",
                   (unsigned long long)made.rev);
    struct call call = patch(tb, "w-a", json);
    tb_start(tb, tb->admin, &call, &changed);
    tb_turns(tb, 20);
    gate.is_open = true;
    must(tb, patch(tb, "w-a", "{\"metadata\":{\"labels\":{\"by\":\"other\"}}}"));
    go_on(tb);
    tb_wait(tb, &changed);
    assert_int_equal(changed.http, 409);
    tb_turns(tb, 20);
    addresses_are(tb, "");
    must(tb, create(tb, SERVICE("b", ASKS)));
    tb_result_done(&made);
    tb_result_done(&changed);
}

static void
a_dry_run_takes_none(void **state)
{
    struct tb *tb = *state;
    struct call call = create(tb, SERVICE("a", ""));
    call.dry_run = true;
    struct tb_result dry = run(tb, call);
    assert_null(dry.err);
    assert_non_null(
        strstr(dry.bytes, "\"clusterIP\":\"10.43.0.0\",\"clusterIPs\":[\"10.43.0.0\"]"));
    call = create(tb, SERVICE("a", ASKS));
    call.dry_run = true;
    must(tb, call);
    call = create(tb, SERVICE("a", ",\"clusterIP\":\"1.1.1.1\""));
    call.dry_run = true;
    refused(
        tb, call, 422,
        "Service \"a\" is invalid: spec.clusterIPs: Invalid value: [\"1.1.1.1\"]: failed to "
        "allocate IP 1.1.1.1: the provided IP (1.1.1.1) is not in the valid range. The range of "
        "valid IPs is 10.43.0.0/16");
    addresses_are(tb, "");
    tb_result_done(&dry);
}

/* A dry-run that waits while somebody else takes the address for good: its undo takes nothing away. */
static void
a_dry_run_behind_a_race_leaves_the_winner_alone(void **state)
{
    struct tb *tb = *state;
    struct tb_result dry;
    struct call call = create(tb, SERVICE("w-a", ASKS));
    call.dry_run = true;
    tb_start(tb, tb->admin, &call, &dry);
    tb_turns(tb, 20);
    assert_int_equal(gate.len, 1);
    addresses_are(tb, "");
    must(tb, create(tb, SERVICE("b", ASKS)));
    go_on(tb);
    tb_wait(tb, &dry);
    assert_null(dry.err);
    addresses_are(tb, "10.43.0.9");
    parent_is(tb, "10.43.0.9", "b");
    tb_result_done(&dry);
}

/* The rival is refused while the address is held, and gets it once its holder hung up. */
static void
who_hangs_up_leaves_none_over(void **state)
{
    struct tb *tb = *state;
    struct tb_result made;
    struct call call = create(
        tb, SERVICE("w-a", ASKS ",\"type\":\"NodePort\",\"externalTrafficPolicy\":\"Local\""));
    tb_start(tb, tb->admin, &call, &made);
    tb_turns(tb, 20);
    addresses_are(tb, "10.43.0.9");
    struct tb_result rival = run(tb, create(tb, SERVICE("b", ASKS)));
    assert_int_equal(rival.http, 422);
    addresses_are(tb, "10.43.0.9");
    parent_is(tb, "10.43.0.9", "w-a");
    tb_result_done(&rival);
    client_cancel(made.handle);
    go_on(tb);
    tb_wait(tb, &made);
    assert_int_equal(made.err->code, ERR_CANCELLED);
    addresses_are(tb, "");
    must(tb, create(tb, SERVICE("b", ASKS)));
    tb_result_done(&made);
}

static void
a_deadline_leaves_none_over(void **state)
{
    struct tb *tb = *state;
    struct tb_result made;
    struct call call = create(tb, SERVICE("w-a", ASKS));
    tb_start(tb, tb->admin, &call, &made);
    tb_turns(tb, 20);
    addresses_are(tb, "10.43.0.9");
    tb_warp(tb, 34001);
    go_on(tb);
    tb_wait(tb, &made);
    assert_int_equal(made.http, 504);
    addresses_are(tb, "");
    tb_result_done(&made);
}

/* A refusal behind the allocation: the name is taken. */
static void
a_failed_create_leaves_none_over(void **state)
{
    struct tb *tb = *state;
    must(tb, create(tb, SERVICE("a", "")));
    struct tb_result before =
        run(tb, call_of(VERB_GET, row(tb, "", "services"), STR("default"), STR("a")));
    refused(tb, create(tb, SERVICE("a", ASKS)), 409, "services \"a\" already exists");
    tb_turns(tb, 20);
    struct tb_result gone = run(tb, call_of(VERB_GET, row(tb, "networking.k8s.io", "ipaddresses"),
                                            (struct str){ 0 }, STR("10.43.0.9")));
    assert_int_equal(gone.http, 404);
    tb_result_done(&before);
    tb_result_done(&gone);
}

/* ---- node ports ---- */

#define NODE(name, port)                                                                           \
    "{\"metadata\":{\"name\":\"" name                                                              \
    "\"},\"spec\":{\"type\":\"NodePort\",\"ports\":[{\"port\":80,"                                 \
    "\"nodePort\":" port "}]}}"

static void
gives_node_ports(void **state)
{
    struct tb *tb = *state;
    struct tb_result made = run(tb, create(tb, SERVICE("a", ",\"type\":\"NodePort\"")));
    int port = 0;
    assert_null(made.err);
    assert_int_equal(sscanf(strstr(made.bytes, "\"nodePort\":"), "\"nodePort\":%d", &port), 1);
    assert_in_range(port, 30086, 32767); /* the lower band is for those who ask */
    must(tb, create(tb, NODE("b", "30001")));
    refused(
        tb, create(tb, NODE("c", "30001")), 422,
        "Service \"c\" is invalid: spec.ports[0].nodePort: Invalid value: 30001: provided port is "
        "already allocated");
    refused(
        tb, create(tb, NODE("c", "1000")), 422,
        "Service \"c\" is invalid: spec.ports[0].nodePort: Invalid value: 1000: provided port is "
        "not in the valid range. The range of valid ports is 30000-32767");
    must(tb, patch(tb, "b", "{\"spec\":{\"type\":\"ClusterIP\"}}"));
    must(tb, create(tb, NODE("c", "30001")));
    must(tb, call_of(VERB_DELETE, row(tb, "", "services"), STR("default"), STR("c")));
    must(tb, create(tb, NODE("d", "30001")));
    tb_result_done(&made);
}

/* TCP and UDP of one port share; a health check has one of its own. */
static void
shares_node_ports(void **state)
{
    struct tb *tb = *state;
    struct tb_result made =
        run(tb, create(tb, "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"type\":\"LoadBalancer\","
                           "\"externalTrafficPolicy\":\"Local\",\"ports\":["
                           "{\"name\":\"u\",\"port\":80,\"protocol\":\"UDP\"},"
                           "{\"name\":\"t\",\"port\":80,\"nodePort\":30002}]}}"));
    assert_null(made.err);
    const char *first = strstr(made.bytes, "\"nodePort\":30002");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, "\"nodePort\":30002"));
    assert_non_null(strstr(made.bytes, "\"healthCheckNodePort\":3"));
    tb_result_done(&made);
}

static void
holds_node_ports_of_requests_on_their_way(void **state)
{
    struct tb *tb = *state;
    struct tb_result first;
    struct call a = create(tb, NODE("w-a", "30001"));
    tb_start(tb, tb->admin, &a, &first);
    tb_turns(tb, 20);
    refused(
        tb, create(tb, NODE("b", "30001")), 422,
        "Service \"b\" is invalid: spec.ports[0].nodePort: Invalid value: 30001: provided port is "
        "already allocated");
    client_cancel(first.handle);
    go_on(tb);
    tb_wait(tb, &first);
    must(tb, create(tb, NODE("b", "30001")));
    tb_result_done(&first);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gives_an_address_and_takes_it_back, serve, leave),
        cmocka_unit_test_setup_teardown(names_a_service_whose_name_it_makes, serve, leave),
        cmocka_unit_test_setup_teardown(refuses_addresses, serve, leave),
        cmocka_unit_test_setup_teardown(follows_the_type, serve, leave),
        cmocka_unit_test_setup_teardown(runs_out, serve_small, leave),
        cmocka_unit_test_setup_teardown(one_of_two_wins, serve, leave),
        cmocka_unit_test_setup_teardown(a_conflict_takes_it_again, serve, leave),
        cmocka_unit_test_setup_teardown(a_final_conflict_leaves_none_over, serve, leave),
        cmocka_unit_test_setup_teardown(a_dry_run_takes_none, serve, leave),
        cmocka_unit_test_setup_teardown(a_dry_run_behind_a_race_leaves_the_winner_alone, serve,
                                        leave),
        cmocka_unit_test_setup_teardown(who_hangs_up_leaves_none_over, serve, leave),
        cmocka_unit_test_setup_teardown(a_deadline_leaves_none_over, serve, leave),
        cmocka_unit_test_setup_teardown(a_failed_create_leaves_none_over, serve, leave),
        cmocka_unit_test_setup_teardown(gives_node_ports, serve, leave),
        cmocka_unit_test_setup_teardown(shares_node_ports, serve, leave),
        cmocka_unit_test_setup_teardown(holds_node_ports_of_requests_on_their_way, serve, leave),
    };
    return cmocka_run_group_tests_name("adm_service", tests, NULL, NULL);
}
