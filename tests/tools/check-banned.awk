# Banned calls, descriptors without CLOEXEC, macros that jump (see check-banned.sh).
function add(list, kind,    word, i, n) {
    n = split(list, word, " ")
    for (i = 1; i <= n; i++)
        banned[word[i]] = kind
}

function complain(text) {
    printf "%s:%d: %s\n", FILENAME, FNR, text
    bad = 1
}

# Is this call allowed where it stands?
function allowed(call,    kind) {
    kind = banned[call]
    if (kind == "always")
        return 0
    if (FILENAME ~ /^src\/base\//)
        return 1
    if (FILENAME ~ /^tests\//)
        return kind == "memory" || kind == "process" || kind == "lock" ||
               (kind == "time" && FILENAME ~ /^tests\/bench\//)
    return 0
}

BEGIN {
    add("strcpy strcat sprintf vsprintf strncat strtok atoi atol atof gets alloca tmpnam mktemp", "always")
    add("system popen sleep usleep nanosleep", "always")
    add("pipe dup accept epoll_create inotify_init creat", "always") # no way to say CLOEXEC
    add("malloc calloc realloc free strdup strndup asprintf vasprintf", "memory")
    add("fork vfork signal", "process")
    add("time gettimeofday clock_gettime", "time")
    add("pthread_mutex_lock pthread_mutex_init pthread_rwlock_wrlock pthread_create", "lock")
    split("open openat socket socketpair pipe2 accept4 memfd_create fopen", needs, " ")
    for (i in needs)
        cloexec[needs[i]] = 1
}

FNR == 1 {
    strip_reset()
    in_macro = 0
    pending = ""
    blank = 1
}

{
    text = strip($0)
}

/TODO|FIXME/ && !/TODO\(#[0-9]+\)/ {
    complain("a TODO carries its issue number: TODO(#12)")
}

# Function-like macros never jump.
text ~ /^[ \t]*#[ \t]*define[ \t]+[A-Za-z_0-9]+\(/ {
    in_macro = 1
}
in_macro {
    if (text ~ /(^|[^A-Za-z_0-9])(return|goto|break|continue)([^A-Za-z_0-9]|$)/)
        complain("a function-like macro never returns or jumps")
    if (text !~ /\\$/)
        in_macro = 0
}

# A statement that opens a descriptor may go on in the next lines.
pending != "" {
    statement = statement $0
    if (statement ~ /CLOEXEC/ || (pending == "fopen" && statement ~ /"[rwa][+b]*e/))
        pending = ""
    else if (text ~ /;/) {
        complain(pending " without CLOEXEC")
        pending = ""
    }
}

{
    rest = text
    while (match(rest, /[A-Za-z_][A-Za-z_0-9]*[ \t]*\(/)) {
        call = substr(rest, RSTART, RLENGTH)
        before = RSTART == 1 ? "" : substr(rest, RSTART - 1, 1)
        before2 = RSTART <= 2 ? "" : substr(rest, RSTART - 2, 2)
        sub(/[ \t]*\($/, "", call)
        rest = substr(rest, RSTART + RLENGTH)
        if (before == "." || before2 == "->" || before == "*")
            continue # a member or a pointer of that name
        if ((call in banned) && !allowed(call))
            complain(call "() is banned here (doc/STYLE.md 5)")
        if ((call in cloexec) && pending == "" && text !~ /CLOEXEC/) {
            if (call == "fopen" && $0 ~ /"[rwa][+b]*e/)
                continue
            if (text ~ /;/)
                complain(call " without CLOEXEC")
            else {
                pending = call
                statement = $0
            }
        }
    }
}

END {
    exit bad
}
