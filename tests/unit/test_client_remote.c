/* client/client_remote against net/server in memory: requests as a server sees them, answers, errors,
 * watches, streams, upgrades, and every way to end. */
#include "config.h" /* IWYU pragma: keep */

#include "client/client.h"

#include <openssl/evp.h>

#include "api/object.h"
#include "base/arena.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/conn.h"
#include "net/http.h"
#include "net/server.h"
#include "tests/lib/unit.h"

/* ---- a server that answers what the test says ---- */

/* A body that the test feeds. */
struct feed {
    struct body body;
    struct world *world;
    struct str_builder bytes;
    size_t at;
    bool is_ended, is_waiting;
};
struct world {
    struct loop *loop;
    struct server *server;
    struct client *client;
    struct registry *registry;
    const struct resource *maps; /* configmaps */
    struct arena *arena;
    bool is_closed;

    struct str_builder heard; /* requests: line, headers, body */
    int status;               /* of the next answer; 0: none */
    const char *text, *retry_after;
    bool do_feed, do_upgrade;
    bool do_lie; /* an upgrade is answered with the hash of another key */
    struct feed *feed;
    struct conn *upgraded;

    int dones, events, upgrades;
    struct err *err; /* of the last done */
    int http;
    uint64_t rev;
    struct object *object;
    struct str_builder seen; /* events, items, streams */
    struct handle *handle;
    size_t take_max; /* of a stream, 0: all */
    bool do_pause, do_cancel;
    struct conn *conn;
};

static enum pull_rc
feed_pull(struct body *body, struct iovec *iov, int *io_len, size_t max_bytes)
{
    struct feed *feed = container_of(body, struct feed, body);
    size_t size = feed->bytes.size - feed->at;

    size = size < max_bytes ? size : max_bytes;
    iov[0] = (struct iovec){ feed->bytes.at + feed->at, size };
    *io_len = size > 0 ? 1 : 0;
    feed->at += size;
    if (feed->at < feed->bytes.size) {
        return PULL_MORE;
    }
    feed->is_waiting = !feed->is_ended;
    return feed->is_ended ? PULL_END : PULL_WAIT;
}

static void
feed_done(struct body *body)
{
    struct feed *feed = container_of(body, struct feed, body);

    feed->world->feed = NULL;
    str_done(&feed->bytes);
    mem_free(feed);
}

struct taker {
    struct intake intake;
    struct world *world;
    struct http_request *request;
};

static void
respond(struct world *world, struct http_request *request)
{
    struct http_header headers[2] = { { STR("content-type"), STR("application/json") } };
    struct http_response response = { .status = world->status,
                                      .headers = headers,
                                      .header_len = 1 };

    if (world->status == 0) {
        return;
    }
    if (world->retry_after != NULL) {
        headers[response.header_len++] =
            (struct http_header){ STR("retry-after"), str_of(world->retry_after) };
    }
    if (world->do_feed) {
        world->feed = MEM_NEW(struct feed);
        world->feed->world = world;
        world->feed->body = (struct body){ .pull = feed_pull, .done = feed_done, .size = -1 };
        str_putz(&world->feed->bytes, world->text);
        response.body = &world->feed->body;
    } else {
        response.body = body_of_copy(str_of(world->text));
    }
    http_respond(request, &response);
}

static ssize_t
taker_push(struct intake *intake, const void *bytes, size_t size, bool end)
{
    struct taker *taker = container_of(intake, struct taker, intake);

    str_put(&taker->world->heard, str_slice(bytes, size));
    if (end) {
        respond(taker->world, taker->request);
    }
    return (ssize_t)size;
}

static void
taker_done(struct intake *intake, struct err *owned)
{
    err_free(owned);
    mem_free(container_of(intake, struct taker, intake));
}

