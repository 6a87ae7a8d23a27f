/* Sessions: asks of the worker, done by the loop.  Called by ctl_machine.c (loop) and the steps
 * (worker).
 *
 * An ask is freed by whoever sees it last: the worker that took the answer, or the worker's inbox
 * when the worker has left (worker_spec.drop). */
#include "config.h" /* IWYU pragma: keep */

#include "bootstrap/session.h"

#include <openssl/rand.h>
#include <stdio.h>

#include "api/object.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/worker.h"
#include "bootstrap/secret.h"
#include "bootstrap/transport.h"
#include "client/client.h"

enum { ANSWER_MARGIN_MS = 15000 /* beyond an ask's own deadline */, CALL_TIMEOUT_MS = 40000 };

struct session {
    struct session_spec spec;
    struct worker *worker; /* the loop's view: NULL once it is gone */
    struct worker *self;   /* the worker's view */
    size_t asks;           /* that the loop works on */
    struct ask *question;  /* one of them, that a person is to answer */
    struct loop_timer *too_late;
    struct err *result; /* kept until the last ask is over */
    bool is_over;
};

enum ask_kind { ASK_SPAWN, ASK_CALL, ASK_PROGRESS, ASK_NOTE, ASK_PERSON };
struct ask {
    enum ask_kind kind;
    struct session *session;
    struct arena *arena; /* of the texts below */
    const char *script;
    struct str input;
    int64_t timeout_ms;
    struct call call;
    const char *step, *message;
    bool is_over;
    enum session_note note;
    struct session_question question;
    /* answer */
    int status;
    struct secret *secret;
    struct str out, errors;
    struct err *err;
};

static void
free_ask(void *p)
{
    struct ask *ask = p;
    err_free(ask->err);
    secret_free(ask->secret);
    arena_free(ask->arena);
    mem_free(ask);
}

static struct ask *
new_ask(struct session *session, enum ask_kind kind)
{
    struct ask *ask = MEM_NEW(struct ask);
    ask->kind = kind;
    ask->session = session;
    ask->arena = arena_new();
    return ask;
}

/* ---- loop ---- */

static void
finish(struct session *session)
{
    if (!session->is_over || session->asks > 0) {
        return;
    }
    session->spec.done(session->spec.ctx, session->result);
    mem_free(session);
}

static void
answer(struct ask *ask)
{
    struct session *session = ask->session;
    session->asks--;
    if (session->worker != NULL) {
        worker_send(session->worker, ask);
    } else {
        free_ask(ask);
    }
    finish(session);
}

static void
spawned(void *ctx, const struct proc_result *result, struct err *owned)
{
    struct ask *ask = ctx;
    ask->err = owned;
    if (owned == NULL && result->timed_out) {
        (void)err_set(&ask->err, ERR_TIMEOUT, "not done after %lld s",
                      (long long)(ask->timeout_ms / 1000));
    } else if (owned == NULL) {
        ask->status = result->status;
        ask->out = arena_dup(ask->arena, result->out);
        ask->errors = arena_dup(ask->arena, result->err);
    }
    answer(ask);
}

static void
called(void *ctx, const struct reply *reply, struct err *owned)
{
    struct ask *ask = ctx;
    ask->err = owned;
    if (owned == NULL && reply->object != NULL) {
        ask->out = arena_dup(ask->arena, object_bytes(reply->object));
    } else if (owned == NULL) {
        ask->out = arena_dup(ask->arena, reply->bytes);
    }
    answer(ask);
}

static void
do_spawn(struct ask *ask)
{
    const char *argv[] = { "sh", "-c", ask->script, NULL };
    struct proc_spec spec = { .argv = argv, .input = ask->input, .timeout_ms = ask->timeout_ms };
    (void)proc_start(ask->session->spec.loop, &spec, spawned, ask);
}

/* ---- questions ---- */

/* The question is answered, or nobody waits for it any more. */
static void
settle(struct session *session)
{
    struct ask *ask = STEAL(session->question);
    loop_timer_cancel(STEAL(session->too_late));
    session->spec.ask(session->spec.ctx, NULL);
    answer(ask);
}

static void
nobody_answered(void *ctx)
{
    struct session *session = ctx;
    session->too_late = NULL; /* freed after this */
    (void)err_set(&session->question->err, ERR_TIMEOUT, "nobody answered within %d min: %s",
                  SESSION_ASK_MS / 60000, session->question->question.message);
    settle(session);
}

static void
put_question(struct ask *ask)
{
    struct session *session = ask->session;
    session->question = ask;
    session->too_late =
        loop_timer(session->spec.loop, clock_mono_ms() + SESSION_ASK_MS, nobody_answered, session);
    session->spec.ask(session->spec.ctx, &ask->question);
}

int
session_answer(struct session *session, struct str id, struct str text, struct err **err)
{
    struct ask *ask = session->question;
    if (ask == NULL || !str_is(id, ask->question.id)) {
        return err_set(err, ERR_NOT_FOUND, "this question does not stand any more");
    }
    ask->secret = secret_new(text);
    if (ask->secret == NULL) {
        return err_set(err, ERR_INTERNAL, "no memory can be locked for the answer");
    }
    settle(session);
    return 0;
}

