/* Rules of FlowSchemas and PriorityLevelConfigurations: pkg/apis/flowcontrol/validation of release
 * 1.35.
 *
 * Named by rows in kind_flow.c; pure, any thread. */
#include "config.h"

#include "api/check.h"
#include "api/kinds_check.h"
#include "api/validate_priv.h"
#include "base/arena.h"
#include "base/mem.h"

enum {
    FLOW_PRECEDENCE_MAX = 10000,
    FLOW_QUEUES_MAX = 10000000,
    FLOW_HASH_BITS_MAX = 60,
    FLOW_PERCENT_MAX = 100,
};

static bool
flow_has_all(struct val list)
{
    VAL_EACH (it, list) {
        if (val_is_str(it.value, "*")) {
            return true;
        }
    }
    return false;
}

/* "*" stands alone. */
static bool
flow_check_alone(struct causes *out, struct val list, const char *what,
                 const struct field_path *path)
{
    bool has_all = flow_has_all(list);
    if (has_all && val_len(list) > 1) {
        causes_add(out, CAUSE_INVALID, path, "", list,
                   "if '*' is present, must not specify other %s", what);
    }
    return has_all;
}

/* ---- who and what ---- */

static void
flow_check_account(struct causes *out, struct val account, const struct field_path *path)
{
    struct val name = val_get(account, "name"), ns = val_get(account, "namespace");
    if (!check_has(name)) {
        check_required(out, path, "name", NULL);
    } else if (!val_is_str(name, "*")) {
        check_name(out, path, "name", name, validate_name_subdomain);
    }
    if (check_has(ns)) {
        check_name(out, path, "namespace", ns, validate_name_label);
    } else {
        check_required(out, path, "namespace", "must specify namespace for service account");
    }
}

static void
flow_check_subject(struct causes *out, struct val subject, const struct field_path *path)
{
    static const char *const names[] = { "Group", "ServiceAccount", "User", NULL };
    static const char *const members[] = { "group", "serviceAccount", "user" };
    struct val kind = val_get(subject, "kind");
    if (!check_is_one_of(val_str(kind), names)) {
        causes_add_enum(out, path, "kind", kind, names);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct val own = val_get(subject, members[i]);
        struct field_path at = check_at(path, members[i]);
        if (!val_is_str(kind, names[i])) {
            if (val_is(own)) {
                causes_add(out, CAUSE_FORBIDDEN, &at, "", own,
                           "%s is forbidden when subject kind is not '%s'", members[i], names[i]);
            }
        } else if (!val_is(own)) {
            causes_add(out, CAUSE_REQUIRED, &at, "", own,
                       "%s is required when subject kind is '%s'", members[i], names[i]);
        } else if (val_is_str(kind, "ServiceAccount")) {
            flow_check_account(out, own, &at);
        } else if (!check_has(val_get(own, "name"))) {
            check_required(out, &at, "name", NULL);
        }
    }
}

static void
flow_check_verbs(struct causes *out, struct val verbs, const struct field_path *path)
{
    static const char *const known[] = { "create", "delete", "deletecollection", "get",   "list",
                                         "patch",  "proxy",  "update",           "watch", NULL };
    struct field_path at = check_at(path, "verbs");
    if (val_len(verbs) == 0) {
        check_required(out, &at, NULL, "verbs must contain at least one value");
        return;
    }
    if (flow_check_alone(out, verbs, "verbs", &at)) {
        return;
    }
    VAL_EACH (it, verbs) {
        if (!check_is_one_of(val_str(it.value), known)) {
            causes_add_enum(out, &at, "", verbs, known);
            return;
        }
    }
}

static const char *
flow_url_problem(struct str url)
{
    size_t stars = 0;
    for (size_t i = 0; i < url.size; i++) {
        stars += url.at[i] == '*' ? 1 : 0;
    }
    return url.size == 0                    ? "must not be empty"
           : str_is(url, "/")               ? NULL
           : !str_has_prefix(url, STR("/")) ? "must start with slash"
           : str_contains(url, STR(" "))    ? "must not contain white-space"
           : str_contains(url, STR("//"))   ? "must not contain double slash"
           : stars > 1 || (stars == 1 && !str_has_suffix(url, STR("/*")))
               ? "wildcard can only do suffix matching"
               : NULL;
}

