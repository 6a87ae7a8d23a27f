/* What a Machine's status says while its steps run: kept as one state, written whole.  Pure. */
#ifndef BINNACLE_BOOTSTRAP_MACHINE_STATUS_H
#define BINNACLE_BOOTSTRAP_MACHINE_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct arena;
struct session_question;

enum { MACHINE_STATUS_STEPS = 32 };

/* A step that waits, runs, or has ended: a condition of the status. */
enum machine_status_state {
    MACHINE_STATUS_PENDING,
    MACHINE_STATUS_RUNNING,
    MACHINE_STATUS_DONE,
    MACHINE_STATUS_FAILED,
};
struct machine_status_step {
    const char *name; /* of the table of steps */
    enum machine_status_state state;
    char *note;       /* "40 %", "0.3 s", what went wrong; NULL: nothing */
    int64_t since_ms; /* of the last change, wall clock */
    int64_t begun_ms; /* monotonic; what a person took to answer is not counted */
};
struct machine_status {
    const char *phase;
    const char *step;                     /* that runs or failed, "" */
    char *message, *node_name, *host_key; /* NULL: nothing to say */
    struct {
        char id[17]; /* "": none stands */
        char *kind, *message;
    } prompt;
    bool is_installed; /* something of ours is on the machine */
    int64_t observed;  /* generation that the steps are through for; 0: not yet */
    struct machine_status_step steps[MACHINE_STATUS_STEPS];
    size_t step_len;
    int64_t begun_ms, asked_ms; /* monotonic: of the first step; of the question that stands */
};

void machine_status_init(struct machine_status *status);
void machine_status_done(struct machine_status *status);
void machine_status_add(struct machine_status *status, const char *step);
void machine_status_begin(struct machine_status *status, const char *step);
/* problem NULL: well. */
void machine_status_end(struct machine_status *status, const char *step, const char *problem);
/* What the step that runs has done of its work. */
void machine_status_share(struct machine_status *status, const char *text);
void machine_status_ask(struct machine_status *status, const struct session_question *question);
void machine_status_set(char **text, const char *to); /* NULL allowed */
/* A merge patch of the Machine. */
struct str machine_status_patch(const struct machine_status *status, struct arena *arena);

#endif
