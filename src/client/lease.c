/* Leader election: acquire, renew, step down, release.  Loop thread; every `serve` on a shared store
 * runs one, and starts its controllers only while it leads.  Rules and times are those of client-go's
 * tools/leaderelection (tryAcquireOrRenew), release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include "client/lease.h"

#include <assert.h>

#include "api/object.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/client.h"

#define LOG_MODULE "lease"
#include "base/log.h"

enum { DURATION_MS = 15 * 1000, RENEW_MS = 10 * 1000, RETRY_MS = 2 * 1000 };

struct lease {
    struct lease_spec spec;
    char *ns, *name, *identity;
    struct object *observed; /* the Lease as last seen, NULL: never */
    int64_t observed_ms;     /* when it was last seen to change: mono */
    int64_t renewed_ms;      /* our last renewal: mono */
    bool is_leader, is_stopping;
    bool has_read;         /* this try has looked at what the server has */
    struct handle *handle; /* the call that runs */
    struct loop_timer *timer, *deadline;
    uint64_t seed;
    void (*done)(void *);
    void *done_ctx;
};

static void lease_try(void *ctx);
static void read_done(void *ctx, const struct reply *reply, struct err *owned);
static void write_done(void *ctx, const struct reply *reply, struct err *owned);
static void release(struct lease *lease);

struct lease *
lease_start(const struct lease_spec *spec)
{
    struct lease *lease = MEM_NEW(struct lease);

    lease->spec = *spec;
    lease->ns = mem_strdup(spec->ns);
    lease->name = mem_strdup(spec->name);
    lease->identity = mem_strdup(spec->identity);
    lease->spec.duration_ms = spec->duration_ms > 0 ? spec->duration_ms : DURATION_MS;
    lease->spec.renew_ms = spec->renew_ms > 0 ? spec->renew_ms : RENEW_MS;
    lease->spec.retry_ms = spec->retry_ms > 0 ? spec->retry_ms : RETRY_MS;
    assert(lease->spec.duration_ms > lease->spec.renew_ms);
    assert(lease->spec.renew_ms > lease->spec.retry_ms);
    lease->seed = (uint64_t)clock_mono_us() ^ str_hash(str_of(spec->identity));
    lease->timer = loop_timer(spec->loop, 0, lease_try, lease);
    return lease;
}

static void
lease_free(void *ctx)
{
    struct lease *lease = ctx;
    void (*done)(void *) = lease->done;
    void *done_ctx = lease->done_ctx;

    object_unref(lease->observed);
    mem_free(lease->ns);
    mem_free(lease->name);
    mem_free(lease->identity);
    mem_free(lease);
    if (done != NULL) {
        done(done_ctx);
    }
}

void
lease_stop(struct lease *lease, void (*done)(void *ctx), void *ctx)
{
    assert(!lease->is_stopping);
    lease->is_stopping = true;
    lease->done = done;
    lease->done_ctx = ctx;
    loop_timer_cancel(lease->timer);
    loop_timer_cancel(lease->deadline);
    lease->timer = lease->deadline = NULL;
    if (lease->handle != NULL) {
        client_cancel(lease->handle); /* its end goes on */
    } else {
        release(lease);
    }
}

bool
lease_is_leader(const struct lease *lease)
{
    return lease->is_leader;
}

/* ---- the record ---- */

/* A text of the observed Lease's spec; lives as long as the observed object. */
static struct str
observed_text(const struct lease *lease, const char *member)
{
    struct str text;

    if (lease->observed == NULL) {
        return (struct str){ 0 };
    }
    object_pin(lease->observed);
    text = val_str(val_get(val_get(object_val(lease->observed), "spec"), member));
    object_unpin(lease->observed);
    return text;
}

static int64_t
observed_int(const struct lease *lease, const char *member, int64_t or_else)
{
    int64_t value;

    object_pin(lease->observed);
    value = val_int(val_get(val_get(object_val(lease->observed), "spec"), member), or_else);
    object_unpin(lease->observed);
    return value;
}

struct str
lease_holder(const struct lease *lease)
{
    struct str holder = observed_text(lease, "holderIdentity");

    return holder.at == NULL ? STR("") : holder;
}

