/* apiserver/translate, and rest_stream's tunnels: clients by WebSocket, a node that speaks SPDY. Both
 * are the test: frames of the client have a mask of zeros, so that they can be read here. */
#include "config.h"

#include "apiserver/translate.h"

#include "tests/lib/unit.h"

#include <string.h>

#include "base/mem.h"
#include "net/conn.h"
#include "tests/lib/node_box.h"
#include "tests/lib/tb.h"

#define POD "/api/v1/namespaces/default/pods/web"
#define ASK(path, protocols)                                                                       \
    "GET " POD path " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"        \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"                 \
    "Sec-WebSocket-Protocol: " protocols "\r\n\r\n"
#define EXEC ASK("/exec?command=a&stdin=1&stdout=1&stderr=1", "v5.channel.k8s.io")
/* Streams in the order in which they are opened. */
#define ERROR "\0\0\0\1"
#define STDIN "\0\0\0\3"
#define STDOUT "\0\0\0\5"
#define STDERR "\0\0\0\7"
#define SUCCESS "{\"status\":\"Success\"}"

struct box {
    struct tb *tb;
    struct node_box node;
    struct node_box_peer peer;
};

static int
open_box(void **state)
{
    static const char *const headers[] = { "connection", "Upgrade", "upgrade", "SPDY/3.1" };
    struct tb_opts opts = { .listen = true };
    struct box *box = MEM_NEW(struct box);
    box->tb = tb_serve(&opts);
    node_box_open(&box->node, box->tb);
    memcpy(box->node.headers, headers, sizeof(headers));
    box->node.status = 101;
    box->peer.fd = -1;
    *state = box;
    return 0;
}

static int
close_box(void **state)
{
    struct box *box = *state;
    if (box->peer.fd >= 0) {
        node_box_peer_close(&box->peer);
    }
    node_box_close(&box->node);
    tb_free(box->tb);
    mem_free(box);
    return 0;
}

static void
ask(struct box *box, const char *text)
{
    node_box_peer_open(&box->peer, box->tb, text);
    node_box_peer_hear(&box->peer, "101 Switching Protocols\r\n");
}

static void
node_says(struct box *box, const char *bytes, size_t size)
{
    struct iovec iov = { (void *)(uintptr_t)bytes, size };
    assert_int_equal(conn_writev(box->node.conn, &iov, 1), size);
}
#define NODE_SAYS(box, literal) node_says(box, literal, sizeof(literal) - 1)

static void
client_says(struct box *box, const char *message, size_t size)
{
    char frame[128] = { (char)0x82, (char)(0x80 | size) };
    memcpy(frame + 6, message, size);
    node_box_peer_say(&box->peer, str_slice(frame, 6 + size));
}
#define CLIENT_SAYS(box, literal) client_says(box, literal, sizeof(literal) - 1)

struct wish {
    const struct str_builder *in;
    struct str bytes;
};

static bool
is_there(void *ctx)
{
    const struct wish *wish = ctx;
    return wish->in->size >= wish->bytes.size &&
           memmem(wish->in->at, wish->in->size, wish->bytes.at, wish->bytes.size) != NULL;
}

static void
node_hears(struct box *box, const char *bytes, size_t size)
{
    struct wish wish = { &box->node.said, str_slice(bytes, size) };
    assert_true(tb_until(box->tb, is_there, &wish));
}
#define NODE_HEARS(box, literal) node_hears(box, literal, sizeof(literal) - 1)

static void
client_hears(struct box *box, const char *bytes, size_t size)
{
    struct wish wish = { &box->peer.in, str_slice(bytes, size) };
    for (int i = 0; i < 2000 && !is_there(&wish) && !box->peer.is_ended; i++) {
        node_box_peer_look(&box->peer);
    }
    assert_true(is_there(&wish));
}
#define CLIENT_HEARS(box, literal) client_hears(box, literal, sizeof(literal) - 1)

static bool
is_gone(void *ctx)
{
    return ((struct box *)ctx)->node.conn == NULL;
}

/* ---- tests ---- */

