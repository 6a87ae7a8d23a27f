/* Rules of resource lists: names, amounts, and requests against limits, as release 1.35 has them.
 *
 * Called by the checks of containers, pods, nodes and quotas; pure, any thread. */
#include "config.h"

#include <string.h>

#include "api/check.h"
#include "api/kind_pod_check.h"
#include "api/pod_resources.h"
#include "api/quantity.h"
#include "api/validate_priv.h"
#include "base/arena.h"
#include "base/mem.h"

/* helper.standardResources; hugepages-<size> is one, too. */
static const char *const resource_standard[] = {
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "persistentvolumeclaims",
    "configmaps",
    "services.loadbalancers",
    "services.nodeports",
    "storage",
    "requests.storage",
    NULL,
};
static const char *const resource_container[] = { "cpu", "memory", "ephemeral-storage", NULL };
static const char *const resource_counts[] = {
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "persistentvolumeclaims",
    "configmaps",
    "services.loadbalancers",
    "services.nodeports",
    NULL,
};

static bool
resource_is_hugepages(struct str name)
{
    return str_has_prefix(name, STR("hugepages-"));
}

static bool
resource_is_native(struct str name)
{
    return !str_contains(name, STR("/")) || str_contains(name, STR("kubernetes.io/"));
}

static bool
resource_is_extended(struct str name, struct arena *arena)
{
    struct problems found = { 0 };
    if (resource_is_native(name) || str_has_prefix(name, STR("requests."))) {
        return false;
    }
    validate_label_key(arena_printf(arena, "requests." STR_FMT, STR_ARG(name)), &found);
    return found.len == 0;
}

static bool
resource_may_overcommit(struct str name)
{
    return resource_is_native(name) && !resource_is_hugepages(name);
}

static struct quantity
resource_amount(struct val v)
{
    struct quantity q = { 0 };
    (void)quantity_parse(val_str(v), &q); /* canonical: it parses */
    return q;
}

/* validateResourceName: false when a cause was added. */
static bool
resource_check_standard(struct causes *out, struct str name, const struct field_path *path)
{
    struct problems found = { 0 };
    validate_label_key(name, &found);
    for (size_t i = 0; i < found.len; i++) {
        causes_add_text(out, CAUSE_INVALID, path, "", name, "%s", found.at[i]);
    }
    bool is_bare = !str_contains(name, STR("/"));
    if (found.len == 0 && is_bare && !check_is_one_of(name, resource_standard) &&
        !resource_is_hugepages(name)) {
        causes_add_text(out, CAUSE_INVALID, path, "", name,
                        "must be a standard resource type or fully qualified");
        return false;
    }
    return found.len == 0;
}

void
kind_resource_check_name(struct causes *out, struct str name, const struct field_path *path)
{
    (void)resource_check_standard(out, name, path);
    if (!str_contains(name, STR("/"))) {
        if (!check_is_one_of(name, resource_container) && !resource_is_hugepages(name)) {
            causes_add_text(out, CAUSE_INVALID, path, "", name,
                            "must be a standard resource for containers");
        }
    } else if (!resource_is_native(name) && !resource_is_extended(name, out->arena)) {
        causes_add_text(out, CAUSE_INVALID, path, "", name,
                        "doesn't follow extended resource name standard");
    }
}

static void
resource_check_pod_name(struct causes *out, struct str name, const struct field_path *path)
{
    if (resource_check_standard(out, name, path) && !str_is(name, "cpu") &&
        !str_is(name, "memory") && !resource_is_hugepages(name)) {
        causes_add_text(out, CAUSE_NOT_SUPPORTED, path, "", name,
                        "supported values: \"cpu\", \"hugepages-\", \"memory\"");
    }
}

void
kind_resource_check_quantity(struct causes *out, struct str name, struct val quantity,
                             const struct field_path *path)
{
    struct quantity q = resource_amount(quantity);
    if (q.nano < 0) {
        check_invalid(out, path, NULL, quantity, "must be greater than or equal to 0");
    }
    bool is_count =
        check_is_one_of(name, resource_counts) || resource_is_extended(name, out->arena);
    if (is_count && quantity_milli(q) % 1000 != 0) {
        check_invalid(out, path, NULL, quantity, "must be an integer");
    }
}

static void
resource_check_hugepages(struct causes *out, struct str name, struct val quantity,
                         const struct field_path *path)
{
    struct quantity size = { 0 }, amount = resource_amount(quantity);
    struct str text = str_slice(name.at + strlen("hugepages-"), name.size - strlen("hugepages-"));
    bool is_fine =
        quantity_parse(text, &size) == 0 && size.nano > 0 && amount.nano % size.nano == 0;
    if (!is_fine) {
        causes_add(out, CAUSE_INVALID, path, "", quantity,
                   STR_FMT " is not positive integer multiple of " STR_FMT,
                   STR_ARG(val_str(quantity)), STR_ARG(name));
    }
}

