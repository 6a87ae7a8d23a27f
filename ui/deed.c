/* Deleting, scaling, restarting, cordoning: each a question and then one call per chosen object, at
 * most IN_FLIGHT at a time.  Called by tables; console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/deed.h"

#include <stdio.h>

#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/err.h"
#include "ui/ask.h"
#include "ui/dialog.h"
#include "ui/table.h"
#include "ui/ui.h"
#include "ui/view.h"

enum { TARGETS_MAX = 1000, IN_FLIGHT = 16, NAMED = 8, REPLICAS_MAX = 100000 };

enum deed_kind { DEED_DELETE, DEED_SCALE, DEED_RESTART, DEED_CORDON, DEED_UNCORDON };
static const struct {
    const char *title, *done; /* "Delete", "deleted" */
} words[] = {
    [DEED_DELETE] = { "Delete", "deleted" },        [DEED_SCALE] = { "Scale", "scaled" },
    [DEED_RESTART] = { "Restart", "restarted" },    [DEED_CORDON] = { "Cordon", "cordoned" },
    [DEED_UNCORDON] = { "Uncordon", "uncordoned" },
};
static const char *const propagations[] = { "Background", "Foreground", "Orphan", NULL };

struct target {
    char *ns, *name, *uid;
    int64_t replicas; /* wanted now, -1: not known */
};
struct deed {
    struct deed *prev, *next;
    struct ui *ui;
    enum deed_kind kind;
    const struct resource *resource;
    struct target *targets;
    size_t len, begun, ended, failed;
    struct asks asks;
    char *first_error;
    const char *propagation;
    int64_t grace_s;
    char *scale_to; /* "3", "+1", "-1" */
};

/* ---- life ---- */

static void
deed_free(void *ctx)
{
    struct deed *deed = ctx;

    if (deed == NULL) {
        return;
    }
    ask_drop_all(&deed->asks);
    for (size_t i = 0; i < deed->len; i++) {
        mem_free(deed->targets[i].ns);
        mem_free(deed->targets[i].name);
        mem_free(deed->targets[i].uid);
    }
    mem_free(deed->targets);
    mem_free(deed->first_error);
    mem_free(deed->scale_to);
    mem_free(deed);
}

/* READY says "2/3", the desired columns say "3". */
static int64_t
replicas_of(const struct table *table, const struct table_row *row)
{
    int64_t replicas = -1;

    for (size_t i = 0; i < table->column_len; i++) {
        struct str total = { 0 }, text = table_cell_text(row, i);
        if (strcmp(table->columns[i].name, "READY") == 0) {
            (void)str_cut(text, '/', &total);
            if (total.at != NULL && str_to_int(total, &replicas)) {
                return replicas;
            }
        } else if (strcmp(table->columns[i].name, "DESIRED") == 0 && str_to_int(text, &replicas)) {
            return replicas;
        }
    }
    return -1;
}

static struct deed *
deed_new(struct view *view, enum deed_kind kind, const struct resource *resource,
         struct table *table)
{
    AUTO_FREE const struct table_row **rows = mem_new_array(TARGETS_MAX, sizeof(*rows));
    size_t len = table_chosen(table, rows, TARGETS_MAX);
    struct deed *deed;

    if (len == 0) {
        return NULL;
    }
    deed = MEM_NEW(struct deed);
    deed->ui = view->ui;
    deed->kind = kind;
    deed->resource = resource;
    deed->grace_s = -1;
    deed->targets = mem_new_array(len, sizeof(*deed->targets));
    for (size_t i = 0; i < len; i++) {
        struct target *target = &deed->targets[deed->len++];
        /* A key with a slash is no uid: the object has none. */
        bool has_uid = strchr(rows[i]->key, '/') == NULL;
        target->ns = mem_strdup(rows[i]->ns);
        target->name = mem_strdup(rows[i]->name);
        target->uid = has_uid ? mem_strdup(rows[i]->key) : NULL;
        target->replicas = replicas_of(table, rows[i]);
    }
    return deed;
}

/* ---- calls ---- */

static void deed_step(struct deed *deed);

static void
say_result(struct deed *deed)
{
    size_t done = deed->len - deed->failed;

    if (deed->failed > 0) {
        ui_flash(deed->ui, ROLE_ERROR, "%s %zu of %zu: %s", words[deed->kind].done, done, deed->len,
                 deed->first_error);
    } else if (deed->len == 1) {
        ui_flash(deed->ui, ROLE_OK, "%s %s %s%s%s", words[deed->kind].done, deed->resource->kind,
                 deed->targets[0].ns, deed->targets[0].ns[0] == '\0' ? "" : "/",
                 deed->targets[0].name);
    } else {
        ui_flash(deed->ui, ROLE_OK, "%s %zu %s", words[deed->kind].done, deed->len,
                 deed->resource->plural);
    }
}

