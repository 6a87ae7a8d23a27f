/* Filters of tables: parsing and matching.  Called for every row when the filter changes, and for
 * each row that changed; console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/filter.h"

#include <ctype.h>
#include <math.h>

#include "api/quantity.h"
#include "ui/pattern.h"

enum term_kind { TERM_PATTERN, TERM_FUZZY, TERM_LESS, TERM_MORE };

struct term {
    enum term_kind kind;
    bool is_negated;
    char *column;  /* NULL: all cells */
    char *letters; /* of FUZZY */
    struct pattern *pattern;
    double number, seconds; /* of < and >, as whichever the column is; NAN: not one */
};
struct filter {
    char *text, *selector;
    struct term terms[FILTER_TERMS_MAX];
    size_t len;
};

/* ---- parsing ---- */

/* "col:rx", "col>n", "col<n": where the operator stands; 0 when there is none. */
static size_t
operator_at(struct str text)
{
    size_t i = 0;

    while (i < text.size && (isalnum((unsigned char)text.at[i]) || text.at[i] == '-' ||
                             text.at[i] == '_' || text.at[i] == '%')) {
        i++;
    }
    return i > 0 && i + 1 < text.size && strchr(":<>", text.at[i]) != NULL ? i : 0;
}

static bool
set_bounds(struct term *term, struct str value)
{
    term->number = NAN;
    term->seconds = NAN;
    return (int)filter_number(value, FILTER_NUMBER, &term->number) +
               (int)filter_number(value, FILTER_SECONDS, &term->seconds) >
           0;
}

static void
add_term(struct filter *filter, struct str text)
{
    struct term *term = &filter->terms[filter->len];
    size_t at;
    struct str value;

    if (text.size > 1 && text.at[0] == '!') {
        term->is_negated = true;
        text = str_slice(text.at + 1, text.size - 1);
    }
    at = operator_at(text);
    value = str_slice(text.at + at + 1, at == 0 ? 0 : text.size - at - 1);
    if (at == 0) {
        term->pattern = pattern_new(text);
    } else if (text.at[at] == ':') {
        term->column = str_dup(str_slice(text.at, at));
        term->pattern = pattern_new(value);
    } else if (set_bounds(term, value)) {
        term->column = str_dup(str_slice(text.at, at));
        term->kind = text.at[at] == '<' ? TERM_LESS : TERM_MORE;
    } else {
        term->pattern = pattern_new(text);
    }
    filter->len++;
}

static struct str
next_word(struct str *rest)
{
    struct str text = str_trim(*rest);

    return str_trim(str_cut(text, ' ', rest));
}

struct filter *
filter_new(struct str text)
{
    struct filter *filter;
    struct str rest = str_trim(text);

    if (rest.size == 0) {
        return NULL;
    }
    filter = MEM_NEW(struct filter);
    filter->text = str_dup(rest);
    while (rest.size > 0 && filter->len < FILTER_TERMS_MAX) {
        struct str word = next_word(&rest);
        if (str_is(word, "-l")) {
            filter->selector = str_dup(str_trim(rest));
            break;
        }
        if (str_is(word, "-f")) {
            word = next_word(&rest);
            filter->terms[filter->len].kind = TERM_FUZZY;
            filter->terms[filter->len++].letters = str_dup(word);
        } else if (word.size > 0) {
            add_term(filter, word);
        }
    }
    return filter;
}

void
filter_free(struct filter *filter)
{
    if (filter == NULL) {
        return;
    }
    for (size_t i = 0; i < filter->len; i++) {
        struct term *term = &filter->terms[i];
        mem_free(term->column);
        mem_free(term->letters);
        pattern_free(term->pattern);
    }
    mem_free(filter->text);
    mem_free(filter->selector);
    mem_free(filter);
}

struct str
filter_text(const struct filter *filter)
{
    return filter == NULL ? (struct str){ 0 } : str_of(filter->text);
}

struct str
filter_selector(const struct filter *filter)
{
    return filter == NULL ? (struct str){ 0 } : str_of(filter->selector);
}

/* ---- matching ---- */

static bool
has_letters(const char *text, const char *letters)
{
    for (; *letters != '\0'; letters++) {
        while (*text != '\0' && tolower((unsigned char)*text) != tolower((unsigned char)*letters)) {
            text++;
        }
        if (*text == '\0') {
            return false;
        }
        text++;
    }
    return true;
}

/* A term of one column. A column that is not there: its text is looked for as typed. */
static bool
matches_column(const struct term *term, const struct filter_row *row)
{
    struct filter_cell cell = row->cell(row->ctx, str_of(term->column));
    double bound = cell.unit == FILTER_SECONDS ? term->seconds : term->number;

    if (term->kind == TERM_LESS || term->kind == TERM_MORE) {
        /* A bound that is no number compares as false. */
        return cell.unit != FILTER_TEXT &&
               (term->kind == TERM_LESS ? cell.number < bound : cell.number > bound);
    }
    if (cell.text.at == NULL) {
        AUTO_FREE char *whole =
            mem_printf("%s:" STR_FMT, term->column, STR_ARG(pattern_text(term->pattern)));
        return strcasestr(row->text, whole) != NULL;
    }
    return pattern_matches(term->pattern, cell.text);
}

static bool
matches_term(const struct term *term, const struct filter_row *row)
{
    if (term->column != NULL) {
        return matches_column(term, row);
    }
    return term->kind == TERM_FUZZY ? has_letters(row->text, term->letters)
                                    : pattern_matches(term->pattern, str_of(row->text));
}

bool
filter_matches(const struct filter *filter, const struct filter_row *row)
{
    for (size_t i = 0; filter != NULL && i < filter->len; i++) {
        if (matches_term(&filter->terms[i], row) == filter->terms[i].is_negated) {
            return false;
        }
    }
    return true;
}

/* ---- numbers ---- */

/* "2d3h", "5m10s", "90s" in seconds, as HumanDuration writes ages. */
static bool
age_number(struct str text, double *ret)
{
    static const struct {
        char unit;
        int seconds;
    } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'y', 31536000 } };
    double total = 0, count = 0;
    bool has_digit = false, has_unit = false;

    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        size_t u = 0;
        if (c >= '0' && c <= '9') {
            count = count * 10 + (c - '0');
            has_digit = true;
            continue;
        }
        while (u < ARRAY_LEN(units) && units[u].unit != c) {
            u++;
        }
        if (u == ARRAY_LEN(units) || !has_digit) {
            return false;
        }
        total += count * units[u].seconds;
        count = 0;
        has_digit = false;
        has_unit = true;
    }
    *ret = total;
    return has_unit && !has_digit;
}

bool
filter_number(struct str text, enum filter_unit unit, double *ret)
{
    struct quantity quantity;

    if (unit == FILTER_SECONDS) {
        return age_number(text, ret);
    }
    if (text.size == 0 || quantity_parse(text, &quantity) != 0) {
        return false;
    }
    *ret = (double)quantity.nano / 1e9;
    return true;
}
