/* The action START: what the container is made from is fetched, its files are prepared on a job
 * thread, then the runtime creates and starts it, then its postStart hook runs. Started by pod_run;
 * loop thread.
 *
 * The agent may die at any point. Created and not started: the next plan starts that very container.
 * Started: it is simply seen running; a hook that was running is not run again. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/cri.pb-c.h"
#include "agent/disk.h"
#include "agent/fetch.h"
#include "agent/handler.h"
#include "agent/pod_env.h"
#include "agent/pod_worker_priv.h"
#include "agent/volume.h"
#include "api/object.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/mem.h"
#include "client/cache.h"

enum { CONFIG_RETRY_MS = 10 * 1000, HOOK_MS = 24 * 3600 * 1000, SERVICES_MAX = 5000 };

struct start {
    struct pod_place place;
    struct volume_in volumes;
    struct pod_env env;
    struct pod_config_in in;
    struct pod_config_container config_in;
    Cri__ContainerConfig *config;
    Cri__PodSandboxConfig *sandbox;
    char *sandbox_id, *id;
    struct object **services; /* pinned until the job is over */
    size_t service_len;
};

/* ---- services ---- */

static void
pin_services(struct pod_run *run, struct start *start)
{
    struct pod_host *host = run->worker->host;
    size_t max = cache_len(host->services_cache, host->services);

    max = max < SERVICES_MAX ? max : SERVICES_MAX;
    start->services = arena_array(run->arena, max, sizeof(*start->services));
    CACHE_EACH (service, it, host->services_cache, host->services, (struct str){ 0 }) {
        if (start->service_len < max &&
            (str_eq(service->ns, run->object->ns) || str_is(service->name, "kubernetes"))) {
            object_pin(service);
            start->services[start->service_len++] = object_ref(service);
        }
    }
}

static void
unpin_services(struct pod_run *run)
{
    struct start *start = run->state;

    for (size_t i = 0; i < start->service_len; i++) {
        object_unpin(start->services[i]);
        object_unref(start->services[i]);
    }
    start->service_len = 0;
}

/* ---- on the job thread ---- */

static void
add_mount(struct pod_run *run, struct str container_path, struct str host_path, struct val mount)
{
    struct start *start = run->state;
    struct pod_config_mount *mounts = (struct pod_config_mount *)(uintptr_t)start->config_in.mounts;
    struct str propagation = val_str(val_get(mount, "mountPropagation"));

    if (container_path.size > 0 && container_path.at[0] != '/') {
        container_path = arena_printf(run->arena, "/" STR_FMT, STR_ARG(container_path));
    }
    mounts[start->config_in.mount_len++] = (struct pod_config_mount){
        .container_path = container_path,
        .host_path = host_path,
        .is_read_only = val_bool(val_get(mount, "readOnly"), false),
        .propagation = str_is(propagation, "Bidirectional")
                           ? CRI__MOUNT_PROPAGATION__PROPAGATION_BIDIRECTIONAL
                       : str_is(propagation, "HostToContainer")
                           ? CRI__MOUNT_PROPAGATION__PROPAGATION_HOST_TO_CONTAINER
                           : CRI__MOUNT_PROPAGATION__PROPAGATION_PRIVATE,
    };
}

static int
mount_volume(struct pod_run *run, struct val mount, int index, struct err **err)
{
    struct start *start = run->state;
    struct volume_subpath sub = { .volume = val_str(val_get(mount, "name")),
                                  .container = run->flight.act.container,
                                  .path = val_str(val_get(mount, "subPath")),
                                  .index = index };
    struct str expr = val_str(val_get(mount, "subPathExpr")), host_path;

    if (expr.size > 0 && pod_env_expand_strict(&start->env, expr, &sub.path, err) < 0) {
        return -1;
    }
    if (sub.path.size > 0) {
        if (volume_subpath(&start->volumes, &sub, run->arena, &host_path, err) < 0) {
            return -1;
        }
    } else if (volume_path(&start->volumes, sub.volume, run->arena, &host_path, err) < 0) {
        err_clear(err);
        return err_set(err, ERR_INVALID,
                       "cannot find volume \"" STR_FMT "\" to mount into container \"" STR_FMT "\"",
                       STR_ARG(sub.volume), STR_ARG(sub.container));
    }
    add_mount(run, val_str(val_get(mount, "mountPath")), host_path, mount);
    return 0;
}

