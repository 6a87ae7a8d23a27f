/* Rules of Events in both groups: ValidateEventCreate and ValidateEventUpdate of release 1.35. The
 * places are named as the stored form has them, whichever form came.
 *
 * Named by rows in kind_event.c; pure, any thread. */
#include "config.h"

#include <string.h>

#include "api/check.h"
#include "api/kinds_check.h"
#include "api/registry.h"
#include "api/validate_priv.h"
#include "base/arena.h"
#include "base/mem.h"

enum { EVENT_TEXT_MAX = 128, EVENT_NOTE_MAX = 1024 };

static bool
event_is_core(const struct check_in *in)
{
    return in->resource->group[0] == '\0';
}

/* Members by their stored names, in either form. */
static struct val
event_get(const struct check_in *in, struct val event, const char *core, const char *other)
{
    return val_get(event, event_is_core(in) ? core : other);
}

static void
event_check_text(const struct check_in *in, const char *member, bool is_required,
                 struct causes *out)
{
    struct val text = val_get(in->now, member);
    if (is_required && !check_has(text)) {
        check_required(out, NULL, member, NULL);
    }
    if (val_str(text).size > EVENT_TEXT_MAX) {
        causes_add_text(out, CAUSE_INVALID, NULL, member, STR(""), "can have at most %d characters",
                        EVENT_TEXT_MAX);
    }
}

/* legacyValidateEvent */
static void
event_check_common(const struct check_in *in, struct causes *out)
{
    static const char mismatch[] = "does not match event.namespace";
    struct val about = event_get(in, in->now, "involvedObject", "regarding");
    struct val own = val_at(in->now, "metadata.namespace"), ns = val_get(about, "namespace");
    struct val controller = event_get(in, in->now, "reportingComponent", "reportingController");
    const char *controller_member =
        event_is_core(in) ? "reportingComponent" : "reportingController";
    bool is_default = val_is_str(own, "default");
    bool has_time = check_has(val_get(in->now, "eventTime"));
    bool is_wrong = check_has(ns) ? !has_time && !check_same(own, ns)
                                  : check_has(own) && !is_default &&
                                        !(has_time && val_is_str(own, "kube-system"));
    struct problems found = { 0 };
    if (!check_has(ns) && has_time && !check_has(own)) {
        is_wrong = true;
    }
    if (is_wrong) {
        check_invalid(out, NULL, "involvedObject.namespace", ns, mismatch);
    }
    if (has_time) {
        if (!check_has(controller)) {
            check_required(out, NULL, controller_member, NULL);
        }
        check_label_key(out, NULL, controller_member, controller);
        event_check_text(in, "reportingInstance", true, out);
        event_check_text(in, "action", true, out);
        event_check_text(in, "reason", true, out);
        if (val_str(event_get(in, in->now, "message", "note")).size > EVENT_NOTE_MAX) {
            causes_add_text(out, CAUSE_INVALID, NULL, "message", STR(""),
                            "can have at most %d characters", EVENT_NOTE_MAX);
        }
    }
    validate_name_subdomain(val_str(own), false, &found);
    validate_put_problems(&found, NULL, "namespace", own, out);
}

static void
event_check_series(const struct check_in *in, struct causes *out)
{
    struct val series = val_get(in->now, "series");
    if (!val_is(series)) {
        return;
    }
    if (val_int(val_get(series, "count"), 0) < 2) {
        causes_add_text(out, CAUSE_INVALID, NULL, "series.count", STR(""), "should be at least 2");
    }
    if (!check_has(val_get(series, "lastObservedTime"))) {
        check_required(out, NULL, "series.lastObservedTime", NULL);
    }
}

static void
event_check_unset(struct causes *out, bool is_set, const char *member)
{
    if (is_set) {
        causes_add_text(out, CAUSE_INVALID, NULL, member, STR(""), "needs to be unset");
    }
}

void
kind_event_check(struct check_in *in, struct causes *out)
{
    struct val type = val_get(in->now, "type"), source = val_get(in->now, "deprecatedSource");
    size_t before = out->len;
    event_check_common(in, out);
    if (event_is_core(in) && out->len > before) {
        /* Upstream looks at the metadata of these only when nothing else is wrong. */
        memmove(out->at, out->at + before, (out->len - before) * sizeof(*out->at));
        out->len -= before;
    }
    if (event_is_core(in)) {
        return;
    }
    event_check_series(in, out);
    if (!check_has(val_get(in->now, "eventTime"))) {
        check_required(out, NULL, "eventTime", NULL);
    }
    if (!val_is_str(type, "Normal") && !val_is_str(type, "Warning")) {
        causes_add_text(out, CAUSE_INVALID, NULL, "type", STR(""), "has invalid value: " STR_FMT,
                        STR_ARG(val_str(type)));
    }
    event_check_unset(out, check_has(val_get(in->now, "deprecatedFirstTimestamp")),
                      "firstTimestamp");
    event_check_unset(out, check_has(val_get(in->now, "deprecatedLastTimestamp")), "lastTimestamp");
    event_check_unset(out, val_int(val_get(in->now, "deprecatedCount"), 0) != 0, "count");
    event_check_unset(out,
                      check_has(val_get(source, "component")) || check_has(val_get(source, "host")),
                      "source");
}

void
kind_event_check_update(struct check_in *in, struct causes *out)
{
    static const struct {
        const char *core, *own;
        bool is_text;
    } frozen[] = {
        { "involvedObject", "regarding", false },
        { "reason", "reason", true },
        { "message", "note", true },
        { "source", "deprecatedSource", false },
        { "firstTimestamp", "deprecatedFirstTimestamp", false },
        { "lastTimestamp", "deprecatedLastTimestamp", false },
        { "reason", "reason", true },
        { "type", "type", true },
        { "eventTime", "eventTime", false },
        { "action", "action", true },
        { "related", "related", false },
        { "reportingController", "reportingController", true },
        { "reportingInstance", "reportingInstance", true },
    };
    event_check_common(in, out);
    if (event_is_core(in)) {
        return;
    }
    if (!check_same(val_get(in->now, "series"), val_get(in->old, "series"))) {
        event_check_series(in, out);
    }
    struct val count = val_get(in->now, "deprecatedCount");
    if (val_int(count, 0) != val_int(val_get(in->old, "deprecatedCount"), 0)) {
        causes_add_json(out, CAUSE_INVALID, NULL, "count",
                        val_is(count) ? val_raw(count) : STR("0"), "field is immutable");
    }
    for (size_t i = 0; i < ARRAY_LEN(frozen); i++) {
        struct val now = val_get(in->now, frozen[i].own), old = val_get(in->old, frozen[i].own);
        if (frozen[i].is_text) {
            check_immutable_text(out, NULL, frozen[i].core, now, old);
        } else {
            check_immutable(out, NULL, frozen[i].core, now, old);
        }
    }
}
