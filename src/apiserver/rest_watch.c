/* WATCH: present state, then every event behind it, as frames that all watchers share.
 *
 * The step understands the options and answers a body at once (headers leave before the first
 * event); the body outlives its request and holds only what it needs. A frame is three pieces:
 * head, the object's own bytes, tail. Selectors look at an object before and after a change.
 * Loop thread. */
#include "config.h"

#include "apiserver/rest_watch.h"

#include "api/object.h"
#include "api/selector.h"
#include "api/status.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/encode.h"
#include "apiserver/encode_form.h"
#include "apiserver/ident.h"
#include "apiserver/listing.h"
#include "apiserver/pieces.h"
#include "apiserver/rest_read.h"
#include "apiserver/sink.h"
#include "apiserver/steps.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "client/cache.h"
#include "net/body.h"
#include "store/store.h"

enum {
    BOOKMARK_MS = 60000,
    LAST_BOOKMARK_MS = 2000,
    TIMEOUT_MIN_MS = 30 * 60000,
    SCAN_MAX = 2000,
    FRAME_PIECES = 3
};
enum watch_state { WATCH_BEGIN, WATCH_PRESENT, WATCH_LIVE, WATCH_ENDING, WATCH_OVER };

struct watch {
    struct body body;
    struct sink *sink;
    struct loop *loop;
    struct registry *registry; /* referenced */
    const struct resource *resource, *stored;
    struct arena *arena; /* selectors and the namespace; NULL when there are none */
    struct selector *labels, *fields;
    struct str ns;
    enum watch_state state;
    struct encode_form form;
    bool has_columns; /* a Table's column definitions were sent */
    bool bookmarks, wants_initial_end, is_waiting, is_deferred, is_done, is_timed_out,
        is_bookmark_due;
    uint64_t after_rev;
    int64_t ends_ms;
    struct cache *root; /* pinned: the present state, while it is being sent */
    struct cache_iter iter;
    struct sink_cursor *cursor;
    struct pieces *pieces; /* NULL while nothing waits to be sent */
    struct loop_timer *timeout, *bookmark;
    rest_watch_fn *listen; /* the local transport: events instead of bytes */
    void *listen_ctx;
    struct err *error; /* for the listener: why it ended */
};

static const struct str frame_heads[] = {
    [WATCH_ADDED] = { "{\"type\":\"ADDED\",\"object\":", 25 },
    [WATCH_MODIFIED] = { "{\"type\":\"MODIFIED\",\"object\":", 28 },
    [WATCH_DELETED] = { "{\"type\":\"DELETED\",\"object\":", 27 },
    [WATCH_BOOKMARK] = { "{\"type\":\"BOOKMARK\",\"object\":", 28 },
};

static struct watch *
watch_of(struct body *body)
{
    return (struct watch *)(void *)body;
}

static void
wake(void *ctx)
{
    struct watch *w = ctx;
    if (w->is_waiting && !w->is_done) {
        w->is_waiting = false;
        w->body.wake(&w->body);
    }
}

/* ---- frames ---- */

static struct pieces *
pieces_of(struct watch *w)
{
    if (w->pieces == NULL) {
        w->pieces = MEM_NEW(struct pieces);
    }
    return w->pieces;
}

/* Rows and metadata: encoded once for all who watch in the same form in the same second. */
static void
put_form(struct watch *w, enum watch_type type, const struct object *object,
         const struct sink_event *event)
{
    bool is_first = w->form.media == ANSWER_TABLE && !w->has_columns;
    uint32_t id = encode_form_id(w->form, w->resource) ^ (uint32_t)(type == WATCH_DELETED);
    struct buf *bytes = event != NULL && !is_first ? buf_ref(sink_event_encoding(event, id)) : NULL;
    if (bytes == NULL) {
        bytes = encode_form_whole(w->form, w->resource, object, is_first);
        w->has_columns = true;
        if (event != NULL && !is_first) {
            sink_event_keep(event, id, buf_ref(bytes));
        }
    }
    struct pieces *pieces = pieces_of(w);
    pieces_put(pieces, frame_heads[type], NULL, NULL);
    pieces_put(pieces, buf_str(bytes), NULL, bytes);
    pieces_put(pieces, STR("}\n"), NULL, NULL);
}

