/* The pods of this node. What the API's watch and the runtime say is handed to the worker of that pod;
 * a pod that only the runtime knows gets a worker, too, which ends it. Called by the agent, by pleg and
 * by node_api; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/podset.h"

#include "agent/pod_resize.h"
#include "agent/pod_worker.h"
#include "agent/runtime.h"
#include "api/object.h"
#include "api/pod_fit.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/map.h"
#include "base/mem.h"
#include "client/informer.h"

struct podset {
    struct pod_host *host;
    struct informer *informer;
    struct map workers;                   /* uid → struct pod_worker */
    struct map early;                     /* uid → snapshot that came before the API's list */
    bool has_api, has_seen, has_services; /* listed */
};

static struct pod_worker *
worker_of(struct podset *podset, struct str uid)
{
    struct pod_worker *worker = map_get(&podset->workers, uid);

    if (worker == NULL) {
        worker = pod_worker_new(podset->host, uid);
        (void)map_put(&podset->workers, uid, worker); /* there was none */
    }
    return worker;
}

static void
forgotten(void *ctx, struct str uid)
{
    struct podset *podset = ctx;

    (void)map_del(&podset->workers, uid); /* the worker frees itself */
}

/* Pods that wait for room to grow look again. */
static void
room_changed(struct podset *podset)
{
    size_t iter = 0;
    struct str uid;
    void *worker;

    while (map_next(&podset->workers, &iter, &uid, &worker)) {
        if (pod_worker_wants_room(worker)) {
            pod_worker_wake(worker);
        }
    }
}

static void
room(void *ctx, const struct pod_worker *beside, struct pod_room *ret)
{
    struct podset *podset = ctx;
    size_t iter = 0;
    struct str uid;
    void *worker;

    *ret = (struct pod_room){ .cpu_milli = podset->host->place.cpu_milli,
                              .memory_bytes = podset->host->place.memory_bytes };
    while (map_next(&podset->workers, &iter, &uid, &worker)) {
        struct pod_worker_asked asked = pod_worker_asked(worker);

        if (worker != beside) {
            ret->used_cpu_milli += asked.cpu_milli;
            ret->used_memory_bytes += asked.memory_bytes;
            ret->pods += asked.is_counted ? 1 : 0;
        }
    }
}

static bool
has_port_clash(void *ctx, const struct pod_worker *beside, struct val spec)
{
    struct podset *podset = ctx;
    size_t iter = 0;
    struct str uid;
    void *worker;
    bool is_clash = false;

    while (!is_clash && map_next(&podset->workers, &iter, &uid, &worker)) {
        struct object *object = pod_worker_object(worker);

        if (worker != beside && object != NULL && pod_worker_asked(worker).is_counted) {
            object_pin(object);
            is_clash = pod_fit_ports_clash(spec, val_get(object_val(object), "spec"));
            object_unpin(object);
        }
    }
    return is_clash;
}

static int64_t
burstable_milli(void *ctx)
{
    struct podset *podset = ctx;
    int64_t milli = 0;
    size_t iter = 0;
    struct str uid;
    void *worker;

    while (map_next(&podset->workers, &iter, &uid, &worker)) {
        struct pod_worker_asked asked = pod_worker_asked(worker);

        milli += asked.is_burstable ? asked.cpu_milli : 0;
    }
    return milli;
}

/* ---- the API's side ---- */

static void
pod_changed(void *ctx, struct object *old, struct object *now, uint64_t rev)
{
    struct podset *podset = ctx;

    (void)rev;
    if (old != NULL && (now == NULL || !str_eq(old->uid, now->uid))) {
        struct pod_worker *worker = map_get(&podset->workers, old->uid);

        if (worker != NULL) {
            pod_worker_update(worker, NULL);
        }
    }
    if (now != NULL) {
        pod_worker_update(worker_of(podset, now->uid), now);
    }
    room_changed(podset);
}

/* All is known: what came early is handed on, and what only the runtime has is ended. */
static void
begin(struct podset *podset)
{
    size_t iter = 0;
    struct str uid;
    void *value;

    if (!podset->has_api || !podset->has_seen || !podset->has_services) {
        return;
    }
    podset->host->is_open = true;
    while (map_next(&podset->early, &iter, &uid, &value)) {
        struct runtime_snapshot *snapshot = value;

        (void)map_del(&podset->early, uid); /* frees the key, too */
        pod_worker_seen(worker_of(podset, snapshot->pod.uid), snapshot);
    }
    podset_wake(podset);
}

