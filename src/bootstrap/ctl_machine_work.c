/* One Machine at work: its session, its status as it is written.  Called by ctl_machine.c; loop
 * thread, but for what is marked as the worker's. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "bootstrap/ctl_machine_priv.h"
#include "bootstrap/onboard.h"
#include "bootstrap/session.h"
#include "client/client.h"

#define LOG_MODULE "machine"

enum { AGAIN_MS = 1000, WRITES_MAX = 10 };

/* ---- status ---- */

static void free_work(struct machine_work *work);

/* The session is over and nothing is to be written any more. */
static void
leave(struct machine_work *work)
{
    struct ctl_machine *m = work->of;
    struct object *latest = work->latest;
    bool has_news = latest != NULL && latest->generation > work->generation;
    if (!work->is_over || work->is_writing || work->again != NULL) {
        return;
    }
    (void)map_del(&m->running, str_of(work->name));
    (void)object_ref(latest);
    free_work(work);
    if (has_news && m->done == NULL) {
        ctl_machine_consider(m, latest);
    }
    object_unref(latest);
    ctl_machine_leave(m);
}

static void flush(struct machine_work *work);

static void
write_again(void *ctx)
{
    struct machine_work *work = ctx;
    work->again = NULL;
    flush(work);
    leave(work);
}

static void
written(void *ctx, const struct reply *reply, struct err *owned)
{
    struct machine_work *work = ctx;
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

/* The finalizers but ours: nothing holds the Machine any more. */
static struct str
freed_patch(const struct object *machine, struct arena *arena)
{
    struct jw w;
    jw_init(&w, arena);
    jw_obj(&w);
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_keyz(&w, "finalizers");
    jw_arr(&w);
    VAL_EACH (it, val_at(object_val(machine), "metadata.finalizers")) {
        if (!val_is_str(it.value, FINALIZER_MACHINE)) {
            jw_val(&w, it.value);
        }
    }
    jw_end(&w);
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}

static void
send(struct machine_work *work, const char *subresource, struct str patch)
{
    struct call call =
        call_of(VERB_PATCH, work->of->machines, (struct str){ 0 }, str_of(work->name));
    call.subresource = subresource;
    call.body = patch;
    call.body_type = BODY_MERGE_PATCH;
    call.field_manager = STR("machine-controller");
    work->is_dirty = false;
    work->is_writing = true;
    (void)client_call(work->of->spec.client, &call, written, work);
}

/* One write at a time, so that they arrive in order; what changes meanwhile goes with the next. The
 * last one, that the Machine is free, says all: a status that waits is not needed any more. */
static void
flush(struct machine_work *work)
{
    AUTO_ARENA struct arena *arena = arena_new();
    if (!work->is_dirty || work->is_writing || work->again != NULL) {
        return;
    }
    if (!work->is_freed) {
        send(work, "status", machine_status_patch(&work->status, arena));
    } else if (work->latest != NULL) {
        object_pin(work->latest);
        send(work, NULL, freed_patch(work->latest, arena));
        object_unpin(work->latest);
    }
}

static void
let_go(struct machine_work *work)
{
    work->is_freed = true;
    work->is_dirty = true;
    flush(work);
}

static void
write_status(struct machine_work *work)
{
    work->is_dirty = true;
    flush(work);
}

static bool
puts_something(const char *name)
{
    for (size_t i = 0; i < onboard_steps_len; i++) {
        if (strcmp(name, onboard_steps[i].name) == 0) {
            return onboard_steps[i].undo != NULL;
        }
    }
    return false;
}

static void
progress(void *ctx, const char *step, bool is_over, const char *message)
{
    struct machine_work *work = ctx;
    log_info("step machine=%s step=%s state=%s", work->name, step,
             !is_over          ? "begins"
             : message == NULL ? "done"
                               : message);
    if (is_over) {
        machine_status_end(&work->status, step, message);
    } else {
        machine_status_begin(&work->status, step);
        work->status.is_installed = work->status.is_installed || puts_something(step);
    }
    write_status(work);
}

static void
note(void *ctx, enum session_note what, const char *text)
{
    struct machine_work *work = ctx;
    switch (what) {
    case SESSION_NOTE_HOST_KEY:
        machine_status_set(&work->status.host_key, text);
        break;
    case SESSION_NOTE_SHARE:
        machine_status_share(&work->status, text);
        break;
    case SESSION_NOTE_CLEAN:
        work->status.is_installed = false;
        break;
    }
    write_status(work);
}

static void
ask(void *ctx, const struct session_question *question)
{
    struct machine_work *work = ctx;
    machine_status_ask(&work->status, question);
    work->status.phase = question != NULL ? "Waiting" : work->removes ? "Removing" : "Installing";
    log_info("question machine=%s step=%s kind=%s", work->name, work->status.step,
             question == NULL ? "none" : question->kind);
    write_status(work);
}

/* Why a removal did not come to its end, and the way out. */
static char *
not_removed(const struct err *err)
{
    return mem_printf("%s; to remove it as it is: binnacle node remove --forget, or set its "
                      "spec.forget",
                      err->message);
}

static void
done(void *ctx, struct err *owned)
{
    struct machine_work *work = ctx;
    struct machine_status *status = &work->status;
    bool is_well = owned == NULL;
    work->session = NULL;
    work->is_over = true;
    status->observed = is_well || owned->code != ERR_CANCELLED ? work->generation : 0;
    if (work->removes && is_well) {
        status->is_installed = false;
        let_go(work);
        return;
    }
    status->phase = is_well ? "Ready" : "Failed";
    status->step = is_well ? "" : status->step;
    if (is_well) {
        mem_free(status->node_name);
        status->node_name = str_dup(work->node_name);
    }
    mem_free(status->message);
    status->message = is_well         ? mem_printf("Ready after %.1f s",
                                                   (double)(clock_mono_ms() - status->begun_ms) / 1000)
                      : work->removes ? not_removed(owned)
                                      : mem_strdup(owned->message);
    write_status(work);
    err_free(owned);
}

/* ---- worker ---- */

static struct transport *
transport_of(struct session *session, const struct machine_work *work, struct err **err)
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
    struct machine_work *work = ctx;
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
        .keeps = work->keeps,
    };
    if (work->removes) {
        (void)onboard_unwalk(&run, err);
    } else {
        (void)onboard_walk(&run, err);
    }
    work->node_name = run.node_name;
    transport->ops->close(transport);
}

