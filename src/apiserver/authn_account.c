/* What a service account's token claims and whether it still holds: audience, times, and the objects
 * it is bound to, by name and uid.
 *
 * Called by authn.c once the signature is known to be good. After pkg/serviceaccount/{claims,jwt}.go
 * of release 1.35, texts included: TokenReview shows them. Loop thread. */
#include "config.h"

#include "apiserver/authn_account.h"

#include "api/object.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/sink.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "client/cache.h"

#define EXTRA "authentication.kubernetes.io/"

enum { LEEWAY_S = 60 /* go-jose's, for clocks that differ */, GROUPS = 3 };

struct checking {
    struct apiserver *server;
    struct arena *arena;
    struct val kubernetes; /* the claim "kubernetes.io" */
    struct str ns;
    int64_t now_s;
    struct authn_answer *ret;
};

static bool
refuse(struct checking *c, struct str why)
{
    c->ret->why = why;
    return false;
}

/* ---- audiences ---- */

static struct str
quoted_list(struct arena *arena, const struct str *items, size_t len)
{
    AUTO_STR struct str_builder b = { 0 };
    for (size_t i = 0; i < len; i++) {
        str_putf(&b, "%s\"" STR_FMT "\"", i > 0 ? " " : "", STR_ARG(items[i]));
    }
    return arena_dup(arena, str_view(&b));
}

static bool
has(const struct str *items, size_t len, struct str item)
{
    for (size_t i = 0; i < len; i++) {
        if (str_eq(items[i], item)) {
            return true;
        }
    }
    return false;
}

/* "aud" is a list, or one string (RFC 7519). */
static size_t
read_audiences(struct val claim, struct arena *arena, struct str **ret)
{
    size_t len = 0;
    bool is_one = val_type(claim) == DOC_STRING;
    struct str *items = arena_array(arena, is_one ? 1 : val_len(claim) + 1, sizeof(*items));
    if (is_one) {
        items[len++] = val_str(claim);
    } else {
        VAL_EACH (it, claim) {
            items[len++] = val_str(it.value);
        }
    }
    *ret = items;
    return len;
}

static bool
check_audience(struct checking *c, struct val claims, struct str issuer,
               const struct authn_question *question)
{
    struct str *theirs;
    size_t len = read_audiences(val_get(claims, "aud"), c->arena, &theirs);
    const struct str *wanted = question->audience_len > 0 ? question->audiences : &issuer;
    size_t wanted_len = question->audience_len > 0 ? question->audience_len : 1;
    c->ret->audiences = arena_array(c->arena, len + 1, sizeof(struct str));
    for (size_t i = 0; i < len; i++) {
        if (has(wanted, wanted_len, theirs[i])) {
            c->ret->audiences[c->ret->audience_len++] = arena_dup(c->arena, theirs[i]);
        }
    }
    if (c->ret->audience_len > 0) {
        return true;
    }
    return refuse(c, arena_printf(c->arena,
                                  "token audiences [" STR_FMT
                                  "] is invalid for the target audiences [" STR_FMT "]",
                                  STR_ARG(quoted_list(c->arena, theirs, len)),
                                  STR_ARG(quoted_list(c->arena, wanted, wanted_len))));
}

/* ---- times ---- */

static bool
check_times(struct checking *c, struct val claims)
{
    int64_t expires_s = val_int(val_get(claims, "exp"), INT64_MAX);
    if (val_int(val_get(claims, "nbf"), 0) > c->now_s + LEEWAY_S ||
        val_int(val_get(claims, "iat"), 0) > c->now_s + LEEWAY_S) {
        return refuse(c, STR("service account token is not valid yet"));
    }
    if (expires_s < c->now_s - LEEWAY_S) {
        return refuse(c, STR("service account token has expired"));
    }
    return true;
}

/* ---- what it is bound to ---- */

/* What is being deleted counts until a minute after its grace period. */
static bool
is_gone(const struct checking *c, const struct object *object)
{
    return object->deleted_at_ms != 0 && object->deleted_at_ms / 1000 < c->now_s - LEEWAY_S;
}

static struct object *
find(const struct checking *c, const char *plural, struct str name)
{
    const struct resource *row =
        registry_find(c->server->registry, STR(""), STR("v1"), str_of(plural));
    if (row == NULL) {
        return NULL;
    }
    struct str ns = resource_is_namespaced(row) ? c->ns : (struct str){ 0 };
    return cache_get(sink_cache(c->server->sink), row, ns, name);
}

static bool
check_account(struct checking *c)
{
    struct val ref = val_get(c->kubernetes, "serviceaccount");
    struct str name = val_str(val_get(ref, "name")), uid = val_str(val_get(ref, "uid"));
    const struct object *account = find(c, "serviceaccounts", name);
    if (account == NULL) {
        return refuse(
            c, arena_printf(c->arena, "serviceaccounts \"" STR_FMT "\" not found", STR_ARG(name)));
    }
    if (is_gone(c, account)) {
        return refuse(c, arena_printf(c->arena,
                                      "service account " STR_FMT "/" STR_FMT " has been deleted",
                                      STR_ARG(c->ns), STR_ARG(name)));
    }
    if (!str_eq(account->uid, uid)) {
        return refuse(c, arena_printf(c->arena,
                                      "service account UID (" STR_FMT
                                      ") does not match claim (" STR_FMT ")",
                                      STR_ARG(account->uid), STR_ARG(uid)));
    }
    return true;
}

static const struct bound {
    const char *claim, *plural, *word, *ref;
} bounds[] = {
    { "secret", "secrets", "secret", "secret" },
    { "pod", "pods", "pod", "pod" },
    { "node", "nodes", "node", "node" },
};

