/* The certificate authority: makes, loads and signs.  Any thread; called at start-up by serve and
 * by the signers.  Time comes from clock, so that a warped test sees certificates age. */
#include "config.h" /* IWYU pragma: keep */

#include "net/pki.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/pki_priv.h"

enum {
    PKI_CA_DAYS = 3650,
    PKI_BACKDATE_S = 300, /* clocks of nodes differ; kube-controller-manager does the same */
    PKI_DAY_S = 24 * 3600,
    PKI_SERIAL_BITS = 127, /* positive in 16 bytes */
};

struct pki_ca {
    X509 *cert;
    EVP_PKEY *key;
    char *pem;
};

/* What a new certificate says. */
struct pki_plan {
    const X509_NAME *subject;
    const GENERAL_NAMES *alt; /* NULL: none */
    EVP_PKEY *public_key;
    unsigned usage; /* 0: a CA */
    int64_t seconds;
};

static int pki_ca_load(const char *crt, const char *key, struct pki_ca *ca, struct err **err);
static int pki_ca_make(const char *common_name, const char *key, struct pki_ca *ca,
                       struct err **err);
static int pki_ca_key(const char *path, struct pki_ca *ca, struct err **err);
static X509 *pki_sign(const struct pki_ca *ca, const struct pki_plan *plan, struct err **err);
static int pki_fill(X509 *cert, const struct pki_ca *ca, const struct pki_plan *plan);
static int pki_extend(X509 *cert, const struct pki_ca *ca, const struct pki_plan *plan);
static int pki_extension(X509 *cert, X509 *issuer, int nid, const char *value);
static int pki_serial(X509 *cert);
static char *pki_cert_pem(X509 *cert);
static X509 *pki_cert_read(struct str pem);
static bool pki_leaf_is_good(const struct pki_ca *ca, const struct pki_names *names,
                             const char *cert_pem, const char *key_pem);
static bool pki_names_equal(const struct pki_csr *a, const struct pki_csr *b);
static bool pki_lists_equal(char *const *a, size_t a_len, char *const *b, size_t b_len);
static int64_t pki_time_s(const ASN1_TIME *at);
static int pki_file_read(const char *path, char **ret, struct err **err);
static int pki_file_write(const char *path, const char *text, mode_t mode, struct err **err);
static int pki_pair_write(const char *crt, const char *cert_pem, const char *key,
                          const char *key_pem, struct err **err);

int
pki_ca_open(const char *dir, const char *name, const char *common_name, struct pki_ca **ret,
            struct err **err)
{
    AUTO_FREE char *crt = mem_printf("%s/%s.crt", dir, name);
    AUTO_FREE char *key = mem_printf("%s/%s.key", dir, name);
    struct pki_ca *ca = MEM_NEW(struct pki_ca);
    int rc = 0;

    if (access(crt, F_OK) == 0) {
        rc = pki_ca_load(crt, key, ca, err);
    } else {
        AUTO_FREE char *key_pem = NULL;

        rc = pki_ca_make(common_name, key, ca, err);
        if (rc == 0) {
            key_pem = pki_key_pem(ca->key);
            rc = pki_pair_write(crt, ca->pem, key, key_pem, err);
            mem_wipe(key_pem, strlen(key_pem));
        }
    }
    if (rc < 0) {
        pki_ca_free(ca);
        return -1;
    }
    *ret = ca;
    return 0;
}

void
pki_ca_free(struct pki_ca *ca)
{
    if (ca == NULL) {
        return;
    }
    X509_free(ca->cert);
    EVP_PKEY_free(ca->key);
    mem_free(ca->pem);
    mem_free(ca);
}

struct str
pki_ca_pem(const struct pki_ca *ca)
{
    return str_of(ca->pem);
}

int
pki_issue(const struct pki_ca *ca, const struct pki_names *names, unsigned usage, int64_t days,
          char **ret_cert_pem, char **ret_key_pem, struct err **err)
{
    AUTO_PKEY EVP_PKEY *key = pki_key_make();
    struct pki_csr lists = { 0 };
    X509 *cert = NULL;

    if (pki_names_take(names, &lists, err) == 0) {
        X509_NAME *subject = X509_NAME_new();
        GENERAL_NAMES *alt = pki_alt_make(&lists);

        if (pki_subject_put(subject, lists.common_name, (const char *const *)lists.organisations,
                            lists.organisation_len) < 0) {
            (void)pki_err(err, ERR_BAD_REQUEST, "subject of a certificate");
        } else {
            cert = pki_sign(ca,
                            &(struct pki_plan){ .subject = subject,
                                                .alt = alt,
                                                .public_key = key,
                                                .usage = usage,
                                                .seconds = days * PKI_DAY_S },
                            err);
        }
        GENERAL_NAMES_free(alt);
        X509_NAME_free(subject);
    }
    pki_csr_done(&lists);
    if (cert == NULL) {
        return -1;
    }
    *ret_cert_pem = pki_cert_pem(cert);
    *ret_key_pem = pki_key_pem(key);
    X509_free(cert);
    return 0;
}

