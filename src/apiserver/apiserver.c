/* The API server as a whole: its parts, start, the jobs of every five minutes, stop, mounts.
 *
 * Made by main.c (serve) and by tests, over any store. Loop thread. */
#include "config.h"

#include "apiserver/apiserver.h"

#include "api/object.h"
#include "apiserver/adm_service.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/audit.h"
#include "apiserver/authn.h"
#include "apiserver/authz.h"
#include "apiserver/discovery.h"
#include "apiserver/discovery_openapi.h"
#include "apiserver/event_ttl.h"
#include "apiserver/health.h"
#include "apiserver/inflight.h"
#include "apiserver/keyqueue.h"
#include "apiserver/local_client.h"
#include "apiserver/pages.h"
#include "apiserver/rbac_bootstrap.h"
#include "apiserver/relay.h"
#include "apiserver/rest_history.h"
#include "apiserver/route.h"
#include "apiserver/sink.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/thrift.h"
#include "client/client.h"
#include "store/store.h"

#define LOG_MODULE "apiserver"

enum { COMPACT_EVERY_MS = 5 * 60 * 1000 };
static const char *const masters[] = { "system:masters", NULL };

/* ---- life ---- */

static void *
subscribe(void *ctx, const struct resource *resource, informer_fn *fn, void *fn_ctx)
{
    return sink_subscribe(((struct apiserver *)ctx)->sink, resource, fn, fn_ctx);
}

static void
unsubscribe(void *ctx, void *subscription)
{
    sink_unsubscribe(((struct apiserver *)ctx)->sink, subscription);
}

static void
make_parts(struct apiserver *server, const struct apiserver_spec *spec)
{
    const char *domain = spec->cluster_domain == NULL ? "cluster.local" : spec->cluster_domain;
    AUTO_FREE char *issuer = mem_printf("https://kubernetes.default.svc.%s", domain);
    struct authn_spec authn = { .server = server,
                                .issuer = issuer,
                                .sa_keys_pem = spec->sa_keys_pem,
                                .sa_key_len = spec->sa_key_len,
                                .owner_uid = spec->owner_uid,
                                .owner_name = spec->data_dir_owner };
    server->sink = sink_new(spec->loop, spec->store, spec->registry, &spec->ring);
    server->pages = pages_new(spec->loop, server->sink);
    server->keyqueue = keyqueue_new();
    server->authn = authn_new(&authn);
    server->authz = authz_new(server->sink, spec->registry);
    server->audit = audit_new(spec->jobs, spec->audit_fd);
    server->inflight = inflight_new(spec->max_read, spec->max_write);
    server->self = local_client_new(server, "system:apiserver", masters);
}

struct apiserver *
apiserver_new(const struct apiserver_spec *spec)
{
    struct apiserver *server = MEM_NEW(struct apiserver);
    server->loop = spec->loop;
    server->jobs = spec->jobs;
    server->store = spec->store;
    server->registry = registry_ref(spec->registry);
    server->reach = spec->reach;
    server->service_cidr = spec->service_cidr == NULL ? NULL : mem_strdup(spec->service_cidr);
    server->thrift = thrift_start(spec->loop, spec->jobs, spec->tape_bytes);
    req_order_init(&server->order);
    make_parts(server, spec);
    server->handler = (struct http_handler){ .request = apiserver_http_request,
                                             .closed = apiserver_http_closed,
                                             .ctx = server };
    server->source = (struct informer_source){ .subscribe = subscribe, .unsubscribe = unsubscribe };
    authn_mount(server);
    health_mount(server);
    discovery_mount(server);
    discovery_openapi_mount(server);
    rest_history_mount(server);
    return server;
}

void
apiserver_free(struct apiserver *server)
{
    if (server == NULL) {
        return;
    }
    thrift_stop(server->thrift);
    for (size_t i = 0; i < server->mounts.len; i++) {
        route_mount_done(server->mounts.at[i]);
    }
    VEC_DONE(server->mounts);
    VEC_DONE(server->checks);
    discovery_openapi_free(server->openapi);
    inflight_free(server->inflight);
    audit_free(server->audit);
    authz_free(server->authz);
    authn_free(server->authn);
    keyqueue_free(server->keyqueue);
    adm_service_ports_free(server->service_ports);
    mem_free(server->service_cidr);
    pages_free(server->pages);
    sink_free(server->sink);
    registry_unref(server->registry);
    mem_free(server);
}

bool
apiserver_is_live(const struct apiserver *server)
{
    return server->is_loaded && !server->is_stopping;
}

/* ---- every five minutes ---- */

static void arm_compaction(struct apiserver *server);

static void
on_compacted(void *ctx, enum store_rc rc, uint64_t rev, struct buf *current, struct err *owned)
{
    struct apiserver *server = ctx;
    (void)current;
    server->is_compacting = false;
    if (rc != STORE_OK) {
        log_warn("compaction failed rev=%llu error=%s", (unsigned long long)rev,
                 owned == NULL ? "" : owned->message);
    }
    err_free(owned);
    apiserver_req_over(server);
}

