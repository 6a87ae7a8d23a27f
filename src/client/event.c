/* Recording Events: a bounded queue, client-go's correlation, one write at a time for each object.
 * Loop thread; every part that runs plans has a recorder.  Behaviour from client-go tools/record
 * (event.go); the writes run side by side because the store lets Events wait for company. */
#include "config.h" /* IWYU pragma: keep */

#include "client/event.h"

#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "client/client.h"
#include "client/event_correlate.h"

#define LOG_MODULE "event"
#include "base/log.h"

enum { QUEUE_MAX = 1000, SIDE_BY_SIDE_MAX = 64, TRIES_MAX = 12, RETRY_MS = 10 * 1000 };

/* One event on its way; all strings are its arena's. */
struct pending {
    struct pending *next; /* in the queue, or among those that are written */
    struct recorder *recorder;
    struct arena *arena;
    struct handle *handle;    /* of the write that runs */
    struct loop_timer *retry; /* or: waits for its next try */
    struct event_regarding regarding;
    enum event_type type;
    struct str reason, action, note;
    int64_t at_ms; /* wall */
    /* What the correlator made of it. */
    struct str name;
    int64_t count, first_ms;
    bool is_combined;
    int tries;
};
struct recorder {
    struct loop *loop;
    struct client *client;
    char *component, *host;
    struct event_correlator *correlator;
    struct pending *first, **last;
    size_t len, dropped; /* dropped: since the queue had room */
    struct pending *sending;
    size_t sending_len;
    struct map busy; /* what the events being written are about */
    struct loop_timer *timer;
    uint64_t last_stamp; /* of the names: nanoseconds, never twice */
    bool is_closed;
};

static void recorder_next(void *ctx);
static void send_it(struct pending *pending);
static void send_create(struct pending *pending);
static void send_patch(struct pending *pending);

struct recorder *
event_recorder(struct loop *loop, struct client *client, const char *component, const char *host)
{
    struct recorder *recorder = MEM_NEW(struct recorder);

    recorder->loop = loop;
    recorder->client = client;
    recorder->component = mem_strdup(component);
    recorder->host = mem_strdup(host == NULL ? "" : host);
    recorder->correlator = event_correlator_new();
    recorder->last = &recorder->first;
    return recorder;
}

static void
pending_free(struct pending *pending)
{
    if (pending != NULL) {
        arena_free(pending->arena);
        mem_free(pending);
    }
}

static void
recorder_free(struct recorder *recorder)
{
    while (recorder->first != NULL) {
        struct pending *gone = recorder->first;
        recorder->first = gone->next;
        pending_free(gone);
    }
    map_done(&recorder->busy, NULL);
    event_correlator_free(recorder->correlator);
    mem_free(recorder->component);
    mem_free(recorder->host);
    mem_free(recorder);
}

/* Closed, and nothing is being written any more. */
static void
recorder_free_unused(struct recorder *recorder)
{
    if (recorder->sending_len == 0) {
        recorder_free(recorder);
    }
}

/* What two events must have in common to be written one after the other. */
static struct str
about(const struct pending *pending)
{
    return pending->regarding.uid.size > 0 ? pending->regarding.uid : pending->regarding.name;
}

static void
pending_over(struct pending *pending)
{
    struct recorder *recorder = pending->recorder;
    struct pending **link = &recorder->sending;

    while (*link != pending) {
        link = &(*link)->next;
    }
    *link = pending->next;
    recorder->sending_len--;
    (void)map_del(&recorder->busy, about(pending));
    pending_free(pending);
}

static void
recorder_wake(struct recorder *recorder)
{
    if (recorder->sending_len < SIDE_BY_SIDE_MAX && recorder->timer == NULL) {
        recorder->timer = loop_timer(recorder->loop, 0, recorder_next, recorder);
    }
}

void
event_recorder_free(struct recorder *recorder)
{
    if (recorder == NULL) {
        return;
    }
    loop_timer_cancel(recorder->timer);
    recorder->timer = NULL;
    recorder->is_closed = true;
    recorder->sending_len++; /* ours, so that it lasts to the end of this */
    struct pending *next = NULL;
    for (struct pending *pending = recorder->sending; pending != NULL; pending = next) {
        next = pending->next;
        if (pending->handle != NULL) {
            client_cancel(pending->handle); /* its done, the last of them frees the rest */
        } else {
            loop_timer_cancel(STEAL(pending->retry));
            pending_over(pending);
        }
    }
    recorder->sending_len--;
    recorder_free_unused(recorder);
}

