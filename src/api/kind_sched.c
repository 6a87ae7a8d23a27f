/* Rows: PriorityClass and RuntimeClass.
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

static const struct field node_overhead_fields[] = {
    FIELD("podFixed", QUANTITY, MAP, 1, FIELD_OMITEMPTY | FIELD_MILLI, .go = "v1.ResourceList"),
};
LOCAL_TYPE(node_overhead, "node/v1.Overhead");

static const struct field node_scheduling_fields[] = {
    FIELD("nodeSelector", STRING, MAP, 1, FIELD_OMITEMPTY | FIELD_ATOMIC),
    OPT("tolerations", OBJECT, LIST, 2, .of = &type_core_toleration),
};
LOCAL_TYPE(node_scheduling, "node/v1.Scheduling");

static const struct field node_runtime_class_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("handler", STRING, VAL, 2),
    OPT("overhead", OBJECT, PTR, 3, .of = &type_node_overhead),
    OPT("scheduling", OBJECT, PTR, 4, .of = &type_node_scheduling),
};
TYPE(node_runtime_class, "node/v1.RuntimeClass");

static const struct field scheduling_priority_class_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("value", INT32, VAL, 2),
    OPT("globalDefault", BOOL, VAL, 3),
    OPT("description", STRING, VAL, 4),
    OPT("preemptionPolicy", STRING, PTR, 5, .go = "apiv1.PreemptionPolicy",
        .def = "\"PreemptLowerPriority\""),
};
TYPE(scheduling_priority_class, "scheduling/v1.PriorityClass");

/* ---- resources ---- */

const struct resource resource_runtimeclasses = {
    .group = "node.k8s.io",
    .version = "v1",
    .kind = "RuntimeClass",
    .list_kind = "RuntimeClassList",
    .plural = "runtimeclasses",
    .singular = "runtimeclass",
    .verbs = VERB_ALL,
    .flags = RES_CREATE_ON_UPDATE | RES_META_AGAIN,
    .type = &type_node_runtime_class,
    .check_create = kind_storage_check_runtime,
    .check_update = kind_storage_check_runtime_update,
    .warn = kind_runtime_class_warn,
    COLUMNS_OF(runtimeclasses),
};

static const char *const priorityclasses_short[] = { "pc", NULL };
const struct resource resource_priorityclasses = {
    .group = "scheduling.k8s.io",
    .version = "v1",
    .kind = "PriorityClass",
    .list_kind = "PriorityClassList",
    .plural = "priorityclasses",
    .singular = "priorityclass",
    .short_names = priorityclasses_short,
    .verbs = VERB_ALL,
    .flags = RES_UNCONDITIONAL_UPDATE | RES_GENERATION_ONCE,
    .type = &type_scheduling_priority_class,
    .check_create = kind_sched_check_priority,
    .check_update = kind_sched_check_priority_update,
    COLUMNS_OF(priorityclasses),
};

/* clang-format on */
