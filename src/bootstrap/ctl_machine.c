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
#include "base/map.h"
#include "base/mem.h"
#include "bootstrap/onboard.h"
#include "bootstrap/session.h"
#include "bootstrap/transport.h"
#include "client/client.h"
#include "client/informer.h"

#define LOG_MODULE "machine"

struct ctl_machine {
    struct ctl_machine_spec spec;
    char *api_url, *ca_pem, *client_ca_pem, *agent_path, *cluster_domain;
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
    struct str node_name; /* set by the worker, read by the loop after done */
    const char *step;     /* that runs: a name of the table, or "" */
    size_t writes;        /* status patches in flight */
    bool is_over;
};

/* ---- status ---- */

static void
leave(struct work *work)
{
    struct ctl_machine *m = work->of;
    if (!work->is_over || work->writes > 0) {
        return;
    }
    (void)map_del(&m->running, str_of(work->name));
    arena_free(work->arena);
    mem_free(work->name);
    mem_free(work);
    if (m->done != NULL && m->running.len == 0) {
        void (*done)(void *) = m->done;
        void *ctx = m->done_ctx;
        map_done(&m->running, NULL);
        mem_free(m->api_url);
        mem_free(m->ca_pem);
        mem_free(m->client_ca_pem);
        mem_free(m->agent_path);
        mem_free(m->cluster_domain);
        mem_free(m);
        done(ctx);
    }
}

static void
written(void *ctx, const struct reply *reply, struct err *owned)
{
    struct work *work = ctx;
    (void)reply;
    if (owned != NULL && owned->code != ERR_NOT_FOUND) {
        log_warn("status not written machine=%s error=%s", work->name, owned->message);
    }
    err_free(owned);
    work->writes--;
    leave(work);
}

/* What a patch of the status says; texts that are NULL stay as they are. */
struct status {
    const char *phase, *message, *node_name, *host_key;
    const struct session_question *question;
    bool is_final; /* the steps are through, well or not */
};

static void
put_question(struct jw *w, const struct work *work, const struct session_question *question)
{
    jw_keyz(w, "prompt");
    if (question == NULL) {
        jw_null(w);
        return;
    }
    jw_obj(w);
    jw_kvz(w, "id", question->id);
    jw_kvz(w, "step", work->step);
    jw_kvz(w, "kind", question->kind);
    jw_kvz(w, "message", question->message);
    jw_end(w);
}

static struct str
status_patch(const struct work *work, const struct status *status, struct arena *arena)
{
    struct jw w;
    jw_init(&w, arena);
    jw_obj(&w);
    jw_keyz(&w, "status");
    jw_obj(&w);
    jw_kvz(&w, "phase", status->phase);
    jw_kvz(&w, "step", work->step);
    jw_keyz(&w, "message");
    if (status->message == NULL) {
        jw_null(&w);
    } else {
        jw_strz(&w, status->message);
    }
    put_question(&w, work, status->question);
    if (status->node_name != NULL) {
        jw_kvz(&w, "nodeName", status->node_name);
    }
    if (status->host_key != NULL) {
        jw_kvz(&w, "hostKey", status->host_key);
    }
    if (status->is_final) {
        jw_kint(&w, "observedGeneration", work->generation);
    }
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}

static void
write_status(struct work *work, const struct status *status)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct call call =
        call_of(VERB_PATCH, work->of->machines, (struct str){ 0 }, str_of(work->name));
    call.subresource = "status";
    call.body = status_patch(work, status, arena);
    call.body_type = BODY_MERGE_PATCH;
    call.field_manager = STR("machine-controller");
    work->writes++;
    (void)client_call(work->of->spec.client, &call, written, work);
}

static void
progress(void *ctx, const char *step, bool is_over, const char *message)
{
    struct work *work = ctx;
    struct status status = { .phase = "Installing", .message = message };
    log_info("step machine=%s step=%s state=%s", work->name, step,
             !is_over          ? "begins"
             : message == NULL ? "done"
                               : message);
    if (!is_over) {
        work->step = step;
        write_status(work, &status);
    }
}

static void
note(void *ctx, enum session_note what, const char *text)
{
    struct work *work = ctx;
    struct status status = { .phase = "Installing" };
    switch (what) {
    case SESSION_NOTE_HOST_KEY:
        status.host_key = text;
        break;
    case SESSION_NOTE_SHARE:
        status.message = text;
        break;
    }
    write_status(work, &status);
}

static void
ask(void *ctx, const struct session_question *question)
{
    struct work *work = ctx;
    struct status status = { .phase = question == NULL ? "Installing" : "Waiting",
                             .question = question };
    log_info("question machine=%s step=%s kind=%s", work->name, work->step,
             question == NULL ? "none" : question->kind);
    write_status(work, &status);
}

static void
done(void *ctx, struct err *owned)
{
    struct work *work = ctx;
    AUTO_FREE char *node_name = str_dup(work->node_name);
    struct status status = {
        .phase = owned == NULL ? "Ready" : "Failed",
        .message = owned == NULL ? NULL : owned->message,
        .node_name = node_name,
        .is_final = owned == NULL || owned->code != ERR_CANCELLED,
    };
    work->session = NULL;
    work->is_over = true;
    work->step = owned == NULL ? "" : work->step;
    write_status(work, &status);
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
    work->step = "";
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
        mem_free(work->name);
        mem_free(work);
        return;
    }
    (void)map_put(&m->running, machine->name, work);
}

static void
changed(void *ctx, struct object *old, struct object *now, uint64_t rev)
{
    struct ctl_machine *m = ctx;
    const struct object *object = now == NULL ? old : now;
    struct work *work = map_get(&m->running, object->name);
    (void)rev;
    if (now == NULL || now->deleted_at_ms != 0) {
        if (work != NULL && work->session != NULL) {
            session_cancel(work->session);
        }
        return;
    }
    object_pin(now);
    if (work == NULL && is_due(object_val(now), now->generation)) {
        take_up(m, now);
    }
    object_unpin(now);
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
