/* net/http: queries, reasons, dates; net/body: bytes and gzip over them. */
#include "config.h" /* IWYU pragma: keep */

#include "net/http.h"

#include <zlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "net/http_priv.h"
#include "tests/lib/net_box.h"
#include "tests/lib/unit.h"

static void
test_query(void **state)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str query = STR("watch=1&labelSelector=a%3Db%2Cc&x=&y&a+b=c+d%20e&z=%zz&"
                           "command=sh&command=-c&%63ommand=ls&&limit=5");
    struct str values[2];

    (void)state;
    assert_true(str_is(http_query(query, "labelSelector", arena), "a=b,c"));
    assert_true(str_is(http_query(query, "a b", arena), "c d e"));
    assert_true(str_is(http_query(query, "limit", arena), "5"));
    assert_non_null(http_query(query, "x", arena).at); /* there, and empty */
    assert_non_null(http_query(query, "y", arena).at);
    assert_null(http_query(query, "limi", arena).at);
    assert_null(http_query(query, "z", arena).at); /* as Go: what does not decode is left out */
    assert_null(http_query((struct str){ 0 }, "x", arena).at);
    assert_int_equal(http_query_all(query, "command", values, 2, arena), 3);
    assert_true(str_is(values[0], "sh") && str_is(values[1], "-c"));
}

static void
test_query_bool(void **state)
{
    static const struct {
        const char *query;
        bool is_true;
    } cases[] = {
        { "", false },        { "b", true },        { "b=", true },       { "b=1", true },
        { "b=true", true },   { "b=yes", true },    { "b=0", false },     { "b=false", false },
        { "b=False", false }, { "b=FALSE", false }, { "a=1&b=0", false }, { "bb=1", false },
        { "b=1&b=0", true },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(http_query_bool(str_of(cases[i].query), "b"), cases[i].is_true);
    }
}

