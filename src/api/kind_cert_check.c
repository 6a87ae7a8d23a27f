/* Rules of CertificateSigningRequests: pkg/apis/certificates/validation of release 1.35. What needs a
 * certificate's own syntax is checked where OpenSSL is: apiserver/rest_cert.c.
 *
 * Named by the row in kind_cert.c; pure, any thread. */
#include "config.h"

#include <string.h>

#include "api/check.h"
#include "api/kinds_check.h"
#include "api/validate_priv.h"
#include "base/arena.h"
#include "base/mem.h"

enum { CERT_DOMAIN_MAX = 253, CERT_SIGNER_MAX = 253 + 253 + 63 + 1 + 1, CERT_EXPIRES_MIN_S = 600 };

/* In the order of bytes. */
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

/* ---- the signer's name ---- */

static void
cert_check_labels(struct causes *out, struct str segment, check_problems_fn *problems)
{
    for (struct str rest = segment; rest.at != NULL;) {
        struct str label = str_cut(rest, '.', &rest);
        struct problems found = { 0 };
        problems(label, false, &found);
        for (size_t i = 0; i < found.len; i++) {
            causes_add_text(out, CAUSE_INVALID, NULL, "spec.signerName", segment,
                            "validating label \"" STR_FMT "\": %s", STR_ARG(label), found.at[i]);
        }
        if (found.len > 0) {
            return;
        }
    }
}

/* ValidateSignerName */
static void
cert_check_signer(struct causes *out, struct val name)
{
    struct field_path path = check_at(NULL, "spec");
    struct str rest = { 0 };
    struct str domain = str_cut(val_str(name), '/', &rest);
    if (!check_has(name)) {
        check_required(out, &path, "signerName", NULL);
        return;
    }
    if (rest.at == NULL || str_contains(rest, STR("/"))) {
        check_invalid(out, &path, "signerName", name,
                      "must be a fully qualified domain and path of the form "
                      "'example.com/signer-name'");
        return;
    }
    if (domain.size > CERT_DOMAIN_MAX) {
        check_too_long(out, &path, "signerName", CERT_DOMAIN_MAX);
    }
    cert_check_labels(out, domain, validate_name_label);
    if (!str_contains(domain, STR("."))) {
        causes_add_text(out, CAUSE_INVALID, &path, "signerName", domain,
                        "should be a domain with at least two segments separated by dots");
    }
    cert_check_labels(out, rest, validate_name_subdomain);
    if (val_str(name).size > CERT_SIGNER_MAX) {
        check_too_long(out, &path, "signerName", CERT_SIGNER_MAX);
    }
}

/* ---- conditions ---- */

static size_t
cert_count(struct val request, const char *type)
{
    size_t len = 0;
    VAL_EACH (it, val_at(request, "status.conditions")) {
        len += val_is_str(val_get(it.value, "type"), type) ? 1 : 0;
    }
    return len;
}

static bool
cert_repeats(struct val conditions, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (check_same(val_get(val_item(conditions, i), "type"),
                       val_get(val_item(conditions, index), "type"))) {
            return true;
        }
    }
    return false;
}

static bool
cert_has_repeats(struct val conditions)
{
    for (size_t i = 1; i < val_len(conditions); i++) {
        if (cert_repeats(conditions, i)) {
            return true;
        }
    }
    return false;
}

static bool
cert_has_bare(struct val conditions)
{
    VAL_EACH (it, conditions) {
        if (!check_has(val_get(it.value, "type"))) {
            return true;
        }
    }
    return false;
}

/* What an old one breaks, a new one may break. */
static void
cert_check_conditions(const struct check_in *in, struct causes *out)
{
    static const char *const all[] = { "False", "True", "Unknown", NULL };
    static const char *const only_true[] = { "True", NULL };
    static const char *const final[] = { "Approved", "Denied", "Failed", NULL };
    struct field_path status = check_at(NULL, "status"), list = check_at(&status, "conditions");
    struct val conditions = val_at(in->now, "status.conditions");
    struct val old = val_at(in->old, "status.conditions");
    bool had_both = cert_count(in->old, "Approved") > 0 && cert_count(in->old, "Denied") > 0;
    bool is_approved = false, is_denied = false;
    size_t index = 0;
    VAL_EACH (it, conditions) {
        struct field_path item = check_item(&list, index);
        struct val type = val_get(it.value, "type"), state = val_get(it.value, "status");
        if (!check_has(type) && !cert_has_bare(old)) {
            check_required(out, &item, "type", NULL);
        }
        check_enum(out, &item, "status", state,
                   check_is_one_of(val_str(type), final) ? only_true : all);
        is_approved = is_approved || val_is_str(type, "Approved");
        is_denied = is_denied || val_is_str(type, "Denied");
        bool is_either = val_is_str(type, "Approved") || val_is_str(type, "Denied");
        if (is_either && is_approved && is_denied && !had_both) {
            check_invalid(out, &list, NULL, type,
                          "Approved and Denied conditions are mutually exclusive");
        }
        if (cert_repeats(conditions, index) && !cert_has_repeats(old)) {
            causes_add(out, CAUSE_DUPLICATE, &item, "type", type, NULL);
        }
        index++;
    }
}

