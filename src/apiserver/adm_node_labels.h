/* Which labels a node may give itself.  Pure. */
#ifndef BINNACLE_APISERVER_ADM_NODE_LABELS_H
#define BINNACLE_APISERVER_ADM_NODE_LABELS_H

#include "base/doc.h"

struct arena;

/* "a, b": keys that differ between the two maps and are not a node's to set; absent: none. */
struct str adm_node_labels(struct val old, struct val now, struct arena *arena);

#endif
