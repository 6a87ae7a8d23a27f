/* Taking back that pods run on a machine: no new ones, and those that are there are evicted, budgets
 * respected.  Called by onboard.c on a worker. */
#include "config.h" /* IWYU pragma: keep */

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bootstrap/onboard.h"
#include "bootstrap/session.h"
#include "client/client.h"

enum { DRAIN_MS = 120000, POLL_MS = 1000 };

/* Of what `kubectl drain` leaves alone: pods of a DaemonSet would come back, mirrors are files. */
static bool
is_left_alone(struct val pod)
{
    if (val_is(val_get(val_at(pod, "metadata.annotations"), "kubernetes.io/config.mirror"))) {
        return true;
    }
    VAL_EACH (it, val_at(pod, "metadata.ownerReferences")) {
        if (val_bool(val_get(it.value, "controller"), false)) {
            return val_is_str(val_get(it.value, "kind"), "DaemonSet");
        }
    }
    return false;
}

static bool
has_ended(struct val pod)
{
    struct str phase = val_str(val_at(pod, "status.phase"));
    return str_is(phase, "Succeeded") || str_is(phase, "Failed");
}

/* A budget that refuses is asked again later, by its message. */
static int
evict(struct step_run *run, struct val pod, struct str *ret_refusal, struct err **err)
{
    AUTO_ERR struct err *refused = NULL;
    struct str bytes, ns = val_str(val_at(pod, "metadata.namespace")),
                      name = val_str(val_at(pod, "metadata.name"));
    struct call call = call_of(VERB_CREATE, onboard_resource(run, "", "pods"), ns, name);
    call.subresource = "eviction";
    call.accept = ACCEPT_RAW;
    call.body = arena_printf(run->arena,
                             "{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{"
                             "\"name\":\"" STR_FMT "\",\"namespace\":\"" STR_FMT "\"}}",
                             STR_ARG(name), STR_ARG(ns));
    if (session_call(run->session, &call, run->arena, &bytes, &refused) == 0 ||
        refused->code == ERR_NOT_FOUND) {
        return 0;
    }
    if (refused->code != ERR_TOO_MANY) {
        err_move(err, &refused);
        return -1;
    }
    *ret_refusal = arena_printf(run->arena, STR_FMT "/" STR_FMT ": %s", STR_ARG(ns), STR_ARG(name),
                                refused->message);
    return 0;
}

/* → pods that are still there, -1 with *err. */
static int
evict_all(struct step_run *run, struct str *ret_refusal, struct err **err)
{
    struct val pods;
    int left = 0;
    struct call call =
        call_of(VERB_LIST, onboard_resource(run, "", "pods"), (struct str){ 0 }, (struct str){ 0 });
    call.accept = ACCEPT_RAW;
    call.field_selector =
        arena_printf(run->arena, "spec.nodeName=" STR_FMT, STR_ARG(run->node_name));
    if (onboard_read(run, &call, &pods, err) < 0) {
        return -1;
    }
    VAL_EACH (it, val_get(pods, "items")) {
        if (is_left_alone(it.value) || has_ended(it.value)) {
            continue;
        }
        left++;
        if (!val_is(val_at(it.value, "metadata.deletionTimestamp")) &&
            evict(run, it.value, ret_refusal, err) < 0) {
            return -1;
        }
    }
    return left;
}

/* Is there a Node with somebody to end its pods? */
static bool
is_to_drain(struct step_run *run, struct err **err)
{
    AUTO_ERR struct err *absent = NULL;
    struct val node;
    struct call call =
        call_of(VERB_GET, onboard_resource(run, "", "nodes"), (struct str){ 0 }, run->node_name);
    if (onboard_read(run, &call, &node, &absent) == 0) {
        return onboard_is_ready(node);
    }
    if (absent->code != ERR_NOT_FOUND) {
        err_move(err, &absent);
    }
    return false;
}

static int
cordon(struct step_run *run, struct err **err)
{
    struct str bytes;
    struct call call =
        call_of(VERB_PATCH, onboard_resource(run, "", "nodes"), (struct str){ 0 }, run->node_name);
    call.body = STR("{\"spec\":{\"unschedulable\":true}}");
    call.body_type = BODY_MERGE_PATCH;
    return session_call(run->session, &call, run->arena, &bytes, err);
}

int
step_verify_undo(struct step_run *run, struct err **err)
{
    int64_t until_ms = clock_mono_ms() + DRAIN_MS;
    if (!is_to_drain(run, err)) {
        return *err == NULL ? 0 : -1;
    }
    if (cordon(run, err) < 0) {
        return -1;
    }
    for (;;) {
        AUTO_ARENA struct arena *arena = arena_new(); /* lists are large */
        struct step_run turn = *run;
        struct str refusal = { 0 };
        turn.arena = arena;
        int left = evict_all(&turn, &refusal, err);
        if (left <= 0) {
            return left;
        }
        if (clock_mono_ms() >= until_ms) {
            return err_set(err, ERR_TIMEOUT, "%d pods are still there after %d s%s" STR_FMT, left,
                           DRAIN_MS / 1000, refusal.size > 0 ? ", " : "", STR_ARG(refusal));
        }
        AUTO_FREE char *share = mem_printf("%d pods to go", left);
        session_note(run->session, SESSION_NOTE_SHARE, share);
        if (!session_wait(run->session, POLL_MS)) {
            return err_set(err, ERR_CANCELLED, "given up");
        }
    }
}
