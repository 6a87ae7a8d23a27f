/* DaemonSets: a pod on every node that fits. */
#ifndef BINNACLE_CONTROLLERS_CTL_DAEMONSET_H
#define BINNACLE_CONTROLLERS_CTL_DAEMONSET_H

#include "client/reconcile.h"

extern const struct reconciler ctl_daemonset;
void ctl_daemonset_plan(const struct plan_in *in, struct plan *out);

#endif
