/* A client without a server: every call waits until the test answers it.  Loop thread. */
#ifndef BINNACLE_TESTS_LIB_FAKE_CLIENT_H
#define BINNACLE_TESTS_LIB_FAKE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "client/client.h"

struct fake_call {
    struct handle handle;
    struct fake_call *next;
    char *line; /* "PATCH /api/v1/namespaces/a/pods/x/status" */
    char *body, *type;
    const struct resource *resource;
    uint64_t cause_rev;
    call_done_fn *done;
    watch_fn *event; /* watches */
    stream_fn *data; /* streams */
    upgraded_fn *upgraded;
    void *ctx;
    struct loop_timer *cancelled;
};
struct fake_client {
    struct client client;
    struct fake_call *first; /* waiting, in the order of their coming */
    size_t count;            /* calls that ever came */
};

struct fake_client *fake_client_new(struct loop *loop);
/* The oldest waiting call whose line begins so; fails the test when there is none. */
struct fake_call *fake_client_expect(struct fake_client *fake, const char *line);
size_t fake_client_waiting(const struct fake_client *fake);

/* Answers; the call is gone afterwards. object may be NULL (a Status). */
void fake_client_answer(struct fake_call *call, struct object *object);
void fake_client_list(struct fake_call *call, struct object *const *items, size_t len, uint64_t rev,
                      const char *continue_token);
/* name: Status.details.name, may be NULL. */
void fake_client_refuse(struct fake_call *call, enum err_code code, const char *name);
void fake_client_fail(struct fake_call *call, struct err *owned);
void fake_client_end(struct fake_call *call); /* a watch ends cleanly */
/* An event of a watch; object NULL: a bookmark. */
void fake_client_event(struct fake_call *call, enum watch_type type, struct object *object,
                       uint64_t rev);
/* Answers and events of the forms that are documents: Tables, Status, whatever was asked raw. The
 * revision and the continue token are those of the document's metadata. */
void fake_client_json(struct fake_call *call, struct str json);
void fake_client_event_json(struct fake_call *call, enum watch_type type, struct str json);
/* An upgrade succeeds: conn is handed over. */
void fake_client_upgrade(struct fake_call *call, struct conn *conn, const char *protocol);
/* Bytes of a stream; → bytes taken. */
size_t fake_client_data(struct fake_call *call, struct str bytes);
/* An object from JSON without resourceVersion; one reference. */
struct object *fake_client_object(const struct resource *resource, uint64_t rev, const char *format,
                                  ...) __attribute__((format(printf, 3, 4)));
/* Everything that is due now. */
void fake_client_settle(struct loop *loop);

#endif
