/* Machines on their way to be nodes: one with all its steps, or several, a line each.  The view asks
 * their questions as they come.  Called by the dispatcher; console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/view_machine.h"

#include <stdio.h>

#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/doc.h"
#include "client/machine_target.h"
#include "ui/dialog.h"
#include "ui/feed.h"
#include "ui/machine_form.h"
#include "ui/machine_lane.h"
#include "ui/machine_remove.h"
#include "ui/text.h"
#include "ui/ui.h"
#include "ui/view.h"

enum { NAME_WIDTH = 16, PHASE_WIDTH = 12, STEP_WIDTH = 14 };

struct machine_view {
    struct view view;
    const struct resource *machines;
    struct arena *arena; /* of the targets */
    struct machine_target_extra extra;
    struct machine_lane lanes[VIEW_MACHINE_MAX];
    size_t len, current;
    struct machine_lane *asking; /* whose question the dialog is */
    struct feed *feed;
};

static struct machine_view *
machine_of(struct view *view)
{
    return container_of(view, struct machine_view, view);
}

/* ---- questions: one at a time, in the order of the lines ---- */

static void
open_question(struct machine_view *m, struct machine_lane *lane)
{
    m->asking = lane;
    view_ask(&m->view, machine_lane_ask(lane));
}

static bool
is_asked(const struct machine_lane *lane)
{
    struct str question = machine_lane_question(lane);

    return question.size > 0 && str_is(question, lane->put_off);
}

static void
look_at_questions(struct machine_view *m)
{
    if (m->view.dialog == NULL) {
        m->asking = NULL;
    } else if (m->asking != NULL && !is_asked(m->asking)) {
        m->asking = NULL; /* answered by another client, or given up */
        view_ask(&m->view, NULL);
    }
    for (size_t i = 0; i < m->len && m->view.dialog == NULL; i++) {
        struct machine_lane *lane = &m->lanes[i];
        if (machine_lane_question(lane).size > 0 && !is_asked(lane) &&
            !ui_is_readonly(m->view.ui)) {
            open_question(m, lane);
        }
    }
}

static void
lane_changed(struct machine_lane *lane)
{
    look_at_questions(machine_of(lane->view));
    ui_dirty(lane->view->ui);
}

/* ---- the feed: that something changed; what it is, each lane reads ---- */

static struct machine_lane *
lane_of(struct machine_view *m, struct val row)
{
    struct str name = val_str(val_at(row, "object.metadata.name"));

    for (size_t i = 0; i < m->len; i++) {
        if (str_is(name, m->lanes[i].name)) {
            return &m->lanes[i];
        }
    }
    return NULL;
}

static void
on_row(void *ctx, struct val row)
{
    struct machine_lane *lane = lane_of(ctx, row);

    if (lane != NULL) {
        machine_lane_read(lane);
    }
}

static void
on_gone(void *ctx, struct val row)
{
    struct machine_lane *lane = lane_of(ctx, row);

    if (lane != NULL) {
        machine_lane_gone(lane);
    }
}

static void
on_changed(void *ctx)
{
    struct machine_view *m = ctx;

    ui_dirty(m->view.ui);
}

/* A list names nobody who is gone, and no event came for what went before it. */
static void
on_end(void *ctx)
{
    struct machine_view *m = ctx;

    for (size_t i = 0; i < m->len; i++) {
        if (m->lanes[i].was_read) {
            machine_lane_read(&m->lanes[i]);
        }
    }
    on_changed(ctx);
}

static const struct feed_ops feed_ops = {
    .row = on_row, .gone = on_gone, .end = on_end, .changed = on_changed
};

static void
start_feed(struct machine_view *m)
{
    AUTO_FREE char *selector = mem_printf("metadata.name=%s", m->lanes[0].name);
    struct feed_spec spec = { .resource = m->machines,
                              .field_selector =
                                  m->len == 1 ? str_of(selector) : (struct str){ 0 } };

    m->feed = feed_new(ui_client(m->view.ui), &spec, &feed_ops, m);
}

/* ---- drawing ---- */

/* How a step's condition looks. */
static const struct {
    const char *reason;
    enum grid_glyph glyph;
    enum role role;
} looks[] = {
    { "Done", GLYPH_CHECK, ROLE_OK },
    { "Failed", GLYPH_CROSS, ROLE_ERROR },
    { "Running", GLYPH_DOT, ROLE_PENDING },
    { "", GLYPH_RING, ROLE_DIM },
};

