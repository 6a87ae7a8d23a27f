/* What the API is told about a pod: phase, reason, addresses, and the joining of all parts. Called
 * by the pod's worker after each plan; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_status.h"

#include "agent/pod_restart.h"
#include "agent/pod_status_priv.h"
#include "api/pod_resources.h"
#include "api/pod_state.h"
#include "base/arena.h"
#include "base/clock.h"

struct counts {
    int pending_inits, pending_sidecars, failed_inits;
    int unknown, running, waiting, stopped, settled, succeeded; /* settled: stays dead */
};

static void
count_init(const struct pod_status_all *all, const struct pod_status_container *c, struct counts *n)
{
    const struct pod_status_state *end =
        c->state.kind == STATE_TERMINATED                                    ? &c->state
        : c->state.kind == STATE_WAITING && c->last.kind == STATE_TERMINATED ? &c->last
                                                                             : NULL;

    if (end == NULL) {
        n->pending_inits++;
    } else if (end->exit_code != 0 && !pod_restart_wants(all->spec, c->spec, end->exit_code)) {
        n->failed_inits++;
    }
}

static void
count_sidecar(const struct pod_status_container *c, struct counts *n)
{
    if (c->state.kind == STATE_RUNNING) {
        n->pending_sidecars += c->started ? 0 : 1;
        n->running++;
    } else if (c->state.kind == STATE_WAITING && c->last.kind != STATE_TERMINATED) {
        n->pending_sidecars++;
        n->waiting++;
    }
}

static void
count_main(const struct pod_status_all *all, const struct pod_status_container *c, struct counts *n)
{
    const struct pod_status_state *end = c->state.kind == STATE_TERMINATED ? &c->state : &c->last;

    if (c->state.kind == STATE_RUNNING) {
        n->running++;
        return;
    }
    if (end->kind != STATE_TERMINATED) {
        n->waiting++;
        return;
    }
    n->stopped++;
    n->settled += pod_restart_wants(all->spec, c->spec, end->exit_code) ? 0 : 1;
    n->succeeded += c->state.kind == STATE_TERMINATED && end->exit_code == 0 ? 1 : 0;
}

static bool
main_is_active(const struct pod_status_all *all)
{
    const struct runtime_pod *seen = all->in->of->seen;
    struct str sandbox = seen->sandbox_len > 0 ? seen->sandboxes[0].id : STR("-");

    VAL_EACH (it, val_get(all->spec, "containers")) {
        const struct runtime_container *c =
            runtime_container(seen, val_str(val_get(it.value, "name")), sandbox, 0);

        if (c != NULL && (c->state == RUNTIME_RUNNING || c->state == RUNTIME_EXITED)) {
            return true;
        }
    }
    return false;
}

/* getPhase. */
static const char *
phase_of(const struct pod_status_all *all)
{
    struct counts n = { 0 };

    for (size_t i = 0; i < all->len; i++) {
        const struct pod_status_container *c = &all->containers[i];

        if (c->is_sidecar) {
            count_sidecar(c, &n);
        } else if (c->list == POD_LIST_INIT) {
            count_init(all, c, &n);
        } else if (c->list == POD_LIST_MAIN) {
            count_main(all, c, &n);
        }
    }
    if (n.failed_inits > 0) {
        return "Failed";
    }
    if (n.pending_inits > 0 || (n.pending_sidecars > 0 && !main_is_active(all)) || n.waiting > 0) {
        return "Pending";
    }
    if (n.running > 0) {
        return "Running";
    }
    if (n.stopped == 0) {
        return "Pending";
    }
    if (!all->is_stopped && n.stopped != n.settled) {
        return "Running"; /* some are about to restart */
    }
    return n.stopped == n.succeeded ? "Succeeded" : "Failed";
}

static bool
is_terminal(struct str phase)
{
    return str_is(phase, "Succeeded") || str_is(phase, "Failed");
}

void
pod_status_phase(struct pod_status_all *all)
{
    struct str old = val_str(val_get(all->old, "phase"));
    const struct pod_facts *facts = all->in->of->facts;
    const struct pod_plan *plan = all->in->plan;

    all->phase = phase_of(all);
    if (is_terminal(old)) {
        all->phase = str_is(old, "Failed") ? "Failed" : "Succeeded"; /* never left again */
    } else if (all->is_final && !is_terminal(str_of(all->phase))) {
        all->phase = "Failed";
    }
    if (str_is(old, all->phase)) {
        all->reason = val_str(val_get(all->old, "reason"));
        all->message = val_str(val_get(all->old, "message"));
    }
    if (!is_terminal(old) && (facts->end_reason.size > 0 || plan->end_reason.size > 0)) {
        bool is_plans = facts->end_reason.size == 0;

        all->phase = "Failed";
        all->reason = is_plans ? plan->end_reason : facts->end_reason;
        all->message = is_plans ? plan->end_message : facts->end_message;
    }
}

