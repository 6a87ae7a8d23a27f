/* Steps about the host: facts, preflight, push.  Worker thread.
 *
 * Scripts are POSIX sh and need nothing but a base system. */
#include "config.h" /* IWYU pragma: keep */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/validate.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bootstrap/digest.h"
#include "bootstrap/onboard.h"
#include "bootstrap/transport.h"
#include "client/client.h"

enum { FACTS_TIMEOUT_S = 20, PUSH_TIMEOUT_S = 60, AGENT_MAX = 64 << 20 };
enum { FREE_MIN_KB = 1 << 20, SKEW_MAX_S = 60 };

static const char facts_script[] =
    "set -u\n"
    "echo uid=$(id -u)\n"
    "echo os=$(uname -s)\n"
    "echo arch=$(uname -m)\n"
    "echo name=$(uname -n)\n"
    "[ -d /run/systemd/system ] && echo systemd=1 || echo systemd=0\n"
    "a=$(ip -4 route get 1.1.1.1 2>/dev/null | sed -n 's/.* src \\([0-9.]*\\).*/\\1/p')\n"
    "[ -n \"$a\" ] || a=$(hostname -I 2>/dev/null | cut -d' ' -f1)\n"
    "echo address=$a\n"
    "echo now=$(date +%s)\n"
    "echo ca=$([ ! -f /etc/binnacle-agent/ca.crt ] ||\n"
    "  sha256sum </etc/binnacle-agent/ca.crt | cut -c1-64)\n"
    "echo free_kb=$(df -kP /var/lib 2>/dev/null | awk 'NR==2{print $4}')\n"
    "for c in cpu memory pids; do\n"
    "  if grep -qw $c /sys/fs/cgroup/cgroup.controllers 2>/dev/null ||\n"
    "     awk -v c=$c '$1==c && $4==1{f=1} END{exit !f}' /proc/cgroups 2>/dev/null; then :;\n"
    "  else echo missing=$c; fi\n"
    "done\n";

/* The value of key=… in the script's lines; the last of several. */
static struct str
fact(struct str facts, const char *key)
{
    struct str found = { 0 };
    for (struct str rest = facts; rest.size > 0;) {
        struct str value, line = str_cut(rest, '\n', &rest);
        struct str name = str_cut(line, '=', &value);
        found = str_is(name, key) ? str_trim(value) : found;
    }
    return found;
}

int
step_facts(struct step_run *run, struct err **err)
{
    struct str facts;
    if (onboard_script(run, facts_script, (struct str){ 0 }, FACTS_TIMEOUT_S, &facts, err) < 0) {
        return -1;
    }
    struct str name = run->wanted_name.size > 0 ? run->wanted_name : fact(facts, "name");
    char *lower = arena_dupz(run->arena, name);
    for (char *c = lower; *c != '\0'; c++) {
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + ('a' - 'A')) : *c;
    }
    run->node_name = str_of(lower);
    run->address = fact(facts, "address");
    run->has_systemd = str_is(fact(facts, "systemd"), "1");
    run->is_root = str_is(fact(facts, "uid"), "0");
    run->facts = facts;
    return 0;
}

/* ---- preflight ---- */

static int
check_system(struct step_run *run, struct err **err)
{
    struct str facts = run->facts;
    if (!str_is(fact(facts, "os"), "Linux")) {
        return err_set(err, ERR_UNAVAILABLE, "the machine runs '" STR_FMT "', not Linux",
                       STR_ARG(fact(facts, "os")));
    }
    struct str missing = fact(facts, "missing");
    if (missing.size > 0) {
        return err_set(err, ERR_UNAVAILABLE,
                       "the kernel's cgroup controller '" STR_FMT "' is not there",
                       STR_ARG(missing));
    }
    int64_t free_kb, now_s;
    if (str_to_int(fact(facts, "free_kb"), &free_kb) && free_kb < FREE_MIN_KB) {
        return err_set(err, ERR_UNAVAILABLE, "only %lld MiB are free below /var/lib, %d are needed",
                       (long long)(free_kb >> 10), FREE_MIN_KB >> 10);
    }
    if (str_to_int(fact(facts, "now"), &now_s)) {
        int64_t ahead_s = now_s - clock_wall_ms() / 1000;
        if (ahead_s > SKEW_MAX_S || ahead_s < -SKEW_MAX_S) {
            return err_set(err, ERR_UNAVAILABLE,
                           "its clock is %lld s %s the control plane's: no certificate would hold",
                           (long long)(ahead_s < 0 ? -ahead_s : ahead_s),
                           ahead_s < 0 ? "behind" : "ahead of");
        }
    }
    return 0;
}

