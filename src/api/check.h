/* Building blocks of the kinds' checks: places, common rules and their causes.  Pure. */
#ifndef BINNACLE_API_CHECK_H
#define BINNACLE_API_CHECK_H

#include "api/schema.h"
#include "api/validate.h"
#include "base/doc.h"

/* Places below a place; they point at their parent, which must outlive them. */
static inline struct field_path
check_at(const struct field_path *up, const char *name)
{
    return (struct field_path){ .up = up, .name = name, .index = -1 };
}
static inline struct field_path
check_item(const struct field_path *up, size_t index)
{
    return (struct field_path){ .up = up, .index = (int64_t)index };
}
static inline struct field_path
check_key(const struct field_path *up, struct str key)
{
    return (struct field_path){ .up = up, .key = key, .index = -1 };
}

static inline bool
check_has(struct val v) /* there, and no empty text */
{
    enum doc_type is = val_type(v);
    return is != DOC_ABSENT && is != DOC_NULL && (is != DOC_STRING || val_str(v).size > 0);
}

/* In all of these `member` is below `path` (NULL: the path itself) and v is its value. */
void check_required(struct causes *out, const struct field_path *path, const char *member,
                    const char *detail);
void check_invalid(struct causes *out, const struct field_path *path, const char *member,
                   struct val v, const char *detail);
/* Same without the value (field.OmitValueType). */
void check_invalid_whole(struct causes *out, const struct field_path *path, const char *member,
                         const char *detail);
void check_too_long(struct causes *out, const struct field_path *path, const char *member,
                    size_t max);
void check_too_many(struct causes *out, const struct field_path *path, const char *member,
                    size_t len, size_t max);
void check_forbidden(struct causes *out, const struct field_path *path, const char *member,
                     const char *detail);
typedef void check_problems_fn(struct str text, bool is_prefix, struct problems *out);
void check_name(struct causes *out, const struct field_path *path, const char *member, struct val v,
                check_problems_fn *problems);
void check_label_key(struct causes *out, const struct field_path *path, const char *member,
                     struct val v);
void check_env_name(struct causes *out, const struct field_path *path, const char *member,
                    struct val v);
void check_config_key(struct causes *out, const struct field_path *path, const char *member,
                      struct val v);
/* One of the values; empty is `Required value`. check_enum_as: empty is unsupported, too. */
void check_enum(struct causes *out, const struct field_path *path, const char *member, struct val v,
                const char *const *values);
void check_enum_as(struct causes *out, const struct field_path *path, const char *member,
                   struct val v, const char *const *values);
bool check_is_one_of(struct str text, const char *const *values);
void check_nonnegative(struct causes *out, const struct field_path *path, const char *member,
                       struct val v);
/* Of several members of an object, NULL-terminated. */
void check_nonnegative_all(struct causes *out, const struct field_path *path, struct val object,
                           const char *const *members);
void check_positive(struct causes *out, const struct field_path *path, const char *member,
                    struct val v);
/* An integer that is not negative, or a text like "5%". */
void check_count_or_percent(struct causes *out, const struct field_path *path, const char *member,
                            struct val v);
bool check_is_percent(struct str text, int64_t *ret_percent);
void check_range(struct causes *out, const struct field_path *path, const char *member,
                 struct val v, int64_t min, int64_t max);
void check_port(struct causes *out, const struct field_path *path, const char *member,
                struct val v);
void check_port_or_name(struct causes *out, const struct field_path *path, const char *member,
                        struct val v);
void check_backsteps(struct causes *out, const struct field_path *path, const char *member,
                     struct val v);
void check_relative_path(struct causes *out, const struct field_path *path, const char *member,
                         struct val v);
/* "example.com/thing" */
void check_domain_path(struct causes *out, const struct field_path *path, const char *member,
                       struct val v);
/* metav1.LabelSelector. */
void check_label_selector(struct causes *out, const struct field_path *path, const char *member,
                          struct val v);
enum check_match {
    CHECK_MATCH,
    CHECK_NO_MATCH,
    CHECK_NO_SELECTOR, /* it does not parse */
};
enum check_match check_selector(struct arena *arena, struct val label_selector, struct val labels);
/* A pointer, list or map; _text: a plain string. */
void check_immutable(struct causes *out, const struct field_path *path, const char *member,
                     struct val now, struct val old);
void check_immutable_text(struct causes *out, const struct field_path *path, const char *member,
                          struct val now, struct val old);
bool check_same(struct val a, struct val b); /* equal, absent and null alike */

/* check_ip.c. Legacy: sloppy forms are taken; strict: canonical text only. */
void check_ip_legacy(struct causes *out, const struct field_path *path, const char *member,
                     struct val v);
void check_ip_strict(struct causes *out, const struct field_path *path, const char *member,
                     struct val v);
void check_ip_net_legacy(struct causes *out, const struct field_path *path, const char *member,
                         struct val v);
void check_ip_net_strict(struct causes *out, const struct field_path *path, const char *member,
                         struct val v);

/* What changed, as a unified diff of both values' indented JSON (keys in order of bytes), with three
 * lines around the changes; one hunk. */
struct str check_diff(struct arena *arena, struct val before, struct val after);

/* Names that were seen in one list. */
struct check_seen {
    struct arena *arena;
    struct str *at;
    size_t len, capacity;
};
bool check_seen_has(const struct check_seen *seen, struct str name);
void check_seen_add(struct check_seen *seen, struct str name);

#endif
