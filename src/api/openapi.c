/* OpenAPI v3 documents of the group versions, and the constant v2 one.  Called by discovery; pure.
 *
 * What kubectl, helm and client generators read is there: paths with their kinds, the patch
 * operation with fieldValidation and its media types, and a schema per type with merge keys and
 * list types (api-compat §4). Names and forms follow kube-apiserver's published documents. */
#include "config.h" /* IWYU pragma: keep */

#include "api/openapi.h"

#include "api/registry.h"
#include "api/schema_docs.h"
#include "base/arena.h"
#include "base/map.h"

#define META "io.k8s.apimachinery.pkg.apis.meta.v1."
#define SCHEMAS "#/components/schemas/"

/* ---- names of schemas ---- */

/* Scalars that have a schema of their own. */
static const struct {
    enum field_type type;
    const char *name, *schema;
} scalars[] = {
    { FIELD_QUANTITY, "io.k8s.apimachinery.pkg.api.resource.Quantity",
      "{\"description\":\"An amount with an optional SI or binary suffix, such as 500m or 2Gi.\","
      "\"oneOf\":[{\"type\":\"string\"},{\"type\":\"number\"}]}" },
    { FIELD_TIME, META "Time",
      "{\"description\":\"A time in RFC 3339, whole seconds.\",\"type\":\"string\","
      "\"format\":\"date-time\"}" },
    { FIELD_MICROTIME, META "MicroTime",
      "{\"description\":\"A time in RFC 3339 with microseconds.\",\"type\":\"string\","
      "\"format\":\"date-time\"}" },
    { FIELD_DURATION, META "Duration",
      "{\"description\":\"A duration such as 1h30m.\",\"type\":\"string\"}" },
    { FIELD_INT_OR_STRING, "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
      "{\"description\":\"A number or a text.\",\"format\":\"int-or-string\","
      "\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"string\"}]}" },
    { FIELD_RAW, "io.k8s.apimachinery.pkg.runtime.RawExtension",
      "{\"description\":\"Any object, kept as it is.\",\"type\":\"object\"}" },
    { FIELD_FIELDS_V1, META "FieldsV1",
      "{\"description\":\"A set of fields as a tree of names.\",\"type\":\"object\"}" },
    { FIELD_ANY, "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON",
      "{\"description\":\"Any JSON value.\"}" },
};

/* "core/v1.PodSpec" → "io.k8s.api.core.v1.PodSpec". */
static struct str
schema_name(struct arena *arena, const struct type *type)
{
    static const struct {
        const char *group, *prefix;
    } elsewhere[] = {
        { "meta", "io.k8s.apimachinery.pkg.apis.meta" },
        { "apiextensions", "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions" },
        { "binnacle", "io.binnacle" },
    };
    struct str rest, group = str_cut(str_of(type->name), '/', &rest);
    for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++) {
        if (str_is(group, elsewhere[i].group)) {
            return arena_printf(arena, "%s." STR_FMT, elsewhere[i].prefix, STR_ARG(rest));
        }
    }
    return arena_printf(arena, "io.k8s.api." STR_FMT "." STR_FMT, STR_ARG(group), STR_ARG(rest));
}

/* ---- one document ---- */

struct doc_run {
    struct arena *arena;
    struct jw *out;
    struct map seen; /* schema name → type */
    const struct type **queue;
    size_t queue_len, queue_capacity;
    unsigned scalars_seen;
};

static void
need(struct doc_run *run, const struct type *type)
{
    struct str name = schema_name(run->arena, type);
    if (map_get(&run->seen, name) != NULL) {
        return;
    }
    (void)map_put(&run->seen, name, (void *)(uintptr_t)type);
    if (run->queue_len == run->queue_capacity) {
        size_t capacity = run->queue_capacity == 0 ? 64 : run->queue_capacity * 2;
        run->queue = arena_grow(run->arena, run->queue, run->queue_capacity * sizeof(*run->queue),
                                capacity * sizeof(*run->queue));
        run->queue_capacity = capacity;
    }
    run->queue[run->queue_len++] = type;
}

static void
write_ref(struct doc_run *run, struct str name)
{
    jw_keyz(run->out, "$ref");
    jw_printf(run->out, SCHEMAS STR_FMT, STR_ARG(name));
}

static void
write_ref_with_default(struct doc_run *run, struct str name)
{
    jw_keyz(run->out, "default");
    jw_obj(run->out);
    jw_end(run->out);
    jw_keyz(run->out, "allOf");
    jw_arr(run->out);
    jw_obj(run->out);
    write_ref(run, name);
    jw_end(run->out);
    jw_end(run->out);
}

