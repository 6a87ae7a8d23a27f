/* net/spdy, spdy_frame: frames, compressed headers, streams, rude peers. The peer here is the test:
 * it reads with zlib what the session wrote. */
#include "config.h" /* IWYU pragma: keep */

#include "net/spdy.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/http.h"
#include "net/spdy_frame.h"
#include "tests/lib/net_box.h"
#include "tests/lib/unit.h"

static struct box {
    struct net_box net; /* for its loop and peers */
    struct net_peer peer;
    struct spdy *spdy;
    struct str_builder log; /* "1:bytes|", "1.|" ended, "room|", "closed|" */
    bool is_deaf, frees;
    struct err *err;
} box;

static bool
data(void *ctx, unsigned stream, struct str bytes)
{
    (void)ctx;
    str_putf(&box.log, "%u:" STR_FMT "|", stream, STR_ARG(bytes));
    if (box.frees) {
        spdy_free(STEAL(box.spdy));
    }
    return !box.is_deaf;
}

static void
ended(void *ctx, unsigned stream)
{
    (void)ctx;
    str_putf(&box.log, "%u.|", stream);
}

static void
room(void *ctx)
{
    (void)ctx;
    str_putz(&box.log, "room|");
}

static void
closed(void *ctx, struct err *owned)
{
    (void)ctx;
    str_putz(&box.log, "closed|");
    box.err = owned;
}

static int
open_box(void **state)
{
    struct conn *ends[2];
    (void)state;
    box = (struct box){ .log = { .max = SIZE_MAX } };
    net_box_open(&box.net, NULL);
    conn_pair(box.net.loop, ends);
    net_peer_of(&box.peer, &box.net, ends[1]);
    struct spdy_spec spec = { .loop = box.net.loop,
                              .data_fn = data,
                              .ended_fn = ended,
                              .room_fn = room,
                              .closed_fn = closed };
    box.spdy = spdy_new(ends[0], &spec);
    return 0;
}

static int
close_box(void **state)
{
    (void)state;
    spdy_free(box.spdy);
    net_peer_close(&box.peer);
    net_box_close(&box.net);
    str_done(&box.log);
    err_free(box.err);
    return 0;
}

static unsigned
open_stream(const char *type)
{
    struct http_header header = { STR("streamtype"), str_of(type) };
    return spdy_open(box.spdy, &header, 1);
}

static void
say(const char *bytes, size_t size)
{
    net_peer_say_bytes(&box.peer, str_slice(bytes, size));
    net_box_run(&box.net);
}

static void
assert_log(const char *wanted)
{
    if (!str_is(str_view(&box.log), wanted)) {
        fail_msg("want: %s\ngot: " STR_FMT, wanted, STR_ARG(str_view(&box.log)));
    }
}

/* ---- tests ---- */

static void
test_dictionary(void **state)
{
    (void)state;
    uLong sum = adler32(1, spdy_frame_dictionary, (unsigned)spdy_frame_dictionary_size);
    assert_int_equal(sum, 0xE3C6A7C2); /* how the protocol's streams name it */
}

static void
test_heads(void **state)
{
    static const struct {
        unsigned char bytes[SPDY_FRAME_HEAD];
        struct spdy_frame frame;
    } cases[] = {
        { { 0x80, 3, 0, 1, 0, 0, 0, 10 }, { SPDY_FRAME_SYN_STREAM, 0, 0, 10 } },
        { { 0x80, 3, 0, 6, 1, 1, 2, 3 }, { SPDY_FRAME_PING, 0, 1, 0x10203 } },
        { { 0, 0, 0, 5, 1, 0xFF, 0xFF, 0xFF }, { SPDY_FRAME_DATA, 5, 1, SPDY_FRAME_SIZE_MAX } },
        { { 0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0 }, { SPDY_FRAME_DATA, 0x7FFFFFFF, 0, 0 } },
    };
    static const unsigned char wrong[][SPDY_FRAME_HEAD] = {
        { 0x80, 2, 0, 1 }, { 0x81, 3, 0, 1 }, { 0x80, 3, 0, 0 }, { 'H' | 0x80, 'T', 'T', 'P' }
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct spdy_frame frame;
        AUTO_STR struct str_builder out = { 0 };
        assert_true(spdy_frame_parse(cases[i].bytes, &frame));
        assert_int_equal(frame.type, cases[i].frame.type);
        assert_int_equal(frame.stream, cases[i].frame.stream);
        assert_int_equal(frame.flags, cases[i].frame.flags);
        assert_int_equal(frame.size, cases[i].frame.size);
        spdy_frame_put(&out, &frame);
        assert_memory_equal(out.at, cases[i].bytes, SPDY_FRAME_HEAD);
    }
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct spdy_frame frame;
        assert_false(spdy_frame_parse(wrong[i], &frame));
    }
}

