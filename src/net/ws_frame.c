/* WebSocket frames (RFC 6455 section 5), strict.  Called by ws.c; no state, any thread. */
#include "config.h" /* IWYU pragma: keep */

#include "net/ws_frame.h"

#include "base/mem.h"

enum {
    WS_SIZE_16 = 126,
    WS_SIZE_64 = 127,
    WS_BIT_LAST = 0x80,
    WS_BITS_RESERVED = 0x70,
    WS_BIT_MASK = 0x80,
};

static bool ws_frame_is_valid(const unsigned char bytes[2]);
static size_t ws_frame_rune(struct str text);

int
ws_frame_parse(const unsigned char *bytes, size_t size, struct ws_frame *ret)
{
    if (size < 2) {
        return 0;
    }
    int opcode = bytes[0] & 0x0f;
    unsigned short_size = bytes[1] & 0x7f;
    size_t at = 2;
    size_t size_bytes = short_size == WS_SIZE_16 ? 2 : short_size == WS_SIZE_64 ? 8 : 0;
    bool is_masked = (bytes[1] & WS_BIT_MASK) != 0;
    uint64_t payload = size_bytes == 0 ? short_size : 0;

    if (!ws_frame_is_valid(bytes)) {
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

bool
ws_frame_is_utf8(struct str text)
{
    while (text.size > 0) {
        size_t size = ws_frame_rune(text);

        if (size == 0) {
            return false;
        }
        text = str_slice(text.at + size, text.size - size);
    }
    return true;
}

bool
ws_frame_is_close_code(int code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1011) ||
           (code >= 3000 && code <= 4999);
}

/* The first two bytes: known opcodes, no reserved bits, control frames short and in one piece. */
static bool
ws_frame_is_valid(const unsigned char bytes[2])
{
    int opcode = bytes[0] & 0x0f;
    bool is_control = opcode >= WS_OP_CLOSE;

    if ((bytes[0] & WS_BITS_RESERVED) != 0 || opcode > WS_OP_PONG ||
        (opcode > WS_OP_BINARY && !is_control)) {
        return false;
    }
    return !is_control ||
           ((bytes[0] & WS_BIT_LAST) != 0 && (bytes[1] & 0x7f) <= WS_FRAME_CONTROL_MAX);
}

/* Bytes of the first rune (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF); 0: it
 * is none. text has at least one byte. */
static size_t
ws_frame_rune(struct str text)
{
    static const struct {
        unsigned char first, last, low, high; /* of the first byte, of the second one */
        size_t size;
    } forms[] = {
        { 0x00, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
        { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };
    const unsigned char *at = (const unsigned char *)text.at;
    size_t i = 0;

    while (i < ARRAY_LEN(forms) && (at[0] < forms[i].first || at[0] > forms[i].last)) {
        i++;
    }
    if (i == ARRAY_LEN(forms) || forms[i].size > text.size) {
        return 0;
    }
    bool is_good = forms[i].size == 1 || (at[1] >= forms[i].low && at[1] <= forms[i].high);

    for (size_t k = 2; k < forms[i].size; k++) {
        is_good = is_good && (at[k] & 0xc0) == 0x80;
    }
    return is_good ? forms[i].size : 0;
}
