/* A whole API server in the test's process: virtual clock, store and resources of choice, clients
 * of any user, calls that are waited for. One thread: the loop turns inside these functions. */
#ifndef BINNACLE_TESTS_LIB_TB_H
#define BINNACLE_TESTS_LIB_TB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/registry.h"
#include "apiserver/apiserver.h"
#include "base/str.h"
#include "client/client.h"

struct object;

enum { TB_WAIT_MS = 20000 /* real time until a test gives up */ };

struct tb_opts {
    struct sink_limits ring;
    int max_read, max_write;
    struct store *store;      /* NULL: store_mem; owned from now on */
    struct loop *loop;        /* of that store; NULL: a new one */
    const char *service_cidr; /* NULL: Services get no addresses */
    bool real_clock;          /* time runs by itself */
    bool warps_at_end;        /* the clock goes on in tb_free, so that its patient writes end */
    bool listen; /* HTTP on a Unix socket → tb->socket, and on loopback → tb->port */
};
struct tb {
    struct loop *loop;
    struct job_pool *jobs;
    struct store *store;
    struct registry *registry;
    struct apiserver *api;
    struct server *server;
    struct client *admin; /* system:masters */
    const struct resource *configmaps, *namespaces;
    char *socket; /* path; who connects is local:<us>, system:masters */
    int port;     /* plain HTTP: who connects is who its token says */
    bool warps_at_end;
};

struct tb *tb_serve(const struct tb_opts *opts); /* ready when it returns; NULL: all defaults */
void tb_free(struct tb *tb);
int tb_connect(struct tb *tb);     /* a blocking socket to it */
int tb_connect_tcp(struct tb *tb); /* the same, to tb->port */
/* One HTTP/1.1 request on fd, which is closed; headers are whole lines. The whole answer as text,
 * owned by the caller. */
char *tb_ask(struct tb *tb, int fd, const char *method, const char *path, const char *headers,
             const char *body);
/* A client in the process; groups NULL-terminated or NULL. */
struct client *tb_client(struct tb *tb, const char *user, const char *const *groups);
/* Turns the loop until cond is true; false when TB_WAIT_MS of real time went by. */
bool tb_until(struct tb *tb, bool (*cond)(void *ctx), void *ctx);
void tb_turns(struct tb *tb, int turns);    /* some rounds, without waiting */
void tb_warp(struct tb *tb, int64_t by_ms); /* the clock, then what became due */

/* Requests as the administrator at the Unix socket, and texts that the answers must have. Headers
 * may say Impersonate-User. A JSON body is a Content-Type, too. */
struct tb_wanted {
    const char *method, *path, *headers, *body; /* headers and body may be NULL */
    const char *has[4];
};
void tb_ask_all(struct tb *tb, const struct tb_wanted *wanted, size_t len); /* fails the test */

/* What a call came to. */
struct tb_result {
    int http;
    uint64_t rev;
    struct object *object; /* a reference */
    char *bytes;           /* of the object, or the answer */
    size_t items;          /* of a list */
    char *names;           /* "a,b,c" of a list */
    char *continue_token;
    struct err *err;
    bool is_done;
    struct handle *handle;
};
void tb_start(struct tb *tb, struct client *client, const struct call *call,
              struct tb_result *ret); /* without waiting */
void tb_wait(struct tb *tb, struct tb_result *result);
struct tb_result tb_call(struct tb *tb, struct client *client, const struct call *call);
void tb_result_done(struct tb_result *result);

/* Short forms over configmaps in "default". */
struct call tb_get(struct tb *tb, const char *name);
struct call tb_create(struct tb *tb, const char *json);
struct call tb_put(struct tb *tb, const char *name, const char *json);
struct call tb_merge(struct tb *tb, const char *name, const char *patch);
struct call tb_delete(struct tb *tb, const char *name);
struct call tb_list(struct tb *tb);

/* Events of a watch, collected: "ADDED a 7;MODIFIED a 8;BOOKMARK - 9*;" (* ends the initial ones). */
struct tb_watch {
    struct str_builder log;
    uint64_t rev; /* of the last event */
    size_t len;
    bool is_done;
    struct err *err;
    struct handle *handle;
};
void tb_watch(struct tb *tb, const struct call *call, struct tb_watch *watch);
void tb_watch_done(struct tb *tb, struct tb_watch *watch); /* cancels it when it still runs */

#endif
