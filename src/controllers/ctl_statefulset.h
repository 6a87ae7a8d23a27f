/* StatefulSets: numbered pods, one after the other. */
#ifndef BINNACLE_CONTROLLERS_CTL_STATEFULSET_H
#define BINNACLE_CONTROLLERS_CTL_STATEFULSET_H

#include "client/reconcile.h"

extern const struct reconciler ctl_statefulset;
void ctl_statefulset_plan(const struct plan_in *in, struct plan *out);

#endif
