/* What the handshakes of ws_hello.c need of ws.c. */
#ifndef BINNACLE_NET_WS_PRIV_H
#define BINNACLE_NET_WS_PRIV_H

#include "net/ws.h"

/* Takes conn. */
struct ws *ws_new(struct loop *loop, struct conn *conn, bool is_client, const struct ws_spec *spec);

#endif
