/* Rows: CertificateSigningRequest.
 *
 * Tables in the order of Go's structs, which is the order of what is written. Read by every walker
 * over rows; constant, any thread. */
#include "config.h"

#include "api/columns_kinds.h"
#include "api/kinds_check.h"
#include "api/kinds_priv.h"
#include "api/kinds_types.h"
#include "api/validate.h"

/* One row a line. */
/* clang-format off */

static const struct field cert_certificate_signing_request_spec_fields[] = {
    ALWAYS("request", BYTES, VAL, 1),
    ALWAYS("signerName", STRING, VAL, 7),
    OPT("expirationSeconds", INT32, PTR, 8),
    OPT("usages", STRING, LIST, 5, .go = "[]v1.KeyUsage"),
    OPT("username", STRING, VAL, 2),
    OPT("uid", STRING, VAL, 3),
    OPT("groups", STRING, LIST, 4),
    OPT("extra", STRINGS, MAP, 6),
};
LOCAL_TYPE(cert_certificate_signing_request_spec, "certificates/v1.CertificateSigningRequestSpec");

static const struct field cert_certificate_signing_request_condition_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v1.RequestConditionType"),
    ALWAYS("status", STRING, VAL, 6, .go = "v1.ConditionStatus"),
    OPT("reason", STRING, VAL, 2),
    OPT("message", STRING, VAL, 3),
    OPT("lastUpdateTime", TIME, VAL, 4),
    OPT("lastTransitionTime", TIME, VAL, 5),
};
LOCAL_TYPE(cert_certificate_signing_request_condition,
    "certificates/v1.CertificateSigningRequestCondition");

static const struct field cert_certificate_signing_request_status_fields[] = {
    OPT("conditions", OBJECT, LIST, 1, .of = &type_cert_certificate_signing_request_condition,
        .list = LIST_MAP, .list_keys = "type"),
    OPT("certificate", BYTES, VAL, 2),
};
LOCAL_TYPE(cert_certificate_signing_request_status,
    "certificates/v1.CertificateSigningRequestStatus");

static const struct field cert_certificate_signing_request_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("spec", OBJECT, VAL, 2, .of = &type_cert_certificate_signing_request_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_cert_certificate_signing_request_status),
};
TYPE(cert_certificate_signing_request, "certificates/v1.CertificateSigningRequest");

/* ---- resources ---- */

static const char *const certificatesigningrequests_short[] = { "csr", NULL };
static const struct subresource certificatesigningrequests_subs[] = {
    { .name = "approval", .verbs = SUB_RW, .reset = "spec,status.certificate" },
    { .name = "status", .verbs = SUB_RW },
};
static const struct selectable certs_fields[] = {
    { .label = "spec.signerName", .path = "spec.signerName", .index = 1 },
};
const struct resource resource_certificatesigningrequests = {
    .group = "certificates.k8s.io",
    .version = "v1",
    .kind = "CertificateSigningRequest",
    .list_kind = "CertificateSigningRequestList",
    .plural = "certificatesigningrequests",
    .singular = "certificatesigningrequest",
    .short_names = certificatesigningrequests_short,
    .verbs = VERB_ALL,
    .flags = RES_UNCONDITIONAL_UPDATE | RES_RECORDS_USER | RES_META_AGAIN,
    .type = &type_cert_certificate_signing_request,
    .name_problems = validate_name_path_segment,
    .check_create = kind_cert_check,
    .check_update = kind_cert_check_update,
    .selectables = certs_fields,
    .selectable_len = ARRAY_LEN(certs_fields),
    .prepare_create = kind_cert_create,
    .prepare_update = kind_cert_update,
    .subresources = certificatesigningrequests_subs,
    .subresource_len = ARRAY_LEN(certificatesigningrequests_subs),
    .reset_main = "spec,status",
    .reset_status = "spec,status.conditions",
    COLUMNS_OF(certificatesigningrequests),
};

/* clang-format on */
