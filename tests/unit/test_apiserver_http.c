/* The server over HTTP on its Unix socket: status lines, headers and bodies as clients see them. */
#include "config.h"

#include "tests/lib/unit.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/mem.h"
#include "tests/lib/tb.h"

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

/* One request on a connection of its own; the whole answer as text, owned by the caller. */
static char *
ask(struct tb *tb, const char *method, const char *path, const char *headers, const char *body)
{
    return tb_ask(tb, tb_connect(tb), method, path, headers, body);
}

#define HAS(text, part) assert_non_null(strstr((text), (part)))

struct ask {
    const char *method, *path, *headers, *body;
    const char *has[4];
};

static void
ask_all(struct tb *tb, const struct ask *asks, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        AUTO_FREE char *answer =
            ask(tb, asks[i].method, asks[i].path, asks[i].headers == NULL ? "" : asks[i].headers,
                asks[i].body == NULL ? "" : asks[i].body);
        for (size_t h = 0; h < 4 && asks[i].has[h] != NULL; h++) {
            if (strstr(answer, asks[i].has[h]) == NULL) {
                print_message("%s %s\nwant: %s\ngot: %s\n", asks[i].method, asks[i].path,
                              asks[i].has[h], answer);
                fail();
            }
        }
    }
}

static void
answers_health_and_version(void **state)
{
    static const struct ask asks[] = {
        { "GET", "/readyz", NULL, NULL, { "HTTP/1.1 200 ", "\r\n\r\nok", "text/plain" } },
        { "GET", "/livez?verbose", NULL, NULL, { "[+]ping ok\n", "livez check passed\n" } },
        { "GET",
          "/readyz?verbose&exclude=ping&exclude=none",
          NULL,
          NULL,
          { "[+]ping excluded: ok\n", "no matches for \"none\"" } },
        { "GET", "/healthz/ping", NULL, NULL, { "\r\n\r\nok" } },
        { "GET", "/version", NULL, NULL, { "\"major\":\"1\",\"minor\":\"35\"", "binnacle" } },
        { "GET", "/", NULL, NULL, { "{\"paths\":[", "\"/healthz\"" } },
        { "GET", "/metrics", NULL, NULL, { "apiserver_request_total" } },
        { "GET", "/version?timeout=1s", NULL, NULL, { "HTTP/1.1 200 " } },
        { "GET",
          "/version?timeout=soon",
          NULL,
          NULL,
          { "HTTP/1.1 400 ", "invalid timeout specified in the request URL - time: invalid "
                             "duration \\\"soon\\\"" } },
        { "GET", "/nothing", NULL, NULL, { "HTTP/1.1 404 ", "404 page not found" } },
    };
    ask_all(*state, asks, ARRAY_LEN(asks));
}

