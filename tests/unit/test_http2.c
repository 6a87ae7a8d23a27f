/* net/http2: what peers may do wrong or too much, as raw frames against a server in memory. */
#include "config.h" /* IWYU pragma: keep */

#include <malloc.h>
#include <nghttp2/nghttp2.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "tests/lib/net_box.h"
#include "tests/lib/unit.h"

enum {
    DATA,
    HEADERS,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    PUSH,
    PING,
    GOAWAY,
    WINDOW_UPDATE,
    CONTINUATION
};
enum { END_STREAM = 1, END_HEADERS = 4 };
enum { HEAD_SIZE = 9, CANCEL = 8, CALM = 11 };

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct frame {
    int type, flags;
    uint32_t id;
    struct str payload;
};

static void
put_int(struct str_builder *to, uint32_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--) {
        str_putc(to, (char)(value >> (8 * i) & 0xff));
    }
}

static void
put_frame(struct str_builder *to, int type, int flags, uint32_t id, struct str payload)
{
    put_int(to, (uint32_t)payload.size, 3);
    put_int(to, (uint32_t)type, 1);
    put_int(to, (uint32_t)flags, 1);
    put_int(to, id, 4);
    str_put(to, payload);
}

/* HPACK: a literal that enters no table, without Huffman; sizes in seven bits and continued. */
static void
put_text(struct str_builder *to, struct str text)
{
    size_t rest = text.size;

    if (rest < 127) {
        str_putc(to, (char)rest);
    } else {
        str_putc(to, 127);
        for (rest -= 127; rest >= 128; rest >>= 7) {
            str_putc(to, (char)(0x80 | (rest & 0x7f)));
        }
        str_putc(to, (char)rest);
    }
    str_put(to, text);
}

static void
put_header(struct str_builder *to, const char *name, struct str value)
{
    str_putc(to, 0);
    put_text(to, str_of(name));
    put_text(to, value);
}

static void
put_request(struct str_builder *to, const char *method, struct str path)
{
    put_header(to, ":method", str_of(method));
    put_header(to, ":scheme", STR("http"));
    put_header(to, ":authority", STR("a"));
    put_header(to, ":path", path);
}

static void
say_frame(struct net_peer *peer, int type, int flags, uint32_t id, struct str payload)
{
    struct str_builder bytes = { 0 };

    put_frame(&bytes, type, flags, id, payload);
    net_peer_say_bytes(peer, str_view(&bytes));
    str_done(&bytes);
}

static void
say_request(struct net_peer *peer, uint32_t id, const char *path, int flags)
{
    struct str_builder block = { 0 };

    put_request(&block, "GET", str_of(path));
    say_frame(peer, HEADERS, flags, id, str_view(&block));
    str_done(&block);
}

static void
open_h2(struct net_box *box, struct net_peer *peer, const struct server_limits *limits,
        struct str settings)
{
    net_box_open(box, limits);
    net_peer_open(peer, box);
    net_peer_say(peer, preface);
    say_frame(peer, SETTINGS, 0, 0, settings);
}

static void
close_h2(struct net_box *box, struct net_peer *peer)
{
    net_peer_close(peer);
    net_box_close(box);
}

static uint32_t
get_int(const char *at, int bytes)
{
    uint32_t value = 0;

    for (int i = 0; i < bytes; i++) {
        value = value << 8 | (unsigned char)at[i];
    }
    return value;
}

/* The next frame from *at on; false: there is no whole one. */
static bool
next_frame(const struct net_peer *peer, size_t *at, struct frame *ret)
{
    const char *p = peer->in.at + *at;

    if (peer->in.size - *at < HEAD_SIZE || peer->in.size - *at - HEAD_SIZE < get_int(p, 3)) {
        return false;
    }
    *ret = (struct frame){ .type = (int)get_int(p + 3, 1),
                           .flags = (int)get_int(p + 4, 1),
                           .id = get_int(p + 5, 4),
                           .payload = str_slice(p + HEAD_SIZE, get_int(p, 3)) };
    *at += HEAD_SIZE + ret->payload.size;
    return true;
}

/* Frames of that type (and stream, 0: any); *ret is the last one. */
static int
count_frames(const struct net_peer *peer, int type, uint32_t id, struct frame *ret)
{
    struct frame frame = { 0 };
    size_t at = 0;
    int len = 0;

    while (next_frame(peer, &at, &frame)) {
        if (frame.type == type && (id == 0 || frame.id == id)) {
            len++;
            *ret = frame;
        }
    }
    return len;
}

