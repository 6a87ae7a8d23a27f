/* A command on an SSH connection: its input, output and status.  Called by transport_ssh.c on a
 * worker. */
#include "config.h" /* IWYU pragma: keep */

#include <signal.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bootstrap/session.h"
#include "bootstrap/ssh_priv.h"

enum { OUTPUT_MAX = 1 << 20, READ_SIZE = 32 << 10, WRITE_MAX = 32 << 10, CLOSE_MS = 5000 };

/* One command under way. */
struct run {
    struct ssh *ssh;
    const struct ssh_exec *exec;
    LIBSSH2_CHANNEL *channel;
    struct str_builder out, err;
    struct str say; /* what the gate wants written, rest of it */
    size_t sent, used;
    enum ssh_gate gate;
    bool sent_eof;
    int64_t deadline_ms;
};

static int
open_channel(struct run *run, struct err **err)
{
    struct ssh *ssh = run->ssh;
    int rc;
    while ((run->channel = libssh2_channel_open_session(ssh->lib)) == NULL) {
        if (libssh2_session_last_errno(ssh->lib) != LIBSSH2_ERROR_EAGAIN) {
            return ssh_failed(ssh, "open an SSH channel", err);
        }
        if (ssh_wait(ssh, run->deadline_ms, err) < 0) {
            return err_wrap(err, "open an SSH channel");
        }
    }
    while ((rc = libssh2_channel_exec(run->channel, run->exec->command)) == LIBSSH2_ERROR_EAGAIN) {
        if (ssh_wait(ssh, run->deadline_ms, err) < 0) {
            return err_wrap(err, "start a command");
        }
    }
    return rc == 0 ? 0 : ssh_failed(ssh, "start a command", err);
}

/* → bytes moved, 0: none now, -1 with *err. */
static ssize_t
read_stream(struct run *run, int stream, struct str_builder *to, struct err **err)
{
    char bytes[READ_SIZE];
    ssize_t size = libssh2_channel_read_ex(run->channel, stream, bytes, sizeof(bytes));
    if (size == LIBSSH2_ERROR_EAGAIN) {
        return 0;
    }
    if (size < 0) {
        return ssh_failed(run->ssh, "a command", err);
    }
    str_put(to, str_slice(bytes, (size_t)size));
    if (to->overflow) {
        return err_set(err, ERR_TOO_LARGE, "it writes without end: more than %d KiB",
                       OUTPUT_MAX >> 10);
    }
    return size;
}

static void
look_at_gate(struct run *run)
{
    if (run->gate == SSH_GATE_SHUT) {
        struct str said = str_rest(&run->err, run->used), say = { 0 };
        size_t used = 0;
        run->gate = run->exec->gate(run->exec->gate_ctx, said, &say, &used);
        run->used += used;
        run->say = say.size > 0 ? say : run->say;
    }
}

static ssize_t
write_some(struct run *run, struct str bytes, struct err **err)
{
    size_t most = bytes.size < WRITE_MAX ? bytes.size : WRITE_MAX;
    ssize_t size = libssh2_channel_write(run->channel, bytes.at, most);
    if (size == LIBSSH2_ERROR_EAGAIN) {
        return 0;
    }
    return size < 0 ? ssh_failed(run->ssh, "a command", err) : size;
}

/* What the gate says first, then the input, then its end. */
static ssize_t
write_next(struct run *run, struct err **err)
{
    if (run->say.size > 0) {
        ssize_t size = write_some(run, run->say, err);
        run->say =
            size > 0 ? str_slice(run->say.at + size, run->say.size - (size_t)size) : run->say;
        return size;
    }
    if (run->gate != SSH_GATE_OPEN || run->sent_eof) {
        return 0;
    }
    if (run->sent < run->exec->input.size) {
        struct str input = run->exec->input;
        ssize_t size =
            write_some(run, str_slice(input.at + run->sent, input.size - run->sent), err);
        run->sent += size > 0 ? (size_t)size : 0;
        if (size > 0 && run->exec->sent != NULL) {
            run->exec->sent(run->exec->sent_ctx, run->sent);
        }
        return size;
    }
    int rc = libssh2_channel_send_eof(run->channel);
    run->sent_eof = rc == 0;
    if (rc != 0 && rc != LIBSSH2_ERROR_EAGAIN) {
        return ssh_failed(run->ssh, "a command", err);
    }
    return rc == 0;
}

