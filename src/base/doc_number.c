/* Numbers as Go reads and prints them: shortest texts, free of the process's locale.
 *
 * Called by the doc_*.c files, on any thread. */
#include "config.h" /* IWYU pragma: keep */

#include "base/doc_priv.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

enum { NUMBER_MAX_DIGITS = 17 };

/* How many digits a format needs at most, and how many always survive text → number → text. */
struct number_format {
    int max_digits, safe_digits;
    double smallest_normal;
    bool single;
};
static const struct number_format NUMBER_DOUBLE = { NUMBER_MAX_DIGITS, 15, 0x1p-1022, false };
static const struct number_format NUMBER_SINGLE = { 9, 6, 0x1p-126, true };

/* In the C locale, whatever the process has set (the console does). */
static double
number_read(const char *text, bool single)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* glibc: a constant */
    double value = single ? (double)strtof_l(text, NULL, plain) : strtod_l(text, NULL, plain);
    freelocale(plain);
    return value;
}

double
doc_number(struct str text)
{
    char small[64];
    AUTO_FREE char *large = NULL;
    char *copy = small;
    if (text.size >= sizeof(small)) { /* rare: a number of many digits */
        large = mem_strndup(text.at, text.size);
        copy = large;
    } else {
        memcpy(small, text.at, text.size);
        small[text.size] = '\0';
    }
    return number_read(copy, false);
}

/* d > 0 in `precision` significant digits, correctly rounded: d = 0.DIGITS × 10^*ret_point. */
static void
number_digits(double d, int precision, char digits[NUMBER_MAX_DIGITS + 1], int *ret_point)
{
    char text[48];
    (void)snprintf(text, sizeof(text), "%.*e", precision - 1, d);
    int len = 0;
    const char *p = text;
    for (; *p != 'e'; p++) {
        if (*p >= '0' && *p <= '9') { /* skips the decimal point of any locale */
            digits[len++] = *p;
        }
    }
    digits[len] = '\0';
    *ret_point = (int)strtol(p + 1, NULL, 10) + 1;
}

static bool
number_reads_back(double d, const char *digits, int point, bool single)
{
    char text[48];
    (void)snprintf(text, sizeof(text), "0.%se%d", digits, point);
    return number_read(text, single) == d;
}

/* The next larger number of as many digits. */
static void
number_increment(char *digits, int *point)
{
    size_t i = strlen(digits);
    while (i > 0 && digits[i - 1] == '9') {
        digits[--i] = '0';
    }
    if (i == 0) {
        digits[0] = '1';
        (*point)++;
    } else {
        digits[i - 1]++;
    }
}

/* The fewest digits that read back as d > 0. A power of two has a wider gap above than below, so
 * the number just above may do where the nearest one does not. */
static void
number_shortest(double d, const struct number_format *format, char digits[NUMBER_MAX_DIGITS + 1],
                int *ret_point)
{
    int exponent;
    bool power_of_two = frexp(d, &exponent) == 0.5;
    int precision = d >= format->smallest_normal ? format->safe_digits : 1;
    for (; precision <= format->max_digits; precision++) {
        number_digits(d, precision, digits, ret_point);
        if (number_reads_back(d, digits, *ret_point, format->single)) {
            break;
        }
        if (power_of_two) {
            number_increment(digits, ret_point);
            if (number_reads_back(d, digits, *ret_point, format->single)) {
                break;
            }
        }
    }
    size_t len = strlen(digits);
    while (len > 1 && digits[len - 1] == '0') {
        digits[--len] = '\0';
    }
}

/* d.ddde±XX, at least two digits of exponent; JSON prints e-09 as e-9. */
static size_t
number_exponential(char *to, const char *digits, int point, bool json)
{
    const char *dot = digits[1] == '\0' ? "" : ".";
    int width = json ? 1 : 2;
    int size = snprintf(to, DOC_NUMBER_SIZE, "%c%s%se%c%0*d", digits[0], dot, digits + 1,
                        point <= 0 ? '-' : '+', width, abs(point - 1));
    return (size_t)size;
}

static size_t
number_positional(char *to, const char *digits, int point)
{
    static const char zeros[] = "0000000000000000000000";
    int len = (int)strlen(digits);
    if (point <= 0) {
        return (size_t)snprintf(to, DOC_NUMBER_SIZE, "0.%.*s%s", -point, zeros, digits);
    }
    if (point >= len) {
        return (size_t)snprintf(to, DOC_NUMBER_SIZE, "%s%.*s", digits, point - len, zeros);
    }
    return (size_t)snprintf(to, DOC_NUMBER_SIZE, "%.*s.%s", point, digits, digits + point);
}

size_t
doc_number_text(char to[DOC_NUMBER_SIZE], double d, enum doc_number_form form)
{
    assert(isfinite(d));
    const struct number_format *format = &NUMBER_DOUBLE;
    if (form == DOC_NUMBER_YAML_KEY && isfinite((float)d)) {
        format = &NUMBER_SINGLE;
        d = (double)(float)d;
    }
    size_t sign = signbit(d) ? 1 : 0;
    to[0] = '-';
    to += sign;
    d = fabs(d);
    if (d == 0) {
        to[0] = '0';
        return sign + 1;
    }
    char digits[NUMBER_MAX_DIGITS + 1];
    int point = 0;
    number_shortest(d, format, digits, &point);
    bool json = form == DOC_NUMBER_JSON;
    bool positional = json ? d >= 1e-6 && d < 1e21 : point > -4 && point <= 6;
    return sign + (positional ? number_positional(to, digits, point)
                              : number_exponential(to, digits, point, json));
}