/* Takes over the reference; event NULL: it is of the present state. */
static void
put_object(struct watch *w, enum watch_type type, struct object *owned,
           const struct sink_event *event)
{
    struct object *view = owned;
    if (w->listen != NULL) {
        w->listen(w->listen_ctx,
                  &(struct watch_event){ .type = type, .rev = owned->rev, .object = owned });
        object_unref(owned);
        return;
    }
    if (w->resource != owned->resource) {
        AUTO_ARENA struct arena *arena = arena_new();
        AUTO_ERR struct err *err = NULL;
        int rc = encode_view(w->resource, owned, arena, &view, &err);
        object_unref(owned);
        if (rc < 0) {
            return;
        }
    }
    if (w->form.media != ANSWER_JSON) {
        put_form(w, type, view, event);
        object_unref(view);
        return;
    }
    struct pieces *pieces = pieces_of(w);
    pieces_put(pieces, frame_heads[type], NULL, NULL);
    pieces_put(pieces, object_bytes(view), view, NULL);
    pieces_put(pieces, STR("}\n"), NULL, NULL);
}

/* An object with nothing but its kind, the revision and, at the end of the initial events, an
 * annotation that says so. */
static void
put_bookmark(struct watch *w, uint64_t rev, bool is_initial_end)
{
    static const char annotations[] = "{\"k8s.io/initial-events-end\":\"true\"}";
    if (w->listen != NULL) {
        w->listen(w->listen_ctx, &(struct watch_event){ .type = WATCH_BOOKMARK,
                                                        .rev = rev,
                                                        .is_initial_end = is_initial_end });
        return;
    }
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL;
    struct object *object = NULL;
    struct jw jw;
    jw_init(&jw, arena);
    jw_obj(&jw);
    jw_kvz(&jw, "kind", w->resource->kind);
    jw_kv(&jw, "apiVersion", resource_api_version(w->resource, arena));
    jw_keyz(&jw, "metadata");
    jw_obj(&jw);
    if (is_initial_end) {
        jw_keyz(&jw, "annotations");
        jw_raw(&jw, STR(annotations));
    }
    jw_end(&jw);
    jw_end(&jw);
    if (object_publish(w->resource, jw_done(&jw), rev, rev, &object, &err) == 0) {
        put_object(w, WATCH_BOOKMARK, object, NULL);
    }
}

static void
put_expired(struct watch *w, uint64_t rev, uint64_t oldest)
{
    struct jw jw;
    struct err *err = NULL;
    err_set(&err, ERR_EXPIRED, "too old resource version: %llu (%llu)", (unsigned long long)rev,
            (unsigned long long)oldest);
    w->state = WATCH_OVER;
    if (w->listen != NULL) {
        w->error = err;
        return;
    }
    jw_init(&jw, NULL);
    jw_obj(&jw);
    jw_kvz(&jw, "type", "ERROR");
    jw_keyz(&jw, "object");
    status_write(err, &jw);
    jw_end(&jw);
    err_free(err);
    struct buf *bytes = jw_buf(&jw);
    struct pieces *pieces = pieces_of(w);
    pieces_put(pieces, buf_str(bytes), NULL, bytes);
    pieces_put(pieces, STR("\n"), NULL, NULL);
}

/* ---- what to send ---- */

static bool
selects(const struct watch *w, const struct object *object)
{
    return object != NULL && (w->ns.size == 0 || str_eq(w->ns, object->ns)) &&
           listing_selects(w->labels, w->fields, object);
}

/* One event seen through the selectors: what was not selected before is ADDED, what no longer is
 * leaves as DELETED in its last selected state. */
static void
put_event(struct watch *w, const struct sink_event *event)
{
    const struct object *any = event->now != NULL ? event->now : event->old;
    if (any == NULL || (w->ns.size > 0 && !str_eq(w->ns, any->ns))) {
        return;
    }
    bool is_all = w->labels == NULL && w->fields == NULL;
    bool before = is_all ? event->was_there : selects(w, event->old);
    bool after = selects(w, event->now);
    if (after) {
        put_object(w, before ? WATCH_MODIFIED : WATCH_ADDED, object_ref(event->now), event);
    } else if (before) {
        struct object *gone = sink_event_gone(event);
        if (gone != NULL) {
            put_object(w, WATCH_DELETED, object_ref(gone), event);
        }
    }
}

static bool
has_room(const struct watch *w)
{
    return w->pieces == NULL || pieces_room(w->pieces) >= FRAME_PIECES;
}

static size_t
waiting_bytes(const struct watch *w)
{
    return w->pieces == NULL ? 0 : w->pieces->size;
}

static void
fill_present(struct watch *w, size_t max_bytes)
{
    for (int i = 0; i < SCAN_MAX && has_room(w) && waiting_bytes(w) < max_bytes; i++) {
        struct object *object = cache_next(&w->iter);
        if (object == NULL) {
            w->after_rev = cache_rev(w->root);
            cache_free(STEAL(w->root));
            w->state = WATCH_LIVE;
            if (w->wants_initial_end) {
                put_bookmark(w, w->after_rev, true);
            }
            return;
        }
        if (selects(w, object)) {
            put_object(w, WATCH_ADDED, object_ref(object), NULL);
        }
    }
}

