/* A request that is asked again somewhere behind the API (a node's agent, a pod, a service), and
 * whose answer becomes the request's own: a body with back-pressure, or a connection that left HTTP.
 * Loop thread.
 *
 * A step begins one and answers WAIT; when it is called again it looks at relay_head and chooses one
 * of the ends below, exactly once. A client that hangs up ends the relay by itself. */
#ifndef BINNACLE_APISERVER_RELAY_H
#define BINNACLE_APISERVER_RELAY_H

#include <stdbool.h>

#include "apiserver/req.h"
#include "client/reach.h"
#include "net/http.h"

struct apiserver;
struct body;
struct conn;
struct err;
struct relay;

struct relay_spec {
    struct reach_target target; /* copied, as is all here */
    bool is_tls;                /* spoken with whoever is there: its certificate is not looked at */
    const char *method, *path;  /* path with its query */
    struct str authority;       /* the Host header; absent: the target's name */
    const struct http_header *headers;
    size_t header_len;
    struct body *body; /* of the request, NULL: none; ownership moves */
    /* An answer that is neither 101 nor of the 200s is read whole, up to 4 KiB, before the step goes
     * on: it tells why. */
    bool reads_refusals;
};
/* What came back, in the request's arena. */
struct relay_head {
    int status; /* 0: nothing did, see relay_fail */
    const struct http_header *headers;
    size_t header_len;
    struct str refusal; /* with reads_refusals */
};
struct relay *relay_begin(struct req *req, const struct relay_spec *spec);
const struct relay_head *relay_head(const struct relay *relay);

/* The ends; but for relay_take none of them leaves the relay usable. */
void relay_why(struct relay *relay, struct err **err); /* status 0: the reason; no end yet */
int relay_fail(struct relay *relay, struct err **err); /* … and the end; -1 */
/* The answer's body becomes the request's; -1 when its length is not known beforehand. */
void relay_answer(struct relay *relay, const char *content_type, int64_t size);
struct body *relay_body(struct relay *relay, int64_t size); /* the same for another way out */
/* 101 to the client with these headers, then bytes both ways until one end vanishes. */
int relay_join(struct relay *relay, const struct http_header *headers, size_t len,
               struct err **err);
/* The same with a client that was answered already (its conn is owned). */
void relay_join_conn(struct relay *relay, struct conn *client);
/* The connection after a 101 (else NULL) becomes the caller's, who was answered. He calls relay_over
 * when he is done, soon after cut was called at the latest: the server waits for it when it stops. */
struct conn *relay_take(struct relay *relay, void (*cut)(void *ctx), void *ctx);
void relay_over(struct relay *relay);
void relay_drop(struct relay *relay);

void relay_stop(struct apiserver *server); /* cuts all that run */

#endif
