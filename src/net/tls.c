/* TLS contexts: what we accept and offer.  Called by whoever listens or dials, on the loop thread.
 * The streams themselves are in tls_conn.c. */
#include "config.h" /* IWYU pragma: keep */

#include "net/tls.h"

#include <arpa/inet.h>
#include <assert.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/tls_priv.h"

/* AES-128 first: 40 % faster than AES-256 here, and as safe for what lives a year. */
static const char tls_suites_13[] =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
static const char tls_suites_12[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
static const unsigned char tls_session_id[] = "binnacle";

enum {
    TLS_TICKET_LIFE_S = 3600, /* how long a reconnect may be short */
    TLS_PEM_MAX_SIZE = 1 << 20,
};

static struct tls_ctx *tls_ctx_new(bool is_server);
static int tls_use_cert(struct tls_ctx *ctx, struct str cert_pem, struct str key_pem,
                        struct err **err);
static int tls_use_ca(struct tls_ctx *ctx, struct str ca_pem, struct err **err);
static int tls_use_alpn(struct tls_ctx *ctx, const char *alpn, struct err **err);
static int tls_choose_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_size,
                           const unsigned char *offered, unsigned offered_size, void *arg);
static int tls_keep_session(SSL *ssl, SSL_SESSION *session);
static BIO *tls_pem_bio(struct str pem);

int
tls_server(struct str cert_pem, struct str key_pem, struct str client_ca_pem, struct tls_ctx **ret,
           struct err **err)
{
    struct tls_ctx *ctx = tls_ctx_new(true);

    if (tls_use_cert(ctx, cert_pem, key_pem, err) < 0) {
        tls_unref(ctx);
        return -1;
    }
    if (client_ca_pem.size > 0) {
        if (tls_use_ca(ctx, client_ca_pem, err) < 0) {
            tls_unref(ctx);
            return -1;
        }
        SSL_CTX_set_verify(ctx->ssl_ctx, SSL_VERIFY_PEER, NULL);
    }
    (void)SSL_CTX_set_session_id_context(ctx->ssl_ctx, tls_session_id, sizeof(tls_session_id) - 1);
    (void)SSL_CTX_set_num_tickets(ctx->ssl_ctx, 1);
    (void)SSL_CTX_set_session_cache_mode(ctx->ssl_ctx, SSL_SESS_CACHE_OFF); /* tickets only */
    SSL_CTX_set_alpn_select_cb(ctx->ssl_ctx, tls_choose_alpn, NULL);
    *ret = ctx;
    return 0;
}

