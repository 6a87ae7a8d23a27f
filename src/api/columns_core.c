/* Columns of the core group: pods, nodes, services and their neighbours.  Pure.
 *
 * Texts follow pkg/printers/internalversion/printers.go, release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include <stdlib.h>

#include "api/cell.h"
#include "api/columns.h"
#include "api/columns_kinds.h"
#include "api/object.h"
#include "api/pod_state.h"
#include "base/arena.h"
#include "base/clock.h"

/* ---- pods ---- */

static void
pod_ready(struct cell *cell, struct val pod)
{
    struct pod_state_text text = pod_state_text(pod, cell->arena);
    jw_printf(cell->out, "%d/%d", text.ready, text.total);
}

static void
pod_status(struct cell *cell, struct val pod)
{
    cell_str(cell, pod_state_text(pod, cell->arena).status);
}

static void
pod_restarts(struct cell *cell, struct val pod)
{
    char age[32];
    struct pod_state_text text = pod_state_text(pod, cell->arena);
    if (text.restarts == 0 || text.last_restart_ms == 0) {
        jw_printf(cell->out, "%lld", (long long)text.restarts);
        return;
    }
    jw_printf(cell->out, "%lld (" STR_FMT " ago)", (long long)text.restarts,
              STR_ARG(columns_age_text(cell->now_ms - text.last_restart_ms, age)));
}

static void
pod_ip(struct cell *cell, struct val pod)
{
    struct val first = val_item(val_at(pod, "status.podIPs"), 0);
    struct str ip = val_str(val_get(first, "ip"));
    cell_str_or(cell, ip.size > 0 ? ip : val_str(val_at(pod, "status.podIP")), "<none>");
}

static void
pod_node(struct cell *cell, struct val pod)
{
    cell_str_or(cell, val_str(val_at(pod, "spec.nodeName")), "<none>");
}

static void
pod_nominated(struct cell *cell, struct val pod)
{
    cell_str_or(cell, val_str(val_at(pod, "status.nominatedNodeName")), "<none>");
}

static void
pod_gates(struct cell *cell, struct val pod)
{
    struct val gates = val_at(pod, "spec.readinessGates");
    size_t ready = 0;
    VAL_EACH (it, gates) {
        char *type = arena_dupz(cell->arena, val_str(val_get(it.value, "conditionType")));
        ready += pod_state_condition_is(pod, type, "True") ? 1 : 0;
    }
    if (val_len(gates) == 0) {
        cell_str(cell, STR("<none>"));
    } else {
        jw_printf(cell->out, "%zu/%zu", ready, val_len(gates));
    }
}

const struct column columns_pods[] = {
    COLUMN_NAME,
    { .name = "Ready", .type = "string", .cell = pod_ready },
    { .name = "Status", .type = "string", .cell = pod_status },
    { .name = "Restarts", .type = "string", .cell = pod_restarts },
    COLUMN_AGE,
    { .name = "IP", .type = "string", .priority = 1, .cell = pod_ip },
    { .name = "Node", .type = "string", .priority = 1, .cell = pod_node },
    { .name = "Nominated Node", .type = "string", .priority = 1, .cell = pod_nominated },
    { .name = "Readiness Gates", .type = "string", .priority = 1, .cell = pod_gates },
};

static void
template_containers(struct cell *cell, struct val object)
{
    cell_containers(cell, val_at(object, "template.spec"), "name");
}

static void
template_images(struct cell *cell, struct val object)
{
    cell_containers(cell, val_at(object, "template.spec"), "image");
}

static void
template_labels(struct cell *cell, struct val object)
{
    AUTO_STR struct str_builder text = { 0 };
    VAL_EACH (it, val_at(object, "template.metadata.labels")) {
        str_putf(&text, "%s" STR_FMT "=" STR_FMT, text.size > 0 ? "," : "", STR_ARG(it.key),
                 STR_ARG(val_str(it.value)));
    }
    cell_str_or(cell, str_view(&text), "<none>");
}