int
pki_leaf(const struct pki_ca *ca, const struct pki_leaf_spec *spec, char **ret_cert_pem,
         char **ret_key_pem, struct err **err)
{
    AUTO_FREE char *crt = mem_printf("%s/%s.crt", spec->dir, spec->name);
    AUTO_FREE char *key = mem_printf("%s/%s.key", spec->dir, spec->name);
    AUTO_FREE char *cert_pem = NULL;
    AUTO_FREE char *key_pem = NULL;

    if (access(crt, F_OK) == 0 && access(key, F_OK) == 0) {
        if (pki_file_read(crt, &cert_pem, err) < 0 || pki_file_read(key, &key_pem, err) < 0) {
            return -1;
        }
        if (pki_leaf_is_good(ca, &spec->names, cert_pem, key_pem)) {
            *ret_cert_pem = STEAL(cert_pem);
            *ret_key_pem = STEAL(key_pem);
            return 0;
        }
        mem_free(STEAL(cert_pem));
        mem_free(STEAL(key_pem));
    }
    if (pki_issue(ca, &spec->names, spec->usage, spec->days, &cert_pem, &key_pem, err) < 0 ||
        pki_pair_write(crt, cert_pem, key, key_pem, err) < 0) {
        return -1;
    }
    *ret_cert_pem = STEAL(cert_pem);
    *ret_key_pem = STEAL(key_pem);
    return 0;
}

int
pki_sign_csr(const struct pki_ca *ca, struct str csr_pem, unsigned usage, int64_t seconds,
             char **ret_cert_pem, struct err **err)
{
    struct pki_csr lists = { 0 };

    if (pki_csr_parse(csr_pem, &lists, err) < 0) {
        return -1;
    }
    BIO *bio = pki_bio(csr_pem);
    X509_REQ *req = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
    X509_NAME *subject = X509_NAME_new();
    GENERAL_NAMES *alt = pki_alt_make(&lists);
    X509 *cert = NULL;

    if (pki_subject_put(subject, lists.common_name, (const char *const *)lists.organisations,
                        lists.organisation_len) < 0) {
        (void)pki_err(err, ERR_BAD_REQUEST, "subject of a certificate");
    } else {
        cert = pki_sign(ca,
                        &(struct pki_plan){ .subject = subject,
                                            .alt = alt,
                                            .public_key = X509_REQ_get0_pubkey(req),
                                            .usage = usage,
                                            .seconds = seconds },
                        err);
    }
    GENERAL_NAMES_free(alt);
    X509_NAME_free(subject);
    X509_REQ_free(req);
    BIO_free(bio);
    pki_csr_done(&lists);
    if (cert == NULL) {
        return -1;
    }
    *ret_cert_pem = pki_cert_pem(cert);
    X509_free(cert);
    return 0;
}

int64_t
pki_expires_ms(struct str cert_pem)
{
    AUTO_X509 X509 *cert = pki_cert_read(cert_pem);

    return cert == NULL ? 0 : pki_time_s(X509_get0_notAfter(cert)) * 1000;
}

static int
pki_ca_load(const char *crt, const char *key, struct pki_ca *ca, struct err **err)
{
    if (pki_file_read(crt, &ca->pem, err) < 0) {
        return -1;
    }
    ca->cert = pki_cert_read(str_of(ca->pem));
    if (ca->cert == NULL) {
        return err_set(err, ERR_IO, "'%s' is no certificate in PEM", crt);
    }
    if (pki_ca_key(key, ca, err) < 0) {
        return -1;
    }
    if (X509_check_private_key(ca->cert, ca->key) != 1) {
        ERR_clear_error();
        return err_set(err, ERR_IO, "'%s' is not the key of '%s'", key, crt);
    }
    return 0;
}

/* A key without a certificate is a kill -9 between the two files: it is used again. */
static int
pki_ca_make(const char *common_name, const char *key, struct pki_ca *ca, struct err **err)
{
    if (access(key, F_OK) != 0) {
        ca->key = pki_key_make();
    } else if (pki_ca_key(key, ca, err) < 0) {
        return -1;
    }
    X509_NAME *subject = X509_NAME_new();

    if (pki_subject_put(subject, common_name, NULL, 0) < 0) {
        (void)pki_err(err, ERR_BAD_REQUEST, "name of a certificate authority");
    } else {
        ca->cert = pki_sign(ca,
                            &(struct pki_plan){ .subject = subject,
                                                .public_key = ca->key,
                                                .seconds = (int64_t)PKI_CA_DAYS * PKI_DAY_S },
                            err);
    }
    X509_NAME_free(subject);
    if (ca->cert == NULL) {
        return -1;
    }
    ca->pem = pki_cert_pem(ca->cert);
    return 0;
}

