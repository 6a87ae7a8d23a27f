/* resource.Quantity: amounts with suffixes, parsed, compared and printed as apimachinery does.
 *
 * Called by the decoder, by checks, the scheduler and whoever adds resources. Pure, any thread. */
#include "config.h"

#include "api/quantity.h"

#include <stdio.h>
#include <string.h>

static const __int128 QUANTITY_NANO = 1000000000;
/* 2^63 - 1 whole units: where binary amounts are capped. */
static const __int128 QUANTITY_CAP = (__int128)INT64_MAX * 1000000000;

static const struct {
    const char *suffix;
    enum quantity_form form;
    int exponent; /* of 10, or of 2 for QUANTITY_BINARY_SI */
} quantity_suffixes[] = {
    { "", QUANTITY_DECIMAL_SI, 0 },   { "n", QUANTITY_DECIMAL_SI, -9 },
    { "u", QUANTITY_DECIMAL_SI, -6 }, { "m", QUANTITY_DECIMAL_SI, -3 },
    { "k", QUANTITY_DECIMAL_SI, 3 },  { "M", QUANTITY_DECIMAL_SI, 6 },
    { "G", QUANTITY_DECIMAL_SI, 9 },  { "T", QUANTITY_DECIMAL_SI, 12 },
    { "P", QUANTITY_DECIMAL_SI, 15 }, { "E", QUANTITY_DECIMAL_SI, 18 },
    { "Ki", QUANTITY_BINARY_SI, 10 }, { "Mi", QUANTITY_BINARY_SI, 20 },
    { "Gi", QUANTITY_BINARY_SI, 30 }, { "Ti", QUANTITY_BINARY_SI, 40 },
    { "Pi", QUANTITY_BINARY_SI, 50 }, { "Ei", QUANTITY_BINARY_SI, 60 },
};

/* The pieces of a text. */
struct quantity_parts {
    bool is_negative;
    struct str whole, fraction; /* digits; whole without leading zeros */
    enum quantity_form form;
    int exponent;
};

static const char *quantity_split(struct str text, struct quantity_parts *ret);
static bool quantity_suffix(struct str suffix, struct quantity_parts *parts);
static __int128 quantity_scale(const struct quantity_parts *parts);
static int quantity_print(char *to, size_t size, __int128 value, bool is_negative,
                          const char *suffix);

int
quantity_parse(struct str text, struct quantity *ret)
{
    struct quantity_parts parts = { 0 };
    if (quantity_split(text, &parts) != NULL) {
        return -1;
    }
    __int128 nano = quantity_scale(&parts);
    enum quantity_form form = parts.form;
    if (form == QUANTITY_BINARY_SI && nano > QUANTITY_CAP) {
        nano = QUANTITY_CAP;
    }
    if (form == QUANTITY_BINARY_SI && nano > 0 && nano < QUANTITY_NANO) {
        form = QUANTITY_DECIMAL_SI;
    }
    *ret = (struct quantity){ .nano = parts.is_negative ? -nano : nano, .form = form };
    return 0;
}

const char *
quantity_problem(struct str text)
{
    struct quantity_parts parts = { 0 };
    return quantity_split(text, &parts);
}

struct str
quantity_kept(struct str text, struct quantity q, char buffer[QUANTITY_TEXT_SIZE])
{
    struct quantity_parts parts = { 0 };
    if (text.size >= QUANTITY_TEXT_SIZE || quantity_split(text, &parts) != NULL) {
        return quantity_text(q, buffer);
    }
    if (str_is(text, "0")) {
        return text;
    }
    struct str whole = parts.whole.size == 0 ? STR("0") : parts.whole;
    int digits = (int)(whole.size + parts.fraction.size);
    bool is_kept = false;
    if (parts.form == QUANTITY_BINARY_SI) {
        int room = 15 - (int)whole.size - (int)((float)parts.exponent * 3 / 10) - 1;
        unsigned last = (unsigned)(whole.at[whole.size - 1] - '0') +
                        (whole.size > 1 ? 10U * (unsigned)(whole.at[whole.size - 2] - '0') : 0) +
                        (whole.size > 2 ? 100U * (unsigned)(whole.at[whole.size - 3] - '0') : 0);
        is_kept = parts.fraction.size == 0 && room >= 0 && (last & 7) != 0;
    } else {
        int scale = parts.exponent - (int)parts.fraction.size;
        char shifted[QUANTITY_TEXT_SIZE * 2];
        (void)snprintf(shifted, sizeof(shifted), STR_FMT STR_FMT, STR_ARG(whole),
                       STR_ARG(parts.fraction));
        is_kept = digits <= 18 && scale >= -9 && scale % 3 == 0 && shifted[0] != '0' &&
                  !str_has_suffix(str_of(shifted), STR("000"));
    }
    return is_kept ? text : quantity_text(q, buffer);
}