const struct column columns_podtemplates[] = {
    COLUMN_NAME,
    { .name = "Containers", .type = "string", .cell = template_containers },
    { .name = "Images", .type = "string", .cell = template_images },
    { .name = "Pod Labels", .type = "string", .cell = template_labels },
};

/* ---- nodes ---- */

static void
node_status(struct cell *cell, struct val node)
{
    struct str status = val_str(val_get(pod_state_condition(node, "Ready"), "status"));
    bool is_cordoned = val_bool(val_at(node, "spec.unschedulable"), false);
    jw_printf(cell->out, "%s%s",
              str_is(status, "True") ? "Ready"
              : status.size == 0     ? "Unknown"
                                     : "NotReady",
              is_cordoned ? ",SchedulingDisabled" : "");
}

static int
by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void
node_roles(struct cell *cell, struct val node)
{
    struct str prefix = STR("node-role.kubernetes.io/");
    struct val labels = val_at(node, "metadata.labels");
    struct str *roles = arena_array(cell->arena, val_len(labels) + 1, sizeof(struct str));
    size_t len = 0;
    AUTO_STR struct str_builder text = { 0 };
    VAL_EACH (it, labels) {
        if (str_has_prefix(it.key, prefix) && it.key.size > prefix.size) {
            roles[len++] = str_slice(it.key.at + prefix.size, it.key.size - prefix.size);
        } else if (str_is(it.key, "kubernetes.io/role") && val_str(it.value).size > 0) {
            roles[len++] = val_str(it.value);
        }
    }
    qsort(roles, len, sizeof(roles[0]), by_bytes);
    for (size_t i = 0; i < len; i++) {
        if (i == 0 || !str_eq(roles[i], roles[i - 1])) {
            str_putf(&text, "%s" STR_FMT, text.size > 0 ? "," : "", STR_ARG(roles[i]));
        }
    }
    cell_str_or(cell, str_view(&text), "<none>");
}

static void
node_address(struct cell *cell, struct val node, const char *type)
{
    struct str found = { 0 };
    VAL_EACH (it, val_at(node, "status.addresses")) {
        if (found.size == 0 && val_is_str(val_get(it.value, "type"), type)) {
            found = val_str(val_get(it.value, "address"));
        }
    }
    cell_str_or(cell, found, "<none>");
}

static void
node_internal(struct cell *cell, struct val node)
{
    node_address(cell, node, "InternalIP");
}

static void
node_external(struct cell *cell, struct val node)
{
    node_address(cell, node, "ExternalIP");
}

static void
node_os(struct cell *cell, struct val node)
{
    cell_str_or(cell, val_str(val_at(node, "status.nodeInfo.osImage")), "<unknown>");
}

static void
node_kernel(struct cell *cell, struct val node)
{
    cell_str_or(cell, val_str(val_at(node, "status.nodeInfo.kernelVersion")), "<unknown>");
}

static void
node_runtime(struct cell *cell, struct val node)
{
    cell_str_or(cell, val_str(val_at(node, "status.nodeInfo.containerRuntimeVersion")),
                "<unknown>");
}

const struct column columns_nodes[] = {
    COLUMN_NAME,
    { .name = "Status", .type = "string", .cell = node_status },
    { .name = "Roles", .type = "string", .cell = node_roles },
    COLUMN_AGE,
    { .name = "Version", .type = "string", .path = "status.nodeInfo.kubeletVersion" },
    { .name = "Internal-IP", .type = "string", .priority = 1, .cell = node_internal },
    { .name = "External-IP", .type = "string", .priority = 1, .cell = node_external },
    { .name = "OS-Image", .type = "string", .priority = 1, .cell = node_os },
    { .name = "Kernel-Version", .type = "string", .priority = 1, .cell = node_kernel },
    { .name = "Container-Runtime", .type = "string", .priority = 1, .cell = node_runtime },
};

/* ---- namespaces, configuration, accounts ---- */

const struct column columns_namespaces[] = {
    COLUMN_NAME,
    { .name = "Status", .type = "string", .path = "status.phase" },
    COLUMN_AGE,
};

