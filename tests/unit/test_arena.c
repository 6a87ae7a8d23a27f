/* base/arena: alignment, zeroing, growing in place, reset. */
#include "config.h" /* IWYU pragma: keep */

#include "base/arena.h"

#include "tests/lib/unit.h"

static void
check_zero(const char *at, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(at[i], 0);
    }
}

static void
test_pieces_are_aligned_zeroed_and_apart(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    char *before = NULL;
    size_t before_size = 0;

    for (int round = 0; round < 2; round++) {
        size_t total = 0;

        for (size_t size = 1; size < 3000; size += 37) {
            char *piece = arena_alloc(arena, size);

            assert_int_equal((uintptr_t)piece % 16, 0);
            check_zero(piece, size);
            memset(piece, 0xa5, size);
            if (before != NULL) {
                assert_int_equal((unsigned char)before[before_size - 1], 0xa5);
            }
            before = piece;
            before_size = size;
            total += size;
        }
        assert_int_equal(arena_size(arena), total);
        arena_reset(arena);
        before = NULL;
        assert_int_equal(arena_size(arena), 0);
    }
}

static void
test_large_piece_does_not_end_the_chunk(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    char *first = arena_alloc(arena, 32);
    char *large = arena_alloc(arena, 10 * 1024 * 1024);
    char *second = arena_alloc(arena, 32);

    check_zero(large, 10 * 1024 * 1024);
    assert_ptr_equal(second, first + 32);
}

static void
test_text(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    struct str copy = arena_dup(arena, STR("name"));
    struct str printed = arena_printf(arena, "%s/%d", "pod", 3);
    struct str wide = arena_printf(arena, "%0500d", 7);

    assert_true(str_is(copy, "name"));
    assert_int_equal(copy.at[copy.size], '\0');
    assert_string_equal(arena_dupz(arena, (struct str){ 0 }), "");
    assert_true(str_is(printed, "pod/3"));
    assert_int_equal(wide.size, 500);
    assert_int_equal(wide.at[499], '7');
}

static void
test_last_piece_grows_in_place(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    char *piece = arena_alloc(arena, 10);

    memcpy(piece, "0123456789", 10);
    assert_ptr_equal(arena_grow(arena, piece, 10, 12), piece);
    assert_ptr_equal(arena_grow(arena, piece, 12, 500), piece);
    assert_int_equal(arena_size(arena), 500);
    (void)arena_alloc(arena, 1);
    char *moved = arena_grow(arena, piece, 500, 600);

    assert_ptr_not_equal(moved, piece);
    assert_memory_equal(moved, "0123456789", 10);
}

static void
test_writer_grows_to_megabytes(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    size_t size = 64;
    char *text = arena_grow(arena, NULL, 0, size);

    memset(text, 'x', size);
    while (size < 8U * 1024 * 1024) {
        text = arena_grow(arena, text, size, size * 2);
        memset(text + size, 'x', size);
        size *= 2;
        (void)arena_alloc(arena, 8); /* other pieces come between */
    }
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(text[i], 'x');
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_are_aligned_zeroed_and_apart),
        cmocka_unit_test(test_large_piece_does_not_end_the_chunk),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_last_piece_grows_in_place),
        cmocka_unit_test(test_writer_grows_to_megabytes),
    };

    arena_free(NULL);
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
