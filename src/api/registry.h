/* Resources and the immutable, counted set of them that a request pins. */
#ifndef BINNACLE_API_REGISTRY_H
#define BINNACLE_API_REGISTRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/schema.h"

struct cell;
struct edit;
struct err;
struct object;
struct problems;
struct resource;

enum verb {
    VERB_GET = 1 << 0,
    VERB_LIST = 1 << 1,
    VERB_WATCH = 1 << 2,
    VERB_CREATE = 1 << 3,
    VERB_UPDATE = 1 << 4,
    VERB_PATCH = 1 << 5,
    VERB_DELETE = 1 << 6,
    VERB_DELETECOLLECTION = 1 << 7,
    VERB_CONNECT = 1 << 8,
    VERB_APPLY = 1 << 9, /* a PATCH of the apply kind; RBAC sees "patch" */
    VERB_ALL = VERB_APPLY - 1 - VERB_CONNECT,
};
const char *verb_name(enum verb verb); /* "get", "deletecollection", … */

enum resource_flags {
    RES_NAMESPACED = 1 << 0,
    RES_UNCONDITIONAL_UPDATE = 1 << 1, /* PUT without resourceVersion is allowed */
    RES_CREATE_ON_UPDATE = 1 << 2,     /* PUT of an absent object creates it */
    RES_GENERATION = 1 << 3, /* generation counts changes of anything but metadata, status */
    RES_SEAL = 1 << 4,       /* encrypted at rest */
    RES_NO_HISTORY = 1 << 5, /* Lease, Event */
    RES_PATIENT = 1 << 6,    /* commits may wait for company (Lease, Event) */
    RES_VIRTUAL = 1 << 7,    /* never stored: access reviews, TokenReview */
    RES_CRD = 1 << 8,
    RES_GRACEFUL = 1 << 9,        /* deletion with a grace period (pods) */
    RES_META_AGAIN = 1 << 10,     /* its update check runs ValidateObjectMeta once more */
    RES_RETURN_DELETED = 1 << 11, /* a finished DELETE answers the object, not a Status (pods, …) */
    RES_ORPHAN = 1 << 12,         /* a DELETE that says nothing leaves the dependents (jobs) */
    RES_PLAIN_FINALIZERS = 1 << 15, /* any label key is a finalizer (apimachinery's own check) */
    RES_GENERATION_NOTES = 1 << 16, /* changed annotations count for the generation (Deployments) */
    RES_GENERATION_ONCE = 1 << 14,  /* generation is 1 and stays so */
    RES_RECORDS_USER = 1 << 13,     /* prepare_create needs user_info */
};

/* What a prepare step sees and may change: edits go to `edit` (on `now`). */
struct prepare {
    struct arena *arena;
    const struct resource *resource;
    const char *subresource; /* NULL: main */
    struct val now, old;     /* old absent on create */
    struct edit *edit;
    const char *user;
    struct val user_info; /* authentication/v1 UserInfo of who asks, may be absent */
    int64_t wall_ms;
};

/* A Machine (binnacle.io) goes only when what was put on it has gone. */
#define FINALIZER_MACHINE "binnacle.io/machine"

/* What a row without prepare_create or prepare_update gets (kinds_prepare.c): the main resource does
 * not change the status, …/status nothing but it and metadata. */
void kinds_prepare_create(struct prepare *p);
void kinds_prepare_update(struct prepare *p);

struct subresource {
    const char *name;            /* "status", "scale", "binding", … */
    const char *kind;            /* kind of what goes in and out, NULL: the resource's */
    const char *group, *version; /* of that kind, NULL: the resource's */
    unsigned verbs;
    const char *reset; /* as reset_main, NULL: reset_status for "status", else reset_main */
};

struct column {
    const char *name, *type, *format, *doc;
    uint8_t priority; /* > 0: only with -o wide */
    /* Fills one cell; NULL: `path` names a string, or a time shown as an age for type date. */
    void (*cell)(struct cell *cell, struct val object);
    const char *path;
};

/* Where warnings go. */
struct warn {
    struct arena *arena;
    void (*add)(void *ctx, struct str text); /* text lives until it returns */
    void *ctx;
};

