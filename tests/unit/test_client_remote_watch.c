/* client/client_remote: watches, streams of bytes, upgrades. */
#include "config.h" /* IWYU pragma: keep */

#include "client/client.h"

#include "api/object.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/conn.h"
#include "tests/lib/remote_box.h"
#include "tests/lib/unit.h"

/* ---- watches ---- */

#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"

static void
test_watch(void **state)
{
    struct remote_box *box = *state;
    struct call call = remote_box_map_call(box, VERB_WATCH);

    remote_box_watch(box, &call,
                     EVENT("ADDED", REMOTE_BOX_MAP("x", "5"))
                         EVENT("MODIFIED", REMOTE_BOX_MAP("x", "6")) "{\"type\":");
    remote_box_expect(box, "+x@5 ~x@6 ");
    remote_box_feed(box, "\"DELETED\",\"object\":" REMOTE_BOX_MAP("x", "7"));
    remote_box_expect(box, "");
    remote_box_feed(box, "}\n\n" EVENT("BOOKMARK", "{\"kind\":\"ConfigMap\",\"metadata\":{"
                                                   "\"resourceVersion\":\"9\"}}"));
    remote_box_expect(box, "-x@7 =@9 ");
    remote_box_feed(box,
                    EVENT("BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"10\",\"annotations\":"
                                      "{\"k8s.io/initial-events-end\":\"true\"}}}"));
    remote_box_expect(box, "=@10! ");
    remote_box_feed_end(box);
    assert_int_equal(box->dones, 1);
    assert_null(box->err);
}

static void
test_watch_expires(void **state)
{
    struct remote_box *box = *state;
    struct call call = remote_box_map_call(box, VERB_WATCH);

    remote_box_watch(box, &call, "");
    remote_box_feed(box, EVENT("ERROR", "{\"kind\":\"Status\",\"status\":\"Failure\",\"reason\":"
                                        "\"Expired\",\"message\":\"too old\",\"code\":410}")
                             EVENT("ADDED", REMOTE_BOX_MAP("x", "5")));
    remote_box_expect(box, ""); /* nothing after it */
    assert_int_equal(box->dones, 1);
    assert_int_equal(box->err->code, ERR_EXPIRED);
    /* As an answer, too. */
    box->do_feed = false;
    box->status = 410;
    box->text = "{\"kind\":\"Status\",\"reason\":\"Expired\",\"message\":\"too old\",\"code\":410}";
    box->handle =
        client_watch(box->client, &call, remote_box_watch_event, remote_box_call_done, box);
    remote_box_run(box);
    assert_int_equal(box->dones, 2);
    assert_int_equal(box->err->code, ERR_EXPIRED);
}

static void
test_watch_of_something_else(void **state)
{
    struct remote_box *box = *state;
    struct call call = remote_box_map_call(box, VERB_WATCH);

    call.accept = ACCEPT_TABLE;
    remote_box_watch(box, &call,
                     EVENT("ADDED", "{\"kind\":\"Table\",\"rows\":[{\"object\":{\"metadata\":{"
                                    "\"resourceVersion\":\"5\"}}}]}"));
    remote_box_expect(box, "+doc:Table@5 ");
    remote_box_feed(box, "{\"type\":\"ADDED\",\"obj");
    remote_box_feed_end(box);
    assert_int_equal(box->err->code, ERR_IO); /* inside an event */
    remote_box_watch(box, &call, EVENT("NEWS", "{}"));
    assert_int_equal(box->err->code, ERR_INTERNAL);
    assert_int_equal(box->dones, 2);
}

static void
test_watch_pauses_and_is_cancelled(void **state)
{
    struct remote_box *box = *state;
    struct call call = remote_box_map_call(box, VERB_WATCH);

    box->do_pause = true;
    remote_box_watch(box, &call,
                     EVENT("ADDED", REMOTE_BOX_MAP("x", "5"))
                         EVENT("MODIFIED", REMOTE_BOX_MAP("x", "6")));
    remote_box_expect(box, "+x@5 ");
    remote_box_feed(box, EVENT("MODIFIED", REMOTE_BOX_MAP("x", "7")));
    remote_box_expect(box, "");
    client_resume(box->handle);
    remote_box_expect(box, "~x@6 ");
    box->do_pause = false;
    client_resume(box->handle);
    remote_box_expect(box, "~x@7 ");
    box->do_cancel = true;
    remote_box_feed(box, EVENT("MODIFIED", REMOTE_BOX_MAP("x", "8"))
                             EVENT("MODIFIED", REMOTE_BOX_MAP("x", "9")));
    remote_box_expect(box, "~x@8 ");
    assert_int_equal(box->dones, 1);
    assert_int_equal(box->err->code, ERR_CANCELLED);
}

