/* See tb.h. */
#include "config.h"

#include "tests/lib/tb.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/object.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/job.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/pki.h"
#include "net/server.h"
#include "store/store.h"
#include "tests/lib/unit.h"

enum { TURN_MS = 5 };
static const int64_t noon_ms = 1795521600000; /* 2026-11-24T12:00:00Z */

/* ---- the server ---- */

struct starting {
    bool is_over;
    struct err *err;
};

static void
on_ready(void *ctx, struct err *owned)
{
    struct starting *starting = ctx;
    starting->is_over = true;
    starting->err = owned;
}

static bool
is_set(void *ctx)
{
    return *(bool *)ctx;
}

static void
set(void *ctx)
{
    *(bool *)ctx = true;
}

static void
listen_all(struct tb *tb)
{
    struct err *err = NULL;
    char dir[] = "/tmp/binnacle-tb-XXXXXX";
    if (mkdtemp(dir) == NULL) {
        perror("tb: mkdtemp");
        abort();
    }
    tb->socket = mem_printf("%s/socket", dir);
    tb->server = server_new(tb->loop, apiserver_handler(tb->api), NULL);
    if (server_listen_unix(tb->server, tb->socket, &err) < 0 ||
        server_listen_tcp(tb->server, "127.0.0.1:0", NULL, &tb->port, &err) < 0) {
        fprintf(stderr, "tb: %s\n", err->message);
        abort();
    }
}

int
tb_connect(struct tb *tb)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert(fd >= 0 && strlen(tb->socket) < sizeof(to.sun_path));
    memcpy(to.sun_path, tb->socket, strlen(tb->socket));
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
        perror("tb: connect");
        abort();
    }
    return fd;
}

int
tb_connect_tcp(struct tb *tb)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)tb->port) };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
        perror("tb: connect");
        abort();
    }
    return fd;
}

char *
tb_ask(struct tb *tb, int fd, const char *method, const char *path, const char *headers,
       const char *body)
{
    struct str_builder text = { 0 };
    char bytes[4096];
    AUTO_FREE char *request = mem_printf(
        "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n%s", method,
        path, headers, strlen(body), body);
    size_t size = strlen(request);
    if (write(fd, request, size) != (ssize_t)size) {
        perror("tb: write");
        abort();
    }
    for (int idle = 0; idle < TB_WAIT_MS / TURN_MS;) {
        idle += !loop_turn(tb->loop, TURN_MS);
        ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            break;
        }
        str_put(&text, str_slice(bytes, got > 0 ? (size_t)got : 0));
    }
    (void)close(fd);
    return str_steal(&text);
}

void
tb_ask_all(struct tb *tb, const struct tb_wanted *wanted, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const struct tb_wanted *w = &wanted[i];
        bool is_patch = strcmp(w->method, "PATCH") == 0;
        AUTO_FREE char *headers =
            mem_printf("Content-Type: application/%sjson\r\n%s", is_patch ? "merge-patch+" : "",
                       w->headers == NULL ? "" : w->headers);
        AUTO_FREE char *answer =
            tb_ask(tb, tb_connect(tb), w->method, w->path, headers, w->body == NULL ? "" : w->body);
        for (size_t h = 0; h < ARRAY_LEN(w->has) && w->has[h] != NULL; h++) {
            if (strstr(answer, w->has[h]) == NULL) {
                fprintf(stderr, "%s %s %s\nwant: %s\ngot: %s\n", w->method, w->path,
                        w->body == NULL ? "" : w->body, w->has[h], answer);
                fail();
            }
        }
    }
}

static void
remove_socket(struct tb *tb)
{
    if (tb->socket != NULL) {
        (void)unlink(tb->socket);
        *strrchr(tb->socket, '/') = '\0';
        (void)rmdir(tb->socket);
        mem_free(tb->socket);
    }
}

/* What its controller would make: pods of "default" run as it. */
static void
create_account(struct tb *tb)
{
    const struct resource *row =
        registry_find(tb->registry, STR(""), STR("v1"), STR("serviceaccounts"));
    struct call call = call_of(VERB_CREATE, row, STR("default"), STR(""));
    call.body = STR("{\"metadata\":{\"name\":\"default\"}}");
    struct tb_result r = tb_call(tb, tb->admin, &call);
    tb_result_done(&r); /* a store that is opened again has it */
}

