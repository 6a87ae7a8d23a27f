/* Rows: references and selectors that several kinds share.
 *
 * Tables in the order of Go's structs, which is the order of what is written. Read by every walker
 * over rows; constant, any thread. */
#include "config.h"

#include "api/kinds_priv.h"
#include "api/kinds_types.h"

/* One row a line. */
/* clang-format off */

static const struct field core_typed_object_reference_fields[] = {
    ALWAYS("apiGroup", STRING, PTR, 1),
    ALWAYS("kind", STRING, VAL, 2),
    ALWAYS("name", STRING, VAL, 3),
    OPT("namespace", STRING, PTR, 4),
};
TYPE(core_typed_object_reference, "core/v1.TypedObjectReference");

static const struct field core_modify_volume_status_fields[] = {
    OPT("targetVolumeAttributesClassName", STRING, VAL, 1),
    ALWAYS("status", STRING, VAL, 2, .go = "v1.PersistentVolumeClaimModifyVolumeStatus"),
};
TYPE(core_modify_volume_status, "core/v1.ModifyVolumeStatus");

static const struct field core_secret_reference_fields[] = {
    OPT("name", STRING, VAL, 1),
    OPT("namespace", STRING, VAL, 2),
};
TYPE(core_secret_reference, "core/v1.SecretReference", .atomic = true);

static const struct field core_local_object_reference_fields[] = {
    OPT("name", STRING, VAL, 1),
};
TYPE(core_local_object_reference, "core/v1.LocalObjectReference", .atomic = true);

static const struct field core_config_map_key_selector_fields[] = {
    INLINE(1, type_core_local_object_reference),
    ALWAYS("key", STRING, VAL, 2),
    OPT("optional", BOOL, PTR, 3),
};
TYPE(core_config_map_key_selector, "core/v1.ConfigMapKeySelector", .atomic = true);

static const struct field core_secret_key_selector_fields[] = {
    INLINE(1, type_core_local_object_reference),
    ALWAYS("key", STRING, VAL, 2),
    OPT("optional", BOOL, PTR, 3),
};
TYPE(core_secret_key_selector, "core/v1.SecretKeySelector", .atomic = true);

static const struct field core_node_selector_requirement_fields[] = {
    ALWAYS("key", STRING, VAL, 1),
    ALWAYS("operator", STRING, VAL, 2, .go = "v1.NodeSelectorOperator"),
    OPT("values", STRING, LIST, 3),
};
LOCAL_TYPE(core_node_selector_requirement, "core/v1.NodeSelectorRequirement");

static const struct field core_node_selector_term_fields[] = {
    OPT("matchExpressions", OBJECT, LIST, 1, .of = &type_core_node_selector_requirement),
    OPT("matchFields", OBJECT, LIST, 2, .of = &type_core_node_selector_requirement),
};
TYPE(core_node_selector_term, "core/v1.NodeSelectorTerm", .atomic = true);

static const struct field core_node_selector_fields[] = {
    ALWAYS("nodeSelectorTerms", OBJECT, LIST, 1, .of = &type_core_node_selector_term),
};
TYPE(core_node_selector, "core/v1.NodeSelector", .atomic = true);

static const struct field core_topology_selector_label_requirement_fields[] = {
    ALWAYS("key", STRING, VAL, 1),
    ALWAYS("values", STRING, LIST, 2),
};
LOCAL_TYPE(core_topology_selector_label_requirement, "core/v1.TopologySelectorLabelRequirement");

static const struct field core_topology_selector_term_fields[] = {
    OPT("matchLabelExpressions", OBJECT, LIST, 1,
        .of = &type_core_topology_selector_label_requirement),
};
TYPE(core_topology_selector_term, "core/v1.TopologySelectorTerm", .atomic = true);

static const struct field core_port_status_fields[] = {
    ALWAYS("port", INT32, VAL, 1),
    ALWAYS("protocol", STRING, VAL, 2, .go = "v1.Protocol"),
    OPT("error", STRING, PTR, 3),
};
LOCAL_TYPE(core_port_status, "core/v1.PortStatus");

static const struct field core_load_balancer_ingress_fields[] = {
    OPT("ip", STRING, VAL, 1),
    OPT("hostname", STRING, VAL, 2),
    OPT("ipMode", STRING, PTR, 3, .go = "v1.LoadBalancerIPMode"),
    OPT("ports", OBJECT, LIST, 4, .of = &type_core_port_status),
};
LOCAL_TYPE(core_load_balancer_ingress, "core/v1.LoadBalancerIngress",
    .fill = kind_service_fill_ingress);

static const struct field core_load_balancer_status_fields[] = {
    OPT("ingress", OBJECT, LIST, 1, .of = &type_core_load_balancer_ingress),
};
TYPE(core_load_balancer_status, "core/v1.LoadBalancerStatus");

static const struct field core_object_reference_fields[] = {
    OPT("kind", STRING, VAL, 1),
    OPT("namespace", STRING, VAL, 2),
    OPT("name", STRING, VAL, 3),
    OPT("uid", STRING, VAL, 4, .go = "types.UID"),
    OPT("apiVersion", STRING, VAL, 5),
    OPT("resourceVersion", STRING, VAL, 6),
    OPT("fieldPath", STRING, VAL, 7),
};
TYPE(core_object_reference, "core/v1.ObjectReference", .atomic = true);

static const struct field core_typed_local_object_reference_fields[] = {
    ALWAYS("apiGroup", STRING, PTR, 1),
    ALWAYS("kind", STRING, VAL, 2),
    ALWAYS("name", STRING, VAL, 3),
};
TYPE(core_typed_local_object_reference, "core/v1.TypedLocalObjectReference", .atomic = true);

/* clang-format on */
