/* apiserver/rest_stream, rest_connect, relay: exec, attach and port-forward through a node's agent.
 * Refusals as kube-apiserver 1.35 gave them to the same requests. */
#include "config.h"

#include "tests/lib/unit.h"

#include <string.h>

#include "base/loop.h"
#include "base/mem.h"
#include "tests/lib/node_box.h"
#include "tests/lib/tb.h"

#define PODS "/api/v1/namespaces/default/pods"
#define SPDY                                                                                       \
    "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n"
#define REQUEST(path, headers)                                                                     \
    "POST " path " HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n" headers "\r\n"

struct box {
    struct tb *tb;
    struct node_box node;
};

static int
open_box(void **state)
{
    struct tb_opts opts = { .listen = true };
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
    node_box_close(&box->node);
    tb_free(box->tb);
    mem_free(box);
    return 0;
}

static void
will_upgrade(struct node_box *node, const char *says)
{
    static const char *const headers[] = {
        "connection",       "Upgrade", "upgrade", "SPDY/3.1", "x-stream-protocol-version",
        "v4.channel.k8s.io"
    };
    node->status = 101;
    memcpy(node->headers, headers, sizeof(headers));
    node->text = says;
}

static bool
has_no_conn(void *ctx)
{
    return ((struct node_box *)ctx)->conn == NULL;
}

static bool
heard_some(void *ctx)
{
    return ((struct node_box *)ctx)->heard.size > 0;
}

/* ---- tests ---- */

static void
test_refuses(void **state)
{
    struct box *box = *state;
    static const struct tb_wanted asks[] = {
        { "GET",
          PODS "/web/exec?command=a&stdout=1",
          NULL,
          NULL,
          { " 400 ", "\"message\":\"Upgrade request required\"" } },
        { "POST",
          PODS "/none/exec?command=a&stdout=1",
          SPDY,
          NULL,
          { " 404 ", "pods \\\"none\\\" not found" } },
        { "POST",
          PODS "/unbound/exec?command=a&stdout=1",
          SPDY,
          NULL,
          { " 400 ",
            "a container name must be specified for pod unbound, choose one of: [i c d]" } },
        { "POST",
          PODS "/web/attach?container=zz&stdout=1",
          SPDY,
          NULL,
          { " 400 ", "container zz is not valid for pod web" } },
        { "POST",
          PODS "/unbound/portforward",
          SPDY,
          NULL,
          { " 400 ", "pod unbound does not have a host assigned" } },
        { "POST",
          PODS "/web/exec?command=a&stdout=1&dryRun=All",
          SPDY,
          NULL,
          { " 400 ", "dryRun is not supported" } },
        { "PUT", PODS "/web/exec", NULL, NULL, { " 405 ", "\"details\":{},\"code\":405" } },
        { "HEAD", PODS "/web/exec", NULL, NULL, { " 405 " } },
        { "POST", PODS "/exec", SPDY, NULL, { " 405 " } },
    };
    tb_ask_all(box->tb, asks, ARRAY_LEN(asks));
}

/* Upstream's feature AuthorizePodWebsocketUpgradeCreatePermission: get alone is not enough. */
static void
test_get_needs_create(void **state)
{
    struct box *box = *state;
    static const struct tb_wanted asks[] = {
        { "POST",
          "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles",
          NULL,
          "{\"metadata\":{\"name\":\"r\"},\"rules\":[{\"apiGroups\":[\"\"],\"resources\":"
          "[\"pods/exec\"],\"verbs\":[\"get\"]}]}",
          { " 201 " } },
        { "POST",
          "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings",
          NULL,
          "{\"metadata\":{\"name\":\"r\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\","
          "\"kind\":\"Role\",\"name\":\"r\"},\"subjects\":[{\"kind\":\"User\",\"name\":\"u\","
          "\"apiGroup\":\"rbac.authorization.k8s.io\"}]}",
          { " 201 " } },
        { "GET",
          PODS "/web/exec?command=a&stdout=1",
          "Impersonate-User: u\r\n",
          NULL,
          { " 403 ", "\"message\":\"pods \\\"web\\\" is forbidden: \"" } },
        { "POST",
          PODS "/web/exec?command=a&stdout=1",
          "Impersonate-User: u\r\n" SPDY,
          NULL,
          { " 403 ", "User \\\"u\\\" cannot create resource \\\"pods/exec\\\"" } },
        { "GET",
          PODS "/web/attach?stdout=1",
          "Impersonate-User: u\r\n",
          NULL,
          { " 403 ", "User \\\"u\\\" cannot get resource \\\"pods/attach\\\"" } },
    };
    tb_ask_all(box->tb, asks, ARRAY_LEN(asks));
    assert_int_equal(box->node.heard.size, 0);
}