/* RFC 6455 §4.2.2. */
static struct str
accept_of(struct http_request *request)
{
    struct str text = arena_printf(request->arena, STR_FMT "258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
                                   STR_ARG(http_header(request, "sec-websocket-key")));
    unsigned char digest[20];

    assert_int_equal(EVP_Digest(text.at, text.size, digest, NULL, EVP_sha1(), NULL), 1);
    return base64_encode(str_slice((const char *)digest, sizeof(digest)), request->arena);
}

static void
world_asked(void *ctx, struct http_request *request, struct intake **ret_intake)
{
    struct world *world = ctx;
    struct taker *taker;
    struct http_header up[3] = {
        { STR("upgrade"), STR("websocket") },
        { STR("sec-websocket-accept"), accept_of(request) },
        { STR("sec-websocket-protocol"), STR("v5.channel.k8s.io") },
    };

    str_putf(&world->heard, STR_FMT " " STR_FMT "\n", STR_ARG(request->method),
             STR_ARG(request->target));
    for (size_t i = 0; i < request->header_len; i++) {
        str_putf(&world->heard, STR_FMT ": " STR_FMT "\n", STR_ARG(request->headers[i].name),
                 STR_ARG(request->headers[i].value));
    }
    if (world->do_upgrade) {
        if (world->do_lie) {
            up[1].value = STR("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); /* RFC 6455's example */
        }
        world->upgraded = http_upgrade(request, up, 3);
        assert_non_null(world->upgraded);
        return;
    }
    taker = MEM_NEW(struct taker);
    taker->intake.push = taker_push;
    taker->intake.done = taker_done;
    taker->world = world;
    taker->request = request;
    *ret_intake = &taker->intake;
}

static void
world_request_closed(void *ctx, struct http_request *request)
{
    (void)ctx;
    (void)request;
}

static void
world_dial(void *ctx, conn_dial_fn *done, void *done_ctx)
{
    struct world *world = ctx;
    struct conn *ends[2];

    conn_pair(world->loop, ends);
    server_serve(world->server, ends[1], "test");
    done(done_ctx, ends[0], NULL);
}

static void
run(struct world *world)
{
    while (loop_turn(world->loop, 0)) {
    }
}

static int
world_open(void **state)
{
    static struct world world;
    static struct http_handler handler = { .request = world_asked, .closed = world_request_closed };
    struct client_remote spec = { .address = "unused",
                                  .authority = "api",
                                  .path_prefix = "/prefix",
                                  .token = "secret",
                                  .user_agent = "test/1",
                                  .dial = world_dial,
                                  .dial_ctx = &world };

    clock_stop(1764000000000);
    world = (struct world){ .loop = loop_new(), .arena = arena_new(), .status = 200 };
    handler.ctx = &world;
    world.server = server_new(world.loop, &handler, &(struct server_limits){ 0 });
    world.client = client_remote_new(world.loop, &spec);
    world.registry = registry_new(kinds_builtin, kinds_builtin_len);
    world.maps = registry_find(world.registry, STR(""), STR("v1"), STR("configmaps"));
    assert_non_null(world.maps);
    *state = &world;
    return 0;
}

static void
world_closed(void *ctx)
{
    ((struct world *)ctx)->is_closed = true;
}

static int
world_close(void **state)
{
    struct world *world = *state;

    client_free(world->client);
    run(world);
    conn_close(world->upgraded);
    conn_close(world->conn);
    server_close(world->server, 0, world_closed, world);
    run(world);
    assert_true(world->is_closed);
    err_free(world->err);
    object_unref(world->object);
    registry_unref(world->registry);
    str_done(&world->heard);
    str_done(&world->seen);
    arena_free(world->arena);
    loop_free(world->loop);
    clock_run();
    return 0;
}

static void
world_feed(struct world *world, const char *text)
{
    assert_non_null(world->feed);
    str_putz(&world->feed->bytes, text);
    if (world->feed->is_waiting) {
        world->feed->is_waiting = false;
        world->feed->body.wake(&world->feed->body);
    }
    run(world);
}

static void
world_feed_end(struct world *world)
{
    world->feed->is_ended = true;
    world_feed(world, "");
}

static void
world_expect(struct world *world, const char *seen)
{
    run(world);
    str_putc(&world->seen, '\0');
    assert_string_equal(world->seen.at, seen);
    world->seen.size = 0;
}

/* ---- what the client's user hears ---- */

static void
call_done(void *ctx, const struct reply *reply, struct err *owned)
{
    struct world *world = ctx;

    world->dones++;
    world->handle = NULL;
    err_free(world->err);
    world->err = owned;
    if (reply == NULL) {
        return;
    }
    world->http = reply->http;
    world->rev = reply->rev;
    object_unref(world->object);
    world->object = object_ref(reply->object);
    for (size_t i = 0; i < reply->item_len; i++) {
        str_putf(&world->seen, STR_FMT "@%llu ", STR_ARG(reply->items[i]->name),
                 (unsigned long long)reply->items[i]->rev);
    }
    if (reply->doc != NULL) {
        str_putf(&world->seen, "doc:" STR_FMT " ",
                 STR_ARG(val_str(val_get(doc_root(reply->doc), "kind"))));
    }
    if (reply->continue_token.size > 0) {
        str_putf(&world->seen, "continue:" STR_FMT " ", STR_ARG(reply->continue_token));
    }
}

static void
watch_event(void *ctx, const struct watch_event *event)
{
    static const char marks[] = { '+', '~', '-', '=' };
    struct world *world = ctx;

    world->events++;
    str_putf(&world->seen, "%c", marks[event->type]);
    if (event->object != NULL) {
        str_put(&world->seen, event->object->name);
    } else if (event->doc != NULL) {
        str_putf(&world->seen, "doc:" STR_FMT,
                 STR_ARG(val_str(val_get(doc_root(event->doc), "kind"))));
    }
    str_putf(&world->seen, "@%llu%s ", (unsigned long long)event->rev,
             event->is_initial_end ? "!" : "");
    if (world->do_pause) {
        client_pause(world->handle);
    }
    if (world->do_cancel) {
        client_cancel(world->handle);
    }
}

static size_t
stream_data(void *ctx, const void *bytes, size_t size)
{
    struct world *world = ctx;
    size_t taken = world->take_max > 0 && world->take_max < size ? world->take_max : size;

    str_put(&world->seen, str_slice(bytes, taken));
    if (taken < size) {
        client_pause(world->handle);
    }
    return taken;
}

static void
upgraded(void *ctx, struct conn *conn, const char *protocol, struct err *owned)
{
    struct world *world = ctx;

    world->upgrades++;
    world->handle = NULL;
    err_free(world->err);
    world->err = owned;
    if (conn != NULL) {
        world->conn = conn;
        str_putz(&world->seen, protocol);
    }
}

static struct call
map_call(struct world *world, enum verb verb)
{
    return call_of(verb, world->maps, STR("a"), STR("x"));
}

static void
ask(struct world *world, const struct call *call, int status, const char *text)
{
    int dones = world->dones;

    world->status = status;
    world->text = text;
    world->heard.size = 0;
    world->handle = client_call(world->client, call, call_done, world);
    assert_int_equal(world->dones, dones); /* never inside the call */
    run(world);
}

static void
watch(struct world *world, const struct call *call, const char *text)
{
    world->do_feed = true;
    world->text = text;
    world->handle = client_watch(world->client, call, watch_event, call_done, world);
    run(world);
}

static bool
heard(struct world *world, const char *text)
{
    return str_contains(str_view(&world->heard), str_of(text));
}

/* ---- calls ---- */

#define MAP(name, rv)                                                                              \
    "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"" name                 \
    "\",\"namespace\":\"a\",\"uid\":\"u\",\"resourceVersion\":\"" rv "\"},\"data\":{\"k\":\"v\"}}"

static void
test_get_an_object(void **state)
{
    struct world *world = *state;
    struct call call = map_call(world, VERB_GET);

    ask(world, &call, 200, MAP("x", "17") "\n");
    assert_int_equal(world->dones, 1);
    assert_null(world->err);
    assert_int_equal(world->http, 200);
    assert_int_equal(world->rev, 17);
    assert_non_null(world->object);
    assert_int_equal(world->object->rev, 17);
    assert_true(str_is(world->object->ns, "a"));
    assert_true(str_is(object_bytes(world->object), MAP("x", "17")));
    assert_true(heard(world, "GET /prefix/api/v1/namespaces/a/configmaps/x\n"));
    assert_true(heard(world, "accept: application/json\n"));
    assert_true(heard(world, "authorization: Bearer secret\n"));
    assert_true(heard(world, "user-agent: test/1\n"));
    assert_false(heard(world, "content-type"));
    assert_false(heard(world, "impersonate"));
}

static void
test_objects_however_they_are_written(void **state)
{
    struct world *world = *state;
    struct call call = map_call(world, VERB_GET);
    static const char *const texts[] = {
        "{ \"kind\" : \"ConfigMap\" , \"apiVersion\" : \"v1\", \"metadata\" : { \"resourceVersion\" "
        ": \"5\" , \"name\":\"x\", \"uid\":\"u\" } }",
        "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"x\",\n"
        "\"resourceVersion\":\"5\"}}",
        "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"5\"}}",
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        ask(world, &call, 200, texts[i]);
        assert_null(world->err);
        assert_int_equal(world->object->rev, 5);
        object_pin(world->object);
        assert_true(val_is_str(val_at(object_val(world->object), "metadata.resourceVersion"), "5"));
        object_unpin(world->object);
    }
    ask(world, &call, 200, "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{");
    assert_int_equal(world->err->code, ERR_BAD_REQUEST);
}

static void
test_list(void **state)
{
    struct world *world = *state;
    struct call call = map_call(world, VERB_LIST);

    ask(world, &call, 200,
        "{\"kind\":\"ConfigMapList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"30\","
        "\"continue\":\"more\"},\"items\":[{\"metadata\":{\"name\":\"x\",\"namespace\":\"a\","
        "\"uid\":\"1\",\"resourceVersion\":\"7\"},\"data\":{}},{\"metadata\":{\"name\":\"y\","
        "\"namespace\":\"a\",\"uid\":\"2\",\"resourceVersion\":\"8\"}}]}");
    world_expect(world, "x@7 y@8 continue:more ");
    assert_int_equal(world->rev, 30);
    /* A Go server's empty list. */
    ask(world, &call, 200,
        "{\"kind\":\"ConfigMapList\",\"metadata\":{\"resourceVersion\":\"31\"},\"items\":[]}");
    world_expect(world, "");
    assert_int_equal(world->rev, 31);
    ask(world, &call, 200, "{\"kind\":\"ConfigMapList\",\"metadata\":{},\"items\":[1]}");
    assert_int_equal(world->err->code, ERR_INTERNAL);
}

static void
test_writes(void **state)
{
    struct world *world = *state;
    struct call call = map_call(world, VERB_PATCH);

    call.body = STR("{\"data\":{}}");
    call.body_type = BODY_MERGE_PATCH;
    call.field_manager = STR("me");
    ask(world, &call, 200, MAP("x", "18"));
    assert_int_equal(world->object->rev, 18);
    assert_true(heard(world, "PATCH /prefix/api/v1/namespaces/a/configmaps/x?fieldManager=me\n"));
    assert_true(heard(world, "content-type: application/merge-patch+json\n"));
    assert_true(heard(world, "{\"data\":{}}"));
    /* A DELETE is answered with a Status. */
    call = map_call(world, VERB_DELETE);
    call.grace_s = 3;
    ask(world, &call, 200, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Success\"}");
    assert_null(world->err);
    assert_null(world->object);
    world_expect(world, "doc:Status ");
    assert_true(heard(world, "\"gracePeriodSeconds\":3"));
}

static void
test_other_answers(void **state)
{
    struct world *world = *state;
    struct call call = map_call(world, VERB_LIST);

    call.accept = ACCEPT_TABLE;
    ask(world, &call, 200, "{\"kind\":\"Table\",\"metadata\":{\"resourceVersion\":\"9\"}}");
    world_expect(world, "doc:Table ");
    assert_int_equal(world->rev, 9);
    assert_true(
        heard(world, "accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json\n"));
    call = call_of(VERB_GET, NULL, (struct str){ 0 }, (struct str){ 0 });
    call.path = STR("/version");
    call.accept = ACCEPT_RAW;
    ask(world, &call, 200, "not JSON");
    assert_null(world->err);
    assert_true(heard(world, "GET /prefix/version\n"));
}

static void
test_refusals(void **state)
{
    struct world *world = *state;
    struct call call = map_call(world, VERB_GET);

    ask(world, &call, 404,
        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message"
        "\":\"configmaps \\\"x\\\" not found\",\"reason\":\"NotFound\",\"details\":{\"name\":\"x\","
        "\"kind\":\"configmaps\"},\"code\":404}");
    assert_int_equal(world->err->code, ERR_NOT_FOUND);
    assert_string_equal(world->err->message, "configmaps \"x\" not found");
    assert_string_equal(world->err->name, "x");
    /* What stands between may answer anything. */
    world->retry_after = "7";
    ask(world, &call, 503, "<html>no</html>\n");
    assert_int_equal(world->err->code, ERR_UNAVAILABLE);
    assert_string_equal(world->err->message, "the server answered 503: <html>no</html>");
    assert_int_equal(world->err->retry_after_s, 7);
}

static void
test_ends(void **state)
{
    struct world *world = *state;
    struct call call = map_call(world, VERB_GET);

    /* No answer. */
    ask(world, &call, 0, "");
    assert_int_equal(world->dones, 0);
    clock_warp(65 * 1000);
    run(world);
    assert_int_equal(world->dones, 1);
    assert_int_equal(world->err->code, ERR_TIMEOUT);
    /* Cancelled, and cancelled in the moment of its answer. */
    ask(world, &call, 0, "");
    client_cancel(world->handle);
    assert_int_equal(world->dones, 1);
    run(world);
    assert_int_equal(world->dones, 2);
    assert_int_equal(world->err->code, ERR_CANCELLED);
    /* The client goes. */
    ask(world, &call, 0, "");
    client_free(world->client);
    assert_int_equal(world->dones, 2);
    run(world);
    assert_int_equal(world->dones, 3);
    assert_int_equal(world->err->code, ERR_CANCELLED);
    world->client = NULL;
}

/* ---- watches ---- */

#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"

static void
test_watch(void **state)
{
    struct world *world = *state;
    struct call call = map_call(world, VERB_WATCH);

    watch(world, &call,
          EVENT("ADDED", MAP("x", "5")) EVENT("MODIFIED", MAP("x", "6")) "{\"type\":");
    world_expect(world, "+x@5 ~x@6 ");
    world_feed(world, "\"DELETED\",\"object\":" MAP("x", "7"));
    world_expect(world, "");
    world_feed(world, "}\n\n" EVENT("BOOKMARK", "{\"kind\":\"ConfigMap\",\"metadata\":{"
                                                "\"resourceVersion\":\"9\"}}"));
    world_expect(world, "-x@7 =@9 ");
    world_feed(world, EVENT("BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"10\",\"annotations\":"
                                        "{\"k8s.io/initial-events-end\":\"true\"}}}"));
    world_expect(world, "=@10! ");
    world_feed_end(world);
    assert_int_equal(world->dones, 1);
    assert_null(world->err);
}

static void
test_watch_expires(void **state)
{
    struct world *world = *state;
    struct call call = map_call(world, VERB_WATCH);

    watch(world, &call, "");
    world_feed(world, EVENT("ERROR", "{\"kind\":\"Status\",\"status\":\"Failure\",\"reason\":"
                                     "\"Expired\",\"message\":\"too old\",\"code\":410}")
                          EVENT("ADDED", MAP("x", "5")));
    world_expect(world, ""); /* nothing after it */
    assert_int_equal(world->dones, 1);
    assert_int_equal(world->err->code, ERR_EXPIRED);
    /* As an answer, too. */
    world->do_feed = false;
    world->status = 410;
    world->text =
        "{\"kind\":\"Status\",\"reason\":\"Expired\",\"message\":\"too old\",\"code\":410}";
    world->handle = client_watch(world->client, &call, watch_event, call_done, world);
    run(world);
    assert_int_equal(world->dones, 2);
    assert_int_equal(world->err->code, ERR_EXPIRED);
}

static void
test_watch_of_something_else(void **state)
{
    struct world *world = *state;
    struct call call = map_call(world, VERB_WATCH);

    call.accept = ACCEPT_TABLE;
    watch(world, &call,
          EVENT("ADDED", "{\"kind\":\"Table\",\"rows\":[{\"object\":{\"metadata\":{"
                         "\"resourceVersion\":\"5\"}}}]}"));
    world_expect(world, "+doc:Table@5 ");
    world_feed(world, "{\"type\":\"ADDED\",\"obj");
    world_feed_end(world);
    assert_int_equal(world->err->code, ERR_IO); /* inside an event */
    watch(world, &call, EVENT("NEWS", "{}"));
    assert_int_equal(world->err->code, ERR_INTERNAL);
    assert_int_equal(world->dones, 2);
}

static void
test_watch_pauses_and_is_cancelled(void **state)
{
    struct world *world = *state;
    struct call call = map_call(world, VERB_WATCH);

    world->do_pause = true;
    watch(world, &call, EVENT("ADDED", MAP("x", "5")) EVENT("MODIFIED", MAP("x", "6")));
    world_expect(world, "+x@5 ");
    world_feed(world, EVENT("MODIFIED", MAP("x", "7")));
    world_expect(world, "");
    client_resume(world->handle);
    world_expect(world, "~x@6 ");
    world->do_pause = false;
    client_resume(world->handle);
    world_expect(world, "~x@7 ");
    world->do_cancel = true;
    world_feed(world, EVENT("MODIFIED", MAP("x", "8")) EVENT("MODIFIED", MAP("x", "9")));
    world_expect(world, "~x@8 ");
    assert_int_equal(world->dones, 1);
    assert_int_equal(world->err->code, ERR_CANCELLED);
}

static void
test_a_silent_watch_is_given_up(void **state)
{
    struct world *world = *state;
    struct call call = map_call(world, VERB_WATCH);

    call.bookmarks = true;
    watch(world, &call, EVENT("ADDED", MAP("x", "5")));
    clock_warp(149 * 1000);
    world_feed(world, EVENT("MODIFIED", MAP("x", "6")));
    clock_warp(149 * 1000);
    run(world);
    assert_int_equal(world->dones, 0);
    clock_warp(1000);
    run(world);
    assert_int_equal(world->dones, 1);
    assert_int_equal(world->err->code, ERR_IO);
    assert_string_equal(world->err->message, "the server has been silent for 150 s");
}

/* ---- streams and upgrades ---- */

static void
test_stream(void **state)
{
    struct world *world = *state;
    struct call call = map_call(world, VERB_GET);

    world->do_feed = true;
    world->text = "0123456789";
    world->take_max = 4;
    world->handle = client_stream(world->client, &call, stream_data, call_done, world);
    world_expect(world, "0123");
    world->take_max = 0;
    client_resume(world->handle);
    world_expect(world, "456789");
    world_feed(world, "line\n");
    world_expect(world, "line\n");
    world_feed_end(world);
    assert_int_equal(world->dones, 1);
    assert_null(world->err);
    world->do_feed = false;
    world->status = 400;
    world->text = "{\"kind\":\"Status\",\"reason\":\"BadRequest\",\"message\":\"no\",\"code\":400}";
    world->handle = client_stream(world->client, &call, stream_data, call_done, world);
    world_expect(world, ""); /* an error's body is no data */
    assert_int_equal(world->err->code, ERR_BAD_REQUEST);
}

static void
test_upgrade_is_refused(void **state)
{
    struct world *world = *state;
    struct call call = map_call(world, VERB_CONNECT);

    world->status = 403;
    world->text = "{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"message\":\"no\",\"code\":403}";
    world->handle = client_upgrade(world->client, &call, "v5.channel.k8s.io,v4.channel.k8s.io",
                                   upgraded, world);
    run(world);
    assert_int_equal(world->upgrades, 1);
    assert_int_equal(world->err->code, ERR_FORBIDDEN);
    assert_true(heard(world, "upgrade: websocket\n"));
    assert_true(heard(world, "sec-websocket-version: 13\n"));
    assert_true(heard(world, "sec-websocket-protocol: v5.channel.k8s.io,v4.channel.k8s.io\n"));
    world->status = 200;
    world->text = "{}";
    world->handle = client_upgrade(world->client, &call, "x", upgraded, world);
    run(world);
    assert_int_equal(world->upgrades, 2);
    assert_string_equal(world->err->message, "the server answered 200 to an upgrade");
    /* Somebody who answers with another key's hash is no WebSocket server. */
    world->do_upgrade = true;
    world->do_lie = true;
    world->handle = client_upgrade(world->client, &call, "x", upgraded, world);
    run(world);
    assert_int_equal(world->upgrades, 3);
    assert_null(world->conn);
    assert_int_equal(world->err->code, ERR_INTERNAL);
}

static void
test_upgrade(void **state)
{
    struct world *world = *state;
    struct call call = map_call(world, VERB_CONNECT);
    char bytes[16];

    call.subresource = "exec";
    call.query = STR("command=ls");
    world->do_upgrade = true;
    world->handle = client_upgrade(world->client, &call, "v5.channel.k8s.io", upgraded, world);
    world_expect(world, "v5.channel.k8s.io");
    assert_int_equal(world->upgrades, 1);
    assert_null(world->err);
    assert_true(heard(world, "GET /prefix/api/v1/namespaces/a/configmaps/x/exec?command=ls\n"));
    assert_int_equal(conn_writev(world->conn, &(struct iovec){ (char[]){ "ping" }, 4 }, 1), 4);
    run(world);
    assert_int_equal(conn_read(world->upgraded, bytes, sizeof(bytes)), 4);
    assert_memory_equal(bytes, "ping", 4);
    /* The conn outlives the client; a cancelled one is closed unseen. */
    world->handle = client_upgrade(world->client, &call, "v5.channel.k8s.io", upgraded, world);
    client_cancel(world->handle);
    run(world);
    assert_int_equal(world->upgrades, 2);
    assert_int_equal(world->err->code, ERR_CANCELLED);
}

int
main(void)
{
#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_get_an_object),
        WITH_WORLD(test_objects_however_they_are_written),
        WITH_WORLD(test_list),
        WITH_WORLD(test_writes),
        WITH_WORLD(test_other_answers),
        WITH_WORLD(test_refusals),
        WITH_WORLD(test_ends),
        WITH_WORLD(test_watch),
        WITH_WORLD(test_watch_expires),
        WITH_WORLD(test_watch_of_something_else),
        WITH_WORLD(test_watch_pauses_and_is_cancelled),
        WITH_WORLD(test_a_silent_watch_is_given_up),
        WITH_WORLD(test_stream),
        WITH_WORLD(test_upgrade),
        WITH_WORLD(test_upgrade_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
