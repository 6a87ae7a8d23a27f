/* Reviews: who somebody is, and what they may do.
 *
 * Rows of rest_virtual.c. After pkg/registry/authentication, pkg/registry/authorization and
 * pkg/apis/authorization/validation of release 1.35, texts included. Loop thread. */
#include "config.h"

#include <string.h>

#include "api/schema.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/authn.h"
#include "apiserver/authz.h"
#include "apiserver/authz_node.h"
#include "apiserver/rest_virtual.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

#define PATH_RESOURCE "spec.resourceAttributes"
#define PATH_OTHER "spec.nonResourceAttributes"

static struct val
spec_of(const struct req *req)
{
    return val_get(doc_root(req->now), "spec");
}

static bool
is_kind(const struct req *req, const char *kind)
{
    return strcmp(req->resource->kind, kind) == 0;
}

static struct val
parsed(struct arena *arena, struct str json)
{
    const struct doc *doc = doc_trust(arena, json);
    return doc_root(doc);
}

/* ---- what may be asked ---- */

/* As Go prints the internal struct, which has no JSON names. */
static struct val
other_value(struct req *req, struct val attributes)
{
    struct jw w;
    jw_init(&w, req->arena);
    jw_obj(&w);
    jw_keyz(&w, "Path");
    jw_str(&w, val_str(val_get(attributes, "path")));
    jw_keyz(&w, "Verb");
    jw_str(&w, val_str(val_get(attributes, "verb")));
    jw_end(&w);
    return parsed(req->arena, jw_done(&w));
}

static void
check_attributes(struct req *req, struct causes *causes)
{
    struct val spec = spec_of(req), null = parsed(req->arena, STR("null"));
    struct val other = val_get(spec, "nonResourceAttributes");
    bool has_resource = val_is(val_get(spec, "resourceAttributes"));
    if (has_resource && val_is(other)) {
        causes_add(causes, CAUSE_INVALID, NULL, PATH_OTHER, other_value(req, other),
                   "cannot be specified in combination with resourceAttributes");
    }
    if (!has_resource && !val_is(other)) {
        causes_add(causes, CAUSE_INVALID, NULL, PATH_RESOURCE, null,
                   "exactly one of nonResourceAttributes or resourceAttributes must be specified");
    }
}

/* A selector is text or a list, never both and never neither. */
static void
check_selector(struct req *req, const char *name, struct causes *causes)
{
    struct val selector = val_get(val_get(spec_of(req), "resourceAttributes"), name);
    struct val raw = val_get(selector, "rawSelector");
    bool has_raw = val_str(raw).size > 0;
    bool has_list = val_len(val_get(selector, "requirements")) > 0;
    if (!val_is(selector) || has_raw != has_list) {
        return;
    }
    struct str path = arena_printf(req->arena, PATH_RESOURCE ".%s", name);
    struct str field =
        arena_printf(req->arena, "%s.%s", path.at, has_raw ? "rawSelector" : "requirements");
    if (has_raw) {
        causes_add(causes, CAUSE_INVALID, NULL, field.at, raw,
                   "may not specified at the same time as requirements");
    } else {
        causes_add(causes, CAUSE_REQUIRED, NULL, field.at, (struct val){ 0 },
                   "when %s is specified, requirements or rawSelector is required", path.at);
    }
}

static void
check_metadata(struct req *req, struct causes *causes)
{
    bool is_local = is_kind(req, "LocalSubjectAccessReview");
    struct val metadata = val_get(doc_root(req->now), "metadata");
    VAL_EACH (it, metadata) {
        if (!str_is(it.key, "managedFields") && !(is_local && str_is(it.key, "namespace"))) {
            causes_add(causes, CAUSE_INVALID, NULL, "metadata", metadata,
                       is_local ? "must be empty except for namespace" : "must be empty");
            return;
        }
    }
}