static bool
is_ours(const struct lease *lease)
{
    return str_is(lease_holder(lease), lease->identity);
}

/* Not expired by our clock, which counts from when we saw it change. */
static bool
is_valid(const struct lease *lease)
{
    int64_t duration_s = observed_int(lease, "leaseDurationSeconds", 0);

    return clock_mono_ms() < lease->observed_ms + duration_s * 1000;
}

static void
observe(struct lease *lease, struct object *object)
{
    if (lease->observed == NULL || lease->observed->rev != object->rev) {
        lease->observed_ms = clock_mono_ms();
        object_unref(lease->observed);
        lease->observed = object_ref(object);
    }
}

/* ---- leading or not ---- */

static void
become(struct lease *lease, bool leads)
{
    if (lease->is_leader == leads) {
        return;
    }
    lease->is_leader = leads;
    loop_timer_cancel(lease->deadline);
    lease->deadline = NULL;
    log_info("%s: lease=%s/%s identity=%s", leads ? "this process leads" : "no longer leading",
             lease->ns, lease->name, lease->identity);
    if (leads) {
        lease->spec.started(lease->spec.ctx);
    } else {
        lease->spec.stopped(lease->spec.ctx);
    }
}

/* A leader that could not renew in time steps down before others may take over. */
static void
too_late(void *ctx)
{
    struct lease *lease = ctx;
    int64_t at_ms = lease->renewed_ms + lease->spec.renew_ms;

    lease->deadline = NULL;
    if (clock_mono_ms() < at_ms) {
        lease->deadline = loop_timer(lease->spec.loop, at_ms, too_late, lease);
        return;
    }
    become(lease, false);
}

/* The next try: a leader renews evenly, candidates come at random moments. */
static void
try_later(struct lease *lease)
{
    int64_t delay_ms = lease->spec.retry_ms;

    if (!lease->is_leader) {
        lease->seed = lease->seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
        delay_ms += (int64_t)((lease->seed >> 33) % (uint64_t)(lease->spec.retry_ms * 6 / 5));
    }
    lease->timer = loop_timer(lease->spec.loop, clock_mono_ms() + delay_ms, lease_try, lease);
}

static void
renewed(struct lease *lease)
{
    lease->renewed_ms = clock_mono_ms();
    become(lease, true);
    if (lease->deadline == NULL) {
        lease->deadline =
            loop_timer(lease->spec.loop, lease->renewed_ms + lease->spec.renew_ms, too_late, lease);
    }
}

/* ---- trying ---- */

static struct call
lease_call(const struct lease *lease, enum verb verb)
{
    struct call call = call_of(verb, lease->spec.resource, str_of(lease->ns), str_of(lease->name));

    call.timeout_ms = lease->spec.renew_ms;
    return call;
}

static void
lease_read(struct lease *lease)
{
    struct call call = lease_call(lease, VERB_GET);

    lease->has_read = true;
    lease->handle = client_call(lease->spec.client, &call, read_done, lease);
}

static void
lease_create(struct lease *lease)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct call call = lease_call(lease, VERB_CREATE);
    char text[CLOCK_TEXT_SIZE];
    struct str now = clock_text_micro(clock_wall_us(), text);
    struct jw w;

    jw_init(&w, arena);
    jw_obj(&w);
    jw_kvz(&w, "kind", "Lease");
    jw_kvz(&w, "apiVersion", "coordination.k8s.io/v1");
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_kvz(&w, "name", lease->name);
    jw_kvz(&w, "namespace", lease->ns);
    jw_end(&w);
    jw_keyz(&w, "spec");
    jw_obj(&w);
    jw_kvz(&w, "holderIdentity", lease->identity);
    jw_kint(&w, "leaseDurationSeconds", lease->spec.duration_ms / 1000);
    jw_kv(&w, "acquireTime", now);
    jw_kv(&w, "renewTime", now);
    jw_kint(&w, "leaseTransitions", 0);
    jw_end(&w);
    jw_end(&w);
    call.body = jw_done(&w);
    lease->handle = client_call(lease->spec.client, &call, write_done, lease);
}