static void
answers_discovery(void **state)
{
    static const char v2[] =
        "Accept: application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList\r\n";
    static const char v2beta1[] = "Accept: application/json;g=apidiscovery.k8s.io;v=v2beta1;as="
                                  "APIGroupDiscoveryList,application/json\r\n";
    static const struct ask asks[] = {
        { "GET",
          "/api",
          v2,
          NULL,
          { "Content-Type: application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
            "Etag: \"", "Vary: Accept", "\"resource\":\"configmaps\"" } },
        { "GET",
          "/apis",
          v2,
          NULL,
          { "{\"kind\":\"APIGroupDiscoveryList\",\"apiVersion\":"
            "\"apidiscovery.k8s.io/v2\",\"metadata\":{},\"items\":[" } },
        { "GET", "/api", v2beta1, NULL, { "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"]" } },
        { "GET", "/api", NULL, NULL, { "\"serverAddressByClientCIDRs\"" } },
        { "GET", "/apis", NULL, NULL, { "\"kind\":\"APIGroupList\"", "\"name\":\"apps\"" } },
        { "GET",
          "/apis/apps",
          NULL,
          NULL,
          { "\"preferredVersion\":{\"groupVersion\":\"apps/v1\"" } },
        { "GET",
          "/api/v1",
          NULL,
          NULL,
          { "{\"kind\":\"APIResourceList\",\"groupVersion\":\"v1\",\"resources\":[",
            "{\"name\":\"configmaps\",\"singularName\":\"configmap\",\"namespaced\":true,\"kind\":"
            "\"ConfigMap\",\"verbs\":[\"create\",\"delete\",\"deletecollection\",\"get\",\"list\","
            "\"patch\",\"update\",\"watch\"],\"shortNames\":[\"cm\"],\"storageVersionHash\":\"qFsyl6wFWjQ=\"}" } },
        { "GET", "/apis/none/v1", NULL, NULL, { "HTTP/1.1 404 " } },
    };
    ask_all(*state, asks, ARRAY_LEN(asks));
}

static void
writes_and_refuses(void **state)
{
    static const char cm[] = "/api/v1/namespaces/default/configmaps";
    static const char json[] = "Content-Type: application/json\r\n";
    static const struct ask asks[] = {
        { "POST",
          cm,
          json,
          "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":1}}",
          { "HTTP/1.1 400 ", "\"reason\":\"BadRequest\"" } },
        { "POST",
          "/api/v1/namespaces/default/configmaps?fieldManager=me",
          json,
          "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"v\"},\"datum\":{}}",
          { "HTTP/1.1 201 ", "Warning: 299 - \"unknown field \\\"datum\\\"\"",
            "Audit-Id: ", "\"manager\":\"me\"" } },
        { "POST",
          "/api/v1/namespaces/default/configmaps?fieldValidation=Strict",
          json,
          "{\"metadata\":{\"name\":\"b\"},\"datum\":{}}",
          { "HTTP/1.1 400 ", "ConfigMap in version \\\"v1\\\" cannot be handled as a ConfigMap: "
                             "strict decoding error: unknown field \\\"datum\\\"" } },
        { "GET",
          "/api/v1/namespaces/default/configmaps/a",
          "Accept: application/yaml\r\n",
          NULL,
          { "Content-Type: application/yaml", "apiVersion: v1\n", "\ndata:\n  k: v\n" } },
        { "GET",
          "/api/v1/namespaces/default/configmaps/a",
          "Accept: image/png\r\n",
          NULL,
          { "HTTP/1.1 406 ", "\"reason\":\"NotAcceptable\"" } },
        { "PATCH",
          "/api/v1/namespaces/default/configmaps/a",
          "Content-Type: application/merge-patch+json\r\n",
          "{\"data\":{\"k\":\"w\"}}",
          { "HTTP/1.1 200 ", "\"data\":{\"k\":\"w\"}" } },
        { "PATCH",
          "/api/v1/namespaces/default/configmaps/a",
          json,
          "{}",
          { "HTTP/1.1 415 ", "\"reason\":\"UnsupportedMediaType\"" } },
        { "PUT",
          "/api/v1/namespaces/default/configmaps/a",
          NULL,
          "{\"metadata\":{\"name\":\"other\"}}",
          { "HTTP/1.1 400 ", "the name of the object (other) does not match the name on the URL "
                             "(a)" } },
        { "DELETE",
          "/api/v1/namespaces/default/configmaps/a",
          json,
          "{\"propagationPolicy\":\"Background\",\"dryRun\":[\"All\"]}",
          { "HTTP/1.1 200 ", "\"status\":\"Success\"" } },
        { "DELETE",
          "/api/v1/namespaces/default/configmaps/a",
          NULL,
          NULL,
          { "HTTP/1.1 200 ", "\"details\":{\"name\":\"a\",\"kind\":\"configmaps\"" } },
        { "POST",
          "/api/v1/configmaps",
          json,
          "{}",
          { "HTTP/1.1 405 ", "the server does not allow this method on the requested resource" } },
        { "BREW", cm, NULL, NULL, { "HTTP/1.1 4" } },
        { "GET", "/api/v1/namespaces/default/teapots", NULL, NULL, { "HTTP/1.1 404 " } },
    };
    ask_all(*state, asks, ARRAY_LEN(asks));
}

static void
answers_other_forms(void **state)
{
    static const char cm[] = "/api/v1/namespaces/default/configmaps";
    static const char table[] = "Accept: application/json;as=Table;v=v1;g=meta.k8s.io,"
                                "application/json\r\n";
    static const char partial[] =
        "Accept: application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io\r\n";
    static const struct ask asks[] = {
        { "POST", cm, NULL, "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"v\"}}", { "201" } },
        { "GET",
          cm,
          table,
          NULL,
          { "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{"
            "\"resourceVersion\":\"",
            "\"columnDefinitions\":[{\"name\":\"Name\"", "\"rows\":[{\"cells\":[\"a\"",
            "\"object\":{\"kind\":\"PartialObjectMetadata\"" } },
        { "GET",
          "/api/v1/namespaces/default/configmaps?includeObject=Object",
          table,
          NULL,
          { "\"data\":{\"k\":\"v\"}" } },
        { "GET",
          "/api/v1/namespaces/default/configmaps/a",
          table,
          NULL,
          { "{\"kind\":\"Table\"", "\"rows\":[{\"cells\":[\"a\"" } },
        { "GET",
          cm,
          partial,
          NULL,
          { "{\"kind\":\"PartialObjectMetadataList\",\"apiVersion\":\"meta.k8s.io/v1\"",
            "\"items\":[{\"kind\":\"PartialObjectMetadata\"" } },
        { "GET",
          "/api/v1/configmaps?watch=1&timeoutSeconds=1",
          table,
          NULL,
          { "{\"type\":\"ADDED\",\"object\":{\"kind\":\"Table\"" } },
        { "GET",
          "/openapi/v3",
          NULL,
          NULL,
          { "{\"paths\":{\"api/v1\":{\"serverRelativeURL\":\"/openapi/v3/api/v1?hash=" } },
        { "GET", "/openapi/v3/api/v1", NULL, NULL, { "\"openapi\":\"3.0.0\"", "Etag: \"" } },
        { "GET",
          "/openapi/v3/api/v1?hash=old",
          NULL,
          NULL,
          { "HTTP/1.1 301 ", "Location: /openapi/v3/api/v1?hash=" } },
        { "GET", "/openapi/v3/api/v9", NULL, NULL, { "HTTP/1.1 404 " } },
        { "GET",
          "/openapi/v2",
          "Accept: application/com.github.proto-openapi.spec.v2@v1.0+protobuf\r\n",
          NULL,
          { "Content-Type: application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
            "Content-Length: 25" } },
    };
    ask_all(*state, asks, ARRAY_LEN(asks));
}

