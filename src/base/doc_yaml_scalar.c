/* What a plain YAML scalar means: the rules of go-yaml v2 (YAML 1.1 with its own habits), which
 * sigs.k8s.io/yaml and with it every Kubernetes tool applies.
 *
 * Called by doc_yaml.c and doc_yaml_write.c, on any thread; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "base/doc_yaml_priv.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/doc_priv.h"
#include "base/mem.h"

/* ---- words ---- */

static const struct {
    const char *word;
    struct doc_scalar scalar;
} scalar_words[] = {
#define WORD_BOOL(text, value)                                                                     \
    {                                                                                              \
        text,                                                                                      \
        {                                                                                          \
            .type = DOC_SCALAR_BOOL, .boolean = (value)                                            \
        }                                                                                          \
    }
#define WORD_FLOAT(text, value)                                                                    \
    {                                                                                              \
        text,                                                                                      \
        {                                                                                          \
            .type = DOC_SCALAR_FLOAT, .number = (value)                                            \
        }                                                                                          \
    }
#define WORD(text, kind)                                                                           \
    {                                                                                              \
        text,                                                                                      \
        {                                                                                          \
            .type = (kind)                                                                         \
        }                                                                                          \
    }
    WORD_BOOL("y", true),           WORD_BOOL("Y", true),           WORD_BOOL("yes", true),
    WORD_BOOL("Yes", true),         WORD_BOOL("YES", true),         WORD_BOOL("true", true),
    WORD_BOOL("True", true),        WORD_BOOL("TRUE", true),        WORD_BOOL("on", true),
    WORD_BOOL("On", true),          WORD_BOOL("ON", true),          WORD_BOOL("n", false),
    WORD_BOOL("N", false),          WORD_BOOL("no", false),         WORD_BOOL("No", false),
    WORD_BOOL("NO", false),         WORD_BOOL("false", false),      WORD_BOOL("False", false),
    WORD_BOOL("FALSE", false),      WORD_BOOL("off", false),        WORD_BOOL("Off", false),
    WORD_BOOL("OFF", false),        WORD("", DOC_SCALAR_NULL),      WORD("~", DOC_SCALAR_NULL),
    WORD("null", DOC_SCALAR_NULL),  WORD("Null", DOC_SCALAR_NULL),  WORD("NULL", DOC_SCALAR_NULL),
    WORD_FLOAT(".nan", NAN),        WORD_FLOAT(".NaN", NAN),        WORD_FLOAT(".NAN", NAN),
    WORD_FLOAT(".inf", INFINITY),   WORD_FLOAT(".Inf", INFINITY),   WORD_FLOAT(".INF", INFINITY),
    WORD_FLOAT("+.inf", INFINITY),  WORD_FLOAT("+.Inf", INFINITY),  WORD_FLOAT("+.INF", INFINITY),
    WORD_FLOAT("-.inf", -INFINITY), WORD_FLOAT("-.Inf", -INFINITY), WORD_FLOAT("-.INF", -INFINITY),
#undef WORD
#undef WORD_FLOAT
#undef WORD_BOOL
};

/* ---- numbers ---- */

/* Reads all of text as digits of a base; false when it is no such number or beyond uint64. */
static bool
scalar_digits(struct str text, unsigned base, uint64_t *ret_value)
{
    uint64_t value = 0;
    if (text.size == 0) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.at[i];
        unsigned lower = c | 0x20U;
        unsigned digit = c >= '0' && c <= '9'           ? c - (unsigned)'0'
                         : lower >= 'a' && lower <= 'f' ? lower - (unsigned)'a' + 10
                                                        : base;
        if (digit >= base || __builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit, &value)) {
            return false;
        }
    }
    *ret_value = value;
    return true;
}

/* As Go's ParseInt and then ParseUint: an optional sign (only for what fits an int64), then digits
 * of that base. */
static bool
scalar_integer(struct str text, unsigned base, struct doc_scalar *ret)
{
    bool is_signed = text.size > 0 && (text.at[0] == '-' || text.at[0] == '+');
    bool negative = is_signed && text.at[0] == '-';
    uint64_t value;
    if (!scalar_digits(str_slice(text.at + is_signed, text.size - is_signed), base, &value)) {
        return false;
    }
    uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    if (value <= limit) {
        int64_t integer = (int64_t)(negative ? 0 - value : value);
        *ret = (struct doc_scalar){ .type = DOC_SCALAR_INT, .integer = integer };
        return true;
    }
    *ret = (struct doc_scalar){ .type = DOC_SCALAR_UINT, .natural = value };
    return !is_signed;
}

