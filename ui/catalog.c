/* Discovery for the console: kinds by their names.  Called by the command prompt and by views that
 * follow references; console's thread.
 *
 * Aggregated discovery (two requests) where the server has it, as kube-apiserver does since 1.26;
 * from older ones each group's list is asked for. Rows are never freed before the catalog, because
 * views hold them. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/catalog.h"

#include <stdlib.h>

#include "api/registry.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/vec.h"
#include "client/client.h"
#include "ui/ask.h"

enum { NAMES_MAX = 16, SUBS_MAX = 16, ENTRIES_MAX = 20000 };

static const char aggregated[] =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

struct entry {
    const struct resource *resource;
    bool is_served;
    bool is_preferred; /* of its group's versions */
};
struct catalog {
    struct client *client;
    void (*changed)(void *ctx);
    void *ctx;
    struct asks asks;
    struct arena *arena; /* resources, their names */
    VEC(struct entry) entries;
    int waiting;               /* answers of this round */
    bool is_known, has_failed; /* has_failed: in this round */
};
/* One GET of discovery. */
struct round {
    struct catalog *catalog;
    struct str group, version; /* of a legacy list */
    bool is_preferred;
};

/* ---- entries ---- */

static struct entry *
find_entry(struct catalog *catalog, struct str group, struct str version, struct str plural)
{
    for (size_t i = 0; i < catalog->entries.len; i++) {
        const struct resource *r = catalog->entries.at[i].resource;
        if (str_is(plural, r->plural) && str_is(group, r->group) && str_is(version, r->version)) {
            return &catalog->entries.at[i];
        }
    }
    return NULL;
}

static const char *const *
names_of(struct arena *arena, struct val list)
{
    const char **names = arena_array(arena, NAMES_MAX + 1, sizeof(*names));
    size_t len = 0;

    VAL_EACH (it, list) {
        if (len < NAMES_MAX) {
            names[len++] = arena_dupz(arena, val_str(it.value));
        }
    }
    return names;
}

static unsigned
verbs_of(struct val list)
{
    static const struct {
        const char *name;
        enum verb verb;
    } verbs[] = {
        { "get", VERB_GET },       { "list", VERB_LIST },   { "watch", VERB_WATCH },
        { "create", VERB_CREATE }, { "patch", VERB_PATCH }, { "update", VERB_UPDATE },
        { "delete", VERB_DELETE },
    };
    unsigned bits = 0;

    VAL_EACH (it, list) {
        for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
            bits |= val_is_str(it.value, verbs[i].name) ? verbs[i].verb : 0;
        }
    }
    return bits;
}

static void
add_entry(struct catalog *catalog, struct resource *resource, bool is_preferred)
{
    struct entry *entry = find_entry(catalog, str_of(resource->group), str_of(resource->version),
                                     str_of(resource->plural));

    if (entry != NULL) {
        entry->is_served = true;
        entry->is_preferred = is_preferred;
        if (entry->resource->type == NULL) {
            return; /* as before; views may hold it */
        }
        entry->resource = resource;
        return;
    }
    if (catalog->entries.len < ENTRIES_MAX) {
        VEC_ADD(catalog->entries, (struct entry){ resource, true, is_preferred });
    }
}

/* A resource of aggregated discovery. */
static void
read_resource(struct catalog *catalog, struct str group, struct str version, struct val v,
              bool is_preferred)
{
    struct arena *arena = catalog->arena;
    struct resource *r = ARENA_NEW(arena, struct resource);
    struct subresource *subs = arena_array(arena, SUBS_MAX, sizeof(*subs));

    r->group = arena_dupz(arena, group);
    r->version = arena_dupz(arena, version);
    r->kind = arena_dupz(arena, val_str(val_at(v, "responseKind.kind")));
    r->list_kind = arena_printf(arena, "%sList", r->kind).at;
    r->plural = arena_dupz(arena, val_str(val_get(v, "resource")));
    r->singular = arena_dupz(arena, val_str(val_get(v, "singularResource")));
    r->short_names = names_of(arena, val_get(v, "shortNames"));
    r->categories = names_of(arena, val_get(v, "categories"));
    r->verbs = verbs_of(val_get(v, "verbs"));
    r->flags = val_is_str(val_get(v, "scope"), "Namespaced") ? RES_NAMESPACED : 0;
    VAL_EACH (it, val_get(v, "subresources")) {
        if (r->subresource_len < SUBS_MAX) {
            subs[r->subresource_len++].name =
                arena_dupz(arena, val_str(val_get(it.value, "subresource")));
        }
    }
    r->subresources = subs;
    add_entry(catalog, r, is_preferred);
}

static void
read_aggregated(struct catalog *catalog, struct val root)
{
    VAL_EACH (group, val_get(root, "items")) {
        struct str name = val_str(val_at(group.value, "metadata.name"));
        bool is_first = true;
        VAL_EACH (version, val_get(group.value, "versions")) {
            VAL_EACH (resource, val_get(version.value, "resources")) {
                read_resource(catalog, name, val_str(val_get(version.value, "version")),
                              resource.value, is_first);
            }
            is_first = false;
        }
    }
}