static size_t
look_of(struct val condition)
{
    struct str reason = val_str(val_get(condition, "reason"));
    size_t i = 0;

    while (i + 1 < ARRAY_LEN(looks) && !str_is(reason, looks[i].reason)) {
        i++;
    }
    return i;
}

/* What stands beside a step: what it says, or how long it runs. */
static void
write_note(struct val lane_object, struct val condition, struct str_builder *out)
{
    struct str message = val_str(val_get(condition, "message"));
    bool is_running = val_is_str(val_get(condition, "reason"), "Running");
    bool is_asking = is_running && val_is(val_at(lane_object, "status.prompt.id"));
    int64_t since_us;

    if (is_asking) {
        str_putz(out, "waits for an answer");
    } else if (message.size > 0) {
        text_clean(out, message, false);
    } else if (is_running &&
               clock_parse(val_str(val_get(condition, "lastTransitionTime")), &since_us) == 0) {
        int64_t seconds = (clock_wall_ms() - since_us / 1000) / 1000;
        str_putf(out, "%lld s", (long long)(seconds < 0 ? 0 : seconds));
    }
}

static int
draw_wrapped(struct grid *grid, struct grid_rect rect, struct str text, enum role role)
{
    AUTO_STR struct str_builder clean = { .max = 4096 };
    size_t rows;

    if (rect.width < 2 || rect.height < 1 || text.size == 0) {
        return 0;
    }
    text_clean(&clean, text, false);
    rows = text_wrap_len(str_view(&clean), rect.width);
    for (size_t i = 0; i < rows && (int)i < rect.height; i++) {
        (void)grid_put(grid, rect.x, rect.y + (int)i, rect.width,
                       text_wrap_row(str_view(&clean), rect.width, i), role);
    }
    return (int)rows;
}

static void
draw_step(const struct machine_lane *lane, struct val condition, struct grid *grid,
          struct grid_rect line)
{
    AUTO_STR struct str_builder note = { .max = 512 };
    size_t look = look_of(condition);

    (void)grid_put_glyph(grid, line.x, line.y, looks[look].glyph, looks[look].role);
    (void)grid_put_fit(grid, line.x + 2, line.y, STEP_WIDTH, val_str(val_get(condition, "type")),
                       looks[look].role == ROLE_DIM ? ROLE_DIM : ROLE_TEXT);
    write_note(lane->object, condition, &note);
    (void)grid_put_fit(grid, line.x + 2 + STEP_WIDTH, line.y, line.width - 2 - STEP_WIDTH,
                       str_view(&note), looks[look].role == ROLE_OK ? ROLE_DIM : looks[look].role);
}

/* "ops@10.0.0.7:22" */
static void
write_place(const struct machine_lane *lane, struct str_builder *out)
{
    struct val spec = val_get(lane->object, "spec");
    struct str user = val_str(val_get(spec, "user"));
    int64_t port = val_int(val_get(spec, "port"), 0);
    AUTO_STR struct str_builder text = { .max = 256 };

    if (val_is_str(val_get(spec, "transport"), "local")) {
        str_putz(&text, "this machine");
    } else {
        str_putf(&text, STR_FMT "@" STR_FMT, STR_ARG(user.size > 0 ? user : STR("root")),
                 STR_ARG(val_str(val_get(spec, "address"))));
    }
    if (port != 0) {
        str_putf(&text, ":%lld", (long long)port);
    }
    text_clean(out, str_view(&text), false);
}

static void
draw_one(const struct machine_lane *lane, struct grid *grid, struct grid_rect rect)
{
    AUTO_STR struct str_builder place = { .max = 256 };
    struct grid_rect line = { rect.x + 1, rect.y, rect.width - 2, 1 };
    int used = 0;

    if (val_is(lane->object)) {
        write_place(lane, &place);
        used = grid_put_fit(grid, line.x, line.y, line.width, str_view(&place), ROLE_TEXT) + 2;
        (void)grid_put_fit(grid, line.x + used, line.y, line.width - used, machine_lane_phase(lane),
                           machine_lane_role(lane));
        line.y += 2;
    }
    VAL_EACH (it, val_at(lane->object, "status.conditions")) {
        if (line.y < rect.y + rect.height) {
            draw_step(lane, it.value, grid, line);
        }
        line.y++;
    }
    line.y++;
    line.height = rect.y + rect.height - line.y;
    if (lane->problem != NULL) {
        (void)draw_wrapped(grid, line, str_of(lane->problem), ROLE_ERROR);
    } else if (!val_is(lane->object)) {
        (void)draw_wrapped(grid, line, STR("reading ..."), ROLE_DIM);
    } else {
        (void)draw_wrapped(grid, line, val_str(val_at(lane->object, "status.message")),
                           machine_lane_role(lane));
    }
}

