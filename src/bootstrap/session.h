/* One machine being worked on: a worker thread for the steps, the loop for processes and API calls.
 *
 * The worker asks, the loop does, the worker waits for the answer; a cancel ends every wait. */
#ifndef BINNACLE_BOOTSTRAP_SESSION_H
#define BINNACLE_BOOTSTRAP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;
struct call;
struct client;
struct err;
struct loop;
struct secret;
struct session;
struct transport_result;

/* A question that only a person can answer. */
struct session_question {
    char id[17];         /* of this one time it is asked */
    const char *kind;    /* "hostKey", "password", … (MachinePrompt.kind) */
    const char *message; /* what the person is shown */
};
/* What the steps find out and the Machine is to keep or show. */
enum session_note {
    SESSION_NOTE_HOST_KEY,
    SESSION_NOTE_SHARE, /* "40 %" of the step that runs */
    SESSION_NOTE_CLEAN, /* nothing of ours is left there */
};

struct session_spec {
    struct loop *loop;
    struct client *client; /* for the steps' API calls; outlives the session */
    /* On the worker: the whole work. */
    void (*body)(struct session *session, void *ctx, struct err **err);
    /* On the loop: a step began or ended (err NULL: well). Texts are valid during the call. */
    void (*progress)(void *ctx, const char *step, bool is_over, const char *message);
    /* On the loop: something to keep or to show. */
    void (*note)(void *ctx, enum session_note what, const char *text);
    /* On the loop: a question stands, or no longer (NULL). */
    void (*ask)(void *ctx, const struct session_question *question);
    /* On the loop, once; the session is gone by then. */
    void (*done)(void *ctx, struct err *owned);
    void *ctx;
};
/* NULL with *err when too many run. */
struct session *session_start(const struct session_spec *spec, struct err **err);
void session_cancel(struct session *session); /* loop, before done */
/* Loop, before done: an answer to the question of this id; -1 NOT_FOUND when it does not stand. The
 * text is copied into locked memory; the caller wipes its own. */
int session_answer(struct session *session, struct str id, struct str text, struct err **err);

/* ---- for the worker ---- */

/* sh -c script on this machine. */
int session_spawn(struct session *session, struct str script, struct str input, int64_t timeout_ms,
                  struct arena *arena, struct transport_result *ret, struct err **err);
/* One API call; the answer's bytes in the arena. */
int session_call(struct session *session, const struct call *call, struct arena *arena,
                 struct str *ret_bytes, struct err **err);
void session_progress(struct session *session, const char *step, bool is_over, const char *message);
void session_note(struct session *session, enum session_note what, const char *text);
/* Asks a person and waits; NULL with *err when nobody answers in time (SESSION_ASK_MS). */
enum { SESSION_ASK_MS = 600000 };
struct secret *session_ask(struct session *session, const char *kind, const char *message,
                           struct err **err);
/* A socket that a cancel shuts down; disown it before it is closed. */
void session_own_fd(struct session *session, int fd);
void session_disown_fd(struct session *session, int fd);
bool session_is_cancelled(const struct session *session);
/* Waits; false: cancelled meanwhile. For polling what the API tells (CSR signed, node Ready). */
bool session_wait(struct session *session, int64_t ms);

#endif