/* :status of that stream's answer; all blocks are decoded in order, as HPACK wants it. */
static int
status_of(const struct net_peer *peer, uint32_t id)
{
    nghttp2_hd_inflater *inflater = NULL;
    struct frame frame = { 0 };
    size_t at = 0;
    int status = 0;

    assert_int_equal(nghttp2_hd_inflate_new(&inflater), 0);
    while (next_frame(peer, &at, &frame)) {
        size_t used = 0;

        while (frame.type == HEADERS && used < frame.payload.size) {
            nghttp2_nv nv;
            int flags = 0;
            ssize_t size = nghttp2_hd_inflate_hd2(inflater, &nv, &flags,
                                                  (const uint8_t *)frame.payload.at + used,
                                                  frame.payload.size - used, 1);

            assert_true(size >= 0);
            used += (size_t)size;
            if (frame.id == id && (flags & NGHTTP2_HD_INFLATE_EMIT) != 0 &&
                str_is(str_slice((const char *)nv.name, nv.namelen), ":status")) {
                status = (int)((nv.value[0] - '0') * 100 + (nv.value[1] - '0') * 10 +
                               (nv.value[2] - '0'));
            }
        }
        if (frame.type == HEADERS) {
            assert_int_equal(nghttp2_hd_inflate_end_headers(inflater), 0);
        }
    }
    nghttp2_hd_inflate_del(inflater);
    return status;
}

static void
test_request(void **state)
{
    struct net_box box;
    struct net_peer peer;
    struct frame frame = { 0 };

    (void)state;
    open_h2(&box, &peer, NULL, (struct str){ 0 });
    say_request(&peer, 1, "/hello", END_STREAM | END_HEADERS);
    assert_int_equal(count_frames(&peer, HEADERS, 1, &frame), 1);
    assert_int_equal(status_of(&peer, 1), 200);
    assert_int_equal(count_frames(&peer, DATA, 1, &frame), 1);
    assert_true(str_is(frame.payload, "hello\n"));
    assert_int_equal(frame.flags, END_STREAM);
    close_h2(&box, &peer);
}

static void
test_wrong_beginnings(void **state)
{
    static const char *const wrong[] = { "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", "PRI x" };
    struct net_box box;
    struct net_peer peer;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        net_box_open(&box, NULL);
        net_peer_open(&peer, &box);
        net_peer_say(&peer, wrong[i]);
        net_peer_say(&peer, "12345678901234567890");
        assert_true(peer.is_ended || i == 1);
        assert_int_equal(box.asked, 0);
        close_h2(&box, &peer);
    }
}

static void
refused(const struct str_builder *block, int status)
{
    struct net_box box;
    struct net_peer peer;
    struct frame frame = { 0 };
    struct str rest = str_view(block);
    int type = HEADERS;

    open_h2(&box, &peer, NULL, (struct str){ 0 });
    while (type == HEADERS || rest.size > 0) {
        size_t size = rest.size < 16384 ? rest.size : 16384;
        int flags = (type == HEADERS ? END_STREAM : 0) | (size == rest.size ? END_HEADERS : 0);

        say_frame(&peer, type, flags, 1, str_slice(rest.at, size));
        rest = str_slice(rest.at + size, rest.size - size);
        type = CONTINUATION;
    }
    assert_int_equal(box.asked, 0);
    assert_int_equal(count_frames(&peer, HEADERS, 1, &frame), 1);
    assert_int_equal(status_of(&peer, 1), status);
    say_request(&peer, 3, "/hello", END_STREAM | END_HEADERS); /* the others go on */
    assert_int_equal(count_frames(&peer, DATA, 3, &frame), 1);
    close_h2(&box, &peer);
}

static void
test_limits(void **state)
{
    struct str_builder block = { 0 };
    struct str_builder big = { 0 };

    (void)state;
    put_request(&block, "GET", STR("/hello"));
    for (int i = 0; i < HTTP_MAX_HEADERS + 1; i++) {
        put_header(&block, "x", STR("y"));
    }
    refused(&block, 431);
    block.size = 0;
    for (int i = 0; i < 40000; i++) {
        str_putc(&big, 'z');
    }
    put_request(&block, "GET", STR("/hello"));
    put_header(&block, "x", str_view(&big));
    put_header(&block, "y", str_view(&big));
    refused(&block, 431);
    block.size = 0;
    big.at[0] = '/';
    put_request(&block, "GET", str_slice(big.at, HTTP_MAX_TARGET + 1));
    refused(&block, 414);
    block.size = 0;
    put_request(&block, "GET", STR("/a#b"));
    refused(&block, 400);
    str_done(&block);
    str_done(&big);
}