static void
map_data(struct cell *cell, struct val map)
{
    cell_count(cell, val_get(map, "data"), val_get(map, "binaryData"));
}

const struct column columns_configmaps[] = {
    COLUMN_NAME,
    { .name = "Data", .type = "string", .cell = map_data },
    COLUMN_AGE,
};

static void
secret_data(struct cell *cell, struct val secret)
{
    cell_int(cell, (int64_t)val_len(val_get(secret, "data")));
}

const struct column columns_secrets[] = {
    COLUMN_NAME,
    { .name = "Type", .type = "string", .path = "type" },
    { .name = "Data", .type = "string", .cell = secret_data },
    COLUMN_AGE,
};

const struct column columns_serviceaccounts[] = {
    COLUMN_NAME,
    COLUMN_AGE,
};

/* ---- events: both groups, whose names for one thing differ ---- */

static struct val
either(struct val event, const char *core, const char *other)
{
    struct val v = val_at(event, core);
    return val_is(v) ? v : val_at(event, other);
}

static void
event_seen(struct cell *cell, struct val event)
{
    struct str last = val_str(val_at(event, "series.lastObservedTime"));
    last =
        last.size > 0 ? last : val_str(either(event, "lastTimestamp", "deprecatedLastTimestamp"));
    cell_age(cell, last.size > 0 ? last : val_str(val_get(event, "eventTime")));
}

static void
event_first(struct cell *cell, struct val event)
{
    struct str first = val_str(either(event, "firstTimestamp", "deprecatedFirstTimestamp"));
    cell_age(cell, first.size > 0 ? first : val_str(val_get(event, "eventTime")));
}

static void
event_object(struct cell *cell, struct val event)
{
    struct val regarding = either(event, "involvedObject", "regarding");
    struct str kind = val_str(val_get(regarding, "kind")),
               name = val_str(val_get(regarding, "name"));
    char *lower = arena_dupz(cell->arena, kind);
    for (char *c = lower; *c != '\0'; c++) {
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + ('a' - 'A')) : *c;
    }
    jw_printf(cell->out, "%s%s" STR_FMT, lower, name.size > 0 ? "/" : "", STR_ARG(name));
}

static void
event_subobject(struct cell *cell, struct val event)
{
    cell_str(cell, val_str(either(event, "involvedObject.fieldPath", "regarding.fieldPath")));
}

static void
event_source(struct cell *cell, struct val event)
{
    struct val source = either(event, "source", "deprecatedSource");
    struct str component = val_str(val_get(source, "component"));
    struct str host = val_str(val_get(source, "host"));
    if (component.size == 0) {
        component = val_str(either(event, "reportingComponent", "reportingController"));
    }
    host = host.size > 0 ? host : val_str(val_get(event, "reportingInstance"));
    jw_printf(cell->out, STR_FMT "%s" STR_FMT, STR_ARG(component), host.size > 0 ? ", " : "",
              STR_ARG(host));
}

static void
event_message(struct cell *cell, struct val event)
{
    cell_str(cell, str_trim(val_str(either(event, "message", "note"))));
}

static void
event_count(struct cell *cell, struct val event)
{
    int64_t count = val_int(val_at(event, "series.count"), 0);
    count = count > 0 ? count : val_int(either(event, "count", "deprecatedCount"), 0);
    cell_int(cell, count > 0 ? count : 1);
}

const struct column columns_events[] = {
    { .name = "Last Seen", .type = "string", .cell = event_seen },
    { .name = "Type", .type = "string", .path = "type" },
    { .name = "Reason", .type = "string", .path = "reason" },
    { .name = "Object", .type = "string", .cell = event_object },
    { .name = "Subobject", .type = "string", .priority = 1, .cell = event_subobject },
    { .name = "Source", .type = "string", .priority = 1, .cell = event_source },
    { .name = "Message", .type = "string", .cell = event_message },
    { .name = "First Seen", .type = "string", .priority = 1, .cell = event_first },
    { .name = "Count", .type = "string", .priority = 1, .cell = event_count },
    { .name = "Name", .type = "string", .format = "name", .priority = 1, .path = "metadata.name" },
};
