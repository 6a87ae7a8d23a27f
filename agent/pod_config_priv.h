/* Between the files of a pod's configuration for the runtime. */
#ifndef BINNACLE_AGENT_POD_CONFIG_PRIV_H
#define BINNACLE_AGENT_POD_CONFIG_PRIV_H

#include "agent/pod_config.h"

/* A string map being built; at: of the generated entry type. */
struct pod_config_pairs {
    struct arena *arena;
    const ProtobufCMessageDescriptor *type;
    void **at;
    size_t len, capacity;
};
void pod_config_pair(struct pod_config_pairs *pairs, struct str key, struct str value);
void pod_config_pair_all(struct pod_config_pairs *pairs, struct val map);
void pod_config_owner(struct pod_config_pairs *labels, struct val pod);

void *pod_config_new(struct arena *arena, const ProtobufCMessageDescriptor *type);
char *pod_config_text(struct arena *arena, struct str text); /* absent: "" */
size_t pod_config_texts(struct arena *arena, struct val list, char ***ret);
Cri__Int64Value *pod_config_int(struct arena *arena, int64_t value);
Cri__NamespaceOption *pod_config_namespaces(const struct pod_config_in *in);
size_t pod_config_groups(const struct pod_config_in *in, int64_t **ret);
Cri__SupplementalGroupsPolicy pod_config_groups_policy(const struct pod_config_in *in);

#endif
