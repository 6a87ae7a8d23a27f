# A man page from its text and the tables that the programs are made of:
#   awk -v version=V -v command=agent -f doc/man.awk commands.def options.def actions.def actions.c TEXT
# Lines of TEXT that are a word between @ are replaced: @SYNOPSIS@ @COMMANDS@ @OPTIONS@ @ENVIRONMENT@
# @KEYS@. Rows of a .def stand on one line each. command: the page is that command's (the agent's is
# one), else it is that of all but the agent.

# The arguments of a row, into row[1..]; → how many.
function split_row(line,    n, at, c, quoted, text) {
    n = 1
    text = ""
    quoted = 0
    for (at = index(line, "(") + 1; at <= length(line); at++) {
        c = substr(line, at, 1)
        if (quoted && c == "\\") {
            at++
            text = text substr(line, at, 1)
        } else if (c == "\"") {
            quoted = !quoted
        } else if (!quoted && (c == "," || c == ")")) {
            row[n] = text
            if (c == ")")
                return n
            n++
            text = ""
        } else if (quoted || c != " ") {
            text = text c
        }
    }
    print FILENAME ":" FNR ": a row that does not end" >"/dev/stderr"
    exit failed = 1
}

# Text as roff takes it: nothing in it is a request, dashes are dashes.
function roff(text) {
    gsub(/\\/, "\\e", text)
    gsub(/…/, "...", text)
    gsub(/-/, "\\-", text)
    if (text ~ /^[.']/)
        text = "\\&" text
    return text
}

function is_of(list, name) {
    return index("," list ",", ",*,") > 0 || index("," list ",", "," name ",") > 0
}

# "console, serve" of a comma list, without the agent's; "" when it is the agent's alone.
function commands_of(list,    parts, n, i, text) {
    if (list == "*")
        return "all commands"
    n = split(list, parts, ",")
    text = ""
    for (i = 1; i <= n; i++)
        if (parts[i] != "agent")
            text = text (text == "" ? "" : ", ") parts[i]
    return text
}

function is_shown(i) {
    return command != "" ? is_of(option_commands[i], command) : commands_of(option_commands[i]) != ""
}

function flag_text(i,    text) {
    text = "\\fB\\-\\-" roff(option_flag[i]) "\\fR"
    if (option_id[i] in letter)
        text = "\\fB\\-" letter[option_id[i]] "\\fR, " text
    if (option_type[i] != "OPTION_BOOL")
        text = text " \\fI" (option_type[i] == "OPTION_INT" ? "NUMBER" : "VALUE") "\\fR"
    return text
}

function put_synopsis(    i) {
    print ".B binnacle"
    for (i = 1; i <= command_len; i++) {
        print ".br"
        print "\\fBbinnacle " command_name[i] "\\fR" roff(command_words[i]) " [\\fIOPTION\\fR]..."
    }
}

function put_commands(    i, k, text) {
    for (i = 1; i <= command_len; i++) {
        print ".SS \"" command_name[i] roff(command_words[i]) "\""
        print roff(command_help[i]) "."
        if (command_about[i] != "")
            print roff(command_about[i])
        text = ""
        for (k = 1; k <= option_len; k++)
            if (option_id[k] != "HELP" && is_of(option_commands[k], command_name[i]))
                text = text (text == "" ? "" : ",\n") "\\fB\\-\\-" roff(option_flag[k]) "\\fR"
        if (text != "")
            print ".br\nOptions:\n" text "."
    }
}

function put_options(    i, of) {
    for (i = 1; i <= option_len; i++) {
        if (!is_shown(i))
            continue
        print ".TP\n" flag_text(i)
        print roff(option_help[i]) (option_default[i] != "" && option_type[i] != "OPTION_BOOL" \
                                        ? " (default " roff(option_default[i]) ")" : "") "."
        of = command == "" ? "Of " commands_of(option_commands[i]) "." : ""
        if (option_env[i] != "")
            of = of (of == "" ? "" : " ") "Environment: \\fB" option_env[i] "\\fR."
        if (of != "")
            print ".br\n" of
    }
}

function put_environment(    i) {
    for (i = 1; i <= option_len; i++)
        if (is_shown(i) && option_env[i] != "")
            print ".TP\n\\fB" option_env[i] "\\fR\nas \\fB\\-\\-" roff(option_flag[i]) "\\fR"
}

function put_keys(    s, i) {
    for (s = 1; s <= scope_len; s++) {
        print ".SS \"" scope_title[s] "\""
        for (i = 1; i <= action_len; i++)
            if (action_scope[i] == scope_id[s]) {
                print ".TP\n\\fB" roff(action_keys[i]) "\\fR"
                print roff(action_help[i]) " (" roff(action_name[i]) ")"
            }
    }
}

# ---- tables ----

/^COMMAND\(/ && FILENAME ~ /\.def$/ {
    split_row($0)
    command_len++
    command_name[command_len] = row[1]
    command_words[command_len] = row[2]
    command_help[command_len] = row[4]
    command_about[command_len] = row[5]
    next
}
/^OPTION\(/ && FILENAME ~ /\.def$/ {
    split_row($0)
    option_len++
    option_id[option_len] = row[1]
    option_type[option_len] = row[2]
    option_flag[option_len] = row[3]
    option_default[option_len] = row[4]
    option_env[option_len] = row[5]
    option_commands[option_len] = row[6]
    option_help[option_len] = row[7]
    next
}
/^OPTION_LETTER\(/ && FILENAME ~ /\.def$/ {
    split_row($0)
    letter[row[1]] = substr(row[2], 2, 1)
    next
}
/^ACTION\(/ && FILENAME ~ /\.def$/ {
    split_row($0)
    action_len++
    action_name[action_len] = row[2]
    action_keys[action_len] = row[3]
    gsub(/,/, ", ", action_keys[action_len])
    action_scope[action_len] = row[4]
    action_help[action_len] = row[7]
    next
}
/^    \[SCOPE_[A-Z]+\] = "/ && FILENAME ~ /\.c$/ {
    scope_len++
    scope_id[scope_len] = substr($1, 8, length($1) - 8)
    split($0, quoted_part, "\"")
    scope_title[scope_len] = quoted_part[2]
    next
}
FILENAME ~ /\.(def|c)$/ { next }

# ---- the text ----

$0 == "@SYNOPSIS@" { put_synopsis(); next }
$0 == "@COMMANDS@" { put_commands(); next }
$0 == "@OPTIONS@" { put_options(); next }
$0 == "@ENVIRONMENT@" { put_environment(); next }
$0 == "@KEYS@" { put_keys(); next }
{
    gsub(/@VERSION@/, version)
    print
}