static void
on_answer(void *ctx, const struct reply *reply, struct err *owned)
{
    struct deed *deed = ctx;
    AUTO_ERR struct err *err = owned;

    (void)reply;
    deed->ended++;
    if (err != NULL) {
        deed->failed++;
        if (deed->first_error == NULL) {
            deed->first_error = mem_strdup(err->message);
        }
    }
    deed_step(deed);
}

/* {"metadata":{"uid":…},…}: the patch fails on another object of that name. */
static void
write_patch(const struct deed *deed, const struct target *target, int64_t replicas, struct jw *w)
{
    char time[CLOCK_TEXT_SIZE];

    jw_obj(w);
    if (target->uid != NULL && deed->kind != DEED_SCALE) {
        jw_keyz(w, "metadata");
        jw_obj(w);
        jw_kvz(w, "uid", target->uid);
        jw_end(w);
    }
    jw_keyz(w, "spec");
    jw_obj(w);
    if (deed->kind == DEED_SCALE) {
        jw_kint(w, "replicas", replicas);
    } else if (deed->kind == DEED_RESTART) {
        jw_keyz(w, "template");
        jw_obj(w);
        jw_keyz(w, "metadata");
        jw_obj(w);
        jw_keyz(w, "annotations");
        jw_obj(w);
        /* The name that kubectl uses, so that both are seen as one history. */
        jw_kv(w, "kubectl.kubernetes.io/restartedAt", clock_text(clock_wall_ms(), time));
        jw_end(w);
        jw_end(w);
        jw_end(w);
    } else if (deed->kind == DEED_CORDON) {
        jw_kbool(w, "unschedulable", true);
    } else {
        jw_keyz(w, "unschedulable");
        jw_null(w);
    }
    jw_end(w);
    jw_end(w);
}

/* What scale_to means for this one; -1: it cannot be told. */
static int64_t
wanted_replicas(const struct deed *deed, const struct target *target)
{
    struct str text = str_of(deed->scale_to);
    bool is_relative = text.size > 1 && (text.at[0] == '+' || text.at[0] == '-');
    int64_t number = 0;

    if (!str_to_int(is_relative ? str_slice(text.at + 1, text.size - 1) : text, &number) ||
        number < 0 || number > REPLICAS_MAX || (is_relative && target->replicas < 0)) {
        return -1;
    }
    if (!is_relative) {
        return number;
    }
    number = text.at[0] == '+' ? target->replicas + number : target->replicas - number;
    return number < 0 ? 0 : number;
}

static void
begin(struct deed *deed, const struct target *target)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct call call = call_of(deed->kind == DEED_DELETE ? VERB_DELETE : VERB_PATCH, deed->resource,
                               str_of(target->ns), str_of(target->name));
    struct jw w;

    call.accept = ACCEPT_RAW;
    if (deed->kind == DEED_DELETE) {
        call.propagation_policy = deed->propagation;
        call.grace_s = deed->grace_s;
        call.pre_uid = str_of(target->uid);
    } else {
        jw_init(&w, arena);
        write_patch(deed, target, deed->kind == DEED_SCALE ? wanted_replicas(deed, target) : 0, &w);
        call.body = jw_done(&w);
        call.body_type = BODY_MERGE_PATCH;
        call.field_manager = STR("binnacle-console");
        call.subresource = deed->kind == DEED_SCALE ? "scale" : NULL;
    }
    (void)ask_call(&deed->asks, ui_client(deed->ui), &call, on_answer, deed);
}

static void
unlink_deed(struct deed *deed)
{
    struct deeds *deeds = ui_deeds(deed->ui);

    if (deed->prev != NULL) {
        deed->prev->next = deed->next;
    } else {
        deeds->first = deed->next;
    }
    if (deed->next != NULL) {
        deed->next->prev = deed->prev;
    }
}

static void
deed_step(struct deed *deed)
{
    while (deed->begun < deed->len && deed->begun - deed->ended < IN_FLIGHT) {
        begin(deed, &deed->targets[deed->begun++]);
    }
    if (deed->ended == deed->len) {
        say_result(deed);
        unlink_deed(deed);
        deed_free(deed);
    }
}

static void
deed_start(struct deed *deed)
{
    struct deeds *deeds = ui_deeds(deed->ui);

    deed->next = deeds->first;
    if (deed->next != NULL) {
        deed->next->prev = deed;
    }
    deeds->first = deed;
    deed_step(deed);
}

void
deed_drop_all(struct deeds *deeds)
{
    while (deeds->first != NULL) {
        struct deed *deed = deeds->first;
        deeds->first = deed->next;
        if (deed->next != NULL) {
            deed->next->prev = NULL;
        }
        deed_free(deed);
    }
}

/* ---- questions ---- */

/* The deed in a dialog is the dialog's until it is answered. */
static struct deed *
take_deed(struct dialog *dialog)
{
    struct deed *deed = dialog->ctx;

    dialog->free_ctx = NULL;
    return deed;
}

