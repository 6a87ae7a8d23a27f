/* Rows: dynamic resource allocation.
 *
 * Tables in the order of Go's structs, which is the order of what is written. Read by every walker
 * over rows; constant, any thread. */
#include "config.h"

#include "api/kinds_priv.h"
#include "api/kinds_types.h"

/* One row a line. */
/* clang-format off */

static const struct field resource_resource_pool_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    ALWAYS("generation", INT64, VAL, 2),
    ALWAYS("resourceSliceCount", INT64, VAL, 3),
};
LOCAL_TYPE(resource_resource_pool, "resource/v1.ResourcePool");

static const struct field resource_device_attribute_fields[] = {
    OPT("int", INT64, PTR, 2),
    OPT("bool", BOOL, PTR, 3),
    OPT("string", STRING, PTR, 4),
    OPT("version", STRING, PTR, 5),
};
LOCAL_TYPE(resource_device_attribute, "resource/v1.DeviceAttribute");

static const struct field resource_capacity_request_policy_range_fields[] = {
    OPT("min", QUANTITY, PTR, 1),
    OPT("max", QUANTITY, PTR, 2),
    OPT("step", QUANTITY, PTR, 3),
};
LOCAL_TYPE(resource_capacity_request_policy_range, "resource/v1.CapacityRequestPolicyRange");

static const struct field resource_capacity_request_policy_fields[] = {
    ALWAYS("default", QUANTITY, PTR, 1),
    OPT("validValues", QUANTITY, LIST, 3),
    OPT("validRange", OBJECT, PTR, 4, .of = &type_resource_capacity_request_policy_range),
};
LOCAL_TYPE(resource_capacity_request_policy, "resource/v1.CapacityRequestPolicy");

static const struct field resource_device_capacity_fields[] = {
    ALWAYS("value", QUANTITY, VAL, 1),
    OPT("requestPolicy", OBJECT, PTR, 2, .of = &type_resource_capacity_request_policy),
};
LOCAL_TYPE(resource_device_capacity, "resource/v1.DeviceCapacity");

static const struct field resource_counter_fields[] = {
    ALWAYS("value", QUANTITY, VAL, 1),
};
LOCAL_TYPE(resource_counter, "resource/v1.Counter");

static const struct field resource_device_counter_consumption_fields[] = {
    ALWAYS("counterSet", STRING, VAL, 1),
    OPT("counters", OBJECT, MAP, 2, .of = &type_resource_counter),
};
LOCAL_TYPE(resource_device_counter_consumption, "resource/v1.DeviceCounterConsumption");

static const struct field resource_device_taint_fields[] = {
    ALWAYS("key", STRING, VAL, 1),
    OPT("value", STRING, VAL, 2),
    ALWAYS("effect", STRING, VAL, 3, .go = "v1.DeviceTaintEffect"),
    OPT("timeAdded", TIME, PTR, 4),
};
LOCAL_TYPE(resource_device_taint, "resource/v1.DeviceTaint");

static const struct field resource_device_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    OPT("attributes", OBJECT, MAP, 2, .of = &type_resource_device_attribute,
        .go = "map[v1.QualifiedName]v1.DeviceAttribute"),
    OPT("capacity", OBJECT, MAP, 3, .of = &type_resource_device_capacity,
        .go = "map[v1.QualifiedName]v1.DeviceCapacity"),
    OPT("consumesCounters", OBJECT, LIST, 4, .of = &type_resource_device_counter_consumption),
    OPT("nodeName", STRING, PTR, 5),
    OPT("nodeSelector", OBJECT, PTR, 6, .of = &type_core_node_selector),
    OPT("allNodes", BOOL, PTR, 7),
    OPT("taints", OBJECT, LIST, 8, .of = &type_resource_device_taint),
    OPT("bindsToNode", BOOL, PTR, 9),
    OPT("bindingConditions", STRING, LIST, 10),
    OPT("bindingFailureConditions", STRING, LIST, 11),
    OPT("allowMultipleAllocations", BOOL, PTR, 12),
};
LOCAL_TYPE(resource_device, "resource/v1.Device");

static const struct field resource_counter_set_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    OPT("counters", OBJECT, MAP, 2, .of = &type_resource_counter),
};
LOCAL_TYPE(resource_counter_set, "resource/v1.CounterSet");

