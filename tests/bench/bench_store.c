/* The SQLite store beside etcd and the bare disk, in the same minutes: writes a second at 1, 8 and 64
 * in flight, the tail during compaction, the load of 10,000 objects.  Usage: bench_store [ROUNDS [MS
 * [DIRECTORY]]]; without etcd its columns say so. */
#include "config.h" /* IWYU pragma: keep */

#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "store/store.h"
#include "tests/bench/etcd_anchor.h"

enum { KEYS = 10000, VALUE_SIZE = 4096, LATENCIES = 1 << 20, ROUNDS_MAX = 100, LOAD_SIZE = 6500 };

static const int in_flights[] = { 1, 8, 64 };
enum { FLIGHTS = ARRAY_LEN(in_flights) };

struct figures { /* of one run */
    double per_s, p50_us, p99_us, cpu_us, batch;
};
struct flight { /* one writer of the store */
    struct bench *bench;
    size_t key;
    int64_t start_us;
};
struct bench {
    char *directory, *path;
    struct loop *loop;
    struct store *store;
    uint64_t revs[KEYS];
    struct buf *keys[KEYS];
    struct buf *value;
    size_t next_key, done, open, batches;
    int64_t end_us;
    bool is_compacting; /* again and again */
    int64_t *latencies;
    size_t rows, bytes; /* of a load */
};

static void
fail(const char *what, struct err *err)
{
    (void)fprintf(stderr, "bench_store: %s: %s\n", what, err == NULL ? "failed" : err->message);
    exit(1);
}

/* ---- figures ---- */

static int
compare_int64(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a;
    int64_t two = *(const int64_t *)b;

    return one < two ? -1 : one > two;
}

static int
compare_double(const void *a, const void *b)
{
    double one = *(const double *)a;
    double two = *(const double *)b;

    return one < two ? -1 : one > two;
}

static double
median(double *values, size_t len)
{
    qsort(values, len, sizeof *values, compare_double);
    return len % 2 == 1 ? values[len / 2] : (values[len / 2 - 1] + values[len / 2]) / 2;
}

static struct figures
figures_of(int64_t *latencies, size_t done, int64_t wall_us, double cpu_us)
{
    size_t kept = done < LATENCIES ? done : LATENCIES;

    if (done == 0) {
        return (struct figures){ 0 };
    }
    qsort(latencies, kept, sizeof *latencies, compare_int64);
    return (struct figures){ .per_s = (double)done * 1e6 / (double)wall_us,
                             .p50_us = (double)latencies[kept / 2],
                             .p99_us = (double)latencies[kept - 1 - kept / 100],
                             .cpu_us = cpu_us / (double)done };
}

