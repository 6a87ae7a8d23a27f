/* CertificateSigningRequests: nodes' client certificates are approved when their maker may ask for
 * them, approved ones are signed for the API's own signers, old ones go.
 *
 * Run by src/client/reconcile, loop thread. Follows pkg/controller/certificates/{approver,signer,
 * cleaner} of release 1.35; messages are what their conditions say. The plan is pure but for
 * ctl_csr_signing, which serve plugs in: it alone has the CA keys. Keys are requests. */
#include "config.h" /* IWYU pragma: keep */

#include "controllers/ctl_csr.h"

#include <string.h>

#include "api/object.h"
#include "base/arena.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/cache.h"
#include "controllers/ctl.h"
#include "net/pki.h"

enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S, YEAR_S = 365 * DAY_S, SECONDS_MIN = 600 };

#define NODE_PREFIX "system:node:"

static const struct watch_spec watches[] = {
    { .group = "certificates.k8s.io", .version = "v1", .plural = "certificatesigningrequests" },
    { .plural = NULL },
};

/* One request, read. */
struct look {
    const struct plan_in *in;
    struct plan *out;
    struct object *object;
    struct val spec, status;
    struct str pem;
    struct pki_csr csr;
};

/* ---- what is asked for ---- */

static bool
has_usage(struct val usages, const char *usage)
{
    VAL_EACH (it, usages) {
        if (val_is_str(it.value, usage)) {
            return true;
        }
    }
    return false;
}

/* Digital signature and that one; key encipherment, which only RSA needs, may be there. */
static bool
has_usages(struct val usages, const char *wanted)
{
    size_t len = has_usage(usages, "key encipherment") ? 3 : 2;
    return val_len(usages) == len && has_usage(usages, "digital signature") &&
           has_usage(usages, wanted);
}

static bool
is_of_nodes(const struct pki_csr *csr)
{
    return csr->organisation_len == 1 && strcmp(csr->organisations[0], "system:nodes") == 0;
}

/* Upstream's ValidateKubeletClientCSR: what is wrong, NULL when it is one. */
static const char *
check_node_client(const struct look *look)
{
    const struct pki_csr *csr = &look->csr;
    return !is_of_nodes(csr)    ? "subject organization is not system:nodes"
           : csr->dns_len > 0   ? "DNS subjectAltNames are not allowed"
           : csr->email_len > 0 ? "Email subjectAltNames are not allowed"
           : csr->ip_len > 0    ? "IP subjectAltNames are not allowed"
           : csr->uri_len > 0   ? "URI subjectAltNames are not allowed"
           : !str_has_prefix(str_of(csr->common_name), STR(NODE_PREFIX))
               ? "subject common name does not begin with system:node:"
           : !has_usages(val_get(look->spec, "usages"), "client auth")
               ? "usages did not match [client auth digital signature key encipherment]"
               : NULL;
}

static const char *
check_node_serving(const struct look *look)
{
    const struct pki_csr *csr = &look->csr;
    return !is_of_nodes(csr)                       ? "subject organization is not system:nodes"
           : csr->dns_len == 0 && csr->ip_len == 0 ? "DNS or IP subjectAltName is required"
           : csr->email_len > 0                    ? "Email subjectAltNames are not allowed"
           : csr->uri_len > 0                      ? "URI subjectAltNames are not allowed"
           : !has_usages(val_get(look->spec, "usages"), "server auth")
               ? "usages did not match [digital signature key encipherment server auth]"
           : !str_has_prefix(str_of(csr->common_name), STR(NODE_PREFIX))
               ? "subject common name does not begin with system:node:"
               : NULL;
}

static const char *
check_client(const struct look *look)
{
    struct val usages = val_get(look->spec, "usages");
    VAL_EACH (it, usages) {
        if (!val_is_str(it.value, "client auth") && !val_is_str(it.value, "digital signature") &&
            !val_is_str(it.value, "key encipherment")) {
            return arena_printf(look->out->arena, "invalid usage for client certificate: " STR_FMT,
                                STR_ARG(val_str(it.value)))
                .at;
        }
    }
    return has_usage(usages, "client auth")
               ? NULL
               : "missing required usage for client certificate: client auth";
}

