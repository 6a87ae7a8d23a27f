/* Logs: a byte stream of the API into a ring of 32 MiB, shown by a pager.  Console's thread.
 *
 * Lines come with time stamps always, so that showing them, and going on after the stream broke,
 * need no new question. The stream is read no faster than the loop draws: what is not taken stays
 * with the server. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/view_logs.h"

#include <stdio.h>

#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "ui/ask.h"
#include "ui/dialog.h"
#include "ui/hunt.h"
#include "ui/logring.h"
#include "ui/pager.h"
#include "ui/save.h"
#include "ui/text.h"
#include "ui/ui.h"
#include "ui/view.h"
#include "ui/view_text.h"

enum { RING_BYTES = 32 << 20, TAIL_LINES = 1000, RETRY_MS = 1500, CONTAINERS_MAX = 64 };

/* Where the log begins. */
static const struct {
    enum action action;
    const char *query, *name;
} ranges[] = {
    { ACTION_LOG_TAIL, "tailLines=1000", "tail" }, { ACTION_LOG_HEAD, "", "all" },
    { ACTION_LOG_1M, "sinceSeconds=60", "1m" },    { ACTION_LOG_5M, "sinceSeconds=300", "5m" },
    { ACTION_LOG_15M, "sinceSeconds=900", "15m" }, { ACTION_LOG_30M, "sinceSeconds=1800", "30m" },
    { ACTION_LOG_1H, "sinceSeconds=3600", "1h" },
};

struct logs_view {
    struct view view;
    const struct resource *pods;
    char *ns, *name;
    char *containers[CONTAINERS_MAX];
    size_t container_len, container; /* container: the one that is shown */
    size_t range;
    char *wanted; /* container that was asked for, "" none */
    struct logring ring;
    struct pager pager;
    struct hunt hunt;
    struct ask *stream;
    struct loop_timer *retry;
    char *problem;
    bool is_previous, shows_times, is_ended;
};

static struct logs_view *
logs_of(struct view *view)
{
    return container_of(view, struct logs_view, view);
}

/* ---- source of the pager ---- */

static uint64_t
source_first(const void *ctx)
{
    const struct logs_view *logs = ctx;

    return logs->ring.first;
}

static uint64_t
source_end(const void *ctx)
{
    const struct logs_view *logs = ctx;

    return logs->ring.end;
}

static struct str
source_line(const void *ctx, uint64_t number)
{
    const struct logs_view *logs = ctx;

    return logring_line(&logs->ring, number, logs->shows_times);
}

static const struct pager_source source = { source_first, source_end, source_line };

/* ---- stream ---- */

static void start_stream(struct logs_view *logs, bool goes_on);

static void
set_problem(struct logs_view *logs, const char *problem)
{
    mem_free(logs->problem);
    logs->problem = mem_strdup(problem);
    ui_dirty(logs->view.ui);
}

static size_t
on_data(void *ctx, const void *bytes, size_t size)
{
    struct logs_view *logs = ctx;

    if (logs->problem != NULL) {
        set_problem(logs, NULL);
    }
    logring_add(&logs->ring, bytes, size, true);
    ui_dirty(logs->view.ui);
    return size;
}

static void
on_retry(void *ctx)
{
    struct logs_view *logs = ctx;

    logs->retry = NULL;
    start_stream(logs, true);
}

static void
on_end(void *ctx, const struct reply *reply, struct err *owned)
{
    struct logs_view *logs = ctx;
    AUTO_ERR struct err *err = owned;

    (void)reply;
    logs->stream = NULL;
    logring_flush(&logs->ring, true);
    if (err == NULL) {
        logs->is_ended = true; /* the container is over, or these were the previous logs */
        set_problem(logs, NULL);
        return;
    }
    set_problem(logs, err->message);
    /* A container that is just being made has no log yet; a lost node comes back. */
    logs->retry = loop_timer(ui_loop(logs->view.ui), clock_mono_ms() + RETRY_MS, on_retry, logs);
}

/* goes_on: from the newest line's second; what comes twice is left out. */
static void
start_stream(struct logs_view *logs, bool goes_on)
{
    AUTO_STR struct str_builder query = { 0 };
    struct call call = call_of(VERB_GET, logs->pods, str_of(logs->ns), str_of(logs->name));
    struct str from;

    loop_timer_cancel(STEAL(logs->retry));
    ask_drop(STEAL(logs->stream));
    logs->is_ended = false;
    if (!goes_on) {
        logring_clear(&logs->ring);
    }
    from = logring_resume(&logs->ring);
    str_putf(&query, "container=%s&timestamps=true", logs->containers[logs->container]);
    str_putz(&query, logs->is_previous ? "&previous=true" : "&follow=true");
    if (from.size > 0) {
        str_putf(&query, "&sinceTime=" STR_FMT, STR_ARG(from));
    } else if (ranges[logs->range].query[0] != '\0') {
        str_putf(&query, "&%s", ranges[logs->range].query);
    }
    call.subresource = "log";
    call.query = str_view(&query);
    call.accept = ACCEPT_RAW;
    logs->stream =
        ask_stream(&logs->view.asks, ui_client(logs->view.ui), &call, on_data, on_end, logs);
    ui_dirty(logs->view.ui);
}

