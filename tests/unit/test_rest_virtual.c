/* apiserver/rest_virtual, rest_review, rest_token: what is created and never stored. Answers and
 * refusals as kube-apiserver 1.35 gave them. */
#include "config.h"

#include "tests/lib/unit.h"

#include <string.h>

#include "api/object.h"
#include "base/arena.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "tests/lib/tb.h"

#define ACCESS "/apis/authorization.k8s.io/v1/"
#define WHO "/apis/authentication.k8s.io/v1/"
#define TOKEN "/api/v1/namespaces/default/serviceaccounts/robot/token"

static int
serve(void **state)
{
    struct tb_opts opts = { .listen = true };
    *state = tb_serve(&opts);
    return 0;
}

static int
leave(void **state)
{
    tb_free(*state);
    return 0;
}

static char *
post(struct tb *tb, const char *path, const char *headers, const char *body)
{
    AUTO_FREE char *all =
        mem_printf("Content-Type: application/json\r\n%s", headers == NULL ? "" : headers);
    return tb_ask(tb, tb_connect(tb), "POST", path, all, body);
}

static void
create(struct tb *tb, const char *plural, const char *json)
{
    AUTO_FREE char *path = mem_printf("/api/v1/namespaces/default/%s", plural);
    AUTO_FREE char *answer = post(tb, path, NULL, json);
    assert_non_null(strstr(answer, " 201 "));
}

static void
answers_access_reviews(void **state)
{
    static const struct tb_wanted asks[] = {
        { "POST",
          ACCESS "selfsubjectaccessreviews",
          NULL,
          "{\"spec\":{\"resourceAttributes\":{\"verb\":\"get\",\"resource\":\"pods\"}}}",
          { " 201 ", "\"status\":{\"allowed\":true}}", "\"f:resourceAttributes\":{\".\":{}" } },
        { "POST",
          ACCESS "selfsubjectaccessreviews",
          "Impersonate-User: x\r\n",
          "{\"spec\":{\"nonResourceAttributes\":{\"verb\":\"get\",\"path\":\"/api\"}}}",
          { "\"allowed\":true,\"reason\":\"RBAC: allowed by ClusterRoleBinding \\\"system:discovery\\\" "
            "of ClusterRole \\\"system:discovery\\\" to Group \\\"system:authenticated\\\"\"" } },
        { "POST",
          ACCESS "subjectaccessreviews",
          NULL,
          "{\"spec\":{\"user\":\"x\",\"resourceAttributes\":{\"verb\":\"get\",\"resource\":\"pods\"}}}",
          { " 201 ", "\"status\":{\"allowed\":false}}" } },
        { "POST",
          ACCESS "subjectaccessreviews",
          NULL,
          "{\"spec\":{\"groups\":[\"system:masters\"],\"resourceAttributes\":{\"verb\":\"get\"}}}",
          { "\"status\":{\"allowed\":true}}" } },
        { "POST",
          ACCESS "namespaces/default/localsubjectaccessreviews",
          NULL,
          "{\"spec\":{\"user\":\"x\",\"resourceAttributes\":{\"namespace\":\"default\",\"verb\":"
          "\"get\"}}}",
          { " 201 ", "\"metadata\":{\"namespace\":\"default\"", "\"allowed\":false" } },
        { "POST",
          ACCESS "selfsubjectrulesreviews",
          "Impersonate-User: x\r\n",
          "{\"spec\":{\"namespace\":\"default\"}}",
          { "\"metadata\":{},\"spec\":{},\"status\":{\"resourceRules\":[{\"verbs\":[\"create\"],"
            "\"apiGroups\":[\"authorization.k8s.io\"]",
            "\"incomplete\":false}}" } },
        { "POST",
          ACCESS "selfsubjectrulesreviews",
          "Impersonate-User: system:node:n\r\nImpersonate-Group: system:nodes\r\n",
          "{\"spec\":{\"namespace\":\"default\"}}",
          { "\"incomplete\":true,\"evaluationError\":\"node authorizer does not support user rule "
            "resolution\"" } },
    };
    tb_ask_all(*state, asks, ARRAY_LEN(asks));
}

