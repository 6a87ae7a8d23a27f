/* Scripts: one command a line, run against a console without a terminal.  Called by ui_script.c and
 * by tests; console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/script.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "ui/grid.h"
#include "ui/keys.h"
#include "ui/text.h"
#include "ui/ui.h"

struct script {
    struct ui *ui;
    char *text;
    struct str rest, line;
    size_t number; /* of line */
    bool is_waiting;
};

/* ---- commands ---- */

static int
do_keys(struct script *script, struct str names, struct err **err)
{
    while (names.size > 0) {
        struct str name = str_cut(names, ' ', &names);
        uint32_t key = keys_parse(name);
        if (name.size == 0) {
            continue;
        }
        if (key == KEYS_NONE) {
            return err_set(err, ERR_IO, "'" STR_FMT "' names no key", STR_ARG(name));
        }
        ui_key(script->ui, key);
    }
    return 0;
}

static int
do_type(struct script *script, struct str text, struct err **err)
{
    (void)err;
    for (size_t at = 0; at < text.size;) {
        ui_key(script->ui, text_next(text, &at));
    }
    return 0;
}

static int
do_resize(struct script *script, struct str arguments, struct err **err)
{
    struct str height_text = { 0 };
    struct str width_text = str_cut(arguments, ' ', &height_text);
    int64_t width, height;

    if (!str_to_int(width_text, &width) || !str_to_int(str_trim(height_text), &height) ||
        width < 1 || width > GRID_MAX_WIDTH || height < 1 || height > GRID_MAX_HEIGHT) {
        return err_set(err, ERR_IO, ":resize WIDTH HEIGHT");
    }
    ui_resize(script->ui, (int)width, (int)height);
    return 0;
}

static int
write_file(const char *path, struct str text, struct err **err)
{
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd < 0) {
        return err_sys(err, errno, "open '%s'", path);
    }
    while (text.size > 0) {
        ssize_t done = write(fd, text.at, text.size);
        if (done < 0 && errno != EINTR) {
            return err_sys(err, errno, "write '%s'", path);
        }
        text = done > 0 ? str_slice(text.at + done, text.size - (size_t)done) : text;
    }
    return 0;
}

static int
do_save(struct script *script, struct str name, struct err **err)
{
    const struct grid *grid = ui_frame(script->ui);
    AUTO_STR struct str_builder text = { 0 };
    AUTO_STR struct str_builder roles = { 0 };
    AUTO_FREE char *path = str_dup(name);
    AUTO_FREE char *roles_path = mem_printf("%s.roles", path);

    grid_dump_text(grid, &text);
    grid_dump_roles(grid, &roles);
    if (write_file(path, str_view(&text), err) != 0) {
        return -1;
    }
    return write_file(roles_path, str_view(&roles), err);
}

/* ---- waiting ---- */

/* Lines [from, to) of a dump. */
static struct str
lines_of(struct str dump, int from, int to)
{
    struct str all = dump;
    size_t begin = 0, end;

    for (int i = 0; i < from && dump.size > 0; i++) {
        (void)str_cut(dump, '\n', &dump);
    }
    begin = all.size - dump.size;
    for (int i = from; i < to && dump.size > 0; i++) {
        (void)str_cut(dump, '\n', &dump);
    }
    end = all.size - dump.size;
    return str_slice(all.at + begin, end - begin);
}

static bool
is_there(struct script *script, struct str place, struct str text)
{
    const struct grid *grid = ui_frame(script->ui);
    AUTO_STR struct str_builder dump = { 0 };
    struct str all;

    grid_dump_text(grid, &dump);
    all = str_view(&dump);
    if (str_is(place, "title")) {
        return str_contains(lines_of(all, 0, 2), text);
    }
    if (str_is(place, "row")) {
        return str_contains(lines_of(all, 2, grid->height - 1), text);
    }
    if (str_is(place, "bottom")) {
        return str_contains(lines_of(all, grid->height - 1, grid->height), text);
    }
    return str_is(place, "gone") ? !str_contains(all, text) : str_contains(all, text);
}

static int
do_wait(struct script *script, struct str arguments, struct err **err)
{
    static const char *const places[] = { "title", "row", "bottom", "screen", "gone" };
    struct str text = { 0 };
    struct str place = str_cut(arguments, ' ', &text);

    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (str_is(place, places[i]) && text.size > 0) {
            script->is_waiting = !is_there(script, place, text);
            return 0;
        }
    }
    return err_set(err, ERR_IO, ":wait title|row|bottom|screen|gone TEXT");
}

/* ---- running ---- */

static const struct {
    const char *word;
    int (*run)(struct script *script, struct str arguments, struct err **err);
} commands[] = {
    { "key", do_keys },       { "type", do_type },         { ":wait", do_wait },
    { ":resize", do_resize }, { ":save-screen", do_save },
};

struct script *
script_new(struct ui *ui, struct str text)
{
    struct script *script = MEM_NEW(struct script);

    script->ui = ui;
    script->text = str_dup(text);
    script->rest = str_of(script->text);
    return script;
}

void
script_free(struct script *script)
{
    if (script != NULL) {
        mem_free(script->text);
        mem_free(script);
    }
}

static int
run_line(struct script *script, struct err **err)
{
    struct str arguments = { 0 };
    struct str word = str_cut(script->line, ' ', &arguments);

    if (script->line.size == 0 || script->line.at[0] == '#') {
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (str_is(word, commands[i].word)) {
            return commands[i].run(script, arguments, err);
        }
    }
    return err_set(err, ERR_IO, "unknown command '" STR_FMT "'", STR_ARG(word));
}

enum script_rc
script_step(struct script *script, struct err **err)
{
    while (script->is_waiting || script->rest.size > 0) {
        if (!script->is_waiting) {
            script->line = str_trim(str_cut(script->rest, '\n', &script->rest));
            script->number++;
        }
        script->is_waiting = false;
        if (run_line(script, err) != 0) {
            AUTO_FREE char *message = mem_strdup((*err)->message);
            err_clear(err);
            (void)err_set(err, ERR_IO, "line %zu: %s", script->number, message);
            return SCRIPT_FAILED;
        }
        if (script->is_waiting) {
            return SCRIPT_WAITING;
        }
    }
    return SCRIPT_DONE;
}

size_t
script_line(const struct script *script)
{
    return script->number;
}

void
script_where(const struct script *script, struct str_builder *out)
{
    str_putf(out, "line %zu: " STR_FMT, script->number, STR_ARG(script->line));
}
