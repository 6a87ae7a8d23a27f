/* Who is asking: client certificate, service-account token, bootstrap token, socket peer.  Loop
 * thread. */
#ifndef BINNACLE_APISERVER_AUTHN_H
#define BINNACLE_APISERVER_AUTHN_H

#include "apiserver/req.h"

struct authn;
struct authn_spec {
    struct apiserver *server;
    const char *issuer;            /* https://kubernetes.default.svc.<domain> */
    const struct str *sa_keys_pem; /* newest first: it signs, all verify; copied */
    size_t sa_key_len;             /* at most AUTHN_JWT_KEYS_MAX; 0: no tokens are issued */
    uint32_t owner_uid;
    const char *owner_name;
};
struct authn *authn_new(const struct authn_spec *spec);
void authn_free(struct authn *authn);
/* Fills req->user, anonymous when there are no credentials; wrong credentials are a 401. */
enum step_rc authn_request(struct authn *authn, struct req *req, struct err **err);
struct str authn_issuer(const struct authn *authn);

/* An authentication/v1 UserInfo, as one object. */
void authn_write_user(const struct req_user *user, struct jw *out);

/* A bearer token of any kind. */
struct authn_question {
    struct str token;
    const struct str *audiences; /* it must be meant for one of these; none: the server's own */
    size_t audience_len;
    struct arena *arena;
};
struct authn_answer {
    struct req_user user;  /* in the arena, like the rest */
    struct str *audiences; /* those of the question that the token is meant for */
    size_t audience_len;
    struct str why; /* what is wrong with a token that is one of ours; absent: nobody knows it */
};
/* Verifies signature, issuer, audience, times and that what it is bound to still exists. */
bool authn_check(struct authn *authn, const struct authn_question *question,
                 struct authn_answer *ret);

/* What a service account's token says; empty strings are left out. */
struct authn_token {
    struct str ns, service_account, uid;
    struct str pod_name, pod_uid, node_name, node_uid, secret_name, secret_uid;
    const struct str *audiences;
    size_t audience_len;
    int64_t issued_s, expires_s, warn_after_s; /* Unix time; warn_after_s 0: none */
};
/* ret_id: the token's jti. */
int authn_sign(struct authn *authn, const struct authn_token *token, struct arena *arena,
               struct str *ret_jwt, struct str *ret_id, struct err **err);

/* /openid/v1/jwks and /.well-known/openid-configuration. */
void authn_mount(struct apiserver *server);

#endif
