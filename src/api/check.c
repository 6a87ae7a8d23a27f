/* Common rules of the kinds' checks, worded as apimachinery's and kubernetes' validation packages.
 *
 * Called by kind_*_check.c; pure, any thread. */
#include "config.h"

#include "api/check.h"

#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "api/selector.h"
#include "api/validate_priv.h"
#include "base/arena.h"
#include "base/err.h"

enum { CHECK_PORT_MAX = 65535 };

static const char *
check_dotted(const char *member)
{
    return member == NULL ? "" : member;
}

void
check_required(struct causes *out, const struct field_path *path, const char *member,
               const char *detail)
{
    struct val none = { 0 };
    if (detail == NULL) {
        causes_add(out, CAUSE_REQUIRED, path, check_dotted(member), none, NULL);
    } else {
        causes_add(out, CAUSE_REQUIRED, path, check_dotted(member), none, "%s", detail);
    }
}

void
check_invalid(struct causes *out, const struct field_path *path, const char *member, struct val v,
              const char *detail)
{
    causes_add(out, CAUSE_INVALID, path, check_dotted(member), v, "%s", detail);
}

void
check_invalid_whole(struct causes *out, const struct field_path *path, const char *member,
                    const char *detail)
{
    causes_add_json(out, CAUSE_INVALID, path, check_dotted(member), STR(""), "%s", detail);
}

void
check_too_long(struct causes *out, const struct field_path *path, const char *member, size_t max)
{
    causes_add(out, CAUSE_TOO_LONG, path, check_dotted(member), (struct val){ 0 },
               "may not be more than %zu bytes", max);
}

void
check_too_many(struct causes *out, const struct field_path *path, const char *member, size_t len,
               size_t max)
{
    struct str shown = arena_printf(out->arena, "%zu", len);
    causes_add_json(out, CAUSE_TOO_MANY, path, check_dotted(member), shown,
                    "must have at most %zu item%s", max, max == 1 ? "" : "s");
}

void
check_forbidden(struct causes *out, const struct field_path *path, const char *member,
                const char *detail)
{
    causes_add(out, CAUSE_FORBIDDEN, path, check_dotted(member), (struct val){ 0 }, "%s", detail);
}

void
check_name(struct causes *out, const struct field_path *path, const char *member, struct val v,
           check_problems_fn *problems)
{
    struct problems found = { 0 };
    problems(val_str(v), false, &found);
    validate_put_problems(&found, path, check_dotted(member), v, out);
}

void
check_label_key(struct causes *out, const struct field_path *path, const char *member, struct val v)
{
    struct problems found = { 0 };
    validate_label_key(val_str(v), &found);
    validate_put_problems(&found, path, check_dotted(member), v, out);
}

void
check_env_name(struct causes *out, const struct field_path *path, const char *member, struct val v)
{
    struct problems found = { 0 };
    validate_env_name(val_str(v), &found);
    validate_put_problems(&found, path, check_dotted(member), v, out);
}

void
check_config_key(struct causes *out, const struct field_path *path, const char *member,
                 struct val v)
{
    struct problems found = { 0 };
    validate_config_key(val_str(v), &found);
    validate_put_problems(&found, path, check_dotted(member), v, out);
}

bool
check_is_one_of(struct str text, const char *const *values)
{
    for (size_t i = 0; values[i] != NULL; i++) {
        if (str_is(text, values[i])) {
            return true;
        }
    }
    return false;
}

void
check_enum_as(struct causes *out, const struct field_path *path, const char *member, struct val v,
              const char *const *values)
{
    if (!check_is_one_of(val_str(v), values)) {
        causes_add_enum(out, path, check_dotted(member), v, values);
    }
}

void
check_enum(struct causes *out, const struct field_path *path, const char *member, struct val v,
           const char *const *values)
{
    if (!check_has(v)) {
        check_required(out, path, member, NULL);
    } else {
        check_enum_as(out, path, member, v, values);
    }
}

void
check_nonnegative(struct causes *out, const struct field_path *path, const char *member,
                  struct val v)
{
    if (val_int(v, 0) < 0) {
        check_invalid(out, path, member, v, "must be greater than or equal to 0");
    }
}

