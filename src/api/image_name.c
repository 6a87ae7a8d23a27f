/* Image names.  Called by the defaults of imagePullPolicy and by whoever pulls; pure, any thread. */
#include "config.h"

#include "api/image_name.h"

#include <string.h>

enum { IMAGE_NAME_MAX = 255, IMAGE_TAG_MAX = 128, IMAGE_HEX_ID = 64 };

static bool image_is_domain(struct str s);
static bool image_is_path(struct str s);
static bool image_is_tag(struct str s);
static bool image_is_digest(struct str s);

static bool
image_is_lower(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
image_is_alnum(char c)
{
    return image_is_lower(c) || (c >= 'A' && c <= 'Z');
}

static bool
image_is_hex(struct str s)
{
    bool is_hex = s.size > 0;
    for (size_t i = 0; i < s.size; i++) {
        char c = s.at[i];
        is_hex = is_hex && ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    }
    return is_hex;
}

int
image_name_parse(struct str text, struct image_name *ret)
{
    if (text.size == IMAGE_HEX_ID && image_is_hex(text)) {
        return -1; /* an identifier, not a name */
    }
    struct image_name name = { 0 };
    struct str rest = { 0 };
    struct str first = str_cut(text, '/', &rest);
    bool has_capital = false;
    for (size_t i = 0; i < first.size; i++) {
        has_capital |= first.at[i] >= 'A' && first.at[i] <= 'Z';
    }
    bool is_domain =
        rest.at != NULL && (str_contains(first, STR(".")) || str_contains(first, STR(":")) ||
                            str_is(first, "localhost") || has_capital);
    if (is_domain) {
        name.domain = first;
    } else {
        rest = text;
    }
    struct str digest = { 0 };
    rest = str_cut(rest, '@', &digest);
    struct str tag = { 0 };
    name.path = str_cut(rest, ':', &tag);
    name.tag = tag;
    name.digest = digest;
    bool is_bad = (is_domain && !image_is_domain(first)) || !image_is_path(name.path) ||
                  (tag.at != NULL && !image_is_tag(tag)) ||
                  (digest.at != NULL && !image_is_digest(digest)) ||
                  name.domain.size + name.path.size >= IMAGE_NAME_MAX;
    if (is_bad) {
        return -1;
    }
    if (tag.at == NULL && digest.at == NULL) {
        name.tag = STR("latest");
    }
    *ret = name;
    return 0;
}

static bool
image_is_port(struct str s)
{
    bool is_fine = s.size > 0;
    for (size_t i = 0; i < s.size; i++) {
        is_fine = is_fine && s.at[i] >= '0' && s.at[i] <= '9';
    }
    return is_fine;
}

/* Labels of letters, digits and inner dashes. */
static bool
image_is_host(struct str s)
{
    char before = '.';
    for (size_t i = 0; i < s.size; i++) {
        char c = s.at[i];
        bool is_edge = before == '.' || i + 1 == s.size || s.at[i + 1] == '.';
        if (!image_is_alnum(c) && !(c == '-' && !is_edge) && !(c == '.' && before != '.')) {
            return false;
        }
        before = c;
    }
    return before != '.';
}

static bool
image_is_address(struct str s)
{
    bool is_fine = s.size > 0;
    for (size_t i = 0; i < s.size; i++) {
        is_fine = is_fine && (image_is_alnum(s.at[i]) || s.at[i] == ':');
    }
    return is_fine;
}

/* A host name, or an IPv6 address in brackets; then a port. */
static bool
image_is_domain(struct str s)
{
    struct str port = { 0 };
    if (s.size > 0 && s.at[0] == '[') {
        struct str address = str_cut(str_slice(s.at + 1, s.size - 1), ']', &port);
        bool has_port = port.size > 0;
        return port.at != NULL && image_is_address(address) &&
               (!has_port ||
                (port.at[0] == ':' && image_is_port(str_slice(port.at + 1, port.size - 1))));
    }
    struct str host = str_cut(s, ':', &port);
    return image_is_host(host) && (port.at == NULL || image_is_port(port));
}

/* Components of [a-z0-9]+ joined by one '.', one or two '_', or dashes; slashes between them. */
static bool
image_is_path(struct str s)
{
    size_t at = 0;
    for (;;) {
        size_t from = at;
        while (at < s.size && image_is_lower(s.at[at])) {
            at++;
        }
        if (at == from) {
            return false;
        }
        if (at == s.size) {
            return true;
        }
        size_t joint = at;
        while (at < s.size && s.at[at] == s.at[joint] && strchr("._-/", s.at[joint]) != NULL) {
            at++;
        }
        size_t most = s.at[joint] == '_' ? 2 : s.at[joint] == '-' ? SIZE_MAX : 1;
        if (at == joint || at - joint > most) {
            return false;
        }
    }
}

static bool
image_is_tag(struct str s)
{
    bool is_fine = s.size > 0 && s.size <= IMAGE_TAG_MAX && s.at[0] != '.' && s.at[0] != '-';
    for (size_t i = 0; i < s.size; i++) {
        char c = s.at[i];
        is_fine = is_fine && (image_is_alnum(c) || c == '_' || c == '.' || c == '-');
    }
    return is_fine;
}

static bool
image_is_digest(struct str s)
{
    static const struct {
        const char *name;
        size_t digits;
    } algorithms[] = { { "sha256", 64 }, { "sha384", 96 }, { "sha512", 128 } };
    struct str digits = { 0 };
    struct str algorithm = str_cut(s, ':', &digits);
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        if (str_is(algorithm, algorithms[i].name)) {
            return digits.size == algorithms[i].digits && image_is_hex(digits);
        }
    }
    return false;
}