/* Until the command has ended and all it said is read. */
static int
talk(struct run *run, struct err **err)
{
    for (;;) {
        ssize_t out = read_stream(run, 0, &run->out, err);
        ssize_t said = out < 0 ? -1 : read_stream(run, SSH_EXTENDED_DATA_STDERR, &run->err, err);
        if (said < 0) {
            return -1;
        }
        look_at_gate(run);
        if (run->gate == SSH_GATE_REFUSED) {
            return 0;
        }
        bool is_over = libssh2_channel_eof(run->channel) != 0;
        ssize_t written = is_over ? 0 : write_next(run, err);
        if (written < 0) {
            return -1;
        }
        if (is_over && out == 0 && said == 0) {
            return 0;
        }
        if (out == 0 && said == 0 && written == 0 &&
            ssh_wait(run->ssh, run->deadline_ms, err) < 0) {
            return -1;
        }
    }
}

static int
status_of(struct run *run)
{
    char *name = NULL;
    size_t size = 0;
    if (libssh2_channel_get_exit_signal(run->channel, &name, &size, NULL, NULL, NULL, NULL) == 0 &&
        name != NULL) {
        bool is_term = strcmp(name, "TERM") == 0;
        libssh2_free(run->ssh->lib, name);
        return 128 + (is_term ? SIGTERM : SIGKILL);
    }
    return libssh2_channel_get_exit_status(run->channel);
}

static void
close_channel(struct run *run)
{
    AUTO_ERR struct err *late = NULL;
    int64_t deadline_ms = clock_mono_ms() + CLOSE_MS;
    if (run->channel == NULL) {
        return;
    }
    ssh_guard(run->ssh, deadline_ms);
    while (libssh2_channel_close(run->channel) == LIBSSH2_ERROR_EAGAIN &&
           ssh_wait(run->ssh, deadline_ms, &late) == 0) {
    }
    /* The exit status comes before the close of the other side. */
    while (run->gate != SSH_GATE_REFUSED &&
           libssh2_channel_wait_closed(run->channel) == LIBSSH2_ERROR_EAGAIN &&
           ssh_wait(run->ssh, deadline_ms, &late) == 0) {
    }
}

static void
free_channel(struct run *run)
{
    AUTO_ERR struct err *late = NULL;
    int64_t deadline_ms = clock_mono_ms() + CLOSE_MS;
    ssh_guard(run->ssh, deadline_ms);
    while (run->channel != NULL && libssh2_channel_free(run->channel) == LIBSSH2_ERROR_EAGAIN &&
           ssh_wait(run->ssh, deadline_ms, &late) == 0) {
    }
}

int
ssh_exec(struct ssh *ssh, const struct ssh_exec *exec, struct arena *arena, struct ssh_result *ret,
         struct err **err)
{
    struct run run = { .ssh = ssh,
                       .exec = exec,
                       .out = { .max = OUTPUT_MAX },
                       .err = { .max = OUTPUT_MAX },
                       .gate = exec->gate == NULL ? SSH_GATE_OPEN : SSH_GATE_SHUT,
                       .deadline_ms = clock_mono_ms() + exec->timeout_ms };
    ssh_guard(ssh, run.deadline_ms);
    int rc = open_channel(&run, err);
    if (rc == 0) {
        rc = talk(&run, err);
    }
    if (rc < 0 && (*err)->code == ERR_TIMEOUT) {
        err_clear(err);
        (void)err_set(err, ERR_TIMEOUT, "not done after %lld s",
                      (long long)(exec->timeout_ms / 1000));
    }
    close_channel(&run);
    if (rc == 0) {
        *ret = (struct ssh_result){ .status = status_of(&run),
                                    .is_open = run.gate == SSH_GATE_OPEN,
                                    .out = arena_dup(arena, str_view(&run.out)),
                                    .err = arena_dup(arena, str_rest(&run.err, run.used)) };
    }
    free_channel(&run);
    str_done(&run.out);
    str_done(&run.err);
    return rc;
}