/* ---- containers ---- */

static void
on_container(void *ctx, struct dialog *dialog, int button)
{
    struct logs_view *logs = ctx;

    (void)dialog;
    if (button >= 0 && (size_t)button < logs->container_len) {
        logs->container = (size_t)button;
        start_stream(logs, false);
    } else if (logs->stream == NULL && logs->ring.end == 0) {
        start_stream(logs, false); /* the first, when none was chosen */
    }
}

static void
ask_container(struct logs_view *logs)
{
    struct dialog *dialog = dialog_new("Container", on_container, logs);

    for (size_t i = 0; i < logs->container_len; i++) {
        dialog_add_menu(dialog, str_of(logs->containers[i]));
    }
    dialog->focus = (int)logs->container;
    view_ask(&logs->view, dialog);
}

static void
add_containers(struct logs_view *logs, struct val specs)
{
    VAL_EACH (it, specs) {
        struct str name = val_str(val_get(it.value, "name"));
        if (name.size > 0 && logs->container_len < CONTAINERS_MAX) {
            logs->containers[logs->container_len++] = str_dup(name);
        }
    }
}

/* What was asked for, else what the annotation says that kubectl reads, too. */
static void
choose_container(struct logs_view *logs, struct val object)
{
    struct str wanted = val_str(val_member(val_at(object, "metadata.annotations"),
                                           STR("kubectl.kubernetes.io/default-container")));

    wanted = logs->wanted[0] != '\0' ? str_of(logs->wanted) : wanted;
    for (size_t i = 0; i < logs->container_len; i++) {
        if (str_is(wanted, logs->containers[i])) {
            logs->container = i;
        }
    }
}

static void
on_pod(void *ctx, const struct reply *reply, struct err *owned)
{
    struct logs_view *logs = ctx;
    AUTO_ERR struct err *err = owned;
    AUTO_ARENA struct arena *arena = arena_new();
    const struct doc *doc = err == NULL ? doc_parse(arena, reply->bytes, &err) : NULL;

    if (doc == NULL) {
        set_problem(logs, err->message);
        return;
    }
    add_containers(logs, val_at(doc_root(doc), "spec.containers"));
    add_containers(logs, val_at(doc_root(doc), "spec.initContainers"));
    add_containers(logs, val_at(doc_root(doc), "spec.ephemeralContainers"));
    choose_container(logs, doc_root(doc));
    if (logs->container_len == 0) {
        set_problem(logs, "the pod has no containers");
        return;
    }
    start_stream(logs, false);
    if (logs->container_len > 1 && logs->wanted[0] == '\0') {
        ask_container(logs);
    }
}

/* ---- operations ---- */

static void
close_logs(struct view *view)
{
    struct logs_view *logs = logs_of(view);

    loop_timer_cancel(logs->retry);
    hunt_stop(&logs->hunt);
    pager_done(&logs->pager);
    logring_done(&logs->ring);
    for (size_t i = 0; i < logs->container_len; i++) {
        mem_free(logs->containers[i]);
    }
    mem_free(logs->ns);
    mem_free(logs->name);
    mem_free(logs->problem);
    mem_free(logs->wanted);
    mem_free(logs);
}

static void
draw_logs(struct view *view, struct grid *grid, struct grid_rect rect)
{
    struct logs_view *logs = logs_of(view);

    pager_draw(&logs->pager, grid, rect);
    if (logs->ring.end == logs->ring.first) {
        (void)grid_putz(grid, rect.x + 1, rect.y, rect.width - 1,
                        logs->is_ended ? "no lines" : "waiting for lines ...", ROLE_DIM);
    }
}

