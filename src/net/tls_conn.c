/* TLS over any conn: handshake, records, the peer's certificate.  Called through struct conn by
 * whoever holds the stream, on the loop thread.  OpenSSL reads and writes the inner conn through a
 * BIO of our own, so that a tunnel carries TLS like a socket does. */
#include "config.h" /* IWYU pragma: keep */

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/tls_priv.h"

struct tls_conn {
    struct conn conn;
    struct loop *loop;
    struct conn *inner; /* owned */
    struct tls_ctx *ctx;
    SSL *ssl;
    int wanted;
    conn_ready_fn *fn;
    void *fn_ctx;
    bool read_needs_write; /* SSL_read waits for room below */
    bool write_needs_read;
    bool is_dry;    /* SSL_read gave nothing: only new bytes from below can help */
    bool is_eof;    /* close_notify, or the end of the inner stream */
    bool is_broken; /* a fatal error: no SSL call is allowed any more */
    bool is_posted; /* tls_fire is under way */
    bool is_closed; /* freed as soon as that has come */
    /* Handshake only. */
    struct loop_timer *timer;
    tls_done_fn *done;
    void *done_arg;
    char alpn[TLS_ALPN_SIZE];
    struct tls_peer *peer; /* NULL: no certificate */
};

static ssize_t tls_readv(struct conn *conn, const struct iovec *iov, int len);
static ssize_t tls_writev(struct conn *conn, const struct iovec *iov, int len);
static void tls_want(struct conn *conn, int ready, conn_ready_fn *fn, void *ctx);
static void tls_shut_write(struct conn *conn);
static void tls_close(struct conn *conn);
static struct conn *tls_start(struct loop *loop, struct tls_ctx *ctx, struct conn *conn,
                              int64_t timeout_ms);
static void tls_aim(struct tls_conn *c);
static void tls_handshake(void *ctx, int ready);
static void tls_handshake_late(void *ctx);
static void tls_handshake_end(struct tls_conn *c, struct err *owned);
static struct err *tls_handshake_err(struct tls_conn *c);
static bool tls_resumed_is_stale(const struct tls_conn *c, X509 *cert);
static void tls_ready(void *ctx, int ready);
static void tls_fire(void *ctx);
static void tls_watch(struct tls_conn *c);
static void tls_watch_inside(struct tls_conn *c);
static ssize_t tls_failed(struct tls_conn *c, int rc, bool is_read);
static struct tls_peer *tls_peer_new(X509 *cert);
static void tls_peer_free(struct tls_peer *peer);
static struct str tls_name_text(X509_NAME_ENTRY *entry);
static int tls_bio_write(BIO *bio, const char *from, size_t size, size_t *ret_size);
static int tls_bio_read(BIO *bio, char *to, size_t size, size_t *ret_size);
static long tls_bio_ctrl(BIO *bio, int command, long number, void *pointer);

static const struct conn_ops tls_conn_ops = {
    .readv = tls_readv,
    .writev = tls_writev,
    .want = tls_want,
    .shut_write = tls_shut_write,
    .close = tls_close,
};

struct conn *
tls_accept(struct loop *loop, struct tls_ctx *ctx, struct conn *conn, int64_t timeout_ms,
           tls_done_fn *done, void *arg)
{
    struct tls_conn *c = (struct tls_conn *)tls_start(loop, ctx, conn, timeout_ms);

    c->done = done;
    c->done_arg = arg;
    SSL_set_accept_state(c->ssl);
    conn_want(c->inner, CONN_READ, tls_handshake, c);
    return &c->conn;
}

struct conn *
tls_connect(struct loop *loop, struct tls_ctx *ctx, struct conn *conn, int64_t timeout_ms,
            tls_done_fn *done, void *arg)
{
    struct tls_conn *c = (struct tls_conn *)tls_start(loop, ctx, conn, timeout_ms);

    c->done = done;
    c->done_arg = arg;
    SSL_set_connect_state(c->ssl);
    tls_aim(c);
    conn_want(c->inner, CONN_WRITE, tls_handshake, c);
    return &c->conn;
}

const char *
tls_alpn(const struct conn *conn)
{
    return conn->ops == &tls_conn_ops ? ((const struct tls_conn *)conn)->alpn : "";
}

const struct tls_peer *
tls_peer(const struct conn *conn)
{
    return conn->ops == &tls_conn_ops ? ((const struct tls_conn *)conn)->peer : NULL;
}

BIO_METHOD *
tls_bio_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "conn");

    assert(method != NULL);
    (void)BIO_meth_set_write_ex(method, tls_bio_write);
    (void)BIO_meth_set_read_ex(method, tls_bio_read);
    (void)BIO_meth_set_ctrl(method, tls_bio_ctrl);
    return method;
}

