/* client/reach, reach_place: what is dialled for nodes, pods and services, in which order, and what
 * is said when nobody answers. */
#include "config.h"

#include "client/reach.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/conn.h"
#include "net/http.h"
#include "tests/lib/node_box.h"
#include "tests/lib/tb.h"
#include "tests/lib/unit.h"

#define SLICES "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"

struct box {
    struct tb *tb;
    struct node_box node;
    struct conn *conn;
    struct err *err;
    int calls;
};

static int
open_box(void **state)
{
    struct tb_opts opts = { .listen = true, .real_clock = true };
    struct box *box = MEM_NEW(struct box);
    box->tb = tb_serve(&opts);
    node_box_open(&box->node, box->tb);
    *state = box;
    return 0;
}

static int
close_box(void **state)
{
    struct box *box = *state;
    conn_close(STEAL(box->conn));
    err_free(box->err);
    node_box_close(&box->node);
    tb_free(box->tb);
    mem_free(box);
    return 0;
}

static void
reached(void *ctx, struct conn *conn, struct err *owned)
{
    struct box *box = ctx;
    box->calls++;
    box->conn = conn;
    box->err = owned;
}

static bool
is_done(void *ctx)
{
    return ((struct box *)ctx)->calls > 0;
}

static struct reach_dialing *
begin(struct box *box, enum reach_kind kind, const char *name, const char *port)
{
    struct reach_target target = { .kind = kind,
                                   .ns = kind == REACH_NODE ? STR("") : STR("default"),
                                   .name = str_of(name),
                                   .port = str_of(port) };
    conn_close(STEAL(box->conn));
    err_clear(&box->err);
    str_done(&box->node.heard);
    box->calls = 0;
    return reach_dial(box->node.reach, &target, reached, box);
}

static void
dial(struct box *box, enum reach_kind kind, const char *name, const char *port)
{
    (void)begin(box, kind, name, port);
    assert_int_equal(box->calls, 0); /* never inside the call */
    assert_true(tb_until(box->tb, is_done, box));
    assert_true((box->conn != NULL) != (box->err != NULL));
}

static void
assert_tunnel(struct box *box, const char *address)
{
    AUTO_FREE char *line = mem_printf("GET /tunnel?address=%s\n", address);
    assert_non_null(box->conn);
    assert_true(str_contains(str_view(&box->node.heard), str_of(line)));
}

static void
make(struct box *box, const char *path, const char *body)
{
    struct tb_wanted wanted = { "POST", path, NULL, body, { " 201 " } };
    tb_ask_all(box->tb, &wanted, 1);
}

/* A node whose agent is not there. */
static void
make_dead_node(struct box *box)
{
    struct tb_wanted status = {
        "PATCH",
        "/api/v1/nodes/dead/status",
        NULL,
        "{\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"127.0.0.1\"}],"
        "\"daemonEndpoints\":{\"kubeletEndpoint\":{\"Port\":1}}}}",
        { " 200 " }
    };
    make(box, "/api/v1/nodes", "{\"metadata\":{\"name\":\"dead\"}}");
    tb_ask_all(box->tb, &status, 1);
}

#define SLICE(name, endpoints)                                                                      \
    "{\"metadata\":{\"name\":\"" name "\",\"labels\":{\"kubernetes.io/service-name\":\"s\"}},"      \
    "\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"a\",\"port\":80},{\"name\":\"b\",\"port\":81}" \
    "],\"endpoints\":[" endpoints "]}"
#define ENDPOINT(ip, node, ready, serving)                                                         \
    "{\"addresses\":[\"" ip "\"],\"nodeName\":\"" node "\",\"conditions\":{\"ready\":" ready       \
    ",\"serving\":" serving "}}"

/* ---- tests ---- */

static void
test_nodes(void **state)
{
    struct box *box = *state;
    dial(box, REACH_NODE, "n1", "");
    assert_non_null(box->conn);
    assert_int_equal(box->node.heard.size, 0); /* the agent itself: nothing was asked yet */
    dial(box, REACH_NODE, "n1", "99");
    assert_tunnel(box, "127.0.0.1:99");
    dial(box, REACH_NODE, "none", "");
    assert_string_equal(box->err->message, "there is no node 'none'");
    make(box, "/api/v1/nodes", "{\"metadata\":{\"name\":\"new\"}}");
    dial(box, REACH_NODE, "new", "");
    assert_string_equal(box->err->message, "node 'new' has no InternalIP yet");
}

static void
test_pods(void **state)
{
    struct box *box = *state;
    dial(box, REACH_POD, "web", "1234");
    assert_tunnel(box, "10.0.0.9:1234");
    dial(box, REACH_POD, "web", "http");
    assert_tunnel(box, "10.0.0.9:8080");
    dial(box, REACH_POD, "web", "other");
    assert_string_equal(box->err->message, "pod 'web' has no such port yet");
    dial(box, REACH_POD, "unbound", "80");
    assert_string_equal(box->err->message, "pod 'unbound' has no address yet");
    dial(box, REACH_POD, "none", "80");
    assert_int_equal(box->err->code, ERR_NOT_FOUND);
}

