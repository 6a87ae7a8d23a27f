/* What the handshakes of ws_hello.c need of ws.c. */
#ifndef BINNACLE_NET_WS_PRIV_H
#define BINNACLE_NET_WS_PRIV_H

#include "net/ws.h"

/* Takes conn; protocol is copied. */
struct ws *ws_new(struct conn *conn, bool is_client, struct str protocol,
                  const struct ws_spec *spec);

#endif
