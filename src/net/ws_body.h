/* An answer's body as the messages of a WebSocket: how a browser reads logs and watches.  Loop
 * thread. */
#ifndef BINNACLE_NET_WS_BODY_H
#define BINNACLE_NET_WS_BODY_H

struct body;
struct err;
struct http_request;
struct loop;

enum ws_body_form {
    /* As apimachinery's wsstream.Reader: an empty message, then the bytes as they come;
     * binary.k8s.io (also a client that offers none) or base64.binary.k8s.io. */
    WS_BODY_BYTES,
    /* As upstream's WatchServer: each line is a text message. */
    WS_BODY_LINES,
};
/* A close follows the end. What the peer says is dropped. Owns the body in any case; -1: the request
 * is not answered, as ws_accept. */
int ws_body_answer(struct http_request *request, struct loop *loop, enum ws_body_form form,
                   struct body *owned, struct err **err);

#endif
