/* exec and attach for clients that speak v5.channel.k8s.io, with a node that speaks SPDY/3.1.  Loop
 * thread.
 *
 * v5 can say that the input is over, which the runtimes' own WebSockets cannot: so the API server
 * translates, as upstream's StreamTranslatorHandler. */
#ifndef BINNACLE_APISERVER_TRANSLATE_H
#define BINNACLE_APISERVER_TRANSLATE_H

#include <stdbool.h>

struct err;
struct http_request;
struct relay;
struct req;

extern const char translate_protocol[]; /* what the node is asked for: X-Stream-Protocol-Version */

bool translate_is_wanted(const struct http_request *request); /* does the client offer v5? */
/* The client is answered and both sides run until one of them ends. Without a connection to the
 * node it is told why, as the status of the command. Takes the relay in any case. */
int translate_begin(struct req *req, struct relay *relay, struct err **err);

#endif
