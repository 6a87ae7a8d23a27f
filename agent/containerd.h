/* A private containerd: its configuration, its process, its restart.  Loop thread. */
#ifndef BINNACLE_AGENT_CONTAINERD_H
#define BINNACLE_AGENT_CONTAINERD_H

#include <stdbool.h>

#include "base/str.h"

struct arena;
struct containerd;
struct err;
struct loop;

struct containerd_spec {
    struct loop *loop;
    const char *root, *run;                 /* directories of its own */
    const char *cni_bin_dir, *cni_conf_dir; /* plugins; where cni writes */
    const char *sandbox_image;
    const char *registry; /* "http://127.0.0.1:port" of the loopback registry; NULL: none */
    bool has_systemd_cgroups;
    bool is_confined; /* no CAP_SYS_RESOURCE: OOM scores are not lowered */
};
/* config.toml. Pure. */
struct str containerd_config(struct arena *arena, const struct containerd_spec *spec);

/* Writes the configuration, and starts containerd unless the one of an earlier agent still answers. It
 * is started anew when it ends. Strings are copied. */
int containerd_new(const struct containerd_spec *spec, struct containerd **ret, struct err **err);
/* Stops caring; containerd goes on, and so do all containers. NULL allowed. */
void containerd_free(struct containerd *containerd);
const char *containerd_address(const struct containerd *containerd); /* "unix:/…" */
/* The runtime does not answer: start it, if this was not done just now. */
void containerd_check(struct containerd *containerd);

#endif
