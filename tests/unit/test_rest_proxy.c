/* apiserver/rest_proxy, proxy_target: pods, services and nodes by HTTP through a node's agent.
 * Refusals as kube-apiserver 1.35 gave them to the same requests. */
#include "config.h"

#include "tests/lib/unit.h"

#include <string.h>

#include "base/mem.h"
#include "tests/lib/node_box.h"
#include "tests/lib/tb.h"

#define DEFAULT "/api/v1/namespaces/default"
#define POD DEFAULT "/pods/web/proxy"

struct box {
    struct tb *tb;
    struct node_box node;
};

/* A service with a slice whose one endpoint is the pod "web". */
static const struct tb_wanted made[] = {
    { "POST",
      DEFAULT "/services",
      NULL,
      "{\"metadata\":{\"name\":\"s\"},\"spec\":{\"ports\":[{\"name\":\"a\",\"port\":80},"
      "{\"name\":\"b\",\"port\":81}]}}",
      { " 201 " } },
    { "POST",
      DEFAULT "/services",
      NULL,
      "{\"metadata\":{\"name\":\"bare\"},\"spec\":{\"ports\":[{\"port\":80}]}}",
      { " 201 " } },
    { "POST",
      "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
      NULL,
      "{\"metadata\":{\"name\":\"s-1\",\"labels\":{\"kubernetes.io/service-name\":\"s\"}},"
      "\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"a\",\"port\":8080}],"
      "\"endpoints\":[{\"addresses\":[\"10.0.0.9\"],\"nodeName\":\"n1\","
      "\"conditions\":{\"ready\":true}}]}",
      { " 201 " } },
};

static int
open_box(void **state)
{
    struct tb_opts opts = { .listen = true };
    struct box *box = MEM_NEW(struct box);
    box->tb = tb_serve(&opts);
    node_box_open(&box->node, box->tb);
    tb_ask_all(box->tb, made, ARRAY_LEN(made));
    *state = box;
    return 0;
}

static int
close_box(void **state)
{
    struct box *box = *state;
    node_box_close(&box->node);
    tb_free(box->tb);
    mem_free(box);
    return 0;
}

static void
will_answer(struct node_box *node, const char *name, const char *value, const char *text)
{
    str_done(&node->heard);
    node->headers[0] = name;
    node->headers[1] = value;
    node->text = text;
}

static bool
heard(const struct box *box, const char *text)
{
    return str_contains(str_view(&box->node.heard), str_of(text));
}

/* ---- tests ---- */

static void
test_refuses(void **state)
{
    struct box *box = *state;
    static const struct tb_wanted asks[] = {
        { "GET",
          DEFAULT "/pods/none/proxy/",
          NULL,
          NULL,
          { " 404 ", "pods \\\"none\\\" not found" } },
        { "GET", DEFAULT "/pods/none:80/proxy", NULL, NULL, { " 404 ", "\\\"none\\\" not found" } },
        { "GET",
          DEFAULT "/pods/a:b:c:d/proxy/",
          NULL,
          NULL,
          { " 400 ", "invalid pod request \\\"a:b:c:d\\\"" } },
        { "GET",
          DEFAULT "/pods/unbound/proxy/",
          NULL,
          NULL,
          { " 400 ", "\"address not allowed\"" } },
        { "GET",
          DEFAULT "/services/none/proxy/",
          NULL,
          NULL,
          { " 404 ", "services \\\"none\\\" not found" } },
        { "GET",
          DEFAULT "/services/s:82/proxy/",
          NULL,
          NULL,
          { " 503 ", "\"no service port 82 found for service \\\"s\\\"\"" } },
        { "GET",
          DEFAULT "/services/s:zz/proxy/",
          NULL,
          NULL,
          { " 503 ", "\"no endpoints available for service \\\"s:zz\\\"\"" } },
        { "GET",
          DEFAULT "/services/s/proxy/",
          NULL,
          NULL,
          { " 503 ", "\"no endpoints available for service \\\"s\\\"\"" } },
        { "GET",
          DEFAULT "/services/bare/proxy/",
          NULL,
          NULL,
          { " 404 ", "services \\\"bare\\\" not found" } },
        { "GET",
          DEFAULT "/services/ftp:s:a/proxy/",
          NULL,
          NULL,
          { " 400 ", "invalid service request \\\"ftp:s:a\\\"" } },
        { "GET",
          "/api/v1/nodes/none/proxy/",
          NULL,
          NULL,
          { " 404 ", "nodes \\\"none\\\" not found" } },
        { "GET",
          "/api/v1/nodes/a:b:c:d/proxy/",
          NULL,
          NULL,
          { " 400 ", "invalid node request \\\"a:b:c:d\\\"" } },
        { "TRACE", "/api/v1/nodes/n1/proxy/x", NULL, NULL, { " 405 " } },
        { "GET", POD "/%zz", NULL, NULL, { " 400 ", "percent-encoded" } },
        { "GET",
          DEFAULT "/pods/https:web:8080/proxy/",
          NULL,
          NULL,
          { " 503 ", "\"error trying to reach service: " } },
        { "GET", POD "/", "Impersonate-User: u\r\n", NULL, { " 403 ", "cannot get resource" } },
        { "POST", POD "/", "Impersonate-User: u\r\n", "{}", { " 403 ", "cannot create resource" } },
    };
    tb_ask_all(box->tb, asks, ARRAY_LEN(asks));
}

