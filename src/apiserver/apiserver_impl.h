/* The API server from the inside: its parts, for the files of this folder only. */
#ifndef BINNACLE_APISERVER_APISERVER_IMPL_H
#define BINNACLE_APISERVER_APISERVER_IMPL_H

#include "apiserver/apiserver.h"
#include "apiserver/ident.h"
#include "apiserver/req_impl.h"
#include "base/map.h"
#include "base/vec.h"
#include "net/http.h"

struct adm_service_ports;
struct audit;
struct authn;
struct authz;
struct discovery_openapi;
struct event_ttl;
struct inflight;
struct keyqueue;
struct loop_timer;
struct pages;
struct relay;
struct sink;

enum { ROUTE_SEGMENTS_MAX = 16 };
struct apiserver_mount {
    struct mount mount; /* strings are the caller's constants, or owned by `path` */
    char *path;         /* owned copy that the segments point into */
    struct str segments[ROUTE_SEGMENTS_MAX];
    size_t segment_len;
    bool is_prefix;    /* "/openapi/v3/{path...}": the last segment takes the rest */
    bool is_of_object; /* "{object}/history": the last segment, under any object */
};
struct apiserver_check {
    const char *name;
    const char *(*check)(void *ctx);
    void *ctx;
};

struct apiserver {
    struct loop *loop;
    struct job_pool *jobs;
    struct store *store;
    struct registry *registry; /* referenced */
    struct reach *reach;
    struct req_order order;
    struct sink *sink;
    struct pages *pages;
    struct keyqueue *keyqueue;
    struct authn *authn;
    struct authz *authz;
    struct audit *audit;
    struct inflight *inflight;
    struct event_ttl *event_ttl;             /* from the load to the stop */
    struct discovery_openapi *openapi;       /* NULL until somebody asks */
    struct adm_service_ports *service_ports; /* NULL until a Service wants one */
    char *service_cidr;                      /* owned; NULL: no addresses to give */
    struct ident ident;
    struct thrift *thrift;
    VEC(struct apiserver_mount *) mounts; /* requests point at them */
    VEC(struct apiserver_check) checks;
    struct http_handler handler;
    struct req_impl *reqs; /* all that live, newest first */
    size_t req_len;
    struct relay *relays;          /* all that run */
    struct client *self;           /* system:apiserver, for start-up writes */
    struct loop_timer *compaction; /* the next run */
    uint64_t compact_next;         /* revision of the last run: what the next one compacts to */
    bool is_loaded, is_ready, is_stopping, is_stop_posted, is_compacting, is_expiring;
    void (*on_ready)(void *ctx, struct err *owned);
    void *ready_ctx;
    void (*on_stopped)(void *ctx);
    void *stopped_ctx;
    struct informer_source source;
};

/* apiserver_first.c: makes what a cluster begins with; done once, with the first error. */
void apiserver_first_make(struct apiserver *server,
                          void (*done)(struct apiserver *server, struct err *owned));
/* apiserver_http.c */
void apiserver_http_request(void *ctx, struct http_request *http, struct intake **ret_intake);
void apiserver_http_closed(void *ctx, struct http_request *http);
/* Called when a request's last reference went: a stop may wait for it. */
void apiserver_req_over(struct apiserver *server);
bool apiserver_is_live(const struct apiserver *server); /* started and not stopping */

#endif
