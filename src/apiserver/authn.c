/* Who is asking: the client certificate of a TLS connection, a bearer token, or the peer of the Unix
 * socket.
 *
 * The step "authenticate", and the paths by which others verify our tokens. A local client brings
 * its user with it. Credentials that are given and wrong are a 401; none at all is system:anonymous,
 * which may hardly anything. Loop thread. */
#include "config.h"

#include "apiserver/authn.h"

#include "apiserver/apiserver_impl.h"
#include "apiserver/authn_account.h"
#include "apiserver/authn_bootstrap.h"
#include "apiserver/authn_jwt.h"
#include "apiserver/ident.h"
#include "base/arena.h"
#include "base/base64.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/body.h"
#include "net/http.h"
#include "net/tls.h"

#define LOG_MODULE "authn"

enum { GROUPS_EXTRA = 2 };

struct authn {
    struct apiserver *server;
    struct authn_jwt *jwt;
    char *issuer;
    uint32_t owner_uid;
    char *owner_name; /* NULL: the uid as text */
};

struct authn *
authn_new(const struct authn_spec *spec)
{
    struct authn *authn = MEM_NEW(struct authn);
    authn->server = spec->server;
    authn->jwt = authn_jwt_new(spec->sa_keys_pem, spec->sa_key_len);
    authn->issuer = mem_strdup(spec->issuer);
    authn->owner_uid = spec->owner_uid;
    authn->owner_name = mem_strdup(spec->owner_name);
    return authn;
}

void
authn_free(struct authn *authn)
{
    if (authn != NULL) {
        authn_jwt_free(authn->jwt);
        mem_free(authn->issuer);
        mem_free(authn->owner_name);
        mem_free(authn);
    }
}

struct str
authn_issuer(const struct authn *authn)
{
    return str_of(authn->issuer);
}

void
authn_write_user(const struct req_user *user, struct jw *out)
{
    jw_obj(out);
    jw_kv(out, "username", user->name);
    jw_kv(out, "uid", user->uid);
    if (user->group_len > 0) {
        jw_keyz(out, "groups");
        jw_arr(out);
        for (size_t i = 0; i < user->group_len; i++) {
            jw_str(out, user->groups[i]);
        }
        jw_end(out);
    }
    if (user->extra_json.size > 0) {
        jw_keyz(out, "extra");
        jw_raw(out, user->extra_json);
    }
    jw_end(out);
}

/* ---- tokens ---- */

bool
authn_check(struct authn *authn, const struct authn_question *question, struct authn_answer *ret)
{
    struct val claims;
    *ret = (struct authn_answer){ 0 };
    if (!authn_jwt_claims(question->token, question->arena, &claims) ||
        !val_is_str(val_get(claims, "iss"), authn->issuer)) {
        return authn_bootstrap_check(authn->server, str_of(authn->issuer), question, ret);
    }
    if (!authn_jwt_is_ours(authn->jwt, question->token, question->arena)) {
        ret->why = STR("go-jose/go-jose: error in cryptographic primitive");
        return false;
    }
    return authn_account_check(authn->server, claims, str_of(authn->issuer), question, ret);
}

int
authn_sign(struct authn *authn, const struct authn_token *token, struct arena *arena,
           struct str *ret_jwt, struct str *ret_id, struct err **err)
{
    char id[IDENT_UUID_SIZE + 1];
    *ret_id = arena_dup(arena, ident_uuid(&authn->server->ident, id));
    struct str claims = authn_account_claims(token, str_of(authn->issuer), *ret_id, arena);
    return authn_jwt_sign(authn->jwt, claims, arena, ret_jwt, err);
}

static void
add_group(struct req *req, struct str group)
{
    req->user.groups[req->user.group_len++] = arena_dup(req->arena, group);
}

static void
room_for_groups(struct req *req, size_t len)
{
    req->user.groups = arena_array(req->arena, len + GROUPS_EXTRA, sizeof(struct str));
    req->user.group_len = 0;
}

/* CN is the user, every O a group (apiserver/pkg/authentication/request/x509). */
static enum step_rc
from_certificate(struct req *req, const struct tls_peer *peer)
{
    req->user.name = arena_dup(req->arena, peer->common_name);
    room_for_groups(req, peer->organisation_len);
    for (size_t i = 0; i < peer->organisation_len; i++) {
        add_group(req, peer->organisations[i]);
    }
    add_group(req, STR("system:authenticated"));
    req->user.extra_json = arena_printf(
        req->arena, "{\"authentication.kubernetes.io/credential-id\":[\"X509SHA256=" STR_FMT "\"]}",
        STR_ARG(peer->fingerprint_sha256));
    return STEP_NEXT;
}

/* root and the owner of the data directory are administrators; nobody else gets in here. */
static enum step_rc
from_socket(struct authn *authn, struct req *req, struct err **err)
{
    uint32_t uid = req->http->peer->uid;
    if (uid != 0 && uid != authn->owner_uid) {
        err_set(err, ERR_FORBIDDEN,
                "forbidden: the socket is for root and the owner of the data directory, not for "
                "user id %u",
                uid);
        return STEP_FAIL;
    }
    if (uid == authn->owner_uid && authn->owner_name != NULL) {
        req->user.name = arena_printf(req->arena, "local:%s", authn->owner_name);
    } else if (uid == 0) {
        req->user.name = STR("local:root");
    } else {
        req->user.name = arena_printf(req->arena, "local:%u", uid);
    }
    room_for_groups(req, 0);
    add_group(req, STR("system:masters"));
    add_group(req, STR("system:authenticated"));
    return STEP_NEXT;
}

