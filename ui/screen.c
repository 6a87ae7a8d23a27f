/* The terminal through ncurses: cells that changed since the last frame, colours by role, and the
 * way back, also after a crash.  Called by the console's loop only.
 *
 * Raw mode, because ctrl-c, ctrl-s, ctrl-z and ctrl-\ are keys here. Input is read by the loop and
 * parsed in keys.c: getch would block for a lone ESC. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/screen.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

/* curses' ERR must not get into the rows of err_codes.def. */
#pragma push_macro("ERR")
#undef ERR
#include "base/err.h"
#pragma pop_macro("ERR")

#include "base/arena.h"
#include "base/base64.h"
#include "base/mem.h"
#include "ui/grid.h"
#include "ui/theme.h"

enum { COPY_MAX = 74994, CRASH_STACK = 64 * 1024 };

struct look {
    attr_t attributes;
    short pair;
    bool is_made;
};
struct screen {
    SCREEN *curses;
    const struct theme *theme;
    int width, height;
    int input;  /* an open file of our own, STDIN_FILENO when there can be none */
    int colors; /* 0, 16 or 256 */
    bool is_utf8, is_lent;
    struct grid shown; /* what the terminal has */
    struct look looks[ROLE_LEN][ROLE_LEN];
};

/* ---- crash ---- */

/* Everything back: paste mode, mouse, attributes, cursor, main screen. */
static const char reset_text[] = "\033[?2004l\033[?1006l\033[?1000l\033[m\033[?25h\033[?1049l\r\n";

/* What a signal handler needs, which has no argument of ours. Set while a screen is open. */
static struct {
    struct termios modes;
    int flags; /* of the terminal's open file, which the shell has, too */
    volatile sig_atomic_t is_open;
} restore;

static const int deadly[] = { SIGSEGV, SIGBUS,  SIGFPE, SIGILL,  SIGABRT,
                              SIGSYS,  SIGTERM, SIGHUP, SIGQUIT, SIGINT };

static void
on_deadly(int number)
{
    if (restore.is_open) {
        restore.is_open = 0;
        /* A terminal that does not read must not hold us back. */
        (void)fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
        (void)!write(STDOUT_FILENO, reset_text, sizeof(reset_text) - 1);
        (void)fcntl(STDOUT_FILENO, F_SETFL, restore.flags);
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &restore.modes);
    }
    (void)raise(number); /* SA_RESETHAND: now it ends the process */
}

static void
catch_deadly(void)
{
    static char stack[CRASH_STACK]; /* a stack that overflowed cannot run the handler */
    stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
    struct sigaction action = { .sa_handler = on_deadly, .sa_flags = SA_ONSTACK | SA_RESETHAND };

    (void)sigaltstack(&alternate, NULL);
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < ARRAY_LEN(deadly); i++) {
        (void)sigaction(deadly[i], &action, NULL);
    }
}

/* The keys' signals go to the whole group: to a child in the foreground, and to us. */
static void
set_deadly_keys(void (*handler)(int))
{
    struct sigaction action = { .sa_handler = handler };

    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGQUIT, &action, NULL);
}

static void
release_deadly(void)
{
    for (size_t i = 0; i < ARRAY_LEN(deadly); i++) {
        struct sigaction action = { .sa_handler = SIG_DFL };
        (void)sigaction(deadly[i], &action, NULL);
    }
}

/* ---- opening ---- */

