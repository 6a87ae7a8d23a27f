/* What the container runtime says is there: order, look-ups, the hash of a spec.  Plans, status and
 * workers read it; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/runtime.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"

void
runtime_snapshot_free(struct runtime_snapshot *snapshot)
{
    if (snapshot != NULL) {
        arena_free(snapshot->arena); /* it lives in there itself */
    }
}

static int
compare_times(int64_t a, int64_t b)
{
    return a < b ? 1 : a > b ? -1 : 0;
}

static int
compare_sandboxes(const void *a, const void *b)
{
    const struct runtime_sandbox *left = a, *right = b;
    int order = compare_times(left->created_ms, right->created_ms);

    return order != 0 ? order : compare_times(left->attempt, right->attempt);
}

static int
compare_containers(const void *a, const void *b)
{
    const struct runtime_container *left = a, *right = b;
    int order = compare_times(left->created_ms, right->created_ms);

    return order != 0 ? order : compare_times(left->attempt, right->attempt);
}

void
runtime_sort(struct runtime_pod *pod)
{
    if (pod->sandbox_len > 1) {
        qsort(pod->sandboxes, pod->sandbox_len, sizeof(*pod->sandboxes), compare_sandboxes);
    }
    if (pod->container_len > 1) {
        qsort(pod->containers, pod->container_len, sizeof(*pod->containers), compare_containers);
    }
}

const struct runtime_sandbox *
runtime_sandbox_usable(const struct runtime_pod *pod, bool is_host_network)
{
    const struct runtime_sandbox *newest = pod->sandboxes;
    size_t ready = 0;

    for (size_t i = 0; i < pod->sandbox_len; i++) {
        ready += pod->sandboxes[i].is_ready ? 1 : 0;
    }
    if (ready != 1 || !newest->is_ready || newest->is_host_network != is_host_network) {
        return NULL;
    }
    return is_host_network || newest->ip_len > 0 ? newest : NULL;
}

const struct runtime_container *
runtime_container(const struct runtime_pod *pod, struct str name, struct str sandbox_id, size_t n)
{
    for (size_t i = 0; i < pod->container_len; i++) {
        const struct runtime_container *it = &pod->containers[i];

        if (!str_eq(it->name, name) ||
            (sandbox_id.size > 0 && !str_eq(it->sandbox_id, sandbox_id))) {
            continue;
        }
        if (n == 0) {
            return it;
        }
        n--;
    }
    return NULL;
}

bool
runtime_is_running(const struct runtime_container *container)
{
    return container->state == RUNTIME_RUNNING || container->state == RUNTIME_UNKNOWN;
}

bool
runtime_was_cancelled(const struct runtime_container *container)
{
    /* containerd's words for a request whose connection broke: before, or while the shim starts. */
    static const char *const words[] = { "context canceled",
                                         "failed to start shim: start failed: : "
                                         "signal: killed" };
    bool is_given_up = false;

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        is_given_up = is_given_up || str_contains(container->message, str_of(words[i]));
    }
    return is_given_up && container->state == RUNTIME_EXITED && container->started_ms == 0 &&
           str_is(container->reason, "StartError");
}

/* FNV-1a, written out because the value is kept in the runtime across versions of the agent. */
static uint64_t
hash_more(uint64_t hash, struct str bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        hash = (hash ^ (unsigned char)bytes.at[i]) * 0x100000001b3U;
    }
    return (hash ^ 0xff) * 0x100000001b3U;
}

struct str
runtime_hash(struct val container, char text[RUNTIME_HASH_SIZE])
{
    uint64_t hash = hash_more(0xcbf29ce484222325U, val_str(val_get(container, "name")));

    hash = hash_more(hash, val_str(val_get(container, "image")));
    (void)snprintf(text, RUNTIME_HASH_SIZE, "%016llx", (unsigned long long)hash);
    return str_slice(text, RUNTIME_HASH_SIZE - 1);
}