static void
bounds_a_body(void **state)
{
    struct tb *tb = *state;
    size_t size = 4 << 20;
    char *body = mem_new(size + 1);
    memset(body, ' ', size);
    int fd = tb_connect(tb);
    char *head = mem_printf("POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: x\r\n"
                            "Connection: close\r\nContent-Length: %zu\r\n\r\n",
                            size);
    assert_int_equal(write(fd, head, strlen(head)), strlen(head));
    AUTO_STR struct str_builder text = { 0 };
    size_t sent = 0;
    for (int idle = 0; idle < 2000;) {
        ssize_t put = send(fd, body + sent, size - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += put > 0 ? (size_t)put : 0;
        tb_turns(tb, 5);
        char bytes[4096];
        ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            break;
        }
        idle += got < 0 && put <= 0;
        str_put(&text, str_slice(bytes, got > 0 ? (size_t)got : 0));
    }
    str_putc(&text, '\0');
    HAS(text.at, "HTTP/1.1 413 ");
    HAS(text.at, "Request entity too large: limit is 3145728");
    (void)close(fd);
    mem_free(head);
    mem_free(body);
}

/* Headers of a watch leave before its first event. */
static void
a_watch_says_hello_at_once(void **state)
{
    struct tb *tb = *state;
    static const char request[] =
        "GET /api/v1/configmaps?watch=1&resourceVersion=1 HTTP/1.1\r\nHost: x\r\n\r\n";
    char bytes[4096] = { 0 };
    int fd = tb_connect(tb);
    assert_int_equal(write(fd, request, sizeof(request) - 1), sizeof(request) - 1);
    ssize_t got = -1;
    for (int i = 0; i < 200 && got < 0; i++) {
        tb_turns(tb, 5);
        got = recv(fd, bytes, sizeof(bytes) - 1, MSG_DONTWAIT);
    }
    assert_true(got > 0);
    HAS(bytes, "HTTP/1.1 200 ");
    (void)close(fd);
    tb_turns(tb, 20);
}

/* Opens a watch whose request is some 8 KB, and reads its hello. */
static int
big_watch(struct tb *tb, const char *request)
{
    char bytes[4096] = { 0 };
    int fd = tb_connect(tb);
    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    ssize_t got = -1;
    for (int i = 0; i < 200 && got < 0; i++) {
        tb_turns(tb, 5);
        got = recv(fd, bytes, sizeof(bytes) - 1, MSG_DONTWAIT);
    }
    assert_true(got > 0);
    HAS(bytes, "HTTP/1.1 200 ");
    return fd;
}

/* A watch that lasts keeps nothing of its request: what it cost is less than the request was. */
static void
a_watch_sheds_its_request(void **state)
{
    enum { WATCHES = 50, FILL = 8000 };
    struct tb *tb = *state;
    int fds[WATCHES];
    AUTO_STR struct str_builder request = { 0 };
    str_putz(&request, "GET /api/v1/configmaps?watch=1&resourceVersion=1 HTTP/1.1\r\nHost: x\r\n"
                       "X-Fill: ");
    for (int i = 0; i < FILL; i++) {
        str_putc(&request, 'x');
    }
    str_putz(&request, "\r\n\r\n");
    str_putc(&request, '\0');
    int first = big_watch(tb, request.at); /* what is made once is there */
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < WATCHES; i++) {
        fds[i] = big_watch(tb, request.at);
    }
    size_t each = (mallinfo2().uordblks - before) / WATCHES;
    print_message("# %zu bytes a watch\n", each);
    assert_true(each < FILL);
    for (int i = 0; i < WATCHES; i++) {
        (void)close(fds[i]);
    }
    (void)close(first);
    tb_turns(tb, 20);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_health_and_version, serve, leave),
        cmocka_unit_test_setup_teardown(answers_discovery, serve, leave),
        cmocka_unit_test_setup_teardown(writes_and_refuses, serve, leave),
        cmocka_unit_test_setup_teardown(answers_other_forms, serve, leave),
        cmocka_unit_test_setup_teardown(bounds_a_body, serve, leave),
        cmocka_unit_test_setup_teardown(a_watch_says_hello_at_once, serve, leave),
        cmocka_unit_test_setup_teardown(a_watch_sheds_its_request, serve, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
