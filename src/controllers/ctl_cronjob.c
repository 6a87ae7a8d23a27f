/* The CronJob controller: a Job each time the schedule says so.  Run by src/client/reconcile, loop
 * thread.
 *
 * Follows pkg/controller/cronjob (cronjob_controllerv2.go, utils.go), release 1.35. status.active is
 * written from the Jobs that are there, a plan after their creation: their uids are known by then. */
#include "config.h" /* IWYU pragma: keep */

#include <stdlib.h>

#include "api/cron.h"
#include "api/object.h"
#include "api/pod_state.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "client/cache.h"
#include "client/plan.h"
#include "controllers/ctl.h"
#include "controllers/ctl_pods.h"

enum { MANY_MISSED = 100, PADDING_MS = 100 /* of the next look, for clocks that differ */ };

static void
keys_of_job(const struct keys_in *in, const struct object *old, const struct object *now,
            keys_add_fn *add, void *ctx)
{
    static const struct ctl_owner_kind owner = { "batch", "cronjobs", "CronJob" };
    const struct object *side = now == NULL ? old : now;
    if (side->owner_uid.size > 0) {
        ctl_keys_of_owned(in, &owner, old, now, add, ctx);
    }
}

static void plan(const struct plan_in *in, struct plan *out);

static const struct watch_spec watches[] = {
    { .group = "batch", .version = "v1", .plural = "cronjobs" },
    { .group = "batch", .version = "v1", .plural = "jobs", .keys = keys_of_job },
    { .plural = NULL },
};
const struct reconciler ctl_cronjob = {
    .name = "cronjob-controller",
    .user = "system:serviceaccount:kube-system:cronjob-controller",
    .watches = watches,
    .plan = plan,
};

struct cronjob {
    const struct plan_in *in;
    struct plan *out;
    struct ctl_owner owner; /* its "pods" are Jobs */
    struct val spec, status;
    struct object **jobs; /* its own, pinned */
    size_t len;
    struct object **active; /* of those, that run */
    size_t active_len;
    struct cron schedule;
    int64_t created_s, last_s;  /* of the CronJob; lastScheduleTime, 0: never */
    int64_t successful_s;       /* lastSuccessfulTime, 0: never */
    int64_t now_s, scheduled_s; /* what this plan makes a Job for, 0: none */
};

/* ---- times ---- */

static int64_t
seconds_of(struct val time)
{
    int64_t us;
    return clock_parse(val_str(time), &us) < 0 ? 0 : us / 1000000;
}

struct moment {
    int64_t earliest_s, recent_s; /* 0: no unmet time */
    bool has_missed, has_many, is_invalid;
};

/* mostRecentScheduleTime: the last time that the schedule names up to now. */
static struct moment
most_recent(const struct cronjob *c, bool has_deadline)
{
    struct val deadline = val_get(c->spec, "startingDeadlineSeconds");
    struct moment m = { .earliest_s = c->last_s != 0 ? c->last_s : c->created_s };
    if (has_deadline && val_is(deadline) && c->now_s - val_int(deadline, 0) > m.earliest_s) {
        m.earliest_s = c->now_s - val_int(deadline, 0);
    }
    int64_t first = cron_next(&c->schedule, m.earliest_s);
    int64_t second = first == 0 ? 0 : cron_next(&c->schedule, first);
    if (first == 0 || c->now_s < first) {
        m.is_invalid = first == 0;
        return m;
    }
    if (c->now_s < second) {
        m.recent_s = first;
        return m;
    }
    if (second - first < 1) {
        m.is_invalid = true;
        return m;
    }
    int64_t missed = (c->now_s - first) / (second - first) + 1;
    int64_t at = cron_next(&c->schedule, first + (missed - 2) * (second - first));
    while (at != 0 && at <= c->now_s) {
        m.recent_s = at;
        at = cron_next(&c->schedule, at);
    }
    m.has_missed = true;
    m.has_many = missed > MANY_MISSED;
    return m;
}

static void
look_again(struct cronjob *c)
{
    struct moment m = most_recent(c, false);
    int64_t from = m.recent_s != 0 ? m.recent_s : m.has_missed ? c->now_s : m.earliest_s;
    int64_t next = cron_next(&c->schedule, from > c->last_s ? from : c->last_s);
    next = next != 0 && next <= c->now_s ? cron_next(&c->schedule, c->now_s) : next;
    if (next != 0) {
        plan_again(c->out, next * 1000 + PADDING_MS);
    }
}

/* ---- its Jobs ---- */

