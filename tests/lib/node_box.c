/* See node_box.h. */
#include "config.h"

#include "tests/lib/node_box.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apiserver/apiserver.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/reach.h"
#include "net/body.h"
#include "net/conn.h"
#include "net/http.h"
#include "net/pki.h"
#include "net/server.h"
#include "net/tls.h"
#include "tests/lib/tb.h"
#include "tests/lib/unit.h"

enum { TURN_MS = 5, READ_SIZE = 16 << 10 };

/* ---- the agent ---- */

static void
write_all(struct node_box *box, struct str bytes)
{
    struct iovec iov = { (void *)(uintptr_t)bytes.at, bytes.size };
    assert_int_equal(conn_writev(box->conn, &iov, 1), bytes.size);
}

static void
on_ready(void *ctx, int ready)
{
    struct node_box *box = ctx;
    char bytes[READ_SIZE];
    (void)ready;
    ssize_t size = conn_read(box->conn, bytes, sizeof(bytes));
    if (size > 0) {
        str_put(&box->said, str_slice(bytes, (size_t)size));
        if (box->is_echoing) {
            write_all(box, str_slice(bytes, (size_t)size));
        }
    } else if (size == 0 || errno != EAGAIN) {
        node_box_hang_up(box);
    }
}

static size_t
fill_headers(const struct node_box *box, struct http_header *headers)
{
    size_t len = 0;
    for (size_t i = 0; i < ARRAY_LEN(box->headers) && box->headers[i] != NULL; i += 2) {
        headers[len].name = str_of(box->headers[i]);
        headers[len++].value = str_of(box->headers[i + 1]);
    }
    return len;
}

static void
answer(struct node_box *box, struct http_request *http)
{
    struct http_header headers[ARRAY_LEN(box->headers) / 2];
    size_t len = fill_headers(box, headers);
    struct str text = str_of(box->text == NULL ? "" : box->text);
    if (box->status != 101) {
        struct http_response response = {
            .status = box->status, .headers = headers, .header_len = len, .body = body_of_copy(text)
        };
        http_respond(http, &response);
        return;
    }
    box->conn = http_upgrade(http, headers, len);
    assert_non_null(box->conn);
    conn_want(box->conn, CONN_READ, on_ready, box);
    if (text.size > 0) {
        write_all(box, text);
    }
}

/* The body of a request; its end is the time to answer. */
struct taker {
    struct intake intake;
    struct node_box *box;
    struct http_request *http;
};

static ssize_t
push(struct intake *intake, const void *bytes, size_t size, bool end)
{
    struct taker *t = container_of(intake, struct taker, intake);
    str_put(&t->box->heard, str_slice(bytes, size));
    if (end && !t->box->is_silent) {
        answer(t->box, t->http);
    }
    return (ssize_t)size;
}

static void
taken(struct intake *intake, struct err *owned)
{
    err_free(owned);
    mem_free(container_of(intake, struct taker, intake));
}

static void
asked(void *ctx, struct http_request *http, struct intake **ret_intake)
{
    struct node_box *box = ctx;
    str_putf(&box->heard, STR_FMT " " STR_FMT "\n", STR_ARG(http->method), STR_ARG(http->target));
    for (size_t i = 0; i < http->header_len; i++) {
        str_putf(&box->heard, STR_FMT ": " STR_FMT "\n", STR_ARG(http->headers[i].name),
                 STR_ARG(http->headers[i].value));
    }
    if (str_has_prefix(http->target, STR("/tunnel")) &&
        !box->has_no_tunnels) { /* leads back to this very handler */
        static const struct http_header headers[] = {
            { { "connection", 10 }, { "Upgrade", 7 } },
            { { "upgrade", 7 }, { "binnacle-tunnel", 15 } },
        };
        server_serve(box->server, http_upgrade(http, headers, ARRAY_LEN(headers)), "tunnel");
        return;
    }
    if (http_header(http, "upgrade").size > 0) {
        answer(box, http);
        return;
    }
    struct taker *t = MEM_NEW(struct taker);
    *t = (struct taker){ .intake = { .push = push, .done = taken }, .box = box, .http = http };
    *ret_intake = &t->intake;
}

static void
over(void *ctx, struct http_request *http)
{
    (void)http;
    ((struct node_box *)ctx)->closed++;
}

/* ---- life ---- */

static void
open_ca(struct node_box *box)
{
    struct err *err = NULL;
    char dir[] = "/tmp/binnacle-node-XXXXXX";
    assert_non_null(mkdtemp(dir));
    assert_int_equal(pki_ca_open(dir, "ca", "ca", &box->ca, &err), 0);
    AUTO_FREE char *crt = mem_printf("%s/ca.crt", dir);
    AUTO_FREE char *key = mem_printf("%s/ca.key", dir);
    (void)unlink(crt);
    (void)unlink(key);
    (void)rmdir(dir);
}

