/* From a path to what is asked for, as kube-apiserver's RequestInfo reads it
 * (apiserver/pkg/endpoints/request/requestinfo.go), and the mounts of other parts.
 *
 * The steps "limits", "attributes" and "mount". Loop thread. */
#include "config.h"

#include "apiserver/route.h"

#include <assert.h>
#include <string.h>

#include "api/duration.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/encode.h"
#include "apiserver/rest_connect.h"
#include "apiserver/rest_log.h"
#include "apiserver/rest_sub.h"
#include "apiserver/steps.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/body.h"
#include "net/http.h"

enum { WRITE_DEADLINE_MS = 34000, READ_DEADLINE_MS = 60000 };

/* A path cut at its slashes, each segment percent-decoded. */
struct path {
    struct str at[ROUTE_SEGMENTS_MAX];
    size_t len;
    struct str rest; /* of a path with more segments: from the last one kept on */
};

static const struct method {
    const char *name;
    enum verb verb;
    enum verb connected; /* the right that connecting with it needs */
} methods[] = {
    { "GET", VERB_GET, VERB_GET },        { "HEAD", VERB_GET, VERB_GET },
    { "POST", VERB_CREATE, VERB_CREATE }, { "PUT", VERB_UPDATE, VERB_UPDATE },
    { "PATCH", VERB_PATCH, VERB_PATCH },  { "DELETE", VERB_DELETE, VERB_DELETE },
    { "OPTIONS", VERB_GET, 0 }, /* upstream's RequestInfo has no verb for it: only "*" allows it */
};

/* ---- mounts ---- */

void
route_mount_init(struct apiserver_mount *mount, const struct mount *from)
{
    mount->mount = *from;
    mount->path = mem_strdup(from->path);
    mount->mount.path = mount->path;
    struct str left = str_of(mount->path);
    mount->is_of_object = str_has_prefix(left, STR("{object}/"));
    if (mount->is_of_object) {
        (void)str_cut(left, '/', &mount->segments[0]);
        return;
    }
    assert(left.size > 0 && left.at[0] == '/');
    left = str_slice(left.at + 1, left.size - 1);
    mount->segment_len =
        left.size == 0 ? 0 : str_split(left, '/', mount->segments, ROUTE_SEGMENTS_MAX);
    assert(mount->segment_len <= ROUTE_SEGMENTS_MAX);
    mount->is_prefix =
        mount->segment_len > 0 && str_is(mount->segments[mount->segment_len - 1], "{path...}");
}

void
route_mount_done(struct apiserver_mount *mount)
{
    mem_free(mount->path);
    mem_free(mount);
}

static bool
is_placeholder(struct str segment)
{
    return segment.size > 2 && segment.at[0] == '{' && segment.at[segment.size - 1] == '}';
}

static bool
matches(const struct apiserver_mount *mount, const struct path *path)
{
    size_t fixed = mount->segment_len - mount->is_prefix;
    if (mount->is_prefix ? path->len < fixed : path->len != fixed) {
        return false;
    }
    for (size_t i = 0; i < fixed; i++) {
        if (!is_placeholder(mount->segments[i]) && !str_eq(mount->segments[i], path->at[i])) {
            return false;
        }
    }
    return true;
}

/* {ns}, {name}, {group} and {version} become attributes, {path...} the rest of the path. */
static void
capture(struct req *req, const struct apiserver_mount *mount, const struct path *path)
{
    for (size_t i = 0; i < mount->segment_len - mount->is_prefix; i++) {
        struct str name = mount->segments[i];
        if (str_is(name, "{ns}")) {
            req->ns = path->at[i];
        } else if (str_is(name, "{name}")) {
            req->name = path->at[i];
        } else if (str_is(name, "{group}")) {
            req->group = path->at[i];
        } else if (str_is(name, "{version}")) {
            req->version = path->at[i];
        }
    }
    size_t fixed = mount->segment_len - mount->is_prefix;
    if (mount->is_prefix && path->len > fixed) {
        const char *end = req->path.at + req->path.size;
        const char *at = req->path.at;
        for (size_t slashes = 0; at < end && slashes <= fixed; at++) {
            slashes += *at == '/';
        }
        req->sub_path = str_slice(at, (size_t)(end - at));
    }
    req->mount = &mount->mount;
    req->is_resource = mount->mount.resource != NULL;
    if (req->is_resource) {
        req->group = str_of(mount->mount.group);
        req->plural = str_of(mount->mount.resource);
        req->sub_name = str_of(mount->mount.subresource);
    }
}

