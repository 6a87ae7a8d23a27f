/* What the API has: legacy and aggregated discovery, and the OpenAPI entry points, all written from
 * the pinned registry. Mounts; behind the usual chain. Loop thread.
 *
 * Aggregated documents are apidiscovery.k8s.io/v2, and only for who asks for v2 by name. */
#include "config.h"

#include "apiserver/discovery.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "api/registry.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/rest_sub.h"
#include "apiserver/route.h"
#include "base/arena.h"
#include "base/base64.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/body.h"
#include "net/http.h"

enum { GROUPS_MAX = 256, VERSIONS_MAX = 16, STORAGE_HASH_SIZE = 8 };
static const char aggregated_type[] =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/* Groups and versions in the order of the registry, versions by preference. */
struct discovery_group {
    const char *name;
    const char *versions[VERSIONS_MAX];
    size_t len;
};
struct discovery_groups {
    struct discovery_group at[GROUPS_MAX];
    size_t len;
};

/* ---- collecting ---- */

/* apimachinery/pkg/version: v2 before v1 before v1beta2 before v1beta1 before v1alpha1. */
static int
version_rank(const char *version)
{
    char *end;
    long major = version[0] == 'v' ? strtol(version + 1, &end, 10) : 0;
    if (version[0] != 'v' || end == version + 1) {
        return 0;
    }
    int stage = *end == '\0' ? 3 : strncmp(end, "beta", 4) == 0 ? 2 : 1;
    long minor = stage == 3 ? 0 : strtol(end + (stage == 2 ? 4 : 5), NULL, 10);
    return stage * 1000000 + (int)major * 1000 + (int)minor;
}

static void
add_version(struct discovery_group *group, const char *version)
{
    for (size_t i = 0; i < group->len; i++) {
        if (strcmp(group->versions[i], version) == 0) {
            return;
        }
    }
    if (group->len == VERSIONS_MAX) {
        return;
    }
    size_t at = group->len++;
    while (at > 0 && version_rank(group->versions[at - 1]) < version_rank(version)) {
        group->versions[at] = group->versions[at - 1];
        at--;
    }
    group->versions[at] = version;
}

static const struct discovery_groups *
collect(struct req *req)
{
    struct discovery_groups *groups = ARENA_NEW(req->arena, struct discovery_groups);
    for (size_t i = 0; i < registry_len(req->registry); i++) {
        const struct resource *row = registry_at(req->registry, i);
        struct discovery_group *group = NULL;
        if (!rest_sub_has_resource(row)) {
            continue;
        }
        for (size_t g = 0; g < groups->len && group == NULL; g++) {
            if (strcmp(groups->at[g].name, row->group) == 0) {
                group = &groups->at[g];
            }
        }
        if (group == NULL && groups->len < GROUPS_MAX) {
            group = &groups->at[groups->len++];
            group->name = row->group;
        }
        if (group != NULL) {
            add_version(group, row->version);
        }
    }
    return groups;
}

/* ---- pieces ---- */

static const enum verb verb_order[] = {
    VERB_CREATE, VERB_DELETE, VERB_DELETECOLLECTION, VERB_GET,
    VERB_LIST,   VERB_PATCH,  VERB_UPDATE,           VERB_WATCH
};

static void
put_verbs(struct jw *w, unsigned verbs)
{
    jw_keyz(w, "verbs");
    jw_arr(w);
    for (size_t i = 0; i < ARRAY_LEN(verb_order); i++) {
        if ((verbs & verb_order[i]) != 0) {
            jw_strz(w, verb_name(verb_order[i]));
        }
    }
    if ((verbs & VERB_CONNECT) != 0) {
        jw_strz(w, "create"); /* as RBAC and kubectl see exec and the like */
        jw_strz(w, "get");
    }
    jw_end(w);
}

static void
put_names(struct jw *w, const char *key, const char *const *names)
{
    if (names == NULL || names[0] == NULL) {
        return;
    }
    jw_keyz(w, key);
    jw_arr(w);
    for (; *names != NULL; names++) {
        jw_strz(w, *names);
    }
    jw_end(w);
}

