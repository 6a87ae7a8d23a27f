/* Log files in CRI's format: `TIME STREAM F|P TEXT`.  Parsing, last lines, and a body that follows. */
#ifndef BINNACLE_AGENT_LOGS_H
#define BINNACLE_AGENT_LOGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct arena;
struct body;
struct err;
struct loop;

struct logs_line {
    struct str time, stream, text;
    bool is_partial; /* the line goes on in the next one of its stream */
};
/* One line without its end; -1: it is none. */
int logs_parse(struct str line, struct logs_line *ret);

/* The text of the last lines of a log, at most max bytes of it; absent when there is none. Blocking,
 * for a small tail. */
struct str logs_last_lines(struct arena *arena, const char *path, int lines, size_t max);

struct logs_options {
    bool follow, timestamps;
    int64_t tail_lines;  /* -1: all */
    int64_t since_us;    /* wall time, 0: any */
    int64_t limit_bytes; /* of the answer, -1: none */
    const char *stream;  /* NULL: both; "stdout" or "stderr" */
};
/* May more come into this log? Asked at the end of the file, while following. */
typedef bool logs_running_fn(void *ctx, struct str container_id);
struct logs_source {
    struct loop *loop;
    const char *path;
    struct str container_id;
    logs_running_fn *is_running; /* NULL: the container has ended */
    void *ctx;
};
/* The log as kubectl shows it. Follows over rotations, until the container has ended; a log that is
 * not there yet is an empty one. Strings are copied. */
int logs_body(const struct logs_source *source, const struct logs_options *options,
              struct body **ret, struct err **err);

#endif
