/* Does a pod use more of the node's disk than it may? The rules and words of kubelet's eviction manager
 * (localStorageEviction). Called by the pod's plan and after each measurement; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_storage.h"

#include "api/pod_resources.h"
#include "api/quantity.h"
#include "base/arena.h"

enum { CRITICAL_PRIORITY = 2000000000 };
#define STORAGE "ephemeral-storage"

static struct str
limit_of(struct val container)
{
    return val_str(val_get(val_at(container, "resources.limits"), STORAGE));
}

static int64_t
bytes_of(struct str quantity)
{
    struct quantity amount = { 0 };

    return quantity_parse(quantity, &amount) == 0 ? quantity_value(amount) : 0;
}

bool
pod_storage_is_limited(struct val pod)
{
    static const char *const lists[] = { "spec.containers", "spec.initContainers" };

    if (val_int(val_at(pod, "spec.priority"), 0) >= CRITICAL_PRIORITY) {
        return false;
    }
    VAL_EACH (it, val_at(pod, "spec.volumes")) {
        if (bytes_of(val_str(val_at(it.value, "emptyDir.sizeLimit"))) > 0) {
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        VAL_EACH (it, val_at(pod, lists[i])) {
            if (limit_of(it.value).size > 0) {
                return true;
            }
        }
    }
    return false;
}

static const struct pod_storage_use *
use_of(const struct pod_storage_use *list, size_t len, struct str name)
{
    for (size_t i = 0; i < len; i++) {
        if (str_eq(list[i].name, name)) {
            return &list[i];
        }
    }
    return NULL;
}

static bool
volume_is_over(const struct pod_storage_in *in, struct str *ret_message)
{
    VAL_EACH (it, val_at(in->pod, "spec.volumes")) {
        struct str name = val_str(val_get(it.value, "name"));
        struct str limit = val_str(val_at(it.value, "emptyDir.sizeLimit"));
        const struct pod_storage_use *use = use_of(in->volumes, in->volume_len, name);

        if (use != NULL && bytes_of(limit) > 0 && use->bytes > bytes_of(limit)) {
            *ret_message = arena_printf(in->arena,
                                        "Usage of EmptyDir volume \"" STR_FMT
                                        "\" exceeds the limit \"" STR_FMT "\". ",
                                        STR_ARG(name), STR_ARG(limit));
            return true;
        }
    }
    return false;
}

static bool
pod_is_over(const struct pod_storage_in *in, struct str *ret_message)
{
    struct pod_amounts limits = { .arena = in->arena };
    char text[QUANTITY_TEXT_SIZE];
    int64_t used = 0, limit;

    pod_resources_of(in->pod, POD_LIMITS, &limits);
    limit = pod_amounts_get(&limits, STR(STORAGE));
    for (size_t i = 0; i < in->container_len; i++) {
        used += in->containers[i].bytes;
    }
    for (size_t i = 0; i < in->volume_len; i++) {
        used += in->volumes[i].is_memory ? 0 : in->volumes[i].bytes;
    }
    if (limit == 0 || used <= limit) {
        return false;
    }
    *ret_message = arena_printf(
        in->arena,
        "Pod ephemeral local storage usage exceeds the total limit of containers " STR_FMT ". ",
        STR_ARG(quantity_text((struct quantity){ (__int128)limit * 1000000000, QUANTITY_BINARY_SI },
                              text)));
    return true;
}

static bool
container_is_over(const struct pod_storage_in *in, struct str *ret_message)
{
    VAL_EACH (it, val_at(in->pod, "spec.containers")) {
        struct str name = val_str(val_get(it.value, "name")), limit = limit_of(it.value);
        const struct pod_storage_use *use = use_of(in->containers, in->container_len, name);

        if (use != NULL && bytes_of(limit) > 0 && use->bytes > bytes_of(limit)) {
            *ret_message =
                arena_printf(in->arena,
                             "Container " STR_FMT
                             " exceeded its local ephemeral storage limit \"" STR_FMT "\". ",
                             STR_ARG(name), STR_ARG(limit));
            return true;
        }
    }
    return false;
}

bool
pod_storage_is_exceeded(const struct pod_storage_in *in, struct str *ret_message)
{
    return volume_is_over(in, ret_message) || pod_is_over(in, ret_message) ||
           container_is_over(in, ret_message);
}