void
check_nonnegative_all(struct causes *out, const struct field_path *path, struct val object,
                      const char *const *members)
{
    for (size_t i = 0; members[i] != NULL; i++) {
        check_nonnegative(out, path, members[i], val_get(object, members[i]));
    }
}

void
check_positive(struct causes *out, const struct field_path *path, const char *member, struct val v)
{
    if (val_int(v, 0) <= 0) {
        causes_add_json(out, CAUSE_INVALID, path, check_dotted(member),
                        val_is(v) ? val_raw(v) : STR("0"), "must be greater than zero");
    }
}

bool
check_is_percent(struct str text, int64_t *ret_percent)
{
    bool has_sign = str_has_suffix(text, STR("%"));
    struct str digits = str_slice(text.at, text.size > 0 ? text.size - 1 : 0);
    if (!has_sign || digits.size == 0 || digits.at[0] == '-') {
        return false;
    }
    if (!str_to_int(digits, ret_percent)) { /* so large that no number holds it */
        *ret_percent = INT64_MAX;
        for (size_t i = 0; i < digits.size; i++) {
            if (digits.at[i] < '0' || digits.at[i] > '9') {
                return false;
            }
        }
    }
    return true;
}

void
check_count_or_percent(struct causes *out, const struct field_path *path, const char *member,
                       struct val v)
{
    int64_t percent = 0;
    if (val_type(v) != DOC_STRING) {
        check_nonnegative(out, path, member, v);
    } else if (!check_is_percent(val_str(v), &percent)) {
        check_invalid(out, path, member, v,
                      "a valid percent string must be a numeric string followed by an ending '%' "
                      "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')");
    }
}

void
check_range(struct causes *out, const struct field_path *path, const char *member, struct val v,
            int64_t min, int64_t max)
{
    int64_t number = val_int(v, 0);
    if (number >= min && number <= max) {
        return;
    }
    struct str shown = val_is(v) ? val_raw(v) : STR("0");
    causes_add_json(out, CAUSE_INVALID, path, check_dotted(member), shown,
                    "must be between %lld and %lld, inclusive", (long long)min, (long long)max);
}

void
check_port(struct causes *out, const struct field_path *path, const char *member, struct val v)
{
    check_range(out, path, member, v, 1, CHECK_PORT_MAX);
}

void
check_port_or_name(struct causes *out, const struct field_path *path, const char *member,
                   struct val v)
{
    if (val_type(v) != DOC_STRING) {
        check_port(out, path, member, v);
        return;
    }
    struct problems found = { 0 };
    validate_port_name(val_str(v), &found);
    validate_put_problems(&found, path, check_dotted(member), v, out);
}

void
check_backsteps(struct causes *out, const struct field_path *path, const char *member, struct val v)
{
    struct str rest = val_str(v);
    while (rest.at != NULL) {
        if (str_is(str_cut(rest, '/', &rest), "..")) {
            check_invalid(out, path, member, v, "must not contain '..'");
            return;
        }
    }
}

void
check_relative_path(struct causes *out, const struct field_path *path, const char *member,
                    struct val v)
{
    if (str_has_prefix(val_str(v), STR("/"))) {
        check_invalid(out, path, member, v, "must be a relative path");
    }
    check_backsteps(out, path, member, v);
}

void
check_domain_path(struct causes *out, const struct field_path *path, const char *member,
                  struct val v)
{
    struct str rest = { 0 };
    struct str host = str_cut(val_str(v), '/', &rest);
    if (!check_has(v)) {
        check_required(out, path, member, NULL);
        return;
    }
    if (host.size == 0 || rest.size == 0) {
        check_invalid(out, path, member, v,
                      "must be a domain-prefixed path (such as \"acme.io/foo\")");
        return;
    }
    struct problems found = { 0 };
    validate_name_subdomain(host, false, &found);
    for (size_t i = 0; i < found.len; i++) {
        causes_add_text(out, CAUSE_INVALID, path, check_dotted(member), host, "%s", found.at[i]);
    }
    for (size_t i = 0; i < rest.size; i++) {
        char c = rest.at[i];
        bool is_fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       (c != '\0' && strchr("/-._~%!$&'()*+,;=:", c) != NULL);
        if (!is_fine) {
            causes_add_text(out, CAUSE_INVALID, path, check_dotted(member), rest,
                            "Invalid path (regex used for validation is "
                            "'[A-Za-z0-9/\\-._~%%!$&'()*+,;=:]+')");
            return;
        }
    }
}