static void
title_logs(struct view *view, struct view_title *ret)
{
    const struct logs_view *logs = logs_of(view);
    const char *container = logs->container_len == 0 ? "" : logs->containers[logs->container];

    (void)snprintf(ret->what, sizeof(ret->what), "%s",
                   logs->is_previous ? "Previous logs" : "Logs");
    (void)snprintf(ret->where, sizeof(ret->where), "%s/%s%s%s", logs->ns, logs->name,
                   container[0] == '\0' ? "" : "  ", container);
    if (logs->problem != NULL) {
        (void)snprintf(ret->note, sizeof(ret->note), "%s", logs->problem);
        ret->note_role = ROLE_WARN;
    } else if (logs->pager.pattern != NULL) {
        (void)snprintf(ret->note, sizeof(ret->note), "/" STR_FMT "%s",
                       STR_ARG(pager_pattern(&logs->pager)), hunt_is_on(&logs->hunt) ? " ..." : "");
    } else if (logs->is_ended) {
        (void)snprintf(ret->note, sizeof(ret->note), "ended");
    }
    (void)snprintf(ret->right, sizeof(ret->right), "%s%s%s  %llu lines",
                   logs->pager.is_following ? "following  " : "",
                   logs->pager.is_wrapped ? "wrap  " : "", ranges[logs->range].name,
                   (unsigned long long)(logs->ring.end - logs->ring.first));
}

static unsigned
scopes_logs(struct view *view)
{
    (void)view;
    return SCOPE_BIT(SCOPE_LOGS) | SCOPE_BIT(SCOPE_TEXT) | SCOPE_BIT(SCOPE_MOVE);
}

static void
write_all(const struct logs_view *logs, struct str_builder *out)
{
    for (uint64_t n = logs->ring.first; n < logs->ring.end; n++) {
        str_put(out, source_line(logs, n));
        str_putc(out, '\n');
    }
}

static void
take_all(struct logs_view *logs, enum action action)
{
    AUTO_STR struct str_builder text = { 0 };

    write_all(logs, &text);
    if (action == ACTION_COPY_TEXT) {
        ui_copy(logs->view.ui, str_view(&text), "the lines");
    } else {
        save_text(logs->view.ui, logs->name, "log", str_view(&text));
    }
}

static bool
choose_range(struct logs_view *logs, enum action action)
{
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        if (ranges[i].action == action && logs->container_len > 0) {
            logs->range = i;
            logs->pager.is_following = true;
            start_stream(logs, false);
            return true;
        }
    }
    return false;
}

static bool
action_logs(struct view *view, enum action action)
{
    struct logs_view *logs = logs_of(view);

    if (action == ACTION_FOLLOW) {
        logs->pager.is_following = !logs->pager.is_following;
    } else if (action == ACTION_BOTTOM) {
        logs->pager.is_following = true;
    } else if (action == ACTION_TIMESTAMPS) {
        logs->shows_times = !logs->shows_times;
    } else if (action == ACTION_CONTAINER) {
        ask_container(logs);
    } else if (action == ACTION_LOG_PREVIOUS || action == ACTION_REFRESH) {
        logs->is_previous = action == ACTION_LOG_PREVIOUS ? !logs->is_previous : logs->is_previous;
        if (logs->container_len > 0) {
            start_stream(logs, false);
        }
    } else if (action == ACTION_CLEAR_LOGS) {
        logring_clear(&logs->ring);
    } else if (action == ACTION_COPY_TEXT || action == ACTION_SAVE_TEXT) {
        take_all(logs, action);
    } else {
        return view_text_move(view->ui, &logs->hunt, action) || choose_range(logs, action);
    }
    return true;
}

static void
typed_logs(struct view *view, struct str typed, bool is_final)
{
    hunt_text(&logs_of(view)->hunt, typed, is_final);
}

static bool
back_logs(struct view *view)
{
    struct logs_view *logs = logs_of(view);

    if (logs->pager.pattern == NULL) {
        return false;
    }
    hunt_text(&logs->hunt, (struct str){ 0 }, true);
    return true;
}

static const struct view_ops logs_ops = {
    .close = close_logs,
    .draw = draw_logs,
    .title = title_logs,
    .scopes = scopes_logs,
    .action = action_logs,
    .typed = typed_logs,
    .back = back_logs,
};

struct view *
view_logs_new(struct ui *ui, const struct resource *pods, struct str ns, struct str name,
              const struct view_logs_spec *spec)
{
    struct logs_view *logs = MEM_NEW(struct logs_view);
    struct call call = call_of(VERB_GET, pods, ns, name);

    view_init(&logs->view, &logs_ops, ui);
    logs->pods = pods;
    logs->ns = str_dup(ns);
    logs->name = str_dup(name);
    logs->is_previous = spec->is_previous;
    logs->wanted = str_dup(spec->container);
    logring_init(&logs->ring, RING_BYTES);
    pager_init(&logs->pager, &source, logs);
    hunt_init(&logs->hunt, ui, &logs->pager);
    logs->pager.is_following = true;
    call.accept = ACCEPT_RAW;
    (void)ask_call(&logs->view.asks, ui_client(ui), &call, on_pod, logs);
    return &logs->view;
}
