/* Editing as YAML: read, edit, patch, and again with the reason when it was refused.  Called by tables
 * and texts; console's thread.
 *
 * What was changed goes out as a merge patch with the resourceVersion that was read. When somebody else
 * was faster, the object is read again: if the patch touches nothing that they touched it is sent
 * again, else the person decides, with their text brought up to date. So no change is lost, and a
 * controller that writes status all the time is in nobody's way. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/editor.h"

#include <signal.h>
#include <stdlib.h>

#include "api/patch.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/doc.h"
#include "base/doc_yaml.h"
#include "base/err.h"
#include "base/proc.h"
#include "ui/ask.h"
#include "ui/scratch.h"
#include "ui/ui.h"
#include "ui/view.h"

enum { RACES_MAX = 5, NOT_FOUND_STATUS = 127 };

struct editor {
    struct view *view; /* NULL: closed, the program's end is awaited */
    const struct resource *resource;
    char *ns, *name;
    struct ask *ask;
    struct buf *base;  /* the object that is edited: JSON without managedFields */
    struct buf *patch; /* what goes out, without resourceVersion */
    char *text;        /* what the editor was given */
    char *problem;     /* why it was given again, NULL: the first time */
    struct scratch scratch;
    struct proc *proc;
    bool has_terminal;
    int races;
};

static void editor_edit(struct editor *editor, struct str body);
static void editor_send(struct editor *editor);
static void editor_end(struct editor *editor);

/* ---- documents ---- */

static struct val
root_of(struct arena *arena, const struct buf *json)
{
    return doc_root(doc_trust(arena, buf_str(json)));
}

/* The object of an answer without managedFields; NULL with err. */
static struct buf *
take_object(struct str bytes, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct doc *doc = doc_parse(arena, bytes, err);
    struct doc *edited = NULL;
    struct edit edit;

    if (doc == NULL) {
        return NULL;
    }
    edit_init(&edit, arena);
    edit_del(&edit, "/metadata/managedFields");
    return edit_apply(doc, &edit, &edited, err) == 0 ? buf_copy(doc_bytes(edited)) : NULL;
}

/* Without the comment on top, which is ours. */
static struct str
body_of(struct str text)
{
    while (text.size > 0 && text.at[0] == '#') {
        (void)str_cut(text, '\n', &text);
    }
    return text;
}

static bool
is_same_object(struct val a, struct val b)
{
    static const char *const fixed[] = { "apiVersion", "kind", "metadata.name",
                                         "metadata.namespace" };

    for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
        if (!str_eq(val_str(val_at(a, fixed[i])), val_str(val_at(b, fixed[i])))) {
            return false;
        }
    }
    return true;
}

/* The patch that the edited text means. */
static int
make_patch(const struct editor *editor, struct str text, struct buf **ret, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str json, duplicates = { 0 };
    struct val base = root_of(arena, editor->base);
    struct doc *doc;

    if (doc_yaml_to_json_strict(arena, text, &json, &duplicates, err) != 0) {
        return -1;
    }
    if (duplicates.size > 0) {
        return err_set(err, ERR_BAD_REQUEST, STR_FMT, STR_ARG(duplicates));
    }
    doc = doc_parse(arena, json, err);
    if (doc == NULL) {
        return -1;
    }
    if (val_type(doc_root(doc)) != DOC_OBJECT || !is_same_object(base, doc_root(doc))) {
        return err_set(err, ERR_BAD_REQUEST,
                       "apiVersion, kind, name and namespace must stay as they are");
    }
    *ret = buf_copy(patch_merge_make(arena, base, doc_root(doc)));
    return 0;
}

/* ---- the program ---- */

static const char *
program(void)
{
    const char *kube = getenv("KUBE_EDITOR"), *editor = getenv("EDITOR");

    return kube != NULL && kube[0] != '\0'       ? kube
           : editor != NULL && editor[0] != '\0' ? editor
                                                 : "vi";
}

static void
write_head(const struct editor *editor, struct str_builder *out)
{
    struct str rest = str_of(editor->problem);

    str_putf(out,
             "# %s %s%s%s: save and leave the editor to change it; what is left as it is changes\n"
             "# nothing. These lines are left out.\n",
             editor->resource->kind, editor->ns, editor->ns[0] == '\0' ? "" : "/", editor->name);
    if (editor->problem != NULL) {
        str_putz(out, "#\n# It was not taken:\n");
    }
    while (rest.size > 0) {
        struct str line = str_cut(rest, '\n', &rest);
        str_putf(out, "#   " STR_FMT "\n", STR_ARG(line));
    }
    str_putz(out, "#\n");
}

/* "Deployment shop/web", for messages. */
static char *
whose(const struct editor *editor)
{
    return mem_printf("%s %s%s%s", editor->resource->kind, editor->ns,
                      editor->ns[0] == '\0' ? "" : "/", editor->name);
}

