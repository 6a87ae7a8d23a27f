/* WebSocket (RFC 6455) over a conn, both sides: handshakes and whole messages.  Loop thread. */
#ifndef BINNACLE_NET_WS_H
#define BINNACLE_NET_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "net/http.h"

struct conn;
struct err;
struct http_answer;
struct loop;
struct ws;

enum ws_kind { WS_TEXT = 1, WS_BINARY = 2 };
enum ws_close_code {
    WS_CLOSE_NORMAL = 1000,
    WS_CLOSE_AWAY = 1001,
    WS_CLOSE_PROTOCOL = 1002,
    WS_CLOSE_NO_CODE = 1005,  /* never sent: the peer gave none */
    WS_CLOSE_ABNORMAL = 1006, /* never sent: the connection ended without a close */
    WS_CLOSE_INVALID = 1007,  /* text that is not UTF-8 */
    WS_CLOSE_TOO_BIG = 1009,
    WS_CLOSE_INTERNAL = 1011,
};

struct ws_spec {
    struct loop *loop;
    size_t max_size; /* of a message, all fragments together; 0: 1 MiB */
    /* A message, which lives during the call. false: no more until ws_resume. */
    bool (*message_fn)(void *ctx, enum ws_kind kind, struct str message);
    /* After ws_send said false: there is room again. May be NULL. */
    void (*room_fn)(void *ctx);
    /* Exactly once, unless ws_free comes first: nothing is sent or received any more. code is the
     * peer's, or what we had to say; err tells of anything but a proper close. */
    void (*closed_fn)(void *ctx, int code, struct err *owned);
    void *ctx;
};

/* Does the request ask for a WebSocket? (Upgrade: websocket and Connection: upgrade) */
bool ws_is_request(const struct http_request *request);
/* Answers 101 and takes the connection. Of what the client offers, the first that is in protocols
 * (NULL-terminated; "" stands for a client that offers none) is chosen. On -1 the request is not
 * answered: BAD_REQUEST, or FORBIDDEN without a common protocol, with upstream's text. */
int ws_accept(struct http_request *request, const char *const *protocols,
              const struct ws_spec *spec, struct ws **ret, struct err **err);

/* What a client's request must carry, for http_client_call with upgraded_fn. */
struct ws_hello {
    char key[32];
    char protocols[256]; /* "a, b" */
    struct http_header headers[5];
    size_t header_len;
};
void ws_hello(struct ws_hello *ret, const char *const *protocols); /* NULL-terminated */
/* In upgraded_fn: checks the 101 and takes conn (closed on -1). */
int ws_connect(struct conn *conn, const struct http_answer *answer, const struct ws_hello *hello,
               const struct ws_spec *spec, struct ws **ret, struct err **err);
/* As a client, over a conn whose handshake is done (client_upgrade); takes conn. */
struct ws *ws_of_client(struct conn *conn, const char *protocol, const struct ws_spec *spec);
const char *ws_protocol(const struct ws *ws); /* that both sides chose; "" for none */

/* Queues a message of two pieces (each may be empty), copied. false: much is queued, wait for room_fn
 * before the next one; it is sent all the same. After ws_close nothing is queued. */
bool ws_send(struct ws *ws, enum ws_kind kind, struct str a, struct str b);
void ws_resume(struct ws *ws);
/* Sends what is queued, then a close frame; closed_fn follows when the peer answers, or after 5 s. */
void ws_close(struct ws *ws, int code, const char *reason);
void ws_free(struct ws *ws); /* cuts; no callback comes after; NULL allowed */

#endif
