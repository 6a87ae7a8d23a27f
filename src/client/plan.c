/* Plans as data: the makers that pure plan functions call, and the text of a plan.  Called by every
 * controller, the scheduler and the agent; the loop runs plans, tests run them anywhere. */
#include "config.h" /* IWYU pragma: keep */

#include "client/plan.h"

#include <assert.h>
#include <stdarg.h>

#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/doc_yaml.h"
#include "base/err.h"

static const char *const verb_names[] = {
    [PLAN_CREATE] = "create",
    [PLAN_UPDATE] = "update",
    [PLAN_STATUS] = "status",
    [PLAN_PATCH] = "patch",
    [PLAN_PATCH_STATUS] = "patch-status",
    [PLAN_DELETE] = "delete",
    [PLAN_EVICT] = "evict",
    [PLAN_BIND] = "bind",
    [PLAN_SCALE] = "scale",
    [PLAN_SUB] = "sub",
};

void
plan_init(struct plan *plan, struct arena *arena)
{
    *plan = (struct plan){ .arena = arena };
}

void
plan_done(struct plan *plan)
{
    for (size_t i = 0; i < plan->write_len; i++) {
        object_unref(plan->writes[i].target);
        plan->writes[i].target = NULL;
    }
}

const char *
plan_verb_name(enum plan_verb verb)
{
    return verb_names[verb];
}

/* ---- makers ---- */

/* Room for one more in an arena array. */
static void *
room(struct arena *arena, void *at, size_t len, size_t *capacity, size_t item_size)
{
    size_t old = *capacity;

    if (len < old) {
        return at;
    }
    *capacity = old == 0 ? 4 : old * 2;
    return arena_grow(arena, at, old * item_size, *capacity * item_size);
}

static struct plan_write *
add_write(struct plan *out)
{
    struct plan_write *write;

    out->writes =
        room(out->arena, out->writes, out->write_len, &out->write_capacity, sizeof(out->writes[0]));
    write = &out->writes[out->write_len++];
    *write = (struct plan_write){ .group = out->group };
    return write;
}

void
plan_write(struct plan *out, enum plan_verb verb, struct object *target, struct str body,
           unsigned pre)
{
    struct plan_write *write = add_write(out);

    assert(verb != PLAN_CREATE && verb != PLAN_SUB);
    write->verb = verb;
    write->resource = target->resource;
    write->ns = arena_dup(out->arena, target->ns);
    write->name = arena_dup(out->arena, target->name);
    write->target = object_ref(target);
    write->body = body;
    write->pre = pre;
}

void
plan_create(struct plan *out, const struct resource *resource, struct str ns, struct str name,
            struct str body)
{
    struct plan_write *write = add_write(out);

    write->verb = PLAN_CREATE;
    write->resource = resource;
    write->ns = arena_dup(out->arena, ns);
    write->name = arena_dup(out->arena, name);
    write->body = body;
}

void
plan_sub(struct plan *out, const char *subresource, struct object *target, struct str body,
         unsigned pre)
{
    struct plan_write *write;

    plan_write(out, PLAN_UPDATE, target, body, pre);
    write = &out->writes[out->write_len - 1];
    write->verb = PLAN_SUB;
    write->subresource = subresource;
}

static bool
group_is_empty(const struct plan *out)
{
    bool has_write = out->write_len > 0 && out->writes[out->write_len - 1].group == out->group;
    bool has_event = out->event_len > 0 && out->events[out->event_len - 1].group == out->group;

    return !has_write && !has_event;
}

void
plan_group(struct plan *out, unsigned flags)
{
    if (!group_is_empty(out)) {
        out->group++;
        assert(out->group < PLAN_GROUP_MAX);
    }
    out->group_flags[out->group] = flags;
}

/* Strings of an object that may leave the cache before the event is recorded. */
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

