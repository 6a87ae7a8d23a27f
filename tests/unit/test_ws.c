/* net/ws: frames, both handshakes, messages, rude peers, Kubernetes' channels. */
#include "config.h" /* IWYU pragma: keep */

#include "net/ws.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/http_client.h"
#include "net/server.h"
#include "net/ws_channel.h"
#include "net/ws_frame.h"
#include "net/ws_priv.h"
#include "tests/lib/net_box.h"
#include "tests/lib/unit.h"

struct end {
    struct ws *ws;
    struct str_builder in; /* "t:text\n" and "b:bytes\n" */
    struct str_builder raw;
    int messages, rooms, closes, code;
    bool pauses, echoes, frees;
    struct err *err;
};

static bool
on_message(void *ctx, enum ws_kind kind, struct str message)
{
    struct end *end = ctx;

    end->messages++;
    str_putz(&end->in, kind == WS_TEXT ? "t:" : "b:");
    str_put(&end->in, message);
    str_putz(&end->in, "\n");
    if (end->echoes) {
        (void)ws_send(end->ws, kind, STR("echo "), message);
    }
    if (end->frees) {
        ws_free(end->ws);
        end->ws = NULL;
    }
    return !end->pauses;
}

static void
on_room(void *ctx)
{
    ((struct end *)ctx)->rooms++;
}

static void
on_closed(void *ctx, int code, struct err *owned)
{
    struct end *end = ctx;

    end->closes++;
    end->code = code;
    end->err = owned;
}

static struct ws_spec
spec_of(struct end *end, struct loop *loop)
{
    return (struct ws_spec){ .loop = loop,
                             .max_size = 100000,
                             .message_fn = on_message,
                             .room_fn = on_room,
                             .closed_fn = on_closed,
                             .ctx = end };
}

static void
end_done(struct end *end)
{
    ws_free(end->ws);
    str_done(&end->in);
    err_free(end->err);
}

/* ---- frames ---- */

