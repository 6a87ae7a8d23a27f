/* A call as an HTTP request: method, path and query, body, media type.  Pure; every transport and
 * the log use it, on the loop. */
#include "config.h" /* IWYU pragma: keep */

#include "base/arena.h"
#include "client/client.h"

struct call
call_of(enum verb verb, const struct resource *resource, struct str ns, struct str name)
{
    return (
        struct call){ .verb = verb, .resource = resource, .ns = ns, .name = name, .grace_s = -1 };
}

const char *
call_method(const struct call *call)
{
    switch (call->verb) {
    case VERB_CREATE:
        return "POST";
    case VERB_UPDATE:
        return "PUT";
    case VERB_PATCH:
    case VERB_APPLY:
        return "PATCH";
    case VERB_DELETE:
    case VERB_DELETECOLLECTION:
        return "DELETE";
    case VERB_GET:
    case VERB_LIST:
    case VERB_WATCH:
    case VERB_CONNECT:
    case VERB_ALL:
    default:
        return "GET";
    }
}

const char *
call_content_type(const struct call *call)
{
    static const char *const types[] = {
        [BODY_JSON] = "application/json",
        [BODY_MERGE_PATCH] = "application/merge-patch+json",
        [BODY_STRATEGIC_PATCH] = "application/strategic-merge-patch+json",
        [BODY_JSON_PATCH] = "application/json-patch+json",
        [BODY_APPLY] = "application/apply-patch+yaml",
    };

    return types[call->body_type];
}

static bool
is_delete(const struct call *call)
{
    return call->verb == VERB_DELETE || call->verb == VERB_DELETECOLLECTION;
}

struct str
call_body_text(const struct call *call, struct arena *arena)
{
    bool has_preconditions = call->pre_uid.size > 0 || call->pre_rv.size > 0;
    struct jw w;

    if (!is_delete(call) || call->body.size > 0) {
        return call->body;
    }
    if (!has_preconditions && call->propagation_policy == NULL && call->grace_s < 0 &&
        !call->dry_run) {
        return (struct str){ 0 };
    }
    jw_init(&w, arena);
    jw_obj(&w);
    jw_kvz(&w, "kind", "DeleteOptions");
    jw_kvz(&w, "apiVersion", "v1");
    if (call->grace_s >= 0) {
        jw_kint(&w, "gracePeriodSeconds", call->grace_s);
    }
    if (has_preconditions) {
        jw_keyz(&w, "preconditions");
        jw_obj(&w);
        jw_kv(&w, "uid", call->pre_uid);
        jw_kv(&w, "resourceVersion", call->pre_rv);
        jw_end(&w);
    }
    if (call->propagation_policy != NULL) {
        jw_kvz(&w, "propagationPolicy", call->propagation_policy);
    }
    if (call->dry_run) {
        jw_keyz(&w, "dryRun");
        jw_raw(&w, STR("[\"All\"]"));
    }
    jw_end(&w);
    return jw_done(&w);
}

/* ---- path and query ---- */

static void
put_escaped(struct str_builder *out, struct str text, const char *also_plain)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.at[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || (c != '\0' && strchr("-._~", c) != NULL) ||
                        (c != '\0' && strchr(also_plain, c) != NULL);
        if (is_plain) {
            str_putc(out, (char)c);
        } else {
            str_putf(out, "%%%02X", c);
        }
    }
}

static void
put_segment(struct str_builder *out, struct str text)
{
    str_putc(out, '/');
    put_escaped(out, text, "$&+,;=:@");
}

void
call_escape(struct str_builder *out, struct str text)
{
    put_escaped(out, text, "");
}

struct query {
    struct str_builder *out;
    char join; /* '?', then '&' */
};

static void
put_pair(struct query *query, const char *key, struct str value)
{
    if (value.size == 0) {
        return;
    }
    str_putf(query->out, "%c%s=", query->join, key);
    put_escaped(query->out, value, "");
    query->join = '&';
}

static void
put_number(struct query *query, const char *key, int64_t value)
{
    str_putf(query->out, "%c%s=%lld", query->join, key, (long long)value);
    query->join = '&';
}

static void
put_read_query(struct query *query, const struct call *call)
{
    put_pair(query, "labelSelector", call->label_selector);
    put_pair(query, "fieldSelector", call->field_selector);
    if (call->limit > 0) {
        put_number(query, "limit", call->limit);
    }
    put_pair(query, "continue", call->continue_token);
    put_pair(query, "resourceVersion", call->resource_version);
    if (call->verb != VERB_WATCH) {
        return;
    }
    put_pair(query, "watch", STR("true"));
    if (call->bookmarks) {
        put_pair(query, "allowWatchBookmarks", STR("true"));
    }
    if (call->send_initial_events) {
        put_pair(query, "sendInitialEvents", STR("true"));
        put_pair(query, "resourceVersionMatch", STR("NotOlderThan"));
    }
    if (call->timeout_ms > 0) {
        put_number(query, "timeoutSeconds", (call->timeout_ms + 999) / 1000);
    }
}

static void
put_write_query(struct query *query, const struct call *call)
{
    put_pair(query, "fieldManager", call->field_manager);
    put_pair(query, "fieldValidation", str_of(call->field_validation));
    if (call->force) {
        put_pair(query, "force", STR("true"));
    }
    if (call->dry_run) {
        put_pair(query, "dryRun", STR("All"));
    }
}

static void
put_query(struct str_builder *out, const struct call *call)
{
    struct query query = { out, '?' };

    if (is_delete(call)) {
        /* Options travel in the body; a collection's selectors are a list's. */
        put_read_query(&query, call);
    } else if (call->verb == VERB_GET || call->verb == VERB_LIST || call->verb == VERB_WATCH) {
        put_read_query(&query, call);
    } else if (call->verb != VERB_CONNECT) {
        put_write_query(&query, call);
    }
    if (call->query.size > 0) {
        str_putc(out, query.join);
        str_put(out, call->query);
    }
}

static void
put_resource(struct str_builder *out, const struct call *call)
{
    const struct resource *resource = call->resource;
    bool is_one = call->verb != VERB_LIST && call->verb != VERB_WATCH &&
                  call->verb != VERB_DELETECOLLECTION &&
                  (call->verb != VERB_CREATE || call->subresource != NULL);

    str_putz(out, resource->group[0] == '\0' ? "/api" : "/apis/");
    str_putz(out, resource->group);
    put_segment(out, str_of(resource->version));
    if (call->ns.size > 0 && resource_is_namespaced(resource)) {
        str_putz(out, "/namespaces");
        put_segment(out, call->ns);
    }
    put_segment(out, str_of(resource->plural));
    if (is_one) {
        put_segment(out, call->name);
    }
    if (call->subresource != NULL) {
        str_putc(out, '/');
        put_escaped(out, str_of(call->subresource), "/$&+,;=:@"); /* "proxy/some/path" */
    }
}

struct str
call_path(const struct call *call, struct arena *arena)
{
    AUTO_STR struct str_builder out = { 0 };

    if (call->resource == NULL) {
        return arena_dup(arena, call->path);
    }
    put_resource(&out, call);
    put_query(&out, call);
    return arena_dup(arena, str_view(&out));
}
