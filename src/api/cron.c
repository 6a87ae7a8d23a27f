/* Reading and reckoning schedules.  Called by the check of CronJobs and by their controller.
 *
 * Follows github.com/robfig/cron v3 (parser.go, spec.go, constantdelay.go), texts of errors included:
 * a day fits when both its date and its weekday do, but one of the two is enough when neither is
 * "*". */
#include "config.h"

#include "api/cron.h"

#include <stddef.h>

#include "api/duration.h"
#include "base/arena.h"
#include "base/mem.h"

#define CRON_STAR (UINT64_C(1) << 63)
enum { CRON_FIELDS = 5, CRON_PIECES_MAX = 64, DAY_S = 86400, YEARS_AHEAD = 5, NUMBER_MAX = 9 };

struct bounds {
    int64_t min, max;
    const char *const *names; /* of min, min + 1 …; NULL: none */
};

static const char *const month_names[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul",
                                           "aug", "sep", "oct", "nov", "dec", NULL };
static const char *const weekday_names[] = {
    "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL
};
static const struct bounds bounds[CRON_FIELDS] = {
    { 0, 59, NULL },        { 0, 23, NULL },         { 1, 31, NULL },
    { 1, 12, month_names }, { 0, 6, weekday_names },
};
static const struct {
    const char *name, *fields;
} descriptors[] = {
    { "@yearly", "0 0 1 1 *" }, { "@annually", "0 0 1 1 *" }, { "@monthly", "0 0 1 * *" },
    { "@weekly", "0 0 * * 0" }, { "@daily", "0 0 * * *" },    { "@midnight", "0 0 * * *" },
    { "@hourly", "0 * * * *" },
};

#define WRONG(arena, ...) arena_dupz((arena), arena_printf((arena), __VA_ARGS__))

/* ---- one field ---- */

static const char *
parse_number(struct str text, struct arena *arena, int64_t *ret)
{
    bool is_number = text.size > 0;
    for (size_t i = 0; i < text.size; i++) {
        bool is_sign = i == 0 && text.size > 1 && (text.at[0] == '-' || text.at[0] == '+');
        is_number = is_number && (is_sign || (text.at[i] >= '0' && text.at[i] <= '9'));
    }
    if (!is_number || text.size > NUMBER_MAX) {
        return WRONG(arena,
                     "failed to parse int from " STR_FMT ": strconv.Atoi: parsing \"" STR_FMT
                     "\": invalid syntax",
                     STR_ARG(text), STR_ARG(text));
    }
    struct str digits = text.at[0] == '+' ? str_slice(text.at + 1, text.size - 1) : text;
    (void)str_to_int(digits, ret);
    if (*ret < 0) {
        return WRONG(arena, "negative number (%lld) not allowed: " STR_FMT, (long long)*ret,
                     STR_ARG(text));
    }
    return NULL;
}

static const char *
parse_value(struct str text, const struct bounds *b, struct arena *arena, int64_t *ret)
{
    for (size_t i = 0; b->names != NULL && b->names[i] != NULL; i++) {
        if (str_eq_nocase(text, str_of(b->names[i]))) {
            *ret = b->min + (int64_t)i;
            return NULL;
        }
    }
    return parse_number(text, arena, ret);
}

struct range {
    int64_t start, end, step;
    bool is_star;
};

/* "*", "a" or "a-b" */
static const char *
parse_span(struct str text, const struct bounds *b, struct arena *arena, struct range *r)
{
    struct str ends[3];
    size_t len = str_split(text, '-', ends, ARRAY_LEN(ends));
    const char *wrong = NULL;
    if (str_is(ends[0], "*") || str_is(ends[0], "?")) {
        r->start = b->min;
        r->end = b->max;
        r->is_star = true;
        return NULL;
    }
    wrong = parse_value(ends[0], b, arena, &r->start);
    r->end = r->start;
    if (wrong == NULL && len == 2) {
        wrong = parse_value(ends[1], b, arena, &r->end);
    } else if (wrong == NULL && len > 2) {
        wrong = WRONG(arena, "too many hyphens: " STR_FMT, STR_ARG(text));
    }
    return wrong;
}