/* Writes the observed Lease with us as its holder (is_release: with nobody); its resourceVersion
 * stands in the body, so whoever was quicker wins. */
static void
lease_write(struct lease *lease, bool is_release)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL;
    struct call call = lease_call(lease, VERB_UPDATE);
    char text[CLOCK_TEXT_SIZE];
    struct str now = clock_text_micro(clock_wall_us(), text);
    struct doc *doc = NULL;
    struct edit edit;

    edit_init(&edit, arena);
    edit_set_str(&edit, "/spec/holderIdentity", is_release ? STR("") : str_of(lease->identity));
    edit_set_int(&edit, "/spec/leaseDurationSeconds",
                 is_release ? 1 : lease->spec.duration_ms / 1000);
    edit_set_str(&edit, "/spec/renewTime", now);
    if (is_release || !is_ours(lease)) {
        edit_set_str(&edit, "/spec/acquireTime", now);
    }
    if (!is_release && !is_ours(lease)) {
        edit_set_int(&edit, "/spec/leaseTransitions",
                     observed_int(lease, "leaseTransitions", 0) + 1);
    }
    object_pin(lease->observed);
    if (edit_apply(lease->observed->doc, &edit, &doc, &err) < 0) {
        assert(false); /* an object's spec is an object */
    }
    call.body = doc_bytes(doc);
    lease->handle = client_call(lease->spec.client, &call, write_done, lease);
    object_unpin(lease->observed);
}

static void
lease_try(void *ctx)
{
    struct lease *lease = ctx;

    lease->timer = NULL;
    lease->has_read = false;
    if (lease->is_leader && is_ours(lease) && is_valid(lease)) {
        lease_write(lease, false); /* nobody else may have written: no need to look */
    } else {
        lease_read(lease);
    }
}

/* A call ended while stopping: the rest of the way out. True: it is taken care of. */
static bool
is_on_its_way_out(struct lease *lease)
{
    if (!lease->is_stopping) {
        return false;
    }
    release(lease);
    return true;
}

static void
read_done(void *ctx, const struct reply *reply, struct err *owned)
{
    struct lease *lease = ctx;
    AUTO_ERR struct err *err = owned;

    lease->handle = NULL;
    if (is_on_its_way_out(lease)) {
        return;
    }
    if (err != NULL && err->code == ERR_NOT_FOUND) {
        lease_create(lease);
        return;
    }
    if (err != NULL || reply->object == NULL) {
        log_warn("lease not read: lease=%s/%s error=%s", lease->ns, lease->name,
                 err == NULL ? "no object" : err->message);
        try_later(lease);
        return;
    }
    observe(lease, reply->object);
    if (!is_ours(lease) && lease_holder(lease).size > 0) {
        become(lease, false); /* somebody took it */
        if (is_valid(lease)) {
            try_later(lease);
            return;
        }
    }
    lease_write(lease, false);
}

static void
write_done(void *ctx, const struct reply *reply, struct err *owned)
{
    struct lease *lease = ctx;
    AUTO_ERR struct err *err = owned;

    lease->handle = NULL;
    if (err == NULL && reply->object != NULL) {
        observe(lease, reply->object);
    }
    if (is_on_its_way_out(lease)) {
        return;
    }
    if (err == NULL && reply->object != NULL) {
        renewed(lease);
        try_later(lease);
        return;
    }
    if (err != NULL && err->code != ERR_CONFLICT && err->code != ERR_ALREADY_EXISTS) {
        log_warn("lease not written: lease=%s/%s error=%s", lease->ns, lease->name, err->message);
    }
    if (lease->is_leader && !lease->has_read) {
        lease_read(lease); /* what is it that stands there? */
    } else {
        try_later(lease);
    }
}

/* ---- giving it up ---- */

static void
release(struct lease *lease)
{
    if (!lease->is_leader) {
        lease->timer = loop_timer(lease->spec.loop, 0, lease_free, lease);
        return;
    }
    lease->is_leader = false;
    lease_write(lease, true); /* should it fail, others wait until the lease expires */
}
