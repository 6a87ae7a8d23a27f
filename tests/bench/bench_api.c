/* Requests a second of a running server, over HTTP/2 and mutual TLS: creates of 4 KB ConfigMaps and
 * GETs of one, at 1, 8 and 64 in flight, with the time that the server's process spent.
 *
 * Usage: bench_api KUBECONFIG [PID [MS [WHAT [IN_FLIGHT]]]].  PID: of the server, for its processor
 * time. WHAT: get, create, or a path to get, of any server; without it all that is above. */
#include "config.h" /* IWYU pragma: keep */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/kubeconf.h"
#include "net/http_client.h"
#include "net/tls.h"

enum { DATA_SIZE = 4096, MS = 3000, LATENCIES = 1 << 20 };
static const int in_flights[] = { 1, 8, 64 };

struct flight {
    struct bench *bench;
    int64_t begun_us;
};
struct bench {
    struct loop *loop;
    struct http_client *client;
    bool is_create;
    const char *path; /* to get */
    int64_t until_us;
    int running;
    size_t done, failed, names;
    int64_t *latency_us;
    struct flight flights[64];
    char data[DATA_SIZE + 1];
};

static void next(struct flight *flight);

static void
done(void *ctx, const struct http_answer *answer, struct err *owned)
{
    struct flight *flight = ctx;
    struct bench *bench = flight->bench;
    int64_t now = clock_mono_us();
    if (owned != NULL || answer->status / 100 != 2) {
        bench->failed++;
        err_free(owned);
    }
    if (bench->done < LATENCIES) {
        bench->latency_us[bench->done] = now - flight->begun_us;
    }
    bench->done++;
    if (now < bench->until_us) {
        next(flight);
    } else if (--bench->running == 0) {
        loop_stop(bench->loop);
    }
}

static size_t
drop(void *ctx, const void *bytes, size_t size)
{
    (void)ctx;
    (void)bytes;
    return size;
}

static void
next(struct flight *flight)
{
    static const struct http_header headers[] = {
        { STR("content-type"), STR("application/json") },
        { STR("user-agent"), STR("bench/1") },
    };
    struct bench *bench = flight->bench;
    struct http_call_spec spec = { .method = "GET",
                                   .path = bench->path,
                                   .headers = headers,
                                   .header_len = ARRAY_LEN(headers),
                                   .data_fn = drop,
                                   .done_fn = done,
                                   .ctx = flight };
    if (bench->is_create) {
        AUTO_FREE char *body =
            mem_printf("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
                       "\"name\":\"bench-%d-%zu\"},\"data\":{\"k\":\"%s\"}}",
                       (int)getpid(), bench->names++, bench->data);
        spec.method = "POST";
        spec.path = "/api/v1/namespaces/default/configmaps";
        spec.body = body_of_copy(str_of(body));
    }
    flight->begun_us = clock_mono_us();
    (void)http_client_call(bench->client, &spec);
}

static int
compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

/* User and system ticks of a process, in microseconds; 0 when it cannot be read. */
static int64_t
cpu_us(const char *pid)
{
    unsigned long user = 0, system = 0;
    AUTO_FREE char *path = mem_printf("/proc/%s/stat", pid == NULL ? "none" : pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return 0;
    }
    int found = fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                       &user, &system);
    (void)fclose(file);
    return found == 2 ? (int64_t)(user + system) * 1000000 / sysconf(_SC_CLK_TCK) : 0;
}

static void
run(struct bench *bench, bool is_create, int in_flight, const char *pid, int64_t ms)
{
    int64_t begin = clock_mono_us();
    int64_t cpu = cpu_us(pid);
    bench->is_create = is_create;
    bench->until_us = begin + ms * 1000;
    bench->running = in_flight;
    bench->done = bench->failed = 0;
    for (int i = 0; i < in_flight; i++) {
        bench->flights[i].bench = bench;
        next(&bench->flights[i]);
    }
    loop_run(bench->loop);
    double seconds = (double)(clock_mono_us() - begin) / 1e6;
    size_t kept = bench->done < LATENCIES ? bench->done : LATENCIES;
    qsort(bench->latency_us, kept, sizeof(int64_t), compare);
    printf("%-7s %3d in flight  %8.0f/s  p50 %6" PRId64 " us  p99 %6" PRId64
           " us  server %6.1f us each  %zu failed\n",
           is_create ? "create" : "get", in_flight, (double)bench->done / seconds,
           bench->latency_us[kept / 2], bench->latency_us[kept * 99 / 100],
           (double)(cpu_us(pid) - cpu) / (double)bench->done, bench->failed);
}

