/* net/server over real sockets: TLS with client certificates, the Unix socket, the orderly end. */
#include "config.h" /* IWYU pragma: keep */

#include "net/server.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/http_client.h"
#include "net/pki.h"
#include "net/tls.h"
#include "tests/lib/unit.h"

enum { TURNS = 5000, BIG = 3000000 };

struct box {
    struct loop *loop;
    struct server *server;
    struct pki_ca *ca;
    char *dir, *socket;
    char *client_cert, *client_key;
    struct tls_ctx *tls;
    int port;
    int asked, closed, memos;
    struct http_request *later;
    bool is_closed;
};

struct ask {
    struct str_builder in;
    int status, dones;
    enum err_code code;
    char *message;
};

static void
free_memo(void *memo)
{
    (*(int *)memo)++;
}

/* Says who asks; "/later" waits. */
static void
on_request(void *ctx, struct http_request *request, struct intake **ret_intake)
{
    struct box *box = ctx;
    AUTO_STR struct str_builder text = { 0 };
    const struct tls_peer *peer = request->peer->tls;

    (void)ret_intake;
    box->asked++;
    if (request->peer->memo == NULL) {
        request->peer->memo = &box->memos;
        request->peer->memo_free = free_memo;
    }
    if (str_is(request->path, "/later")) {
        box->later = request;
        return;
    }
    if (str_is(request->path, "/big")) {
        for (int i = 0; i < BIG / 10; i++) {
            str_putz(&text, "0123456789");
        }
    } else {
        str_putf(&text, "v%d unix=%d uid=%d cn=" STR_FMT " %s", request->version,
                 request->peer->is_unix, (int)request->peer->uid,
                 STR_ARG(peer == NULL ? STR("-") : peer->common_name),
                 strncmp(request->peer->address, "127.0.0.1:", 10) == 0 ? "tcp"
                                                                        : request->peer->address);
    }
    http_respond(request,
                 &(struct http_response){ .status = 200, .body = body_of_copy(str_view(&text)) });
}

static void
on_closed(void *ctx, struct http_request *request)
{
    struct box *box = ctx;

    box->closed++;
    if (box->later == request) {
        box->later = NULL;
    }
}

static void
on_server_closed(void *ctx)
{
    ((struct box *)ctx)->is_closed = true;
}

static int
open_box(void **state)
{
    struct box *box = MEM_NEW(struct box);
    char dir[] = "/tmp/test_server.XXXXXX";
    const char *const ips[] = { "127.0.0.1", NULL };
    struct pki_names serving = { "serving", NULL, NULL, ips };
    struct pki_names kim = { .common_name = "kim" };
    struct err *err = NULL;
    AUTO_FREE char *cert = NULL;
    AUTO_FREE char *key = NULL;

    box->loop = loop_new();
    box->dir = mem_strdup(mkdtemp(dir));
    box->socket = mem_printf("%s/socket", box->dir);
    assert_int_equal(pki_ca_open(box->dir, "ca", "ca", &box->ca, &err), 0);
    assert_int_equal(pki_issue(box->ca, &serving, PKI_SERVER, 1, &cert, &key, &err), 0);
    assert_int_equal(
        pki_issue(box->ca, &kim, PKI_CLIENT, 1, &box->client_cert, &box->client_key, &err), 0);
    assert_int_equal(tls_server(str_of(cert), str_of(key), pki_ca_pem(box->ca), &box->tls, &err),
                     0);
    box->server = server_new(
        box->loop, &(struct http_handler){ .request = on_request, .closed = on_closed, .ctx = box },
        NULL);
    assert_int_equal(server_listen_tcp(box->server, "127.0.0.1:0", box->tls, &box->port, &err), 0);
    assert_int_equal(server_listen_unix(box->server, box->socket, &err), 0);
    *state = box;
    return 0;
}

static void
run_until(struct box *box, const bool *is_true)
{
    for (int i = 0; i < TURNS && !*is_true; i++) {
        (void)loop_turn(box->loop, 20);
    }
    assert_true(*is_true);
}

static void
close_server(struct box *box, int64_t grace_ms)
{
    server_close(box->server, grace_ms, on_server_closed, box);
    run_until(box, &box->is_closed);
    assert_int_equal(box->asked, box->closed);
}

