/* One thread per blocking session (SSH), at most 12: inbox in, loop_post out. */
#ifndef BINNACLE_BASE_WORKER_H
#define BINNACLE_BASE_WORKER_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct loop;
struct worker;
enum { WORKER_MAX = 12 };

/* body runs on the worker's thread; done(ctx, err) on the loop afterwards, exactly once.
 * NULL with *err TOO_MANY when WORKER_MAX run. */
struct worker *worker_start(struct loop *loop,
                            void (*body)(struct worker *, void *ctx, struct err **),
                            void (*done)(void *ctx, struct err *owned), void *ctx,
                            struct err **err);
void worker_send(struct worker *worker, void *message);       /* loop → worker; ownership moves */
void *worker_receive(struct worker *worker, int64_t wait_ms); /* worker; NULL: time or cancelled */
void worker_post(struct worker *worker, void (*fn)(void *), void *ctx); /* worker → loop */
void worker_own_fd(struct worker *worker, int fd); /* shut down by cancel, so that calls return */
void worker_disown_fd(struct worker *worker, int fd);
void worker_cancel(struct worker *worker); /* loop; body must soon return */
bool worker_is_cancelled(const struct worker *worker);

#endif
