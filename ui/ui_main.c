/* The console on a terminal: client, screen, input, signals, and the pace of frames.  Called once, by
 * main.c; one loop on the calling thread.
 *
 * A frame is drawn at once when none was drawn lately, else when FRAME_MS have passed since the last;
 * a key is always answered by a frame of its own. */
#include "config.h" /* IWYU pragma: keep */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/options.h"
#include "ui/keys.h"
#include "ui/screen.h"
#include "ui/theme.h"
#include "ui/ui.h"
#include "ui/ui_connect.h"
#include "ui/ui_script.h"

enum { FRAME_MS = 33, INPUT_MAX = 4096, KEY_FILE_MAX = 64 * 1024 };
enum { SIGNAL_RESIZE, SIGNAL_STOP, SIGNAL_GO_ON, SIGNAL_LEN };

struct terminal {
    struct loop *loop;
    struct ui_connection connection;
    struct theme theme;
    struct screen *screen;
    struct ui *ui;
    struct keys keys;
    uv_poll_t input;
    uv_signal_t signals[SIGNAL_LEN];
    struct loop_timer *frame, *escape;
    int64_t drawn_ms;
    struct ui_guest guest; /* who has the terminal */
    bool has_guest;
};

/* ---- frames ---- */

static void
draw(struct terminal *terminal)
{
    loop_timer_cancel(STEAL(terminal->frame));
    if (terminal->has_guest) {
        return; /* all of it is drawn when the terminal comes back */
    }
    screen_draw(terminal->screen, ui_frame(terminal->ui));
    terminal->drawn_ms = clock_mono_ms();
    if (ui_wants_to_quit(terminal->ui) != 0) {
        loop_stop(terminal->loop);
    }
}

static void
on_frame(void *ctx)
{
    struct terminal *terminal = ctx;

    terminal->frame = NULL;
    draw(terminal);
}

static void
on_wake(void *ctx)
{
    struct terminal *terminal = ctx;

    if (terminal->frame == NULL) {
        terminal->frame =
            loop_timer(terminal->loop, terminal->drawn_ms + FRAME_MS, on_frame, terminal);
    }
}

static void
on_redraw(void *ctx)
{
    struct terminal *terminal = ctx;

    screen_redraw(terminal->screen);
}

static bool
on_copy(void *ctx, struct str text)
{
    const struct terminal *terminal = ctx;

    return screen_copy(terminal->screen, text);
}

/* ---- input ---- */

static void
on_key(void *ctx, uint32_t key)
{
    struct terminal *terminal = ctx;

    ui_key(terminal->ui, key);
}

static void
on_escape(void *ctx)
{
    struct terminal *terminal = ctx;

    terminal->escape = NULL;
    keys_flush(&terminal->keys, on_key, terminal);
    draw(terminal);
}

static void
on_input(uv_poll_t *poll, int status, int events)
{
    struct terminal *terminal = poll->data;
    char bytes[INPUT_MAX];
    ssize_t size = status < 0 ? 0 : read(screen_input(terminal->screen), bytes, sizeof(bytes));

    (void)events;
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) {
        return;
    }
    if (size <= 0) {
        /* The terminal is gone: the console is, too; the control plane is not. */
        (void)uv_poll_stop(poll);
        loop_stop(terminal->loop);
        return;
    }
    if (terminal->has_guest) {
        if (!terminal->guest.input(terminal->guest.ctx, str_slice(bytes, (size_t)size))) {
            (void)uv_poll_stop(poll);
        }
        return;
    }
    loop_timer_cancel(STEAL(terminal->escape));
    keys_feed(&terminal->keys, bytes, (size_t)size, on_key, terminal);
    if (keys_is_pending(&terminal->keys)) {
        terminal->escape =
            loop_timer(terminal->loop, clock_mono_ms() + KEYS_ESC_MS, on_escape, terminal);
    }
    if (ui_is_dirty(terminal->ui)) {
        draw(terminal);
    }
}

static void
read_input(struct terminal *terminal)
{
    (void)uv_poll_start(&terminal->input, UV_READABLE | UV_DISCONNECT, on_input);
}

/* ---- guests ---- */

static void
tell_size(const struct terminal *terminal)
{
    int width, height;

    screen_size(terminal->screen, &width, &height);
    if (terminal->guest.resize != NULL) {
        terminal->guest.resize(terminal->guest.ctx, width, height);
    }
}

static void
set_modes(struct terminal *terminal)
{
    static const enum screen_modes modes[] = { [UI_GUEST_RAW] = SCREEN_RAW,
                                               [UI_GUEST_LINES] = SCREEN_LINES,
                                               [UI_GUEST_CHILD] = SCREEN_CHILD };

    screen_lend(terminal->screen, modes[terminal->guest.kind]);
}

static void fit(struct terminal *terminal);

static void
on_lend(void *ctx, const struct ui_guest *guest)
{
    struct terminal *terminal = ctx;

    terminal->has_guest = guest != NULL;
    if (guest == NULL) {
        screen_resume(terminal->screen);
        read_input(terminal);
        fit(terminal);
        return;
    }
    terminal->guest = *guest;
    set_modes(terminal);
    if (guest->kind == UI_GUEST_CHILD) {
        (void)uv_poll_stop(&terminal->input);
    }
    tell_size(terminal);
}

static void
on_write(void *ctx, struct str bytes)
{
    const struct terminal *terminal = ctx;

    screen_write(terminal->screen, bytes);
}

