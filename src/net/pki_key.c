/* EC P-256 keys: making, PEM, key ids, ES256 signatures for JWTs.  Any thread. */
#include "config.h" /* IWYU pragma: keep */

#include <assert.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/mem.h"
#include "net/pki_priv.h"

enum { PKI_ES256_HALF = 32, PKI_DER_MAX_SIZE = 4096 };

static bool pki_key_is_p256(EVP_PKEY *key);
static EVP_PKEY *pki_key_read_any(struct str pem);
static int pki_key_of_p256(struct str pem, EVP_PKEY **ret, struct err **err);
static void pki_base64url(const unsigned char *from, size_t size, char *to);

int
pki_err(struct err **err, enum err_code code, const char *doing)
{
    unsigned long first = ERR_get_error();
    const char *reason = first == 0 ? NULL : ERR_reason_error_string(first);

    ERR_clear_error();
    return reason == NULL ? err_set(err, code, "%s", doing)
                          : err_set(err, code, "%s: %s", doing, reason);
}

BIO *
pki_bio(struct str pem)
{
    BIO *bio = BIO_new_mem_buf(pem.size == 0 ? "" : pem.at,
                               pem.size > PKI_PEM_MAX_SIZE ? 0 : (int)pem.size);

    assert(bio != NULL); /* as any allocation */
    return bio;
}

char *
pki_bio_text(BIO *owned)
{
    char *at = NULL;
    long size = BIO_get_mem_data(owned, &at);
    char *text = mem_strndup(at, size < 0 ? 0 : (size_t)size);

    BIO_free(owned);
    return text;
}

EVP_PKEY *
pki_key_make(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");

    assert(key != NULL);
    return key;
}

char *
pki_key_pem(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    int rc = PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);

    assert(rc == 1);
    (void)rc;
    return pki_bio_text(bio);
}

EVP_PKEY *
pki_key_read(struct str pem, struct err **err)
{
    BIO *bio = pki_bio(pem);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    BIO_free(bio);
    if (key == NULL) {
        (void)pki_err(err, ERR_BAD_REQUEST, "no private key in PEM");
    }
    return key;
}

void
pki_key_cleanup(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
    *key = NULL;
}

void
pki_cert_cleanup(X509 **cert)
{
    X509_free(*cert);
    *cert = NULL;
}

int
pki_key_new(char **ret_key_pem, struct err **err)
{
    AUTO_PKEY EVP_PKEY *key = pki_key_make();

    (void)err;
    *ret_key_pem = pki_key_pem(key);
    return 0;
}

int
pki_es256_sign(struct str key_pem, struct str data, unsigned char ret_sig[64], struct err **err)
{
    AUTO_PKEY EVP_PKEY *key = NULL;
    unsigned char der[128];
    size_t der_size = sizeof(der);
    const unsigned char *at = der;

    if (pki_key_of_p256(key_pem, &key, err) < 0) {
        return -1;
    }
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool is_good =
        md != NULL && EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(md, der, &der_size, (const unsigned char *)data.at, data.size) == 1;
    ECDSA_SIG *sig = is_good ? d2i_ECDSA_SIG(NULL, &at, (long)der_size) : NULL;

    is_good = sig != NULL &&
              BN_bn2binpad(ECDSA_SIG_get0_r(sig), ret_sig, PKI_ES256_HALF) == PKI_ES256_HALF &&
              BN_bn2binpad(ECDSA_SIG_get0_s(sig), ret_sig + PKI_ES256_HALF, PKI_ES256_HALF) ==
                  PKI_ES256_HALF;
    ECDSA_SIG_free(sig);
    EVP_MD_CTX_free(md);
    return is_good ? 0 : pki_err(err, ERR_INTERNAL, "ES256 signature");
}