static const char *
end_of(const struct object *job)
{
    struct val root = object_val(job);
    return pod_state_condition_is(root, "Complete", "True") ? "Complete"
           : pod_state_condition_is(root, "Failed", "True") ? "Failed"
                                                            : NULL;
}

static bool
is_in_active(const struct cronjob *c, const struct object *job)
{
    VAL_EACH (it, val_get(c->status, "active")) {
        if (str_eq(val_str(val_get(it.value, "uid")), job->uid)) {
            return true;
        }
    }
    return false;
}

static struct str
name_at(const struct cronjob *c, int64_t s)
{
    return arena_printf(c->in->arena, STR_FMT "-%lld", STR_ARG(c->owner.object->name),
                        (long long)(s / 60));
}

/* A Job that the last plans made: its name says for when. */
static bool
is_made_here(const struct cronjob *c, const struct object *job)
{
    struct str base = c->owner.object->name;
    int64_t minutes;
    return job->name.size > base.size + 1 && str_has_prefix(job->name, base) &&
           str_to_int(str_slice(job->name.at + base.size + 1, job->name.size - base.size - 1),
                      &minutes) &&
           minutes * 60 <= c->last_s;
}

static void
look_at_job(struct cronjob *c, struct object *job)
{
    const char *end = end_of(job);
    bool was_active = is_in_active(c, job);
    if (end == NULL) {
        if (!was_active && !is_made_here(c, job)) {
            plan_event(c->out, c->owner.object, EVENT_WARNING, "UnexpectedJob", NULL,
                       "Saw a job that the controller did not create or forgot: " STR_FMT,
                       STR_ARG(job->name));
            return;
        }
        c->active[c->active_len++] = job;
        return;
    }
    if (was_active) {
        plan_event(c->out, c->owner.object, EVENT_NORMAL, "SawCompletedJob", NULL,
                   "Saw completed job: " STR_FMT ", condition: %s", STR_ARG(job->name), end);
    }
    int64_t at = seconds_of(val_at(object_val(job), "status.completionTime"));
    if (end[0] == 'C' && at > c->successful_s) {
        c->successful_s = at;
    }
}

static void
tell_missing(struct cronjob *c)
{
    VAL_EACH (it, val_get(c->status, "active")) {
        bool found = false;
        for (size_t i = 0; i < c->len; i++) {
            found = found || str_eq(c->jobs[i]->uid, val_str(val_get(it.value, "uid")));
        }
        if (!found) {
            plan_event(c->out, c->owner.object, EVENT_NORMAL, "MissingJob", NULL,
                       "Active job went missing: " STR_FMT,
                       STR_ARG(val_str(val_get(it.value, "name"))));
        }
    }
}

static void
drop(struct cronjob *c, struct object *job)
{
    plan_write(c->out, PLAN_DELETE, job, STR("{\"propagationPolicy\":\"Background\"}"), PRE_UID);
    plan_event_after(c->out, c->owner.object, EVENT_NORMAL, "SuccessfulDelete", NULL,
                     "Deleted job " STR_FMT, STR_ARG(job->name));
}

static int
by_start(const void *a, const void *b)
{
    const struct object *x = *(struct object *const *)a, *y = *(struct object *const *)b;
    struct str s = val_str(val_at(object_val(x), "status.startTime"));
    struct str t = val_str(val_at(object_val(y), "status.startTime"));
    if (s.size == 0 || t.size == 0) {
        return s.size != t.size ? (s.size == 0 ? 1 : -1) : str_cmp(x->name, y->name);
    }
    int order = str_cmp(s, t);
    return order != 0 ? order : str_cmp(x->name, y->name);
}

static void
drop_old(struct cronjob *c, const char *end, const char *limit)
{
    struct val most = val_get(c->spec, limit);
    size_t len = 0;
    struct object **ended = arena_array(c->in->arena, c->len + 1, sizeof(struct object *));
    for (size_t i = 0; i < c->len; i++) {
        const char *how = end_of(c->jobs[i]);
        if (how != NULL && str_is(str_of(how), end) && c->jobs[i]->deleted_at_ms == 0) {
            ended[len++] = c->jobs[i];
        }
    }
    if (len > 1) {
        qsort(ended, len, sizeof(ended[0]), by_start);
    }
    for (size_t i = 0; val_is(most) && i < len && (int64_t)(len - i) > val_int(most, 0); i++) {
        drop(c, ended[i]);
    }
}

/* ---- a new one ---- */

