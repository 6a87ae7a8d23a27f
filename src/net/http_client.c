/* The HTTP client: which connection takes which call.  Made by src/client, reach and grpc; loop
 * thread.  HTTP/2 has one connection for all calls, HTTP/1.1 one for each that runs. */
#include "config.h" /* IWYU pragma: keep */

#include "net/http_client.h"

#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/http_client_priv.h"
#include "net/tls.h"

enum { HTTP_CLIENT_CONNS_MAX = 64, HTTP_CLIENT_DIAL_MS = 10 * 1000 };

static struct http_client_conn *http_client_find(struct http_client *client);
static bool http_client_wants_dial(const struct http_client *client);

struct http_client *
http_client_new(struct loop *loop, const struct http_client_spec *spec)
{
    struct http_client *client = MEM_NEW(struct http_client);

    client->loop = loop;
    client->refs = 1;
    client->spec = *spec;
    client->address = mem_strdup(spec->address);
    client->authority = mem_strdup(spec->authority == NULL ? "localhost" : spec->authority);
    client->spec.address = client->address;
    client->spec.authority = client->authority;
    if (spec->tls != NULL) {
        (void)tls_ref(spec->tls);
    } else {
        client->proto = spec->http2 ? &http2_client_proto : &http1_client_proto;
    }
    if (client->spec.dial_timeout_ms == 0) {
        client->spec.dial_timeout_ms = HTTP_CLIENT_DIAL_MS;
    }
    return client;
}

void
http_client_free(struct http_client *client)
{
    if (client == NULL) {
        return;
    }
    client->is_freed = true;
    while (client->queue.first != NULL) {
        http_call_cancel(client->queue.first);
    }
    while (client->parked.first != NULL) {
        http_call_cancel(client->parked.first);
    }
    for (struct http_client_conn *cc = client->conns; cc != NULL; cc = cc->next) {
        while (cc->calls.first != NULL) {
            http_call_cancel(cc->calls.first);
        }
        http_client_conn_broken(cc, NULL);
    }
    http_client_unref(client);
}

void
http_client_unref(struct http_client *client)
{
    if (--client->refs > 0) {
        return;
    }
    tls_unref(client->spec.tls);
    mem_free(client->address);
    mem_free(client->authority);
    mem_free(client);
}

void
http_client_schedule(struct http_client *client)
{
    while (client->queue.first != NULL && !client->is_freed) {
        struct http_client_conn *cc = http_client_find(client);

        if (cc == NULL) {
            break;
        }
        struct http_call *call = client->queue.first;

        http_calls_del(&client->queue, call);
        http_calls_add(&cc->calls, call);
        call->state = HTTP_CALL_ACTIVE;
        call->cc = cc;
        loop_timer_cancel(STEAL(cc->idle));
        cc->proto->start(cc, call);
        http_client_conn_kick(cc);
    }
    while (http_client_wants_dial(client)) {
        http_client_conn_dial(client);
    }
}

/* One connection will do for HTTP/2, and tells what is spoken when that is not known. */
static bool
http_client_wants_dial(const struct http_client *client)
{
    bool is_enough = client->proto == &http1_client_proto ? client->dial_len >= client->queue.len
                                                          : client->dial_len > 0;

    return client->queue.len > 0 && !is_enough && !client->is_freed &&
           client->conn_len < HTTP_CLIENT_CONNS_MAX;
}

static struct http_client_conn *
http_client_find(struct http_client *client)
{
    for (struct http_client_conn *cc = client->conns; cc != NULL; cc = cc->next) {
        if (cc->proto != NULL && !cc->is_over && !cc->is_draining && cc->proto->can_take(cc)) {
            return cc;
        }
    }
    return NULL;
}
