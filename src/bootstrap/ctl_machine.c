/* The machine controller: a session for each Machine whose steps have not run for its present
 * spec.  Loop thread; the work itself is on the sessions' workers.
 *
 * A Machine is taken up when status.observedGeneration is behind or its phase is no final one, so a
 * control plane that was killed in the middle goes on: the steps find what is done. */
#include "config.h" /* IWYU pragma: keep */

#include "bootstrap/ctl_machine.h"

#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "bootstrap/machine_status.h"
#include "bootstrap/onboard.h"
#include "bootstrap/session.h"
#include "bootstrap/transport.h"
#include "client/client.h"
#include "client/informer.h"

#define LOG_MODULE "machine"

struct ctl_machine {
    struct ctl_machine_spec spec;
    char *api_url, *ca_pem, *client_ca_pem, *agent_path, *cluster_domain, *cluster_dns;
    const struct resource *machines;
    struct informer *informer;
    struct map running; /* name → struct work */
    void (*done)(void *ctx);
    void *done_ctx;
};
/* One Machine at work. */
struct work {
    struct ctl_machine *of;
    struct session *session;
    struct arena *arena; /* of what the worker reads */
    char *name;
    struct str transport, wanted_name;
    struct transport_ssh_spec ssh; /* texts in the arena */
    int64_t generation;
    struct object *latest; /* counted; as it was last seen */
    struct str node_name;  /* set by the worker, read by the loop after done */
    struct machine_status status;
    struct loop_timer *again; /* a write failed */
    int failures;
    bool is_dirty, is_writing; /* the status is to be written; it is being written */
    bool is_over;
};
enum { AGAIN_MS = 1000, WRITES_MAX = 10 };

/* ---- status ---- */

static void consider(struct ctl_machine *m, struct object *machine);

static void
free_controller(struct ctl_machine *m)
{
    void (*done)(void *) = m->done;
    void *ctx = m->done_ctx;
    map_done(&m->running, NULL);
    mem_free(m->api_url);
    mem_free(m->ca_pem);
    mem_free(m->client_ca_pem);
    mem_free(m->agent_path);
    mem_free(m->cluster_domain);
    mem_free(m->cluster_dns);
    mem_free(m);
    done(ctx);
}

/* The session is over and nothing is to be written any more. */
static void
leave(struct work *work)
{
    struct ctl_machine *m = work->of;
    struct object *latest = work->latest;
    bool has_news = latest != NULL && latest->generation > work->generation;
    if (!work->is_over || work->is_writing || work->again != NULL) {
        return;
    }
    (void)map_del(&m->running, str_of(work->name));
    arena_free(work->arena);
    machine_status_done(&work->status);
    mem_free(work->name);
    mem_free(work);
    if (has_news && m->done == NULL) {
        consider(m, latest);
    }
    object_unref(latest);
    if (m->done != NULL && m->running.len == 0) {
        free_controller(m);
    }
}

static void flush(struct work *work);

static void
write_again(void *ctx)
{
    struct work *work = ctx;
    work->again = NULL;
    flush(work);
    leave(work);
}

static void
written(void *ctx, const struct reply *reply, struct err *owned)
{
    struct work *work = ctx;
    (void)reply;
    work->is_writing = false;
    if (owned != NULL && owned->code != ERR_NOT_FOUND) {
        log_warn("status not written machine=%s error=%s", work->name, owned->message);
        work->is_dirty = true;
        if (work->of->done == NULL && ++work->failures < WRITES_MAX) {
            work->again =
                loop_timer(work->of->spec.loop, clock_mono_ms() + AGAIN_MS, write_again, work);
        }
    } else {
        work->failures = 0;
        flush(work);
    }
    err_free(owned);
    leave(work);
}

/* One write at a time, so that they arrive in order; what changes meanwhile goes with the next. */
static void
flush(struct work *work)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct call call =
        call_of(VERB_PATCH, work->of->machines, (struct str){ 0 }, str_of(work->name));
    if (!work->is_dirty || work->is_writing || work->again != NULL) {
        return;
    }
    call.subresource = "status";
    call.body = machine_status_patch(&work->status, arena);
    call.body_type = BODY_MERGE_PATCH;
    call.field_manager = STR("machine-controller");
    work->is_dirty = false;
    work->is_writing = true;
    (void)client_call(work->of->spec.client, &call, written, work);
}

static void
write_status(struct work *work)
{
    work->is_dirty = true;
    flush(work);
}

