/* What changes in the container runtime. Every second both lists are compared with what was last
 * seen, pod by pod, by a signature; a pod that differs is looked at. With the runtime's own events a
 * pod is looked at as soon as something happens to it, and the relist is only a safety net. Called
 * by the agent; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pleg.h"

#include "agent/cri.h"
#include "agent/cri.pb-c.h"
#include "agent/pleg_look.h"
#include "agent/runtime.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"

#define LOG_MODULE "pleg"
#include "base/log.h"

enum { RELIST_MS = 1000, RELIST_WITH_EVENTS_MS = 300 * 1000, EVENTS_RETRY_MS = 60 * 1000 };

struct pod {
    struct pleg *pleg;
    char *uid;
    struct pleg_look *look;          /* running */
    uint64_t seen_signature, listed; /* of the last look; of the relist that goes on */
    uint64_t generation;             /* of the last look that began */
    bool is_dirty;                   /* look once more when this look ends */
    bool is_initial;                 /* synced waits for its first look */
};
struct pleg {
    struct pleg_spec spec;
    struct map pods; /* uid → struct pod */
    struct loop_timer *relist, *events_again;
    struct cri_call *lists[2], *events; /* lists: of the relist that goes on */
    struct err *list_err;
    size_t initial_len; /* pods that synced still waits for */
    bool has_listed, is_synced, is_closing;
};

static void relist(void *ctx);
static void watch_events(void *ctx);

/* ---- pods ---- */

static struct pod *
pod_get(struct pleg *pleg, struct str uid)
{
    struct pod *pod = map_get(&pleg->pods, uid);

    if (pod == NULL) {
        pod = MEM_NEW(struct pod);
        pod->pleg = pleg;
        pod->uid = str_dup(uid);
        (void)map_put(&pleg->pods, uid, pod); /* there was none */
    }
    return pod;
}

static void
pod_free(void *ctx)
{
    struct pod *pod = ctx;

    if (pod->look != NULL) {
        pleg_look_cancel(pod->look);
    }
    mem_free(pod->uid);
    mem_free(pod);
}

static void
check_synced(struct pleg *pleg)
{
    if (!pleg->is_synced && pleg->has_listed && pleg->initial_len == 0) {
        pleg->is_synced = true;
        pleg->spec.synced(pleg->spec.ctx);
    }
}

static void look_at(struct pod *pod);

static void
looked(void *ctx, struct runtime_snapshot *owned, uint64_t signature, struct err *owned_err)
{
    struct pod *pod = ctx;
    struct pleg *pleg = pod->pleg;
    bool is_gone;

    pod->look = NULL;
    if (owned_err != NULL) {
        log_debug("pod not read pod=%s err=\"%s\"", pod->uid, owned_err->message);
        err_free(owned_err);
        pod->is_dirty = true; /* the next relist tries again */
        return;
    }
    owned->generation = pod->generation;
    pod->seen_signature = signature;
    is_gone = owned->pod.sandbox_len == 0 && owned->pod.container_len == 0;
    pleg->spec.seen(pleg->spec.ctx, str_of(pod->uid), owned);
    if (pod->is_initial) {
        pod->is_initial = false;
        pleg->initial_len--;
        check_synced(pleg);
    }
    if (pod->is_dirty) {
        look_at(pod);
    } else if (is_gone) {
        (void)map_del(&pleg->pods, str_of(pod->uid));
        pod_free(pod);
    }
}

static void
look_at(struct pod *pod)
{
    if (pod->look != NULL) {
        pod->is_dirty = true;
        return;
    }
    pod->is_dirty = false;
    pod->generation++;
    pod->look = pleg_look_start(pod->pleg->spec.cri, str_of(pod->uid), looked, pod);
}

uint64_t
pleg_look(struct pleg *pleg, struct str pod_uid)
{
    struct pod *pod = pod_get(pleg, pod_uid);

    look_at(pod);
    return pod->generation + (pod->is_dirty ? 1 : 0);
}

/* ---- relist ---- */

/* After pleg_free the memory goes with the last call that runs. */
static bool
is_freed(struct pleg *pleg)
{
    if (!pleg->is_closing) {
        return false;
    }
    if (pleg->lists[0] == NULL && pleg->lists[1] == NULL && pleg->events == NULL) {
        err_free(pleg->list_err);
        mem_free(pleg);
    }
    return true;
}

static void
schedule_relist(struct pleg *pleg)
{
    int64_t in_ms = pleg->events != NULL ? RELIST_WITH_EVENTS_MS : RELIST_MS;

    loop_timer_cancel(pleg->relist);
    pleg->relist = loop_timer(pleg->spec.loop, clock_mono_ms() + in_ms, relist, pleg);
}

static void
compare(struct pleg *pleg)
{
    size_t iter = 0;
    struct str uid;
    void *value;

    while (map_next(&pleg->pods, &iter, &uid, &value)) {
        struct pod *pod = value;

        if (pod->listed == pod->seen_signature && !pod->is_initial && !pod->is_dirty) {
            continue;
        }
        if (!pleg->has_listed) {
            pod->is_initial = true;
            pleg->initial_len++;
        }
        look_at(pod);
    }
    pleg->has_listed = true;
}

