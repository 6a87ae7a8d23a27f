/* The step "impersonate", after apiserver/pkg/endpoints/filters/impersonation.go: every user, group,
 * uid and extra value asked for is a right of its own, verb "impersonate". Loop thread. */
#include "config.h"

#include "apiserver/impersonate.h"

#include "apiserver/authz.h"
#include "apiserver/req_impl.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/http.h"

enum { GROUPS_MAX = 64 };

static int
require(struct req *req, const char *group, const char *resource, const char *sub, struct str name,
        struct err **err)
{
    struct authz_attrs attrs = { .user = &req->user,
                                 .verb = STR("impersonate"),
                                 .group = str_of(group),
                                 .version = STR("v1"),
                                 .resource = str_of(resource),
                                 .subresource = str_of(sub),
                                 .name = name,
                                 .is_resource = true };
    return authz_require(req, &attrs, err);
}

/* system:serviceaccount:NS:NAME is asked for as the service account NAME of NS. */
static int
require_user(struct req *req, struct str user, struct str *ret_ns, struct err **err)
{
    struct str prefix = STR("system:serviceaccount:");
    if (!str_has_prefix(user, prefix)) {
        return require(req, "", "users", "", user, err);
    }
    struct str name;
    *ret_ns = str_cut(str_slice(user.at + prefix.size, user.size - prefix.size), ':', &name);
    struct authz_attrs attrs = { .user = &req->user,
                                 .verb = STR("impersonate"),
                                 .version = STR("v1"),
                                 .resource = STR("serviceaccounts"),
                                 .ns = *ret_ns,
                                 .name = name,
                                 .is_resource = true };
    return authz_require(req, &attrs, err);
}

static int
take_groups(struct req *req, struct req_user *as, struct err **err)
{
    for (size_t i = 0; i < req->http->header_len; i++) {
        const struct http_header *header = &req->http->headers[i];
        if (!str_is(header->name, "impersonate-group") || as->group_len == GROUPS_MAX) {
            continue;
        }
        if (require(req, "", "groups", "", header->value, err) < 0) {
            return -1;
        }
        as->groups[as->group_len++] = arena_dup(req->arena, header->value);
    }
    return 0;
}

static int
take_extra(struct req *req, struct req_user *as, struct err **err)
{
    struct str prefix = STR("impersonate-extra-");
    struct jw w;
    size_t len = 0;
    jw_init(&w, req->arena);
    jw_obj(&w);
    for (size_t i = 0; i < req->http->header_len; i++) {
        const struct http_header *header = &req->http->headers[i];
        if (!str_has_prefix(header->name, prefix)) {
            continue;
        }
        struct str key = str_slice(header->name.at + prefix.size, header->name.size - prefix.size);
        struct str decoded = key;
        (void)http_percent_decode(key, false, req->arena, &decoded);
        char *sub = arena_dupz(req->arena, decoded);
        if (require(req, "authentication.k8s.io", "userextras", sub, header->value, err) < 0) {
            return -1;
        }
        jw_key(&w, decoded);
        jw_arr(&w);
        jw_str(&w, header->value);
        jw_end(&w);
        len++;
    }
    jw_end(&w);
    as->extra_json = len > 0 ? jw_done(&w) : (struct str){ 0 };
    return 0;
}

static void
add_usual_groups(struct req *req, struct req_user *as, struct str account_ns)
{
    if (account_ns.size > 0 && as->group_len == 0) {
        as->groups[as->group_len++] = STR("system:serviceaccounts");
        as->groups[as->group_len++] =
            arena_printf(req->arena, "system:serviceaccounts:" STR_FMT, STR_ARG(account_ns));
    }
    bool is_anonymous = str_is(as->name, "system:anonymous");
    for (size_t i = 0; i < as->group_len; i++) {
        bool is_out = str_is(as->groups[i], "system:unauthenticated");
        if (is_out || (!is_anonymous && str_is(as->groups[i], "system:authenticated"))) {
            return; /* asked for by name */
        }
    }
    as->groups[as->group_len++] =
        is_anonymous ? STR("system:unauthenticated") : STR("system:authenticated");
}

/* Go's print of the object references that were asked for: {Kind Namespace Name UID … }. */
static enum step_rc
without_user(struct req *req, struct err **err)
{
    static const struct {
        const char *header, *kind;
    } parts[] = { { "impersonate-group", "Group" }, { "impersonate-uid", "UID" } };
    AUTO_STR struct str_builder text = { 0 };
    for (size_t p = 0; p < ARRAY_LEN(parts); p++) {
        for (size_t i = 0; i < req->http->header_len; i++) {
            const struct http_header *header = &req->http->headers[i];
            if (str_is(header->name, parts[p].header)) {
                str_putf(&text, "%s{%s  " STR_FMT "    }", text.size > 0 ? " " : "", parts[p].kind,
                         STR_ARG(header->value));
            }
        }
    }
    if (text.size == 0) {
        return STEP_NEXT;
    }
    err_set(err, ERR_BAD_REQUEST, "requested [" STR_FMT "] without impersonating a user",
            STR_ARG(str_view(&text)));
    return STEP_FAIL;
}

enum step_rc
impersonate_step(struct req *req, struct err **err)
{
    if (req->http == NULL) {
        return STEP_NEXT;
    }
    struct str user = http_header(req->http, "impersonate-user");
    if (user.size == 0) {
        return without_user(req, err);
    }
    struct str account_ns = { 0 };
    struct req_user as = { .name = arena_dup(req->arena, user),
                           .uid =
                               arena_dup(req->arena, http_header(req->http, "impersonate-uid")) };
    as.groups = arena_array(req->arena, GROUPS_MAX + 3, sizeof(struct str));
    if (require_user(req, user, &account_ns, err) < 0 || take_groups(req, &as, err) < 0 ||
        (as.uid.size > 0 && require(req, "authentication.k8s.io", "uids", "", as.uid, err) < 0) ||
        take_extra(req, &as, err) < 0) {
        return STEP_FAIL;
    }
    add_usual_groups(req, &as, account_ns);
    struct req_user *real = ARENA_NEW(req->arena, struct req_user);
    *real = req->user;
    req->impersonated_by = real;
    req->user = as;
    return STEP_NEXT;
}
