/* Machines one by one: calls and questions.  Called by view_machine.c; console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/machine_lane.h"

#include <stdio.h>

#include "api/registry.h"
#include "base/arena.h"
#include "base/err.h"
#include "client/client.h"
#include "ui/ask.h"
#include "ui/dialog.h"
#include "ui/text.h"
#include "ui/ui.h"
#include "ui/view.h"

enum { QUESTION_WIDTH = 66, QUESTION_MAX = 2048 };

void
machine_lane_done(struct machine_lane *lane)
{
    arena_free(lane->arena);
    mem_free(lane->name);
    mem_free(lane->problem);
}

static const char machine_removed[] = "it is removed";

static void
set_problem(struct machine_lane *lane, const char *problem)
{
    mem_free(lane->problem);
    lane->problem = problem == NULL ? NULL : mem_strdup(problem);
    lane->changed(lane);
}

static void
start(struct machine_lane *lane, const struct call *call, ask_done_fn *done)
{
    (void)ask_call(&lane->view->asks, ui_client(lane->view->ui), call, done, lane);
}

/* ---- running the steps again ---- */

static void
on_patched(void *ctx, const struct reply *reply, struct err *owned)
{
    struct machine_lane *lane = ctx;
    AUTO_ERR struct err *err = owned;

    (void)reply;
    if (err != NULL) {
        set_problem(lane, err->message);
    }
}

static void
patch_again(struct machine_lane *lane)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct call call = call_of(VERB_PATCH, lane->machines, (struct str){ 0 }, str_of(lane->name));
    int64_t tries = val_int(val_at(lane->object, "spec.tries"), 0) + 1;

    call.body = lane->target != NULL
                    ? machine_target_again(lane->target, lane->extra, tries, arena)
                    : arena_printf(arena, "{\"spec\":{\"tries\":%lld}}", (long long)tries);
    call.body_type = BODY_MERGE_PATCH;
    call.accept = ACCEPT_RAW;
    call.field_manager = STR("binnacle-console");
    start(lane, &call, on_patched);
}

/* ---- removal ---- */

static void
on_forgotten(void *ctx, const struct reply *reply, struct err *owned)
{
    struct machine_lane *lane = ctx;
    AUTO_ERR struct err *err = owned;

    (void)reply;
    if (err != NULL && err->code != ERR_NOT_FOUND) { /* which: it is gone */
        set_problem(lane, err->message);
    }
}

/* A removal that failed is tried once more by the same patch. */
static void
patch_removal(struct machine_lane *lane)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct call call = call_of(VERB_PATCH, lane->machines, (struct str){ 0 }, str_of(lane->name));

    call.body = arena_printf(arena, "{\"spec\":{\"tries\":%lld%s}}",
                             (long long)val_int(val_at(lane->object, "spec.tries"), 0) + 1,
                             lane->forgets ? ",\"forget\":true" : "");
    call.body_type = BODY_MERGE_PATCH;
    call.accept = ACCEPT_RAW;
    call.field_manager = STR("binnacle-console");
    start(lane, &call, on_forgotten);
}

static void
on_deleted(void *ctx, const struct reply *reply, struct err *owned)
{
    struct machine_lane *lane = ctx;
    AUTO_ERR struct err *err = owned;

    (void)reply;
    if (err != NULL && err->code != ERR_NOT_FOUND) {
        set_problem(lane, err->message);
    } else if (err == NULL && lane->forgets) {
        patch_removal(lane);
    }
}

static void
begin_removal(struct machine_lane *lane)
{
    struct call call = call_of(VERB_DELETE, lane->machines, (struct str){ 0 }, str_of(lane->name));

    lane->wants_removal = false;
    if (val_is(val_at(lane->object, "metadata.deletionTimestamp"))) {
        patch_removal(lane);
        return;
    }
    call.accept = ACCEPT_RAW;
    call.pre_uid = val_str(val_at(lane->object, "metadata.uid"));
    start(lane, &call, on_deleted);
}

/* They may run already. */
static bool
is_idle(const struct machine_lane *lane)
{
    return val_int(val_at(lane->object, "status.observedGeneration"), 0) >=
           val_int(val_at(lane->object, "metadata.generation"), 1);
}

