/* Deployments: rollouts by ReplicaSets. */
#ifndef BINNACLE_CONTROLLERS_CTL_DEPLOYMENT_H
#define BINNACLE_CONTROLLERS_CTL_DEPLOYMENT_H

#include "client/reconcile.h"

extern const struct reconciler ctl_deployment;
void ctl_deployment_plan(const struct plan_in *in, struct plan *out);

#endif
