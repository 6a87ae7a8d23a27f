# Shared by the checks: strip(line) returns a line of C without comments, with strings emptied.
# Call strip_reset() at the first line of every file.
function strip_reset() {
    strip_in_comment = 0
}

function strip(line,    at, out) {
    if (strip_in_comment) {
        at = index(line, "*/")
        if (at == 0)
            return ""
        line = substr(line, at + 2)
        strip_in_comment = 0
    }
    gsub(/\\\\/, "", line)
    gsub(/\\"/, "", line)
    gsub(/'"'/, "'q'", line)
    gsub(/"[^"]*"/, "\"\"", line)
    gsub(/'\\?[^']'/, "'c'", line)
    out = ""
    while ((at = match(line, /\/\*|\/\//)) > 0) {
        out = out substr(line, 1, at - 1)
        if (substr(line, at, 2) == "//")
            return out
        line = substr(line, at + 2)
        at = index(line, "*/")
        if (at == 0) {
            strip_in_comment = 1
            return out
        }
        line = " " substr(line, at + 2)
    }
    return out line
}