/* Nothing comes of it; what was written by hand is not thrown away. */
static void
give_up(struct editor *editor, const char *why)
{
    if (editor->problem != NULL && editor->scratch.path != NULL) {
        ui_flash(editor->view->ui, ROLE_WARN, "%s; what you wrote is in %s", why,
                 editor->scratch.path);
        scratch_keep(&editor->scratch);
    } else {
        ui_flash(editor->view->ui, ROLE_WARN, "%s", why);
    }
    editor_end(editor);
}

static void
set_problem(struct editor *editor, const char *text)
{
    mem_free(editor->problem);
    editor->problem = mem_strdup(text);
}

/* Into the editor again, with the reason. */
static void
edit_again(struct editor *editor, struct str text, const char *why)
{
    set_problem(editor, why);
    editor_edit(editor, body_of(text));
}

static void
take_text(struct editor *editor, struct str text)
{
    AUTO_ERR struct err *err = NULL;

    if (str_is(text, editor->text) || body_of(text).size == 0) {
        give_up(editor, "nothing was changed");
        return;
    }
    buf_unref(STEAL(editor->patch));
    if (make_patch(editor, text, &editor->patch, &err) != 0) {
        edit_again(editor, text, err->message);
    } else if (str_is(buf_str(editor->patch), "{}")) {
        give_up(editor, "nothing was changed");
    } else {
        editor->races = 0;
        editor_send(editor);
    }
}

static void
on_ended(void *ctx, const struct proc_result *result, struct err *owned)
{
    struct editor *editor = ctx;
    AUTO_ERR struct err *err = owned;
    AUTO_STR struct str_builder text = { 0 };
    AUTO_FREE char *why = NULL;

    editor->proc = NULL;
    if (editor->view == NULL) {
        editor_free(editor);
        return;
    }
    editor->has_terminal = false;
    ui_take_back(editor->view->ui);
    if (err == NULL && result->status == NOT_FOUND_STATUS) {
        why = mem_printf("there is no editor '%s': set EDITOR", program());
    } else if (err == NULL && result->status != 0) {
        why = mem_printf("nothing was changed: status %d of the editor, '%s'", result->status,
                         program());
    } else if (err == NULL) {
        (void)scratch_read(&editor->scratch, &text, &err);
    }
    if (why != NULL || err != NULL) {
        give_up(editor, why != NULL ? why : err->message);
    } else {
        take_text(editor, str_view(&text));
    }
    mem_wipe(text.at, text.size);
}

static int
write_scratch(struct editor *editor, struct err **err)
{
    AUTO_FREE char *name = mem_printf("%s-%s.yaml", editor->resource->singular, editor->name);

    if (editor->scratch.path == NULL && scratch_open(&editor->scratch, str_of(name), err) != 0) {
        return -1;
    }
    return scratch_write(&editor->scratch, str_of(editor->text), err);
}

static void
editor_edit(struct editor *editor, struct str body)
{
    struct ui *ui = editor->view->ui;
    AUTO_ERR struct err *err = NULL;
    AUTO_STR struct str_builder text = { 0 };
    AUTO_FREE char *command = mem_printf("%s \"$1\"", program());
    struct ui_guest guest = { .kind = UI_GUEST_CHILD };

    write_head(editor, &text);
    str_put(&text, body);
    mem_free(editor->text);
    editor->text = str_steal(&text);
    if (write_scratch(editor, &err) != 0 || !ui_lend(ui, &guest)) {
        give_up(editor, err != NULL ? err->message : "editing needs a terminal of its own");
        return;
    }
    editor->has_terminal = true;
    const char *const argv[] = { "sh", "-c", command, "sh", editor->scratch.path, NULL };
    editor->proc = proc_start(
        ui_loop(ui), &(struct proc_spec){ .argv = argv, .is_foreground = true }, on_ended, editor);
}

static void
edit_base(struct editor *editor)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_STR struct str_builder yaml = { 0 };

    doc_yaml_write(&yaml, root_of(arena, editor->base));
    editor_edit(editor, str_view(&yaml));
    mem_wipe(yaml.at, yaml.size);
}

/* ---- calls ---- */

static struct ask *
ask_object(struct editor *editor, ask_done_fn *done)
{
    struct call call =
        call_of(VERB_GET, editor->resource, str_of(editor->ns), str_of(editor->name));

    call.accept = ACCEPT_RAW;
    return ask_call(&editor->view->asks, ui_client(editor->view->ui), &call, done, editor);
}

/* The text of the person on top of what others made of the object. */
static void
bring_up_to_date(struct editor *editor, struct buf *owned_live, struct str clashes)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL;
    AUTO_STR struct str_builder yaml = { 0 };
    AUTO_FREE char *why = mem_printf("somebody else changed it meanwhile, also here:\n" STR_FMT
                                     "\nThis is their version with your changes. To insist, "
                                     "delete this line and save.",
                                     STR_ARG(clashes));
    struct str json;

    buf_unref(editor->base);
    editor->base = owned_live;
    if (patch_merge(arena, doc_trust(arena, buf_str(owned_live)), root_of(arena, editor->patch),
                    &json, &err) != 0) {
        give_up(editor, err->message);
        return;
    }
    doc_yaml_write(&yaml, doc_root(doc_trust(arena, json)));
    set_problem(editor, why);
    editor_edit(editor, str_view(&yaml));
}

