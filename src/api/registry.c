/* Resources and the set of them that a request pins.
 *
 * A registry is built once (at start, and anew when a CustomResourceDefinition changes) and is
 * constant from then on; any thread reads it. */
#include "config.h"

#include "api/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/mem.h"

enum { REGISTRY_KEY_MAX = 1024 };

struct registry {
    atomic_uint refs;
    const struct resource **resources; /* in the order of discovery */
    size_t len;
    struct map by_plural, by_kind, by_group; /* "group/version/name", "group/plural" */
};

/* kube-apiserver's group priorities, highest first; others follow by name. */
static const char *const registry_groups[] = {
    "",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "discovery.k8s.io",
    "resource.k8s.io",
    "flowcontrol.apiserver.k8s.io",
};

static int registry_cmp(const void *a, const void *b);
static struct str registry_name(char buffer[REGISTRY_KEY_MAX], struct str a, struct str b,
                                struct str c);

const char *
verb_name(enum verb verb)
{
    static const struct {
        enum verb verb;
        const char *name;
    } names[] = {
        { VERB_GET, "get" },         { VERB_LIST, "list" },
        { VERB_WATCH, "watch" },     { VERB_CREATE, "create" },
        { VERB_UPDATE, "update" },   { VERB_PATCH, "patch" },
        { VERB_DELETE, "delete" },   { VERB_DELETECOLLECTION, "deletecollection" },
        { VERB_CONNECT, "connect" }, { VERB_APPLY, "patch" },
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (names[i].verb == verb) {
            return names[i].name;
        }
    }
    return "";
}

const struct subresource *
resource_sub(const struct resource *r, struct str name)
{
    for (size_t i = 0; i < r->subresource_len; i++) {
        if (str_is(name, r->subresources[i].name)) {
            return &r->subresources[i];
        }
    }
    return NULL;
}

struct str
resource_api_version(const struct resource *r, struct arena *arena)
{
    if (r->group[0] == '\0') {
        return str_of(r->version);
    }
    return arena_printf(arena, "%s/%s", r->group, r->version);
}

struct str
resource_qualified(const struct resource *r, struct arena *arena)
{
    if (r->group[0] == '\0') {
        return str_of(r->plural);
    }
    return arena_printf(arena, "%s.%s", r->plural, r->group);
}

struct str
resource_prefix(const struct resource *r, struct arena *arena)
{
    const struct resource *stored = r->storage == NULL ? r : r->storage;
    return arena_printf(arena, "/registry/%s/%s/",
                        stored->group[0] == '\0' ? "core" : stored->group, stored->plural);
}

struct str
resource_key(const struct resource *r, struct str ns, struct str name, struct arena *arena)
{
    struct str prefix = resource_prefix(r, arena);
    if (!resource_is_namespaced(r)) {
        return arena_printf(arena, STR_FMT STR_FMT, STR_ARG(prefix), STR_ARG(name));
    }
    return arena_printf(arena, STR_FMT STR_FMT "/" STR_FMT, STR_ARG(prefix), STR_ARG(ns),
                        STR_ARG(name));
}

struct registry *
registry_new(const struct resource *const *resources, size_t len)
{
    struct registry *registry = MEM_NEW(struct registry);
    atomic_init(&registry->refs, 1);
    registry->resources = mem_new_array(len, sizeof(*registry->resources));
    registry->len = len;
    for (size_t i = 0; i < len; i++) {
        registry->resources[i] = resources[i];
    }
    qsort(registry->resources, len, sizeof(*registry->resources), registry_cmp);
    for (size_t i = 0; i < len; i++) {
        const struct resource *r = registry->resources[i];
        void *value = (void *)(uintptr_t)r;
        char name[REGISTRY_KEY_MAX];
        struct str group = str_of(r->group), version = str_of(r->version);
        (void)map_put(&registry->by_plural, registry_name(name, group, version, str_of(r->plural)),
                      value);
        (void)map_put(&registry->by_kind, registry_name(name, group, version, str_of(r->kind)),
                      value);
        struct str any = registry_name(name, group, STR("*"), str_of(r->plural));
        if (map_get(&registry->by_group, any) == NULL) {
            (void)map_put(&registry->by_group, any, value);
        }
    }
    return registry;
}