static void
test_services_take_turns(void **state)
{
    static const char *const addresses[] = { "10.0.0.1:81", "10.0.0.2:81", "10.0.0.3:81" };
    struct box *box = *state;
    int seen[ARRAY_LEN(addresses)] = { 0 };
    make(box, SLICES,
         SLICE("s-1", ENDPOINT("10.0.0.1", "n1", "true", "true") "," ENDPOINT(
                          "10.0.0.9", "n1", "false", "true") "," ENDPOINT("10.0.0.2", "n1", "true",
                                                                          "true")));
    make(box, SLICES, SLICE("s-2", ENDPOINT("10.0.0.3", "n1", "true", "true")));
    for (int i = 0; i < 6; i++) {
        dial(box, REACH_SERVICE, "s", "b");
        for (size_t k = 0; k < ARRAY_LEN(addresses); k++) {
            seen[k] += str_contains(str_view(&box->node.heard), str_of(addresses[k]));
        }
    }
    for (size_t k = 0; k < ARRAY_LEN(addresses); k++) {
        assert_int_equal(seen[k], 2);
    }
    dial(box, REACH_SERVICE, "s", "c");
    assert_string_equal(box->err->message, "no endpoints available for service \"s\"");
}

static void
test_serving_ones_are_second(void **state)
{
    struct box *box = *state;
    make(box, SLICES,
         SLICE("s-1", ENDPOINT("10.0.0.1", "n1", "false", "true") "," ENDPOINT("10.0.0.2", "n1",
                                                                               "false", "false")));
    for (int i = 0; i < 2; i++) {
        dial(box, REACH_SERVICE, "s", "a");
        assert_tunnel(box, "10.0.0.1:80");
    }
}

static void
test_the_next_one(void **state)
{
    struct box *box = *state;
    make_dead_node(box);
    make(box, SLICES,
         SLICE("s-1", ENDPOINT("10.0.0.1", "dead", "true", "true") "," ENDPOINT("10.0.0.2", "n1",
                                                                                "true", "true")));
    for (int i = 0; i < 2; i++) {
        dial(box, REACH_SERVICE, "s", "a");
        assert_tunnel(box, "10.0.0.2:80");
    }
}

static void
test_all_fail(void **state)
{
    struct box *box = *state;
    make_dead_node(box);
    make(box, SLICES,
         SLICE("s-1", ENDPOINT("10.0.0.1", "dead", "true", "true") "," ENDPOINT("10.0.0.2", "dead",
                                                                                "false", "true")));
    dial(box, REACH_SERVICE, "s", "a");
    assert_int_equal(box->err->code, ERR_UNAVAILABLE);
    const char *first = strstr(box->err->message, "dial node 'dead' at 127.0.0.1:1: ");
    assert_non_null(first);
    assert_non_null(strstr(first, "; dial node 'dead' at 127.0.0.1:1: "));
}

/* Who has no node is dialled from here, then through any agent. (No packet leaves for this one.) */
static void
test_without_a_node(void **state)
{
    struct box *box = *state;
    make(box, SLICES, SLICE("s-1", "{\"addresses\":[\"239.1.1.1\"]}"));
    dial(box, REACH_SERVICE, "s", "a");
    assert_tunnel(box, "239.1.1.1:80");
    make_dead_node(box);
    box->node.status = 404; /* and this agent has no tunnel */
    box->node.has_no_tunnels = true;
    dial(box, REACH_SERVICE, "s", "a");
    assert_non_null(strstr(box->err->message, "dial 239.1.1.1:80: "));
    assert_non_null(strstr(box->err->message, "; dial node 'dead' at 127.0.0.1:1: "));
    assert_non_null(strstr(box->err->message, "the agent answered 404 to a tunnel"));
}

static void
test_cancel(void **state)
{
    static const struct {
        enum reach_kind kind;
        const char *name;
    } cases[] = { { REACH_NODE, "n1" }, { REACH_POD, "web" } };
    struct box *box = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (int turns = 0; turns < 12; turns++) {
            struct reach_dialing *dialing = begin(box, cases[i].kind, cases[i].name, "80");
            for (int k = 0; k < turns && box->calls == 0; k++) {
                (void)loop_turn(box->tb->loop, 1);
            }
            if (box->calls == 0) {
                reach_cancel(dialing);
                reach_cancel(dialing);
                assert_int_equal(box->calls, 0);
                assert_true(tb_until(box->tb, is_done, box));
                assert_null(box->conn);
                assert_int_equal(box->err->code, ERR_CANCELLED);
            }
            assert_int_equal(box->calls, 1);
        }
    }
}

#define WITH_BOX(test) cmocka_unit_test_setup_teardown(test, open_box, close_box)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_BOX(test_nodes),
        WITH_BOX(test_pods),
        WITH_BOX(test_services_take_turns),
        WITH_BOX(test_serving_ones_are_second),
        WITH_BOX(test_the_next_one),
        WITH_BOX(test_all_fail),
        WITH_BOX(test_without_a_node),
        WITH_BOX(test_cancel),
    };
    return cmocka_run_group_tests_name("client/reach", tests, NULL, NULL);
}