static bool
something_runs(const struct runtime_pod *seen)
{
    for (size_t i = 0; i < seen->container_len; i++) {
        if (runtime_is_running(&seen->containers[i])) {
            return true;
        }
    }
    return false;
}

/* The pod's addresses: the sandbox's, the node's, or (after its end) those it had. */
static void
write_ips(const struct pod_status_all *all, struct jw *out)
{
    struct str ips[8];
    size_t len = 0;

    if (val_bool(val_get(all->spec, "hostNetwork"), false)) {
        if (all->in->host_ip.size > 0) {
            ips[len++] = all->in->host_ip;
        }
    } else if (all->sandbox != NULL) {
        while (len < all->sandbox->ip_len && len < ARRAY_LEN(ips)) {
            ips[len] = all->sandbox->ips[len];
            len++;
        }
    } else {
        VAL_EACH (it, val_get(all->old, "podIPs")) {
            if (len < ARRAY_LEN(ips)) {
                ips[len++] = val_str(val_get(it.value, "ip"));
            }
        }
    }
    if (len == 0) {
        return;
    }
    jw_kv(out, "podIP", ips[0]);
    jw_keyz(out, "podIPs");
    jw_arr(out);
    for (size_t i = 0; i < len; i++) {
        jw_obj(out);
        jw_kv(out, "ip", ips[i]);
        jw_end(out);
    }
    jw_end(out);
}

static int
compare_names(const struct pod_status_container *a, const struct pod_status_container *b)
{
    return str_cmp(a->name, b->name);
}

/* Init containers in the spec's order, the others by name, as kubelet sends them. */
static void
write_containers(const struct pod_status_all *all, enum pod_list which, struct jw *out)
{
    const struct pod_status_container **list = arena_array(all->arena, all->len, sizeof(*list));
    size_t len = 0;

    for (size_t i = 0; i < all->len; i++) {
        if (all->containers[i].list != which) {
            continue;
        }
        size_t at = len++;
        while (which != POD_LIST_INIT && at > 0 &&
               compare_names(list[at - 1], &all->containers[i]) > 0) {
            list[at] = list[at - 1];
            at--;
        }
        list[at] = &all->containers[i];
    }
    if (len == 0) {
        return;
    }
    jw_keyz(out, pod_list_status(which));
    jw_arr(out);
    for (size_t i = 0; i < len; i++) {
        pod_status_container_write(all, list[i], out);
    }
    jw_end(out);
}

static void
write_host(const struct pod_status_all *all, struct jw *out)
{
    if (all->in->host_ip.size == 0) {
        return;
    }
    jw_kv(out, "hostIP", all->in->host_ip);
    jw_keyz(out, "hostIPs");
    jw_arr(out);
    jw_obj(out);
    jw_kv(out, "ip", all->in->host_ip);
    jw_end(out);
    jw_end(out);
}

/* Refused before anything of it was there (kubelet's rejectPod): nothing is said of its parts. */
static bool
is_rejected(const struct pod_status_all *all)
{
    return all->in->of->facts->end_reason.size > 0 && all->in->of->seen->sandbox_len == 0 &&
           all->in->of->seen->container_len == 0 && !val_is(val_get(all->old, "containerStatuses"));
}

static void
write_all(const struct pod_status_all *all, struct jw *out)
{
    bool has_parts = !is_rejected(all);

    int64_t generation = val_int(val_at(all->pod, "metadata.generation"), 0);
    struct str start = val_str(val_get(all->old, "startTime"));
    char text[CLOCK_TEXT_SIZE];

    jw_obj(out);
    if (generation > 0) {
        jw_kint(out, "observedGeneration", generation);
    }
    jw_kvz(out, "phase", all->phase);
    if (has_parts) {
        jw_keyz(out, "conditions");
        jw_arr(out);
        pod_status_conditions(all, out);
        jw_end(out);
    }
    jw_kv(out, "message", all->message);
    jw_kv(out, "reason", all->reason);
    if (has_parts) {
        write_host(all, out);
        write_ips(all, out);
    }
    jw_kv(out, "startTime",
          start.size > 0 ? start : clock_text(all->in->of->facts->start_ms, text));
    for (int list = 0; list < POD_LIST_LEN && has_parts; list++) {
        write_containers(all, (enum pod_list)list, out);
    }
    jw_kvz(out, "qosClass", pod_resources_qos(all->pod));
    jw_end(out);
}

