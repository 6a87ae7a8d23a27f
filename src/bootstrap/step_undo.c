/* Taking back what the steps put on a machine: files, certificates, the service.  Worker
 * thread.
 *
 * Each finds what is there, whole or half, and takes only what is ours: no foreign table, interface,
 * route or package goes. The journal stays. */
#include "config.h" /* IWYU pragma: keep */

#include "base/arena.h"
#include "base/err.h"
#include "bootstrap/onboard.h"
#include "bootstrap/session.h"
#include "client/client.h"

enum { SCRIPT_TIMEOUT_S = 60 };

static int
run_script(struct step_run *run, const char *script, struct err **err)
{
    struct str out;
    return onboard_script(run, script, (struct str){ 0 }, SCRIPT_TIMEOUT_S, &out, err);
}

int
step_push_undo(struct step_run *run, struct err **err)
{
    return run_script(run, "rm -rf " ONBOARD_AGENT_DIR "\n", err);
}

int
step_identity_undo(struct step_run *run, struct err **err)
{
    AUTO_ERR struct err *absent = NULL;
    struct str bytes;
    struct call call =
        call_of(VERB_DELETE, onboard_resource(run, "", "nodes"), (struct str){ 0 }, run->node_name);
    if (session_call(run->session, &call, run->arena, &bytes, &absent) < 0 &&
        absent->code != ERR_NOT_FOUND) {
        err_move(err, &absent);
        return -1;
    }
    return run_script(run, "rm -rf " ONBOARD_CONF "\n", err);
}

/* The agent first, so that nothing comes back; then its containers with their shims, then what they
 * leave: mounts, network namespaces, our bridge, routes, tables and places. */
int
step_service_undo(struct step_run *run, struct err **err)
{
    static const char script[] =
        "systemctl disable -q --now binnacle-agent 2>/dev/null\n"
        "if [ -f " ONBOARD_UNIT " ]; then rm -f " ONBOARD_UNIT "; systemctl daemon-reload; fi\n"
        "[ ! -f /run/binnacle-agent.pid ] ||\n"
        "  kill -- -$(cat /run/binnacle-agent.pid) 2>/dev/null\n"
        "rm -f /run/binnacle-agent.pid\n"
        /* our containerd and its shims, with all below them */
        "tree() { for c in $(cat /proc/$1/task/*/children 2>/dev/null); do tree $c; done\n"
        "  echo $1; }\n"
        "ours() { for d in /proc/[0-9]*; do\n"
        "  [ ${d#/proc/} = $$ ] || ! tr '\\0' ' ' <$d/cmdline 2>/dev/null |\n"
        "    grep -q '/\\(var/lib\\|run\\)/binnacle-agent/' || tree ${d#/proc/}; done; }\n"
        "for i in 1 2 3 4 5; do\n"
        "  p=$(ours); [ -n \"$p\" ] || break; kill -9 $p 2>/dev/null; sleep 0.2\n"
        "done\n"
        "for i in 1 2 3; do\n"
        "  awk '{ print $5 }' /proc/self/mountinfo | sort -r |\n"
        "    grep -E '^/(var/lib|run)/binnacle-agent/.' | xargs -r umount -l\n"
        "done 2>/dev/null\n"
        /* the pods' network namespaces, as CNI noted them */
        "for n in $(cat /var/lib/cni/results/binnacle-* 2>/dev/null |\n"
        "  grep -o '/run/netns/cni-[0-9a-f-]*' | sort -u); do\n"
        "  umount -l $n 2>/dev/null; rm -f $n\n"
        "done\n"
        "rm -f /var/lib/cni/results/binnacle-*\n"
        "for u in $(ls /var/lib/binnacle-agent/pods 2>/dev/null); do\n"
        "  rm -rf /var/log/pods/*_$u\n"
        "done\n"
        "ip link del bnc0 2>/dev/null\n"
        /* routes to pods of other nodes, the address of the cluster's DNS */
        "ip route flush proto 98 2>/dev/null\n"
        "d=$(sed -n 's/^cluster-dns: *//p' " ONBOARD_CONF "/agent.yaml 2>/dev/null)\n"
        "[ -z \"$d\" ] || ip addr del $d/32 dev lo 2>/dev/null\n"
        "nft list tables 2>/dev/null | while read -r t family name; do\n"
        "  case $name in binnacle*) nft delete table $family $name;; esac\n"
        "done\n"
        "find /sys/fs/cgroup -depth -type d -path '*/kubepods*' -exec rmdir {} + 2>/dev/null\n"
        "for d in /var/lib/binnacle-agent /run/binnacle-agent /var/lib/cni/networks/binnacle\n"
        "do if [ -d $d ]; then\n"
        "  find $d -xdev -mindepth 1 -delete 2>/dev/null; rmdir $d 2>/dev/null; fi\n"
        "done\n"
        "rest=$(find /var/lib/binnacle-agent /run/binnacle-agent -mindepth 1 2>/dev/null | head -n 1)\n"
        "[ -z \"$rest\" ] || { echo \"$rest cannot be taken away\" >&2; exit 1; }\n";
    return run_script(run, script, err);
}
