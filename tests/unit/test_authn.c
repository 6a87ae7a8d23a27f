/* apiserver/authn: tokens of service accounts and of bootstrap, and what HTTP makes of them. */
#include "config.h"

#include "tests/lib/unit.h"

#include <string.h>

#include "api/object.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/authn.h"
#include "apiserver/authn_jwt.h"
#include "base/arena.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/pki.h"
#include "tests/lib/tb.h"

#define ISSUER "https://kubernetes.default.svc.cluster.local"

enum { HOUR_S = 3600 };

struct ground {
    struct tb *tb;
    struct arena *arena;
    struct object *account, *pod;
};

static const struct resource *
row(struct tb *tb, const char *plural)
{
    return registry_find(tb->registry, STR(""), STR("v1"), str_of(plural));
}

static struct object *
create(struct tb *tb, const char *plural, const char *ns, const char *json)
{
    struct call call = call_of(VERB_CREATE, row(tb, plural), str_of(ns), STR(""));
    call.body = str_of(json);
    struct tb_result r = tb_call(tb, tb->admin, &call);
    if (r.err != NULL) {
        fail_msg("%s: %s", json, r.err->message);
    }
    struct object *object = object_ref(r.object);
    tb_result_done(&r);
    return object;
}

static void delete (struct tb *tb, const char *plural, const char *name)
{
    struct call call = call_of(VERB_DELETE, row(tb, plural), STR("default"), str_of(name));
    call.grace_s = 0;
    struct tb_result r = tb_call(tb, tb->admin, &call);
    assert_null(r.err);
    tb_result_done(&r);
}

static int
serve(void **state)
{
    struct ground *g = MEM_NEW(struct ground);
    struct tb_opts opts = { .listen = true };
    g->tb = tb_serve(&opts);
    g->arena = arena_new();
    g->account = create(g->tb, "serviceaccounts", "default", "{\"metadata\":{\"name\":\"robot\"}}");
    g->pod = create(g->tb, "pods", "default",
                    "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"serviceAccountName\":\"robot\","
                    "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}");
    *state = g;
    return 0;
}

static int
leave(void **state)
{
    struct ground *g = *state;
    object_unref(g->account);
    object_unref(g->pod);
    arena_free(g->arena);
    tb_free(g->tb);
    mem_free(g);
    return 0;
}

static struct authn_token
token_of(const struct ground *g)
{
    static const struct str ours[] = { { ISSUER, sizeof(ISSUER) - 1 } };
    int64_t now_s = clock_wall_ms() / 1000;
    return (struct authn_token){ .ns = STR("default"),
                                 .service_account = STR("robot"),
                                 .uid = g->account->uid,
                                 .audiences = ours,
                                 .audience_len = 1,
                                 .issued_s = now_s,
                                 .expires_s = now_s + HOUR_S };
}

static struct str
signed_token(struct ground *g, const struct authn_token *token)
{
    struct str jwt, id;
    AUTO_ERR struct err *err = NULL;
    assert_int_equal(authn_sign(g->tb->api->authn, token, g->arena, &jwt, &id, &err), 0);
    return jwt;
}

static bool
check(struct ground *g, struct str token, struct authn_answer *ret)
{
    struct authn_question question = { .token = token, .arena = g->arena };
    return authn_check(g->tb->api->authn, &question, ret);
}

static void
refused(struct ground *g, struct str token, const char *why)
{
    struct authn_answer answer;
    assert_false(check(g, token, &answer));
    if (!str_is(answer.why, why)) {
        fail_msg("want: %s\ngot: " STR_FMT, why, STR_ARG(answer.why));
    }
}

static void
knows_who_signed_tokens_name(void **state)
{
    struct ground *g = *state;
    struct authn_answer answer;
    struct authn_token token = token_of(g);
    token.pod_name = g->pod->name;
    token.pod_uid = g->pod->uid;
    token.node_name = STR("n1");
    assert_true(check(g, signed_token(g, &token), &answer));
    assert_true(str_is(answer.user.name, "system:serviceaccount:default:robot"));
    assert_true(str_eq(answer.user.uid, g->account->uid));
    assert_int_equal(answer.user.group_len, 3);
    assert_true(str_is(answer.user.groups[1], "system:serviceaccounts:default"));
    assert_true(str_is(answer.user.groups[2], "system:authenticated"));
    struct str extra = answer.user.extra_json;
    assert_true(str_contains(extra, STR("authentication.kubernetes.io/credential-id\":[\"JTI=")));
    assert_true(str_contains(extra, STR("authentication.kubernetes.io/node-name\":[\"n1\"]")));
    assert_true(str_contains(extra, STR("authentication.kubernetes.io/pod-name\":[\"p\"]")));
    assert_int_equal(answer.audience_len, 1);
    assert_true(str_is(answer.audiences[0], ISSUER));
}

