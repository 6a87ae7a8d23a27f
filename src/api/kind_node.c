/* Rows: Node.
 *
 * Tables in the order of Go's structs, which is the order of what is written. Read by every walker
 * over rows; constant, any thread. */
#include "config.h"

#include "api/columns_kinds.h"
#include "api/kinds_check.h"
#include "api/kinds_priv.h"
#include "api/kinds_types.h"

/* One row a line. */
/* clang-format off */

static const struct field core_config_map_node_config_source_fields[] = {
    ALWAYS("namespace", STRING, VAL, 1),
    ALWAYS("name", STRING, VAL, 2),
    OPT("uid", STRING, VAL, 3, .go = "types.UID"),
    OPT("resourceVersion", STRING, VAL, 4),
    ALWAYS("kubeletConfigKey", STRING, VAL, 5),
};
LOCAL_TYPE(core_config_map_node_config_source, "core/v1.ConfigMapNodeConfigSource");

static const struct field core_node_config_source_fields[] = {
    OPT("configMap", OBJECT, PTR, 2, .of = &type_core_config_map_node_config_source),
};
LOCAL_TYPE(core_node_config_source, "core/v1.NodeConfigSource");

static const struct field core_node_spec_fields[] = {
    OPT("podCIDR", STRING, VAL, 1),
    OPT("podCIDRs", STRING, LIST, 7, .patch = PATCH_MERGE, .list = LIST_SET),
    OPT("providerID", STRING, VAL, 3),
    OPT("unschedulable", BOOL, VAL, 4),
    OPT("taints", OBJECT, LIST, 5, .of = &type_core_taint),
    FIELD("configSource", OBJECT, PTR, 6, FIELD_OMITEMPTY | FIELD_OFF, .of = &type_core_node_config_source),
    OPT("externalID", STRING, VAL, 2),
};
LOCAL_TYPE(core_node_spec, "core/v1.NodeSpec", .fill = kind_node_fill_spec);

static const struct field core_daemon_endpoint_fields[] = {
    ALWAYS("Port", INT32, VAL, 1),
};
LOCAL_TYPE(core_daemon_endpoint, "core/v1.DaemonEndpoint");

static const struct field core_node_daemon_endpoints_fields[] = {
    OPT("kubeletEndpoint", OBJECT, VAL, 1, .of = &type_core_daemon_endpoint),
};
LOCAL_TYPE(core_node_daemon_endpoints, "core/v1.NodeDaemonEndpoints");

static const struct field core_node_runtime_handler_features_fields[] = {
    OPT("recursiveReadOnlyMounts", BOOL, PTR, 1),
    OPT("userNamespaces", BOOL, PTR, 2),
};
LOCAL_TYPE(core_node_runtime_handler_features, "core/v1.NodeRuntimeHandlerFeatures");

static const struct field core_node_runtime_handler_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    OPT("features", OBJECT, PTR, 2, .of = &type_core_node_runtime_handler_features),
};
LOCAL_TYPE(core_node_runtime_handler, "core/v1.NodeRuntimeHandler");

static const struct field core_node_features_fields[] = {
    OPT("supplementalGroupsPolicy", BOOL, PTR, 1),
};
LOCAL_TYPE(core_node_features, "core/v1.NodeFeatures");

static const struct field core_node_swap_status_fields[] = {
    OPT("capacity", INT64, PTR, 1),
};
LOCAL_TYPE(core_node_swap_status, "core/v1.NodeSwapStatus");

static const struct field core_node_system_info_fields[] = {
    ALWAYS("machineID", STRING, VAL, 1),
    ALWAYS("systemUUID", STRING, VAL, 2),
    ALWAYS("bootID", STRING, VAL, 3),
    ALWAYS("kernelVersion", STRING, VAL, 4),
    ALWAYS("osImage", STRING, VAL, 5),
    ALWAYS("containerRuntimeVersion", STRING, VAL, 6),
    ALWAYS("kubeletVersion", STRING, VAL, 7),
    ALWAYS("kubeProxyVersion", STRING, VAL, 8),
    ALWAYS("operatingSystem", STRING, VAL, 9),
    ALWAYS("architecture", STRING, VAL, 10),
    OPT("swap", OBJECT, PTR, 11, .of = &type_core_node_swap_status),
};
LOCAL_TYPE(core_node_system_info, "core/v1.NodeSystemInfo");

static const struct field core_node_config_status_fields[] = {
    OPT("assigned", OBJECT, PTR, 1, .of = &type_core_node_config_source),
    OPT("active", OBJECT, PTR, 2, .of = &type_core_node_config_source),
    OPT("lastKnownGood", OBJECT, PTR, 3, .of = &type_core_node_config_source),
    OPT("error", STRING, VAL, 4),
};
LOCAL_TYPE(core_node_config_status, "core/v1.NodeConfigStatus");

