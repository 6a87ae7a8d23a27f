/* CertificateApproval, CertificateSigning and CertificateSubjectRestriction: who may approve and who
 * may sign for a signer, and that nobody asks to become an administrator.
 *
 * Rows of admission.c. After plugin/pkg/admission/certificates of release 1.35. Loop thread. */
#include "config.h"

#include "apiserver/admission.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/authz.h"
#include "apiserver/rest_cert.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

#define GROUP "certificates.k8s.io"
#define REQUESTS "certificatesigningrequests"

static bool
may_name(struct req *req, const char *verb, struct str name)
{
    struct authz_attrs attrs = { .user = &req->user,
                                 .verb = str_of(verb),
                                 .group = STR(GROUP),
                                 .version = STR("*"),
                                 .resource = STR("signers"),
                                 .name = name,
                                 .is_resource = true };
    struct str reason;
    return authz_check(req->server->authz, &attrs, req->arena, &reason) == AUTHZ_ALLOW;
}

/* The signer itself, or all of its domain: "example.com/" and a star. */
static enum step_rc
must_be_allowed(struct req *req, const char *verb, struct err **err)
{
    struct str rest, signer = val_str(val_at(doc_root(req->old), "spec.signerName"));
    struct str domain = str_cut(signer, '/', &rest);
    struct str all = arena_printf(req->arena, STR_FMT "/*", STR_ARG(domain));
    if (may_name(req, verb, signer) || may_name(req, verb, all)) {
        return STEP_NEXT;
    }
    enum step_rc rc = req_fresh(req);
    return rc != STEP_NEXT
               ? rc
               : admission_refuse(
                     req, err, "user not permitted to %s requests with signerName \"" STR_FMT "\"",
                     verb, STR_ARG(signer));
}

static enum step_rc
check_approval(struct req *req, struct err **err)
{
    return admission_is(req, GROUP, REQUESTS, "approval") ? must_be_allowed(req, "approve", err)
                                                          : STEP_NEXT;
}

static enum step_rc
check_signing(struct req *req, struct err **err)
{
    if (!admission_is(req, GROUP, REQUESTS, "status")) {
        return STEP_NEXT;
    }
    struct val now = val_get(doc_root(req->now), "status");
    struct val old = val_get(doc_root(req->old), "status");
    struct val conditions = val_get(now, "conditions"), before = val_get(old, "conditions");
    bool is_same =
        str_eq(val_str(val_get(now, "certificate")), val_str(val_get(old, "certificate"))) &&
        ((val_len(conditions) == 0 && val_len(before) == 0) || val_eq(conditions, before));
    return is_same ? STEP_NEXT : must_be_allowed(req, "sign", err);
}

static enum step_rc
check_subject(struct req *req, struct err **err)
{
    struct val root = doc_root(req->now);
    struct val signer = val_at(root, "spec.signerName");
    struct pki_csr csr = { 0 };
    AUTO_ERR struct err *why = NULL;
    if (!admission_is(req, GROUP, REQUESTS, "") ||
        !val_is_str(signer, "kubernetes.io/kube-apiserver-client")) {
        return STEP_NEXT;
    }
    if (rest_cert_parse(root, req->arena, &csr, &why) < 0) {
        return admission_refuse(req, err, "failed to parse CSR: %s", why->message);
    }
    bool is_master = false;
    for (size_t i = 0; i < csr.organisation_len; i++) {
        is_master |= str_is(str_of(csr.organisations[i]), "system:masters");
    }
    pki_csr_done(&csr);
    return is_master ? admission_refuse(req, err,
                                        "use of " STR_FMT
                                        " signer with system:masters group is not allowed",
                                        STR_ARG(val_str(signer)))
                     : STEP_NEXT;
}

const struct admission_plugin adm_cert_approval = {
    .name = "CertificateApproval",
    .verbs = VERB_UPDATE,
    .validate = check_approval,
};
const struct admission_plugin adm_cert_signing = {
    .name = "CertificateSigning",
    .verbs = VERB_UPDATE,
    .validate = check_signing,
};
const struct admission_plugin adm_cert_subject = {
    .name = "CertificateSubjectRestriction",
    .verbs = VERB_CREATE,
    .validate = check_subject,
};