static void
check_local(struct req *req, struct causes *causes)
{
    struct val spec = spec_of(req);
    struct val resource = val_get(spec, "resourceAttributes");
    struct val other = val_get(spec, "nonResourceAttributes");
    struct str ns = val_str(val_get(resource, "namespace"));
    if (val_is(resource) && !str_eq(ns, req->ns)) {
        struct jw w;
        jw_init(&w, req->arena);
        jw_str(&w, ns);
        causes_add(causes, CAUSE_INVALID, NULL, PATH_RESOURCE ".namespace",
                   parsed(req->arena, jw_done(&w)), "must match metadata.namespace");
    }
    if (val_is(other)) {
        causes_add(causes, CAUSE_INVALID, NULL, PATH_OTHER, other_value(req, other),
                   "disallowed on this kind of request");
    }
}

int
rest_review_check_access(struct req *req, struct err **err)
{
    /* Upstream names the kind that the decoded object has no more: none. */
    struct resource unnamed = { .group = req->resource->group, .kind = "" };
    struct causes causes = { .arena = req->arena };
    struct val spec = spec_of(req);
    check_attributes(req, &causes);
    if (!is_kind(req, "SelfSubjectAccessReview") && val_str(val_get(spec, "user")).size == 0 &&
        val_len(val_get(spec, "groups")) == 0) {
        causes_add(&causes, CAUSE_INVALID, NULL, "spec.user", parsed(req->arena, STR("\"\"")),
                   "at least one of user or group must be specified");
    }
    check_selector(req, "fieldSelector", &causes);
    check_selector(req, "labelSelector", &causes);
    check_metadata(req, &causes);
    if (is_kind(req, "LocalSubjectAccessReview")) {
        check_local(req, &causes);
    }
    return causes_err(&causes, &unnamed, STR(""), err);
}

int
rest_review_check_token(struct req *req, struct err **err)
{
    return val_str(val_get(spec_of(req), "token")).size > 0
               ? 0
               : err_set(err, ERR_BAD_REQUEST,
                         "token is required for TokenReview in authentication");
}

int
rest_review_check_rules(struct req *req, struct err **err)
{
    return val_str(val_get(spec_of(req), "namespace")).size > 0
               ? 0
               : err_set(err, ERR_BAD_REQUEST, "no namespace on request");
}

/* ---- answers ---- */

/* What was asked, with a status. */
static enum step_rc
with_status(struct req *req, struct jw *status, struct str *ret_json, struct err **err)
{
    struct edit edit;
    struct doc *doc = NULL;
    edit_init(&edit, req->arena);
    edit_set(&edit, "/status", jw_done(status));
    if (edit_apply(req->now, &edit, &doc, err) < 0) {
        return STEP_FAIL;
    }
    *ret_json = doc_bytes(doc);
    return STEP_NEXT;
}

static struct str *
read_list(struct arena *arena, struct val list, size_t *ret_len)
{
    struct str *items = arena_array(arena, val_len(list) + 1, sizeof(*items));
    VAL_EACH (it, list) {
        items[(*ret_len)++] = val_str(it.value);
    }
    return items;
}

static void
put_list(struct jw *w, const char *key, const struct str *items, size_t len)
{
    if (len == 0) {
        return;
    }
    jw_keyz(w, key);
    jw_arr(w);
    for (size_t i = 0; i < len; i++) {
        jw_str(w, items[i]);
    }
    jw_end(w);
}

enum step_rc
rest_review_token(struct req *req, struct str *ret_json, struct err **err)
{
    struct val spec = spec_of(req);
    struct authn_question question = { .token = val_str(val_get(spec, "token")),
                                       .arena = req->arena };
    struct authn_answer answer;
    struct jw w;
    question.audiences = read_list(req->arena, val_get(spec, "audiences"), &question.audience_len);
    bool is_good = authn_check(req->server->authn, &question, &answer);
    if (!is_good) {
        enum step_rc rc = req_fresh(req);
        if (rc != STEP_NEXT) {
            return rc;
        }
    }
    jw_init(&w, req->arena);
    jw_obj(&w);
    if (is_good) {
        jw_kbool(&w, "authenticated", true);
        jw_keyz(&w, "user");
        authn_write_user(&answer.user, &w);
        put_list(&w, "audiences", answer.audiences, answer.audience_len);
    } else if (answer.why.size > 0) {
        jw_kv(&w, "error",
              arena_printf(req->arena, "[invalid bearer token, " STR_FMT "]", STR_ARG(answer.why)));
    } else {
        jw_kvz(&w, "error", "invalid bearer token");
    }
    jw_end(&w);
    return with_status(req, &w, ret_json, err);
}

