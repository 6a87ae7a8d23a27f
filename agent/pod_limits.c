/* What a container may use, in the kernel's units (kubelet's cm and qos). Called when a container is
 * configured; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_limits.h"

#include "api/pod_resources.h"
#include "api/quantity.h"
#include "base/arena.h"

enum { MIN_SHARES = 2, MAX_SHARES = 262144, MIN_QUOTA_US = 1000 };
enum { OOM_GUARANTEED = -997, OOM_BEST_EFFORT = 1000, CRITICAL_PRIORITY = 2000001000 };

int64_t
pod_limits_shares(int64_t cpu_milli)
{
    int64_t shares = cpu_milli * 1024 / 1000;

    return shares < MIN_SHARES ? MIN_SHARES : shares > MAX_SHARES ? MAX_SHARES : shares;
}

int64_t
pod_limits_quota(int64_t cpu_milli)
{
    int64_t quota = cpu_milli * POD_LIMITS_PERIOD_US / 1000;

    return cpu_milli == 0 ? 0 : quota < MIN_QUOTA_US ? MIN_QUOTA_US : quota;
}

static struct quantity
amount_of(struct val holder, const char *list, const char *resource)
{
    struct quantity amount = { 0 };

    /* What is absent is nothing. */
    (void)quantity_parse(val_str(val_get(val_get(val_get(holder, "resources"), list), resource)),
                         &amount);
    return amount;
}

/* A container without a limit of its own is bounded by the pod's. */
static struct quantity
limit_of(struct val pod, struct val container, const char *resource)
{
    struct quantity own = amount_of(container, "limits", resource);

    return own.nano != 0 ? own : amount_of(val_get(pod, "spec"), "limits", resource);
}

static int64_t
oom_score(struct val pod, struct val container, int64_t node_memory_bytes)
{
    struct str qos = str_of(pod_resources_qos(pod));
    int64_t memory = quantity_value(amount_of(container, "requests", "memory"));
    int64_t score;

    if (val_int(val_at(pod, "spec.priority"), 0) >= CRITICAL_PRIORITY ||
        str_is(qos, "Guaranteed")) {
        return OOM_GUARANTEED;
    }
    if (str_is(qos, "BestEffort") || node_memory_bytes <= 0) {
        return OOM_BEST_EFFORT;
    }
    score = 1000 - (int64_t)((__int128)1000 * memory / node_memory_bytes);
    if (score < 1000 + OOM_GUARANTEED) {
        return 1000 + OOM_GUARANTEED;
    }
    return score >= OOM_BEST_EFFORT ? OOM_BEST_EFFORT - 1 : score;
}

void
pod_limits_of(struct val pod, struct val container, int64_t node_memory_bytes,
              struct pod_limits *ret)
{
    struct val requests = val_get(val_get(container, "resources"), "requests");
    struct quantity cpu = limit_of(pod, container, "cpu");
    struct quantity asked =
        val_is(val_get(requests, "cpu")) ? amount_of(container, "requests", "cpu") : cpu;

    *ret = (struct pod_limits){
        .cpu_shares = pod_limits_shares(quantity_milli(asked)),
        .cpu_quota_us = pod_limits_quota(quantity_milli(cpu)),
        .memory_bytes = quantity_value(limit_of(pod, container, "memory")),
        .oom_score_adj = oom_score(pod, container, node_memory_bytes),
    };
}

bool
pod_limits_same(const struct pod_limits *a, const struct pod_limits *b)
{
    return a->cpu_shares == b->cpu_shares && a->cpu_quota_us == b->cpu_quota_us &&
           a->memory_bytes == b->memory_bytes;
}

/* Only what every container limits is limited for all of them together. */
static bool
is_limited(struct val pod, const char *resource)
{
    static const char *const lists[] = { "spec.containers", "spec.initContainers" };

    if (amount_of(val_get(pod, "spec"), "limits", resource).nano != 0) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        VAL_EACH (it, val_at(pod, lists[i])) {
            if (amount_of(it.value, "limits", resource).nano == 0) {
                return false;
            }
        }
    }
    return true;
}

/* ResourceConfigForPod. */
void
pod_limits_of_pod(struct val pod, struct arena *arena, struct pod_limits *ret)
{
    struct pod_amounts requests = { .arena = arena }, limits = { .arena = arena };

    *ret = (struct pod_limits){ .cpu_shares = MIN_SHARES };
    if (strcmp(pod_resources_qos(pod), "BestEffort") == 0) {
        return;
    }
    pod_resources_of(pod, POD_REQUESTS, &requests);
    pod_resources_of(pod, POD_LIMITS, &limits);
    ret->cpu_shares = pod_limits_shares(pod_amounts_get(&requests, STR("cpu")));
    if (is_limited(pod, "cpu")) {
        ret->cpu_quota_us = pod_limits_quota(pod_amounts_get(&limits, STR("cpu")));
    }
    if (is_limited(pod, "memory")) {
        ret->memory_bytes = pod_amounts_get(&limits, STR("memory"));
    }
}

struct str
pod_limits_cgroup(struct val pod, bool is_systemd, struct arena *arena)
{
    struct str qos = str_of(pod_resources_qos(pod));
    const char *class = str_is(qos, "Burstable")    ? "burstable"
                        : str_is(qos, "BestEffort") ? "besteffort"
                                                    : "";
    char *uid = arena_dupz(arena, val_str(val_at(pod, "metadata.uid")));

    if (!is_systemd) {
        return arena_printf(arena, "/kubepods/%s%spod%s", class, class[0] != '\0' ? "/" : "", uid);
    }
    for (char *c = uid; *c != '\0'; c++) {
        *c = *c == '-' ? '_' : *c;
    }
    return arena_printf(arena, "kubepods-%s%spod%s.slice", class, class[0] != '\0' ? "-" : "", uid);
}
