/* The service proxy of this node: what changed is planned anew, and one nft runs at a time. Called by the
 * agent; loop thread.
 *
 * Changes are gathered for a moment and while nft runs; what they come to is one transaction. When one
 * fails, what the kernel has is not known: the next one replaces the whole table. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/proxy.h"

#include "agent/backends.h"
#include "agent/peers.h"
#include "agent/proxy_flows.h"
#include "agent/proxy_nft.h"
#include "agent/proxy_plan.h"
#include "api/object.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/vec.h"

#define LOG_MODULE "proxy"
#include "base/log.h"

enum {
    GATHER_MS = 10,    /* from a change to the transaction */
    BETWEEN_MS = 100,  /* between two transactions */
    PLANS_A_TURN = 50, /* services planned before other work of the loop has its turn */
    NFT_MS = 30 * 1000,
    RETRY_MS = 500,
    RETRY_MAX_MS = 30 * 1000,
};

struct proxy {
    struct proxy_spec spec;
    struct proxy_nft *nft;
    struct proxy_flows *flows;
    struct map is_dirty; /* keys of Services that changed, in no order */
    VEC(char *) dirty;   /* the same */
    struct peers *peers;
    char *zone;
    struct proc *run; /* nft */
    struct loop_timer *timer;
    int64_t due_ms;                 /* mono: of the timer */
    int64_t started_ms;             /* mono: the last nft */
    int64_t changed_ms, running_ms; /* mono: the first change since; of what nft was given */
    int64_t wait_ms;                /* after a failure */
    bool has_begun, was_told, is_freed;
};

static void turn(void *ctx);

/* ---- when ---- */

/* Not later than it is due already. */
static void
at(struct proxy *proxy, int64_t at_ms)
{
    if (proxy->timer != NULL && proxy->due_ms <= at_ms) {
        return;
    }
    loop_timer_cancel(proxy->timer);
    proxy->due_ms = at_ms;
    proxy->timer = loop_timer(proxy->spec.loop, at_ms, turn, proxy);
}

/* Half of what there is would refuse what the other half answers. */
static bool
is_ready(const struct proxy *proxy)
{
    return proxy->has_begun && backends_is_synced(proxy->spec.backends) &&
           peers_is_synced(proxy->peers);
}

static void
wake(struct proxy *proxy)
{
    int64_t now_ms = clock_mono_ms(), at_ms = now_ms + GATHER_MS;

    if (proxy->changed_ms == 0) {
        proxy->changed_ms = now_ms;
    }
    if (!is_ready(proxy) || proxy->run != NULL || proxy->wait_ms > 0) {
        return; /* it is done then */
    }
    at(proxy, at_ms > proxy->started_ms + BETWEEN_MS ? at_ms : proxy->started_ms + BETWEEN_MS);
}

static void
tell(struct proxy *proxy, struct str problem)
{
    if (!proxy->was_told || problem.size > 0 || proxy->wait_ms > 0) {
        proxy->was_told = true;
        proxy->spec.health(proxy->spec.ctx, problem);
    }
}

/* ---- what changed ---- */

static void
set_dirty(struct proxy *proxy, struct str key)
{
    if (map_get(&proxy->is_dirty, key) == NULL) {
        (void)map_put(&proxy->is_dirty, key, proxy); /* it was not there */
        VEC_ADD(proxy->dirty, str_dup(key));
    }
}

static void
backend_changed(void *ctx, struct str key)
{
    set_dirty(ctx, key);
    wake(ctx);
}

/* The nodes: networks of pods, and the zone that endpoints are chosen by. */
static void
peers_changed(void *ctx)
{
    struct proxy *proxy = ctx;
    struct proxy_items items;
    size_t iter = 0;

    peers_items(proxy->peers, &items);
    proxy_nft_set(proxy->nft, STR("nodes"), &items);
    if (!str_eq(str_of(proxy->zone), peers_zone(proxy->peers))) {
        mem_free(proxy->zone);
        proxy->zone = str_dup(peers_zone(proxy->peers));
        for (const struct backend *it; (it = backends_next(proxy->spec.backends, &iter)) != NULL;) {
            set_dirty(proxy, str_of(it->key));
        }
    }
    wake(proxy);
}

static void
listed(void *ctx)
{
    wake(ctx);
}

/* ---- plan ---- */

/* Takes the key. */
static void
plan(struct proxy *proxy, char *key)
{
    const struct backend none = { 0 }, *backend = backends_at(proxy->spec.backends, str_of(key));
    struct proxy_node node = { proxy->spec.node_name, str_of(proxy->zone), proxy->spec.dns };
    AUTO_ARENA struct arena *arena = arena_new();
    struct val service = { 0 }, *slices;
    struct proxy_items items;

    backend = backend != NULL ? backend : &none;
    slices = arena_array(arena, backend->slice_len + 1, sizeof(*slices));
    if (backend->service != NULL) {
        object_pin(backend->service);
        service = object_val(backend->service);
    }
    for (size_t i = 0; i < backend->slice_len; i++) {
        object_pin(backend->slices[i]);
        slices[i] = object_val(backend->slices[i]);
    }
    proxy_plan(service, slices, backend->slice_len, &node, &items);
    proxy_flows_add(proxy->flows, &items);
    for (size_t i = 0; i < backend->slice_len; i++) {
        object_unpin(backend->slices[i]);
    }
    if (backend->service != NULL) {
        object_unpin(backend->service);
    }
    proxy_nft_set(proxy->nft, str_of(key), &items);
    (void)map_del(&proxy->is_dirty, str_of(key));
    mem_free(key);
}