struct event_regarding
event_of(const struct object *object)
{
    struct event_regarding regarding = {
        .kind = str_of(object->resource->kind),
        .ns = object->ns,
        .name = object->name,
        .uid = object->uid,
        .rv = str_slice(object_bytes(object).at + object->rv_at, object->rv_size),
    };

    object_pin(object);
    regarding.api_version = val_str(val_get(object_val(object), "apiVersion"));
    object_unpin(object);
    return regarding;
}

static struct event_regarding
regarding_copy(struct arena *arena, const struct event_regarding *from)
{
    return (struct event_regarding){
        .kind = arena_dup(arena, from->kind),
        .api_version = arena_dup(arena, from->api_version),
        .ns = arena_dup(arena, from->ns),
        .name = arena_dup(arena, from->name),
        .uid = arena_dup(arena, from->uid),
        .rv = arena_dup(arena, from->rv),
        .field_path = arena_dup(arena, from->field_path),
    };
}

void
event_record(struct recorder *recorder, const struct event_regarding *regarding,
             enum event_type type, const char *reason, const char *action, struct str note)
{
    struct pending *pending;

    if (recorder->len >= QUEUE_MAX) {
        if (recorder->dropped++ == 0) {
            log_warn("events are dropped, too many wait: component=%s waiting=%zu",
                     recorder->component, recorder->len);
        }
        return;
    }
    pending = MEM_NEW(struct pending);
    pending->recorder = recorder;
    pending->arena = arena_new();
    pending->regarding = regarding_copy(pending->arena, regarding);
    pending->type = type;
    pending->reason = arena_dup(pending->arena, str_of(reason));
    pending->action = arena_dup(pending->arena, str_of(action));
    pending->note = arena_dup(pending->arena, note);
    pending->at_ms = clock_wall_ms();
    *recorder->last = pending;
    recorder->last = &pending->next;
    recorder->len++;
    recorder_wake(recorder);
}

/* ---- sending ---- */

/* Whether the name of what the event is about can begin an Event's name; an RBAC role's often cannot
 * (a colon). apimachinery's NameIsDNSSubdomain, with room for the time. */
static bool
can_begin_name(struct str name)
{
    if (name.size == 0 || name.size > 253 - 17 || name.at[0] == '-' || name.at[0] == '.') {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        char c = name.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.')) {
            return false;
        }
    }
    return true;
}

/* "name.182f5c0d3a1b2c3d": the time in hexadecimal nanoseconds. Ours are microseconds and, below
 * them, a number of this component, so that two components do not name the same Event. */
static struct str
event_name(struct recorder *recorder, const struct pending *pending)
{
    struct str about = pending->regarding.name;
    uint64_t stamp = (uint64_t)clock_wall_us() * 1000 + str_hash(str_of(recorder->component)) % 997;

    stamp = stamp > recorder->last_stamp ? stamp : recorder->last_stamp + 1;
    recorder->last_stamp = stamp;
    if (!can_begin_name(about)) {
        return arena_printf(pending->arena, "%016llx.%llx", (unsigned long long)str_hash(about),
                            (unsigned long long)stamp);
    }
    return arena_printf(pending->arena, STR_FMT ".%llx", STR_ARG(about), (unsigned long long)stamp);
}

/* False: the spam filter drops it. */
static bool
correlate(struct recorder *recorder, struct pending *pending)
{
    struct event_verdict verdict = { 0 };
    struct event_seen seen = {
        .regarding = pending->regarding,
        .type = pending->type,
        .reason = pending->reason.at,
        .note = pending->note,
        .name = event_name(recorder, pending),
        .now_ms = clock_wall_ms(),
    };

    event_correlate(recorder->correlator, &seen, &verdict);
    if (verdict.is_dropped) {
        return false;
    }
    pending->name = arena_dup(pending->arena, verdict.name);
    pending->count = verdict.count;
    pending->first_ms = verdict.first_ms;
    pending->is_combined = verdict.is_combined;
    if (verdict.is_combined) {
        pending->note = arena_printf(pending->arena, "(combined from similar events): " STR_FMT,
                                     STR_ARG(pending->note));
    }
    return true;
}

