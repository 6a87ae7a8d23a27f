/* Checks of CertificateSigningRequests, after pkg/apis/certificates/validation of release 1.35. What
 * needs a certificate's own syntax is checked where OpenSSL is: apiserver/rest_cert.c.
 *
 * Called by validate.c through the row of kind_cert.c. Pure, any thread. */
#include "config.h"

#include <string.h>

#include "api/kinds_priv.h"
#include "api/validate.h"
#include "base/mem.h"

enum { CERT_SECONDS_MIN = 600 };

static const char *const cert_usages[] = {
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
    NULL,
};
static const char *const cert_true[] = { "True", NULL };
static const char *const cert_statuses[] = { "False", "True", "Unknown", NULL };
static const char *const cert_judgements[] = { "Approved", "Denied", "Failed" };

static bool
cert_is_one(struct val v, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (val_is_str(v, *words)) {
            return true;
        }
    }
    return false;
}

/* Did the same value of that member come before in the list? */
static bool
cert_is_repeated(struct val list, size_t index, const char *member, struct val value)
{
    size_t at = 0;
    VAL_EACH (it, list) {
        struct val other = member == NULL ? it.value : val_get(it.value, member);
        if (at++ == index) {
            return false;
        }
        if (val_is(other) && val_eq(other, value)) {
            return true;
        }
    }
    return false;
}

static void
cert_check_usages(struct val spec, struct causes *out)
{
    struct field_path up = { .name = "spec", .index = -1 };
    struct field_path usages = { .up = &up, .name = "usages", .index = -1 };
    struct val list = val_get(spec, "usages");
    size_t index = 0;
    if (val_len(list) == 0) {
        causes_add(out, CAUSE_REQUIRED, NULL, "spec.usages", (struct val){ 0 }, NULL);
    }
    VAL_EACH (it, list) {
        struct field_path path = { .up = &usages, .index = (int64_t)index };
        if (!cert_is_one(it.value, cert_usages)) {
            causes_add_enum(out, &path, "", it.value, cert_usages);
        }
        index++;
    }
    index = 0;
    VAL_EACH (it, list) {
        struct field_path path = { .up = &usages, .index = (int64_t)index };
        if (cert_is_repeated(list, index++, NULL, it.value)) {
            causes_add(out, CAUSE_DUPLICATE, &path, "", it.value, NULL);
        }
    }
}

/* example.com/signer-name: a domain of at least two labels, a path of subdomains. */
static bool
cert_is_signer(struct str name)
{
    struct str path, domain = str_cut(name, '/', &path);
    struct problems problems = { 0 };
    validate_name_subdomain(domain, false, &problems);
    validate_name_subdomain(path, false, &problems);
    return path.size > 0 && problems.len == 0 && str_contains(domain, STR("."));
}

static void
cert_check_signer(struct val spec, struct causes *out)
{
    struct val signer = val_get(spec, "signerName");
    if (val_str(signer).size == 0) {
        causes_add(out, CAUSE_REQUIRED, NULL, "spec.signerName", (struct val){ 0 }, NULL);
    } else if (val_is_str(signer, "kubernetes.io/legacy-unknown")) {
        causes_add(out, CAUSE_INVALID, NULL, "spec.signerName", signer,
                   "the legacy signerName is not allowed via this API version");
    } else if (!cert_is_signer(val_str(signer))) {
        causes_add(out, CAUSE_INVALID, NULL, "spec.signerName", signer,
                   "must be a fully qualified domain and path of the form "
                   "'example.com/signer-name'");
    }
}