static double
own_cpu_us(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* Of another process, all its threads; 10 ms ticks. */
static double
cpu_us_of(int pid)
{
    char path[64];
    char text[1024] = "";
    unsigned long user = 0;
    unsigned long system_time = 0;

    (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = read(fd, text, sizeof text - 1);
    const char *at = size > 0 ? strrchr(text, ')') : NULL;

    if (at == NULL || sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                             &system_time) != 2) {
        return 0;
    }
    return (double)(user + system_time) * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

static long
own_rss_kib(void)
{
    char text[128] = "";
    long pages = 0;
    AUTO_FD int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

    if (read(fd, text, sizeof text - 1) > 0) {
        (void)sscanf(text, "%*d %ld", &pages);
    }
    return pages * sysconf(_SC_PAGESIZE) / 1024;
}

/* ---- the subjects ---- */

static void flight_go(struct flight *flight);

static void
on_events(void *ctx, const struct store_event *events, size_t len)
{
    struct bench *bench = ctx;

    (void)events;
    (void)len;
    bench->batches++; /* one call each */
}

static void
on_compacted(void *ctx, enum store_rc rc, uint64_t rev, struct buf *current, struct err *owned)
{
    struct bench *bench = ctx;

    (void)current;
    (void)rev;
    if (rc != STORE_OK) {
        fail("compact", owned);
    }
    if (bench->is_compacting && clock_mono_us() < bench->end_us) {
        store_compact(bench->store, bench->store->rev, on_compacted, bench);
    }
}

static void
flight_done(void *ctx, enum store_rc rc, uint64_t rev, struct buf *current, struct err *owned)
{
    struct flight *flight = ctx;
    struct bench *bench = flight->bench;
    int64_t now_us = clock_mono_us();

    (void)current;
    if (rc != STORE_OK) {
        fail("write", owned);
    }
    bench->revs[flight->key] = rev;
    if (bench->done < LATENCIES) {
        bench->latencies[bench->done] = now_us - flight->start_us;
    }
    bench->done++;
    if (now_us < bench->end_us) {
        flight_go(flight);
    } else if (--bench->open == 0) {
        loop_stop(bench->loop);
    }
}

static void
flight_go(struct flight *flight)
{
    struct bench *bench = flight->bench;
    const struct store_actor actor = { .user = STR("system:serviceaccount:kube-system:bench"),
                                       .agent = STR("bench/v1.35 (linux/amd64)"),
                                       .address = STR("10.42.0.17"),
                                       .verb = STR("update") };

    flight->key = bench->next_key++ * 7919 % KEYS;
    flight->start_us = clock_mono_us();
    const struct store_write write = { .key = bench->keys[flight->key],
                                       .value = bench->value,
                                       .expect_rev = bench->revs[flight->key],
                                       .actor = &actor };

    store_commit(bench->store, &write, flight_done, flight);
}

static struct figures
run_store(struct bench *bench, int in_flight, int64_t run_ms)
{
    struct flight flights[64];
    double cpu_us = own_cpu_us();
    int64_t start_us = clock_mono_us();

    bench->done = bench->batches = 0;
    bench->end_us = start_us + run_ms * 1000;
    for (int i = 0; i < in_flight; i++) {
        flights[i] = (struct flight){ .bench = bench };
        bench->open++;
        flight_go(&flights[i]);
    }
    if (bench->is_compacting) {
        store_compact(bench->store, bench->store->rev, on_compacted, bench);
    }
    loop_run(bench->loop);
    struct figures figures = figures_of(bench->latencies, bench->done, clock_mono_us() - start_us,
                                        own_cpu_us() - cpu_us);

    figures.batch = (double)bench->done / (double)bench->batches;
    return figures;
}

static struct figures
run_etcd(struct bench *bench, struct etcd_anchor *anchor, int in_flight, int64_t run_ms)
{
    if (anchor == NULL) {
        return (struct figures){ 0 };
    }
    double cpu_us = cpu_us_of(etcd_anchor_pid(anchor));
    int64_t start_us = clock_mono_us();
    size_t done =
        etcd_anchor_puts(anchor, in_flight, KEYS, VALUE_SIZE, run_ms, bench->latencies, LATENCIES);

    return figures_of(bench->latencies, done, clock_mono_us() - start_us,
                      cpu_us_of(etcd_anchor_pid(anchor)) - cpu_us);
}

/* fdatasync of 4 KB overwrites: what the disk gives. */
static struct figures
run_disk(struct bench *bench, int64_t run_ms)
{
    AUTO_FREE char *path = mem_printf("%s/disk", bench->directory);
    AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    static char page[4096];
    int64_t start_us = clock_mono_us();
    int64_t now_us = start_us;
    size_t done = 0;

    (void)posix_fallocate(fd, 0, 16 << 20); /* without, the first writes also allocate */
    for (; now_us < start_us + run_ms * 1000; done++) {
        int64_t before_us = now_us;

        if (pwrite(fd, page, sizeof page, (off_t)(done % 4096) * 4096) != sizeof page ||
            fdatasync(fd) != 0) {
            fail("fdatasync", NULL);
        }
        now_us = clock_mono_us();
        bench->latencies[done % LATENCIES] = now_us - before_us;
    }
    return figures_of(bench->latencies, done, now_us - start_us, 0);
}

/* ---- tables ---- */

static void
bench_writes(struct bench *bench, int rounds, int64_t run_ms)
{
    struct etcd_anchor *etcd = etcd_anchor_start(bench->directory);
    static double disk[ROUNDS_MAX], store[5][ROUNDS_MAX], peer[5][ROUNDS_MAX], ratio[ROUNDS_MAX];

    (void)printf("writes of %d bytes over %d keys, FULL, medians of %d rounds of %" PRId64 " ms\n",
                 VALUE_SIZE, KEYS, rounds, run_ms);
    (void)printf("%9s %9s %8s %8s %8s %8s %9s %8s %8s %8s %8s %9s\n", "in flight", "store/s",
                 "p50 us", "p99 us", "cpu us", "batch", "etcd/s", "p50 us", "p99 us", "cpu us",
                 "ratio", "disk/s");
    for (size_t f = 0; f < FLIGHTS; f++) {
        for (int round = 0; round < rounds; round++) {
            struct figures s = run_store(bench, in_flights[f], run_ms);
            struct figures e = run_etcd(bench, etcd, in_flights[f], run_ms);
            const double mine[5] = { s.per_s, s.p50_us, s.p99_us, s.cpu_us, s.batch };
            const double its[5] = { e.per_s, e.p50_us, e.p99_us, e.cpu_us, 0 };

            disk[round] = run_disk(bench, run_ms / 2).per_s;
            for (int i = 0; i < 5; i++) {
                store[i][round] = mine[i];
                peer[i][round] = its[i];
            }
            ratio[round] = e.per_s > 0 ? s.per_s / e.per_s : 0;
        }
        (void)printf("%9d", in_flights[f]);
        for (int i = 0; i < 5; i++) {
            (void)printf(i == 0 ? " %9.0f" : " %8.0f", median(store[i], (size_t)rounds));
        }
        for (int i = 0; i < 4; i++) {
            (void)printf(i == 0 ? " %9.0f" : " %8.0f", median(peer[i], (size_t)rounds));
        }
        (void)printf(" %7.2fx %9.0f\n", median(ratio, (size_t)rounds),
                     median(disk, (size_t)rounds));
        (void)fflush(stdout);
    }
    if (etcd != NULL) {
        etcd_anchor_stop(etcd);
    }
}

/* The tail of 8 in flight, alone and with compaction running all the time. */
static void
bench_compaction(struct bench *bench, int rounds, int64_t run_ms)
{
    static double quiet[ROUNDS_MAX], busy[ROUNDS_MAX];

    for (int round = 0; round < rounds; round++) {
        quiet[round] = run_store(bench, 8, run_ms * 2).p99_us;
        bench->is_compacting = true;
        busy[round] = run_store(bench, 8, run_ms * 2).p99_us;
        bench->is_compacting = false;
    }
    double alone = median(quiet, (size_t)rounds);
    double both = median(busy, (size_t)rounds);

    (void)printf("p99 at 8 in flight: %.0f us, with compaction and checkpoints %.0f us, %.2fx\n",
                 alone, both, both / alone);
}

/* ---- loading: the store's list beside the same rows from bare SQLite ---- */

static void
on_list(void *ctx, const struct store_item *items, size_t len, bool is_last, uint64_t rev,
        struct err *owned)
{
    struct bench *bench = ctx;

    (void)rev;
    if (owned != NULL) {
        fail("list", owned);
    }
    for (size_t i = 0; i < len; i++) {
        bench->rows++;
        bench->bytes += items[i].value->size;
    }
    if (is_last) {
        loop_stop(bench->loop);
    }
}

static double
load_store(struct bench *bench)
{
    int64_t start_us = clock_mono_us();

    bench->rows = bench->bytes = 0;
    store_list(bench->store, STR("/registry/"), 0, (struct str){ 0 }, 0, on_list, bench);
    loop_run(bench->loop);
    return (double)(clock_mono_us() - start_us) / 1000;
}

static double
load_bare(struct bench *bench)
{
    int64_t start_us = clock_mono_us();
    sqlite3 *handle = NULL;
    sqlite3_stmt *stmt = NULL;

    bench->rows = bench->bytes = 0;
    if (sqlite3_open_v2(bench->path, &handle, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(handle,
                           "SELECT cur.key, cur.rev, cur.create_rev, kv.val FROM cur"
                           " CROSS JOIN kv USING (rev) ORDER BY cur.key",
                           -1, &stmt, NULL) != SQLITE_OK) {
        fail(sqlite3_errmsg(handle), NULL);
    }
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        size_t size = (size_t)sqlite3_column_bytes(stmt, 3);
        struct buf *copy = buf_copy(str_slice(sqlite3_column_blob(stmt, 3), size));

        bench->rows++;
        bench->bytes += copy->size;
        buf_unref(copy);
    }
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_close(handle);
    return (double)(clock_mono_us() - start_us) / 1000;
}

static void
bench_load(struct bench *bench, int rounds)
{
    static double mine[ROUNDS_MAX], bare[ROUNDS_MAX], cpu[ROUNDS_MAX];
    size_t rows = 0;

    for (int round = 0; round < rounds; round++) {
        double start_us = own_cpu_us();

        bare[round] = load_bare(bench);
        rows = bench->rows;
        double middle_us = own_cpu_us();

        mine[round] = load_store(bench);
        cpu[round] = (own_cpu_us() - middle_us) / (middle_us - start_us);
        if (bench->rows != rows) {
            fail("the lists differ", NULL);
        }
    }
    double own = median(mine, (size_t)rounds);
    double other = median(bare, (size_t)rounds);

    (void)printf("load of %zu rows, %.1f MB: %.0f ms, bare SQLite %.0f ms, %.2fx (cpu %.2fx)\n",
                 bench->rows, (double)bench->bytes / 1e6, own, other, own / other,
                 median(cpu, (size_t)rounds));
}

static void
on_history(void *ctx, const struct store_history_item *items, size_t len, bool is_last,
           struct err *owned)
{
    struct bench *bench = ctx;

    (void)items;
    if (owned != NULL) {
        fail("history", owned);
    }
    bench->rows += len;
    if (is_last) {
        loop_stop(bench->loop);
    }
}

/* All revisions of one key: it has no index of its own, so that writes need not keep one. */
static void
bench_history(struct bench *bench)
{
    int64_t start_us = clock_mono_us();

    bench->rows = 0;
    store_history(bench->store, buf_str(bench->keys[17]), 0, 0, on_history, bench);
    loop_run(bench->loop);
    (void)printf("history of one key, %zu rows of %" PRIu64 ": %.0f ms\n", bench->rows,
                 bench->store->rev, (double)(clock_mono_us() - start_us) / 1000);
}

static void
bench_open(struct bench *bench, const char *directory)
{
    struct err *err = NULL;

    bench->directory = mem_printf("%s/binnacle-bench-XXXXXX", directory);
    if (mkdtemp(bench->directory) == NULL) {
        fail("a directory", NULL);
    }
    bench->path = mem_printf("%s/db", bench->directory);
    bench->latencies = mem_new_array(LATENCIES, sizeof *bench->latencies);
    bench->value = buf_new(VALUE_SIZE);
    memset(bench->value->at, 'v', VALUE_SIZE);
    for (size_t i = 0; i < KEYS; i++) {
        AUTO_FREE char *key = mem_printf("/registry/core/pods/default/pod-%08zu", i);

        bench->keys[i] = buf_copy(str_of(key));
    }
    bench->loop = loop_new();
    long rss_kib = own_rss_kib();
    int64_t start_us = clock_mono_us();

    if (store_sqlite_open(bench->loop, bench->path, NULL, NULL, &bench->store, &err) != 0) {
        fail("open", err);
    }
    store_watch(bench->store, 0, on_events, bench);
    (void)printf("open of a new file: %.1f ms, RSS + %ld KiB\n",
                 (double)(clock_mono_us() - start_us) / 1000, own_rss_kib() - rss_kib);
}

static void
on_closed(void *ctx)
{
    loop_stop(ctx);
}

static void
bench_close(struct bench *bench)
{
    store_close(bench->store, on_closed, bench->loop);
    loop_run(bench->loop);
    AUTO_FREE char *remove = mem_printf("rm -rf '%s'", bench->directory);

    (void)fflush(stdout);
    (void)execl("/bin/sh", "sh", "-c", remove, (char *)NULL);
}

int
main(int argc, char **argv)
{
    static struct bench bench;
    int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 5;
    int64_t run_ms = argc > 2 ? strtol(argv[2], NULL, 10) : 1000;

    rounds = rounds < 1 ? 1 : rounds > ROUNDS_MAX ? ROUNDS_MAX : rounds;
    bench_open(&bench, argc > 3 ? argv[3] : "/var/tmp");
    bench_writes(&bench, rounds, run_ms);
    bench_compaction(&bench, rounds, run_ms);
    buf_unref(bench.value);
    bench.value = buf_new(LOAD_SIZE);
    memset(bench.value->at, 'v', LOAD_SIZE);
    (void)run_store(&bench, 64, run_ms * 3);
    bench_load(&bench, rounds);
    bench_history(&bench);
    (void)malloc_trim(0);
    (void)printf("RSS after all that: %ld KiB\n", own_rss_kib());
    bench_close(&bench);
    return 1;
}
