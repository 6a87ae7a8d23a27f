# Lines, parameters and nesting of files and functions (see check-limits.sh).  Relies on the format
# that clang-format enforces: a definition's name and its braces stand in column 1.
function judge(where, what, value, limit, hard) {
    if (value > hard) {
        printf "%s: %s %d, the hard stop is %d\n", where, what, value, hard
        bad = 1
    } else if (value > limit) {
        printf "%s: warning: %s %d, the limit is %d\n", where, what, value, limit
    }
}

function end_of_file() {
    if (file == "")
        return
    if (file ~ /\.h$/)
        judge(file, "lines of header", lines, 200, 300)
    else if (file ~ /\/kind_[^\/]*\.c$/)
        judge(file, "lines of table file", lines, 4000, 4000)
    else
        judge(file, "lines of file", lines, 600, 1000)
}

FNR == 1 {
    end_of_file()
    file = FILENAME
    name = ""
    inside = 0
    strip_reset()
}

{
    lines = FNR
    text = strip($0)
}

!inside && name == "" && text ~ /^[a-z_][a-z0-9_]*\(/ {
    name = text
    sub(/\(.*/, "", name)
    first = FNR
    commas = 0
    depth = 0
    heading = 1
}

heading {
    count = length(text)
    for (i = 1; i <= count; i++) {
        c = substr(text, i, 1)
        if (c == "(")
            depth++
        else if (c == ")" && --depth == 0)
            break
        else if (c == "," && depth == 1)
            commas++
    }
    if (depth == 0) {
        heading = 0
        if (text ~ /;[ \t]*$/)
            name = "" # a prototype or a macro row, not a definition
    }
    next
}

name != "" && !inside {
    if (text ~ /^\{/) {
        inside = 1
        level = 1
        deepest = 1
        judge(file ":" first ": " name, "parameters", commas + 1, 6, 8)
    } else if (text !~ /^[ \t]*$/) {
        name = "" # something else than a body follows
    }
    next
}

inside && text ~ /^\}/ {
    judge(file ":" first ": " name, "lines of function", FNR - first + 1, 60, 100)
    judge(file ":" first ": " name, "nesting", deepest - 1, 4, 99)
    inside = 0
    name = ""
    next
}

inside {
    opened = gsub(/\{/, "{", text)
    closed = gsub(/\}/, "}", text)
    level += opened - closed
    if (level > deepest)
        deepest = level
}

END {
    end_of_file()
    exit bad
}