static void
refuses_what_may_not_be_asked(void **state)
{
#define NO ".authorization.k8s.io \\\"\\\" is invalid: "
    static const struct tb_wanted asks[] = {
        { "POST",
          ACCESS "selfsubjectaccessreviews",
          NULL,
          "{\"spec\":{}}",
          { " 422 ",
            "\"" NO "spec.resourceAttributes: Invalid value: null: exactly one of "
            "nonResourceAttributes or resourceAttributes must be specified\"",
            "\"details\":{\"group\":\"authorization.k8s.io\",\"causes\":" } },
        { "POST",
          ACCESS "selfsubjectaccessreviews",
          NULL,
          "{\"spec\":{\"resourceAttributes\":{\"verb\":\"get\"},\"nonResourceAttributes\":{\"path\":"
          "\"/x\",\"verb\":\"get\"}}}",
          { NO "spec.nonResourceAttributes: Invalid value: {\\\"Path\\\":\\\"/x\\\",\\\"Verb\\\":"
               "\\\"get\\\"}: cannot be specified in combination with resourceAttributes" } },
        { "POST",
          ACCESS "selfsubjectaccessreviews",
          NULL,
          "{\"spec\":{\"resourceAttributes\":{\"verb\":\"get\",\"fieldSelector\":{}}}}",
          { NO "spec.resourceAttributes.fieldSelector.requirements: Required value: when "
               "spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is "
               "required" } },
        { "POST",
          ACCESS "subjectaccessreviews",
          NULL,
          "{\"spec\":{\"resourceAttributes\":{\"verb\":\"get\"}}}",
          { NO "spec.user: Invalid value: \\\"\\\": at least one of user or group must be "
               "specified" } },
        { "POST",
          ACCESS "namespaces/default/localsubjectaccessreviews",
          NULL,
          "{\"spec\":{\"user\":\"x\",\"resourceAttributes\":{\"verb\":\"get\"}}}",
          { NO "spec.resourceAttributes.namespace: Invalid value: \\\"\\\": must match "
               "metadata.namespace" } },
        { "POST",
          ACCESS "namespaces/default/localsubjectaccessreviews",
          NULL,
          "{\"metadata\":{\"name\":\"q\"},\"spec\":{\"user\":\"x\",\"nonResourceAttributes\":{}}}",
          { "must be empty except for namespace", "disallowed on this kind of request" } },
        { "POST",
          ACCESS "selfsubjectrulesreviews",
          NULL,
          "{}",
          { " 400 ", "no namespace on request" } },
        { "POST",
          WHO "tokenreviews",
          NULL,
          "{}",
          { " 400 ", "token is required for TokenReview in authentication" } },
        { "POST", WHO "tokenreviews/x", NULL, "{}", { " 405 " } },
    };
    tb_ask_all(*state, asks, ARRAY_LEN(asks));
}

/* The value of "token" in an answer, owned by the caller. */
static char *
token_in(const char *answer)
{
    const char *at = strstr(answer, "\"token\":\"");
    if (at == NULL) {
        fail_msg("no token: %s", answer);
    }
    at += strlen("\"token\":\"");
    return mem_strndup(at, strcspn(at, "\""));
}

/* The token's claims as text, owned by the caller. */
static char *
claims_of(const char *token)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str rest, text = { 0 };
    (void)str_cut(str_of(token), '.', &rest);
    assert_int_equal(base64_decode_url(str_cut(rest, '.', &rest), arena, &text), 0);
    return str_dup(text);
}

