/* base/doc: strict parsing with Go's words for errors, getters, life of a tape. */
#include "config.h" /* IWYU pragma: keep */

#include "base/doc.h"

#include <pthread.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include "tests/lib/unit.h"

/* ---- errors ---- */

static const struct {
    const char *text, *message;
} refused[] = {
    { "", "unexpected end of JSON input" },
    { " \n", "unexpected end of JSON input" },
    { "{", "unexpected end of JSON input" },
    { "[1,", "unexpected end of JSON input" },
    { "{\"a\"", "unexpected end of JSON input" },
    { "\"ab", "unexpected end of JSON input" },
    { "x", "invalid character 'x' looking for beginning of value" },
    { "[1,]", "invalid character ']' looking for beginning of value" },
    { "{,}", "invalid character ',' looking for beginning of object key string" },
    { "{\"a\":1,}", "invalid character '}' looking for beginning of object key string" },
    { "{1:2}", "invalid character '1' looking for beginning of object key string" },
    { "{\"a\"}", "invalid character '}' after object key" },
    { "{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair" },
    { "[1 2]", "invalid character '2' after array element" },
    { "[1}", "invalid character '}' after array element" },
    { "{} {}", "invalid character '{' after top-level value" },
    { "01", "invalid character '1' after top-level value" },
    { "-", "invalid character ' ' in numeric literal" },
    { "-a", "invalid character 'a' in numeric literal" },
    { "1.", "invalid character ' ' after decimal point in numeric literal" },
    { "1.e3", "invalid character 'e' after decimal point in numeric literal" },
    { "1e+", "invalid character ' ' in exponent of numeric literal" },
    { "+1", "invalid character '+' looking for beginning of value" },
    { "NaN", "invalid character 'N' looking for beginning of value" },
    { "trUe", "invalid character 'U' in literal true (expecting 'u')" },
    { "falze", "invalid character 'z' in literal false (expecting 's')" },
    { "nul", "invalid character ' ' in literal null (expecting 'l')" },
    { "\"\\x\"", "invalid character 'x' in string escape code" },
    { "\"\\u12g4\"", "invalid character 'g' in \\u hexadecimal character escape" },
    { "\"a\nb\"", "invalid character '\\n' in string literal" },
    { "\"\x01\"", "invalid character '\\x01' in string literal" },
    { "'a'", "invalid character '\\'' looking for beginning of value" },
    { "\\", "invalid character '\\\\' looking for beginning of value" },
    { "\x7f", "invalid character '\\x7f' looking for beginning of value" },
    { "\xef\xbb\xbf{}", "invalid character '\xc3\xaf' looking for beginning of value" },
    { "\x80", "invalid character '\\u0080' looking for beginning of value" },
    { "\"\x80\"", "invalid UTF-8 in string literal" },
    { "\"\xc0\xaf\"", "invalid UTF-8 in string literal" },
    { "\"\xed\xa0\x80\"", "invalid UTF-8 in string literal" },
    { "\"\xf4\x90\x80\x80\"", "invalid UTF-8 in string literal" },
    { "\"\xe2\x82\"", "invalid UTF-8 in string literal" },
    { "1e400", "json: cannot unmarshal number 1e400 into Go value of type float64" },
    { "[1e400", "unexpected end of JSON input" },
};

static void
test_bad_text_is_refused_in_go_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        AUTO_ERR struct err *err = NULL;

        assert_null(doc_parse(arena, str_of(refused[i].text), &err));
        assert_string_equal(err->message, refused[i].message);
        assert_int_equal(err->code, ERR_BAD_REQUEST);
    }
}

static void
test_text_ends_where_its_slice_ends(void **state)
{
    (void)state;
    static const char text[] = "{\"name\":\"a long enough string\",\"n\":[true,12]}";

    for (size_t size = 0; size < sizeof(text) - 1; size++) {
        AUTO_ARENA struct arena *arena = arena_new();
        AUTO_ERR struct err *err = NULL;
        AUTO_FREE char *exact = mem_strndup(text, size);

        assert_null(doc_parse(arena, str_slice(exact, size), &err));
        assert_non_null(err);
    }
}

static void
test_depth_is_limited(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL;
    char text[2 * DOC_MAX_DEPTH + 2];

    memset(text, '[', DOC_MAX_DEPTH + 1);
    memset(text + DOC_MAX_DEPTH + 1, ']', DOC_MAX_DEPTH + 1);
    assert_non_null(doc_parse(arena, str_slice(text + 1, sizeof(text) - 2), &err));
    assert_null(err);
    assert_null(doc_parse(arena, str_slice(text, sizeof(text)), &err));
    assert_string_equal(err->message, "exceeded max depth");
}

/* ---- values ---- */

static struct val
parse(struct arena *arena, const char *text)
{
    struct err *err = NULL;
    struct doc *doc = doc_parse(arena, str_of(text), &err);

    assert_null(err);
    return doc_root(doc);
}

static void
assert_str(struct str s, const char *expected)
{
    assert_int_equal(s.size, strlen(expected));
    assert_memory_equal(s.at, expected, s.size);
}