static void
open_agent(struct node_box *box)
{
    static const char *const dns[] = { "n1", NULL };
    struct pki_names server = { "system:node:n1", NULL, dns, NULL };
    struct pki_names client = { "kube-apiserver-kubelet-client", NULL, NULL, NULL };
    struct http_handler handler = { asked, over, box };
    struct err *err = NULL;
    struct tls_ctx *tls = NULL;
    AUTO_FREE char *cert = NULL, *key = NULL, *our_cert = NULL, *our_key = NULL;
    assert_int_equal(pki_issue(box->ca, &server, PKI_SERVER, 9, &cert, &key, &err), 0);
    assert_int_equal(pki_issue(box->ca, &client, PKI_CLIENT, 9, &our_cert, &our_key, &err), 0);
    struct str ca = pki_ca_pem(box->ca);
    assert_int_equal(tls_server(str_of(cert), str_of(key), ca, &tls, &err), 0);
    box->server = server_new(box->tb->loop, &handler, NULL);
    assert_int_equal(server_listen_tcp(box->server, "127.0.0.1:0", tls, &box->port, &err), 0);
    tls_unref(tls);
    struct reach_spec spec = { .loop = box->tb->loop,
                               .cache = apiserver_cache(box->tb->api),
                               .registry = box->tb->registry,
                               .client_cert_pem = str_of(our_cert),
                               .client_key_pem = str_of(our_key),
                               .ca_pem = ca };
    box->reach = reach_new(&spec);
    apiserver_set_reach(box->tb->api, box->reach);
}

static void
make(struct node_box *box, const char *method, const char *path, const char *body)
{
    struct tb_wanted wanted = { method, path, NULL, body, { " 20" } };
    tb_ask_all(box->tb, &wanted, 1);
}

static void
make_objects(struct node_box *box)
{
    AUTO_FREE char *status = mem_printf(
        "{\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"127.0.0.1\"}],"
        "\"daemonEndpoints\":{\"kubeletEndpoint\":{\"Port\":%d}}}}",
        box->port);
    make(box, "POST", "/api/v1/nodes", "{\"metadata\":{\"name\":\"n1\"}}");
    make(box, "PATCH", "/api/v1/nodes/n1/status", status);
    make(box, "POST", "/api/v1/namespaces/default/pods",
         "{\"metadata\":{\"name\":\"web\"},\"spec\":{\"nodeName\":\"n1\",\"containers\":[{\"name\":"
         "\"c\",\"image\":\"x\",\"ports\":[{\"name\":\"http\",\"containerPort\":8080}]}]}}");
    make(box, "PATCH", "/api/v1/namespaces/default/pods/web/status",
         "{\"status\":{\"podIP\":\"10.0.0.9\",\"podIPs\":[{\"ip\":\"10.0.0.9\"}]}}");
    make(box, "POST", "/api/v1/namespaces/default/pods",
         "{\"metadata\":{\"name\":\"unbound\"},\"spec\":{\"initContainers\":[{\"name\":\"i\","
         "\"image\":\"x\"}],\"containers\":[{\"name\":\"c\",\"image\":\"x\"},"
         "{\"name\":\"d\",\"image\":\"x\"}]}}");
}

void
node_box_open(struct node_box *box, struct tb *tb)
{
    *box = (struct node_box){ .tb = tb, .status = 200 };
    open_ca(box);
    open_agent(box);
    make_objects(box);
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

void
node_box_close(struct node_box *box)
{
    bool is_closed = false;
    node_box_hang_up(box);
    server_close(box->server, 0, set, &is_closed);
    assert_true(tb_until(box->tb, is_set, &is_closed));
    apiserver_set_reach(box->tb->api, NULL);
    reach_free(box->reach);
    pki_ca_free(box->ca);
    str_done(&box->heard);
    str_done(&box->said);
}

void
node_box_say(struct node_box *box, const char *text)
{
    write_all(box, str_of(text));
}

void
node_box_hang_up(struct node_box *box)
{
    conn_close(STEAL(box->conn));
}

/* ---- clients ---- */

void
node_box_peer_open(struct node_box_peer *peer, struct tb *tb, const char *text)
{
    *peer = (struct node_box_peer){ .tb = tb, .fd = tb_connect(tb) };
    node_box_peer_say(peer, str_of(text));
}

void
node_box_peer_say(struct node_box_peer *peer, struct str bytes)
{
    while (bytes.size > 0) {
        ssize_t size = send(peer->fd, bytes.at, bytes.size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (size < 0 && errno != EAGAIN) {
            fail_msg("send: %s", strerror(errno));
        }
        bytes =
            str_slice(bytes.at + (size > 0 ? size : 0), bytes.size - (size_t)(size > 0 ? size : 0));
        tb_turns(peer->tb, 1);
    }
}

void
node_box_peer_look(struct node_box_peer *peer)
{
    char bytes[READ_SIZE];
    ssize_t size = recv(peer->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (size > 0) {
        str_put(&peer->in, str_slice(bytes, (size_t)size));
    } else if (size == 0 || errno != EAGAIN) {
        peer->is_ended = true;
    } else {
        (void)loop_turn(peer->tb->loop, TURN_MS);
    }
}

void
node_box_peer_hear(struct node_box_peer *peer, const char *text)
{
    for (int i = 0; i < TB_WAIT_MS / TURN_MS; i++) {
        if (str_contains(str_view(&peer->in), str_of(text))) {
            return;
        }
        if (peer->is_ended) {
            break;
        }
        node_box_peer_look(peer);
    }
    fail_msg("want: %s\ngot: " STR_FMT, text, STR_ARG(str_view(&peer->in)));
}

void
node_box_peer_hear_end(struct node_box_peer *peer)
{
    for (int i = 0; i < TB_WAIT_MS / TURN_MS && !peer->is_ended; i++) {
        node_box_peer_look(peer);
    }
    assert_true(peer->is_ended);
}

void
node_box_peer_close(struct node_box_peer *peer)
{
    (void)close(peer->fd);
    str_done(&peer->in);
}