/* Go's clients do not trim what they send. */
static void
test_blanks_around_a_value(void **state)
{
    struct str_builder block = { 0 };
    struct net_box box;
    struct net_peer peer;
    struct frame frame = { 0 };

    (void)state;
    open_h2(&box, &peer, NULL, (struct str){ 0 });
    put_request(&block, "GET", STR("/headers"));
    put_header(&block, "user-agent", STR(" who is it "));
    say_frame(&peer, HEADERS, END_STREAM | END_HEADERS, 1, str_view(&block));
    assert_int_equal(status_of(&peer, 1), 200);
    assert_true(count_frames(&peer, DATA, 1, &frame) > 0);
    assert_true(str_contains(str_view(&peer.in), STR("user-agent:  who is it \n")));
    close_h2(&box, &peer);
    str_done(&block);
}

static void
test_rapid_reset(void **state)
{
    struct net_box box;
    struct net_peer peer;
    struct frame frame = { 0 };

    (void)state;
    clock_stop(1800000000000);
    open_h2(&box, &peer, NULL, (struct str){ 0 });
    uint32_t id = 1;

    for (; id < 4001 && !peer.is_ended; id += 2) {
        say_request(&peer, id, "/later", END_STREAM | END_HEADERS);
        say_frame(&peer, RST_STREAM, 0, id, str_slice("\0\0\0\x08", 4));
        if (id == 401) {
            clock_warp(60000); /* 200 in a minute are nothing unusual */
        }
    }
    assert_true(peer.is_ended);
    assert_true(box.asked > 600 && box.asked < 800);
    assert_int_equal(box.asked, box.closed);
    assert_int_equal(count_frames(&peer, GOAWAY, 0, &frame), 1);
    assert_int_equal(get_int(frame.payload.at + 4, 4), CALM);
    close_h2(&box, &peer);
    clock_run();
}

static void
test_slow_headers(void **state)
{
    const struct server_limits limits = { .header_timeout_ms = 2000 };
    struct net_box box;
    struct net_peer peer;

    (void)state;
    clock_stop(1800000000000);
    net_box_open(&box, &limits);
    net_peer_open(&peer, &box);
    net_peer_say(&peer, preface); /* and no SETTINGS */
    clock_warp(2000);
    net_box_run(&box);
    assert_true(peer.is_ended);
    close_h2(&box, &peer);
    open_h2(&box, &peer, &limits, (struct str){ 0 });
    clock_warp(3000);
    net_box_run(&box);
    assert_false(peer.is_ended);
    say_request(&peer, 1, "/hello", END_STREAM); /* the rest of the block never comes */
    clock_warp(2000);
    net_box_run(&box);
    assert_true(peer.is_ended);
    close_h2(&box, &peer);
    clock_run();
}

/* A peer whose window stays shut is not waited for, and does not hold up the others. */
static void
test_shut_window(void **state)
{
    const struct server_limits limits = { .send_timeout_ms = 5000 };
    struct str no_window = str_slice("\0\x04\0\0\0\0", 6); /* INITIAL_WINDOW_SIZE 0 */
    struct net_box box;
    struct net_peer peer;
    struct frame frame = { 0 };

    (void)state;
    clock_stop(1800000000000);
    open_h2(&box, &peer, &limits, no_window);
    say_request(&peer, 1, "/big?size=100000", END_STREAM | END_HEADERS);
    say_request(&peer, 3, "/big?size=100000", END_STREAM | END_HEADERS);
    say_request(&peer, 5, "/watch", END_STREAM | END_HEADERS);
    say_frame(&peer, WINDOW_UPDATE, 0, 5, str_slice("\0\0\0\x01", 4));
    assert_int_equal(count_frames(&peer, HEADERS, 0, &frame), 3);
    assert_int_equal(box.pulled, 0);
    clock_warp(4000);
    say_frame(&peer, WINDOW_UPDATE, 0, 3, str_slice("\0\0\x03\xe8", 4));
    assert_int_equal(box.pulled, 1000);
    clock_warp(1001);
    net_box_run(&box);
    assert_int_equal(count_frames(&peer, RST_STREAM, 0, &frame), 1);
    assert_int_equal(frame.id, 1);
    assert_int_equal(get_int(frame.payload.at, 4), CANCEL);
    clock_warp(4000);
    net_box_run(&box);
    clock_warp(4000);
    net_box_run(&box);
    assert_int_equal(count_frames(&peer, RST_STREAM, 3, &frame), 1);
    /* A watch that has nothing to say is no peer that does not read. */
    assert_int_equal(count_frames(&peer, RST_STREAM, 5, &frame), 0);
    assert_false(peer.is_ended);
    close_h2(&box, &peer);
    clock_run();
}