/* Members of the schema of one value (a field that is no list or map, or an item of one). */
static void
write_value(struct doc_run *run, const struct field *f, bool is_pointer)
{
    static const struct {
        enum field_type type;
        const char *name, *format, *zero;
    } plain[] = {
        { FIELD_STRING, "string", NULL, "\"\"" },  { FIELD_BOOL, "boolean", NULL, "false" },
        { FIELD_INT32, "integer", "int32", "0" },  { FIELD_INT64, "integer", "int64", "0" },
        { FIELD_DOUBLE, "number", "double", "0" }, { FIELD_BYTES, "string", "byte", NULL },
    };
    if (f->type == FIELD_OBJECT) {
        need(run, f->of);
        struct str name = schema_name(run->arena, f->of);
        if (is_pointer) {
            write_ref(run, name);
        } else {
            write_ref_with_default(run, name);
        }
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(scalars); i++) {
        if (scalars[i].type == f->type) {
            run->scalars_seen |= 1U << i;
            write_ref(run, str_of(scalars[i].name));
            return;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
        if (plain[i].type == f->type) {
            jw_kvz(run->out, "type", plain[i].name);
            if (plain[i].format != NULL) {
                jw_kvz(run->out, "format", plain[i].format);
            }
            bool is_item = f->card == CARD_LIST || f->card == CARD_MAP;
            if (plain[i].zero != NULL && is_item) {
                jw_keyz(run->out, "default");
                jw_raw(run->out, str_of(plain[i].zero));
            }
        }
    }
}

static void
write_extensions(struct doc_run *run, const struct field *f)
{
    static const char *const strategies[] = {
        [PATCH_MERGE] = "merge",
        [PATCH_REPLACE] = "replace",
        [PATCH_RETAIN_KEYS] = "retainKeys",
        [PATCH_MERGE_RETAIN_KEYS] = "merge,retainKeys",
    };
    struct jw *w = run->out;
    if (f->card == CARD_LIST && f->list == LIST_MAP) {
        jw_keyz(w, "x-kubernetes-list-map-keys");
        jw_arr(w);
        for (struct str rest = str_of(f->list_keys); rest.size > 0;) {
            jw_str(w, str_cut(rest, ',', &rest));
        }
        jw_end(w);
    }
    if (f->card == CARD_LIST) {
        jw_kvz(w, "x-kubernetes-list-type",
               f->list == LIST_MAP   ? "map"
               : f->list == LIST_SET ? "set"
                                     : "atomic");
    } else if ((f->flags & FIELD_ATOMIC) != 0) {
        jw_kvz(w, "x-kubernetes-map-type", "atomic");
    }
    if (f->merge_key != NULL) {
        jw_kvz(w, "x-kubernetes-patch-merge-key", f->merge_key);
    }
    if (f->patch != PATCH_NONE) {
        jw_kvz(w, "x-kubernetes-patch-strategy", strategies[f->patch]);
    }
}

static void
write_field(struct doc_run *run, const struct field *f, const struct schema_doc *docs)
{
    struct jw *w = run->out;
    const char *text = f->doc != NULL ? f->doc : schema_docs_field(docs, f->json);
    jw_keyz(w, f->json);
    jw_obj(w);
    if (text != NULL) {
        jw_kvz(w, "description", text);
    }
    if (f->card == CARD_LIST || f->card == CARD_MAP) {
        jw_kvz(w, "type", f->card == CARD_LIST ? "array" : "object");
        jw_keyz(w, f->card == CARD_LIST ? "items" : "additionalProperties");
        jw_obj(w);
        write_value(run, f, false);
        jw_end(w);
    } else {
        write_value(run, f, f->card == CARD_PTR);
    }
    write_extensions(run, f);
    jw_end(w);
}

static void
write_fields(struct doc_run *run, const struct type *type)
{
    const struct schema_doc *docs = schema_docs_of(type->name);
    for (uint16_t i = 0; i < type->field_len; i++) {
        const struct field *f = &type->fields[i];
        if ((f->flags & FIELD_INLINE) != 0) {
            write_fields(run, f->of);
        } else {
            write_field(run, f, docs);
        }
    }
}

static void
write_required(struct doc_run *run, const struct type *type)
{
    bool is_open = false;
    for (uint16_t i = 0; i < type->field_len; i++) {
        if ((type->fields[i].flags & FIELD_REQUIRED) == 0) {
            continue;
        }
        if (!is_open) {
            jw_keyz(run->out, "required");
            jw_arr(run->out);
            is_open = true;
        }
        jw_strz(run->out, type->fields[i].json);
    }
    if (is_open) {
        jw_end(run->out);
    }
}

static void
write_gvk(struct jw *w, const struct resource *r, const char *suffix)
{
    jw_obj(w);
    jw_keyz(w, "group");
    jw_strz(w, r->group);
    jw_keyz(w, "version");
    jw_strz(w, r->version);
    jw_keyz(w, "kind");
    jw_printf(w, "%s%s", r->kind, suffix);
    jw_end(w);
}

static void
write_type(struct doc_run *run, const struct type *type, const struct resource *resource)
{
    struct jw *w = run->out;
    jw_key(w, schema_name(run->arena, type));
    jw_obj(w);
    const struct schema_doc *docs = schema_docs_of(type->name);
    if (docs != NULL) {
        jw_kvz(w, "description", docs->text);
    }
    jw_kvz(w, "type", "object");
    write_required(run, type);
    jw_keyz(w, "properties");
    jw_obj(w);
    write_fields(run, type);
    jw_end(w);
    if (resource != NULL) {
        jw_keyz(w, "x-kubernetes-group-version-kind");
        jw_arr(w);
        write_gvk(w, resource, "");
        jw_end(w);
    } else if (type->atomic) {
        jw_kvz(w, "x-kubernetes-map-type", "atomic");
    }
    jw_end(w);
}

static void
write_list_type(struct doc_run *run, const struct resource *r)
{
    struct jw *w = run->out;
    struct str item = schema_name(run->arena, r->type);
    jw_key(w, arena_printf(run->arena, STR_FMT "List", STR_ARG(item)));
    jw_obj(w);
    jw_kvz(w, "type", "object");
    jw_keyz(w, "required");
    jw_raw(w, STR("[\"items\"]"));
    jw_keyz(w, "properties");
    jw_obj(w);
    jw_keyz(w, "apiVersion");
    jw_raw(w, STR("{\"type\":\"string\"}"));
    jw_keyz(w, "items");
    jw_obj(w);
    jw_kvz(w, "type", "array");
    jw_keyz(w, "items");
    jw_obj(w);
    write_ref_with_default(run, item);
    jw_end(w);
    jw_end(w);
    jw_keyz(w, "kind");
    jw_raw(w, STR("{\"type\":\"string\"}"));
    jw_keyz(w, "metadata");
    jw_obj(w);
    write_ref_with_default(run, STR(META "ListMeta"));
    jw_end(w);
    jw_end(w);
    jw_keyz(w, "x-kubernetes-group-version-kind");
    jw_arr(w);
    write_gvk(w, r, "List");
    jw_end(w);
    jw_end(w);
}

/* ---- paths ---- */

struct operation {
    const char *method, *action;
    unsigned verb;
    bool has_body;
};
static const struct operation list_operations[] = {
    { "get", "list", VERB_LIST, false },
    { "post", "post", VERB_CREATE, true },
    { "delete", "deletecollection", VERB_DELETECOLLECTION, false },
};
static const struct operation item_operations[] = {
    { "get", "get", VERB_GET, false },
    { "put", "put", VERB_UPDATE, true },
    { "delete", "delete", VERB_DELETE, false },
    { "patch", "patch", VERB_PATCH, true },
};

static void
write_body(struct doc_run *run, const struct resource *r, const struct operation *op)
{
    static const char *const patches[] = {
        "application/apply-patch+yaml",
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
    };
    struct jw *w = run->out;
    bool is_patch = op->verb == VERB_PATCH;
    jw_keyz(w, "requestBody");
    jw_obj(w);
    jw_keyz(w, "content");
    jw_obj(w);
    for (size_t i = 0; i < ARRAY_LEN(patches) && is_patch; i++) {
        if ((r->flags & RES_CRD) != 0 && i == 3) {
            continue; /* custom resources know no strategic merge */
        }
        jw_keyz(w, patches[i]);
        jw_raw(w, STR("{\"schema\":{\"type\":\"object\"}}"));
    }
    if (!is_patch && r->type != NULL) {
        jw_keyz(w, "*/*");
        jw_obj(w);
        jw_keyz(w, "schema");
        jw_obj(w);
        write_ref(run, schema_name(run->arena, r->type));
        jw_end(w);
        jw_end(w);
    }
    jw_end(w);
    jw_end(w);
}

static void
write_operation(struct doc_run *run, const struct resource *r, const struct operation *op)
{
    static const char parameters[] =
        "[{\"name\":\"dryRun\",\"in\":\"query\",\"schema\":{\"type\":\"string\"}},"
        "{\"name\":\"fieldManager\",\"in\":\"query\",\"schema\":{\"type\":\"string\"}},"
        "{\"name\":\"fieldValidation\",\"in\":\"query\",\"schema\":{\"type\":\"string\"}}]";
    struct jw *w = run->out;
    jw_keyz(w, op->method);
    jw_obj(w);
    if (op->has_body) {
        jw_keyz(w, "parameters");
        jw_raw(w, str_of(parameters));
        write_body(run, r, op);
    }
    jw_keyz(w, "responses");
    jw_raw(w, STR("{\"200\":{\"description\":\"OK\"},\"401\":{\"description\":\"Unauthorized\"}}"));
    jw_kvz(w, "x-kubernetes-action", op->action);
    jw_keyz(w, "x-kubernetes-group-version-kind");
    write_gvk(w, r, "");
    jw_end(w);
}

static void
write_path(struct doc_run *run, const struct resource *r, const char *tail,
           const struct operation *operations, size_t len)
{
    struct jw *w = run->out;
    bool is_core = r->group[0] == '\0';
    jw_keyz(w, (const char *)arena_printf(
                   run->arena, "/%s%s%s/%s/%s%s%s", is_core ? "api" : "apis", is_core ? "" : "/",
                   r->group, r->version, resource_is_namespaced(r) ? "namespaces/{namespace}/" : "",
                   r->plural, tail)
                   .at);
    jw_obj(w);
    for (size_t i = 0; i < len; i++) {
        if ((r->verbs & operations[i].verb) != 0) {
            write_operation(run, r, &operations[i]);
        }
    }
    jw_end(w);
}

static void
write_paths(struct doc_run *run, const struct resource *r)
{
    write_path(run, r, "", list_operations, ARRAY_LEN(list_operations));
    if ((r->verbs & VERB_GET) != 0) {
        write_path(run, r, "/{name}", item_operations, ARRAY_LEN(item_operations));
    }
    for (size_t i = 0; i < r->subresource_len; i++) {
        const struct subresource *sub = &r->subresources[i];
        if ((sub->verbs & VERB_PATCH) != 0) {
            write_path(run, r,
                       arena_dupz(run->arena, arena_printf(run->arena, "/{name}/%s", sub->name)),
                       item_operations, ARRAY_LEN(item_operations));
        }
    }
}

/* ---- documents ---- */

static bool
is_in_group(const struct resource *r, struct str path)
{
    struct str rest, kind = str_cut(path, '/', &rest);
    if (str_is(kind, "api")) {
        return r->group[0] == '\0' && str_is(rest, r->version);
    }
    struct str version, group = str_cut(rest, '/', &version);
    return str_is(kind, "apis") && group.size > 0 && str_is(group, r->group) &&
           str_is(version, r->version);
}

static const struct resource *
resource_of_type(const struct registry *registry, struct str path, const struct type *type)
{
    for (size_t i = 0; i < registry_len(registry); i++) {
        const struct resource *r = registry_at(registry, i);
        if (r->type == type && is_in_group(r, path)) {
            return r;
        }
    }
    return NULL;
}

static void
write_schemas(struct doc_run *run, const struct registry *registry, struct str path)
{
    for (size_t i = 0; i < registry_len(registry); i++) {
        const struct resource *r = registry_at(registry, i);
        if (is_in_group(r, path) && r->type != NULL) {
            need(run, r->type);
            if ((r->verbs & VERB_LIST) != 0) {
                write_list_type(run, r);
            }
        }
    }
    for (size_t i = 0; i < run->queue_len; i++) {
        write_type(run, run->queue[i], resource_of_type(registry, path, run->queue[i]));
    }
    for (size_t i = 0; i < ARRAY_LEN(scalars); i++) {
        if ((run->scalars_seen & 1U << i) != 0) {
            jw_keyz(run->out, scalars[i].name);
            jw_raw(run->out, str_of(scalars[i].schema));
        }
    }
    jw_keyz(run->out, META "ListMeta");
    jw_raw(run->out,
           STR("{\"type\":\"object\",\"properties\":{\"continue\":{\"type\":\"string\"},"
               "\"remainingItemCount\":{\"type\":\"integer\",\"format\":\"int64\"},"
               "\"resourceVersion\":{\"type\":\"string\"},\"selfLink\":{\"type\":\"string\"}}}"));
}

bool
openapi_v3_group(const struct registry *registry, struct str path, struct jw *out)
{
    bool found = false;
    for (size_t i = 0; i < registry_len(registry) && !found; i++) {
        found = is_in_group(registry_at(registry, i), path);
    }
    if (!found) {
        return false;
    }
    AUTO_ARENA struct arena *arena = arena_new();
    struct doc_run run = { .arena = arena, .out = out };
    jw_obj(out);
    jw_kvz(out, "openapi", "3.0.0");
    jw_keyz(out, "info");
    jw_raw(out, STR("{\"title\":\"Kubernetes\",\"version\":\"1.35\"}"));
    jw_keyz(out, "paths");
    jw_obj(out);
    for (size_t i = 0; i < registry_len(registry); i++) {
        if (is_in_group(registry_at(registry, i), path)) {
            write_paths(&run, registry_at(registry, i));
        }
    }
    jw_end(out);
    jw_keyz(out, "components");
    jw_obj(out);
    jw_keyz(out, "schemas");
    jw_obj(out);
    write_schemas(&run, registry, path);
    jw_end(out);
    jw_end(out);
    jw_end(out);
    map_done(&run.seen, NULL);
    return true;
}