/* The first in the queue whose object has no event on its way; NULL: there is none. */
static struct pending *
take_next(struct recorder *recorder)
{
    struct pending **link = &recorder->first;

    while (*link != NULL && map_get(&recorder->busy, about(*link)) != NULL) {
        link = &(*link)->next;
    }
    struct pending *pending = *link;
    if (pending == NULL) {
        return NULL;
    }
    *link = pending->next;
    if (recorder->last == &pending->next) {
        recorder->last = link;
    }
    recorder->len--;
    return pending;
}

/* Begins with as many as may be written side by side. */
static void
recorder_next(void *ctx)
{
    struct recorder *recorder = ctx;
    struct pending *pending = NULL;

    recorder->timer = NULL;
    while (recorder->sending_len < SIDE_BY_SIDE_MAX && (pending = take_next(recorder)) != NULL) {
        if (correlate(recorder, pending)) {
            pending->next = recorder->sending;
            recorder->sending = pending;
            recorder->sending_len++;
            (void)map_put(&recorder->busy, about(pending), pending);
            send_it(pending);
        } else {
            log_debug("event dropped as spam: name=" STR_FMT " reason=" STR_FMT,
                      STR_ARG(pending->regarding.name), STR_ARG(pending->reason));
            pending_free(pending);
        }
    }
    if (recorder->dropped > 0 && recorder->len < QUEUE_MAX / 2) {
        log_warn("events were dropped: component=%s count=%zu", recorder->component,
                 recorder->dropped);
        recorder->dropped = 0;
    }
}

static void
send_it(struct pending *pending)
{
    if (pending->count > 1) {
        send_patch(pending);
    } else {
        send_create(pending);
    }
}

static void
retry_now(void *ctx)
{
    struct pending *pending = ctx;

    pending->retry = NULL;
    send_it(pending);
}

/* Whether the server itself refused; a server that could not be asked may be asked again. */
static bool
is_final(const struct err *err)
{
    return err->code != ERR_IO && err->code != ERR_TIMEOUT && err->code != ERR_UNAVAILABLE &&
           err->code != ERR_TOO_MANY;
}

static bool
is_expected(const struct err *err)
{
    return err->code == ERR_ALREADY_EXISTS || err_has_cause(err, "NamespaceTerminating");
}

/* Waits before the next try, the first time for a random part, so that the recorders of a cluster
 * do not all come back at once. */
static void
wait_and_retry(struct pending *pending)
{
    int64_t delay_ms = RETRY_MS;

    pending->tries++;
    if (pending->tries == 1) {
        delay_ms = (int64_t)(str_hash(pending->name) % RETRY_MS);
    }
    pending->retry =
        loop_timer(pending->recorder->loop, clock_mono_ms() + delay_ms, retry_now, pending);
}

static void
sent(void *ctx, const struct reply *reply, struct err *owned)
{
    struct pending *pending = ctx;
    struct recorder *recorder = pending->recorder;
    AUTO_ERR struct err *err = owned;

    (void)reply;
    pending->handle = NULL;
    if (recorder->is_closed) {
        pending_over(pending);
        recorder_free_unused(recorder);
        return;
    }
    if (err != NULL && !is_final(err) && pending->tries + 1 < TRIES_MAX) {
        wait_and_retry(pending);
        return;
    }
    if (err != NULL && is_expected(err)) {
        log_debug("event refused: name=" STR_FMT " error=%s", STR_ARG(pending->name), err->message);
    } else if (err != NULL) {
        log_warn("event not written: name=" STR_FMT " error=%s", STR_ARG(pending->name),
                 err->message);
    }
    pending_over(pending);
    recorder_wake(recorder);
}