static void
progress(void *ctx, const char *step, bool is_over, const char *message)
{
    struct work *work = ctx;
    log_info("step machine=%s step=%s state=%s", work->name, step,
             !is_over          ? "begins"
             : message == NULL ? "done"
                               : message);
    if (is_over) {
        machine_status_end(&work->status, step, message);
    } else {
        machine_status_begin(&work->status, step);
    }
    write_status(work);
}

static void
note(void *ctx, enum session_note what, const char *text)
{
    struct work *work = ctx;
    switch (what) {
    case SESSION_NOTE_HOST_KEY:
        machine_status_set(&work->status.host_key, text);
        break;
    case SESSION_NOTE_SHARE:
        machine_status_share(&work->status, text);
        break;
    }
    write_status(work);
}

static void
ask(void *ctx, const struct session_question *question)
{
    struct work *work = ctx;
    machine_status_ask(&work->status, question);
    work->status.phase = question == NULL ? "Installing" : "Waiting";
    log_info("question machine=%s step=%s kind=%s", work->name, work->status.step,
             question == NULL ? "none" : question->kind);
    write_status(work);
}

static void
done(void *ctx, struct err *owned)
{
    struct work *work = ctx;
    struct machine_status *status = &work->status;
    work->session = NULL;
    work->is_over = true;
    status->phase = owned == NULL ? "Ready" : "Failed";
    status->step = owned == NULL ? "" : status->step;
    status->observed = owned == NULL || owned->code != ERR_CANCELLED ? work->generation : 0;
    mem_free(status->node_name);
    status->node_name = str_dup(work->node_name);
    mem_free(status->message);
    status->message =
        owned != NULL
            ? mem_strdup(owned->message)
            : mem_printf("Ready after %.1f s", (double)(clock_mono_ms() - status->begun_ms) / 1000);
    write_status(work);
    err_free(owned);
}

int
ctl_machine_answer(struct ctl_machine *machines, struct str name, struct str id, struct str text,
                   struct err **err)
{
    struct work *work = map_get(&machines->running, name);
    if (work == NULL || work->session == NULL) {
        return err_set(err, ERR_NOT_FOUND, "nothing is asked about the machine '" STR_FMT "'",
                       STR_ARG(name));
    }
    return session_answer(work->session, id, text, err);
}

/* ---- worker ---- */

static struct transport *
transport_of(struct session *session, const struct work *work, struct err **err)
{
    if (str_is(work->transport, "local")) {
        return transport_local(session);
    }
    if (!str_is(work->transport, "ssh")) {
        (void)err_set(err, ERR_BAD_REQUEST,
                      "transport '" STR_FMT "' is not there yet: 'ssh' and 'local' are",
                      STR_ARG(work->transport));
        return NULL;
    }
    if (work->ssh.host[0] == '\0') {
        (void)err_set(err, ERR_BAD_REQUEST, "spec.address says where the machine is: it is empty");
        return NULL;
    }
    return transport_ssh(session, &work->ssh);
}

static void
body(struct session *session, void *ctx, struct err **err)
{
    struct work *work = ctx;
    const struct ctl_machine *m = work->of;
    struct transport *transport = transport_of(session, work, err);
    if (transport == NULL) {
        return;
    }
    struct step_run run = {
        .session = session,
        .transport = transport,
        .arena = work->arena,
        .registry = m->spec.registry,
        .machine = str_of(work->name),
        .agent_path = str_of(m->agent_path),
        .api_url = str_of(m->api_url),
        .ca_pem = str_of(m->ca_pem),
        .client_ca_pem = str_of(m->client_ca_pem),
        .cluster_domain = str_of(m->cluster_domain),
        .cluster_dns = str_of(m->cluster_dns),
        .wanted_name = work->wanted_name,
    };
    (void)onboard_walk(&run, true, err);
    work->node_name = run.node_name;
    transport->ops->close(transport);
}

/* ---- machines ---- */

static bool
is_due(struct val machine, int64_t generation)
{
    struct val status = val_get(machine, "status");
    return val_int(val_get(status, "observedGeneration"), 0) < generation;
}

static const char *
text_of(struct work *work, struct val from, const char *key)
{
    return arena_dupz(work->arena, val_str(val_get(from, key)));
}

static struct transport_ssh_spec
ssh_of(struct work *work, struct val machine)
{
    enum { SSH_PORT = 22 };
    struct val spec = val_get(machine, "spec");
    const char *user = text_of(work, spec, "user");
    return (struct transport_ssh_spec){
        .host = text_of(work, spec, "address"),
        .user = user[0] == '\0' ? "root" : user,
        .key_path = text_of(work, spec, "keyRef"),
        .port = (int)val_int(val_get(spec, "port"), SSH_PORT),
        .pinned = text_of(work, val_get(machine, "status"), "hostKey"),
        .expected = text_of(work, spec, "hostKey"),
    };
}