struct tb *
tb_serve(const struct tb_opts *opts)
{
    static const struct tb_opts none;
    struct tb *tb = MEM_NEW(struct tb);
    opts = opts == NULL ? &none : opts;
    tb->warps_at_end = opts->warps_at_end;
    if (!opts->real_clock && !clock_is_stopped()) {
        clock_stop(noon_ms);
    }
    tb->loop = opts->loop != NULL ? opts->loop : loop_new();
    tb->jobs = job_pool_new(tb->loop, 1);
    tb->store = opts->store != NULL ? opts->store : store_mem_open(tb->loop);
    tb->registry = registry_new(kinds_builtin, kinds_builtin_len);
    AUTO_FREE char *key = NULL;
    struct err *err = NULL;
    (void)pki_key_new(&key, &err);
    struct str account_key = str_of(key);
    struct apiserver_spec spec = { .loop = tb->loop,
                                   .jobs = tb->jobs,
                                   .store = tb->store,
                                   .registry = tb->registry,
                                   .service_cidr = opts->service_cidr,
                                   .audit_fd = -1,
                                   .sa_keys_pem = &account_key,
                                   .sa_key_len = 1,
                                   .owner_uid = getuid(),
                                   .data_dir_owner = "us",
                                   .max_read = opts->max_read,
                                   .max_write = opts->max_write,
                                   .ring = opts->ring };
    tb->api = apiserver_new(&spec);
    struct starting starting = { false, NULL };
    apiserver_start(tb->api, on_ready, &starting);
    if (!tb_until(tb, is_set, &starting.is_over) || starting.err != NULL) {
        fprintf(stderr, "tb: not ready: %s\n",
                starting.err == NULL ? "too slow" : starting.err->message);
        abort();
    }
    static const char *const masters[] = { "system:masters", NULL };
    tb->admin = apiserver_client(tb->api, "admin", masters);
    create_account(tb);
    tb->configmaps = registry_find(tb->registry, STR(""), STR("v1"), STR("configmaps"));
    tb->namespaces = registry_find(tb->registry, STR(""), STR("v1"), STR("namespaces"));
    if (opts->listen) {
        listen_all(tb);
    }
    return tb;
}

void
tb_free(struct tb *tb)
{
    bool is_over = false;
    client_free(tb->admin);
    if (tb->server != NULL) {
        server_close(tb->server, 0, set, &is_over);
        (void)tb_until(tb, is_set, &is_over);
    }
    is_over = false;
    apiserver_stop(tb->api, set, &is_over);
    if (tb->warps_at_end) {
        clock_warp(STORE_PATIENCE_MS);
    }
    (void)tb_until(tb, is_set, &is_over);
    is_over = false;
    store_close(tb->store, set, &is_over);
    (void)tb_until(tb, is_set, &is_over);
    apiserver_free(tb->api);
    job_pool_free(tb->jobs);
    registry_unref(tb->registry);
    loop_free(tb->loop);
    remove_socket(tb);
    mem_free(tb);
}

struct client *
tb_client(struct tb *tb, const char *user, const char *const *groups)
{
    return apiserver_client(tb->api, user, groups);
}

bool
tb_until(struct tb *tb, bool (*cond)(void *ctx), void *ctx)
{
    int idle_ms = 0;
    while (!cond(ctx)) {
        if (idle_ms > TB_WAIT_MS) {
            return false;
        }
        if (!loop_turn(tb->loop, TURN_MS)) {
            idle_ms += TURN_MS;
        }
    }
    return true;
}

void
tb_turns(struct tb *tb, int turns)
{
    for (int i = 0; i < turns; i++) {
        (void)loop_turn(tb->loop, 0);
    }
}

void
tb_warp(struct tb *tb, int64_t by_ms)
{
    clock_warp(by_ms);
    tb_turns(tb, 20);
}

/* ---- calls ---- */

static void
take_items(struct tb_result *result, const struct reply *reply)
{
    AUTO_STR struct str_builder names = { 0 };
    for (size_t i = 0; i < reply->item_len; i++) {
        str_put(&names, i > 0 ? STR(",") : STR(""));
        str_put(&names, reply->items[i]->name);
    }
    result->items = reply->item_len;
    result->names = str_steal(&names);
    result->continue_token = str_dup(reply->continue_token);
}

