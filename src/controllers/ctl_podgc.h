/* Pods that nobody will end, and the memo of nodes that are gone.  Loop thread. */
#ifndef BINNACLE_CONTROLLERS_CTL_PODGC_H
#define BINNACLE_CONTROLLERS_CTL_PODGC_H

#include "client/reconcile.h"

struct ctl_gone;

/* When nodes were deleted, as the watch saw it. */
struct ctl_gone *ctl_gone_new(void);
void ctl_gone_free(struct ctl_gone *gone); /* NULL allowed */

extern const struct reconciler ctl_pod_gc;

#endif