static void
on_live(void *ctx, const struct reply *reply, struct err *owned)
{
    struct editor *editor = ctx;
    AUTO_ERR struct err *err = owned;
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_STR struct str_builder clashes = { 0 };
    struct buf *live = err == NULL ? take_object(reply->bytes, &err) : NULL;

    editor->ask = NULL;
    if (live == NULL) {
        edit_again(editor, str_of(editor->text), err->message);
        return;
    }
    patch_merge_clashes(root_of(arena, editor->base), root_of(arena, live),
                        root_of(arena, editor->patch), &clashes);
    if (clashes.size > 0) {
        bring_up_to_date(editor, live, str_view(&clashes));
        return;
    }
    buf_unref(editor->base);
    editor->base = live;
    editor_send(editor);
}

static void
refused(struct editor *editor, const struct err *err)
{
    AUTO_STR struct str_builder text = { 0 }, why = { 0 };
    AUTO_ERR struct err *unread = NULL;

    str_putz(&why, err->message);
    for (size_t i = 0; i < err->cause_len; i++) {
        str_putf(&why, "\n* %s: %s", err->causes[i].field == NULL ? "" : err->causes[i].field,
                 err->causes[i].message);
    }
    if (scratch_read(&editor->scratch, &text, &unread) != 0) {
        give_up(editor, unread->message);
        return;
    }
    str_putc(&why, '\0');
    edit_again(editor, str_view(&text), why.at);
}

static void
on_patched(void *ctx, const struct reply *reply, struct err *owned)
{
    struct editor *editor = ctx;
    AUTO_ERR struct err *err = owned;
    AUTO_FREE char *what = whose(editor);

    (void)reply;
    editor->ask = NULL;
    if (err == NULL) {
        ui_flash(editor->view->ui, ROLE_OK, "edited %s", what);
        editor_end(editor);
    } else if (err->code == ERR_CONFLICT && editor->races++ < RACES_MAX) {
        editor->ask = ask_object(editor, on_live);
    } else {
        refused(editor, err);
    }
}

static void
editor_send(struct editor *editor)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL;
    struct call call =
        call_of(VERB_PATCH, editor->resource, str_of(editor->ns), str_of(editor->name));
    struct val meta = val_get(root_of(arena, editor->base), "metadata");
    struct edit edit;
    struct doc *body = NULL;

    edit_init(&edit, arena);
    edit_set_str(&edit, "/metadata/uid", val_str(val_get(meta, "uid")));
    edit_set_str(&edit, "/metadata/resourceVersion", val_str(val_get(meta, "resourceVersion")));
    if (edit_apply(doc_trust(arena, buf_str(editor->patch)), &edit, &body, &err) != 0) {
        give_up(editor, err->message);
        return;
    }
    call.body = doc_bytes(body);
    call.body_type = BODY_MERGE_PATCH;
    call.field_manager = STR("binnacle-console");
    call.field_validation = "Strict";
    call.accept = ACCEPT_RAW;
    editor->ask =
        ask_call(&editor->view->asks, ui_client(editor->view->ui), &call, on_patched, editor);
}

static void
on_object(void *ctx, const struct reply *reply, struct err *owned)
{
    struct editor *editor = ctx;
    AUTO_ERR struct err *err = owned;

    editor->ask = NULL;
    editor->base = err == NULL ? take_object(reply->bytes, &err) : NULL;
    if (editor->base == NULL) {
        give_up(editor, err->message);
    } else {
        edit_base(editor);
    }
}

/* ---- life ---- */

void
editor_open(struct view *view, const struct resource *resource, struct str ns, struct str name)
{
    struct editor *editor = MEM_NEW(struct editor);

    editor_free(view->editor);
    view->editor = editor;
    editor->view = view;
    editor->resource = resource;
    editor->ns = str_dup(ns);
    editor->name = str_dup(name);
    editor->ask = ask_object(editor, on_object);
}

static void
editor_end(struct editor *editor)
{
    editor->view->editor = NULL;
    editor_free(editor);
}

void
editor_free(struct editor *editor)
{
    if (editor == NULL) {
        return;
    }
    if (editor->view != NULL) {
        ask_drop(STEAL(editor->ask));
    }
    if (editor->has_terminal && editor->view != NULL) {
        ui_take_back(editor->view->ui);
    }
    editor->view = NULL;
    if (editor->proc != NULL) {
        proc_kill(editor->proc, SIGHUP); /* on_ended frees */
        return;
    }
    scratch_done(&editor->scratch);
    buf_unref(editor->base);
    buf_unref(editor->patch);
    if (editor->text != NULL) {
        mem_wipe(editor->text, strlen(editor->text));
    }
    mem_free(editor->text);
    mem_free(editor->problem);
    mem_free(editor->ns);
    mem_free(editor->name);
    mem_free(editor);
}
