/* Options of the query: ListOptions, CreateOptions, UpdateOptions, PatchOptions, DeleteOptions.
 *
 * Parsed with the attributes, checked after authorisation by the step "mount"; DELETE's body is read
 * by rest_delete.c, which checks again. Texts follow apimachinery's validation of the options kinds
 * (pkg/apis/meta/v1/validation, pkg/apis/meta/internalversion/validation). Loop thread. */
#include "config.h"

#include "apiserver/req_impl.h"
#include "apiserver/route.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/http.h"

enum { DRY_RUN_MAX = 8, MANAGER_MAX = 128 };

static struct str
query(struct req *req, const char *key)
{
    return http_query(req->query, key, req->arena);
}

static int
query_int(struct req *req, const char *key, int64_t *ret, struct err **err)
{
    struct str text = query(req, key);
    if (text.size > 0 && !str_to_int(text, ret)) {
        return err_set(err, ERR_BAD_REQUEST,
                       "strconv.ParseInt: parsing \"" STR_FMT "\": invalid syntax", STR_ARG(text));
    }
    return 0;
}

static int
parse_list(struct req *req, struct err **err)
{
    struct req_options *o = &req->options;
    o->label_text = query(req, "labelSelector");
    o->field_text = query(req, "fieldSelector");
    o->continue_token = query(req, "continue");
    o->rv = query(req, "resourceVersion");
    o->rv_match = query(req, "resourceVersionMatch");
    o->bookmarks = http_query_bool(req->query, "allowWatchBookmarks");
    o->has_send_initial_events = query(req, "sendInitialEvents").at != NULL;
    o->send_initial_events = http_query_bool(req->query, "sendInitialEvents");
    if (query_int(req, "limit", &o->limit, err) < 0) {
        return -1;
    }
    return query_int(req, "timeoutSeconds", &o->timeout_s, err);
}

static int
parse_delete(struct req *req, struct err **err)
{
    struct req_options *o = &req->options;
    o->propagation = query(req, "propagationPolicy");
    o->has_orphan = query(req, "orphanDependents").size > 0;
    o->orphan = http_query_bool(req->query, "orphanDependents");
    return query_int(req, "gracePeriodSeconds", &o->grace_s, err);
}

static void
parse_dry_run(struct req *req)
{
    struct str values[DRY_RUN_MAX];
    size_t len = http_query_all(req->query, "dryRun", values, DRY_RUN_MAX, req->arena);
    bool is_all = true;
    struct jw w;
    jw_init(&w, req->arena);
    jw_arr(&w);
    for (size_t i = 0; i < len && i < DRY_RUN_MAX; i++) {
        req->options.dry_run = true;
        is_all &= str_is(values[i], "All");
        jw_str(&w, values[i]);
    }
    jw_end(&w);
    struct str list = jw_done(&w);
    req->options.dry_run_other = is_all ? (struct str){ 0 } : list;
}

int
route_options_parse(struct req *req, struct err **err)
{
    struct req_options *o = &req->options;
    if (!req->is_resource || req->query.size == 0) {
        return 0;
    }
    o->include_object = query(req, "includeObject");
    switch ((unsigned)req->verb) {
    case VERB_GET:
        o->rv = query(req, "resourceVersion");
        return 0;
    case VERB_LIST:
    case VERB_WATCH:
        return parse_list(req, err);
    case VERB_DELETECOLLECTION:
        if (parse_list(req, err) < 0) {
            return -1;
        }
        break;
    case VERB_CONNECT:
        parse_dry_run(req);
        return 0; /* the rest of the query is not ours */
    default:
        break;
    }
    parse_dry_run(req);
    if (parse_delete(req, err) < 0) {
        return -1;
    }
    o->field_manager = query(req, "fieldManager");
    o->field_validation = query(req, "fieldValidation");
    o->has_force = query(req, "force").at != NULL;
    o->force = http_query_bool(req->query, "force");
    return 0;
}

/* ---- checks ---- */

static struct val
json_of(struct req *req, struct str text)
{
    struct jw w;
    struct err *none = NULL;
    jw_init(&w, req->arena);
    jw_str(&w, text);
    const struct doc *doc = doc_parse(req->arena, jw_done(&w), &none);
    err_free(none);
    return doc == NULL ? (struct val){ 0 } : doc_root(doc);
}

int
route_options_invalid(const struct causes *causes, const char *kind, struct err **err)
{
    struct resource row = { .group = "meta.k8s.io", .version = "v1", .kind = kind };
    return causes_err(causes, &row, STR(""), err);
}

