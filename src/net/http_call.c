/* One call from its making to done_fn, whatever the HTTP version.  Called by users of http_client.h
 * and by http1_client.c and http2_client.c, on the loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include <assert.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/http_client_priv.h"

enum { HTTP_CALL_TRIES = 3 };

static void http_call_late(void *ctx);
static void http_call_post(struct http_call *call);
static void http_call_turn(void *ctx);
static void http_call_feed(struct http_call *call);
static bool http_call_is_replayable(const struct http_call *call);
static void http_call_detach(struct http_call *call);
static void http_call_hold(struct http_call *call, struct str bytes);
static void http_call_woken(struct body *body);

struct http_call *
http_client_call(struct http_client *client, const struct http_call_spec *spec)
{
    struct arena *arena = arena_new();
    struct http_call *call = ARENA_NEW(arena, struct http_call);
    struct http_header *headers = arena_array(arena, spec->header_len, sizeof(*headers));

    assert(!client->is_freed && spec->header_len <= HTTP_MAX_HEADERS);
    for (size_t i = 0; i < spec->header_len; i++) {
        headers[i].name = arena_dup(arena, spec->headers[i].name);
        headers[i].value = arena_dup(arena, spec->headers[i].value);
    }
    call->client = client;
    client->refs++;
    call->arena = arena;
    call->spec = *spec;
    call->spec.method = arena_dupz(arena, str_of(spec->method));
    call->spec.path = arena_dupz(arena, str_of(spec->path));
    call->spec.headers = headers;
    call->body = spec->body;
    if (call->body != NULL) {
        call->body->stream = call;
        call->body->wake = http_call_woken;
    }
    if (spec->timeout_ms > 0) {
        call->timer =
            loop_timer(client->loop, clock_mono_ms() + spec->timeout_ms, http_call_late, call);
    }
    http_calls_add(&client->queue, call);
    http_client_schedule(client);
    return call;
}

void
http_call_cancel(struct http_call *call)
{
    struct err *err = NULL;

    if (call->state == HTTP_CALL_ENDED) {
        return;
    }
    (void)err_set(&err, ERR_CANCELLED, "%s %s was given up", call->spec.method, call->spec.path);
    http_call_finish(call, err);
}

void
http_call_resume(struct http_call *call)
{
    if (call->is_paused) {
        call->is_paused = false;
        http_call_post(call);
    }
}

void
http_calls_add(struct http_calls *calls, struct http_call *call)
{
    call->prev = calls->last;
    call->next = NULL;
    *(calls->last == NULL ? &calls->first : &calls->last->next) = call;
    calls->last = call;
    calls->len++;
}

void
http_calls_del(struct http_calls *calls, struct http_call *call)
{
    *(call->prev == NULL ? &calls->first : &call->prev->next) = call->next;
    *(call->next == NULL ? &calls->last : &call->next->prev) = call->prev;
    call->prev = call->next = NULL;
    calls->len--;
}

void
http_call_requeue(struct http_call *call, bool unseen)
{
    struct http_client_conn *cc = call->cc;
    struct err *err = NULL;
    bool is_safe = !call->has_begun && (unseen || http_call_is_replayable(call));

    if (!is_safe || ++call->tries >= HTTP_CALL_TRIES || call->client->is_freed) {
        (void)err_set(&err, ERR_UNAVAILABLE, "%s %s: the server closed the connection",
                      call->spec.method, call->spec.path);
        http_call_finish(call, err);
        return;
    }
    http_calls_del(&cc->calls, call);
    call->cc = NULL;
    call->state = HTTP_CALL_QUEUED;
    call->fields = (struct http_fields){ 0 };
    http_calls_add(&call->client->queue, call);
}

void
http_call_finish(struct http_call *call, struct err *owned)
{
    if (call->state == HTTP_CALL_ENDED) {
        err_free(owned);
        return;
    }
    http_call_detach(call);
    call->err = owned;
    loop_timer_cancel(STEAL(call->timer));
    http_call_body_done(call);
    http_call_post(call);
}

int
http_call_field(struct http_call *call, struct str name, struct str value)
{
    struct http_fields *fields = &call->fields;

    fields->bytes += name.size + value.size;
    if (fields->len == HTTP_MAX_HEADERS || fields->bytes > HTTP_MAX_HEADER_BYTES) {
        return -1;
    }
    if (fields->len == fields->capacity) {
        size_t capacity = fields->capacity == 0 ? 16 : 2 * fields->capacity;

        fields->at = arena_grow(call->arena, fields->at, fields->capacity * sizeof(*fields->at),
                                capacity * sizeof(*fields->at));
        fields->capacity = capacity;
    }
    fields->at[fields->len++] =
        (struct http_header){ arena_dup(call->arena, name), arena_dup(call->arena, value) };
    return 0;
}

bool
http_call_block(struct http_call *call, int status)
{
    struct http_fields fields = call->fields;
    struct err *err = NULL;

    call->fields = (struct http_fields){ 0 };
    call->has_begun = true;
    if (call->has_headers) {
        call->answer.trailers = fields.at;
        call->answer.trailer_len = fields.len;
        return true;
    }
    if (status < 200 && status != 101) {
        return true; /* only interim: 100, 103 */
    }
    call->answer.status = status;
    call->answer.headers = fields.at;
    call->answer.header_len = fields.len;
    call->has_headers = true;
    if (call->spec.headers_fn == NULL || call->spec.headers_fn(call->spec.ctx, &call->answer)) {
        return call->state != HTTP_CALL_ENDED; /* it may have cancelled */
    }
    (void)err_set(&err, ERR_CANCELLED, "%s %s: answer %d was not wanted", call->spec.method,
                  call->spec.path, status);
    http_call_finish(call, err);
    return false;
}

