/* Kubernetes' channel protocols over WebSocket messages: exec, attach, logs and port-forward.
 * Loop thread. */
#ifndef BINNACLE_NET_WS_CHANNEL_H
#define BINNACLE_NET_WS_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "net/ws.h"

struct arena;

/* A protocol's name and what it can do. */
struct ws_channel {
    const char *name;
    bool is_base64;   /* text messages: a digit, then base64 */
    bool has_status;  /* the last channel carries a whole Status also on success (v4 and later) */
    bool half_closes; /* 255 and a channel's number: that channel says no more (v5) */
    bool is_plain;    /* no channels: the message is the bytes (binary.k8s.io) */
};
/* v5.channel.k8s.io, v4.channel.k8s.io, channel.k8s.io, their base64 forms, binary.k8s.io, "" (a
 * client that offers none: channel.k8s.io); NULL for another name. */
const struct ws_channel *ws_channel_find(const char *name);

struct ws_channel_piece {
    uint8_t channel;
    struct str payload;
    bool half_closed; /* the channel says no more; no payload */
};
/* Takes a message apart. The payload points into it, or into the arena. false: it is not of this
 * protocol. Text and binary messages are both taken, as upstream does. */
bool ws_channel_take(const struct ws_channel *of, struct str message, struct arena *arena,
                     struct ws_channel_piece *ret);
/* As ws_send. */
bool ws_channel_send(struct ws *ws, const struct ws_channel *of, uint8_t channel, struct str bytes);
/* Tells the peer that a channel says no more, where the protocol can. */
void ws_channel_shut(struct ws *ws, const struct ws_channel *of, uint8_t channel);

#endif
