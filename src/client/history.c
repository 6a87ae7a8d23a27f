/* Revisions as lines of a table and as lists of changes.  Called by the command line and by the
 * console.  Pure; any thread. */
#include "config.h" /* IWYU pragma: keep */

#include "client/history.h"

#include "base/arena.h"
#include "base/clock.h"

enum {
    VALUE_COLUMNS = 32, /* bytes of a value in a line */
    CHANGES_SHOWN = 3,  /* in a line */
};

/* Changes that follow from others, or repeat them: not in a line while there are others. */
static const char *const echoes[] = {
    "metadata.generation",
    "metadata.annotations.kubectl.kubernetes.io/last-applied-configuration",
    "status.observedGeneration",
};

/* ---- foreign text ---- */

/* Nothing in it may move the cursor: control characters, C1 ones too, are shown as what they are or
 * as blanks. max_size 0: all of it. */
static void
put_plain(struct str_builder *out, struct str text, size_t max_size)
{
    size_t size = max_size > 0 && text.size > max_size ? max_size : text.size;
    while (size < text.size && size > 0 && ((unsigned char)text.at[size] & 0xC0) == 0x80) {
        size--; /* not inside a character */
    }
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text.at[i];
        bool is_c1 = c == 0xC2 && i + 1 < size && (unsigned char)text.at[i + 1] < 0xA0;
        if (c == '\n') {
            str_putz(out, "\\n");
        } else if (c < ' ' || c == 0x7f || is_c1) {
            str_putc(out, ' ');
            i += is_c1;
        } else {
            str_putc(out, (char)c);
        }
    }
    if (size < text.size) {
        str_putz(out, "…");
    }
}

static void
put_value(struct str_builder *out, struct val v, size_t max_size)
{
    bool is_text = val_type(v) == DOC_STRING;
    struct str text = is_text ? val_str(v) : val_raw(v);
    if (is_text && text.size == 0) {
        str_putz(out, "\"\"");
    } else {
        put_plain(out, text, max_size);
    }
}

/* ---- who, with what ---- */

/* Service accounts of the control plane by their own names. */
static struct str
short_user(struct str user)
{
    static const char *const prefixes[] = { "system:serviceaccount:kube-system:",
                                            "system:serviceaccount:" };
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        struct str prefix = str_of(prefixes[i]);
        if (str_has_prefix(user, prefix)) {
            return str_slice(user.at + prefix.size, user.size - prefix.size);
        }
    }
    return user;
}

static void
put_who(struct str_builder *out, struct val item)
{
    struct str user = val_str(val_get(item, "user"));
    struct str real = val_str(val_get(item, "impersonatedBy"));
    put_plain(out, user.size == 0 ? STR("unknown") : short_user(user), 0);
    if (real.size > 0) {
        str_putz(out, " (really ");
        put_plain(out, real, 0);
        str_putc(out, ')');
    }
}

static void
put_with(struct str_builder *out, struct val item)
{
    struct str command = val_str(val_get(item, "command"));
    struct str rest;
    struct str agent = str_cut(val_str(val_get(item, "agent")), '/', &rest);
    put_plain(out, command.size > 0 ? command : agent, 0);
}

static void
put_verb(struct str_builder *out, struct val item)
{
    struct str sub = val_str(val_get(item, "subresource"));
    put_plain(out, val_str(val_get(item, "verb")), 0);
    if (sub.size > 0) {
        str_putc(out, ' ');
        put_plain(out, sub, 0);
    }
}

/* ---- what changed, in a line ---- */

static bool
is_echo(struct str path)
{
    for (size_t i = 0; i < ARRAY_LEN(echoes); i++) {
        if (str_is(path, echoes[i])) {
            return true;
        }
    }
    return false;
}

/* What somebody wants comes before what is, and that before labels and the like. */
static int
rank_of(struct str path)
{
    bool is_time = str_has_suffix(path, STR("Time")); /* of a condition: it goes with the rest */
    return is_echo(path) || is_time                ? 3
           : str_has_prefix(path, STR("metadata")) ? 2
           : str_has_prefix(path, STR("status"))   ? 1
                                                   : 0;
}

static void
put_change(struct str_builder *out, struct val change)
{
    struct val old = val_get(change, "old"), now = val_get(change, "new");
    bool is_hidden = val_bool(val_get(change, "hidden"), false);
    str_putz(out, is_hidden || (val_is(old) && val_is(now)) ? "" : val_is(now) ? "+" : "-");
    put_plain(out, val_str(val_get(change, "path")), 0);
    if (is_hidden) {
        str_putz(out, ": hidden");
        return;
    }
    str_putz(out, ": ");
    if (val_is(old)) {
        put_value(out, old, VALUE_COLUMNS);
    }
    str_putz(out, val_is(old) && val_is(now) ? " → " : "");
    if (val_is(now)) {
        put_value(out, now, VALUE_COLUMNS);
    }
}

