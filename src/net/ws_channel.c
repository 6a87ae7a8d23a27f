/* Kubernetes' channel protocols (apimachinery remotecommand and wsstream): which byte means what.
 * Called by rest_stream, node_api and the exec client; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "net/ws_channel.h"

#include <limits.h>
#include <openssl/evp.h>

#include "base/arena.h"
#include "base/mem.h"

enum { WS_CHANNEL_CLOSE = 255, WS_CHANNEL_BASE64_MAX = 10 };

static const struct ws_channel ws_channels[] = {
    { .name = "v5.channel.k8s.io", .has_status = true, .half_closes = true },
    { .name = "v4.channel.k8s.io", .has_status = true },
    { .name = "channel.k8s.io" },
    { .name = "" }, /* as channel.k8s.io */
    { .name = "v4.base64.channel.k8s.io", .has_status = true, .is_base64 = true },
    { .name = "base64.channel.k8s.io", .is_base64 = true },
    { .name = "binary.k8s.io", .is_plain = true },
    { .name = "base64.binary.k8s.io", .is_plain = true, .is_base64 = true },
};

static bool ws_channel_decode(struct str text, struct arena *arena, struct str *ret);

const struct ws_channel *
ws_channel_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(ws_channels); i++) {
        if (strcmp(ws_channels[i].name, name) == 0) {
            return &ws_channels[i];
        }
    }
    return NULL;
}

bool
ws_channel_take(const struct ws_channel *of, struct str message, struct arena *arena,
                struct ws_channel_piece *ret)
{
    struct ws_channel_piece piece = { .payload = message };

    if (!of->is_plain) {
        if (message.size == 0) {
            return false;
        }
        piece.channel = (uint8_t)(message.at[0] - (of->is_base64 ? '0' : 0));
        piece.payload = str_slice(message.at + 1, message.size - 1);
    }
    if (of->is_base64 && (piece.channel >= WS_CHANNEL_BASE64_MAX ||
                          !ws_channel_decode(piece.payload, arena, &piece.payload))) {
        return false;
    }
    if (of->half_closes && piece.channel == WS_CHANNEL_CLOSE) {
        if (piece.payload.size != 1) {
            return false;
        }
        piece.half_closed = true;
        piece.channel = (uint8_t)piece.payload.at[0];
        piece.payload = (struct str){ 0 };
    }
    *ret = piece;
    return true;
}

bool
ws_channel_send(struct ws *ws, const struct ws_channel *of, uint8_t channel, struct str bytes)
{
    char number = (char)(of->is_base64 ? '0' + channel : channel);
    struct str prefix = of->is_plain ? (struct str){ 0 } : str_slice(&number, 1);

    if (!of->is_base64) {
        return ws_send(ws, WS_BINARY, prefix, bytes);
    }
    AUTO_FREE char *text = mem_new(bytes.size / 3 * 4 + 5);
    int size = bytes.size > INT_MAX / 2
                   ? 0
                   : EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)bytes.at,
                                     (int)bytes.size);

    return ws_send(ws, WS_TEXT, prefix, str_slice(text, (size_t)size));
}

void
ws_channel_shut(struct ws *ws, const struct ws_channel *of, uint8_t channel)
{
    const char bytes[] = { (char)WS_CHANNEL_CLOSE, (char)channel };

    if (of->half_closes) {
        (void)ws_send(ws, WS_BINARY, str_slice(bytes, sizeof(bytes)), (struct str){ 0 });
    }
}

static bool
ws_channel_decode(struct str text, struct arena *arena, struct str *ret)
{
    unsigned char *to = arena_alloc(arena, text.size / 4 * 3 + 3);
    int size = text.size > INT_MAX
                   ? -1
                   : EVP_DecodeBlock(to, (const unsigned char *)text.at, (int)text.size);

    if (size < 0 || text.size % 4 != 0) {
        return false;
    }
    /* EVP_DecodeBlock counts the bytes that padding stands for. */
    for (size_t i = text.size; i > 0 && text.at[i - 1] == '=' && size > 0; i--) {
        size--;
    }
    *ret = str_slice((const char *)to, (size_t)size);
    return true;
}