static void
flow_check_urls(struct causes *out, struct val rule, const struct field_path *path)
{
    struct field_path list = check_at(path, "nonResourceURLs");
    struct val urls = val_get(rule, "nonResourceURLs");
    size_t index = 0;
    flow_check_verbs(out, val_get(rule, "verbs"), path);
    if (val_len(urls) == 0) {
        check_required(out, &list, NULL, "nonResourceURLs must contain at least one value");
        return;
    }
    if (flow_check_alone(out, urls, "non-resource URLs", &list)) {
        return;
    }
    VAL_EACH (it, urls) {
        struct field_path item = check_item(&list, index++);
        const char *problem = flow_url_problem(val_str(it.value));
        if (problem != NULL) {
            check_invalid(out, &item, NULL, it.value, problem);
        }
    }
}

static void
flow_check_namespaces(struct causes *out, struct val rule, const struct field_path *path)
{
    struct field_path list = check_at(path, "namespaces");
    struct val namespaces = val_get(rule, "namespaces");
    size_t index = 0;
    if (val_len(namespaces) == 0 && !val_bool(val_get(rule, "clusterScope"), false)) {
        check_required(out, &list, NULL,
                       "resource rules that are not cluster scoped must supply at least one "
                       "namespace");
    }
    if (flow_check_alone(out, namespaces, "namespaces", &list)) {
        return;
    }
    VAL_EACH (it, namespaces) {
        struct field_path item = check_item(&list, index++);
        struct problems found = { 0 };
        validate_name_label(val_str(it.value), false, &found);
        for (size_t i = 0; i < found.len; i++) {
            causes_add(out, CAUSE_INVALID, &item, "", it.value,
                       "each member of this list must be '*' or a DNS-1123 label; %s", found.at[i]);
        }
    }
}

static void
flow_check_resources(struct causes *out, struct val rule, const struct field_path *path)
{
    static const char *const lists[][3] = {
        { "apiGroups", "api groups", "resource rules must supply at least one api group" },
        { "resources", "resources", "resource rules must supply at least one resource" },
    };
    flow_check_verbs(out, val_get(rule, "verbs"), path);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct field_path at = check_at(path, lists[i][0]);
        struct val list = val_get(rule, lists[i][0]);
        if (val_len(list) == 0) {
            check_required(out, &at, NULL, lists[i][2]);
        } else {
            (void)flow_check_alone(out, list, lists[i][1], &at);
        }
    }
    flow_check_namespaces(out, rule, path);
}

static void
flow_check_rule(struct causes *out, struct val rule, const struct field_path *path)
{
    struct field_path subjects_at = check_at(path, "subjects");
    struct field_path resources_at = check_at(path, "resourceRules");
    struct field_path urls_at = check_at(path, "nonResourceRules");
    struct val subjects = val_get(rule, "subjects");
    struct val resources = val_get(rule, "resourceRules"), urls = val_get(rule, "nonResourceRules");
    size_t index = 0;
    if (val_len(subjects) == 0) {
        check_required(out, &subjects_at, NULL, "subjects must contain at least one value");
    }
    VAL_EACH (it, subjects) {
        struct field_path item = check_item(&subjects_at, index++);
        flow_check_subject(out, it.value, &item);
    }
    if (val_len(resources) == 0 && val_len(urls) == 0) {
        check_required(out, path, NULL,
                       "at least one of resourceRules and nonResourceRules has to be non-empty");
    }
    index = 0;
    VAL_EACH (it, resources) {
        struct field_path item = check_item(&resources_at, index++);
        flow_check_resources(out, it.value, &item);
    }
    index = 0;
    VAL_EACH (it, urls) {
        struct field_path item = check_item(&urls_at, index++);
        flow_check_urls(out, it.value, &item);
    }
}

/* ---- FlowSchema ---- */

