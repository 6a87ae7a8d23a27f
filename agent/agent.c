/* The agent: puts the parts of a node together and watches over its container runtime. Called by
 * agent_main; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/agent.h"

#include <stdio.h>
#include <string.h>

#include "agent/agent_priv.h"
#include "agent/cri.pb-c.h"
#include "agent/disk.h"
#include "agent/fetch.h"
#include "agent/images.h"
#include "agent/node_api.h"
#include "agent/pleg.h"
#include "agent/podset.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/job.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/thrift.h"
#include "client/client.h"
#include "client/event.h"
#include "client/informer.h"

#define LOG_MODULE "agent"
#include "base/log.h"

enum { TAPE_BYTES = 512 << 10 /* of parsed objects that stay: pods are read again and again */ };
enum {
    LOOK_MS = 5000,       /* at a runtime that is well */
    LOOK_FAST_MS = 500,   /* at one that is not */
    LOOK_CALL_MS = 10000, /* deadline of one look */
    ADOPT_MS = 30 * 1000, /* what runs after so long was started by this agent */
    JOB_THREADS = 2,
};

static void look_at_runtime(void *ctx);

/* ---- the runtime's health ---- */

static void
set_problem(struct agent *agent, struct str problem)
{
    node_set_problem(agent->node, problem);
}

void
agent_look_again(struct agent *agent, int64_t in_ms)
{
    loop_timer_cancel(agent->look);
    agent->look = loop_timer(agent->loop, clock_mono_ms() + in_ms, look_at_runtime, agent);
}

static void
runtime_is_down(struct agent *agent, struct err *owned)
{
    AUTO_FREE char *text = mem_printf("container runtime is down: %s", owned->message);

    log_warn("runtime does not answer err=\"%s\"", owned->message);
    err_free(owned);
    set_problem(agent, str_of(text));
    if (agent->containerd != NULL) {
        containerd_check(agent->containerd);
    }
    agent_look_again(agent, LOOK_FAST_MS);
}

/* Pods of the pod network wait for this; the others do not. */
static void
set_network_problem(struct agent *agent, const char *problem)
{
    bool was_well = agent->host.network_problem == NULL;

    mem_free(agent->network_problem);
    agent->network_problem = mem_strdup(problem);
    agent->host.network_problem = agent->network_problem;
    if (!was_well && problem == NULL) {
        podset_wake(agent->podset);
    }
}

static void
read_conditions(struct agent *agent, const Cri__RuntimeStatus *status)
{
    AUTO_STR struct str_builder text = { 0 };
    AUTO_FREE char *network = NULL;
    const char *const ours[] = { agent->cni_problem, agent->proxy_problem };

    for (size_t i = 0; status != NULL && i < status->n_conditions; i++) {
        const Cri__RuntimeCondition *c = status->conditions[i];
        bool is_network = strcmp(c->type, "NetworkReady") == 0;

        if (c->status || (!is_network && strcmp(c->type, "RuntimeReady") != 0)) {
            continue;
        }
        if (is_network) {
            network = mem_printf("%s=false reason:%s message:%s", c->type, c->reason, c->message);
        }
        str_putf(&text, "%scontainer runtime %snot ready: %s=false reason:%s message:%s",
                 text.size > 0 ? ", " : "", is_network ? "network " : "", c->type, c->reason,
                 c->message);
    }
    for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
        if (ours[i] != NULL) {
            str_putf(&text, "%spod network not ready: %s", text.size > 0 ? ", " : "", ours[i]);
        }
    }
    set_network_problem(agent, network);
    set_problem(agent, str_view(&text));
    agent_look_again(agent, text.size > 0 ? LOOK_FAST_MS : LOOK_MS);
}

static void
status_came(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct agent *agent = ctx;
    const Cri__RuntimeFeatures *features;

    agent->call = NULL;
    if (agent->is_freed) {
        err_free(owned);
        agent_release(agent);
        return;
    }
    if (owned != NULL) {
        runtime_is_down(agent, owned);
        return;
    }
    features = ((const Cri__StatusResponse *)answer)->features;
    agent->host.has_groups_policy = features != NULL && features->supplemental_groups_policy;
    node_set_groups_policy(agent->node, agent->host.has_groups_policy);
    if (agent->pleg == NULL) {
        agent_start_pleg(agent);
    }
    read_conditions(agent, ((const Cri__StatusResponse *)answer)->status);
}

static void
ask_status(struct agent *agent)
{
    Cri__StatusRequest request = CRI__STATUS_REQUEST__INIT;

    agent->call = cri_call(agent->cri, CRI_STATUS, &request.base, LOOK_CALL_MS, status_came, agent);
}

/* Which cgroup driver the runtime wants; older ones cannot say, and ours is configured by us. */
static void
driver_came(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct agent *agent = ctx;
    const Cri__RuntimeConfigResponse *config = (const Cri__RuntimeConfigResponse *)answer;

    agent->call = NULL;
    if (agent->is_freed) {
        err_free(owned);
        agent_release(agent);
        return;
    }
    if (owned == NULL && config->on_linux != NULL) {
        agent->host.config.has_systemd_cgroups =
            config->on_linux->cgroup_driver == CRI__CGROUP_DRIVER__SYSTEMD;
    }
    err_free(owned);
    ask_status(agent);
}