static void
refuses_tokens_out_of_their_time(void **state)
{
    struct ground *g = *state;
    struct authn_answer answer;
    struct authn_token token = token_of(g);
    struct str jwt = signed_token(g, &token);
    token.issued_s += 61;
    refused(g, signed_token(g, &token), "service account token is not valid yet");
    tb_warp(g->tb, (HOUR_S + 60) * 1000);
    assert_true(check(g, jwt, &answer)); /* a minute's leeway */
    tb_warp(g->tb, 1000);
    refused(g, jwt, "service account token has expired");
}

static void
refuses_tokens_for_others(void **state)
{
    struct ground *g = *state;
    static const struct str theirs[] = { { "vault", 5 }, { "db", 2 } };
    struct authn_answer answer;
    struct authn_token token = token_of(g);
    token.audiences = theirs;
    token.audience_len = 2;
    struct str jwt = signed_token(g, &token);
    refused(g, jwt,
            "token audiences [\"vault\" \"db\"] is invalid for the target audiences [\"" ISSUER
            "\"]");
    struct authn_question question = {
        .token = jwt, .audiences = &theirs[1], .audience_len = 1, .arena = g->arena
    };
    assert_true(authn_check(g->tb->api->authn, &question, &answer));
    assert_int_equal(answer.audience_len, 1);
    assert_true(str_is(answer.audiences[0], "db"));
}

static void
forgets_tokens_with_what_they_are_bound_to(void **state)
{
    struct ground *g = *state;
    struct authn_answer answer;
    struct authn_token token = token_of(g);
    struct str plain = signed_token(g, &token);
    token.uid = STR("other");
    struct str again =
        arena_printf(g->arena, "service account UID (" STR_FMT ") does not match claim (other)",
                     STR_ARG(g->account->uid));
    refused(g, signed_token(g, &token), again.at);
    token = token_of(g);
    token.pod_name = g->pod->name;
    token.pod_uid = g->pod->uid;
    struct str bound = signed_token(g, &token);
    assert_true(check(g, bound, &answer));
    delete (g->tb, "pods", "p");
    refused(g, bound, "service account token has been invalidated");
    assert_true(check(g, plain, &answer));
    delete (g->tb, "serviceaccounts", "robot");
    refused(g, plain, "serviceaccounts \"robot\" not found");
}

static struct str
with_header(struct ground *g, struct str token, const char *header)
{
    struct str rest;
    (void)str_cut(token, '.', &rest);
    return arena_printf(g->arena, STR_FMT "." STR_FMT,
                        STR_ARG(base64_encode_url(str_of(header), g->arena)), STR_ARG(rest));
}

static void
refuses_forged_tokens(void **state)
{
    struct ground *g = *state;
    static const char *const strange[] = {
        "",         ".",           "..",          "a.b.c",   "a.b",
        "e30.e30.", "e30.e30.e30", "e30.W10.e30", "a.b.c.d", "\xff.\xff.\xff"
    };
    struct authn_token token = token_of(g);
    struct authn_answer answer;
    struct str jwt = signed_token(g, &token);
    const char *broken = "go-jose/go-jose: error in cryptographic primitive";
    refused(g, with_header(g, jwt, "{\"alg\":\"none\"}"), broken);
    refused(g, with_header(g, jwt, "{\"alg\":\"HS256\"}"), broken);
    char *changed = arena_dupz(g->arena, jwt);
    changed[jwt.size - 3] = changed[jwt.size - 3] == 'A' ? 'B' : 'A';
    refused(g, str_of(changed), broken);
    for (size_t i = 0; i < ARRAY_LEN(strange); i++) {
        assert_false(check(g, str_of(strange[i]), &answer));
        assert_int_equal(answer.why.size, 0);
    }
    assert_true(check(g, jwt, &answer));
}