static const char *
parse_range(struct str text, const struct bounds *b, struct arena *arena, struct range *r)
{
    struct str parts[3];
    size_t len = str_split(text, '/', parts, ARRAY_LEN(parts));
    bool is_single = !str_contains(parts[0], STR("-"));
    const char *wrong = parse_span(parts[0], b, arena, r);
    r->step = 1;
    if (wrong != NULL) {
        return wrong;
    }
    if (len > 2) {
        return WRONG(arena, "too many slashes: " STR_FMT, STR_ARG(text));
    }
    if (len == 2) {
        wrong = parse_number(parts[1], arena, &r->step);
        r->end = is_single ? b->max : r->end;    /* "a/n" goes on to the end */
        r->is_star = r->is_star && r->step <= 1; /* every so often is no "*" */
    }
    if (wrong != NULL) {
        return wrong;
    }
    if (r->start < b->min) {
        return WRONG(arena, "beginning of range (%lld) below minimum (%lld): " STR_FMT,
                     (long long)r->start, (long long)b->min, STR_ARG(text));
    }
    if (r->end > b->max) {
        return WRONG(arena, "end of range (%lld) above maximum (%lld): " STR_FMT, (long long)r->end,
                     (long long)b->max, STR_ARG(text));
    }
    if (r->start > r->end) {
        return WRONG(arena, "beginning of range (%lld) beyond end of range (%lld): " STR_FMT,
                     (long long)r->start, (long long)r->end, STR_ARG(text));
    }
    return r->step == 0
               ? WRONG(arena, "step of range should be a positive number: " STR_FMT, STR_ARG(text))
               : NULL;
}

/* A list of ranges. */
static const char *
parse_field(struct str text, const struct bounds *b, struct arena *arena, uint64_t *ret)
{
    struct str rest = text;
    *ret = 0;
    while (rest.at != NULL) {
        struct range r = { 0 };
        struct str piece = str_cut(rest, ',', &rest);
        if (piece.size == 0) {
            continue; /* empty ones are left out */
        }
        const char *wrong = parse_range(piece, b, arena, &r);
        if (wrong != NULL) {
            return wrong;
        }
        for (int64_t i = r.start; i <= r.end; i += r.step) {
            *ret |= UINT64_C(1) << i;
        }
        *ret |= r.is_star ? CRON_STAR : 0;
    }
    return NULL;
}

/* ---- the whole ---- */

static size_t
split_blanks(struct str text, struct str *fields, size_t most)
{
    size_t len = 0, at = 0;
    while (at < text.size) {
        size_t from = at;
        while (at < text.size && text.at[at] != ' ' && text.at[at] != '\t' && text.at[at] != '\n') {
            at++;
        }
        if (at > from) {
            if (len < most) {
                fields[len] = str_slice(text.at + from, at - from);
            }
            len++;
        }
        at++;
    }
    return len;
}

static const char *
wrong_count(struct str text, struct arena *arena)
{
    AUTO_STR struct str_builder list = { 0 };
    struct str fields[CRON_PIECES_MAX];
    size_t len = split_blanks(text, fields, ARRAY_LEN(fields));
    for (size_t i = 0; i < len && i < ARRAY_LEN(fields); i++) {
        str_putf(&list, "%s" STR_FMT, i == 0 ? "" : " ", STR_ARG(fields[i]));
    }
    return WRONG(arena, "expected exactly 5 fields, found %zu: [" STR_FMT "]", len,
                 STR_ARG(str_view(&list)));
}

static const char *
parse_fields(struct str text, struct arena *arena, struct cron *ret)
{
    struct str fields[CRON_FIELDS];
    uint64_t *const sets[CRON_FIELDS] = { &ret->minutes, &ret->hours, &ret->days, &ret->months,
                                          &ret->weekdays };
    if (split_blanks(text, fields, ARRAY_LEN(fields)) != CRON_FIELDS) {
        return wrong_count(text, arena);
    }
    for (size_t i = 0; i < CRON_FIELDS; i++) {
        const char *wrong = parse_field(fields[i], &bounds[i], arena, sets[i]);
        if (wrong != NULL) {
            return wrong;
        }
    }
    return NULL;
}

