/* What this machine is: read once at the start.  Blocking, small files of /proc, /sys, /etc. */
#ifndef BINNACLE_AGENT_NODE_FACTS_H
#define BINNACLE_AGENT_NODE_FACTS_H

#include <stdint.h>

#include "base/str.h"

struct arena;

struct node_facts {
    int64_t cpu_milli, memory_bytes, storage_bytes; /* storage: of the file system of the root */
    struct str hostname;                            /* lower case */
    struct str machine_id, system_uuid, boot_id, kernel, os_image, arch; /* Go's name of the arch */
    bool has_cgroup_v2, has_systemd;
};
/* Everything lives in the arena; what cannot be read is "" or 0. */
void node_facts_read(struct arena *arena, const char *root, struct node_facts *ret);
/* The address that packets to this one leave from: the node's, unless it is told. 0 or -1. */
int node_facts_source_ip(struct arena *arena, const char *towards, struct str *ret);

#endif
