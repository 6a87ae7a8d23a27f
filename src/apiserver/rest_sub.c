/* Subresources that are a part of their object: status and finalize go through the same bracket as
 * the object itself, and its row says what they may change. Called by route and discovery. Loop. */
#include "config.h"

#include "apiserver/rest_sub.h"

#include <string.h>

bool
rest_sub_has_resource(const struct resource *resource)
{
    return (resource->flags & RES_VIRTUAL) == 0 && strcmp(resource->plural, "bindings") != 0;
}

bool
rest_sub_is_served(const struct resource *resource, const struct subresource *sub)
{
    return rest_sub_has_resource(resource) && sub->kind == NULL &&
           (strcmp(sub->name, "status") == 0 || strcmp(sub->name, "finalize") == 0);
}
