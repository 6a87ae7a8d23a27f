/* Rules of where a pod may run: validateAffinity, ValidateNodeSelector, ValidateTolerations and
 * validateTopologySpreadConstraints of release 1.35.
 *
 * Called by kind_pod_check.c, kind_runtime_check.c and the storage kinds; pure, any thread. */
#include "config.h"

#include "api/check.h"
#include "api/kind_pod_check.h"
#include "api/validate_priv.h"
#include "base/arena.h"
#include "base/mem.h"

enum { AFFINITY_WEIGHT_MAX = 100 };
static const char affinity_required[] = "requiredDuringSchedulingIgnoredDuringExecution";
static const char affinity_preferred[] = "preferredDuringSchedulingIgnoredDuringExecution";

static void
affinity_check_label(struct causes *out, struct val text, const struct field_path *path)
{
    struct problems found = { 0 };
    validate_label_text(val_str(text), &found);
    validate_put_problems(&found, path, "", text, out);
}

/* ---- nodes ---- */

static void
affinity_check_expression(struct causes *out, struct val expression, bool has_loose_values,
                          const struct field_path *path)
{
    struct val op = val_get(expression, "operator"), values = val_get(expression, "values");
    bool is_set = val_is_str(op, "In") || val_is_str(op, "NotIn");
    bool is_exists = val_is_str(op, "Exists") || val_is_str(op, "DoesNotExist");
    bool is_number = val_is_str(op, "Gt") || val_is_str(op, "Lt");
    if (is_set && val_len(values) == 0) {
        check_required(out, path, "values", "must be specified when `operator` is 'In' or 'NotIn'");
    } else if (is_exists && val_len(values) > 0) {
        check_forbidden(out, path, "values",
                        "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    } else if (is_number && val_len(values) != 1) {
        check_required(out, path, "values",
                       "must be specified single value when `operator` is 'Lt' or 'Gt'");
    } else if (!is_set && !is_exists && !is_number) {
        check_invalid(out, path, "operator", op, "not a valid selector operator");
    }
    check_label_key(out, path, "key", val_get(expression, "key"));
    struct field_path list = check_at(path, "values");
    size_t index = 0;
    VAL_EACH (it, values) {
        struct field_path item = check_item(&list, index++);
        if (!has_loose_values) {
            affinity_check_label(out, it.value, &item);
        }
    }
}

static void
affinity_check_node_field(struct causes *out, struct val expression, const struct field_path *path)
{
    struct val op = val_get(expression, "operator"), values = val_get(expression, "values");
    struct val key = val_get(expression, "key");
    struct field_path list = check_at(path, "values");
    size_t index = 0;
    if (!val_is_str(op, "In") && !val_is_str(op, "NotIn")) {
        check_invalid(out, path, "operator", op, "not a valid selector operator");
    } else if (val_len(values) != 1) {
        check_required(out, path, "values",
                       "must be only one value when `operator` is 'In' or 'NotIn' for node field "
                       "selector");
    }
    if (!val_is_str(key, "metadata.name")) {
        check_invalid(out, path, "key", key, "not a valid field selector key");
        return;
    }
    VAL_EACH (it, values) {
        struct field_path item = check_item(&list, index++);
        check_name(out, &item, NULL, it.value, validate_name_subdomain);
    }
}

static void
affinity_check_node_term(struct causes *out, struct val term, bool has_loose_values,
                         const struct field_path *path)
{
    struct field_path expressions = check_at(path, "matchExpressions");
    struct field_path fields = check_at(path, "matchFields");
    size_t index = 0;
    VAL_EACH (it, val_get(term, "matchExpressions")) {
        struct field_path item = check_item(&expressions, index++);
        affinity_check_expression(out, it.value, has_loose_values, &item);
    }
    index = 0;
    VAL_EACH (it, val_get(term, "matchFields")) {
        struct field_path item = check_item(&fields, index++);
        affinity_check_node_field(out, it.value, &item);
    }
}

void
kind_affinity_check_node_selector(struct causes *out, struct val selector,
                                  const struct field_path *path)
{
    struct field_path list = check_at(path, "nodeSelectorTerms");
    struct val terms = val_get(selector, "nodeSelectorTerms");
    size_t index = 0;
    if (val_len(terms) == 0) {
        check_required(out, &list, NULL, "must have at least one node selector term");
    }
    VAL_EACH (it, terms) {
        struct field_path item = check_item(&list, index++);
        affinity_check_node_term(out, it.value, false, &item);
    }
}

static void
affinity_check_weight(struct causes *out, struct val term, const struct field_path *path)
{
    struct val weight = val_get(term, "weight");
    if (val_int(weight, 0) <= 0 || val_int(weight, 0) > AFFINITY_WEIGHT_MAX) {
        check_invalid(out, path, "weight", weight, "must be in the range 1-100");
    }
}

static void
affinity_check_nodes(struct causes *out, struct val affinity, const struct field_path *path)
{
    struct field_path required = check_at(path, affinity_required);
    struct field_path preferred = check_at(path, affinity_preferred);
    struct val selector = val_get(affinity, affinity_required);
    size_t index = 0;
    if (val_is(selector)) {
        kind_affinity_check_node_selector(out, selector, &required);
    }
    VAL_EACH (it, val_get(affinity, affinity_preferred)) {
        struct field_path item = check_item(&preferred, index++);
        struct field_path preference = check_at(&item, "preference");
        affinity_check_weight(out, it.value, &item);
        affinity_check_node_term(out, val_get(it.value, "preference"), true, &preference);
    }
}

/* ---- pods ---- */

static bool
affinity_has_text(struct val list, struct str text)
{
    VAL_EACH (it, list) {
        if (str_eq(val_str(it.value), text)) {
            return true;
        }
    }
    return false;
}

static void
affinity_check_keys(struct causes *out, struct val term, const char *member,
                    const struct field_path *path)
{
    struct val keys = val_get(term, member);
    struct field_path list = check_at(path, member);
    size_t index = 0;
    if (val_len(keys) == 0) {
        return;
    }
    if (!val_is(val_get(term, "labelSelector"))) {
        check_forbidden(out, &list, NULL, "must not be specified when labelSelector is not set");
        return;
    }
    VAL_EACH (it, keys) {
        struct field_path item = check_item(&list, index++);
        check_label_key(out, &item, NULL, it.value);
    }
}

/* ValidateMatchLabelKeysAndMismatchLabelKeys: an apiserver adds an expression for each key, so that
 * one more for it means that the user had one, too. */
static void
affinity_check_label_keys(struct causes *out, struct val term, const struct field_path *path)
{
    struct val keys = val_get(term, "matchLabelKeys"), others = val_get(term, "mismatchLabelKeys");
    struct val selector = val_get(term, "labelSelector");
    struct check_seen seen = { .arena = out->arena };
    affinity_check_keys(out, term, "matchLabelKeys", path);
    affinity_check_keys(out, term, "mismatchLabelKeys", path);
    VAL_EACH (it, val_get(selector, "matchLabels")) {
        check_seen_add(&seen, it.key);
    }
    VAL_EACH (it, val_get(selector, "matchExpressions")) {
        struct val key = val_get(it.value, "key");
        size_t index = 0;
        VAL_EACH (own, keys) {
            struct field_path item = check_item(path, index++);
            if (str_eq(val_str(own.value), val_str(key)) && check_seen_has(&seen, val_str(key))) {
                check_invalid(out, &item, NULL, key,
                              "exists in both matchLabelKeys and labelSelector");
            }
        }
        check_seen_add(&seen, val_str(key));
    }
    struct field_path list = check_at(path, "matchLabelKeys");
    size_t index = 0;
    VAL_EACH (it, keys) {
        struct field_path item = check_item(&list, index++);
        if (affinity_has_text(others, val_str(it.value))) {
            check_invalid(out, &item, NULL, it.value,
                          "exists in both matchLabelKeys and mismatchLabelKeys");
        }
    }
}

static void
affinity_check_pod_term(struct causes *out, struct val term, const struct field_path *path)
{
    static const char *const selectors[] = { "labelSelector", "namespaceSelector" };
    struct val topology = val_get(term, "topologyKey");
    for (size_t i = 0; i < ARRAY_LEN(selectors); i++) {
        struct val selector = val_get(term, selectors[i]);
        if (val_is(selector)) {
            check_label_selector(out, path, selectors[i], selector);
        }
    }
    VAL_EACH (it, val_get(term, "namespaces")) {
        check_name(out, path, "namespace", it.value, validate_name_label);
    }
    affinity_check_label_keys(out, term, path);
    if (!check_has(topology)) {
        check_required(out, path, "topologyKey", "can not be empty");
    }
    check_label_key(out, path, "topologyKey", topology);
}

static void
affinity_check_pods(struct causes *out, struct val affinity, const struct field_path *path)
{
    struct field_path required = check_at(path, affinity_required);
    struct field_path preferred = check_at(path, affinity_preferred);
    size_t index = 0;
    VAL_EACH (it, val_get(affinity, affinity_required)) {
        struct field_path item = check_item(&required, index++);
        affinity_check_pod_term(out, it.value, &item);
    }
    index = 0;
    VAL_EACH (it, val_get(affinity, affinity_preferred)) {
        struct field_path item = check_item(&preferred, index++);
        struct field_path term = check_at(&item, "podAffinityTerm");
        affinity_check_weight(out, it.value, &item);
        affinity_check_pod_term(out, val_get(it.value, "podAffinityTerm"), &term);
    }
}

void
kind_affinity_check_affinity(const struct pod_check *pod, const struct field_path *spec_path)
{
    struct field_path path = check_at(spec_path, "affinity");
    struct field_path nodes = check_at(&path, "nodeAffinity");
    struct field_path pods = check_at(&path, "podAffinity");
    struct field_path anti = check_at(&path, "podAntiAffinity");
    struct val affinity = val_get(pod->spec, "affinity");
    if (val_is(affinity)) {
        affinity_check_nodes(pod->out, val_get(affinity, "nodeAffinity"), &nodes);
        affinity_check_pods(pod->out, val_get(affinity, "podAffinity"), &pods);
        affinity_check_pods(pod->out, val_get(affinity, "podAntiAffinity"), &anti);
    }
}

/* ---- tolerations ---- */

static void
affinity_check_toleration(struct causes *out, struct val toleration, const struct field_path *path)
{
    static const char *const operators[] = { "Equal", "Exists", NULL };
    static const char *const all_operators[] = { "Equal", "Exists", "Gt", "Lt", NULL };
    static const char *const effects[] = { "NoSchedule", "PreferNoSchedule", "NoExecute", NULL };
    struct val key = val_get(toleration, "key"), op = val_get(toleration, "operator");
    struct val value = val_get(toleration, "value"), effect = val_get(toleration, "effect");
    if (check_has(key)) {
        check_label_key(out, path, "key", key);
    } else if (!val_is_str(op, "Exists")) {
        check_invalid(out, path, "operator", op,
                      "operator must be Exists when `key` is empty, which means \"match all values "
                      "and all keys\"");
    }
    if (val_is(val_get(toleration, "tolerationSeconds")) && !val_is_str(effect, "NoExecute")) {
        check_invalid(out, path, "effect", effect,
                      "effect must be 'NoExecute' when `tolerationSeconds` is set");
    }
    if (!check_has(op) || val_is_str(op, "Equal")) {
        struct problems found = { 0 };
        validate_label_text(val_str(value), &found);
        if (found.len > 0) {
            causes_add(out, CAUSE_INVALID, path, "operator", value, "%s%s%s", found.at[0],
                       found.len > 1 ? ";" : "", found.len > 1 ? found.at[1] : "");
        }
    } else if (val_is_str(op, "Exists")) {
        if (check_has(value)) {
            check_invalid(out, path, "operator", value,
                          "value must be empty when `operator` is 'Exists'");
        }
    } else {
        bool is_comparison = val_is_str(op, "Lt") || val_is_str(op, "Gt");
        causes_add_enum(out, path, "operator", op, is_comparison ? all_operators : operators);
    }
    if (check_has(effect)) {
        check_enum_as(out, path, "effect", effect, effects);
    }
}

void
kind_affinity_check_tolerations(struct causes *out, struct val tolerations,
                                const struct field_path *path)
{
    size_t index = 0;
    VAL_EACH (it, tolerations) {
        struct field_path item = check_item(path, index++);
        affinity_check_toleration(out, it.value, &item);
    }
}

/* ---- spread ---- */

static void
affinity_check_constraint(struct causes *out, struct val constraint, struct val rest,
                          const struct field_path *path)
{
    static const char *const actions[] = { "DoNotSchedule", "ScheduleAnyway", NULL };
    static const char *const honors[] = { "Honor", "Ignore", NULL };
    static const char *const policies[] = { "nodeAffinityPolicy", "nodeTaintsPolicy" };
    struct val topology = val_get(constraint, "topologyKey");
    struct val action = val_get(constraint, "whenUnsatisfiable");
    struct val domains = val_get(constraint, "minDomains");
    check_positive(out, path, "maxSkew", val_get(constraint, "maxSkew"));
    if (!check_has(topology)) {
        check_required(out, path, "topologyKey", "can not be empty");
    }
    check_enum_as(out, path, "whenUnsatisfiable", action, actions);
    bool is_after = false;
    VAL_EACH (it, rest) {
        bool is_same = check_same(val_get(it.value, "topologyKey"), topology) &&
                       check_same(val_get(it.value, "whenUnsatisfiable"), action);
        if (is_after && is_same) {
            struct str pair = arena_printf(out->arena, "{" STR_FMT ", " STR_FMT "}",
                                           STR_ARG(val_str(topology)), STR_ARG(val_str(action)));
            struct field_path at = check_at(path, "{topologyKey, whenUnsatisfiable}");
            causes_add_text(out, CAUSE_DUPLICATE, &at, "", pair, NULL);
            break;
        }
        is_after = is_after || val_raw(it.value).at == val_raw(constraint).at;
    }
    if (val_is(domains)) {
        check_positive(out, path, "minDomains", domains);
        if (!val_is_str(action, "DoNotSchedule")) {
            causes_add(out, CAUSE_INVALID, path, "minDomains", domains,
                       "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not " STR_FMT,
                       STR_ARG(val_str(action)));
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        struct val policy = val_get(constraint, policies[i]);
        if (val_is(policy)) {
            check_enum_as(out, path, policies[i], policy, honors);
        }
    }
    affinity_check_label_keys(out, constraint, path);
    if (val_is(val_get(constraint, "labelSelector"))) {
        check_label_selector(out, path, "labelSelector", val_get(constraint, "labelSelector"));
    }
}

void
kind_affinity_check_spread(const struct pod_check *pod, const struct field_path *spec_path)
{
    struct field_path list = check_at(spec_path, "topologySpreadConstraints");
    struct val constraints = val_get(pod->spec, "topologySpreadConstraints");
    size_t index = 0;
    VAL_EACH (it, constraints) {
        struct field_path item = check_item(&list, index++);
        affinity_check_constraint(pod->out, it.value, constraints, &item);
    }
}