static void
test_joins(void **state)
{
    struct box *box = *state;
    struct node_box_peer peer;
    will_upgrade(&box->node, "first|");
    box->node.is_echoing = true;
    node_box_peer_open(&peer, box->tb,
                       REQUEST(PODS "/web/exec?command=a&command=b%20c&stdin=1&stdout=1",
                               SPDY "Authorization: Basic x\r\nX-Other: yes\r\n"
                                    "X-Forwarded-For: 10.9.9.9\r\n") "early|");
    node_box_peer_hear(&peer, "X-Stream-Protocol-Version: v4.channel.k8s.io\r\n");
    node_box_peer_hear(&peer, "first|early|");
    node_box_peer_say(&peer, STR("late|"));
    node_box_peer_hear(&peer, "late|");

    struct str heard = str_view(&box->node.heard);
    assert_true(str_has_prefix(
        heard, STR("POST /exec/default/web/c?command=a&command=b%20c&stdin=1&stdout=1\n")));
    assert_true(str_contains(heard, STR("upgrade: SPDY/3.1\n")));
    assert_true(str_contains(heard, STR("x-other: yes\n")));
    assert_true(str_contains(heard, STR("x-forwarded-for: 10.9.9.9\n")));
    assert_false(str_contains(heard, STR("authorization")));

    node_box_hang_up(&box->node); /* either end ends the other */
    node_box_peer_hear_end(&peer);
    node_box_peer_close(&peer);
}

static void
test_client_vanishes(void **state)
{
    struct box *box = *state;
    struct node_box_peer peer;
    will_upgrade(&box->node, "first|");
    node_box_peer_open(&peer, box->tb, REQUEST(PODS "/web/portforward?ports=80", SPDY));
    node_box_peer_hear(&peer, "first|");
    assert_true(str_has_prefix(str_view(&box->node.heard),
                               STR("POST /portForward/default/web?ports=80\n")));
    node_box_peer_close(&peer);
    assert_true(tb_until(box->tb, has_no_conn, &box->node));
}

