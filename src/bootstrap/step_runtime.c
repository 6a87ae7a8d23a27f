/* The step that brings containerd, runc, the CNI plugins and nftables from the host's packages, and
 * takes away again what it brought.  Called by onboard.c on a worker. */
#include "config.h" /* IWYU pragma: keep */

#include "bootstrap/onboard.h"

enum { LOOK_TIMEOUT_S = 20, INSTALL_TIMEOUT_S = 600, PURGE_TIMEOUT_S = 300 };

/* Another package tool may run, of a try that broke off or the system's own: it is waited for. */
#define TRY                                                                                        \
    "export DEBIAN_FRONTEND=noninteractive\n"                                                      \
    "try() {\n"                                                                                    \
    "  for i in $(seq 60); do\n"                                                                   \
    "    said=$(\"$@\" 2>&1 >/dev/null) && return 0\n"                                             \
    "    case $said in *[Ll]ock*) sleep 2;; *) break;; esac\n"                                     \
    "  done\n"                                                                                     \
    "  echo \"$said\" >&2; return 1\n"                                                             \
    "}\n"

bool
step_runtime_is_done(struct step_run *run, struct err **err)
{
    static const char script[] = "for p in containerd runc nft; do\n"
                                 "  command -v $p >/dev/null || { echo absent; exit 0; }\n"
                                 "done\n"
                                 "[ -x /usr/lib/cni/bridge ] || [ -x /opt/cni/bin/bridge ] ||\n"
                                 "  { echo absent; exit 0; }\n"
                                 "echo there\n";
    struct str out;
    return onboard_script(run, script, (struct str){ 0 }, LOOK_TIMEOUT_S, &out, err) == 0 &&
           str_is(out, "there");
}

/* What the installation will bring is noted before it begins, so that it can be taken back from
 * any point of it. */
int
step_runtime(struct step_run *run, struct err **err)
{
    static const char script[] =
        TRY "set -e\n"
            "command -v apt-get >/dev/null || { echo 'no apt-get here' >&2; exit 1; }\n"
            "want='containerd runc nftables containernetworking-plugins iproute2 conntrack'\n"
            "try dpkg --configure -a\n"
            "try apt-get -q update\n"
            "apt-get install -s -q -y --no-install-recommends $want |\n"
            "  sed -n 's/^Inst \\([^ ]*\\).*/\\1/p' >>" ONBOARD_PACKAGES "\n"
            "sync " ONBOARD_PACKAGES "\n"
            "try apt-get install -q -y --no-install-recommends $want\n";
    struct str out;
    return onboard_script(run, script, (struct str){ 0 }, INSTALL_TIMEOUT_S, &out, err);
}

/* Only what goes without taking anything else with it: others may have come to need the rest. */
int
step_runtime_undo(struct step_run *run, struct err **err)
{
    static const char script[] =
        TRY "[ -s " ONBOARD_PACKAGES " ] || exit 0\n"
            "try dpkg --configure -a\n"
            "for p in $(sort -u " ONBOARD_PACKAGES "); do\n"
            "  dpkg -s $p >/dev/null 2>&1 && ours=\"$ours $p\"\n"
            "done\n"
            "if [ -n \"$ours\" ]; then\n"
            "  for p in $(apt-get purge -s -q -y $ours |\n"
            "      sed -n 's/^\\(Remv\\|Purg\\) \\([^ ]*\\).*/\\2/p'); do\n"
            "    case \" $ours \" in *\" $p \"*) ;; *)\n"
            "      echo \"the packages stay: $p needs some of them\"; exit 0;; esac\n"
            "  done\n"
            "  try apt-get purge -q -y $ours || exit 1\n"
            "fi\n"
            "apt-get clean -q; rm -f " ONBOARD_PACKAGES "\n";
    struct str out;
    return onboard_script(run, script, (struct str){ 0 }, PURGE_TIMEOUT_S, &out, err);
}