static void
fill_live(struct watch *w, size_t max_bytes)
{
    if (w->cursor == NULL) {
        bool wants_old = w->labels != NULL || w->fields != NULL;
        w->cursor = sink_cursor_new(w->sink, w->stored, w->after_rev, wants_old, wake, w);
    }
    for (int i = 0; i < SCAN_MAX && has_room(w) && waiting_bytes(w) < max_bytes; i++) {
        struct sink_event event;
        switch (sink_next(w->cursor, &event)) {
        case SINK_EVENT:
            put_event(w, &event);
            break;
        case SINK_WAIT:
            w->is_waiting = true;
            return;
        case SINK_FELL_OFF:
            w->state = WATCH_ENDING; /* cleanly: it comes back with its last revision */
            return;
        case SINK_EXPIRED:
            put_expired(w, w->after_rev, sink_floor_rev(w->sink));
            return;
        }
    }
}

static void
fill(struct watch *w, size_t max_bytes)
{
    if (w->is_timed_out && w->state != WATCH_OVER) {
        w->state = WATCH_ENDING;
    }
    switch (w->state) {
    case WATCH_BEGIN:
        w->state = w->root != NULL ? WATCH_PRESENT : WATCH_LIVE;
        break;
    case WATCH_PRESENT:
        fill_present(w, max_bytes);
        break;
    case WATCH_LIVE:
        fill_live(w, max_bytes);
        if (w->is_waiting && w->is_bookmark_due && has_room(w)) {
            w->is_bookmark_due = false;
            put_bookmark(w, sink_cursor_rev(w->cursor), false);
        }
        break;
    case WATCH_ENDING:
        w->state = WATCH_OVER;
        break;
    case WATCH_OVER:
        break;
    }
}

/* ---- the body ---- */

static void
free_watch(struct watch *w)
{
    if (w->pieces != NULL) {
        pieces_done(w->pieces);
        mem_free(w->pieces);
    }
    loop_timer_cancel(w->timeout);
    loop_timer_cancel(w->bookmark);
    sink_cursor_free(w->cursor);
    cache_free(w->root);
    registry_unref(w->registry);
    arena_free(w->arena);
    err_free(w->error);
    mem_free(w);
}

static void
on_deferred(void *ctx)
{
    struct watch *w = ctx;
    w->is_deferred = false;
    if (w->is_done) {
        free_watch(w);
    } else {
        w->body.wake(&w->body);
    }
}

static enum pull_rc
pull(struct body *body, struct iovec *iov, int *io_len, size_t max_bytes)
{
    struct watch *w = watch_of(body);
    int room = *io_len;
    if (w->pieces != NULL) {
        (void)pieces_take(w->pieces, iov, 0, 0); /* lets go of what the last pull gave */
    }
    w->is_waiting = false;
    enum watch_state before;
    do {
        before = w->state;
        fill(w, max_bytes);
    } while (w->state != before);
    *io_len = w->pieces == NULL ? 0 : pieces_take(w->pieces, iov, room, max_bytes);
    if (waiting_bytes(w) > 0 || (*io_len > 0 && w->state != WATCH_OVER)) {
        w->is_waiting = false;
        return PULL_MORE;
    }
    if (w->state == WATCH_OVER) {
        return PULL_END;
    }
    if (w->pieces != NULL) {
        pieces_done(w->pieces);
        mem_free(STEAL(w->pieces));
    }
    if (!w->is_waiting) {
        w->is_deferred = true; /* much was looked at and nothing matched: others have a turn */
        loop_defer(w->loop, on_deferred, w);
    }
    return PULL_WAIT;
}

static void
done(struct body *body)
{
    struct watch *w = watch_of(body);
    metrics_add(METRIC_WATCHERS, w->resource->plural, -1);
    w->is_done = true;
    if (!w->is_deferred) {
        free_watch(w);
    }
}

static void
on_timeout(void *ctx)
{
    struct watch *w = ctx;
    w->timeout = NULL;
    w->is_timed_out = true;
    wake(w);
}

static void on_bookmark(void *ctx);

/* A minute from now, or two seconds before the end (cacheWatcher.nextBookmarkTime). */
static void
arm_bookmark(struct watch *w)
{
    int64_t now = clock_mono_ms();
    int64_t at = now + BOOKMARK_MS;
    int64_t last = w->ends_ms - LAST_BOOKMARK_MS;
    w->bookmark = loop_timer(w->loop, last > now && last < at ? last : at, on_bookmark, w);
}

