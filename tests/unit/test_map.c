/* base/map: against a plain array as model, deletion while walking, the hash's own test vector. */
#include "config.h" /* IWYU pragma: keep */

#include "base/map.h"

#include <stdio.h>

#include "base/mem.h"
#include "tests/lib/unit.h"

enum { MODEL_LEN = 500 };

static int freed;

static void
count_free(void *value)
{
    (void)value;
    freed++;
}

static struct str
key_of(unsigned number, char text[32])
{
    int size = snprintf(text, 32, "/registry/core/pods/%u", number);

    return (struct str){ text, (size_t)size };
}

static void
test_empty(void **state)
{
    (void)state;
    struct map map = { 0 };
    struct str key = { 0 };
    void *value = NULL;
    size_t iter = 0;

    assert_null(map_get(&map, STR("a")));
    assert_null(map_del(&map, STR("a")));
    assert_false(map_next(&map, &iter, &key, &value));
    map_done(&map, NULL);
}

static void
test_keys_are_bytes_and_copied(void **state)
{
    (void)state;
    struct map map = { 0 };
    int values[3] = { 0 };
    char name[] = "name";

    assert_null(map_put(&map, str_of(name), &values[0]));
    name[0] = 'X';
    assert_ptr_equal(map_get(&map, STR("name")), &values[0]);
    assert_null(map_put(&map, STR("a\0b"), &values[1]));
    assert_null(map_get(&map, STR("a")));
    assert_ptr_equal(map_get(&map, STR("a\0b")), &values[1]);
    assert_null(map_put(&map, (struct str){ 0 }, &values[2]));
    assert_ptr_equal(map_get(&map, STR("")), &values[2]);
    assert_ptr_equal(map_put(&map, STR("name"), &values[1]), &values[0]);
    assert_int_equal(map.len, 3);
    freed = 0;
    map_done(&map, count_free);
    assert_int_equal(freed, 3);
    assert_int_equal(map.len, 0);
}

static void
test_against_a_model(void **state)
{
    (void)state;
    struct map map = { 0 };
    int values[MODEL_LEN] = { 0 };
    bool present[MODEL_LEN] = { false };
    size_t len = 0;
    unsigned seed = 4711;
    char text[32];

    for (int round = 0; round < 40000; round++) {
        seed = seed * 1103515245U + 12345U;
        unsigned number = (seed >> 16) % MODEL_LEN;
        struct str key = key_of(number, text);
        void *expected = present[number] ? &values[number] : NULL;
        bool put = (seed >> 8) % 2 == 0;

        assert_ptr_equal(map_get(&map, key), expected);
        assert_ptr_equal(put ? map_put(&map, key, &values[number]) : map_del(&map, key), expected);
        len += put && expected == NULL;
        len -= !put && expected != NULL;
        present[number] = put;
        assert_int_equal(map.len, len);
    }
    assert_true(map.capacity <= 1024); /* dead slots are cleared out, not grown around */
    map_done(&map, NULL);
}

static void
test_walk_may_delete(void **state)
{
    (void)state;
    struct map map = { 0 };
    int values[MODEL_LEN] = { 0 };
    struct str key = { 0 };
    void *value = NULL;
    size_t iter = 0;
    size_t seen = 0;
    char text[32];

    for (unsigned i = 0; i < MODEL_LEN; i++) {
        assert_null(map_put(&map, key_of(i, text), &values[i]));
    }
    while (map_next(&map, &iter, &key, &value)) {
        seen++;
        AUTO_FREE char *copy = str_dup(key);

        if (seen % 2 == 0) {
            assert_ptr_equal(map_del(&map, str_of(copy)), value);
        }
    }
    assert_int_equal(seen, MODEL_LEN);
    assert_int_equal(map.len, MODEL_LEN / 2);
    map_done(&map, NULL);
}

/* Made by CPython, whose hash of bytes is SipHash-1-3 and has the key 0 with PYTHONHASHSEED=0:
 * hash(bytes(range(n))). */
static void
test_siphash_vectors(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        uint64_t hash;
    } rows[] = {
        { 1, 0x68a914128e01e473U },  { 3, 0x4d4c9a4a8ef6e0adU },  { 7, 0x2f098ab0c751325aU },
        { 8, 0xead411e67ebe2eeaU },  { 9, 0x75927f9d95124362U },  { 15, 0xf30eb725bb91c9eaU },
        { 16, 0x8972188433a5c5b7U }, { 21, 0xb17bef2cb5213239U }, { 63, 0x385d3e39e5f37359U },
    };
    char bytes[64];

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)i;
    }
    assert_true(map_siphash(STR("abc"), 0, 0) != map_siphash(STR("abc"), 1, 0));
    assert_true(map_siphash(STR("abc"), 0, 0) != map_siphash(STR("abc"), 0, 1));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_true(map_siphash(str_slice(bytes, rows[i].size), 0, 0) == rows[i].hash);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),           cmocka_unit_test(test_keys_are_bytes_and_copied),
        cmocka_unit_test(test_against_a_model), cmocka_unit_test(test_walk_may_delete),
        cmocka_unit_test(test_siphash_vectors),
    };

    return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