static bool
find_mount(struct req *req, const struct path *path)
{
    for (size_t i = 0; i < req->server->mounts.len; i++) {
        const struct apiserver_mount *mount = req->server->mounts.at[i];
        if (!mount->is_of_object && matches(mount, path) && (mount->mount.verbs & req->verb) != 0) {
            capture(req, mount, path);
            return true;
        }
    }
    return false;
}

/* ---- resources ---- */

static int
split_path(struct req *req, struct path *ret, struct err **err)
{
    struct str left = req->path;
    while (left.size > 0 && left.at[0] == '/') {
        left = str_slice(left.at + 1, left.size - 1);
    }
    while (left.size > 0 && left.at[left.size - 1] == '/') {
        left.size--;
    }
    while (left.size > 0) {
        struct str rest;
        struct str segment = str_cut(left, '/', &rest);
        if (ret->len == ROUTE_SEGMENTS_MAX) {
            ret->rest = left;
            return 0;
        }
        if (http_percent_decode(segment, false, req->arena, &ret->at[ret->len]) < 0) {
            return err_set(err, ERR_BAD_REQUEST, "the path is not properly percent-encoded");
        }
        ret->len++;
        left = rest;
    }
    return 0;
}

static const struct apiserver_mount *
object_mount(const struct req *req, struct str name)
{
    for (size_t i = 0; i < req->server->mounts.len; i++) {
        const struct apiserver_mount *mount = req->server->mounts.at[i];
        if (mount->is_of_object && (mount->mount.verbs & req->verb) != 0 &&
            str_eq(mount->segments[0], name)) {
            return mount;
        }
    }
    return NULL;
}

/* …/namespaces/NS/WORD: part of the namespace itself, or a kind inside it? */
static bool
is_of_namespace(const struct req *req, struct str word)
{
    return str_is(word, "status") || str_is(word, "finalize") ||
           (req->group.size == 0 && object_mount(req, word) != NULL);
}

/* What follows the group and version: [watch/][namespaces/NS/]RESOURCE[/NAME[/SUB[/…]]]. */
static void
read_parts(struct req *req, const struct path *path, size_t at)
{
    if (str_is(path->at[at], "watch") && path->len > at + 1) {
        at++;
        req->verb = VERB_WATCH;
        req->options.is_watch = true;
    }
    bool is_in_namespace = str_is(path->at[at], "namespaces") && path->len > at + 2 &&
                           !is_of_namespace(req, path->at[at + 2]);
    if (is_in_namespace) {
        req->ns = path->at[at + 1];
        at += 2;
    }
    req->plural = path->at[at];
    if (path->len > at + 1) {
        req->name = path->at[at + 1];
    }
    if (path->len > at + 2) {
        req->sub_name = path->at[at + 2];
    }
    if (path->len > at + 3) {
        const char *begin = req->path.at;
        const char *end = begin + req->path.size;
        for (size_t slashes = 0; begin < end && slashes < at + 4; begin++) {
            slashes += *begin == '/';
        }
        req->sub_path = str_slice(begin, (size_t)(end - begin));
    }
    req->is_resource = true;
}

/* A path of the API that names a resource; false: a non-resource URL. */
static bool
read_resource(struct req *req, const struct path *path)
{
    if (path->len >= 3 && str_is(path->at[0], "api")) {
        req->group = STR("");
        req->version = path->at[1];
        read_parts(req, path, 2);
        return true;
    }
    if (path->len >= 4 && str_is(path->at[0], "apis")) {
        req->group = path->at[1];
        req->version = path->at[2];
        read_parts(req, path, 3);
        return true;
    }
    return false;
}