static ssize_t
tls_readv(struct conn *conn, const struct iovec *iov, int len)
{
    struct tls_conn *c = (struct tls_conn *)conn;
    size_t total = 0;

    if (c->is_broken) {
        errno = EPROTO;
        return -1;
    }
    for (int i = 0; i < len && !c->is_eof; i++) {
        size_t got = 0;

        ERR_clear_error();
        int rc = SSL_read_ex(c->ssl, iov[i].iov_base, iov[i].iov_len, &got);

        if (rc != 1) {
            ssize_t why = tls_failed(c, rc, true);

            return total > 0 ? (ssize_t)total : why;
        }
        c->read_needs_write = false;
        c->is_dry = false;
        total += got;
        if (got < iov[i].iov_len) {
            break;
        }
    }
    tls_watch_inside(c);
    return (ssize_t)total;
}

static ssize_t
tls_writev(struct conn *conn, const struct iovec *iov, int len)
{
    struct tls_conn *c = (struct tls_conn *)conn;
    size_t total = 0;

    if (c->is_broken) {
        errno = EPIPE;
        return -1;
    }
    for (int i = 0; i < len; i++) {
        size_t put = 0;

        if (iov[i].iov_len == 0) {
            continue; /* OpenSSL would call it an error */
        }
        ERR_clear_error();
        int rc = SSL_write_ex(c->ssl, iov[i].iov_base, iov[i].iov_len, &put);

        if (rc != 1) {
            ssize_t why = tls_failed(c, rc, false);

            return total > 0 ? (ssize_t)total : why;
        }
        c->write_needs_read = false;
        total += put;
        if (put < iov[i].iov_len) {
            break;
        }
    }
    return (ssize_t)total;
}

static void
tls_want(struct conn *conn, int ready, conn_ready_fn *fn, void *ctx)
{
    struct tls_conn *c = (struct tls_conn *)conn;

    c->wanted = ready;
    c->fn = fn;
    c->fn_ctx = ctx;
    tls_watch(c);
}

static void
tls_shut_write(struct conn *conn)
{
    struct tls_conn *c = (struct tls_conn *)conn;

    if (!c->is_broken) {
        (void)SSL_shutdown(c->ssl); /* best effort: a peer that reads no more misses nothing */
    }
    ERR_clear_error();
    conn_shut_write(c->inner);
}

static void
tls_close(struct conn *conn)
{
    struct tls_conn *c = (struct tls_conn *)conn;

    loop_timer_cancel(STEAL(c->timer));
    if (!c->is_broken && SSL_is_init_finished(c->ssl)) {
        (void)SSL_shutdown(c->ssl);
    }
    ERR_clear_error();
    SSL_free(c->ssl);
    conn_close(STEAL(c->inner));
    tls_unref(STEAL(c->ctx));
    tls_peer_free(STEAL(c->peer));
    c->is_closed = true;
    if (!c->is_posted) {
        mem_free(c);
    }
}

static struct conn *
tls_start(struct loop *loop, struct tls_ctx *ctx, struct conn *conn, int64_t timeout_ms)
{
    struct tls_conn *c = MEM_NEW(struct tls_conn);
    BIO *bio = BIO_new(ctx->bio);

    c->conn.ops = &tls_conn_ops;
    c->loop = loop;
    c->inner = conn;
    c->ctx = tls_ref(ctx);
    c->ssl = SSL_new(ctx->ssl_ctx);
    assert(c->ssl != NULL && bio != NULL);
    BIO_set_data(bio, conn);
    BIO_set_init(bio, 1);
    SSL_set_bio(c->ssl, bio, bio); /* takes the reference */
    X509_VERIFY_PARAM_set_time(SSL_get0_param(c->ssl), clock_wall_ms() / 1000);
    c->timer = loop_timer(loop, clock_mono_ms() + timeout_ms, tls_handshake_late, c);
    return &c->conn;
}

/* Whom the client means to reach. */
static void
tls_aim(struct tls_conn *c)
{
    const char *name = c->ctx->server_name;
    unsigned char address[sizeof(struct in6_addr)];

    if (c->ctx->alpn_size > 0) {
        (void)SSL_set_alpn_protos(c->ssl, c->ctx->alpn, c->ctx->alpn_size);
    }
    if (c->ctx->session != NULL) {
        (void)SSL_set_session(c->ssl, c->ctx->session);
    }
    if (name == NULL) {
        return;
    }
    if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1) {
        (void)X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(c->ssl), name);
        return;
    }
    SSL_set_hostflags(c->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    (void)SSL_set1_host(c->ssl, name);
    (void)SSL_set_tlsext_host_name(c->ssl, name);
}

