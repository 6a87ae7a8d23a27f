/* The action MEASURE: what a pod with limits uses of the disk; more than it may is its end. Started by
 * pod_run; loop thread, the files on a job thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/cri.pb-c.h"
#include "agent/disk.h"
#include "agent/pod_storage.h"
#include "agent/pod_worker_priv.h"
#include "agent/volume.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

#define LOG_MODULE "pod"
#include "base/log.h"

struct measure {
    struct pod_storage_use *containers, *volumes;
    size_t container_len, volume_len;
    struct volume_in in;
    struct str logs;
};

static void
end(struct pod_run *run, struct str message)
{
    struct pod_worker *worker = run->worker;

    if (worker->end_reason == NULL) {
        pod_worker_set(&worker->end_reason, &worker->facts.end_reason, STR("Evicted"));
        pod_worker_set(&worker->end_message, &worker->facts.end_message, message);
        worker->facts.end_grace_s = 0;
        pod_run_event(run, EVENT_WARNING, "Evicted", STR_FMT, STR_ARG(message));
    }
}

static void
measured(struct pod_run *run, struct err *owned)
{
    struct measure *measure = run->state;
    struct pod_storage_in in = { .pod = run->pod,
                                 .containers = measure->containers,
                                 .container_len = measure->container_len,
                                 .volumes = measure->volumes,
                                 .volume_len = measure->volume_len,
                                 .arena = run->arena };
    struct str message;

    run->worker->facts.measured_ms = clock_wall_ms();
    if (owned != NULL) {
        log_debug("pod not measured pod=%s err=\"%s\"", run->worker->uid, owned->message);
        err_free(owned);
    } else if (pod_storage_is_exceeded(&in, &message)) {
        end(run, message);
    }
    pod_run_end(run);
}

static void
walk(struct pod_run *run, struct err **err)
{
    struct measure *measure = run->state;

    for (size_t i = 0; i < measure->container_len; i++) {
        struct pod_storage_use *use = &measure->containers[i];

        use->bytes += disk_usage(arena_printf(run->arena, STR_FMT "/" STR_FMT,
                                              STR_ARG(measure->logs), STR_ARG(use->name))
                                     .at);
    }
    for (size_t i = 0; i < measure->volume_len; i++) {
        struct str path;

        if (volume_path(&measure->in, measure->volumes[i].name, run->arena, &path, err) < 0) {
            return;
        }
        measure->volumes[i].bytes = disk_usage(path.at);
    }
}

/* The newest container of a name is the one that counts. */
static void
take(struct pod_run *run, const Cri__ContainerStats *stats)
{
    struct measure *measure = run->state;
    struct str id = str_of(stats->attributes != NULL ? stats->attributes->id : "");

    for (size_t i = 0; i < measure->container_len; i++) {
        const struct runtime_container *newest = runtime_container(
            &run->worker->seen->pod, measure->containers[i].name, (struct str){ 0 }, 0);

        if (newest != NULL && str_eq(newest->id, id) && stats->writable_layer != NULL &&
            stats->writable_layer->used_bytes != NULL) {
            measure->containers[i].bytes = (int64_t)stats->writable_layer->used_bytes->value;
        }
    }
}

static void
stats_came(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct pod_run *run = ctx;
    const Cri__ListContainerStatsResponse *list = (const Cri__ListContainerStatsResponse *)answer;

    run->call = NULL;
    if (run->is_cancelled) {
        err_free(owned);
        pod_run_end(run);
        return;
    }
    if (owned != NULL) {
        measured(run, owned);
        return;
    }
    for (size_t i = 0; i < list->n_stats; i++) {
        take(run, list->stats[i]);
    }
    pod_run_job(run, walk, measured);
}

static void
list_parts(struct pod_run *run, struct measure *measure)
{
    struct val spec = val_get(run->pod, "spec"), volumes = val_get(spec, "volumes");
    size_t len = 0;

    for (int list = 0; list < POD_LIST_LEN; list++) {
        len += val_len(val_get(spec, pod_list_member((enum pod_list)list)));
    }
    measure->containers = arena_array(run->arena, len, sizeof(*measure->containers));
    for (int list = 0; list < POD_LIST_LEN; list++) {
        VAL_EACH (it, val_get(spec, pod_list_member((enum pod_list)list))) {
            measure->containers[measure->container_len++].name = val_str(val_get(it.value, "name"));
        }
    }
    measure->volumes = arena_array(run->arena, val_len(volumes), sizeof(*measure->volumes));
    VAL_EACH (it, volumes) {
        struct val empty = val_get(it.value, "emptyDir");

        if (val_is(empty)) {
            measure->volumes[measure->volume_len++] = (struct pod_storage_use){
                .name = val_str(val_get(it.value, "name")),
                .is_memory = val_is_str(val_get(empty, "medium"), "Memory"),
            };
        }
    }
}

void
pod_run_measure(struct pod_run *run)
{
    struct pod_host *host = run->worker->host;
    struct measure *measure = ARENA_NEW(run->arena, struct measure);
    struct pod_config_in config = { .arena = run->arena, .pod = run->pod, .node = &host->config };
    Cri__ContainerStatsFilter__LabelSelectorEntry pair =
        CRI__CONTAINER_STATS_FILTER__LABEL_SELECTOR_ENTRY__INIT;
    Cri__ContainerStatsFilter__LabelSelectorEntry *pairs[] = { &pair };
    Cri__ContainerStatsFilter filter = CRI__CONTAINER_STATS_FILTER__INIT;
    Cri__ListContainerStatsRequest request = CRI__LIST_CONTAINER_STATS_REQUEST__INIT;

    run->state = measure;
    list_parts(run, measure);
    measure->in = (struct volume_in){ .root = host->root, .pod = run->pod };
    measure->logs = pod_config_log_dir(&config);
    pair.key = (char *)(uintptr_t)RUNTIME_POD_UID;
    pair.value = run->worker->uid;
    filter.label_selector = pairs;
    filter.n_label_selector = 1;
    request.filter = &filter;
    pod_run_call(run, CRI_LIST_STATS, &request.base, 0, stats_came);
}