bool
pki_es256_verify(struct str public_pem_or_key_pem, struct str data, struct str sig)
{
    AUTO_PKEY EVP_PKEY *key = pki_key_read_any(public_pem_or_key_pem);
    unsigned char *der = NULL;

    if (key == NULL || !pki_key_is_p256(key) || sig.size != 2 * PKI_ES256_HALF) {
        return false;
    }
    const unsigned char *at = (const unsigned char *)sig.at;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(at, PKI_ES256_HALF, NULL);
    BIGNUM *s = BN_bin2bn(at + PKI_ES256_HALF, PKI_ES256_HALF, NULL);
    EVP_MD_CTX *md = EVP_MD_CTX_new();

    assert(pair != NULL && r != NULL && s != NULL && md != NULL);
    (void)ECDSA_SIG_set0(pair, r, s);
    int der_size = i2d_ECDSA_SIG(pair, &der);
    bool is_good =
        der_size > 0 && EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestVerify(md, der, (size_t)der_size, (const unsigned char *)data.at, data.size) == 1;

    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    EVP_MD_CTX_free(md);
    ERR_clear_error();
    return is_good;
}

int
pki_key_id(struct str key_pem, char ret_kid[64], struct err **err)
{
    AUTO_PKEY EVP_PKEY *key = pki_key_read_any(key_pem);
    unsigned char *der = NULL;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;

    if (key == NULL) {
        return pki_err(err, ERR_BAD_REQUEST, "no key in PEM");
    }
    int der_size = i2d_PUBKEY(key, &der);
    bool is_good = der_size > 0 &&
                   EVP_Digest(der, (size_t)der_size, digest, &digest_size, EVP_sha256(), NULL) == 1;

    OPENSSL_free(der);
    if (!is_good) {
        return pki_err(err, ERR_INTERNAL, "key id");
    }
    pki_base64url(digest, digest_size, ret_kid);
    return 0;
}

int
pki_key_xy(struct str key_pem, unsigned char ret_x[32], unsigned char ret_y[32], struct err **err)
{
    AUTO_PKEY EVP_PKEY *key = pki_key_read_any(key_pem);
    BIGNUM *x = NULL;
    BIGNUM *y = NULL;

    if (key == NULL || !pki_key_is_p256(key)) {
        return pki_err(err, ERR_BAD_REQUEST, "no EC P-256 key in PEM");
    }
    bool is_good = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
                   EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
                   BN_bn2binpad(x, ret_x, PKI_ES256_HALF) == PKI_ES256_HALF &&
                   BN_bn2binpad(y, ret_y, PKI_ES256_HALF) == PKI_ES256_HALF;

    BN_free(x);
    BN_free(y);
    return is_good ? 0 : pki_err(err, ERR_INTERNAL, "coordinates of an EC key");
}

static bool
pki_key_is_p256(EVP_PKEY *key)
{
    char group[32] = "";
    size_t size = 0;

    return EVP_PKEY_is_a(key, "EC") == 1 &&
           EVP_PKEY_get_group_name(key, group, sizeof(group), &size) == 1 &&
           (strcmp(group, "prime256v1") == 0 || strcmp(group, "P-256") == 0);
}

/* A public key, a private one, or a certificate's. */
static EVP_PKEY *
pki_key_read_any(struct str pem)
{
    BIO *bio = pki_bio(pem);
    EVP_PKEY *key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);

    if (key == NULL) {
        (void)BIO_reset(bio);
        key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    }
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

static int
pki_key_of_p256(struct str pem, EVP_PKEY **ret, struct err **err)
{
    EVP_PKEY *key = pki_key_read(pem, err);

    if (key == NULL) {
        return -1;
    }
    if (!pki_key_is_p256(key)) {
        EVP_PKEY_free(key);
        return err_set(err, ERR_BAD_REQUEST, "the key is not EC P-256");
    }
    *ret = key;
    return 0;
}

/* Without padding, as JOSE wants it; `to` has room. */
static void
pki_base64url(const unsigned char *from, size_t size, char *to)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned hold = 0;
    unsigned bits = 0;

    for (size_t i = 0; i < size; i++) {
        hold = hold << 8 | from[i];
        for (bits += 8; bits >= 6; bits -= 6) {
            *to++ = digits[hold >> (bits - 6) & 63];
        }
    }
    if (bits > 0) {
        *to++ = digits[hold << (6 - bits) & 63];
    }
    *to = '\0';
}