static void
test_streams_take_turns(void **state)
{
    struct net_box box;
    struct net_peer peer;
    struct frame frame = { 0 };
    size_t at = 0;
    size_t got[8] = { 0 };

    (void)state;
    open_h2(&box, &peer, NULL, str_slice("\0\x04\0\x40\0\0", 6)); /* windows of 4 MiB */
    say_frame(&peer, WINDOW_UPDATE, 0, 0, str_slice("\x40\0\0\0", 4));
    peer.read_max = peer.in.size + 1;
    say_request(&peer, 1, "/big?size=1000000", END_STREAM | END_HEADERS);
    say_request(&peer, 3, "/big?size=1000000", END_STREAM | END_HEADERS);
    say_request(&peer, 5, "/big?size=1000000", END_STREAM | END_HEADERS);
    for (size_t max = 100000; max < 900000; max += 50000) {
        net_peer_read_on(&peer, max);
        assert_true(box.pulled < max + 3 * 65536); /* blocked: nothing is pulled ahead */
    }
    while (next_frame(&peer, &at, &frame)) {
        if (frame.type == DATA) {
            for (size_t i = 0; i < frame.payload.size; i++) {
                assert_int_equal(frame.payload.at[i], net_pattern(got[frame.id] + i));
            }
            got[frame.id] += frame.payload.size;
        }
    }
    assert_true(got[1] > 0 && got[3] > 0 && got[5] > 0);
    for (int id = 3; id <= 5; id += 2) {
        size_t difference = got[1] > got[id] ? got[1] - got[id] : got[id] - got[1];

        /* The first one began alone and filled what the conn holds. */
        assert_true(difference <= 6 * 16384);
    }
    close_h2(&box, &peer);
}

static void
test_early_answer_ends_the_request(void **state)
{
    struct net_box box;
    struct net_peer peer;
    struct frame frame = { 0 };

    (void)state;
    open_h2(&box, &peer, NULL, (struct str){ 0 });
    say_request(&peer, 1, "/hello", END_HEADERS); /* a body is to follow */
    assert_int_equal(count_frames(&peer, DATA, 1, &frame), 1);
    assert_int_equal(count_frames(&peer, RST_STREAM, 1, &frame), 1);
    assert_int_equal(get_int(frame.payload.at, 4), 0); /* NO_ERROR */
    assert_int_equal(box.closed, 1);
    close_h2(&box, &peer);
}

static void
test_many_watches(void **state)
{
    struct net_box box;
    struct net_peer peer;
    struct frame frame = { 0 };

    (void)state;
    open_h2(&box, &peer, NULL, (struct str){ 0 });
    say_request(&peer, 1, "/watch?piece=5", END_STREAM | END_HEADERS);
    peer.read_max = 1; /* what it would keep is not the server's */
    size_t memory = mallinfo2().uordblks;

    for (uint32_t id = 3; id <= 2000; id += 2) {
        say_request(&peer, id, "/watch?piece=5", END_STREAM | END_HEADERS);
    }
    assert_int_equal(box.asked, 1000);
    memory = mallinfo2().uordblks - memory; /* 0 with sanitizers */
    if (memory / 999 > 1024 || box.bodies != 1000) {
        fail_msg("%zu bytes for a watch", memory / 999);
    }
    net_peer_read_on(&peer, 0);
    say_request(&peer, 2001, "/watch", END_STREAM | END_HEADERS); /* one too many */
    assert_int_equal(box.asked, 1000);
    assert_int_equal(count_frames(&peer, RST_STREAM, 2001, &frame), 1);
    size_t before = peer.in.size;

    net_body_wake(box.body);
    net_box_run(&box);
    assert_int_equal(peer.in.size - before, HEAD_SIZE + 5);
    assert_int_equal(box.bodies_done, 0);
    close_h2(&box, &peer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_wrong_beginnings),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_blanks_around_a_value),
        cmocka_unit_test(test_rapid_reset),
        cmocka_unit_test(test_slow_headers),
        cmocka_unit_test(test_shut_window),
        cmocka_unit_test(test_streams_take_turns),
        cmocka_unit_test(test_early_answer_ends_the_request),
        cmocka_unit_test(test_many_watches),
    };

    return cmocka_run_group_tests_name("net/http2", tests, NULL, NULL);
}