static const struct field resource_resource_slice_spec_fields[] = {
    ALWAYS("driver", STRING, VAL, 1),
    ALWAYS("pool", OBJECT, VAL, 2, .of = &type_resource_resource_pool),
    OPT("nodeName", STRING, PTR, 3),
    OPT("nodeSelector", OBJECT, PTR, 4, .of = &type_core_node_selector),
    OPT("allNodes", BOOL, PTR, 5),
    OPT("devices", OBJECT, LIST, 6, .of = &type_resource_device),
    OPT("perDeviceNodeSelection", BOOL, PTR, 7),
    OPT("sharedCounters", OBJECT, LIST, 8, .of = &type_resource_counter_set),
};
LOCAL_TYPE(resource_resource_slice_spec, "resource/v1.ResourceSliceSpec");

static const struct field resource_resource_slice_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("spec", OBJECT, VAL, 2, .of = &type_resource_resource_slice_spec),
};
TYPE(resource_resource_slice, "resource/v1.ResourceSlice");

static const struct field resource_cel_device_selector_fields[] = {
    ALWAYS("expression", STRING, VAL, 1),
};
LOCAL_TYPE(resource_cel_device_selector, "resource/v1.CELDeviceSelector");

static const struct field resource_device_selector_fields[] = {
    OPT("cel", OBJECT, PTR, 1, .of = &type_resource_cel_device_selector),
};
LOCAL_TYPE(resource_device_selector, "resource/v1.DeviceSelector");

static const struct field resource_device_toleration_fields[] = {
    OPT("key", STRING, VAL, 1),
    OPT("operator", STRING, VAL, 2, .def = "\"Equal\"", .go = "v1.DeviceTolerationOperator"),
    OPT("value", STRING, VAL, 3),
    OPT("effect", STRING, VAL, 4, .go = "v1.DeviceTaintEffect"),
    OPT("tolerationSeconds", INT64, PTR, 5),
};
LOCAL_TYPE(resource_device_toleration, "resource/v1.DeviceToleration");

static const struct field resource_capacity_requirements_fields[] = {
    OPT("requests", QUANTITY, MAP, 1, .go = "map[v1.QualifiedName]resource.Quantity"),
};
LOCAL_TYPE(resource_capacity_requirements, "resource/v1.CapacityRequirements");

static const struct field resource_exact_device_request_fields[] = {
    ALWAYS("deviceClassName", STRING, VAL, 1),
    OPT("selectors", OBJECT, LIST, 2, .of = &type_resource_device_selector),
    OPT("allocationMode", STRING, VAL, 3, .go = "v1.DeviceAllocationMode",
        .def = "\"ExactCount\""),
    OPT("count", INT64, VAL, 4),
    OPT("adminAccess", BOOL, PTR, 5),
    OPT("tolerations", OBJECT, LIST, 6, .of = &type_resource_device_toleration),
    OPT("capacity", OBJECT, PTR, 7, .of = &type_resource_capacity_requirements),
};
LOCAL_TYPE(resource_exact_device_request, "resource/v1.ExactDeviceRequest",
    .fill = kind_work_fill_device_count);

static const struct field resource_device_sub_request_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    ALWAYS("deviceClassName", STRING, VAL, 2),
    OPT("selectors", OBJECT, LIST, 3, .of = &type_resource_device_selector),
    OPT("allocationMode", STRING, VAL, 4, .go = "v1.DeviceAllocationMode",
        .def = "\"ExactCount\""),
    OPT("count", INT64, VAL, 5),
    OPT("tolerations", OBJECT, LIST, 6, .of = &type_resource_device_toleration),
    OPT("capacity", OBJECT, PTR, 7, .of = &type_resource_capacity_requirements),
};
LOCAL_TYPE(resource_device_sub_request, "resource/v1.DeviceSubRequest",
    .fill = kind_work_fill_device_count);

static const struct field resource_device_request_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    OPT("exactly", OBJECT, PTR, 2, .of = &type_resource_exact_device_request),
    OPT("firstAvailable", OBJECT, LIST, 3, .of = &type_resource_device_sub_request),
};
LOCAL_TYPE(resource_device_request, "resource/v1.DeviceRequest");

static const struct field resource_device_constraint_fields[] = {
    OPT("requests", STRING, LIST, 1),
    OPT("matchAttribute", STRING, PTR, 2, .go = "v1.FullyQualifiedName"),
    OPT("distinctAttribute", STRING, PTR, 3, .go = "v1.FullyQualifiedName"),
};
LOCAL_TYPE(resource_device_constraint, "resource/v1.DeviceConstraint");

static const struct field resource_opaque_device_configuration_fields[] = {
    ALWAYS("driver", STRING, VAL, 1),
    ALWAYS("parameters", RAW, VAL, 2),
};
LOCAL_TYPE(resource_opaque_device_configuration, "resource/v1.OpaqueDeviceConfiguration");

