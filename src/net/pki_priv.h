/* What the files of pki share: OpenSSL objects from and to PEM, names. */
#ifndef BINNACLE_NET_PKI_PRIV_H
#define BINNACLE_NET_PKI_PRIV_H

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/err.h"
#include "net/pki.h"

enum { PKI_PEM_MAX_SIZE = 1 << 20 };

/* Sets err from OpenSSL's queue of this thread and empties it; -1. */
int pki_err(struct err **err, enum err_code code, const char *doing);
BIO *pki_bio(struct str pem);     /* reads pem, which must live as long */
char *pki_bio_text(BIO *owned);   /* what was written to a memory BIO, NUL-terminated */
EVP_PKEY *pki_key_make(void);     /* EC P-256 */
char *pki_key_pem(EVP_PKEY *key); /* PKCS#8 */
EVP_PKEY *pki_key_read(struct str pem, struct err **err); /* private */
void pki_key_cleanup(EVP_PKEY **key);
void pki_cert_cleanup(X509 **cert);
#define AUTO_PKEY AUTO(pki_key_cleanup)
#define AUTO_X509 AUTO(pki_cert_cleanup)

/* Subject and subjectAltName, to and from pki_csr. The maximum of each list is an error. */
int pki_subject_put(X509_NAME *subject, const char *common_name, const char *const *organisations,
                    size_t organisation_len);
int pki_subject_get(const X509_NAME *subject, struct pki_csr *to, struct err **err);
int pki_alt_get(const GENERAL_NAMES *names, struct pki_csr *to, struct err **err);
/* NULL when there is none to name. */
GENERAL_NAMES *pki_alt_make(const struct pki_csr *from);
/* The same names as lists; strings are copied. -1: too many. */
int pki_names_take(const struct pki_names *names, struct pki_csr *to, struct err **err);

#endif