static void
tells_who_somebody_is(void **state)
{
    struct tb *tb = *state;
    create(tb, "serviceaccounts", "{\"metadata\":{\"name\":\"robot\"}}");
    AUTO_FREE char *made = post(tb, TOKEN, NULL, "{\"spec\":{\"audiences\":[\"a\",\"b\"]}}");
    AUTO_FREE char *token = token_in(made);
    AUTO_FREE char *ask_a =
        mem_printf("{\"spec\":{\"token\":\"%s\",\"audiences\":[\"b\"]}}", token);
    AUTO_FREE char *ask_ours = mem_printf("{\"spec\":{\"token\":\"%s\"}}", token);
    const struct tb_wanted asks[] = {
        { "POST",
          WHO "tokenreviews",
          NULL,
          ask_a,
          { "\"status\":{\"authenticated\":true,\"user\":{\"username\":"
            "\"system:serviceaccount:default:robot\",\"uid\":\"",
            "\"groups\":[\"system:serviceaccounts\",\"system:serviceaccounts:default\","
            "\"system:authenticated\"]",
            "\"audiences\":[\"b\"]}}" } },
        { "POST",
          WHO "tokenreviews",
          NULL,
          ask_ours,
          { "\"status\":{\"user\":{},\"error\":\"[invalid bearer token, token audiences [\\\"a\\\" "
            "\\\"b\\\"] is invalid for the target audiences "
            "[\\\"https://kubernetes.default.svc.cluster.local\\\"]]\"}" } },
        { "POST",
          WHO "tokenreviews",
          NULL,
          "{\"spec\":{\"token\":\"abc\"}}",
          { "\"status\":{\"user\":{},\"error\":\"invalid bearer token\"}}" } },
        { "POST",
          WHO "selfsubjectreviews",
          "Impersonate-User: x\r\nImpersonate-Extra-Team: red\r\n",
          "{}",
          { "\"metadata\":{\"creationTimestamp\":\"",
            "\"status\":{\"userInfo\":{\"username\":\"x\",\"groups\":[\"system:authenticated\"],"
            "\"extra\":{\"team\":[\"red\"]}}}}" } },
    };
    tb_ask_all(tb, asks, ARRAY_LEN(asks));
}

static void
gives_tokens(void **state)
{
    struct tb *tb = *state;
    create(tb, "serviceaccounts", "{\"metadata\":{\"name\":\"robot\"}}");
    create(tb, "serviceaccounts", "{\"metadata\":{\"name\":\"other\"}}");
    create(tb, "pods",
           "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"serviceAccountName\":\"robot\",\"nodeName\":"
           "\"n1\",\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}");
    static const char *const bound = "{\"spec\":{\"expirationSeconds\":3607,\"boundObjectRef\":"
                                     "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"name\":\"p\"}}}";
    AUTO_FREE char *made = post(tb, TOKEN, NULL, bound);
    AUTO_FREE char *token = token_in(made);
    AUTO_FREE char *claims = claims_of(token);
    int64_t now_s = clock_wall_ms() / 1000;
    AUTO_FREE char *exp = mem_printf("\"exp\":%lld,", (long long)now_s + 365 * 24 * 3600);
    AUTO_FREE char *warn = mem_printf("\"warnafter\":%lld}", (long long)now_s + 3607);
    assert_non_null(strstr(claims, exp));
    assert_non_null(strstr(claims, warn));
    assert_non_null(
        strstr(claims, "\"node\":{\"name\":\"n1\"},\"pod\":{\"name\":\"p\",\"uid\":\""));
    assert_non_null(strstr(claims, "\"sub\":\"system:serviceaccount:default:robot\"}"));
    char end[CLOCK_TEXT_SIZE];
    struct str until = clock_text((now_s + 3607) * 1000, end);
    AUTO_FREE char *shown = mem_printf("\"expirationTimestamp\":\"" STR_FMT "\"", STR_ARG(until));
    assert_non_null(strstr(made, shown));
    AUTO_FREE char *plain = post(tb, TOKEN, NULL, "{}");
    assert_non_null(strstr(plain,
                           "\"spec\":{\"audiences\":[\"https://kubernetes.default.svc.cluster"
                           ".local\"],\"expirationSeconds\":3600,\"boundObjectRef\":null}"));
}

