/* net/tls: who is let in, what is agreed on, and bytes in order, over a stream in memory. */
#include "config.h" /* IWYU pragma: keep */

#include "net/tls.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/pki.h"
#include "tests/lib/unit.h"

enum { TURNS = 2000 };

struct authority {
    struct pki_ca *ca;
    char *server_cert, *server_key, *client_cert, *client_key;
};

struct side {
    struct conn *conn;
    struct err *err;
    int dones;
};

struct box {
    struct authority ours, theirs;
    struct loop *loop;
    struct side client, server;
};

static const char *const orgs[] = { "system:masters", "dev", NULL };
static const char *const dns[] = { "binnacle.test", NULL };
static const char *const ips[] = { "127.0.0.1", NULL };

static void
authority_open(struct authority *a)
{
    char dir[] = "/tmp/test_tls.XXXXXX";
    struct pki_names server = { "serving", NULL, dns, ips };
    struct pki_names client = { "kim", orgs, NULL, NULL };
    struct err *err = NULL;

    assert_non_null(mkdtemp(dir));
    assert_int_equal(pki_ca_open(dir, "ca", "ca", &a->ca, &err), 0);
    assert_int_equal(
        pki_issue(a->ca, &server, PKI_SERVER, 10, &a->server_cert, &a->server_key, &err), 0);
    assert_int_equal(
        pki_issue(a->ca, &client, PKI_CLIENT, 10, &a->client_cert, &a->client_key, &err), 0);
    AUTO_FREE char *crt = mem_printf("%s/ca.crt", dir);
    AUTO_FREE char *key = mem_printf("%s/ca.key", dir);

    (void)unlink(crt);
    (void)unlink(key);
    (void)rmdir(dir);
}

static void
authority_done(struct authority *a)
{
    pki_ca_free(a->ca);
    mem_free(a->server_cert);
    mem_free(a->server_key);
    mem_free(a->client_cert);
    mem_free(a->client_key);
}

static int
open_box(void **state)
{
    struct box *box = MEM_NEW(struct box);

    clock_stop(1800000000000);
    authority_open(&box->ours);
    authority_open(&box->theirs);
    box->loop = loop_new();
    *state = box;
    return 0;
}

static void
run(struct box *box)
{
    for (int i = 0; i < TURNS && loop_turn(box->loop, 0); i++) {
    }
}

static void
close_sides(struct box *box)
{
    conn_close(box->client.conn);
    conn_close(box->server.conn);
    err_free(box->client.err);
    err_free(box->server.err);
    box->client = box->server = (struct side){ 0 };
    run(box);
}

static int
close_box(void **state)
{
    struct box *box = *state;

    close_sides(box);
    loop_free(box->loop);
    authority_done(&box->ours);
    authority_done(&box->theirs);
    mem_free(box);
    clock_run();
    return 0;
}

static void
on_done(void *ctx, struct conn *conn, struct err *owned)
{
    struct side *side = ctx;

    side->dones++;
    side->conn = conn;
    side->err = owned;
}

/* A handshake of both contexts, whose references go. */
static void
shake(struct box *box, struct tls_ctx *client, struct tls_ctx *server)
{
    struct conn *ends[2];

    close_sides(box);
    conn_pair(box->loop, ends);
    (void)tls_accept(box->loop, server, ends[1], 5000, on_done, &box->server);
    (void)tls_connect(box->loop, client, ends[0], 5000, on_done, &box->client);
    assert_int_equal(box->client.dones + box->server.dones, 0);
    run(box);
    assert_int_equal(box->client.dones, 1);
}

static struct tls_ctx *
server_ctx(const struct authority *cert, const struct authority *clients)
{
    struct tls_ctx *ctx = NULL;
    struct err *err = NULL;

    if (tls_server(str_of(cert->server_cert), str_of(cert->server_key),
                   clients == NULL ? (struct str){ 0 } : pki_ca_pem(clients->ca), &ctx, &err) < 0) {
        fail_msg("%s", err->message);
    }
    return ctx;
}

static struct tls_ctx *
client_ctx(const struct authority *trust, const struct authority *cert, const char *name)
{
    struct tls_client spec = { .ca_pem = pki_ca_pem(trust->ca),
                               .server_name = name,
                               .alpn = "h2,http/1.1" };
    struct tls_ctx *ctx = NULL;
    struct err *err = NULL;

    if (cert != NULL) {
        spec.cert_pem = str_of(cert->client_cert);
        spec.key_pem = str_of(cert->client_key);
    }
    if (tls_client(&spec, &ctx, &err) < 0) {
        fail_msg("%s", err->message);
    }
    return ctx;
}

