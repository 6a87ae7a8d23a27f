/* apiserver/adm_cert, rest_cert and api/kind_cert_check: certificate requests, who may approve and
 * sign them. Texts as kube-apiserver 1.35 gave them. */
#include "config.h"

#include "tests/lib/unit.h"

#include <string.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/pki.h"
#include "tests/lib/tb.h"

#define REQUESTS "/apis/certificates.k8s.io/v1/certificatesigningrequests"
#define RBAC "/apis/rbac.authorization.k8s.io/v1/"
#define ANN "Impersonate-User: ann\r\n"
#define BAD "CertificateSigningRequest.certificates.k8s.io \\\"x\\\" is invalid: "
#define DENIED "certificatesigningrequests.certificates.k8s.io \\\"x\\\" is forbidden: "

struct ground {
    struct tb *tb;
    struct arena *arena;
    struct str request, boss; /* base64 of PEM */
};

static struct str
make_request(struct arena *arena, const char *key, const char *group)
{
    AUTO_FREE char *pem = NULL;
    AUTO_ERR struct err *err = NULL;
    const char *const groups[] = { group, NULL };
    struct pki_names names = { .common_name = "ann", .organisations = groups };
    assert_int_equal(pki_csr_new(key, &names, &pem, &err), 0);
    return base64_encode(str_of(pem), arena);
}

static int
serve(void **state)
{
    struct ground *g = MEM_NEW(struct ground);
    struct tb_opts opts = { .listen = true };
    AUTO_FREE char *key = NULL;
    AUTO_ERR struct err *err = NULL;
    assert_int_equal(pki_key_new(&key, &err), 0);
    g->tb = tb_serve(&opts);
    g->arena = arena_new();
    g->request = make_request(g->arena, key, "dev");
    g->boss = make_request(g->arena, key, "system:masters");
    *state = g;
    return 0;
}

static int
leave(void **state)
{
    struct ground *g = *state;
    arena_free(g->arena);
    tb_free(g->tb);
    mem_free(g);
    return 0;
}

struct ask {
    const char *method, *path, *headers;
    const char *spec, *status; /* members beside the request; JSON */
    const char *has[2];
};

static void
ask_all(struct ground *g, struct str request, const struct ask *asks, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const struct ask *a = &asks[i];
        AUTO_FREE char *json =
            mem_printf("{\"metadata\":{\"name\":\"x\"},\"spec\":{\"request\":\"" STR_FMT "\"%s},"
                       "\"status\":{%s}}",
                       STR_ARG(request), a->spec, a->status == NULL ? "" : a->status);
        struct tb_wanted wanted = {
            a->method, a->path, a->headers, json, { a->has[0], a->has[1] }
        };
        tb_ask_all(g->tb, &wanted, 1);
    }
}

#define SIGNER(name) ",\"signerName\":\"" name "\",\"usages\":[\"client auth\"]"
#define CLIENT SIGNER("kubernetes.io/kube-apiserver-client")
#define IS(type) "{\"type\":\"" type "\",\"status\":\"True\"}"