static void
test_members_and_items(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct val v =
        parse(arena, " { \"a\" : { \"b\":[1, [2,3] ,{}] } , \"a\":7,\"e\":{},\"\":null} ");

    assert_int_equal(val_type(v), DOC_OBJECT);
    assert_int_equal(val_len(v), 4);
    assert_int_equal(val_int(val_get(v, "a"), 0), 7); /* the last of two */
    assert_int_equal(val_type(val_get(v, "")), DOC_NULL);
    assert_int_equal(val_len(val_get(v, "e")), 0);
    assert_false(val_is(val_get(v, "x")));
    assert_false(val_is(val_at(v, "a.b")));

    struct val_iter it = val_iter(v);
    assert_true(val_step(&it));
    assert_str(it.key, "a");
    struct val list = val_at(it.value, "b");
    assert_int_equal(val_len(list), 3);
    assert_str(val_raw(list), "[1, [2,3] ,{}]");
    assert_int_equal(val_int(val_item(val_item(list, 1), 1), 0), 3);
    assert_int_equal(val_type(val_item(list, 2)), DOC_OBJECT);
    assert_false(val_is(val_item(list, 3)));
    size_t members = 1;
    while (val_step(&it)) {
        members++;
    }
    assert_int_equal(members, 4);
    VAL_EACH (item, val_get(v, "e")) {
        fail();
    }
}

static void
test_absent_values_answer(void **state)
{
    (void)state;
    struct val none = { 0 };

    assert_int_equal(val_type(none), DOC_ABSENT);
    assert_false(val_is(val_get(none, "a")));
    assert_false(val_is(val_item(none, 0)));
    assert_false(val_is(val_at(none, "a.b")));
    assert_int_equal(val_len(none), 0);
    assert_null(val_str(none).at);
    assert_null(val_raw(none).at);
    assert_int_equal(val_int(none, 5), 5);
    assert_true(val_bool(none, true));
    assert_true(val_num(none, 0.5) == 0.5);
    assert_true(val_eq(none, none));
    VAL_EACH (item, none) {
        fail();
    }
}

static void
test_strings_are_decoded(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct val v = parse(arena, "[\"plain\",\"\",\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\\u00e9\\u65e5\","
                                "\"\\ud83d\\ude00\",\"\\ud800\",\"\\udc00x\",\"\\ud800\\u0041\","
                                "\"x\\u0000y\",\"caf\xc3\xa9 \xf0\x9f\x98\x80\",{\"\\u006b\":1}]");

    assert_str(val_str(val_item(v, 0)), "plain");
    assert_str(val_str(val_item(v, 1)), "");
    assert_non_null(val_str(val_item(v, 1)).at);
    assert_str(val_str(val_item(v, 2)), "\"\\/\b\f\n\r\t");
    assert_str(val_str(val_item(v, 3)), "\xc3\xa9\xe6\x97\xa5");
    assert_str(val_str(val_item(v, 4)), "\xf0\x9f\x98\x80");
    assert_str(val_str(val_item(v, 5)), "\xef\xbf\xbd");
    assert_str(val_str(val_item(v, 6)), "\xef\xbf\xbdx");
    assert_str(val_str(val_item(v, 7)), "\xef\xbf\xbd"
                                        "A");
    assert_true(str_eq(val_str(val_item(v, 8)), STR("x\0y")));
    assert_str(val_str(val_item(v, 9)), "caf\xc3\xa9 \xf0\x9f\x98\x80");
    assert_int_equal(val_int(val_get(val_item(v, 10), "k"), 0), 1);
    assert_true(val_is_str(val_item(v, 0), "plain"));
    assert_false(val_is_str(val_item(v, 10), ""));
    assert_str(val_raw(val_item(v, 5)), "\"\\ud800\"");
}

static void
test_numbers_keep_their_text(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct val v = parse(arena, "[1.0,1e3,1.5,9223372036854775807,9223372036854775808,-0,"
                                "123456789012345678901234567890.25,true,\"1\",1e19]");
    int64_t i = 0;

    assert_str(val_raw(val_item(v, 0)), "1.0");
    assert_int_equal(val_int(val_item(v, 0), -1), 1);
    assert_int_equal(val_int(val_item(v, 1), -1), 1000);
    assert_int_equal(val_int(val_item(v, 2), -1), -1);
    assert_true(val_int(val_item(v, 3), -1) == INT64_MAX);
    assert_int_equal(val_int(val_item(v, 4), -1), -1);
    assert_int_equal(val_int(val_item(v, 9), -1), -1);
    assert_int_equal(val_int(val_item(v, 5), -1), 0);
    assert_true(val_num(val_item(v, 4), 0) == 9223372036854775808.0);
    assert_true(val_num(val_item(v, 6), 0) == 123456789012345678901234567890.25);
    assert_false(val_to_int(val_item(v, 0), &i));
    assert_false(val_to_int(val_item(v, 4), &i));
    assert_false(val_to_int(val_item(v, 8), &i));
    assert_true(val_to_int(val_item(v, 3), &i) && i == INT64_MAX);
    assert_true(val_bool(val_item(v, 7), false));
    assert_true(val_bool(val_item(v, 8), true));
}