void
machine_lane_again(struct machine_lane *lane)
{
    lane->wants_again = false;
    if (is_idle(lane)) {
        patch_again(lane);
    } else {
        ui_flash(lane->view->ui, ROLE_WARN, "the steps of %s are running", lane->name);
    }
}

/* ---- reading ---- */

static void
on_read(void *ctx, const struct reply *reply, struct err *owned)
{
    struct machine_lane *lane = ctx;
    AUTO_ERR struct err *err = owned;
    struct arena *arena = arena_new();
    const struct doc *doc =
        err == NULL ? doc_parse(arena, arena_dup(arena, reply->bytes), &err) : NULL;

    lane->is_reading = false;
    if (doc == NULL) {
        bool is_gone = lane->was_read && err->code == ERR_NOT_FOUND;
        arena_free(arena);
        set_problem(lane, is_gone ? machine_removed : err->message);
    } else {
        arena_free(lane->arena);
        lane->was_read = true;
        lane->arena = arena;
        lane->object = doc_root(doc);
        set_problem(lane, NULL);
    }
    if (doc != NULL && lane->wants_removal) {
        begin_removal(lane);
    }
    if (doc != NULL && lane->wants_again) {
        lane->wants_again = false;
        if (is_idle(lane)) {
            patch_again(lane);
        }
    }
    if (lane->is_stale) {
        machine_lane_read(lane);
    }
}

void
machine_lane_read(struct machine_lane *lane)
{
    struct call call = call_of(VERB_GET, lane->machines, (struct str){ 0 }, str_of(lane->name));

    lane->is_stale = lane->is_reading;
    if (lane->is_reading) {
        return; /* once more after that */
    }
    lane->is_reading = true;
    call.accept = ACCEPT_RAW;
    start(lane, &call, on_read);
}

void
machine_lane_gone(struct machine_lane *lane)
{
    lane->is_stale = lane->is_reading; /* what is on its way may be what it was */
    set_problem(lane, machine_removed);
    arena_free(lane->arena);
    lane->arena = NULL;
    lane->object = (struct val){ 0 };
    lane->changed(lane);
}

/* ---- adding ---- */

static void
on_created(void *ctx, const struct reply *reply, struct err *owned)
{
    struct machine_lane *lane = ctx;
    AUTO_ERR struct err *err = owned;

    (void)reply;
    if (err != NULL && err->code != ERR_ALREADY_EXISTS) {
        set_problem(lane, err->message);
        return;
    }
    lane->wants_again = err != NULL;
    machine_lane_read(lane);
}

void
machine_lane_add(struct machine_lane *lane)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct call call = call_of(VERB_CREATE, lane->machines, (struct str){ 0 }, (struct str){ 0 });

    call.body = machine_target_machine(lane->target, lane->extra, arena);
    call.accept = ACCEPT_RAW;
    call.field_manager = STR("binnacle-console");
    start(lane, &call, on_created);
}

/* ---- what it says ---- */

struct str
machine_lane_phase(const struct machine_lane *lane)
{
    return val_str(val_at(lane->object, "status.phase"));
}

enum role
machine_lane_role(const struct machine_lane *lane)
{
    struct str phase = machine_lane_phase(lane);

    return str_is(phase, "Ready")     ? ROLE_OK
           : str_is(phase, "Failed")  ? ROLE_ERROR
           : str_is(phase, "Waiting") ? ROLE_WARN
                                      : ROLE_PENDING;
}

struct str
machine_lane_question(const struct machine_lane *lane)
{
    return val_str(val_at(lane->object, "status.prompt.id"));
}

/* ---- questions ---- */

enum answer_way { ANSWER_HIDDEN, ANSWER_YES_NO, ANSWER_NAME };
static const struct question_kind {
    const char *kind, *title, *label, *yes;
    enum answer_way way;
} kinds[] = {
    { "hostKey", "Host key", "", "It is", ANSWER_YES_NO },
    { "hostKeyChanged", "The host key has CHANGED", "Host", "Pin the new one", ANSWER_NAME },
    { "password", "Password", "Password", "Log in", ANSWER_HIDDEN },
    { "passphrase", "Passphrase", "Passphrase", "Open the key", ANSWER_HIDDEN },
    { "sudo", "Password for sudo", "Password", "Become root", ANSWER_HIDDEN },
    { "", "Question", "Answer", "Answer", ANSWER_HIDDEN }, /* of a newer control plane */
};

