/* Volumes of pods: what they are made from, where they lie, setting up, updating, removing.
 *
 * Layout below the agent's root (kubelet's, so that tools find it):
 *   pods/UID/volumes/kubernetes.io~TYPE/NAME   pods/UID/volume-subpaths/NAME/CONTAINER/N
 *   pods/UID/etc-hosts                         pods/UID/containers/NAME/ATTEMPT (message files) */
#ifndef BINNACLE_AGENT_VOLUME_H
#define BINNACLE_AGENT_VOLUME_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/atomic_dir.h"
#include "agent/pod_field.h"
#include "agent/pod_source.h"

struct arena;
struct err;

struct volume_in {
    const char *root; /* the agent's directory */
    struct val pod;
    const struct pod_place *place;
    const struct pod_sources *sources; /* fetched */
    bool can_mount;                    /* false in tests without root: tmpfs is a plain directory */
    int64_t memory_bytes;              /* of the node: bounds tmpfs volumes without a limit */
};

/* Sets up, or brings up to date, every volume of the pod. Blocking, for a job: it may be called
 * again at any time. The error is the text of a FailedMount event. */
int volume_set_up(const struct volume_in *in, struct err **err);
/* Unmounts and removes all of a pod: nothing is left of it when 0. Blocking. */
int volume_clean(const char *root, struct str pod_uid, struct err **err);

/* Host path of a volume: what containers mount. */
int volume_path(const struct volume_in *in, struct str name, struct arena *arena, struct str *ret,
                struct err **err);
/* A sub path of it: opened without following links out of the volume, made when it is not there,
 * and bound to a place of its own, so that it cannot be exchanged. Blocking. */
struct volume_subpath {
    struct str volume, container, path;
    int index; /* of the mount in the container */
};
int volume_subpath(const struct volume_in *in, const struct volume_subpath *sub,
                   struct arena *arena, struct str *ret, struct err **err);
/* "ROOT/pods/UID" */
struct str volume_pod_dir(const char *root, struct str pod_uid, struct arena *arena);
/* securityContext.fsGroup, -1: none. */
int64_t volume_fs_group(struct val pod);

/* The files of a configMap, secret, downwardAPI or projected volume. Pure. */
int volume_files(const struct volume_in *in, struct val volume, struct atomic_dir_files *out,
                 struct err **err);
/* hostPath: its type holds, or it is made. Blocking. */
int volume_check_host(struct val host_path, struct err **err);

#endif