static void
refine_verb(struct req *req)
{
    if (req->verb == VERB_GET && req->name.size == 0) {
        req->verb = http_query_bool(req->query, "watch") ? VERB_WATCH : VERB_LIST;
        req->options.is_watch = req->verb == VERB_WATCH;
    } else if (req->verb == VERB_DELETE && req->name.size == 0) {
        req->verb = VERB_DELETECOLLECTION;
    } else if (req->verb == VERB_PATCH &&
               str_has_prefix(req->content_type, STR("application/apply-patch+yaml"))) {
        req->verb = VERB_APPLY;
    }
}

/* An answer of another part under this object, where the kind has no such subresource. */
static bool
find_object_mount(struct req *req)
{
    const struct apiserver_mount *mount = object_mount(req, req->sub_name);
    req->mount = mount == NULL ? NULL : &mount->mount;
    return mount != NULL;
}

void
route_resolve(struct req *req)
{
    if (req->registry == NULL) {
        req->registry = registry_ref(req->server->registry);
    }
    req->resource = registry_find(req->registry, req->group, req->version, req->plural);
    if (req->resource != NULL && req->sub_name.size > 0) {
        req->sub = resource_sub(req->resource, req->sub_name);
        if (req->sub == NULL && find_object_mount(req)) {
            req->sub_name = (struct str){ 0 }; /* rights are those of the object */
        } else if (req->sub == NULL || !rest_sub_is_served(req->resource, req->sub)) {
            req->resource = NULL;
        }
    } else if (req->resource != NULL && str_is(req->plural, "bindings")) {
        /* The old form of pods/binding: the body names the pod. */
        const struct resource *pods =
            registry_find(req->registry, req->group, req->version, STR("pods"));
        req->resource = req->name.size > 0 ? NULL : pods;
        req->sub = pods == NULL ? NULL : resource_sub(pods, STR("binding"));
    }
    if (req->resource != NULL) {
        const struct resource *row = req->resource;
        req->impl->stored = row->storage != NULL ? row->storage : row;
        req->impl->rest_sub = rest_sub_find(row, req->sub);
        bool wants_ns = resource_is_namespaced(row);
        bool is_misplaced = wants_ns ? req->ns.size == 0 && req->name.size > 0 : req->ns.size > 0;
        if (is_misplaced || !rest_sub_has_resource(row)) {
            req->resource = NULL; /* no such path */
            req->mount = NULL;
        }
    }
}

static int
not_allowed(struct err **err)
{
    (void)err_set(err, ERR_METHOD_NOT_ALLOWED,
                  "the server does not allow this method on the requested resource");
    return err_details(err, NULL, "", NULL); /* there, but empty */
}

int
route_path(struct req *req, struct str path, struct str query, const char *method, struct err **err)
{
    enum verb connected = 0;
    req->path = path;
    req->query = query;
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (strcmp(methods[i].name, method) == 0) {
            req->verb = methods[i].verb;
            connected = methods[i].connected;
        }
    }
    req->right = req->verb;
    if (req->verb == 0) {
        return not_allowed(err);
    }
    req->registry = registry_ref(req->server->registry);
    struct path parts = { 0 };
    if (split_path(req, &parts, err) < 0) {
        return -1;
    }
    if (!find_mount(req, &parts) && read_resource(req, &parts)) {
        bool is_get = strcmp(method, "GET") == 0;
        route_resolve(req);
        if (rest_connect_is(req->resource, req->sub)) {
            req->verb = VERB_CONNECT;
            req->right = connected;
            return 0;
        }
        if (req->verb == VERB_GET && !is_get) {
            return not_allowed(err); /* HEAD and OPTIONS have no route there */
        }
        refine_verb(req);
        req->right = req->verb;
    }
    return 0;
}

/* ---- steps ---- */

enum step_rc
route_limits(struct req *req, struct err **err)
{
    if (!apiserver_is_live(req->server)) {
        err_set(err, ERR_UNAVAILABLE, "the server is starting or stopping, try again");
        (*err)->retry_after_s = 1;
        return STEP_FAIL;
    }
    return STEP_NEXT;
}