static void
keeps_old_keys_for_verifying(void **state)
{
    (void)state;
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL;
    AUTO_FREE char *old_pem = NULL;
    AUTO_FREE char *new_pem = NULL;
    struct str old_token, new_token;
    assert_int_equal(pki_key_new(&old_pem, &err), 0);
    assert_int_equal(pki_key_new(&new_pem, &err), 0);
    struct str keys[] = { str_of(new_pem), str_of(old_pem) };
    struct authn_jwt *before = authn_jwt_new(&keys[1], 1);
    struct authn_jwt *both = authn_jwt_new(keys, 2);
    assert_int_equal(authn_jwt_sign(before, STR("{\"a\":1}"), arena, &old_token, &err), 0);
    assert_int_equal(authn_jwt_sign(both, STR("{\"a\":2}"), arena, &new_token, &err), 0);
    for (int again = 0; again < 2; again++) {
        assert_true(authn_jwt_is_ours(both, old_token, arena));
        assert_true(authn_jwt_is_ours(both, new_token, arena));
        assert_true(authn_jwt_is_ours(before, old_token, arena));
        assert_false(authn_jwt_is_ours(before, new_token, arena));
    }
    struct val claims;
    assert_true(authn_jwt_claims(new_token, arena, &claims));
    assert_int_equal(val_int(val_get(claims, "a"), 0), 2);
    struct jw w;
    jw_init(&w, arena);
    authn_jwt_write_keys(both, &w);
    struct val set = doc_root(doc_parse(arena, jw_done(&w), &err));
    assert_int_equal(val_len(val_get(set, "keys")), 2);
    assert_true(val_is_str(val_get(val_item(val_get(set, "keys"), 0), "crv"), "P-256"));
    authn_jwt_free(before);
    authn_jwt_free(both);
}

/* more: members beside id and secret, "key=value;key=value". */
static void
create_bootstrap(struct ground *g, const char *id, struct str more)
{
    struct jw w;
    struct str pairs = arena_printf(g->arena, "token-id=%s;token-secret=0123456789abcdef;" STR_FMT,
                                    id, STR_ARG(more));
    jw_init(&w, g->arena);
    jw_obj(&w);
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_kv(&w, "name", arena_printf(g->arena, "bootstrap-token-%s", id));
    jw_end(&w);
    jw_kvz(&w, "type", "bootstrap.kubernetes.io/token");
    jw_keyz(&w, "data");
    jw_obj(&w);
    while (pairs.size > 0) {
        struct str value, key = str_cut(str_cut(pairs, ';', &pairs), '=', &value);
        if (key.size > 0) {
            jw_key(&w, key);
            jw_str(&w, base64_encode(value, g->arena));
        }
    }
    jw_end(&w);
    jw_end(&w);
    object_unref(create(g->tb, "secrets", "kube-system", arena_dupz(g->arena, jw_done(&w))));
}

static void
lets_bootstrap_tokens_in(void **state)
{
    struct ground *g = *state;
    struct authn_answer answer;
    char end[CLOCK_TEXT_SIZE];
    struct str expiration = clock_text(clock_wall_ms() + HOUR_S * 1000, end);
    create_bootstrap(g, "aaaaaa",
                     arena_printf(g->arena,
                                  "usage-bootstrap-authentication=true;auth-extra-groups="
                                  "system:bootstrappers:b,system:bootstrappers:a;"
                                  "expiration=" STR_FMT,
                                  STR_ARG(expiration)));
    create_bootstrap(g, "bbbbbb", STR(""));
    create_bootstrap(g, "cccccc",
                     STR("usage-bootstrap-authentication=true;auth-extra-groups=system:masters"));
    create_bootstrap(g, "dddddd", STR("usage-bootstrap-authentication=true"));
    assert_true(check(g, STR("aaaaaa.0123456789abcdef"), &answer));
    assert_true(str_is(answer.user.name, "system:bootstrap:aaaaaa"));
    assert_int_equal(answer.user.group_len, 4);
    assert_true(str_is(answer.user.groups[0], "system:bootstrappers"));
    assert_true(str_is(answer.user.groups[1], "system:bootstrappers:a"));
    assert_true(str_is(answer.user.groups[3], "system:authenticated"));
    static const char *const bad[] = { "aaaaaa.0123456789abcdee", "bbbbbb.0123456789abcdef",
                                       "cccccc.0123456789abcdef", "eeeeee.0123456789abcdef",
                                       "aaaaaa.0123456789ABCDEF", "aaaaaa.0123456789abcdef0" };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        refused(g, str_of(bad[i]), "");
    }
    tb_warp(g->tb, HOUR_S * 1000);
    refused(g, STR("aaaaaa.0123456789abcdef"), "");
    assert_true(check(g, STR("dddddd.0123456789abcdef"), &answer));
}

