/* Pod requests, limits and QoS.  Called by the scheduler, the agent, admission and the console; pure.
 *
 * Follows k8s.io/component-helpers/resource/helpers.go and pkg/apis/core/v1/helper/qos, release
 * 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include "api/pod_resources.h"

#include "api/quantity.h"
#include "base/arena.h"

enum { DEFAULT_CPU_MILLI = 100, DEFAULT_MEMORY = 200 << 20 };

/* ---- amounts ---- */

static struct pod_amount *
amount_of(struct pod_amounts *amounts, struct str name)
{
    for (size_t i = 0; i < amounts->len; i++) {
        if (str_eq(amounts->at[i].name, name)) {
            return &amounts->at[i];
        }
    }
    if (amounts->len == amounts->capacity) {
        size_t capacity = amounts->capacity == 0 ? 8 : amounts->capacity * 2;
        amounts->at =
            arena_grow(amounts->arena, amounts->at, amounts->capacity * sizeof(amounts->at[0]),
                       capacity * sizeof(amounts->at[0]));
        amounts->capacity = capacity;
    }
    amounts->at[amounts->len] = (struct pod_amount){ name, 0 };
    return &amounts->at[amounts->len++];
}

int64_t
pod_amounts_get(const struct pod_amounts *amounts, struct str name)
{
    for (size_t i = 0; i < amounts->len; i++) {
        if (str_eq(amounts->at[i].name, name)) {
            return amounts->at[i].value;
        }
    }
    return 0;
}

/* Quantities are bounded by int64 each; a sum that would pass it stays there. */
static int64_t
sum(int64_t a, int64_t b)
{
    int64_t out;
    return __builtin_add_overflow(a, b, &out) ? INT64_MAX : out;
}

void
pod_amounts_add(struct pod_amounts *amounts, struct str name, int64_t value)
{
    struct pod_amount *amount = amount_of(amounts, name);
    amount->value = sum(amount->value, value);
}

void
pod_amounts_max(struct pod_amounts *amounts, struct str name, int64_t value)
{
    struct pod_amount *amount = amount_of(amounts, name);
    amount->value = amount->value > value ? amount->value : value;
}

static int64_t
value_of(struct str name, struct val quantity)
{
    struct quantity q;
    struct str text = val_type(quantity) == DOC_STRING ? val_str(quantity) : val_raw(quantity);
    if (quantity_parse(text, &q) < 0) {
        return 0; /* validation refused such an object */
    }
    return str_is(name, "cpu") ? quantity_milli(q) : quantity_value(q);
}

void
pod_amounts_add_list(struct pod_amounts *amounts, struct val list)
{
    VAL_EACH (it, list) {
        pod_amounts_add(amounts, it.key, value_of(it.key, it.value));
    }
}

static void
add_all(struct pod_amounts *to, const struct pod_amounts *from)
{
    for (size_t i = 0; i < from->len; i++) {
        pod_amounts_add(to, from->at[i].name, from->at[i].value);
    }
}

static void
max_all(struct pod_amounts *to, const struct pod_amounts *from)
{
    for (size_t i = 0; i < from->len; i++) {
        pod_amounts_max(to, from->at[i].name, from->at[i].value);
    }
}

/* ---- pods ---- */

static struct val
list_of(struct val holder, enum pod_resources_kind kind)
{
    return val_get(val_get(holder, "resources"), kind == POD_REQUESTS ? "requests" : "limits");
}

bool
pod_resources_is_sidecar(struct val init_container)
{
    return val_is_str(val_get(init_container, "restartPolicy"), "Always");
}

static void
add_init(struct val spec, enum pod_resources_kind kind, struct pod_amounts *out)
{
    struct pod_amounts sidecars = { .arena = out->arena }, most = { .arena = out->arena };
    VAL_EACH (it, val_get(spec, "initContainers")) {
        struct pod_amounts now = { .arena = out->arena };
        pod_amounts_add_list(&now, list_of(it.value, kind));
        if (pod_resources_is_sidecar(it.value)) {
            add_all(&sidecars, &now);
            max_all(&most, &sidecars);
        } else {
            add_all(&now, &sidecars);
            max_all(&most, &now);
        }
    }
    add_all(out, &sidecars);
    max_all(out, &most);
}

void
pod_resources_of(struct val pod, enum pod_resources_kind kind, struct pod_amounts *out)
{
    struct val spec = val_get(pod, "spec");
    VAL_EACH (it, val_get(spec, "containers")) {
        pod_amounts_add_list(out, list_of(it.value, kind));
    }
    add_init(spec, kind, out);
    VAL_EACH (it, list_of(spec, kind)) /* pod-level resources */
    {
        struct pod_amount *amount = amount_of(out, it.key);
        amount->value = value_of(it.key, it.value);
    }
    VAL_EACH (it, val_get(spec, "overhead")) {
        if (kind == POD_REQUESTS || pod_amounts_get(out, it.key) != 0) {
            pod_amounts_add(out, it.key, value_of(it.key, it.value));
        }
    }
}

void
pod_resources_scored(struct val pod, int64_t *ret_cpu_milli, int64_t *ret_memory)
{
    struct val spec = val_get(pod, "spec");
    int64_t cpu = 0, memory = 0;
    VAL_EACH (it, val_get(spec, "containers")) {
        struct val list = list_of(it.value, POD_REQUESTS);
        struct val c = val_get(list, "cpu"), m = val_get(list, "memory");
        cpu = sum(cpu, val_is(c) ? value_of(STR("cpu"), c) : DEFAULT_CPU_MILLI);
        memory = sum(memory, val_is(m) ? value_of(STR("memory"), m) : DEFAULT_MEMORY);
    }
    struct val overhead = val_get(spec, "overhead");
    *ret_cpu_milli = sum(cpu, value_of(STR("cpu"), val_get(overhead, "cpu")));
    *ret_memory = sum(memory, value_of(STR("memory"), val_get(overhead, "memory")));
}

/* ---- QoS ---- */

struct qos {
    bool has_any, is_guaranteed;
};

static void
look_at(struct val holder, struct qos *qos)
{
    static const char *const counted[] = { "cpu", "memory" };
    struct val requests = list_of(holder, POD_REQUESTS), limits = list_of(holder, POD_LIMITS);
    for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
        struct str name = str_of(counted[i]);
        int64_t request = value_of(name, val_get(requests, counted[i]));
        int64_t limit = value_of(name, val_get(limits, counted[i]));
        qos->has_any = qos->has_any || request > 0 || limit > 0;
        bool is_equal = limit > 0 && (request == limit || request == 0);
        qos->is_guaranteed = qos->is_guaranteed && is_equal;
    }
}

const char *
pod_resources_qos(struct val pod)
{
    static const char *const lists[] = { "containers", "initContainers" };
    struct val spec = val_get(pod, "spec");
    struct qos qos = { .is_guaranteed = true };
    if (val_is(val_get(spec, "resources"))) {
        look_at(spec, &qos);
    } else {
        for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
            VAL_EACH (it, val_get(spec, lists[i])) {
                look_at(it.value, &qos);
            }
        }
    }
    return !qos.has_any ? "BestEffort" : qos.is_guaranteed ? "Guaranteed" : "Burstable";
}
