/* Rows: Event of both groups, Binding, ComponentStatus.
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

static const struct field core_binding_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("target", OBJECT, VAL, 2, .of = &type_core_object_reference),
};
TYPE(core_binding, "core/v1.Binding");

static const struct field core_event_source_fields[] = {
    OPT("component", STRING, VAL, 1),
    OPT("host", STRING, VAL, 2),
};
LOCAL_TYPE(core_event_source, "core/v1.EventSource");

static const struct field core_event_series_fields[] = {
    OPT("count", INT32, VAL, 1),
    OPT("lastObservedTime", MICROTIME, VAL, 2),
};
LOCAL_TYPE(core_event_series, "core/v1.EventSeries");

static const struct field core_event_fields[] = {
    INLINE(0, type_meta_type_meta),
    ALWAYS("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("involvedObject", OBJECT, VAL, 2, .of = &type_core_object_reference),
    OPT("reason", STRING, VAL, 3),
    OPT("message", STRING, VAL, 4),
    OPT("source", OBJECT, VAL, 5, .of = &type_core_event_source),
    OPT("firstTimestamp", TIME, VAL, 6),
    OPT("lastTimestamp", TIME, VAL, 7),
    OPT("count", INT32, VAL, 8),
    OPT("type", STRING, VAL, 9),
    OPT("eventTime", MICROTIME, VAL, 10),
    OPT("series", OBJECT, PTR, 11, .of = &type_core_event_series),
    OPT("action", STRING, VAL, 12),
    OPT("related", OBJECT, PTR, 13, .of = &type_core_object_reference),
    ALWAYS("reportingComponent", STRING, VAL, 14),
    ALWAYS("reportingInstance", STRING, VAL, 15),
};
TYPE(core_event, "core/v1.Event");

static const struct field core_component_condition_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v1.ComponentConditionType"),
    ALWAYS("status", STRING, VAL, 2, .go = "v1.ConditionStatus"),
    OPT("message", STRING, VAL, 3),
    OPT("error", STRING, VAL, 4),
};
LOCAL_TYPE(core_component_condition, "core/v1.ComponentCondition");

static const struct field core_component_status_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("conditions", OBJECT, LIST, 2, .of = &type_core_component_condition, .patch = PATCH_MERGE,
        .merge_key = "type", .list = LIST_MAP, .list_keys = "type"),
};
TYPE(core_component_status, "core/v1.ComponentStatus");

static const struct field events_event_series_fields[] = {
    ALWAYS("count", INT32, VAL, 1),
    ALWAYS("lastObservedTime", MICROTIME, VAL, 2),
};
LOCAL_TYPE(events_event_series, "events/v1.EventSeries");

static const struct field events_event_fields[] = {
    INLINE(0, type_meta_type_meta),
    ALWAYS("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("eventTime", MICROTIME, VAL, 2),
    OPT("series", OBJECT, PTR, 3, .of = &type_events_event_series),
    OPT("reportingController", STRING, VAL, 4),
    OPT("reportingInstance", STRING, VAL, 5),
    OPT("action", STRING, VAL, 6),
    OPT("reason", STRING, VAL, 7),
    OPT("regarding", OBJECT, VAL, 8, .of = &type_core_object_reference),
    OPT("related", OBJECT, PTR, 9, .of = &type_core_object_reference),
    OPT("note", STRING, VAL, 10),
    OPT("type", STRING, VAL, 11),
    OPT("deprecatedSource", OBJECT, VAL, 12, .of = &type_core_event_source),
    OPT("deprecatedFirstTimestamp", TIME, VAL, 13),
    OPT("deprecatedLastTimestamp", TIME, VAL, 14),
    OPT("deprecatedCount", INT32, VAL, 15),
};
TYPE(events_event, "events/v1.Event");

/* ---- resources ---- */

