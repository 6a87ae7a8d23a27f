/* Image references, as Docker's reference grammar has them. Called before a pull and by the loopback
 * registry; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/image_name.h"

#include "base/arena.h"
#include "base/err.h"

enum { PATH_MAX_SIZE = 255, TAG_MAX_SIZE = 128 };

static bool
is_lower(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
is_word(char c)
{
    return is_lower(c) || (c >= 'A' && c <= 'Z');
}

/* alphanumerics, joined by one dot, one or two underscores, or dashes. */
static bool
is_component(struct str s)
{
    size_t i = 0;

    if (s.size == 0 || !is_lower(s.at[0]) || !is_lower(s.at[s.size - 1])) {
        return false;
    }
    while (i < s.size) {
        size_t begin = i;
        char separator = s.at[i];

        if (is_lower(separator)) {
            i++;
            continue;
        }
        while (i < s.size && s.at[i] == separator) {
            i++;
        }
        if ((separator != '.' && separator != '_' && separator != '-') ||
            (separator == '.' && i - begin > 1) || (separator == '_' && i - begin > 2) ||
            !is_lower(s.at[i])) {
            return false;
        }
    }
    return true;
}

static bool
is_path(struct str path)
{
    struct str rest = path;

    if (path.size == 0 || path.size > PATH_MAX_SIZE || path.at[path.size - 1] == '/') {
        return false;
    }
    while (rest.size > 0) {
        if (!is_component(str_cut(rest, '/', &rest))) {
            return false;
        }
    }
    return true;
}

/* A host name or address, with an optional port. */
static bool
is_host(struct str host)
{
    for (size_t i = 0; i < host.size; i++) {
        if (!is_word(host.at[i]) && strchr(".-:[]", host.at[i]) == NULL) {
            return false;
        }
    }
    return host.size > 0 && host.at[0] != '-' && host.at[0] != '.';
}

static bool
is_tag(struct str tag)
{
    for (size_t i = 0; i < tag.size; i++) {
        if (!is_word(tag.at[i]) && tag.at[i] != '_' &&
            (i == 0 || strchr(".-", tag.at[i]) == NULL)) {
            return false;
        }
    }
    return tag.size > 0 && tag.size <= TAG_MAX_SIZE;
}

/* "sha256:" and 64 hex digits, or another algorithm with at least 32. */
static bool
is_digest(struct str digest)
{
    struct str hex, algorithm = str_cut(digest, ':', &hex);

    for (size_t i = 0; i < hex.size; i++) {
        if (!is_word(hex.at[i]) || (hex.at[i] > 'f' && hex.at[i] <= 'z')) {
            return false;
        }
    }
    return algorithm.size > 0 && hex.size >= 32 && (!str_is(algorithm, "sha256") || hex.size == 64);
}

static bool
looks_like_host(struct str first)
{
    if (str_is(first, "localhost")) {
        return true;
    }
    for (size_t i = 0; i < first.size; i++) {
        char c = first.at[i];

        if (c == '.' || c == ':' || (c >= 'A' && c <= 'Z')) {
            return true;
        }
    }
    return false;
}

static bool
has_upper(struct str s)
{
    for (size_t i = 0; i < s.size; i++) {
        if (s.at[i] >= 'A' && s.at[i] <= 'Z') {
            return true;
        }
    }
    return false;
}

/* Takes the tag off the end: what follows the last colon behind the last slash. */
static struct str
cut_tag(struct str text, struct str *ret_tag)
{
    for (size_t i = text.size; i > 0 && text.at[i - 1] != '/'; i--) {
        if (text.at[i - 1] == ':') {
            *ret_tag = str_slice(text.at + i, text.size - i);
            return str_slice(text.at, i - 1);
        }
    }
    return text;
}

int
image_name_parse(struct arena *arena, struct str text, struct image_name *ret, struct err **err)
{
    struct image_name name = { .host = STR("docker.io") };
    struct str digest, rest, first, path, plain = str_cut(text, '@', &digest);

    name.digest = digest;
    path = cut_tag(plain, &name.tag);
    first = str_cut(path, '/', &rest);
    if (rest.at != NULL && looks_like_host(first)) {
        name.host = str_is(first, "index.docker.io") ? STR("docker.io") : first;
        path = rest;
    }
    if (str_is(name.host, "docker.io") && memchr(path.at, '/', path.size) == NULL) {
        path = arena_printf(arena, "library/" STR_FMT, STR_ARG(path));
    }
    name.path = path;
    if (has_upper(path) && is_host(name.host)) {
        return err_set(err, ERR_INVALID,
                       "couldn't parse image name \"" STR_FMT "\": invalid reference format: "
                       "repository name (" STR_FMT ") must be lowercase",
                       STR_ARG(text), STR_ARG(path));
    }
    if (text.size == 0 || !is_host(name.host) || !is_path(path) ||
        (name.tag.at != NULL && !is_tag(name.tag)) ||
        (name.digest.at != NULL && !is_digest(name.digest))) {
        return err_set(err, ERR_INVALID,
                       "couldn't parse image name \"" STR_FMT "\": invalid reference format",
                       STR_ARG(text));
    }
    *ret = name;
    return 0;
}

struct str
image_name_tagged(struct arena *arena, struct str text, const struct image_name *name)
{
    return name->tag.at != NULL || name->digest.at != NULL
               ? text
               : arena_printf(arena, STR_FMT ":latest", STR_ARG(text));
}

struct str
image_name_full(struct arena *arena, const struct image_name *name)
{
    struct str tag = name->tag;

    if (tag.at == NULL && name->digest.at == NULL) {
        tag = STR("latest");
    }
    return arena_printf(arena, STR_FMT "/" STR_FMT "%s" STR_FMT "%s" STR_FMT, STR_ARG(name->host),
                        STR_ARG(name->path), tag.at != NULL ? ":" : "", STR_ARG(tag),
                        name->digest.at != NULL ? "@" : "", STR_ARG(name->digest));
}
