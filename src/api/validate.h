/* Defaults and checks from the rows.  Pure, any thread. */
#ifndef BINNACLE_API_VALIDATE_H
#define BINNACLE_API_VALIDATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct arena;
struct causes;
struct check_in;
struct doc;
struct err;
struct field_path;
struct resource;
struct type;
struct val;

/* A document with every default filled in, canonical again; *ret is `doc` itself when nothing was
 * to do. */
int validate_default(struct arena *arena, const struct type *type, const struct doc *doc,
                     const struct doc **ret, struct err **err);
/* All causes of a create (old absent) or update: metadata rules (ValidateObjectMeta and its
 * Update), rows' checks, types' checks, the resource's check_create or check_update. */
void validate_object(const struct resource *resource, const char *subresource, struct val now,
                     struct val old, struct causes *out);
/* Only the rows' and types' checks of a value at a path (NULL: the root). */
void validate_walk(const struct check_in *in, struct causes *out);

/* ---- apimachinery's content rules ---- */

/* What is wrong with a text: each is a cause of its own upstream. */
enum { PROBLEMS_MAX = 6 };
struct problems {
    const char *at[PROBLEMS_MAX];
    size_t len;
};
void validate_name_label(struct str name, bool is_prefix, struct problems *out);     /* RFC 1123 */
void validate_name_subdomain(struct str name, bool is_prefix, struct problems *out); /* RFC 1123 */
void validate_name_dns1035(struct str name, bool is_prefix, struct problems *out);   /* Services */
void validate_name_path_segment(struct str name, bool is_prefix, struct problems *out); /* RBAC */
void validate_label_key(struct str key, struct problems *out); /* finalizers, annotations, too */
void validate_label_text(struct str value, struct problems *out);
void validate_config_key(struct str key, struct problems *out);
void validate_env_name(struct str name, struct problems *out);
void validate_port_name(struct str name, struct problems *out);

/* The first problem, NULL when fine. */
const char *validate_dns_label(struct str name, bool is_prefix);
const char *validate_dns_subdomain(struct str name, bool is_prefix);
const char *validate_dns1035_label(struct str name, bool is_prefix);
const char *validate_path_segment(struct str name, bool is_prefix);
const char *validate_qualified_name(struct str key); /* label and annotation keys */
const char *validate_label_value(struct str value);

#endif