static void
version_came(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct agent *agent = ctx;
    const Cri__VersionResponse *version = (const Cri__VersionResponse *)answer;
    Cri__RuntimeConfigRequest request = CRI__RUNTIME_CONFIG_REQUEST__INIT;

    agent->call = NULL;
    if (agent->is_freed) {
        err_free(owned);
        agent_release(agent);
        return;
    }
    if (owned != NULL) {
        runtime_is_down(agent, owned);
        return;
    }
    AUTO_FREE char *text = mem_printf("%s://%s", version->runtime_name, version->runtime_version);

    if (agent->runtime_name == NULL) {
        agent->runtime_name = mem_strdup(version->runtime_name);
        agent->host.runtime_name = agent->runtime_name;
        log_info("runtime answers version=%s", text);
    }
    node_set_runtime(agent->node, str_of(text));
    agent->call =
        cri_call(agent->cri, CRI_RUNTIME_CONFIG, &request.base, LOOK_CALL_MS, driver_came, agent);
}

static void
look_at_runtime(void *ctx)
{
    struct agent *agent = ctx;
    Cri__VersionRequest request = CRI__VERSION_REQUEST__INIT;

    agent->look = NULL;
    request.version = (char *)(uintptr_t) "0.1.0";
    agent->call =
        cri_call(agent->cri, CRI_VERSION, &request.base, LOOK_CALL_MS, version_came, agent);
}

/* ---- pods ---- */

static void
pod_seen(void *ctx, struct str uid, struct runtime_snapshot *owned)
{
    podset_seen(((struct agent *)ctx)->podset, uid, owned);
}

static void
adopted(void *ctx)
{
    struct agent *agent = ctx;

    agent->adopt = NULL;
    agent->host.is_starting = false;
}

static void
pods_synced(void *ctx)
{
    struct agent *agent = ctx;

    agent->adopt = loop_timer(agent->loop, clock_mono_ms() + ADOPT_MS, adopted, agent);
    podset_synced(agent->podset);
}

static void
pleg_health(void *ctx, const struct err *err)
{
    struct agent *agent = ctx;

    if (err != NULL) {
        log_debug("relist failed err=\"%s\"", err->message);
        if (agent->call == NULL) {
            agent_look_again(agent, 0);
        }
    }
}

void
agent_start_pleg(struct agent *agent)
{
    const struct pleg_spec spec = { .loop = agent->loop,
                                    .cri = agent->cri,
                                    .seen = pod_seen,
                                    .synced = pods_synced,
                                    .health = pleg_health,
                                    .ctx = agent };

    agent->pleg = pleg_new(&spec);
    agent->host.pleg = agent->pleg;
}

/* ---- life ---- */

static void
nothing_changed(void *ctx, struct object *old, struct object *now, uint64_t rev)
{
    (void)ctx;
    (void)old;
    (void)now;
    (void)rev;
}

/* Pods begin only now: each of them is told where the services are. */
static void
services_listed(void *ctx)
{
    podset_services(((struct agent *)ctx)->podset);
}

static void
serve_api(struct agent *agent)
{
    AUTO_ERR struct err *err = NULL;
    int port;

    agent->api_spec.podset = agent->podset;
    if (node_api_new(&agent->api_spec, &agent->api, &port, &err) < 0) {
        log_error("logs, exec and tunnels are not served err=\"%s\"", err->message);
    }
}

static struct object *
node_seen(void *ctx)
{
    const struct agent *agent = ctx;

    return agent->node != NULL ? node_object(agent->node) : NULL;
}

/* The last worker of the pods is gone. */
static void
emptied(void *ctx)
{
    struct agent *agent = ctx;

    if (agent->is_over) {
        agent_release(agent);
    }
}

void
agent_begin(struct agent *agent)
{
    struct informer_spec services = { .resource = agent->host.services };

    agent->fetcher = fetch_pool_new(agent->client, agent->registry);
    agent->jobs = job_pool_new(agent->loop, JOB_THREADS);
    agent->thrift = thrift_start(agent->loop, agent->jobs, TAPE_BYTES);
    agent->host.fetcher = agent->fetcher;
    agent->host.jobs = agent->jobs;
    agent->host.is_starting = true;
    agent_net_start(agent);
    agent->node = node_new(&agent->node_spec);
    agent->host.node = node_seen;
    agent->host.node_ctx = agent;
    agent->host.emptied = emptied;
    agent->host.emptied_ctx = agent;
    agent->podset = podset_new(&agent->host, agent->informers, agent->node_name);
    agent->services =
        informer_add(agent->informers, &services, nothing_changed, services_listed, agent);
    if (agent->api_spec.listen != NULL) {
        serve_api(agent);
    }
    agent_look_again(agent, 0);
}

void
agent_release(struct agent *agent)
{
    if (agent->call != NULL || agent->host.worker_len > 0) {
        return; /* the last answer comes back here */
    }
    registry_unref(agent->registry);
    mem_free(agent->runtime_name);
    mem_free(agent->network_problem);
    mem_free(agent->cni_problem);
    mem_free(agent->proxy_problem);
    arena_free(agent->arena);
    mem_free(agent);
}

void
agent_free(struct agent *agent)
{
    agent->is_freed = true;
    loop_timer_cancel(agent->look);
    loop_timer_cancel(agent->adopt);
    thrift_stop(agent->thrift);
    agent_net_stop(agent);
    node_api_free(agent->api);
    pleg_free(agent->pleg);
    podset_free(agent->podset);
    node_free(agent->node);
    informer_del(agent->services);
    images_free(agent->images);
    containerd_free(agent->containerd);
    job_pool_free(agent->jobs); /* a job that runs may still look at what is freed below */
    agent->jobs = NULL;
    if (agent->call != NULL) {
        cri_cancel(agent->call);
    }
    agent->is_over = true;
    agent_release(agent);
}
