/* JSON Web Tokens as service accounts carry them (RFC 7515, 7518): compact form, ES256 only.
 *
 * Called by authn.c and by the token subresource. A signature costs a tenth of a millisecond to
 * check, so digests of good tokens are kept: only the signature's verdict, which cannot change.
 * Loop thread. */
#include "config.h"

#include "apiserver/authn_jwt.h"

#include <assert.h>
#include <openssl/evp.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "net/pki.h"

enum { DIGEST_SIZE = 32, SIGNATURE_SIZE = 64, KID_SIZE = 64, MEMO_MAX = 2048 };

struct key {
    char *pem;
    char kid[KID_SIZE];
    unsigned char x[32], y[32];
};
struct digest {
    unsigned char at[DIGEST_SIZE];
};
struct authn_jwt {
    struct key keys[AUTHN_JWT_KEYS_MAX];
    size_t key_len;
    struct map good;      /* digest → itself in `order` */
    struct digest *order; /* a ring of MEMO_MAX, oldest at `next` when full */
    size_t next;
};

/* The three parts of the compact form. */
struct parts {
    struct str header, claims, signature; /* base64url */
    struct str signed_part;
};

/* ---- keys ---- */

struct authn_jwt *
authn_jwt_new(const struct str *keys_pem, size_t len)
{
    struct authn_jwt *jwt = MEM_NEW(struct authn_jwt);
    assert(len <= AUTHN_JWT_KEYS_MAX);
    jwt->order = mem_new_array(MEMO_MAX, sizeof(*jwt->order));
    for (size_t i = 0; i < len; i++) {
        AUTO_ERR struct err *err = NULL;
        struct key *key = &jwt->keys[i];
        int rc = pki_key_id(keys_pem[i], key->kid, &err);
        rc = rc < 0 ? rc : pki_key_xy(keys_pem[i], key->x, key->y, &err);
        assert(rc == 0);
        (void)rc;
        key->pem = str_dup(keys_pem[i]);
        jwt->key_len++;
    }
    return jwt;
}

void
authn_jwt_free(struct authn_jwt *jwt)
{
    if (jwt == NULL) {
        return;
    }
    for (size_t i = 0; i < jwt->key_len; i++) {
        mem_wipe(jwt->keys[i].pem, strlen(jwt->keys[i].pem));
        mem_free(jwt->keys[i].pem);
    }
    map_done(&jwt->good, NULL);
    mem_free(jwt->order);
    mem_free(jwt);
}

void
authn_jwt_write_keys(const struct authn_jwt *jwt, struct jw *out)
{
    AUTO_ARENA struct arena *arena = arena_new();
    jw_obj(out);
    jw_keyz(out, "keys");
    jw_arr(out);
    for (size_t i = 0; i < jwt->key_len; i++) {
        const struct key *key = &jwt->keys[i];
        struct str x = str_slice((const char *)key->x, sizeof(key->x));
        struct str y = str_slice((const char *)key->y, sizeof(key->y));
        jw_obj(out);
        jw_kvz(out, "use", "sig");
        jw_kvz(out, "kty", "EC");
        jw_kvz(out, "kid", key->kid);
        jw_kvz(out, "crv", "P-256");
        jw_kvz(out, "alg", "ES256");
        jw_kv(out, "x", base64_encode_url(x, arena));
        jw_kv(out, "y", base64_encode_url(y, arena));
        jw_end(out);
    }
    jw_end(out);
    jw_end(out);
}

/* ---- signing ---- */