static const struct field resource_device_configuration_fields[] = {
    OPT("opaque", OBJECT, PTR, 1, .of = &type_resource_opaque_device_configuration),
};
LOCAL_TYPE(resource_device_configuration, "resource/v1.DeviceConfiguration");

static const struct field resource_device_claim_configuration_fields[] = {
    OPT("requests", STRING, LIST, 1),
    INLINE(2, type_resource_device_configuration),
};
LOCAL_TYPE(resource_device_claim_configuration, "resource/v1.DeviceClaimConfiguration");

static const struct field resource_device_claim_fields[] = {
    ALWAYS("requests", OBJECT, LIST, 1, .of = &type_resource_device_request),
    OPT("constraints", OBJECT, LIST, 2, .of = &type_resource_device_constraint),
    OPT("config", OBJECT, LIST, 3, .of = &type_resource_device_claim_configuration),
};
LOCAL_TYPE(resource_device_claim, "resource/v1.DeviceClaim");

static const struct field resource_resource_claim_spec_fields[] = {
    ALWAYS("devices", OBJECT, VAL, 1, .of = &type_resource_device_claim),
};
LOCAL_TYPE(resource_resource_claim_spec, "resource/v1.ResourceClaimSpec");

static const struct field resource_device_request_allocation_result_fields[] = {
    ALWAYS("request", STRING, VAL, 1),
    ALWAYS("driver", STRING, VAL, 2),
    ALWAYS("pool", STRING, VAL, 3),
    ALWAYS("device", STRING, VAL, 4),
    OPT("adminAccess", BOOL, PTR, 5),
    OPT("tolerations", OBJECT, LIST, 6, .of = &type_resource_device_toleration),
    OPT("bindingConditions", STRING, LIST, 7),
    OPT("bindingFailureConditions", STRING, LIST, 8),
    OPT("shareID", STRING, PTR, 9, .go = "types.UID"),
    OPT("consumedCapacity", QUANTITY, MAP, 10, .go = "map[v1.QualifiedName]resource.Quantity"),
};
LOCAL_TYPE(resource_device_request_allocation_result, "resource/v1.DeviceRequestAllocationResult");

static const struct field resource_device_allocation_configuration_fields[] = {
    ALWAYS("source", STRING, VAL, 1, .go = "v1.AllocationConfigSource"),
    OPT("requests", STRING, LIST, 2),
    INLINE(3, type_resource_device_configuration),
};
LOCAL_TYPE(resource_device_allocation_configuration, "resource/v1.DeviceAllocationConfiguration");

static const struct field resource_device_allocation_result_fields[] = {
    OPT("results", OBJECT, LIST, 1, .of = &type_resource_device_request_allocation_result),
    OPT("config", OBJECT, LIST, 2, .of = &type_resource_device_allocation_configuration),
};
LOCAL_TYPE(resource_device_allocation_result, "resource/v1.DeviceAllocationResult");

static const struct field resource_allocation_result_fields[] = {
    OPT("devices", OBJECT, VAL, 1, .of = &type_resource_device_allocation_result),
    OPT("nodeSelector", OBJECT, PTR, 3, .of = &type_core_node_selector),
    OPT("allocationTimestamp", TIME, PTR, 5),
};
LOCAL_TYPE(resource_allocation_result, "resource/v1.AllocationResult");

static const struct field resource_resource_claim_consumer_reference_fields[] = {
    OPT("apiGroup", STRING, VAL, 1),
    ALWAYS("resource", STRING, VAL, 3),
    ALWAYS("name", STRING, VAL, 4),
    ALWAYS("uid", STRING, VAL, 5, .go = "types.UID"),
};
LOCAL_TYPE(resource_resource_claim_consumer_reference,
    "resource/v1.ResourceClaimConsumerReference");

static const struct field resource_network_device_data_fields[] = {
    OPT("interfaceName", STRING, VAL, 1),
    OPT("ips", STRING, LIST, 2),
    OPT("hardwareAddress", STRING, VAL, 3),
};
LOCAL_TYPE(resource_network_device_data, "resource/v1.NetworkDeviceData");

static const struct field resource_allocated_device_status_fields[] = {
    ALWAYS("driver", STRING, VAL, 1),
    ALWAYS("pool", STRING, VAL, 2),
    ALWAYS("device", STRING, VAL, 3),
    OPT("shareID", STRING, PTR, 7),
    ALWAYS("conditions", OBJECT, LIST, 4, .of = &type_meta_condition,
        .list = LIST_MAP, .list_keys = "type"),
    OPT("data", RAW, PTR, 5),
    OPT("networkData", OBJECT, PTR, 6, .of = &type_resource_network_device_data),
};
LOCAL_TYPE(resource_allocated_device_status, "resource/v1.AllocatedDeviceStatus");

