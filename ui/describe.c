/* Describing objects: head, conditions, events, and any other field as an indented tree.  Called by
 * the describe view; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/describe.h"

#include <stdlib.h>

#include "api/columns.h"
#include "base/arena.h"
#include "base/base64.h"
#include "base/clock.h"

enum { KEY_WIDTH = 18, INDENT = 2, TREE_DEPTH = 24, DUMP_MAX = 4096, EVENTS_MAX = 200 };

/* ---- lines ---- */

void
describe_line(struct str_builder *out, int indent, const char *key, struct str value)
{
    int width = KEY_WIDTH - (int)strlen(key) - 1;
    struct str rest = { 0 };

    if (value.size == 0) {
        return;
    }
    str_putf(out, "%*s%s:%*s ", indent, "", key, width > 0 ? width : 0, "");
    str_put(out, str_cut(value, '\n', &rest));
    str_putc(out, '\n');
    while (rest.size > 0) {
        str_putf(out, "%*s", indent + KEY_WIDTH + 1, "");
        str_put(out, str_cut(rest, '\n', &rest));
        str_putc(out, '\n');
    }
}

void
describe_linez(struct str_builder *out, int indent, const char *key, const char *value)
{
    describe_line(out, indent, key, str_of(value));
}

static void
put_scalar(struct str_builder *out, struct val value)
{
    struct str text = val_str(value);

    str_put(out, text.at != NULL ? text : val_raw(value));
}

void
describe_map(struct str_builder *out, int indent, const char *key, struct val map)
{
    AUTO_STR struct str_builder lines = { 0 };

    VAL_EACH (it, map) {
        str_putf(&lines, "%s" STR_FMT "=", lines.size == 0 ? "" : "\n", STR_ARG(it.key));
        put_scalar(&lines, it.value);
    }
    describe_line(out, indent, key, str_view(&lines));
}

static bool
is_nested(struct val value)
{
    return (val_type(value) == DOC_OBJECT || val_type(value) == DOC_ARRAY) && val_len(value) > 0;
}

static void
put_tree(struct str_builder *out, int indent, struct val value, int depth)
{
    bool is_object = val_type(value) == DOC_OBJECT;

    if (depth > TREE_DEPTH) {
        str_putf(out, "%*s...\n", indent, "");
        return;
    }
    VAL_EACH (it, value) {
        AUTO_FREE char *key = is_object ? str_dup(it.key) : NULL;
        AUTO_STR struct str_builder text = { 0 };
        if (is_nested(it.value)) {
            str_putf(out, "%*s%s%s\n", indent, "", is_object ? key : "-", is_object ? ":" : "");
            put_tree(out, indent + INDENT, it.value, depth + 1);
            continue;
        }
        put_scalar(&text, it.value);
        if (is_object) {
            describe_line(out, indent, key, text.size == 0 ? STR("\"\"") : str_view(&text));
        } else {
            str_putf(out, "%*s- " STR_FMT "\n", indent, "", STR_ARG(str_view(&text)));
        }
    }
}

void
describe_tree(struct str_builder *out, int indent, struct val value)
{
    put_tree(out, indent, value, 0);
}

static int64_t
time_ms(struct val time)
{
    int64_t us = 0;

    return val_is(time) && clock_parse(val_str(time), &us) == 0 ? us / 1000 : 0;
}

void
describe_age(struct str_builder *out, struct val time, int64_t now_ms)
{
    int64_t at = time_ms(time);
    char text[32];

    if (at == 0) {
        str_putz(out, "<unknown>");
    } else {
        str_put(out, columns_age_text(now_ms - at, text));
    }
}

/* ---- parts that many kinds have ---- */

static void
put_head(const struct describe_in *in, struct str_builder *out)
{
    struct val meta = val_get(in->object, "metadata");
    AUTO_STR struct str_builder text = { 0 };

    describe_line(out, 0, "Name", val_str(val_get(meta, "name")));
    describe_line(out, 0, "Namespace", val_str(val_get(meta, "namespace")));
    str_putf(&text, STR_FMT "  " STR_FMT, STR_ARG(val_str(val_get(in->object, "kind"))),
             STR_ARG(val_str(val_get(in->object, "apiVersion"))));
    describe_line(out, 0, "Kind", str_view(&text));
    text.size = 0;
    describe_age(&text, val_get(meta, "creationTimestamp"), in->now_ms);
    str_putf(&text, "  (" STR_FMT ")", STR_ARG(val_str(val_get(meta, "creationTimestamp"))));
    describe_line(out, 0, "Age", str_view(&text));
    if (val_is(val_get(meta, "deletionTimestamp"))) {
        text.size = 0;
        str_putf(&text, "since " STR_FMT ", grace %llds",
                 STR_ARG(val_str(val_get(meta, "deletionTimestamp"))),
                 (long long)val_int(val_get(meta, "deletionGracePeriodSeconds"), 0));
        describe_line(out, 0, "Terminating", str_view(&text));
    }
    VAL_EACH (it, val_get(meta, "ownerReferences")) {
        text.size = 0;
        str_putf(&text, STR_FMT "/" STR_FMT, STR_ARG(val_str(val_get(it.value, "kind"))),
                 STR_ARG(val_str(val_get(it.value, "name"))));
        describe_line(
            out, 0, val_bool(val_get(it.value, "controller"), false) ? "Controlled by" : "Owned by",
            str_view(&text));
    }
    describe_map(out, 0, "Labels", val_get(meta, "labels"));
    text.size = 0;
    VAL_EACH (it, val_get(meta, "finalizers")) {
        str_putf(&text, "%s" STR_FMT, text.size == 0 ? "" : "\n", STR_ARG(val_str(it.value)));
    }
    describe_line(out, 0, "Finalizers", str_view(&text));
}