static void
put_kind(struct jw *w, const struct resource *row, const struct subresource *sub)
{
    bool is_own = sub == NULL || sub->kind == NULL;
    jw_keyz(w, "responseKind");
    jw_obj(w);
    jw_keyz(w, "group");
    jw_strz(w, is_own || sub->group == NULL ? row->group : sub->group);
    jw_keyz(w, "version");
    jw_strz(w, is_own || sub->version == NULL ? row->version : sub->version);
    jw_keyz(w, "kind");
    jw_strz(w, is_own ? row->kind : sub->kind);
    jw_end(w);
}

/* ---- aggregated ---- */

static void
put_subresources(struct jw *w, const struct resource *row)
{
    bool any = false;
    for (size_t i = 0; i < row->subresource_len; i++) {
        const struct subresource *sub = &row->subresources[i];
        if (!rest_sub_is_served(row, sub)) {
            continue;
        }
        if (!any) {
            jw_keyz(w, "subresources");
            jw_arr(w);
            any = true;
        }
        jw_obj(w);
        jw_kvz(w, "subresource", sub->name);
        put_kind(w, row, sub);
        put_verbs(w, sub->verbs);
        jw_end(w);
    }
    if (any) {
        jw_end(w);
    }
}

static void
put_resource(struct jw *w, const struct resource *row)
{
    jw_obj(w);
    jw_kvz(w, "resource", row->plural);
    put_kind(w, row, NULL);
    jw_kvz(w, "scope", resource_is_namespaced(row) ? "Namespaced" : "Cluster");
    jw_kvz(w, "singularResource", row->singular);
    put_verbs(w, row->verbs);
    put_names(w, "shortNames", row->short_names);
    put_names(w, "categories", row->categories);
    put_subresources(w, row);
    jw_end(w);
}

static void
put_group_versions(struct jw *w, const struct registry *registry,
                   const struct discovery_group *group)
{
    jw_keyz(w, "versions");
    jw_arr(w);
    for (size_t v = 0; v < group->len; v++) {
        jw_obj(w);
        jw_kvz(w, "version", group->versions[v]);
        jw_keyz(w, "resources");
        jw_arr(w);
        for (size_t i = 0; i < registry_len(registry); i++) {
            const struct resource *row = registry_at(registry, i);
            if (strcmp(row->group, group->name) == 0 &&
                strcmp(row->version, group->versions[v]) == 0 && rest_sub_has_resource(row)) {
                put_resource(w, row);
            }
        }
        jw_end(w);
        jw_kvz(w, "freshness", "Current");
        jw_end(w);
    }
    jw_end(w);
}

static struct str
aggregated(struct req *req, bool is_core)
{
    const struct discovery_groups *groups = collect(req);
    struct jw w;
    jw_init(&w, req->arena);
    jw_obj(&w);
    jw_kvz(&w, "kind", "APIGroupDiscoveryList");
    jw_kvz(&w, "apiVersion", "apidiscovery.k8s.io/v2");
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_end(&w);
    jw_keyz(&w, "items");
    jw_arr(&w);
    for (size_t i = 0; i < groups->len; i++) {
        if ((groups->at[i].name[0] == '\0') != is_core) {
            continue;
        }
        jw_obj(&w);
        jw_keyz(&w, "metadata");
        jw_obj(&w);
        jw_kvz(&w, "name", groups->at[i].name);
        jw_end(&w);
        put_group_versions(&w, req->registry, &groups->at[i]);
        jw_end(&w);
    }
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}

/* The first clause of Accept decides; v2beta1 falls back to the legacy form. */
static bool
wants_aggregated(const struct req *req)
{
    if (req->http == NULL) {
        return false;
    }
    struct str accept = http_header(req->http, "accept");
    while (accept.size > 0) {
        struct str rest;
        struct str clause = str_cut(accept, ',', &rest);
        accept = rest;
        if (str_contains(clause, STR("as=APIGroupDiscoveryList"))) {
            bool is_v2 =
                str_contains(clause, STR("v=v2;")) || str_has_suffix(str_trim(clause), STR("v=v2"));
            if (is_v2 && str_contains(clause, STR("g=apidiscovery.k8s.io"))) {
                return true;
            }
        } else if (str_contains(clause, STR("json")) || str_contains(clause, STR("*/*"))) {
            return false;
        }
    }
    return false;
}