static void
test_client_certificate(void **state)
{
    struct box *box = *state;
    struct tls_ctx *server = server_ctx(&box->ours, &box->ours);
    struct tls_ctx *client = client_ctx(&box->ours, &box->ours, "binnacle.test");
    struct tls_ctx *nobody = client_ctx(&box->ours, NULL, "127.0.0.1");

    for (int again = 0; again < 2; again++) { /* the second time with a ticket */
        shake(box, client, server);
        assert_int_equal(box->server.dones, 1);
        assert_null(box->server.err);
        const struct tls_peer *peer = tls_peer(box->server.conn);

        assert_non_null(peer);
        assert_true(str_is(peer->common_name, "kim"));
        assert_int_equal(peer->organisation_len, 2);
        assert_true(str_is(peer->organisations[0], "system:masters"));
        assert_int_equal(peer->fingerprint_sha256.size, 64);
        assert_string_equal(tls_alpn(box->server.conn), "h2");
        assert_string_equal(tls_alpn(box->client.conn), "h2");
        assert_true(str_is(tls_peer(box->client.conn)->common_name, "serving"));
        char byte;

        assert_int_equal(conn_read(box->client.conn, &byte, 1), -1); /* takes the ticket */
    }
    shake(box, nobody, server);
    assert_null(box->server.err);
    assert_null(tls_peer(box->server.conn));
    tls_unref(server);
    tls_unref(client);
    tls_unref(nobody);
}

static void
test_strangers_are_refused(void **state)
{
    struct box *box = *state;
    struct tls_ctx *server = server_ctx(&box->ours, &box->ours);
    struct tls_ctx *stranger = client_ctx(&box->ours, &box->theirs, "binnacle.test");
    struct tls_ctx *suspicious = client_ctx(&box->theirs, NULL, "binnacle.test");
    struct tls_ctx *misled = client_ctx(&box->ours, NULL, "kubernetes.test");
    struct tls_ctx *elsewhere = client_ctx(&box->ours, NULL, "127.0.0.2");

    shake(box, stranger, server); /* a certificate of another authority */
    assert_non_null(box->server.err);
    assert_int_equal(box->server.err->code, ERR_UNAUTHORIZED);
    shake(box, suspicious, server);
    assert_non_null(box->client.err);
    assert_non_null(strstr(box->client.err->message, "self-signed certificate"));
    shake(box, misled, server);
    assert_string_equal(box->client.err->message, "TLS handshake: hostname mismatch");
    shake(box, elsewhere, server);
    assert_string_equal(box->client.err->message, "TLS handshake: IP address mismatch");
    tls_unref(server);
    tls_unref(stranger);
    tls_unref(suspicious);
    tls_unref(misled);
    tls_unref(elsewhere);
}

static void
test_expired_certificates(void **state)
{
    struct box *box = *state;
    struct tls_ctx *server = server_ctx(&box->ours, &box->ours);
    struct tls_ctx *client = client_ctx(&box->ours, &box->ours, "binnacle.test");
    struct authority fresh = { 0 };
    char byte;

    shake(box, client, server);
    assert_null(box->server.err);
    assert_int_equal(conn_read(box->client.conn, &byte, 1), -1); /* takes the ticket */
    clock_warp((int64_t)11 * 24 * 3600 * 1000);
    shake(box, client, server); /* a ticket does not help */
    assert_non_null(box->client.err);
    /* The server renews its certificate: now the client's is what is too old. */
    authority_open(&fresh);
    struct err *err = NULL;
    char *cert = NULL;
    char *key = NULL;
    struct pki_names names = { "serving", NULL, dns, ips };

    assert_int_equal(pki_issue(box->ours.ca, &names, PKI_SERVER, 10, &cert, &key, &err), 0);
    assert_int_equal(tls_update(server, str_of(cert), str_of(key), &err), 0);
    shake(box, client, server);
    assert_null(box->client.err);
    assert_non_null(box->server.err);
    assert_string_equal(box->server.err->message, "TLS handshake: certificate has expired");
    authority_done(&fresh);
    mem_free(cert);
    mem_free(key);
    tls_unref(server);
    tls_unref(client);
}

static void
test_insecure_and_wrong_pem(void **state)
{
    struct box *box = *state;
    struct tls_ctx *server = server_ctx(&box->theirs, NULL);
    struct tls_client spec = { .insecure = true, .alpn = "http/1.1" };
    struct tls_ctx *client = NULL;
    struct tls_ctx *none = NULL;
    struct err *err = NULL;

    assert_int_equal(tls_client(&spec, &client, &err), 0);
    shake(box, client, server);
    assert_null(box->client.err);
    assert_string_equal(tls_alpn(box->server.conn), "http/1.1");
    assert_int_equal(tls_server(str_of(box->ours.server_cert), str_of(box->theirs.server_key),
                                (struct str){ 0 }, &none, &err),
                     -1);
    assert_int_equal(err->code, ERR_BAD_REQUEST);
    err_clear(&err);
    assert_int_equal(tls_server(str_of(box->ours.server_cert), str_of(box->ours.server_key),
                                STR("no pem"), &none, &err),
                     -1);
    err_clear(&err);
    tls_unref(server);
    tls_unref(client);
}