static int
pki_ca_key(const char *path, struct pki_ca *ca, struct err **err)
{
    AUTO_FREE char *pem = NULL;

    if (pki_file_read(path, &pem, err) < 0) {
        return -1;
    }
    ca->key = pki_key_read(str_of(pem), err);
    mem_wipe(pem, strlen(pem));
    return ca->key == NULL ? err_wrap(err, "read '%s'", path) : 0;
}

/* A certificate of ca's; with ca->cert NULL the first one, which signs itself. */
static X509 *
pki_sign(const struct pki_ca *ca, const struct pki_plan *plan, struct err **err)
{
    X509 *cert = X509_new();

    if (cert == NULL || pki_fill(cert, ca, plan) < 0 || pki_extend(cert, ca, plan) < 0 ||
        X509_sign(cert, ca->key, EVP_sha256()) <= 0) {
        X509_free(cert);
        (void)pki_err(err, ERR_INTERNAL, "sign a certificate");
        return NULL;
    }
    return cert;
}

static int
pki_fill(X509 *cert, const struct pki_ca *ca, const struct pki_plan *plan)
{
    int64_t now_s = clock_wall_ms() / 1000;
    int64_t until_s = now_s + plan->seconds;

    if (ca->cert != NULL && until_s > pki_time_s(X509_get0_notAfter(ca->cert))) {
        until_s = pki_time_s(X509_get0_notAfter(ca->cert));
    }
    if (X509_set_version(cert, X509_VERSION_3) != 1 || pki_serial(cert) < 0 ||
        X509_set_subject_name(cert, plan->subject) != 1 ||
        X509_set_issuer_name(cert, ca->cert == NULL ? plan->subject
                                                    : X509_get_subject_name(ca->cert)) != 1 ||
        X509_set_pubkey(cert, plan->public_key) != 1 ||
        ASN1_TIME_set(X509_getm_notBefore(cert), now_s - PKI_BACKDATE_S) == NULL ||
        ASN1_TIME_set(X509_getm_notAfter(cert), until_s) == NULL) {
        return -1;
    }
    return 0;
}

static int
pki_extend(X509 *cert, const struct pki_ca *ca, const struct pki_plan *plan)
{
    X509 *issuer = ca->cert == NULL ? cert : ca->cert;
    bool is_ca = plan->usage == 0;
    bool is_rsa = EVP_PKEY_is_a(plan->public_key, "RSA") == 1;
    const char *extended = plan->usage == (PKI_CLIENT | PKI_SERVER) ? "clientAuth,serverAuth"
                           : plan->usage == PKI_CLIENT              ? "clientAuth"
                                                                    : "serverAuth";

    if (pki_extension(cert, issuer, NID_basic_constraints,
                      is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE") < 0 ||
        pki_extension(cert, issuer, NID_key_usage,
                      is_ca    ? "critical,digitalSignature,keyCertSign,cRLSign"
                      : is_rsa ? "critical,digitalSignature,keyEncipherment"
                               : "critical,digitalSignature") < 0 ||
        pki_extension(cert, issuer, NID_subject_key_identifier, "hash") < 0 ||
        pki_extension(cert, issuer, NID_authority_key_identifier, "keyid:always") < 0) {
        return -1;
    }
    if (!is_ca && pki_extension(cert, issuer, NID_ext_key_usage, extended) < 0) {
        return -1;
    }
    if (plan->alt != NULL &&
        X509_add1_ext_i2d(cert, NID_subject_alt_name, (void *)(uintptr_t)plan->alt,
                          /* critical when the subject says nothing: RFC 5280 4.2.1.6 */
                          X509_NAME_entry_count(plan->subject) == 0, X509V3_ADD_DEFAULT) != 1) {
        return -1;
    }
    return 0;
}

static int
pki_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    int rc = extension != NULL && X509_add_ext(cert, extension, -1) == 1 ? 0 : -1;

    X509_EXTENSION_free(extension);
    return rc;
}