static void
test_targets(void **state)
{
    struct box *box = *state;
    static const struct {
        const char *path, *tunnel, *request;
    } cases[] = {
        { POD "/", "address=10.0.0.9:8080\n", "GET /\n" },
        { DEFAULT "/pods/web:1234/proxy/x", "address=10.0.0.9:1234\n", "GET /x\n" },
        { DEFAULT "/pods/http:web:http/proxy/x", "address=10.0.0.9:8080\n", "GET /x\n" },
        { DEFAULT "/services/s:a/proxy/x/", "address=10.0.0.9:8080\n", "GET /x/\n" },
        { DEFAULT "/services/s:80/proxy/x", "address=10.0.0.9:8080\n", "GET /x\n" },
        { "/api/v1/nodes/n1:1234/proxy/x", "address=127.0.0.1:1234\n", "GET /x\n" },
        { POD "/a%20b/%C3%A4?c=d%20e&path=f", "10.0.0.9", "GET /a%20b/%C3%A4?c=d%20e&path=f\n" },
        { POD "/a/./b/..//../../c", "10.0.0.9", "GET /c\n" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct tb_wanted ask = { "GET", cases[i].path, NULL, NULL, { " 200 ", "\r\n\r\nyes" } };
        will_answer(&box->node, NULL, NULL, "yes");
        tb_ask_all(box->tb, &ask, 1);
        assert_true(heard(box, cases[i].tunnel));
        assert_true(heard(box, cases[i].request));
    }
    struct tb_wanted agent = { "GET", "/api/v1/nodes/n1/proxy/pods", NULL, NULL, { " 200 " } };
    will_answer(&box->node, NULL, NULL, "yes");
    tb_ask_all(box->tb, &agent, 1);
    assert_true(str_has_prefix(str_view(&box->node.heard), STR("GET /pods\n"))); /* no tunnel */
}

static void
test_methods_and_bodies(void **state)
{
    struct box *box = *state;
    static const char *const methods[] = { "DELETE", "OPTIONS", "PATCH", "POST", "PUT" };
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        struct tb_wanted ask = { methods[i], POD "/x", NULL, "{\"a\":1}", { " 201 ", "made" } };
        AUTO_FREE char *line = mem_printf("%s /x\n", methods[i]);
        will_answer(&box->node, NULL, NULL, "made");
        box->node.status = 201;
        tb_ask_all(box->tb, &ask, 1);
        assert_true(heard(box, line));
        assert_true(heard(box, "content-length: 7\n"));
        assert_true(heard(box, "{\"a\":1}"));
    }
    static const struct tb_wanted head = {
        "HEAD", POD "/x", NULL, NULL, { " 200 ", "Content-Length: 4\r\n" }
    };
    box->node.status = 200;
    tb_ask_all(box->tb, &head, 1);
}

