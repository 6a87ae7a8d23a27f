/* UDP flows that changed services leave behind. Called by proxy; loop thread, but `run`.
 *
 * As kube-proxy does after each of its syncs; here only for services that were planned anew. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/proxy_flows.h"

#include "agent/conntrack.h"
#include "agent/proxy_endpoints.h"
#include "agent/proxy_plan.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/job.h"
#include "base/mem.h"
#include "base/str.h"

#define LOG_MODULE "proxy"
#include "base/log.h"

enum { FIRST = 16 };

/* What one job does; all of it in the arena that travels with it. */
struct batch {
    struct conntrack_service *at;
    size_t len, capacity;
    size_t deleted;
};
struct proxy_flows {
    struct job_pool *jobs;
    struct arena *arena;
    struct batch *batch;
};

static void
begin(struct proxy_flows *flows)
{
    flows->arena = arena_new();
    flows->batch = ARENA_NEW(flows->arena, struct batch);
    *flows->batch = (struct batch){ 0 };
}

/* Addresses were parsed when they were planned. */
static struct conntrack_end
end_of(struct str ip, int64_t port)
{
    struct conntrack_end end = { .port = (uint16_t)port };

    if (ip.size > 0) {
        (void)ip_parse(ip, false, &end.ip);
    }
    return end;
}

void
proxy_flows_add(struct proxy_flows *flows, const struct proxy_items *items)
{
    struct batch *batch = flows->batch;

    for (size_t i = 0; i < items->flow_len; i++) {
        const struct proxy_flow *flow = &items->flows[i];
        struct conntrack_end *ends = arena_array(flows->arena, flow->len, sizeof(*ends));

        for (size_t e = 0; e < flow->len; e++) {
            ends[e] = end_of(flow->ends[e].address, flow->ends[e].port);
        }
        if (batch->len == batch->capacity) {
            size_t capacity = batch->capacity == 0 ? FIRST : batch->capacity * 2;

            batch->at = arena_grow(flows->arena, batch->at, batch->capacity * sizeof(*batch->at),
                                   capacity * sizeof(*batch->at));
            batch->capacity = capacity;
        }
        batch->at[batch->len++] =
            (struct conntrack_service){ end_of(flow->ip, flow->port), ends, flow->len };
    }
}

static void
run(void *ctx, struct arena *arena, struct err **err)
{
    struct batch *batch = ctx;

    (void)conntrack_clean(batch->at, batch->len, arena, &batch->deleted, err);
}

static void
done(void *ctx, struct arena *arena, struct err *owned)
{
    const struct batch *batch = ctx;

    if (owned != NULL && owned->code != ERR_CANCELLED) {
        log_warn("stale flows stay err=\"%s\"", owned->message);
    } else if (batch->deleted > 0) {
        log_debug("stale flows deleted count=%zu", batch->deleted);
    }
    err_free(owned);
    arena_free(arena);
}

void
proxy_flows_clean(struct proxy_flows *flows)
{
    if (flows->batch->len > 0) {
        (void)job_submit(flows->jobs, run, done, flows->batch, flows->arena, 0);
        begin(flows);
    }
}

struct proxy_flows *
proxy_flows_new(struct job_pool *jobs)
{
    struct proxy_flows *flows = MEM_NEW(struct proxy_flows);

    flows->jobs = jobs;
    begin(flows);
    return flows;
}

void
proxy_flows_free(struct proxy_flows *flows)
{
    if (flows != NULL) {
        arena_free(flows->arena);
        mem_free(flows);
    }
}
