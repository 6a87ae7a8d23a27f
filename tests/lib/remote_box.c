/* The server in memory that tests of the remote client share.  See remote_box.h. */
#include "config.h" /* IWYU pragma: keep */

#include "tests/lib/remote_box.h"

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

static enum pull_rc
feed_pull(struct body *body, struct iovec *iov, int *io_len, size_t max_bytes)
{
    struct remote_box_feed *feed = container_of(body, struct remote_box_feed, body);
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
    struct remote_box_feed *feed = container_of(body, struct remote_box_feed, body);

    feed->box->feed = NULL;
    str_done(&feed->bytes);
    mem_free(feed);
}

struct taker {
    struct intake intake;
    struct remote_box *box;
    struct http_request *request;
};

static void
respond(struct remote_box *box, struct http_request *request)
{
    struct http_header headers[2] = { { STR("content-type"), STR("application/json") } };
    struct http_response response = { .status = box->status, .headers = headers, .header_len = 1 };

    if (box->status == 0) {
        return;
    }
    if (box->retry_after != NULL) {
        headers[response.header_len++] =
            (struct http_header){ STR("retry-after"), str_of(box->retry_after) };
    }
    if (box->do_feed) {
        box->feed = MEM_NEW(struct remote_box_feed);
        box->feed->box = box;
        box->feed->body = (struct body){ .pull = feed_pull, .done = feed_done, .size = -1 };
        str_putz(&box->feed->bytes, box->text);
        response.body = &box->feed->body;
    } else {
        response.body = body_of_copy(str_of(box->text));
    }
    http_respond(request, &response);
}

