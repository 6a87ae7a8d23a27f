/* One look at one pod. Lists its sandboxes and containers by label, asks each for its status, reads
 * what ended containers left as their message. Called by pleg; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pleg_look.h"

#include "agent/cri.h"
#include "agent/cri.pb-c.h"
#include "agent/disk.h"
#include "agent/logs.h"
#include "agent/runtime.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

enum { CALL_MS = 30 * 1000, ITEMS_MAX = 1000, MESSAGE_MAX = 4096 };
enum { MESSAGE_LINES = 80, MESSAGE_LOG_MAX = 2048 };

struct call {
    struct pleg_look *look;
    struct call *next, **previous;
    struct cri_call *call;
    size_t index; /* of the sandbox or container that is asked for */
};
struct pleg_look {
    struct cri *cri;
    struct runtime_snapshot *snapshot;
    struct call *calls; /* that run */
    uint64_t signature;
    struct err *err; /* the first failure */
    pleg_look_fn *done;
    void *ctx;
    bool is_cancelled;
};

uint64_t
pleg_look_signature(struct str id, int state)
{
    return (str_hash(id) + 1) * (uint64_t)(2 * state + 3);
}

/* ---- end ---- */

static void
finish(struct pleg_look *look)
{
    if (look->is_cancelled || look->err != NULL) {
        runtime_snapshot_free(look->snapshot);
        look->snapshot = NULL;
    } else {
        runtime_sort(&look->snapshot->pod);
    }
    if (look->is_cancelled) {
        err_free(look->err);
    } else {
        look->done(look->ctx, look->snapshot, look->signature, look->err);
    }
    mem_free(look);
}

static void
call_ended(struct call *call, struct err *owned)
{
    struct pleg_look *look = call->look;

    *call->previous = call->next;
    if (call->next != NULL) {
        call->next->previous = call->previous;
    }
    mem_free(call);
    /* What is gone meanwhile is left out: another look follows. */
    if (owned != NULL && owned->code != ERR_NOT_FOUND && look->err == NULL) {
        look->err = STEAL(owned);
    }
    err_free(owned);
    if (look->calls == NULL) {
        finish(look);
    }
}

static void
call_start(struct pleg_look *look, enum cri_method method, const ProtobufCMessage *request,
           size_t index, cri_done_fn *done)
{
    struct call *call = MEM_NEW(struct call);

    call->look = look;
    call->index = index;
    call->previous = &look->calls;
    call->next = look->calls;
    if (call->next != NULL) {
        call->next->previous = &call->next;
    }
    look->calls = call;
    call->call = cri_call(look->cri, method, request, CALL_MS, done, call);
}

/* ---- sandboxes ---- */

static struct str
copy(struct pleg_look *look, const char *z)
{
    return arena_dup(look->snapshot->arena, str_of(z));
}

static int64_t
ms_of(int64_t ns)
{
    return ns / 1000000;
}

static void
take_ips(struct pleg_look *look, struct runtime_sandbox *sandbox,
         const Cri__PodSandboxNetworkStatus *network)
{
    struct str *ips;

    if (network == NULL || network->ip[0] == '\0') {
        return;
    }
    ips = arena_array(look->snapshot->arena, network->n_additional_ips + 1, sizeof(*ips));
    ips[sandbox->ip_len++] = copy(look, network->ip);
    for (size_t i = 0; i < network->n_additional_ips; i++) {
        ips[sandbox->ip_len++] = copy(look, network->additional_ips[i]->ip);
    }
    sandbox->ips = ips;
}

static void
sandbox_told(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct call *call = ctx;
    struct pleg_look *look = call->look;
    const Cri__PodSandboxStatus *status =
        answer != NULL ? ((const Cri__PodSandboxStatusResponse *)answer)->status : NULL;

    if (status != NULL && !look->is_cancelled) {
        struct runtime_sandbox *sandbox = &look->snapshot->pod.sandboxes[call->index];
        const Cri__Namespace *namespaces =
            status->on_linux != NULL ? status->on_linux->namespaces : NULL;

        sandbox->is_ready = status->state == CRI__POD_SANDBOX_STATE__SANDBOX_READY;
        sandbox->created_ms = ms_of(status->created_at);
        sandbox->attempt = status->metadata != NULL ? status->metadata->attempt : 0;
        sandbox->is_host_network = namespaces != NULL && namespaces->options != NULL &&
                                   namespaces->options->network == CRI__NAMESPACE_MODE__NODE;
        take_ips(look, sandbox, status->network);
    }
    call_ended(call, owned);
}

