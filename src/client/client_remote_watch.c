/* A watch over the network: lines of JSON, each one event.  Loop thread; client_remote.c gives the
 * bytes as they come. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "api/status.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"
#include "client/client_remote_priv.h"
#include "client/client_reply.h"

/* An object of 3 MiB, escaped, and room. */
enum { LINE_MAX = 16 << 20 };

static const struct {
    const char *name;
    enum watch_type type;
} event_types[] = {
    { "ADDED", WATCH_ADDED },
    { "MODIFIED", WATCH_MODIFIED },
    { "DELETED", WATCH_DELETED },
    { "BOOKMARK", WATCH_BOOKMARK },
};

/* A Table says its revision itself, or by its first row. */
static uint64_t
event_rev(struct val object)
{
    uint64_t rev = client_reply_rev(object);

    if (rev == 0) {
        rev = client_reply_rev(val_get(val_item(val_get(object, "rows"), 0), "object"));
    }
    return rev;
}

static int
read_event(struct remote_call *call, struct arena *arena, struct val root,
           struct watch_event *event, struct err **err)
{
    struct val type = val_get(root, "type");
    struct val object = val_get(root, "object");
    bool has_rows = call->resource != NULL && call->resource->type != NULL;
    size_t i = 0;

    if (val_is_str(type, "ERROR")) {
        *err = status_read(object, 500);
        return -1;
    }
    while (i < ARRAY_LEN(event_types) && !val_is_str(type, event_types[i].name)) {
        i++;
    }
    if (i == ARRAY_LEN(event_types)) {
        return err_set(err, ERR_INTERNAL, "watch event of the type '" STR_FMT "'",
                       STR_ARG(val_str(type)));
    }
    event->type = event_types[i].type;
    event->rev = event_rev(object);
    if (event->type == WATCH_BOOKMARK) {
        struct val annotations = val_at(object, "metadata.annotations");
        event->is_initial_end =
            val_is_str(val_member(annotations, STR("k8s.io/initial-events-end")), "true");
        return 0;
    }
    if (call->accept == ACCEPT_OBJECT && has_rows) {
        return client_reply_object(call->resource, object, &event->object, err);
    }
    event->doc = doc_parse(arena, val_raw(object), err);
    return event->doc == NULL ? -1 : 0;
}

/* One line. It may pause or cancel the call. */
static void
watch_line(struct remote_call *call, struct str line)
{
    AUTO_ARENA struct arena *arena = NULL;
    struct watch_event event = { 0 };
    struct err *err = NULL;
    struct doc *doc;

    if (str_trim(line).size == 0) {
        return;
    }
    arena = arena_new();
    doc = doc_parse(arena, line, &err);
    if (doc == NULL) {
        (void)err_wrap(&err, "watch event");
    } else if (read_event(call, arena, doc_root(doc), &event, &err) == 0) {
        call->event(call->ctx, &event);
    }
    object_unref(event.object);
    if (err != NULL) {
        client_remote_give_up(call, err);
    }
}

size_t
client_remote_watch_data(struct remote_call *call, const char *bytes, size_t size)
{
    size_t taken = 0;
    struct err *err = NULL;

    call->in.max = LINE_MAX;
    while (taken < size && !call->is_paused && !call->is_cancelled && call->err == NULL) {
        const char *end = memchr(bytes + taken, '\n', size - taken);
        struct str piece =
            str_slice(bytes + taken, end == NULL ? size - taken : (size_t)(end - bytes) - taken);
        taken += piece.size + (end == NULL ? 0 : 1);
        if (end != NULL && call->in.size == 0) {
            watch_line(call, piece); /* all of it is here: the usual case */
            continue;
        }
        str_put(&call->in, piece);
        if (call->in.overflow) {
            (void)err_set(&err, ERR_TOO_LARGE, "a watch event is larger than %d bytes", LINE_MAX);
            client_remote_give_up(call, err);
        } else if (end != NULL) {
            watch_line(call, str_view(&call->in));
            call->in.size = 0;
        }
    }
    return call->is_paused ? taken : size;
}