static int
pki_serial(X509 *cert)
{
    BIGNUM *number = BN_new();
    int rc = number != NULL &&
                     BN_rand(number, PKI_SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
                     BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL
                 ? 0
                 : -1;

    BN_free(number);
    return rc;
}

static char *
pki_cert_pem(X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int rc = PEM_write_bio_X509(bio, cert);

    assert(rc == 1);
    (void)rc;
    return pki_bio_text(bio);
}

static X509 *
pki_cert_read(struct str pem)
{
    BIO *bio = pki_bio(pem);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    ERR_clear_error();
    return cert;
}

static bool
pki_leaf_is_good(const struct pki_ca *ca, const struct pki_names *names, const char *cert_pem,
                 const char *key_pem)
{
    struct err *err = NULL;
    AUTO_X509 X509 *cert = pki_cert_read(str_of(cert_pem));
    AUTO_PKEY EVP_PKEY *key = pki_key_read(str_of(key_pem), &err);
    struct pki_csr wanted = { 0 };
    struct pki_csr found = { 0 };
    bool is_good = false;

    if (cert != NULL && key != NULL && X509_check_private_key(cert, key) == 1 &&
        X509_verify(cert, ca->key) == 1) {
        int64_t from_s = pki_time_s(X509_get0_notBefore(cert));
        int64_t life_s = pki_time_s(X509_get0_notAfter(cert)) - from_s;
        int64_t age_s = clock_wall_ms() / 1000 - from_s;
        GENERAL_NAMES *alt = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

        is_good = age_s * 10 < life_s * 8 && age_s >= 0 &&
                  pki_names_take(names, &wanted, &err) == 0 &&
                  pki_subject_get(X509_get_subject_name(cert), &found, &err) == 0 &&
                  pki_alt_get(alt, &found, &err) == 0 && pki_names_equal(&wanted, &found);
        GENERAL_NAMES_free(alt);
    }
    pki_csr_done(&wanted);
    pki_csr_done(&found);
    err_free(err); /* whatever is wrong with it: it is made anew */
    ERR_clear_error();
    return is_good;
}

static bool
pki_names_equal(const struct pki_csr *a, const struct pki_csr *b)
{
    return strcmp(a->common_name, b->common_name) == 0 &&
           pki_lists_equal(a->organisations, a->organisation_len, b->organisations,
                           b->organisation_len) &&
           pki_lists_equal(a->dns, a->dns_len, b->dns, b->dns_len) &&
           pki_lists_equal(a->ips, a->ip_len, b->ips, b->ip_len);
}

static bool
pki_lists_equal(char *const *a, size_t a_len, char *const *b, size_t b_len)
{
    bool is_equal = a_len == b_len;

    for (size_t i = 0; is_equal && i < a_len; i++) {
        is_equal = strcmp(a[i], b[i]) == 0;
    }
    return is_equal;
}

static int64_t
pki_time_s(const ASN1_TIME *at)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0;
    int seconds = 0;
    int64_t made = 0;

    if (ASN1_TIME_diff(&days, &seconds, epoch, at) == 1) {
        made = (int64_t)days * PKI_DAY_S + seconds;
    }
    ASN1_TIME_free(epoch);
    return made;
}

static int
pki_file_read(const char *path, char **ret, struct err **err)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0) {
        return err_sys(err, errno, "open '%s'", path);
    }
    if (status.st_size > PKI_PEM_MAX_SIZE) {
        return err_set(err, ERR_IO, "'%s' is larger than %d bytes", path, PKI_PEM_MAX_SIZE);
    }
    char *text = mem_new((size_t)status.st_size + 1);
    ssize_t size = read(fd, text, (size_t)status.st_size);

    if (size != (ssize_t)status.st_size) {
        mem_free(text);
        return err_sys(err, size < 0 ? errno : EIO, "read '%s'", path);
    }
    *ret = text;
    return 0;
}

/* All or nothing: a file beside it, synced, then renamed. */
static int
pki_file_write(const char *path, const char *text, mode_t mode, struct err **err)
{
    AUTO_FREE char *beside = mem_printf("%s.new", path);
    size_t size = strlen(text);

    (void)unlink(beside); /* left by a kill -9 */
    AUTO_FD int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

    if (fd < 0) {
        return err_sys(err, errno, "create '%s'", beside);
    }
    ssize_t put = write(fd, text, size);

    if (put != (ssize_t)size || fsync(fd) < 0 || rename(beside, path) < 0) {
        int sys = put >= 0 && put < (ssize_t)size ? ENOSPC : errno;

        (void)unlink(beside);
        return err_sys(err, sys, "write '%s'", path);
    }
    return 0;
}

/* The certificate last: without it the pair counts as absent. */
static int
pki_pair_write(const char *crt, const char *cert_pem, const char *key, const char *key_pem,
               struct err **err)
{
    (void)unlink(crt);
    if (pki_file_write(key, key_pem, 0600, err) < 0) {
        return -1;
    }
    return pki_file_write(crt, cert_pem, 0644, err);
}