static void
answer_aggregated(struct req *req, bool is_core)
{
    struct str text = aggregated(req, is_core);
    struct str etag = arena_printf(req->arena, "\"%016llX\"", (unsigned long long)str_hash(text));
    req_header(req, "etag", etag);
    req_header(req, "vary", STR("Accept"));
    if (str_eq(http_header(req->http, "if-none-match"), etag)) {
        req_answer_body(req, 304, NULL, NULL);
        return;
    }
    req_answer_body(req, 200, aggregated_type, body_of_copy(text));
}

/* ---- legacy ---- */

static void
begin(struct jw *w, struct req *req, const char *kind, const char *api_version)
{
    jw_init(w, req->arena);
    jw_obj(w);
    jw_kvz(w, "kind", kind);
    jw_kvz(w, "apiVersion", api_version);
}

static void
put_group(struct jw *w, const struct discovery_group *group, struct arena *arena)
{
    jw_kvz(w, "name", group->name);
    jw_keyz(w, "versions");
    jw_arr(w);
    for (size_t v = 0; v < group->len; v++) {
        jw_obj(w);
        jw_kv(w, "groupVersion", arena_printf(arena, "%s/%s", group->name, group->versions[v]));
        jw_kvz(w, "version", group->versions[v]);
        jw_end(w);
    }
    jw_end(w);
    jw_keyz(w, "preferredVersion");
    jw_obj(w);
    jw_kv(w, "groupVersion", arena_printf(arena, "%s/%s", group->name, group->versions[0]));
    jw_kvz(w, "version", group->versions[0]);
    jw_end(w);
}

static void
handle_api(void *ctx, struct req *req)
{
    struct jw w;
    (void)ctx;
    if (wants_aggregated(req)) {
        answer_aggregated(req, true);
        return;
    }
    begin(&w, req, "APIVersions", NULL);
    jw_keyz(&w, "versions");
    jw_arr(&w);
    jw_strz(&w, "v1");
    jw_end(&w);
    jw_keyz(&w, "serverAddressByClientCIDRs");
    jw_arr(&w);
    jw_obj(&w);
    jw_kvz(&w, "clientCIDR", "0.0.0.0/0");
    jw_kv(&w, "serverAddress", req->http != NULL ? req->http->authority : STR("localhost"));
    jw_end(&w);
    jw_end(&w);
    jw_end(&w);
    req_answer_json(req, 200, jw_done(&w));
}

static void
handle_apis(void *ctx, struct req *req)
{
    struct jw w;
    (void)ctx;
    if (wants_aggregated(req)) {
        answer_aggregated(req, false);
        return;
    }
    const struct discovery_groups *groups = collect(req);
    begin(&w, req, "APIGroupList", "v1");
    jw_keyz(&w, "groups");
    jw_arr(&w);
    for (size_t i = 0; i < groups->len; i++) {
        if (groups->at[i].name[0] != '\0') {
            jw_obj(&w);
            put_group(&w, &groups->at[i], req->arena);
            jw_end(&w);
        }
    }
    jw_end(&w);
    jw_end(&w);
    req_answer_json(req, 200, jw_done(&w));
}

static void
not_found(struct req *req)
{
    struct err *err = NULL;
    if (route_not_found(req, &err) < 0) {
        req_fail(req, err);
    }
}

static void
handle_group(void *ctx, struct req *req)
{
    struct jw w;
    const struct discovery_groups *groups = collect(req);
    (void)ctx;
    for (size_t i = 0; i < groups->len; i++) {
        if (groups->at[i].name[0] != '\0' && str_is(req->group, groups->at[i].name)) {
            begin(&w, req, "APIGroup", "v1");
            put_group(&w, &groups->at[i], req->arena);
            jw_end(&w);
            req_answer_json(req, 200, jw_done(&w));
            return;
        }
    }
    not_found(req);
}