static void
ask(struct ground *g, const char *path, const char *header, const char *want, const char *want_too)
{
    AUTO_FREE char *answer =
        tb_ask(g->tb, tb_connect_tcp(g->tb), "GET", path, header == NULL ? "" : header, "");
    if (strstr(answer, want) == NULL || strstr(answer, want_too) == NULL) {
        fail_msg("%s %s\nwant: %s … %s\ngot: %s", path, header, want, want_too, answer);
    }
}

static void
answers_http(void **state)
{
    struct ground *g = *state;
    struct authn_token token = token_of(g);
    struct str jwt = signed_token(g, &token);
    struct str bearer =
        arena_printf(g->arena, "Authorization: bearer " STR_FMT "\r\n", STR_ARG(jwt));
    const char *pods = "/api/v1/namespaces/default/pods";
    ask(g, pods, NULL, " 403 ", "User \\\"system:anonymous\\\" cannot list");
    ask(g, pods, "Authorization: Basic eDp5\r\n", " 403 ", "system:anonymous");
    ask(g, pods, "Authorization: Bearer  x\r\n", " 403 ", "contains extra space before the bearer");
    ask(g, pods, "Authorization: Bearer abc\r\n", " 401 ",
        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
        "\"message\":\"Unauthorized\",\"reason\":\"Unauthorized\",\"code\":401}");
    ask(g, pods, bearer.at, " 403 ",
        "User \\\"system:serviceaccount:default:robot\\\" cannot list resource");
#define WEBSOCKET "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: "
#define SUBPROTOCOL "base64url.bearer.authorization.k8s.io."
    struct str encoded = base64_encode_url(jwt, g->arena);
    struct str socket = arena_printf(
        g->arena, WEBSOCKET SUBPROTOCOL STR_FMT ", v5.channel.k8s.io\r\n", STR_ARG(encoded));
    struct str alone =
        arena_printf(g->arena, WEBSOCKET SUBPROTOCOL STR_FMT "\r\n", STR_ARG(encoded));
    ask(g, pods, socket.at, " 403 ",
        "User \\\"system:serviceaccount:default:robot\\\" cannot list");
    ask(g, pods, alone.at, " 401 ", "Unauthorized");
    ask(g, pods, WEBSOCKET SUBPROTOCOL "!, v5.channel.k8s.io\r\n", " 401 ", "Unauthorized");
    ask(g, "/openid/v1/jwks", NULL, " 403 ", "system:anonymous");
    ask(g, "/openid/v1/jwks", bearer.at, "application/jwk-set+json",
        "{\"keys\":[{\"use\":\"sig\",\"kty\":\"EC\",\"kid\":\"");
    ask(g, "/.well-known/openid-configuration", bearer.at, "max-age=3600",
        "{\"issuer\":\"" ISSUER "\",\"jwks_uri\":\"" ISSUER
        "/openid/v1/jwks\",\"response_types_supported\":[\"id_token\"]");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(knows_who_signed_tokens_name, serve, leave),
        cmocka_unit_test_setup_teardown(refuses_tokens_out_of_their_time, serve, leave),
        cmocka_unit_test_setup_teardown(refuses_tokens_for_others, serve, leave),
        cmocka_unit_test_setup_teardown(forgets_tokens_with_what_they_are_bound_to, serve, leave),
        cmocka_unit_test_setup_teardown(refuses_forged_tokens, serve, leave),
        cmocka_unit_test(keeps_old_keys_for_verifying),
        cmocka_unit_test_setup_teardown(lets_bootstrap_tokens_in, serve, leave),
        cmocka_unit_test_setup_teardown(answers_http, serve, leave),
    };
    return cmocka_run_group_tests_name("authn", tests, NULL, NULL);
}
