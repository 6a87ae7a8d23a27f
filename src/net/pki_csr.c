/* Certificate requests and the names in them.  Any thread: start-up, signers, onboarding. */
#include "config.h" /* IWYU pragma: keep */

#include <arpa/inet.h>
#include <assert.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/mem.h"
#include "net/pki_priv.h"

static int pki_csr_read(X509_REQ *req, struct pki_csr *ret, struct err **err);
static int pki_add(char **list, size_t *len, size_t max, char *owned, struct err **err);
static char *pki_asn1_text(const ASN1_STRING *text);
static char *pki_ip_text(const ASN1_OCTET_STRING *octets);
static GENERAL_NAME *pki_ip_make(const char *text);
static void pki_alt_add(GENERAL_NAMES **names, char *const *list, size_t len, int type);

int
pki_csr_new(const char *key_pem, const struct pki_names *names, char **ret_csr_pem,
            struct err **err)
{
    AUTO_PKEY EVP_PKEY *key = pki_key_read(str_of(key_pem), err);
    struct pki_csr lists = { 0 };

    if (key == NULL || pki_names_take(names, &lists, err) < 0) {
        pki_csr_done(&lists);
        return -1;
    }
    X509_REQ *req = X509_REQ_new();
    GENERAL_NAMES *alt = pki_alt_make(&lists);
    STACK_OF(X509_EXTENSION) *extensions = NULL;
    bool is_good =
        req != NULL && X509_REQ_set_version(req, X509_REQ_VERSION_1) == 1 &&
        pki_subject_put(X509_REQ_get_subject_name(req), lists.common_name,
                        (const char *const *)lists.organisations, lists.organisation_len) == 0 &&
        X509_REQ_set_pubkey(req, key) == 1;

    if (is_good && alt != NULL) {
        is_good =
            X509V3_add1_i2d(&extensions, NID_subject_alt_name, alt, 0, X509V3_ADD_DEFAULT) == 1 &&
            X509_REQ_add_extensions(req, extensions) == 1;
    }
    is_good = is_good && X509_REQ_sign(req, key, EVP_sha256()) > 0;
    if (is_good) {
        BIO *bio = BIO_new(BIO_s_mem());

        (void)PEM_write_bio_X509_REQ(bio, req);
        *ret_csr_pem = pki_bio_text(bio);
    }
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    GENERAL_NAMES_free(alt);
    X509_REQ_free(req);
    pki_csr_done(&lists);
    return is_good ? 0 : pki_err(err, ERR_BAD_REQUEST, "certificate request");
}

int
pki_csr_parse(struct str pem, struct pki_csr *ret, struct err **err)
{
    BIO *bio = pki_bio(pem);
    X509_REQ *req = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
    struct pki_csr made = { 0 };

    BIO_free(bio);
    if (req == NULL) {
        return pki_err(err, ERR_BAD_REQUEST, "no certificate request in PEM");
    }
    int rc = pki_csr_read(req, &made, err);

    X509_REQ_free(req);
    if (rc < 0) {
        pki_csr_done(&made);
        return -1;
    }
    *ret = made;
    return 0;
}

void
pki_csr_done(struct pki_csr *csr)
{
    char **lists[] = { csr->organisations, csr->dns, csr->ips, csr->emails, csr->uris };
    size_t *lens[] = { &csr->organisation_len, &csr->dns_len, &csr->ip_len, &csr->email_len,
                       &csr->uri_len };

    mem_free(csr->common_name);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        for (size_t k = 0; k < *lens[i]; k++) {
            mem_free(lists[i][k]);
        }
    }
    *csr = (struct pki_csr){ 0 };
}

int
pki_subject_put(X509_NAME *subject, const char *common_name, const char *const *organisations,
                size_t organisation_len)
{
    for (size_t i = 0; i < organisation_len; i++) {
        if (X509_NAME_add_entry_by_NID(subject, NID_organizationName, MBSTRING_UTF8,
                                       (const unsigned char *)organisations[i], -1, -1, 0) != 1) {
            return -1;
        }
    }
    if (common_name == NULL || common_name[0] == '\0') {
        return 0;
    }
    return X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                      (const unsigned char *)common_name, -1, -1, 0) == 1
               ? 0
               : -1;
}

int
pki_subject_get(const X509_NAME *subject, struct pki_csr *to, struct err **err)
{
    for (int i = 0; i < X509_NAME_entry_count(subject); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, i);
        int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));

        if (nid != NID_commonName && nid != NID_organizationName) {
            continue;
        }
        char *text = pki_asn1_text(X509_NAME_ENTRY_get_data(entry));

        if (text == NULL) {
            return err_set(err, ERR_BAD_REQUEST, "a name in the subject is no text");
        }
        if (nid == NID_commonName) {
            mem_free(to->common_name); /* the last one counts, as in Go */
            to->common_name = text;
        } else if (pki_add(to->organisations, &to->organisation_len, ARRAY_LEN(to->organisations),
                           text, err) < 0) {
            return -1;
        }
    }
    if (to->common_name == NULL) {
        to->common_name = mem_strdup("");
    }
    return 0;
}