/* A machine serves one cluster. */
static int
check_cluster(struct step_run *run, struct err **err)
{
    struct str ca = fact(run->facts, "ca");
    return ca.size == 0 || str_eq(ca, digest_hex(run->ca_pem, run->arena))
               ? 0
               : err_set(err, ERR_CONFLICT,
                         "it is a node of another cluster: remove it there, or take "
                         "/etc/binnacle-agent away on it");
}

/* Cloned machines have the same host name: the second must not take the first one's place. */
static int
check_name(struct step_run *run, struct err **err)
{
    AUTO_ERR struct err *absent = NULL;
    struct val node;
    struct call call =
        call_of(VERB_GET, onboard_resource(run, "", "nodes"), (struct str){ 0 }, run->node_name);
    const char *problem = validate_dns_subdomain(run->node_name, false);
    if (problem != NULL) {
        return err_set(err, ERR_BAD_REQUEST, "'" STR_FMT "' cannot be a node's name: %s",
                       STR_ARG(run->node_name), problem);
    }
    if (onboard_read(run, &call, &node, &absent) < 0 || !onboard_is_ready(node)) {
        return 0;
    }
    VAL_EACH (it, val_at(node, "status.addresses")) {
        struct str address = val_str(val_get(it.value, "address"));
        if (val_is_str(val_get(it.value, "type"), "InternalIP") && !str_eq(address, run->address)) {
            return err_set(err, ERR_CONFLICT,
                           "a node '" STR_FMT "' is there already, at " STR_FMT
                           ": give this one a name of its own (--node-name)",
                           STR_ARG(run->node_name), STR_ARG(address));
        }
    }
    return 0;
}

int
step_preflight(struct step_run *run, struct err **err)
{
    if (check_system(run, err) < 0) {
        return -1;
    }
    if (!run->is_root) {
        return err_set(err, ERR_FORBIDDEN,
                       "root is needed to run containers; start as root or with sudo");
    }
    if (run->address.size == 0) {
        return err_set(err, ERR_UNAVAILABLE, "the machine has no IPv4 address");
    }
    return check_cluster(run, err) < 0 ? -1 : check_name(run, err);
}

/* ---- push ---- */

static int
read_agent(struct step_run *run, struct str *ret, struct err **err)
{
    struct stat stat;
    AUTO_FREE char *path = str_dup(run->agent_path);
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &stat) < 0) {
        return err_sys(err, errno, "open the agent '%s'", path);
    }
    if (stat.st_size <= 0 || stat.st_size > AGENT_MAX) {
        return err_set(err, ERR_IO, "the agent '%s' has %lld bytes", path, (long long)stat.st_size);
    }
    char *at = arena_alloc(run->arena, (size_t)stat.st_size);
    for (size_t have = 0; have < (size_t)stat.st_size;) {
        ssize_t part = read(fd, at + have, (size_t)stat.st_size - have);
        if (part <= 0) {
            return err_sys(err, errno, "read the agent '%s'", path);
        }
        have += (size_t)part;
    }
    *ret = str_slice(at, (size_t)stat.st_size);
    return 0;
}

static char *
agent_file(struct step_run *run)
{
    return arena_dupz(run->arena, arena_printf(run->arena, ONBOARD_AGENT_DIR "/agent." STR_FMT,
                                               STR_ARG(run->agent_hash)));
}

bool
step_push_is_done(struct step_run *run, struct err **err)
{
    struct str bytes, out;
    if (read_agent(run, &bytes, err) < 0) {
        return false;
    }
    run->agent_hash = digest_hex(bytes, run->arena);
    struct str script =
        arena_printf(run->arena,
                     "f=%s; [ -x $f ] && [ \"$(sha256sum <$f | cut -c1-64)\" = " STR_FMT
                     " ] && [ \"$(readlink " ONBOARD_AGENT_DIR "/binnacle-agent)\" = $f ]"
                     " && echo there || echo absent",
                     agent_file(run), STR_ARG(run->agent_hash));
    return onboard_script(run, script.at, (struct str){ 0 }, PUSH_TIMEOUT_S, &out, err) == 0 &&
           str_is(out, "there");
}

int
step_push(struct step_run *run, struct err **err)
{
    struct str bytes, out;
    char *file = agent_file(run);
    if (read_agent(run, &bytes, err) < 0 ||
        run->transport->ops->put(run->transport, file, 0755, bytes, err) < 0) {
        return -1;
    }
    struct str script = arena_printf(run->arena,
                                     "set -e; ln -sfn %s " ONBOARD_AGENT_DIR "/binnacle-agent.new\n"
                                     "mv -T " ONBOARD_AGENT_DIR
                                     "/binnacle-agent.new " ONBOARD_AGENT_DIR "/binnacle-agent\n",
                                     file);
    return onboard_script(run, script.at, (struct str){ 0 }, PUSH_TIMEOUT_S, &out, err);
}