/* Long ones (last-applied) would bury the rest: the YAML has them. */
static void
put_annotations(struct val annotations, struct str_builder *out)
{
    enum { LONGEST = 200 };
    AUTO_STR struct str_builder text = { 0 };

    VAL_EACH (it, annotations) {
        struct str value = val_str(it.value);
        str_putf(&text, "%s" STR_FMT ": ", text.size == 0 ? "" : "\n", STR_ARG(it.key));
        str_put(&text, str_slice(value.at, value.size > LONGEST ? LONGEST : value.size));
        str_putz(&text, value.size > LONGEST ? " ..." : "");
    }
    describe_line(out, 0, "Annotations", str_view(&text));
}

void
describe_conditions(struct str_builder *out, struct val conditions, int64_t now_ms)
{
    if (val_len(conditions) == 0) {
        return;
    }
    str_putz(out, "\nConditions:\n");
    VAL_EACH (it, conditions) {
        struct val time = val_get(it.value, "lastTransitionTime");
        AUTO_STR struct str_builder age = { 0 };
        describe_age(&age, time, now_ms);
        str_putf(out, "  %-28.*s %-8.*s %-8.*s %.*s", STR_ARG(val_str(val_get(it.value, "type"))),
                 STR_ARG(val_str(val_get(it.value, "status"))), STR_ARG(str_view(&age)),
                 STR_ARG(val_str(val_get(it.value, "reason"))));
        if (val_str(val_get(it.value, "message")).size > 0) {
            str_putf(out, "  " STR_FMT, STR_ARG(val_str(val_get(it.value, "message"))));
        }
        str_putc(out, '\n');
    }
}

/* ---- events ---- */

struct event {
    struct val value;
    int64_t last_ms;
};

/* Of either Event API: the last time that it was seen. */
static int64_t
event_time(struct val event)
{
    static const char *const paths[] = { "series.lastObservedTime", "lastTimestamp",
                                         "deprecatedLastTimestamp", "eventTime",
                                         "metadata.creationTimestamp" };

    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        int64_t ms = time_ms(val_at(event, paths[i]));
        if (ms != 0) {
            return ms;
        }
    }
    return 0;
}

static int
cmp_events(const void *a, const void *b)
{
    int64_t x = ((const struct event *)a)->last_ms, y = ((const struct event *)b)->last_ms;

    return x > y ? -1 : x < y ? 1 : 0;
}

static void
put_event(struct val event, int64_t last_ms, int64_t now_ms, struct str_builder *out)
{
    AUTO_STR struct str_builder when = { 0 };
    int64_t count = val_int(val_get(event, "count"), val_int(val_at(event, "series.count"), 1));
    struct str source = val_str(val_at(event, "source.component"));
    char age[32];

    str_put(&when, last_ms == 0 ? STR("<unknown>") : columns_age_text(now_ms - last_ms, age));
    if (count > 1) {
        str_putf(&when, " x%lld", (long long)count);
    }
    if (source.size == 0) {
        source = val_str(val_get(event, "reportingComponent"));
    }
    str_putf(out, "  %-8.*s %-10.*s %-18.*s %.*s  (%.*s)\n",
             STR_ARG(val_str(val_get(event, "type"))), STR_ARG(str_view(&when)),
             STR_ARG(val_str(val_get(event, "reason"))),
             STR_ARG(str_trim(val_str(val_get(event, "message")))), STR_ARG(source));
}

void
describe_events(struct val events, int64_t now_ms, struct str_builder *out)
{
    size_t len = val_len(events), i = 0;
    AUTO_FREE struct event *sorted = mem_new_array(len, sizeof(*sorted));

    VAL_EACH (it, events) {
        sorted[i++] = (struct event){ it.value, event_time(it.value) };
    }
    qsort(sorted, len, sizeof(*sorted), cmp_events);
    for (i = 0; i < len && i < EVENTS_MAX; i++) {
        put_event(sorted[i].value, sorted[i].last_ms, now_ms, out);
    }
    if (len > EVENTS_MAX) {
        str_putf(out, "  ... and %zu older ones\n", len - EVENTS_MAX);
    }
}

