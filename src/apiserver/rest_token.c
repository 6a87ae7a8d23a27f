/* serviceaccounts/token: a signed token for a service account, bound to a pod, a node or a Secret
 * when the request says so.
 *
 * A row of rest_virtual.c. After pkg/registry/core/serviceaccount/storage/token.go and
 * pkg/apis/authentication/validation of release 1.35. Loop thread. */
#include "config.h"

#include "api/kinds_types.h"
#include "api/object.h"
#include "api/status.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/authn.h"
#include "apiserver/rest_virtual.h"
#include "apiserver/sink.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/cache.h"

enum { SECONDS_MIN = 600, DAY_S = 24 * 3600 };
/* Pods that mount a token for just over an hour get one for a year, which says from when on it is
 * stale: programs that read it once go on (ServiceAccount admission asks for this number). */
enum { WARN_ONLY_S = 3607, EXTENDED_S = 365 * DAY_S };
static const int64_t seconds_max = 1LL << 32;

const struct resource rest_token_row = {
    .group = "authentication.k8s.io",
    .version = "v1",
    .kind = "TokenRequest",
    .plural = "TokenRequest", /* conflicts name it so */
    .singular = "tokenrequest",
    .verbs = VERB_CREATE,
    .flags = RES_NAMESPACED | RES_VIRTUAL,
    .type = &type_authn_token_request,
};

/* One token on its way. */
struct making {
    struct req *req;
    struct val root, spec;
    struct authn_token token;
};

/* ---- checks ---- */

static int
check_own(struct req *req, struct err **err)
{
    static const struct {
        const char *member, *path, *detail;
    } members[] = {
        { "name", "metadata.name", "must match the service account name if specified" },
        { "namespace", "metadata.namespace",
          "must match the service account namespace if specified" },
    };
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct causes causes = { .arena = req->arena };
        struct val given = val_get(val_get(doc_root(req->now), "metadata"), members[i].member);
        if (val_str(given).size > 0 && !str_eq(val_str(given), i == 0 ? req->name : req->ns)) {
            causes_add(&causes, CAUSE_INVALID, NULL, members[i].path, given, "%s",
                       members[i].detail);
            return causes_err(&causes, &rest_token_row, req->name, err);
        }
    }
    return 0;
}

static int
check_uid(struct req *req, struct err **err)
{
    struct str uid = val_str(val_at(doc_root(req->now), "metadata.uid"));
    if (uid.size == 0 || str_eq(uid, req->old_object->uid)) {
        return 0;
    }
    struct str detail =
        arena_printf(req->arena,
                     "the UID in the token request (" STR_FMT
                     ") does not match the UID of the service account (" STR_FMT ")",
                     STR_ARG(uid), STR_ARG(req->old_object->uid));
    return status_conflict(err, &rest_token_row, req->name, detail.at);
}

int
rest_token_check(struct req *req, struct err **err)
{
    struct causes causes = { .arena = req->arena };
    struct val seconds = val_at(doc_root(req->now), "spec.expirationSeconds");
    if (check_own(req, err) < 0 || check_uid(req, err) < 0) {
        return -1;
    }
    if (val_int(seconds, 0) < SECONDS_MIN) {
        causes_add(&causes, CAUSE_INVALID, NULL, "spec.expirationSeconds", seconds,
                   "may not specify a duration less than 10 minutes");
    }
    if (val_int(seconds, 0) > seconds_max) {
        causes_add(&causes, CAUSE_INVALID, NULL, "spec.expirationSeconds", seconds,
                   "may not specify a duration larger than 2^32 seconds");
    }
    return causes_err(&causes, &rest_token_row, STR(""), err);
}

/* ---- what it is bound to ---- */

static struct object *
find(struct req *req, const struct resource *row, struct str name)
{
    return cache_get(sink_cache(req->server->sink), row,
                     resource_is_namespaced(row) ? req->ns : (struct str){ 0 }, name);
}

