/* One key: plan it, carry the plan out in groups, remember what came of it.  Loop thread; called by
 * the work queue of reconcile.c, then by the answers of the writes. */
#include "config.h" /* IWYU pragma: keep */

#include "client/reconcile_run.h"

#include <assert.h>
#include <stdio.h>

#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "client/cache.h"
#include "client/client.h"
#include "client/event.h"
#include "client/informer.h"
#include "client/workq.h"

#define LOG_MODULE "reconcile"
#include "base/log.h"

enum { CONFLICTS_AT_ONCE = 4 /* in a row; from the next one on with backoff */ };

/* What a failure asks for, the strongest last. */
enum remedy {
    REMEDY_NONE,
    REMEDY_REPLAN,  /* the cache knows better by now, or soon */
    REMEDY_BACKOFF, /* the same again later */
    REMEDY_REFRESH, /* nobody knows whether it was done: list that kind first */
};
struct run_write {
    struct run *run;
    struct handle *handle; /* while in flight */
    bool is_started;
    struct plan_result result;
    struct err *err; /* owned; result.err */
};
struct run {
    struct reconcile *reconcile;
    struct run *next;
    struct arena *arena;
    struct str key;
    uint64_t cause_rev;
    struct plan plan;
    struct run_write *writes; /* beside plan.writes */
    int group;
    size_t at; /* the next write */
    size_t batch, in_flight;
    bool has_failed;
    enum remedy remedy;
    int64_t retry_after_ms;
    const struct resource *refresh;
    bool is_refreshing;
};

static void run_advance(struct run *run);
static void run_finish(struct run *run);
static void write_done(void *ctx, const struct reply *reply, struct err *owned);

/* ---- planning ---- */