static void
test_frame_heads(void **state)
{
    static const uint64_t sizes[] = { 0, 1, 125, 126, 65535, 65536, 1 << 30 };
    static const struct {
        unsigned char bytes[10];
        size_t size;
    } wrong[] = {
        { { 0xc1, 0 }, 2 }, /* a reserved bit */
        { { 0x83, 0 }, 2 }, /* opcodes nobody knows */
        { { 0x8b, 0 }, 2 },
        { { 0x09, 0 }, 2 },           /* a ping in fragments */
        { { 0x89, 126, 0, 126 }, 4 }, /* and a long one */
        { { 0x82, 126, 0, 125 }, 4 }, /* longer than it must be */
        { { 0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 10 },
        { { 0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0 }, 10 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes) * 2; i++) {
        struct ws_frame frame = { .opcode = WS_OP_BINARY,
                                  .is_last = i % 3 == 0,
                                  .is_masked = i % 2 == 0,
                                  .mask = { 1, 2, 3, 4 },
                                  .size = sizes[i / 2] };
        struct ws_frame again;
        unsigned char bytes[WS_FRAME_HEAD_MAX];
        size_t size = ws_frame_head(&frame, bytes);

        for (size_t less = 0; less < size; less++) {
            assert_int_equal(ws_frame_parse(bytes, less, &again), 0);
        }
        assert_int_equal(ws_frame_parse(bytes, size, &again), size);
        assert_true(again.size == frame.size && again.is_last == frame.is_last);
        assert_int_equal(again.is_masked, frame.is_masked);
        assert_true(!frame.is_masked || memcmp(again.mask, frame.mask, 4) == 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct ws_frame frame;

        assert_int_equal(ws_frame_parse(wrong[i].bytes, wrong[i].size, &frame), -1);
    }
}

static void
test_utf8(void **state)
{
    static const char *const good[] = { "",
                                        "abc",
                                        "\xc3\xa4",
                                        "\xe2\x82\xac",
                                        "\xf0\x9f\x98\x80",
                                        "\xef\xbf\xbf",
                                        "\xf4\x8f\xbf\xbf",
                                        "\xed\x9f\xbf" };
    static const char *const wrong[] = {
        "\x80",         "\xc3", "\xc0\x80",         "\xc1\xbf",         "\xe0\x80\x80",
        "\xed\xa0\x80", "\xff", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xe2\x82",
        "a\xc3("
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(ws_frame_is_utf8(str_of(good[i])));
    }
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_false(ws_frame_is_utf8(str_of(wrong[i])));
    }
}

/* ---- a client and a server, by whole handshakes ---- */

struct pair {
    struct loop *loop;
    struct server *server;
    struct http_client *client;
    struct ws_hello hello;
    const char *const *served;
    struct end near, far; /* client, server */
    int status;
    struct err *refused, *failed;
    bool is_closed;
};

static void
run(struct loop *loop)
{
    for (int i = 0; i < 100000 && loop_turn(loop, 0); i++) {
    }
}

static void
pair_request(void *ctx, struct http_request *request, struct intake **ret_intake)
{
    struct pair *pair = ctx;
    struct ws_spec spec = spec_of(&pair->far, pair->loop);

    (void)ret_intake;
    if (ws_accept(request, pair->served, &spec, &pair->far.ws, &pair->refused) < 0) {
        http_respond(request, &(struct http_response){ .status = err_http(pair->refused) });
    }
}

static void
pair_dial(void *ctx, conn_dial_fn *done, void *done_ctx)
{
    struct pair *pair = ctx;
    struct conn *ends[2];

    conn_pair(pair->loop, ends);
    server_serve(pair->server, ends[1], "test");
    done(done_ctx, ends[0], NULL);
}

static bool
pair_headers(void *ctx, const struct http_answer *answer)
{
    ((struct pair *)ctx)->status = answer->status;
    return true;
}

static void
pair_upgraded(void *ctx, const struct http_answer *answer, struct conn *conn)
{
    struct pair *pair = ctx;
    struct ws_spec spec = spec_of(&pair->near, pair->loop);

    (void)ws_connect(conn, answer, &pair->hello, &spec, &pair->near.ws, &pair->failed);
}

static void
pair_done(void *ctx, const struct http_answer *answer, struct err *owned)
{
    (void)ctx;
    (void)answer;
    err_free(owned);
}

static void
pair_open(struct pair *pair, const char *const *offered, const char *const *served)
{
    *pair = (struct pair){ .served = served };
    pair->loop = loop_new();
    pair->server = server_new(pair->loop,
                              &(struct http_handler){ .request = pair_request, .ctx = pair }, NULL);
    pair->client = http_client_new(
        pair->loop, &(struct http_client_spec){ .dial = pair_dial, .dial_ctx = pair });
    ws_hello(&pair->hello, offered);
    (void)http_client_call(pair->client,
                           &(struct http_call_spec){ .method = "GET",
                                                     .path = "/exec",
                                                     .headers = pair->hello.headers,
                                                     .header_len = pair->hello.header_len,
                                                     .headers_fn = pair_headers,
                                                     .upgraded_fn = pair_upgraded,
                                                     .done_fn = pair_done,
                                                     .ctx = pair });
    run(pair->loop);
}

static void
pair_server_closed(void *ctx)
{
    ((struct pair *)ctx)->is_closed = true;
}

static void
pair_close(struct pair *pair)
{
    end_done(&pair->near);
    end_done(&pair->far);
    err_free(pair->refused);
    err_free(pair->failed);
    http_client_free(pair->client);
    server_close(pair->server, 0, pair_server_closed, pair);
    run(pair->loop);
    assert_true(pair->is_closed);
    loop_free(pair->loop);
}

static const char *const v5_v4[] = { "v5.channel.k8s.io", "v4.channel.k8s.io", NULL };
static const char *const all[] = { "channel.k8s.io", "v4.channel.k8s.io", "v5.channel.k8s.io", "",
                                   NULL };
static const char *const only_spdy[] = { "SPDY/3.1+portforward.k8s.io", NULL };
static const char *const none[] = { NULL };

static void
test_handshakes(void **state)
{
    static const struct {
        const char *const *offered, *const *served;
        const char *chosen; /* NULL: refused */
    } cases[] = {
        { v5_v4, all, "v5.channel.k8s.io" }, /* the client's order decides */
        { none, all, "" },
        { only_spdy, only_spdy, "SPDY/3.1+portforward.k8s.io" },
        { only_spdy, all, NULL },
        { none, v5_v4, NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pair pair;

        pair_open(&pair, cases[i].offered, cases[i].served);
        if (cases[i].chosen == NULL) {
            assert_int_equal(pair.status, 403);
            assert_null(pair.far.ws);
        } else {
            assert_int_equal(pair.status, 101);
            assert_string_equal(ws_protocol(pair.far.ws), cases[i].chosen);
            assert_string_equal(ws_protocol(pair.near.ws), cases[i].chosen);
        }
        if (i == 3) {
            assert_string_equal(pair.refused->message,
                                "requested protocol(s) are not supported: "
                                "[SPDY/3.1+portforward.k8s.io]; supports [channel.k8s.io "
                                "v4.channel.k8s.io v5.channel.k8s.io ]");
        }
        pair_close(&pair);
    }
}

static void
test_messages(void **state)
{
    struct pair pair;
    AUTO_STR struct str_builder big = { 0 };

    (void)state;
    for (int i = 0; i < 90000; i++) {
        str_putc(&big, net_pattern((size_t)i));
    }
    pair_open(&pair, v5_v4, all);
    pair.far.echoes = true;
    assert_true(ws_send(pair.near.ws, WS_TEXT, STR("h\xc3\xa4"), STR("llo")));
    assert_true(ws_send(pair.near.ws, WS_BINARY, (struct str){ 0 }, (struct str){ 0 }));
    run(pair.loop);
    assert_true(str_is(str_view(&pair.far.in), "t:h\xc3\xa4llo\nb:\n"));
    assert_true(str_is(str_view(&pair.near.in), "t:echo h\xc3\xa4llo\nb:echo \n"));
    assert_false(ws_send(pair.near.ws, WS_BINARY, STR("<"), str_view(&big))); /* that is much */
    run(pair.loop);
    assert_int_equal(pair.near.rooms, 1);
    assert_int_equal(pair.near.messages, 3);
    assert_memory_equal(pair.near.in.at + pair.near.in.size - 1 - big.size, big.at, big.size);
    ws_close(pair.near.ws, WS_CLOSE_NORMAL, "done");
    assert_false(ws_send(pair.near.ws, WS_TEXT, STR("late"), (struct str){ 0 }));
    run(pair.loop);
    assert_int_equal(pair.near.closes, 1);
    assert_int_equal(pair.far.closes, 1);
    assert_int_equal(pair.near.code, WS_CLOSE_NORMAL);
    assert_int_equal(pair.far.code, WS_CLOSE_NORMAL);
    assert_null(pair.near.err);
    assert_null(pair.far.err);
    pair_close(&pair);
}

static void
test_pause(void **state)
{
    struct pair pair;
    static char piece[30000];
    int sent = 0;

    (void)state;
    pair_open(&pair, v5_v4, all);
    pair.far.pauses = true;
    while (sent < 50 &&
           ws_send(pair.near.ws, WS_BINARY, str_slice(piece, sizeof(piece)), (struct str){ 0 })) {
        sent++;
        run(pair.loop);
    }
    assert_true(sent < 20); /* a reader that waits makes the writer wait */
    assert_int_equal(pair.far.messages, 1);
    while (pair.far.messages < sent + 1) {
        int before = pair.far.messages;

        ws_resume(pair.far.ws);
        run(pair.loop);
        assert_int_equal(pair.far.messages, before + 1);
    }
    ws_close(pair.near.ws, WS_CLOSE_NORMAL, "");
    run(pair.loop);
    assert_int_equal(pair.far.closes, 0); /* it is still paused */
    ws_resume(pair.far.ws);
    run(pair.loop);
    assert_int_equal(pair.far.closes, 1);
    pair_close(&pair);
}

static void
test_peer_that_does_not_close(void **state)
{
    struct loop *loop = loop_new();
    struct conn *ends[2];
    struct end end = { 0 };
    struct ws_spec spec = spec_of(&end, loop);

    (void)state;
    clock_stop(1800000000000);
    conn_pair(loop, ends);
    end.ws = ws_new(ends[0], false, STR(""), &spec);
    ws_close(end.ws, WS_CLOSE_AWAY, "");
    run(loop);
    clock_warp(4999);
    run(loop);
    assert_int_equal(end.closes, 0);
    clock_warp(1);
    run(loop);
    assert_int_equal(end.closes, 1);
    assert_int_equal(end.err->code, ERR_TIMEOUT);
    end_done(&end);
    conn_close(ends[1]);
    run(loop);
    loop_free(loop);
    clock_run();
}

/* ---- raw peers ---- */

struct rude {
    const char *say;
    size_t size;
    const char *hear; /* messages; what the server says back is its close code */
    int code;
    bool is_error;
};

#define SAY(text) (text), sizeof(text) - 1
/* A masked frame whose mask is zero: payloads stay readable. */
#define MASK "\0\0\0\0"

static const struct rude rudes[] = {
    { SAY("\x81\x83" MASK "abc"), "t:abc\n", 0, false },
    { SAY("\x01\x81" MASK "a\x00\x81" MASK "b\x80\x81" MASK "c"), "t:abc\n", 0, false },
    /* A ping between fragments. */
    { SAY("\x01\x81" MASK "a\x89\x80" MASK "\x80\x81" MASK "c"), "t:ac\n", 0, false },
    { SAY("\x8a\x81" MASK "x"), "", 0, false }, /* a pong that nobody asked for */
    { SAY("\x81\x03"
          "abc"),
      "", 1002, true },                                            /* not masked */
    { SAY("\x80\x81" MASK "a"), "", 1002, true },                  /* goes on, and nothing began */
    { SAY("\x01\x81" MASK "a\x81\x81" MASK "b"), "", 1002, true }, /* begins, and has not ended */
    { SAY("\x91\x80" MASK), "", 1002, true },
    { SAY("\x81\x82" MASK "\xc3\x28"), "", 1007, true },
    { SAY("\x82\xff\0\0\0\0\x40\0\0\0" MASK), "", 1009, true },
    { SAY("\x02\xfe\xea\x60" MASK), "", 0, false }, /* 60,000 to come */
    { SAY("\x88\x80" MASK), "", 1000, false },
    { SAY("\x88\x82" MASK "\x03\xe9"), "", 1001, false },
    { SAY("\x88\x81" MASK "\x03"), "", 1002, true },
    { SAY("\x88\x82" MASK "\x03\xed"), "", 1002, true }, /* 1005 is never sent */
    { SAY("\x88\x83" MASK "\x03\xe8\xff"), "", 1002, true },
};

static void
test_rude_peers(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rudes) * 2; i++) {
        const struct rude *rude = &rudes[i / 2];
        struct net_box box;
        struct net_peer peer;
        struct conn *ends[2];
        struct end end = { 0 };

        net_box_open(&box, NULL);
        struct ws_spec spec = spec_of(&end, box.loop);

        conn_pair(box.loop, ends);
        end.ws = ws_new(ends[1], false, STR(""), &spec);
        net_peer_of(&peer, &box, ends[0]);
        if (i % 2 == 0) {
            net_peer_say_bytes(&peer, str_slice(rude->say, rude->size));
        } else {
            for (size_t k = 0; k < rude->size; k++) {
                net_peer_say_bytes(&peer, str_slice(rude->say + k, 1));
            }
        }
        if (!str_is(str_view(&end.in), rude->hear)) {
            fail_msg("case %zu: %.*s", i / 2, STR_ARG(str_view(&end.in)));
        }
        assert_int_equal(end.closes, rude->code == 0 ? 0 : 1);
        assert_int_equal(end.err != NULL, rude->is_error);
        if (rude->code != 0) {
            const unsigned char *said = (const unsigned char *)peer.in.at;

            assert_true(peer.in.size >= 4 && said[0] == 0x88);
            assert_int_equal(said[2] << 8 | said[3], rude->code);
            assert_true(peer.is_ended);
        }
        end_done(&end);
        net_peer_close(&peer);
        net_box_close(&box);
    }
}