static void
on_bookmark(void *ctx)
{
    struct watch *w = ctx;
    arm_bookmark(w);
    w->is_bookmark_due = true;
    wake(w);
}

/* ---- the local transport ---- */

void
rest_watch_listen(struct body *body, rest_watch_fn *fn, void *ctx)
{
    watch_of(body)->listen = fn;
    watch_of(body)->listen_ctx = ctx;
}

bool
rest_watch_pump(struct body *body, struct err **ret_error)
{
    struct watch *w = watch_of(body);
    w->is_waiting = false;
    enum watch_state before;
    do {
        before = w->state;
        fill(w, SIZE_MAX);
    } while (w->state != before);
    if (w->state == WATCH_OVER) {
        *ret_error = STEAL(w->error);
        return false;
    }
    if (!w->is_waiting && !w->is_deferred) {
        w->is_deferred = true;
        loop_defer(w->loop, on_deferred, w);
    }
    return true;
}

/* ---- the step ---- */

static struct watch *
new_watch(struct req *req)
{
    struct req_impl *q = req->impl;
    struct watch *w = MEM_NEW(struct watch);
    w->body.pull = pull;
    w->body.done = done;
    w->body.size = -1;
    w->sink = req->server->sink;
    w->loop = req->server->loop;
    w->registry = registry_ref(req->registry);
    w->resource = req->resource;
    w->stored = q->stored;
    w->form = encode_form_of(req);
    w->bookmarks = req->options.bookmarks;
    metrics_add(METRIC_WATCHERS, w->resource->plural, 1);
    int64_t timeout_ms =
        req->options.timeout_s > 0
            ? req->options.timeout_s * 1000
            : TIMEOUT_MIN_MS + (int64_t)ident_random(&req->server->ident, TIMEOUT_MIN_MS);
    w->ends_ms = clock_mono_ms() + timeout_ms;
    w->timeout = loop_timer(w->loop, w->ends_ms, on_timeout, w);
    if (w->bookmarks) {
        arm_bookmark(w);
    }
    return w;
}

/* The body outlives the request: it has selectors of its own. They were parsed once already. */
static int
set_selectors(struct watch *w, struct req *req, struct err **err)
{
    const struct req_options *o = &req->options;
    if (o->label_text.size == 0 && o->field_text.size == 0 && req->ns.size == 0 &&
        req->name.size == 0) {
        return 0;
    }
    w->arena = arena_new();
    w->ns = arena_dup(w->arena, req->ns);
    struct str fields = arena_dup(w->arena, o->field_text);
    if (fields.size == 0 && req->name.size > 0) {
        fields = arena_printf(w->arena, "metadata.name=" STR_FMT, STR_ARG(req->name));
    }
    if (o->label_text.size > 0 &&
        selector_parse_labels(w->arena, arena_dup(w->arena, o->label_text), &w->labels, err) < 0) {
        return -1;
    }
    if (fields.size > 0) {
        return selector_parse_fields(w->arena, w->resource, fields, &w->fields, err);
    }
    return 0;
}

static void
pin_present(struct watch *w)
{
    w->root = cache_ref(sink_cache(w->sink));
    w->iter = cache_begin(w->root, w->stored, w->ns);
}

enum step_rc
rest_watch_step(struct req *req, struct err **err)
{
    const struct req_options *o = &req->options;
    uint64_t rev = 0;
    if (rest_read_selectors(req, err) < 0 || rest_read_rev(req, &rev, err) < 0) {
        return STEP_FAIL;
    }
    bool has_initial = o->send_initial_events;
    bool is_synthetic = rev == 0 && !o->has_send_initial_events;
    if (has_initial || is_synthetic) {
        enum step_rc rc = STEP_NEXT;
        if (rev > 0) {
            rc = rest_read_reach(req, rev, err);
        } else if (!str_is(o->rv, "0")) {
            rc = req_fresh(req);
        }
        if (rc != STEP_NEXT) {
            return rc;
        }
    }
    struct watch *w = new_watch(req);
    if (set_selectors(w, req, err) < 0) {
        done(&w->body);
        return STEP_FAIL;
    }
    w->after_rev = rev;
    w->wants_initial_end = has_initial && o->bookmarks;
    if (has_initial || is_synthetic) {
        pin_present(w);
    } else if (rev == 0) {
        w->after_rev = sink_rev(w->sink);
    }
    req_answer_body(req, 200, "application/json", &w->body);
    return STEP_DONE;
}
