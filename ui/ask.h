/* Calls of the console to the API: each belongs to a list whose owner may go away before the answer.
 * Console's thread. */
#ifndef BINNACLE_UI_ASK_H
#define BINNACLE_UI_ASK_H

#include <stddef.h>

#include "client/client.h"

struct ask; /* one call under way */
struct asks {
    struct ask *first; /* zero-initialised is ready to use */
};
/* As call_done_fn, but never after the list was dropped. */
typedef void ask_done_fn(void *ctx, const struct reply *reply, struct err *owned);

struct ask *ask_call(struct asks *asks, struct client *client, const struct call *call,
                     ask_done_fn *done, void *ctx);
struct ask *ask_watch(struct asks *asks, struct client *client, const struct call *call,
                      watch_fn *event, ask_done_fn *done, void *ctx);
struct ask *ask_stream(struct asks *asks, struct client *client, const struct call *call,
                       stream_fn *data, ask_done_fn *done, void *ctx);
/* ctx is freed by free_ctx when the call is over, after done, or given up. */
void ask_own(struct ask *ask, void (*free_ctx)(void *ctx));
void ask_drop(struct ask *ask); /* gives up one call: no more of its callbacks; NULL allowed */
void ask_drop_all(struct asks *asks);

#endif
