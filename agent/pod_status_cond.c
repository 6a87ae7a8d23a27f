/* Conditions of a pod that its node owns (kubelet's status/generate.go). Called by
 * pod_status_write; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_resize.h"
#include "agent/pod_status_priv.h"
#include "api/pod_resources.h"
#include "api/pod_state.h"
#include "base/arena.h"
#include "base/clock.h"

struct condition {
    const char *type;
    bool is_true;
    const char *reason; /* NULL: none */
    struct str message;
};

static void
write_condition(const struct pod_status_all *all, const struct condition *c, struct jw *out)
{
    struct val old = pod_state_condition(all->pod, c->type);
    const char *status = c->is_true ? "True" : "False";
    struct str since = val_str(val_get(old, "lastTransitionTime"));
    int64_t generation = val_int(val_at(all->pod, "metadata.generation"), 0);
    char text[CLOCK_TEXT_SIZE];

    if (!val_is_str(val_get(old, "status"), status) || since.size == 0) {
        since = clock_text(all->in->of->now_ms, text);
    }
    jw_obj(out);
    jw_kvz(out, "type", c->type);
    if (generation > 0) {
        jw_kint(out, "observedGeneration", generation);
    }
    jw_kvz(out, "status", status);
    jw_kv(out, "lastTransitionTime", since);
    jw_kvz(out, "reason", c->reason);
    jw_kv(out, "message", c->message);
    jw_end(out);
}

/* As Go prints a []string: [a b]. */
struct names {
    struct str_builder text;
    size_t len;
};

static void
names_add(struct names *names, struct str name)
{
    str_putz(&names->text, names->len++ > 0 ? " " : "");
    str_put(&names->text, name);
}

static struct str
names_done(struct names *names, const char *what, struct arena *arena)
{
    struct str out = { 0 };

    if (names->len > 0) {
        out = arena_printf(arena, "%s: [" STR_FMT "]", what, STR_ARG(str_view(&names->text)));
    }
    str_done(&names->text);
    return out;
}

static struct condition
containers_ready(const struct pod_status_all *all, const char *type)
{
    struct condition c = { .type = type, .is_true = true };
    struct names unready = { 0 };

    for (size_t i = 0; i < all->len; i++) {
        const struct pod_status_container *it = &all->containers[i];

        if ((it->list == POD_LIST_MAIN || it->is_sidecar) && !it->ready) {
            names_add(&unready, it->name);
        }
    }
    c.message = names_done(&unready, "containers with unready status", all->arena);
    if (c.message.size > 0) {
        c.is_true = false;
        c.reason = "ContainersNotReady";
    }
    if (str_is(str_of(all->phase), "Succeeded") || str_is(str_of(all->phase), "Failed")) {
        c.is_true = false;
        c.reason = str_is(str_of(all->phase), "Failed") ? "PodFailed" : "PodCompleted";
        c.message = (struct str){ 0 };
    }
    return c;
}

static struct condition
pod_ready(const struct pod_status_all *all)
{
    struct condition c = containers_ready(all, "Ready");
    struct str_builder text = { 0 };

    if (!c.is_true) {
        return c;
    }
    VAL_EACH (it, val_get(all->spec, "readinessGates")) {
        const char *type = arena_dupz(all->arena, val_str(val_get(it.value, "conditionType")));
        struct val status = val_get(pod_state_condition(all->pod, type), "status");

        if (val_is_str(status, "True")) {
            continue;
        }
        str_putz(&text, text.size > 0 ? ", " : "");
        if (val_is(status)) {
            str_putf(&text, "the status of pod readiness gate \"%s\" is not \"True\", but " STR_FMT,
                     type, STR_ARG(val_str(status)));
        } else {
            str_putf(&text, "corresponding condition of pod readiness gate \"%s\" does not exist.",
                     type);
        }
    }
    if (text.size > 0) {
        c.is_true = false;
        c.reason = "ReadinessGatesNotReady";
        c.message = arena_dup(all->arena, str_view(&text));
    }
    str_done(&text);
    return c;
}

static bool
main_has_started(const struct pod_status_all *all)
{
    for (size_t i = 0; i < all->len; i++) {
        const struct pod_status_container *it = &all->containers[i];

        if (it->list == POD_LIST_MAIN &&
            (it->state.kind == STATE_RUNNING || it->state.kind == STATE_TERMINATED ||
             it->last.kind == STATE_TERMINATED)) {
            return true;
        }
    }
    return false;
}

static struct condition
initialised(const struct pod_status_all *all)
{
    struct condition c = { .type = "Initialized", .is_true = true };
    struct names incomplete = { 0 };
    struct str message;

    for (size_t i = 0; i < all->len; i++) {
        const struct pod_status_container *it = &all->containers[i];

        if (it->list == POD_LIST_INIT && !(it->is_sidecar ? it->started : it->ready)) {
            names_add(&incomplete, it->name);
        }
    }
    message = names_done(&incomplete, "containers with incomplete status", all->arena);
    if (str_is(str_of(all->phase), "Succeeded")) {
        c.reason = "PodCompleted";
    } else if (message.size > 0 && !main_has_started(all)) {
        c.is_true = false;
        c.reason = "ContainersNotInitialized";
        c.message = message;
    }
    return c;
}

/* Is what the pod may have not what its containers have? */
static bool
is_resizing(const struct pod_status_all *all)
{
    for (size_t i = 0; i < all->len; i++) {
        const struct pod_status_container *it = &all->containers[i];
        struct pod_resize_in in = { .pod = all->pod,
                                    .container = it->spec,
                                    .seen = it->seen,
                                    .fact = pod_facts_of(all->in->of->facts, it->name),
                                    .arena = all->arena };

        if ((it->list == POD_LIST_MAIN || it->is_sidecar) && it->seen != NULL &&
            pod_resize_step(&in) != POD_RESIZE_DONE) {
            return true;
        }
    }
    return false;
}

/* The conditions of a resize are there only as long as it goes on. */
static void
write_resize(const struct pod_status_all *all, struct jw *out)
{
    const struct pod_facts *facts = all->in->of->facts;
    struct condition pending = { .type = "PodResizePending",
                                 .is_true = true,
                                 .message = facts->resize_message };
    struct condition running = { .type = "PodResizeInProgress",
                                 .is_true = true,
                                 .message = facts->resize_error };

    if (facts->resize_reason.size > 0) {
        pending.reason = arena_dupz(all->arena, facts->resize_reason);
        write_condition(all, &pending, out);
    }
    if (!all->is_stopped && is_resizing(all)) {
        running.reason = facts->resize_error.size > 0 ? "Error" : NULL;
        write_condition(all, &running, out);
    }
}

void
pod_status_conditions(const struct pod_status_all *all, struct jw *out)
{
    const struct condition conditions[] = {
        { .type = "PodReadyToStartContainers", .is_true = all->sandbox != NULL },
        initialised(all),
        pod_ready(all),
        containers_ready(all, "ContainersReady"),
        { .type = "PodScheduled", .is_true = true },
    };

    for (size_t i = 0; i < ARRAY_LEN(conditions); i++) {
        write_condition(all, &conditions[i], out);
    }
    write_resize(all, out);
}
