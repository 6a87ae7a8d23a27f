/* Statuses of a pod's containers: what the runtime shows, what the plan waits for, and what the API
 * knew when the runtime has forgotten. Called by pod_status_write; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_plan_priv.h"
#include "agent/pod_resize.h"
#include "agent/pod_restart.h"
#include "agent/pod_status_priv.h"
#include "api/pod_resources.h"
#include "base/arena.h"
#include "base/clock.h"

enum { MESSAGES_MAX = 12 * 1024 /* bytes of termination messages of one pod */ };

static int64_t
time_of(struct val v)
{
    int64_t us;

    return clock_parse(val_str(v), &us) == 0 ? us / 1000 : -1;
}

static struct pod_status_state
state_of_old(struct val state)
{
    struct val ended = val_get(state, "terminated"), runs = val_get(state, "running");

    if (val_is(ended)) {
        return (struct pod_status_state){
            .kind = STATE_TERMINATED,
            .reason = val_str(val_get(ended, "reason")),
            .message = val_str(val_get(ended, "message")),
            .id = val_str(val_get(ended, "containerID")),
            .started_ms = time_of(val_get(ended, "startedAt")),
            .finished_ms = time_of(val_get(ended, "finishedAt")),
            .exit_code = (int32_t)val_int(val_get(ended, "exitCode"), 0),
        };
    }
    if (val_is(runs)) {
        return (struct pod_status_state){ .kind = STATE_RUNNING,
                                          .started_ms = time_of(val_get(runs, "startedAt")) };
    }
    return (struct pod_status_state){ 0 };
}

static struct pod_status_state
lost_state(const char *message)
{
    return (struct pod_status_state){ .kind = STATE_TERMINATED,
                                      .reason = STR("ContainerStatusUnknown"),
                                      .message = str_of(message),
                                      .started_ms = -1,
                                      .finished_ms = -1,
                                      .exit_code = 137 };
}

static struct pod_status_state
state_of_seen(const struct pod_status_all *all, const struct runtime_container *seen)
{
    struct str id = arena_printf(all->arena, STR_FMT "://" STR_FMT, STR_ARG(all->in->runtime_name),
                                 STR_ARG(seen->id));

    switch (seen->state) {
    case RUNTIME_RUNNING:
        return (struct pod_status_state){ .kind = STATE_RUNNING, .started_ms = seen->started_ms };
    case RUNTIME_EXITED:
        return (struct pod_status_state){ .kind = STATE_TERMINATED,
                                          .reason = seen->reason,
                                          .message = seen->message,
                                          .id = id,
                                          .started_ms = seen->started_ms,
                                          .finished_ms = seen->finished_ms,
                                          .exit_code = seen->exit_code };
    case RUNTIME_CREATED:
    case RUNTIME_UNKNOWN:
        break;
    }
    return (struct pod_status_state){ .kind = STATE_WAITING };
}

/* A container whose postStart hook still runs is not shown as running; one whose start was given up is
 * not shown at all. */
static bool
is_hidden(const struct pod_status_all *all, struct str name, const struct runtime_container *newest)
{
    if (newest != NULL && runtime_was_cancelled(newest)) {
        return true;
    }
    for (size_t i = 0; newest != NULL && i < all->in->of->flight_len; i++) {
        const struct pod_act *act = &all->in->of->flights[i].act;

        if (act->kind == POD_ACT_START && str_eq(act->container, name)) {
            return newest->state == RUNTIME_RUNNING || newest->state == RUNTIME_CREATED;
        }
    }
    return false;
}

