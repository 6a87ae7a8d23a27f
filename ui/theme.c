/* Themes: reading them, and the nearest colours for terminals of 256 and 16.  Called at start-up and
 * by the screen when it makes a pair; the console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/theme.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/doc.h"
#include "base/doc_yaml.h"
#include "base/err.h"

enum { FILE_MAX = 64 * 1024 };

static const struct {
    const char *name;
    const char *text;
} builtins[] = {
#include "ui/theme_builtin.inc"
};

static const char *const ansi_names[16] = {
    "black",        "red",           "green",       "yellow",         "blue",
    "magenta",      "cyan",          "white",       "bright-black",   "bright-red",
    "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan",
    "bright-white",
};
/* xterm's default values of them. */
static const int32_t ansi_rgb[16] = {
    0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5,
    0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff,
};

static const struct {
    const char *name;
    enum theme_attr attribute;
} attributes[] = {
    { "bold", THEME_BOLD },     { "dim", THEME_DIM },         { "underline", THEME_UNDERLINE },
    { "italic", THEME_ITALIC }, { "reverse", THEME_REVERSE },
};

/* ---- colours ---- */

struct lab {
    double l, a, b;
};

static double
linear(int32_t value)
{
    double v = (double)value / 255.0;

    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

/* Björn Ottosson's OKLab. */
static struct lab
lab_of(int32_t rgb)
{
    double r = linear(rgb >> 16 & 255), g = linear(rgb >> 8 & 255), b = linear(rgb & 255);
    double l = cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    double m = cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    double s = cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);

    return (struct lab){
        .l = 0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
        .a = 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
        .b = 0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s,
    };
}

static double
distance(struct lab x, struct lab y)
{
    return (x.l - y.l) * (x.l - y.l) + (x.a - y.a) * (x.a - y.a) + (x.b - y.b) * (x.b - y.b);
}

/* Colour i of xterm's cube (16 … 231) and grey ramp (232 … 255). */
static int32_t
cube_rgb(int i)
{
    static const int32_t steps[] = { 0, 95, 135, 175, 215, 255 };

    if (i >= 232) {
        return (8 + 10 * (i - 232)) * 0x010101;
    }
    i -= 16;
    return steps[i / 36] << 16 | steps[i / 6 % 6] << 8 | steps[i % 6];
}

int
theme_nearest_256(int32_t rgb)
{
    struct lab want = lab_of(rgb);
    double least = INFINITY;
    int best = 16;

    for (int i = 16; i < 256; i++) {
        double d = distance(want, lab_of(cube_rgb(i)));
        if (d < least) {
            least = d;
            best = i;
        }
    }
    return best;
}

int
theme_nearest_16(int32_t rgb)
{
    struct lab want = lab_of(rgb);
    double least = INFINITY;
    int best = 0;

    for (int i = 0; i < 16; i++) {
        double d = distance(want, lab_of(ansi_rgb[i]));
        if (d < least) {
            least = d;
            best = i;
        }
    }
    return best;
}

static double
luminance(int32_t rgb)
{
    return 0.2126 * linear(rgb >> 16 & 255) + 0.7152 * linear(rgb >> 8 & 255) +
           0.0722 * linear(rgb & 255);
}

double
theme_contrast(int32_t a, int32_t b)
{
    double x = luminance(a), y = luminance(b);

    return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}

/* ---- reading ---- */

static int
read_rgb(struct str text, int32_t *ret, struct err **err)
{
    int32_t rgb = 0;
    bool is_hex = text.size == 7 && text.at[0] == '#';

    if (str_is(text, "default")) {
        *ret = THEME_DEFAULT;
        return 0;
    }
    for (size_t i = 1; is_hex && i < 7; i++) {
        char c = text.at[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        is_hex = digit >= 0;
        rgb = rgb << 4 | (digit & 15);
    }
    if (!is_hex) {
        return err_set(err, ERR_IO, "colour '" STR_FMT "' is neither \"#rrggbb\" nor default",
                       STR_ARG(text));
    }
    *ret = rgb;
    return 0;
}

static int
read_ansi(struct str text, int8_t *ret, struct err **err)
{
    for (size_t i = 0; i < ARRAY_LEN(ansi_names); i++) {
        if (str_is(text, ansi_names[i])) {
            *ret = (int8_t)i;
            return 0;
        }
    }
    if (str_is(text, "default")) {
        *ret = THEME_DEFAULT;
        return 0;
    }
    return err_set(err, ERR_IO, "'" STR_FMT "' is no ANSI colour", STR_ARG(text));
}

static int
read_attribute(struct theme_style *style, struct str key, struct val value, struct err **err)
{
    for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
        if (str_is(key, attributes[i].name)) {
            if (val_bool(value, false)) {
                style->attributes |= (uint8_t)attributes[i].attribute;
            }
            return 0;
        }
    }
    return err_set(err, ERR_IO, "unknown key '" STR_FMT "'", STR_ARG(key));
}

