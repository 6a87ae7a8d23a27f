/* What a pod names: Secrets, ConfigMaps, claims, its service account.  Pure. */
#ifndef BINNACLE_API_POD_NAMES_H
#define BINNACLE_API_POD_NAMES_H

#include <stdbool.h>

#include "base/doc.h"
#include "base/str.h"

enum pod_named {
    POD_NAMED_SECRET,
    POD_NAMED_CONFIG_MAP,
    POD_NAMED_CLAIM,
    POD_NAMED_ACCOUNT,
};
/* Does the pod's spec name an object of that kind and name (absent: any)? */
bool pod_names(struct val spec, enum pod_named kind, struct str name);

#endif