static const char *const events_short[] = { "ev", NULL };
static const struct selectable events_v1_fields[] = {
    { .label = "regarding.kind", .path = "involvedObject.kind" },
    { .label = "regarding.namespace", .path = "involvedObject.namespace" },
    { .label = "regarding.name", .path = "involvedObject.name", .index = 2 },
    { .label = "regarding.uid", .path = "involvedObject.uid", .index = 1 },
    { .label = "regarding.apiVersion", .path = "involvedObject.apiVersion" },
    { .label = "regarding.resourceVersion", .path = "involvedObject.resourceVersion" },
    { .label = "regarding.fieldPath", .path = "involvedObject.fieldPath" },
    { .label = "reason", .path = "reason", .index = 3 },
    { .label = "reportingController", .path = "reportingComponent" },
    { .label = "type", .path = "type" },
};
const struct resource resource_events_v1 = {
    .group = "events.k8s.io",
    .version = "v1",
    .kind = "Event",
    .list_kind = "EventList",
    .plural = "events",
    .singular = "event",
    .short_names = events_short,
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_CREATE_ON_UPDATE |
             RES_NO_HISTORY | RES_PATIENT | RES_PLAIN_FINALIZERS,
    .type = &type_events_event,
    .check_create = kind_event_check,
    .check_update = kind_event_check_update,
    .selectables = events_v1_fields,
    .selectable_len = ARRAY_LEN(events_v1_fields),
    .storage = &resource_events,
    .to_storage = kind_event_to_storage,
    .from_storage = kind_event_from_storage,
    COLUMNS_OF(events),
};

const struct resource resource_bindings = {
    .group = "",
    .version = "v1",
    .kind = "Binding",
    .list_kind = "BindingList",
    .plural = "bindings",
    .singular = "binding",
    .verbs = VERB_CREATE,
    .flags = RES_NAMESPACED | RES_VIRTUAL,
    .type = &type_core_binding,
    .check_create = kind_pod_check_binding,
};

static const char *const componentstatuses_short[] = { "cs", NULL };
const struct resource resource_componentstatuses = {
    .group = "",
    .version = "v1",
    .kind = "ComponentStatus",
    .list_kind = "ComponentStatusList",
    .plural = "componentstatuses",
    .singular = "componentstatus",
    .short_names = componentstatuses_short,
    .verbs = VERB_GET | VERB_LIST | VERB_WATCH,
    .flags = RES_VIRTUAL,
    .type = &type_core_component_status,
    .deprecated = "v1 ComponentStatus is deprecated in v1.19+",
};

static const struct selectable events_fields[] = {
    { .label = "involvedObject.kind", .path = "involvedObject.kind" },
    { .label = "involvedObject.namespace", .path = "involvedObject.namespace" },
    { .label = "involvedObject.name", .path = "involvedObject.name", .index = 2 },
    { .label = "involvedObject.uid", .path = "involvedObject.uid", .index = 1 },
    { .label = "involvedObject.apiVersion", .path = "involvedObject.apiVersion" },
    { .label = "involvedObject.resourceVersion", .path = "involvedObject.resourceVersion" },
    { .label = "involvedObject.fieldPath", .path = "involvedObject.fieldPath" },
    { .label = "reason", .path = "reason", .index = 3 },
    { .label = "reportingComponent", .path = "reportingComponent" },
    { .label = "source", .value = kind_field_event_source },
    { .label = "type", .path = "type" },
};
const struct resource resource_events = {
    .group = "",
    .version = "v1",
    .kind = "Event",
    .list_kind = "EventList",
    .plural = "events",
    .singular = "event",
    .short_names = events_short,
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_CREATE_ON_UPDATE |
             RES_NO_HISTORY | RES_PATIENT | RES_PLAIN_FINALIZERS,
    .type = &type_core_event,
    .name_problems = validate_name_path_segment,
    .check_create = kind_event_check,
    .check_update = kind_event_check_update,
    .selectables = events_fields,
    .selectable_len = ARRAY_LEN(events_fields),
    COLUMNS_OF(events),
};

/* clang-format on */