int
authn_jwt_sign(struct authn_jwt *jwt, struct str claims, struct arena *arena, struct str *ret_token,
               struct err **err)
{
    unsigned char signature[SIGNATURE_SIZE];
    if (jwt->key_len == 0) {
        return err_set(err, ERR_INTERNAL, "failed to generate token: there is no signing key");
    }
    const struct key *key = &jwt->keys[0];
    struct str header = arena_printf(arena, "{\"alg\":\"ES256\",\"kid\":\"%s\"}", key->kid);
    struct str text =
        arena_printf(arena, STR_FMT "." STR_FMT, STR_ARG(base64_encode_url(header, arena)),
                     STR_ARG(base64_encode_url(claims, arena)));
    if (pki_es256_sign(str_of(key->pem), text, signature, err) < 0) {
        return -1;
    }
    struct str raw = str_slice((const char *)signature, sizeof(signature));
    *ret_token = arena_printf(arena, STR_FMT "." STR_FMT, STR_ARG(text),
                              STR_ARG(base64_encode_url(raw, arena)));
    return 0;
}

/* ---- reading ---- */

static bool
split(struct str token, struct parts *ret)
{
    struct str rest, none;
    ret->header = str_cut(token, '.', &rest);
    ret->claims = str_cut(rest, '.', &rest);
    ret->signature = str_cut(rest, '.', &none);
    ret->signed_part = str_slice(token.at, ret->header.size + 1 + ret->claims.size);
    return token.size <= AUTHN_JWT_SIZE_MAX && none.at == NULL && ret->header.size > 0 &&
           ret->claims.size > 0 && ret->signature.size > 0;
}

static bool
read_json(struct str part, struct arena *arena, struct val *ret)
{
    AUTO_ERR struct err *err = NULL;
    struct str text;
    if (base64_decode_url(part, arena, &text) < 0) {
        return false;
    }
    const struct doc *doc = doc_parse(arena, text, &err);
    *ret = doc == NULL ? (struct val){ 0 } : doc_root(doc);
    return val_type(*ret) == DOC_OBJECT;
}

bool
authn_jwt_claims(struct str token, struct arena *arena, struct val *ret_claims)
{
    struct parts parts;
    return split(token, &parts) && read_json(parts.claims, arena, ret_claims);
}

static void
remember(struct authn_jwt *jwt, const struct digest *digest)
{
    struct digest *slot = &jwt->order[jwt->next];
    struct str text = str_slice((const char *)slot->at, sizeof(slot->at));
    (void)map_del(&jwt->good, text); /* the oldest, when the ring is full */
    *slot = *digest;
    (void)map_put(&jwt->good, text, slot);
    jwt->next = (jwt->next + 1) % MEMO_MAX;
}

/* The key that the header names; without one that we know every key is tried. */
static bool
is_signed(const struct authn_jwt *jwt, const struct parts *parts, struct arena *arena)
{
    struct val header;
    struct str signature;
    if (!read_json(parts->header, arena, &header) || !val_is_str(val_get(header, "alg"), "ES256") ||
        base64_decode_url(parts->signature, arena, &signature) < 0) {
        return false;
    }
    struct str kid = val_str(val_get(header, "kid"));
    bool is_known = false;
    for (size_t i = 0; i < jwt->key_len; i++) {
        is_known |= str_is(kid, jwt->keys[i].kid);
    }
    for (size_t i = 0; i < jwt->key_len; i++) {
        const struct key *key = &jwt->keys[i];
        if ((!is_known || str_is(kid, key->kid)) &&
            pki_es256_verify(str_of(key->pem), parts->signed_part, signature)) {
            return true;
        }
    }
    return false;
}

bool
authn_jwt_is_ours(struct authn_jwt *jwt, struct str token, struct arena *arena)
{
    struct parts parts;
    struct digest digest = { { 0 } };
    if (!split(token, &parts)) {
        return false;
    }
    int rc = EVP_Digest(token.at, token.size, digest.at, NULL, EVP_sha256(), NULL);
    assert(rc == 1);
    (void)rc;
    if (map_get(&jwt->good, str_slice((const char *)digest.at, sizeof(digest.at))) != NULL) {
        return true;
    }
    if (!is_signed(jwt, &parts, arena)) {
        return false;
    }
    remember(jwt, &digest);
    return true;
}
