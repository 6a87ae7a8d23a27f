/* Event of events.k8s.io and of the core group: one object under two sets of names.
 *
 * The core form is stored and cached. Named by the row of events.k8s.io; any thread. */
#include "config.h"

#include "api/decode.h"
#include "api/kinds_priv.h"
#include "api/kinds_types.h"
#include "base/arena.h"
#include "base/doc.h"

/* Members with different names; the others are the same in both. */
static const struct {
    const char *core, *events;
} event_names[] = {
    { "involvedObject", "regarding" },
    { "message", "note" },
    { "reportingComponent", "reportingController" },
    { "source", "deprecatedSource" },
    { "firstTimestamp", "deprecatedFirstTimestamp" },
    { "lastTimestamp", "deprecatedLastTimestamp" },
    { "count", "deprecatedCount" },
};

static struct str
event_renamed(struct str name, bool to_core)
{
    for (size_t i = 0; i < ARRAY_LEN(event_names); i++) {
        if (str_is(name, to_core ? event_names[i].events : event_names[i].core)) {
            return str_of(to_core ? event_names[i].core : event_names[i].events);
        }
    }
    return name;
}

static int
event_convert(struct arena *arena, const struct doc *in, bool to_core, struct doc **ret,
              struct err **err)
{
    struct jw renamed, out;
    jw_init(&renamed, arena);
    jw_obj(&renamed);
    VAL_EACH (it, doc_root(in)) {
        if (str_is(it.key, "apiVersion")) {
            jw_kvz(&renamed, "apiVersion", to_core ? "v1" : "events.k8s.io/v1");
            continue;
        }
        jw_key(&renamed, event_renamed(it.key, to_core));
        jw_val(&renamed, it.value);
    }
    jw_end(&renamed);
    struct decode_in decode = { .arena = arena, .mode = DECODE_IGNORE };
    const struct type *type = to_core ? &type_core_event : &type_events_event;
    struct doc *doc = doc_trust(arena, jw_done(&renamed));
    jw_init(&out, arena);
    if (decode_value(&decode, type, doc_root(doc), &out, err) < 0) {
        return -1;
    }
    *ret = doc_trust(arena, jw_done(&out));
    return 0;
}

int
kind_event_to_storage(struct arena *arena, const struct doc *in, struct doc **ret, struct err **err)
{
    return event_convert(arena, in, true, ret, err);
}

int
kind_event_from_storage(struct arena *arena, const struct doc *in, struct doc **ret,
                        struct err **err)
{
    return event_convert(arena, in, false, ret, err);
}
