/* The server that tests/bench/http.sh loads beside nginx, over TLS and plain: /small (4 KB), /list
 * (10.5 MB), /watch (an answer that never ends), /memory ("WATCHES RESIDENT-KIB").
 * Usage: bench_http DIR.  Writes DIR/ca.crt, DIR/tls.crt, DIR/tls.key and prints "TLSPORT PORT";
 * runs until its standard input ends. */
#include "config.h" /* IWYU pragma: keep */

#include <stdio.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/pki.h"
#include "net/server.h"
#include "net/tls.h"

enum { BENCH_SMALL_SIZE = 4 << 10, BENCH_LIST_SIZE = 10500 << 10 };

struct bench {
    struct loop *loop;
    int watches;
    struct buf *small, *list;
    uv_poll_t input;
};

static enum pull_rc
bench_watch_pull(struct body *body, struct iovec *iov, int *io_len, size_t max_bytes)
{
    (void)body;
    (void)iov;
    (void)max_bytes;
    *io_len = 0;
    return PULL_WAIT;
}

static void
bench_watch_done(struct body *body)
{
    mem_free(body);
}

static void
bench_watch(struct bench *bench, struct http_request *request)
{
    struct body *body = MEM_NEW(struct body);

    *body = (struct body){ .pull = bench_watch_pull, .done = bench_watch_done, .size = -1 };
    bench->watches++;
    http_respond(request, &(struct http_response){ .status = 200, .body = body });
    http_shed(request);
}

static void
bench_memory(struct bench *bench, struct http_request *request)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    AUTO_STR struct str_builder text = { 0 };

    if (file != NULL) {
        if (fscanf(file, "%*d %ld", &pages) != 1) {
            pages = 0;
        }
        (void)fclose(file);
    }
    str_putf(&text, "%d %ld\n", bench->watches, pages * sysconf(_SC_PAGESIZE) / 1024);
    http_respond(request,
                 &(struct http_response){ .status = 200, .body = body_of_copy(str_view(&text)) });
}

static void
bench_request(void *ctx, struct http_request *request, struct intake **ret_intake)
{
    static const struct http_header type = { STR("content-type"), STR("application/json") };
    struct bench *bench = ctx;
    struct buf *buf = str_is(request->path, "/list") ? bench->list : bench->small;

    (void)ret_intake;
    if (str_is(request->path, "/watch")) {
        bench_watch(bench, request);
        return;
    }
    if (str_is(request->path, "/memory")) {
        bench_memory(bench, request);
        return;
    }
    http_respond(request, &(struct http_response){ .status = 200,
                                                   .headers = &type,
                                                   .header_len = 1,
                                                   .body = body_of_buf(buf_ref(buf)) });
}

static void
bench_input(uv_poll_t *poll, int status, int events)
{
    char byte;

    (void)events;
    if (status < 0 || read(0, &byte, 1) <= 0) {
        (void)uv_poll_stop(poll);
        loop_stop(((struct bench *)poll->data)->loop);
    }
}

static void
bench_save(const char *dir, const char *name, const char *text)
{
    AUTO_FREE char *path = mem_printf("%s/%s", dir, name);
    FILE *file = fopen(path, "we");

    if (file != NULL) {
        (void)fputs(text, file);
        (void)fclose(file);
    }
}

int
main(int argc, char **argv)
{
    struct bench bench = { .loop = loop_new() };
    struct http_handler handler = { .request = bench_request, .ctx = &bench };
    const char *ips[] = { "127.0.0.1", NULL };
    struct pki_names names = { .common_name = "bench", .ips = ips };
    struct err *err = NULL;
    struct pki_ca *ca = NULL;
    char *cert = NULL;
    char *key = NULL;
    struct tls_ctx *tls = NULL;
    int tls_port = 0;
    int port = 0;

    bench.small = buf_new(BENCH_SMALL_SIZE);
    memset(bench.small->at, 'x', BENCH_SMALL_SIZE);
    bench.list = buf_new(BENCH_LIST_SIZE);
    memset(bench.list->at, 'y', BENCH_LIST_SIZE);
    struct server *server = server_new(bench.loop, &handler, NULL);

    if (argc != 2 || pki_ca_open(argv[1], "ca", "bench-ca", &ca, &err) < 0 ||
        pki_issue(ca, &names, PKI_SERVER, 1, &cert, &key, &err) < 0 ||
        tls_server(str_of(cert), str_of(key), pki_ca_pem(ca), &tls, &err) < 0 ||
        server_listen_tcp(server, "127.0.0.1:0", tls, &tls_port, &err) < 0 ||
        server_listen_tcp(server, "127.0.0.1:0", NULL, &port, &err) < 0) {
        (void)fprintf(stderr, "bench_http: %s\n",
                      err == NULL ? "usage: bench_http DIR" : err->message);
        return 1;
    }
    bench_save(argv[1], "tls.crt", cert);
    bench_save(argv[1], "tls.key", key);
    (void)printf("%d %d\n", tls_port, port);
    (void)fflush(stdout);
    bench.input.data = &bench;
    (void)uv_poll_init(loop_uv(bench.loop), &bench.input, 0);
    (void)uv_poll_start(&bench.input, UV_READABLE, bench_input);
    loop_run(bench.loop);
    return 0;
}