static void
flow_check_conditions(const struct check_in *in, struct causes *out)
{
    struct field_path status = check_at(NULL, "status"), list = check_at(&status, "conditions");
    struct check_seen seen = { .arena = out->arena };
    size_t index = 0;
    VAL_EACH (it, val_at(in->now, "status.conditions")) {
        struct field_path item = check_item(&list, index++);
        struct val type = val_get(it.value, "type");
        if (check_seen_has(&seen, val_str(type))) {
            causes_add(out, CAUSE_DUPLICATE, &item, "type", type, NULL);
        }
        check_seen_add(&seen, val_str(type));
        if (!check_has(type)) {
            check_required(out, &item, "type", NULL);
        }
    }
}

static void
flow_check_precedence(struct causes *out, struct val precedence, bool is_exempt)
{
    static const char member[] = "matchingPrecedence";
    struct field_path path = check_at(NULL, "spec");
    int64_t number = val_int(precedence, 0);
    if (number <= 0) {
        causes_add_json(out, CAUSE_INVALID, &path, member,
                        val_is(precedence) ? val_raw(precedence) : STR("0"),
                        "must be a positive value");
    } else if (number > FLOW_PRECEDENCE_MAX) {
        causes_add(out, CAUSE_INVALID, &path, member, precedence, "must not be greater than %d",
                   FLOW_PRECEDENCE_MAX);
    } else if (number == 1 && !is_exempt) {
        check_invalid(out, &path, member, precedence,
                      "only the schema named 'exempt' may have matchingPrecedence 1");
    }
}

/* ValidateFlowSchema, ValidateFlowSchemaUpdate, ValidateFlowSchemaStatusUpdate */
void
kind_flow_check_schema(struct check_in *in, struct causes *out)
{
    static const char *const methods[] = { "ByNamespace", "ByUser", NULL };
    struct field_path path = check_at(NULL, "spec"), list = check_at(&path, "rules");
    struct val spec = val_get(in->now, "spec"), method = val_get(spec, "distinguisherMethod");
    struct val level = val_at(spec, "priorityLevelConfiguration.name");
    size_t index = 0;
    if (in->subresource != NULL) {
        flow_check_conditions(in, out);
        return;
    }
    flow_check_precedence(out, val_get(spec, "matchingPrecedence"),
                          val_is_str(val_at(in->now, "metadata.name"), "exempt"));
    if (val_is(method) && !check_is_one_of(val_str(val_get(method, "type")), methods)) {
        /* As Go prints the internal struct, which has no JSON names. */
        struct str shown = arena_printf(out->arena, "{\"Type\":\"" STR_FMT "\"}",
                                        STR_ARG(val_str(val_get(method, "type"))));
        causes_add_json(out, CAUSE_NOT_SUPPORTED, &path, "distinguisherMethod.type", shown,
                        "supported values: \"ByNamespace\", \"ByUser\"");
    }
    if (check_has(level)) {
        check_name(out, &path, "priorityLevelConfiguration.name", level, validate_name_subdomain);
    } else {
        check_required(out, &path, "priorityLevelConfiguration.name",
                       "must reference a priority level");
    }
    VAL_EACH (it, val_get(spec, "rules")) {
        struct field_path item = check_item(&list, index++);
        flow_check_rule(out, it.value, &item);
    }
    flow_check_conditions(in, out);
}

/* ---- PriorityLevelConfiguration ---- */

static void
flow_check_hand(struct causes *out, struct val hand, int64_t queues, const struct field_path *path)
{
    int64_t size = val_int(hand, 0);
    int64_t hands = 1, most = (int64_t)1 << FLOW_HASH_BITS_MAX;
    bool is_much = false;
    for (int64_t i = 0; i < size && queues > 1 && !is_much; i++) {
        is_much = hands > most / queues;
        hands = is_much ? hands : hands * queues;
    }
    if (size <= 0) {
        causes_add_json(out, CAUSE_INVALID, path, "handSize",
                        val_is(hand) ? val_raw(hand) : STR("0"), "must be positive");
    } else if (size > queues) {
        causes_add(out, CAUSE_INVALID, path, "handSize", hand,
                   "should not be greater than queues (%lld)", (long long)queues);
    } else if (is_much) {
        causes_add(out, CAUSE_INVALID, path, "handSize", hand,
                   "required entropy bits of deckSize %lld and handSize %lld should not be greater "
                   "than %d",
                   (long long)queues, (long long)size, FLOW_HASH_BITS_MAX);
    }
}

