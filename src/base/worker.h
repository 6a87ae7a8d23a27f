/* A thread with an inbox, answering by loop_post: one per blocking session (SSH), at most 12, and
 * those of services that run as long as the program (the store). */
#ifndef BINNACLE_BASE_WORKER_H
#define BINNACLE_BASE_WORKER_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct loop;
struct worker;
enum { WORKER_MAX = 12 };

typedef void worker_body_fn(struct worker *worker, void *ctx, struct err **err);
typedef void worker_done_fn(void *ctx, struct err *owned_or_null);

struct worker_spec {
    worker_body_fn *body; /* on the worker's thread */
    worker_done_fn
        *done; /* on the loop afterwards, exactly once; err CANCELLED after a cancel, when
                           * body left none; the worker is gone by then */
    void (*drop)(void *message); /* frees what was sent and never received; NULL: nothing is sent */
    const char *name;            /* of the thread, at most 15 bytes; NULL: "worker" */
    bool is_service;             /* a thread that a part always has: not one of WORKER_MAX */
};

/* Loop thread. NULL with *err TOO_MANY when WORKER_MAX run. */
struct worker *worker_start(struct loop *loop, const struct worker_spec *spec, void *ctx,
                            struct err **err);
/* Loop → worker, until done; ownership of the message (not NULL) moves. */
void worker_send(struct worker *worker, void *message);
/* Worker: the oldest message; NULL when wait_ms have passed on our clock, or after a cancel. */
void *worker_receive(struct worker *worker, int64_t wait_ms);
/* Worker → loop, in order; all of it runs before done. */
void worker_post(struct worker *worker, void (*fn)(void *), void *ctx);
/* Worker: a socket that a cancel shuts down, so that calls on it return. Disown it before closing. */
void worker_own_fd(struct worker *worker, int fd);
void worker_disown_fd(struct worker *worker, int fd);
void worker_cancel(struct worker *worker); /* loop, until done; body must soon return */
bool worker_is_cancelled(const struct worker *worker);

#endif
