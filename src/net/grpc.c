/* gRPC over HTTP/2: message framing, status from trailers, deadlines.  Called by the agent's CRI
 * client and by store_etcd, on the loop thread.  http_client has the connection. */
#include "config.h" /* IWYU pragma: keep */

#include "net/grpc.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/http_client.h"
#include "net/http_priv.h"

enum {
    GRPC_PREFIX = 5, /* compressed?, then the size in four bytes */
    GRPC_MAX_SIZE = 64 << 20,
    GRPC_TIMEOUT_DIGITS = 8, /* the most that grpc-timeout may have */
    GRPC_FIRST_ROOM = 4096,  /* a message grows from here as it comes, not as it claims */
};

/* Name and nearest code of ours, by the wire's number. */
static const struct {
    const char *name;
    enum err_code code;
} grpc_codes[GRPC_CODE_LEN] = {
    [GRPC_OK] = { "OK", ERR_NONE },
    [GRPC_CANCELLED] = { "Canceled", ERR_CANCELLED },
    [GRPC_UNKNOWN] = { "Unknown", ERR_INTERNAL },
    [GRPC_INVALID_ARGUMENT] = { "InvalidArgument", ERR_BAD_REQUEST },
    [GRPC_DEADLINE_EXCEEDED] = { "DeadlineExceeded", ERR_TIMEOUT },
    [GRPC_NOT_FOUND] = { "NotFound", ERR_NOT_FOUND },
    [GRPC_ALREADY_EXISTS] = { "AlreadyExists", ERR_ALREADY_EXISTS },
    [GRPC_PERMISSION_DENIED] = { "PermissionDenied", ERR_FORBIDDEN },
    [GRPC_RESOURCE_EXHAUSTED] = { "ResourceExhausted", ERR_TOO_MANY },
    [GRPC_FAILED_PRECONDITION] = { "FailedPrecondition", ERR_CONFLICT },
    [GRPC_ABORTED] = { "Aborted", ERR_CONFLICT },
    [GRPC_OUT_OF_RANGE] = { "OutOfRange", ERR_EXPIRED },
    [GRPC_UNIMPLEMENTED] = { "Unimplemented", ERR_METHOD_NOT_ALLOWED },
    [GRPC_INTERNAL] = { "Internal", ERR_INTERNAL },
    [GRPC_UNAVAILABLE] = { "Unavailable", ERR_UNAVAILABLE },
    [GRPC_DATA_LOSS] = { "DataLoss", ERR_INTERNAL },
    [GRPC_UNAUTHENTICATED] = { "Unauthenticated", ERR_UNAUTHORIZED },
};

/* What an answer without grpc-status means (gRPC's http-grpc-status-mapping). */
static const struct {
    int status;
    enum grpc_code code;
} grpc_of_http[] = {
    { 400, GRPC_INTERNAL },      { 401, GRPC_UNAUTHENTICATED }, { 403, GRPC_PERMISSION_DENIED },
    { 404, GRPC_UNIMPLEMENTED }, { 429, GRPC_UNAVAILABLE },     { 502, GRPC_UNAVAILABLE },
    { 503, GRPC_UNAVAILABLE },   { 504, GRPC_UNAVAILABLE },
};

struct grpc_call {
    struct http_call *http;
    struct grpc_call_spec spec;
    /* The request: frames that are to be pulled. The body dies before or with the call. */
    struct grpc_out *out;
    /* The answer: a message that is coming in. */
    unsigned char prefix[GRPC_PREFIX];
    size_t prefix_size, message_size;
    struct str_builder message;
    int messages;
    bool is_paused, is_cancelled;
    bool is_foreign;       /* what comes is no message */
    enum grpc_code failed; /* what we found wrong ourselves, GRPC_OK: nothing */
    char *why;
};

struct grpc_out {
    struct body body;
    struct grpc_call *call;
    struct str_builder bytes;
    size_t at;
    bool is_ended;
};

static void grpc_put(struct grpc_out *out, struct str message);
static enum pull_rc grpc_pull(struct body *body, struct iovec *iov, int *io_len, size_t max_bytes);
static void grpc_pulled(struct body *body);
static bool grpc_headers(void *ctx, const struct http_answer *answer);
static size_t grpc_data(void *ctx, const void *bytes, size_t size);
static bool grpc_prefix(struct grpc_call *call, const char **at, size_t *size);
static bool grpc_body(struct grpc_call *call, const char **at, size_t *size);
static bool grpc_fail(struct grpc_call *call, enum grpc_code code, const char *why);
static void grpc_done(void *ctx, const struct http_answer *answer, struct err *owned);
static enum grpc_code grpc_status(const struct http_answer *answer, struct str *ret_message);
static enum grpc_code grpc_code_of_err(const struct err *err);
static char *grpc_decode_message(struct str text);

