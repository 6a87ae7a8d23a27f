/* The lists of a pod that its containers stand in. Used by everything that looks for a container of a
 * pod; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_list.h"

static const struct {
    const char *member, *status;
} lists[POD_LIST_LEN] = {
    [POD_LIST_INIT] = { "initContainers", "initContainerStatuses" },
    [POD_LIST_MAIN] = { "containers", "containerStatuses" },
    [POD_LIST_EPHEMERAL] = { "ephemeralContainers", "ephemeralContainerStatuses" },
};

const char *
pod_list_member(enum pod_list list)
{
    return lists[list].member;
}

const char *
pod_list_status(enum pod_list list)
{
    return lists[list].status;
}

struct val
pod_list_item(struct val list, struct str name)
{
    VAL_EACH (it, list) {
        if (str_eq(val_str(val_get(it.value, "name")), name)) {
            return it.value;
        }
    }
    return (struct val){ 0 };
}

struct val
pod_list_find(struct val spec, struct str name, enum pod_list *ret_list)
{
    for (int list = 0; list < POD_LIST_LEN; list++) {
        struct val found = pod_list_item(val_get(spec, lists[list].member), name);

        if (val_is(found)) {
            if (ret_list != NULL) {
                *ret_list = (enum pod_list)list;
            }
            return found;
        }
    }
    return (struct val){ 0 };
}