static struct str
job_body(const struct cronjob *c, struct str name)
{
    struct val template = val_get(c->spec, "jobTemplate"), meta = val_get(template, "metadata");
    char text[CLOCK_TEXT_SIZE];
    struct jw w;
    jw_init(&w, c->out->arena);
    jw_obj(&w);
    jw_kvz(&w, "kind", "Job");
    jw_kvz(&w, "apiVersion", "batch/v1");
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_kv(&w, "name", name);
    if (val_is(val_get(meta, "labels"))) {
        jw_keyz(&w, "labels");
        jw_val(&w, val_get(meta, "labels"));
    }
    jw_keyz(&w, "annotations");
    jw_obj(&w);
    VAL_EACH (it, val_get(meta, "annotations")) {
        jw_key(&w, it.key);
        jw_val(&w, it.value);
    }
    jw_kv(&w, "batch.kubernetes.io/cronjob-scheduled-timestamp",
          clock_text(c->scheduled_s * 1000, text));
    jw_end(&w);
    jw_keyz(&w, "ownerReferences");
    jw_arr(&w);
    ctl_pods_write_owner(&c->owner, &w);
    jw_end(&w);
    jw_end(&w);
    jw_keyz(&w, "spec");
    jw_val(&w, val_get(template, "spec"));
    jw_end(&w);
    return jw_done(&w);
}

static void
start(struct cronjob *c)
{
    struct object *object = c->owner.object;
    struct str name = name_at(c, c->scheduled_s);
    if (val_is_str(val_get(c->spec, "concurrencyPolicy"), "Replace")) {
        plan_group(c->out, 0);
        for (size_t i = 0; i < c->active_len; i++) {
            drop(c, c->active[i]);
        }
        c->active_len = 0;
    }
    plan_group(c->out, 0);
    plan_create(c->out, c->owner.pods, object->ns, name, job_body(c, name));
    plan_event_after(c->out, object, EVENT_NORMAL, "SuccessfulCreate", NULL, "Created job " STR_FMT,
                     STR_ARG(name));
}

/* Is the time that has come to be used? Sets scheduled_s if so. */
static void
decide(struct cronjob *c)
{
    struct object *object = c->owner.object;
    struct moment m = most_recent(c, true); /* within startingDeadlineSeconds: never too late */
    if (m.is_invalid) {
        plan_event(c->out, object, EVENT_WARNING, "InvalidSchedule", NULL,
                   "invalid schedule: " STR_FMT
                   " : time difference between two schedules is less than 1 second",
                   STR_ARG(val_str(val_get(c->spec, "schedule"))));
        return;
    }
    if (m.recent_s == 0) {
        return;
    }
    if (m.has_many) {
        plan_event(c->out, object, EVENT_WARNING, "TooManyMissedTimes", NULL,
                   "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or "
                   "check clock skew");
    }
    if (m.recent_s == c->last_s ||
        cache_get(c->in->cache, c->owner.pods, object->ns, name_at(c, m.recent_s)) != NULL) {
        return; /* done */
    } else if (val_is_str(val_get(c->spec, "concurrencyPolicy"), "Forbid") && c->active_len > 0) {
        plan_event(c->out, object, EVENT_NORMAL, "JobAlreadyActive", NULL,
                   "Not starting job because prior execution is running and concurrency policy is "
                   "Forbid");
    } else {
        c->scheduled_s = m.recent_s;
    }
}

static void
tell_failures(struct cronjob *c)
{
    for (size_t i = 0; i < c->in->last_len; i++) {
        const struct plan_result *r = &c->in->last[i];
        if (r->verb == PLAN_CREATE && r->err != NULL && ctl_pods_is_told(r->err)) {
            plan_event(c->out, c->owner.object, EVENT_WARNING, "FailedCreate", NULL,
                       "Error creating job: %s", r->err->message);
        }
    }
}

/* ---- status ---- */

static void
write_time(struct jw *w, const char *member, int64_t s)
{
    char text[CLOCK_TEXT_SIZE];
    if (s != 0) {
        jw_kv(w, member, clock_text(s * 1000, text));
    }
}

static void
write_reference(struct jw *w, const struct object *job)
{
    jw_obj(w);
    jw_kvz(w, "kind", "Job");
    jw_kv(w, "namespace", job->ns);
    jw_kv(w, "name", job->name);
    jw_kv(w, "uid", job->uid);
    jw_kvz(w, "apiVersion", "batch/v1");
    jw_keyz(w, "resourceVersion");
    jw_printf(w, "%llu", (unsigned long long)job->rev);
    jw_end(w);
}