static struct authz_attrs
attributes_of(struct req *req, const struct req_user *user)
{
    struct val resource = val_get(spec_of(req), "resourceAttributes");
    struct val other = val_get(spec_of(req), "nonResourceAttributes");
    bool is_resource = val_is(resource);
    return (struct authz_attrs){
        .user = user,
        .verb = val_str(val_get(is_resource ? resource : other, "verb")),
        .group = val_str(val_get(resource, "group")),
        .version = val_str(val_get(resource, "version")),
        .resource = val_str(val_get(resource, "resource")),
        .subresource = val_str(val_get(resource, "subresource")),
        .ns = val_str(val_get(resource, "namespace")),
        .name = val_str(val_get(resource, "name")),
        .is_resource = is_resource,
        .path = val_str(val_get(other, "path")),
    };
}

enum step_rc
rest_review_access(struct req *req, struct str *ret_json, struct err **err)
{
    struct val spec = spec_of(req);
    struct req_user asked = { .name = val_str(val_get(spec, "user")),
                              .uid = val_str(val_get(spec, "uid")) };
    asked.groups = read_list(req->arena, val_get(spec, "groups"), &asked.group_len);
    bool is_self = is_kind(req, "SelfSubjectAccessReview");
    struct authz_attrs attrs = attributes_of(req, is_self ? &req->user : &asked);
    struct str reason;
    struct jw w;
    bool is_allowed = authz_check(req->server->authz, &attrs, req->arena, &reason) == AUTHZ_ALLOW;
    jw_init(&w, req->arena);
    jw_obj(&w);
    jw_kbool(&w, "allowed", is_allowed);
    jw_kv(&w, "reason", reason);
    jw_end(&w);
    return with_status(req, &w, ret_json, err);
}

/* These two answer anew: nothing of what was asked comes back. */
static void
begin(struct req *req, struct jw *w)
{
    jw_init(w, req->arena);
    jw_obj(w);
    jw_kvz(w, "kind", req->resource->kind);
    jw_kv(w, "apiVersion", resource_api_version(req->resource, req->arena));
}

enum step_rc
rest_review_rules(struct req *req, struct str *ret_json, struct err **err)
{
    struct authz_attrs self = { .user = &req->user };
    bool is_node = authz_node_name(&self).size > 0;
    struct jw w;
    (void)err;
    begin(req, &w);
    jw_keyz(&w, "status");
    jw_obj(&w);
    authz_rules(req->server->authz, &req->user, val_str(val_get(spec_of(req), "namespace")), &w);
    jw_kbool(&w, "incomplete", is_node);
    if (is_node) {
        jw_kvz(&w, "evaluationError", "node authorizer does not support user rule resolution");
    }
    jw_end(&w);
    jw_end(&w);
    *ret_json = jw_done(&w);
    return STEP_NEXT;
}

enum step_rc
rest_review_self(struct req *req, struct str *ret_json, struct err **err)
{
    char time[CLOCK_TEXT_SIZE];
    struct jw w;
    (void)err;
    begin(req, &w);
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_kv(&w, "creationTimestamp", clock_text(clock_wall_ms(), time));
    jw_end(&w);
    jw_keyz(&w, "status");
    jw_obj(&w);
    jw_keyz(&w, "userInfo");
    authn_write_user(&req->user, &w);
    jw_end(&w);
    jw_end(&w);
    *ret_json = jw_done(&w);
    return STEP_NEXT;
}
