/* Logs in the console, without a terminal: how fast lines are taken and drawn, how long keys take over a
 * log of 32 MiB, searches through all of it included.  Usage: bench_log; from the build directory with
 * top_srcdir set. */
#include "config.h" /* IWYU pragma: keep */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/loop.h"
#include "base/mem.h"
#include "tests/lib/ui_box.h"
#include "tests/lib/unit.h"
#include "ui/grid.h"
#include "ui/keys.h"

enum { LINES = 210000, BATCH = 100, KEYS = 300, SAMPLES = 1 << 16 };

static struct ui_box box;
static struct fake_call *stream;
static int64_t samples[SAMPLES];
static size_t sample_len;

/* Processor time: what else runs on the machine does not count. */
static int64_t
cpu_us(void)
{
    struct timespec at;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return at.tv_sec * 1000000LL + at.tv_nsec / 1000;
}

static int
compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static void
print(const char *name, double limit_ms)
{
    qsort(samples, sample_len, sizeof(*samples), compare);
    double p50 = (double)samples[sample_len / 2] / 1000;
    double p99 = (double)samples[sample_len - 1 - sample_len / 100] / 1000;

    printf("%-34s p50 %8.3f ms   p99 %8.3f ms   limit %5.1f ms   %6.3f of it   %s\n", name, p50,
           p99, limit_ms, p99 / limit_ms, p99 <= limit_ms ? "met" : "MISSED");
    sample_len = 0;
}

static void
take(int64_t begun_us)
{
    if (sample_len < SAMPLES) {
        samples[sample_len++] = cpu_us() - begun_us;
    }
}

/* One key and the frame that answers it; then what it set off, a slice a turn: keys that come meanwhile
 * wait for no more than one of those. */
static void
press(uint32_t key)
{
    int64_t begun_us = cpu_us();

    ui_key(box.ui, key);
    (void)ui_frame(box.ui);
    take(begun_us);
    for (;;) {
        begun_us = cpu_us();
        bool goes_on = loop_turn(box.loop, 0);

        (void)ui_frame(box.ui);
        if (!goes_on) {
            return;
        }
        take(begun_us);
    }
}

static void
add_lines(int from, int len)
{
    AUTO_STR struct str_builder text = { 0 };

    for (int i = from; i < from + len; i++) {
        str_putf(
            &text,
            "2027-01-15T07:%02d:%02d.%09dZ level=info msg=\"request %d done\" path=/api/v1/items "
            "status=200 took=%dus\n",
            i / 60000 % 60, i / 1000 % 60, i % 1000 * 1000000, i, i * 7919 % 100000);
    }
    (void)fake_client_data(stream, str_view(&text));
}

static void
open_log(void)
{
    ui_box_open(&box, 200, 60, "shop", false);
    ui_box_route_file(&box, "GET /api/v1/namespaces/shop/pods?limit", "pods-shop.json");
    ui_box_route(&box, "GET /api/v1/namespaces/shop/pods/",
                 "{\"spec\":{\"containers\":[{\"name\":\"c\"}]}}");
    ui_box_settle(&box);
    ui_box_keys(&box, "l");
    stream = box.fake->first;
    while (stream != NULL && stream->data == NULL) {
        stream = stream->next;
    }
    assert_non_null(stream);
}

int
main(void)
{
    int64_t begun_us;

    open_log();
    begun_us = cpu_us();
    for (int i = 0; i < LINES; i += BATCH) {
        int64_t batch_us = cpu_us();
        add_lines(i, BATCH);
        (void)ui_frame(box.ui);
        take(batch_us);
    }
    printf("%d lines taken and drawn, %.0f a second of processor time\n", LINES,
           LINES * 1e6 / (double)(cpu_us() - begun_us));
    print("100 lines and a frame (2,000/s: 50)", 50);
    for (int i = 0; i < KEYS; i++) {
        press((uint32_t) "jkgG"[i % 4]);
    }
    print("moving", 5);
    /* What is searched for is nowhere, or at the other end. */
    static const char *const patterns[] = { "nowhere", "request 3 done", "took=[0-9]+ms",
                                            "x|y|zz" };
    for (size_t p = 0; p < ARRAY_LEN(patterns); p++) {
        press('/');
        for (const char *at = patterns[p]; *at != '\0'; at++) {
            press((uint32_t)*at);
        }
        press(KEYS_ENTER);
        press('n');
        press('N');
    }
    print("searching, and slices of it", 5);
    ui_box_close(&box);
    return EXIT_SUCCESS;
}
