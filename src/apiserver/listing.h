/* One list, or one page of it: which objects, at which revision.  Loop thread. */
#ifndef BINNACLE_APISERVER_LISTING_H
#define BINNACLE_APISERVER_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "client/cache.h"

struct object;
struct selector;

struct listing {
    const struct resource *resource; /* of the stored form */
    struct cache *root;              /* pinned, walked as the answer is sent; NULL: items */
    struct cache_iter iter;
    const struct selector *labels, *fields; /* for the walk */
    struct str ns;
    struct object **items; /* a page: references */
    size_t len, capacity, at;
    uint64_t rev;
    int64_t remaining; /* remainingItemCount; -1: not said */
    struct str continue_token;
};

struct listing *listing_new(const struct resource *resource, uint64_t rev);
void listing_free(struct listing *listing);                       /* NULL allowed */
void listing_add(struct listing *listing, struct object *object); /* makes a reference */
/* Does it pass both selectors? NULL selects everything. */
bool listing_selects(const struct selector *labels, const struct selector *fields,
                     const struct object *object);
/* The next object, borrowed; NULL at the end, or when *budget objects were looked at (then it is 0
 * and listing_is_over is false). */
struct object *listing_next(struct listing *listing, size_t *budget);
size_t listing_size(const struct listing *listing); /* bytes, about, before selection */
bool listing_is_over(const struct listing *listing);

#endif