static void
draw_line(const struct machine_view *m, size_t i, struct grid *grid, struct grid_rect line)
{
    const struct machine_lane *lane = &m->lanes[i];
    AUTO_STR struct str_builder message = { .max = 512 };
    struct val status = val_get(lane->object, "status");
    bool is_asking = machine_lane_question(lane).size > 0;
    int x = line.x + 2;

    if (i == m->current) {
        (void)grid_put_glyph(grid, line.x, line.y, GLYPH_CURSOR, ROLE_ACCENT);
    }
    (void)grid_put_fit(grid, x, line.y, NAME_WIDTH, str_of(lane->name), ROLE_TEXT);
    x += NAME_WIDTH + 1;
    (void)grid_put_fit(grid, x, line.y, PHASE_WIDTH, machine_lane_phase(lane),
                       machine_lane_role(lane));
    x += PHASE_WIDTH + 1;
    (void)grid_put_fit(grid, x, line.y, STEP_WIDTH, val_str(val_get(status, "step")), ROLE_TEXT);
    x += STEP_WIDTH + 1;
    text_clean(&message,
               lane->problem != NULL ? str_of(lane->problem)
               : is_asking           ? val_str(val_at(status, "prompt.message"))
                                     : val_str(val_get(status, "message")),
               false);
    (void)grid_put_fit(grid, x, line.y, line.x + line.width - x, str_view(&message),
                       lane->problem != NULL ? ROLE_ERROR : machine_lane_role(lane));
}

static void
draw_machine(struct view *view, struct grid *grid, struct grid_rect rect)
{
    const struct machine_view *m = machine_of(view);
    size_t first = m->current >= (size_t)rect.height ? m->current - (size_t)rect.height + 1 : 0;

    if (m->len == 1) {
        draw_one(&m->lanes[0], grid, rect);
        return;
    }
    for (size_t i = first; i < m->len && (int)(i - first) < rect.height; i++) {
        draw_line(m, i, grid,
                  (struct grid_rect){ rect.x, rect.y + (int)(i - first), rect.width, 1 });
    }
}

static void
title_machine(struct view *view, struct view_title *ret)
{
    const struct machine_view *m = machine_of(view);
    size_t ready = 0, done = 0, steps = 0;

    for (size_t i = 0; i < m->len; i++) {
        ready += machine_lane_role(&m->lanes[i]) == ROLE_OK ? 1 : 0;
    }
    VAL_EACH (it, val_at(m->lanes[0].object, "status.conditions")) {
        steps++;
        done += val_is_str(val_get(it.value, "status"), "True") ? 1 : 0;
    }
    (void)snprintf(ret->what, sizeof(ret->what), "Machine%s", m->len == 1 ? "" : "s");
    if (m->len == 1) {
        (void)snprintf(ret->where, sizeof(ret->where), "%s", m->lanes[0].name);
        (void)snprintf(ret->right, sizeof(ret->right), "%zu/%zu steps", done, steps);
    } else {
        (void)snprintf(ret->right, sizeof(ret->right), "%zu/%zu ready", ready, m->len);
    }
    if (feed_state(m->feed) == FEED_RETRYING) {
        (void)snprintf(ret->note, sizeof(ret->note), "%s", feed_problem(m->feed));
        ret->note_role = ROLE_ERROR;
    }
}

/* ---- actions ---- */

static unsigned
scopes_machine(struct view *view)
{
    (void)view;
    return SCOPE_BIT(SCOPE_MACHINE) | SCOPE_BIT(SCOPE_FLEET) | SCOPE_BIT(SCOPE_MOVE);
}

