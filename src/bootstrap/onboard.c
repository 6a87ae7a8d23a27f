/* Walking the table of steps, and running their scripts.  Worker thread. */
#include "config.h" /* IWYU pragma: keep */

#include "bootstrap/onboard.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "bootstrap/session.h"
#include "bootstrap/transport.h"

const struct step onboard_steps[] = {
#define STEP(name, is_done, act, undo, timeout_s, advice)                                          \
    { name, false, is_done, act, undo, timeout_s, advice },
#define WAY_IN(name, op, advice) { name, true, NULL, step_##op, NULL, 0, advice },
#include "bootstrap/onboard.def"
#undef STEP
#undef WAY_IN
};
const size_t onboard_steps_len = ARRAY_LEN(onboard_steps);

static const char *
advice_of(const struct step_run *run, const struct step *step)
{
    return session_is_cancelled(run->session) ? "it was given up" : step->advice;
}

static int
take_step(struct step_run *run, const struct step *step, bool undoes, struct err **err)
{
    session_progress(run->session, step->name, false, NULL);
    bool is_done = step->is_done != NULL && step->is_done(run, err);
    if (*err == NULL && (is_done || step->act(run, err) == 0)) {
        session_progress(run->session, step->name, true, NULL);
        return 0;
    }
    if (undoes && step->undo != NULL) {
        step->undo(run);
    }
    struct err *why = STEAL(*err);
    (void)err_set(err, why->code == ERR_CANCELLED ? ERR_CANCELLED : ERR_UNAVAILABLE, "%s: %s; %s",
                  step->name, why->message, advice_of(run, step));
    err_free(why);
    session_progress(run->session, step->name, true, (*err)->message);
    return -1;
}

int
onboard_walk(struct step_run *run, bool undoes, struct err **err)
{
    for (size_t i = 0; i < onboard_steps_len; i++) {
        if ((run->transport->is_remote || !onboard_steps[i].is_way_in) &&
            take_step(run, &onboard_steps[i], undoes, err) < 0) {
            return -1;
        }
    }
    return 0;
}

/* The last line that says something: what people need first. */
static struct str
last_line(struct str text)
{
    struct str last = { 0 };
    for (struct str rest = text; rest.size > 0;) {
        struct str line = str_trim(str_cut(rest, '\n', &rest));
        last = line.size > 0 ? line : last;
    }
    return last;
}

int
onboard_script(struct step_run *run, const char *script, struct str input, int timeout_s,
               struct str *ret_out, struct err **err)
{
    struct transport_result result;
    if (run->transport->ops->run(run->transport, str_of(script), input, timeout_s * 1000,
                                 run->arena, &result, err) < 0) {
        return -1;
    }
    if (result.status != 0) {
        struct str said = last_line(result.err.size > 0 ? result.err : result.out);
        return err_set(err, ERR_UNAVAILABLE, STR_FMT " (status %d)",
                       STR_ARG(said.size > 0 ? said : STR("the script failed")), result.status);
    }
    *ret_out = str_trim(result.out);
    return 0;
}