static const struct signer {
    const char *name;
    bool is_server;
    const char *(*check)(const struct look *look);
} signers[] = {
    { "kubernetes.io/kube-apiserver-client", false, check_client },
    { "kubernetes.io/kube-apiserver-client-kubelet", false, check_node_client },
    { "kubernetes.io/kubelet-serving", true, check_node_serving },
};

/* ---- writes ---- */

static struct str
with_condition(const struct look *look, const char *type, const char *reason, const char *message)
{
    char time[CLOCK_TEXT_SIZE];
    struct jw w;
    jw_init(&w, look->out->arena);
    jw_obj(&w);
    jw_keyz(&w, "conditions");
    jw_arr(&w);
    VAL_EACH (it, val_get(look->status, "conditions")) {
        jw_val(&w, it.value);
    }
    jw_obj(&w);
    jw_kvz(&w, "type", type);
    jw_kvz(&w, "status", "True");
    jw_kvz(&w, "reason", reason);
    jw_kvz(&w, "message", message);
    jw_kv(&w, "lastUpdateTime", clock_text(look->in->now_ms, time));
    jw_end(&w);
    jw_end(&w);
    jw_end(&w);
    return ctl_with_status(look->object, jw_done(&w), look->out);
}

static void
approve(struct look *look, const struct ctl_csr_signing *signing)
{
    static const struct {
        const char *subresource, *message;
    } ways[] = {
        { "selfnodeclient",
          "Auto approving self kubelet client certificate after SubjectAccessReview." },
        { "nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview." },
    };
    bool is_self = str_is(val_str(val_get(look->spec, "username")), look->csr.common_name);
    if (!val_is_str(val_get(look->spec, "signerName"), signers[1].name) ||
        check_node_client(look) != NULL) {
        plan_why(look->out, "it waits for somebody to approve it");
        return;
    }
    for (size_t i = is_self ? 0 : 1; i < ARRAY_LEN(ways); i++) {
        if (signing->may(signing->ctx, look->spec, ways[i].subresource)) {
            struct str body = with_condition(look, "Approved", "AutoApproved", ways[i].message);
            plan_sub(look->out, "approval", look->object, body, PRE_REV);
            return;
        }
    }
    plan_why(look->out, "who made it may not have node certificates by themselves");
}

/* A year, or less when less is asked for. */
static int64_t
duration(struct val spec)
{
    int64_t seconds = val_int(val_get(spec, "expirationSeconds"), YEAR_S);
    return seconds > YEAR_S ? YEAR_S : seconds < SECONDS_MIN ? SECONDS_MIN : seconds;
}

static void
sign(struct look *look, const struct ctl_csr_signing *signing)
{
    const struct signer *signer = NULL;
    for (size_t i = 0; i < ARRAY_LEN(signers); i++) {
        if (val_is_str(val_get(look->spec, "signerName"), signers[i].name)) {
            signer = &signers[i];
        }
    }
    if (signer == NULL) {
        plan_why(look->out, "its signer is somebody else's");
        return;
    }
    AUTO_ERR struct err *err = NULL;
    AUTO_FREE char *pem = NULL;
    struct ctl_csr_order order = { .csr_pem = look->pem,
                                   .is_server = signer->is_server,
                                   .seconds = duration(look->spec) };
    const char *wrong = signer->check(look);
    if (wrong == NULL && signing->sign(signing->ctx, &order, &pem, &err) < 0) {
        wrong = err->message;
    }
    if (wrong != NULL) {
        struct str body = with_condition(look, "Failed", "SignerValidationFailure", wrong);
        plan_write(look->out, PLAN_STATUS, look->object, body, PRE_REV);
        return;
    }
    struct jw w;
    jw_init(&w, look->out->arena);
    jw_obj(&w);
    jw_keyz(&w, "conditions");
    jw_val(&w, val_get(look->status, "conditions"));
    jw_kv(&w, "certificate", base64_encode(str_of(pem), look->out->arena));
    jw_end(&w);
    plan_write(look->out, PLAN_STATUS, look->object,
               ctl_with_status(look->object, jw_done(&w), look->out), PRE_REV);
}

