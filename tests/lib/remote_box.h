/* A server in memory that answers what the test says, a remote client of it, and all that the client's
 * user hears. */
#ifndef BINNACLE_TESTS_LIB_REMOTE_BOX_H
#define BINNACLE_TESTS_LIB_REMOTE_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/client.h"
#include "net/body.h"

/* A body that the test feeds. */
struct remote_box_feed {
    struct body body;
    struct remote_box *box;
    struct str_builder bytes;
    size_t at;
    bool is_ended, is_waiting;
};
struct remote_box {
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
    struct remote_box_feed *feed;
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

/* Set-up and tear-down of a cmocka test; *state is the box. */
int remote_box_open(void **state);
int remote_box_close(void **state);
void remote_box_run(struct remote_box *box); /* all that is due */

/* Begins a call with this answer, and runs. */
void remote_box_ask(struct remote_box *box, const struct call *call, int status, const char *text);
/* Begins a watch whose answer begins so and stays open. */
void remote_box_watch(struct remote_box *box, const struct call *call, const char *text);
void remote_box_feed(struct remote_box *box, const char *text); /* more of it */
void remote_box_feed_end(struct remote_box *box);
struct call remote_box_map_call(struct remote_box *box, enum verb verb);

/* Callbacks that write into box->seen, err, dones … */
void remote_box_call_done(void *ctx, const struct reply *reply, struct err *owned);
void remote_box_watch_event(void *ctx, const struct watch_event *event);
size_t remote_box_stream_data(void *ctx, const void *bytes, size_t size);
void remote_box_upgraded(void *ctx, struct conn *conn, const char *protocol, struct err *owned);
/* Runs, compares box->seen and forgets it. */
void remote_box_expect(struct remote_box *box, const char *seen);
bool remote_box_heard(struct remote_box *box, const char *text); /* by the server */

#define REMOTE_BOX_MAP(name, rv)                                                                   \
    "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"" name                 \
    "\",\"namespace\":\"a\",\"uid\":\"u\",\"resourceVersion\":\"" rv "\"},\"data\":{\"k\":\"v\"}}"

#endif
