# Cgroups of the lab, sourced by lab.sh.  A machine has cgroup v1 hierarchies beside an empty v2 one
# ("hybrid"), or only v2.  $LAB_DIR/cgroups lists the lab's directory in each of them.

only_v2() {
    [ -e /sys/fs/cgroup/cgroup.controllers ]
}

# On v1 below the cgroup of whoever calls, so that outer limits and accounting hold.  On v2 a cgroup
# with processes cannot delegate, so the lab lies at the root.
cgroup_list() {
    local id controllers path root
    if only_v2; then
        echo "/sys/fs/cgroup/lab-$LAB_ID"
        return
    fi
    while IFS=: read -r id controllers path; do
        root=/sys/fs/cgroup/${controllers#name=}
        [ "$id" != 0 ] || root=/sys/fs/cgroup/unified
        [ ! -d "$root" ] || echo "$root${path%/}/lab-$LAB_ID"
    done </proc/self/cgroup
}

cgroup_make() { # DIR: with what a child needs before a process may enter
    local file
    [ ! -d "$1" ] || return 0
    mkdir -p "$1"
    case $1 in
    /sys/fs/cgroup/cpuset/*)
        for file in cpus mems; do
            cat "$(dirname "$1")/cpuset.$file" >"$1/cpuset.$file"
        done
        ;;
    esac
    if only_v2; then
        for file in cpuset cpu io memory pids; do
            echo "+$file" >"$(dirname "$1")/cgroup.subtree_control" 2>/dev/null || true
        done
    fi
}

cgroup_move() { # REL PID: below the lab's cgroup, in every hierarchy
    local dir
    while read -r dir; do
        cgroup_make "$dir"
        cgroup_make "$dir/$1"
        echo "$2" >"$dir/$1/cgroup.procs"
    done <"$LAB_DIR/cgroups"
}

cgroup_enter() { # REL: this shell (BASHPID: $$ is the parent in a subshell)
    cgroup_move "$1" "$BASHPID"
}

# systemd on v2 keeps processes out of the host's top cgroup.
cgroup_join_host() { # HOST
    if only_v2 && [ -d "/sys/fs/cgroup/lab-$LAB_ID/$1/init.scope" ]; then
        cgroup_enter "$1/init.scope"
    else
        cgroup_enter "$1"
    fi
}

cgroup_limit_memory() { # HOST LIMIT
    local dir
    while read -r dir; do
        case $dir in
        /sys/fs/cgroup/memory/*) echo "$2" >"$dir/$1/memory.limit_in_bytes" ;;
        /sys/fs/cgroup/lab-*) [ ! -e "$dir/$1/memory.max" ] || echo "$2" >"$dir/$1/memory.max" ;;
        esac
    done <"$LAB_DIR/cgroups"
}

cgroup_freeze() { # HOST 0|1: answers ping, does nothing
    local dir
    while read -r dir; do
        case $dir in
        /sys/fs/cgroup/freezer/*)
            if [ "$2" = 1 ]; then echo FROZEN; else echo THAWED; fi >"$dir/$1/freezer.state"
            ;;
        /sys/fs/cgroup/lab-*) echo "$2" >"$dir/$1/cgroup.freeze" ;;
        esac
    done <"$LAB_DIR/cgroups"
}

cgroup_clean() {
    local dir left
    for _ in 1 2 3 4 5 6 7 8; do
        left=0
        while read -r dir; do
            [ ! -d "$dir" ] || find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null || left=1
        done <"$LAB_DIR/cgroups"
        [ "$left" -ne 0 ] || return 0
        sleep 0.3
    done
    return 1
}
