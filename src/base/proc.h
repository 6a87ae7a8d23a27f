/* Child processes: own process group, deadline, always reaped.  Loop thread. */
#ifndef BINNACLE_BASE_PROC_H
#define BINNACLE_BASE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct err;
struct loop;
struct proc;

struct proc_spec {
    const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
    const char *const *env;  /* NULL: a minimal one (PATH, LANG=C.UTF-8, HOME) */
    struct str input;        /* fed to stdin, copied; then end of file */
    int64_t timeout_ms;      /* then SIGTERM to the group, SIGKILL 2 s later; 0: none */
    size_t output_max;       /* bytes kept per stream, the rest is read and dropped; 0: 1 MiB */
    /* For a program that somebody sits at: it has our standard input, output, error and environment
     * (env NULL), and stays in our process group, so that it is in the terminal's foreground. Nothing
     * is fed or kept. */
    bool is_foreground;
    /* When set, lines of stdout and stderr arrive here as they come and are not kept. */
    void (*line)(void *ctx, bool is_stderr, struct str line);
};
struct proc_result {
    int status; /* exit code, or 128 + signal */
    bool timed_out;
    struct str out, err; /* what was kept; valid during done */
};
typedef void proc_done_fn(void *ctx, const struct proc_result *result, struct err *owned);

/* done exactly once, never before the call returned; err when it could not be started. */
struct proc *proc_start(struct loop *loop, const struct proc_spec *spec, proc_done_fn *done,
                        void *ctx);
int proc_pid(const struct proc *proc);
void proc_kill(struct proc *proc, int signal_number); /* the group; in the foreground it alone */

#endif