static void
sandboxes_listed(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct call *call = ctx;
    struct pleg_look *look = call->look;
    struct runtime_pod *pod = &look->snapshot->pod;
    const Cri__ListPodSandboxResponse *list = (const Cri__ListPodSandboxResponse *)answer;
    size_t len = list == NULL || look->is_cancelled ? 0
                 : list->n_items < ITEMS_MAX        ? list->n_items
                                                    : ITEMS_MAX;

    pod->sandboxes = arena_array(look->snapshot->arena, len, sizeof(*pod->sandboxes));
    for (size_t i = 0; i < len; i++) {
        const Cri__PodSandbox *item = list->items[i];
        Cri__PodSandboxStatusRequest request = CRI__POD_SANDBOX_STATUS_REQUEST__INIT;

        look->signature += pleg_look_signature(str_of(item->id), (int)item->state);
        pod->sandboxes[pod->sandbox_len].id = copy(look, item->id);
        if (item->metadata != NULL) {
            pod->ns = copy(look, item->metadata->namespace_);
            pod->name = copy(look, item->metadata->name);
        }
        request.pod_sandbox_id = item->id;
        call_start(look, CRI_SANDBOX_STATUS, &request.base, pod->sandbox_len++, sandbox_told);
    }
    call_ended(call, owned);
}

/* ---- containers ---- */

static const char *
annotation(const Cri__ContainerStatus *status, const char *key)
{
    for (size_t i = 0; i < status->n_annotations; i++) {
        if (strcmp(status->annotations[i]->key, key) == 0) {
            return status->annotations[i]->value;
        }
    }
    return "";
}

static enum runtime_state
state_of(Cri__ContainerState state)
{
    switch (state) {
    case CRI__CONTAINER_STATE__CONTAINER_CREATED:
        return RUNTIME_CREATED;
    case CRI__CONTAINER_STATE__CONTAINER_RUNNING:
        return RUNTIME_RUNNING;
    case CRI__CONTAINER_STATE__CONTAINER_EXITED:
        return RUNTIME_EXITED;
    case CRI__CONTAINER_STATE__CONTAINER_UNKNOWN:
    case _CRI__CONTAINER_STATE_IS_INT_SIZE:
        break;
    }
    return RUNTIME_UNKNOWN;
}

/* What an ended container says: its message file, else (where its spec asks for that) the end of its
 * log. Small reads of local files. */
static void
take_message(struct pleg_look *look, struct runtime_container *c,
             const Cri__ContainerStatus *status)
{
    const char *path = annotation(status, RUNTIME_MESSAGE_PATH);
    struct arena *arena = look->snapshot->arena;
    AUTO_ERR struct err *err = NULL;
    struct str text = { 0 };

    for (size_t i = 0; i < status->n_mounts && path[0] != '\0'; i++) {
        if (strcmp(status->mounts[i]->container_path, path) == 0) {
            /* Unreadable: there is no message, as if the container had written none. */
            (void)disk_read(arena, status->mounts[i]->host_path, MESSAGE_MAX, true, &text, &err);
        }
    }
    if (text.size == 0 && c->exit_code != 0 &&
        strcmp(annotation(status, RUNTIME_MESSAGE_POLICY), "FallbackToLogsOnError") == 0) {
        text = logs_last_lines(arena, status->log_path, MESSAGE_LINES, MESSAGE_LOG_MAX);
    }
    if (text.size > 0) {
        c->message = c->message.size > 0 ? arena_printf(arena, STR_FMT ": " STR_FMT,
                                                        STR_ARG(c->message), STR_ARG(text))
                                         : text;
    }
}

static void
take_user(struct pleg_look *look, struct runtime_container *c, const Cri__ContainerUser *user)
{
    const Cri__LinuxContainerUser *on_linux = user != NULL ? user->on_linux : NULL;

    if (on_linux == NULL) {
        return;
    }
    int64_t *groups =
        arena_array(look->snapshot->arena, on_linux->n_supplemental_groups, sizeof(*groups));
    for (size_t i = 0; i < on_linux->n_supplemental_groups; i++) {
        groups[i] = on_linux->supplemental_groups[i];
    }
    c->user = (struct runtime_user){ .is_known = true,
                                     .uid = on_linux->uid,
                                     .gid = on_linux->gid,
                                     .groups = groups,
                                     .group_len = on_linux->n_supplemental_groups };
}

static void
take_limits(struct runtime_container *c, const Cri__ContainerResources *resources)
{
    const Cri__LinuxContainerResources *on_linux = resources != NULL ? resources->on_linux : NULL;

    if (on_linux == NULL) {
        return;
    }
    c->has_limits = true;
    c->limits = (struct pod_limits){
        .cpu_shares = on_linux->cpu_shares,
        .cpu_quota_us = on_linux->cpu_quota > 0 && on_linux->cpu_period > 0
                            ? on_linux->cpu_quota * POD_LIMITS_PERIOD_US / on_linux->cpu_period
                            : 0,
        .memory_bytes = on_linux->memory_limit_in_bytes > 0 ? on_linux->memory_limit_in_bytes : 0,
    };
}