/* The verb's own, or less when ?timeout= says so (filters/request_deadline.go). */
static int
set_deadline(struct req *req, struct err **err)
{
    struct str text = http_query(req->query, "timeout", req->arena);
    int64_t asked_ns = 0;
    if (req->verb == VERB_WATCH || req->verb == VERB_CONNECT ||
        rest_log_is(req->resource, req->sub)) {
        return 0; /* they may last */
    }
    if (text.size > 0 && duration_parse(text, &asked_ns) < 0) {
        return err_set(err, ERR_BAD_REQUEST,
                       "invalid timeout specified in the request URL - time: invalid duration "
                       "\"" STR_FMT "\"",
                       STR_ARG(text));
    }
    req_deadline(req, req_is_write(req) ? WRITE_DEADLINE_MS : READ_DEADLINE_MS);
    if (asked_ns > 0) {
        req_deadline(req, (asked_ns + 999999) / 1000000);
    }
    return 0;
}

enum step_rc
route_attributes(struct req *req, struct err **err)
{
    if (req->http != NULL) {
        char *method = arena_dupz(req->arena, req->http->method);
        if (route_path(req, req->http->path, req->http->query, method, err) < 0) {
            return STEP_FAIL;
        }
        if (set_deadline(req, err) < 0 || route_options_parse(req, err) < 0) {
            return STEP_FAIL;
        }
        return STEP_NEXT;
    }
    if (req->verb == 0) {
        err_set(err, ERR_BAD_REQUEST, "the call names no verb");
        return STEP_FAIL;
    }
    req->right = req->verb;
    return set_deadline(req, err) < 0 ? STEP_FAIL : STEP_NEXT;
}

static bool
is_supported(const struct req *req)
{
    unsigned verb = req->verb == VERB_APPLY ? VERB_PATCH : req->verb;
    if (verb == VERB_CONNECT) {
        return rest_connect_may(req);
    }
    unsigned verbs = req->sub != NULL ? req->sub->verbs : req->resource->verbs;
    bool needs_ns = req->verb != VERB_LIST && req->verb != VERB_WATCH;
    if (needs_ns && resource_is_namespaced(req->resource) && req->ns.size == 0) {
        return false;
    }
    bool on_item = req->name.size > 0;
    bool wants_item =
        req->sub_name.size > 0 || (verb & (VERB_GET | VERB_UPDATE | VERB_PATCH | VERB_DELETE)) != 0;
    bool may_be_either = req->verb == VERB_WATCH;
    return (verbs & verb) != 0 && (on_item == wants_item || may_be_either);
}

static bool
has_group(const struct req *req)
{
    if (req->group.size == 0) {
        return str_has_prefix(req->path, STR("/api/"));
    }
    for (size_t i = 0; i < registry_len(req->registry); i++) {
        if (str_is(req->group, registry_at(req->registry, i)->group)) {
            return true;
        }
    }
    return false;
}

int
route_not_found(struct req *req, struct err **err)
{
    if (!has_group(req)) {
        req_answer_body(req, 404, "text/plain; charset=utf-8",
                        body_of_copy(STR("404 page not found\n")));
        return 0;
    }
    (void)err_set(err, ERR_NOT_FOUND, "the server could not find the requested resource");
    return err_details(err, NULL, "", NULL);
}

enum step_rc
route_mount(struct req *req, struct err **err)
{
    struct req_impl *q = req->impl;
    if (q->is_answered) {
        return STEP_DONE;
    }
    if (req->mount != NULL) {
        enum step_rc rc = req->mount->takes_body ? req_body_step(req, err) : STEP_NEXT;
        if (rc != STEP_NEXT) {
            return rc;
        }
        q->is_awaited = true;
        req->mount->handle(req->mount->ctx, req);
        return STEP_WAIT;
    }
    if (req->resource == NULL) {
        return route_not_found(req, err) < 0 ? STEP_FAIL : STEP_DONE;
    }
    if (!is_supported(req)) {
        (void)not_allowed(err);
        return STEP_FAIL;
    }
    if (req->resource->deprecated != NULL) {
        req_warn(req, str_of(req->resource->deprecated));
    }
    if (req->verb == VERB_CONNECT) {
        bool is_dry = req->options.dry_run;
        return is_dry && err_set(err, ERR_BAD_REQUEST, "dryRun is not supported") < 0 ? STEP_FAIL
                                                                                      : STEP_NEXT;
    }
    if (route_options_check(req, err) < 0 || encode_negotiate(req, err) < 0) {
        return STEP_FAIL;
    }
    return STEP_NEXT;
}
