/* Questions at the terminal.  Called by cmd_node.c on its loop.
 *
 * Lines come from standard input, typed or piped, and are kept nowhere else: the buffer is wiped.
 * Echo is turned off for secrets, and on again at the end, by a signal too. */
#include "config.h" /* IWYU pragma: keep */

#include "cmd_node_ask.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>
#include <uv.h>

#include "base/loop.h"
#include "base/mem.h"

enum { LINE_SIZE = 2048, SIGNALS = 2 };
static const int end_signals[SIGNALS] = { SIGINT, SIGTERM };

struct cmd_node_ask {
    struct cmd_node_ask_spec spec;
    uv_poll_t poll;
    uv_signal_t signals[SIGNALS];
    struct termios before;
    bool is_terminal, can_poll, is_open, is_silent;
    size_t size; /* of what is read and not yet a line */
    char text[LINE_SIZE];
};

static void
set_echo(struct cmd_node_ask *ask, bool shows)
{
    if (!ask->is_terminal || ask->is_silent == !shows) {
        return;
    }
    struct termios now = ask->before;
    if (!shows) {
        now.c_lflag &= ~(tcflag_t)ECHO;
        now.c_lflag |= ECHONL;
    }
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &now); /* then it shows, and the person sees that */
    ask->is_silent = !shows;
}

static void
on_signal(uv_signal_t *handle, int number)
{
    struct cmd_node_ask *ask = handle->data;
    set_echo(ask, true);
    _exit(128 + number); /* the steps go on: they are the control plane's */
}

/* A whole line, if there is one, goes to who asked. */
static void
take_line(struct cmd_node_ask *ask)
{
    char *end = memchr(ask->text, '\n', ask->size);
    bool is_full = ask->size == LINE_SIZE;
    if (!ask->is_open || (end == NULL && !is_full)) {
        return;
    }
    size_t size = end == NULL ? ask->size : (size_t)(end - ask->text), used = size + (end != NULL);
    char line[LINE_SIZE];
    memcpy(line, ask->text, size);
    memmove(ask->text, ask->text + used, ask->size - used);
    mem_wipe(ask->text + ask->size - used, used);
    ask->size -= used;
    cmd_node_ask_stop(ask);
    ask->spec.line(ask->spec.ctx, str_slice(line, size));
    mem_wipe(line, sizeof(line));
}

static void
read_more(struct cmd_node_ask *ask)
{
    ssize_t size = read(STDIN_FILENO, ask->text + ask->size, LINE_SIZE - ask->size);
    if (size > 0) {
        ask->size += (size_t)size;
        take_line(ask);
        return;
    }
    if (ask->size > 0 && ask->size < LINE_SIZE) {
        ask->text[ask->size++] = '\n'; /* the last line has no end */
        take_line(ask);
        return;
    }
    cmd_node_ask_stop(ask);
    ask->spec.line(ask->spec.ctx, (struct str){ 0 });
}

static void
readable(uv_poll_t *poll, int status, int events)
{
    struct cmd_node_ask *ask = poll->data;
    (void)status;
    (void)events;
    read_more(ask);
}

/* A line may be there already; a file is read at once, it never makes anybody wait. */
static void
look(void *ctx)
{
    struct cmd_node_ask *ask = ctx;
    take_line(ask);
    if (ask->is_open && !ask->can_poll) {
        read_more(ask);
        if (ask->is_open) {
            loop_defer(ask->spec.loop, look, ask);
        }
    } else if (ask->is_open) {
        (void)uv_poll_start(&ask->poll, UV_READABLE, readable);
    }
}

void
cmd_node_ask_begin(struct cmd_node_ask *ask, struct str question, bool hides)
{
    set_echo(ask, !hides);
    printf(STR_FMT ": ", STR_ARG(question));
    (void)fflush(stdout); /* a closed stdout is nobody's trouble */
    ask->is_open = true;
    loop_defer(ask->spec.loop, look, ask);
}

void
cmd_node_ask_stop(struct cmd_node_ask *ask)
{
    if (!ask->is_open) {
        return;
    }
    ask->is_open = false;
    set_echo(ask, true);
    if (ask->can_poll) {
        (void)uv_poll_stop(&ask->poll);
    }
    if (!ask->is_terminal) {
        printf("\n"); /* nobody has typed it */
    }
}

struct cmd_node_ask *
cmd_node_ask_new(const struct cmd_node_ask_spec *spec)
{
    struct cmd_node_ask *ask = MEM_NEW(struct cmd_node_ask);
    ask->spec = *spec;
    ask->is_terminal = isatty(STDIN_FILENO) != 0 && tcgetattr(STDIN_FILENO, &ask->before) == 0;
    ask->can_poll = uv_poll_init(loop_uv(spec->loop), &ask->poll, STDIN_FILENO) == 0;
    ask->poll.data = ask;
    for (size_t i = 0; i < SIGNALS; i++) {
        (void)uv_signal_init(loop_uv(spec->loop), &ask->signals[i]); /* fails only for memory */
        ask->signals[i].data = ask;
        (void)uv_signal_start(&ask->signals[i], on_signal, end_signals[i]);
        uv_unref((uv_handle_t *)&ask->signals[i]);
    }
    return ask;
}

void
cmd_node_ask_free(struct cmd_node_ask *ask)
{
    if (ask != NULL) {
        mem_wipe(ask->text, sizeof(ask->text));
        mem_free(ask);
    }
}
