/* Metrics: one row per name, one series per label set, a lock per row.  Any thread adds; the
 * /metrics handler prints. */
#include "config.h" /* IWYU pragma: keep */

#include "base/metrics.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"

enum metrics_type { METRICS_COUNTER, METRICS_GAUGE, METRICS_HISTOGRAM };
enum { METRICS_SERIES_MAX = 1000, METRICS_SEPARATOR = 0x1f };

static const struct metrics_row {
    enum metrics_type type;
    const char *name, *help;
    const char *labels; /* names with commas between, NULL: none */
} metrics_rows[METRIC_LEN] = {
#define METRIC(id, type, name, help, labels) [METRIC_##id] = { METRICS_##type, name, help, labels },
#include "base/metrics.def"
#undef METRIC
};

static const char *const metrics_type_names[] = {
    [METRICS_COUNTER] = "counter",
    [METRICS_GAUGE] = "gauge",
    [METRICS_HISTOGRAM] = "histogram",
};

/* Upper bounds in seconds: those of apiserver_request_duration_seconds, with finer ones below for
 * what is quick here. */
static const double metrics_bounds[] = { 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2,
                                         0.4,    0.6,   0.8,    1,     1.25, 1.5,   2,    3,   4,
                                         5,      6,     8,      10,    15,   20,    30,   45,  60 };

struct metrics_series {
    char *labels; /* values with METRICS_SEPARATOR between */
    double value; /* a histogram's sum */
    uint64_t count;
    uint64_t buckets[]; /* a histogram's, not yet summed up */
};

static struct metrics_store {
    pthread_mutex_t lock;
    struct map by_labels;
    VEC(struct metrics_series *) series; /* in order of first use */
} metrics_stores[METRIC_LEN] = {
#define METRIC(id, type, name, help, labels) [METRIC_##id] = { .lock = PTHREAD_MUTEX_INITIALIZER },
#include "base/metrics.def"
#undef METRIC
};

static struct metrics_series *metrics_series(enum metric id, const char *label_values);
static struct metrics_series *metrics_new(enum metric id, struct str labels);
static void metrics_put_row(struct str_builder *out, enum metric id);
static void metrics_put_histogram(struct str_builder *out, const struct metrics_row *row,
                                  const struct metrics_series *series);
static void metrics_put_sample(struct str_builder *out, const char *suffix,
                               const struct metrics_row *row, const struct metrics_series *series,
                               const char *bound);
static void metrics_put_labels(struct str_builder *out, const char *names, const char *values,
                               const char *bound);
static void metrics_put_escaped(struct str_builder *out, struct str text);
static void metrics_put_number(struct str_builder *out, double number);

void
metrics_add(enum metric id, const char *label_values, double by)
{
    (void)pthread_mutex_lock(&metrics_stores[id].lock);
    metrics_series(id, label_values)->value += by;
    (void)pthread_mutex_unlock(&metrics_stores[id].lock);
}

void
metrics_set(enum metric id, const char *label_values, double to)
{
    (void)pthread_mutex_lock(&metrics_stores[id].lock);
    metrics_series(id, label_values)->value = to;
    (void)pthread_mutex_unlock(&metrics_stores[id].lock);
}

void
metrics_observe(enum metric id, const char *label_values, double value)
{
    size_t bucket = 0;

    while (bucket < ARRAY_LEN(metrics_bounds) && value > metrics_bounds[bucket]) {
        bucket++;
    }
    (void)pthread_mutex_lock(&metrics_stores[id].lock);
    struct metrics_series *series = metrics_series(id, label_values);

    series->value += value;
    series->count++;
    series->buckets[bucket]++;
    (void)pthread_mutex_unlock(&metrics_stores[id].lock);
}

void
metrics_text(struct str_builder *out)
{
    for (int id = 0; id < METRIC_LEN; id++) {
        (void)pthread_mutex_lock(&metrics_stores[id].lock);
        metrics_put_row(out, (enum metric)id);
        (void)pthread_mutex_unlock(&metrics_stores[id].lock);
    }
}

/* The series of these labels, made at first use; the row's lock is held. */
static struct metrics_series *
metrics_series(enum metric id, const char *label_values)
{
    struct metrics_store *store = &metrics_stores[id];
    struct str labels = str_of(label_values == NULL ? "" : label_values);
    struct metrics_series *series = map_get(&store->by_labels, labels);

    if (series != NULL) {
        return series;
    }
    if (store->series.len < METRICS_SERIES_MAX) {
        return metrics_new(id, labels);
    }
    AUTO_STR struct str_builder other = { 0 };

    str_putz(&other, "other");
    for (const char *at = metrics_rows[id].labels; at != NULL && *at != '\0'; at++) {
        if (*at == ',') {
            str_putc(&other, METRICS_SEPARATOR);
            str_putz(&other, "other");
        }
    }
    series = map_get(&store->by_labels, str_view(&other));
    return series != NULL ? series : metrics_new(id, str_view(&other));
}