static const struct field core_node_condition_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v1.NodeConditionType"),
    ALWAYS("status", STRING, VAL, 2, .go = "v1.ConditionStatus"),
    OPT("lastHeartbeatTime", TIME, VAL, 3),
    OPT("lastTransitionTime", TIME, VAL, 4),
    OPT("reason", STRING, VAL, 5),
    OPT("message", STRING, VAL, 6),
};
LOCAL_TYPE(core_node_condition, "core/v1.NodeCondition");

static const struct field core_node_address_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v1.NodeAddressType"),
    ALWAYS("address", STRING, VAL, 2),
};
LOCAL_TYPE(core_node_address, "core/v1.NodeAddress");

static const struct field core_container_image_fields[] = {
    ALWAYS("names", STRING, LIST, 1),
    OPT("sizeBytes", INT64, VAL, 2),
};
LOCAL_TYPE(core_container_image, "core/v1.ContainerImage");

static const struct field core_attached_volume_fields[] = {
    ALWAYS("name", STRING, VAL, 1, .go = "v1.UniqueVolumeName"),
    ALWAYS("devicePath", STRING, VAL, 2),
};
LOCAL_TYPE(core_attached_volume, "core/v1.AttachedVolume");

static const struct field core_node_status_fields[] = {
    FIELD("capacity", QUANTITY, MAP, 1, FIELD_OMITEMPTY | FIELD_MILLI, .go = "v1.ResourceList"),
    FIELD("allocatable", QUANTITY, MAP, 2, FIELD_OMITEMPTY | FIELD_MILLI, .go = "v1.ResourceList"),
    OPT("phase", STRING, VAL, 3, .go = "v1.NodePhase"),
    OPT("conditions", OBJECT, LIST, 4, .of = &type_core_node_condition, .patch = PATCH_MERGE,
        .merge_key = "type", .list = LIST_MAP, .list_keys = "type"),
    OPT("addresses", OBJECT, LIST, 5, .of = &type_core_node_address, .patch = PATCH_MERGE,
        .merge_key = "type", .list = LIST_MAP, .list_keys = "type"),
    OPT("daemonEndpoints", OBJECT, VAL, 6, .of = &type_core_node_daemon_endpoints),
    OPT("nodeInfo", OBJECT, VAL, 7, .of = &type_core_node_system_info),
    OPT("images", OBJECT, LIST, 8, .of = &type_core_container_image),
    OPT("volumesInUse", STRING, LIST, 9, .go = "[]v1.UniqueVolumeName"),
    OPT("volumesAttached", OBJECT, LIST, 10, .of = &type_core_attached_volume),
    FIELD("config", OBJECT, PTR, 11, FIELD_OMITEMPTY | FIELD_OFF, .of = &type_core_node_config_status),
    OPT("runtimeHandlers", OBJECT, LIST, 12, .of = &type_core_node_runtime_handler),
    OPT("features", OBJECT, PTR, 13, .of = &type_core_node_features),
    FIELD("declaredFeatures", STRING, LIST, 14, FIELD_OMITEMPTY | FIELD_OFF),
};
LOCAL_TYPE(core_node_status, "core/v1.NodeStatus", .fill = kind_node_fill_status);

static const struct field core_node_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_core_node_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_core_node_status),
};
TYPE(core_node, "core/v1.Node");

/* ---- resources ---- */

static const char *const nodes_short[] = { "no", NULL };
static const struct subresource nodes_subs[] = {
    { .name = "proxy", .kind = "NodeProxyOptions", .verbs = SUB_PROXY },
    { .name = "status", .verbs = SUB_RW },
};
static const struct selectable nodes_fields[] = {
    { .label = "spec.unschedulable", .value = kind_field_unschedulable },
};
const struct resource resource_nodes = {
    .group = "",
    .version = "v1",
    .kind = "Node",
    .list_kind = "NodeList",
    .plural = "nodes",
    .singular = "node",
    .short_names = nodes_short,
    .verbs = VERB_ALL,
    .flags = RES_UNCONDITIONAL_UPDATE | RES_META_AGAIN,
    .type = &type_core_node,
    .check_create = kind_node_check,
    .check_update = kind_node_check_update,
    .warn = kind_node_warn,
    .selectables = nodes_fields,
    .selectable_len = ARRAY_LEN(nodes_fields),
    .prepare_create = kinds_prepare_nothing,
    .prepare_update = kinds_prepare_update,
    .subresources = nodes_subs,
    .subresource_len = ARRAY_LEN(nodes_subs),
    .reset_main = "status",
    .reset_status = "spec",
    COLUMNS_OF(nodes),
};

/* clang-format on */
