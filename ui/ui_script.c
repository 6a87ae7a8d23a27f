/* Scripted runs: the console against a real cluster, without a terminal; for tests and for pictures
 * in documents.  Called by ui_main.c; console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/ui_script.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/options.h"
#include "ui/grid.h"
#include "ui/script.h"
#include "ui/ui.h"
#include "ui/ui_connect.h"

enum { WAIT_MS = 20000, TURN_MS = 20, SCRIPT_MAX = 256 * 1024 };

static char *
read_script(const char *path, struct err **err)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    AUTO_FREE char *text = NULL;
    ssize_t size;

    if (fd < 0) {
        (void)err_sys(err, errno, "open '%s'", path);
        return NULL;
    }
    text = mem_new(SCRIPT_MAX);
    size = read(fd, text, SCRIPT_MAX - 1);
    if (size < 0) {
        (void)err_sys(err, errno, "read '%s'", path);
        return NULL;
    }
    return STEAL(text);
}

/* "80x24" */
static int
read_size(const char *text, struct ui_spec *spec, struct err **err)
{
    struct str height_text = { 0 };
    struct str width_text = str_cut(str_of(text), 'x', &height_text);
    int64_t width, height;

    if (!str_to_int(width_text, &width) || !str_to_int(height_text, &height) || width < 1 ||
        width > GRID_MAX_WIDTH || height < 1 || height > GRID_MAX_HEIGHT) {
        return err_set(err, ERR_IO, "--ui-size '%s': columns x lines, e.g. 80x24", text);
    }
    spec->width = (int)width;
    spec->height = (int)height;
    return 0;
}

/* The screen says best why a wait took too long. */
static int
say_late(struct ui *ui, const struct script *script, struct err **err)
{
    AUTO_STR struct str_builder text = { 0 };

    script_where(script, &text);
    str_putf(&text, ": not in %d s; the screen is\n", WAIT_MS / 1000);
    grid_dump_text(ui_frame(ui), &text);
    return err_set(err, ERR_TIMEOUT, STR_FMT, STR_ARG(str_view(&text)));
}

static int
run_script(struct loop *loop, struct ui *ui, struct script *script, struct err **err)
{
    int64_t deadline_ms = clock_mono_ms() + WAIT_MS;
    size_t line = 0;

    while (ui_wants_to_quit(ui) == 0) {
        enum script_rc rc = script_step(script, err);
        if (rc != SCRIPT_WAITING) {
            return rc == SCRIPT_DONE ? 0 : -1;
        }
        if (script_line(script) != line) {
            line = script_line(script);
            deadline_ms = clock_mono_ms() + WAIT_MS;
        }
        if (clock_mono_ms() > deadline_ms) {
            return say_late(ui, script, err);
        }
        (void)loop_turn(loop, TURN_MS);
    }
    return 0;
}

static int
run_file(struct loop *loop, const struct options *options, const struct ui_host *host,
         struct err **err)
{
    static const struct ui_sink sink = { 0 };
    AUTO_FREE char *text = read_script(options_text(options, OPT_UI_SCRIPT), err);
    struct ui_connection connection = { 0 };
    struct ui_spec spec = { .loop = loop,
                            .host = host,
                            .is_readonly = options_bool(options, OPT_READONLY) };
    struct script *script;
    struct ui *ui;
    int rc;

    if (text == NULL || read_size(options_text(options, OPT_UI_SIZE), &spec, err) != 0 ||
        ui_connect(loop, options, host, &connection, err) != 0) {
        return -1;
    }
    spec.client = connection.client;
    spec.cluster = connection.cluster;
    spec.ns = connection.ns;
    ui = ui_new(&spec, &sink);
    script = script_new(ui, str_of(text));
    rc = run_script(loop, ui, script, err);
    if (rc == 0 && ui_wants_to_quit(ui) == 2) {
        host->stop(host->ctx);
    }
    script_free(script);
    ui_free(ui);
    ui_connection_done(&connection);
    return rc;
}

int
ui_script_main(const struct options *options, const struct ui_host *host)
{
    AUTO_ERR struct err *err = NULL;
    struct loop *loop = loop_new();

    (void)setlocale(LC_CTYPE, "C.UTF-8");
    if (run_file(loop, options, host, &err) != 0) {
        (void)fprintf(stderr, "binnacle console: %s\n", err->message);
    }
    loop_free(loop);
    return err == NULL ? 0 : 1;
}
