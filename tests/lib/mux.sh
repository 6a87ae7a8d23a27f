# For tests of the console: source it after tap.sh.  A tmux of the test's own: keys in, screens out;
# nothing waits for a time, only for what is to be seen.  "mux_end" belongs into the test's trap.

unset TMUX NO_COLOR
export TERM=screen-256color LC_ALL=C.UTF-8 XDG_CONFIG_HOME=$tap_dir/config
mkfifo "$tap_dir/pace"
exec 9<>"$tap_dir/pace"

mux() {
    tmux -S "$tap_dir/tmux" -f /dev/null "$@"
}

mux_end() {
    mux kill-server 2>/dev/null || true
}

# until_true COMMAND...: true within $mux_wait seconds.
mux_wait=60
until_true() {
    local deadline=$((SECONDS + mux_wait))
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        read -r -t 0.03 -u 9 _ || true
    done
    return 0
}

screen() {
    mux capture-pane -p -t console 2>/dev/null
}

has() {
    screen | grep -qF -- "$1"
}

lacks() {
    ! has "$1"
}

shows() { # PATTERN
    screen | grep -qE -- "$1"
}

# see TEXT [SECONDS]: it comes up; what is there instead is shown when it does not.
see() {
    local mux_wait=${2:-$mux_wait}
    until_true has "$1" || {
        screen
        return 1
    }
}

see_like() { # PATTERN [SECONDS]
    local mux_wait=${2:-$mux_wait}
    until_true shows "$1" || {
        screen
        return 1
    }
}

gone() {
    until_true lacks "$1" || {
        screen
        return 1
    }
}

keys() {
    mux send-keys -t console "$@"
}

type_text() {
    mux send-keys -t console -l "$1"
}

enter() { # TEXT: typed into a prompt
    type_text "$1"
    keys Enter
}

flag() {
    mux display-message -p -t console "#{$1}"
}

# open COMMAND [COLUMNS LINES]: in a shell that says when it has ended.
open() {
    mux kill-session -t console 2>/dev/null || true
    mux new-session -d -s console -x "${2:-80}" -y "${3:-24}" "$1; echo ENDED \$?; exec cat"
    mux set-option -g status off
}

# A session that stays, and the server with it.
mux new-session -d -s keep cat