/* More than any buffer holds, in chunks. */
static void
test_big_body(void **state)
{
    enum { CHUNK = 10000, CHUNKS = 400 };
    struct box *box = *state;
    struct node_box_peer peer;
    AUTO_STR struct str_builder chunk = { 0 };
    str_putf(&chunk, "%x\r\n", (unsigned)CHUNK);
    for (int i = 0; i < CHUNK; i++) {
        str_putc(&chunk, 'z');
    }
    str_putz(&chunk, "\r\n");
    will_answer(&box->node, NULL, NULL, "taken");
    node_box_peer_open(&peer, box->tb,
                       "POST " POD "/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < CHUNKS; i++) {
        node_box_peer_say(&peer, str_view(&chunk));
    }
    node_box_peer_say(&peer, STR("0\r\n\r\n"));
    node_box_peer_hear(&peer, "taken");
    size_t size = 0;
    for (size_t i = 0; i < box->node.heard.size; i++) {
        size += box->node.heard.at[i] == 'z';
    }
    assert_int_equal(size, (size_t)CHUNK * CHUNKS);
    node_box_peer_close(&peer);
}

static void
test_headers(void **state)
{
    struct box *box = *state;
    static const struct tb_wanted ask = {
        "GET",
        POD "/x/?y",
        "X-Mine: 1\r\nAuthorization: Bearer x\r\nAccept-Encoding: gzip\r\nConnection: X-Drop\r\n"
        "X-Drop: 3\r\n",
        NULL,
        { " 200 ", "X-Theirs: 2\r\n", "Content-Type: text/plain\r\n" }
    };
    static const char *const headers[] = {
        "x-theirs", "2", "content-type", "text/plain", "access-control-allow-origin", "*"
    };
    memcpy(box->node.headers, headers, sizeof(headers));
    box->node.text = "<a href=/x>";
    struct tb_wanted plain = ask;
    plain.has[3] = "\r\n\r\n<a href=/x>";
    tb_ask_all(box->tb, &plain, 1);
    assert_true(heard(box, "x-mine: 1\n"));
    assert_true(heard(box, "x-forwarded-uri: " POD "/x/\n"));
    assert_false(heard(box, "authorization"));
    assert_false(heard(box, "accept-encoding"));
    assert_false(heard(box, "x-drop"));
    AUTO_FREE char *answer = tb_ask(box->tb, tb_connect(box->tb), "GET", POD "/x", "", "");
    assert_null(strstr(answer, "Access-Control"));
}

static void
test_leads_back(void **state)
{
    struct box *box = *state;
    static const struct tb_wanted page = {
        "GET", POD "/", NULL, NULL, { " 200 ", "<a href=\"" POD "/rewriteme\">test</a>" }
    };
    static const struct tb_wanted moved = {
        "GET", POD "/old", NULL, NULL, { " 302 ", "Location: " POD "/new\r\n" }
    };
    static const struct tb_wanted roots[] = {
        { "GET", POD, NULL, NULL, { " 301 ", "Location: " POD "/\r\n" } },
        { "HEAD", POD "?a=b", NULL, NULL, { " 301 ", "Location: " POD "/?a=b\r\n" } },
    };
    will_answer(&box->node, "content-type", "text/html; charset=utf-8",
                "<a href=\"/rewriteme\">test</a>");
    tb_ask_all(box->tb, &page, 1);
    will_answer(&box->node, NULL, NULL, NULL);
    tb_ask_all(box->tb, roots, ARRAY_LEN(roots));
    assert_int_equal(box->node.heard.size, 0);
    will_answer(&box->node, "location", "http://10.0.0.9:8080/new", NULL);
    box->node.status = 302;
    tb_ask_all(box->tb, &moved, 1);
}

static void
test_upgrades(void **state)
{
    struct box *box = *state;
    struct node_box_peer peer;
    static const char *const headers[] = { "connection", "Upgrade", "upgrade", "chat" };
    memcpy(box->node.headers, headers, sizeof(headers));
    box->node.status = 101;
    box->node.text = "first|";
    box->node.is_echoing = true;
    node_box_peer_open(&peer, box->tb,
                       "GET " POD "/chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                       "Upgrade: chat\r\n\r\n");
    node_box_peer_hear(&peer, "101 Switching Protocols\r\n");
    node_box_peer_hear(&peer, "first|");
    node_box_peer_say(&peer, STR("more|"));
    node_box_peer_hear(&peer, "more|");
    node_box_peer_close(&peer);
}

#define WITH_BOX(test) cmocka_unit_test_setup_teardown(test, open_box, close_box)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_BOX(test_refuses),  WITH_BOX(test_targets), WITH_BOX(test_methods_and_bodies),
        WITH_BOX(test_big_body), WITH_BOX(test_headers), WITH_BOX(test_leads_back),
        WITH_BOX(test_upgrades),
    };
    return cmocka_run_group_tests_name("rest_proxy", tests, NULL, NULL);
}