static void
checks_requests(void **state)
{
    struct ground *g = *state;
    static const struct ask asks[] = {
        { "POST",
          REQUESTS,
          NULL,
          SIGNER("foo"),
          NULL,
          { " 422 ",
            BAD "spec.signerName: Invalid value: \\\"foo\\\": must be a fully qualified domain "
                "and path of the form 'example.com/signer-name'" } },
        { "POST",
          REQUESTS,
          NULL,
          SIGNER("foo/bar"),
          NULL,
          { "at least two segments separated by dots" } },
        { "POST",
          REQUESTS,
          NULL,
          SIGNER("kubernetes.io/legacy-unknown") ",\"expirationSeconds\":5",
          NULL,
          { BAD "[spec.signerName: Invalid value: \\\"kubernetes.io/legacy-unknown\\\": the legacy "
                "signerName is not allowed via this API version, spec.expirationSeconds: Invalid "
                "value: 5: may not specify a duration less than 600 seconds (10 minutes)]" } },
        { "POST",
          REQUESTS,
          NULL,
          ",\"signerName\":\"a.b/c\",\"usages\":[\"client auth\",\"foo\",\"client auth\"]",
          NULL,
          { BAD "[spec.usages[1]: Unsupported value: \\\"foo\\\": supported values: \\\"any\\\", ",
            "spec.usages[2]: Duplicate value: \\\"client auth\\\"]" } },
    };
    static const struct tb_wanted empty[] = {
        { "POST",
          REQUESTS,
          NULL,
          "{\"metadata\":{\"name\":\"x\"},\"spec\":{}}",
          { BAD "[spec.request: Invalid value: null: PEM block type must be CERTIFICATE REQUEST, "
                "spec.usages: Required value, spec.signerName: Required value]" } },
        { "POST",
          REQUESTS,
          NULL,
          "{\"metadata\":{\"name\":\"x\"},\"spec\":{\"request\":\"YWJj\"" CLIENT "}}",
          { BAD "spec.request: Invalid value: \\\"YWJj\\\": PEM block type must be CERTIFICATE "
                "REQUEST" } },
    };
    ask_all(g, g->request, asks, ARRAY_LEN(asks));
    tb_ask_all(g->tb, empty, ARRAY_LEN(empty));
}

static void
nobody_asks_to_be_administrator(void **state)
{
    struct ground *g = *state;
    static const struct ask asks[] = {
        { "POST",
          REQUESTS,
          NULL,
          CLIENT,
          NULL,
          { " 403 ", DENIED "use of kubernetes.io/kube-apiserver-client signer with system:masters "
                            "group is not allowed" } },
    };
    ask_all(g, g->boss, asks, ARRAY_LEN(asks));
}

static void
records_who_asks(void **state)
{
    struct ground *g = *state;
    static const struct ask asks[] = {
        { "POST",
          REQUESTS,
          NULL,
          CLIENT ",\"username\":\"root\",\"groups\":[\"wheel\"]",
          "\"conditions\":[" IS("Approved") "]",
          { "\"username\":\"local:us\",\"groups\":[\"system:masters\",\"system:authenticated\"]}",
            "\"status\":{}" } },
        { "PUT",
          REQUESTS "/x",
          NULL,
          SIGNER("a.b/c") ",\"username\":\"root\"",
          "\"conditions\":[" IS("Approved") "]",
          { " 200 ", "\"signerName\":\"kubernetes.io/kube-apiserver-client\",\"usages\":[\"client "
                     "auth\"],\"username\":\"local:us\"" } },
        { "PUT",
          REQUESTS "/x/status",
          NULL,
          CLIENT,
          "\"conditions\":[" IS("Denied") "]",
          { BAD "status.conditions: Forbidden: updates may not add a condition of type "
                "\\\"Denied\\\"" } },
        { "PUT",
          REQUESTS "/x/status",
          NULL,
          CLIENT,
          "\"certificate\":\"YWJj\"",
          { BAD
            "status.certificate: Invalid value: \\\"\\u003ccertificate data\\u003e\\\": must contain at least "
            "one CERTIFICATE PEM block" } },
        { "PUT",
          REQUESTS "/x/approval",
          NULL,
          CLIENT,
          "\"conditions\":[{\"type\":\"Approved\",\"status\":\"False\"}," IS("Denied") "," IS(
              "Denied") ",{\"status\":\"x\"}]",
          { BAD
            "[status.conditions[0].status: Unsupported value: \\\"False\\\": supported values: "
            "\\\"True\\\", status.conditions: Invalid value: \\\"Denied\\\": Approved and Denied "
            "conditions are mutually exclusive, status.conditions[2].type: Duplicate value: "
            "\\\"Denied\\\", status.conditions[3].type: Required value, "
            "status.conditions[3].status: Unsupported value: \\\"x\\\": supported values: "
            "\\\"False\\\", \\\"True\\\", \\\"Unknown\\\"]" } },
        { "PUT",
          REQUESTS "/x/approval",
          NULL,
          CLIENT,
          "\"conditions\":[" IS("Approved") "],\"certificate\":\"YWJj\"",
          { " 200 ", "\"status\":{\"conditions\":[{\"type\":\"Approved\",\"status\":\"True\","
                     "\"lastUpdateTime\":\"" } },
        { "PUT",
          REQUESTS "/x/approval",
          NULL,
          CLIENT,
          "\"conditions\":[]",
          { BAD "status.conditions: Forbidden: updates may not remove a condition of type "
                "\\\"Approved\\\"" } },
    };
    ask_all(g, g->request, asks, ARRAY_LEN(asks));
}