static const struct question_kind *
kind_of(const struct machine_lane *lane)
{
    struct str kind = val_str(val_at(lane->object, "status.prompt.kind"));
    size_t i = 0;

    while (i + 1 < ARRAY_LEN(kinds) && !str_is(kind, kinds[i].kind)) {
        i++;
    }
    return &kinds[i];
}

static void
on_answered(void *ctx, const struct reply *reply, struct err *owned)
{
    struct machine_lane *lane = ctx;
    AUTO_ERR struct err *err = owned;

    (void)reply;
    if (err != NULL && err->code != ERR_NOT_FOUND) { /* which: it stands no longer */
        ui_flash(lane->view->ui, ROLE_ERROR, "%s: %s", lane->name, err->message);
    }
}

static void
send_answer(struct machine_lane *lane, struct str value)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct call call = call_of(VERB_CREATE, NULL, (struct str){ 0 }, (struct str){ 0 });
    struct jw w;

    jw_init(&w, NULL);
    jw_obj(&w);
    jw_kvz(&w, "id", lane->put_off);
    jw_kv(&w, "value", value);
    jw_end(&w);
    call.path = arena_printf(arena, "/apis/binnacle.io/v1/machines/%s/answer", lane->name);
    call.body = jw_done(&w);
    call.accept = ACCEPT_RAW;
    start(lane, &call, on_answered);
    mem_wipe(w.at, w.size);
    jw_cleanup(&w);
}

/* Esc leaves the question for later; so does the first button of those that hide. */
static void
on_question_answer(void *ctx, struct dialog *dialog, int button)
{
    struct machine_lane *lane = ctx;
    bool is_yes_no = kind_of(lane)->way == ANSWER_YES_NO;

    if (is_yes_no && button >= 0) {
        send_answer(lane, button == 1 ? STR("yes") : STR("no"));
    } else if (button == 1) {
        send_answer(lane, str_of(dialog->fields[0].text));
    }
    lane->changed(lane);
}

/* Foreign text as lines that fit, broken between words where there are any. */
static void
wrap(struct str text, struct str_builder *out)
{
    AUTO_STR struct str_builder clean = { .max = QUESTION_MAX };
    int used = 0;

    text_clean(&clean, text, false);
    for (struct str rest = str_view(&clean); rest.size > 0;) {
        struct str word = str_cut(rest, ' ', &rest);
        int width = text_width(word);
        if (used > 0 && used + 1 + width > QUESTION_WIDTH) {
            str_putc(out, '\n');
            used = 0;
        }
        str_putf(out, "%s" STR_FMT, used > 0 ? " " : "", STR_ARG(word));
        used += width + (used > 0 ? 1 : 0);
    }
}

struct dialog *
machine_lane_ask(struct machine_lane *lane)
{
    const struct question_kind *kind = kind_of(lane);
    AUTO_FREE char *title = mem_printf("%s: %s", lane->name, kind->title);
    AUTO_STR struct str_builder text = { 0 };
    struct dialog *dialog = dialog_new(title, on_question_answer, lane);
    struct str id = machine_lane_question(lane);

    (void)snprintf(lane->put_off, sizeof(lane->put_off), STR_FMT, STR_ARG(id));
    wrap(val_str(val_at(lane->object, "status.prompt.message")), &text);
    dialog_set_text(dialog, STR_FMT, STR_ARG(str_view(&text)));
    dialog->is_danger = kind->way == ANSWER_NAME;
    if (kind->way == ANSWER_HIDDEN) {
        (void)dialog_add_secret(dialog, kind->label);
    } else if (kind->way == ANSWER_NAME) {
        (void)dialog_add_text(dialog, kind->label, "");
    }
    dialog_add_button(dialog, kind->way == ANSWER_YES_NO ? "It is not" : "Later");
    dialog_add_button(dialog, kind->yes);
    if (kind->way == ANSWER_YES_NO) {
        dialog_focus_button(dialog, 0);
    }
    return dialog;
}