static void
refuses_tokens(void **state)
{
    struct tb *tb = *state;
    create(tb, "serviceaccounts", "{\"metadata\":{\"name\":\"other\"}}");
    create(tb, "serviceaccounts", "{\"metadata\":{\"name\":\"robot\"}}");
    create(tb, "pods",
           "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"serviceAccountName\":\"other\","
           "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}");
    create(tb, "secrets", "{\"metadata\":{\"name\":\"s\"}}");
#define REF(kind, name, more)                                                                      \
    "{\"spec\":{\"boundObjectRef\":{\"kind\":\"" kind "\",\"apiVersion\":\"v1\",\"name\":\"" name  \
    "\"" more "}}}"
#define BAD "TokenRequest.authentication.k8s.io "
    static const struct tb_wanted asks[] = {
        { "POST",
          "/api/v1/namespaces/default/serviceaccounts/nope/token",
          NULL,
          "{}",
          { " 404 ", "serviceaccounts \\\"nope\\\" not found" } },
        { "POST",
          TOKEN,
          NULL,
          "{\"metadata\":{\"name\":\"x\"}}",
          { " 422 ", BAD "\\\"robot\\\" is invalid: metadata.name: Invalid value: \\\"x\\\": must "
                         "match the service account name if specified" } },
        { "POST",
          TOKEN,
          NULL,
          "{\"metadata\":{\"uid\":\"x\"}}",
          { " 409 ", "Operation cannot be fulfilled on " BAD "\\\"robot\\\": the UID in the token "
                     "request (x) does not match the UID of the service account (" } },
        { "POST",
          TOKEN,
          NULL,
          "{\"spec\":{\"expirationSeconds\":599}}",
          { " 422 ", "spec.expirationSeconds: Invalid value: 599: may not specify a duration less "
                     "than 10 minutes" } },
        { "POST",
          TOKEN,
          NULL,
          "{\"spec\":{\"expirationSeconds\":4294967297}}",
          { " 422 ", "may not specify a duration larger than 2^32 seconds" } },
        { "POST", TOKEN, NULL, REF("Foo", "x", ""), { " 400 ", "object of type /v1, Kind=Foo" } },
        { "POST", TOKEN, NULL, REF("Pod", "x", ""), { " 404 ", "pods \\\"x\\\" not found" } },
        { "POST",
          TOKEN,
          NULL,
          REF("Pod", "p", ""),
          { " 400 ", "cannot bind token for serviceaccount \\\"robot\\\" to pod running with "
                     "different serviceaccount name." } },
        { "POST",
          TOKEN,
          NULL,
          REF("Secret", "s", ",\"uid\":\"u\""),
          { " 409 ",
            "Operation cannot be fulfilled on Secret \\\"s\\\": the UID in the bound object "
            "reference (u) does not match the UID in record. The object might have been "
            "deleted and then recreated" } },
        { "POST",
          TOKEN,
          "Impersonate-User: x\r\n",
          "{}",
          { " 403 ", "\\\"serviceaccounts/token\\\"" } },
    };
    tb_ask_all(tb, asks, ARRAY_LEN(asks));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_access_reviews, serve, leave),
        cmocka_unit_test_setup_teardown(refuses_what_may_not_be_asked, serve, leave),
        cmocka_unit_test_setup_teardown(tells_who_somebody_is, serve, leave),
        cmocka_unit_test_setup_teardown(gives_tokens, serve, leave),
        cmocka_unit_test_setup_teardown(refuses_tokens, serve, leave),
    };
    return cmocka_run_group_tests_name("rest_virtual", tests, NULL, NULL);
}
