/* Patterns of filters and searches.  Called for every row or line that is looked at; console's
 * thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/pattern.h"

#include <ctype.h>
#include <regex.h>
#include <stdint.h>

struct pattern {
    char *text;
    size_t size;
    bool is_regex;
    regex_t tester; /* only says whether */
    regex_t finder; /* says where, more slowly */
};

static bool
is_among(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static bool
has_meta(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (is_among(text.at[i], "\\^$.[]|()?*+{}")) {
            return true;
        }
    }
    return false;
}

/* glibc's regcomp takes exponential time and memory for repetitions of repetitions, its regexec
 * exponential time for back references. */
static bool
is_tame(struct str text)
{
    enum { REPEATS_MAX = 12, DIGITS_MAX = 2 };
    size_t repeats = 0, digits = 0;

    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i], before = i > 0 ? text.at[i - 1] : ' ';
        bool is_repeat = is_among(c, "*+?{");
        bool is_twice = is_repeat && is_among(before, "*+?{}");
        bool is_back = before == '\\' && is_among(c, "123456789");
        digits = is_among(c, "0123456789") ? digits + 1 : 0;
        repeats += is_repeat ? 1 : 0;
        if (c == '\0' || is_twice || is_back || repeats > REPEATS_MAX ||
            (digits > DIGITS_MAX && memchr(text.at, '{', i) != NULL)) {
            return false;
        }
    }
    return true;
}

struct pattern *
pattern_new(struct str text)
{
    enum { FLAGS = REG_EXTENDED | REG_ICASE };
    struct pattern *pattern;

    if (text.size == 0) {
        return NULL;
    }
    pattern = MEM_NEW(struct pattern);
    pattern->text = str_dup(text);
    pattern->size = text.size;
    if (!has_meta(text) || !is_tame(text) ||
        regcomp(&pattern->tester, pattern->text, FLAGS | REG_NOSUB) != 0) {
        return pattern;
    }
    if (regcomp(&pattern->finder, pattern->text, FLAGS) != 0) {
        regfree(&pattern->tester);
        return pattern;
    }
    pattern->is_regex = true;
    return pattern;
}

void
pattern_free(struct pattern *pattern)
{
    if (pattern == NULL) {
        return;
    }
    if (pattern->is_regex) {
        regfree(&pattern->tester);
        regfree(&pattern->finder);
    }
    mem_free(pattern->text);
    mem_free(pattern);
}

struct str
pattern_text(const struct pattern *pattern)
{
    return pattern == NULL ? (struct str){ 0 } : str_slice(pattern->text, pattern->size);
}

static bool
find_plain(struct str in, struct str want, size_t *ret_at)
{
    int lower = tolower((unsigned char)want.at[0]), upper = toupper((unsigned char)want.at[0]);

    for (size_t i = 0; i + want.size <= in.size; i++) {
        int c = (unsigned char)in.at[i];
        if ((c == lower || c == upper) && str_eq_nocase(str_slice(in.at + i, want.size), want)) {
            *ret_at = i;
            return true;
        }
    }
    return false;
}

static bool
run(const regex_t *regex, struct str in, size_t from, regmatch_t *match)
{
    *match = (regmatch_t){ .rm_so = (regoff_t)from, .rm_eo = (regoff_t)in.size };
    return regexec(regex, in.size == 0 ? "" : in.at, 1, match,
                   REG_STARTEND | (from > 0 ? REG_NOTBOL : 0)) == 0;
}

bool
pattern_matches(const struct pattern *pattern, struct str in)
{
    regmatch_t match;
    size_t at;

    if (pattern == NULL || in.size > INT32_MAX) {
        return false;
    }
    return pattern->is_regex ? run(&pattern->tester, in, 0, &match)
                             : find_plain(in, pattern_text(pattern), &at);
}

bool
pattern_find(const struct pattern *pattern, struct str in, size_t from, size_t *ret_from,
             size_t *ret_to)
{
    regmatch_t match;
    size_t at;

    if (pattern == NULL || from > in.size || in.size > INT32_MAX) {
        return false;
    }
    if (pattern->is_regex) {
        if (!run(&pattern->finder, in, from, &match)) {
            return false;
        }
        *ret_from = (size_t)match.rm_so;
        *ret_to = (size_t)match.rm_eo;
        return true;
    }
    if (in.size == from ||
        !find_plain(str_slice(in.at + from, in.size - from), pattern_text(pattern), &at)) {
        return false;
    }
    *ret_from = from + at;
    *ret_to = from + at + pattern->size;
    return true;
}
