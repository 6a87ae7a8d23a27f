/* The status of a Machine as state and as a patch.  Called by ctl_machine.c; loop thread, no I/O. */
#include "config.h" /* IWYU pragma: keep */

#include "bootstrap/machine_status.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/mem.h"
#include "bootstrap/session.h"

/* How a state stands in its condition. */
static const struct {
    const char *status, *reason;
} words[] = {
    [MACHINE_STATUS_PENDING] = { "Unknown", "Pending" },
    [MACHINE_STATUS_RUNNING] = { "Unknown", "Running" },
    [MACHINE_STATUS_DONE] = { "True", "Done" },
    [MACHINE_STATUS_FAILED] = { "False", "Failed" },
};

void
machine_status_set(char **text, const char *to)
{
    mem_free(*text);
    *text = to == NULL ? NULL : mem_strdup(to);
}

void
machine_status_init(struct machine_status *status)
{
    *status =
        (struct machine_status){ .phase = "Pending", .step = "", .begun_ms = clock_mono_ms() };
}

void
machine_status_done(struct machine_status *status)
{
    for (size_t i = 0; i < status->step_len; i++) {
        mem_free(status->steps[i].note);
    }
    mem_free(status->message);
    mem_free(status->node_name);
    mem_free(status->host_key);
    mem_free(status->prompt.kind);
    mem_free(status->prompt.message);
    *status = (struct machine_status){ 0 };
}

void
machine_status_add(struct machine_status *status, const char *step)
{
    if (status->step_len < MACHINE_STATUS_STEPS) {
        status->steps[status->step_len++] =
            (struct machine_status_step){ .name = step, .since_ms = clock_wall_ms() };
    }
}

static struct machine_status_step *
find_step(struct machine_status *status, const char *name)
{
    for (size_t i = 0; i < status->step_len; i++) {
        if (strcmp(status->steps[i].name, name) == 0) {
            return &status->steps[i];
        }
    }
    return NULL;
}

static void
enter_state(struct machine_status_step *step, enum machine_status_state state, char *owned_note)
{
    step->state = state;
    step->since_ms = clock_wall_ms();
    mem_free(step->note);
    step->note = owned_note;
}

void
machine_status_begin(struct machine_status *status, const char *name)
{
    struct machine_status_step *step = find_step(status, name);
    if (step != NULL) {
        enter_state(step, MACHINE_STATUS_RUNNING, NULL);
        step->begun_ms = clock_mono_ms();
        status->step = step->name;
    }
    machine_status_set(&status->message, NULL);
}

void
machine_status_end(struct machine_status *status, const char *name, const char *problem)
{
    struct machine_status_step *step = find_step(status, name);
    if (step != NULL && problem != NULL) {
        enter_state(step, MACHINE_STATUS_FAILED, mem_strdup(problem));
    } else if (step != NULL) {
        double seconds = (double)(clock_mono_ms() - step->begun_ms) / 1000;
        enter_state(step, MACHINE_STATUS_DONE, mem_printf("%.1f s", seconds));
    }
}

void
machine_status_share(struct machine_status *status, const char *text)
{
    struct machine_status_step *step = find_step(status, status->step);
    if (step != NULL) {
        machine_status_set(&step->note, text);
    }
    machine_status_set(&status->message, text);
}

void
machine_status_ask(struct machine_status *status, const struct session_question *question)
{
    struct machine_status_step *step = find_step(status, status->step);
    int64_t now_ms = clock_mono_ms();
    if (status->prompt.id[0] != '\0') {
        status->begun_ms += now_ms - status->asked_ms;
        if (step != NULL) {
            step->begun_ms += now_ms - status->asked_ms;
        }
    }
    status->asked_ms = now_ms;
    (void)memcpy(status->prompt.id, question == NULL ? "" : question->id,
                 question == NULL ? 1 : sizeof(status->prompt.id));
    machine_status_set(&status->prompt.kind, question == NULL ? NULL : question->kind);
    machine_status_set(&status->prompt.message, question == NULL ? NULL : question->message);
}

/* ---- the patch ---- */

/* A merge patch takes away by null. */
static void
put_text(struct jw *w, const char *key, const char *text)
{
    jw_keyz(w, key);
    if (text == NULL) {
        jw_null(w);
    } else {
        jw_strz(w, text);
    }
}

static void
put_prompt(struct jw *w, const struct machine_status *status)
{
    jw_keyz(w, "prompt");
    if (status->prompt.id[0] == '\0') {
        jw_null(w);
        return;
    }
    jw_obj(w);
    jw_kvz(w, "id", status->prompt.id);
    jw_kvz(w, "step", status->step);
    jw_kvz(w, "kind", status->prompt.kind);
    jw_kvz(w, "message", status->prompt.message);
    jw_end(w);
}

static void
put_conditions(struct jw *w, const struct machine_status *status)
{
    char time[CLOCK_TEXT_SIZE];
    jw_keyz(w, "conditions");
    jw_arr(w);
    for (size_t i = 0; i < status->step_len; i++) {
        const struct machine_status_step *step = &status->steps[i];
        jw_obj(w);
        jw_kvz(w, "type", step->name);
        jw_kvz(w, "status", words[step->state].status);
        jw_kv(w, "lastTransitionTime", clock_text(step->since_ms, time));
        jw_kvz(w, "reason", words[step->state].reason);
        put_text(w, "message", step->note == NULL ? "" : step->note);
        jw_end(w);
    }
    jw_end(w);
}

struct str
machine_status_patch(const struct machine_status *status, struct arena *arena)
{
    struct jw w;
    jw_init(&w, arena);
    jw_obj(&w);
    jw_keyz(&w, "status");
    jw_obj(&w);
    jw_kvz(&w, "phase", status->phase);
    put_text(&w, "step", status->step);
    put_text(&w, "message", status->message);
    put_prompt(&w, status);
    put_conditions(&w, status);
    jw_kbool(&w, "installed", status->is_installed);
    if (status->node_name != NULL) {
        jw_kvz(&w, "nodeName", status->node_name);
    }
    if (status->host_key != NULL) {
        jw_kvz(&w, "hostKey", status->host_key);
    }
    if (status->observed != 0) {
        jw_kint(&w, "observedGeneration", status->observed);
    }
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}