/* StorageVersionHash of apiserver/pkg/endpoints/discovery/storageversionhash.go; only what is
 * stored has one. */
static void
put_storage_hash(struct jw *w, const struct resource *row, struct arena *arena)
{
    if ((row->verbs & VERB_LIST) == 0) {
        return;
    }
    const struct resource *stored = row->storage != NULL ? row->storage : row;
    struct str text = arena_printf(arena, "%s/%s/%s", stored->group, stored->version, stored->kind);
    unsigned char sum[EVP_MAX_MD_SIZE];
    if (EVP_Digest(text.at, text.size, sum, NULL, EVP_sha256(), NULL) != 1) {
        return; /* only clients that move storage read it */
    }
    jw_kv(w, "storageVersionHash",
          base64_encode(str_slice((const char *)sum, STORAGE_HASH_SIZE), arena));
}

static void
put_legacy_resource(struct jw *w, const struct resource *row, const struct subresource *sub,
                    struct arena *arena)
{
    bool is_foreign = sub != NULL && sub->kind != NULL;
    jw_obj(w);
    jw_kv(w, "name",
          sub == NULL ? str_of(row->plural) : arena_printf(arena, "%s/%s", row->plural, sub->name));
    jw_keyz(w, "singularName");
    jw_strz(w, sub == NULL ? row->singular : "");
    jw_kbool(w, "namespaced", resource_is_namespaced(row));
    if (is_foreign && sub->group != NULL) {
        jw_kvz(w, "group", sub->group);
        jw_kvz(w, "version", sub->version);
    }
    jw_kvz(w, "kind", is_foreign ? sub->kind : row->kind);
    put_verbs(w, sub == NULL ? row->verbs : sub->verbs);
    if (sub == NULL) {
        put_names(w, "shortNames", row->short_names);
        put_names(w, "categories", row->categories);
        put_storage_hash(w, row, arena);
    }
    jw_end(w);
}

static size_t
put_legacy_resources(struct jw *w, struct req *req)
{
    size_t found = 0;
    jw_keyz(w, "resources");
    jw_arr(w);
    for (size_t i = 0; i < registry_len(req->registry); i++) {
        const struct resource *row = registry_at(req->registry, i);
        if (!str_is(req->group, row->group) || !str_is(req->version, row->version) ||
            !rest_sub_has_resource(row)) {
            continue;
        }
        found++;
        put_legacy_resource(w, row, NULL, req->arena);
        for (size_t s = 0; s < row->subresource_len; s++) {
            if (rest_sub_is_served(row, &row->subresources[s])) {
                put_legacy_resource(w, row, &row->subresources[s], req->arena);
            }
        }
    }
    jw_end(w);
    return found;
}

static void
handle_version(void *ctx, struct req *req)
{
    struct jw w;
    bool is_core = req->group.size == 0;
    (void)ctx;
    begin(&w, req, "APIResourceList", is_core ? NULL : "v1");
    jw_kv(&w, "groupVersion",
          is_core ? req->version
                  : arena_printf(req->arena, STR_FMT "/" STR_FMT, STR_ARG(req->group),
                                 STR_ARG(req->version)));
    size_t found = put_legacy_resources(&w, req);
    jw_end(&w);
    if (found == 0) {
        not_found(req);
        return;
    }
    req_answer_json(req, 200, jw_done(&w));
}

void
discovery_mount(struct apiserver *server)
{
    const struct mount mounts[] = {
        { .path = "/api", .verbs = VERB_GET, .handle = handle_api },
        { .path = "/api/{version}", .verbs = VERB_GET, .handle = handle_version },
        { .path = "/apis", .verbs = VERB_GET, .handle = handle_apis },
        { .path = "/apis/{group}", .verbs = VERB_GET, .handle = handle_group },
        { .path = "/apis/{group}/{version}", .verbs = VERB_GET, .handle = handle_version },
    };
    for (size_t i = 0; i < ARRAY_LEN(mounts); i++) {
        apiserver_mount(server, &mounts[i]);
    }
}
