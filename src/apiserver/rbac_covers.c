/* Does somebody hold what they want to give away? Rules are broken down to single rights, as
 * component-helpers/auth/rbac/validation.Covers does, and what is missing is put together again
 * (CompactRules) for the message.
 *
 * Called by authz.c for escalation checks. Loop thread. */
#include "config.h"

#include <stdlib.h>

#include "apiserver/authz.h"
#include "apiserver/rbac.h"
#include "base/arena.h"
#include "base/map.h"
#include "base/mem.h"

struct cover {
    struct rbac *rbac;
    struct arena *arena;
    struct authz_attrs attrs; /* user and namespace set */
    struct map resources;     /* "group\0resource\0name" → struct missing */
    struct missing *list;     /* newest first */
    size_t len;
};
/* Rights on one resource, or one URL with one verb. */
struct missing {
    struct str head;  /* {APIGroups:["a"], Resources:["b"] */
    struct str verbs; /* "get" "list" */
    struct missing *next;
};

static struct str
quoted(struct cover *c, const char *name, struct str text)
{
    return arena_printf(c->arena, "%s:[\"" STR_FMT "\"]", name, STR_ARG(text));
}

static bool
holds(struct cover *c)
{
    struct str reason;
    return rbac_allows(c->rbac, &c->attrs, c->arena, &reason);
}

static struct missing *
add(struct cover *c, struct str head)
{
    struct missing *missing = ARENA_NEW(c->arena, struct missing);
    missing->head = head;
    missing->verbs = arena_printf(c->arena, "\"" STR_FMT "\"", STR_ARG(c->attrs.verb));
    missing->next = c->list;
    c->list = missing;
    c->len++;
    return missing;
}

static void
check_resource(struct cover *c, struct str group, struct str resource, struct val name)
{
    c->attrs.is_resource = true;
    c->attrs.group = group;
    c->attrs.resource = str_cut(resource, '/', &c->attrs.subresource);
    c->attrs.name = val_str(name);
    if (holds(c)) {
        return;
    }
    struct str head = arena_printf(
        c->arena, "{" STR_FMT ", " STR_FMT "%s" STR_FMT, STR_ARG(quoted(c, "APIGroups", group)),
        STR_ARG(quoted(c, "Resources", resource)), val_is(name) ? ", " : "",
        STR_ARG(val_is(name) ? quoted(c, "ResourceNames", val_str(name)) : (struct str){ 0 }));
    struct missing *known = map_get(&c->resources, head);
    if (known == NULL) {
        (void)map_put(&c->resources, head, add(c, head));
        return;
    }
    struct str verb = arena_printf(c->arena, "\"" STR_FMT "\"", STR_ARG(c->attrs.verb));
    if (!str_contains(known->verbs, verb)) {
        known->verbs =
            arena_printf(c->arena, STR_FMT " " STR_FMT, STR_ARG(known->verbs), STR_ARG(verb));
    }
}

static void
check_url(struct cover *c, struct str url)
{
    c->attrs.is_resource = false;
    c->attrs.path = url;
    if (!holds(c)) {
        (void)add(c,
                  arena_printf(c->arena, "{" STR_FMT, STR_ARG(quoted(c, "NonResourceURLs", url))));
    }
}

static void
check_rule(struct cover *c, struct val rule)
{
    const struct val any = { 0 };
    struct val names = val_get(rule, "resourceNames");
    VAL_EACH (verb, val_get(rule, "verbs")) {
        c->attrs.verb = val_str(verb.value);
        VAL_EACH (group, val_get(rule, "apiGroups")) {
            VAL_EACH (resource, val_get(rule, "resources")) {
                struct str g = val_str(group.value), r = val_str(resource.value);
                if (val_len(names) == 0) {
                    check_resource(c, g, r, any);
                }
                VAL_EACH (name, names) {
                    check_resource(c, g, r, name.value);
                }
            }
        }
        VAL_EACH (url, val_get(rule, "nonResourceURLs")) {
            check_url(c, val_str(url.value));
        }
    }
}

static int
by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* The lines of the message, each once and sorted. */
static struct str
describe(const struct cover *c)
{
    AUTO_STR struct str_builder text = { 0 };
    struct str *lines = arena_array(c->arena, c->len + 1, sizeof(*lines));
    size_t len = 0;
    for (const struct missing *m = c->list; m != NULL; m = m->next) {
        lines[len++] = arena_printf(c->arena, STR_FMT ", Verbs:[" STR_FMT "]}", STR_ARG(m->head),
                                    STR_ARG(m->verbs));
    }
    qsort(lines, len, sizeof(*lines), by_bytes);
    for (size_t i = 0; i < len; i++) {
        if (i == 0 || !str_eq(lines[i - 1], lines[i])) {
            str_putf(&text, "%s" STR_FMT, i == 0 ? "" : "\n", STR_ARG(lines[i]));
        }
    }
    return arena_dup(c->arena, str_view(&text));
}

bool
rbac_covers(struct rbac *rbac, const struct req_user *user, struct str ns, struct val rules,
            struct arena *arena, struct str *ret_missing)
{
    struct cover c = { .rbac = rbac, .arena = arena, .attrs = { .user = user, .ns = ns } };
    VAL_EACH (it, rules) {
        check_rule(&c, it.value);
    }
    map_done(&c.resources, NULL);
    *ret_missing = describe(&c);
    return c.len == 0;
}