struct grpc_call *
grpc_start(struct http_client *client, const struct grpc_call_spec *spec)
{
    struct grpc_call *call = MEM_NEW(struct grpc_call);
    struct grpc_out *out = MEM_NEW(struct grpc_out);
    char timeout[GRPC_TIMEOUT_DIGITS + 2];
    struct http_header headers[4] = { { STR("content-type"), STR("application/grpc") },
                                      { STR("te"), STR("trailers") },
                                      { STR("user-agent"), STR("grpc-c-binnacle") } };
    size_t header_len = 3;

    call->spec = *spec;
    call->spec.max_size = spec->max_size == 0 ? GRPC_MAX_SIZE : spec->max_size;
    call->out = out;
    *out = (struct grpc_out){
        .body = { .pull = grpc_pull, .done = grpc_pulled, .size = -1 },
        .call = call,
        .bytes = { .max = SIZE_MAX },
        .is_ended = !spec->stays_open,
    };
    grpc_put(out, spec->message);
    if (spec->timeout_ms > 0 && spec->timeout_ms < 100000000) {
        (void)snprintf(timeout, sizeof(timeout), "%dm", (int)spec->timeout_ms);
        headers[header_len++] = (struct http_header){ STR("grpc-timeout"), str_of(timeout) };
    }
    call->http = http_client_call(client, &(struct http_call_spec){ .method = "POST",
                                                                    .path = spec->method,
                                                                    .headers = headers,
                                                                    .header_len = header_len,
                                                                    .body = &out->body,
                                                                    .timeout_ms = spec->timeout_ms,
                                                                    .headers_fn = grpc_headers,
                                                                    .data_fn = grpc_data,
                                                                    .done_fn = grpc_done,
                                                                    .ctx = call });
    return call;
}

void
grpc_send(struct grpc_call *call, struct str message)
{
    struct grpc_out *out = call->out;

    if (out == NULL || out->is_ended) {
        return; /* the server has answered already, or nothing more was to come */
    }
    grpc_put(out, message);
    out->body.wake(&out->body);
}

void
grpc_send_end(struct grpc_call *call)
{
    struct grpc_out *out = call->out;

    if (out != NULL && !out->is_ended) {
        out->is_ended = true;
        out->body.wake(&out->body);
    }
}

void
grpc_resume(struct grpc_call *call)
{
    if (call->is_paused) {
        call->is_paused = false;
        http_call_resume(call->http);
    }
}

void
grpc_cancel(struct grpc_call *call)
{
    call->is_cancelled = true;
    http_call_cancel(call->http);
}

const char *
grpc_code_name(enum grpc_code code)
{
    return code < GRPC_CODE_LEN ? grpc_codes[code].name : "Unknown";
}

static void
grpc_put(struct grpc_out *out, struct str message)
{
    const char prefix[GRPC_PREFIX] = {
        0,
        (char)(message.size >> 24),
        (char)(message.size >> 16),
        (char)(message.size >> 8),
        (char)message.size,
    };

    str_put(&out->bytes, str_slice(prefix, sizeof(prefix)));
    str_put(&out->bytes, message);
}

static enum pull_rc
grpc_pull(struct body *body, struct iovec *iov, int *io_len, size_t max_bytes)
{
    struct grpc_out *out = container_of(body, struct grpc_out, body);

    if (out->at == out->bytes.size) {
        out->bytes.size = out->at = 0; /* what the last pull gave was taken */
    }
    size_t size = out->bytes.size - out->at;

    size = size < max_bytes ? size : max_bytes;
    iov[0] = (struct iovec){ out->bytes.at + out->at, size };
    *io_len = size > 0 ? 1 : 0;
    out->at += size;
    if (out->at < out->bytes.size) {
        return PULL_MORE;
    }
    return out->is_ended ? PULL_END : PULL_WAIT;
}

static void
grpc_pulled(struct body *body)
{
    struct grpc_out *out = container_of(body, struct grpc_out, body);

    out->call->out = NULL;
    str_done(&out->bytes);
    mem_free(out);
}

static bool
grpc_headers(void *ctx, const struct http_answer *answer)
{
    struct grpc_call *call = ctx;
    struct str type = http_find(answer->headers, answer->header_len, "content-type");

    call->is_foreign = answer->status != 200; /* a proxy's page, not messages */
    if (answer->status == 200 && !str_has_prefix(type, STR("application/grpc"))) {
        (void)grpc_fail(call, GRPC_UNKNOWN, "the server does not speak gRPC");
        return false;
    }
    return true;
}

/* → bytes taken: fewer when message_fn wants no more, or the call has failed. */
static size_t
grpc_data(void *ctx, const void *bytes, size_t size)
{
    struct grpc_call *call = ctx;
    const char *at = bytes;
    size_t left = size;

    while (left > 0 && !call->is_paused && !call->is_cancelled && !call->is_foreign) {
        bool is_good = call->prefix_size < GRPC_PREFIX ? grpc_prefix(call, &at, &left)
                                                       : grpc_body(call, &at, &left);

        if (!is_good) {
            http_call_cancel(call->http);
            return size;
        }
    }
    return call->is_cancelled || call->is_foreign ? size : size - left;
}

