/* Upgrades over the network: the WebSocket handshake of exec, attach, port-forward and tunnels.  Loop
 * thread; the framing on the conn is its user's. */
#include "config.h" /* IWYU pragma: keep */

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/err.h"
#include "client/client_remote_priv.h"
#include "net/conn.h"
#include "net/http_client.h"

enum { KEY_SIZE = 16, SHA1_SIZE = 20 };

/* RFC 6455 §4.1: sixteen random bytes in base64. */
static int
make_key(struct remote_call *call, struct err **err)
{
    unsigned char bytes[KEY_SIZE];

    if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
        return err_set(err, ERR_INTERNAL, "no random bytes for an upgrade");
    }
    call->key = base64_encode(str_slice((const char *)bytes, sizeof(bytes)), call->arena);
    return 0;
}

/* RFC 6455 §4.2.2: what a server that understood answers to the key. */
static bool
is_accepted(const struct remote_call *call, struct str accept)
{
    struct str text = arena_printf(call->arena, STR_FMT "258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
                                   STR_ARG(call->key));
    unsigned char digest[SHA1_SIZE];

    if (EVP_Digest(text.at, text.size, digest, NULL, EVP_sha1(), NULL) != 1) {
        return false;
    }
    return str_eq(accept,
                  base64_encode(str_slice((const char *)digest, sizeof(digest)), call->arena));
}

static struct str
header_of(const struct http_answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->header_len; i++) {
        if (str_is(answer->headers[i].name, name)) {
            return answer->headers[i].value;
        }
    }
    return (struct str){ 0 };
}

void
client_remote_upgraded(void *ctx, const struct http_answer *answer, struct conn *conn)
{
    struct remote_call *call = ctx;
    const char *protocol = arena_dupz(call->arena, header_of(answer, "sec-websocket-protocol"));
    struct err *err = NULL;

    if (call->is_cancelled) {
        conn_close(conn);
        return; /* its end says so */
    }
    call->is_delivered = true;
    if (!is_accepted(call, header_of(answer, "sec-websocket-accept"))) {
        conn_close(conn);
        (void)err_set(&err, ERR_INTERNAL, "the server's answer to the upgrade is no WebSocket's");
        call->upgraded(call->ctx, NULL, NULL, err);
        return;
    }
    call->upgraded(call->ctx, conn, protocol, NULL);
}

struct handle *
client_remote_upgrade(struct client *client, const struct call *call, const char *protocols,
                      upgraded_fn *done, void *ctx)
{
    struct remote_call *made = client_remote_make(client, REMOTE_UPGRADE, ctx);
    struct http_header headers[5];
    size_t len = 0;
    struct err *err = NULL;

    made->upgraded = done;
    headers[len++] = (struct http_header){ STR("connection"), STR("Upgrade") };
    headers[len++] = (struct http_header){ STR("upgrade"), STR("websocket") };
    headers[len++] = (struct http_header){ STR("sec-websocket-version"), STR("13") };
    if (make_key(made, &err) == 0) {
        headers[len++] = (struct http_header){ STR("sec-websocket-key"), made->key };
    }
    if (protocols != NULL && protocols[0] != '\0') {
        headers[len++] = (struct http_header){ STR("sec-websocket-protocol"), str_of(protocols) };
    }
    client_remote_begin(made, call, headers, len);
    if (err != NULL) {
        client_remote_give_up(made, err);
    }
    return &made->handle;
}