static void
write_status(struct cronjob *c)
{
    struct jw w;
    jw_init(&w, c->in->arena);
    jw_obj(&w);
    if (c->active_len > 0) {
        jw_keyz(&w, "active");
        jw_arr(&w);
        for (size_t i = 0; i < c->active_len; i++) {
            bool is_there = false;
            VAL_EACH (it, val_get(c->status, "active")) {
                if (str_eq(val_str(val_get(it.value, "uid")), c->active[i]->uid)) {
                    jw_val(&w, it.value); /* with the revision that it had */
                    is_there = true;
                    break;
                }
            }
            if (!is_there) {
                write_reference(&w, c->active[i]);
            }
        }
        jw_end(&w);
    }
    write_time(&w, "lastScheduleTime", c->scheduled_s != 0 ? c->scheduled_s : c->last_s);
    write_time(&w, "lastSuccessfulTime", c->successful_s);
    jw_end(&w);
    plan_group(c->out, c->scheduled_s != 0 ? 0 : GROUP_ALWAYS);
    ctl_status(c->in, c->owner.object, jw_done(&w), c->out);
}

/* ---- the plan ---- */

static void
read_jobs(struct cronjob *c)
{
    size_t most = cache_len(c->in->cache, c->owner.pods);
    c->jobs = arena_array(c->in->arena, most + 1, sizeof(struct object *));
    c->len = cache_by_owner(c->in->cache, c->owner.pods, c->owner.object->uid, c->jobs, most);
    c->active = arena_array(c->in->arena, c->len + 1, sizeof(struct object *));
    for (size_t i = 0; i < c->len; i++) {
        object_pin(c->jobs[i]);
    }
    if (c->len > 1) {
        qsort(c->jobs, c->len, sizeof(c->jobs[0]), by_start);
    }
}

static void
follow_schedule(struct cronjob *c)
{
    struct str schedule = val_str(val_get(c->spec, "schedule"));
    struct val zone = val_get(c->spec, "timeZone");
    if (val_is(zone) && !cron_knows_zone(val_str(zone))) {
        plan_event(c->out, c->owner.object, EVENT_WARNING, "UnknownTimeZone", NULL,
                   "invalid timeZone: \"" STR_FMT "\": unknown time zone " STR_FMT,
                   STR_ARG(val_str(zone)), STR_ARG(val_str(zone)));
        return;
    }
    if (val_bool(val_get(c->spec, "suspend"), false)) {
        return;
    }
    const char *wrong = cron_parse(schedule, c->in->arena, &c->schedule);
    if (wrong != NULL) {
        plan_event(c->out, c->owner.object, EVENT_WARNING, "UnparseableSchedule", NULL,
                   "unparseable schedule: \"" STR_FMT "\" : %s", STR_ARG(schedule), wrong);
        return;
    }
    decide(c);
    if (c->scheduled_s != 0) {
        start(c);
    }
    look_again(c);
}

static void
plan_of(struct cronjob *c)
{
    read_jobs(c);
    tell_failures(c);
    for (size_t i = 0; i < c->len; i++) {
        look_at_job(c, c->jobs[i]);
    }
    tell_missing(c);
    plan_group(c->out, 0);
    drop_old(c, "Complete", "successfulJobsHistoryLimit");
    drop_old(c, "Failed", "failedJobsHistoryLimit");
    if (c->owner.object->deleted_at_ms == 0) {
        follow_schedule(c);
    }
    write_status(c);
    for (size_t i = 0; i < c->len; i++) {
        object_unpin(c->jobs[i]);
    }
}

static void
plan(const struct plan_in *in, struct plan *out)
{
    struct object *object =
        cache_get(in->cache, ctl_resource(in, "batch", "cronjobs"), in->ns, in->name);
    if (object == NULL) {
        return;
    }
    object_pin(object);
    struct val root = object_val(object), status = val_get(root, "status");
    struct cronjob c = {
        .in = in,
        .out = out,
        .owner = { object, "batch/v1", "CronJob", ctl_resource(in, "batch", "jobs"), NULL },
        .spec = val_get(root, "spec"),
        .status = status,
        .created_s = seconds_of(val_at(root, "metadata.creationTimestamp")),
        .last_s = seconds_of(val_get(status, "lastScheduleTime")),
        .successful_s = seconds_of(val_get(status, "lastSuccessfulTime")),
        .now_s = in->now_ms / 1000,
    };
    plan_of(&c);
    object_unpin(object);
}