static void
on_reply(void *ctx, const struct reply *reply, struct err *owned)
{
    struct tb_result *result = ctx;
    assert(!result->is_done);
    result->is_done = true;
    result->err = owned;
    result->http = owned != NULL ? err_http(owned) : reply->http;
    if (owned != NULL) {
        return;
    }
    result->rev = reply->rev;
    result->object = object_ref(reply->object);
    result->bytes = str_dup(reply->object != NULL ? object_bytes(reply->object) : reply->bytes);
    take_items(result, reply);
}

void
tb_start(struct tb *tb, struct client *client, const struct call *call, struct tb_result *ret)
{
    (void)tb;
    *ret = (struct tb_result){ 0 };
    ret->handle = client_call(client, call, on_reply, ret);
}

void
tb_wait(struct tb *tb, struct tb_result *result)
{
    if (!tb_until(tb, is_set, &result->is_done)) {
        fprintf(stderr, "tb: a call was not answered in time\n");
        abort();
    }
}

struct tb_result
tb_call(struct tb *tb, struct client *client, const struct call *call)
{
    struct tb_result result;
    tb_start(tb, client, call, &result);
    tb_wait(tb, &result);
    return result;
}

void
tb_result_done(struct tb_result *result)
{
    object_unref(result->object);
    mem_free(result->bytes);
    mem_free(result->names);
    mem_free(result->continue_token);
    err_free(result->err);
    *result = (struct tb_result){ 0 };
}

static struct call
of(struct tb *tb, enum verb verb, const char *name)
{
    return call_of(verb, tb->configmaps, STR("default"), str_of(name));
}

struct call
tb_get(struct tb *tb, const char *name)
{
    return of(tb, VERB_GET, name);
}

struct call
tb_create(struct tb *tb, const char *json)
{
    struct call call = of(tb, VERB_CREATE, NULL);
    call.body = str_of(json);
    return call;
}

struct call
tb_put(struct tb *tb, const char *name, const char *json)
{
    struct call call = of(tb, VERB_UPDATE, name);
    call.body = str_of(json);
    return call;
}

struct call
tb_merge(struct tb *tb, const char *name, const char *patch)
{
    struct call call = of(tb, VERB_PATCH, name);
    call.body = str_of(patch);
    call.body_type = BODY_MERGE_PATCH;
    return call;
}

struct call
tb_delete(struct tb *tb, const char *name)
{
    return of(tb, VERB_DELETE, name);
}

struct call
tb_list(struct tb *tb)
{
    return of(tb, VERB_LIST, NULL);
}

/* ---- watches ---- */

static void
on_event(void *ctx, const struct watch_event *event)
{
    static const char *const types[] = { [WATCH_ADDED] = "ADDED",
                                         [WATCH_MODIFIED] = "MODIFIED",
                                         [WATCH_DELETED] = "DELETED",
                                         [WATCH_BOOKMARK] = "BOOKMARK" };
    struct tb_watch *watch = ctx;
    struct str name = event->object != NULL ? event->object->name : STR("-");
    str_putf(&watch->log, "%s " STR_FMT " %llu%s;", types[event->type], STR_ARG(name),
             (unsigned long long)event->rev, event->is_initial_end ? "*" : "");
    watch->rev = event->rev;
    watch->len++;
}

static void
on_watch_done(void *ctx, const struct reply *reply, struct err *owned)
{
    struct tb_watch *watch = ctx;
    (void)reply;
    watch->is_done = true;
    watch->err = owned;
}

void
tb_watch(struct tb *tb, const struct call *call, struct tb_watch *watch)
{
    *watch = (struct tb_watch){ 0 };
    watch->handle = client_watch(tb->admin, call, on_event, on_watch_done, watch);
    tb_turns(tb, 20);
}

void
tb_watch_done(struct tb *tb, struct tb_watch *watch)
{
    if (!watch->is_done) {
        client_cancel(watch->handle);
        (void)tb_until(tb, is_set, &watch->is_done);
    }
    err_free(watch->err);
    str_done(&watch->log);
}
