/* Inside reconcile*.c: one plan of one key, being carried out. */
#ifndef BINNACLE_CLIENT_RECONCILE_RUN_H
#define BINNACLE_CLIENT_RECONCILE_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "client/reconcile.h"

struct recorder;
struct reconcile_watch;
struct run;
struct workq;

/* What is remembered of a key between two plans. */
struct reconcile_key {
    struct arena *arena; /* of last; NULL: nothing */
    struct plan_result *last;
    struct err **errs; /* that the results name, owned */
    size_t last_len;
    int conflicts; /* in a row */
};
struct reconcile {
    const struct reconciler *reconciler;
    struct reconcile_spec spec;
    struct workq *workq;
    struct recorder *recorder;
    struct reconcile_watch *watches;
    size_t unsynced;
    struct map keys; /* "namespace/name" → struct reconcile_key */
    struct run *runs;
    uint64_t random;
    bool is_stopping;
    void (*stopped)(void *);
    void *stopped_ctx;
};

/* workq_fn: plans and begins; workq_finish when all is done. */
void reconcile_run(void *ctx, struct str key, uint64_t cause_rev);
/* Cancels the writes of all runs; they end soon. */
void reconcile_run_cancel(struct reconcile *reconcile);
/* The last run ended while stopping. */
void reconcile_stopped(struct reconcile *reconcile);
void reconcile_key_free(void *key);

#endif