static void
put_changes(struct str_builder *out, struct val item)
{
    enum { RANKS = 4 };
    struct val changes = val_get(item, "changes");
    size_t len = val_len(changes) + (size_t)val_int(val_get(item, "changesLeft"), 0);
    size_t shown = 0, echoed = 0;
    for (int rank = 0; rank < RANKS; rank++) {
        VAL_EACH (it, changes) {
            if (rank_of(val_str(val_get(it.value, "path"))) != rank) {
                continue;
            }
            if (rank == RANKS - 1 && shown > 0) {
                echoed++;
            } else if (shown < CHANGES_SHOWN) {
                str_putz(out, shown > 0 ? ", " : "");
                put_change(out, it.value);
                shown++;
            }
        }
    }
    if (len > shown + echoed) {
        str_putf(out, " and %zu more", len - shown - echoed);
    }
}

static void
put_summary(struct str_builder *out, struct val item)
{
    struct val operation = val_get(item, "operation");
    if (!val_is_str(operation, "changed")) {
        put_plain(out, val_str(operation), 0);
    } else if (val_bool(val_get(item, "changesUnknown"), false)) {
        str_putz(out, "unknown: the revision before is no longer kept");
    } else if (val_len(val_get(item, "changes")) == 0) {
        str_putz(out, "nothing but who owns which field");
    } else {
        put_changes(out, item);
    }
}

/* ---- because of what ---- */

static void
put_cause(struct str_builder *out, struct val cause)
{
    struct val object = val_get(cause, "object");
    put_plain(out, val_str(val_get(cause, "resourceVersion")), 0);
    if (val_bool(val_get(cause, "gone"), false)) {
        str_putz(out, ", no longer kept");
        return;
    }
    if (val_bool(val_get(cause, "hidden"), false)) {
        str_putz(out, ", of an object you may not read");
        return;
    }
    str_putz(out, " by ");
    put_who(out, cause);
    str_putz(out, ": ");
    if (val_str(val_get(cause, "command")).size > 0) {
        put_with(out, cause);
    } else {
        put_verb(out, cause);
    }
    str_putc(out, ' ');
    put_plain(out, val_str(val_get(object, "resource")), 0);
    str_putc(out, '/');
    put_plain(out, val_str(val_get(object, "name")), 0);
}

/* The last cause: who began it. */
static struct val
last_cause(struct val item)
{
    struct val causes = val_get(item, "causes");
    size_t len = val_len(causes);
    return len == 0 ? (struct val){ 0 } : val_item(causes, len - 1);
}

/* ---- the whole ---- */

static struct str
made(struct arena *arena, void (*put)(struct str_builder *out, struct val item), struct val item)
{
    AUTO_STR struct str_builder text = { 0 };
    put(&text, item);
    return arena_dup(arena, str_view(&text));
}

static void
put_rev(struct str_builder *out, struct val item)
{
    put_plain(out, val_str(val_get(item, "resourceVersion")), 0);
}

void
history_row(struct val item, struct arena *arena, struct history_row *ret)
{
    int64_t us = 0;
    int rc = clock_parse(val_str(val_get(item, "time")), &us);
    struct val cause = last_cause(item);
    const struct str none = { 0 };
    *ret = (struct history_row){ .rev = made(arena, put_rev, item),
                                 .time_ms = rc == 0 ? us / 1000 : 0,
                                 .who = made(arena, put_who, item),
                                 .with = made(arena, put_with, item),
                                 .verb = made(arena, put_verb, item),
                                 .change = made(arena, put_summary, item),
                                 .because = val_is(cause) ? made(arena, put_cause, cause) : none,
                                 .author_rev = val_is(cause) ? made(arena, put_rev, cause) : none };
}

static void
put_side(struct str_builder *out, char side, struct str path, struct val v)
{
    if (val_is(v)) {
        str_putf(out, "%c ", side);
        put_plain(out, path, 0);
        str_putz(out, ": ");
        put_value(out, v, 0);
        str_putc(out, '\n');
    }
}

void
history_details(struct val item, struct str_builder *out)
{
    long long left = (long long)val_int(val_get(item, "changesLeft"), 0);
    if (!val_is(val_get(item, "changes"))) {
        put_summary(out, item);
        str_putc(out, '\n');
    }
    VAL_EACH (it, val_get(item, "changes")) {
        struct str path = val_str(val_get(it.value, "path"));
        if (val_bool(val_get(it.value, "hidden"), false)) {
            str_putz(out, "~ ");
            put_plain(out, path, 0);
            str_putz(out, ": hidden\n");
        }
        put_side(out, '-', path, val_get(it.value, "old"));
        put_side(out, '+', path, val_get(it.value, "new"));
    }
    if (left > 0) {
        str_putf(out, "and %lld more\n", left);
    }
    size_t place = 0, len = val_len(val_get(item, "causes"));
    long long between = (long long)val_int(val_get(item, "causesLeft"), 0);
    VAL_EACH (it, val_get(item, "causes")) {
        if (++place == len && between > 0) {
            str_putf(out, "because of %lld more\n", between);
        }
        str_putz(out, "because of ");
        put_cause(out, it.value);
        str_putc(out, '\n');
    }
}