static void
on_delete_answer(void *ctx, struct dialog *dialog, int button)
{
    struct deed *deed = ctx;
    struct str grace = str_trim(str_of(dialog->fields[1].text));

    if (button != 1) {
        return;
    }
    if (grace.size > 0 && !str_is(grace, "default") &&
        (!str_to_int(grace, &deed->grace_s) || deed->grace_s < 0)) {
        ui_flash(deed->ui, ROLE_ERROR, "'" STR_FMT "' is no number of seconds", STR_ARG(grace));
        return;
    }
    deed->propagation = propagations[dialog->fields[0].choice];
    deed_start(take_deed(dialog));
}

static void
on_scale_answer(void *ctx, struct dialog *dialog, int button)
{
    struct deed *deed = ctx;

    if (button != 1) {
        return;
    }
    deed->scale_to = str_dup(str_trim(str_of(dialog->fields[0].text)));
    for (size_t i = 0; i < deed->len; i++) {
        if (wanted_replicas(deed, &deed->targets[i]) < 0) {
            ui_flash(deed->ui, ROLE_ERROR, "'%s' is no number of replicas: 3, +1 or -1",
                     deed->scale_to);
            return;
        }
    }
    deed_start(take_deed(dialog));
}

static void
on_plain_answer(void *ctx, struct dialog *dialog, int button)
{
    (void)ctx;
    if (button == 1) {
        deed_start(take_deed(dialog));
    }
}

/* "Delete 3 pods" with their names as text. */
static struct dialog *
ask_about(struct deed *deed, dialog_fn *done, const char *more)
{
    AUTO_FREE char *title =
        deed->len == 1
            ? mem_printf("%s %s", words[deed->kind].title, deed->resource->kind)
            : mem_printf("%s %zu %s", words[deed->kind].title, deed->len, deed->resource->plural);
    AUTO_STR struct str_builder text = { 0 };
    struct dialog *dialog = dialog_new(title, done, deed);

    for (size_t i = 0; i < deed->len && i < NAMED; i++) {
        const struct target *target = &deed->targets[i];
        str_putf(&text, "%s%s%s%s", i == 0 ? "" : "\n", target->ns,
                 target->ns[0] == '\0' ? "" : "/", target->name);
    }
    if (deed->len > NAMED) {
        str_putf(&text, "\nand %zu more", deed->len - NAMED);
    }
    if (more[0] != '\0') {
        str_putf(&text, "\n%s", more);
    }
    dialog->free_ctx = deed_free;
    dialog_set_text(dialog, STR_FMT, STR_ARG(str_view(&text)));
    return dialog;
}

static void
add_buttons(struct dialog *dialog, const char *label)
{
    dialog_add_button(dialog, "Cancel");
    dialog_add_button(dialog, label);
}

void
deed_delete(struct view *view, const struct resource *resource, struct table *table, bool force_now)
{
    struct deed *deed = deed_new(view, DEED_DELETE, resource, table);
    size_t hidden = table_marked_hidden(table);
    AUTO_FREE char *more = NULL;
    struct dialog *dialog;

    if (deed == NULL) {
        return;
    }
    more = strcmp(resource->kind, "Namespace") == 0 && resource->group[0] == '\0'
               ? mem_strdup("Everything in it goes, too.")
           : hidden > 0 ? mem_printf("%zu of them hidden by the filter", hidden)
                        : mem_strdup("");
    dialog = ask_about(deed, on_delete_answer, more);
    dialog->is_danger = true;
    (void)dialog_add_choice(dialog, "Propagation", propagations);
    (void)dialog_add_text(dialog, "Grace, seconds", force_now ? "0" : "default");
    add_buttons(dialog, "Delete");
    dialog_focus_button(dialog, 0);
    view_ask(view, dialog);
}

void
deed_scale(struct view *view, const struct resource *resource, struct table *table)
{
    struct deed *deed = deed_new(view, DEED_SCALE, resource, table);
    char now[24] = "";
    struct dialog *dialog;

    if (deed == NULL) {
        return;
    }
    if (deed->targets[0].replicas >= 0) {
        (void)snprintf(now, sizeof(now), "%lld", (long long)deed->targets[0].replicas);
    }
    dialog = ask_about(deed, on_scale_answer, "");
    (void)dialog_add_text(dialog, "Replicas", now);
    add_buttons(dialog, "Scale");
    view_ask(view, dialog);
}

void
deed_restart(struct view *view, const struct resource *resource, struct table *table)
{
    struct deed *deed = deed_new(view, DEED_RESTART, resource, table);
    struct dialog *dialog;

    if (deed == NULL) {
        return;
    }
    dialog = ask_about(deed, on_plain_answer, "Its pods are replaced by its own strategy.");
    add_buttons(dialog, "Restart");
    dialog_focus_button(dialog, 0);
    view_ask(view, dialog);
}

void
deed_cordon(struct view *view, const struct resource *resource, struct table *table, bool cordons)
{
    struct deed *deed = deed_new(view, cordons ? DEED_CORDON : DEED_UNCORDON, resource, table);

    if (deed != NULL) {
        deed_start(deed);
    }
}