/* The pod's own /etc/hosts, unless the container mounts something there. */
static int
mount_hosts(struct pod_run *run, struct err **err)
{
    struct start *start = run->state;
    struct str node_hosts = { 0 };
    struct str path = arena_printf(
        run->arena, STR_FMT "/etc-hosts",
        STR_ARG(volume_pod_dir(start->volumes.root, str_of(run->worker->uid), run->arena)));
    bool is_host = val_bool(val_at(run->pod, "spec.hostNetwork"), false);

    VAL_EACH (it, val_get(run->container, "volumeMounts")) {
        if (val_is_str(val_get(it.value, "mountPath"), "/etc/hosts")) {
            return 0;
        }
    }
    if (is_host && disk_read(run->arena, "/etc/hosts", 1 << 20, false, &node_hosts, err) < 0) {
        return -1;
    }
    if (disk_write(path.at,
                   pod_dns_hosts(run->pod, start->in.node->dns.cluster_domain, start->place.pod_ips,
                                 start->place.pod_ip_len, node_hosts, run->arena),
                   0644, err) < 0) {
        return -1;
    }
    add_mount(run, STR("/etc/hosts"), path, (struct val){ 0 });
    return 0;
}

/* The file that the container leaves its last words in. */
static int
mount_message(struct pod_run *run, struct err **err)
{
    struct start *start = run->state;
    struct str in_container = val_str(val_get(run->container, "terminationMessagePath"));
    struct str dir = arena_printf(
        run->arena, STR_FMT "/containers/" STR_FMT,
        STR_ARG(volume_pod_dir(start->volumes.root, str_of(run->worker->uid), run->arena)),
        STR_ARG(run->flight.act.container));
    struct str path =
        arena_printf(run->arena, STR_FMT "/%u", STR_ARG(dir), run->flight.act.attempt);

    if (in_container.size == 0) {
        return 0;
    }
    if (disk_make_dirs(dir.at, 0750, err) < 0 || disk_write(path.at, STR(""), 0666, err) < 0) {
        return -1;
    }
    add_mount(run, in_container, path, (struct val){ 0 });
    return 0;
}

static int
make_environment(struct pod_run *run, struct err **err)
{
    struct start *start = run->state;
    struct val *services = arena_array(run->arena, start->service_len, sizeof(*services));
    struct pod_env_in in = { .pod = run->pod,
                             .container = run->container,
                             .place = &start->place,
                             .sources = &run->sources,
                             .services = services,
                             .service_len = start->service_len };

    for (size_t i = 0; i < start->service_len; i++) {
        services[i] = object_val(start->services[i]);
    }
    start->env.arena = run->arena;
    return pod_env_make(&in, &start->env, err);
}

static void
prepare(struct pod_run *run, struct err **err)
{
    struct start *start = run->state;
    struct val mounts = val_get(run->container, "volumeMounts");
    int index = 0;

    start->config_in.mounts =
        arena_array(run->arena, val_len(mounts) + 2, sizeof(*start->config_in.mounts));
    if (make_environment(run, err) < 0) {
        return;
    }
    VAL_EACH (it, mounts) {
        if (mount_volume(run, it.value, index++, err) < 0) {
            return;
        }
    }
    if (mount_hosts(run, err) < 0 || mount_message(run, err) < 0) {
        return;
    }
    start->config_in.env = &start->env;
    (void)disk_make_dirs(arena_printf(run->arena, STR_FMT "/" STR_FMT,
                                      STR_ARG(pod_config_log_dir(&start->in)),
                                      STR_ARG(run->flight.act.container))
                             .at,
                         0755, err);
    if (*err == NULL) {
        (void)pod_config_container(&start->in, &start->config_in, &start->config, err);
    }
}

/* ---- on the loop ---- */