static const struct field resource_resource_claim_status_fields[] = {
    OPT("allocation", OBJECT, PTR, 1, .of = &type_resource_allocation_result),
    OPT("reservedFor", OBJECT, LIST, 2, .of = &type_resource_resource_claim_consumer_reference,
        .patch = PATCH_MERGE, .merge_key = "uid", .list = LIST_MAP, .list_keys = "uid"),
    OPT("devices", OBJECT, LIST, 4, .of = &type_resource_allocated_device_status,
        .list = LIST_MAP, .list_keys = "driver,device,pool,shareID"),
};
LOCAL_TYPE(resource_resource_claim_status, "resource/v1.ResourceClaimStatus");

static const struct field resource_resource_claim_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("spec", OBJECT, VAL, 2, .of = &type_resource_resource_claim_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_resource_resource_claim_status),
};
TYPE(resource_resource_claim, "resource/v1.ResourceClaim");

static const struct field resource_device_class_configuration_fields[] = {
    INLINE(1, type_resource_device_configuration),
};
LOCAL_TYPE(resource_device_class_configuration, "resource/v1.DeviceClassConfiguration");

static const struct field resource_device_class_spec_fields[] = {
    OPT("selectors", OBJECT, LIST, 1, .of = &type_resource_device_selector),
    OPT("config", OBJECT, LIST, 2, .of = &type_resource_device_class_configuration),
    OPT("extendedResourceName", STRING, PTR, 4),
};
LOCAL_TYPE(resource_device_class_spec, "resource/v1.DeviceClassSpec");

static const struct field resource_device_class_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("spec", OBJECT, VAL, 2, .of = &type_resource_device_class_spec),
};
TYPE(resource_device_class, "resource/v1.DeviceClass");

static const struct field resource_resource_claim_template_spec_fields[] = {
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("spec", OBJECT, VAL, 2, .of = &type_resource_resource_claim_spec),
};
LOCAL_TYPE(resource_resource_claim_template_spec, "resource/v1.ResourceClaimTemplateSpec");

static const struct field resource_resource_claim_template_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("spec", OBJECT, VAL, 2, .of = &type_resource_resource_claim_template_spec),
};
TYPE(resource_resource_claim_template, "resource/v1.ResourceClaimTemplate");

/* ---- resources ---- */

const struct resource resource_deviceclasses = {
    .group = "resource.k8s.io",
    .version = "v1",
    .kind = "DeviceClass",
    .list_kind = "DeviceClassList",
    .plural = "deviceclasses",
    .singular = "deviceclass",
    .verbs = VERB_ALL,
    .flags = RES_UNCONDITIONAL_UPDATE | RES_GENERATION | RES_RETURN_DELETED,
    .type = &type_resource_device_class,
};

static const struct subresource resourceclaims_subs[] = {
    { .name = "status", .verbs = SUB_RW },
};
const struct resource resource_resourceclaims = {
    .group = "resource.k8s.io",
    .version = "v1",
    .kind = "ResourceClaim",
    .list_kind = "ResourceClaimList",
    .plural = "resourceclaims",
    .singular = "resourceclaim",
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_RETURN_DELETED,
    .type = &type_resource_resource_claim,
    .prepare_create = kinds_prepare_create,
    .prepare_update = kinds_prepare_update_metadata,
    .subresources = resourceclaims_subs,
    .subresource_len = ARRAY_LEN(resourceclaims_subs),
    .reset_main = "status",
    .reset_status = "metadata,spec",
};

const struct resource resource_resourceclaimtemplates = {
    .group = "resource.k8s.io",
    .version = "v1",
    .kind = "ResourceClaimTemplate",
    .list_kind = "ResourceClaimTemplateList",
    .plural = "resourceclaimtemplates",
    .singular = "resourceclaimtemplate",
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_RETURN_DELETED,
    .type = &type_resource_resource_claim_template,
};

static const struct selectable resourceslices_fields[] = {
    { .label = "spec.nodeName", .path = "spec.nodeName", .index = 1 },
    { .label = "spec.driver", .path = "spec.driver" },
};
const struct resource resource_resourceslices = {
    .group = "resource.k8s.io",
    .version = "v1",
    .kind = "ResourceSlice",
    .list_kind = "ResourceSliceList",
    .plural = "resourceslices",
    .singular = "resourceslice",
    .verbs = VERB_ALL,
    .flags = RES_UNCONDITIONAL_UPDATE | RES_GENERATION | RES_RETURN_DELETED,
    .type = &type_resource_resource_slice,
    .selectables = resourceslices_fields,
    .selectable_len = ARRAY_LEN(resourceslices_fields),
};

/* clang-format on */