static int
close_box(void **state)
{
    struct box *box = *state;

    if (!box->is_closed) {
        close_server(box, 0);
    }
    static const char *const names[] = { "ca.crt", "ca.key" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        AUTO_FREE char *path = mem_printf("%s/%s", box->dir, names[i]);

        (void)unlink(path);
    }
    assert_int_equal(rmdir(box->dir), 0); /* the socket is gone too */
    tls_unref(box->tls);
    pki_ca_free(box->ca);
    mem_free(box->client_cert);
    mem_free(box->client_key);
    mem_free(box->dir);
    mem_free(box->socket);
    loop_free(box->loop);
    mem_free(box);
    return 0;
}

static struct http_client *
client_tls(struct box *box, const char *alpn, bool with_cert)
{
    struct tls_client spec = { .ca_pem = pki_ca_pem(box->ca),
                               .server_name = "127.0.0.1",
                               .alpn = alpn };
    AUTO_FREE char *address = mem_printf("127.0.0.1:%d", box->port);
    struct tls_ctx *tls = NULL;
    struct err *err = NULL;

    if (with_cert) {
        spec.cert_pem = str_of(box->client_cert);
        spec.key_pem = str_of(box->client_key);
    }
    assert_int_equal(tls_client(&spec, &tls, &err), 0);
    struct http_client *client = http_client_new(
        box->loop,
        &(struct http_client_spec){ .address = address, .authority = address, .tls = tls });

    tls_unref(tls);
    return client;
}

static struct http_client *
client_unix(struct box *box, bool http2)
{
    AUTO_FREE char *address = mem_printf("unix:%s", box->socket);

    return http_client_new(box->loop,
                           &(struct http_client_spec){ .address = address, .http2 = http2 });
}

static bool
on_headers(void *ctx, const struct http_answer *answer)
{
    ((struct ask *)ctx)->status = answer->status;
    return true;
}

static size_t
on_data(void *ctx, const void *bytes, size_t size)
{
    str_put(&((struct ask *)ctx)->in, str_slice(bytes, size));
    return size;
}

static void
on_done(void *ctx, const struct http_answer *answer, struct err *owned)
{
    struct ask *ask = ctx;

    (void)answer;
    ask->dones++;
    ask->code = owned == NULL ? ERR_NONE : owned->code;
    ask->message = owned == NULL ? NULL : mem_strdup(owned->message);
    err_free(owned);
}

static void
start(struct http_client *client, const char *path, struct ask *ask)
{
    *ask = (struct ask){ 0 };
    (void)http_client_call(client, &(struct http_call_spec){ .method = "GET",
                                                             .path = path,
                                                             .timeout_ms = 20000,
                                                             .headers_fn = on_headers,
                                                             .data_fn = on_data,
                                                             .done_fn = on_done,
                                                             .ctx = ask });
}

static void
wait_for(struct box *box, struct ask *ask)
{
    for (int i = 0; i < TURNS && ask->dones == 0; i++) {
        (void)loop_turn(box->loop, 20);
    }
    assert_int_equal(ask->dones, 1);
}

static void
check(struct box *box, struct http_client *client, const char *hear)
{
    struct ask ask;

    start(client, "/", &ask);
    wait_for(box, &ask);
    if (ask.code != ERR_NONE) {
        fail_msg("%s", ask.message);
    }
    assert_true(str_is(str_view(&ask.in), hear));
    str_done(&ask.in);
}

static void
turn(struct box *box, int times)
{
    for (int i = 0; i < times; i++) {
        (void)loop_turn(box->loop, 1);
    }
}

