/* A private containerd, for machines that have none for us: root, state, socket, CNI directory and
 * configuration of its own, so that no other's containers are in the way. It outlives the agent: what
 * runs goes on, and the next agent finds it by its socket. Called by the agent; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/containerd.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/disk.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/proc.h"
#include "net/conn.h"

#define LOG_MODULE "containerd"
#include "base/log.h"

enum { DIAL_MS = 1000, RESTART_MS = 1000, LOG_MAX = 16 << 20 };

struct containerd {
    struct loop *loop;
    struct arena *arena;
    const char *socket, *address, *config, *log;
    struct conn_dial *dial;
    struct proc *proc;  /* ours; NULL: it is another agent's, or it is not there */
    int64_t started_ms; /* mono, 0: never */
    bool is_freed;
};

static void
put_mirror(const struct containerd_spec *spec, struct str_builder *out)
{
    if (spec->registry != NULL) {
        str_putf(out,
                 "  [plugins.\"io.containerd.grpc.v1.cri\".registry]\n"
                 "    config_path = \"%s/certs.d\"\n",
                 spec->root);
    }
}

struct str
containerd_config(struct arena *arena, const struct containerd_spec *spec)
{
    struct str_builder out = { 0 };
    struct str result;

    /* Version 2 is read by every containerd from 1.5 on; 2.x migrates it by itself. */
    str_putf(&out,
             "version = 2\n"
             "root = \"%s/root\"\n"
             "state = \"%s/state\"\n"
             "oom_score = %d\n"
             "[grpc]\n"
             "  address = \"%s/containerd.sock\"\n"
             "[plugins.\"io.containerd.grpc.v1.cri\"]\n"
             "  sandbox_image = \"%s\"\n"
             "  restrict_oom_score_adj = %s\n"
             "  [plugins.\"io.containerd.grpc.v1.cri\".cni]\n"
             "    bin_dir = \"%s\"\n"
             "    conf_dir = \"%s\"\n"
             "  [plugins.\"io.containerd.grpc.v1.cri\".containerd]\n"
             "    default_runtime_name = \"runc\"\n"
             "    [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n"
             "      runtime_type = \"io.containerd.runc.v2\"\n"
             "      [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]\n"
             "        SystemdCgroup = %s\n",
             spec->root, spec->run, spec->is_confined ? 0 : -999, spec->run, spec->sandbox_image,
             spec->is_confined ? "true" : "false", spec->cni_bin_dir, spec->cni_conf_dir,
             spec->has_systemd_cgroups ? "true" : "false");
    put_mirror(spec, &out);
    result = arena_dup(arena, str_view(&out));
    str_done(&out);
    return result;
}

/* Every name is asked for at the loopback registry first; what that does not have comes from where it
 * says. */
static int
write_mirror(struct containerd *containerd, const struct containerd_spec *spec, struct err **err)
{
    struct str dir = arena_printf(containerd->arena, "%s/certs.d/_default", spec->root);
    struct str text;

    if (spec->registry == NULL) {
        return 0;
    }
    text =
        arena_printf(containerd->arena, "[host.\"%s\"]\n  capabilities = [\"pull\", \"resolve\"]\n",
                     spec->registry);
    return disk_make_dirs(dir.at, 0755, err) < 0
               ? -1
               : disk_write(arena_printf(containerd->arena, STR_FMT "/hosts.toml", STR_ARG(dir)).at,
                            text, 0644, err);
}

/* ---- the process ---- */

static void start(struct containerd *containerd);

static void
ended(void *ctx, const struct proc_result *result, struct err *owned)
{
    struct containerd *containerd = ctx;

    containerd->proc = NULL;
    if (containerd->is_freed) {
        err_free(owned);
        arena_free(containerd->arena);
        mem_free(containerd);
        return;
    }
    if (owned != NULL) {
        log_error("containerd cannot be started err=\"%s\"", owned->message);
    } else {
        log_warn("containerd ended status=%d log=%s", result->status, containerd->log);
    }
    err_free(owned);
    /* health finds out that nobody answers, and asks for the next start */
}

/* Its log is a file: a pipe to us would end it when we end. */
static void
start(struct containerd *containerd)
{
    const char *const argv[] = { "/bin/sh",
                                 "-c",
                                 "exec containerd --config \"$0\" >>\"$1\" 2>&1 </dev/null",
                                 containerd->config,
                                 containerd->log,
                                 NULL };
    struct proc_spec spec = { .argv = argv };
    struct stat st;

    if (stat(containerd->log, &st) == 0 && st.st_size > LOG_MAX) {
        /* One old log is enough; without it the new one grows on. */
        (void)rename(containerd->log, arena_printf(containerd->arena, "%s.1", containerd->log).at);
    }
    containerd->started_ms = clock_mono_ms();
    containerd->proc = proc_start(containerd->loop, &spec, ended, containerd);
    log_info("containerd started pid=%d", proc_pid(containerd->proc));
}

static void
dialled(void *ctx, struct conn *conn, struct err *owned)
{
    struct containerd *containerd = ctx;
    bool is_there = owned == NULL;

    containerd->dial = NULL;
    conn_close(conn);
    err_free(owned);
    if (containerd->is_freed) {
        arena_free(containerd->arena);
        mem_free(containerd);
        return;
    }
    if (is_there) {
        log_info("containerd is there socket=%s", containerd->socket);
    } else if (containerd->proc == NULL) {
        start(containerd);
    }
}

void
containerd_check(struct containerd *containerd)
{
    if (containerd->proc != NULL || containerd->dial != NULL ||
        (containerd->started_ms > 0 && clock_mono_ms() - containerd->started_ms < RESTART_MS)) {
        return;
    }
    containerd->dial =
        conn_dial(containerd->loop, containerd->address, DIAL_MS, dialled, containerd);
}

int
containerd_new(const struct containerd_spec *spec, struct containerd **ret, struct err **err)
{
    struct containerd *containerd = MEM_NEW(struct containerd);
    struct arena *arena = arena_new();

    containerd->loop = spec->loop;
    containerd->arena = arena;
    containerd->socket = arena_printf(arena, "%s/containerd.sock", spec->run).at;
    containerd->address = arena_printf(arena, "unix:%s", containerd->socket).at;
    containerd->config = arena_printf(arena, "%s/config.toml", spec->root).at;
    containerd->log = arena_printf(arena, "%s/containerd.log", spec->root).at;
    if (disk_make_dirs(spec->root, 0711, err) < 0 || disk_make_dirs(spec->run, 0711, err) < 0 ||
        write_mirror(containerd, spec, err) < 0 ||
        disk_write(containerd->config, containerd_config(arena, spec), 0600, err) < 0) {
        arena_free(arena);
        mem_free(containerd);
        return -1;
    }
    containerd_check(containerd);
    *ret = containerd;
    return 0;
}

void
containerd_free(struct containerd *containerd)
{
    if (containerd == NULL) {
        return;
    }
    containerd->is_freed = true;
    if (containerd->dial != NULL) {
        conn_dial_cancel(containerd->dial);
    } else if (containerd->proc == NULL) {
        arena_free(containerd->arena);
        mem_free(containerd);
    } /* else its process goes on, and this with it until the program ends */
}

const char *
containerd_address(const struct containerd *containerd)
{
    return containerd->address;
}
