/* In-place resize: what of a pod's resources counts now, and what its containers still have to be told
 * (kubelet's allocation manager and computePodResizeAction). Called by the pod's worker, plan and status;
 * pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_resize.h"

#include "agent/pod_facts.h"
#include "agent/pod_list.h"
#include "agent/runtime.h"
#include "api/pod_resources.h"
#include "api/quantity.h"
#include "base/arena.h"
#include "base/err.h"

enum { MIN_SHARES_MILLI = 2, MIN_QUOTA_MILLI = 10 }; /* less is not told apart: cm.MinShares … */

static const char *const resizable[] = { "cpu", "memory" };

/* ---- what was allocated ---- */

/* The status of a container that was allocated something, absent: it has the spec's. */
static struct val
allocated_status(struct val pod, enum pod_list list, struct val container)
{
    struct val statuses = val_get(val_get(pod, "status"), pod_list_status(list));
    struct val status = pod_list_item(statuses, val_str(val_get(container, "name")));

    if (list == POD_LIST_INIT && !pod_resources_is_sidecar(container)) {
        return (struct val){ 0 };
    }
    return val_is(val_get(status, "resources")) ? status : (struct val){ 0 };
}

static bool
same_quantity(struct val a, struct val b)
{
    struct quantity left = { 0 }, right = { 0 };

    /* What is absent is nothing. */
    (void)quantity_parse(val_str(a), &left);
    (void)quantity_parse(val_str(b), &right);
    return quantity_cmp(left, right) == 0;
}

static bool
same_amounts(struct val a, struct val b)
{
    bool is_same = true;

    for (size_t i = 0; i < ARRAY_LEN(resizable); i++) {
        is_same = is_same && same_quantity(val_get(a, resizable[i]), val_get(b, resizable[i]));
    }
    return is_same;
}

static bool
is_as_allocated(struct val container, struct val status)
{
    struct val resources = val_get(container, "resources");

    return same_amounts(val_get(resources, "requests"), val_get(status, "allocatedResources")) &&
           same_amounts(val_get(resources, "limits"), val_at(status, "resources.limits"));
}

/* The container's resources as they were allocated: requests and limits as its status has them. */
static struct str
allocated_resources(struct val status, struct arena *arena)
{
    struct val limits = val_at(status, "resources.limits");
    struct val requests = val_get(status, "allocatedResources");
    struct jw out;

    jw_init(&out, arena);
    jw_obj(&out);
    if (val_len(limits) > 0) {
        jw_keyz(&out, "limits");
        jw_val(&out, limits);
    }
    if (val_is(requests)) {
        jw_keyz(&out, "requests");
        jw_val(&out, requests);
    }
    jw_end(&out);
    return jw_done(&out);
}

struct val
pod_resize_allocated(struct val pod, struct arena *arena)
{
    AUTO_ERR struct err *err = NULL;
    struct doc *doc = NULL;
    struct edit edit;

    edit_init(&edit, arena);
    for (int list = 0; list < POD_LIST_EPHEMERAL; list++) {
        const char *member = pod_list_member((enum pod_list)list);
        int index = 0;

        VAL_EACH (it, val_get(val_get(pod, "spec"), member)) {
            struct val status = allocated_status(pod, (enum pod_list)list, it.value);
            const char *at = arena_printf(arena, "/spec/%s/%d/resources", member, index++).at;

            if (val_is(status) && !is_as_allocated(it.value, status)) {
                edit_set(&edit, at, allocated_resources(status, arena));
            }
        }
    }
    if (edit.len == 0 || edit_apply(pod.doc, &edit, &doc, &err) < 0) {
        return pod; /* edits of members that are there do not fail */
    }
    return doc_root(doc);
}

/* ---- is there room? ---- */

struct ask {
    int64_t cpu_milli, memory_bytes;
};

static struct ask
ask_of(struct val pod, struct arena *arena)
{
    struct pod_amounts amounts = { .arena = arena };

    pod_resources_of(pod, POD_REQUESTS, &amounts);
    return (struct ask){ .cpu_milli = pod_amounts_get(&amounts, STR("cpu")),
                         .memory_bytes = pod_amounts_get(&amounts, STR("memory")) };
}

bool
pod_resize_grows(struct val pod, struct arena *arena)
{
    struct val before = pod_resize_allocated(pod, arena);
    struct ask wanted, had;

    if (before.doc == pod.doc) {
        return false;
    }
    wanted = ask_of(pod, arena);
    had = ask_of(before, arena);
    return wanted.cpu_milli > had.cpu_milli || wanted.memory_bytes > had.memory_bytes;
}

const char *
pod_resize_refusal(struct val pod, const struct pod_room *room, struct arena *arena,
                   struct str *ret_message)
{
    struct ask ask = ask_of(pod, arena);
    const struct {
        const char *name;
        int64_t asked, used, capacity;
    } checks[] = {
        { "memory", ask.memory_bytes, room->used_memory_bytes, room->memory_bytes },
        { "cpu", ask.cpu_milli, room->used_cpu_milli, room->cpu_milli },
    };

    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        if (checks[i].asked > checks[i].capacity) {
            *ret_message = arena_printf(arena,
                                        "Node didn't have enough capacity: %s, requested: %lld, "
                                        "capacity: %lld",
                                        checks[i].name, (long long)checks[i].asked,
                                        (long long)checks[i].capacity);
            return "Infeasible";
        }
    }
    for (size_t i = ARRAY_LEN(checks); i > 0; i--) { /* the scheduler's order: cpu first */
        if (checks[i - 1].asked > checks[i - 1].capacity - checks[i - 1].used) {
            *ret_message =
                arena_printf(arena,
                             "Node didn't have enough resource: %s, requested: %lld, used: %lld, "
                             "capacity: %lld",
                             checks[i - 1].name, (long long)checks[i - 1].asked,
                             (long long)checks[i - 1].used, (long long)checks[i - 1].capacity);
            return "Deferred";
        }
    }
    return NULL;
}