/* A field that fieldSelector may name. */
struct selectable {
    const char *label; /* "spec.nodeName" */
    const char *path;  /* dotted path in the object, NULL: value() */
    void (*value)(struct val object, struct arena *arena, struct str *ret_value);
    uint8_t index; /* 1..4: kept in object->index[n-1], 0: not indexed */
};

struct resource {
    const char *group, *version, *kind, *list_kind, *plural, *singular; /* group "" is core */
    const char *const *short_names, *const *categories; /* NULL-terminated or NULL */
    unsigned verbs, flags;
    const struct type *type;
    const char *deprecated; /* a warning for each request of it */
    uint32_t epoch; /* of its schema: cached objects of another epoch are re-made when next read */
    /* Another row holds the stored form (Event of events.k8s.io): its key, its cached objects. */
    const struct resource *storage;
    /* to/from the stored form; NULL: same rows. May be called on any thread. */
    int (*to_storage)(struct arena *arena, const struct doc *in, struct doc **ret,
                      struct err **err);
    int (*from_storage)(struct arena *arena, const struct doc *in, struct doc **ret,
                        struct err **err);

    void (*prepare_create)(struct prepare *p);
    void (*prepare_update)(struct prepare *p); /* main and subresources: see p->subresource */
    /* On DELETE (now is old): edits of the first one; true: the object is held back by more than
     * metadata.finalizers (a namespace by its spec.finalizers). Asked again, with edits dropped,
     * when an update takes the last finalizer of an object that is being deleted. */
    bool (*prepare_delete)(struct prepare *p);
    void (*check_create)(struct check_in *in, struct causes *out); /* beyond the rows' checks */
    void (*check_update)(struct check_in *in, struct causes *out);
    /* What looks like a mistake in what was written, main resource only; old absent on create. */
    void (*warn)(const struct warn *to, struct val now, struct val old);
    const char *orphan_warning; /* of a DELETE that leaves RES_ORPHAN to its default, or NULL */
    /* Seconds of grace for a DELETE without an option; negative: none, whatever is asked for (nothing
     * has to end first). NULL: none. */
    int64_t (*grace_s)(struct val object);
    /* Name check (validate_name_…); NULL: DNS subdomain. */
    void (*name_problems)(struct str name, bool is_prefix, struct problems *out);

    const struct column *columns; /* after none: Name and Created At */
    size_t column_len;
    const struct selectable *selectables; /* beside metadata.name and metadata.namespace */
    size_t selectable_len;
    const struct subresource *subresources;
    size_t subresource_len;
    /* Comma lists of dotted paths managedFields leaves out: main and per subresource. */
    const char *reset_main, *reset_status;
};

static inline bool
resource_is_namespaced(const struct resource *r)
{
    return (r->flags & RES_NAMESPACED) != 0;
}
const struct subresource *resource_sub(const struct resource *r, struct str name); /* or NULL */
/* "apps/v1", "v1" */
struct str resource_api_version(const struct resource *r, struct arena *arena);
/* "pods", "deployments.apps": as error messages name it. */
struct str resource_qualified(const struct resource *r, struct arena *arena);
/* The storage prefix "/registry/core/configmaps/" (CONTRACTS §7); of r->storage when set. */
struct str resource_prefix(const struct resource *r, struct arena *arena);
struct str resource_key(const struct resource *r, struct str ns, struct str name,
                        struct arena *arena);

/* ---- the set ---- */

struct registry;
struct registry *registry_new(const struct resource *const *resources,
                              size_t len); /* one reference */
struct registry *registry_ref(struct registry *registry);
void registry_unref(struct registry *registry);
const struct resource *registry_find(const struct registry *registry, struct str group,
                                     struct str version, struct str plural); /* or NULL */
const struct resource *registry_kind(const struct registry *registry, struct str group,
                                     struct str version, struct str kind); /* or NULL */
const struct resource *registry_any_version(const struct registry *registry, struct str group,
                                            struct str plural);
size_t registry_len(const struct registry *registry);
/* In the order of discovery: groups as kube-apiserver lists them, then resources by name. */
const struct resource *registry_at(const struct registry *registry, size_t i);

/* The built-in kinds: kinds.c lists every row. */
extern const struct resource *const kinds_builtin[];
extern const size_t kinds_builtin_len;

#endif