/* Bytes of the five before each message; false: the answer is wrong. */
static bool
grpc_prefix(struct grpc_call *call, const char **at, size_t *size)
{
    while (*size > 0 && call->prefix_size < GRPC_PREFIX) {
        call->prefix[call->prefix_size++] = (unsigned char)**at;
        (*at)++;
        (*size)--;
    }
    if (call->prefix_size < GRPC_PREFIX) {
        return true;
    }
    const unsigned char *p = call->prefix;

    call->message_size = (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
    if (p[0] != 0) {
        return grpc_fail(call, GRPC_INTERNAL, "the answer is compressed, which was not offered");
    }
    if (call->message_size > call->spec.max_size) {
        return grpc_fail(call, GRPC_RESOURCE_EXHAUSTED, "a message of the answer is too large");
    }
    if (call->spec.is_unary && call->messages > 0) {
        return grpc_fail(call, GRPC_INTERNAL, "the answer has more than one message");
    }
    return call->message_size > 0 || grpc_body(call, at, size);
}

static bool
grpc_body(struct grpc_call *call, const char **at, size_t *size)
{
    size_t missing = call->message_size - call->message.size;
    size_t piece = *size < missing ? *size : missing;
    struct str message = str_slice(*at, piece);

    if (call->message.size > 0 || piece < missing) {
        call->message.max = SIZE_MAX; /* bounded by max_size */
        str_put(&call->message, message);
        message = str_view(&call->message);
    }
    *at += piece;
    *size -= piece;
    if (piece < missing) {
        return true;
    }
    call->prefix_size = 0;
    call->messages++;
    call->is_paused =
        call->spec.message_fn != NULL && !call->spec.message_fn(call->spec.ctx, message);
    str_done(&call->message);
    return true;
}

/* Returns false, for the caller to return. */
static bool
grpc_fail(struct grpc_call *call, enum grpc_code code, const char *why)
{
    call->failed = code;
    call->why = mem_strdup(why);
    return false;
}

static void
grpc_done(void *ctx, const struct http_answer *answer, struct err *owned)
{
    struct grpc_call *call = ctx;
    struct str text = { 0 };
    enum grpc_code code = GRPC_OK;
    struct err *err = NULL;

    if (call->failed != GRPC_OK) {
        code = call->failed;
        text = str_of(call->why);
    } else if (owned != NULL) {
        code = grpc_code_of_err(owned);
        text = str_of(owned->message);
    } else {
        code = grpc_status(answer, &text);
    }
    if (code == GRPC_OK &&
        (call->prefix_size > 0 || (call->spec.is_unary && call->messages != 1))) {
        code = GRPC_INTERNAL;
        text = STR("the answer has not one whole message");
    }
    if (code != GRPC_OK) {
        AUTO_FREE char *message = grpc_decode_message(text);

        (void)err_set(&err, grpc_codes[code].code, "%s", message);
    }
    err_free(owned);
    call->spec.done_fn(call->spec.ctx, code, err);
    str_done(&call->message);
    mem_free(call->why);
    mem_free(call);
}

/* From the trailers, or from the headers of an answer that is nothing else. */
static enum grpc_code
grpc_status(const struct http_answer *answer, struct str *ret_message)
{
    struct str text = http_find(answer->trailers, answer->trailer_len, "grpc-status");
    uint64_t code = 0;

    *ret_message = http_find(answer->trailers, answer->trailer_len, "grpc-message");
    if (text.at == NULL) {
        text = http_find(answer->headers, answer->header_len, "grpc-status");
        *ret_message = http_find(answer->headers, answer->header_len, "grpc-message");
    }
    if (text.at != NULL) {
        return str_to_uint(text, &code) && code < GRPC_CODE_LEN ? (enum grpc_code)code
                                                                : GRPC_UNKNOWN;
    }
    for (size_t i = 0; i < ARRAY_LEN(grpc_of_http); i++) {
        if (grpc_of_http[i].status == answer->status) {
            *ret_message = str_of(http_reason(answer->status));
            return grpc_of_http[i].code;
        }
    }
    *ret_message = STR("the answer ended without a status");
    return answer->status == 200 ? GRPC_UNAVAILABLE : GRPC_UNKNOWN;
}

static enum grpc_code
grpc_code_of_err(const struct err *err)
{
    return err->code == ERR_CANCELLED ? GRPC_CANCELLED
           : err->code == ERR_TIMEOUT ? GRPC_DEADLINE_EXCEEDED
                                      : GRPC_UNAVAILABLE;
}

/* Percent-encoded UTF-8; what does not decode stays as it is. */
static char *
grpc_decode_message(struct str text)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str decoded = { 0 };

    if (http_percent_decode(text, false, arena, &decoded) < 0) {
        decoded = text;
    }
    return str_dup(decoded);
}