static int
read_style(struct theme_style *style, struct val spec, struct err **err)
{
    bool has_fg16 = val_is(val_get(spec, "fg16"));
    bool has_bg16 = val_is(val_get(spec, "bg16"));

    VAL_EACH (it, spec) {
        struct str text = val_str(it.value);
        int rc = str_is(it.key, "fg")     ? read_rgb(text, &style->fg, err)
                 : str_is(it.key, "bg")   ? read_rgb(text, &style->bg, err)
                 : str_is(it.key, "fg16") ? read_ansi(text, &style->fg16, err)
                 : str_is(it.key, "bg16") ? read_ansi(text, &style->bg16, err)
                                          : read_attribute(style, it.key, it.value, err);
        if (rc != 0) {
            return -1;
        }
    }
    if (!has_fg16 && style->fg != THEME_DEFAULT) {
        style->fg16 = (int8_t)theme_nearest_16(style->fg);
    }
    if (!has_bg16 && style->bg != THEME_DEFAULT) {
        style->bg16 = (int8_t)theme_nearest_16(style->bg);
    }
    return 0;
}

static int
role_of(struct str name)
{
    for (int i = 0; i < ROLE_LEN; i++) {
        if (str_is(name, grid_role_name((enum role)i))) {
            return i;
        }
    }
    return -1;
}

int
theme_parse(struct theme *theme, struct str yaml, struct err **err)
{
    static const struct theme_style plain = { THEME_DEFAULT, THEME_DEFAULT, THEME_DEFAULT,
                                              THEME_DEFAULT, 0 };
    AUTO_ARENA struct arena *arena = arena_new();
    struct theme out = { 0 };
    struct str json, name;
    const struct doc *doc;

    if (doc_yaml_to_json(arena, yaml, &json, err) != 0) {
        return -1;
    }
    doc = doc_parse(arena, json, err);
    if (doc == NULL) {
        return -1;
    }
    for (size_t i = 0; i < ROLE_LEN; i++) {
        out.styles[i] = plain;
    }
    name = val_str(val_get(doc_root(doc), "name"));
    (void)snprintf(out.name, sizeof(out.name), STR_FMT, STR_ARG(name));
    VAL_EACH (it, val_get(doc_root(doc), "roles")) {
        int role = role_of(it.key);
        if (role < 0) {
            return err_set(err, ERR_IO, "unknown role '" STR_FMT "'", STR_ARG(it.key));
        }
        if (read_style(&out.styles[role], it.value, err) != 0) {
            return err_wrap(err, "role '" STR_FMT "'", STR_ARG(it.key));
        }
    }
    *theme = out;
    return 0;
}

/* The whole file, at most FILE_MAX bytes; NULL with errno's error. */
static char *
read_file(const char *path, size_t *ret_size, struct err **err)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    AUTO_FREE char *text = NULL;
    size_t size = 0;

    if (fd < 0) {
        (void)err_sys(err, errno, "open '%s'", path);
        return NULL;
    }
    text = mem_new(FILE_MAX);
    while (size < FILE_MAX) {
        ssize_t got = read(fd, text + size, FILE_MAX - size);
        if (got < 0 && errno != EINTR) {
            (void)err_sys(err, errno, "read '%s'", path);
            return NULL;
        }
        if (got == 0) {
            break;
        }
        size += got > 0 ? (size_t)got : 0;
    }
    *ret_size = size;
    return STEAL(text);
}

static int
load_file(struct theme *theme, const char *path, struct err **err)
{
    AUTO_ERR struct err *why = NULL;
    size_t size = 0;
    AUTO_FREE char *text = read_file(path, &size, err);

    if (text == NULL) {
        return -1;
    }
    if (theme_parse(theme, str_slice(text, size), &why) != 0) {
        return err_set(err, ERR_IO, "theme '%s': %s", path, why->message);
    }
    return 0;
}

/* The user's own themes: $XDG_CONFIG_HOME/binnacle/themes. NULL: there is no such directory. */
static char *
user_path(const char *name)
{
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");

    if (config != NULL && config[0] == '/') {
        return mem_printf("%s/binnacle/themes/%s.theme", config, name);
    }
    return home == NULL ? NULL : mem_printf("%s/.config/binnacle/themes/%s.theme", home, name);
}

int
theme_load(struct theme *theme, const char *name, struct err **err)
{
    AUTO_FREE char *path = NULL;

    if (strchr(name, '/') != NULL) {
        return load_file(theme, name, err);
    }
    path = user_path(name);
    if (path != NULL && access(path, R_OK) == 0) {
        return load_file(theme, path, err);
    }
    for (size_t i = 0; i < ARRAY_LEN(builtins); i++) {
        if (strcmp(builtins[i].name, name) == 0) {
            return theme_parse(theme, str_of(builtins[i].text), err);
        }
    }
    return err_set(err, ERR_NOT_FOUND, "no theme '%s'", name);
}

struct theme_style
theme_style(const struct theme *theme, enum role role, enum role over)
{
    struct theme_style style = theme->styles[role];
    const struct theme_style *top = &theme->styles[over];

    if (over == ROLE_TEXT) {
        return style;
    }
    if (top->fg != THEME_DEFAULT || top->fg16 != THEME_DEFAULT) {
        style.fg = top->fg;
        style.fg16 = top->fg16;
    }
    if (top->bg != THEME_DEFAULT || top->bg16 != THEME_DEFAULT) {
        style.bg = top->bg;
        style.bg16 = top->bg16;
    }
    style.attributes |= top->attributes;
    return style;
}
