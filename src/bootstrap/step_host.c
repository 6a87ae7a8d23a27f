/* Steps about the host: facts, preflight, push, runtime.  Worker thread.
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
#include "base/err.h"
#include "base/mem.h"
#include "bootstrap/digest.h"
#include "bootstrap/onboard.h"
#include "bootstrap/transport.h"

#define AGENT_DIR "/usr/local/lib/binnacle"
enum { FACTS_TIMEOUT_S = 20, PUSH_TIMEOUT_S = 60, RUNTIME_TIMEOUT_S = 600, AGENT_MAX = 64 << 20 };

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
    int64_t free_kb;
    if (str_to_int(fact(facts, "free_kb"), &free_kb) && free_kb < 1 << 20) {
        return err_set(err, ERR_UNAVAILABLE,
                       "only %lld MiB are free below /var/lib, 1024 are needed",
                       (long long)(free_kb >> 10));
    }
    return 0;
}

int
step_preflight(struct step_run *run, struct err **err)
{
    if (!run->is_root) {
        return err_set(err, ERR_FORBIDDEN,
                       "root is needed to run containers; start as root or with sudo");
    }
    const char *problem = validate_dns_subdomain(run->node_name, false);
    if (problem != NULL) {
        return err_set(err, ERR_BAD_REQUEST, "'" STR_FMT "' cannot be a node's name: %s",
                       STR_ARG(run->node_name), problem);
    }
    if (run->address.size == 0) {
        return err_set(err, ERR_UNAVAILABLE, "the machine has no IPv4 address");
    }
    return 0;
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
    return arena_dupz(run->arena, arena_printf(run->arena, AGENT_DIR "/agent." STR_FMT,
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
                     " ] && [ \"$(readlink " AGENT_DIR "/binnacle-agent)\" = $f ]"
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
    struct str script =
        arena_printf(run->arena,
                     "set -e; ln -sfn %s " AGENT_DIR "/binnacle-agent.new\n"
                     "mv -T " AGENT_DIR "/binnacle-agent.new " AGENT_DIR "/binnacle-agent\n",
                     file);
    return onboard_script(run, script.at, (struct str){ 0 }, PUSH_TIMEOUT_S, &out, err);
}

/* ---- runtime ---- */

bool
step_runtime_is_done(struct step_run *run, struct err **err)
{
    static const char script[] = "PATH=$PATH:/usr/sbin:/sbin\n"
                                 "for p in containerd runc nft; do\n"
                                 "  command -v $p >/dev/null || { echo absent; exit 0; }\n"
                                 "done\n"
                                 "[ -x /usr/lib/cni/bridge ] || [ -x /opt/cni/bin/bridge ] ||\n"
                                 "  { echo absent; exit 0; }\n"
                                 "echo there\n";
    struct str out;
    return onboard_script(run, script, (struct str){ 0 }, FACTS_TIMEOUT_S, &out, err) == 0 &&
           str_is(out, "there");
}

int
step_runtime(struct step_run *run, struct err **err)
{
    static const char script[] =
        "set -e; export DEBIAN_FRONTEND=noninteractive\n"
        "command -v apt-get >/dev/null || { echo 'no apt-get here' >&2; exit 1; }\n"
        "apt-get update -q >/dev/null\n"
        "apt-get install -q -y --no-install-recommends containerd runc nftables \\\n"
        "  containernetworking-plugins iproute2 conntrack >/dev/null\n";
    struct str out;
    return onboard_script(run, script, (struct str){ 0 }, RUNTIME_TIMEOUT_S, &out, err);
}