/* ---- a container ---- */

/* As it was made: an object with a member "resources", absent when nobody noted it. */
static struct val
made_with(const struct pod_resize_in *in)
{
    AUTO_ERR struct err *err = NULL;
    struct doc *doc =
        in->seen->resources.size > 0 ? doc_parse(in->arena, in->seen->resources, &err) : NULL;

    return doc != NULL ? doc_root(doc) : (struct val){ 0 };
}

static bool
is_restart(struct val container, const char *resource)
{
    VAL_EACH (it, val_get(container, "resizePolicy")) {
        if (val_is_str(val_get(it.value, "resourceName"), resource)) {
            return val_is_str(val_get(it.value, "restartPolicy"), "RestartContainer");
        }
    }
    return false;
}

static bool
must_restart(const struct pod_resize_in *in)
{
    static const char *const lists[] = { "requests", "limits" };
    struct val made = val_get(made_with(in), "resources");
    struct val wanted = val_get(in->container, "resources");

    if (!val_is(made)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(resizable); i++) {
        for (size_t j = 0; j < ARRAY_LEN(lists) && is_restart(in->container, resizable[i]); j++) {
            if (!same_quantity(val_get(val_get(made, lists[j]), resizable[i]),
                               val_get(val_get(wanted, lists[j]), resizable[i]))) {
                return true;
            }
        }
    }
    return false;
}

void
pod_resize_current(const struct pod_resize_in *in, struct pod_limits *ret)
{
    struct val made;

    if (in->fact != NULL && str_eq(in->fact->told_id, in->seen->id)) {
        *ret = in->fact->told;
    } else if (in->seen->has_limits) {
        *ret = in->seen->limits;
    } else {
        made = made_with(in);
        pod_limits_of(in->pod, val_is(made) ? made : in->container, 0, ret);
    }
}

enum pod_resize_step
pod_resize_step(const struct pod_resize_in *in)
{
    struct pod_limits now, wanted;

    if (in->seen->state != RUNTIME_RUNNING) {
        return POD_RESIZE_DONE;
    }
    if (must_restart(in)) {
        return POD_RESIZE_RESTART;
    }
    pod_resize_current(in, &now);
    pod_limits_of(in->pod, in->container, 0, &wanted);
    return pod_limits_same(&now, &wanted) ? POD_RESIZE_DONE : POD_RESIZE_UPDATE;
}

/* ---- status.resources ---- */

/* One list of the spec with the amounts that hold: milli-cores and bytes, -1: the spec's, 0: none. */
static void
write_list(struct val list, const char *key, int64_t cpu_milli, int64_t memory_bytes,
           struct jw *out)
{
    char text[QUANTITY_TEXT_SIZE];

    if (val_len(list) == 0) {
        return;
    }
    jw_keyz(out, key);
    jw_obj(out);
    VAL_EACH (it, list) {
        int64_t now = str_is(it.key, "cpu")      ? cpu_milli
                      : str_is(it.key, "memory") ? memory_bytes
                                                 : -1;
        struct quantity amount = { .form = QUANTITY_BINARY_SI };

        if (now == 0) {
            continue;
        }
        jw_key(out, it.key);
        if (now < 0) {
            jw_val(out, it.value);
            continue;
        }
        amount.nano = (__int128)now * 1000000000;
        if (str_is(it.key, "cpu")) {
            amount = (struct quantity){ (__int128)now * 1000000, QUANTITY_DECIMAL_SI };
        }
        jw_str(out, quantity_text(amount, text));
    }
    jw_end(out);
}

/* Amounts below what the kernel can tell apart count as equal. */
static int64_t
other_than(int64_t now, int64_t wanted, int64_t min)
{
    return now == wanted || (now <= min && wanted <= min && now > 0 && wanted > 0) ? -1 : now;
}

void
pod_resize_write(const struct pod_resize_in *in, struct jw *out)
{
    struct val resources = val_get(in->container, "resources");
    struct pod_limits now, wanted;

    pod_limits_of(in->pod, in->container, 0, &wanted);
    now = wanted;
    if (in->seen->state == RUNTIME_RUNNING) {
        pod_resize_current(in, &now);
    }
    jw_obj(out);
    write_list(val_get(resources, "limits"), "limits",
               other_than(now.cpu_quota_us * 1000 / POD_LIMITS_PERIOD_US,
                          wanted.cpu_quota_us * 1000 / POD_LIMITS_PERIOD_US, MIN_QUOTA_MILLI),
               other_than(now.memory_bytes, wanted.memory_bytes, 0), out);
    write_list(val_get(resources, "requests"), "requests",
               now.cpu_shares == wanted.cpu_shares
                   ? -1
                   : other_than((now.cpu_shares * 1000 + 1023) / 1024,
                                (wanted.cpu_shares * 1000 + 1023) / 1024, MIN_SHARES_MILLI),
               -1, out);
    jw_end(out);
}
