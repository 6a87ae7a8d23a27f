/* WebSocket frames (RFC 6455 section 5), strict.  Called by ws.c; no state, any thread. */
#include "config.h" /* IWYU pragma: keep */

#include "net/ws_frame.h"

enum {
    WS_SIZE_16 = 126,
    WS_SIZE_64 = 127,
    WS_BIT_LAST = 0x80,
    WS_BITS_RESERVED = 0x70,
    WS_BIT_MASK = 0x80,
};

int
ws_frame_parse(const unsigned char *bytes, size_t size, struct ws_frame *ret)
{
    if (size < 2) {
        return 0;
    }
    int opcode = bytes[0] & 0x0f;
    bool is_control = opcode >= WS_OP_CLOSE;
    unsigned short_size = bytes[1] & 0x7f;
    size_t at = 2;
    size_t size_bytes = short_size == WS_SIZE_16 ? 2 : short_size == WS_SIZE_64 ? 8 : 0;
    bool is_masked = (bytes[1] & WS_BIT_MASK) != 0;
    uint64_t payload = size_bytes == 0 ? short_size : 0;

    if ((bytes[0] & WS_BITS_RESERVED) != 0 || (opcode > WS_OP_BINARY && opcode < WS_OP_CLOSE) ||
        opcode > WS_OP_PONG ||
        (is_control && ((bytes[0] & WS_BIT_LAST) == 0 || short_size > WS_FRAME_CONTROL_MAX))) {
        return -1;
    }
    if (size < at + size_bytes + (is_masked ? 4 : 0)) {
        return 0;
    }
    for (size_t i = 0; i < size_bytes; i++) {
        payload = payload << 8 | bytes[at++];
    }
    if ((size_bytes == 2 && payload < WS_SIZE_16) ||
        (size_bytes == 8 && (payload <= UINT16_MAX || payload > INT64_MAX))) {
        return -1;
    }
    *ret = (struct ws_frame){ .opcode = (enum ws_opcode)opcode,
                              .is_last = (bytes[0] & WS_BIT_LAST) != 0,
                              .is_masked = is_masked,
                              .size = payload };
    if (is_masked) {
        memcpy(ret->mask, bytes + at, sizeof(ret->mask));
        at += sizeof(ret->mask);
    }
    return (int)at;
}

size_t
ws_frame_head(const struct ws_frame *frame, unsigned char to[WS_FRAME_HEAD_MAX])
{
    size_t size_bytes = frame->size < WS_SIZE_16 ? 0 : frame->size <= UINT16_MAX ? 2 : 8;
    unsigned short_size = size_bytes == 0   ? (unsigned)frame->size
                          : size_bytes == 2 ? (unsigned)WS_SIZE_16
                                            : (unsigned)WS_SIZE_64;
    size_t at = 0;

    to[at++] = (unsigned char)((frame->is_last ? WS_BIT_LAST : 0) | frame->opcode);
    to[at++] = (unsigned char)((frame->is_masked ? WS_BIT_MASK : 0) | short_size);
    for (size_t i = size_bytes; i > 0; i--) {
        to[at++] = (unsigned char)(frame->size >> (8 * (i - 1)));
    }
    if (frame->is_masked) {
        memcpy(to + at, frame->mask, sizeof(frame->mask));
        at += sizeof(frame->mask);
    }
    return at;
}

void
ws_frame_mask(char *bytes, size_t size, const unsigned char mask[4], uint64_t at)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (char)(bytes[i] ^ mask[(at + i) & 3]);
    }
}

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool
ws_frame_is_utf8(struct str text)
{
    size_t i = 0;

    while (i < text.size) {
        unsigned char c = (unsigned char)text.at[i++];
        unsigned char low = 0x80;
        unsigned char high = 0xbf;
        int more = 0;

        if (c < 0x80) {
            continue;
        }
        if (c >= 0xc2 && c <= 0xdf) {
            more = 1;
        } else if (c >= 0xe0 && c <= 0xef) {
            more = 2;
            low = c == 0xe0 ? 0xa0 : low;
            high = c == 0xed ? 0x9f : high;
        } else if (c >= 0xf0 && c <= 0xf4) {
            more = 3;
            low = c == 0xf0 ? 0x90 : low;
            high = c == 0xf4 ? 0x8f : high;
        } else {
            return false;
        }
        for (; more > 0; more--) {
            if (i == text.size || (unsigned char)text.at[i] < low ||
                (unsigned char)text.at[i] > high) {
                return false;
            }
            i++;
            low = 0x80;
            high = 0xbf;
        }
    }
    return true;
}

bool
ws_frame_is_close_code(int code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1011) ||
           (code >= 3000 && code <= 4999);
}