/* ---- machines ---- */

static const char *
text_of(struct machine_work *work, struct val from, const char *key)
{
    return arena_dupz(work->arena, val_str(val_get(from, key)));
}

static struct transport_ssh_spec
ssh_of(struct machine_work *work, struct val machine)
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

/* The steps that will be taken, and what is known from before. */
static void
fill_status(struct machine_work *work, struct val machine)
{
    struct val status = val_get(machine, "status");
    bool is_local = str_is(work->transport, "local");
    bool was_node = val_str(val_get(status, "nodeName")).size > 0;
    for (size_t i = 0; i < onboard_steps_len; i++) {
        bool is_taken = !work->removes || onboard_is_needed(&onboard_steps[i]);
        if (is_taken && (!onboard_steps[i].is_way_in || !is_local)) {
            machine_status_add(&work->status, onboard_steps[i].name);
        }
    }
    for (size_t i = onboard_steps_len; work->removes && i > 0; i--) {
        if (onboard_steps[i - 1].undo != NULL) {
            machine_status_add(&work->status, onboard_steps[i - 1].undo_name);
        }
    }
    work->status.phase = work->removes ? "Removing" : "Installing";
    work->status.is_installed = val_bool(val_get(status, "installed"), false);
    work->keeps = val_bool(val_at(machine, "spec.keep"), false)
                      ? "what was put there stays, as asked for"
                  : was_node ? "the node is left as it is"
                             : NULL;
}

static struct machine_work *
new_work(struct ctl_machine *m, struct object *machine)
{
    struct machine_work *work = MEM_NEW(struct machine_work);
    struct val spec = val_get(object_val(machine), "spec");
    work->of = m;
    work->arena = arena_new();
    work->name = str_dup(machine->name);
    work->transport = arena_dup(work->arena, val_str(val_get(spec, "transport")));
    work->wanted_name = arena_dup(work->arena, val_str(val_get(spec, "nodeName")));
    work->ssh = ssh_of(work, object_val(machine));
    work->generation = machine->generation;
    work->latest = object_ref(machine);
    work->removes = machine->deleted_at_ms != 0;
    machine_status_init(&work->status);
    fill_status(work, object_val(machine));
    return work;
}

static void
free_work(struct machine_work *work)
{
    arena_free(work->arena);
    machine_status_done(&work->status);
    object_unref(work->latest);
    mem_free(work->name);
    mem_free(work);
}

void
ctl_machine_take_up(struct ctl_machine *m, struct object *machine)
{
    AUTO_ERR struct err *err = NULL;
    struct machine_work *work = new_work(m, machine);
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
        free_work(work);
        return;
    }
    (void)map_put(&m->running, machine->name, work);
}

/* ---- removal without the machine ---- */

/* The Node goes first, then the Machine. */
static void
node_deleted(void *ctx, const struct reply *reply, struct err *owned)
{
    struct machine_work *work = ctx;
    (void)reply;
    work->is_over = true;
    if (owned != NULL && owned->code != ERR_NOT_FOUND) {
        work->status.phase = "Failed";
        work->status.observed = work->generation;
        machine_status_set(&work->status.message, owned->message);
        write_status(work);
    } else {
        let_go(work);
    }
    err_free(owned);
}

void
ctl_machine_forget(struct ctl_machine *m, struct object *machine)
{
    struct machine_work *work = new_work(m, machine);
    struct str node =
        arena_dup(work->arena, val_str(val_at(object_val(machine), "status.nodeName")));
    (void)map_put(&m->running, machine->name, work);
    if (node.size == 0) {
        work->is_over = true;
        let_go(work);
        return;
    }
    struct call call =
        call_of(VERB_DELETE, registry_any_version(m->spec.registry, STR(""), STR("nodes")),
                (struct str){ 0 }, node);
    (void)client_call(m->spec.client, &call, node_deleted, work);
}

void
ctl_machine_give_up(struct machine_work *work)
{
    if (work->session != NULL) {
        session_cancel(work->session);
    }
    if (work->again != NULL) { /* a last try, now */
        loop_timer_cancel(work->again);
        work->again = loop_timer(work->of->spec.loop, clock_mono_ms(), write_again, work);
    }
}
