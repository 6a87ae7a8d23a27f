/* One look at one pod: its lists and the status of each item, as a snapshot.  Loop thread. */
#ifndef BINNACLE_AGENT_PLEG_LOOK_H
#define BINNACLE_AGENT_PLEG_LOOK_H

#include <stdint.h>

#include "base/str.h"

struct cri;
struct err;
struct pleg_look;
struct runtime_snapshot;

/* signature: of what the lists said, see below. Either snapshot or err; exactly once, later. */
typedef void pleg_look_fn(void *ctx, struct runtime_snapshot *owned, uint64_t signature,
                          struct err *owned_err);
struct pleg_look *pleg_look_start(struct cri *cri, struct str pod_uid, pleg_look_fn *done,
                                  void *ctx);
void pleg_look_cancel(struct pleg_look *look); /* done is not called any more */

/* A pod's signature is the sum of its items' ones: it changes when any of them comes, goes or changes
 * its state. */
uint64_t pleg_look_signature(struct str id, int state);

#endif
