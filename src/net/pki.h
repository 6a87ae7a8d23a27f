/* Certificates: CA, signing, CSRs, EC P-256 keys.  Any thread; start-up and signers. */
#ifndef BINNACLE_NET_PKI_H
#define BINNACLE_NET_PKI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct err;
struct pki_ca; /* certificate and key */

enum pki_usage { PKI_CLIENT = 1, PKI_SERVER = 2 };
struct pki_names {
    const char *common_name;
    const char *const *organisations; /* NULL-terminated or NULL */
    const char *const *dns;           /* NULL-terminated or NULL */
    const char *const *ips;
};

/* Loads DIR/NAME.crt and .key, or makes them (10 years, key 0600) when both are absent. A key
 * without its certificate (a kill -9 in between) gets a new one. */
int pki_ca_open(const char *dir, const char *name, const char *common_name, struct pki_ca **ret,
                struct err **err);
void pki_ca_free(struct pki_ca *ca);
struct str pki_ca_pem(const struct pki_ca *ca);
/* New EC P-256 key and a certificate for it; both PEM, owned by the caller. */
int pki_issue(const struct pki_ca *ca, const struct pki_names *names, unsigned usage, int64_t days,
              char **ret_cert_pem, char **ret_key_pem, struct err **err);
struct pki_leaf_spec {
    const char *dir, *name; /* DIR/NAME.crt (0644) and .key (0600) */
    struct pki_names names;
    unsigned usage;
    int64_t days;
};
/* Loads, or reissues when absent, of another CA, of other names, or past 80 % of life. PEM, owned
 * by the caller. */
int pki_leaf(const struct pki_ca *ca, const struct pki_leaf_spec *spec, char **ret_cert_pem,
             char **ret_key_pem, struct err **err);
int pki_key_new(char **ret_key_pem, struct err **err);
int pki_csr_new(const char *key_pem, const struct pki_names *names, char **ret_csr_pem,
                struct err **err);

struct pki_csr {
    char *common_name;
    char *organisations[32];
    size_t organisation_len;
    char *dns[64], *ips[64], *emails[8], *uris[8];
    size_t dns_len, ip_len, email_len, uri_len;
};
int pki_csr_parse(struct str pem, struct pki_csr *ret, struct err **err); /* checks the signature */
void pki_csr_done(struct pki_csr *csr);
int pki_sign_csr(const struct pki_ca *ca, struct str csr_pem, unsigned usage, int64_t seconds,
                 char **ret_cert_pem, struct err **err);
/* notAfter as Unix ms of the first certificate in the PEM; 0 when unreadable. */
int64_t pki_expires_ms(struct str cert_pem);

/* ES256 with raw (r||s) signatures, for JWTs. kid: base64url SHA-256 of the public key's DER. */
int pki_es256_sign(struct str key_pem, struct str data, unsigned char ret_sig[64],
                   struct err **err);
bool pki_es256_verify(struct str public_pem_or_key_pem, struct str data, struct str sig);
int pki_key_id(struct str key_pem, char ret_kid[64], struct err **err);
int pki_key_xy(struct str key_pem, unsigned char ret_x[32], unsigned char ret_y[32],
               struct err **err);

#endif