/* As Go's ParseInt with base 0: 0x 0o 0b, or a leading zero, which is octal. */
static bool
scalar_any_base(struct str text, struct doc_scalar *ret)
{
    static const char letters[] = "bBoOxX";
    static const unsigned bases[] = { 2, 8, 16 };
    size_t sign = text.size > 0 && (text.at[0] == '-' || text.at[0] == '+') ? 1 : 0;
    const char *digits = text.at + sign;
    size_t size = text.size - sign;
    if (size < 2 || digits[0] != '0') {
        return scalar_integer(text, 10, ret);
    }
    const char *letter = memchr(letters, digits[1], sizeof(letters) - 1);
    if (size < 3 || letter == NULL) {
        return scalar_integer(text, 8, ret);
    }
    char small[72] = { '-' }; /* a sign and 64 digits are the longest that fit, zeros aside */
    const char *rest = digits + 2;
    size_t left = size - 2;
    while (left > 1 && *rest == '0') {
        rest++;
        left--;
    }
    bool foreign = *rest == '-' || *rest == '+'; /* a second sign is no digit */
    if (left >= sizeof(small) || foreign) {
        return false;
    }
    small[0] = text.at[0];
    memcpy(small + sign, rest, left);
    return scalar_integer(str_slice(small, sign + left), bases[(letter - letters) / 2], ret);
}

static const char *
scalar_skip_digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9') {
        p++;
    }
    return p;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?, within float64. */
static bool
scalar_float(struct str text, struct doc_scalar *ret)
{
    const char *p = text.at, *end = text.at + text.size;
    p += p < end && (*p == '-' || *p == '+') ? 1 : 0;
    const char *whole = p;
    p = scalar_skip_digits(p, end);
    size_t digits = (size_t)(p - whole);
    if (p < end && *p == '.') {
        const char *fraction = p + 1;
        p = scalar_skip_digits(fraction, end);
        digits += (size_t)(p - fraction);
    }
    if (digits == 0) {
        return false;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < end && (*p == '-' || *p == '+') ? 1 : 0;
        const char *exponent = p;
        p = scalar_skip_digits(p, end);
        if (p == exponent) {
            return false;
        }
    }
    if (p != end) {
        return false;
    }
    *ret = (struct doc_scalar){ .type = DOC_SCALAR_FLOAT, .number = doc_number(text) };
    return isfinite(ret->number);
}

/* What begins with a sign or a digit and is no timestamp. */
static bool
scalar_number(struct str text, struct doc_scalar *ret)
{
    AUTO_FREE char *copy = NULL;
    if (memchr(text.at, '_', text.size) != NULL) { /* digits may be grouped anyhow */
        copy = mem_new(text.size);
        size_t size = 0;
        for (size_t i = 0; i < text.size; i++) {
            if (text.at[i] != '_') {
                copy[size++] = text.at[i];
            }
        }
        text = str_slice(copy, size);
    }
    if (scalar_any_base(text, ret) || scalar_float(text, ret)) {
        return true;
    }
    /* go-yaml's own reading of binary numbers lets a sign follow the prefix. */
    if (str_has_prefix(text, STR("0b"))) {
        return scalar_integer(str_slice(text.at + 2, text.size - 2), 2, ret);
    }
    return false;
}

/* ---- timestamps ---- */

/* A number of one or two digits (exactly two when fixed), up to a limit; false when it is none. */
static bool
scalar_time_part(const char **p, const char *end, bool fixed, int limit, int *ret_value)
{
    const char *start = *p;
    int value = 0;
    while (*p < end && *p - start < 2 && **p >= '0' && **p <= '9') {
        value = value * 10 + (*(*p)++ - '0');
    }
    *ret_value = value;
    return *p - start >= (fixed ? 2 : 1) && value <= limit;
}

static bool
scalar_time_byte(const char **p, const char *end, char c)
{
    bool found = *p < end && **p == c;
    *p += found ? 1 : 0;
    return found;
}

/* Y-M-D with a day that this month has. */
static bool
scalar_time_date(const char **p, const char *end)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int year = 0, month, day;
    for (int i = 0; i < 4; i++) {
        if (*p == end || **p < '0' || **p > '9') {
            return false;
        }
        year = year * 10 + (*(*p)++ - '0');
    }
    if (!scalar_time_byte(p, end, '-') || !scalar_time_part(p, end, false, 12, &month) ||
        month == 0 || !scalar_time_byte(p, end, '-') ||
        !scalar_time_part(p, end, false, 31, &day) || day == 0) {
        return false;
    }
    bool leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= days[month - 1] + (leap ? 1 : 0);
}

/* h:m:s and a fraction of any length behind a point or a comma. */
static bool
scalar_time_clock(const char **p, const char *end)
{
    int part;
    if (!scalar_time_part(p, end, false, 23, &part) || !scalar_time_byte(p, end, ':') ||
        !scalar_time_part(p, end, false, 59, &part) || !scalar_time_byte(p, end, ':') ||
        !scalar_time_part(p, end, false, 59, &part)) {
        return false;
    }
    if (end - *p >= 2 && (**p == '.' || **p == ',') && (*p)[1] >= '0' && (*p)[1] <= '9') {
        *p = scalar_skip_digits(*p + 1, end);
    }
    return true;
}

