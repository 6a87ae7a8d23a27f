/* See the header.  Blocking calls on one thread: a benchmark's client has nothing else to do. */
#include "config.h" /* IWYU pragma: keep */

#include "tests/bench/etcd_anchor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

enum { START_MS = 15000, WINDOW = 1 << 20, KEY_SIZE = 32 };

struct etcd_anchor {
    int pid, port, fd;
    nghttp2_session *session;
    uint64_t puts; /* that were begun: makes keys */
    /* the run */
    char *value;
    size_t keys_len, value_size;
    int64_t end_us;
    int open;
    size_t good, bad;
    int64_t *latencies;
    size_t latencies_max;
};
struct put { /* one stream */
    struct etcd_anchor *anchor;
    int64_t start_us;
    char *message;
    size_t size, sent;
    bool is_good;
};

static int
free_port(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)bind(fd, (struct sockaddr *)&at, sizeof at); /* a port that cannot be had shows below */
    (void)getsockname(fd, (struct sockaddr *)&at, &size);
    (void)close(fd);
    return ntohs(at.sin_port);
}

static int
dial(int port)
{
    const struct sockaddr_in at = { .sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                    .sin_port = htons((uint16_t)port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;

    if (connect(fd, (const struct sockaddr *)&at, sizeof at) != 0) {
        (void)close(fd);
        return -1;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

/* ---- gRPC: a message is a zero byte, four of length, then fields as (number, 2), length, bytes ---- */

static size_t
put_varint(char *at, size_t value)
{
    size_t size = 0;

    for (; value > 127; value >>= 7) {
        at[size++] = (char)((value & 127) | 128);
    }
    at[size++] = (char)value;
    return size;
}

static size_t
put_bytes(char *at, char field, const char *bytes, size_t size)
{
    size_t used = 1;

    at[0] = (char)(field << 3 | 2);
    used += put_varint(at + used, size);
    memcpy(at + used, bytes, size);
    return used + size;
}

static struct put *
put_new(struct etcd_anchor *anchor)
{
    struct put *put = MEM_NEW(struct put);
    char key[KEY_SIZE];
    int key_size = snprintf(key, sizeof key, "/registry/pods/%08zu",
                            (size_t)(anchor->puts++ * 7919 % anchor->keys_len));

    put->anchor = anchor;
    put->message = mem_new(5 + 2 * 6 + (size_t)key_size + anchor->value_size);
    put->size = 5 + put_bytes(put->message + 5, 1, key, (size_t)key_size);
    put->size += put_bytes(put->message + put->size, 2, anchor->value, anchor->value_size);
    uint32_t length = htonl((uint32_t)(put->size - 5));

    memcpy(put->message + 1, &length, 4);
    return put;
}

static void
put_free(struct put *put)
{
    mem_free(put->message);
    mem_free(put);
}

static ssize_t
on_pull(nghttp2_session *session, int32_t id, uint8_t *out, size_t size, uint32_t *flags,
        nghttp2_data_source *source, void *ctx)
{
    struct put *put = source->ptr;
    size_t left = put->size - put->sent;

    (void)session;
    (void)id;
    (void)ctx;
    size = size < left ? size : left;
    memcpy(out, put->message + put->sent, size);
    put->sent += size;
    if (put->sent == put->size) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return (ssize_t)size;
}

static nghttp2_nv
header(const char *name, const char *value)
{
    return (nghttp2_nv){ (uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
                         strlen(value), NGHTTP2_NV_FLAG_NONE };
}

static void
put_begin(struct etcd_anchor *anchor)
{
    const nghttp2_nv headers[] = {
        header(":method", "POST"),
        header(":scheme", "http"),
        header(":authority", "127.0.0.1"),
        header(":path", "/etcdserverpb.KV/Put"),
        header("content-type", "application/grpc"),
        header("te", "trailers"),
    };
    struct put *put = put_new(anchor);
    const nghttp2_data_provider body = { .source.ptr = put, .read_callback = on_pull };

    put->start_us = clock_mono_us();
    anchor->open++;
    if (nghttp2_submit_request(anchor->session, NULL, headers, ARRAY_LEN(headers), &body, put) <
        0) {
        abort(); /* out of memory */
    }
}

static int
on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
          size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags, void *ctx)
{
    struct put *put = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    (void)flags;
    (void)ctx;
    if (name_size == 11 && memcmp(name, "grpc-status", 11) == 0) {
        put->is_good = value_size == 1 && value[0] == '0';
    }
    return 0;
}

static int
on_close(nghttp2_session *session, int32_t id, uint32_t code, void *ctx)
{
    struct etcd_anchor *anchor = ctx;
    struct put *put = nghttp2_session_get_stream_user_data(session, id);
    int64_t now_us = clock_mono_us();

    (void)code;
    anchor->open--;
    if (put->is_good) {
        if (anchor->good < anchor->latencies_max) {
            anchor->latencies[anchor->good] = now_us - put->start_us;
        }
        anchor->good++;
    } else {
        anchor->bad++;
    }
    put_free(put);
    if (now_us < anchor->end_us) {
        put_begin(anchor);
    }
    return 0;
}

static int
session_open(struct etcd_anchor *anchor)
{
    nghttp2_session_callbacks *callbacks = NULL;
    const nghttp2_settings_entry settings[] = { { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW } };

    anchor->fd = dial(anchor->port);
    if (anchor->fd < 0 || nghttp2_session_callbacks_new(&callbacks) != 0) {
        return -1;
    }
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    int rc = nghttp2_session_client_new(&anchor->session, callbacks, anchor);

    nghttp2_session_callbacks_del(callbacks);
    return rc != 0 ? -1
                   : nghttp2_submit_settings(anchor->session, NGHTTP2_FLAG_NONE, settings,
                                             ARRAY_LEN(settings));
}

/* Sends what there is, then takes what came: 0, or -1 when the connection is over. */
static int
session_turn(struct etcd_anchor *anchor)
{
    static uint8_t in[64 << 10];
    const uint8_t *out = NULL;

    for (;;) {
        ssize_t size = nghttp2_session_mem_send(anchor->session, &out);

        if (size <= 0) {
            break;
        }
        for (ssize_t sent = 0; sent < size;) {
            ssize_t rc = send(anchor->fd, out + sent, (size_t)(size - sent), MSG_NOSIGNAL);

            if (rc < 0) {
                return -1;
            }
            sent += rc;
        }
    }
    ssize_t got = recv(anchor->fd, in, sizeof in, 0);

    return got <= 0 || nghttp2_session_mem_recv(anchor->session, in, (size_t)got) < 0 ? -1 : 0;
}

size_t
etcd_anchor_puts(struct etcd_anchor *anchor, int in_flight, size_t keys_len, size_t value_size,
                 int64_t run_ms, int64_t *latencies, size_t latencies_max)
{
    anchor->value = mem_new(value_size);
    memset(anchor->value, 'v', value_size);
    anchor->keys_len = keys_len;
    anchor->value_size = value_size;
    anchor->end_us = clock_mono_us() + run_ms * 1000;
    anchor->good = anchor->bad = 0;
    anchor->latencies = latencies;
    anchor->latencies_max = latencies_max;
    for (int i = 0; i < in_flight; i++) {
        put_begin(anchor);
    }
    while (anchor->open > 0) {
        if (session_turn(anchor) != 0) {
            (void)fprintf(stderr, "etcd: the connection is gone\n");
            break;
        }
    }
    if (anchor->bad > 0) {
        (void)fprintf(stderr, "etcd: %zu puts failed\n", anchor->bad);
    }
    mem_free(anchor->value);
    anchor->value = NULL;
    return anchor->good;
}

/* ---- the server ---- */

static void
exec_etcd(const char *directory, int port, int peer_port)
{
    AUTO_FREE char *client = mem_printf("http://127.0.0.1:%d", port);
    AUTO_FREE char *peer = mem_printf("http://127.0.0.1:%d", peer_port);
    AUTO_FREE char *cluster = mem_printf("default=%s", peer);
    AUTO_FREE char *data = mem_printf("%s/etcd", directory);
    int quiet = open("/dev/null", O_RDWR | O_CLOEXEC);

    (void)dup2(quiet, 1);
    (void)dup2(quiet, 2);
    (void)execlp("etcd", "etcd", "--data-dir", data, "--listen-client-urls", client,
                 "--advertise-client-urls", client, "--listen-peer-urls", peer,
                 "--initial-advertise-peer-urls", peer, "--initial-cluster", cluster,
                 "--quota-backend-bytes", "8000000000", (char *)NULL);
    _exit(127);
}

struct etcd_anchor *
etcd_anchor_start(const char *directory)
{
    struct etcd_anchor *anchor = MEM_NEW(struct etcd_anchor);
    int64_t give_up_ms = clock_mono_ms() + START_MS;
    int64_t latency = 0;

    anchor->fd = -1;
    anchor->port = free_port();
    anchor->pid = fork();
    if (anchor->pid == 0) {
        exec_etcd(directory, anchor->port, free_port());
    }
    for (;;) {
        if (waitpid(anchor->pid, NULL, WNOHANG) != 0) {
            (void)fprintf(stderr, "etcd: does not start (is etcd-server installed?)\n");
            mem_free(anchor);
            return NULL;
        }
        if (session_open(anchor) == 0 && etcd_anchor_puts(anchor, 1, 1, 10, 0, &latency, 1) == 1) {
            return anchor;
        }
        (void)close(anchor->fd);
        nghttp2_session_del(anchor->session);
        anchor->session = NULL;
        anchor->open = 0;
        if (clock_mono_ms() > give_up_ms) {
            (void)fprintf(stderr, "etcd: not ready in %d ms\n", START_MS);
            etcd_anchor_stop(anchor);
            return NULL;
        }
        (void)poll(NULL, 0, 50);
    }
}

void
etcd_anchor_stop(struct etcd_anchor *anchor)
{
    (void)kill(anchor->pid, SIGKILL);
    (void)waitpid(anchor->pid, NULL, 0);
    nghttp2_session_del(anchor->session);
    (void)close(anchor->fd);
    mem_free(anchor);
}

int
etcd_anchor_pid(const struct etcd_anchor *anchor)
{
    return anchor->pid;
}