/* ---- the request ---- */

static bool
cert_has_unknown_usage(struct val usages)
{
    VAL_EACH (it, usages) {
        if (!check_is_one_of(val_str(it.value), cert_usages)) {
            return true;
        }
    }
    return false;
}

static bool
cert_is_repeated(struct val usages, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (val_eq(val_item(usages, i), val_item(usages, index))) {
            return true;
        }
    }
    return false;
}

static void
cert_check_usages(const struct check_in *in, struct causes *out)
{
    struct field_path spec = check_at(NULL, "spec"), list = check_at(&spec, "usages");
    struct val usages = val_at(in->now, "spec.usages"), old = val_at(in->old, "spec.usages");
    bool had_repeats = false;
    size_t index = 0;
    if (val_len(usages) == 0) {
        check_required(out, &list, NULL, NULL);
    }
    VAL_EACH (it, usages) {
        struct field_path item = check_item(&list, index++);
        if (!cert_has_unknown_usage(old)) {
            check_enum_as(out, &item, NULL, it.value, cert_usages);
        }
    }
    for (size_t i = 1; i < val_len(old); i++) {
        had_repeats = had_repeats || cert_is_repeated(old, i);
    }
    for (size_t i = 1; i < val_len(usages) && !had_repeats; i++) {
        struct field_path item = check_item(&list, i);
        if (cert_is_repeated(usages, i)) {
            causes_add(out, CAUSE_DUPLICATE, &item, "", val_item(usages, i), NULL);
        }
    }
}

/* ValidateCertificateSigningRequestCreate */
void
kind_cert_check(struct check_in *in, struct causes *out)
{
    struct field_path path = check_at(NULL, "spec");
    struct val spec = val_get(in->now, "spec"), signer = val_get(spec, "signerName");
    struct val expires = val_get(spec, "expirationSeconds");
    cert_check_usages(in, out);
    if (!val_is_str(signer, "kubernetes.io/legacy-unknown")) {
        cert_check_signer(out, signer);
    } else if (!val_is_str(val_at(in->old, "spec.signerName"), "kubernetes.io/legacy-unknown")) {
        check_invalid(out, &path, "signerName", signer,
                      "the legacy signerName is not allowed via this API version");
    }
    if (val_is(expires) && val_int(expires, 0) < CERT_EXPIRES_MIN_S) {
        causes_add(out, CAUSE_INVALID, &path, "expirationSeconds", expires,
                   "may not specify a duration less than %d seconds (10 minutes)",
                   CERT_EXPIRES_MIN_S);
    }
    cert_check_conditions(in, out);
}

/* ---- changes ---- */

static struct val
cert_conditions_of(struct val request, const char *type, struct arena *arena)
{
    struct jw w;
    jw_init(&w, arena);
    jw_arr(&w);
    VAL_EACH (it, val_at(request, "status.conditions")) {
        if (val_is_str(val_get(it.value, "type"), type)) {
            jw_val(&w, it.value);
        }
    }
    jw_end(&w);
    return doc_root(doc_trust(arena, jw_done(&w)));
}

static void
cert_check_kept(const struct check_in *in, bool may_approve, struct causes *out)
{
    static const char *const types[] = { "Approved", "Denied", "Failed" };
    struct field_path status = check_at(NULL, "status"), list = check_at(&status, "conditions");
    struct val none = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (cert_count(in->now, types[i]) < cert_count(in->old, types[i])) {
            causes_add(out, CAUSE_FORBIDDEN, &list, "", none,
                       "updates may not remove a condition of type \"%s\"", types[i]);
        }
    }
    for (size_t i = 0; i < 2 && !may_approve; i++) {
        struct val now = cert_conditions_of(in->now, types[i], out->arena);
        struct val old = cert_conditions_of(in->old, types[i], out->arena);
        if (val_len(now) > val_len(old)) {
            causes_add(out, CAUSE_FORBIDDEN, &list, "", none,
                       "updates may not add a condition of type \"%s\"", types[i]);
        } else if (val_len(now) == val_len(old) && !val_eq(now, old)) {
            struct str diff = check_diff(out->arena, old, now);
            causes_add(out, CAUSE_FORBIDDEN, &list, "", none,
                       "updates may not modify a condition of type \"%s\"\n" STR_FMT, types[i],
                       STR_ARG(diff));
        }
    }
}

/* ValidateCertificateSigningRequestUpdate, …StatusUpdate and …ApprovalUpdate */
void
kind_cert_check_update(struct check_in *in, struct causes *out)
{
    struct field_path status = check_at(NULL, "status");
    struct val cert = val_at(in->now, "status.certificate");
    struct val old = val_at(in->old, "status.certificate");
    const char *sub = in->subresource == NULL ? "" : in->subresource;
    bool is_status = strcmp(sub, "status") == 0;
    kind_cert_check(in, out);
    cert_check_kept(in, strcmp(sub, "approval") == 0, out);
    if (check_same(cert, old)) {
        return;
    }
    if (!is_status) {
        check_forbidden(out, &status, "certificate", "updates may not set certificate content");
    } else if (check_has(old)) {
        check_forbidden(out, &status, "certificate",
                        "updates may not modify existing certificate content");
    }
}