static void
tls_handshake(void *ctx, int ready)
{
    struct tls_conn *c = ctx;

    (void)ready;
    ERR_clear_error();
    int rc = SSL_do_handshake(c->ssl);

    if (rc == 1) {
        tls_handshake_end(c, NULL);
        return;
    }
    switch (SSL_get_error(c->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        conn_want(c->inner, CONN_READ, tls_handshake, c);
        return;
    case SSL_ERROR_WANT_WRITE:
        conn_want(c->inner, CONN_WRITE, tls_handshake, c);
        return;
    default:
        tls_handshake_end(c, tls_handshake_err(c));
    }
}

static void
tls_handshake_late(void *ctx)
{
    struct tls_conn *c = ctx;
    struct err *err = NULL;

    c->timer = NULL;
    (void)err_set(&err, ERR_TIMEOUT, "TLS handshake not finished in time");
    tls_handshake_end(c, err);
}

/* The answer to accept or connect: a conn or an error. */
static void
tls_handshake_end(struct tls_conn *c, struct err *owned)
{
    tls_done_fn *done = c->done;
    void *arg = c->done_arg;
    X509 *cert = owned == NULL ? SSL_get1_peer_certificate(c->ssl) : NULL;
    const unsigned char *alpn = NULL;
    unsigned alpn_size = 0;

    conn_want(c->inner, 0, NULL, NULL);
    loop_timer_cancel(STEAL(c->timer));
    if (cert != NULL && tls_resumed_is_stale(c, cert)) {
        (void)err_set(&owned, ERR_UNAUTHORIZED, "TLS handshake: certificate has expired");
    }
    if (owned != NULL) {
        c->is_broken = true;
        X509_free(cert);
        tls_close(&c->conn);
        done(arg, NULL, owned);
        return;
    }
    if (cert != NULL && SSL_get_verify_result(c->ssl) == X509_V_OK) {
        c->peer = tls_peer_new(cert);
    }
    X509_free(cert);
    SSL_get0_alpn_selected(c->ssl, &alpn, &alpn_size);
    if (alpn_size < sizeof(c->alpn)) {
        memcpy(c->alpn, alpn == NULL ? (const unsigned char *)"" : alpn, alpn_size);
    }
    done(arg, &c->conn, NULL);
}

static struct err *
tls_handshake_err(struct tls_conn *c)
{
    struct err *err = NULL;
    long verdict = SSL_get_verify_result(c->ssl);

    if (verdict != X509_V_OK && !c->ctx->is_insecure) {
        (void)err_set(&err, ERR_UNAUTHORIZED, "TLS handshake: %s",
                      X509_verify_cert_error_string(verdict));
        ERR_clear_error();
    } else {
        (void)tls_err(&err, ERR_UNAVAILABLE, "TLS handshake");
    }
    return err;
}

/* A ticket carries the certificate of its first handshake and OpenSSL judges it no more. */
static bool
tls_resumed_is_stale(const struct tls_conn *c, X509 *cert)
{
    time_t now = (time_t)(clock_wall_ms() / 1000);

    return SSL_session_reused(c->ssl) == 1 && !c->ctx->is_insecure &&
           X509_cmp_time(X509_get0_notAfter(cert), &now) < 0;
}

/* From the inner conn. */
static void
tls_ready(void *ctx, int ready)
{
    struct tls_conn *c = ctx;
    int up = ready;

    if ((ready & CONN_READ) != 0) {
        c->is_dry = false;
        up |= c->write_needs_read ? CONN_WRITE : 0;
    }
    if ((ready & CONN_WRITE) != 0) {
        up |= c->read_needs_write ? CONN_READ : 0;
    }
    if ((up & c->wanted) != 0) {
        c->fn(c->fn_ctx, up & c->wanted);
    }
}

/* Decrypted bytes wait inside OpenSSL: no descriptor would tell. */
static void
tls_fire(void *ctx)
{
    struct tls_conn *c = ctx;

    c->is_posted = false;
    if (c->is_closed) {
        mem_free(c);
        return;
    }
    if ((c->wanted & CONN_READ) != 0 && !c->is_dry) {
        tls_watch_inside(c); /* level-triggered: again, unless fn drains it or asks no more */
        c->fn(c->fn_ctx, CONN_READ);
    }
}

static void
tls_watch(struct tls_conn *c)
{
    int below = c->wanted;

    if ((c->wanted & CONN_READ) != 0 && c->read_needs_write) {
        below |= CONN_WRITE;
    }
    if ((c->wanted & CONN_WRITE) != 0 && c->write_needs_read) {
        below |= CONN_READ;
    }
    tls_watch_inside(c);
    conn_want(c->inner, below, tls_ready, c);
}

static void
tls_watch_inside(struct tls_conn *c)
{
    if ((c->wanted & CONN_READ) != 0 && !c->is_posted && !c->is_dry && !c->is_broken &&
        SSL_has_pending(c->ssl) == 1) {
        c->is_posted = true;
        loop_defer(c->loop, tls_fire, c);
    }
}

/* What an SSL call that gave nothing means to a reader or writer. */
static ssize_t
tls_failed(struct tls_conn *c, int rc, bool is_read)
{
    int sys = errno;

    switch (SSL_get_error(c->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        c->is_dry = true;
        c->write_needs_read |= !is_read;
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_WANT_WRITE:
        c->is_dry |= is_read;
        c->read_needs_write |= is_read;
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        c->is_eof = true;
        errno = EPIPE;
        return is_read ? 0 : -1;
    case SSL_ERROR_SYSCALL:
        c->is_broken = true;
        errno = sys != 0 && sys != EAGAIN ? sys : ECONNRESET;
        return -1;
    default:
        ERR_clear_error();
        c->is_broken = true;
        errno = EPROTO;
        return -1;
    }
}

static struct tls_peer *
tls_peer_new(X509 *cert)
{
    struct tls_peer *peer = MEM_NEW(struct tls_peer);
    X509_NAME *subject = X509_get_subject_name(cert);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    char *serial_hex = serial == NULL ? NULL : BN_bn2hex(serial);

    peer->common_name =
        at < 0 ? (struct str){ 0 } : tls_name_text(X509_NAME_get_entry(subject, at));
    at = -1;
    while (peer->organisation_len < ARRAY_LEN(peer->organisations)) {
        at = X509_NAME_get_index_by_NID(subject, NID_organizationName, at);
        if (at < 0) {
            break;
        }
        peer->organisations[peer->organisation_len++] =
            tls_name_text(X509_NAME_get_entry(subject, at));
    }
    char *text = mem_strdup(serial_hex == NULL ? "" : serial_hex);

    for (char *p = text; *p != '\0'; p++) {
        *p = (char)(*p >= 'A' && *p <= 'F' ? *p + ('a' - 'A') : *p);
    }
    peer->serial_hex = str_of(text);
    (void)X509_digest(cert, EVP_sha256(), digest, &digest_size);
    char *print = mem_new(2 * (size_t)digest_size + 1);

    for (unsigned i = 0; i < digest_size; i++) {
        (void)snprintf(print + 2 * (size_t)i, 3, "%02x", digest[i]);
    }
    peer->fingerprint_sha256 = str_of(print);
    OPENSSL_free(serial_hex);
    BN_free(serial);
    return peer;
}

static void
tls_peer_free(struct tls_peer *peer)
{
    if (peer == NULL) {
        return;
    }
    struct str *owned[] = { &peer->common_name, &peer->serial_hex, &peer->fingerprint_sha256 };

    for (size_t i = 0; i < ARRAY_LEN(owned); i++) {
        mem_free((char *)(uintptr_t)owned[i]->at);
    }
    for (size_t i = 0; i < peer->organisation_len; i++) {
        mem_free((char *)(uintptr_t)peer->organisations[i].at);
    }
    mem_free(peer);
}

/* UTF-8, owned by the peer. */
static struct str
tls_name_text(X509_NAME_ENTRY *entry)
{
    unsigned char *utf8 = NULL;
    int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
    struct str text = { 0 };

    if (size >= 0) {
        text = str_slice(mem_strndup((const char *)utf8, (size_t)size), (size_t)size);
        OPENSSL_free(utf8);
    }
    return text;
}

static int
tls_bio_write(BIO *bio, const char *from, size_t size, size_t *ret_size)
{
    struct conn *conn = BIO_get_data(bio);
    struct iovec iov = { (char *)(uintptr_t)from, size };
    ssize_t put = conn_writev(conn, &iov, 1);

    BIO_clear_retry_flags(bio);
    if (put > 0) {
        *ret_size = (size_t)put;
        return 1;
    }
    if (errno == EAGAIN) {
        BIO_set_retry_write(bio);
    }
    *ret_size = 0;
    return 0;
}

static int
tls_bio_read(BIO *bio, char *to, size_t size, size_t *ret_size)
{
    struct conn *conn = BIO_get_data(bio);
    ssize_t got = conn_read(conn, to, size);

    BIO_clear_retry_flags(bio);
    if (got > 0) {
        *ret_size = (size_t)got;
        return 1;
    }
    *ret_size = 0;
    if (got == 0) {
        BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    } else if (errno == EAGAIN) {
        BIO_set_retry_read(bio);
    }
    return 0;
}

static long
tls_bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_EOF:
        return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    default:
        return 0;
    }
}
