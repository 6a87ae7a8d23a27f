/* Shells in containers: reads the pod, asks which container, opens the streams, and lends them the
 * terminal until they end.  Called by tables and closed by views; console's thread.
 *
 * A stream may hang for ever when the node is gone, and what one attaches to may never end: ctrl-] three
 * times within a second leaves, whatever runs. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/shell.h"

#include "api/registry.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/err.h"
#include "client/channels.h"
#include "ui/ask.h"
#include "ui/dialog.h"
#include "ui/ui.h"
#include "ui/view.h"

enum { LEAVE_KEY = 0x1d, LEAVE_TIMES = 3, LEAVE_MS = 1000, INTERRUPT_KEY = 3, END_KEY = 4 };

/* The better shell when the image has it. */
static const char *const shell_command[] = { "sh", "-c", "exec $(command -v bash || echo sh)",
                                             NULL };

struct shell {
    struct view *view;
    const struct resource *pods;
    char *ns, *name;
    char *container; /* "" not known yet */
    bool is_attach;
    bool has_input, is_terminal; /* of the session */
    bool was_sized;
    struct buf *pod; /* JSON as it came */
    struct ask *ask; /* for the pod */
    struct channels *channels;
    bool has_terminal;
    int64_t leave_ms; /* when LEAVE_KEY was first pressed */
    int leave_count;
};

static void shell_end(struct shell *shell);

/* ---- the terminal ---- */

/* How much of the bytes belongs to the other side; true: leave. */
static bool
shell_wants_to_leave(struct shell *shell, struct str bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (!shell->is_terminal && bytes.at[i] == INTERRUPT_KEY) {
            return true;
        }
        if (bytes.at[i] != LEAVE_KEY) {
            shell->leave_count = 0;
            continue;
        }
        if (shell->leave_count == 0 || clock_mono_ms() > shell->leave_ms + LEAVE_MS) {
            shell->leave_count = 0;
            shell->leave_ms = clock_mono_ms();
        }
        shell->leave_count++;
        if (shell->leave_count == LEAVE_TIMES) {
            return true;
        }
    }
    return false;
}

static bool
shell_input(void *ctx, struct str bytes)
{
    struct shell *shell = ctx;

    if (shell_wants_to_leave(shell, bytes)) {
        ui_flash(shell->view->ui, ROLE_DIM, "left %s/%s %s", shell->ns, shell->name,
                 shell->container);
        shell_end(shell);
        return true;
    }
    if (!shell->has_input) {
        return true;
    }
    if (!shell->is_terminal && bytes.size == 1 && bytes.at[0] == END_KEY) {
        channels_end_input(shell->channels);
        return true;
    }
    return channels_write(shell->channels, bytes);
}

static void
shell_resize(void *ctx, int width, int height)
{
    struct shell *shell = ctx;

    if (shell->is_attach && !shell->was_sized) {
        /* What runs there draws anew when its terminal changes: another size first, as kubectl does. */
        channels_resize(shell->channels, width + 1, height + 1);
    }
    shell->was_sized = true;
    channels_resize(shell->channels, width, height);
}

/* ---- the streams ---- */

static void
shell_opened(void *ctx)
{
    struct shell *shell = ctx;
    struct ui *ui = shell->view->ui;
    struct ui_guest guest = { .kind = shell->is_terminal ? UI_GUEST_RAW : UI_GUEST_LINES,
                              .input = shell_input,
                              .resize = shell->is_terminal ? shell_resize : NULL,
                              .ctx = shell };
    AUTO_FREE char *head = mem_printf("%s/%s  %s  (ctrl-] three times leaves)\r\n", shell->ns,
                                      shell->name, shell->container);

    if (!ui_lend(ui, &guest)) {
        ui_flash(ui, ROLE_ERROR, "a shell needs a terminal of its own");
        shell_end(shell);
        return;
    }
    shell->has_terminal = true;
    ui_guest_write(ui, str_of(head));
}

static void
shell_output(void *ctx, bool is_stderr, struct str bytes)
{
    const struct shell *shell = ctx;

    (void)is_stderr;
    ui_guest_write(shell->view->ui, bytes);
}

static void
shell_room(void *ctx)
{
    const struct shell *shell = ctx;

    ui_guest_more(shell->view->ui);
}

static void
shell_closed(void *ctx, int exit_code, struct err *owned)
{
    struct shell *shell = ctx;
    struct ui *ui = shell->view->ui;
    AUTO_ERR struct err *err = owned;

    if (err != NULL) {
        ui_flash(ui, ROLE_ERROR, "%s in %s/%s %s: %s", shell->is_attach ? "attach" : "shell",
                 shell->ns, shell->name, shell->container, err->message);
    } else {
        ui_flash(ui, exit_code == 0 ? ROLE_DIM : ROLE_WARN, "%s/%s %s ended with exit code %d",
                 shell->ns, shell->name, shell->container, exit_code);
    }
    shell_end(shell);
}

static void
shell_connect(struct shell *shell)
{
    struct ui *ui = shell->view->ui;
    struct channels_spec spec = { .loop = ui_loop(ui),
                                  .client = ui_client(ui),
                                  .pods = shell->pods,
                                  .ns = str_of(shell->ns),
                                  .name = str_of(shell->name),
                                  .container = str_of(shell->container),
                                  .command = shell->is_attach ? NULL : shell_command,
                                  .has_input = shell->has_input,
                                  .is_terminal = shell->is_terminal,
                                  .opened_fn = shell_opened,
                                  .output_fn = shell_output,
                                  .room_fn = shell_room,
                                  .closed_fn = shell_closed,
                                  .ctx = shell };

    ui_flash(ui, ROLE_DIM, "opening %s/%s %s ...", shell->ns, shell->name, shell->container);
    shell->channels = channels_open(&spec);
}