static struct str text_copy(struct arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static struct str
text_copy(struct arena *arena, const char *format, va_list args)
{
    AUTO_STR struct str_builder text = { 0 };

    str_vputf(&text, format, args);
    return arena_dup(arena, str_view(&text));
}

static struct plan_note *
add_event(struct plan *out, const struct object *regarding)
{
    struct event_regarding from = event_of(regarding);
    struct plan_note *note;

    out->events =
        room(out->arena, out->events, out->event_len, &out->event_capacity, sizeof(out->events[0]));
    note = &out->events[out->event_len++];
    *note = (struct plan_note){ .group = out->group };
    note->regarding = regarding_copy(out->arena, &from);
    return note;
}

void
plan_event(struct plan *out, const struct object *regarding, enum event_type type,
           const char *reason, const char *action, const char *format, ...)
{
    struct plan_note *note = add_event(out, regarding);
    va_list args;

    note->type = type;
    note->reason = reason;
    note->action = action;
    va_start(args, format);
    note->note = text_copy(out->arena, format, args);
    va_end(args);
}

void
plan_event_after(struct plan *out, const struct object *regarding, enum event_type type,
                 const char *reason, const char *action, const char *format, ...)
{
    struct plan_note *note = add_event(out, regarding);
    va_list args;

    assert(out->write_len > 0);
    note->type = type;
    note->reason = reason;
    note->action = action;
    note->after_write = out->write_len;
    note->group = out->writes[out->write_len - 1].group;
    va_start(args, format);
    note->note = text_copy(out->arena, format, args);
    va_end(args);
}

void
plan_again(struct plan *out, int64_t at_wall_ms)
{
    if (out->again_at_ms == 0 || at_wall_ms < out->again_at_ms) {
        out->again_at_ms = at_wall_ms;
    }
}

void
plan_why(struct plan *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    out->why = text_copy(out->arena, format, args);
    va_end(args);
}

/* ---- text ---- */

static void
put_key(struct str_builder *out, struct str ns, struct str name)
{
    if (ns.size > 0) {
        str_put(out, ns);
        str_putc(out, '/');
    }
    str_put(out, name);
}

/* A body as indented YAML; bytes that are no JSON are shown as they are. */
static void
put_body(struct str_builder *out, struct arena *arena, struct str body)
{
    AUTO_STR struct str_builder yaml = { 0 };
    AUTO_ERR struct err *err = NULL;
    struct doc *doc = doc_parse(arena, body, &err);
    struct str rest;

    if (doc == NULL) {
        str_putf(out, "    not JSON: " STR_FMT "\n", STR_ARG(body));
        return;
    }
    doc_yaml_write(&yaml, doc_root(doc));
    rest = str_view(&yaml);
    while (rest.size > 0) {
        struct str line = str_cut(rest, '\n', &rest);
        str_putf(out, "    " STR_FMT "\n", STR_ARG(line));
    }
}

static void
put_write(struct str_builder *out, struct arena *arena, const struct plan_write *write)
{
    const struct resource *resource = write->resource;

    str_putf(out, "  %s%s%s %s%s%s ", plan_verb_name(write->verb),
             write->subresource == NULL ? "" : " ",
             write->subresource == NULL ? "" : write->subresource, resource->plural,
             resource->group[0] == '\0' ? "" : ".", resource->group);
    put_key(out, write->ns, write->name);
    if ((write->pre & PRE_REV) != 0) {
        str_putf(out, " if-rev=%llu", (unsigned long long)write->target->rev);
    }
    if ((write->pre & PRE_UID) != 0) {
        str_putf(out, " if-uid=" STR_FMT, STR_ARG(write->target->uid));
    }
    str_putc(out, '\n');
    if (write->body.size > 0) {
        put_body(out, arena, write->body);
    }
}

static void
put_event(struct str_builder *out, const struct plan_note *note)
{
    str_putf(out, "  event%s %s %s%s%s " STR_FMT " ", note->after_write > 0 ? " after" : "",
             note->type == EVENT_NORMAL ? "Normal" : "Warning", note->reason,
             note->action == NULL ? "" : " ", note->action == NULL ? "" : note->action,
             STR_ARG(note->regarding.kind));
    put_key(out, note->regarding.ns, note->regarding.name);
    str_putf(out, ": " STR_FMT "\n", STR_ARG(note->note));
}

void
plan_text(const struct plan *plan, struct str_builder *out)
{
    char time[CLOCK_TEXT_SIZE];
    int last = group_is_empty(plan) ? plan->group - 1 : plan->group; /* only the last may be */

    for (int group = 0; group <= last; group++) {
        str_putf(out, "group %d%s\n", group,
                 (plan->group_flags[group] & GROUP_ALWAYS) != 0 ? " always" : "");
        for (size_t i = 0; i < plan->event_len; i++) {
            if (plan->events[i].group == group && plan->events[i].after_write == 0) {
                put_event(out, &plan->events[i]);
            }
        }
        for (size_t i = 0; i < plan->write_len; i++) {
            if (plan->writes[i].group != group) {
                continue;
            }
            put_write(out, plan->arena, &plan->writes[i]);
            for (size_t e = 0; e < plan->event_len; e++) {
                if (plan->events[e].after_write == i + 1) {
                    put_event(out, &plan->events[e]);
                }
            }
        }
    }
    if (plan->again_at_ms != 0) {
        str_putf(out, "again " STR_FMT "\n", STR_ARG(clock_text(plan->again_at_ms, time)));
    }
    if (plan->why.size > 0) {
        str_putf(out, "why " STR_FMT "\n", STR_ARG(plan->why));
    }
    if (out->size == 0) {
        str_putz(out, "nothing\n");
    }
}
