/* Rows: NodeMetrics and PodMetrics.
 *
 * Tables in the order of Go's structs, which is the order of what is written. Read by every walker
 * over rows; constant, any thread. */
#include "config.h"

#include "api/kinds_types.h"

/* One row a line. */
/* clang-format off */

static const struct field metrics_node_metrics_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("timestamp", TIME, VAL, 2),
    ALWAYS("window", DURATION, VAL, 3),
    ALWAYS("usage", QUANTITY, MAP, 4, .go = "v1.ResourceList"),
};
TYPE(metrics_node_metrics, "metrics/v1beta1.NodeMetrics");

static const struct field metrics_container_metrics_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    ALWAYS("usage", QUANTITY, MAP, 2, .go = "v1.ResourceList"),
};
LOCAL_TYPE(metrics_container_metrics, "metrics/v1beta1.ContainerMetrics");

static const struct field metrics_pod_metrics_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("timestamp", TIME, VAL, 2),
    ALWAYS("window", DURATION, VAL, 3),
    ALWAYS("containers", OBJECT, LIST, 4, .of = &type_metrics_container_metrics),
};
TYPE(metrics_pod_metrics, "metrics/v1beta1.PodMetrics");

/* ---- resources ---- */

const struct resource resource_metrics_nodes = {
    .group = "metrics.k8s.io",
    .version = "v1beta1",
    .kind = "NodeMetrics",
    .list_kind = "NodeMetricsList",
    .plural = "nodes",
    .singular = "nodemetrics",
    .verbs = VERB_GET | VERB_LIST,
    .flags = RES_VIRTUAL,
    .type = &type_metrics_node_metrics,
};

const struct resource resource_metrics_pods = {
    .group = "metrics.k8s.io",
    .version = "v1beta1",
    .kind = "PodMetrics",
    .list_kind = "PodMetricsList",
    .plural = "pods",
    .singular = "podmetrics",
    .verbs = VERB_GET | VERB_LIST,
    .flags = RES_NAMESPACED | RES_VIRTUAL,
    .type = &type_metrics_pod_metrics,
};

/* clang-format on */