static bool
find_utf8(void)
{
    (void)setlocale(LC_CTYPE, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0) {
        return true;
    }
    return setlocale(LC_CTYPE, "C.UTF-8") != NULL && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* Terminals of which nothing but lines can be asked take no further sequences. */
static void
set_paste(bool on)
{
    const char *term = getenv("TERM");

    if (term != NULL && enter_ca_mode != NULL && strcmp(term, "linux") != 0) {
        (void)!write(STDOUT_FILENO, on ? "\033[?2004h" : "\033[?2004l", 8);
    }
}

static void
take_modes(void)
{
    (void)raw();
    (void)noecho();
    (void)nonl();
    (void)curs_set(0);
    (void)leaveok(stdscr, FALSE);
    (void)scrollok(stdscr, FALSE);
}

/* The loop makes what it polls non-blocking, and that belongs to the open file: with the shell's one,
 * whoever reads the terminal after us would find it so. */
static int
open_input(void)
{
    const char *path = ttyname(STDIN_FILENO);
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    return fd < 0 ? STDIN_FILENO : fd;
}

static int
count_colors(void)
{
    const char *off = getenv("NO_COLOR");

    if ((off != NULL && off[0] != '\0') || !has_colors() || start_color() == ERR) {
        return 0;
    }
    (void)use_default_colors();
    return COLORS >= 256 ? 256 : COLORS >= 8 ? 16 : 0;
}

int
screen_open(const struct theme *theme, struct screen **ret, struct err **err)
{
    struct screen *screen;
    const char *term = getenv("TERM");
    int status = 0;

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        return err_set(err, ERR_IO,
                       "the console needs a terminal: standard input or output is none");
    }
    if (tcgetattr(STDIN_FILENO, &restore.modes) != 0) {
        return err_sys(err, errno, "read the terminal's modes");
    }
    if (term == NULL || setupterm(term, STDOUT_FILENO, &status) == ERR) {
        return err_set(err, ERR_IO, "terminal type '%s' is unknown: set TERM, e.g. TERM=xterm",
                       term == NULL ? "" : term);
    }
    restore.flags = fcntl(STDOUT_FILENO, F_GETFL);
    screen = MEM_NEW(struct screen);
    screen->is_utf8 = find_utf8();
    screen->theme = theme;
    screen->curses = newterm(NULL, stdout, stdin);
    if (screen->curses == NULL) {
        mem_free(screen);
        return err_set(err, ERR_IO, "terminal type '%s' cannot do full screens: set TERM", term);
    }
    (void)set_term(screen->curses);
    restore.is_open = 1;
    catch_deadly();
    take_modes();
    screen->colors = count_colors();
    screen->input = open_input();
    set_paste(true);
    screen->width = COLS;
    screen->height = LINES;
    grid_init(&screen->shown, COLS, LINES);
    screen_redraw(screen);
    *ret = screen;
    return 0;
}

void
screen_close(struct screen *screen)
{
    if (screen == NULL) {
        return;
    }
    screen_suspend(screen);
    release_deadly();
    if (screen->input != STDIN_FILENO) {
        (void)close(screen->input);
    }
    (void)fcntl(STDOUT_FILENO, F_SETFL, restore.flags);
    delscreen(screen->curses);
    grid_done(&screen->shown);
    mem_free(screen);
}

void
screen_size(const struct screen *screen, int *ret_width, int *ret_height)
{
    *ret_width = screen->width;
    *ret_height = screen->height;
}

bool
screen_resize(struct screen *screen)
{
    struct winsize size = { 0 };

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) {
        return false;
    }
    if (screen->width == size.ws_col && screen->height == size.ws_row) {
        return false;
    }
    screen->width = size.ws_col;
    screen->height = size.ws_row;
    (void)resizeterm(size.ws_row, size.ws_col);
    screen_redraw(screen);
    return true;
}

int
screen_input(const struct screen *screen)
{
    return screen->input;
}

bool
screen_is_utf8(const struct screen *screen)
{
    return screen->is_utf8;
}

/* ---- drawing ---- */

static int
color_number(const struct screen *screen, int32_t rgb, int8_t ansi)
{
    if (screen->colors == 256) {
        return rgb == THEME_DEFAULT ? ansi : theme_nearest_256(rgb);
    }
    /* A terminal of 8 has no bright ones. */
    return ansi >= COLORS ? ansi - 8 : ansi;
}

static const struct look *
look_of(struct screen *screen, enum role role, enum role over)
{
    struct look *look = &screen->looks[role][over];
    struct theme_style style;
    bool is_reversed;

    if (look->is_made) {
        return look;
    }
    style = theme_style(screen->theme, role, over);
    /* Without colours an overlay must still be seen. */
    is_reversed = (style.attributes & THEME_REVERSE) != 0 ||
                  (screen->colors == 0 && style.bg != THEME_DEFAULT && over != ROLE_TEXT);
    look->is_made = true;
    look->attributes = ((style.attributes & THEME_BOLD) != 0 ? A_BOLD : 0) |
                       ((style.attributes & THEME_DIM) != 0 ? A_DIM : 0) |
                       ((style.attributes & THEME_UNDERLINE) != 0 ? A_UNDERLINE : 0) |
                       ((style.attributes & THEME_ITALIC) != 0 ? A_ITALIC : 0) |
                       (is_reversed ? A_REVERSE : 0);
    if (screen->colors != 0) {
        int pair = alloc_pair(color_number(screen, style.fg, style.fg16),
                              color_number(screen, style.bg, style.bg16));
        look->pair = pair < 0 ? 0 : (short)pair;
    }
    return look;
}

static void
put_cell(struct screen *screen, int x, int y, const struct grid_cell *cell)
{
    const struct look *look = look_of(screen, cell->role, cell->over);
    wchar_t text[2 + GRID_MARKS] = { (wchar_t)cell->rune };
    cchar_t out;

    if (!screen->is_utf8 && cell->rune > 0x7e) {
        text[0] = '?';
    }
    for (size_t i = 0; screen->is_utf8 && i < GRID_MARKS; i++) {
        text[i + 1] = (wchar_t)cell->marks[i];
    }
    if (setcchar(&out, text, look->attributes, look->pair, NULL) == OK) {
        (void)mvadd_wch(y, x, &out); /* ERR in the last cell: it is drawn all the same */
    }
}

