/* Who is asking: client certificate, service-account token, bootstrap token, socket peer. */
#ifndef BINNACLE_APISERVER_AUTHN_H
#define BINNACLE_APISERVER_AUTHN_H

#include "apiserver/req.h"

struct authn;
struct authn_spec {
    struct apiserver *server;
    const char *issuer; /* https://kubernetes.default.svc.<domain> */
    struct str sa_keys_pem[8];
    size_t sa_key_len;
    uint32_t owner_uid;
    const char *owner_name;
};
struct authn *authn_new(const struct authn_spec *spec, struct err **err);
void authn_free(struct authn *authn);
/* Fills req->user, anonymous when there are no credentials; wrong credentials are a 401. */
enum step_rc authn_request(struct authn *authn, struct req *req, struct err **err);

/* Tokens: ES256 JWTs bound to a service account and, if given, a pod, node or secret. */
struct authn_token {
    struct str ns, service_account, uid;
    struct str pod_name, pod_uid, node_name, node_uid, secret_name, secret_uid;
    struct str *audiences;
    size_t audience_len;
    int64_t issued_s, expires_s, warn_after_s;
};
int authn_sign(struct authn *authn, const struct authn_token *token, struct arena *arena,
               struct str *ret_jwt, struct err **err);
/* Verifies signature, issuer, audience, times and that what it is bound to still exists. */
int authn_verify(struct authn *authn, struct str jwt, const struct str *audiences,
                 size_t audience_len, struct arena *arena, struct req_user *ret_user,
                 struct err **err);
void authn_jwks(struct authn *authn, struct jw *out); /* /openid/v1/jwks */
void authn_openid_config(struct authn *authn,
                         struct jw *out); /* /.well-known/openid-configuration */

#endif
