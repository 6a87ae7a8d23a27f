/* The actions LIMITS, of the pod as a whole, and RESIZE, of a running container. Started by pod_run; loop
 * thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/cgroup.h"
#include "agent/cri.pb-c.h"
#include "agent/pod_resize.h"
#include "agent/pod_worker_priv.h"
#include "api/pod_resources.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

#define LOG_MODULE "pod"
#include "base/log.h"

enum { RETRY_MS = 10 * 1000 };
#define CGROUPS "/sys/fs/cgroup"

/* ---- the pod's own group, and that of its class ---- */

struct limits {
    struct str cgroup, parent; /* parent absent: not of a class */
    struct pod_limits pod, class;
};

static void
write_limits(struct pod_run *run, struct err **err)
{
    struct limits *limits = run->state;

    if (limits->parent.size > 0 && cgroup_limit(CGROUPS, limits->parent, &limits->class, err) < 0) {
        return;
    }
    (void)cgroup_limit(CGROUPS, limits->cgroup, &limits->pod, err);
}

/* A pod whose group cannot be limited runs all the same: its containers have limits of their own. */
static void
limits_written(struct pod_run *run, struct err *owned)
{
    struct pod_facts *facts = &run->worker->facts;
    struct limits *limits = run->state;

    if (owned != NULL) {
        log_warn("pod not limited pod=%s err=\"%s\"", run->worker->uid, owned->message);
        err_free(owned);
    }
    facts->has_limits = true;
    facts->limits = limits->pod;
    pod_run_end(run);
}

void
pod_run_limits(struct pod_run *run)
{
    struct pod_host *host = run->worker->host;
    struct limits *limits = ARENA_NEW(run->arena, struct limits);

    run->state = limits;
    limits->pod = run->flight.act.limits;
    limits->cgroup = pod_limits_cgroup(run->pod, host->config.has_systemd_cgroups, run->arena);
    if (strcmp(pod_resources_qos(run->pod), "Guaranteed") != 0) {
        limits->parent = cgroup_parent(limits->cgroup);
        limits->class.cpu_shares = pod_limits_shares(
            strcmp(pod_resources_qos(run->pod), "Burstable") == 0 ? host->burstable_milli(host->ctx)
                                                                  : 0);
    }
    pod_run_job(run, write_limits, limits_written);
}

/* ---- a container ---- */

struct resize {
    struct pod_limits now, wanted;
    struct str cgroup; /* the pod's */
    char *id;
};

static void
fail(struct pod_run *run, struct err *owned)
{
    struct pod_worker *worker = run->worker;

    if (!run->is_cancelled) {
        pod_worker_set(&worker->resize_error, &worker->facts.resize_error, str_of(owned->message));
    }
    err_free(owned);
    pod_run_fail(run, RETRY_MS);
}

static void
updated(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct pod_run *run = ctx;
    struct resize *resize = run->state;
    struct pod_worker *worker = run->worker;
    struct pod_member *member = run->member;

    (void)answer;
    run->call = NULL;
    if (owned != NULL) {
        fail(run, owned);
        return;
    }
    pod_worker_set(&member->told_id, &member->fact->told_id, str_of(resize->id));
    member->fact->told = resize->wanted;
    pod_worker_set(&worker->resize_error, &worker->facts.resize_error, (struct str){ 0 });
    pod_run_end(run);
}

/* A limit below what is in use would make the kernel kill, or refuse. */
static void
check(struct pod_run *run, struct err **err)
{
    struct resize *resize = run->state;
    int64_t wanted = resize->wanted.memory_bytes, now = resize->now.memory_bytes;
    int64_t used;

    if (wanted == 0 || (now != 0 && wanted >= now)) {
        return;
    }
    used = cgroup_memory(CGROUPS, resize->cgroup, resize->id);
    if (used >= wanted) {
        (void)err_set(err, ERR_CONFLICT,
                      "cannot decrease memory limits: attempting to set container \"" STR_FMT
                      "\" memory limit (%lld) below current usage (%lld)",
                      STR_ARG(run->flight.act.container), (long long)wanted, (long long)used);
    }
}

/* What the runtime is to change; 0 leaves a value as it is, -1 takes the limit away. */
static int64_t
change(int64_t now, int64_t wanted)
{
    return wanted == 0 && now > 0 ? -1 : wanted;
}

static void
checked(struct pod_run *run, struct err *owned)
{
    struct resize *resize = run->state;
    Cri__UpdateContainerResourcesRequest request = CRI__UPDATE_CONTAINER_RESOURCES_REQUEST__INIT;
    Cri__LinuxContainerResources limits = CRI__LINUX_CONTAINER_RESOURCES__INIT;

    if (owned != NULL) {
        fail(run, owned);
        return;
    }
    limits.cpu_period = POD_LIMITS_PERIOD_US;
    limits.cpu_shares = resize->wanted.cpu_shares;
    limits.cpu_quota = change(resize->now.cpu_quota_us, resize->wanted.cpu_quota_us);
    limits.memory_limit_in_bytes = change(resize->now.memory_bytes, resize->wanted.memory_bytes);
    request.container_id = resize->id;
    request.on_linux = &limits;
    pod_run_call(run, CRI_UPDATE_CONTAINER, &request.base, 0, updated);
}

void
pod_run_resize(struct pod_run *run)
{
    struct pod_host *host = run->worker->host;
    struct resize *resize = ARENA_NEW(run->arena, struct resize);
    struct pod_resize_in in = { .pod = run->pod,
                                .container = run->container,
                                .fact = run->member->fact,
                                .seen = runtime_container(&run->worker->seen->pod,
                                                          run->flight.act.container,
                                                          (struct str){ 0 }, 0),
                                .arena = run->arena };

    run->state = resize;
    resize->id = arena_dupz(run->arena, run->flight.act.id);
    resize->cgroup = pod_limits_cgroup(run->pod, host->config.has_systemd_cgroups, run->arena);
    pod_resize_current(&in, &resize->now); /* the plan has just seen it */
    pod_limits_of(run->pod, run->container, 0, &resize->wanted);
    pod_run_job(run, check, checked);
}