static void
test_ping_and_sudden_end(void **state)
{
    struct net_box box;
    struct net_peer peer;
    struct conn *ends[2];
    struct end end = { 0 };

    (void)state;
    net_box_open(&box, NULL);
    struct ws_spec spec = spec_of(&end, box.loop);

    conn_pair(box.loop, ends);
    end.ws = ws_new(ends[1], false, STR(""), &spec);
    net_peer_of(&peer, &box, ends[0]);
    net_peer_say_bytes(&peer, str_slice("\x89\x83\1\2\3\4acf", 9)); /* masked "`ae" */
    assert_true(str_is(str_view(&peer.in), "\x8a\x03`ae"));
    net_peer_close(&peer);
    assert_int_equal(end.closes, 1);
    assert_int_equal(end.code, WS_CLOSE_ABNORMAL);
    assert_int_equal(end.err->code, ERR_UNAVAILABLE);
    end_done(&end);
    /* Freed from inside its own callback, with more to come. */
    end = (struct end){ .frees = true };
    conn_pair(box.loop, ends);
    end.ws = ws_new(ends[1], false, STR(""), &spec);
    net_peer_of(&peer, &box, ends[0]);
    net_peer_say_bytes(&peer, str_slice("\x81\x81" MASK "a\x81\x81" MASK "b", 14));
    assert_int_equal(end.messages, 1);
    assert_int_equal(end.closes, 0);
    end_done(&end);
    net_peer_close(&peer);
    net_box_close(&box);
}

