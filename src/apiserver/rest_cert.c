/* The certificate texts in CertificateSigningRequests: requests must be some, and certificates too.
 *
 * Called by the step "validate" and by the admission plug-ins of adm_cert.c. After
 * pkg/apis/certificates/validation (ParseCSR, validateCertificate). Loop thread. */
#include "config.h"

#include "apiserver/rest_cert.h"

#include <string.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/err.h"
#include "base/mem.h"

#define BEGIN_REQUEST "-----BEGIN CERTIFICATE REQUEST-----"
#define BEGIN_CERTIFICATE "-----BEGIN CERTIFICATE-----"

static struct str
decoded(struct val bytes, struct arena *arena)
{
    struct str text = { 0 };
    (void)base64_decode(val_str(bytes), arena, &text, NULL);
    return text;
}

int
rest_cert_parse(struct val root, struct arena *arena, struct pki_csr *ret, struct err **err)
{
    struct str pem = decoded(val_at(root, "spec.request"), arena);
    if (!str_contains(pem, STR(BEGIN_REQUEST))) {
        return err_set(err, ERR_INVALID, "PEM block type must be CERTIFICATE REQUEST");
    }
    return pki_csr_parse(pem, ret, err);
}

static void
check_request(struct req *req, struct val root, struct causes *causes)
{
    struct pki_csr csr = { 0 };
    AUTO_ERR struct err *err = NULL;
    struct val request = val_at(root, "spec.request");
    if (rest_cert_parse(root, req->arena, &csr, &err) == 0) {
        pki_csr_done(&csr);
    } else if (val_str(request).size > 0) {
        causes_add(causes, CAUSE_INVALID, NULL, "spec.request", request, "%s", err->message);
    } else {
        causes_add_json(causes, CAUSE_INVALID, NULL, "spec.request", STR("null"), "%s",
                        err->message);
    }
}

void
rest_cert_check(struct req *req, struct causes *causes)
{
    struct val root = doc_root(req->now);
    if (strcmp(req->resource->plural, "certificatesigningrequests") != 0 ||
        strcmp(req->resource->group, "certificates.k8s.io") != 0) {
        return;
    }
    check_request(req, root, causes);
    struct val bytes = val_at(root, "status.certificate");
    struct str pem = decoded(bytes, req->arena);
    if (val_str(bytes).size == 0) {
        return;
    }
    if (!str_contains(pem, STR(BEGIN_CERTIFICATE))) {
        causes_add_text(causes, CAUSE_INVALID, NULL, "status.certificate",
                        STR("<certificate data>"),
                        "must contain at least one CERTIFICATE PEM block");
    } else if (pki_expires_ms(pem) == 0) {
        causes_add_text(causes, CAUSE_INVALID, NULL, "status.certificate",
                        STR("<certificate data>"), "must contain valid CERTIFICATE PEM blocks");
    }
}