size_t
http_call_data(struct http_call *call, struct str bytes)
{
    size_t taken = 0;

    call->has_begun = true;
    if (call->held == NULL && !call->is_paused) {
        taken = call->spec.data_fn == NULL
                    ? bytes.size
                    : call->spec.data_fn(call->spec.ctx, bytes.at, bytes.size);
        assert(taken <= bytes.size);
        call->is_paused = taken < bytes.size;
    }
    if (taken < bytes.size && call->state != HTTP_CALL_ENDED) {
        http_call_hold(call, str_slice(bytes.at + taken, bytes.size - taken));
    }
    return taken;
}

void
http_call_complete(struct http_call *call)
{
    if (call->held == NULL) {
        http_call_finish(call, NULL);
        return;
    }
    /* The connection is free for others while data_fn takes its time with the rest. */
    http_call_detach(call);
    http_call_body_done(call);
    http_calls_add(&call->client->parked, call);
    call->state = HTTP_CALL_PARKED;
}

enum pull_rc
http_call_pull(struct http_call *call, struct iovec *iov, int *io_len, size_t max_bytes)
{
    call->has_begun = true;
    call->is_waiting = true; /* a wake from inside pull must count */
    enum pull_rc rc = call->body->pull(call->body, iov, io_len, max_bytes);
    bool was_woken = !call->is_waiting;

    call->is_waiting = rc == PULL_WAIT && !was_woken;
    return rc == PULL_WAIT && was_woken ? PULL_MORE : rc;
}

void
http_call_body_done(struct http_call *call)
{
    struct body *body = STEAL(call->body);

    call->is_waiting = false;
    if (body != NULL) {
        body->done(body);
    }
}

static void
http_call_late(void *ctx)
{
    struct http_call *call = ctx;
    struct err *err = NULL;

    call->timer = NULL;
    (void)err_set(&err, ERR_TIMEOUT, "%s %s: no answer within %lld ms", call->spec.method,
                  call->spec.path, (long long)call->spec.timeout_ms);
    http_call_finish(call, err);
}

static void
http_call_post(struct http_call *call)
{
    if (!call->is_posted) {
        call->is_posted = true;
        loop_defer(call->client->loop, http_call_turn, call);
    }
}

static void
http_call_turn(void *ctx)
{
    struct http_call *call = ctx;
    struct http_client *client = call->client;

    call->is_posted = false;
    if (call->state != HTTP_CALL_ENDED) {
        http_call_feed(call);
        return;
    }
    if (call->spec.done_fn != NULL) {
        call->spec.done_fn(call->spec.ctx, &call->answer, STEAL(call->err));
    }
    err_free(call->err);
    mem_free(call->held);
    arena_free(call->arena);
    http_client_unref(client);
}

/* What was held, now that data_fn wants it. */
static void
http_call_feed(struct http_call *call)
{
    size_t size = call->held_size - call->held_at;

    if (call->held == NULL || call->is_paused) {
        return;
    }
    size_t taken = call->spec.data_fn(call->spec.ctx, call->held + call->held_at, size);

    if (call->state == HTTP_CALL_ENDED) {
        return;
    }
    call->held_at += taken;
    call->is_paused = taken < size;
    if (taken == size) {
        mem_free(STEAL(call->held));
        call->held_at = call->held_size = 0;
    }
    if (call->cc != NULL) {
        call->cc->proto->taken(call->cc, call, taken);
        http_client_conn_kick(call->cc);
    } else if (call->state == HTTP_CALL_PARKED && call->held == NULL) {
        http_call_finish(call, NULL);
    }
}

/* As Go's transport: asking twice has no other effect than asking once. */
static bool
http_call_is_replayable(const struct http_call *call)
{
    static const char *const methods[] = { "GET", "HEAD", "OPTIONS" };

    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (strcmp(call->spec.method, methods[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Off the queue or its connection; ENDED. */
static void
http_call_detach(struct http_call *call)
{
    struct http_client_conn *cc = STEAL(call->cc);

    if (call->state == HTTP_CALL_QUEUED) {
        http_calls_del(&call->client->queue, call);
    } else if (call->state == HTTP_CALL_PARKED) {
        http_calls_del(&call->client->parked, call);
    } else if (cc != NULL) {
        http_calls_del(&cc->calls, call);
        cc->proto->dropped(cc, call);
        http_client_conn_kick(cc);
    }
    call->state = HTTP_CALL_ENDED;
}

static void
http_call_hold(struct http_call *call, struct str bytes)
{
    call->held = mem_resize(call->held, call->held_size + bytes.size);
    memcpy(call->held + call->held_size, bytes.at, bytes.size);
    call->held_size += bytes.size;
}

static void
http_call_woken(struct body *body)
{
    struct http_call *call = body->stream;

    if (!call->is_waiting) {
        return;
    }
    call->is_waiting = false;
    if (call->cc != NULL) {
        call->cc->proto->woken(call->cc, call);
        http_client_conn_kick(call->cc);
    }
}
