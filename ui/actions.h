/* Actions: what keys do, by scope; names for key files, texts for the help.  Console's thread. */
#ifndef BINNACLE_UI_ACTIONS_H
#define BINNACLE_UI_ACTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct err;

/* Where a key means something; an earlier scope wins over a later one. */
enum scope {
    SCOPE_POD,
    SCOPE_SCALABLE, /* kinds with a scale subresource */
    SCOPE_ROLLOUT,  /* deployments, statefulsets, daemonsets */
    SCOPE_SECRET,
    SCOPE_NAMESPACE,
    SCOPE_NODE,
    SCOPE_FLEET, /* where machines can be added */
    SCOPE_MACHINE,
    SCOPE_CONTAINER,
    SCOPE_HISTORY,
    SCOPE_LOGS,
    SCOPE_YAML,
    SCOPE_OBJECT, /* anything in a table */
    SCOPE_TEXT,
    SCOPE_TABLE,
    SCOPE_MOVE,
    SCOPE_GLOBAL,
    SCOPE_LEN
};
#define SCOPE_BIT(scope) (1U << (scope))

enum action {
    ACTION_NONE,
#define ACTION(id, name, keys, scope, flags, hint, help) ACTION_##id,
#include "ui/actions.def"
#undef ACTION
    ACTION_LEN
};
enum action_flags {
    ACTIONS_DANGER = 1 << 0,    /* changes the cluster: not there when read-only */
    ACTIONS_NEEDS_ROW = 1 << 1, /* nothing without a row under the cursor */
    ACTIONS_BULK = 1 << 2,      /* works on the marked rows */
};
enum { ACTIONS_KEYS_MAX = 4 };

struct actions_row {
    const char *name, *keys, *hint, *help;
    enum scope scope;
    unsigned flags; /* enum action_flags */
};
const struct actions_row *actions_row(enum action action);
const char *actions_scope_name(enum scope scope); /* "General", "Pods", … */

/* Which keys lead to which action: defaults, and what the user's file changes. */
struct actions_map {
    uint32_t keys[ACTION_LEN][ACTIONS_KEYS_MAX]; /* KEYS_NONE: free */
    bool is_readonly;                            /* dangerous actions have no key */
};
void actions_init(struct actions_map *map);
/* A YAML map of action names to comma lists of keys; an empty text unbinds. */
int actions_bind(struct actions_map *map, struct str yaml, struct err **err);
/* The action of a key in the scopes that are open (bits); ACTION_NONE when there is none. */
enum action actions_find(const struct actions_map *map, uint32_t key, unsigned scopes);
/* "j, down" */
struct str actions_keys_text(const struct actions_map *map, enum action action, char text[128]);

#endif