/* The runtime knows nothing (any more) of this container. */
static void
fill_unseen(const struct pod_status_all *all, struct pod_status_container *c)
{
    struct val old_state = val_get(c->old, "state");

    c->last = state_of_old(val_get(c->old, "lastState"));
    c->restarts = val_int(val_get(c->old, "restartCount"), 0);
    if (val_is(val_get(old_state, "terminated"))) {
        c->state = state_of_old(old_state);
        return;
    }
    c->state =
        (struct pod_status_state){ .kind = STATE_WAITING,
                                   .reason = val_len(val_get(all->spec, "initContainers")) > 0
                                                 ? STR("PodInitializing")
                                                 : STR("ContainerCreating") };
    if (val_is(val_get(old_state, "running")) && c->last.kind != STATE_TERMINATED) {
        c->last = lost_state("The container could not be located when the pod was deleted.  "
                             "The container used to be Running");
        c->restarts += all->is_deleting ? 0 : 1;
    }
}

static void
fill_seen(const struct pod_status_all *all, struct pod_status_container *c,
          const struct runtime_container *older)
{
    c->restarts = c->seen->attempt;
    if (c->seen->state == RUNTIME_UNKNOWN && val_is(val_get(val_get(c->old, "state"), "running"))) {
        c->state = lost_state("The container could not be located when the pod was terminated");
        c->restarts = val_int(val_get(c->old, "restartCount"), 0) + 1;
    } else {
        c->state = state_of_seen(all, c->seen);
    }
    if (older != NULL && older->state == RUNTIME_EXITED) {
        c->last = state_of_seen(all, older);
    }
}

/* Would the next plan start it (ShouldContainerBeRestarted)? Only then its wait is shown. */
static bool
is_to_start(const struct pod_status_all *all, const struct pod_status_container *c)
{
    if (all->is_deleting) {
        return false;
    }
    if (c->seen == NULL || c->seen->state == RUNTIME_CREATED || c->seen->state == RUNTIME_UNKNOWN) {
        return true;
    }
    if (c->seen->state == RUNTIME_RUNNING) {
        return false;
    }
    if (c->list == POD_LIST_EPHEMERAL ||
        (c->list == POD_LIST_INIT && !c->is_sidecar && c->seen->exit_code == 0)) {
        return false;
    }
    return c->is_sidecar || pod_restart_wants(all->spec, c->spec, c->seen->exit_code);
}

static void
apply_wait(const struct pod_status_all *all, struct pod_status_container *c)
{
    for (size_t i = 0; i < all->in->plan->wait_len && is_to_start(all, c); i++) {
        const struct pod_wait *wait = &all->in->plan->waits[i];

        if (!str_eq(wait->container, c->name)) {
            continue;
        }
        if (c->state.kind == STATE_TERMINATED) {
            c->last = c->state;
        }
        c->state = (struct pod_status_state){ .kind = STATE_WAITING,
                                              .reason = str_of(wait->reason),
                                              .message = wait->message };
    }
}

static void
apply_probes(const struct pod_status_all *all, struct pod_status_container *c)
{
    const struct pod_fact *fact = pod_facts_of(all->in->of->facts, c->name);
    bool is_running = c->state.kind == STATE_RUNNING && c->seen != NULL;
    struct str id = c->seen != NULL ? c->seen->id : (struct str){ 0 };

    if (c->list == POD_LIST_EPHEMERAL) {
        return; /* never probed, and nobody waits for it */
    }
    c->started =
        is_running &&
        (!val_is(val_get(c->spec, "startupProbe")) ||
         (fact != NULL && pod_facts_verdict(fact, id, fact->startup) == POD_VERDICT_SUCCESS));
    if (c->list == POD_LIST_INIT && !c->is_sidecar) {
        c->ready = c->state.kind == STATE_TERMINATED && c->state.exit_code == 0;
        return;
    }
    c->ready =
        c->started &&
        (!val_is(val_get(c->spec, "readinessProbe")) ||
         (fact != NULL && pod_facts_verdict(fact, id, fact->readiness) == POD_VERDICT_SUCCESS));
}

