/* Defaults and checks from the rows.  Pure, any thread. */
#ifndef BINNACLE_API_VALIDATE_H
#define BINNACLE_API_VALIDATE_H

#include <stdbool.h>

#include "base/str.h"

struct arena;
struct causes;
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
/* All causes of a create (old absent) or update: rows' checks, types' checks, metadata rules
 * (ValidateObjectMeta and its Update), the resource's check_create or check_update. */
void validate_object(const struct resource *resource, const char *subresource, struct val now,
                     struct val old, struct causes *out);

/* apimachinery's content rules: NULL when fine, else its message. */
const char *validate_dns_label(struct str name, bool is_prefix);     /* RFC 1123 label */
const char *validate_dns_subdomain(struct str name, bool is_prefix); /* RFC 1123 subdomain */
const char *validate_dns1035_label(struct str name, bool is_prefix); /* Service names */
const char *validate_path_segment(struct str name, bool is_prefix);  /* RBAC names */
/* Label and annotation keys. */
const char *validate_qualified_name(struct str key, struct arena *arena);
const char *validate_label_value(struct str value, struct arena *arena);

#endif