static void
do_ask(void *ctx)
{
    struct ask *ask = ctx;
    struct session *session = ask->session;
    switch (ask->kind) {
    case ASK_SPAWN:
        session->asks++;
        do_spawn(ask);
        break;
    case ASK_CALL:
        session->asks++;
        (void)client_call(session->spec.client, &ask->call, called, ask);
        break;
    case ASK_PROGRESS:
        session->spec.progress(session->spec.ctx, ask->step, ask->is_over, ask->message);
        free_ask(ask);
        break;
    case ASK_NOTE:
        session->spec.note(session->spec.ctx, ask->note, ask->message);
        free_ask(ask);
        break;
    case ASK_PERSON:
        session->asks++;
        put_question(ask);
        break;
    }
}

static void
body(struct worker *worker, void *ctx, struct err **err)
{
    struct session *session = ctx;
    session->self = worker;
    session->spec.body(session, session->spec.ctx, err);
}

static void
over(void *ctx, struct err *owned)
{
    struct session *session = ctx;
    session->worker = NULL;
    session->is_over = true;
    session->result = owned;
    if (session->question != NULL) {
        settle(session); /* the worker was cancelled and has left; this finishes */
    } else {
        finish(session);
    }
}

struct session *
session_start(const struct session_spec *spec, struct err **err)
{
    static const struct worker_spec worker = {
        .body = body, .done = over, .drop = free_ask, .name = "machine"
    };
    struct session *session = MEM_NEW(struct session);
    session->spec = *spec;
    session->worker = worker_start(spec->loop, &worker, session, err);
    if (session->worker == NULL) {
        mem_free(session);
        return NULL;
    }
    return session;
}

void
session_cancel(struct session *session)
{
    if (session->worker != NULL) {
        worker_cancel(session->worker);
    }
}

/* ---- worker ---- */

/* Gives the ask to the loop; its answer, or NULL when the session was cancelled. */
static struct ask *
await(struct ask *ask, int64_t timeout_ms, struct err **err)
{
    struct worker *worker = ask->session->self;
    worker_post(worker, do_ask, ask);
    struct ask *answered = worker_receive(worker, timeout_ms + ANSWER_MARGIN_MS);
    if (answered == NULL) {
        (void)err_set(err, ERR_CANCELLED, "given up");
        return NULL;
    }
    if (answered->err != NULL) {
        err_move(err, &answered->err);
        free_ask(answered);
        return NULL;
    }
    return answered;
}

int
session_spawn(struct session *session, struct str script, struct str input, int64_t timeout_ms,
              struct arena *arena, struct transport_result *ret, struct err **err)
{
    struct ask *ask = new_ask(session, ASK_SPAWN);
    ask->script = arena_dupz(ask->arena, script);
    ask->input = arena_dup(ask->arena, input);
    ask->timeout_ms = timeout_ms;
    struct ask *answered = await(ask, timeout_ms, err);
    if (answered == NULL) {
        return -1;
    }
    *ret = (struct transport_result){ answered->status, arena_dup(arena, answered->out),
                                      arena_dup(arena, answered->errors) };
    free_ask(answered);
    return 0;
}

int
session_call(struct session *session, const struct call *call, struct arena *arena,
             struct str *ret_bytes, struct err **err)
{
    struct ask *ask = new_ask(session, ASK_CALL);
    ask->call = *call; /* its texts are the caller's, who waits here */
    struct ask *answered = await(ask, CALL_TIMEOUT_MS, err);
    if (answered == NULL) {
        return -1;
    }
    *ret_bytes = arena_dup(arena, answered->out);
    free_ask(answered);
    return 0;
}

void
session_progress(struct session *session, const char *step, bool is_over, const char *message)
{
    struct ask *ask = new_ask(session, ASK_PROGRESS);
    ask->step = arena_dupz(ask->arena, str_of(step));
    ask->message = message == NULL ? NULL : arena_dupz(ask->arena, str_of(message));
    ask->is_over = is_over;
    worker_post(session->self, do_ask, ask);
}

void
session_note(struct session *session, enum session_note what, const char *text)
{
    struct ask *ask = new_ask(session, ASK_NOTE);
    ask->note = what;
    ask->message = arena_dupz(ask->arena, str_of(text));
    worker_post(session->self, do_ask, ask);
}

struct secret *
session_ask(struct session *session, const char *kind, const char *message, struct err **err)
{
    unsigned char random[8];
    struct ask *ask = new_ask(session, ASK_PERSON);
    if (RAND_bytes(random, sizeof(random)) != 1) {
        free_ask(ask);
        (void)err_set(err, ERR_INTERNAL, "no random bytes");
        return NULL;
    }
    for (size_t i = 0; i < sizeof(random); i++) {
        (void)snprintf(ask->question.id + 2 * i, 3, "%02x", random[i]);
    }
    ask->question.kind = arena_dupz(ask->arena, str_of(kind));
    ask->question.message = arena_dupz(ask->arena, str_of(message));
    struct ask *answered = await(ask, SESSION_ASK_MS, err);
    if (answered == NULL) {
        return NULL;
    }
    struct secret *secret = STEAL(answered->secret);
    free_ask(answered);
    return secret;
}

void
session_own_fd(struct session *session, int fd)
{
    worker_own_fd(session->self, fd);
}

void
session_disown_fd(struct session *session, int fd)
{
    worker_disown_fd(session->self, fd);
}

bool
session_is_cancelled(const struct session *session)
{
    return worker_is_cancelled(session->self);
}

bool
session_wait(struct session *session, int64_t ms)
{
    struct ask *late = worker_receive(session->self, ms); /* of an ask that was given up */
    if (late != NULL) {
        free_ask(late);
    }
    return !session_is_cancelled(session);
}