static int
open_client(struct bench *bench, const char *path, struct err **err)
{
    struct kubeconf conf = { 0 };
    struct tls_ctx *tls = NULL;
    if (kubeconf_load(path, NULL, &conf, err) < 0) {
        return -1;
    }
    struct tls_client spec = { .ca_pem = str_of(conf.ca_pem),
                               .cert_pem = str_of(conf.cert_pem),
                               .key_pem = str_of(conf.key_pem),
                               .server_name = "localhost",
                               .alpn = "h2" };
    int rc = tls_client(&spec, &tls, err);
    if (rc == 0) {
        struct http_client_spec to = { .address = conf.server + sizeof("https://") - 1,
                                       .authority = "localhost",
                                       .tls = tls,
                                       .dial_timeout_ms = 5000 };
        bench->client = http_client_new(bench->loop, &to);
        tls_unref(tls);
    }
    kubeconf_done(&conf);
    return rc;
}

static void
made(void *ctx, const struct http_answer *answer, struct err *owned)
{
    struct bench *bench = ctx;
    (void)answer;
    err_free(owned);
    loop_stop(bench->loop);
}

static void
make_subject(struct bench *bench)
{
    AUTO_FREE char *body = mem_printf("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
                                      "\"name\":\"bench\"},\"data\":{\"k\":\"%s\"}}",
                                      bench->data);
    struct http_call_spec spec = { .method = "POST",
                                   .path = "/api/v1/namespaces/default/configmaps",
                                   .body = body_of_copy(str_of(body)),
                                   .data_fn = drop,
                                   .done_fn = made,
                                   .ctx = bench };
    (void)http_client_call(bench->client, &spec);
    loop_run(bench->loop);
}

/* What the command line chose, or everything. */
static void
run_all(struct bench *bench, int argc, char **argv)
{
    const char *pid = argc > 2 ? argv[2] : NULL, *what = argc > 4 ? argv[4] : NULL;
    int64_t ms = argc > 3 ? strtoll(argv[3], NULL, 10) : MS;
    int64_t only = argc > 5 ? strtoll(argv[5], NULL, 10) : 0;
    bench->path = "/api/v1/namespaces/default/configmaps/bench";
    if (what == NULL || what[0] != '/') {
        make_subject(bench);
    } else {
        bench->path = what;
    }
    for (int create = 0; create < 2; create++) {
        bool is_chosen = what == NULL || (create != 0) == (strcmp(what, "create") == 0);
        for (size_t i = 0; is_chosen && i < ARRAY_LEN(in_flights); i++) {
            if (only == 0 || only == in_flights[i]) {
                run(bench, create != 0, in_flights[i], pid, ms);
            }
        }
    }
}

int
main(int argc, char **argv)
{
    struct bench *bench = MEM_NEW(struct bench);
    struct err *err = NULL;
    bench->loop = loop_new();
    bench->latency_us = mem_new_array(LATENCIES, sizeof(int64_t));
    memset(bench->data, 'x', DATA_SIZE);
    if (argc < 2 || open_client(bench, argv[1], &err) < 0) {
        (void)fprintf(stderr, "bench_api: %s\n",
                      err == NULL ? "usage: bench_api KUBECONFIG [PID [MS [WHAT [IN_FLIGHT]]]]"
                                  : err->message);
        return EXIT_FAILURE;
    }
    run_all(bench, argc, argv);
    http_client_free(bench->client);
    (void)loop_turn(bench->loop, 10);
    loop_free(bench->loop);
    mem_free(bench->latency_us);
    mem_free(bench);
    return EXIT_SUCCESS;
}
