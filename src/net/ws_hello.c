/* WebSocket handshakes (RFC 6455 section 4), server's and client's.  Called by rest_stream, the agent's
 * node_api and by clients that upgrade; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/conn.h"
#include "net/http_client.h"
#include "net/http_priv.h"
#include "net/ws_priv.h"

enum {
    WS_KEY_SIZE = 16,
    WS_KEY_TEXT = 24,   /* in base64 */
    WS_PROOF_SIZE = 32, /* base64 of SHA-1, with NUL */
};

static const char ws_magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

static void ws_prove(struct str key, char proof[WS_PROOF_SIZE]);
static bool ws_has_word(struct str list, struct str word);
static int ws_choose(struct str offered, const char *const *protocols, const char **ret,
                     struct err **err);
static bool ws_offers(const struct ws_hello *hello, struct str protocol);

bool
ws_is_request(const struct http_request *request)
{
    return ws_has_word(http_header(request, "upgrade"), STR("websocket")) &&
           ws_has_word(http_header(request, "connection"), STR("upgrade"));
}

int
ws_accept(struct http_request *request, const char *const *protocols, const struct ws_spec *spec,
          struct ws **ret, struct err **err)
{
    struct str key = http_header(request, "sec-websocket-key");
    const char *protocol = NULL;
    char proof[WS_PROOF_SIZE];

    if (!ws_is_request(request) || !str_is(request->method, "GET") || key.size != WS_KEY_TEXT ||
        !str_is(http_header(request, "sec-websocket-version"), "13")) {
        return err_set(err, ERR_BAD_REQUEST, "not a WebSocket handshake of version 13");
    }
    if (ws_choose(http_header(request, "sec-websocket-protocol"), protocols, &protocol, err) < 0) {
        return -1;
    }
    ws_prove(key, proof);
    const struct http_header headers[] = {
        { STR("upgrade"), STR("websocket") },
        { STR("connection"), STR("Upgrade") },
        { STR("sec-websocket-accept"), str_of(proof) },
        { STR("sec-websocket-protocol"), str_of(protocol) },
    };
    struct conn *conn = http_upgrade(request, headers, protocol[0] == '\0' ? 3 : 4);

    if (conn == NULL) {
        return err_set(err, ERR_BAD_REQUEST, "this connection cannot be upgraded");
    }
    *ret = ws_new(conn, false, str_of(protocol), spec);
    return 0;
}

void
ws_hello(struct ws_hello *ret, const char *const *protocols)
{
    unsigned char key[WS_KEY_SIZE];
    size_t size = 0;

    *ret = (struct ws_hello){ 0 };
    (void)RAND_bytes(key, sizeof(key)); /* against caches that mistake it, no secret */
    (void)EVP_EncodeBlock((unsigned char *)ret->key, key, sizeof(key));
    for (; *protocols != NULL && size < sizeof(ret->protocols); protocols++) {
        int put = snprintf(ret->protocols + size, sizeof(ret->protocols) - size, "%s%s",
                           size > 0 ? ", " : "", *protocols);

        size += put > 0 ? (size_t)put : 0;
    }
    ret->headers[0] = (struct http_header){ STR("upgrade"), STR("websocket") };
    ret->headers[1] = (struct http_header){ STR("connection"), STR("Upgrade") };
    ret->headers[2] = (struct http_header){ STR("sec-websocket-version"), STR("13") };
    ret->headers[3] = (struct http_header){ STR("sec-websocket-key"), str_of(ret->key) };
    ret->headers[4] = (struct http_header){ STR("sec-websocket-protocol"), str_of(ret->protocols) };
    ret->header_len = size > 0 ? 5 : 4;
}

int
ws_connect(struct conn *conn, const struct http_answer *answer, const struct ws_hello *hello,
           const struct ws_spec *spec, struct ws **ret, struct err **err)
{
    struct str protocol = http_find(answer->headers, answer->header_len, "sec-websocket-protocol");
    struct str proof = http_find(answer->headers, answer->header_len, "sec-websocket-accept");
    struct str upgrade = http_find(answer->headers, answer->header_len, "upgrade");
    char wanted[WS_PROOF_SIZE];

    ws_prove(str_of(hello->key), wanted);
    if (!str_eq_nocase(upgrade, STR("websocket")) || !str_is(proof, wanted)) {
        conn_close(conn);
        return err_set(err, ERR_UNAVAILABLE, "the server's answer is no WebSocket handshake");
    }
    if (protocol.at != NULL && !ws_offers(hello, protocol)) {
        conn_close(conn);
        return err_set(err, ERR_UNAVAILABLE,
                       "the server chose protocol '" STR_FMT "', which was not offered",
                       STR_ARG(protocol));
    }
    *ret = ws_new(conn, true, protocol, spec);
    return 0;
}

struct ws *
ws_of_client(struct conn *conn, const char *protocol, const struct ws_spec *spec)
{
    return ws_new(conn, true, str_of(protocol), spec);
}

/* That we have read the key: base64 of SHA-1 over it and a constant. */
static void
ws_prove(struct str key, char proof[WS_PROOF_SIZE])
{
    char text[WS_KEY_TEXT + sizeof(ws_magic)];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    int len = snprintf(text, sizeof(text), STR_FMT "%s", STR_ARG(key), ws_magic);

    (void)EVP_Digest(text, (size_t)len, digest, &size, EVP_sha1(), NULL);
    (void)EVP_EncodeBlock((unsigned char *)proof, digest, (int)size);
}

static bool
ws_has_word(struct str list, struct str word)
{
    while (list.size > 0) {
        if (str_eq_nocase(str_trim(str_cut(list, ',', &list)), word)) {
            return true;
        }
    }
    return false;
}

/* As upstream's wsstream: the client's order decides. */
static int
ws_choose(struct str offered, const char *const *protocols, const char **ret, struct err **err)
{
    AUTO_STR struct str_builder ours = { 0 };
    struct str rest = offered;

    do {
        struct str name = str_trim(str_cut(rest, ',', &rest));

        for (const char *const *p = protocols; *p != NULL; p++) {
            if (str_is(name, *p)) {
                *ret = *p;
                return 0;
            }
        }
    } while (rest.size > 0);
    for (const char *const *p = protocols; *p != NULL; p++) {
        str_putf(&ours, "%s%s", ours.size > 0 ? " " : "", *p);
    }
    return err_set(err, ERR_FORBIDDEN,
                   "requested protocol(s) are not supported: [" STR_FMT "]; supports [" STR_FMT "]",
                   STR_ARG(offered), STR_ARG(str_view(&ours)));
}

static bool
ws_offers(const struct ws_hello *hello, struct str protocol)
{
    struct str rest = str_of(hello->protocols);

    while (rest.size > 0) {
        if (str_eq(str_trim(str_cut(rest, ',', &rest)), protocol)) {
            return true;
        }
    }
    return false;
}