static void
cert_check_condition(struct val list, size_t index, struct val condition, struct causes *out)
{
    struct field_path up = { .name = "status", .index = -1 };
    struct field_path conditions = { .up = &up, .name = "conditions", .index = -1 };
    struct field_path path = { .up = &conditions, .index = (int64_t)index };
    struct val type = val_get(condition, "type"), status = val_get(condition, "status");
    bool is_judgement = false;
    for (size_t i = 0; i < ARRAY_LEN(cert_judgements); i++) {
        is_judgement |= val_is_str(type, cert_judgements[i]);
    }
    if (val_str(type).size == 0) {
        causes_add(out, CAUSE_REQUIRED, &path, "type", (struct val){ 0 }, NULL);
    }
    if (val_str(status).size == 0) {
        causes_add(out, CAUSE_REQUIRED, &path, "status", (struct val){ 0 }, NULL);
    } else if (is_judgement && !val_is_str(status, "True")) {
        causes_add_enum(out, &path, "status", status, cert_true);
    } else if (!cert_is_one(status, cert_statuses)) {
        causes_add_enum(out, &path, "status", status, cert_statuses);
    }
    const char *other = val_is_str(type, "Denied")     ? "Approved"
                        : val_is_str(type, "Approved") ? "Denied"
                                                       : NULL;
    size_t before = 0;
    VAL_EACH (it, list) {
        if (before++ < index && other != NULL && val_is_str(val_get(it.value, "type"), other)) {
            causes_add(out, CAUSE_INVALID, &conditions, "", type,
                       "Approved and Denied conditions are mutually exclusive");
            break;
        }
    }
    if (cert_is_repeated(list, index, "type", type)) {
        causes_add(out, CAUSE_DUPLICATE, &path, "type", type, NULL);
    }
}

void
kind_cert_check(struct check_in *in, struct causes *out)
{
    struct val spec = val_get(in->now, "spec");
    struct val seconds = val_get(spec, "expirationSeconds");
    struct val conditions = val_at(in->now, "status.conditions");
    size_t index = 0;
    cert_check_usages(spec, out);
    cert_check_signer(spec, out);
    if (val_is(seconds) && val_int(seconds, 0) < CERT_SECONDS_MIN) {
        causes_add(out, CAUSE_INVALID, NULL, "spec.expirationSeconds", seconds,
                   "may not specify a duration less than 600 seconds (10 minutes)");
    }
    VAL_EACH (it, conditions) {
        cert_check_condition(conditions, index++, it.value, out);
    }
}

/* ---- updates ---- */

static size_t
cert_count(struct val root, const char *type)
{
    size_t len = 0;
    VAL_EACH (it, val_at(root, "status.conditions")) {
        len += val_is_str(val_get(it.value, "type"), type);
    }
    return len;
}

static void
cert_check_judgements(struct check_in *in, struct causes *out)
{
    bool may_judge = in->subresource != NULL && strcmp(in->subresource, "approval") == 0;
    for (size_t i = 0; i < ARRAY_LEN(cert_judgements); i++) {
        if (cert_count(in->now, cert_judgements[i]) < cert_count(in->old, cert_judgements[i])) {
            causes_add(out, CAUSE_FORBIDDEN, NULL, "status.conditions", (struct val){ 0 },
                       "updates may not remove a condition of type \"%s\"", cert_judgements[i]);
        }
    }
    for (size_t i = 0; i < 2 && !may_judge; i++) {
        if (cert_count(in->now, cert_judgements[i]) > cert_count(in->old, cert_judgements[i])) {
            causes_add(out, CAUSE_FORBIDDEN, NULL, "status.conditions", (struct val){ 0 },
                       "updates may not add a condition of type \"%s\"", cert_judgements[i]);
        }
    }
}

void
kind_cert_check_update(struct check_in *in, struct causes *out)
{
    struct val now = val_at(in->now, "status.certificate");
    struct val old = val_at(in->old, "status.certificate");
    bool may_sign = in->subresource != NULL && strcmp(in->subresource, "status") == 0;
    kind_cert_check(in, out);
    cert_check_judgements(in, out);
    if (str_eq(val_str(now), val_str(old))) {
        return;
    }
    if (!may_sign) {
        causes_add(out, CAUSE_FORBIDDEN, NULL, "status.certificate", (struct val){ 0 },
                   "updates may not set certificate content");
    } else if (val_str(old).size > 0) {
        causes_add(out, CAUSE_FORBIDDEN, NULL, "status.certificate", (struct val){ 0 },
                   "updates may not modify existing certificate content");
    }
}