static void
test_who_asks(void **state)
{
    struct box *box = *state;
    AUTO_FREE char *by_uid_2 = mem_printf("v2 unix=1 uid=%d cn=- unix", (int)getuid());
    AUTO_FREE char *by_uid_1 = mem_printf("v11 unix=1 uid=%d cn=- unix", (int)getuid());
    const struct {
        struct http_client *client;
        const char *hear;
    } cases[] = {
        { client_tls(box, "h2,http/1.1", true), "v2 unix=0 uid=-1 cn=kim tcp" },
        { client_tls(box, "http/1.1", true), "v11 unix=0 uid=-1 cn=kim tcp" },
        { client_tls(box, "h2", false), "v2 unix=0 uid=-1 cn=- tcp" },
        { client_tls(box, NULL, false), "v11 unix=0 uid=-1 cn=- tcp" },
        { client_unix(box, true), by_uid_2 },
        { client_unix(box, false), by_uid_1 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        check(box, cases[i].client, cases[i].hear);
        check(box, cases[i].client, cases[i].hear); /* again, on the same connection */
        http_client_free(cases[i].client);
        turn(box, 5);
        assert_int_equal(box->memos, i + 1); /* one connection, one memo */
    }
}

static void
test_big_answers(void **state)
{
    struct box *box = *state;
    struct http_client *clients[] = { client_tls(box, "h2", true),
                                      client_tls(box, "http/1.1", true), client_unix(box, true),
                                      client_unix(box, false) };

    for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
        struct ask asks[3];

        for (int k = 0; k < 3; k++) {
            start(clients[i], "/big", &asks[k]);
        }
        for (int k = 0; k < 3; k++) {
            wait_for(box, &asks[k]);
            assert_int_equal(asks[k].code, ERR_NONE);
            assert_int_equal(asks[k].in.size, BIG);
            for (int at = 0; at < BIG; at++) {
                assert_int_equal(asks[k].in.at[at], '0' + at % 10);
            }
            str_done(&asks[k].in);
        }
        http_client_free(clients[i]);
    }
}

static void
test_unix_socket(void **state)
{
    struct box *box = *state;
    struct stat status;
    struct err *err = NULL;
    AUTO_FREE char *stale = mem_printf("%s/stale", box->dir);
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(stat(box->socket, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    /* Somebody answers there: it is not taken away. */
    assert_int_equal(server_listen_unix(box->server, box->socket, &err), -1);
    assert_int_equal(err->code, ERR_CONFLICT);
    err_clear(&err);
    /* Left by a kill -9: it is. */
    memcpy(at.sun_path, stale, strlen(stale));
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    (void)close(fd);
    assert_int_equal(server_listen_unix(box->server, stale, &err), 0);
    assert_int_equal(server_listen_tcp(box->server, "unix:/x", NULL, NULL, &err), -1);
    err_clear(&err);
    AUTO_FREE char *taken = mem_printf("127.0.0.1:%d", box->port);

    assert_int_equal(server_listen_tcp(box->server, taken, NULL, NULL, &err), -1);
    assert_int_equal(err->sys, EADDRINUSE);
    err_clear(&err);
}

static void
test_orderly_end(void **state)
{
    struct box *box = *state;
    struct http_client *h2 = client_tls(box, "h2", true);
    struct http_client *h1 = client_unix(box, false);
    struct ask runs;
    struct ask idle;
    struct ask after;

    check(box, h2, "v2 unix=0 uid=-1 cn=kim tcp");
    start(h1, "/", &idle);
    wait_for(box, &idle);
    start(h2, "/later", &runs);
    for (int i = 0; i < TURNS && box->later == NULL; i++) {
        (void)loop_turn(box->loop, 20);
    }
    server_close(box->server, 60000, on_server_closed, box);
    turn(box, 10);
    assert_false(box->is_closed); /* a request runs */
    assert_int_equal(access(box->socket, F_OK), -1);
    start(h1, "/", &after); /* nobody listens any more */
    wait_for(box, &after);
    assert_int_equal(after.code, ERR_UNAVAILABLE);
    http_respond(box->later,
                 &(struct http_response){ .status = 200, .body = body_of_copy(STR("done")) });
    wait_for(box, &runs);
    assert_int_equal(runs.code, ERR_NONE);
    assert_true(str_is(str_view(&runs.in), "done"));
    run_until(box, &box->is_closed);
    mem_free(after.message);
    str_done(&idle.in);
    str_done(&runs.in);
    http_client_free(h1);
    http_client_free(h2);
    turn(box, 5);
}

static void
test_end_of_grace(void **state)
{
    struct box *box = *state;
    struct http_client *h2 = client_tls(box, "h2", true);
    struct ask runs;

    start(h2, "/later", &runs);
    for (int i = 0; i < TURNS && box->later == NULL; i++) {
        (void)loop_turn(box->loop, 20);
    }
    server_close(box->server, 10, on_server_closed, box);
    run_until(box, &box->is_closed);
    wait_for(box, &runs);
    assert_int_equal(runs.code, ERR_UNAVAILABLE);
    assert_int_equal(box->asked, box->closed);
    mem_free(runs.message);
    http_client_free(h2);
    turn(box, 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_asks, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_big_answers, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_unix_socket, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_orderly_end, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_end_of_grace, open_box, close_box),
    };

    return cmocka_run_group_tests_name("net/server", tests, NULL, NULL);
}
