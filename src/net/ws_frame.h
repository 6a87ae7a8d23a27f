/* WebSocket frames: heads, masks, UTF-8.  Pure functions; fuzzed. */
#ifndef BINNACLE_NET_WS_FRAME_H
#define BINNACLE_NET_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
    WS_FRAME_HEAD_MAX = 14,
    WS_FRAME_CONTROL_MAX = 125,
};
enum ws_opcode {
    WS_OP_MORE = 0,
    WS_OP_TEXT = 1,
    WS_OP_BINARY = 2,
    WS_OP_CLOSE = 8,
    WS_OP_PING = 9,
    WS_OP_PONG = 10,
};

struct ws_frame {
    enum ws_opcode opcode;
    bool is_last; /* FIN */
    bool is_masked;
    unsigned char mask[4];
    uint64_t size; /* of the payload */
};

/* → bytes of the head; 0: not all there; -1: no valid frame (reserved bits or opcodes, sizes not in
 * their shortest form, control frames that are long or in fragments). */
int ws_frame_parse(const unsigned char *bytes, size_t size, struct ws_frame *ret);
/* → bytes written. */
size_t ws_frame_head(const struct ws_frame *frame, unsigned char to[WS_FRAME_HEAD_MAX]);
/* Applies the mask; `at` is how much of the payload came before. */
void ws_frame_mask(char *bytes, size_t size, const unsigned char mask[4], uint64_t at);
bool ws_frame_is_utf8(struct str text);
bool ws_frame_is_close_code(int code); /* may a peer send it? */

#endif