static void
pods_listed(void *ctx)
{
    struct podset *podset = ctx;

    podset->has_api = true;
    begin(podset);
}

/* ---- the runtime's side ---- */

static void
snapshot_free(void *snapshot)
{
    runtime_snapshot_free(snapshot);
}

void
podset_seen(struct podset *podset, struct str pod_uid, struct runtime_snapshot *owned)
{
    bool is_empty = owned->pod.sandbox_len == 0 && owned->pod.container_len == 0;

    if (!podset->host->is_open) {
        snapshot_free(map_put(&podset->early, pod_uid, owned));
        return;
    }
    if (is_empty && map_get(&podset->workers, pod_uid) == NULL) {
        runtime_snapshot_free(owned); /* gone from everywhere */
        return;
    }
    pod_worker_seen(worker_of(podset, pod_uid), owned);
}

void
podset_synced(struct podset *podset)
{
    podset->has_seen = true;
    begin(podset);
}

void
podset_services(struct podset *podset)
{
    podset->has_services = true;
    begin(podset);
}

void
podset_wake(struct podset *podset)
{
    size_t iter = 0;
    struct str uid;
    void *worker;

    while (map_next(&podset->workers, &iter, &uid, &worker)) {
        pod_worker_wake(worker);
    }
}

/* ---- life ---- */

struct podset *
podset_new(struct pod_host *host, struct informers *informers, const char *node)
{
    struct podset *podset = MEM_NEW(struct podset);
    AUTO_FREE char *selector = mem_printf("spec.nodeName=%s", node);
    struct informer_spec spec = { .resource = host->pods, .field_selector = str_of(selector) };

    podset->host = host;
    host->forgotten = forgotten;
    host->room = room;
    host->burstable_milli = burstable_milli;
    host->has_port_clash = has_port_clash;
    host->ctx = podset;
    podset->informer = informer_add(informers, &spec, pod_changed, pods_listed, podset);
    return podset;
}

void
podset_free(struct podset *podset)
{
    size_t iter = 0;
    struct str uid;
    void *worker;

    if (podset == NULL) {
        return;
    }
    informer_del(podset->informer);
    while (map_next(&podset->workers, &iter, &uid, &worker)) {
        pod_worker_free(worker);
    }
    map_done(&podset->workers, NULL);
    map_done(&podset->early, snapshot_free);
    mem_free(podset);
}

/* ---- questions ---- */

bool
podset_find(const struct podset *podset, struct str ns, struct str name, struct object **ret_object,
            const struct runtime_pod **ret_seen)
{
    size_t iter = 0;
    struct str uid;
    void *value;

    while (map_next(&podset->workers, &iter, &uid, &value)) {
        struct object *object = pod_worker_object(value);

        if (object != NULL && str_eq(object->ns, ns) && str_eq(object->name, name)) {
            *ret_object = object;
            *ret_seen = &pod_worker_snapshot(value)->pod;
            return true;
        }
    }
    return false;
}

const struct runtime_container *
podset_container(const struct podset *podset, struct str id)
{
    size_t iter = 0;
    struct str uid;
    void *value;

    while (map_next(&podset->workers, &iter, &uid, &value)) {
        const struct runtime_pod *pod = &pod_worker_snapshot(value)->pod;

        for (size_t i = 0; i < pod->container_len; i++) {
            if (str_eq(pod->containers[i].id, id)) {
                return &pod->containers[i];
            }
        }
    }
    return NULL;
}

size_t
podset_len(const struct podset *podset)
{
    return podset->workers.len;
}

void
podset_write(const struct podset *podset, struct jw *out)
{
    size_t iter = 0;
    struct str uid;
    void *value;

    jw_obj(out);
    jw_kvz(out, "kind", "PodList");
    jw_kvz(out, "apiVersion", "v1");
    jw_keyz(out, "metadata");
    jw_obj(out);
    jw_end(out);
    jw_keyz(out, "items");
    jw_arr(out);
    while (map_next(&podset->workers, &iter, &uid, &value)) {
        struct object *object = pod_worker_object(value);

        if (object != NULL) {
            jw_raw(out, object_bytes(object));
        }
    }
    jw_end(out);
    jw_end(out);
}