/* ---- kinds ---- */

static const struct {
    const char *kind;
    void (*describe)(const struct describe_in *in, struct str_builder *out);
} describers[] = {
    { "Pod", describe_pod },
    { "Node", describe_node },
    { "Deployment", describe_workload },
    { "ReplicaSet", describe_workload },
    { "StatefulSet", describe_workload },
    { "DaemonSet", describe_workload },
    { "ReplicationController", describe_workload },
    { "Job", describe_workload },
};

/* Sizes instead of values: x shows them. */
static void
put_secret_sizes(struct val object, struct str_builder *out)
{
    AUTO_ARENA struct arena *arena = arena_new();

    describe_line(out, 0, "Type", val_str(val_get(object, "type")));
    str_putz(out, "\nData:\n");
    VAL_EACH (it, val_get(object, "data")) {
        struct str bytes = { 0 };
        AUTO_FREE char *key = str_dup(it.key);
        AUTO_FREE char *size = NULL;
        (void)base64_decode(val_str(it.value), arena, &bytes, NULL);
        size = mem_printf("%zu bytes", bytes.size);
        describe_linez(out, INDENT, key, size);
    }
}

static void
put_rest(struct val object, struct str_builder *out)
{
    static const char *const told[] = { "kind", "apiVersion", "metadata" };

    VAL_EACH (it, object) {
        AUTO_STR struct str_builder title = { 0 };
        bool is_told = false;
        for (size_t i = 0; i < ARRAY_LEN(told); i++) {
            is_told = is_told || str_is(it.key, told[i]);
        }
        if (is_told || (val_type(it.value) != DOC_OBJECT && val_type(it.value) != DOC_ARRAY &&
                        !val_is(it.value))) {
            continue;
        }
        str_put(&title, it.key);
        title.at[0] =
            title.at[0] >= 'a' && title.at[0] <= 'z' ? (char)(title.at[0] - 32) : title.at[0];
        str_putc(&title, '\0');
        if (is_nested(it.value)) {
            str_putf(out, "\n%s:\n", title.at);
            describe_tree(out, INDENT, it.value);
        } else {
            AUTO_STR struct str_builder text = { 0 };
            put_scalar(&text, it.value);
            describe_line(out, 0, title.at, str_view(&text));
        }
    }
}

void
describe_object(const struct describe_in *in, struct str_builder *out)
{
    struct val kind = val_get(in->object, "kind");
    bool is_told = false;

    put_head(in, out);
    for (size_t i = 0; i < ARRAY_LEN(describers) && !is_told; i++) {
        is_told = val_is_str(kind, describers[i].kind);
        if (is_told) {
            describers[i].describe(in, out);
        }
    }
    if (val_is_str(kind, "Secret")) {
        put_secret_sizes(in->object, out);
    } else if (!is_told) {
        put_annotations(val_at(in->object, "metadata.annotations"), out);
        put_rest(in->object, out);
    }
    if (is_told) {
        put_annotations(val_at(in->object, "metadata.annotations"), out);
    }
    if (val_is(in->events)) {
        str_putz(out, "\nEvents:\n");
        describe_events(in->events, in->now_ms, out);
        str_putz(out, val_len(in->events) == 0 ? "  none\n" : "");
    }
}

/* ---- secrets ---- */

static bool
is_text(struct str bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char c = (unsigned char)bytes.at[i];
        if (c < ' ' && c != '\n' && c != '\t' && c != '\r') {
            return false;
        }
    }
    return true;
}

static void
put_dump(struct str bytes, struct str_builder *out)
{
    for (size_t i = 0; i < bytes.size && i < DUMP_MAX; i += 16) {
        str_putf(out, "  %06zx ", i);
        for (size_t k = i; k < i + 16 && k < bytes.size; k++) {
            str_putf(out, " %02x", (unsigned char)bytes.at[k]);
        }
        str_putc(out, '\n');
    }
    if (bytes.size > DUMP_MAX) {
        str_putf(out, "  ... %zu bytes in all\n", bytes.size);
    }
}

void
describe_secret(struct val object, struct str_builder *out)
{
    AUTO_ARENA struct arena *arena = arena_new();

    VAL_EACH (it, val_get(object, "data")) {
        struct str bytes = { 0 };
        bool is_valid = base64_decode(val_str(it.value), arena, &bytes, NULL) == 0;
        str_putf(out, STR_FMT ":\n", STR_ARG(it.key));
        if (!is_valid) {
            str_putz(out, "  (no base64)\n");
            continue;
        }
        if (!is_text(bytes)) {
            put_dump(bytes, out);
            continue;
        }
        for (struct str rest = bytes; rest.size > 0;) {
            struct str line = str_cut(rest, '\n', &rest);
            str_putf(out, "  " STR_FMT "\n", STR_ARG(line));
        }
    }
    if (val_len(val_get(object, "data")) == 0) {
        str_putz(out, "no data\n");
    }
}