static void
check_match(struct req *req, struct causes *causes)
{
    const struct req_options *o = &req->options;
    const char *field = "resourceVersionMatch";
    if (o->rv_match.size == 0) {
        return;
    }
    if (o->rv.size == 0) {
        causes_add(causes, CAUSE_FORBIDDEN, NULL, field, (struct val){ 0 },
                   "resourceVersionMatch is forbidden unless resourceVersion is provided");
    }
    if (o->continue_token.size > 0) {
        causes_add(causes, CAUSE_FORBIDDEN, NULL, field, (struct val){ 0 },
                   "resourceVersionMatch is forbidden when continue is provided");
    }
    bool is_exact = str_is(o->rv_match, "Exact");
    if (!is_exact && !str_is(o->rv_match, "NotOlderThan")) {
        causes_add(causes, CAUSE_NOT_SUPPORTED, NULL, field, json_of(req, o->rv_match),
                   "supported values: \"Exact\", \"NotOlderThan\", \"\"");
    }
    if (is_exact && str_is(o->rv, "0")) {
        causes_add(causes, CAUSE_FORBIDDEN, NULL, field, (struct val){ 0 },
                   "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
    }
}

static void
check_list(struct req *req, struct causes *causes)
{
    check_match(req, causes);
    if (req->options.has_send_initial_events) {
        causes_add(causes, CAUSE_FORBIDDEN, NULL, "sendInitialEvents", (struct val){ 0 },
                   "sendInitialEvents is forbidden for list");
    }
}

static void
check_watch(struct req *req, struct causes *causes)
{
    const struct req_options *o = &req->options;
    const char *field = "resourceVersionMatch";
    bool is_not_older = str_is(o->rv_match, "NotOlderThan");
    if (o->has_send_initial_events && !is_not_older) {
        causes_add(causes, CAUSE_FORBIDDEN, NULL, field, (struct val){ 0 },
                   "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    }
    if (o->rv_match.size == 0) {
        return;
    }
    if (!o->has_send_initial_events) {
        causes_add(causes, CAUSE_FORBIDDEN, NULL, field, (struct val){ 0 },
                   "resourceVersionMatch is forbidden for watch unless sendInitialEvents is "
                   "provided");
    }
    if (!is_not_older) {
        causes_add(causes, CAUSE_NOT_SUPPORTED, NULL, field, json_of(req, o->rv_match),
                   "supported values: \"NotOlderThan\"");
    }
    if (o->continue_token.size > 0) {
        causes_add(causes, CAUSE_FORBIDDEN, NULL, field, (struct val){ 0 },
                   "resourceVersionMatch is forbidden when continue is provided");
    }
}

static void
check_manager(struct req *req, struct causes *causes)
{
    struct str manager = req->options.field_manager;
    if (manager.size > MANAGER_MAX) {
        causes_add(causes, CAUSE_TOO_LONG, NULL, "fieldManager", (struct val){ 0 },
                   "may not be more than %d bytes", (int)MANAGER_MAX);
    }
    for (size_t i = 0; i < manager.size; i++) {
        unsigned char c = (unsigned char)manager.at[i];
        if (c < 0x20 || c == 0x7f) {
            causes_add(causes, CAUSE_INVALID, NULL, "fieldManager", json_of(req, manager),
                       "invalid character U+%04X (at position %zu)", c, i);
        }
    }
}

static void
check_dry_run(struct req *req, struct causes *causes)
{
    if (req->options.dry_run_other.at != NULL) {
        causes_add_json(causes, CAUSE_NOT_SUPPORTED, NULL, "dryRun", req->options.dry_run_other,
                        "supported values: \"All\"");
    }
}

static void
check_write(struct req *req, struct causes *causes)
{
    const struct req_options *o = &req->options;
    check_manager(req, causes);
    check_dry_run(req, causes);
    struct str mode = o->field_validation;
    if (mode.size > 0 && !str_is(mode, "Ignore") && !str_is(mode, "Strict") &&
        !str_is(mode, "Warn")) {
        causes_add(causes, CAUSE_NOT_SUPPORTED, NULL, "fieldValidation", json_of(req, mode),
                   "supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"");
    }
}

static void
check_patch(struct req *req, struct causes *causes)
{
    if (req->verb == VERB_APPLY && req->options.field_manager.size == 0) {
        causes_add(causes, CAUSE_REQUIRED, NULL, "fieldManager", (struct val){ 0 },
                   "is required for apply patch");
    } else if (req->verb == VERB_PATCH && req->options.has_force) {
        causes_add(causes, CAUSE_FORBIDDEN, NULL, "force", (struct val){ 0 },
                   "may not be specified for non-apply patch");
    }
    check_write(req, causes);
}

static void
check_delete(struct req *req, struct causes *causes)
{
    const struct req_options *o = &req->options;
    struct str policy = o->propagation;
    if (o->has_orphan && policy.size > 0) {
        causes_add(causes, CAUSE_INVALID, NULL, "propagationPolicy", json_of(req, policy),
                   "orphanDependents and deletionPropagation cannot be both set");
    }
    if (policy.size > 0 && !str_is(policy, "Foreground") && !str_is(policy, "Background") &&
        !str_is(policy, "Orphan")) {
        causes_add(causes, CAUSE_NOT_SUPPORTED, NULL, "propagationPolicy", json_of(req, policy),
                   "supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"");
    }
    check_dry_run(req, causes);
}

static const struct options_check {
    unsigned verbs;
    const char *kind;
    void (*check)(struct req *req, struct causes *causes);
} checks[] = {
    { VERB_LIST | VERB_DELETECOLLECTION, "ListOptions", check_list },
    { VERB_WATCH, "ListOptions", check_watch },
    { VERB_CREATE, "CreateOptions", check_write },
    { VERB_UPDATE, "UpdateOptions", check_write },
    { VERB_PATCH | VERB_APPLY, "PatchOptions", check_patch },
    { VERB_DELETE | VERB_DELETECOLLECTION, "DeleteOptions", check_delete },
};

int
route_options_check(struct req *req, struct err **err)
{
    return route_options_check_as(req, req->verb, err);
}

int
route_options_check_as(struct req *req, enum verb verb, struct err **err)
{
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        if ((checks[i].verbs & verb) == 0) {
            continue;
        }
        struct causes causes = { .arena = req->arena };
        checks[i].check(req, &causes);
        if (route_options_invalid(&causes, checks[i].kind, err) < 0) {
            return -1;
        }
    }
    return 0;
}