static void
test_exec(void **state)
{
    struct box *box = *state;
    ask(box, EXEC);
    node_box_peer_hear(&box->peer, "Sec-Websocket-Protocol: v5.channel.k8s.io\r\n");
    struct str heard = str_view(&box->node.heard);
    assert_true(str_has_prefix(
        heard, STR("POST /exec/default/web/c?command=a&stdin=1&stdout=1&stderr=1\n")));
    assert_true(str_contains(heard, STR("upgrade: SPDY/3.1\n")));
    assert_true(str_contains(heard, STR("x-stream-protocol-version: v4.channel.k8s.io\n")));
    assert_false(str_contains(heard, STR("sec-websocket")));

    CLIENT_SAYS(box, "\0in");
    NODE_HEARS(box, STDIN "\0\0\0\2in");
    CLIENT_SAYS(box, "\1not a way in");
    CLIENT_SAYS(box, "\4{\"Width\":1}"); /* without a terminal: nowhere to go */
    CLIENT_SAYS(box, "\xff\0");
    NODE_HEARS(box, STDIN "\0\0\0\2in" STDIN "\1\0\0\0");
    NODE_SAYS(box, STDOUT "\0\0\0\3out" STDERR "\0\0\0\3err");
    CLIENT_HEARS(box, "\x82\4\1out\x82\4\2err");
    NODE_SAYS(box, STDOUT "\1\0\0\0" STDERR "\1\0\0\0" ERROR "\1\0\0\24" SUCCESS);
    CLIENT_HEARS(box, "\x82\25\3" SUCCESS "\x88\2\3\xe8");
    assert_true(tb_until(box->tb, is_gone, box));
    CLIENT_SAYS(box, "\0late");
}

static void
test_terminal(void **state)
{
    struct box *box = *state;
    ask(box,
        ASK("/attach?stdin=1&stdout=1&stderr=1&tty=1", "v5.channel.k8s.io, v4.channel.k8s.io"));
    CLIENT_SAYS(box, "\4{\"Width\":1}");
    NODE_HEARS(box, "\0\0\0\7\0\0\0\13{\"Width\":1}"); /* the fourth stream: no stderr */
    NODE_SAYS(box, STDOUT "\1\0\0\0" ERROR "\1\0\0\0");
    CLIENT_HEARS(box, "\3{\"metadata\":{},\"status\":\"Success\"}\x88\2\3\xe8");
}

static void
test_refused(void **state)
{
    struct box *box = *state;
    box->node.status = 404;
    box->node.text = "container not found (\"c\")\n";
    ask(box, EXEC);
    node_box_peer_hear(&box->peer, "\"reason\":\"InternalError\"");
    node_box_peer_hear(&box->peer, "\"message\":\"Internal error occurred: unable to upgrade "
                                   "connection: container not found (\\\"c\\\")\"");
    CLIENT_HEARS(box, "\x88\2\3\xe8");
}

static void
test_node_ends(void **state)
{
    struct box *box = *state;
    ask(box, EXEC);
    NODE_HEARS(box, STDERR);
    NODE_SAYS(box, STDOUT "\0\0\0\3out");
    CLIENT_HEARS(box, "\1out");
    node_box_hang_up(&box->node);
    node_box_peer_hear(&box->peer, "Internal error occurred: the node ended the connection");
    CLIENT_HEARS(box, "\x88\2\3\xe8");
}

/* Without a word, and with one. */
static void
test_client_ends(void **state)
{
    struct box *box = *state;
    ask(box, EXEC);
    NODE_HEARS(box, STDERR);
    node_box_peer_close(&box->peer);
    assert_true(tb_until(box->tb, is_gone, box));

    ask(box, EXEC);
    NODE_HEARS(box, STDERR);
    node_box_peer_say(&box->peer, STR("\x88\x82\0\0\0\0\3\xe8"));
    assert_true(tb_until(box->tb, is_gone, box));
    node_box_peer_hear_end(&box->peer);
}

