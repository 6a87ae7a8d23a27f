/* The lists of a pod that its containers stand in, and what belongs to each.  Pure. */
#ifndef BINNACLE_AGENT_POD_LIST_H
#define BINNACLE_AGENT_POD_LIST_H

#include "base/doc.h"
#include "base/str.h"

/* In the order in which they begin; what only asks for containers that keep a pod going stops before
 * the ephemeral ones. */
enum pod_list { POD_LIST_INIT, POD_LIST_MAIN, POD_LIST_EPHEMERAL, POD_LIST_LEN };

const char *pod_list_member(enum pod_list list); /* of the spec: "initContainers" */
const char *pod_list_status(enum pod_list list); /* of the status: "initContainerStatuses" */
/* The container of that name; absent when there is none. ret_list may be NULL. */
struct val pod_list_find(struct val spec, struct str name, enum pod_list *ret_list);
/* The item of that name of a list of containers or of their statuses, absent when there is none. */
struct val pod_list_item(struct val list, struct str name);

#endif
