/* Fuzz target of net/ws: the input is what a peer says, to a server (first byte even) or a client.
 * Messages must be the same, whether it comes at once or byte by byte. */
#include "config.h" /* IWYU pragma: keep */

#include "base/arena.h"
#include "net/ws_channel.h"
#include "net/ws_frame.h"
#include "net/ws_priv.h"
#include "tests/fuzz/fuzz_net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct heard {
    struct str_builder text; /* kind, size and bytes of each message, then the close code */
    struct ws *ws;
    int closes;
    const struct ws_channel *of;
};

static bool
on_message(void *ctx, enum ws_kind kind, struct str message)
{
    struct heard *heard = ctx;
    AUTO_ARENA struct arena *arena = arena_new();
    struct ws_channel_piece piece;

    fuzz_check(kind != WS_TEXT || ws_frame_is_utf8(message));
    str_putf(&heard->text, "%d %zu ", kind, message.size);
    str_put(&heard->text, message);
    if (ws_channel_take(heard->of, message, arena, &piece)) {
        fuzz_check(piece.payload.size <= message.size);
    }
    (void)ws_send(heard->ws, kind, message, (struct str){ 0 });
    return true;
}

static void
on_closed(void *ctx, int code, struct err *owned)
{
    struct heard *heard = ctx;

    str_putf(&heard->text, "closed %d %s", code, owned == NULL ? "" : owned->message);
    heard->closes++;
    err_free(owned);
}

static struct str_builder
hear(const uint8_t *data, size_t size, size_t step, bool is_client)
{
    static const char *const names[] = { "v5.channel.k8s.io", "v4.base64.channel.k8s.io" };
    struct fuzz_net net = { .loop = loop_new() };
    struct heard heard = { .of = ws_channel_find(names[is_client ? 1 : 0]) };
    const struct ws_spec spec = { .loop = net.loop,
                                  .max_size = 5000,
                                  .message_fn = on_message,
                                  .closed_fn = on_closed,
                                  .ctx = &heard };
    struct conn *ends[2];

    conn_pair(net.loop, ends);
    net.conn = ends[0];
    conn_want(net.conn, CONN_READ, fuzz_ready, &net);
    heard.ws = ws_new(ends[1], is_client, STR("a"), &spec);
    for (size_t at = 0; at < size; at += step) {
        fuzz_say(&net, data + at, size - at < step ? size - at : step);
    }
    conn_shut_write(net.conn);
    fuzz_run(&net);
    fuzz_check(heard.closes == 1);
    ws_free(heard.ws);
    conn_close(net.conn);
    fuzz_run(&net);
    str_done(&net.out);
    loop_free(net.loop);
    return heard.text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 8000) {
        return 0;
    }
    bool is_client = (data[0] & 1) != 0;
    struct str_builder at_once = hear(data + 1, size - 1, size, is_client);
    struct str_builder in_pieces = hear(data + 1, size - 1, 1, is_client);

    fuzz_check(str_eq(str_view(&at_once), str_view(&in_pieces)));
    str_done(&at_once);
    str_done(&in_pieces);
    return 0;
}
