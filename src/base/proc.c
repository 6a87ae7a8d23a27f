/* Child processes, on the loop: uv_spawn with a session of their own, so that the whole family can
 * be signalled.  A process is over when it has been reaped and its output has ended. */
#include "config.h" /* IWYU pragma: keep */

#include "base/proc.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <uv.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/vec.h"

enum {
    PROC_OUTPUT_MAX = 1024 * 1024,
    PROC_LINE_MAX = 64 * 1024, /* longer lines arrive in pieces */
    PROC_READ_SIZE = 16 * 1024,
    PROC_GRACE_MS = 2000, /* from SIGTERM to SIGKILL; from the exit to the end of the output */
};

struct proc_stream {
    uv_pipe_t pipe;
    struct str_builder kept; /* output, or in line mode the line that has not ended */
    bool is_stderr, is_open;
};

struct proc {
    struct loop *loop;
    proc_done_fn *done;
    void *ctx;
    void (*line)(void *ctx, bool is_stderr, struct str line);
    uv_process_t process;
    uv_pipe_t stdin_pipe;
    uv_write_t write;
    char *input;
    struct proc_stream out, err;
    struct loop_timer *timer; /* deadline, then grace */
    struct err *start_err;
    bool has_exited, timed_out, is_foreground;
    int status;
    int handles; /* not yet closed */
    char read[PROC_READ_SIZE];
};

static int proc_spawn(struct proc *proc, const struct proc_spec *spec);
static int proc_spawn_foreground(struct proc *proc, const struct proc_spec *spec);
static void proc_start_io(struct proc *proc, struct str input);
static char **proc_env(void);
static void proc_open(struct proc *proc, uv_pipe_t *pipe);
static void proc_close(uv_handle_t *handle);
static void proc_close_stdin(struct proc *proc);
static void proc_on_closed(uv_handle_t *handle);
static void proc_on_written(uv_write_t *write, int status);
static void proc_on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf);
static void proc_on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf);
static void proc_on_exit(uv_process_t *process, int64_t status, int signal_number);
static void proc_on_deadline(void *arg);
static void proc_on_grace(void *arg);
static void proc_on_drain_end(void *arg);
static void proc_take_lines(struct proc *proc, struct proc_stream *stream, struct str data);
static void proc_end_stream(struct proc *proc, struct proc_stream *stream);
static void proc_check_end(struct proc *proc);
static void proc_set_timer(struct proc *proc, int64_t in_ms, loop_fn *fn);

struct proc *
proc_start(struct loop *loop, const struct proc_spec *spec, proc_done_fn *done, void *ctx)
{
    assert(loop_is_here(loop));
    struct proc *proc = MEM_NEW(struct proc);

    proc->loop = loop;
    proc->done = done;
    proc->ctx = ctx;
    proc->line = spec->line;
    proc->out.kept.max = spec->output_max == 0 ? PROC_OUTPUT_MAX : spec->output_max;
    if (spec->line != NULL) {
        proc->out.kept.max = PROC_LINE_MAX;
    }
    proc->err.kept.max = proc->out.kept.max;
    proc->err.is_stderr = true;
    proc->is_foreground = spec->is_foreground;
    int failed = spec->is_foreground ? proc_spawn_foreground(proc, spec) : proc_spawn(proc, spec);

    if (failed != 0) {
        (void)err_sys(&proc->start_err, -failed, "start '%s'", spec->argv[0]);
        proc->has_exited = true;
        proc_close_stdin(proc);
        proc_end_stream(proc, &proc->out);
        proc_end_stream(proc, &proc->err);
        return proc;
    }
    if (!spec->is_foreground) {
        proc_start_io(proc, spec->input);
    }
    if (spec->timeout_ms > 0) {
        proc_set_timer(proc, spec->timeout_ms, proc_on_deadline);
    }
    return proc;
}

int
proc_pid(const struct proc *proc)
{
    return proc->process.pid;
}

void
proc_kill(struct proc *proc, int signal_number)
{
    /* Once the child is reaped its number may be somebody else's. */
    if (!proc->has_exited) {
        int pid = proc->is_foreground ? proc->process.pid : -proc->process.pid;

        (void)kill(pid, signal_number); /* ESRCH: it is just ending */
    }
}