static void
list_ended(struct pleg *pleg, struct err *owned)
{
    if (owned != NULL && pleg->list_err == NULL) {
        pleg->list_err = STEAL(owned);
    }
    err_free(owned);
    if (is_freed(pleg) || pleg->lists[0] != NULL || pleg->lists[1] != NULL) {
        return;
    }
    if (pleg->list_err == NULL) {
        compare(pleg);
        check_synced(pleg);
    }
    pleg->spec.health(pleg->spec.ctx, pleg->list_err);
    err_clear(&pleg->list_err);
    schedule_relist(pleg);
}

static struct str
uid_of(const Cri__PodSandboxMetadata *metadata)
{
    return metadata != NULL ? str_of(metadata->uid) : (struct str){ 0 };
}

static void
sandboxes_listed(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct pleg *pleg = ctx;
    const Cri__ListPodSandboxResponse *list = (const Cri__ListPodSandboxResponse *)answer;

    pleg->lists[0] = NULL;
    for (size_t i = 0; list != NULL && !pleg->is_closing && i < list->n_items; i++) {
        struct str uid = uid_of(list->items[i]->metadata);

        if (uid.size > 0) {
            pod_get(pleg, uid)->listed +=
                pleg_look_signature(str_of(list->items[i]->id), (int)list->items[i]->state);
        }
    }
    list_ended(pleg, owned);
}

static void
containers_listed(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct pleg *pleg = ctx;
    const Cri__ListContainersResponse *list = (const Cri__ListContainersResponse *)answer;

    pleg->lists[1] = NULL;
    for (size_t i = 0; list != NULL && !pleg->is_closing && i < list->n_containers; i++) {
        const Cri__Container *item = list->containers[i];

        for (size_t j = 0; j < item->n_labels; j++) {
            if (strcmp(item->labels[j]->key, RUNTIME_POD_UID) == 0) {
                pod_get(pleg, str_of(item->labels[j]->value))->listed +=
                    pleg_look_signature(str_of(item->id), (int)item->state);
            }
        }
    }
    list_ended(pleg, owned);
}

static void
relist(void *ctx)
{
    struct pleg *pleg = ctx;
    Cri__ListPodSandboxRequest sandboxes = CRI__LIST_POD_SANDBOX_REQUEST__INIT;
    Cri__ListContainersRequest containers = CRI__LIST_CONTAINERS_REQUEST__INIT;
    size_t iter = 0;
    struct str uid;
    void *value;

    pleg->relist = NULL;
    while (map_next(&pleg->pods, &iter, &uid, &value)) {
        ((struct pod *)value)->listed = 0;
    }
    pleg->lists[0] =
        cri_call(pleg->spec.cri, CRI_LIST_SANDBOXES, &sandboxes.base, 0, sandboxes_listed, pleg);
    pleg->lists[1] =
        cri_call(pleg->spec.cri, CRI_LIST_CONTAINERS, &containers.base, 0, containers_listed, pleg);
}

/* ---- events ---- */

static void
event_came(void *ctx, const ProtobufCMessage *message)
{
    struct pleg *pleg = ctx;
    const Cri__ContainerEventResponse *event = (const Cri__ContainerEventResponse *)message;
    struct str uid = event->pod_sandbox_status != NULL ? uid_of(event->pod_sandbox_status->metadata)
                                                       : (struct str){ 0 };

    if (uid.size > 0 && !pleg->is_closing) {
        look_at(pod_get(pleg, uid));
    }
}

/* The stream ended, or the runtime has none: relists are frequent again, and it is tried later. */
static void
events_ended(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct pleg *pleg = ctx;

    (void)answer;
    pleg->events = NULL;
    log_debug("no container events err=\"%s\"", owned != NULL ? owned->message : "");
    err_free(owned);
    if (is_freed(pleg)) {
        return;
    }
    if (pleg->lists[0] == NULL && pleg->lists[1] == NULL) {
        schedule_relist(pleg);
    }
    pleg->events_again =
        loop_timer(pleg->spec.loop, clock_mono_ms() + EVENTS_RETRY_MS, watch_events, pleg);
}

static void
watch_events(void *ctx)
{
    struct pleg *pleg = ctx;

    pleg->events_again = NULL;
    pleg->events = cri_watch(pleg->spec.cri, event_came, events_ended, pleg);
}

struct pleg *
pleg_new(const struct pleg_spec *spec)
{
    struct pleg *pleg = MEM_NEW(struct pleg);

    pleg->spec = *spec;
    relist(pleg);
    watch_events(pleg);
    return pleg;
}

void
pleg_free(struct pleg *pleg)
{
    if (pleg == NULL) {
        return;
    }
    pleg->is_closing = true;
    loop_timer_cancel(pleg->relist);
    loop_timer_cancel(pleg->events_again);
    map_done(&pleg->pods, pod_free);
    for (size_t i = 0; i < ARRAY_LEN(pleg->lists); i++) {
        if (pleg->lists[i] != NULL) {
            cri_cancel(pleg->lists[i]);
        }
    }
    if (pleg->events != NULL) {
        cri_cancel(pleg->events);
    }
    (void)is_freed(pleg); /* now, or with the last call */
}
