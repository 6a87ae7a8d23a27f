/* Status words, as the API server's printers and the kubelet write them.  Called by tables for each
 * changed row; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/state.h"

static const struct {
    const char *word;
    enum state state;
} words[] = {
    { "Running", STATE_OK },
    { "Ready", STATE_OK },
    { "Active", STATE_OK },
    { "Bound", STATE_OK },
    { "Available", STATE_OK },
    { "Approved", STATE_OK },
    { "Approved,Issued", STATE_OK },
    { "Established", STATE_OK },
    { "Healthy", STATE_OK },
    { "Deployed", STATE_OK },
    { "True", STATE_OK },
    { "Fits", STATE_OK },
    { "No", STATE_ERROR },
    { "Normal", STATE_NONE },
    { "Completed", STATE_DONE },
    { "Complete", STATE_DONE },
    { "Succeeded", STATE_DONE },
    { "SuccessCriteriaMet", STATE_DONE },
    { "Released", STATE_DONE },
    { "Suspended", STATE_DONE },
    { "Pending", STATE_PENDING },
    { "ContainerCreating", STATE_PENDING },
    { "PodInitializing", STATE_PENDING },
    { "Terminating", STATE_PENDING },
    { "SchedulingGated", STATE_PENDING },
    { "Waiting", STATE_PENDING },
    { "Progressing", STATE_PENDING },
    { "NotReady", STATE_ERROR },
    { "Unschedulable", STATE_WARN },
    { "Unknown", STATE_WARN },
    { "Warning", STATE_WARN },
    { "Evicted", STATE_WARN },
    { "Denied", STATE_WARN },
    { "Error", STATE_ERROR },
    { "Failed", STATE_ERROR },
    { "False", STATE_ERROR },
    { "Lost", STATE_ERROR },
    { "NodeLost", STATE_ERROR },
    { "OOMKilled", STATE_ERROR },
    { "BackOff", STATE_ERROR },
    { "DeadlineExceeded", STATE_ERROR },
    { "InvalidImageName", STATE_ERROR },
    { "ContainerStatusUnknown", STATE_ERROR },
    { "NodeAffinity", STATE_ERROR },
    { "OutOfcpu", STATE_ERROR },
    { "OutOfmemory", STATE_ERROR },
    { "OutOfpods", STATE_ERROR },
    { "UnexpectedAdmissionError", STATE_ERROR },
    { "PostStartHookError", STATE_ERROR },
};
/* CrashLoopBackOff, ErrImagePull, CreateContainerConfigError, StartError … */
static const char *const error_ends[] = { "BackOff", "Error", "Err", "Pull", "NeverPull" };

/* "2/3": all, some or none of what is wanted. */
static enum state
state_of_fraction(struct str word)
{
    struct str total_text = { 0 };
    struct str ready_text = str_cut(word, '/', &total_text);
    uint64_t ready, total;

    if (!str_to_uint(ready_text, &ready) || !str_to_uint(total_text, &total)) {
        return STATE_NONE;
    }
    return ready >= total ? STATE_OK : STATE_WARN;
}

static enum state
state_of_one(struct str word)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_is(word, words[i].word)) {
            return words[i].state;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(error_ends); i++) {
        if (word.size > strlen(error_ends[i]) && str_has_suffix(word, str_of(error_ends[i]))) {
            return STATE_ERROR;
        }
    }
    if (str_has_prefix(word, STR("ExitCode:")) || str_has_prefix(word, STR("Signal:"))) {
        return STATE_ERROR;
    }
    return STATE_NONE;
}

enum state
state_of(struct str word)
{
    enum state state = state_of_one(word);
    struct str rest = { 0 };

    if (state != STATE_NONE) {
        return state;
    }
    if (str_has_prefix(word, STR("Init:"))) {
        rest = str_slice(word.at + 5, word.size - 5);
        state = state_of_one(rest);
        return state == STATE_NONE ? STATE_PENDING : state; /* "Init:0/2" */
    }
    if (str_contains(word, STR(","))) {
        /* A node's "Ready,SchedulingDisabled". */
        state = state_of_one(str_cut(word, ',', &rest));
        return state == STATE_OK ? STATE_WARN : state;
    }
    return state_of_fraction(word);
}

enum role
state_role(enum state state)
{
    switch (state) {
    case STATE_OK:
        return ROLE_OK;
    case STATE_DONE:
        return ROLE_DONE;
    case STATE_PENDING:
        return ROLE_PENDING;
    case STATE_WARN:
        return ROLE_WARN;
    case STATE_ERROR:
        return ROLE_ERROR;
    case STATE_NONE:
    default:
        return ROLE_TEXT;
    }
}

bool
state_glyph(enum state state, enum grid_glyph *ret)
{
    static const enum grid_glyph glyphs[] = {
        [STATE_OK] = GLYPH_DOT,    [STATE_DONE] = GLYPH_CHECK,  [STATE_PENDING] = GLYPH_RING,
        [STATE_WARN] = GLYPH_BANG, [STATE_ERROR] = GLYPH_CROSS,
    };

    if (state == STATE_NONE) {
        return false;
    }
    *ret = glyphs[state];
    return true;
}

bool
state_is_fault(enum state state)
{
    return state == STATE_PENDING || state == STATE_WARN || state == STATE_ERROR;
}
