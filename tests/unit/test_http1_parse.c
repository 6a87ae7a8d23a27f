/* net/http1_parse: heads and chunked bodies, above all what is refused. */
#include "config.h" /* IWYU pragma: keep */

#include "net/http1_parse.h"

#include "base/mem.h"
#include "tests/lib/unit.h"

struct head_case {
    const char *text;
    int status; /* 0: taken */
};

#define HEAD "GET / HTTP/1.1\r\n"
#define HOST "Host: a\r\n"

static const struct head_case refused[] = {
    { " / HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET  / HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /\r\n" HOST "\r\n", 400 },
    { "GET / \r\n" HOST "\r\n", 400 },
    { "GET / HTTP/1.1 \r\n" HOST "\r\n", 400 },
    { "GET /a b HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /\x01 HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "G@T / HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET / http/1.1\r\n" HOST "\r\n", 400 },
    { "GET / HTTP/2.0\r\n" HOST "\r\n", 505 },
    { "GET / HTTP/1.2\r\n" HOST "\r\n", 505 },
    { HEAD "\r\n", 400 },                        /* no Host */
    { HEAD HOST HOST "\r\n", 400 },              /* two */
    { HEAD HOST "A : b\r\n\r\n", 400 },          /* space before the colon */
    { HEAD HOST "A\r\n\r\n", 400 },              /* no colon */
    { HEAD HOST ": b\r\n\r\n", 400 },            /* no name */
    { HEAD HOST "A: b\r\n c\r\n\r\n", 400 },     /* folded */
    { HEAD HOST "A: b\r\n\tc: d\r\n\r\n", 400 }, /* folded, looks like one */
    { HEAD " A: b\r\n" HOST "\r\n", 400 },       /* the first one folded */
    { HEAD HOST "A: b\rc\r\n\r\n", 400 },        /* bare CR */
    { HEAD HOST "A: \x01\r\n\r\n", 400 },
    { HEAD HOST "A: \x7f\r\n\r\n", 400 },
    { HEAD HOST "A(: b\r\n\r\n", 400 },
    { HEAD HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400 },
    { HEAD HOST "Content-Length: 1, 1\r\n\r\n", 400 },
    { HEAD HOST "Content-Length: +1\r\n\r\n", 400 },
    { HEAD HOST "Content-Length: -1\r\n\r\n", 400 },
    { HEAD HOST "Content-Length: 0x1\r\n\r\n", 400 },
    { HEAD HOST "Content-Length:\r\n\r\n", 400 },
    { HEAD HOST "Content-Length: 99999999999999999999\r\n\r\n", 400 },
    { HEAD HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
    { HEAD HOST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400 },
    { HEAD HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
    { HEAD HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501 },
    { HEAD HOST "Transfer-Encoding: identity\r\n\r\n", 501 },
    { HEAD HOST "Transfer-Encoding: \x0b"
                "chunked\r\n\r\n",
      400 },
    { "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
    { HEAD HOST "Expect: cookies\r\n\r\n", 417 },
};

static int
parse(const char *text, struct http1_head *head, char **ret_bytes)
{
    size_t seen = 0;
    size_t size = strlen(text);

    *ret_bytes = mem_strdup(text);
    assert_int_equal(http1_head_size(*ret_bytes, size, &seen), size);
    return http1_parse_request(*ret_bytes, size, head);
}

static void
test_refused_heads(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct http1_head head;
        AUTO_FREE char *bytes = NULL;
        int status = parse(refused[i].text, &head, &bytes);

        if (status != refused[i].status) {
            fail_msg("%s: %d instead of %d", refused[i].text, status, refused[i].status);
        }
    }
}

static void
test_a_head(void **state)
{
    struct http1_head head;
    AUTO_FREE char *bytes = NULL;

    (void)state;
    assert_int_equal(parse("POST /a?b=%20 HTTP/1.1\r\nHOST: h:1\r\nX-Y:  z w \t\r\nEmpty:\r\n"
                           "Content-Length: 007\r\nConnection: Upgrade, keep-alive\r\n"
                           "Upgrade: websocket\r\nExpect: 100-Continue\r\n\r\n",
                           &head, &bytes),
                     0);
    assert_true(str_is(head.method, "POST"));
    assert_true(str_is(head.target, "/a?b=%20"));
    assert_int_equal(head.version, 11);
    assert_int_equal(head.header_len, 7);
    assert_true(str_is(head.headers[0].name, "host"));
    assert_true(str_is(head.headers[1].name, "x-y"));
    assert_true(str_is(head.headers[1].value, "z w"));
    assert_true(str_is(head.headers[2].value, ""));
    assert_int_equal(head.length, 7);
    assert_true(head.is_upgrade && head.is_keep_alive && head.is_expecting);
    assert_false(head.is_close || head.is_chunked);
}

static void
test_limits(void **state)
{
    struct http1_head head;
    AUTO_STR struct str_builder text = { 0 };

    (void)state;
    str_putz(&text, "GET /");
    for (int i = 0; i < HTTP_MAX_TARGET; i++) {
        str_putc(&text, 'a');
    }
    str_putz(&text, " HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(http1_parse_request(text.at, text.size, &head), 414);
    text.size = 0;
    str_putz(&text, HEAD HOST);
    for (int i = 0; i < HTTP_MAX_HEADERS; i++) {
        str_putf(&text, "x%d: y\r\n", i);
    }
    str_putz(&text, "\r\n");
    assert_int_equal(http1_parse_request(text.at, text.size, &head), 431);
    text.size = 0;
    str_putz(&text, HEAD HOST "x: ");
    for (int i = 0; i < HTTP_MAX_HEADER_BYTES; i++) {
        str_putc(&text, 'y');
    }
    str_putz(&text, "\r\n\r\n");
    assert_int_equal(http1_parse_request(text.at, text.size, &head), 431);
}

static void
test_head_size(void **state)
{
    const char *text = HEAD HOST "\r\nrest";
    size_t seen = 0;
    size_t size = strlen(text);

    (void)state;
    for (size_t i = 1; i < size - 4; i++) {
        assert_int_equal(http1_head_size(text, i, &seen), 0);
    }
    assert_int_equal(http1_head_size(text, size, &seen), size - 4);
    seen = 0;
    assert_int_equal(http1_head_size("GET / HTTP/1.1\n", 15, &seen), -1);
    seen = 0;
    assert_int_equal(http1_head_size("\n", 1, &seen), -1);
}

static void
test_answers(void **state)
{
    struct http1_head head;
    char good[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\n";
    char bare[] = "HTTP/1.0 200\r\n\r\n";
    char *bad[] = { (char[]){ "HTTP/2.0 200 OK\r\n\r\n" }, (char[]){ "HTTP/1.1 20 OK\r\n\r\n" },
                    (char[]){ "HTTP/1.1 099 OK\r\n\r\n" }, (char[]){ "HTTP/1.1 200OK\r\n\r\n" },
                    (char[]){
                        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n" } };

    (void)state;
    assert_int_equal(http1_parse_answer(good, strlen(good), &head), 0);
    assert_int_equal(head.status, 404);
    assert_int_equal(head.length, 3);
    assert_true(str_is(head.reason, "Not Found"));
    assert_int_equal(http1_parse_answer(bare, strlen(bare), &head), 0);
    assert_int_equal(head.version, 10);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(http1_parse_answer(bad[i], strlen(bad[i]), &head), 502);
    }
}

/* Feeds `text` in pieces of `step` bytes; → what the body was, or NULL when it is refused. */
static char *
unchunk(const char *text, size_t step, bool *ret_ended)
{
    struct http1_chunks chunks = { 0 };
    struct str_builder body = { 0 };
    size_t size = strlen(text);
    size_t at = 0;
    size_t end = 0;

    *ret_ended = false;
    while (at < size) {
        struct str data = { 0 };
        size_t used = 0;

        end = end <= at ? at + step : end;
        end = end < size ? end : size;
        enum http1_chunk_rc rc = http1_chunk_next(&chunks, text + at, end - at, &used, &data);

        at += used;
        if (rc == HTTP1_CHUNK_BAD) {
            str_done(&body);
            return NULL;
        }
        if (rc == HTTP1_CHUNK_DATA) {
            size_t taken = data.size > 2 ? data.size - 1 : data.size; /* also in part */

            str_put(&body, str_slice(data.at, taken));
            http1_chunk_taken(&chunks, taken);
            at += taken;
        }
        if (rc == HTTP1_CHUNK_END) {
            *ret_ended = at == size;
            break;
        }
    }
    str_putz(&body, "");
    return body.at == NULL ? mem_strdup("") : str_steal(&body);
}

static void
test_chunks(void **state)
{
    static const struct {
        const char *text, *body; /* NULL: refused */
        bool ends;
    } cases[] = {
        { "0\r\n\r\n", "", true },
        { "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nx: y\r\n\r\n", "hello world", true },
        { "00005\r\nhello\r\n0\r\n\r\n", "hello", true },
        { "A\r\n0123456789\r\na\r\n0123456789\r\n0;x\r\n\r\n", "01234567890123456789", true },
        { "5\r\nhel", "hel", false },
        { "5\nhello\r\n0\r\n\r\n", NULL, false },
        { "5\r\nhelloX\r\n0\r\n\r\n", NULL, false },
        { "5 \r\nhello\r\n0\r\n\r\n", NULL, false },
        { "0x5\r\nhello\r\n0\r\n\r\n", NULL, false },
        { "-5\r\nhello\r\n0\r\n\r\n", NULL, false },
        { "\r\nhello\r\n0\r\n\r\n", NULL, false },
        { "ffffffffffffffff\r\nhello", NULL, false },
        { "5;\x01\r\nhello\r\n0\r\n\r\n", NULL, false },
        { "0\r\n folded\r\n\r\n", NULL, false },
        { "0\r\nx: y\n\r\n", NULL, false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (size_t step = 1; step <= strlen(cases[i].text); step++) {
            bool ended = false;
            AUTO_FREE char *body = unchunk(cases[i].text, step, &ended);

            if (cases[i].body == NULL) {
                assert_null(body);
            } else {
                assert_string_equal(body, cases[i].body);
                assert_int_equal(ended, cases[i].ends);
            }
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_heads), cmocka_unit_test(test_a_head),
        cmocka_unit_test(test_limits),        cmocka_unit_test(test_head_size),
        cmocka_unit_test(test_answers),       cmocka_unit_test(test_chunks),
    };

    return cmocka_run_group_tests_name("net/http1_parse", tests, NULL, NULL);
}