static void
resource_check_request(struct causes *out, struct str name, struct val quantity, struct val limits,
                       const struct field_path *path)
{
    struct val limit = val_member(limits, name);
    if (!val_is(limit)) {
        if (!resource_may_overcommit(name)) {
            check_required(out, path, "limits",
                           "Limit must be set for non overcommitable resources");
        }
        return;
    }
    int order = quantity_cmp(resource_amount(quantity), resource_amount(limit));
    bool must_equal = !resource_may_overcommit(name);
    if (must_equal ? order != 0 : order > 0) {
        causes_add(out, CAUSE_INVALID, path, "requests", quantity,
                   "must be %s " STR_FMT " limit of " STR_FMT,
                   must_equal ? "equal to" : "less than or equal to", STR_ARG(name),
                   STR_ARG(val_str(limit)));
    }
}

static bool
resource_list_has(struct val list, const char *prefix_or_name, bool is_prefix)
{
    VAL_EACH (it, list) {
        if (is_prefix ? str_has_prefix(it.key, str_of(prefix_or_name))
                      : str_is(it.key, prefix_or_name)) {
            return true;
        }
    }
    return false;
}

/* The names, once each, in order of bytes. */
static struct str
resource_claim_names(struct val claims, struct arena *arena)
{
    struct str text = { 0 }, last = { 0 };
    for (;;) {
        struct str next = { 0 };
        VAL_EACH (it, claims) {
            struct str name = val_str(val_get(it.value, "name"));
            bool is_after = name.size > 0 && (last.at == NULL || str_cmp(name, last) > 0);
            next = is_after && (next.at == NULL || str_cmp(name, next) < 0) ? name : next;
        }
        if (next.at == NULL) {
            return text;
        }
        text = arena_printf(arena, STR_FMT "%s" STR_FMT, STR_ARG(text), text.size == 0 ? "" : ", ",
                            STR_ARG(next));
        last = next;
    }
}

static void
resource_check_claims(const struct pod_check *pod, struct val claims, const struct field_path *path)
{
    struct causes *out = pod->out;
    struct field_path list = check_at(path, "claims");
    struct check_seen seen = { .arena = out->arena };
    struct val pod_claims = val_get(pod->spec, "resourceClaims");
    size_t index = 0;
    VAL_EACH (it, claims) {
        struct field_path item = check_item(&list, index++);
        struct val name = val_get(it.value, "name"), request = val_get(it.value, "request");
        struct str key = val_str(name);
        bool is_known = false;
        if (!check_has(name)) {
            check_required(out, &item, NULL, NULL);
            continue;
        }
        if (check_has(request)) {
            check_name(out, &item, "request", request, validate_name_label);
            key = arena_printf(out->arena, STR_FMT "/" STR_FMT, STR_ARG(key),
                               STR_ARG(val_str(request)));
        }
        if (check_seen_has(&seen, val_str(name)) || check_seen_has(&seen, key)) {
            causes_add_text(out, CAUSE_DUPLICATE, &item, "", key, NULL);
        } else {
            check_seen_add(&seen, key);
        }
        VAL_EACH (claim, pod_claims) {
            is_known |= val_eq(val_get(claim.value, "name"), name);
        }
        if (!is_known) {
            struct str names = resource_claim_names(pod_claims, out->arena);
            causes_add(out, CAUSE_NOT_FOUND, &item, "", name,
                       "must be one of the names in pod.spec.resourceClaims%s" STR_FMT,
                       names.size == 0 ? " which is empty" : ": ", STR_ARG(names));
        }
    }
}

void
kind_resource_check(const struct pod_check *pod, struct val requirements,
                    const struct field_path *path, bool is_whole_pod)
{
    struct causes *out = pod->out;
    static const char *const lists[] = { "limits", "requests" };
    struct val limits = val_get(requirements, "limits");
    bool has_pages = false, has_compute = false;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct val list = val_get(requirements, lists[i]);
        struct field_path at = check_at(path, lists[i]);
        VAL_EACH (it, list) {
            struct field_path place = check_key(&at, it.key);
            (is_whole_pod ? resource_check_pod_name : kind_resource_check_name)(out, it.key,
                                                                                &place);
            kind_resource_check_quantity(out, it.key, it.value, &place);
            if (i == 1) {
                resource_check_request(out, it.key, it.value, limits, path);
            }
            if (resource_is_hugepages(it.key)) {
                resource_check_hugepages(out, it.key, it.value, &place);
            }
        }
        has_pages = has_pages || resource_list_has(list, "hugepages-", true);
        has_compute = has_compute || resource_list_has(list, "cpu", false) ||
                      resource_list_has(list, "memory", false);
    }
    if (has_pages && !has_compute) {
        check_forbidden(out, path, NULL, "HugePages require cpu or memory");
    }
    resource_check_claims(pod, val_get(requirements, "claims"), path);
}