/* One block after the other, as a server reads them. */
static size_t
unzip(z_stream *z, const char *at, size_t size, char *to, size_t max)
{
    z->next_in = (unsigned char *)(uintptr_t)at;
    z->avail_in = (unsigned)size;
    z->next_out = (unsigned char *)to;
    z->avail_out = (unsigned)max;
    int rc = inflate(z, Z_SYNC_FLUSH);
    if (rc == Z_NEED_DICT) {
        assert_int_equal(
            inflateSetDictionary(z, spdy_frame_dictionary, (unsigned)spdy_frame_dictionary_size),
            Z_OK);
        rc = inflate(z, Z_SYNC_FLUSH);
    }
    assert_int_equal(rc, Z_OK);
    return max - z->avail_out;
}

static void
test_opens_streams(void **state)
{
    static const char *const types[] = { "error", "stdin", "stdout" };
    z_stream z = { 0 };
    (void)state;
    assert_int_equal(inflateInit(&z), Z_OK);
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        assert_int_equal(open_stream(types[i]), 2 * i + 1);
    }
    net_box_run(&box.net);
    const char *at = box.peer.in.at, *end = at + box.peer.in.size;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        char block[100];
        char wanted[100] = "\0\0\0\1\0\0\0\12streamtype\0\0\0";
        struct spdy_frame frame;
        assert_true(spdy_frame_parse((const unsigned char *)at, &frame));
        assert_int_equal(frame.type, SPDY_FRAME_SYN_STREAM);
        assert_int_equal(spdy_frame_word((const unsigned char *)at + 8), 2 * i + 1);
        size_t size = unzip(&z, at + 18, frame.size - 10, block, sizeof(block));
        wanted[21] = (char)strlen(types[i]);
        memcpy(wanted + 22, types[i], strlen(types[i]));
        assert_int_equal(size, 22 + strlen(types[i]));
        assert_memory_equal(block, wanted, size);
        at += SPDY_FRAME_HEAD + frame.size;
    }
    assert_ptr_equal(at, end);
    (void)inflateEnd(&z);
}

static void
test_sends(void **state)
{
    static const char wanted[] = "\0\0\0\1\0\0\0\2hi\0\0\0\1\1\0\0\0";
    (void)state;
    unsigned stream = open_stream("stdin");
    net_box_run(&box.net);
    size_t before = box.peer.in.size;
    assert_true(spdy_send(box.spdy, stream, STR("hi")));
    spdy_shut(box.spdy, stream);
    spdy_shut(box.spdy, stream);
    assert_true(spdy_send(box.spdy, stream, STR("too late")));
    assert_true(spdy_send(box.spdy, 99, STR("nobody")));
    net_box_run(&box.net);
    assert_int_equal(box.peer.in.size - before, sizeof(wanted) - 1);
    assert_memory_equal(box.peer.in.at + before, wanted, sizeof(wanted) - 1);
}

/* All kinds of frames, in one piece and byte by byte. */
static const char frames[] = "\x80\3\0\2\0\0\0\10\0\0\0\1zzzz" /* SYN_REPLY 1, headers skipped */
                             "\0\0\0\1\0\0\0\3one"             /* data 1 */
                             "\0\0\0\3\0\0\0\3two"             /* data 3 */
                             "\x80\3\0\4\0\0\0\4\0\0\0\0"      /* SETTINGS */
                             "\x80\3\0\6\0\0\0\4\0\0\0\2"      /* PING 2 */
                             "\x80\3\0\6\0\0\0\4\0\0\0\3"      /* PING 3: would be ours */
                             "\x80\3\0\11\0\0\0\10\0\0\0\1\0\0\0\1" /* WINDOW_UPDATE */
                             "\0\0\0\7\0\0\0\1x"                    /* data of no stream */
                             "\0\0\0\1\1\0\0\3end"                  /* data 1, FIN */
                             "\0\0\0\1\0\0\0\4late"                 /* … and more */
                             "\x80\3\0\3\0\0\0\10\0\0\0\3\0\0\0\5"  /* RST_STREAM 3 */
                             "\x80\3\0\10\1\0\0\4\0\0\0\5"          /* HEADERS 5, FIN */
                             "\0\0\0\5\1\0\0\0"                     /* … again */
                             "\x80\3\0\7\0\0\0\10\0\0\0\0\0\0\0\0"; /* GOAWAY */