/* Events of the last five to ten minutes stay readable: to the revision of the run before. */
static void
compact(void *ctx)
{
    struct apiserver *server = ctx;
    uint64_t to = server->compact_next;
    server->compaction = NULL;
    server->compact_next = sink_rev(server->sink);
    if (to > sink_floor_rev(server->sink)) {
        server->is_compacting = true;
        store_compact(server->store, to, on_compacted, server);
    }
    arm_compaction(server);
}

static void
arm_compaction(struct apiserver *server)
{
    server->compaction =
        loop_timer(server->loop, clock_mono_ms() + COMPACT_EVERY_MS, compact, server);
}

/* ---- start ---- */

static void
ready(struct apiserver *server, struct err *owned)
{
    void (*fn)(void *, struct err *) = server->on_ready;
    server->on_ready = NULL;
    server->is_ready = owned == NULL;
    if (fn != NULL) {
        fn(server->ready_ctx, owned);
    } else {
        err_free(owned);
    }
}

static void
roles_made(void *ctx, struct err *owned)
{
    ready(ctx, owned);
}

static void
first_made(struct apiserver *server, struct err *owned)
{
    if (owned != NULL) {
        ready(server, owned);
        return;
    }
    rbac_bootstrap(server->self, sink_cache(server->sink), server->registry, roles_made, server);
}

static void
on_loaded(void *ctx, struct err *owned)
{
    struct apiserver *server = ctx;
    if (owned != NULL) {
        ready(server, owned);
        return;
    }
    server->is_loaded = true;
    server->compact_next = sink_rev(server->sink);
    arm_compaction(server);
    server->event_ttl = event_ttl_start(server);
    apiserver_first_make(server, first_made);
}

void
apiserver_start(struct apiserver *server, void (*on_ready)(void *ctx, struct err *owned), void *ctx)
{
    server->on_ready = on_ready;
    server->ready_ctx = ctx;
    sink_start(server->sink, on_loaded, server);
}

/* ---- stop ---- */

static void
stopped(void *ctx)
{
    struct apiserver *server = ctx;
    void (*fn)(void *) = server->on_stopped;
    server->on_stopped = NULL;
    if (fn != NULL) {
        fn(server->stopped_ctx);
    }
}

/* Nothing of a request, a relay, a compaction or the own client is left. */
void
apiserver_req_over(struct apiserver *server)
{
    if (server->is_stopping && server->req_len == 0 && server->relays == NULL &&
        !server->is_compacting && !server->is_expiring && !server->is_stop_posted) {
        server->is_stop_posted = true;
        loop_defer(server->loop, stopped, server);
    }
}

static void
expired(void *ctx)
{
    struct apiserver *server = ctx;
    server->is_expiring = false;
    apiserver_req_over(server);
}

/* Who waits is cut; what was handed to the store is waited for. */
void
apiserver_stop(struct apiserver *server, void (*done)(void *ctx), void *ctx)
{
    server->on_stopped = done;
    server->stopped_ctx = ctx;
    if (server->is_stop_posted) {
        loop_defer(server->loop, stopped, server); /* asked again: it tells again */
        return;
    }
    server->is_stopping = true;
    loop_timer_cancel(STEAL(server->compaction));
    server->is_expiring = true;
    event_ttl_stop(STEAL(server->event_ttl), expired, server);
    client_free(STEAL(server->self));
    for (struct req_impl *q = server->reqs; q != NULL; q = q->next) {
        if (!q->is_sent) {
            req_gone(&q->req); /* only posts: nothing is freed in here */
        }
    }
    relay_stop(server);
    apiserver_req_over(server);
}

/* ---- what others use ---- */

const struct http_handler *
apiserver_handler(struct apiserver *server)
{
    return &server->handler;
}

void
apiserver_check(struct apiserver *server, const char *name, const char *(*check)(void *ctx),
                void *ctx)
{
    struct apiserver_check item = { .name = name, .check = check, .ctx = ctx };
    VEC_ADD(server->checks, item);
}

struct client *
apiserver_client(struct apiserver *server, const char *user, const char *const *groups)
{
    return local_client_new(server, user, groups);
}

struct cache *
apiserver_cache(struct apiserver *server)
{
    return sink_cache(server->sink);
}

const struct informer_source *
apiserver_informer_source(struct apiserver *server)
{
    return &server->source;
}

struct registry *
apiserver_registry_pin(struct apiserver *server)
{
    return registry_ref(server->registry);
}

bool
apiserver_allows(struct apiserver *server, const struct authz_attrs *attrs)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str reason;
    return authz_check(server->authz, attrs, arena, &reason) == AUTHZ_ALLOW;
}

void
apiserver_set_reach(struct apiserver *server, struct reach *reach)
{
    server->reach = reach;
}

void
apiserver_mount(struct apiserver *server, const struct mount *mount)
{
    struct apiserver_mount *item = MEM_NEW(struct apiserver_mount);
    route_mount_init(item, mount);
    VEC_ADD(server->mounts, item);
}