/* A client that does not read stops the node; nothing is lost. */
static void
test_slow_client(void **state)
{
    enum { PIECE = 8000, PIECES = 500 };
    static char frame[8 + PIECE] = STDOUT "\0\0";
    struct box *box = *state;
    size_t said = 0;
    ask(box, EXEC);
    NODE_HEARS(box, STDERR);
    frame[6] = (char)(PIECE >> 8);
    frame[7] = (char)(PIECE & 0xFF);
    memset(frame + 8, 'x', PIECE);
    for (int idle = 0; said < sizeof(frame) * PIECES;) {
        struct iovec iov = { frame + said % sizeof(frame), sizeof(frame) - said % sizeof(frame) };
        ssize_t size = conn_writev(box->node.conn, &iov, 1);
        said += size > 0 ? (size_t)size : 0;
        idle = size > 0 ? 0 : idle + 1;
        if (idle > 50) {
            node_box_peer_look(&box->peer);
        } else {
            tb_turns(box->tb, 1);
        }
    }
    size_t got = 0;
    for (int i = 0; i < 20000 && got < (size_t)PIECE * PIECES; i++) {
        node_box_peer_look(&box->peer);
        got = 0;
        for (size_t k = 0; k < box->peer.in.size && i % 50 == 0; k++) {
            got += box->peer.in.at[k] == 'x';
        }
    }
    assert_in_range(got, (size_t)PIECE * PIECES,
                    (size_t)PIECE * PIECES + 10); /* headers have some */
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

static void
test_stop(void **state)
{
    struct box *box = *state;
    bool is_stopped = false;
    ask(box, EXEC);
    NODE_HEARS(box, STDERR);
    apiserver_stop(box->tb->api, set, &is_stopped);
    assert_true(tb_until(box->tb, is_set, &is_stopped));
    node_box_peer_hear_end(&box->peer);
    assert_true(tb_until(box->tb, is_gone, box));
}

/* Up to v4 it is the runtime's own protocol. */
static void
test_older_ones(void **state)
{
    struct box *box = *state;
    ask(box, ASK("/exec?command=a&stdout=1", "v4.channel.k8s.io"));
    struct str heard = str_view(&box->node.heard);
    assert_true(str_has_prefix(heard, STR("GET /exec/default/web/c?")));
    assert_true(str_contains(heard, STR("upgrade: websocket\n")));
    assert_true(str_contains(heard, STR("sec-websocket-protocol: v4.channel.k8s.io\n")));
}

static void
test_tunnel(void **state)
{
    struct box *box = *state;
    ask(box, ASK("/portforward", "SPDY/3.1+portforward.k8s.io"));
    node_box_peer_hear(&box->peer, "Sec-Websocket-Protocol: SPDY/3.1+portforward.k8s.io\r\n");
    struct str heard = str_view(&box->node.heard);
    assert_true(str_contains(heard, STR("upgrade: SPDY/3.1\n")));
    assert_true(str_contains(heard, STR("x-stream-protocol-version: portforward.k8s.io\n")));
    CLIENT_SAYS(box, "\x80\3up");
    NODE_HEARS(box, "\x80\3up");
    NODE_SAYS(box, "\x80\3down");
    CLIENT_HEARS(box, "\x82\6\x80\3down");
    node_box_peer_close(&box->peer);
    assert_true(tb_until(box->tb, is_gone, box));

    ask(box, ASK("/portforward", "SPDY/3.1+portforward.k8s.io"));
    node_box_hang_up(&box->node);
    CLIENT_HEARS(box, "\x88\2\3\xe8");
}

#define WITH_BOX(test) cmocka_unit_test_setup_teardown(test, open_box, close_box)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_BOX(test_exec),      WITH_BOX(test_terminal),    WITH_BOX(test_refused),
        WITH_BOX(test_node_ends), WITH_BOX(test_client_ends), WITH_BOX(test_slow_client),
        WITH_BOX(test_stop),      WITH_BOX(test_older_ones),  WITH_BOX(test_tunnel),
    };
    return cmocka_run_group_tests_name("apiserver/translate", tests, NULL, NULL);
}
