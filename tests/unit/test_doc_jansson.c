/* base/doc against jansson: random texts, whole and damaged, are read alike by both. */
#include "config.h" /* IWYU pragma: keep */

#include <jansson.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"

#include "tests/lib/unit.h"

enum { ROUNDS = 20000, MAX_DEPTH = 5 };

static const char *const scalars[] = {
    "null", "true", "false", "0", "-0", "-1", "1.5", "1e5", "-2E-3", "9223372036854775807", "0.1",
};
static const char *const pieces[] = {
    "a",       "key",      "\\n", "\\\"", "\\\\", "\\/",        "\\u0041",
    "\\u00e9", "\xc3\xa9", "<",   " ",    "\x7f", "0123456789", "\\ud83d\\ude00",
};
static const char damage[] = "{}[],:\"\\x1e.- \n\x01\x80\xff";

static uint32_t
next(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void
put_string(struct str_builder *b, uint32_t *seed, uint32_t unique)
{
    str_putf(b, "\"%.*u", unique > 0 ? 1 : 0, unique); /* jansson keeps no duplicates */
    for (uint32_t n = next(seed) % 6; n > 0; n--) {
        str_putz(b, pieces[next(seed) % ARRAY_LEN(pieces)]);
    }
    str_putc(b, '"');
}

static void
put_value(struct str_builder *b, uint32_t *seed, int depth)
{
    uint32_t what = next(seed) % 6;

    if (depth == MAX_DEPTH || what < 2) {
        str_putz(b, scalars[next(seed) % ARRAY_LEN(scalars)]);
    } else if (what == 2) {
        put_string(b, seed, 0);
    } else {
        bool object = what > 3;
        uint32_t len = next(seed) % 5;

        str_putz(b, object ? "{" : "[ ");
        for (uint32_t i = 0; i < len; i++) {
            str_putz(b, i == 0 ? "" : " ,\n");
            if (object) {
                put_string(b, seed, i + 1);
                str_putz(b, ": ");
            }
            put_value(b, seed, depth + 1);
        }
        str_putz(b, object ? " }" : "]");
    }
}

static bool
same(struct val v, const json_t *j)
{
    struct str text = val_str(v);

    switch (json_typeof(j)) {
    case JSON_OBJECT:
        if (val_type(v) != DOC_OBJECT || val_len(v) != json_object_size(j)) {
            return false;
        }
        VAL_EACH (it, v) {
            AUTO_FREE char *key = mem_strndup(it.key.at, it.key.size);
            const json_t *member = json_object_get(j, key);

            if (member == NULL || !same(it.value, member)) {
                return false;
            }
        }
        return true;
    case JSON_ARRAY:
        if (val_type(v) != DOC_ARRAY || val_len(v) != json_array_size(j)) {
            return false;
        }
        for (size_t i = 0; i < json_array_size(j); i++) {
            if (!same(val_item(v, i), json_array_get(j, i))) {
                return false;
            }
        }
        return true;
    case JSON_STRING:
        return val_type(v) == DOC_STRING && text.size == json_string_length(j) &&
               memcmp(text.at, json_string_value(j), text.size) == 0;
    case JSON_INTEGER:
        return val_int(v, ~json_integer_value(j)) == json_integer_value(j);
    case JSON_REAL:
        return val_type(v) == DOC_NUMBER && val_num(v, 0) == json_real_value(j);
    case JSON_TRUE:
        return val_type(v) == DOC_TRUE;
    case JSON_FALSE:
        return val_type(v) == DOC_FALSE;
    case JSON_NULL:
        return val_type(v) == DOC_NULL;
    }
    return false;
}

/* The canonical text, read again by jansson, must still be the same. */
static bool
survives(struct arena *arena, struct val v, const json_t *j)
{
    struct jw w;

    jw_init(&w, arena);
    jw_canonical(&w, v);
    struct str text = jw_done(&w);
    json_t *again = json_loadb(text.at, text.size, JSON_DECODE_ANY, NULL);
    bool equal = again != NULL && same(v, again) && same(v, j);
    json_decref(again);
    return equal;
}

static void
compare(struct str text, size_t *read_count)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL;
    struct doc *doc = doc_parse(arena, text, &err);
    json_error_t error;
    json_t *j = json_loadb(text.at, text.size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);

    if (doc != NULL && j != NULL) {
        if (!survives(arena, doc_root(doc), j)) {
            fail_msg("read differently: " STR_FMT, STR_ARG(text));
        }
        (*read_count)++;
    } else if (doc != NULL) {
        /* What only jansson refuses: duplicate keys, lone surrogates, \u0000 in a key, integers
         * beyond int64. */
        enum json_error_code code = json_error_code(&error);
        if (code != json_error_duplicate_key && code != json_error_numeric_overflow &&
            strstr(error.text, "Unicode") == NULL && strstr(error.text, "\\u0000") == NULL) {
            fail_msg("only jansson refuses (%s): " STR_FMT, error.text, STR_ARG(text));
        }
    } else if (j != NULL) {
        fail_msg("only we refuse (%s): " STR_FMT, err->message, STR_ARG(text));
    }
    json_decref(j);
}

static void
test_random_texts(void **state)
{
    (void)state;
    uint32_t seed = 20240229;
    size_t read_count = 0;

    for (int i = 0; i < ROUNDS; i++) {
        struct str_builder b = { 0 };

        put_value(&b, &seed, 0);
        for (uint32_t hits = i % 2 == 0 ? 0 : 1 + next(&seed) % 2; hits > 0; hits--) {
            b.at[next(&seed) % b.size] = damage[next(&seed) % (sizeof(damage) - 1)];
        }
        compare(str_view(&b), &read_count);
        str_done(&b);
    }
    assert_true(read_count > ROUNDS / 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_random_texts) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
