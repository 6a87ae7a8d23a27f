/* Fuzz target of net/spdy: the input is what a runtime says. The streams' bytes and ends must be the
 * same, whether it comes at once or byte by byte. */
#include "config.h" /* IWYU pragma: keep */

#include "net/http.h"
#include "net/spdy.h"
#include "tests/fuzz/fuzz_net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct heard {
    struct str_builder stream[SPDY_STREAMS_MAX]; /* bytes, then "." */
    struct str_builder closed;
    int closes;
};

static bool
on_data(void *ctx, unsigned stream, struct str bytes)
{
    struct heard *heard = ctx;

    fuzz_check(stream % 2 == 1 && stream / 2 < 3 && bytes.size > 0);
    str_put(&heard->stream[stream / 2], bytes);
    return true;
}

static void
on_ended(void *ctx, unsigned stream)
{
    struct heard *heard = ctx;

    fuzz_check(stream % 2 == 1 && stream / 2 < 3);
    str_putc(&heard->stream[stream / 2], '.');
}

static void
on_room(void *ctx)
{
    (void)ctx;
}

static void
on_closed(void *ctx, struct err *owned)
{
    struct heard *heard = ctx;

    str_putz(&heard->closed, owned == NULL ? "properly" : owned->message);
    heard->closes++;
    err_free(owned);
}

static struct heard
hear(const uint8_t *data, size_t size, size_t step)
{
    static const struct http_header type = { { "streamtype", 10 }, { "x", 1 } };
    struct fuzz_net net = { .loop = loop_new() };
    struct heard heard = { 0 };
    const struct spdy_spec spec = { .loop = net.loop,
                                    .data_fn = on_data,
                                    .ended_fn = on_ended,
                                    .room_fn = on_room,
                                    .closed_fn = on_closed,
                                    .ctx = &heard };
    struct conn *ends[2];

    conn_pair(net.loop, ends);
    net.conn = ends[0];
    conn_want(net.conn, CONN_READ, fuzz_ready, &net);
    struct spdy *spdy = spdy_new(ends[1], &spec);

    for (int i = 0; i < 3; i++) {
        (void)spdy_open(spdy, &type, 1);
    }
    for (size_t at = 0; at < size; at += step) {
        fuzz_say(&net, data + at, size - at < step ? size - at : step);
    }
    conn_shut_write(net.conn);
    fuzz_run(&net);
    fuzz_check(heard.closes == 1);
    spdy_free(spdy);
    conn_close(net.conn);
    fuzz_run(&net);
    str_done(&net.out);
    loop_free(net.loop);
    return heard;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 8000) {
        return 0;
    }
    struct heard at_once = hear(data, size, size);
    struct heard in_pieces = hear(data, size, 1);

    for (size_t i = 0; i < SPDY_STREAMS_MAX; i++) {
        fuzz_check(str_eq(str_view(&at_once.stream[i]), str_view(&in_pieces.stream[i])));
        str_done(&at_once.stream[i]);
        str_done(&in_pieces.stream[i]);
    }
    fuzz_check(str_eq(str_view(&at_once.closed), str_view(&in_pieces.closed)));
    str_done(&at_once.closed);
    str_done(&in_pieces.closed);
    return 0;
}