static void
approving_and_signing_are_rights(void **state)
{
    struct ground *g = *state;
    static const struct tb_wanted roles[] = {
        { "POST",
          RBAC "clusterroles",
          NULL,
          "{\"metadata\":{\"name\":\"w\"},\"rules\":[{\"verbs\":[\"update\"],\"apiGroups\":["
          "\"certificates.k8s.io\"],\"resources\":[\"certificatesigningrequests/approval\","
          "\"certificatesigningrequests/status\"]}]}",
          { " 201 " } },
        { "POST",
          RBAC "clusterrolebindings",
          NULL,
          "{\"metadata\":{\"name\":\"w\"},\"roleRef\":{\"kind\":\"ClusterRole\",\"name\":\"w\"},"
          "\"subjects\":[{\"kind\":\"User\",\"name\":\"ann\"}]}",
          { " 201 " } },
    };
    static const struct ask before[] = {
        { "POST", REQUESTS, NULL, SIGNER("example.com/s"), NULL, { " 201 " } },
        { "PUT",
          REQUESTS "/x/approval",
          ANN,
          CLIENT,
          "\"conditions\":[" IS("Approved") "]",
          { " 403 ", DENIED "user not permitted to approve requests with signerName "
                            "\\\"example.com/s\\\"" } },
        { "PUT",
          REQUESTS "/x/status",
          ANN,
          CLIENT,
          "\"conditions\":[" IS("Foo") "]",
          { " 403 ", DENIED "user not permitted to sign requests with signerName "
                            "\\\"example.com/s\\\"" } },
        { "PUT", REQUESTS "/x/status", ANN, CLIENT, NULL, { " 200 " } },
    };
    static const struct tb_wanted more[] = {
        { "PUT",
          RBAC "clusterroles/w",
          NULL,
          "{\"metadata\":{\"name\":\"w\"},\"rules\":[{\"verbs\":[\"update\"],\"apiGroups\":["
          "\"certificates.k8s.io\"],\"resources\":[\"certificatesigningrequests/approval\"]},{"
          "\"verbs\":[\"approve\"],\"apiGroups\":[\"certificates.k8s.io\"],\"resources\":["
          "\"signers\"],\"resourceNames\":[\"example.com/*\"]}]}",
          { " 200 " } },
    };
    static const struct ask after[] = {
        { "PUT",
          REQUESTS "/x/approval",
          ANN,
          CLIENT,
          "\"conditions\":[" IS("Approved") "]",
          { " 200 " } },
    };
    tb_ask_all(g->tb, roles, ARRAY_LEN(roles));
    ask_all(g, g->request, before, ARRAY_LEN(before));
    tb_ask_all(g->tb, more, ARRAY_LEN(more));
    ask_all(g, g->request, after, ARRAY_LEN(after));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(checks_requests, serve, leave),
        cmocka_unit_test_setup_teardown(nobody_asks_to_be_administrator, serve, leave),
        cmocka_unit_test_setup_teardown(records_who_asks, serve, leave),
        cmocka_unit_test_setup_teardown(approving_and_signing_are_rights, serve, leave),
    };
    return cmocka_run_group_tests_name("adm_cert", tests, NULL, NULL);
}