static const struct resource *
core_row(struct req *req, const char *plural)
{
    return registry_find(req->registry, STR(""), STR("v1"), str_of(plural));
}

/* The node of a pod is named even when it is gone: who reads the token learns where the pod was. */
static int
bind_pod(struct making *m, struct object *pod, struct err **err)
{
    struct req *req = m->req;
    object_pin(pod);
    struct val spec = val_get(object_val(pod), "spec");
    struct str node = arena_dup(req->arena, val_str(val_get(spec, "nodeName")));
    bool is_own = str_eq(val_str(val_get(spec, "serviceAccountName")), req->name);
    object_unpin(pod);
    if (!is_own) {
        return err_set(err, ERR_BAD_REQUEST,
                       "cannot bind token for serviceaccount \"" STR_FMT
                       "\" to pod running with different serviceaccount name.",
                       STR_ARG(req->name));
    }
    m->token.pod_name = pod->name;
    m->token.pod_uid = pod->uid;
    m->token.node_name = node;
    const struct object *there = node.size == 0 ? NULL : find(req, core_row(req, "nodes"), node);
    if (there != NULL) {
        m->token.node_uid = there->uid;
    }
    return 0;
}

static int
bind_node(struct making *m, struct object *node, struct err **err)
{
    (void)err;
    m->token.node_name = node->name;
    m->token.node_uid = node->uid;
    return 0;
}

static int
bind_secret(struct making *m, struct object *secret, struct err **err)
{
    (void)err;
    m->token.secret_name = secret->name;
    m->token.secret_uid = secret->uid;
    return 0;
}

static const struct binding {
    const char *kind, *plural;
    int (*bind)(struct making *m, struct object *object, struct err **err);
} bindings[] = {
    { "Pod", "pods", bind_pod },
    { "Node", "nodes", bind_node },
    { "Secret", "secrets", bind_secret },
};

static const struct binding *
binding_of(struct val ref)
{
    bool is_core = val_is_str(val_get(ref, "apiVersion"), "v1");
    for (size_t i = 0; i < ARRAY_LEN(bindings); i++) {
        if (is_core && val_is_str(val_get(ref, "kind"), bindings[i].kind)) {
            return &bindings[i];
        }
    }
    return NULL;
}

/* "v1", "Foo" → "/v1, Kind=Foo", as Go prints a GroupVersionKind. */
static int
refuse_kind(struct req *req, struct val ref, struct err **err)
{
    struct str version, text = val_str(val_get(ref, "apiVersion"));
    struct str group = str_cut(text, '/', &version);
    if (version.at == NULL) {
        version = group;
        group = (struct str){ 0 };
    }
    (void)req;
    return err_set(err, ERR_BAD_REQUEST,
                   "cannot bind token to object of type " STR_FMT "/" STR_FMT ", Kind=" STR_FMT,
                   STR_ARG(group), STR_ARG(version), STR_ARG(val_str(val_get(ref, "kind"))));
}

static enum step_rc
bind(struct making *m, struct err **err)
{
    struct req *req = m->req;
    struct val ref = val_get(m->spec, "boundObjectRef");
    if (val_type(ref) != DOC_OBJECT) {
        return STEP_NEXT;
    }
    const struct binding *binding = binding_of(ref);
    if (binding == NULL) {
        (void)refuse_kind(req, ref, err);
        return STEP_FAIL;
    }
    struct str name = val_str(val_get(ref, "name")), uid = val_str(val_get(ref, "uid"));
    const struct resource *row = core_row(req, binding->plural);
    struct object *object = find(req, row, name);
    if (object == NULL) {
        enum step_rc rc = req_fresh(req);
        if (rc == STEP_NEXT) {
            status_not_found(err, row, name);
            rc = STEP_FAIL;
        }
        return rc;
    }
    if (binding->bind(m, object, err) < 0) {
        return STEP_FAIL;
    }
    if (uid.size > 0 && !str_eq(uid, object->uid)) {
        struct resource kind = { .group = "", .plural = binding->kind };
        struct str detail =
            arena_printf(req->arena,
                         "the UID in the bound object reference (" STR_FMT
                         ") does not match the UID in record. The object might have been deleted "
                         "and then recreated",
                         STR_ARG(uid));
        status_conflict(err, &kind, name, detail.at);
        return STEP_FAIL;
    }
    return STEP_NEXT;
}

