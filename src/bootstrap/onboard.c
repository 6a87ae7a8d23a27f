/* Walking the table of steps, there and back, and running their scripts.  Called by ctl_machine.c
 * through a session; worker thread. */
#include "config.h" /* IWYU pragma: keep */

#include "bootstrap/onboard.h"

#include "api/registry.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "bootstrap/session.h"
#include "bootstrap/transport.h"
#include "client/client.h"

enum { SAID_MAX = 512 };

const struct step onboard_steps[] = {
#define STEP(name, is_done, act, undo, undo_name, advice)                                          \
    { name, false, is_done, act, undo, undo_name, advice },
#define WAY_IN(name, op, advice) { name, true, NULL, step_##op, NULL, NULL, advice },
#include "bootstrap/onboard.def"
#undef STEP
#undef WAY_IN
};
const size_t onboard_steps_len = ARRAY_LEN(onboard_steps);

/* "push: no space left; is there room?" */
static void
explain(const struct step_run *run, const char *step, const char *advice, struct err **err)
{
    struct err *why = STEAL(*err);
    bool is_cancelled = session_is_cancelled(run->session);
    (void)err_set(err, is_cancelled ? ERR_CANCELLED : ERR_UNAVAILABLE, "%s: %s; %s", step,
                  why->message,
                  is_cancelled              ? "it was given up"
                  : run->transport->is_lost ? "is the machine still on, and the network between?"
                                            : advice);
    err_free(why);
}

static int
take_step(struct step_run *run, const struct step *step, struct err **err)
{
    session_progress(run->session, step->name, false, NULL);
    bool is_done = step->is_done != NULL && step->is_done(run, err);
    if (*err == NULL && (is_done || step->act(run, err) == 0)) {
        session_progress(run->session, step->name, true, NULL);
        return 0;
    }
    session_progress(run->session, step->name, true, (*err)->message);
    explain(run, step->name, step->advice, err);
    return -1;
}

/* Everything from step i back; the first that fails leaves the rest. */
static int
take_back(struct step_run *run, size_t i, struct err **err)
{
    for (; i < onboard_steps_len; i--) { /* below 0 wraps to something large */
        const struct step *step = &onboard_steps[i];
        if (step->undo == NULL) {
            continue;
        }
        session_progress(run->session, step->undo_name, false, NULL);
        int rc = step->undo(run, err);
        session_progress(run->session, step->undo_name, true, rc < 0 ? (*err)->message : NULL);
        if (rc < 0) {
            explain(run, step->undo_name, "what is left there is taken away by the next try", err);
            return -1;
        }
    }
    return 0;
}

static void
append(const char *text, struct err **err)
{
    struct err *why = STEAL(*err);
    (void)err_set(err, why->code, "%s; %s", why->message, text);
    err_free(why);
}

/* Nothing half-installed stays. */
static void
clean_up(struct step_run *run, size_t failed, struct err **err)
{
    AUTO_ERR struct err *why = NULL;
    if (onboard_steps[failed].undo == NULL || session_is_cancelled(run->session)) {
        return;
    }
    if (run->transport->is_lost) {
        append("what was put there stays; the next try goes on from it, and removing takes it away",
               err);
    } else if (run->keeps != NULL) {
        append(run->keeps, err);
    } else if (take_back(run, failed, &why) == 0) {
        session_note(run->session, SESSION_NOTE_CLEAN, "");
    } else if (!session_is_cancelled(run->session)) {
        AUTO_FREE char *text =
            mem_printf("it could not be taken back, and is next time (%s)", why->message);
        append(text, err);
    }
}

static bool
is_taken(const struct step_run *run, const struct step *step)
{
    return run->transport->is_remote || !step->is_way_in;
}

int
onboard_walk(struct step_run *run, struct err **err)
{
    for (size_t i = 0; i < onboard_steps_len; i++) {
        const struct step *step = &onboard_steps[i];
        if (is_taken(run, step) && take_step(run, step, err) < 0) {
            clean_up(run, i, err);
            return -1;
        }
    }
    return 0;
}

/* The scripts go by the facts; preflight asks for more than they need. */
bool
onboard_is_needed(const struct step *step)
{
    return step->is_way_in || step->act == step_facts;
}

int
onboard_unwalk(struct step_run *run, struct err **err)
{
    for (size_t i = 0; i < onboard_steps_len; i++) {
        const struct step *step = &onboard_steps[i];
        if (onboard_is_needed(step) && is_taken(run, step) && take_step(run, step, err) < 0) {
            return -1;
        }
    }
    return take_back(run, onboard_steps_len - 1, err);
}

/* ---- scripts ---- */

/* What another machine says: no control character of it goes further, and only ASCII: no script of
 * ours writes anything else. */
static struct str
plain(struct arena *arena, struct str text)
{
    char *at = arena_dupz(arena, text);
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.at[i];
        at[i] = c == '\n' || (c >= ' ' && c < 0x7f) ? text.at[i] : c == '\t' ? ' ' : '?';
    }
    return str_slice(at, text.size);
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
        struct str said =
            plain(run->arena, last_line(result.err.size > 0 ? result.err : result.out));
        said.size = said.size < SAID_MAX ? said.size : SAID_MAX;
        return err_set(err, ERR_UNAVAILABLE, STR_FMT " (status %d)",
                       STR_ARG(said.size > 0 ? said : STR("the script failed")), result.status);
    }
    *ret_out = str_trim(plain(run->arena, result.out));
    return 0;
}

/* ---- the API ---- */

const struct resource *
onboard_resource(const struct step_run *run, const char *group, const char *plural)
{
    return registry_any_version(run->registry, str_of(group), str_of(plural));
}

int
onboard_read(struct step_run *run, const struct call *call, struct val *ret, struct err **err)
{
    struct str bytes;
    if (session_call(run->session, call, run->arena, &bytes, err) < 0) {
        return -1;
    }
    struct doc *doc = doc_parse(run->arena, bytes, err);
    *ret = doc == NULL ? (struct val){ 0 } : doc_root(doc);
    return doc == NULL ? -1 : 0;
}

bool
onboard_is_ready(struct val node)
{
    VAL_EACH (it, val_at(node, "status.conditions")) {
        if (val_is_str(val_get(it.value, "type"), "Ready")) {
            return val_is_str(val_get(it.value, "status"), "True");
        }
    }
    return false;
}