/* ---- channels ---- */

static void
test_channels(void **state)
{
    AUTO_ARENA struct arena *arena = arena_new();
    static const struct {
        const char *protocol;
        struct str message;
        int channel; /* -1: refused */
        const char *payload;
        bool half_closed;
    } cases[] = {
        { "v5.channel.k8s.io", { "\1out", 4 }, 1, "out", false },
        { "v5.channel.k8s.io", { "\xff\0", 2 }, 0, "", true },
        { "v5.channel.k8s.io", { "\xff", 1 }, -1, NULL, false },
        { "v4.channel.k8s.io", { "\xff\0", 2 }, 255, "\0", false },
        { "v4.channel.k8s.io", { "\3", 1 }, 3, "", false },
        { "channel.k8s.io", { NULL, 0 }, -1, NULL, false },
        { "base64.channel.k8s.io", { "0aGk=", 5 }, 0, "hi", false },
        { "base64.channel.k8s.io", { "2", 1 }, 2, "", false },
        { "base64.channel.k8s.io", { "0aGk", 4 }, -1, NULL, false },
        { "base64.channel.k8s.io", { "xaGk=", 5 }, -1, NULL, false },
        { "binary.k8s.io", { "\1out", 4 }, 0, "\1out", false },
        { "base64.binary.k8s.io", { "aGkh", 4 }, 0, "hi!", false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct ws_channel *of = ws_channel_find(cases[i].protocol);
        struct ws_channel_piece piece;
        bool is_good = ws_channel_take(of, cases[i].message, arena, &piece);

        assert_int_equal(is_good, cases[i].channel >= 0);
        if (is_good) {
            struct str payload = piece.payload;

            assert_int_equal(piece.channel, cases[i].channel);
            assert_int_equal(piece.half_closed, cases[i].half_closed);
            assert_memory_equal(payload.at == NULL ? "" : payload.at, cases[i].payload,
                                payload.size);
        }
    }
    assert_null(ws_channel_find("v6.channel.k8s.io"));
    assert_true(ws_channel_find("v5.channel.k8s.io")->half_closes);
    assert_false(ws_channel_find("")->has_status);
}

static void
test_channels_over_a_socket(void **state)
{
    static const char *const base64[] = { "base64.channel.k8s.io", NULL };
    struct pair pair;

    (void)state;
    pair_open(&pair, v5_v4, all);
    (void)ws_channel_send(pair.far.ws, ws_channel_find(ws_protocol(pair.far.ws)), 1, STR("out"));
    ws_channel_shut(pair.near.ws, ws_channel_find(ws_protocol(pair.near.ws)), 0);
    run(pair.loop);
    assert_true(str_is(str_view(&pair.near.in), "b:\1out\n"));
    assert_memory_equal(pair.far.in.at, "b:\xff\0\n", 5);
    pair_close(&pair);
    pair_open(&pair, base64, base64);
    (void)ws_channel_send(pair.far.ws, ws_channel_find(ws_protocol(pair.far.ws)), 2, STR("err"));
    ws_channel_shut(pair.near.ws, ws_channel_find(ws_protocol(pair.near.ws)),
                    0); /* it has no way to say so */
    run(pair.loop);
    assert_true(str_is(str_view(&pair.near.in), "t:2ZXJy\n"));
    assert_int_equal(pair.far.messages, 0);
    pair_close(&pair);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame_heads), cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_handshakes),  cmocka_unit_test(test_messages),
        cmocka_unit_test(test_pause),       cmocka_unit_test(test_peer_that_does_not_close),
        cmocka_unit_test(test_rude_peers),  cmocka_unit_test(test_ping_and_sudden_end),
        cmocka_unit_test(test_channels),    cmocka_unit_test(test_channels_over_a_socket),
    };

    return cmocka_run_group_tests_name("net/ws", tests, NULL, NULL);
}