static void
test_many_members_are_counted(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    AUTO_ARENA struct arena *arena = arena_new();
    struct jw w;

    jw_init(&w, arena);
    jw_arr(&w);
    for (int i = 0; i < MANY; i++) {
        jw_printf(&w, "\n%d", i); /* every one has an escape: the side bytes grow too */
    }
    jw_end(&w);
    struct val v = doc_root(doc_trust(arena, jw_done(&w)));
    assert_int_equal(val_len(v), MANY);
    int expected = 0;
    VAL_EACH (it, v) {
        char text[16];
        (void)snprintf(text, sizeof(text), "\n%d", expected++);
        assert_str(val_str(it.value), text);
    }
    assert_int_equal(expected, MANY);
}

/* ---- counted documents ---- */

static void
test_counted_doc_makes_and_drops_its_tape(void **state)
{
    (void)state;
    struct doc *doc = doc_new(buf_copy(STR("{\"a\":\"\\n\"}")));

    assert_ptr_equal(doc_ref(doc), doc);
    doc_unref(doc);
    doc_pin(doc);
    doc_drop_tape(doc); /* pinned: nothing happens */
    assert_str(val_str(val_get(doc_root(doc), "a")), "\n");
    doc_unpin(doc);
    doc_drop_tape(doc);
    doc_pin(doc);
    assert_str(val_str(val_get(doc_root(doc), "a")), "\n");
    doc_unpin(doc);
    assert_str(doc_bytes(doc), "{\"a\":\"\\n\"}");
    assert_non_null(doc_buf(doc));
    doc_unref(doc);
    doc_unref(NULL);
}

/* The oldest go first; what is pinned stays, however little is to be kept. */
static void
test_tapes_are_trimmed(void **state)
{
    (void)state;
    struct doc *docs[3];
    size_t before = doc_tapes_size();

    for (size_t i = 0; i < ARRAY_LEN(docs); i++) {
        docs[i] = doc_new(buf_copy(STR("{\"a\":[1,2,3,4,5,6,7,8]}")));
        assert_int_equal(val_len(val_get(doc_root(docs[i]), "a")), 8);
    }
    size_t each = (doc_tapes_size() - before) / 3;
    assert_in_range(each, 8 * 16, 1000);
    doc_pin(docs[0]);
    doc_tapes_trim(before + 2 * each); /* the first is pinned: the second goes */
    assert_int_equal(doc_tapes_size(), before + 2 * each);
    struct val pinned = val_get(doc_root(docs[0]), "a");
    doc_tapes_trim(0);
    assert_int_equal(doc_tapes_size(), each);
    assert_int_equal(val_len(pinned), 8);
    doc_unpin(docs[0]);
    doc_tapes_trim(0);
    assert_int_equal(doc_tapes_size(), 0);
    assert_int_equal(val_len(val_get(doc_root(docs[1]), "a")), 8); /* made again */
    for (size_t i = 0; i < ARRAY_LEN(docs); i++) {
        doc_unref(docs[i]);
    }
    assert_int_equal(doc_tapes_size(), 0);
}

static void
test_damaged_bytes_have_no_root(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct doc *doc = doc_new(buf_copy(STR("{\"a\":")));

    doc_pin(doc);
    assert_false(val_is(doc_root(doc)));
    doc_unpin(doc);
    doc_unref(doc);
    assert_false(val_is(doc_root(doc_trust(arena, STR("[")))));
    assert_false(val_is(doc_root(NULL)));
}

static void *
read_and_drop(void *arg)
{
    struct doc *doc = arg;
    size_t wrong = 0;

    for (int i = 0; i < 3000; i++) {
        doc_pin(doc);
        wrong += val_is_str(val_at(doc_root(doc), "metadata.name"), "a\tb") ? 0 : 1;
        doc_unpin(doc);
        doc_drop_tape(doc);
        if (i % 7 == 0) {
            doc_tapes_trim(0);
        }
    }
    return (void *)wrong;
}

static void
test_threads_share_a_doc(void **state)
{
    (void)state;
    struct doc *doc = doc_new(buf_copy(STR("{\"metadata\":{\"name\":\"a\\tb\"}}")));
    pthread_t threads[4];

    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_and_drop, doc), 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    doc_unref(doc);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_text_is_refused_in_go_words),
        cmocka_unit_test(test_text_ends_where_its_slice_ends),
        cmocka_unit_test(test_depth_is_limited),
        cmocka_unit_test(test_members_and_items),
        cmocka_unit_test(test_absent_values_answer),
        cmocka_unit_test(test_strings_are_decoded),
        cmocka_unit_test(test_numbers_keep_their_text),
        cmocka_unit_test(test_many_members_are_counted),
        cmocka_unit_test(test_counted_doc_makes_and_drops_its_tape),
        cmocka_unit_test(test_tapes_are_trimmed),
        cmocka_unit_test(test_damaged_bytes_have_no_root),
        cmocka_unit_test(test_threads_share_a_doc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