void
check_label_selector(struct causes *out, const struct field_path *path, const char *member,
                     struct val v)
{
    struct field_path own = check_at(path, member);
    const struct field_path *at = member == NULL ? path : &own;
    struct field_path list = check_at(at, "matchExpressions");
    size_t index = 0;
    validate_put_labels(val_get(v, "matchLabels"), at, "matchLabels", out);
    VAL_EACH (it, val_get(v, "matchExpressions")) {
        struct field_path item = check_item(&list, index++);
        struct val operator_name = val_get(it.value, "operator");
        struct val values = val_get(it.value, "values");
        bool is_set = val_is_str(operator_name, "In") || val_is_str(operator_name, "NotIn");
        bool is_exists =
            val_is_str(operator_name, "Exists") || val_is_str(operator_name, "DoesNotExist");
        if (is_set && val_len(values) == 0) {
            check_required(out, &item, "values",
                           "must be specified when `operator` is 'In' or 'NotIn'");
        } else if (is_exists && val_len(values) > 0) {
            check_forbidden(out, &item, "values",
                            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        } else if (!is_set && !is_exists) {
            check_invalid(out, &item, "operator", operator_name, "not a valid selector operator");
        }
        check_label_key(out, &item, "key", val_get(it.value, "key"));
        struct field_path value_list = check_at(&item, "values");
        size_t nth = 0;
        VAL_EACH (value, values) {
            struct field_path place = check_item(&value_list, nth++);
            struct problems found = { 0 };
            validate_label_text(val_str(value.value), &found);
            validate_put_problems(&found, &place, "", value.value, out);
        }
    }
}

static int
check_by_key(const void *a, const void *b)
{
    return str_cmp(((const struct label *)a)->key, ((const struct label *)b)->key);
}

enum check_match
check_selector(struct arena *arena, struct val label_selector, struct val labels)
{
    AUTO_ERR struct err *err = NULL;
    struct selector *selector = NULL;
    if (selector_from_object(arena, label_selector, &selector, &err) != 0) {
        return CHECK_NO_SELECTOR;
    }
    struct label *pairs = arena_array(arena, val_len(labels) + 1, sizeof(*pairs));
    size_t len = 0;
    VAL_EACH (it, labels) {
        pairs[len++] = (struct label){ it.key, val_str(it.value) };
    }
    qsort(pairs, len, sizeof(*pairs), check_by_key); /* what was just prepared may be in disorder */
    return selector_matches_labels(selector, (struct labels){ pairs, len }) ? CHECK_MATCH
                                                                            : CHECK_NO_MATCH;
}

bool
check_same(struct val a, struct val b)
{
    bool has_a = val_is(a) && val_type(a) != DOC_NULL;
    bool has_b = val_is(b) && val_type(b) != DOC_NULL;
    return has_a == has_b && (!has_a || val_eq(a, b));
}

void
check_immutable(struct causes *out, const struct field_path *path, const char *member,
                struct val now, struct val old)
{
    if (!check_same(now, old)) {
        struct str shown = val_is(now) ? val_raw(now) : STR("null");
        causes_add_json(out, CAUSE_INVALID, path, check_dotted(member), shown,
                        "field is immutable");
    }
}

void
check_immutable_text(struct causes *out, const struct field_path *path, const char *member,
                     struct val now, struct val old)
{
    if (!str_eq(val_str(now), val_str(old))) {
        check_invalid(out, path, member, now, "field is immutable");
    }
}

bool
check_seen_has(const struct check_seen *seen, struct str name)
{
    for (size_t i = 0; i < seen->len; i++) {
        if (str_eq(seen->at[i], name)) {
            return true;
        }
    }
    return false;
}

void
check_seen_add(struct check_seen *seen, struct str name)
{
    if (seen->len == seen->capacity) {
        size_t capacity = seen->capacity == 0 ? 8 : seen->capacity * 2;
        seen->at = arena_grow(seen->arena, seen->at, seen->capacity * sizeof(*seen->at),
                              capacity * sizeof(*seen->at));
        seen->capacity = capacity;
    }
    seen->at[seen->len++] = name;
}
