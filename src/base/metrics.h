/* Counters, gauges, histograms in one table (metrics.def), as Prometheus text.  Any thread. */
#ifndef BINNACLE_BASE_METRICS_H
#define BINNACLE_BASE_METRICS_H

#include <stdint.h>

#include "base/str.h"

enum metric {
#define METRIC(id, type, name, help, labels) METRIC_##id,
#include "base/metrics.def"
#undef METRIC
    METRIC_LEN
};

/* label_values: as many as the row names, joined by 0x1f; NULL without labels. At most 1,000
 * label sets a row; further ones count as "other". */
void metrics_add(enum metric id, const char *label_values, double by);
void metrics_set(enum metric id, const char *label_values, double to);
void metrics_observe(enum metric id, const char *label_values, double value);
void metrics_text(struct str_builder *out); /* Prometheus text format 0.0.4 */

#endif
