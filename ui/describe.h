/* What an object is and how it is, as text for people: kubectl describe's content in our own words.
 * Pure. */
#ifndef BINNACLE_UI_DESCRIBE_H
#define BINNACLE_UI_DESCRIBE_H

#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"

struct describe_in {
    struct val object;
    struct val events; /* items of a list, absent: none known */
    int64_t now_ms;    /* Unix time */
};
void describe_object(const struct describe_in *in, struct str_builder *out);

/* One event, also for lists of them: "  Warning  BackOff  3m (x12)  kubelet  Back-off …". */
void describe_events(struct val events, int64_t now_ms, struct str_builder *out);
/* Values of a Secret, decoded: text as it is, other bytes as a hex dump. */
void describe_secret(struct val object, struct str_builder *out);

/* ---- for describe_*.c ---- */

/* "Key:      value" with the value in a column of its own; nothing when the value is empty. */
void describe_line(struct str_builder *out, int indent, const char *key, struct str value);
void describe_linez(struct str_builder *out, int indent, const char *key, const char *value);
/* A map, one pair a line behind the key. */
void describe_map(struct str_builder *out, int indent, const char *key, struct val map);
/* Any value, nested. */
void describe_tree(struct str_builder *out, int indent, struct val value);
/* "5m", "<unknown>" */
void describe_age(struct str_builder *out, struct val time, int64_t now_ms);
void describe_conditions(struct str_builder *out, struct val conditions, int64_t now_ms);
void describe_pod(const struct describe_in *in, struct str_builder *out);
void describe_pod_template(struct val pod_template, struct str_builder *out);
void describe_node(const struct describe_in *in, struct str_builder *out);
void describe_workload(const struct describe_in *in, struct str_builder *out);

#endif