/* ---- nft ---- */

static void
nft_ended(void *ctx, const struct proc_result *result, struct err *owned)
{
    struct proxy *proxy = ctx;
    AUTO_FREE char *problem = NULL;

    proxy->run = NULL;
    if (proxy->is_freed) {
        err_free(owned);
        mem_free(proxy);
        return;
    }
    if (owned != NULL) {
        problem = mem_printf("nft cannot be run: %s", owned->message);
    } else if (result->status != 0) {
        problem = mem_printf("nft failed: " STR_FMT, STR_ARG(str_trim(result->err)));
    }
    err_free(owned);
    if (problem != NULL) {
        log_error("service rules not set err=\"%s\"", problem);
        proxy_nft_lost(proxy->nft);
        tell(proxy, str_of(problem));
        proxy->wait_ms = proxy->wait_ms == 0                 ? RETRY_MS
                         : proxy->wait_ms < RETRY_MAX_MS / 2 ? proxy->wait_ms * 2
                                                             : RETRY_MAX_MS;
        at(proxy, clock_mono_ms() + proxy->wait_ms);
        return;
    }
    log_debug("service rules set nft_ms=%lld since_change_ms=%lld",
              (long long)(clock_mono_ms() - proxy->started_ms),
              (long long)(clock_mono_ms() - proxy->running_ms));
    tell(proxy, (struct str){ 0 });
    proxy_flows_clean(proxy->flows);
    proxy->wait_ms = 0;
    if (proxy->changed_ms != 0) {
        wake(proxy);
    } else if (proxy_nft_due_ms(proxy->nft) != INT64_MAX) {
        at(proxy, proxy_nft_due_ms(proxy->nft));
    }
}

static void
run_nft(struct proxy *proxy)
{
    static const char *const argv[] = { "nft", "-f", "-", NULL };
    struct proc_spec spec = { .argv = argv, .timeout_ms = NFT_MS };
    AUTO_STR struct str_builder text = { 0 };

    proxy->running_ms = proxy->changed_ms;
    proxy->changed_ms = 0;
    if (!proxy_nft_write(proxy->nft, clock_mono_ms(), &text)) {
        proxy_flows_clean(proxy->flows); /* the rules are as they should be */
        if (proxy_nft_due_ms(proxy->nft) != INT64_MAX) {
            at(proxy, proxy_nft_due_ms(proxy->nft));
        }
        return;
    }
    proxy->started_ms = clock_mono_ms();
    spec.input = str_view(&text);
    proxy->run = proc_start(proxy->spec.loop, &spec, nft_ended, proxy);
}

static void
turn(void *ctx)
{
    struct proxy *proxy = ctx;

    proxy->timer = NULL;
    if (!is_ready(proxy)) {
        return; /* comes again when it is */
    }
    for (size_t i = 0; proxy->dirty.len > 0 && i < PLANS_A_TURN; i++) {
        plan(proxy, proxy->dirty.at[--proxy->dirty.len]);
    }
    if (proxy->dirty.len > 0) {
        at(proxy, 0);
    } else {
        run_nft(proxy);
    }
}

void
proxy_begin(struct proxy *proxy, struct str pod_cidr)
{
    proxy->has_begun = true;
    proxy_nft_pod_cidr(proxy->nft, pod_cidr);
    if (pod_cidr.size > 0) {
        peers_begin_routes(proxy->peers);
    }
    wake(proxy);
}

/* ---- life ---- */

struct proxy *
proxy_new(const struct proxy_spec *spec)
{
    struct proxy *proxy = MEM_NEW(struct proxy);
    struct peers_spec peers = { .loop = spec->loop,
                                .client = spec->client,
                                .registry = spec->registry,
                                .self = spec->node_name,
                                .changed = peers_changed,
                                .ctx = proxy };

    proxy->spec = *spec;
    proxy->nft = proxy_nft_new();
    proxy->flows = proxy_flows_new(spec->jobs);
    proxy->peers = peers_new(&peers);
    backends_listen(spec->backends, backend_changed, listed, proxy);
    return proxy;
}

void
proxy_free(struct proxy *proxy)
{
    if (proxy == NULL) {
        return;
    }
    loop_timer_cancel(proxy->timer);
    peers_free(proxy->peers);
    proxy_nft_free(proxy->nft);
    proxy_flows_free(proxy->flows);
    map_done(&proxy->is_dirty, NULL);
    for (size_t i = 0; i < proxy->dirty.len; i++) {
        mem_free(proxy->dirty.at[i]);
    }
    VEC_DONE(proxy->dirty);
    mem_free(proxy->zone);
    proxy->is_freed = true;
    if (proxy->run == NULL) {
        mem_free(proxy); /* else when nft has ended */
    }
}