void
screen_draw(struct screen *screen, const struct grid *grid)
{
    size_t len = (size_t)grid->width * (size_t)grid->height;
    bool is_whole = screen->shown.width != grid->width || screen->shown.height != grid->height;

    if (is_whole) {
        grid_done(&screen->shown);
        grid_init(&screen->shown, grid->width, grid->height);
    }
    for (size_t i = 0; i < len; i++) {
        const struct grid_cell *cell = &grid->cells[i];
        if ((is_whole || !grid_cell_eq(cell, &screen->shown.cells[i])) && cell->width != 0) {
            put_cell(screen, (int)(i % (size_t)grid->width), (int)(i / (size_t)grid->width), cell);
        }
    }
    memcpy(screen->shown.cells, grid->cells, len * sizeof(struct grid_cell));
    if (grid->cursor_x != screen->shown.cursor_x || grid->cursor_y != screen->shown.cursor_y) {
        (void)curs_set(grid->cursor_x >= 0 ? 1 : 0);
        screen->shown.cursor_x = grid->cursor_x;
        screen->shown.cursor_y = grid->cursor_y;
    }
    if (grid->cursor_x >= 0) {
        (void)move(grid->cursor_y, grid->cursor_x);
    }
    (void)refresh();
}

void
screen_redraw(struct screen *screen)
{
    size_t len = (size_t)screen->shown.width * (size_t)screen->shown.height;

    for (size_t i = 0; i < len; i++) {
        screen->shown.cells[i].rune = 0; /* like no cell that is drawn */
    }
    (void)clearok(curscr, TRUE);
}

/* What a program that was cut off may have left behind: its screen, mouse, scroll region, character
 * set, keypad. */
static const char tidy_text[] =
    "\033[?2004l\033[?1006l\033[?1004l\033[?1003l\033[?1002l\033[?1000l\033[?1049l\033[r"
    "\033(B\017\033[?1l\033>\033[?7h\033[m\033[?25h\r\n";

void
screen_suspend(struct screen *screen)
{
    if (screen->is_lent) {
        screen_write(screen, STR(tidy_text));
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &restore.modes);
    } else {
        set_paste(false);
        (void)endwin();
    }
    restore.is_open = 0;
}

void
screen_lend(struct screen *screen, enum screen_modes modes)
{
    struct termios lent = restore.modes;

    if (!screen->is_lent) {
        screen_suspend(screen);
    }
    restore.is_open = 1;
    screen->is_lent = true;
    if (modes == SCREEN_CHILD) {
        set_deadly_keys(SIG_IGN);
        return;
    }
    if (modes == SCREEN_RAW) {
        cfmakeraw(&lent);
    } else {
        lent.c_lflag &= ~(tcflag_t)(ICANON | ISIG);
        lent.c_iflag &= ~(tcflag_t)IXON;
    }
    lent.c_cc[VMIN] = 1;
    lent.c_cc[VTIME] = 0;
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &lent);
}

void
screen_write(struct screen *screen, struct str bytes)
{
    (void)screen;
    while (bytes.size > 0) {
        ssize_t size = write(STDOUT_FILENO, bytes.at, bytes.size);
        struct pollfd room = { .fd = STDOUT_FILENO, .events = POLLOUT };

        if (size < 0 && errno == EAGAIN) {
            size = poll(&room, 1, -1) < 0 && errno != EINTR ? -1 : 0;
        } else if (size < 0 && errno == EINTR) {
            size = 0;
        }
        if (size < 0) {
            return; /* it is gone: reading from it says so, too */
        }
        bytes = str_slice(bytes.at + size, bytes.size - (size_t)size);
    }
}

void
screen_resume(struct screen *screen)
{
    restore.is_open = 1;
    if (screen->is_lent) {
        screen->is_lent = false;
        screen_write(screen, STR(tidy_text));
        catch_deadly();
    }
    take_modes();
    (void)refresh();
    set_paste(true);
    (void)screen_resize(screen);
    screen_redraw(screen);
}

/* ---- clipboard ---- */

bool
screen_copy(struct screen *screen, struct str text)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str code = base64_encode(text, arena);
    struct str out = arena_printf(arena, "\033]52;c;" STR_FMT "\a", STR_ARG(code));

    (void)screen;
    if (code.size > COPY_MAX) {
        return false;
    }
    (void)!write(STDOUT_FILENO, out.at, out.size);
    return true;
}