/* ---- which container ---- */

static const struct {
    const char *specs, *statuses;
} places[] = {
    { "spec.containers", "status.containerStatuses" },
    { "spec.initContainers", "status.initContainerStatuses" },
    { "spec.ephemeralContainers", "status.ephemeralContainerStatuses" },
};

static struct val
find_named(struct val list, struct str name)
{
    VAL_EACH (it, list) {
        if (str_eq(val_str(val_get(it.value, "name")), name)) {
            return it.value;
        }
    }
    return (struct val){ 0 };
}

/* One attaches to the streams as the container was made with them. */
static void
take_container(struct shell *shell, struct str name)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct val pod = doc_root(doc_trust(arena, buf_str(shell->pod)));
    struct val spec = { 0 };

    for (size_t i = 0; i < ARRAY_LEN(places) && !val_is(spec); i++) {
        spec = find_named(val_at(pod, places[i].specs), name);
    }
    mem_free(shell->container);
    shell->container = str_dup(name);
    shell->has_input = !shell->is_attach || val_bool(val_get(spec, "stdin"), false);
    shell->is_terminal = !shell->is_attach || val_bool(val_get(spec, "tty"), false);
    shell_connect(shell);
}

static void
on_container(void *ctx, struct dialog *dialog, int button)
{
    struct shell *shell = ctx;

    if (button >= 0) {
        take_container(shell, str_of(dialog->menu[button]));
    } else {
        shell_end(shell);
    }
}

/* A menu of the containers that run; focus on the one that kubectl would take, too. */
static struct dialog *
list_containers(struct shell *shell, struct val pod)
{
    struct dialog *dialog =
        dialog_new(shell->is_attach ? "Attach to" : "Shell in", on_container, shell);
    struct str wanted = val_str(val_member(val_at(pod, "metadata.annotations"),
                                           STR("kubectl.kubernetes.io/default-container")));

    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        VAL_EACH (it, val_at(pod, places[i].specs)) {
            struct str name = val_str(val_get(it.value, "name"));
            struct val status = find_named(val_at(pod, places[i].statuses), name);
            bool is_wanted = shell->container[0] == '\0' || str_is(name, shell->container);
            if (!is_wanted || !val_is(val_at(status, "state.running"))) {
                continue;
            }
            dialog->focus = str_eq(name, wanted) ? (int)dialog->menu_len : dialog->focus;
            dialog_add_menu(dialog, name);
        }
    }
    return dialog;
}

static void
choose_container(struct shell *shell, struct val pod)
{
    struct dialog *dialog = list_containers(shell, pod);

    if (dialog->menu_len > 1) {
        view_ask(shell->view, dialog);
        return;
    }
    if (dialog->menu_len == 1) {
        take_container(shell, str_of(dialog->menu[0]));
    } else {
        if (shell->container[0] == '\0') {
            ui_flash(shell->view->ui, ROLE_WARN, "no container of %s/%s runs", shell->ns,
                     shell->name);
        } else {
            ui_flash(shell->view->ui, ROLE_WARN, "container %s of %s/%s does not run",
                     shell->container, shell->ns, shell->name);
        }
        shell_end(shell);
    }
    dialog_free(dialog);
}

static void
on_pod(void *ctx, const struct reply *reply, struct err *owned)
{
    struct shell *shell = ctx;
    AUTO_ERR struct err *err = owned;
    AUTO_ARENA struct arena *arena = arena_new();
    const struct doc *doc = err == NULL ? doc_parse(arena, reply->bytes, &err) : NULL;

    shell->ask = NULL;
    if (doc == NULL) {
        ui_flash(shell->view->ui, ROLE_ERROR, "%s", err->message);
        shell_end(shell);
        return;
    }
    shell->pod = buf_copy(reply->bytes);
    choose_container(shell, doc_root(doc));
}

/* ---- life ---- */

void
shell_open(struct view *view, const struct resource *pods, struct str ns, struct str name,
           const struct shell_spec *spec)
{
    struct shell *shell = MEM_NEW(struct shell);
    struct call call = call_of(VERB_GET, pods, ns, name);

    shell_free(view->shell);
    view->shell = shell;
    shell->view = view;
    shell->pods = pods;
    shell->ns = str_dup(ns);
    shell->name = str_dup(name);
    shell->container = str_dup(spec->container);
    shell->is_attach = spec->is_attach;
    call.accept = ACCEPT_RAW;
    shell->ask = ask_call(&view->asks, ui_client(view->ui), &call, on_pod, shell);
}

/* The session is over. */
static void
shell_end(struct shell *shell)
{
    shell->view->shell = NULL;
    shell_free(shell);
}

void
shell_free(struct shell *shell)
{
    if (shell == NULL) {
        return;
    }
    ask_drop(shell->ask);
    if (shell->has_terminal) {
        ui_take_back(shell->view->ui);
    }
    channels_free(shell->channels);
    buf_unref(shell->pod);
    mem_free(shell->ns);
    mem_free(shell->name);
    mem_free(shell->container);
    mem_free(shell);
}