struct str
quantity_text(struct quantity q, char text[QUANTITY_TEXT_SIZE])
{
    static const char *const binary[] = { "", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei" };
    static const char *const decimal[] = { "n", "u", "m", "", "k", "M", "G", "T", "P", "E" };
    bool is_negative = q.nano < 0;
    __int128 left = is_negative ? -q.nano : q.nano;
    if (left == 0) {
        return str_slice(memcpy(text, "0", 2), 1);
    }
    bool is_binary =
        q.form == QUANTITY_BINARY_SI && left >= 1024 * QUANTITY_NANO && left % QUANTITY_NANO == 0;
    size_t power = 0;
    int size = 0;
    if (is_binary) {
        for (left /= QUANTITY_NANO; left % 1024 == 0 && power < 6; power++) {
            left /= 1024;
        }
        size = quantity_print(text, QUANTITY_TEXT_SIZE, left, is_negative, binary[power]);
    } else {
        while (left % 1000 == 0 && power < 9) {
            left /= 1000;
            power++;
        }
        char exponent[8] = "";
        if (q.form == QUANTITY_DECIMAL_EXPONENT && power != 3) {
            (void)snprintf(exponent, sizeof(exponent), "e%d", (int)power * 3 - 9);
        }
        size = quantity_print(text, QUANTITY_TEXT_SIZE, left, is_negative,
                              q.form == QUANTITY_DECIMAL_EXPONENT ? exponent : decimal[power]);
    }
    return str_slice(text, (size_t)size);
}

static int64_t
quantity_rounded(struct quantity q, __int128 unit)
{
    __int128 whole = q.nano / unit;
    if (q.nano % unit != 0) {
        whole += q.nano > 0 ? 1 : -1; /* away from zero, as ScaledValue */
    }
    return whole > INT64_MAX ? INT64_MAX : whole < INT64_MIN ? INT64_MIN : (int64_t)whole;
}

bool
quantity_is_milli(struct quantity q)
{
    return q.nano % (QUANTITY_NANO / 1000) == 0;
}

struct quantity
quantity_round_milli(struct quantity q)
{
    const __int128 unit = QUANTITY_NANO / 1000;
    __int128 rest = q.nano % unit;
    if (rest != 0) {
        q.nano += rest > 0 ? unit - rest : -unit - rest;
    }
    return q;
}

int64_t
quantity_milli(struct quantity q)
{
    return quantity_rounded(q, QUANTITY_NANO / 1000);
}

int64_t
quantity_value(struct quantity q)
{
    return quantity_rounded(q, QUANTITY_NANO);
}

int
quantity_cmp(struct quantity a, struct quantity b)
{
    return a.nano < b.nano ? -1 : a.nano > b.nano;
}

struct quantity
quantity_add(struct quantity a, struct quantity b)
{
    struct quantity sum = { .form = a.nano == 0 ? b.form : a.form };
    if (__builtin_add_overflow(a.nano, b.nano, &sum.nano)) {
        sum.nano = a.nano > 0 ? QUANTITY_CAP : -QUANTITY_CAP;
    }
    return sum;
}

struct quantity
quantity_sub(struct quantity a, struct quantity b)
{
    return quantity_add(a, (struct quantity){ .nano = -b.nano, .form = b.form });
}

/* ---- parsing ---- */

static struct str
quantity_digits(struct str text, size_t *at)
{
    size_t from = *at;
    while (*at < text.size && text.at[*at] >= '0' && text.at[*at] <= '9') {
        (*at)++;
    }
    return str_slice(text.at + from, *at - from);
}

static const char *
quantity_split(struct str text, struct quantity_parts *ret)
{
    static const char format[] = "quantities must match the regular expression "
                                 "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
    if (text.size == 0) {
        return format;
    }
    size_t at = text.at[0] == '-' || text.at[0] == '+' ? 1 : 0;
    ret->is_negative = text.at[0] == '-';
    while (at < text.size && text.at[at] == '0') {
        at++;
    }
    ret->whole = quantity_digits(text, &at);
    if (at < text.size && text.at[at] == '.') {
        at++;
        ret->fraction = quantity_digits(text, &at);
    }
    size_t suffix_at = at;
    while (at < text.size && memchr("eEinumkKMGTP", text.at[at], 12) != NULL) {
        at++;
    }
    if (at < text.size && (text.at[at] == '-' || text.at[at] == '+')) {
        at++;
    }
    (void)quantity_digits(text, &at);
    if (at != text.size) {
        return format;
    }
    bool has_digit = false;
    for (size_t i = 0; i < suffix_at; i++) {
        has_digit |= text.at[i] >= '0' && text.at[i] <= '9';
    }
    if (!quantity_suffix(str_slice(text.at + suffix_at, text.size - suffix_at), ret)) {
        return "unable to parse quantity's suffix";
    }
    /* "Mi" is 0 upstream, except on the slow path of large factors. */
    bool is_slow = ret->form == QUANTITY_BINARY_SI ? ret->exponent >= 50 : ret->exponent < -9;
    return has_digit || !is_slow ? NULL : "unable to parse numeric part of quantity";
}

static bool
quantity_suffix(struct str suffix, struct quantity_parts *parts)
{
    for (size_t i = 0; i < sizeof(quantity_suffixes) / sizeof(quantity_suffixes[0]); i++) {
        if (str_is(suffix, quantity_suffixes[i].suffix)) {
            parts->form = quantity_suffixes[i].form;
            parts->exponent = quantity_suffixes[i].exponent;
            return true;
        }
    }
    int64_t exponent = 0;
    if (suffix.size < 2 || (suffix.at[0] != 'e' && suffix.at[0] != 'E')) {
        return false;
    }
    struct str digits = str_slice(suffix.at + 1, suffix.size - 1);
    if (digits.at[0] == '+') {
        digits = str_slice(digits.at + 1, digits.size - 1);
    }
    if (!str_to_int(digits, &exponent) || exponent < INT32_MIN || exponent > INT32_MAX) {
        return false;
    }
    parts->form = QUANTITY_DECIMAL_EXPONENT;
    parts->exponent = (int)exponent;
    return true;
}

/* a × b, or the largest value when that is too much. */
static __int128
quantity_times(__int128 a, __int128 b)
{
    static const __int128 largest = (__int128)(~(unsigned __int128)0 >> 1);
    __int128 product;
    return __builtin_mul_overflow(a, b, &product) ? largest : product;
}

/* The amount in nano units; what is left below one is rounded up, so that nothing asked for becomes
 * nothing. */
static __int128
quantity_scale(const struct quantity_parts *parts)
{
    __int128 value = 0;
    __int128 rounded;
    bool has_rest = false;
    /* Places behind the point that count: what nano can hold, and as many for a binary factor as
     * the product leaves room for. */
    int shift = 9;
    size_t places = parts->form == QUANTITY_BINARY_SI ? 10 : 27;
    for (size_t i = 0; i < parts->whole.size; i++) {
        value = quantity_times(value, 10);
        if (__builtin_add_overflow(value, (__int128)(parts->whole.at[i] - '0'), &value)) {
            value = quantity_times(value, 10);
        }
    }
    for (size_t i = 0; i < parts->fraction.size; i++) {
        int digit = parts->fraction.at[i] - '0';
        if (i < places && value < quantity_times(QUANTITY_CAP, 100)) {
            value = value * 10 + digit;
            shift--;
        } else {
            has_rest |= digit != 0;
        }
    }
    if (parts->form == QUANTITY_BINARY_SI) {
        value = quantity_times(value, (__int128)1 << parts->exponent);
    } else {
        shift += parts->exponent > 64 ? 64 : parts->exponent < -64 ? -64 : parts->exponent;
    }
    for (; shift > 0; shift--) {
        value = quantity_times(value, 10);
    }
    for (; shift < 0; shift++) {
        has_rest |= value % 10 != 0;
        value /= 10;
    }
    /* What is as large as can be stays so. */
    return has_rest && !__builtin_add_overflow(value, (__int128)1, &rounded) ? rounded : value;
}

static int
quantity_print(char *to, size_t size, __int128 value, bool is_negative, const char *suffix)
{
    char digits[48];
    size_t at = sizeof(digits) - 1;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value > 0);
    return snprintf(to, size, "%s%s%s", is_negative ? "-" : "", digits + at, suffix);
}
