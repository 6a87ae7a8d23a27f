/* The Node object that stands for this machine: what it is created with, and its status.  Pure. */
#ifndef BINNACLE_AGENT_NODE_STATUS_H
#define BINNACLE_AGENT_NODE_STATUS_H

#include <stdbool.h>

#include "agent/node_facts.h"
#include "base/doc.h"

struct node_status_in {
    const struct node_facts *facts;
    struct str name, ip, kubelet_version;
    struct str runtime_version; /* "containerd://1.6.20", absent before the runtime answers */
    int port;                   /* of node_api */
    struct str labels, taints;  /* options: "a=b,c=d", "key=value:NoSchedule,…" */
    bool has_groups_policy;     /* the runtime knows supplementalGroupsPolicy */
    struct str problem;         /* why it is not ready, absent: it is */
    int64_t now_ms;             /* wall */
};
enum {
    NODE_STATUS_PODS = 110,
    NODE_STATUS_EVICTION_MEMORY = 100 << 20 /* bytes never given out */
};

/* A Node to be created. */
void node_status_object(const struct node_status_in *in, struct jw *out);
/* A strategic merge patch of status against the stored Node; *ret_changed: more than heartbeats
 * differs. */
void node_status_patch(const struct node_status_in *in, struct val stored, struct jw *out,
                       bool *ret_changed);
/* A merge patch of metadata with the labels that the agent owns; false: nothing is missing. */
bool node_status_labels(const struct node_status_in *in, struct val stored, struct jw *out);

#endif
