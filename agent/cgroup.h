/* Control groups of pods: what the runtime leaves behind, what is in use.  Blocking, tiny. */
#ifndef BINNACLE_AGENT_CGROUP_H
#define BINNACLE_AGENT_CGROUP_H

#include "agent/pod_limits.h"
#include "base/str.h"

struct err;

/* Removes a pod's group ("/kubepods/…/podUID", or the name of its slice) from every hierarchy below
 * `mount` (/sys/fs/cgroup): the runtime makes it with the first container and never removes it. What is
 * not there or still in use is left alone. */
void cgroup_remove(const char *mount, struct str group);

/* The group that a pod's group stands in: "/kubepods/burstable", or the name of its slice. */
struct str cgroup_parent(struct str group);
/* Writes what the group may use, in whichever hierarchies there are. A quota or memory of 0 is none. */
int cgroup_limit(const char *mount, struct str group, const struct pod_limits *limits,
                 struct err **err);
/* Bytes in use by the container of that id whose pod has the group, -1: not known. Blocking. */
int64_t cgroup_memory(const char *mount, struct str group, const char *container_id);

#endif
