/* The pod network of this node: bridge and host-local addresses of its CIDR, as a CNI configuration
 * that the runtime reads; forwarding and masquerading.  Loop thread. */
#ifndef BINNACLE_AGENT_CNI_H
#define BINNACLE_AGENT_CNI_H

#include "base/str.h"

struct arena;
struct cni;
struct err;
struct loop;

enum { CNI_MTU = 1450 /* leaves room for VXLAN on an ordinary Ethernet */ };

/* The text of the conflist. Pure. */
struct str cni_conflist(struct arena *arena, struct str pod_cidr);
/* nft's input: what leaves the pod network gets the node's address. Pure. */
struct str cni_nft(struct arena *arena, struct str pod_cidr);
/* Where the reference plugins are: the first directory that has them, NULL: nowhere. */
const char *cni_bin_dir(void);

/* Writes DIR/10-binnacle.conflist, turns forwarding on, loads the nft table; done(ctx, problem) once,
 * later: problem absent when all is set. Blocking writes of small files. */
typedef void cni_fn(void *ctx, struct str problem);
struct cni *cni_set_up(struct loop *loop, const char *dir, struct str pod_cidr, cni_fn *done,
                       void *ctx);
void cni_cancel(struct cni *cni); /* done is not called any more; NULL allowed */

#endif
