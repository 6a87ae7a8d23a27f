/* Subresources that are a part of their object: status and finalize go through the same bracket as
 * the object itself, and its row says what they may change. Called by route and discovery. Loop. */
#include "config.h"

#include "apiserver/rest_sub.h"

#include <string.h>

#include "apiserver/rest_virtual.h"

bool
rest_sub_has_resource(const struct resource *resource)
{
    bool is_stored =
        (resource->flags & RES_VIRTUAL) == 0 && strcmp(resource->plural, "bindings") != 0;
    return is_stored || rest_virtual_find(resource, NULL) != NULL;
}

bool
rest_sub_is_served(const struct resource *resource, const struct subresource *sub)
{
    bool is_part = sub->kind == NULL &&
                   (strcmp(sub->name, "status") == 0 || strcmp(sub->name, "finalize") == 0);
    return rest_sub_has_resource(resource) && (is_part || rest_virtual_find(resource, sub) != NULL);
}
