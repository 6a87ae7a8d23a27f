/* Certificate requests: what of them only OpenSSL can check.  Loop thread. */
#ifndef BINNACLE_APISERVER_REST_CERT_H
#define BINNACLE_APISERVER_REST_CERT_H

#include "apiserver/req.h"
#include "net/pki.h"

/* Adds the causes of a CertificateSigningRequest's spec.request and status.certificate; nothing for
 * other kinds. */
void rest_cert_check(struct req *req, struct causes *causes);
/* The request inside a CertificateSigningRequest; -1 when it is none. pki_csr_done frees. */
int rest_cert_parse(struct val root, struct arena *arena, struct pki_csr *ret, struct err **err);

#endif
