/* Where a pod may stand: taints and tolerations, node selectors and affinity, host ports.  Pure. */
#ifndef BINNACLE_API_POD_FIT_H
#define BINNACLE_API_POD_FIT_H

#include <stdbool.h>
#include <stdint.h>

#include "api/object.h"
#include "base/doc.h"

struct arena;

enum pod_fit_effect {
    POD_FIT_NO_SCHEDULE = 1,
    POD_FIT_PREFER_NO_SCHEDULE = 2,
    POD_FIT_NO_EXECUTE = 4
};
/* The first taint with one of these effects (a mask) that no toleration tolerates; absent: none. */
struct val pod_fit_untolerated(struct val tolerations, struct val taints, unsigned effects);
bool pod_fit_tolerates(struct val toleration, struct val taint);
/* Of the first toleration of a NoExecute taint: seconds to stay, -1: for ever; false: there is none. */
bool pod_fit_toleration_seconds(struct val tolerations, struct val taint, int64_t *ret_seconds);

/* spec.nodeSelector and required node affinity against a node's labels and name. */
bool pod_fit_selects_node(struct val pod_spec, struct labels node_labels, struct str node_name);
/* One NodeSelectorTerm (matchExpressions and matchFields, both must hold; empty: no node). */
bool pod_fit_term_matches(struct val term, struct labels node_labels, struct str node_name);
/* Does a host port of `wanted` (a pod spec) clash with one of `used`? */
bool pod_fit_ports_clash(struct val wanted_spec, struct val used_spec);

#endif
