/* A pod as the container runtime wants it: sandbox and container configurations.  Pure; messages
 * live in the arena. */
#ifndef BINNACLE_AGENT_POD_CONFIG_H
#define BINNACLE_AGENT_POD_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/cri.pb-c.h"
#include "agent/pod_dns.h"
#include "base/doc.h"

struct arena;
struct err;
struct pod_env;

/* What is the same for all pods of this node. */
struct pod_config_node {
    const char *log_root;     /* /var/log/pods */
    const char *seccomp_root; /* Localhost profiles are below it */
    struct pod_dns_node dns;
    bool has_systemd_cgroups, has_cgroup_v2;
    int64_t memory_bytes;
};
struct pod_config_in {
    struct arena *arena;
    struct val pod;
    const struct pod_config_node *node;
};
/* dns: what was made of it (missing, cut), for events; may be NULL. */
Cri__PodSandboxConfig *pod_config_sandbox(const struct pod_config_in *in, uint32_t attempt,
                                          struct pod_dns *dns);

struct pod_config_mount {
    struct str container_path, host_path;
    bool is_read_only;
    int propagation; /* CRI's MountPropagation */
};
struct pod_config_container {
    struct val container;
    uint32_t attempt;
    int64_t backoff_ms;
    struct str image_ref, image_user; /* user: the name in the image, absent when it is a number */
    int64_t image_uid;                /* -1: unknown */
    struct str target_id; /* whose processes it sees (targetContainerName), absent: nobody's */
    const struct pod_env *env;
    const struct pod_config_mount *mounts;
    size_t mount_len;
};
/* -1 with the message of a CreateContainerConfigError. */
int pod_config_container(const struct pod_config_in *in, const struct pod_config_container *c,
                         Cri__ContainerConfig **ret, struct err **err);

/* "LOG_ROOT/NS_NAME_UID" */
struct str pod_config_log_dir(const struct pod_config_in *in);

#endif