/* ---- clearing away ---- */

static int64_t
time_ms(struct val time, int64_t or_else)
{
    int64_t us;
    return clock_parse(val_str(time), &us) == 0 ? us / 1000 : or_else;
}

/* When the request has served its time, wall clock. */
static int64_t
ends_at(const struct look *look)
{
    struct val conditions = val_get(look->status, "conditions");
    struct val created = val_at(object_val(look->object), "metadata.creationTimestamp");
    struct val certificate = val_get(look->status, "certificate");
    const char *const types[] = { "Denied", "Failed", "Approved" };
    int64_t end_ms = INT64_MAX;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct val condition = ctl_condition(conditions, types[i]);
        bool is_over = i < 2 || val_is(certificate);
        if (val_is(condition) && is_over) {
            int64_t at = time_ms(val_get(condition, "lastUpdateTime"), look->in->now_ms) +
                         (int64_t)HOUR_S * 1000;
            end_ms = at < end_ms ? at : end_ms;
        }
    }
    if (val_len(conditions) == 0) {
        end_ms = time_ms(created, look->in->now_ms) + (int64_t)DAY_S * 1000;
    }
    struct str pem;
    if (val_is(certificate) &&
        base64_decode(val_str(certificate), look->out->arena, &pem, NULL) == 0) {
        int64_t at = pki_expires_ms(pem);
        end_ms = at != 0 && at < end_ms ? at : end_ms;
    }
    return end_ms;
}

/* ---- the plan ---- */

static void
judge(struct look *look, const struct ctl_csr_signing *signing)
{
    struct val conditions = val_get(look->status, "conditions");
    AUTO_ERR struct err *err = NULL;
    bool is_over = val_is(ctl_condition(conditions, "Denied")) ||
                   val_is(ctl_condition(conditions, "Failed")) ||
                   val_str(val_get(look->status, "certificate")).size > 0;
    if (signing == NULL || is_over ||
        base64_decode(val_str(val_get(look->spec, "request")), look->out->arena, &look->pem, NULL) <
            0 ||
        pki_csr_parse(look->pem, &look->csr, &err) < 0) {
        return;
    }
    if (val_is(ctl_condition(conditions, "Approved"))) {
        sign(look, signing);
    } else {
        approve(look, signing);
    }
    pki_csr_done(&look->csr);
}

static void
plan(const struct plan_in *in, struct plan *out)
{
    const struct resource *requests =
        ctl_resource(in, "certificates.k8s.io", "certificatesigningrequests");
    const struct ctl_env *env = in->env->part;
    struct look look = { .in = in, .out = out };
    look.object = cache_get(in->cache, requests, (struct str){ 0 }, in->name);
    if (look.object == NULL || look.object->deleted_at_ms != 0) {
        return;
    }
    object_pin(look.object);
    look.spec = val_get(object_val(look.object), "spec");
    look.status = val_get(object_val(look.object), "status");
    int64_t end_ms = ends_at(&look);
    if (end_ms <= in->now_ms) {
        plan_write(out, PLAN_DELETE, look.object, (struct str){ 0 }, PRE_UID);
    } else {
        judge(&look, env->signing);
        if (end_ms != INT64_MAX) {
            plan_again(out, end_ms);
        }
    }
    object_unpin(look.object);
}

const struct reconciler ctl_csr = {
    .name = "certificate-controller",
    .user = "system:serviceaccount:kube-system:certificate-controller",
    .watches = watches,
    .plan = plan,
};