void
pod_status_write(const struct pod_status_in *in, struct jw *out)
{
    const struct pod_plan_in *of = in->of;
    struct pod_status_all all = {
        .in = in,
        .arena = of->arena,
        .pod = of->pod,
        .spec = val_get(of->pod, "spec"),
        .old = val_get(of->pod, "status"),
        .is_deleting = val_is(val_at(of->pod, "metadata.deletionTimestamp")),
    };

    all.sandbox =
        runtime_sandbox_usable(of->seen, val_bool(val_get(all.spec, "hostNetwork"), false));
    all.is_stopped = (in->plan->is_ending || in->plan->is_over) && !something_runs(of->seen);
    all.is_final = all.is_stopped && in->plan->is_ending && all.sandbox == NULL;
    pod_status_containers(&all);
    pod_status_phase(&all);
    write_all(&all, out);
}

/* ---- against what is stored ---- */

/* Conditions that come and go. */
static const char *const passing_conditions[] = { "PodResizePending", "PodResizeInProgress" };

static struct val
condition_of(struct val list, struct str type)
{
    VAL_EACH (it, list) {
        if (str_eq(val_str(val_get(it.value, "type")), type)) {
            return it.value;
        }
    }
    return (struct val){ 0 };
}

static bool
has_passed(struct val mine, struct val stored, const char *type)
{
    return val_is(condition_of(stored, str_of(type))) && !val_is(condition_of(mine, str_of(type)));
}

/* Conditions are compared one by one: the list is shared with others. */
static bool
conditions_differ(struct val mine, struct val stored)
{
    VAL_EACH (it, mine) {
        struct val found = condition_of(stored, val_str(val_get(it.value, "type")));

        VAL_EACH (member, it.value) {
            if (!val_eq(member.value, val_member(found, member.key))) {
                return true;
            }
        }
        if (!val_is(found) ||
            val_is(val_get(it.value, "message")) != val_is(val_get(found, "message")) ||
            val_is(val_get(it.value, "reason")) != val_is(val_get(found, "reason"))) {
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(passing_conditions); i++) {
        if (has_passed(mine, stored, passing_conditions[i])) {
            return true;
        }
    }
    return false;
}

/* What a status may have and lose again. */
static const char *const lost_members[] = { "message", "reason", "podIP", "podIPs" };

bool
pod_status_differs(struct val mine, struct val stored)
{
    VAL_EACH (it, mine) {
        struct val have = val_member(stored, it.key);

        if (str_is(it.key, "conditions") ? conditions_differ(it.value, have)
                                         : !val_eq(it.value, have)) {
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(lost_members); i++) {
        if (!val_is(val_get(mine, lost_members[i])) && val_is(val_get(stored, lost_members[i]))) {
            return true;
        }
    }
    return false;
}

/* A condition in a merge patch: what it lost is named. */
static void
patch_condition(struct val condition, struct jw *out)
{
    jw_obj(out);
    VAL_EACH (it, condition) {
        jw_key(out, it.key);
        jw_val(out, it.value);
    }
    if (!val_is(val_get(condition, "reason"))) {
        jw_keyz(out, "reason");
        jw_null(out);
    }
    if (!val_is(val_get(condition, "message"))) {
        jw_keyz(out, "message");
        jw_null(out);
    }
    jw_end(out);
}

static void
patch_member(struct str key, struct val value, struct val stored, struct jw *out)
{
    bool is_conditions = str_is(key, "conditions");

    jw_key(out, key);
    if (!is_conditions && !str_is(key, "podIPs") && !str_is(key, "hostIPs")) {
        jw_val(out, value);
        return;
    }
    jw_arr(out);
    if (!is_conditions && val_len(stored) > 0) { /* merged by key: the old items have to go */
        jw_obj(out);
        jw_kvz(out, "$patch", "replace");
        jw_end(out);
    }
    VAL_EACH (it, value) {
        if (is_conditions) {
            patch_condition(it.value, out);
        } else {
            jw_val(out, it.value);
        }
    }
    for (size_t i = 0; is_conditions && i < ARRAY_LEN(passing_conditions); i++) {
        if (has_passed(value, stored, passing_conditions[i])) {
            jw_obj(out);
            jw_kvz(out, "$patch", "delete");
            jw_kvz(out, "type", passing_conditions[i]);
            jw_end(out);
        }
    }
    jw_end(out);
}

void
pod_status_patch(struct val pod, struct val mine, struct jw *out)
{
    jw_obj(out);
    jw_keyz(out, "metadata");
    jw_obj(out);
    jw_kv(out, "uid", val_str(val_at(pod, "metadata.uid")));
    jw_end(out);
    jw_keyz(out, "status");
    jw_obj(out);
    VAL_EACH (it, mine) {
        patch_member(it.key, it.value, val_member(val_get(pod, "status"), it.key), out);
    }
    for (size_t i = 0; i < ARRAY_LEN(lost_members); i++) {
        if (!val_is(val_get(mine, lost_members[i]))) {
            jw_keyz(out, lost_members[i]);
            jw_null(out);
        }
    }
    jw_end(out);
    jw_end(out);
}
