/* The action IMAGE: pull secrets, then the image itself, with the events that kubelet makes. Started by
 * pod_run; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/fetch.h"
#include "agent/image.h"
#include "agent/pod_worker_priv.h"
#include "base/arena.h"
#include "base/mem.h"

enum { RETRY_MS = 10 * 1000, PULL_WAIT_MS = 10 * 1000, PULL_WAIT_MAX_MS = 300 * 1000 };

static void
pulling(void *ctx)
{
    struct pod_run *run = ctx;

    pod_run_event(run, EVENT_NORMAL, "Pulling", "Pulling image \"" STR_FMT "\"",
                  STR_ARG(val_str(val_get(run->container, "image"))));
}

/* As Go prints a duration cut to milliseconds. */
static struct str
duration(struct arena *arena, int64_t ms)
{
    if (ms < 1000) {
        return arena_printf(arena, "%dms", (int)ms);
    }
    if (ms < 60 * 1000) {
        return arena_printf(arena, "%gs", (double)ms / 1000);
    }
    return arena_printf(arena, "%dm%gs", (int)(ms / 60000), (double)(ms % 60000) / 1000);
}

static void
tell_success(struct pod_run *run, const struct image_result *result)
{
    struct str image = val_str(val_get(run->container, "image")), took;

    if (result->was_present) {
        pod_run_event(run, EVENT_NORMAL, "Pulled",
                      "Container image \"" STR_FMT
                      "\" already present on machine and can be accessed by the pod",
                      STR_ARG(image));
        return;
    }
    took = duration(run->arena, result->pull_ms);
    pod_run_event(run, EVENT_NORMAL, "Pulled",
                  "Successfully pulled image \"" STR_FMT "\" in " STR_FMT " (" STR_FMT
                  " including waiting). Image size: %lld bytes.",
                  STR_ARG(image), STR_ARG(took), STR_ARG(took), (long long)result->size_bytes);
}

static void
tell_failure(struct pod_run *run, const struct image_result *result)
{
    struct str image = val_str(val_get(run->container, "image"));

    if (str_is(result->reason, "ErrImageNeverPull")) {
        pod_run_event(run, EVENT_WARNING, "ErrImageNeverPull", STR_FMT, STR_ARG(result->message));
    } else if (result->is_pull) {
        pod_run_event(run, EVENT_WARNING, "Failed",
                      "Failed to pull image \"" STR_FMT "\": " STR_FMT, STR_ARG(image),
                      STR_ARG(result->message));
    } else {
        pod_run_event(run, EVENT_WARNING, "InspectFailed", STR_FMT, STR_ARG(result->message));
    }
    pod_run_event(run, EVENT_WARNING, "Failed", "Error: " STR_FMT, STR_ARG(result->reason));
}

static void
got(void *ctx, const struct image_result *result)
{
    struct pod_run *run = ctx;
    struct pod_member *member = run->member;
    int64_t wait_ms = RETRY_MS;

    run->image = NULL;
    if (result->reason.size == 0) {
        tell_success(run, result);
        pod_worker_set(&member->image_ref, &member->fact->image_ref, result->ref);
        mem_free(member->image_user);
        member->image_user = str_dup(result->user);
        member->image_uid = result->uid;
        pod_worker_clear_fail(member);
        pod_run_end(run);
        return;
    }
    tell_failure(run, result);
    if (result->is_pull) {
        wait_ms = member->fact->fail_is_pull ? member->fact->fail_wait_ms * 2 : PULL_WAIT_MS;
        wait_ms = wait_ms > PULL_WAIT_MAX_MS ? PULL_WAIT_MAX_MS : wait_ms;
    }
    pod_worker_fail(member, arena_dupz(run->arena, result->reason), result->message, wait_ms,
                    result->is_pull);
    pod_run_end(run);
}

static const struct image_get_ops ops = { .pulling = pulling, .done = got };

static void
fetched(struct pod_run *run)
{
    struct image_want want = {
        .loop = run->worker->host->loop,
        .cri = run->worker->host->cri,
        .image = val_str(val_get(run->container, "image")),
        .policy = val_str(val_get(run->container, "imagePullPolicy")),
        .sources = &run->sources,
    };

    run->image = image_get_start(&want, &ops, run);
}

void
pod_run_image(struct pod_run *run)
{
    pod_sources_of_pull(run->pod, &run->sources);
    pod_run_fetch(run, fetched);
}