static void
test_hears(void **state)
{
    static const char pong[] = "\x80\3\0\6\0\0\0\4\0\0\0\2";
    (void)state;
    for (int i = 0; i < 3; i++) {
        (void)open_stream("x");
    }
    net_box_run(&box.net);
    size_t before = box.peer.in.size;
    say(frames, sizeof(frames) - 1);
    assert_log("1:one|3:two|1:end|1.|3.|5.|");
    assert_int_equal(box.peer.in.size - before, sizeof(pong) - 1);
    assert_memory_equal(box.peer.in.at + before, pong, sizeof(pong) - 1);
    conn_shut_write(box.peer.conn);
    net_box_run(&box.net);
    assert_log("1:one|3:two|1:end|1.|3.|5.|closed|");
    assert_null(box.err);
}

static void
test_hears_in_pieces(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        (void)open_stream("x");
    }
    for (size_t i = 0; i < sizeof(frames) - 1; i++) {
        say(frames + i, 1);
    }
    assert_log("1:o|1:n|1:e|3:t|3:w|3:o|1:e|1:n|1:d|1.|3.|5.|");
}

static void
test_pauses(void **state)
{
    (void)state;
    (void)open_stream("x");
    box.is_deaf = true;
    say("\0\0\0\1\0\0\0\1a\0\0\0\1\1\0\0\1b", 18);
    conn_shut_write(box.peer.conn);
    net_box_run(&box.net);
    assert_log("1:a|");
    box.is_deaf = false;
    spdy_resume(box.spdy);
    net_box_run(&box.net);
    assert_log("1:a|1:b|1.|closed|");
}

static void
test_tells_of_room(void **state)
{
    static char piece[30000];
    (void)state;
    unsigned stream = open_stream("x");
    box.peer.read_max = 1;
    int sent = 1;
    while (spdy_send(box.spdy, stream, str_slice(piece, sizeof(piece)))) {
        sent++;
        net_box_run(&box.net);
    }
    assert_in_range(sent, 3, 10);
    assert_log("");
    net_peer_read_on(&box.peer, 0);
    net_box_run(&box.net);
    assert_log("room|");
    assert_true(box.peer.in.size > (size_t)sent * sizeof(piece));
}

static void
test_bad_ends(void **state)
{
    (void)state;
    (void)open_stream("x");
    say("HTTP/1.1 400 Bad", 16); /* data of some stream, of 3 MB: it never comes */
    assert_log("");
    conn_shut_write(box.peer.conn);
    net_box_run(&box.net);
    assert_log("closed|");
    assert_string_equal(box.err->message, "the connection broke");
}

static void
test_other_version(void **state)
{
    (void)state;
    say("\x80\2\0\4\0\0\0\0", 8);
    assert_log("closed|");
    assert_string_equal(box.err->message, "the peer does not speak SPDY/3.1");
}

static void
test_freed_inside(void **state)
{
    (void)state;
    (void)open_stream("x");
    box.frees = true;
    say("\0\0\0\1\0\0\0\1a\0\0\0\1\1\0\0\1b", 18);
    assert_log("1:a|");
    assert_true(box.peer.is_ended);
}

#define WITH_BOX(test) cmocka_unit_test_setup_teardown(test, open_box, close_box)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dictionary),
        cmocka_unit_test(test_heads),
        WITH_BOX(test_opens_streams),
        WITH_BOX(test_sends),
        WITH_BOX(test_hears),
        WITH_BOX(test_hears_in_pieces),
        WITH_BOX(test_pauses),
        WITH_BOX(test_tells_of_room),
        WITH_BOX(test_bad_ends),
        WITH_BOX(test_other_version),
        WITH_BOX(test_freed_inside),
    };
    return cmocka_run_group_tests_name("net/spdy", tests, NULL, NULL);
}