static ssize_t
taker_push(struct intake *intake, const void *bytes, size_t size, bool end)
{
    struct taker *taker = container_of(intake, struct taker, intake);

    str_put(&taker->box->heard, str_slice(bytes, size));
    if (end) {
        respond(taker->box, taker->request);
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
    struct remote_box *box = ctx;
    struct taker *taker;
    struct http_header up[3] = {
        { STR("upgrade"), STR("websocket") },
        { STR("sec-websocket-accept"), accept_of(request) },
        { STR("sec-websocket-protocol"), STR("v5.channel.k8s.io") },
    };

    str_putf(&box->heard, STR_FMT " " STR_FMT "\n", STR_ARG(request->method),
             STR_ARG(request->target));
    for (size_t i = 0; i < request->header_len; i++) {
        str_putf(&box->heard, STR_FMT ": " STR_FMT "\n", STR_ARG(request->headers[i].name),
                 STR_ARG(request->headers[i].value));
    }
    if (box->do_upgrade) {
        if (box->do_lie) {
            up[1].value = STR("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); /* RFC 6455's example */
        }
        box->upgraded = http_upgrade(request, up, 3);
        assert_non_null(box->upgraded);
        return;
    }
    taker = MEM_NEW(struct taker);
    taker->intake.push = taker_push;
    taker->intake.done = taker_done;
    taker->box = box;
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
    struct remote_box *box = ctx;
    struct conn *ends[2];

    conn_pair(box->loop, ends);
    server_serve(box->server, ends[1], "test");
    done(done_ctx, ends[0], NULL);
}

void
remote_box_run(struct remote_box *box)
{
    while (loop_turn(box->loop, 0)) {
    }
}

int
remote_box_open(void **state)
{
    static struct remote_box box;
    static struct http_handler handler = { .request = world_asked, .closed = world_request_closed };
    struct client_remote spec = { .address = "unused",
                                  .authority = "api",
                                  .path_prefix = "/prefix",
                                  .token = "secret",
                                  .user_agent = "test/1",
                                  .dial = world_dial,
                                  .dial_ctx = &box };

    clock_stop(1764000000000);
    box = (struct remote_box){ .loop = loop_new(), .arena = arena_new(), .status = 200 };
    handler.ctx = &box;
    box.server = server_new(box.loop, &handler, &(struct server_limits){ 0 });
    box.client = client_remote_new(box.loop, &spec);
    box.registry = registry_new(kinds_builtin, kinds_builtin_len);
    box.maps = registry_find(box.registry, STR(""), STR("v1"), STR("configmaps"));
    assert_non_null(box.maps);
    *state = &box;
    return 0;
}

static void
world_closed(void *ctx)
{
    ((struct remote_box *)ctx)->is_closed = true;
}

int
remote_box_close(void **state)
{
    struct remote_box *box = *state;

    client_free(box->client);
    remote_box_run(box);
    conn_close(box->upgraded);
    conn_close(box->conn);
    server_close(box->server, 0, world_closed, box);
    remote_box_run(box);
    assert_true(box->is_closed);
    err_free(box->err);
    object_unref(box->object);
    registry_unref(box->registry);
    str_done(&box->heard);
    str_done(&box->seen);
    arena_free(box->arena);
    loop_free(box->loop);
    clock_run();
    return 0;
}

void
remote_box_feed(struct remote_box *box, const char *text)
{
    assert_non_null(box->feed);
    str_putz(&box->feed->bytes, text);
    if (box->feed->is_waiting) {
        box->feed->is_waiting = false;
        box->feed->body.wake(&box->feed->body);
    }
    remote_box_run(box);
}

void
remote_box_feed_end(struct remote_box *box)
{
    box->feed->is_ended = true;
    remote_box_feed(box, "");
}

void
remote_box_expect(struct remote_box *box, const char *seen)
{
    remote_box_run(box);
    str_putc(&box->seen, '\0');
    assert_string_equal(box->seen.at, seen);
    box->seen.size = 0;
}

/* ---- what the client's user hears ---- */

void
remote_box_call_done(void *ctx, const struct reply *reply, struct err *owned)
{
    struct remote_box *box = ctx;

    box->dones++;
    box->handle = NULL;
    err_free(box->err);
    box->err = owned;
    if (reply == NULL) {
        return;
    }
    box->http = reply->http;
    box->rev = reply->rev;
    object_unref(box->object);
    box->object = object_ref(reply->object);
    for (size_t i = 0; i < reply->item_len; i++) {
        str_putf(&box->seen, STR_FMT "@%llu ", STR_ARG(reply->items[i]->name),
                 (unsigned long long)reply->items[i]->rev);
    }
    if (reply->doc != NULL) {
        str_putf(&box->seen, "doc:" STR_FMT " ",
                 STR_ARG(val_str(val_get(doc_root(reply->doc), "kind"))));
    }
    if (reply->continue_token.size > 0) {
        str_putf(&box->seen, "continue:" STR_FMT " ", STR_ARG(reply->continue_token));
    }
}

void
remote_box_watch_event(void *ctx, const struct watch_event *event)
{
    static const char marks[] = { '+', '~', '-', '=' };
    struct remote_box *box = ctx;

    box->events++;
    str_putf(&box->seen, "%c", marks[event->type]);
    if (event->object != NULL) {
        str_put(&box->seen, event->object->name);
    } else if (event->doc != NULL) {
        str_putf(&box->seen, "doc:" STR_FMT,
                 STR_ARG(val_str(val_get(doc_root(event->doc), "kind"))));
    }
    str_putf(&box->seen, "@%llu%s ", (unsigned long long)event->rev,
             event->is_initial_end ? "!" : "");
    if (box->do_pause) {
        client_pause(box->handle);
    }
    if (box->do_cancel) {
        client_cancel(box->handle);
    }
}

size_t
remote_box_stream_data(void *ctx, const void *bytes, size_t size)
{
    struct remote_box *box = ctx;
    size_t taken = box->take_max > 0 && box->take_max < size ? box->take_max : size;

    str_put(&box->seen, str_slice(bytes, taken));
    if (taken < size) {
        client_pause(box->handle);
    }
    return taken;
}

void
remote_box_upgraded(void *ctx, struct conn *conn, const char *protocol, struct err *owned)
{
    struct remote_box *box = ctx;

    box->upgrades++;
    box->handle = NULL;
    err_free(box->err);
    box->err = owned;
    if (conn != NULL) {
        box->conn = conn;
        str_putz(&box->seen, protocol);
    }
}

struct call
remote_box_map_call(struct remote_box *box, enum verb verb)
{
    return call_of(verb, box->maps, STR("a"), STR("x"));
}

void
remote_box_ask(struct remote_box *box, const struct call *call, int status, const char *text)
{
    int dones = box->dones;

    box->status = status;
    box->text = text;
    box->heard.size = 0;
    box->handle = client_call(box->client, call, remote_box_call_done, box);
    assert_int_equal(box->dones, dones); /* never inside the call */
    remote_box_run(box);
}

void
remote_box_watch(struct remote_box *box, const struct call *call, const char *text)
{
    box->do_feed = true;
    box->text = text;
    box->handle =
        client_watch(box->client, call, remote_box_watch_event, remote_box_call_done, box);
    remote_box_run(box);
}

bool
remote_box_heard(struct remote_box *box, const char *text)
{
    return str_contains(str_view(&box->heard), str_of(text));
}