static void
flow_check_queuing(struct causes *out, struct val queuing, const struct field_path *path)
{
    static const char *const members[] = { "queueLengthLimit", "queues" };
    int64_t queues = val_int(val_get(queuing, "queues"), 0);
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct val v = val_get(queuing, members[i]);
        if (val_int(v, 0) <= 0) {
            causes_add_json(out, CAUSE_INVALID, path, members[i], val_is(v) ? val_raw(v) : STR("0"),
                            "must be positive");
        }
    }
    if (queues > FLOW_QUEUES_MAX) {
        causes_add(out, CAUSE_INVALID, path, "queues", val_get(queuing, "queues"),
                   "must not be greater than %d", FLOW_QUEUES_MAX);
    }
    flow_check_hand(out, val_get(queuing, "handSize"), queues, path);
}

static void
flow_check_response(struct causes *out, struct val response, const struct field_path *path)
{
    static const char *const types[] = { "Queue", "Reject", NULL };
    struct field_path at = check_at(path, "queuing");
    struct val type = val_get(response, "type"), queuing = val_get(response, "queuing");
    if (val_is_str(type, "Reject")) {
        if (val_is(queuing)) {
            check_forbidden(out, &at, NULL,
                            "must be nil if limited.limitResponse.type is not Limited");
        }
    } else if (!val_is_str(type, "Queue")) {
        causes_add_enum(out, path, "type", type, types);
    } else if (!val_is(queuing)) {
        check_required(out, &at, NULL,
                       "must not be empty if limited.limitResponse.type is Limited");
    } else {
        flow_check_queuing(out, queuing, &at);
    }
}

static void
flow_check_shares(struct causes *out, struct val level, const struct field_path *path)
{
    struct val shares = val_get(level, "nominalConcurrencyShares");
    struct val percent = val_get(level, "lendablePercent");
    struct field_path response = check_at(path, "limitResponse");
    if (val_int(shares, 0) < 0) {
        check_invalid(out, path, "nominalConcurrencyShares", shares,
                      "must be a non-negative integer");
    }
    if (val_is(val_get(level, "limitResponse"))) {
        flow_check_response(out, val_get(level, "limitResponse"), &response);
    }
    if (val_is(percent)) {
        check_range(out, path, "lendablePercent", percent, 0, FLOW_PERCENT_MAX);
    }
    struct val borrowed = val_get(level, "borrowingLimitPercent");
    if (val_int(borrowed, 0) < 0) {
        check_invalid(out, path, "borrowingLimitPercent", borrowed,
                      "if specified, must be a non-negative integer");
    }
}

/* ValidatePriorityLevelConfiguration, also on update and on that of the status */
void
kind_flow_check_level(struct check_in *in, struct causes *out)
{
    static const char *const types[] = { "Exempt", "Limited", NULL };
    struct field_path path = check_at(NULL, "spec");
    struct field_path limited_at = check_at(&path, "limited"),
                      exempt_at = check_at(&path, "exempt");
    struct val spec = val_get(in->now, "spec"), type = val_get(spec, "type");
    struct val limited = val_get(spec, "limited"), exempt = val_get(spec, "exempt");
    if (in->subresource != NULL) {
        flow_check_conditions(in, out);
        return;
    }
    if (val_is_str(val_at(in->now, "metadata.name"), "exempt") != val_is_str(type, "Exempt")) {
        check_invalid(out, &path, "type", type,
                      "must be 'Exempt' if and only if `name` is 'exempt'");
    }
    if (val_is_str(type, "Exempt")) {
        if (val_is(limited)) {
            check_forbidden(out, &limited_at, NULL, "must be nil if the type is not Limited");
        }
        if (val_is(exempt)) {
            flow_check_shares(out, exempt, &exempt_at);
        }
    } else if (!val_is_str(type, "Limited")) {
        causes_add_enum(out, &path, "type", type, types);
    } else {
        if (val_is(exempt)) {
            check_forbidden(out, &exempt_at, NULL, "must be nil if the type is Limited");
        }
        if (!val_is(limited)) {
            check_required(out, &limited_at, NULL, "must not be empty when type is Limited");
        } else {
            flow_check_shares(out, limited, &limited_at);
        }
    }
    flow_check_conditions(in, out);
}