/* While the agent has not answered: it is let go, too. */
static void
test_client_gives_up(void **state)
{
    struct box *box = *state;
    struct node_box_peer peer;
    box->node.is_silent = true;
    node_box_peer_open(&peer, box->tb,
                       "GET " PODS "/web/log?container=c HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(tb_until(box->tb, heard_some, &box->node));
    int closed = box->node.closed;
    node_box_peer_close(&peer);
    for (int i = 0; i < 1000 && box->node.closed == closed; i++) {
        (void)loop_turn(box->tb->loop, 5);
    }
    assert_int_equal(box->node.closed, closed + 1);
}

/* What the agent says instead of 101 is the answer. */
static void
test_passes_refusals(void **state)
{
    struct box *box = *state;
    static const struct tb_wanted ask = { "POST",
                                          PODS "/web/attach?stdout=1",
                                          SPDY,
                                          NULL,
                                          { " 404 ", "text/plain",
                                            "container not found (\"c\")" } };
    box->node.status = 404;
    box->node.text = "container not found (\"c\")\n";
    tb_ask_all(box->tb, &ask, 1);
}

static void
test_no_agent(void **state)
{
    struct box *box = *state;
    static const struct tb_wanted asks[] = {
        { "PATCH",
          "/api/v1/nodes/n1/status",
          NULL,
          "{\"status\":{\"daemonEndpoints\":{\"kubeletEndpoint\":{\"Port\":1}}}}",
          { " 200 " } },
        { "POST",
          PODS "/web/exec?command=a&stdout=1",
          SPDY,
          NULL,
          { " 503 ", "dial node 'n1' at 127.0.0.1:1" } },
    };
    tb_ask_all(box->tb, asks, ARRAY_LEN(asks));
}

static void
set(void *ctx)
{
    *(bool *)ctx = true;
}

static bool
is_set(void *ctx)
{
    return *(bool *)ctx;
}

/* A stop cuts what is joined. */
static void
test_stop(void **state)
{
    struct box *box = *state;
    struct node_box_peer peer;
    will_upgrade(&box->node, "first|");
    node_box_peer_open(&peer, box->tb, REQUEST(PODS "/web/exec?command=a&stdout=1", SPDY));
    node_box_peer_hear(&peer, "first|");
    bool is_stopped = false;
    apiserver_stop(box->tb->api, set, &is_stopped);
    assert_true(tb_until(box->tb, is_set, &is_stopped));
    node_box_peer_hear_end(&peer);
    node_box_peer_close(&peer);
}

static void
test_logs(void **state)
{
    struct box *box = *state;
    static const struct tb_wanted asks[] = {
        { "GET",
          PODS "/web/log?follow=true",
          NULL,
          NULL,
          { " 200 ", "text/plain", "line 1\nline 2\n" } },
        { "GET", PODS "/unbound/log?container=d", NULL, NULL, { " 204 " } },
    };
    box->node.text = "line 1\nline 2\n";
    tb_ask_all(box->tb, asks, ARRAY_LEN(asks));
    assert_true(str_has_prefix(str_view(&box->node.heard),
                               STR("GET /containerLogs/default/web/c?follow=true\n")));
}

/* As a browser reads them. */
static void
test_logs_by_websocket(void **state)
{
    static const char ask[] =
        "GET " PODS
        "/web/log?follow=true HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    struct box *box = *state;
    struct node_box_peer peer;
    box->node.text = "line 1\n";
    AUTO_FREE char *good = mem_printf("%sSec-WebSocket-Protocol: binary.k8s.io\r\n\r\n", ask);
    node_box_peer_open(&peer, box->tb, good);
    node_box_peer_hear(&peer, "101 Switching Protocols\r\n");
    node_box_peer_hear(&peer, "\r\n\r\n\x82"); /* an empty message; then one of 7 bytes */
    node_box_peer_hear(&peer, "\x82\x07line 1\n\x88\x02\x03\xe8"); /* and a close: 1000 */
    assert_false(str_contains(str_view(&box->node.heard), STR("websocket")));
    node_box_peer_close(&peer);

    AUTO_FREE char *other = mem_printf("%sSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n", ask);
    node_box_peer_open(&peer, box->tb, other);
    node_box_peer_hear(&peer, " 403 ");
    node_box_peer_close(&peer);
}

static void
test_watch_by_websocket(void **state)
{
    struct box *box = *state;
    struct node_box_peer peer;
    static const struct tb_wanted made = { "POST",
                                           "/api/v1/namespaces/default/configmaps",
                                           NULL,
                                           "{\"metadata\":{\"name\":\"seen\"}}",
                                           { " 201 " } };
    node_box_peer_open(&peer, box->tb,
                       "GET /api/v1/namespaces/default/configmaps?watch=1 HTTP/1.1\r\nHost: x\r\n"
                       "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    node_box_peer_hear(&peer, "101 Switching Protocols\r\n");
    tb_ask_all(box->tb, &made, 1);
    node_box_peer_hear(&peer, "{\"type\":\"ADDED\",\"object\":{\"kind\":\"ConfigMap\"");
    node_box_peer_hear(&peer, "\"name\":\"seen\"");
    assert_true(str_contains(str_view(&peer.in), STR("\r\n\r\n\x81\x7e"))); /* one text message */
    node_box_peer_close(&peer);
}

/* A token among the protocols is for the API server only. */
static void
test_token_stays(void **state)
{
    struct box *box = *state;
    struct node_box_peer peer;
    will_upgrade(&box->node, "first|");
    node_box_peer_open(&peer, box->tb,
                       REQUEST(PODS "/web/exec?command=a&stdout=1",
                               "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                               "Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.eA, "
                               "v4.channel.k8s.io\r\n"));
    node_box_peer_hear(&peer, "first|");
    assert_true(str_contains(str_view(&box->node.heard),
                             STR("sec-websocket-protocol: v4.channel.k8s.io\n")));
    assert_false(str_contains(str_view(&box->node.heard), STR("bearer")));
    node_box_peer_close(&peer);
}

#define WITH_BOX(test) cmocka_unit_test_setup_teardown(test, open_box, close_box)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_BOX(test_refuses),
        WITH_BOX(test_get_needs_create),
        WITH_BOX(test_joins),
        WITH_BOX(test_client_vanishes),
        WITH_BOX(test_client_gives_up),
        WITH_BOX(test_passes_refusals),
        WITH_BOX(test_no_agent),
        WITH_BOX(test_logs),
        WITH_BOX(test_logs_by_websocket),
        WITH_BOX(test_watch_by_websocket),
        WITH_BOX(test_token_stays),
        WITH_BOX(test_stop),
    };
    return cmocka_run_group_tests_name("rest_stream", tests, NULL, NULL);
}
