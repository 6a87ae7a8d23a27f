/* The API server: life cycle, mounts, local clients.  Loop thread. */
#ifndef BINNACLE_APISERVER_APISERVER_H
#define BINNACLE_APISERVER_APISERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "apiserver/sink.h"
#include "base/str.h"
#include "client/informer.h"

struct apiserver;
struct authz_attrs;
struct cache;
struct client;
struct err;
struct http_handler;
struct job_pool;
struct loop;
struct reach;
struct registry;
struct req;
struct store;

struct apiserver_spec {
    struct loop *loop;
    struct job_pool *jobs;
    struct store *store;
    struct registry *registry; /* a reference is taken */
    const char *cluster_domain, *service_cidr;
    int audit_fd;               /* audit.k8s.io/v1 JSON lines; -1: none */
    const char *data_dir_owner; /* name for socket peers; NULL: uid as text */
    uint32_t owner_uid;
    /* P-256 keys for service-account tokens, newest first: it signs, all verify; copied. */
    const struct str *sa_keys_pem;
    size_t sa_key_len;
    struct str ca_pem;       /* root CA for kube-root-ca.crt and the kubernetes Service */
    int max_read, max_write; /* in flight; 0: 400 / 200 */
    struct sink_limits ring; /* event ring; zeros: 32 MiB, 1,024 events */
    size_t tape_bytes;       /* of objects' tapes that stay when the loop idles */
    struct reach *reach;     /* NULL until nodes can be reached: then 503 */
};
struct apiserver *apiserver_new(const struct apiserver_spec *spec);
/* Loads the store into the cache, then ready(ctx, err). */
void apiserver_start(struct apiserver *server, void (*ready)(void *ctx, struct err *owned),
                     void *ctx);
void apiserver_stop(struct apiserver *server, void (*done)(void *ctx), void *ctx);
void apiserver_free(struct apiserver *server);
const struct http_handler *apiserver_handler(struct apiserver *server); /* for net/server */
/* /readyz and /livez checks; a check answers NULL when fine, else what is wrong. */
void apiserver_check(struct apiserver *server, const char *name, const char *(*check)(void *ctx),
                     void *ctx);

/* In-process clients: they run the same steps as everybody; user and groups as given. */
struct client *apiserver_client(struct apiserver *server, const char *user,
                                const char *const *groups);
struct cache *apiserver_cache(struct apiserver *server);
/* Its functions take the server as source_ctx. */
const struct informer_source *apiserver_informer_source(struct apiserver *server);
struct registry *apiserver_registry_pin(struct apiserver *server);
/* What the authoriser says; for parts of this process that decide on behalf of somebody. */
bool apiserver_allows(struct apiserver *server, const struct authz_attrs *attrs);
void apiserver_set_reach(struct apiserver *server, struct reach *reach);

/* Answers of other parts under the same chain: authentication, authorisation, audit. */
struct mount {
    /* "/api/v1/namespaces/{ns}/pods/{name}/why" or "/debug/queues"; "{object}/history": under the
     * path of every object of every kind, with the rights of the object itself. */
    const char *path;
    unsigned verbs; /* enum verb */
    /* RBAC attributes: NULL resource: the path is a non-resource URL, or an object's. */
    const char *group, *resource, *subresource;
    bool takes_body; /* req->body is there when it is handled */
    /* Answers with req_answer_json or req_fail, now or later. */
    void (*handle)(void *ctx, struct req *req);
    void *ctx;
};
void apiserver_mount(struct apiserver *server, const struct mount *mount);

#endif
