# See check-flags.sh: remembers who has which bit, from "enum" to its closing brace.
FNR == 1 {
    strip_reset()
    in_enum = 0
}
{
    line = strip($0)
    if (match(line, /(^|[^A-Za-z0-9_])enum([^A-Za-z0-9_]|$)[^;()]*\{/)) {
        in_enum = 1
        split("", taken)
    }
    if (!in_enum)
        next
    rest = line
    while (match(rest, /[A-Za-z_][A-Za-z0-9_]* *= *1[uU]?[lL]* *<< *[0-9]+/)) {
        row = substr(rest, RSTART, RLENGTH)
        rest = substr(rest, RSTART + RLENGTH)
        name = bit = row
        sub(/ *=.*/, "", name)
        sub(/.*<< */, "", bit)
        if (bit in taken) {
            printf "%s:%d: %s has the bit of %s: 1 << %d\n", FILENAME, FNR, name, taken[bit], bit
            failed = 1
        }
        taken[bit] = name
    }
    if (line ~ /\}/)
        in_enum = 0
}
END { exit failed }
