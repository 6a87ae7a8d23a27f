/* Plans: pure functions from cached objects and the time to a list of intended writes.
 *
 * No I/O, no clock, no globals: a plan reads plan_in and calls the makers below. It runs in one
 * callback of the loop, and tapes are dropped between callbacks only, so it reads the values of
 * cached objects without pinning them. CONTRACTS §9. */
#ifndef BINNACLE_CLIENT_PLAN_H
#define BINNACLE_CLIENT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/object.h"
#include "base/doc.h"
#include "base/str.h"
#include "client/event.h"

struct arena;
struct cache;
struct err;
struct resource;

enum plan_verb {
    PLAN_CREATE,
    PLAN_UPDATE,       /* PUT */
    PLAN_STATUS,       /* PUT …/status */
    PLAN_PATCH,        /* strategic, or merge for resources without rows */
    PLAN_PATCH_STATUS, /* merge patch on …/status */
    PLAN_DELETE,
    PLAN_EVICT,
    PLAN_BIND,  /* body: a Binding */
    PLAN_SCALE, /* merge patch on …/scale */
    PLAN_SUB,   /* PUT on `subresource` (finalize, approval) */
};
enum plan_pre {
    PRE_REV = 1 << 0, /* target's resourceVersion must still hold */
    PRE_UID = 1 << 1, /* target's uid must still hold */
};
enum { PLAN_GROUP_MAX = 32 };
enum plan_group_flags { GROUP_ALWAYS = 1 << 0 /* runs after failures too (status) */ };

struct plan_write {
    enum plan_verb verb;
    const struct resource *resource;
    struct str ns, name;     /* name absent with generateName in the body */
    const char *subresource; /* PLAN_SUB */
    struct object *target;   /* what the preconditions are taken from; NULL for creates */
    struct str body;         /* JSON in the plan's arena; DELETE, EVICT: options or absent */
    unsigned pre;
    int group;
};
struct plan_result {
    int group;
    enum plan_verb verb;
    const struct resource *resource;
    struct str ns, name;
    uint64_t rev;
    const struct err *err; /* NULL: done */
};
struct plan_note {
    struct event_regarding regarding;
    enum event_type type;
    const char *reason, *action;
    struct str note;
    int group;          /* recorded when this group is reached… */
    size_t after_write; /* …or, when not 0, after this write (counted from 1) succeeded */
};
struct plan {
    struct arena *arena;
    struct plan_write *writes;
    size_t write_len, write_capacity;
    struct plan_note *events;
    size_t event_len, event_capacity;
    unsigned group_flags[PLAN_GROUP_MAX];
    int group;
    int64_t again_at_ms; /* wall time, 0: not asked for */
    struct str why;      /* what a person is told, for previews and the console */
};

/* What plans may know beside the cache: constants of this cluster. */
struct reconcile_env {
    const char *cluster_domain, *pod_cidr, *service_cidr, *node_name, *advertise;
    const char *ca_pem; /* root CA for kube-root-ca.crt */
    const void *part;   /* the part's own constants (vtables plugged in by main.c) */
};
struct plan_in {
    const struct cache *cache; /* only kinds the reconciler declared */
    struct str key;            /* "namespace/name" or "name" */
    struct str ns, name;       /* the key's parts */
    int64_t now_ms;            /* wall time */
    const struct reconcile_env *env;
    const struct plan_result *last; /* what the last plan's writes came to */
    size_t last_len;
    struct arena *arena;
    uint64_t random; /* a number per plan, so that plans stay pure (names, jitter) */
};

/* A plan to be filled; plan_done gives its targets back. For the runner and for tests. */
void plan_init(struct plan *plan, struct arena *arena);
void plan_done(struct plan *plan);
const char *plan_verb_name(enum plan_verb verb); /* "create", "patch-status", … */

/* target: preconditions and namespace/name come from it; the plan keeps a reference. body lives in
 * the plan's arena and is without resourceVersion and uid where pre names them: the runner puts
 * them in. For creates use plan_create. */
void plan_write(struct plan *out, enum plan_verb verb, struct object *target, struct str body,
                unsigned pre);
void plan_create(struct plan *out, const struct resource *resource, struct str ns, struct str name,
                 struct str body);
void plan_sub(struct plan *out, const char *subresource, struct object *target, struct str body,
              unsigned pre);
/* Writes from here on belong to a new group: groups run in order and stop at a failure, except
 * GROUP_ALWAYS ones; inside a group 1, 2, 4, … run side by side, nothing new after a failure. */
void plan_group(struct plan *out, unsigned flags);
void plan_event(struct plan *out, const struct object *regarding, enum event_type type,
                const char *reason, const char *action, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* The same, recorded only once the write made last has succeeded (SuccessfulCreate, Killing). */
void plan_event_after(struct plan *out, const struct object *regarding, enum event_type type,
                      const char *reason, const char *action, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
void plan_again(struct plan *out, int64_t at_wall_ms); /* the earliest wins */
void plan_why(struct plan *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The plan as text: a line a write with its body as YAML below it, events, time and reason. For
 * golden tests and previews. */
void plan_text(const struct plan *plan, struct str_builder *out);

#endif
