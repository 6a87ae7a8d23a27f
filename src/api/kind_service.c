/* Rows: Service, Endpoints, EndpointSlice.
 *
 * Tables in the order of Go's structs, which is the order of what is written. Read by every walker
 * over rows; constant, any thread. */
#include "config.h"

#include "api/columns_kinds.h"
#include "api/kinds_check.h"
#include "api/kinds_priv.h"
#include "api/kinds_types.h"
#include "api/validate.h"

/* One row a line. */
/* clang-format off */

static const struct field core_client_ip_config_fields[] = {
    OPT("timeoutSeconds", INT32, PTR, 1),
};
LOCAL_TYPE(core_client_ip_config, "core/v1.ClientIPConfig");

static const struct field core_session_affinity_config_fields[] = {
    OPT("clientIP", OBJECT, PTR, 1, .of = &type_core_client_ip_config),
};
LOCAL_TYPE(core_session_affinity_config, "core/v1.SessionAffinityConfig");

static const struct field core_service_status_fields[] = {
    OPT("loadBalancer", OBJECT, VAL, 1, .of = &type_core_load_balancer_status),
    OPT("conditions", OBJECT, LIST, 2, .of = &type_meta_condition, .patch = PATCH_MERGE,
        .merge_key = "type", .list = LIST_MAP, .list_keys = "type"),
};
LOCAL_TYPE(core_service_status, "core/v1.ServiceStatus");

static const struct field core_service_port_fields[] = {
    OPT("name", STRING, VAL, 1),
    OPT("protocol", STRING, VAL, 2, .def = "\"TCP\"", .go = "v1.Protocol"),
    OPT("appProtocol", STRING, PTR, 6),
    ALWAYS("port", INT32, VAL, 3),
    OPT("targetPort", INT_OR_STRING, VAL, 4),
    OPT("nodePort", INT32, VAL, 5),
};
LOCAL_TYPE(core_service_port, "core/v1.ServicePort", .fill = kind_service_fill_port);

static const struct field core_service_spec_fields[] = {
    OPT("ports", OBJECT, LIST, 1, .of = &type_core_service_port, .patch = PATCH_MERGE,
        .merge_key = "port", .list = LIST_MAP, .list_keys = "port,protocol"),
    FIELD("selector", STRING, MAP, 2, FIELD_OMITEMPTY | FIELD_ATOMIC),
    OPT("clusterIP", STRING, VAL, 3),
    OPT("clusterIPs", STRING, LIST, 18),
    OPT("type", STRING, VAL, 4, .go = "v1.ServiceType", .def = "\"ClusterIP\""),
    OPT("externalIPs", STRING, LIST, 5),
    OPT("sessionAffinity", STRING, VAL, 7, .go = "v1.ServiceAffinity", .def = "\"None\""),
    OPT("loadBalancerIP", STRING, VAL, 8),
    OPT("loadBalancerSourceRanges", STRING, LIST, 9),
    OPT("externalName", STRING, VAL, 10),
    OPT("externalTrafficPolicy", STRING, VAL, 11, .go = "v1.ServiceExternalTrafficPolicy"),
    OPT("healthCheckNodePort", INT32, VAL, 12),
    OPT("publishNotReadyAddresses", BOOL, VAL, 13),
    OPT("sessionAffinityConfig", OBJECT, PTR, 14, .of = &type_core_session_affinity_config),
    OPT("ipFamilies", STRING, LIST, 19, .go = "[]v1.IPFamily"),
    OPT("ipFamilyPolicy", STRING, PTR, 17, .go = "v1.IPFamilyPolicy"),
    OPT("allocateLoadBalancerNodePorts", BOOL, PTR, 20),
    OPT("loadBalancerClass", STRING, PTR, 21),
    OPT("internalTrafficPolicy", STRING, PTR, 22, .go = "v1.ServiceInternalTrafficPolicy"),
    OPT("trafficDistribution", STRING, PTR, 23),
};
LOCAL_TYPE(core_service_spec, "core/v1.ServiceSpec", .fill = kind_service_fill_spec);

static const struct field core_service_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_core_service_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_core_service_status),
};
TYPE(core_service, "core/v1.Service");

static const struct field core_endpoint_address_fields[] = {
    ALWAYS("ip", STRING, VAL, 1),
    OPT("hostname", STRING, VAL, 3),
    OPT("nodeName", STRING, PTR, 4),
    OPT("targetRef", OBJECT, PTR, 2, .of = &type_core_object_reference),
};
LOCAL_TYPE(core_endpoint_address, "core/v1.EndpointAddress", .atomic = true);

static const struct field core_endpoint_port_fields[] = {
    OPT("name", STRING, VAL, 1),
    ALWAYS("port", INT32, VAL, 2),
    OPT("protocol", STRING, VAL, 3, .go = "v1.Protocol", .def = "\"TCP\""),
    OPT("appProtocol", STRING, PTR, 4),
};
LOCAL_TYPE(core_endpoint_port, "core/v1.EndpointPort", .atomic = true);

static const struct field core_endpoint_subset_fields[] = {
    OPT("addresses", OBJECT, LIST, 1, .of = &type_core_endpoint_address),
    OPT("notReadyAddresses", OBJECT, LIST, 2, .of = &type_core_endpoint_address),
    OPT("ports", OBJECT, LIST, 3, .of = &type_core_endpoint_port),
};
LOCAL_TYPE(core_endpoint_subset, "core/v1.EndpointSubset");