static void
fill(struct pod_status_all *all, struct pod_status_container *c)
{
    const struct runtime_pod *seen = all->in->of->seen;
    const struct runtime_container *newest = runtime_container(seen, c->name, (struct str){ 0 }, 0);
    size_t first = is_hidden(all, c->name, newest) ? 1 : 0;

    c->old = pod_list_item(val_get(all->old, pod_list_status(c->list)), c->name);
    c->seen = runtime_container(seen, c->name, (struct str){ 0 }, first);
    if (c->seen == NULL) {
        fill_unseen(all, c);
    } else {
        fill_seen(all, c, runtime_container(seen, c->name, (struct str){ 0 }, first + 1));
    }
    apply_wait(all, c);
    apply_probes(all, c);
}

/* At the very end a container without a known end counts as failed (status manager's
 * TerminatePod). Init containers that never ran stay as they are. */
static void
finish(struct pod_status_all *all)
{
    bool was_initialised = false;

    for (size_t i = 0; i < all->len; i++) {
        const struct pod_status_container *c = &all->containers[i];
        was_initialised = was_initialised ||
                          (c->list == POD_LIST_MAIN &&
                           (c->state.kind == STATE_TERMINATED || c->last.kind == STATE_TERMINATED));
    }
    for (size_t i = 0; i < all->len; i++) {
        struct pod_status_container *c = &all->containers[i];

        if (c->state.kind != STATE_TERMINATED && was_initialised && c->list == POD_LIST_MAIN) {
            c->state = lost_state("The container could not be located when the pod was terminated");
        }
    }
}

void
pod_status_containers(struct pod_status_all *all)
{
    size_t len = 0;

    for (int list = 0; list < POD_LIST_LEN; list++) {
        len += val_len(val_get(all->spec, pod_list_member((enum pod_list)list)));
    }
    all->containers = arena_array(all->arena, len, sizeof(*all->containers));
    for (int list = 0; list < POD_LIST_LEN; list++) {
        VAL_EACH (it, val_get(all->spec, pod_list_member((enum pod_list)list))) {
            struct pod_status_container *c = &all->containers[all->len++];

            c->spec = it.value;
            c->name = val_str(val_get(it.value, "name"));
            c->list = (enum pod_list)list;
            c->is_sidecar = c->list == POD_LIST_INIT && pod_resources_is_sidecar(it.value);
            fill(all, c);
        }
    }
    if (all->is_final) {
        finish(all);
    }
}

const struct pod_status_container *
pod_status_find(const struct pod_status_all *all, struct str name)
{
    for (size_t i = 0; i < all->len; i++) {
        if (str_eq(all->containers[i].name, name)) {
            return &all->containers[i];
        }
    }
    return NULL;
}

/* ---- writing ---- */

static void
write_time(struct jw *out, const char *key, int64_t ms)
{
    char text[CLOCK_TEXT_SIZE];

    jw_keyz(out, key);
    if (ms >= 0) { /* the runtime's "never" is 1970, as kubelet shows it */
        jw_str(out, clock_text(ms, text));
    } else {
        jw_null(out);
    }
}

/* Termination messages share 12 KiB among the pod's containers. */
static struct str
cut_message(const struct pod_status_all *all, struct str message)
{
    size_t max = MESSAGES_MAX / (all->len > 0 ? all->len : 1);

    while (max > 0 && message.size > max && ((unsigned char)message.at[max] & 0xc0) == 0x80) {
        max--; /* not inside a character */
    }
    return message.size > max ? str_slice(message.at, max) : message;
}

static void
write_state(const struct pod_status_all *all, const struct pod_status_state *state, struct jw *out)
{
    jw_obj(out);
    switch (state->kind) {
    case STATE_NONE:
        break;
    case STATE_WAITING:
        jw_keyz(out, "waiting");
        jw_obj(out);
        jw_kv(out, "reason", state->reason);
        jw_kv(out, "message", state->message);
        jw_end(out);
        break;
    case STATE_RUNNING:
        jw_keyz(out, "running");
        jw_obj(out);
        write_time(out, "startedAt", state->started_ms);
        jw_end(out);
        break;
    case STATE_TERMINATED:
        jw_keyz(out, "terminated");
        jw_obj(out);
        jw_kint(out, "exitCode", state->exit_code);
        jw_kv(out, "reason", state->reason);
        jw_kv(out, "message", cut_message(all, state->message));
        write_time(out, "startedAt", state->started_ms);
        write_time(out, "finishedAt", state->finished_ms);
        jw_kv(out, "containerID", state->id);
        jw_end(out);
        break;
    }
    jw_end(out);
}

