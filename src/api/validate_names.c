/* Content rules of names, labels, keys and ports, with apimachinery's messages.
 *
 * Called by checks and selectors; pure, any thread. The regular expressions of the messages are
 * walked by hand: these run for every label of every write. */
#include "config.h"

#include "api/validate.h"

#include <string.h>

#define LABEL_FORMAT "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
#define SUBDOMAIN_FORMAT LABEL_FORMAT "(\\." LABEL_FORMAT ")*"
#define KEY_FORMAT "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
#define KEY_WORDS                                                                                  \
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "    \
    "alphanumeric character"
#define SUBDOMAIN_WORDS                                                                            \
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "   \
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "  \
    "for validation is '" SUBDOMAIN_FORMAT "')"
#define KEY_EXAMPLES                                                                               \
    " (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '" KEY_FORMAT "')"

enum { NAME_LABEL_MAX = 63, NAME_SUBDOMAIN_MAX = 253, NAME_PORT_MAX = 15 };

static void
problems_add(struct problems *problems, const char *text)
{
    if (problems->len < PROBLEMS_MAX) {
        problems->at[problems->len++] = text;
    }
}

static bool
is_lower_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
is_alnum(char c)
{
    return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

static bool
is_label(struct str s)
{
    if (s.size == 0 || !is_lower_alnum(s.at[0]) || !is_lower_alnum(s.at[s.size - 1])) {
        return false;
    }
    for (size_t i = 0; i < s.size; i++) {
        if (!is_lower_alnum(s.at[i]) && s.at[i] != '-') {
            return false;
        }
    }
    return true;
}

static bool
is_subdomain(struct str s)
{
    size_t from = 0;
    if (s.size == 0) {
        return false;
    }
    for (size_t i = 0; i <= s.size; i++) {
        if (i == s.size || s.at[i] == '.') {
            if (!is_label(str_slice(s.at + from, i - from))) {
                return false;
            }
            from = i + 1;
        }
    }
    return true;
}

/* KEY_FORMAT */
static bool
is_key(struct str s)
{
    if (s.size == 0 || !is_alnum(s.at[0]) || !is_alnum(s.at[s.size - 1])) {
        return false;
    }
    for (size_t i = 0; i < s.size; i++) {
        if (!is_alnum(s.at[i]) && s.at[i] != '-' && s.at[i] != '_' && s.at[i] != '.') {
            return false;
        }
    }
    return true;
}

/* A base that something is appended to may end in a dash. Upstream's maskTrailingDash takes one
 * character more than the dash away; so do we. */
struct masked {
    char text[NAME_SUBDOMAIN_MAX + 2];
};
static struct str
mask_dash(struct str name, bool is_prefix, struct masked *masked)
{
    if (!is_prefix || name.size < 2 || name.at[name.size - 1] != '-' ||
        name.size >= sizeof(masked->text)) {
        return name;
    }
    memcpy(masked->text, name.at, name.size - 2);
    masked->text[name.size - 2] = 'a';
    return str_slice(masked->text, name.size - 1);
}

void
validate_name_label(struct str name, bool is_prefix, struct problems *out)
{
    struct masked masked;
    struct str s = mask_dash(name, is_prefix, &masked);
    if (s.size > NAME_LABEL_MAX) {
        problems_add(out, "must be no more than 63 characters");
    }
    if (is_label(s)) {
        return;
    }
    problems_add(out, is_subdomain(s)
                          ? "must not contain dots"
                          : "a lowercase RFC 1123 label must consist of lower case alphanumeric "
                            "characters or '-', and must start and end with an alphanumeric "
                            "character (e.g. 'my-name',  or '123-abc', regex used for validation "
                            "is '" LABEL_FORMAT "')");
}

void
validate_name_subdomain(struct str name, bool is_prefix, struct problems *out)
{
    struct masked masked;
    struct str s = mask_dash(name, is_prefix, &masked);
    if (s.size > NAME_SUBDOMAIN_MAX) {
        problems_add(out, "must be no more than 253 characters");
    }
    if (!is_subdomain(s)) {
        problems_add(out, SUBDOMAIN_WORDS);
    }
}

void
validate_name_dns1035(struct str name, bool is_prefix, struct problems *out)
{
    struct masked masked;
    struct str s = mask_dash(name, is_prefix, &masked);
    if (s.size > NAME_LABEL_MAX) {
        problems_add(out, "must be no more than 63 characters");
    }
    if (!is_label(s) || s.at[0] < 'a') {
        problems_add(out, "a DNS-1035 label must consist of lower case alphanumeric characters or "
                          "'-', start with an alphabetic character, and end with an alphanumeric "
                          "character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
                          "'[a-z]([-a-z0-9]*[a-z0-9])?')");
    }
}

void
validate_name_path_segment(struct str name, bool is_prefix, struct problems *out)
{
    if (!is_prefix && str_is(name, ".")) {
        problems_add(out, "may not be '.'");
    } else if (!is_prefix && str_is(name, "..")) {
        problems_add(out, "may not be '..'");
    } else {
        if (str_contains(name, STR("/"))) {
            problems_add(out, "may not contain '/'");
        }
        if (str_contains(name, STR("%"))) {
            problems_add(out, "may not contain '%'");
        }
    }
}

void
validate_label_key(struct str key, struct problems *out)
{
    struct str name = { 0 };
    struct str prefix = str_cut(key, '/', &name);
    if (name.at == NULL) {
        name = key;
    } else if (str_contains(name, STR("/"))) {
        problems_add(out, "a valid label key " KEY_WORDS KEY_EXAMPLES
                          " with an optional DNS subdomain prefix and '/' (e.g. "
                          "'example.com/MyName')");
        return;
    } else if (prefix.size == 0) {
        problems_add(out, "prefix part must be non-empty");
    } else {
        if (prefix.size > NAME_SUBDOMAIN_MAX) {
            problems_add(out, "prefix part must be no more than 253 bytes");
        }
        if (!is_subdomain(prefix)) {
            problems_add(out, "prefix part " SUBDOMAIN_WORDS);
        }
    }
    if (name.size == 0) {
        problems_add(out, "name part must be non-empty");
    } else if (name.size > NAME_LABEL_MAX) {
        problems_add(out, "name part must be no more than 63 bytes");
    }
    if (!is_key(name)) {
        problems_add(out, "name part " KEY_WORDS KEY_EXAMPLES);
    }
}

void
validate_label_text(struct str value, struct problems *out)
{
    if (value.size > NAME_LABEL_MAX) {
        problems_add(out, "must be no more than 63 bytes");
    }
    if (value.size > 0 && !is_key(value)) {
        problems_add(out, "a valid label must be an empty string or consist of alphanumeric "
                          "characters, '-', '_' or '.', and must start and end with an "
                          "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', "
                          "regex used for validation is '(" KEY_FORMAT ")?')");
    }
}

static void
check_dots(struct str value, struct problems *out)
{
    if (str_is(value, ".")) {
        problems_add(out, "must not be '.'");
    } else if (str_is(value, "..")) {
        problems_add(out, "must not be '..'");
    } else if (str_has_prefix(value, STR(".."))) {
        problems_add(out, "must not start with '..'");
    }
}

void
validate_config_key(struct str key, struct problems *out)
{
    bool is_fine = key.size > 0;
    for (size_t i = 0; i < key.size; i++) {
        char c = key.at[i];
        is_fine = is_fine && (is_alnum(c) || c == '-' || c == '.' || c == '_');
    }
    if (key.size > NAME_SUBDOMAIN_MAX) {
        problems_add(out, "must be no more than 253 characters");
    }
    if (!is_fine) {
        problems_add(out, "a valid config key must consist of alphanumeric characters, '-', '_' or "
                          "'.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for "
                          "validation is '[-._a-zA-Z0-9]+')");
    }
    check_dots(key, out);
}

/* IsRelaxedEnvVarName: the rule since 1.34. */
void
validate_env_name(struct str name, struct problems *out)
{
    if (name.size == 0) {
        problems_add(out, "environment variable name must be non-empty");
    }
    for (size_t i = 0; i < name.size; i++) {
        if (name.at[i] < ' ' || name.at[i] > '~' || name.at[i] == '=') {
            problems_add(out, "a valid environment variable name must consist only of printable "
                              "ASCII characters other than '='");
            break;
        }
    }
}

void
validate_port_name(struct str name, struct problems *out)
{
    bool is_fine = name.size > 0, has_letter = false;
    for (size_t i = 0; i < name.size; i++) {
        is_fine = is_fine && (is_lower_alnum(name.at[i]) || name.at[i] == '-');
        has_letter |= name.at[i] >= 'a' && name.at[i] <= 'z';
    }
    if (name.size > NAME_PORT_MAX) {
        problems_add(out, "must be no more than 15 characters");
    }
    if (!is_fine) {
        problems_add(out, "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    }
    if (!has_letter) {
        problems_add(out, "must contain at least one letter (a-z)");
    }
    if (str_contains(name, STR("--"))) {
        problems_add(out, "must not contain consecutive hyphens");
    }
    if (name.size > 0 && (name.at[0] == '-' || name.at[name.size - 1] == '-')) {
        problems_add(out, "must not begin or end with a hyphen");
    }
}

const char *
validate_dns_label(struct str name, bool is_prefix)
{
    struct problems problems = { 0 };
    validate_name_label(name, is_prefix, &problems);
    return problems.at[0];
}

const char *
validate_dns_subdomain(struct str name, bool is_prefix)
{
    struct problems problems = { 0 };
    validate_name_subdomain(name, is_prefix, &problems);
    return problems.at[0];
}

const char *
validate_dns1035_label(struct str name, bool is_prefix)
{
    struct problems problems = { 0 };
    validate_name_dns1035(name, is_prefix, &problems);
    return problems.at[0];
}

const char *
validate_path_segment(struct str name, bool is_prefix)
{
    struct problems problems = { 0 };
    validate_name_path_segment(name, is_prefix, &problems);
    return problems.at[0];
}

const char *
validate_qualified_name(struct str key)
{
    struct problems problems = { 0 };
    validate_label_key(key, &problems);
    return problems.at[0];
}

const char *
validate_label_value(struct str value)
{
    struct problems problems = { 0 };
    validate_label_text(value, &problems);
    return problems.at[0];
}