static const struct field core_endpoints_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("subsets", OBJECT, LIST, 2, .of = &type_core_endpoint_subset),
};
TYPE(core_endpoints, "core/v1.Endpoints");

static const struct field discovery_endpoint_conditions_fields[] = {
    OPT("ready", BOOL, PTR, 1),
    OPT("serving", BOOL, PTR, 2),
    OPT("terminating", BOOL, PTR, 3),
};
LOCAL_TYPE(discovery_endpoint_conditions, "discovery/v1.EndpointConditions");

static const struct field discovery_for_zone_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
};
LOCAL_TYPE(discovery_for_zone, "discovery/v1.ForZone");

static const struct field discovery_for_node_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
};
LOCAL_TYPE(discovery_for_node, "discovery/v1.ForNode");

static const struct field discovery_endpoint_hints_fields[] = {
    OPT("forZones", OBJECT, LIST, 1, .of = &type_discovery_for_zone),
    OPT("forNodes", OBJECT, LIST, 2, .of = &type_discovery_for_node),
};
LOCAL_TYPE(discovery_endpoint_hints, "discovery/v1.EndpointHints");

static const struct field discovery_endpoint_fields[] = {
    ALWAYS("addresses", STRING, LIST, 1, .list = LIST_SET),
    OPT("conditions", OBJECT, VAL, 2, .of = &type_discovery_endpoint_conditions),
    OPT("hostname", STRING, PTR, 3),
    OPT("targetRef", OBJECT, PTR, 4, .of = &type_core_object_reference),
    FIELD("deprecatedTopology", STRING, MAP, 5, FIELD_OMITEMPTY | FIELD_OFF),
    OPT("nodeName", STRING, PTR, 6),
    OPT("zone", STRING, PTR, 7),
    OPT("hints", OBJECT, PTR, 8, .of = &type_discovery_endpoint_hints),
};
LOCAL_TYPE(discovery_endpoint, "discovery/v1.Endpoint");

static const struct field discovery_endpoint_port_fields[] = {
    OPT("name", STRING, PTR, 1, .def = "\"\""),
    OPT("protocol", STRING, PTR, 2, .go = "v1.Protocol", .def = "\"TCP\""),
    OPT("port", INT32, PTR, 3),
    OPT("appProtocol", STRING, PTR, 4),
};
LOCAL_TYPE(discovery_endpoint_port, "discovery/v1.EndpointPort", .atomic = true);

static const struct field discovery_endpoint_slice_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("addressType", STRING, VAL, 4, .go = "v1.AddressType"),
    ALWAYS("endpoints", OBJECT, LIST, 2, .of = &type_discovery_endpoint),
    ALWAYS("ports", OBJECT, LIST, 3, .of = &type_discovery_endpoint_port),
};
TYPE(discovery_endpoint_slice, "discovery/v1.EndpointSlice");

/* ---- resources ---- */

const struct resource resource_endpointslices = {
    .group = "discovery.k8s.io",
    .version = "v1",
    .kind = "EndpointSlice",
    .list_kind = "EndpointSliceList",
    .plural = "endpointslices",
    .singular = "endpointslice",
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_GENERATION | RES_META_AGAIN,
    .type = &type_discovery_endpoint_slice,
    .check_create = kind_endpoint_check_slice,
    .check_update = kind_endpoint_check_slice_update,
    .warn = kind_endpoint_warn_slice,
    COLUMNS_OF(endpointslices),
};

static const char *const endpoints_short[] = { "ep", NULL };
const struct resource resource_endpoints = {
    .group = "",
    .version = "v1",
    .kind = "Endpoints",
    .list_kind = "EndpointsList",
    .plural = "endpoints",
    .singular = "endpoints",
    .short_names = endpoints_short,
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_CREATE_ON_UPDATE | RES_META_AGAIN,
    .type = &type_core_endpoints,
    .check_create = kind_endpoint_check_endpoints,
    .check_update = kind_endpoint_check_endpoints,
    .warn = kind_endpoint_warn,
    .deprecated = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    COLUMNS_OF(endpoints),
};

static const char *const services_short[] = { "svc", NULL };
static const struct subresource services_subs[] = {
    { .name = "proxy", .kind = "ServiceProxyOptions", .verbs = SUB_PROXY },
    { .name = "status", .verbs = SUB_RW },
};
static const struct selectable services_fields[] = {
    { .label = "spec.clusterIP", .path = "spec.clusterIP" },
    { .label = "spec.type", .path = "spec.type" },
};
const struct resource resource_services = {
    .group = "",
    .version = "v1",
    .kind = "Service",
    .list_kind = "ServiceList",
    .plural = "services",
    .singular = "service",
    .short_names = services_short,
    .categories = kinds_category_all,
    .verbs = VERB_ALL,
    .flags =
        RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_CREATE_ON_UPDATE | RES_RETURN_DELETED,
    .type = &type_core_service,
    .name_problems = validate_name_dns1035,
    .check_create = kind_service_check,
    .check_update = kind_service_check_update,
    .warn = kind_service_warn,
    .selectables = services_fields,
    .selectable_len = ARRAY_LEN(services_fields),
    .prepare_create = kinds_prepare_create,
    .prepare_update = kind_service_update,
    .subresources = services_subs,
    .subresource_len = ARRAY_LEN(services_subs),
    .reset_main = "status",
    .reset_status = "spec",
    COLUMNS_OF(services),
};

/* clang-format on */