static void
fail(struct pod_run *run, const char *reason, struct err *owned)
{
    pod_run_event(run, EVENT_WARNING, "Failed", "Error: %s", owned->message);
    pod_worker_fail(run->member, reason, str_of(owned->message), CONFIG_RETRY_MS, false);
    err_free(owned);
    pod_run_end(run);
}

static void
succeed(struct pod_run *run)
{
    pod_worker_clear_fail(run->member);
    pod_run_end(run);
}

/* A hook that failed: the container is stopped, and starts anew like after any other end. */
static void
hook_stopped(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct pod_run *run = ctx;

    (void)answer;
    run->call = NULL;
    err_free(owned); /* what still runs is seen, and probed and killed as usual */
    pod_run_end(run);
}

/* How kubelet's messages call the hook. */
static struct str
hook_text(struct pod_run *run)
{
    struct val hook = val_at(run->container, "lifecycle.postStart");
    struct str_builder words = { 0 };
    struct str text;

    if (val_is(val_get(hook, "httpGet"))) {
        return arena_printf(run->arena, "HTTP lifecycle hook (" STR_FMT ")",
                            STR_ARG(val_str(val_at(hook, "httpGet.path"))));
    }
    if (val_is(val_get(hook, "sleep"))) {
        return arena_printf(run->arena, "Sleep lifecycle hook (%d)",
                            (int)val_int(val_at(hook, "sleep.seconds"), 0));
    }
    VAL_EACH (it, val_at(hook, "exec.command")) {
        str_putz(&words, words.size > 0 ? " " : "");
        str_put(&words, val_str(it.value));
    }
    text =
        arena_printf(run->arena, "Exec lifecycle hook ([" STR_FMT "])", STR_ARG(str_view(&words)));
    str_done(&words);
    return text;
}

static void
hooked(void *ctx, enum probe_outcome outcome, struct str text, bool is_warning)
{
    struct pod_run *run = ctx;
    struct start *start = run->state;
    Cri__StopContainerRequest request = CRI__STOP_CONTAINER_REQUEST__INIT;
    struct str message;

    (void)is_warning;
    run->handler = NULL;
    if (outcome == PROBE_OK) {
        succeed(run);
        return;
    }
    /* What the hook wrote is not in the event: it may be a secret. */
    pod_run_event(run, EVENT_WARNING, "FailedPostStartHook", "PostStartHook failed");
    pod_run_event(run, EVENT_NORMAL, "Killing", "FailedPostStartHook");
    message = arena_printf(run->arena,
                           STR_FMT " for Container \"" STR_FMT "\" in Pod \"" STR_FMT
                                   "\" failed - error: " STR_FMT,
                           STR_ARG(hook_text(run)), STR_ARG(run->flight.act.container),
                           STR_ARG(pod_worker_pod_text(run->worker, run->arena)), STR_ARG(text));
    pod_worker_fail(run->member, "PostStartHookError", message, 0, false);
    request.container_id = start->id;
    request.timeout = val_int(val_at(run->pod, "spec.terminationGracePeriodSeconds"), 30);
    pod_run_call(run, CRI_STOP_CONTAINER, &request.base, (request.timeout + 120) * 1000,
                 hook_stopped);
}

static void
started(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct pod_run *run = ctx;
    struct start *start = run->state;
    struct handler_in hook = { .loop = run->worker->host->loop,
                               .cri = run->worker->host->cri,
                               .action = val_at(run->container, "lifecycle.postStart"),
                               .container = run->container,
                               .purpose = "lifecycle",
                               .timeout_ms = HOOK_MS };

    (void)answer;
    run->call = NULL;
    if (run->is_cancelled) {
        err_free(owned);
        pod_run_end(run);
        return;
    }
    if (owned != NULL) {
        fail(run, "RunContainerError", owned);
        return;
    }
    pod_run_event(run, EVENT_NORMAL, "Started", "Container started");
    if (!val_is(hook.action)) {
        succeed(run);
        return;
    }
    hook.container_id = str_of(start->id);
    hook.pod_ip = start->place.pod_ip_len > 0 ? start->place.pod_ips[0] : (struct str){ 0 };
    run->handler = handler_start(&hook, hooked, run);
}