int
tls_client(const struct tls_client *spec, struct tls_ctx **ret, struct err **err)
{
    struct tls_ctx *ctx = tls_ctx_new(false);

    ctx->is_insecure = spec->insecure;
    ctx->server_name = mem_strdup(spec->server_name);
    if ((spec->cert_pem.size > 0 && tls_use_cert(ctx, spec->cert_pem, spec->key_pem, err) < 0) ||
        (!spec->insecure && tls_use_ca(ctx, spec->ca_pem, err) < 0) ||
        (spec->alpn != NULL && tls_use_alpn(ctx, spec->alpn, err) < 0)) {
        tls_unref(ctx);
        return -1;
    }
    SSL_CTX_set_verify(ctx->ssl_ctx, spec->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_session_cache_mode(ctx->ssl_ctx,
                                         SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx->ssl_ctx, tls_keep_session);
    *ret = ctx;
    return 0;
}

struct tls_ctx *
tls_ref(struct tls_ctx *ctx)
{
    ctx->refs++;
    return ctx;
}

void
tls_unref(struct tls_ctx *ctx)
{
    if (ctx == NULL || --ctx->refs > 0) {
        return;
    }
    SSL_SESSION_free(ctx->session);
    SSL_CTX_free(ctx->ssl_ctx);
    BIO_meth_free(ctx->bio);
    mem_free(ctx->server_name);
    mem_free(ctx);
}

int
tls_update(struct tls_ctx *ctx, struct str cert_pem, struct str key_pem, struct err **err)
{
    SSL_SESSION_free(STEAL(ctx->session)); /* it stands for the old certificate */
    return tls_use_cert(ctx, cert_pem, key_pem, err);
}

int
tls_err(struct err **err, enum err_code code, const char *doing)
{
    unsigned long first = ERR_get_error();
    const char *reason = first == 0 ? NULL : ERR_reason_error_string(first);

    ERR_clear_error();
    if (reason == NULL) {
        return err_set(err, code, "%s", doing);
    }
    return err_set(err, code, "%s: %s", doing, reason);
}

static struct tls_ctx *
tls_ctx_new(bool is_server)
{
    struct tls_ctx *ctx = MEM_NEW(struct tls_ctx);
    SSL_CTX *ssl_ctx = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());

    assert(ssl_ctx != NULL); /* as any allocation */
    ctx->refs = 1;
    ctx->is_server = is_server;
    ctx->ssl_ctx = ssl_ctx;
    ctx->bio = tls_bio_method();
    (void)SSL_CTX_set_app_data(ssl_ctx, ctx);
    (void)SSL_CTX_set_min_proto_version(ssl_ctx, TLS1_2_VERSION);
    (void)SSL_CTX_set_options(ssl_ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                           SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    (void)SSL_CTX_set_mode(ssl_ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(ssl_ctx, 1); /* header and record with one system call */
    (void)SSL_CTX_set_timeout(ssl_ctx, TLS_TICKET_LIFE_S);
    int rc = SSL_CTX_set_ciphersuites(ssl_ctx, tls_suites_13) &
             SSL_CTX_set_cipher_list(ssl_ctx, tls_suites_12);

    assert(rc == 1);
    (void)rc;
    return ctx;
}

/* Certificate, then those between it and the CA, then the key. */
static int
tls_use_cert(struct tls_ctx *ctx, struct str cert_pem, struct str key_pem, struct err **err)
{
    BIO *cert_bio = tls_pem_bio(cert_pem);
    BIO *key_bio = tls_pem_bio(key_pem);
    X509 *cert = PEM_read_bio_X509(cert_bio, NULL, NULL, NULL);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(key_bio, NULL, NULL, NULL);
    bool is_good = cert != NULL && key != NULL && X509_check_private_key(cert, key) == 1 &&
                   SSL_CTX_use_cert_and_key(ctx->ssl_ctx, cert, key, NULL, 1) == 1;
    X509 *between = NULL;

    while (is_good && (between = PEM_read_bio_X509(cert_bio, NULL, NULL, NULL)) != NULL) {
        is_good = SSL_CTX_add0_chain_cert(ctx->ssl_ctx, between) == 1;
        if (!is_good) {
            X509_free(between);
        }
    }
    BIO_free(cert_bio);
    BIO_free(key_bio);
    EVP_PKEY_free(key);
    X509_free(cert);
    if (!is_good) {
        return tls_err(err, ERR_BAD_REQUEST, "certificate and key are no PEM pair");
    }
    ERR_clear_error(); /* "no start line": the end of the chain */
    return 0;
}

static int
tls_use_ca(struct tls_ctx *ctx, struct str ca_pem, struct err **err)
{
    if (ca_pem.size == 0) {
        if (SSL_CTX_set_default_verify_paths(ctx->ssl_ctx) != 1) {
            return tls_err(err, ERR_IO, "read the system's certificate authorities");
        }
        return 0;
    }
    BIO *bio = tls_pem_bio(ca_pem);
    X509_STORE *store = SSL_CTX_get_cert_store(ctx->ssl_ctx);
    X509 *cert = NULL;
    size_t len = 0;

    while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        (void)X509_STORE_add_cert(store, cert); /* twice the same is no harm */
        if (ctx->is_server) {
            (void)SSL_CTX_add_client_CA(ctx->ssl_ctx, cert); /* clients choose by it */
        }
        X509_free(cert);
        len++;
    }
    BIO_free(bio);
    ERR_clear_error();
    if (len == 0) {
        return err_set(err, ERR_BAD_REQUEST, "no PEM certificate among the authorities");
    }
    return 0;
}

/* "h2,http/1.1" into length-prefixed names. */
static int
tls_use_alpn(struct tls_ctx *ctx, const char *alpn, struct err **err)
{
    struct str names[4];
    size_t len = str_split(str_of(alpn), ',', names, ARRAY_LEN(names));

    for (size_t i = 0; i < len && i < ARRAY_LEN(names); i++) {
        if (names[i].size == 0 || ctx->alpn_size + 1 + names[i].size > TLS_ALPN_SIZE) {
            return err_set(err, ERR_BAD_REQUEST, "'%s' is no list of protocols", alpn);
        }
        ctx->alpn[ctx->alpn_size++] = (unsigned char)names[i].size;
        memcpy(ctx->alpn + ctx->alpn_size, names[i].at, names[i].size);
        ctx->alpn_size += (unsigned)names[i].size;
    }
    return 0;
}

static int
tls_choose_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_size,
                const unsigned char *offered, unsigned offered_size, void *arg)
{
    static const unsigned char ours[] = "\x02h2\x08http/1.1";
    unsigned char *chosen = NULL;

    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto(&chosen, ret_size, ours, sizeof(ours) - 1, offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *ret = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* OpenSSL calls it for each ticket that arrives; 1: we keep the reference. */
static int
tls_keep_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls_ctx *ctx = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

    SSL_SESSION_free(ctx->session);
    ctx->session = session;
    return 1;
}

static BIO *
tls_pem_bio(struct str pem)
{
    assert(pem.size <= TLS_PEM_MAX_SIZE);
    BIO *bio = BIO_new_mem_buf(pem.at == NULL ? "" : pem.at, (int)pem.size);

    assert(bio != NULL);
    return bio;
}
