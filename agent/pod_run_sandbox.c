/* The action SANDBOX: a new sandbox, by the handler of the pod's RuntimeClass. Started by pod_run; loop
 * thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/cri.pb-c.h"
#include "agent/disk.h"
#include "agent/pod_worker_priv.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/mem.h"

#define LOG_MODULE "pod"
#include "base/log.h"

enum { RETRY_MS = 5000, SANDBOX_RETRY_MS = 10 * 1000, SANDBOX_MS = 4 * 60 * 1000 };
enum { HOSTNAME_MAX = 64 /* of the kernel */ };

static void
failed(struct pod_run *run, const char *why)
{
    run->worker->facts.sandbox_retry_ms = clock_wall_ms() + SANDBOX_RETRY_MS;
    pod_run_event(run, EVENT_WARNING, "FailedCreatePodSandBox", "Failed to create pod sandbox: %s",
                  why);
}

static void
sandbox_ran(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct pod_run *run = ctx;

    (void)answer;
    run->call = NULL;
    if (owned != NULL && !run->is_cancelled) {
        failed(run, arena_printf(run->arena, "rpc error: %s", owned->message).at);
    }
    err_free(owned);
    pod_run_end(run);
}

static void
tell_dns(struct pod_run *run, const struct pod_dns *dns)
{
    if (dns->is_missing) {
        pod_run_event(
            run, EVENT_WARNING, "MissingClusterDNS",
            "pod: \"" STR_FMT "\". kubelet does not have ClusterDNS IP configured and "
            "cannot create Pod using \"ClusterFirst\" policy. Falling back to \"Default\" "
            "policy.",
            STR_ARG(pod_worker_pod_text(run->worker, run->arena)));
    }
    if (dns->is_cut) {
        pod_run_event(run, EVENT_WARNING, "DNSConfigForming",
                      "Nameserver or search path limits were exceeded, some have been omitted");
    }
}

/* The handler of its RuntimeClass, "" without one; false: there is no such class. */
static bool
find_handler(struct pod_run *run, char **ret)
{
    struct str name = val_str(val_at(run->pod, "spec.runtimeClassName"));
    AUTO_ERR struct err *err = NULL;
    struct val class = { 0 };

    if (name.size > 0 &&
        pod_sources_get(&run->sources, POD_SOURCE_RUNTIME_CLASS, name, false, &class, &err) < 0) {
        failed(run, err->message);
        return false;
    }
    *ret = arena_dupz(run->arena, val_str(val_get(class, "handler")));
    return true;
}

static void
fetched(struct pod_run *run)
{
    struct pod_host *host = run->worker->host;
    struct pod_config_in in = { .arena = run->arena, .pod = run->pod, .node = &host->config };
    Cri__RunPodSandboxRequest request = CRI__RUN_POD_SANDBOX_REQUEST__INIT;
    AUTO_ERR struct err *err = NULL;
    struct pod_dns dns;

    if (!find_handler(run, &request.runtime_handler)) {
        pod_run_end(run);
        return;
    }
    request.config = pod_config_sandbox(&in, run->flight.act.attempt, &dns);
    if (strlen(request.config->hostname) >
        HOSTNAME_MAX) { /* only as a FQDN (GetNodenameForKernel) */
        failed(run, arena_printf(run->arena,
                                 "failed to construct FQDN from pod hostname and cluster domain, "
                                 "FQDN %s is too long (%d characters is the max, %zu characters "
                                 "requested)",
                                 request.config->hostname, HOSTNAME_MAX,
                                 strlen(request.config->hostname))
                        .at);
        pod_run_end(run);
        return;
    }
    tell_dns(run, &dns);
    /* A log directory that cannot be made is told by the runtime, with its path. */
    if (disk_make_dirs(request.config->log_directory, 0755, &err) < 0 ||
        FAULT("agent.sandbox.before_create", &err) < 0) {
        log_warn("before a sandbox err=\"%s\"", err->message);
    }
    pod_run_call(run, CRI_RUN_SANDBOX, &request.base, SANDBOX_MS, sandbox_ran);
}

void
pod_run_sandbox(struct pod_run *run)
{
    struct pod_host *host = run->worker->host;

    if (host->network_problem != NULL && !val_bool(val_at(run->pod, "spec.hostNetwork"), false)) {
        run->worker->facts.sandbox_retry_ms = clock_wall_ms() + RETRY_MS;
        pod_run_event(run, EVENT_WARNING, "NetworkNotReady",
                      "network is not ready: container runtime network not ready: %s",
                      host->network_problem);
        pod_run_end(run);
        return;
    }
    pod_sources_of_sandbox(run->pod, &run->sources);
    pod_run_fetch(run, fetched);
}