static void
start_it(struct pod_run *run)
{
    struct start *start = run->state;
    Cri__StartContainerRequest request = CRI__START_CONTAINER_REQUEST__INIT;
    struct err *err = NULL;

    if (FAULT("agent.create.before_start", &err) < 0) {
        fail(run, "RunContainerError", err);
        return;
    }
    request.container_id = start->id;
    pod_run_call(run, CRI_START_CONTAINER, &request.base, 0, started);
    /* The request leaves in this round; a fault here is one after it was sent. */
    if (FAULT("agent.start.after", &err) < 0) {
        err_free(err);
    }
}

static void
created(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct pod_run *run = ctx;
    struct start *start = run->state;

    run->call = NULL;
    if (owned == NULL) {
        start->id = arena_dupz(
            run->arena, str_of(((const Cri__CreateContainerResponse *)answer)->container_id));
    }
    if (run->is_cancelled) {
        err_free(owned);
        pod_run_end(run);
        return;
    }
    if (owned != NULL) {
        fail(run, "CreateContainerError", owned);
        return;
    }
    /* Checked for this start; the next one looks again. */
    pod_worker_set(&run->member->image_ref, &run->member->fact->image_ref, (struct str){ 0 });
    pod_run_event(run, EVENT_NORMAL, "Created", "Container created");
    start_it(run);
}

static void
prepared(struct pod_run *run, struct err *owned)
{
    struct start *start = run->state;
    Cri__CreateContainerRequest request = CRI__CREATE_CONTAINER_REQUEST__INIT;

    if (owned != NULL) {
        fail(run, "CreateContainerConfigError", owned);
        return;
    }
    request.pod_sandbox_id = start->sandbox_id;
    request.config = start->config;
    request.sandbox_config = start->sandbox;
    pod_run_call(run, CRI_CREATE_CONTAINER, &request.base, 0, created);
}

static void
fetched(struct pod_run *run)
{
    pin_services(run, run->state);
    pod_run_job(run, prepare, prepared);
}

/* A debugger that shares another container's processes needs to know which they are. */
static bool
find_target(struct pod_run *run, struct start *start)
{
    struct str name = val_str(val_get(run->container, "targetContainerName"));
    const struct runtime_container *target =
        runtime_container(&run->worker->seen->pod, name, (struct str){ 0 }, 0);
    struct err *err = NULL;

    if (name.size == 0) {
        return true;
    }
    if (target == NULL) {
        (void)err_set(&err, ERR_NOT_FOUND, "unable to find target container " STR_FMT,
                      STR_ARG(name));
        fail(run, "CreateContainerConfigError", err);
        return false;
    }
    start->config_in.target_id = arena_dup(run->arena, target->id);
    return true;
}

void
pod_run_container(struct pod_run *run)
{
    struct pod_host *host = run->worker->host;
    struct start *start = ARENA_NEW(run->arena, struct start);
    const struct runtime_sandbox *sandbox = &run->worker->seen->pod.sandboxes[0];

    run->state = start;
    run->release = unpin_services;
    start->place = pod_run_place(run);
    start->sandbox_id = arena_dupz(run->arena, sandbox->id);
    start->volumes = (struct volume_in){ .root = host->root,
                                         .pod = run->pod,
                                         .place = &start->place,
                                         .sources = &run->sources,
                                         .can_mount = true };
    start->in =
        (struct pod_config_in){ .arena = run->arena, .pod = run->pod, .node = &host->config };
    start->config_in = (struct pod_config_container){
        .container = run->container,
        .attempt = run->flight.act.attempt,
        .backoff_ms = run->flight.act.backoff_ms,
        .image_ref = arena_dup(run->arena, run->member->fact->image_ref),
        .image_uid = run->member->image_uid,
        .image_user = arena_dup(run->arena, str_of(run->member->image_user)),
    };
    start->sandbox = pod_config_sandbox(&start->in, sandbox->attempt, NULL);
    if (run->flight.act.id.size > 0) {
        start->id = arena_dupz(run->arena, run->flight.act.id);
        start_it(run);
        return;
    }
    if (!find_target(run, start)) {
        return;
    }
    pod_sources_of_env(run->container, &run->sources);
    pod_run_fetch(run, fetched);
}
