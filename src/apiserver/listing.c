/* Lists without copies: a whole list walks a pinned root while it is sent, a page holds references.
 * Made by rest_read.c, walked by encode_list.c and the local client. Loop thread. */
#include "config.h"

#include "apiserver/listing.h"

#include "api/object.h"
#include "api/selector.h"
#include "base/mem.h"

struct listing *
listing_new(const struct resource *resource, uint64_t rev)
{
    struct listing *listing = MEM_NEW(struct listing);
    listing->resource = resource;
    listing->rev = rev;
    listing->remaining = -1;
    return listing;
}

void
listing_free(struct listing *listing)
{
    if (listing == NULL) {
        return;
    }
    for (size_t i = 0; i < listing->len; i++) {
        object_unref(listing->items[i]);
    }
    mem_free(listing->items);
    cache_free(listing->root);
    mem_free(listing);
}

void
listing_add(struct listing *listing, struct object *object)
{
    if (listing->len == listing->capacity) {
        listing->capacity = listing->capacity == 0 ? 16 : listing->capacity * 2;
        listing->items = mem_resize(listing->items, listing->capacity * sizeof(struct object *));
    }
    listing->items[listing->len++] = object_ref(object);
}

bool
listing_selects(const struct selector *labels, const struct selector *fields,
                const struct object *object)
{
    return selector_matches_labels(labels, object->labels) &&
           (selector_is_everything(fields) || selector_matches_object(fields, object));
}

struct object *
listing_next(struct listing *listing, size_t *budget)
{
    if (listing->root == NULL) {
        return listing->at < listing->len ? listing->items[listing->at++] : NULL;
    }
    while (*budget > 0) {
        struct object *object = cache_next(&listing->iter);
        if (object == NULL) {
            listing->at = SIZE_MAX;
            return NULL;
        }
        (*budget)--;
        if (listing_selects(listing->labels, listing->fields, object)) {
            return object;
        }
    }
    return NULL;
}

size_t
listing_size(const struct listing *listing)
{
    size_t size = listing->root != NULL ? cache_bytes(listing->root, listing->resource) : 0;
    for (size_t i = 0; i < listing->len; i++) {
        size += object_size(listing->items[i]);
    }
    return size;
}

bool
listing_is_over(const struct listing *listing)
{
    return listing->root == NULL ? listing->at == listing->len : listing->at == SIZE_MAX;
}
