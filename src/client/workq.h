/* Keys waiting for work: each once, per-key backoff, delays.  Loop thread. */
#ifndef BINNACLE_CLIENT_WORKQ_H
#define BINNACLE_CLIENT_WORKQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct loop;
struct workq;

/* fn(ctx, key, cause_rev) for one key at a time per key, at most `parallel` keys in work; the
 * owner calls workq_finish, inside fn or later. A key added while in work runs again afterwards.
 * fn never runs inside another call of this queue.
 * key is valid until workq_finish. */
typedef void workq_fn(void *ctx, struct str key, uint64_t cause_rev);
struct workq *workq_new(struct loop *loop, const char *name, int parallel, workq_fn *fn, void *ctx);
void workq_free(struct workq *workq); /* NULL allowed; not inside fn */
void workq_add(struct workq *workq, struct str key, uint64_t cause_rev);
/* The earliest wins. A run that begins before then drops it: that run says anew when. */
void workq_add_at(struct workq *workq, struct str key, int64_t at_mono_ms);
/* Again with backoff 5 ms × 2^n, at most 1000 s (client-go's item exponential limiter). */
void workq_retry(struct workq *workq, struct str key);
void workq_forget(struct workq *workq, struct str key); /* backoff starts over */
void workq_finish(struct workq *workq, struct str key);
size_t workq_len(const struct workq *workq); /* queued or in work; delayed keys are not counted */
void workq_hold(struct workq *workq, bool hold); /* nothing runs while held (not synced) */

#endif
