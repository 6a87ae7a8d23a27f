/* The table of actions and the map of keys to them.  Called by the dispatcher for every key and by
 * the help; the console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/actions.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/doc.h"
#include "base/doc_yaml.h"
#include "base/err.h"
#include "ui/keys.h"

enum { DANGER = ACTIONS_DANGER, NEEDS_ROW = ACTIONS_NEEDS_ROW, BULK = ACTIONS_BULK };

static const struct actions_row rows[ACTION_LEN] = {
#define ACTION(id, name, keys, scope, flags, hint, help)                                           \
    [ACTION_##id] = { name, keys, hint, help, SCOPE_##scope, flags },
#include "ui/actions.def"
#undef ACTION
};

static const char *const scope_names[SCOPE_LEN] = {
    [SCOPE_POD] = "Pods",
    [SCOPE_SCALABLE] = "Scaling",
    [SCOPE_ROLLOUT] = "Rollouts",
    [SCOPE_SECRET] = "Secrets",
    [SCOPE_NAMESPACE] = "Namespaces",
    [SCOPE_NODE] = "Nodes",
    [SCOPE_FLEET] = "Adding",
    [SCOPE_MACHINE] = "Machines",
    [SCOPE_CONTAINER] = "Containers",
    [SCOPE_HISTORY] = "History",
    [SCOPE_LOGS] = "Logs",
    [SCOPE_YAML] = "YAML",
    [SCOPE_OBJECT] = "Objects",
    [SCOPE_TEXT] = "Text",
    [SCOPE_TABLE] = "Tables",
    [SCOPE_MOVE] = "Moving",
    [SCOPE_GLOBAL] = "General",
};

const struct actions_row *
actions_row(enum action action)
{
    return &rows[action];
}

const char *
actions_scope_name(enum scope scope)
{
    return scope_names[scope];
}

static int
bind_keys(struct actions_map *map, enum action action, struct str list, struct err **err)
{
    uint32_t keys[ACTIONS_KEYS_MAX] = { 0 };
    size_t len = 0;

    while (list.size > 0) {
        struct str name = str_trim(str_cut(list, ',', &list));
        uint32_t key = keys_parse(name);
        if (key == KEYS_NONE) {
            return err_set(err, ERR_IO, "'" STR_FMT "' names no key", STR_ARG(name));
        }
        if (len == ACTIONS_KEYS_MAX) {
            return err_set(err, ERR_IO, "at most %d keys for one action", ACTIONS_KEYS_MAX);
        }
        keys[len++] = key;
    }
    memcpy(map->keys[action], keys, sizeof(keys));
    return 0;
}

void
actions_init(struct actions_map *map)
{
    *map = (struct actions_map){ 0 };
    for (int i = ACTION_NONE + 1; i < ACTION_LEN; i++) {
        AUTO_ERR struct err *err = NULL;
        /* Our own table: a test walks it. */
        (void)bind_keys(map, (enum action)i, str_of(rows[i].keys), &err);
    }
}

static enum action
action_named(struct str name)
{
    for (int i = ACTION_NONE + 1; i < ACTION_LEN; i++) {
        if (str_is(name, rows[i].name)) {
            return (enum action)i;
        }
    }
    return ACTION_NONE;
}

int
actions_bind(struct actions_map *map, struct str yaml, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct actions_map out = *map;
    struct str json;
    const struct doc *doc;

    if (doc_yaml_to_json(arena, yaml, &json, err) != 0) {
        return -1;
    }
    doc = doc_parse(arena, json, err);
    if (doc == NULL) {
        return -1;
    }
    VAL_EACH (it, doc_root(doc)) {
        enum action action = action_named(it.key);
        if (action == ACTION_NONE) {
            return err_set(err, ERR_IO, "unknown action '" STR_FMT "'", STR_ARG(it.key));
        }
        if (bind_keys(&out, action, val_str(it.value), err) != 0) {
            return err_wrap(err, "keys of '%s'", rows[action].name);
        }
    }
    *map = out;
    return 0;
}

static bool
has_key(const struct actions_map *map, int action, uint32_t key)
{
    for (size_t i = 0; i < ACTIONS_KEYS_MAX; i++) {
        if (map->keys[action][i] == key) {
            return true;
        }
    }
    return false;
}

enum action
actions_find(const struct actions_map *map, uint32_t key, unsigned scopes)
{
    enum action found = ACTION_NONE;

    if (key == KEYS_NONE) {
        return ACTION_NONE;
    }
    for (int i = ACTION_NONE + 1; i < ACTION_LEN; i++) {
        bool is_open = (scopes & SCOPE_BIT(rows[i].scope)) != 0 &&
                       !(map->is_readonly && (rows[i].flags & ACTIONS_DANGER) != 0);
        if (is_open && has_key(map, i, key) &&
            (found == ACTION_NONE || rows[i].scope < rows[found].scope)) {
            found = (enum action)i;
        }
    }
    return found;
}

struct str
actions_keys_text(const struct actions_map *map, enum action action, char text[128])
{
    size_t size = 0;

    text[0] = '\0';
    for (size_t i = 0; i < ACTIONS_KEYS_MAX && map->keys[action][i] != KEYS_NONE; i++) {
        char name[KEYS_NAME_SIZE];
        (void)keys_name(map->keys[action][i], name);
        size += (size_t)snprintf(text + size, 128 - size, "%s%s", i == 0 ? "" : ", ", name);
    }
    return str_slice(text, size);
}