static int
proc_spawn(struct proc *proc, const struct proc_spec *spec)
{
    char **minimal_env = spec->env == NULL ? proc_env() : NULL;
    uv_stdio_container_t stdio[3] = {
        { .flags = UV_CREATE_PIPE | UV_READABLE_PIPE },
        { .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE },
        { .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE },
    };
    uv_process_options_t options = {
        .exit_cb = proc_on_exit,
        .file = spec->argv[0],
        /* libuv's types lack const; the child is another process, nothing here is changed. */
        .args = (char **)(uintptr_t)spec->argv,
        .env = spec->env == NULL ? minimal_env : (char **)(uintptr_t)spec->env,
        .flags = UV_PROCESS_DETACHED,
        .stdio_count = 3,
        .stdio = stdio,
    };

    proc_open(proc, &proc->stdin_pipe);
    proc_open(proc, &proc->out.pipe);
    proc_open(proc, &proc->err.pipe);
    proc->out.is_open = proc->err.is_open = true;
    stdio[0].data.stream = (uv_stream_t *)&proc->stdin_pipe;
    stdio[1].data.stream = (uv_stream_t *)&proc->out.pipe;
    stdio[2].data.stream = (uv_stream_t *)&proc->err.pipe;
    proc->process.data = proc;
    proc->handles++;
    int failed = uv_spawn(loop_uv(proc->loop), &proc->process, &options);

    if (failed != 0) {
        proc_close((uv_handle_t *)&proc->process);
    }
    for (size_t i = 0; minimal_env != NULL && minimal_env[i] != NULL; i++) {
        mem_free(minimal_env[i]);
    }
    mem_free(minimal_env);
    return failed;
}

static int
proc_spawn_foreground(struct proc *proc, const struct proc_spec *spec)
{
    uv_stdio_container_t stdio[3];
    uv_process_options_t options = { .exit_cb = proc_on_exit,
                                     .file = spec->argv[0],
                                     .args = (char **)(uintptr_t)spec->argv,
                                     .env = (char **)(uintptr_t)spec->env,
                                     .stdio_count = 3,
                                     .stdio = stdio };

    for (int fd = 0; fd < 3; fd++) {
        stdio[fd] = (uv_stdio_container_t){ .flags = UV_INHERIT_FD, .data.fd = fd };
    }
    proc->process.data = proc;
    proc->handles++;
    int failed = uv_spawn(loop_uv(proc->loop), &proc->process, &options);

    if (failed != 0) {
        proc_close((uv_handle_t *)&proc->process);
    }
    return failed;
}

static void
proc_start_io(struct proc *proc, struct str input)
{
    (void)uv_read_start((uv_stream_t *)&proc->out.pipe, proc_on_alloc, proc_on_read);
    (void)uv_read_start((uv_stream_t *)&proc->err.pipe, proc_on_alloc, proc_on_read);
    if (input.size == 0) {
        proc_close((uv_handle_t *)&proc->stdin_pipe);
        return;
    }
    proc->input = str_dup(input);
    uv_buf_t bytes = { .base = proc->input, .len = input.size };

    proc->write.data = proc;
    if (uv_write(&proc->write, (uv_stream_t *)&proc->stdin_pipe, &bytes, 1, proc_on_written) != 0) {
        proc_close((uv_handle_t *)&proc->stdin_pipe); /* the child sees the end of its input */
    }
}

/* PATH and HOME of ours, everything else at its default; freed by the caller. */
static char **
proc_env(void)
{
    const char *path = getenv("PATH");
    const char *home = getenv("HOME");
    char **env = mem_new_array(4, sizeof(*env));

    env[0] = mem_printf("PATH=%s", path != NULL ? path
                                                : "/usr/local/sbin:/usr/local/bin:/usr/sbin:"
                                                  "/usr/bin:/sbin:/bin");
    env[1] = mem_strdup("LANG=C.UTF-8");
    env[2] = mem_printf("HOME=%s", home != NULL ? home : "/");
    return env;
}

static void
proc_open(struct proc *proc, uv_pipe_t *pipe)
{
    int failed = uv_pipe_init(loop_uv(proc->loop), pipe, 0);

    assert(failed == 0); /* it only fills in the struct */
    (void)failed;
    pipe->data = proc;
    proc->handles++;
}

static void
proc_close(uv_handle_t *handle)
{
    if (!uv_is_closing(handle)) {
        uv_close(handle, proc_on_closed);
    }
}

/* In the foreground there is none. */
static void
proc_close_stdin(struct proc *proc)
{
    if (!proc->is_foreground) {
        proc_close((uv_handle_t *)&proc->stdin_pipe);
    }
}