static struct metrics_series *
metrics_new(enum metric id, struct str labels)
{
    struct metrics_store *store = &metrics_stores[id];
    size_t buckets = metrics_rows[id].type == METRICS_HISTOGRAM ? ARRAY_LEN(metrics_bounds) + 1 : 0;
    struct metrics_series *series = mem_new(sizeof(*series) + buckets * sizeof(series->buckets[0]));

    series->labels = str_dup(labels);
    (void)map_put(&store->by_labels, labels, series);
    VEC_ADD(store->series, series);
    return series;
}

static void
metrics_put_row(struct str_builder *out, enum metric id)
{
    const struct metrics_row *row = &metrics_rows[id];
    const struct metrics_store *store = &metrics_stores[id];

    str_putf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name,
             metrics_type_names[row->type]);
    if (store->series.len == 0 && row->labels == NULL && row->type != METRICS_HISTOGRAM) {
        str_putf(out, "%s 0\n", row->name); /* a value without labels exists from the start */
    }
    for (size_t i = 0; i < store->series.len; i++) {
        const struct metrics_series *series = store->series.at[i];

        if (row->type == METRICS_HISTOGRAM) {
            metrics_put_histogram(out, row, series);
        } else {
            metrics_put_sample(out, "", row, series, NULL);
            metrics_put_number(out, series->value);
            str_putc(out, '\n');
        }
    }
}

static void
metrics_put_histogram(struct str_builder *out, const struct metrics_row *row,
                      const struct metrics_series *series)
{
    uint64_t sum = 0;
    char bound[32];

    for (size_t i = 0; i <= ARRAY_LEN(metrics_bounds); i++) {
        if (i == ARRAY_LEN(metrics_bounds)) {
            (void)snprintf(bound, sizeof(bound), "+Inf");
        } else {
            (void)snprintf(bound, sizeof(bound), "%g", metrics_bounds[i]);
        }
        sum += series->buckets[i];
        metrics_put_sample(out, "_bucket", row, series, bound);
        str_putf(out, "%llu\n", (unsigned long long)sum);
    }
    metrics_put_sample(out, "_sum", row, series, NULL);
    metrics_put_number(out, series->value);
    str_putc(out, '\n');
    metrics_put_sample(out, "_count", row, series, NULL);
    str_putf(out, "%llu\n", (unsigned long long)series->count);
}

/* Name, labels and the space before the number. */
static void
metrics_put_sample(struct str_builder *out, const char *suffix, const struct metrics_row *row,
                   const struct metrics_series *series, const char *bound)
{
    str_putz(out, row->name);
    str_putz(out, suffix);
    if (row->labels != NULL || bound != NULL) {
        str_putc(out, '{');
        metrics_put_labels(out, row->labels, series->labels, bound);
        str_putc(out, '}');
    }
    str_putc(out, ' ');
}

static void
metrics_put_labels(struct str_builder *out, const char *names, const char *values,
                   const char *bound)
{
    struct str name_rest = str_of(names);
    struct str value_rest = str_of(values);
    const char *comma = "";

    while (name_rest.size > 0) {
        struct str name = str_cut(name_rest, ',', &name_rest);
        struct str value = str_cut(value_rest, METRICS_SEPARATOR, &value_rest);

        str_putf(out, "%s" STR_FMT "=\"", comma, STR_ARG(name));
        metrics_put_escaped(out, value);
        str_putc(out, '"');
        comma = ",";
    }
    if (bound != NULL) {
        str_putf(out, "%sle=\"%s\"", comma, bound);
    }
}

static void
metrics_put_escaped(struct str_builder *out, struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '\n') {
            str_putz(out, "\\n");
            continue;
        }
        if (text.at[i] == '"' || text.at[i] == '\\') {
            str_putc(out, '\\');
        }
        str_putc(out, text.at[i]);
    }
}

/* The shortest text that reads back as the same number. */
static void
metrics_put_number(struct str_builder *out, double number)
{
    char text[32];

    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, number);
        if (strtod(text, NULL) == number) {
            break;
        }
    }
    str_putz(out, text);
}