static const char *
parse_descriptor(struct str text, struct arena *arena, struct cron *ret)
{
    static const char every[] = "@every ";
    for (size_t i = 0; i < ARRAY_LEN(descriptors); i++) {
        if (str_is(text, descriptors[i].name)) {
            return parse_fields(str_of(descriptors[i].fields), arena, ret);
        }
    }
    if (str_has_prefix(text, str_of(every))) {
        struct str length = str_slice(text.at + sizeof(every) - 1, text.size - sizeof(every) + 1);
        int64_t ns = 0;
        if (duration_parse(length, &ns) < 0) {
            return WRONG(arena,
                         "failed to parse duration " STR_FMT ": time: invalid duration \"" STR_FMT
                         "\"",
                         STR_ARG(text), STR_ARG(length));
        }
        ret->every_s = ns < 1000000000 ? 1 : ns / 1000000000;
        return NULL;
    }
    return WRONG(arena, "unrecognized descriptor: " STR_FMT, STR_ARG(text));
}

const char *
cron_parse(struct str text, struct arena *arena, struct cron *ret)
{
    *ret = (struct cron){ 0 };
    if (str_has_prefix(text, STR("TZ=")) || str_has_prefix(text, STR("CRON_TZ="))) {
        struct str rest = { 0 }, zone = { 0 };
        (void)str_cut(str_cut(text, ' ', &rest), '=', &zone);
        if (!cron_knows_zone(zone)) {
            return WRONG(arena, "provided bad location " STR_FMT ": unknown time zone " STR_FMT,
                         STR_ARG(zone), STR_ARG(zone));
        }
        text = str_trim(rest);
    }
    if (text.size == 0) {
        return "empty spec string";
    }
    return text.at[0] == '@' ? parse_descriptor(text, arena, ret) : parse_fields(text, arena, ret);
}

bool
cron_knows_zone(struct str name)
{
    static const char *const names[] = { "",     "UTC",     "Etc/UTC",       "Etc/GMT",
                                         "GMT",  "Etc/UCT", "Etc/Universal", "UCT",
                                         "Zulu", "Etc/Zulu" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_is(name, names[i])) {
            return true;
        }
    }
    return false;
}

/* ---- reckoning ---- */

static bool
has(uint64_t set, int64_t bit)
{
    return (set & UINT64_C(1) << bit) != 0;
}

/* Days since 1970 to a date (proleptic Gregorian, era arithmetic). */
static void
date_of(int64_t days, int64_t *ret_month, int64_t *ret_day)
{
    enum { ERA_DAYS = 146097, EPOCH_DAYS = 719468 };
    int64_t z = days + EPOCH_DAYS;
    int64_t era = (z >= 0 ? z : z - ERA_DAYS + 1) / ERA_DAYS;
    int64_t in_era = z - era * ERA_DAYS;
    int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    int64_t shifted = (5 * in_year + 2) / 153; /* months from March */
    *ret_day = in_year - (153 * shifted + 2) / 5 + 1;
    *ret_month = shifted < 10 ? shifted + 3 : shifted - 9;
}

static bool
fits_day(const struct cron *cron, int64_t days)
{
    int64_t month, day, weekday = (days + 4) % 7; /* 1970 began on a Thursday */
    date_of(days, &month, &day);
    bool fits_date = has(cron->days, day), fits_weekday = has(cron->weekdays, weekday);
    bool has_star = (cron->days & CRON_STAR) != 0 || (cron->weekdays & CRON_STAR) != 0;
    return has(cron->months, month) &&
           (has_star ? fits_date && fits_weekday : fits_date || fits_weekday);
}

int64_t
cron_next(const struct cron *cron, int64_t after_s)
{
    if (cron->every_s > 0) {
        return after_s + cron->every_s;
    }
    int64_t first = after_s / 60 + 1; /* in minutes */
    int64_t last_day = after_s / DAY_S + (int64_t)YEARS_AHEAD * 366;
    for (int64_t day = first / (24 * 60); day <= last_day; day++) {
        if (!fits_day(cron, day)) {
            continue;
        }
        int64_t begin = day * 24 * 60;
        for (int64_t minute = first > begin ? first - begin : 0; minute < 24 * 60; minute++) {
            if (!has(cron->hours, minute / 60)) {
                minute += 59 - minute % 60;
            } else if (has(cron->minutes, minute % 60)) {
                return (begin + minute) * 60;
            }
        }
    }
    return 0;
}