static void
take_up(struct ctl_machine *m, struct object *machine)
{
    AUTO_ERR struct err *err = NULL;
    struct work *work = MEM_NEW(struct work);
    struct val spec = val_get(object_val(machine), "spec");
    work->of = m;
    work->arena = arena_new();
    work->name = str_dup(machine->name);
    work->transport = arena_dup(work->arena, val_str(val_get(spec, "transport")));
    work->wanted_name = arena_dup(work->arena, val_str(val_get(spec, "nodeName")));
    work->ssh = ssh_of(work, object_val(machine));
    work->generation = machine->generation;
    work->latest = object_ref(machine);
    machine_status_init(&work->status);
    for (size_t i = 0; i < onboard_steps_len; i++) {
        if (!onboard_steps[i].is_way_in || !str_is(work->transport, "local")) {
            machine_status_add(&work->status, onboard_steps[i].name);
        }
    }
    work->status.phase = "Installing";
    struct session_spec session = { .loop = m->spec.loop,
                                    .client = m->spec.client,
                                    .body = body,
                                    .progress = progress,
                                    .note = note,
                                    .ask = ask,
                                    .done = done,
                                    .ctx = work };
    work->session = session_start(&session, &err);
    if (work->session == NULL) {
        log_warn("machine waits machine=%s error=%s", work->name, err->message);
        arena_free(work->arena);
        machine_status_done(&work->status);
        object_unref(work->latest);
        mem_free(work->name);
        mem_free(work);
        return;
    }
    (void)map_put(&m->running, machine->name, work);
}

/* Is there something to do for it? */
static void
consider(struct ctl_machine *m, struct object *machine)
{
    if (machine->deleted_at_ms != 0) {
        return;
    }
    object_pin(machine);
    if (is_due(object_val(machine), machine->generation)) {
        take_up(m, machine);
    }
    object_unpin(machine);
}

static void
changed(void *ctx, struct object *old, struct object *now, uint64_t rev)
{
    struct ctl_machine *m = ctx;
    const struct object *object = now == NULL ? old : now;
    struct work *work = map_get(&m->running, object->name);
    (void)rev;
    if (work != NULL) {
        object_unref(work->latest);
        work->latest = now == NULL ? NULL : object_ref(now);
    }
    if (work != NULL && work->session != NULL && (now == NULL || now->deleted_at_ms != 0)) {
        session_cancel(work->session);
    }
    if (work == NULL && now != NULL) {
        consider(m, now);
    }
}

struct ctl_machine *
ctl_machine_start(const struct ctl_machine_spec *spec)
{
    struct ctl_machine *m = MEM_NEW(struct ctl_machine);
    m->spec = *spec;
    m->api_url = mem_strdup(spec->api_url);
    m->ca_pem = mem_strdup(spec->ca_pem);
    m->client_ca_pem = mem_strdup(spec->client_ca_pem);
    m->agent_path = mem_strdup(spec->agent_path);
    m->cluster_domain = mem_strdup(spec->cluster_domain);
    m->cluster_dns = spec->cluster_dns == NULL ? NULL : mem_strdup(spec->cluster_dns);
    m->machines = registry_any_version(spec->registry, STR("binnacle.io"), STR("machines"));
    struct informer_spec informer = { .resource = m->machines };
    m->informer = informer_add(spec->informers, &informer, changed, NULL, m);
    return m;
}

static void
stop_all(struct ctl_machine *m)
{
    size_t iter = 0;
    struct str name;
    void *value;
    while (map_next(&m->running, &iter, &name, &value)) {
        struct work *work = value;
        if (work->session != NULL) {
            session_cancel(work->session);
        }
        if (work->again != NULL) { /* a last try, now */
            loop_timer_cancel(work->again);
            work->again = loop_timer(m->spec.loop, clock_mono_ms(), write_again, work);
        }
    }
}

void
ctl_machine_stop(struct ctl_machine *machines, void (*stopped)(void *ctx), void *ctx)
{
    struct work none = {
        .of = machines, .arena = arena_new(), .name = mem_strdup(""), .is_over = true
    };
    struct work *last = mem_copy(&none, sizeof(none));
    informer_del(machines->informer);
    machines->done = stopped;
    machines->done_ctx = ctx;
    stop_all(machines);
    leave(last); /* nothing at work: over at once */
}