int
pki_alt_get(const GENERAL_NAMES *names, struct pki_csr *to, struct err **err)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        int type = 0;
        const void *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        char *text = NULL;
        int rc = 0;

        switch (type) {
        case GEN_DNS:
        case GEN_EMAIL:
        case GEN_URI:
            text = pki_asn1_text(value);
            break;
        case GEN_IPADD:
            text = pki_ip_text(value);
            break;
        default:
            break; /* other kinds of names have no meaning here */
        }
        if (text == NULL) {
            return err_set(err, ERR_BAD_REQUEST, "a subject alternative name cannot be used");
        }
        if (type == GEN_DNS) {
            rc = pki_add(to->dns, &to->dns_len, ARRAY_LEN(to->dns), text, err);
        } else if (type == GEN_EMAIL) {
            rc = pki_add(to->emails, &to->email_len, ARRAY_LEN(to->emails), text, err);
        } else if (type == GEN_URI) {
            rc = pki_add(to->uris, &to->uri_len, ARRAY_LEN(to->uris), text, err);
        } else {
            rc = pki_add(to->ips, &to->ip_len, ARRAY_LEN(to->ips), text, err);
        }
        if (rc < 0) {
            return -1;
        }
    }
    return 0;
}

GENERAL_NAMES *
pki_alt_make(const struct pki_csr *from)
{
    GENERAL_NAMES *names = NULL;

    pki_alt_add(&names, from->dns, from->dns_len, GEN_DNS);
    pki_alt_add(&names, from->ips, from->ip_len, GEN_IPADD);
    pki_alt_add(&names, from->emails, from->email_len, GEN_EMAIL);
    pki_alt_add(&names, from->uris, from->uri_len, GEN_URI);
    return names;
}

int
pki_names_take(const struct pki_names *names, struct pki_csr *to, struct err **err)
{
    static const char *const none[] = { NULL };
    const char *const *organisations = names->organisations == NULL ? none : names->organisations;
    const char *const *dns = names->dns == NULL ? none : names->dns;
    const char *const *ips = names->ips == NULL ? none : names->ips;

    to->common_name = mem_strdup(names->common_name == NULL ? "" : names->common_name);
    for (; *organisations != NULL; organisations++) {
        if (pki_add(to->organisations, &to->organisation_len, ARRAY_LEN(to->organisations),
                    mem_strdup(*organisations), err) < 0) {
            return -1;
        }
    }
    for (; *dns != NULL; dns++) {
        if (pki_add(to->dns, &to->dns_len, ARRAY_LEN(to->dns), mem_strdup(*dns), err) < 0) {
            return -1;
        }
    }
    for (; *ips != NULL; ips++) {
        GENERAL_NAME *probe = pki_ip_make(*ips);

        if (probe == NULL) {
            return err_set(err, ERR_BAD_REQUEST, "'%s' is not a numeric address", *ips);
        }
        GENERAL_NAME_free(probe);
        if (pki_add(to->ips, &to->ip_len, ARRAY_LEN(to->ips), mem_strdup(*ips), err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int
pki_csr_read(X509_REQ *req, struct pki_csr *ret, struct err **err)
{
    EVP_PKEY *key = X509_REQ_get0_pubkey(req);

    if (key == NULL || X509_REQ_verify(req, key) != 1) {
        return pki_err(err, ERR_BAD_REQUEST, "the request's signature is not its key's");
    }
    if (pki_subject_get(X509_REQ_get_subject_name(req), ret, err) < 0) {
        return -1;
    }
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(req);
    GENERAL_NAMES *alt = X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
    int rc = alt == NULL ? 0 : pki_alt_get(alt, ret, err);

    GENERAL_NAMES_free(alt);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    ERR_clear_error();
    return rc;
}

static int
pki_add(char **list, size_t *len, size_t max, char *owned, struct err **err)
{
    if (*len == max) {
        mem_free(owned);
        return err_set(err, ERR_BAD_REQUEST, "more than %zu names of one kind", max);
    }
    list[(*len)++] = owned;
    return 0;
}

/* NULL when it is no text, or has a NUL inside: "system:masters\0x" is nobody. */
static char *
pki_asn1_text(const ASN1_STRING *text)
{
    unsigned char *utf8 = NULL;
    int size = ASN1_STRING_to_UTF8(&utf8, text);
    char *copy = NULL;

    if (size >= 0 && memchr(utf8, '\0', (size_t)size) == NULL) {
        copy = mem_strndup((const char *)utf8, (size_t)size);
    }
    OPENSSL_free(utf8);
    return copy;
}

static char *
pki_ip_text(const ASN1_OCTET_STRING *octets)
{
    int size = ASN1_STRING_length(octets);
    char text[INET6_ADDRSTRLEN];

    if (size != 4 && size != 16) {
        return NULL;
    }
    return mem_strdup(inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(octets), text,
                                sizeof(text)));
}

static GENERAL_NAME *
pki_ip_make(const char *text)
{
    unsigned char bytes[16];
    int size = inet_pton(AF_INET, text, bytes) == 1    ? 4
               : inet_pton(AF_INET6, text, bytes) == 1 ? 16
                                                       : 0;

    if (size == 0) {
        return NULL;
    }
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    GENERAL_NAME *name = GENERAL_NAME_new();

    assert(octets != NULL && name != NULL);
    (void)ASN1_OCTET_STRING_set(octets, bytes, size);
    GENERAL_NAME_set0_value(name, GEN_IPADD, octets);
    return name;
}

static void
pki_alt_add(GENERAL_NAMES **names, char *const *list, size_t len, int type)
{
    for (size_t i = 0; i < len; i++) {
        GENERAL_NAME *name = NULL;

        if (type == GEN_IPADD) {
            name = pki_ip_make(list[i]);
        } else {
            ASN1_IA5STRING *text = ASN1_IA5STRING_new();

            name = GENERAL_NAME_new();
            assert(name != NULL && text != NULL);
            (void)ASN1_STRING_set(text, list[i], -1);
            GENERAL_NAME_set0_value(name, type, text);
        }
        if (*names == NULL) {
            *names = GENERAL_NAMES_new();
        }
        assert(*names != NULL && name != NULL);
        (void)sk_GENERAL_NAME_push(*names, name);
    }
}
