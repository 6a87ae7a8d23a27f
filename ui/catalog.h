/* The kinds of this cluster: built-in rows at first, then what discovery says; by any of their names.
 * Console's thread. */
#ifndef BINNACLE_UI_CATALOG_H
#define BINNACLE_UI_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct catalog;
struct client;
struct resource;

/* changed is called when discovery brought news. */
struct catalog *catalog_new(struct client *client, void (*changed)(void *ctx), void *ctx);
void catalog_free(struct catalog *catalog);
void catalog_refresh(struct catalog *catalog);        /* asks the server again */
bool catalog_is_known(const struct catalog *catalog); /* discovery has answered */

/* By plural, singular, short name or kind, any case, also "plural.group" and "group/version/plural".
 * Resources live as long as the catalog. NULL: there is none. */
const struct resource *catalog_find(const struct catalog *catalog, struct str word);
const struct resource *catalog_kind(const struct catalog *catalog, struct str api_version,
                                    struct str kind);
/* The n-th plural that begins with prefix, in a stable order; {NULL,0}: no more. */
struct str catalog_complete(const struct catalog *catalog, struct str prefix, size_t n);

#endif
