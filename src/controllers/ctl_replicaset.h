/* ReplicaSets: as many pods as asked for. */
#ifndef BINNACLE_CONTROLLERS_CTL_REPLICASET_H
#define BINNACLE_CONTROLLERS_CTL_REPLICASET_H

#include "client/reconcile.h"

extern const struct reconciler ctl_replicaset;
void ctl_replicaset_plan(const struct plan_in *in, struct plan *out);

#endif