static void
test_a_silent_watch_is_given_up(void **state)
{
    struct remote_box *box = *state;
    struct call call = remote_box_map_call(box, VERB_WATCH);

    call.bookmarks = true;
    remote_box_watch(box, &call, EVENT("ADDED", REMOTE_BOX_MAP("x", "5")));
    clock_warp(149 * 1000);
    remote_box_feed(box, EVENT("MODIFIED", REMOTE_BOX_MAP("x", "6")));
    clock_warp(149 * 1000);
    remote_box_run(box);
    assert_int_equal(box->dones, 0);
    clock_warp(1000);
    remote_box_run(box);
    assert_int_equal(box->dones, 1);
    assert_int_equal(box->err->code, ERR_IO);
    assert_string_equal(box->err->message, "the server has been silent for 150 s");
}

/* ---- streams and upgrades ---- */

static void
test_stream(void **state)
{
    struct remote_box *box = *state;
    struct call call = remote_box_map_call(box, VERB_GET);

    box->do_feed = true;
    box->text = "0123456789";
    box->take_max = 4;
    box->handle =
        client_stream(box->client, &call, remote_box_stream_data, remote_box_call_done, box);
    remote_box_expect(box, "0123");
    box->take_max = 0;
    client_resume(box->handle);
    remote_box_expect(box, "456789");
    remote_box_feed(box, "line\n");
    remote_box_expect(box, "line\n");
    remote_box_feed_end(box);
    assert_int_equal(box->dones, 1);
    assert_null(box->err);
    box->do_feed = false;
    box->status = 400;
    box->text = "{\"kind\":\"Status\",\"reason\":\"BadRequest\",\"message\":\"no\",\"code\":400}";
    box->handle =
        client_stream(box->client, &call, remote_box_stream_data, remote_box_call_done, box);
    remote_box_expect(box, ""); /* an error's body is no data */
    assert_int_equal(box->err->code, ERR_BAD_REQUEST);
}

static void
test_upgrade_is_refused(void **state)
{
    struct remote_box *box = *state;
    struct call call = remote_box_map_call(box, VERB_CONNECT);

    box->status = 403;
    box->text = "{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"message\":\"no\",\"code\":403}";
    box->handle = client_upgrade(box->client, &call, "v5.channel.k8s.io,v4.channel.k8s.io",
                                 remote_box_upgraded, box);
    remote_box_run(box);
    assert_int_equal(box->upgrades, 1);
    assert_int_equal(box->err->code, ERR_FORBIDDEN);
    assert_true(remote_box_heard(box, "upgrade: websocket\n"));
    assert_true(remote_box_heard(box, "sec-websocket-version: 13\n"));
    assert_true(
        remote_box_heard(box, "sec-websocket-protocol: v5.channel.k8s.io,v4.channel.k8s.io\n"));
    box->status = 200;
    box->text = "{}";
    box->handle = client_upgrade(box->client, &call, "x", remote_box_upgraded, box);
    remote_box_run(box);
    assert_int_equal(box->upgrades, 2);
    assert_string_equal(box->err->message, "the server answered 200 to an upgrade");
    /* Somebody who answers with another key's hash is no WebSocket server. */
    box->do_upgrade = true;
    box->do_lie = true;
    box->handle = client_upgrade(box->client, &call, "x", remote_box_upgraded, box);
    remote_box_run(box);
    assert_int_equal(box->upgrades, 3);
    assert_null(box->conn);
    assert_int_equal(box->err->code, ERR_INTERNAL);
}

static void
test_upgrade(void **state)
{
    struct remote_box *box = *state;
    struct call call = remote_box_map_call(box, VERB_CONNECT);
    char bytes[16];

    call.subresource = "exec";
    call.query = STR("command=ls");
    box->do_upgrade = true;
    box->handle = client_upgrade(box->client, &call, "v5.channel.k8s.io", remote_box_upgraded, box);
    remote_box_expect(box, "v5.channel.k8s.io");
    assert_int_equal(box->upgrades, 1);
    assert_null(box->err);
    assert_true(
        remote_box_heard(box, "GET /prefix/api/v1/namespaces/a/configmaps/x/exec?command=ls\n"));
    assert_int_equal(conn_writev(box->conn, &(struct iovec){ (char[]){ "ping" }, 4 }, 1), 4);
    remote_box_run(box);
    assert_int_equal(conn_read(box->upgraded, bytes, sizeof(bytes)), 4);
    assert_memory_equal(bytes, "ping", 4);
    /* The conn outlives the client; a cancelled one is closed unseen. */
    box->handle = client_upgrade(box->client, &call, "v5.channel.k8s.io", remote_box_upgraded, box);
    client_cancel(box->handle);
    remote_box_run(box);
    assert_int_equal(box->upgrades, 2);
    assert_int_equal(box->err->code, ERR_CANCELLED);
}

int
main(void)
{
#define WITH_BOX(test) cmocka_unit_test_setup_teardown(test, remote_box_open, remote_box_close)
    const struct CMUnitTest tests[] = {
        WITH_BOX(test_watch),
        WITH_BOX(test_watch_expires),
        WITH_BOX(test_watch_of_something_else),
        WITH_BOX(test_watch_pauses_and_is_cancelled),
        WITH_BOX(test_a_silent_watch_is_given_up),
        WITH_BOX(test_stream),
        WITH_BOX(test_upgrade_is_refused),
        WITH_BOX(test_upgrade),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