/* ---- legacy discovery ---- */

/* A resource of an APIResourceList; "deployments/scale" belongs to the one before. */
static void
read_legacy(struct catalog *catalog, const struct round *round, struct val list)
{
    struct arena *arena = catalog->arena;
    struct resource *r = NULL;
    struct subresource *subs = NULL;

    VAL_EACH (it, list) {
        struct str sub = { 0 };
        struct str name = str_cut(val_str(val_get(it.value, "name")), '/', &sub);
        if (sub.size > 0) {
            if (r != NULL && str_is(name, r->plural) && r->subresource_len < SUBS_MAX) {
                subs[r->subresource_len++].name = arena_dupz(arena, sub);
            }
            continue;
        }
        r = ARENA_NEW(arena, struct resource);
        r->group = arena_dupz(arena, round->group);
        r->version = arena_dupz(arena, round->version);
        r->kind = arena_dupz(arena, val_str(val_get(it.value, "kind")));
        r->list_kind = arena_printf(arena, "%sList", r->kind).at;
        r->plural = arena_dupz(arena, name);
        r->singular = arena_dupz(arena, val_str(val_get(it.value, "singularName")));
        r->short_names = names_of(arena, val_get(it.value, "shortNames"));
        r->categories = names_of(arena, val_get(it.value, "categories"));
        r->verbs = verbs_of(val_get(it.value, "verbs"));
        r->flags = val_bool(val_get(it.value, "namespaced"), false) ? RES_NAMESPACED : 0;
        subs = arena_array(arena, SUBS_MAX, sizeof(*subs));
        r->subresources = subs;
        add_entry(catalog, r, round->is_preferred);
    }
}

static void ask_path(struct catalog *catalog, struct str path, const struct round *round);

static void
ask_group(struct catalog *catalog, struct str group, struct str version, bool is_preferred)
{
    struct round round = { catalog, arena_dup(catalog->arena, group),
                           arena_dup(catalog->arena, version), is_preferred };

    ask_path(catalog,
             group.size == 0 ? arena_printf(catalog->arena, "/api/" STR_FMT, STR_ARG(version))
                             : arena_printf(catalog->arena, "/apis/" STR_FMT "/" STR_FMT,
                                            STR_ARG(group), STR_ARG(version)),
             &round);
}

/* What came is the answer of a server without aggregated discovery, or a list that one was asked. */
static void
read_answer(struct catalog *catalog, const struct round *round, struct val root)
{
    struct val kind = val_get(root, "kind");

    if (val_is_str(kind, "APIGroupDiscoveryList")) {
        read_aggregated(catalog, root);
    } else if (val_is_str(kind, "APIVersions")) {
        VAL_EACH (it, val_get(root, "versions")) {
            ask_group(catalog, (struct str){ 0 }, val_str(it.value), true);
        }
    } else if (val_is_str(kind, "APIGroupList")) {
        VAL_EACH (group, val_get(root, "groups")) {
            ask_group(catalog, val_str(val_get(group.value, "name")),
                      val_str(val_at(group.value, "preferredVersion.version")), true);
        }
    } else if (val_is_str(kind, "APIResourceList")) {
        read_legacy(catalog, round, val_get(root, "resources"));
    }
}

static void
drop_unserved(struct catalog *catalog)
{
    size_t len = 0;

    for (size_t i = 0; i < catalog->entries.len; i++) {
        if (catalog->entries.at[i].is_served) {
            catalog->entries.at[len++] = catalog->entries.at[i];
        }
    }
    catalog->entries.len = len;
}

static void
on_answer(void *ctx, const struct reply *reply, struct err *owned)
{
    struct round *round = ctx;
    struct catalog *catalog = round->catalog;
    AUTO_ERR struct err *err = owned;
    AUTO_ARENA struct arena *arena = arena_new();
    const struct doc *doc;

    catalog->waiting--;
    if (err == NULL) {
        doc = doc_parse(arena, reply->bytes, &err);
        if (doc != NULL) {
            read_answer(catalog, round, doc_root(doc));
        }
    }
    catalog->has_failed = catalog->has_failed || err != NULL;
    if (catalog->waiting > 0) {
        return;
    }
    if (!catalog->has_failed) {
        catalog->is_known = true;
        drop_unserved(catalog);
    }
    catalog->changed(catalog->ctx);
}

static void
ask_path(struct catalog *catalog, struct str path, const struct round *round)
{
    struct call call = call_of(VERB_GET, NULL, (struct str){ 0 }, (struct str){ 0 });
    struct round *kept = ARENA_NEW(catalog->arena, struct round);

    *kept = *round;
    call.path = path;
    call.accept = ACCEPT_RAW;
    call.accept_text = aggregated;
    catalog->waiting++;
    (void)ask_call(&catalog->asks, catalog->client, &call, on_answer, kept);
}

