/* OpenSSL contexts and TLS over any conn.  Loop thread. */
#ifndef BINNACLE_NET_TLS_H
#define BINNACLE_NET_TLS_H

#include "base/str.h"
#include "net/conn.h"

struct tls_ctx;

/* Server: TLS ≥ 1.2, AEAD only, ALPN h2 and http/1.1, a client certificate asked for and, when
 * given, verified against client_ca (PEM; absent: none is asked for). Everything is PEM text. */
int tls_server(struct str cert_pem, struct str key_pem, struct str client_ca_pem,
               struct tls_ctx **ret, struct err **err);
/* Client: verifies against ca_pem (absent: the system's) and the name or address; cert and key may
 * be absent. alpn: "h2", "http/1.1" or "h2,http/1.1". insecure: no verification (kubeconfig says
 * so). The last session is kept for a shorter next handshake: one ctx per server. */
struct tls_client {
    struct str ca_pem, cert_pem, key_pem;
    const char *server_name;
    const char *alpn;
    bool insecure;
};
int tls_client(const struct tls_client *spec, struct tls_ctx **ret, struct err **err);
struct tls_ctx *tls_ref(struct tls_ctx *ctx);
void tls_unref(struct tls_ctx *ctx);
/* New certificate for connections from now on (rotation); for clients too. */
int tls_update(struct tls_ctx *ctx, struct str cert_pem, struct str key_pem, struct err **err);

/* Handshake over conn (owned), then done, never inside the call: with the TLS conn, or with an
 * error and no conn. The conn returned is the one done will get: closing it before done gives the
 * handshake up, and done is not called. Certificates are judged by our clock. */
typedef void tls_done_fn(void *ctx, struct conn *conn, struct err *owned);
struct conn *tls_accept(struct loop *loop, struct tls_ctx *ctx, struct conn *conn,
                        int64_t timeout_ms, tls_done_fn *done, void *arg);
struct conn *tls_connect(struct loop *loop, struct tls_ctx *ctx, struct conn *conn,
                         int64_t timeout_ms, tls_done_fn *done, void *arg);

/* Of a tls conn: "h2", "http/1.1" or "". */
const char *tls_alpn(const struct conn *conn);
/* The verified certificate of the other side. */
struct tls_peer {
    struct str common_name;
    struct str organisations[32];
    size_t organisation_len;
    struct str serial_hex, fingerprint_sha256; /* lower-case hex */
};
const struct tls_peer *tls_peer(const struct conn *conn); /* NULL: no certificate, or no tls conn */

#endif