static void
container_told(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct call *call = ctx;
    struct pleg_look *look = call->look;
    const Cri__ContainerStatus *status =
        answer != NULL ? ((const Cri__ContainerStatusResponse *)answer)->status : NULL;

    if (status != NULL && !look->is_cancelled) {
        struct runtime_container *c = &look->snapshot->pod.containers[call->index];
        int64_t backoff_ms = 0;

        c->state = state_of(status->state);
        c->created_ms = ms_of(status->created_at);
        c->started_ms = ms_of(status->started_at);
        c->finished_ms = ms_of(status->finished_at);
        c->exit_code = status->exit_code;
        c->reason = copy(look, status->reason);
        c->message = copy(look, status->message);
        c->image = copy(look, status->image != NULL ? status->image->image : "");
        c->image_ref = copy(look, status->image_ref);
        c->hash = copy(look, annotation(status, RUNTIME_HASH));
        c->log_path = copy(look, status->log_path);
        /* Absent on a container of another agent: it does not wait. */
        (void)str_to_int(str_of(annotation(status, RUNTIME_BACKOFF)), &backoff_ms);
        c->backoff_ms = backoff_ms;
        c->resources = copy(look, annotation(status, RUNTIME_RESOURCES));
        take_user(look, c, status->user);
        take_limits(c, status->resources);
        if (c->state == RUNTIME_EXITED) {
            take_message(look, c, status);
        }
    }
    call_ended(call, owned);
}

static void
containers_listed(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct call *call = ctx;
    struct pleg_look *look = call->look;
    struct runtime_pod *pod = &look->snapshot->pod;
    const Cri__ListContainersResponse *list = (const Cri__ListContainersResponse *)answer;
    size_t len = list == NULL || look->is_cancelled ? 0
                 : list->n_containers < ITEMS_MAX   ? list->n_containers
                                                    : ITEMS_MAX;

    pod->containers = arena_array(look->snapshot->arena, len, sizeof(*pod->containers));
    for (size_t i = 0; i < len; i++) {
        const Cri__Container *item = list->containers[i];
        struct runtime_container *c = &pod->containers[pod->container_len];
        Cri__ContainerStatusRequest request = CRI__CONTAINER_STATUS_REQUEST__INIT;

        look->signature += pleg_look_signature(str_of(item->id), (int)item->state);
        *c = (struct runtime_container){
            .id = copy(look, item->id),
            .sandbox_id = copy(look, item->pod_sandbox_id),
            .name = copy(look, item->metadata != NULL ? item->metadata->name : ""),
            .attempt = item->metadata != NULL ? item->metadata->attempt : 0,
            .state = RUNTIME_UNKNOWN, /* until it is told */
        };
        request.container_id = item->id;
        call_start(look, CRI_CONTAINER_STATUS, &request.base, pod->container_len++, container_told);
    }
    call_ended(call, owned);
}

/* ---- start ---- */

struct pleg_look *
pleg_look_start(struct cri *cri, struct str pod_uid, pleg_look_fn *done, void *ctx)
{
    struct pleg_look *look = MEM_NEW(struct pleg_look);
    struct arena *arena = arena_new();
    Cri__PodSandboxFilter__LabelSelectorEntry sandbox_pair =
        CRI__POD_SANDBOX_FILTER__LABEL_SELECTOR_ENTRY__INIT;
    Cri__PodSandboxFilter__LabelSelectorEntry *sandbox_pairs[] = { &sandbox_pair };
    Cri__PodSandboxFilter sandbox_filter = CRI__POD_SANDBOX_FILTER__INIT;
    Cri__ListPodSandboxRequest sandboxes = CRI__LIST_POD_SANDBOX_REQUEST__INIT;
    Cri__ContainerFilter__LabelSelectorEntry container_pair =
        CRI__CONTAINER_FILTER__LABEL_SELECTOR_ENTRY__INIT;
    Cri__ContainerFilter__LabelSelectorEntry *container_pairs[] = { &container_pair };
    Cri__ContainerFilter container_filter = CRI__CONTAINER_FILTER__INIT;
    Cri__ListContainersRequest containers = CRI__LIST_CONTAINERS_REQUEST__INIT;

    look->cri = cri;
    look->done = done;
    look->ctx = ctx;
    look->snapshot = ARENA_NEW(arena, struct runtime_snapshot);
    look->snapshot->arena = arena;
    look->snapshot->pod.uid = arena_dup(arena, pod_uid);
    sandbox_pair.key = container_pair.key = (char *)(uintptr_t)RUNTIME_POD_UID;
    sandbox_pair.value = container_pair.value = arena_dupz(arena, pod_uid);
    sandbox_filter.label_selector = sandbox_pairs;
    sandbox_filter.n_label_selector = 1;
    sandboxes.filter = &sandbox_filter;
    container_filter.label_selector = container_pairs;
    container_filter.n_label_selector = 1;
    containers.filter = &container_filter;
    call_start(look, CRI_LIST_SANDBOXES, &sandboxes.base, 0, sandboxes_listed);
    call_start(look, CRI_LIST_CONTAINERS, &containers.base, 0, containers_listed);
    return look;
}

void
pleg_look_cancel(struct pleg_look *look)
{
    look->is_cancelled = true;
    for (struct call *call = look->calls; call != NULL; call = call->next) {
        cri_cancel(call->call);
    }
}