void
catalog_refresh(struct catalog *catalog)
{
    struct round round = { .catalog = catalog };

    if (catalog->waiting > 0) {
        return;
    }
    catalog->has_failed = false;
    for (size_t i = 0; i < catalog->entries.len; i++) {
        catalog->entries.at[i].is_served = false;
    }
    ask_path(catalog, STR("/api"), &round);
    ask_path(catalog, STR("/apis"), &round);
}

/* ---- life ---- */

struct catalog *
catalog_new(struct client *client, void (*changed)(void *ctx), void *ctx)
{
    struct catalog *catalog = MEM_NEW(struct catalog);

    catalog->client = client;
    catalog->changed = changed;
    catalog->ctx = ctx;
    catalog->arena = arena_new();
    for (size_t i = 0; i < kinds_builtin_len; i++) {
        VEC_ADD(catalog->entries, (struct entry){ kinds_builtin[i], true, true });
    }
    catalog_refresh(catalog);
    return catalog;
}

void
catalog_free(struct catalog *catalog)
{
    if (catalog == NULL) {
        return;
    }
    ask_drop_all(&catalog->asks);
    VEC_DONE(catalog->entries);
    arena_free(catalog->arena);
    mem_free(catalog);
}

bool
catalog_is_known(const struct catalog *catalog)
{
    return catalog->is_known;
}

/* ---- looking up ---- */

static bool
is_listed(const char *const *names, struct str word)
{
    for (; names != NULL && *names != NULL; names++) {
        if (str_eq_nocase(word, str_of(*names))) {
            return true;
        }
    }
    return false;
}

/* How well a word names a resource: 0 not at all; the plural is better than a short name. */
static int
rank(const struct resource *r, struct str word)
{
    struct str group = { 0 };
    struct str first = str_cut(word, '.', &group);

    if ((r->verbs & VERB_LIST) == 0) {
        return 0; /* reviews and the like: nothing to show */
    }
    if (group.size > 0) {
        return str_eq_nocase(group, str_of(r->group)) && (str_eq_nocase(first, str_of(r->plural)) ||
                                                          str_eq_nocase(first, str_of(r->singular)))
                   ? 4
                   : 0;
    }
    return str_eq_nocase(word, str_of(r->plural))     ? 4
           : str_eq_nocase(word, str_of(r->singular)) ? 3
           : is_listed(r->short_names, word)          ? 2
           : str_eq_nocase(word, str_of(r->kind))     ? 1
                                                      : 0;
}

/* Among equals: the preferred version, then the core group, then the order of discovery. */
static int
favour(const struct entry *entry)
{
    return (entry->is_preferred ? 2 : 0) + (entry->resource->group[0] == '\0' ? 1 : 0);
}

static const struct resource *
find_exact(const struct catalog *catalog, struct str word)
{
    struct str parts[3];

    if (str_split(word, '/', parts, 3) != 3) {
        return NULL;
    }
    for (size_t i = 0; i < catalog->entries.len; i++) {
        const struct resource *r = catalog->entries.at[i].resource;
        if (str_is(parts[0], r->group) && str_is(parts[1], r->version) &&
            str_is(parts[2], r->plural)) {
            return r;
        }
    }
    return NULL;
}

const struct resource *
catalog_find(const struct catalog *catalog, struct str word)
{
    const struct entry *best = NULL;
    int best_rank = 0;

    if (str_contains(word, STR("/"))) {
        return find_exact(catalog, word);
    }
    for (size_t i = 0; i < catalog->entries.len; i++) {
        const struct entry *entry = &catalog->entries.at[i];
        int r = rank(entry->resource, word);
        if (r > best_rank ||
            (r > 0 && r == best_rank && best != NULL && favour(entry) > favour(best))) {
            best = entry;
            best_rank = r;
        }
    }
    return best == NULL ? NULL : best->resource;
}

const struct resource *
catalog_kind(const struct catalog *catalog, struct str api_version, struct str kind)
{
    struct str version = { 0 };
    struct str group = str_cut(api_version, '/', &version);

    if (version.at == NULL) {
        version = group;
        group = (struct str){ 0 };
    }
    for (size_t i = 0; i < catalog->entries.len; i++) {
        const struct resource *r = catalog->entries.at[i].resource;
        if (str_is(group, r->group) && str_is(version, r->version) && str_is(kind, r->kind)) {
            return r;
        }
    }
    return NULL;
}

struct str
catalog_complete(const struct catalog *catalog, struct str prefix, size_t n)
{
    for (size_t i = 0; i < catalog->entries.len; i++) {
        const struct entry *entry = &catalog->entries.at[i];
        struct str plural = str_of(entry->resource->plural);
        if (entry->is_preferred && (entry->resource->verbs & VERB_LIST) != 0 &&
            str_has_prefix(plural, prefix) && n-- == 0) {
            return plural;
        }
    }
    return (struct str){ 0 };
}