static bool
move_current(struct machine_view *m, enum action action)
{
    size_t last = m->len - 1;

    if (action == ACTION_UP) {
        m->current -= m->current > 0 ? 1 : 0;
    } else if (action == ACTION_DOWN) {
        m->current += m->current < last ? 1 : 0;
    } else if (action == ACTION_TOP || action == ACTION_BOTTOM) {
        m->current = action == ACTION_TOP ? 0 : last;
    } else {
        return false;
    }
    return true;
}

static bool
action_machine(struct view *view, enum action action)
{
    struct machine_view *m = machine_of(view);
    struct machine_lane *lane = &m->lanes[m->current];

    if (action == ACTION_ADD_MACHINE) {
        machine_form_open(view);
    } else if (action == ACTION_MACHINE_REMOVE) {
        machine_remove_ask(view, m->machines, (const char *const[]){ lane->name }, 1);
    } else if (action == ACTION_MACHINE_AGAIN) {
        machine_lane_again(lane);
    } else if (action == ACTION_MACHINE_OPEN && machine_lane_question(lane).size > 0) {
        open_question(m, lane);
    } else if (action == ACTION_MACHINE_OPEN && m->len > 1) {
        ui_push(view->ui, view_machine_new(view->ui, m->machines, str_of(lane->name), false));
    } else {
        return move_current(m, action);
    }
    return true;
}

/* ---- life ---- */

static void
close_machine(struct view *view)
{
    struct machine_view *m = machine_of(view);

    feed_free(m->feed);
    for (size_t i = 0; i < m->len; i++) {
        machine_lane_done(&m->lanes[i]);
    }
    arena_free(m->arena);
    mem_free(m);
}

static void
shown_machine(struct view *view)
{
    look_at_questions(machine_of(view));
}

static const struct view_ops machine_ops = {
    .close = close_machine,
    .draw = draw_machine,
    .title = title_machine,
    .scopes = scopes_machine,
    .action = action_machine,
    .shown = shown_machine,
};

static struct machine_view *
make(struct ui *ui, const struct resource *machines)
{
    struct machine_view *m = MEM_NEW(struct machine_view);

    view_init(&m->view, &machine_ops, ui);
    m->view.ticks = true;
    m->machines = machines;
    m->arena = arena_new();
    return m;
}

static struct machine_lane *
add_lane(struct machine_view *m, struct str name)
{
    struct machine_lane *lane = &m->lanes[m->len++];

    *lane = (struct machine_lane){
        .view = &m->view, .machines = m->machines, .changed = lane_changed, .name = str_dup(name)
    };
    return lane;
}

struct view *
view_machine_new(struct ui *ui, const struct resource *machines, struct str name, bool again)
{
    struct machine_view *m = make(ui, machines);
    struct machine_lane *lane = add_lane(m, name);

    lane->wants_again = again;
    machine_lane_read(lane);
    start_feed(m);
    return &m->view;
}

struct view *
view_machine_add(struct ui *ui, const struct resource *machines,
                 const struct machine_target *targets, size_t len,
                 const struct machine_target_extra *extra)
{
    struct machine_view *m = make(ui, machines);

    m->extra = (struct machine_target_extra){
        .key_path = arena_dupz(m->arena, str_of(extra->key_path)),
        .host_key = arena_dupz(m->arena, str_of(extra->host_key)),
        .node_name = arena_dupz(m->arena, str_of(extra->node_name)),
        .keeps = extra->keeps,
    };
    for (size_t i = 0; i < len; i++) {
        struct machine_target *target = arena_alloc(m->arena, sizeof(*target));
        struct machine_lane *lane = add_lane(m, targets[i].name);
        *target = targets[i];
        target->name = str_of(lane->name);
        target->user = arena_dup(m->arena, targets[i].user);
        target->host = arena_dup(m->arena, targets[i].host);
        lane->target = target;
        lane->extra = &m->extra;
        machine_lane_add(lane);
    }
    start_feed(m);
    return &m->view;
}

struct view *
view_machine_remove(struct ui *ui, const struct resource *machines, const char *const *names,
                    size_t len, bool forgets)
{
    struct machine_view *m = make(ui, machines);

    for (size_t i = 0; i < len; i++) {
        struct machine_lane *lane = add_lane(m, str_of(names[i]));
        lane->wants_removal = true;
        lane->forgets = forgets;
        machine_lane_read(lane);
    }
    start_feed(m);
    return &m->view;
}