static bool
check_bound(struct checking *c, const struct bound *bound)
{
    struct val ref = val_get(c->kubernetes, bound->claim);
    bool only_tells = bound == &bounds[2] && val_is(val_get(c->kubernetes, "pod"));
    if (!val_is(ref) || only_tells) {
        return true; /* of a pod's token the node is a remark */
    }
    struct str uid = val_str(val_get(ref, "uid"));
    const struct object *object = find(c, bound->plural, val_str(val_get(ref, "name")));
    if (object == NULL || is_gone(c, object)) {
        return refuse(c, STR("service account token has been invalidated"));
    }
    if (!str_eq(object->uid, uid)) {
        return refuse(c, arena_printf(c->arena,
                                      "%s UID (" STR_FMT
                                      ") does not match service account %s ref claim (" STR_FMT ")",
                                      bound->word, STR_ARG(object->uid), bound->ref, STR_ARG(uid)));
    }
    return true;
}

/* ---- the user ---- */

static void
put_extra(struct jw *w, const char *key, struct str value)
{
    if (value.size > 0) {
        jw_keyz(w, key);
        jw_arr(w);
        jw_str(w, value);
        jw_end(w);
    }
}

static void
fill_user(struct checking *c, struct val claims)
{
    struct req_user *user = &c->ret->user;
    struct val account = val_get(c->kubernetes, "serviceaccount");
    struct val pod = val_get(c->kubernetes, "pod"), node = val_get(c->kubernetes, "node");
    struct str id = val_str(val_get(claims, "jti"));
    struct str name = val_str(val_get(account, "name"));
    struct jw w;
    user->name = arena_printf(c->arena, "system:serviceaccount:" STR_FMT ":" STR_FMT,
                              STR_ARG(c->ns), STR_ARG(name));
    user->uid = val_str(val_get(account, "uid"));
    user->groups = arena_array(c->arena, GROUPS, sizeof(struct str));
    user->groups[user->group_len++] = STR("system:serviceaccounts");
    user->groups[user->group_len++] =
        arena_printf(c->arena, "system:serviceaccounts:" STR_FMT, STR_ARG(c->ns));
    user->groups[user->group_len++] = STR("system:authenticated");
    jw_init(&w, c->arena);
    jw_obj(&w);
    if (id.size > 0) {
        put_extra(&w, EXTRA "credential-id", arena_printf(c->arena, "JTI=" STR_FMT, STR_ARG(id)));
    }
    put_extra(&w, EXTRA "node-name", val_str(val_get(node, "name")));
    put_extra(&w, EXTRA "node-uid", val_str(val_get(node, "uid")));
    put_extra(&w, EXTRA "pod-name", val_str(val_get(pod, "name")));
    put_extra(&w, EXTRA "pod-uid", val_str(val_get(pod, "uid")));
    jw_end(&w);
    user->extra_json = jw_done(&w);
}

bool
authn_account_check(struct apiserver *server, struct val claims, struct str issuer,
                    const struct authn_question *question, struct authn_answer *ret)
{
    struct checking c = { .server = server,
                          .arena = question->arena,
                          .kubernetes = val_get(claims, "kubernetes.io"),
                          .now_s = clock_wall_ms() / 1000,
                          .ret = ret };
    c.ns = val_str(val_get(c.kubernetes, "namespace"));
    if (!check_audience(&c, claims, issuer, question) || !check_times(&c, claims) ||
        !check_account(&c)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(bounds); i++) {
        if (!check_bound(&c, &bounds[i])) {
            return false;
        }
    }
    fill_user(&c, claims);
    return true;
}

/* ---- writing ---- */

static void
put_ref(struct jw *w, const char *key, struct str name, struct str uid)
{
    if (name.size > 0) {
        jw_keyz(w, key);
        jw_obj(w);
        jw_kv(w, "name", name);
        jw_kv(w, "uid", uid);
        jw_end(w);
    }
}

static void
put_kubernetes(struct jw *w, const struct authn_token *token)
{
    jw_keyz(w, "kubernetes.io");
    jw_obj(w);
    jw_kv(w, "namespace", token->ns);
    put_ref(w, "node", token->node_name, token->node_uid);
    put_ref(w, "pod", token->pod_name, token->pod_uid);
    put_ref(w, "secret", token->secret_name, token->secret_uid);
    put_ref(w, "serviceaccount", token->service_account, token->uid);
    if (token->warn_after_s != 0) {
        jw_kint(w, "warnafter", token->warn_after_s);
    }
    jw_end(w);
}

struct str
authn_account_claims(const struct authn_token *token, struct str issuer, struct str id,
                     struct arena *arena)
{
    struct jw w;
    jw_init(&w, arena);
    jw_obj(&w);
    jw_keyz(&w, "aud");
    jw_arr(&w);
    for (size_t i = 0; i < token->audience_len; i++) {
        jw_str(&w, token->audiences[i]);
    }
    jw_end(&w);
    jw_kint(&w, "exp", token->expires_s);
    jw_kint(&w, "iat", token->issued_s);
    jw_kv(&w, "iss", issuer);
    jw_kv(&w, "jti", id);
    put_kubernetes(&w, token);
    jw_kint(&w, "nbf", token->issued_s);
    jw_kv(&w, "sub",
          arena_printf(arena, "system:serviceaccount:" STR_FMT ":" STR_FMT, STR_ARG(token->ns),
                       STR_ARG(token->service_account)));
    jw_end(&w);
    return jw_done(&w);
}