static void
test_handshake_that_stalls(void **state)
{
    struct box *box = *state;
    struct tls_ctx *server = server_ctx(&box->ours, NULL);
    struct conn *ends[2];

    conn_pair(box->loop, ends);
    (void)tls_accept(box->loop, server, ends[1], 5000, on_done, &box->server);
    run(box);
    assert_int_equal(conn_writev(ends[0], &(struct iovec){ (char[]){ "GET" }, 3 }, 1), 3);
    clock_warp(4999);
    run(box);
    assert_int_equal(box->server.dones, 0);
    clock_warp(1);
    run(box);
    assert_int_equal(box->server.err->code, ERR_TIMEOUT);
    conn_close(ends[0]);
    /* Plain HTTP is not TLS; and closing gives a handshake up without done. */
    close_sides(box);
    conn_pair(box->loop, ends);
    (void)tls_accept(box->loop, server, ends[1], 5000, on_done, &box->server);
    assert_int_equal(
        conn_writev(ends[0], &(struct iovec){ (char[]){ "GET / HTTP/1.1\r\n" }, 16 }, 1), 16);
    run(box);
    assert_int_equal(box->server.err->code, ERR_UNAVAILABLE);
    conn_close(ends[0]);
    close_sides(box);
    conn_pair(box->loop, ends);
    conn_close(tls_accept(box->loop, server, ends[1], 5000, on_done, &box->server));
    run(box);
    assert_int_equal(box->server.dones, 0);
    conn_close(ends[0]);
    tls_unref(server);
}

struct pump {
    struct conn *conn;
    size_t at, size, piece;
    bool is_ended;
    struct str_builder in;
};

static void
write_ready(void *ctx, int ready)
{
    struct pump *p = ctx;
    char bytes[20000];

    (void)ready;
    while (p->at < p->size) {
        size_t size = p->size - p->at < p->piece ? p->size - p->at : p->piece;

        for (size_t i = 0; i < size; i++) {
            bytes[i] = (char)((p->at + i) * 31 >> 3);
        }
        struct iovec iov[2] = { { bytes, size / 3 }, { bytes + size / 3, size - size / 3 } };
        ssize_t put = conn_writev(p->conn, iov, 2);

        if (put < 0) {
            assert_int_equal(errno, EAGAIN);
            return;
        }
        p->at += (size_t)put;
    }
    conn_shut_write(p->conn);
    conn_want(p->conn, 0, NULL, NULL);
}

static void
read_ready(void *ctx, int ready)
{
    struct pump *p = ctx;
    char bytes[777];

    (void)ready; /* one read only: what is left inside OpenSSL must make it ready again */
    ssize_t size = conn_read(p->conn, bytes, sizeof(bytes));

    if (size == 0) {
        p->is_ended = true;
        conn_want(p->conn, 0, NULL, NULL);
    } else if (size > 0) {
        str_put(&p->in, str_slice(bytes, (size_t)size));
    }
}

static void
test_bytes_keep_order(void **state)
{
    struct box *box = *state;
    struct tls_ctx *server = server_ctx(&box->ours, NULL);
    struct tls_ctx *client = client_ctx(&box->ours, NULL, "binnacle.test");

    shake(box, client, server);
    struct pump out = { .conn = box->server.conn, .size = 900000, .piece = 20000 };
    struct pump in = { .conn = box->client.conn };

    conn_want(out.conn, CONN_WRITE, write_ready, &out);
    conn_want(in.conn, CONN_READ, read_ready, &in);
    run(box);
    assert_true(in.is_ended);
    assert_int_equal(in.in.size, out.size);
    for (size_t i = 0; i < out.size; i++) {
        if (in.in.at[i] != (char)(i * 31 >> 3)) {
            fail_msg("byte %zu is out of order", i);
        }
    }
    str_done(&in.in);
    tls_unref(server);
    tls_unref(client);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_client_certificate, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_strangers_are_refused, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_expired_certificates, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_insecure_and_wrong_pem, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_handshake_that_stalls, open_box, close_box),
        cmocka_unit_test_setup_teardown(test_bytes_keep_order, open_box, close_box),
    };

    return cmocka_run_group_tests_name("net/tls", tests, NULL, NULL);
}