/* An Event expires after an hour: then the count goes on in a new one. */
static void
patched(void *ctx, const struct reply *reply, struct err *owned)
{
    struct pending *pending = ctx;

    if (owned != NULL && owned->code == ERR_NOT_FOUND && !pending->recorder->is_closed) {
        err_free(owned);
        send_create(pending);
        return;
    }
    sent(ctx, reply, owned);
}

static struct str
event_ns(const struct pending *pending)
{
    return pending->regarding.ns.size > 0 ? pending->regarding.ns : STR("default");
}

/* The core/v1 rows are the server's: a recorder only needs their path. */
static struct call
event_call(const struct pending *pending, enum verb verb, struct str body)
{
    struct call call = call_of(verb, NULL, event_ns(pending), (struct str){ 0 });

    call.path = arena_printf(pending->arena, "/api/v1/namespaces/" STR_FMT "/events",
                             STR_ARG(event_ns(pending)));
    if (verb == VERB_PATCH) {
        call.path = arena_printf(pending->arena, STR_FMT "/" STR_FMT, STR_ARG(call.path),
                                 STR_ARG(pending->name));
        call.body_type = BODY_STRATEGIC_PATCH;
    }
    call.accept = ACCEPT_RAW;
    call.body = body;
    return call;
}

static void
put_time(struct jw *w, const char *key, int64_t wall_ms)
{
    char text[CLOCK_TEXT_SIZE];

    jw_keyz(w, key);
    jw_str(w, clock_text(wall_ms, text));
}

static void
put_regarding(struct jw *w, const struct event_regarding *regarding)
{
    jw_keyz(w, "involvedObject");
    jw_obj(w);
    jw_kv(w, "kind", regarding->kind);
    jw_kv(w, "namespace", regarding->ns);
    jw_kv(w, "name", regarding->name);
    jw_kv(w, "uid", regarding->uid);
    jw_kv(w, "apiVersion", regarding->api_version);
    jw_kv(w, "resourceVersion", regarding->rv);
    jw_kv(w, "fieldPath", regarding->field_path);
    jw_end(w);
}

static void
put_event(struct jw *w, const struct recorder *recorder, const struct pending *pending)
{
    jw_obj(w);
    jw_kvz(w, "kind", "Event");
    jw_kvz(w, "apiVersion", "v1");
    jw_keyz(w, "metadata");
    jw_obj(w);
    jw_kv(w, "name", pending->name);
    jw_kv(w, "namespace", event_ns(pending));
    jw_end(w);
    put_regarding(w, &pending->regarding);
    jw_kv(w, "reason", pending->reason);
    jw_kv(w, "message", pending->note);
    jw_keyz(w, "source");
    jw_obj(w);
    jw_kvz(w, "component", recorder->component);
    jw_kvz(w, "host", recorder->host);
    jw_end(w);
    put_time(w, "firstTimestamp", pending->first_ms);
    put_time(w, "lastTimestamp", pending->at_ms);
    jw_kint(w, "count", pending->count);
    jw_kvz(w, "type", pending->type == EVENT_NORMAL ? "Normal" : "Warning");
    jw_keyz(w, "eventTime");
    jw_null(w);
    jw_kv(w, "action", pending->action);
    /* A combined event names no reporter, as client-go's does not. */
    jw_keyz(w, "reportingComponent");
    jw_strz(w, pending->is_combined ? "" : recorder->component);
    jw_keyz(w, "reportingInstance");
    jw_strz(w, pending->is_combined ? "" : recorder->host);
    jw_end(w);
}

static void
send_create(struct pending *pending)
{
    struct call call;
    struct jw w;

    jw_init(&w, pending->arena);
    put_event(&w, pending->recorder, pending);
    call = event_call(pending, VERB_CREATE, jw_done(&w));
    pending->handle = client_call(pending->recorder->client, &call, sent, pending);
}

static void
send_patch(struct pending *pending)
{
    struct call call;
    struct jw w;

    jw_init(&w, pending->arena);
    jw_obj(&w);
    jw_kint(&w, "count", pending->count);
    put_time(&w, "lastTimestamp", pending->at_ms);
    jw_kv(&w, "message", pending->note);
    jw_end(&w);
    call = event_call(pending, VERB_PATCH, jw_done(&w));
    pending->handle = client_call(pending->recorder->client, &call, patched, pending);
}