/* The last handle is gone: nothing of libuv points here any more. */
static void
proc_on_closed(uv_handle_t *handle)
{
    struct proc *proc = handle->data;

    if (--proc->handles > 0) {
        return;
    }
    struct proc_result result = {
        .status = proc->status,
        .timed_out = proc->timed_out,
        .out = proc->line == NULL ? str_view(&proc->out.kept) : (struct str){ 0 },
        .err = proc->line == NULL ? str_view(&proc->err.kept) : (struct str){ 0 },
    };

    proc->done(proc->ctx, &result, STEAL(proc->start_err));
    str_done(&proc->out.kept);
    str_done(&proc->err.kept);
    mem_free(proc->input);
    mem_free(proc);
}

static void
proc_on_written(uv_write_t *write, int status)
{
    struct proc *proc = write->data;

    (void)status; /* a child that does not read its input to the end is no failure */
    proc_close((uv_handle_t *)&proc->stdin_pipe);
}

static void
proc_on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct proc *proc = handle->data;

    (void)suggested;
    *buf = (uv_buf_t){ .base = proc->read, .len = sizeof(proc->read) };
}

static void
proc_on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    struct proc *proc = stream->data;
    struct proc_stream *from = stream == (uv_stream_t *)&proc->out.pipe ? &proc->out : &proc->err;

    if (size < 0) {
        proc_end_stream(proc, from);
    } else if (proc->line != NULL) {
        proc_take_lines(proc, from, str_slice(buf->base, (size_t)size));
    } else {
        str_put(&from->kept, str_slice(buf->base, (size_t)size));
    }
}

static void
proc_on_exit(uv_process_t *process, int64_t status, int signal_number)
{
    struct proc *proc = process->data;

    if (proc->timed_out) {
        proc_kill(proc, SIGKILL); /* what is left of the family */
    }
    proc->has_exited = true;
    proc->status = signal_number != 0 ? 128 + signal_number : (int)status;
    proc_close((uv_handle_t *)process);
    proc_close_stdin(proc);
    proc_check_end(proc);
    if (proc->out.is_open || proc->err.is_open) {
        /* Somebody else may hold the other end, a daemon that it has left behind for example. */
        proc_set_timer(proc, PROC_GRACE_MS, proc_on_drain_end);
    }
}

static void
proc_on_deadline(void *arg)
{
    struct proc *proc = arg;

    proc->timer = NULL;
    proc->timed_out = true;
    proc_kill(proc, SIGTERM);
    proc_set_timer(proc, PROC_GRACE_MS, proc_on_grace);
}

static void
proc_on_grace(void *arg)
{
    struct proc *proc = arg;

    proc->timer = NULL;
    proc_kill(proc, SIGKILL);
}

static void
proc_on_drain_end(void *arg)
{
    struct proc *proc = arg;

    proc->timer = NULL;
    proc_end_stream(proc, &proc->out);
    proc_end_stream(proc, &proc->err);
}

static void
proc_take_lines(struct proc *proc, struct proc_stream *stream, struct str data)
{
    while (data.size > 0) {
        struct str rest = { 0 };
        struct str piece = str_cut(data, '\n', &rest);
        size_t room = stream->kept.max - stream->kept.size;
        bool ended = rest.at != NULL;

        if (piece.size > room) {
            rest = str_slice(data.at + room, data.size - room);
            piece.size = room;
            ended = true;
        }
        str_put(&stream->kept, piece);
        if (ended) {
            proc->line(proc->ctx, stream->is_stderr, str_view(&stream->kept));
            stream->kept.size = 0;
        }
        data = rest;
    }
}

static void
proc_end_stream(struct proc *proc, struct proc_stream *stream)
{
    if (!stream->is_open) {
        return;
    }
    stream->is_open = false;
    if (proc->line != NULL && stream->kept.size > 0) {
        proc->line(proc->ctx, stream->is_stderr, str_view(&stream->kept));
        stream->kept.size = 0;
    }
    proc_close((uv_handle_t *)&stream->pipe);
    proc_check_end(proc);
}

static void
proc_check_end(struct proc *proc)
{
    if (proc->has_exited && !proc->out.is_open && !proc->err.is_open) {
        loop_timer_cancel(STEAL(proc->timer));
    }
}

static void
proc_set_timer(struct proc *proc, int64_t in_ms, loop_fn *fn)
{
    loop_timer_cancel(proc->timer);
    proc->timer = loop_timer(proc->loop, clock_mono_ms() + in_ms, fn, proc);
}