static void
test_percent(void **state)
{
    AUTO_ARENA struct arena *arena = arena_new();
    static const struct {
        const char *text, *decoded; /* NULL: refused */
    } cases[] = {
        { "", "" },      { "a+b", "a+b" },   { "%41%7a", "Az" }, { "%", NULL },    { "%4", NULL },
        { "%4g", NULL }, { "a%2Fb", "a/b" }, { "%%41", NULL },   { "100%", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str decoded = { 0 };
        int rc = http_percent_decode(str_of(cases[i].text), false, arena, &decoded);

        assert_int_equal(rc, cases[i].decoded == NULL ? -1 : 0);
        assert_true(rc < 0 || str_is(decoded, cases[i].decoded));
    }
}

static void
test_targets(void **state)
{
    static const struct {
        const char *method, *target, *path, *query; /* path NULL: refused */
    } cases[] = {
        { "GET", "/", "/", NULL },     { "GET", "/a%2Fb?c=d?e", "/a%2Fb", "c=d?e" },
        { "GET", "/a?", "/a", "" },    { "GET", "a", NULL, NULL },
        { "GET", "", NULL, NULL },     { "GET", "*", NULL, NULL },
        { "OPTIONS", "*", "*", NULL }, { "GET", "/a#b", NULL, NULL },
        { "GET", "/a b", NULL, NULL }, { "CONNECT", "a:80", NULL, NULL },
    };
    char date[HTTP_DATE_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_request request = { .method = str_of(cases[i].method),
                                        .target = str_of(cases[i].target) };

        assert_int_equal(http_split_target(&request), cases[i].path != NULL);
        if (cases[i].path != NULL) {
            assert_true(str_is(request.path, cases[i].path));
            assert_true(str_is(request.query, cases[i].query));
            assert_int_equal(request.query.at == NULL, cases[i].query == NULL);
        }
    }
    http_date(784111777000, date); /* the example of RFC 9110 5.6.7 */
    assert_string_equal(date, "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_string_equal(http_reason(422), "Unprocessable Entity");
    assert_string_equal(http_reason(299), "");
    assert_false(http_has_body(204) || http_has_body(304) || http_has_body(101));
}

/* Pulls until END or WAIT, at most max bytes a time. */
static enum pull_rc
drain(struct body *body, size_t max, struct str_builder *to)
{
    for (int i = 0; i < 100000; i++) {
        struct iovec iov[BODY_IOV_MAX];
        int len = BODY_IOV_MAX;
        enum pull_rc rc = body->pull(body, iov, &len, max);
        size_t size = 0;

        for (int k = 0; k < len; k++) {
            str_put(to, str_slice(iov[k].iov_base, iov[k].iov_len));
            size += iov[k].iov_len;
        }
        assert_true(size <= max);
        if (rc != PULL_MORE) {
            return rc;
        }
    }
    fail_msg("no end");
    return PULL_ABORT;
}

static void
test_body_of_bytes(void **state)
{
    struct body *body = body_of_copy(STR("hello world"));
    AUTO_STR struct str_builder got = { 0 };

    (void)state;
    assert_int_equal(body->size, 11);
    assert_int_equal(drain(body, 4, &got), PULL_END);
    assert_true(str_is(str_view(&got), "hello world"));
    body_free(body);
    body = body_of_buf(NULL);
    assert_int_equal(body->size, 0);
    assert_int_equal(drain(body, 4, &got), PULL_END);
    body_free(body);
    body_free(NULL);
}

/* Inflates what came so far; → its text. */
static void
inflate_all(struct str bytes, size_t expected, bool is_complete)
{
    z_stream z = { 0 };
    AUTO_FREE char *text = mem_new(expected + 100);

    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    z.next_in = (unsigned char *)(uintptr_t)bytes.at;
    z.avail_in = (unsigned)bytes.size;
    z.next_out = (unsigned char *)text;
    z.avail_out = (unsigned)expected + 100;
    int rc = inflate(&z, Z_SYNC_FLUSH);

    assert_int_equal(rc, is_complete ? Z_STREAM_END : Z_OK);
    assert_int_equal(z.total_out, expected);
    for (size_t i = 0; i < expected; i++) {
        assert_int_equal(text[i], net_pattern(i));
    }
    (void)inflateEnd(&z);
}

static void
test_gzip(void **state)
{
    static const size_t sizes[] = { 0, 1, 1000, 16384, 300000 };
    struct net_box box = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        for (size_t max = 7; max < 20000; max *= 13) {
            struct net_body *inner = MEM_NEW(struct net_body);
            AUTO_STR struct str_builder got = { 0 };

            net_body_init(inner, &box, sizes[i], (int64_t)sizes[i]);
            struct body *body = body_gzip(&inner->body);

            assert_int_equal(body->size, -1);
            assert_int_equal(drain(body, max, &got), PULL_END);
            inflate_all(str_view(&got), sizes[i], true);
            body_free(body);
        }
    }
    assert_int_equal(box.bodies, box.bodies_done);
}

static void
note_wake(struct body *body)
{
    (*(int *)body->stream)++;
}

static void
test_gzip_of_a_watch(void **state)
{
    struct net_box box = { 0 };
    struct net_body *inner = MEM_NEW(struct net_body);
    AUTO_STR struct str_builder got = { 0 };
    int wakes = 0;

    (void)state;
    net_body_init(inner, &box, 50, -1);
    inner->waits = true;
    inner->piece = 10;
    struct body *body = body_gzip(&inner->body);

    body->wake = note_wake;
    body->stream = &wakes;
    for (int i = 1; i <= 5; i++) {
        assert_int_equal(drain(body, 100, &got), PULL_WAIT);
        net_body_wake(inner);
        assert_int_equal(wakes, i);
        enum pull_rc rc = drain(body, 100, &got);

        /* What was said is there to be read, before more is said. */
        assert_int_equal(rc, i == 5 ? PULL_END : PULL_WAIT);
        inflate_all(str_view(&got), (size_t)i * 10, i == 5);
    }
    body_free(body);
    inner = MEM_NEW(struct net_body);
    net_body_init(inner, &box, 50, -1);
    inner->aborts = true;
    inner->piece = 10;
    body = body_gzip(&inner->body);
    assert_int_equal(drain(body, 100, &got), PULL_ABORT);
    body_free(body);
    assert_int_equal(box.bodies, box.bodies_done);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query),           cmocka_unit_test(test_query_bool),
        cmocka_unit_test(test_percent),         cmocka_unit_test(test_targets),
        cmocka_unit_test(test_body_of_bytes),   cmocka_unit_test(test_gzip),
        cmocka_unit_test(test_gzip_of_a_watch),
    };

    return cmocka_run_group_tests_name("net/http", tests, NULL, NULL);
}