struct registry *
registry_ref(struct registry *registry)
{
    (void)atomic_fetch_add_explicit(&registry->refs, 1, memory_order_relaxed);
    return registry;
}

void
registry_unref(struct registry *registry)
{
    if (registry == NULL ||
        atomic_fetch_sub_explicit(&registry->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    map_done(&registry->by_plural, NULL);
    map_done(&registry->by_kind, NULL);
    map_done(&registry->by_group, NULL);
    mem_free(registry->resources);
    mem_free(registry);
}

const struct resource *
registry_find(const struct registry *registry, struct str group, struct str version,
              struct str plural)
{
    char name[REGISTRY_KEY_MAX];
    return map_get(&registry->by_plural, registry_name(name, group, version, plural));
}

const struct resource *
registry_kind(const struct registry *registry, struct str group, struct str version,
              struct str kind)
{
    char name[REGISTRY_KEY_MAX];
    return map_get(&registry->by_kind, registry_name(name, group, version, kind));
}

const struct resource *
registry_any_version(const struct registry *registry, struct str group, struct str plural)
{
    char name[REGISTRY_KEY_MAX];
    return map_get(&registry->by_group, registry_name(name, group, STR("*"), plural));
}

size_t
registry_len(const struct registry *registry)
{
    return registry->len;
}

const struct resource *
registry_at(const struct registry *registry, size_t i)
{
    return registry->resources[i];
}

/* "a/b/c" in the buffer; what does not fit is no name of anything. */
static struct str
registry_name(char buffer[REGISTRY_KEY_MAX], struct str a, struct str b, struct str c)
{
    size_t size = 0;
    if (a.size + b.size + c.size + 2 > REGISTRY_KEY_MAX) {
        return STR("//");
    }
    const struct str parts[] = { a, STR("/"), b, STR("/"), c };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (parts[i].size > 0) {
            memcpy(buffer + size, parts[i].at, parts[i].size);
            size += parts[i].size;
        }
    }
    return str_slice(buffer, size);
}

static size_t
registry_rank(const struct resource *r)
{
    size_t rank = 0;
    while (rank < ARRAY_LEN(registry_groups) && strcmp(r->group, registry_groups[rank]) != 0) {
        rank++;
    }
    return rank;
}

/* GA before beta before alpha, higher numbers first: "v2" "v1" "v1beta2" "v1alpha1". */
static int
registry_version_cmp(const char *a, const char *b)
{
    int kind[2] = { 0 }, major[2] = { 0 }, minor[2] = { 0 };
    const char *versions[] = { a, b };
    for (size_t i = 0; i < 2; i++) {
        char *end = NULL;
        major[i] = versions[i][0] == 'v' ? (int)strtol(versions[i] + 1, &end, 10) : 0;
        const char *rest = end == NULL ? versions[i] : end;
        kind[i] = rest[0] == '\0' ? 0 : rest[0] == 'b' ? 1 : rest[0] == 'a' ? 2 : 3;
        const char *digits = strpbrk(rest, "0123456789");
        minor[i] = digits == NULL ? 0 : (int)strtol(digits, NULL, 10);
    }
    if (kind[0] != kind[1]) {
        return kind[0] - kind[1];
    }
    if (major[0] != major[1]) {
        return major[1] - major[0];
    }
    return minor[0] != minor[1] ? minor[1] - minor[0] : strcmp(a, b);
}

static int
registry_cmp(const void *a, const void *b)
{
    const struct resource *left = *(const struct resource *const *)a;
    const struct resource *right = *(const struct resource *const *)b;
    size_t left_rank = registry_rank(left), right_rank = registry_rank(right);
    if (left_rank != right_rank) {
        return left_rank < right_rank ? -1 : 1;
    }
    int order = strcmp(left->group, right->group);
    if (order == 0) {
        order = registry_version_cmp(left->version, right->version);
    }
    return order != 0 ? order : strcmp(left->plural, right->plural);
}
