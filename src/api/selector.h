/* Label and field selectors.  Pure; a parsed selector is immutable and lives in its arena. */
#ifndef BINNACLE_API_SELECTOR_H
#define BINNACLE_API_SELECTOR_H

#include <stdbool.h>

#include "api/object.h"
#include "base/str.h"

struct arena;
struct err;
struct resource;
struct selector;

/* Query text. "" and absent select everything. Errors with upstream's messages (400). */
int selector_parse_labels(struct arena *arena, struct str text, struct selector **ret,
                          struct err **err);
/* metav1.LabelSelector value; absent selects nothing, {} everything. */
int selector_from_object(struct arena *arena, struct val label_selector, struct selector **ret,
                         struct err **err);
/* A plain map (Service.spec.selector): equality of each; absent or empty selects nothing. */
struct selector *selector_from_map(struct arena *arena, struct val map);
/* fieldSelector of a resource: labels not in its selectables are a 400 `field label not
 * supported: X`. */
int selector_parse_fields(struct arena *arena, const struct resource *resource, struct str text,
                          struct selector **ret, struct err **err);
bool selector_matches_labels(const struct selector *selector, struct labels labels);
bool selector_matches_object(const struct selector *selector, const struct object *object);
bool selector_is_everything(const struct selector *selector); /* NULL, too */
/* The text again, in upstream's order (sorted by key), e.g. for scale.status.selector. */
struct str selector_text(const struct selector *selector, struct arena *arena);
/* A field selector that fixes metadata.name: that name, else {NULL,0}. */
struct str selector_fixed_name(const struct selector *selector);

#endif
