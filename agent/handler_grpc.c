/* The grpc probe: grpc.health.v1.Health/Check, as k8s.io/kubernetes/pkg/probe/grpc asks and words it.
 * Called by handler_start; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/handler_priv.h"
#include "api/quote.h"
#include "base/arena.h"
#include "base/err.h"
#include "net/grpc.h"
#include "net/http_client.h"

enum { HEALTH_SERVING = 1, ANSWER_MAX = 4096 };
static const char *const health_names[] = { "UNKNOWN", "SERVING", "NOT_SERVING",
                                            "SERVICE_UNKNOWN" };

static void
put_varint(struct str_builder *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7) {
        str_putc(out, (char)(value | 0x80));
    }
    str_putc(out, (char)value);
}

/* → false at the end or when it is cut short. */
static bool
take_varint(struct str *bytes, uint64_t *ret)
{
    uint64_t value = 0;

    for (unsigned shift = 0; bytes->size > 0 && shift < 64; shift += 7) {
        unsigned char byte = (unsigned char)bytes->at[0];

        *bytes = str_slice(bytes->at + 1, bytes->size - 1);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret = value;
            return true;
        }
    }
    return false;
}

/* HealthCheckResponse: status is field 1, a varint; nothing else is defined. */
static bool
answered(void *ctx, struct str message)
{
    struct handler *handler = ctx;
    uint64_t key;

    if (take_varint(&message, &key) && key == (1 << 3)) {
        (void)take_varint(&message, &handler->health); /* cut short: UNKNOWN */
    }
    return true;
}

static struct str
failure_text(struct handler *handler, enum grpc_code code, const char *why)
{
    struct arena *arena = handler->arena;
    int64_t s = handler->timeout_ms / 1000;

    switch ((int)code) { /* the others are told alike */
    case GRPC_UNIMPLEMENTED:
        return arena_printf(arena,
                            "error: this server does not implement the grpc health protocol "
                            "(grpc.health.v1.Health): %s",
                            why);
    case GRPC_DEADLINE_EXCEEDED:
        return s < 60
                   ? arena_printf(arena, "timeout: health rpc did not complete within %ds", (int)s)
                   : arena_printf(arena, "timeout: health rpc did not complete within %dm%ds",
                                  (int)(s / 60), (int)(s % 60));
    case GRPC_UNAVAILABLE:
        return arena_printf(arena, "error: failed to connect service at " STR_FMT ": %s",
                            STR_ARG(quote_go(handler->address, arena)), why);
    default:
        return arena_printf(arena, "error: health rpc probe failed: rpc error: code = %s desc = %s",
                            grpc_code_name(code), why);
    }
}

static void
ended(void *ctx, enum grpc_code code, struct err *owned)
{
    struct handler *handler = ctx;
    struct str text = STR("service healthy");
    bool is_good = owned == NULL && handler->health == HEALTH_SERVING;

    handler->grpc = NULL;
    if (owned != NULL) {
        text = failure_text(handler, code, owned->message);
    } else if (!is_good && handler->health < ARRAY_LEN(health_names)) {
        text = arena_printf(handler->arena, "service unhealthy (responded with \"%s\")",
                            health_names[handler->health]);
    } else if (!is_good) {
        text = arena_printf(handler->arena, "service unhealthy (responded with \"%llu\")",
                            (unsigned long long)handler->health);
    }
    err_free(owned);
    handler_finish(handler, is_good ? PROBE_OK : PROBE_FAILED, text, false);
}

void
handler_grpc(struct handler *handler, const struct handler_in *in, struct val grpc)
{
    struct str service = val_str(val_get(grpc, "service"));
    int64_t port = val_int(val_get(grpc, "port"), 0);
    struct http_client_spec spec = { .http2 = true, .dial_timeout_ms = in->timeout_ms };
    struct grpc_call_spec call = { .method = "/grpc.health.v1.Health/Check",
                                   .is_unary = true,
                                   .timeout_ms = in->timeout_ms,
                                   .max_size = ANSWER_MAX,
                                   .message_fn = answered,
                                   .done_fn = ended,
                                   .ctx = handler };
    AUTO_STR struct str_builder request = { 0 };

    if (port <= 0 || port > 65535) {
        handler_refuse(handler, STR("invalid port number"));
        return;
    }
    if (service.size > 0) { /* HealthCheckRequest: service is field 1, a string */
        str_putc(&request, (1 << 3) | 2);
        put_varint(&request, service.size);
        str_put(&request, service);
    }
    handler->address = handler_address(handler->arena, in->pod_ip, (int)port);
    spec.address = spec.authority = handler->address.at;
    handler->client = http_client_new(in->loop, &spec);
    call.message = str_view(&request);
    handler->grpc = grpc_start(handler->client, &call);
}
