/* The API client whatever the transport: dispatch.  Loop thread; everybody who speaks to an API
 * server comes through here.  What a call is as a request: call.c. */
#include "config.h" /* IWYU pragma: keep */

#include "client/client.h"

#include <assert.h>

/* ---- dispatch ---- */

struct handle *
client_call(struct client *client, const struct call *call, call_done_fn *done, void *ctx)
{
    return client->ops->call(client, call, done, ctx);
}

struct handle *
client_watch(struct client *client, const struct call *call, watch_fn *event, call_done_fn *done,
             void *ctx)
{
    assert(call->verb == VERB_WATCH);
    return client->ops->watch(client, call, event, done, ctx);
}

struct handle *
client_stream(struct client *client, const struct call *call, stream_fn *data, call_done_fn *done,
              void *ctx)
{
    return client->ops->stream(client, call, data, done, ctx);
}

struct handle *
client_upgrade(struct client *client, const struct call *call, const char *protocols,
               upgraded_fn *done, void *ctx)
{
    return client->ops->upgrade(client, call, protocols, done, ctx);
}

void
client_cancel(struct handle *handle)
{
    handle->client->ops->cancel(handle);
}

void
client_pause(struct handle *handle)
{
    handle->client->ops->pause(handle);
}

void
client_resume(struct handle *handle)
{
    handle->client->ops->resume(handle);
}

void
client_free(struct client *client)
{
    if (client != NULL) {
        client->ops->free(client);
    }
}