/* The header as apiserver/pkg/authentication/request/bearertoken reads it. */
static struct str
bearer_token(struct req *req)
{
    struct str rest, more;
    struct str header = str_trim(http_header(req->http, "authorization"));
    struct str scheme = str_cut(header, ' ', &rest);
    struct str token = str_cut(rest, ' ', &more);
    if (!str_eq_nocase(scheme, STR("bearer"))) {
        return (struct str){ 0 };
    }
    if (token.size == 0 && more.at != NULL) {
        req_warn(req, STR("the provided Authorization header contains extra space before the "
                          "bearer token, and is ignored"));
    }
    return token;
}

/* Browsers cannot set headers on a WebSocket: the token comes as a subprotocol, beside the one that
 * is meant (apiserver/pkg/authentication/request/websocket). False: it is not rightly given. */
static bool
websocket_token(struct req *req, struct str *ret_token)
{
    struct str prefix = STR("base64url.bearer.authorization.k8s.io.");
    struct str rest = http_header(req->http, "sec-websocket-protocol");
    size_t tokens = 0, others = 0;
    bool is_good = true;
    if (!str_eq_nocase(http_header(req->http, "upgrade"), STR("websocket"))) {
        return true;
    }
    while (rest.size > 0) {
        struct str protocol = str_trim(str_cut(rest, ',', &rest));
        if (!str_has_prefix(protocol, prefix)) {
            others++;
            continue;
        }
        tokens++;
        protocol = str_slice(protocol.at + prefix.size, protocol.size - prefix.size);
        is_good = is_good && base64_decode_url(protocol, req->arena, ret_token) == 0;
    }
    return tokens == 0 || (is_good && tokens == 1 && others > 0);
}

/* A refusal is drawn from a cache that is current: it asks first. */
static enum step_rc
from_token(struct authn *authn, struct req *req, struct str token, struct err **err)
{
    struct authn_question question = { .token = token, .arena = req->arena };
    struct authn_answer answer;
    if (authn_check(authn, &question, &answer)) {
        req->user = answer.user;
        req->impl->is_fresh = false; /* what follows is drawn from a later state */
        return STEP_NEXT;
    }
    enum step_rc rc = req_fresh(req);
    if (rc != STEP_NEXT) {
        return rc;
    }
    log_debug("token refused address=" STR_FMT " why=" STR_FMT, STR_ARG(req->address),
              STR_ARG(answer.why));
    err_set(err, ERR_UNAUTHORIZED, "Unauthorized");
    return STEP_FAIL;
}

enum step_rc
authn_request(struct authn *authn, struct req *req, struct err **err)
{
    if (req->http == NULL) {
        return STEP_NEXT;
    }
    const struct http_peer *peer = req->http->peer;
    if (peer->is_unix) {
        return from_socket(authn, req, err);
    }
    if (peer->tls != NULL && peer->tls->common_name.size > 0) {
        return from_certificate(req, peer->tls);
    }
    struct str token = bearer_token(req);
    if (token.size == 0 && !websocket_token(req, &token)) {
        err_set(err, ERR_UNAUTHORIZED, "Unauthorized");
        return STEP_FAIL;
    }
    if (token.size > 0) {
        return from_token(authn, req, token, err);
    }
    req->user.name = STR("system:anonymous");
    room_for_groups(req, 0);
    add_group(req, STR("system:unauthenticated"));
    return STEP_NEXT;
}

/* ---- for others that verify our tokens ---- */

static void
answer(struct req *req, const char *content_type, struct str json)
{
    req_header(req, "cache-control", STR("public, max-age=3600"));
    req_answer_body(req, 200, content_type, body_of_copy(json));
}

static void
handle_keys(void *ctx, struct req *req)
{
    const struct authn *authn = ((struct apiserver *)ctx)->authn;
    struct jw w;
    jw_init(&w, req->arena);
    authn_jwt_write_keys(authn->jwt, &w);
    answer(req, "application/jwk-set+json", jw_done(&w));
}

static void
handle_config(void *ctx, struct req *req)
{
    const struct authn *authn = ((struct apiserver *)ctx)->authn;
    struct jw w;
    jw_init(&w, req->arena);
    jw_obj(&w);
    jw_kvz(&w, "issuer", authn->issuer);
    jw_kv(&w, "jwks_uri", arena_printf(req->arena, "%s/openid/v1/jwks", authn->issuer));
    jw_keyz(&w, "response_types_supported");
    jw_raw(&w, STR("[\"id_token\"]"));
    jw_keyz(&w, "subject_types_supported");
    jw_raw(&w, STR("[\"public\"]"));
    jw_keyz(&w, "id_token_signing_alg_values_supported");
    jw_raw(&w, STR("[\"ES256\"]"));
    jw_end(&w);
    answer(req, "application/json", jw_done(&w));
}

void
authn_mount(struct apiserver *server)
{
    const struct mount mounts[] = {
        { .path = "/openid/v1/jwks", .verbs = VERB_GET, .handle = handle_keys, .ctx = server },
        { .path = "/.well-known/openid-configuration",
          .verbs = VERB_GET,
          .handle = handle_config,
          .ctx = server },
    };
    for (size_t i = 0; i < ARRAY_LEN(mounts); i++) {
        apiserver_mount(server, &mounts[i]);
    }
}
