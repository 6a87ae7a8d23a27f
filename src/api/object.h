/* Published objects: immutable, counted, canonical JSON bytes as the truth.  Any thread reads. */
#ifndef BINNACLE_API_OBJECT_H
#define BINNACLE_API_OBJECT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;
struct buf;
struct err;
struct resource;

enum { OBJECT_INDEX_LEN = 4 };

/* Labels as sorted pairs inside the object's allocation. */
struct label {
    struct str key, value;
};
struct labels {
    const struct label *at;
    size_t len;
};
struct str labels_get(struct labels labels, struct str key); /* {NULL,0} when absent */

struct object {
    atomic_uint refs;
    const struct resource *resource;
    struct str ns, name, uid, owner_uid; /* owner_uid: of the controller reference */
    uint64_t rev, create_rev;
    int64_t generation, deleted_at_ms; /* 0: not being deleted */
    struct labels labels;
    uint32_t index[OBJECT_INDEX_LEN]; /* selectables hashed: unequal is proof, equal is checked */
    uint32_t rv_at;                   /* where the digits of resourceVersion stand in the bytes */
    uint32_t rv_size;
    uint32_t body_at; /* where an item without kind and apiVersion begins (at `"metadata"`) */
    struct doc *doc;  /* counted; its bytes carry the resourceVersion */
};

/* From a stored value (canonical JSON without resourceVersion): splices the revision in. One
 * reference. The bytes are copied once. -1 when the value is no object of this resource. */
int object_publish(const struct resource *resource, struct str stored, uint64_t rev,
                   uint64_t create_rev, struct object **ret, struct err **err);
/* The same object at another revision, e.g. the last state of a deleted one. */
struct object *object_at_rev(const struct object *object, uint64_t rev);
struct object *object_ref(struct object *object); /* NULL gives NULL */
void object_unref(struct object *object);         /* NULL allowed */
void object_cleanup(struct object **object);
#define AUTO_OBJECT AUTO(object_cleanup)

struct str object_bytes(const struct object *object);
/* The item form inside a list: the same bytes from body_at, to be preceded by `{`. */
struct str object_item_bytes(const struct object *object);
/* Root value; pin the doc (object_pin) while values are in use. */
struct val object_val(const struct object *object);
void object_pin(const struct object *object);
void object_unpin(const struct object *object);
/* The stored form again: bytes without resourceVersion, in the arena. */
struct str object_stored(const struct object *object, struct arena *arena);
uint32_t object_index_hash(struct str value);
size_t object_size(const struct object *object); /* bytes it keeps alive, for budgets */

#endif
