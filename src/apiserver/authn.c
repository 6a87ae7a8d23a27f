/* Who is asking: the client certificate of a TLS connection, or the peer of the Unix socket.
 *
 * The step "authenticate". A local client brings its user with it. Credentials that are given and
 * wrong are a 401; none at all is system:anonymous, which may hardly anything. Loop thread. */
#include "config.h"

#include "apiserver/authn.h"

#include "apiserver/req_impl.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/http.h"
#include "net/tls.h"

enum { GROUPS_EXTRA = 2 };

struct authn {
    uint32_t owner_uid;
    char *owner_name; /* NULL: the uid as text */
};

struct authn *
authn_new(const struct authn_spec *spec, struct err **err)
{
    struct authn *authn = MEM_NEW(struct authn);
    (void)err;
    authn->owner_uid = spec->owner_uid;
    authn->owner_name = mem_strdup(spec->owner_name);
    return authn;
}

void
authn_free(struct authn *authn)
{
    if (authn != NULL) {
        mem_free(authn->owner_name);
        mem_free(authn);
    }
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
    req->user.credential_id =
        arena_printf(req->arena, "X509SHA256=" STR_FMT, STR_ARG(peer->fingerprint_sha256));
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
    if (http_header(req->http, "authorization").size > 0) {
        err_set(err, ERR_UNAUTHORIZED, "Unauthorized");
        return STEP_FAIL;
    }
    req->user.name = STR("system:anonymous");
    room_for_groups(req, 0);
    add_group(req, STR("system:unauthenticated"));
    return STEP_NEXT;
}
