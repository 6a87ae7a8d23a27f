/* The pod network of this node: bridge and host-local addresses of its CIDR, as a CNI configuration
 * that the runtime reads; forwarding.  Loop thread. */
#ifndef BINNACLE_AGENT_CNI_H
#define BINNACLE_AGENT_CNI_H

#include "base/str.h"

struct arena;
struct err;

enum { CNI_MTU = 1450 /* leaves room for VXLAN on an ordinary Ethernet */ };

/* The text of the conflist. Pure. */
struct str cni_conflist(struct arena *arena, struct str pod_cidr);
/* Where the reference plugins are: the first directory that has them, NULL: nowhere. */
const char *cni_bin_dir(void);

/* Writes DIR/10-binnacle.conflist and turns forwarding on. Blocking writes of small files. */
int cni_set_up(const char *dir, struct str pod_cidr, struct err **err);

#endif