/* What stands in the status of the mounts; without recursive read-only support that is Disabled. */
static void
write_mounts(struct val mounts, struct jw *out)
{
    if (val_len(mounts) == 0) {
        return;
    }
    jw_keyz(out, "volumeMounts");
    jw_arr(out);
    VAL_EACH (it, mounts) {
        bool is_read_only = val_bool(val_get(it.value, "readOnly"), false);

        jw_obj(out);
        jw_kv(out, "name", val_str(val_get(it.value, "name")));
        jw_kv(out, "mountPath", val_str(val_get(it.value, "mountPath")));
        if (is_read_only) {
            jw_kbool(out, "readOnly", true);
            jw_kvz(out, "recursiveReadOnly", "Disabled");
        }
        jw_end(out);
    }
    jw_end(out);
}

static void
write_user(const struct runtime_user *user, struct jw *out)
{
    jw_keyz(out, "user");
    jw_obj(out);
    jw_keyz(out, "linux");
    jw_obj(out);
    jw_kint(out, "uid", user->uid);
    jw_kint(out, "gid", user->gid);
    if (user->group_len > 0) {
        jw_keyz(out, "supplementalGroups");
        jw_arr(out);
        for (size_t i = 0; i < user->group_len; i++) {
            jw_int(out, user->groups[i]);
        }
        jw_end(out);
    }
    jw_end(out);
    jw_end(out);
}

static void
write_resources(const struct pod_status_all *all, const struct pod_status_container *c,
                struct jw *out)
{
    struct val requests = val_at(c->spec, "resources.requests");
    struct pod_resize_in in = { .pod = all->pod,
                                .container = c->spec,
                                .seen = c->seen,
                                .fact = pod_facts_of(all->in->of->facts, c->name),
                                .arena = all->arena };

    if (val_len(requests) > 0) {
        jw_keyz(out, "allocatedResources");
        jw_val(out, requests);
    }
    jw_keyz(out, "resources");
    pod_resize_write(&in, out);
}

void
pod_status_container_write(const struct pod_status_all *all, const struct pod_status_container *c,
                           struct jw *out)
{
    const struct runtime_container *seen = c->seen;

    jw_obj(out);
    jw_kv(out, "name", c->name);
    jw_keyz(out, "state");
    write_state(all, &c->state, out);
    jw_keyz(out, "lastState");
    write_state(all, &c->last, out);
    jw_kbool(out, "ready", c->ready);
    jw_kint(out, "restartCount", c->restarts);
    jw_keyz(out, "image");
    jw_str(out, seen != NULL ? seen->image : val_str(val_get(c->spec, "image")));
    jw_keyz(out, "imageID");
    jw_str(out, seen != NULL ? seen->image_ref : val_str(val_get(c->old, "imageID")));
    if (seen != NULL) {
        jw_keyz(out, "containerID");
        jw_printf(out, STR_FMT "://" STR_FMT, STR_ARG(all->in->runtime_name), STR_ARG(seen->id));
    } else {
        jw_kv(out, "containerID", c->state.id);
    }
    if (c->list != POD_LIST_EPHEMERAL) {
        jw_kbool(out, "started", c->started);
    }
    if (seen != NULL) {
        write_resources(all, c, out);
    }
    write_mounts(val_get(c->spec, "volumeMounts"), out);
    if (seen != NULL && seen->user.is_known) {
        write_user(&seen->user, out);
    }
    jw_end(out);
}
