/* The pods of this node: the API's and the runtime's, one worker each.  Loop thread. */
#ifndef BINNACLE_AGENT_PODSET_H
#define BINNACLE_AGENT_PODSET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct informers;
struct jw;
struct object;
struct pod_host;
struct podset;
struct runtime_container;
struct runtime_pod;
struct runtime_snapshot;

/* Watches the pods bound to this node (spec.nodeName). Nothing is planned before the API's list,
 * podset_synced and podset_services were there. host is completed (forgotten) and outlives the set. */
struct podset *podset_new(struct pod_host *host, struct informers *informers, const char *node);
void podset_free(struct podset *podset); /* leaves the pods as they are; NULL allowed */
/* From pleg: a pod as the runtime has it; the snapshot is the set's. */
void podset_seen(struct podset *podset, struct str pod_uid, struct runtime_snapshot *owned);
void podset_synced(struct podset *podset);   /* from pleg: everything that runs was seen */
void podset_services(struct podset *podset); /* the services' list is there */
void podset_wake(struct podset *podset);     /* something of the node changed: all plan again */

/* For node_api. The pod of that name, and what the runtime has of it; false when there is none. */
bool podset_find(const struct podset *podset, struct str ns, struct str name,
                 struct object **ret_object, const struct runtime_pod **ret_seen);
/* The runtime's container by its id, NULL when unknown. */
const struct runtime_container *podset_container(const struct podset *podset, struct str id);
size_t podset_len(const struct podset *podset);
void podset_write(const struct podset *podset, struct jw *out); /* a PodList of the API's objects */

#endif
