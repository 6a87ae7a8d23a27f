/* Durations as Go parses and prints them.  Called by the decoder; pure, any thread. */
#include "config.h"

#include "api/duration.h"

#include <stdio.h>

static const struct {
    const char *name;
    int64_t ns;
} duration_units[] = {
    { "ns", 1 },
    { "us", 1000 },
    { "\xc2\xb5s", 1000 },
    { "\xce\xbcs", 1000 },
    { "ms", 1000000 },
    { "s", 1000000000 },
    { "m", 60 * 1000000000LL },
    { "h", 3600 * 1000000000LL },
};

static int duration_part(struct str *rest, uint64_t *ret_ns);

int
duration_parse(struct str text, int64_t *ret_ns)
{
    bool is_negative = text.size > 0 && text.at[0] == '-';
    if (text.size > 0 && (text.at[0] == '-' || text.at[0] == '+')) {
        text = str_slice(text.at + 1, text.size - 1);
    }
    if (str_is(text, "0")) {
        *ret_ns = 0;
        return 0;
    }
    if (text.size == 0) {
        return -1;
    }
    uint64_t total = 0;
    while (text.size > 0) {
        uint64_t ns = 0;
        if (duration_part(&text, &ns) < 0) {
            return -1;
        }
        total += ns;
        if (total > (uint64_t)INT64_MAX + (is_negative ? 1 : 0)) {
            return -1;
        }
    }
    *ret_ns = (int64_t)(is_negative ? 0 - total : total);
    return 0;
}

/* One number with its unit. */
static int
duration_part(struct str *rest, uint64_t *ret_ns)
{
    size_t at = 0;
    uint64_t whole = 0;
    while (at < rest->size && rest->at[at] >= '0' && rest->at[at] <= '9') {
        if (whole > (uint64_t)INT64_MAX / 10) {
            return -1;
        }
        whole = whole * 10 + (uint64_t)(rest->at[at++] - '0');
    }
    size_t digits = at;
    uint64_t fraction = 0;
    double scale = 1;
    if (at < rest->size && rest->at[at] == '.') {
        at++;
        while (at < rest->size && rest->at[at] >= '0' && rest->at[at] <= '9') {
            if (fraction <= (uint64_t)INT64_MAX / 10 - 9) {
                fraction = fraction * 10 + (uint64_t)(rest->at[at] - '0');
                scale *= 10;
            }
            at++;
        }
        digits = at - 1;
    }
    size_t unit_at = at;
    while (at < rest->size && rest->at[at] != '.' && (rest->at[at] < '0' || rest->at[at] > '9')) {
        at++;
    }
    struct str unit = str_slice(rest->at + unit_at, at - unit_at);
    for (size_t i = 0; digits > 0 && i < sizeof(duration_units) / sizeof(*duration_units); i++) {
        uint64_t ns = (uint64_t)duration_units[i].ns;
        if (str_is(unit, duration_units[i].name)) {
            if (whole > ((uint64_t)INT64_MAX + 1) / ns) {
                return -1;
            }
            *ret_ns = whole * ns + (uint64_t)((double)fraction * ((double)ns / scale));
            *rest = str_slice(rest->at + at, rest->size - at);
            return 0;
        }
    }
    return -1;
}

/* A count of ns with up to `places` decimals, none of them a trailing zero. */
static int
duration_decimal(char *to, size_t size, uint64_t value, int places)
{
    uint64_t unit = 1;
    for (int i = 0; i < places; i++) {
        unit *= 10;
    }
    uint64_t fraction = value % unit;
    while (places > 0 && fraction % 10 == 0) {
        fraction /= 10;
        places--;
    }
    if (places == 0) {
        return snprintf(to, size, "%llu", (unsigned long long)(value / unit));
    }
    return snprintf(to, size, "%llu.%0*llu", (unsigned long long)(value / unit), places,
                    (unsigned long long)fraction);
}

struct str
duration_text(int64_t ns, char text[DURATION_TEXT_SIZE])
{
    uint64_t left = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    const char *sign = ns < 0 ? "-" : "";
    char part[DURATION_TEXT_SIZE] = "";
    int size = 0;
    if (left == 0) {
        size = snprintf(text, DURATION_TEXT_SIZE, "0s");
    } else if (left < 1000) {
        size = snprintf(text, DURATION_TEXT_SIZE, "%s%lluns", sign, (unsigned long long)left);
    } else if (left < 1000000000) {
        bool is_micro = left < 1000000;
        (void)duration_decimal(part, sizeof(part), left, is_micro ? 3 : 6);
        size =
            snprintf(text, DURATION_TEXT_SIZE, "%s%s%s", sign, part, is_micro ? "\xc2\xb5s" : "ms");
    } else {
        uint64_t minutes = left / (60 * 1000000000ULL);
        (void)duration_decimal(part, sizeof(part), left % (60 * 1000000000ULL), 9);
        if (minutes >= 60) {
            size = snprintf(text, DURATION_TEXT_SIZE, "%s%lluh%llum%ss", sign,
                            (unsigned long long)(minutes / 60), (unsigned long long)(minutes % 60),
                            part);
        } else if (minutes > 0) {
            size = snprintf(text, DURATION_TEXT_SIZE, "%s%llum%ss", sign,
                            (unsigned long long)minutes, part);
        } else {
            size = snprintf(text, DURATION_TEXT_SIZE, "%s%ss", sign, part);
        }
    }
    return str_slice(text, (size_t)size);
}