/* splitmix64: a number per plan. */
static uint64_t
next_random(struct reconcile *reconcile)
{
    uint64_t x = reconcile->random += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static void
run_plan(struct run *run)
{
    struct reconcile *reconcile = run->reconcile;
    const struct reconcile_key *known = map_get(&reconcile->keys, run->key);
    struct plan_in in = {
        .cache = informers_cache(reconcile->spec.informers),
        .key = run->key,
        .now_ms = clock_wall_ms(),
        .env = reconcile->spec.env,
        .last = known == NULL ? NULL : known->last,
        .last_len = known == NULL ? 0 : known->last_len,
        .arena = run->arena,
        .random = next_random(reconcile),
    };
    struct str rest;
    struct str first = str_cut(run->key, '/', &rest);

    in.ns = rest.at == NULL ? (struct str){ 0 } : first;
    in.name = rest.at == NULL ? run->key : rest;
    plan_init(&run->plan, run->arena);
    reconcile->reconciler->plan(&in, &run->plan);
    run->writes = arena_array(run->arena, run->plan.write_len, sizeof(run->writes[0]));
    log_debug("planned: name=%s key=" STR_FMT " writes=%zu why=" STR_FMT,
              reconcile->reconciler->name, STR_ARG(run->key), run->plan.write_len,
              STR_ARG(run->plan.why));
}

void
reconcile_run(void *ctx, struct str key, uint64_t cause_rev)
{
    struct reconcile *reconcile = ctx;
    struct run *run = MEM_NEW(struct run);

    run->reconcile = reconcile;
    run->arena = arena_new();
    run->key = arena_dup(run->arena, key);
    run->cause_rev = cause_rev;
    run->next = reconcile->runs;
    reconcile->runs = run;
    run_plan(run);
    run->group = -1;
    run_advance(run);
}

void
reconcile_run_cancel(struct reconcile *reconcile)
{
    for (struct run *run = reconcile->runs, *next; run != NULL; run = next) {
        next = run->next;
        for (size_t i = 0; i < run->plan.write_len; i++) {
            if (run->writes[i].handle != NULL) {
                client_cancel(run->writes[i].handle);
            }
        }
        if (run->is_refreshing) {
            informer_refresh_cancel(reconcile->spec.informers, run);
            run->is_refreshing = false;
            run_finish(run);
        }
    }
}

/* ---- one write as a call ---- */

/* Where the preconditions stand in the body, and the body that is theirs when the plan gave none. */
static const struct {
    const char *rev, *uid, *empty;
} precondition_at[] = {
    [PLAN_CREATE] = { NULL, NULL, NULL },
    [PLAN_UPDATE] = { "/metadata/resourceVersion", "/metadata/uid", NULL },
    [PLAN_STATUS] = { "/metadata/resourceVersion", "/metadata/uid", NULL },
    [PLAN_PATCH] = { "/metadata/resourceVersion", "/metadata/uid", NULL },
    [PLAN_PATCH_STATUS] = { "/metadata/resourceVersion", "/metadata/uid", NULL },
    [PLAN_DELETE] = { "/preconditions/resourceVersion", "/preconditions/uid",
                      "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\"}" },
    [PLAN_EVICT] = { "/deleteOptions/preconditions/resourceVersion",
                     "/deleteOptions/preconditions/uid",
                     "{\"kind\":\"Eviction\",\"apiVersion\":\"policy/v1\"}" },
    [PLAN_BIND] = { "/metadata/resourceVersion", "/metadata/uid", NULL },
    [PLAN_SCALE] = { "/metadata/resourceVersion", "/metadata/uid", NULL },
    [PLAN_SUB] = { "/metadata/resourceVersion", "/metadata/uid", NULL },
};

static struct str
write_body(struct arena *arena, const struct plan_write *write)
{
    const char *empty = precondition_at[write->verb].empty;
    struct str body = write->body.size > 0 ? write->body : str_of(empty);
    AUTO_ERR struct err *err = NULL;
    struct doc *doc;
    struct edit edit;
    char rev[24];

    if (write->pre == 0 && write->verb != PLAN_EVICT) {
        return write->body;
    }
    edit_init(&edit, arena);
    if ((write->pre & PRE_REV) != 0) {
        (void)snprintf(rev, sizeof(rev), "%llu", (unsigned long long)write->target->rev);
        edit_set_str(&edit, precondition_at[write->verb].rev, str_of(rev));
    }
    if ((write->pre & PRE_UID) != 0) {
        edit_set_str(&edit, precondition_at[write->verb].uid, write->target->uid);
    }
    if (write->verb == PLAN_EVICT) {
        edit_set_str(&edit, "/metadata/name", write->name);
        edit_set_str(&edit, "/metadata/namespace", write->ns);
    }
    doc = doc_parse(arena, body, &err);
    assert(doc != NULL); /* plans write JSON */
    if (edit_apply(doc, &edit, &doc, &err) < 0) {
        assert(false); /* …objects */
    }
    return doc_bytes(doc);
}

/* Verb, subresource and media type of each kind of write. */
static const struct {
    enum verb verb;
    const char *subresource;
    enum call_body body;
} call_shape[] = {
    [PLAN_CREATE] = { VERB_CREATE, NULL, BODY_JSON },
    [PLAN_UPDATE] = { VERB_UPDATE, NULL, BODY_JSON },
    [PLAN_STATUS] = { VERB_UPDATE, "status", BODY_JSON },
    [PLAN_PATCH] = { VERB_PATCH, NULL, BODY_STRATEGIC_PATCH },
    [PLAN_PATCH_STATUS] = { VERB_PATCH, "status", BODY_MERGE_PATCH },
    [PLAN_DELETE] = { VERB_DELETE, NULL, BODY_JSON },
    [PLAN_EVICT] = { VERB_CREATE, "eviction", BODY_JSON },
    [PLAN_BIND] = { VERB_CREATE, "binding", BODY_JSON },
    [PLAN_SCALE] = { VERB_PATCH, "scale", BODY_MERGE_PATCH },
    [PLAN_SUB] = { VERB_UPDATE, NULL, BODY_JSON },
};

static struct call
write_call(struct run *run, const struct plan_write *write)
{
    struct call call =
        call_of(call_shape[write->verb].verb, write->resource, write->ns, write->name);

    call.subresource =
        write->subresource == NULL ? call_shape[write->verb].subresource : write->subresource;
    call.body_type = call_shape[write->verb].body;
    if (write->verb == PLAN_PATCH && (write->resource->flags & RES_CRD) != 0) {
        call.body_type = BODY_MERGE_PATCH;
    }
    call.body = write_body(run->arena, write);
    call.field_manager = str_of(run->reconcile->reconciler->name);
    call.cause_rev = run->cause_rev;
    return call;
}

/* ---- carrying it out ---- */

static void
record(struct run *run, const struct plan_note *note)
{
    event_record(run->reconcile->recorder, &note->regarding, note->type, note->reason, note->action,
                 note->note);
}

static void
start_write(struct run *run, size_t i)
{
    struct run_write *write = &run->writes[i];
    const struct plan_write *planned = &run->plan.writes[i];
    struct call call = write_call(run, planned);

    write->run = run;
    write->is_started = true;
    write->result = (struct plan_result){
        .group = planned->group,
        .verb = planned->verb,
        .resource = planned->resource,
        .ns = planned->ns,
        .name = planned->name,
    };
    run->in_flight++;
    write->handle = client_call(run->reconcile->spec.client, &call, write_done, write);
}

/* Writes of the group, as client-go's slow start batches them: 1, 2, 4, … True: some began. */
static bool
start_batch(struct run *run)
{
    const struct plan *plan = &run->plan;

    for (size_t i = 0; i < run->batch && run->at < plan->write_len; i++) {
        if (plan->writes[run->at].group != run->group) {
            break;
        }
        start_write(run, run->at++);
    }
    run->batch *= 2;
    return run->in_flight > 0;
}

static void
skip_group(struct run *run)
{
    while (run->at < run->plan.write_len && run->plan.writes[run->at].group <= run->group) {
        run->at++;
    }
}

/* The next group that is to run. False: there is none. */
static bool
enter_group(struct run *run)
{
    for (;;) {
        bool always;
        skip_group(run);
        run->group++;
        if (run->group > run->plan.group || run->reconcile->is_stopping) {
            return false;
        }
        always = (run->plan.group_flags[run->group] & GROUP_ALWAYS) != 0;
        if (!run->has_failed || always) {
            break;
        }
    }
    run->batch = 1;
    for (size_t i = 0; i < run->plan.event_len; i++) {
        const struct plan_note *note = &run->plan.events[i];
        if (note->group == run->group && note->after_write == 0) {
            record(run, note);
        }
    }
    return true;
}

/* Whether a write of the present group has failed: then nothing new of it begins. */
static bool
group_has_failed(const struct run *run)
{
    for (size_t i = 0; i < run->plan.write_len; i++) {
        if (run->plan.writes[i].group == run->group && run->writes[i].err != NULL) {
            return true;
        }
    }
    return false;
}

static void
run_advance(struct run *run)
{
    while (run->in_flight == 0) {
        bool may_go_on = run->group >= 0 && !group_has_failed(run) && !run->reconcile->is_stopping;
        if (may_go_on && start_batch(run)) {
            return;
        }
        if (!enter_group(run)) {
            run_finish(run);
            return;
        }
    }
}

/* ---- answers ---- */

static enum remedy
remedy_of(const struct err *err)
{
    static const enum remedy remedies[ERR_CODE_LEN] = {
        [ERR_CONFLICT] = REMEDY_REPLAN,       [ERR_NOT_FOUND] = REMEDY_REPLAN,
        [ERR_ALREADY_EXISTS] = REMEDY_REPLAN, [ERR_TIMEOUT] = REMEDY_REFRESH,
        [ERR_UNAVAILABLE] = REMEDY_REFRESH,   [ERR_IO] = REMEDY_REFRESH,
    };
    enum remedy remedy = remedies[err->code];

    return remedy == REMEDY_NONE ? REMEDY_BACKOFF : remedy;
}

static void
write_failed(struct run *run, const struct plan_write *planned, const struct err *err)
{
    struct reconcile *reconcile = run->reconcile;
    enum remedy remedy = remedy_of(err);
    bool is_gone = err->code == ERR_NOT_FOUND && planned->target != NULL &&
                   str_eq(str_of(err->name), planned->name);

    run->has_failed = true;
    if (remedy > run->remedy) {
        run->remedy = remedy;
    }
    if (remedy == REMEDY_REFRESH) {
        run->refresh = planned->resource;
    }
    if (err->retry_after_s > 0 && err->retry_after_s * INT64_C(1000) > run->retry_after_ms) {
        run->retry_after_ms = err->retry_after_s * INT64_C(1000);
    }
    if (is_gone) {
        informer_take_deleted(reconcile->spec.informers, planned->resource, planned->ns,
                              planned->name, planned->target->uid);
    }
    bool is_ending = err_has_cause(err, "NamespaceTerminating"); /* soon nobody asks any more */
    if (remedy == REMEDY_REPLAN || is_ending || reconcile->is_stopping) {
        log_debug("write refused: name=%s key=" STR_FMT " verb=%s target=" STR_FMT " error=%s",
                  reconcile->reconciler->name, STR_ARG(run->key), plan_verb_name(planned->verb),
                  STR_ARG(planned->name), err->message);
    } else {
        log_warn("write failed: name=%s key=" STR_FMT " verb=%s target=" STR_FMT " error=%s",
                 reconcile->reconciler->name, STR_ARG(run->key), plan_verb_name(planned->verb),
                 STR_ARG(planned->name), err->message);
    }
}

static void
write_succeeded(struct run *run, size_t i, const struct reply *reply)
{
    struct reconcile *reconcile = run->reconcile;
    const struct plan_write *planned = &run->plan.writes[i];
    struct plan_result *result = &run->writes[i].result;
    struct object *object = reply->object;

    result->rev = reply->rev;
    if (object != NULL && object->resource == planned->resource) {
        result->rev = object->rev;
        result->name = arena_dup(run->arena, object->name); /* generateName */
        informer_take(reconcile->spec.informers, object);
    } else if (planned->verb == PLAN_DELETE) {
        informer_take_deleted(reconcile->spec.informers, planned->resource, planned->ns,
                              planned->name, planned->target->uid);
    }
    for (size_t e = 0; e < run->plan.event_len; e++) {
        if (run->plan.events[e].after_write == i + 1) {
            record(run, &run->plan.events[e]);
        }
    }
}

static void
write_done(void *ctx, const struct reply *reply, struct err *owned)
{
    struct run_write *write = ctx;
    struct run *run = write->run;
    size_t i = (size_t)(write - run->writes);

    write->handle = NULL;
    write->err = owned;
    write->result.err = owned;
    run->in_flight--;
    if (owned != NULL) {
        write_failed(run, &run->plan.writes[i], owned);
    } else {
        write_succeeded(run, i, reply);
    }
    run_advance(run);
}

/* ---- the end of a run ---- */

/* The results move to the key, for its next plan; nothing is kept of a plan that wrote nothing. */
static struct reconcile_key *
keep_results(struct run *run)
{
    struct map *keys = &run->reconcile->keys;
    struct reconcile_key *known = map_get(keys, run->key);
    struct reconcile_key *kept = MEM_NEW(struct reconcile_key);

    if (known != NULL) {
        kept->conflicts = known->conflicts;
        (void)map_del(keys, run->key);
        reconcile_key_free(known);
    }
    kept->arena = arena_new();
    kept->last = arena_array(kept->arena, run->plan.write_len, sizeof(kept->last[0]));
    kept->errs = arena_array(kept->arena, run->plan.write_len, sizeof(kept->errs[0]));
    for (size_t i = 0; i < run->plan.write_len; i++) {
        struct plan_result *result;
        if (!run->writes[i].is_started) {
            continue;
        }
        kept->errs[kept->last_len] = STEAL(run->writes[i].err);
        result = &kept->last[kept->last_len++];
        *result = run->writes[i].result;
        result->ns = arena_dup(kept->arena, result->ns);
        result->name = arena_dup(kept->arena, result->name);
    }
    return kept;
}

static void
run_again(struct run *run, struct reconcile_key *kept)
{
    struct workq *workq = run->reconcile->workq;
    int64_t now_ms = clock_mono_ms();

    kept->conflicts = run->remedy == REMEDY_REPLAN ? kept->conflicts + 1 : 0;
    if (run->remedy == REMEDY_NONE) {
        workq_forget(workq, run->key);
        if (run->plan.again_at_ms != 0) {
            workq_add_at(workq, run->key, now_ms + run->plan.again_at_ms - clock_wall_ms());
        }
    } else if (run->retry_after_ms > 0) {
        workq_add_at(workq, run->key, now_ms + run->retry_after_ms);
    } else if (run->remedy == REMEDY_REPLAN && kept->conflicts <= CONFLICTS_AT_ONCE) {
        workq_add(workq, run->key, run->cause_rev);
    } else {
        workq_retry(workq, run->key);
    }
}

static void
run_free(struct run *run)
{
    struct run **link = &run->reconcile->runs;

    while (*link != run) {
        link = &(*link)->next;
    }
    *link = run->next;
    plan_done(&run->plan);
    arena_free(run->arena);
    mem_free(run);
}

static void
run_refreshed(void *ctx)
{
    struct run *run = ctx;

    run->is_refreshing = false;
    run_finish(run);
}

static void
run_finish(struct run *run)
{
    struct reconcile *reconcile = run->reconcile;
    struct reconcile_key *kept;
    char labels[128];

    if (run->refresh != NULL && !reconcile->is_stopping) {
        run->is_refreshing = true;
        informer_refresh(reconcile->spec.informers, STEAL(run->refresh), run_refreshed, run);
        return;
    }
    (void)snprintf(labels, sizeof(labels), "%s\x1f%s", reconcile->reconciler->name,
                   run->has_failed ? "failed" : "ok");
    metrics_add(METRIC_PLANS, labels, 1);
    kept = keep_results(run);
    run_again(run, kept);
    if (kept->last_len > 0 || kept->conflicts > 0) {
        (void)map_put(&reconcile->keys, run->key, kept);
    } else {
        reconcile_key_free(kept);
    }
    workq_finish(reconcile->workq, run->key);
    run_free(run);
    if (reconcile->is_stopping && reconcile->runs == NULL) {
        reconcile_stopped(reconcile);
    }
}