static bool
scalar_time_zone(const char **p, const char *end)
{
    int part;
    if (scalar_time_byte(p, end, 'Z')) {
        return true;
    }
    return (scalar_time_byte(p, end, '+') || scalar_time_byte(p, end, '-')) &&
           scalar_time_part(p, end, true, 24, &part) && scalar_time_byte(p, end, ':') &&
           scalar_time_part(p, end, true, 60, &part);
}

/* The four forms that go-yaml gives to Go's time.Parse: a date; a date, blanks and a time; a date,
 * T or t, a time and a zone. */
bool
doc_scalar_is_time(struct str text)
{
    const char *p = text.at, *end = text.at + text.size;
    if (!scalar_time_date(&p, end)) {
        return false;
    }
    if (p == end) {
        return true;
    }
    if (*p == 'T' || *p == 't') {
        p++;
        return scalar_time_clock(&p, end) && scalar_time_zone(&p, end) && p == end;
    }
    const char *blank = p;
    while (p < end && *p == ' ') {
        p++;
    }
    return p > blank && scalar_time_clock(&p, end) && p == end;
}

static const char *
scalar_skip_grouped(const char *p, const char *end)
{
    while (p < end && ((*p >= '0' && *p <= '9') || *p == '_')) {
        p++;
    }
    return p;
}

/* [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)? */
bool
doc_scalar_is_base60(struct str text)
{
    const char *p = text.at, *end = text.at + text.size;
    p += p < end && (*p == '-' || *p == '+') ? 1 : 0;
    if (p == end || *p < '0' || *p > '9') {
        return false;
    }
    p = scalar_skip_grouped(p, end);
    bool found = false;
    while (scalar_time_byte(&p, end, ':')) {
        int part;
        if (!scalar_time_part(&p, end, false, 59, &part)) {
            return false;
        }
        found = true;
    }
    if (found && scalar_time_byte(&p, end, '.')) {
        p = scalar_skip_grouped(p, end);
    }
    return found && p == end;
}

/* ---- all of it ---- */

struct doc_scalar
doc_scalar_resolve(struct str text)
{
    struct doc_scalar scalar = { .type = DOC_SCALAR_STR };
    char first = text.size == 0 ? '\0' : text.at[0];
    bool short_word = text.size <= 5 && strchr("yYnNtTfFoO~.+-", first) != NULL; /* or empty */
    for (size_t i = 0; short_word && i < ARRAY_LEN(scalar_words); i++) {
        if (str_is(text, scalar_words[i].word)) {
            return scalar_words[i].scalar;
        }
    }
    bool number = false;
    if (first == '.') {
        number = scalar_float(text, &scalar);
    } else if (first == '+' || first == '-' || (first >= '0' && first <= '9')) {
        if (doc_scalar_is_time(text)) {
            return (struct doc_scalar){ .type = DOC_SCALAR_TIME };
        }
        number = scalar_number(text, &scalar);
    }
    return number ? scalar : (struct doc_scalar){ .type = DOC_SCALAR_STR };
}

/* ---- tags ---- */

static const char *const scalar_tags[] = {
    [DOC_SCALAR_STR] = "str",        [DOC_SCALAR_NULL] = "null", [DOC_SCALAR_BOOL] = "bool",
    [DOC_SCALAR_INT] = "int",        [DOC_SCALAR_UINT] = "int",  [DOC_SCALAR_FLOAT] = "float",
    [DOC_SCALAR_TIME] = "timestamp",
};

static int
scalar_base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits);
}

/* Standard base64 with padding, line breaks left out; false when it is none. */
static bool
scalar_base64(struct arena *arena, struct str text, struct str *ret)
{
    char *to = arena_alloc(arena, text.size / 4 * 3 + 3), *start = to;
    uint32_t bits = 0;
    size_t digits = 0, padding = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        int digit = scalar_base64_digit(c);
        if (c == '\r' || c == '\n') {
            continue;
        }
        if (c == '=' && digits % 4 >= 2) {
            padding++;
            digit = 0;
        } else if (digit < 0 || padding > 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)digit;
        if (++digits % 4 == 0) {
            *to++ = (char)(bits >> 16);
            *to++ = (char)(bits >> 8);
            *to++ = (char)bits;
        }
    }
    *ret = str_slice(start, (size_t)(to - start) - padding);
    return digits % 4 == 0;
}

