/* Fuzz target of what the console reads: the terminal's bytes as keys, foreign text through the
 * sanitizer into cells, filters, log lines. The first byte chooses. */
#include "config.h" /* IWYU pragma: keep */

#include <locale.h>
#include <stdint.h>
#include <stdlib.h>

#include "ui/filter.h"
#include "ui/grid.h"
#include "ui/keys.h"
#include "ui/logring.h"
#include "ui/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool ok)
{
    if (!ok) {
        abort();
    }
}

static void
on_key(void *ctx, uint32_t key)
{
    char text[KEYS_NAME_SIZE];

    (void)ctx;
    check(key != KEYS_NONE);
    check(keys_name(key, text).size < KEYS_NAME_SIZE);
}

static void
fuzz_keys(struct str bytes)
{
    struct keys keys = { 0 };

    keys_feed(&keys, bytes.at, bytes.size, on_key, NULL);
    keys_flush(&keys, on_key, NULL);
    check(!keys_is_pending(&keys));
    (void)keys_parse(bytes);
}

static void
fuzz_text(struct str bytes)
{
    AUTO_STR struct str_builder clean = { 0 };
    struct grid grid;

    text_clean(&clean, bytes, false);
    for (size_t at = 0; at < clean.size;) {
        uint32_t rune = text_next(str_view(&clean), &at);
        check(rune >= ' ' && !(rune >= 0x7f && rune < 0xa0));
    }
    check(text_wrap_len(str_view(&clean), 7) >= 1);
    grid_init(&grid, 13, 2);
    (void)grid_put(&grid, 1, 0, 100, bytes, ROLE_TEXT);
    (void)grid_put_fit(&grid, 1, 1, 5, bytes, ROLE_TEXT);
    for (int x = 0; x < grid.width; x++) {
        uint32_t rune = grid_at(&grid, x, 0)->rune;
        check(rune >= ' ' && !(rune >= 0x7f && rune < 0xa0));
    }
    grid_done(&grid);
}

static struct filter_cell
cell(const void *ctx, struct str column)
{
    (void)ctx;
    return column.size % 2 == 0 ? (struct filter_cell){ 0 }
                                : (struct filter_cell){ STR("12"), FILTER_NUMBER, 12 };
}

static void
fuzz_filter(struct str bytes)
{
    struct filter_row row = { "pod-1 Running 12 3m", NULL, cell };
    struct filter *filter;

    if (bytes.size > 64) {
        return; /* what a person types; regcomp takes its time for more */
    }
    filter = filter_new(bytes);
    (void)filter_matches(filter, &row);
    filter_free(filter);
}

static void
fuzz_ring(struct str bytes)
{
    struct logring ring;

    logring_init(&ring, 300 * 1024);
    for (size_t i = 0; i < bytes.size; i += 7) {
        logring_add(&ring, bytes.at + i, bytes.size - i < 7 ? bytes.size - i : 7, true);
    }
    logring_flush(&ring, true);
    for (uint64_t n = ring.first; n < ring.end; n++) {
        check(logring_line(&ring, n, true).size >= logring_line(&ring, n, false).size);
    }
    (void)logring_resume(&ring);
    logring_done(&ring);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(struct str bytes) = { fuzz_keys, fuzz_text, fuzz_filter,
                                                         fuzz_ring };

    (void)setlocale(LC_CTYPE, "C.UTF-8");
    if (size > 0) {
        targets[data[0] % 4](str_slice((const char *)data + 1, size - 1));
    }
    return 0;
}