static void
on_more(void *ctx)
{
    read_input(ctx);
}

/* ---- signals ---- */

static void
fit(struct terminal *terminal)
{
    int width, height;

    screen_size(terminal->screen, &width, &height);
    ui_resize(terminal->ui, width, height);
    draw(terminal);
}

/* A child in the foreground cares for the terminal itself. */
static void
on_guest_signal(struct terminal *terminal, int number)
{
    bool is_child = terminal->guest.kind == UI_GUEST_CHILD;

    if (number == SIGTSTP) {
        if (!is_child) {
            screen_suspend(terminal->screen);
        }
        (void)raise(SIGSTOP);
    } else if (number == SIGCONT && !is_child) {
        set_modes(terminal);
    } else if (screen_resize(terminal->screen)) {
        tell_size(terminal);
    }
}

static void
on_signal(uv_signal_t *handle, int number)
{
    struct terminal *terminal = handle->data;

    if (terminal->has_guest) {
        on_guest_signal(terminal, number);
    } else if (number == SIGTSTP) {
        screen_suspend(terminal->screen);
        (void)raise(SIGSTOP);
    } else if (number == SIGCONT) {
        screen_resume(terminal->screen);
        fit(terminal);
    } else if (screen_resize(terminal->screen)) {
        fit(terminal);
    }
}

static void
watch_terminal(struct terminal *terminal)
{
    static const int numbers[SIGNAL_LEN] = { SIGWINCH, SIGTSTP, SIGCONT };
    uv_loop_t *uv = loop_uv(terminal->loop);

    terminal->input.data = terminal;
    (void)uv_poll_init(uv, &terminal->input, screen_input(terminal->screen));
    read_input(terminal);
    for (size_t i = 0; i < SIGNAL_LEN; i++) {
        terminal->signals[i].data = terminal;
        (void)uv_signal_init(uv, &terminal->signals[i]);
        (void)uv_signal_start(&terminal->signals[i], on_signal, numbers[i]);
    }
}

/* ---- start ---- */

/* $XDG_CONFIG_HOME/binnacle/keys.yaml; nothing when there is none. */
static int
read_keys(struct ui *ui, struct err **err)
{
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    AUTO_ERR struct err *why = NULL;
    AUTO_FREE char *path =
        config != NULL && config[0] == '/'
            ? mem_printf("%s/binnacle/keys.yaml", config)
            : mem_printf("%s/.config/binnacle/keys.yaml", home == NULL ? "" : home);
    AUTO_FREE char *text = mem_new(KEY_FILE_MAX);
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size;

    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR ? 0 : err_sys(err, errno, "open '%s'", path);
    }
    size = read(fd, text, KEY_FILE_MAX);
    if (size < 0) {
        return err_sys(err, errno, "read '%s'", path);
    }
    if (ui_bind_keys(ui, str_slice(text, (size_t)size), &why) != 0) {
        return err_set(err, ERR_IO, "'%s': %s", path, why->message);
    }
    return 0;
}

/* Lines of the log would land in the middle of the screen. */
static void
silence_log(void)
{
    int fd = isatty(STDERR_FILENO) ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;

    if (fd >= 0) {
        log_fd(fd);
    }
}

static int
open_terminal(struct terminal *terminal, const struct options *options, const struct ui_host *host,
              struct err **err)
{
    struct ui_sink sink = { .wake = on_wake,
                            .redraw = on_redraw,
                            .copy = on_copy,
                            .lend = on_lend,
                            .write = on_write,
                            .more = on_more,
                            .ctx = terminal };
    struct ui_spec spec = { .loop = terminal->loop,
                            .host = host,
                            .is_readonly = options_bool(options, OPT_READONLY) };

    if (theme_load(&terminal->theme, options_text(options, OPT_THEME), err) != 0 ||
        ui_connect(terminal->loop, options, host, &terminal->connection, err) != 0 ||
        screen_open(&terminal->theme, &terminal->screen, err) != 0) {
        return -1;
    }
    silence_log();
    screen_size(terminal->screen, &spec.width, &spec.height);
    spec.client = terminal->connection.client;
    spec.cluster = terminal->connection.cluster;
    spec.ns = terminal->connection.ns;
    spec.is_ascii = !screen_is_utf8(terminal->screen);
    terminal->ui = ui_new(&spec, &sink);
    return read_keys(terminal->ui, err);
}

static void
close_terminal(struct terminal *terminal)
{
    ui_free(terminal->ui);
    loop_timer_cancel(terminal->frame);
    loop_timer_cancel(terminal->escape);
    ui_connection_done(&terminal->connection);
    loop_free(terminal->loop);
    screen_close(terminal->screen);
}

int
ui_main(const struct options *options, const struct ui_host *host)
{
    AUTO_ERR struct err *err = NULL;
    struct terminal terminal = { 0 };
    int quit = 0;

    if (options_text(options, OPT_UI_SCRIPT)[0] != '\0') {
        return ui_script_main(options, host);
    }
    terminal.loop = loop_new();
    if (open_terminal(&terminal, options, host, &err) == 0) {
        watch_terminal(&terminal);
        draw(&terminal);
        loop_run(terminal.loop);
        quit = ui_wants_to_quit(terminal.ui);
    }
    close_terminal(&terminal);
    if (err != NULL) {
        (void)fprintf(stderr, "binnacle console: %s\n", err->message);
        return 1;
    }
    if (quit == 2 && host != NULL) {
        host->stop(host->ctx);
    }
    return 0;
}