/* ---- the token ---- */

static void
take_audiences(struct making *m)
{
    struct req *req = m->req;
    struct val list = val_get(m->spec, "audiences");
    struct str *items = arena_array(req->arena, val_len(list) + 1, sizeof(*items));
    VAL_EACH (it, list) {
        items[m->token.audience_len++] = val_str(it.value);
    }
    if (m->token.audience_len == 0) {
        items[m->token.audience_len++] = authn_issuer(req->server->authn);
    }
    m->token.audiences = items;
}

static void
take_times(struct making *m, int64_t now_s)
{
    int64_t seconds = val_int(val_get(m->spec, "expirationSeconds"), 0);
    bool is_ours = m->token.audience_len == 1 &&
                   str_eq(m->token.audiences[0], authn_issuer(m->req->server->authn));
    m->token.issued_s = now_s;
    m->token.expires_s = now_s + seconds;
    if (m->token.pod_name.size > 0 && seconds == WARN_ONLY_S && is_ours) {
        m->token.warn_after_s = m->token.expires_s;
        m->token.expires_s = now_s + EXTENDED_S;
    }
}

static int
write_answer(struct making *m, struct str jwt, struct str *ret_json, struct err **err)
{
    struct req *req = m->req;
    char now[CLOCK_TEXT_SIZE], end[CLOCK_TEXT_SIZE];
    int64_t seconds = val_int(val_get(m->spec, "expirationSeconds"), 0);
    struct edit edit;
    struct doc *doc = NULL;
    struct jw w;
    jw_init(&w, req->arena);
    jw_arr(&w);
    for (size_t i = 0; i < m->token.audience_len; i++) {
        jw_str(&w, m->token.audiences[i]);
    }
    jw_end(&w);
    edit_init(&edit, req->arena);
    edit_set(&edit, "/spec/audiences", jw_done(&w));
    edit_set_str(&edit, "/metadata/name", req->name);
    edit_set_str(&edit, "/metadata/namespace", req->ns);
    edit_set_str(&edit, "/metadata/uid", req->old_object->uid);
    edit_set_str(&edit, "/metadata/creationTimestamp",
                 arena_dup(req->arena, clock_text(m->token.issued_s * 1000, now)));
    edit_del(&edit, "/status");
    edit_set_str(&edit, "/status/token", jwt);
    edit_set_str(&edit, "/status/expirationTimestamp",
                 arena_dup(req->arena, clock_text((m->token.issued_s + seconds) * 1000, end)));
    if (edit_apply(req->now, &edit, &doc, err) < 0) {
        return -1;
    }
    *ret_json = doc_bytes(doc);
    return 0;
}

enum step_rc
rest_token_answer(struct req *req, struct str *ret_json, struct err **err)
{
    struct making m = { .req = req, .root = doc_root(req->now) };
    struct str jwt, id;
    m.spec = val_get(m.root, "spec");
    m.token.ns = req->ns;
    m.token.service_account = req->name;
    m.token.uid = req->old_object->uid;
    take_audiences(&m);
    enum step_rc rc = bind(&m, err);
    if (rc != STEP_NEXT) {
        return rc;
    }
    take_times(&m, clock_wall_ms() / 1000);
    if (authn_sign(req->server->authn, &m.token, req->arena, &jwt, &id, err) < 0 ||
        write_answer(&m, jwt, ret_json, err) < 0) {
        return STEP_FAIL;
    }
    return STEP_NEXT;
}