struct str
doc_scalar_tagged(struct arena *arena, const char *tag, struct str text, struct doc_scalar *ret,
                  struct str *ret_text)
{
    struct str name;
    *ret = (struct doc_scalar){ .type = DOC_SCALAR_STR };
    *ret_text = text;
    if (!str_has_prefix(str_of(tag), STR(DOC_TAG_PREFIX))) {
        return (struct str){ 0 };
    }
    name = str_of(tag + strlen(DOC_TAG_PREFIX));
    if (str_is(name, "binary")) {
        return scalar_base64(arena, text, ret_text)
                   ? (struct str){ 0 }
                   : STR("!!binary value contains invalid base64 data");
    }
    bool known = false;
    for (size_t i = DOC_SCALAR_NULL; i < ARRAY_LEN(scalar_tags); i++) {
        known = known || str_is(name, scalar_tags[i]);
    }
    if (!known) { /* !!str as well */
        return (struct str){ 0 };
    }
    *ret = doc_scalar_resolve(text);
    if (ret->type == DOC_SCALAR_TIME && !str_is(name, "timestamp")) {
        ret->type = DOC_SCALAR_STR;
    }
    if (ret->type == DOC_SCALAR_INT && str_is(name, "float")) {
        *ret = (struct doc_scalar){ .type = DOC_SCALAR_FLOAT, .number = (double)ret->integer };
    }
    return str_is(name, scalar_tags[ret->type])
               ? (struct str){ 0 }
               : arena_printf(arena, "cannot decode !!%s `" STR_FMT "` as a !!" STR_FMT,
                              scalar_tags[ret->type], STR_ARG(text), STR_ARG(name));
}

/* ---- as text ---- */

struct str
doc_scalar_decimal(const struct doc_scalar *scalar, char number[DOC_NUMBER_SIZE])
{
    int size = scalar->type == DOC_SCALAR_INT
                   ? snprintf(number, DOC_NUMBER_SIZE, "%" PRId64, scalar->integer)
                   : snprintf(number, DOC_NUMBER_SIZE, "%" PRIu64, scalar->natural);
    return str_slice(number, (size_t)size);
}

struct str
doc_scalar_key(const struct doc_scalar *scalar, struct str text, char number[DOC_NUMBER_SIZE])
{
    double d = scalar->number;
    switch (scalar->type) {
    case DOC_SCALAR_STR:
    case DOC_SCALAR_TIME:
        return text.at == NULL ? STR("") : text;
    case DOC_SCALAR_BOOL:
        return scalar->boolean ? STR("true") : STR("false");
    case DOC_SCALAR_INT:
        return doc_scalar_decimal(scalar, number);
    case DOC_SCALAR_FLOAT:
        if (isnan(d)) {
            return STR(".nan");
        }
        if (isinf((float)d)) {
            return d > 0 ? STR(".inf") : STR("-.inf");
        }
        return str_slice(number, doc_number_text(number, d, DOC_NUMBER_YAML_KEY));
    case DOC_SCALAR_NULL:
    case DOC_SCALAR_UINT:
        break;
    }
    return (struct str){ 0 };
}

/* A quoted string of Go, all beyond ASCII as it is. */
static void
scalar_print_text(struct str_builder *out, struct str text)
{
    static const char named[] = "\aa\bb\ff\nn\rr\tt\vv\"\"\\\\";
    str_putc(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        const char *name = c == '\0' ? NULL : strchr(named, c);
        if (name != NULL && (name - named) % 2 == 0) {
            str_putc(out, '\\');
            str_putc(out, name[1]);
        } else if ((unsigned char)c < 0x20 || c == 0x7f) {
            str_putf(out, "\\x%02x", (unsigned)c);
        } else {
            str_putc(out, c);
        }
    }
    str_putc(out, '"');
}

void
doc_scalar_print(struct str_builder *out, const struct doc_scalar *scalar, struct str text)
{
    char number[DOC_NUMBER_SIZE];
    switch (scalar->type) {
    case DOC_SCALAR_STR:
    case DOC_SCALAR_TIME:
        scalar_print_text(out, text);
        break;
    case DOC_SCALAR_NULL:
        str_putz(out, "interface {}(nil)");
        break;
    case DOC_SCALAR_BOOL:
        str_putz(out, scalar->boolean ? "true" : "false");
        break;
    case DOC_SCALAR_INT:
        str_put(out, doc_scalar_decimal(scalar, number));
        break;
    case DOC_SCALAR_UINT:
        str_putf(out, "0x%" PRIx64, scalar->natural);
        break;
    case DOC_SCALAR_FLOAT:
        if (isfinite(scalar->number)) {
            str_put(out,
                    str_slice(number, doc_number_text(number, scalar->number, DOC_NUMBER_YAML)));
        } else {
            str_putz(out, isnan(scalar->number) ? "NaN" : scalar->number > 0 ? "+Inf" : "-Inf");
        }
        break;
    }
}
