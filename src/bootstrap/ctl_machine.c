/* The machine controller: a session for each Machine whose steps have not run for its present
 * spec.  Loop thread; the work itself is on the sessions' workers.
 *
 * A Machine is taken up when status.observedGeneration is behind or its phase is no final one, so a
 * control plane that was killed in the middle goes on: the steps find what is done. */
#include "config.h" /* IWYU pragma: keep */

#include "bootstrap/ctl_machine.h"

#include "api/object.h"
#include "api/registry.h"
#include "base/err.h"
#include "base/mem.h"
#include "bootstrap/ctl_machine_priv.h"
#include "bootstrap/session.h"
#include "client/client.h"
#include "client/informer.h"

int
ctl_machine_answer(struct ctl_machine *machines, struct str name, struct str id, struct str text,
                   struct err **err)
{
    struct machine_work *work = map_get(&machines->running, name);
    if (work == NULL || work->session == NULL) {
        return err_set(err, ERR_NOT_FOUND, "nothing is asked about the machine '" STR_FMT "'",
                       STR_ARG(name));
    }
    return session_answer(work->session, id, text, err);
}

/* Have the steps, or the removal, run for this generation? */
static bool
is_due(struct val machine, int64_t generation)
{
    struct val status = val_get(machine, "status");
    return val_int(val_get(status, "observedGeneration"), 0) < generation;
}

static bool
is_held(struct val machine)
{
    VAL_EACH (it, val_at(machine, "metadata.finalizers")) {
        if (val_is_str(it.value, FINALIZER_MACHINE)) {
            return true;
        }
    }
    return false;
}

/* ---- what is to be done ---- */

static void
consider_removal(struct ctl_machine *m, struct object *machine)
{
    struct val root = object_val(machine);
    bool is_installed = val_bool(val_at(root, "status.installed"), false);
    if (!is_held(root)) {
        return;
    }
    if (!is_installed || val_bool(val_at(root, "spec.forget"), false)) {
        ctl_machine_forget(m, machine);
    } else if (is_due(root, machine->generation)) {
        ctl_machine_take_up(m, machine);
    }
}

void
ctl_machine_consider(struct ctl_machine *m, struct object *machine)
{
    object_pin(machine);
    if (machine->deleted_at_ms != 0) {
        consider_removal(m, machine);
    } else if (is_due(object_val(machine), machine->generation)) {
        ctl_machine_take_up(m, machine);
    }
    object_unpin(machine);
}

static bool
ends_work(const struct machine_work *work, struct object *now)
{
    if (now == NULL || (now->deleted_at_ms != 0 && !work->removes)) {
        return true;
    }
    object_pin(now);
    bool is_forgotten = work->removes && val_bool(val_at(object_val(now), "spec.forget"), false);
    object_unpin(now);
    return is_forgotten;
}

static void
changed(void *ctx, struct object *old, struct object *now, uint64_t rev)
{
    struct ctl_machine *m = ctx;
    const struct object *object = now == NULL ? old : now;
    struct machine_work *work = map_get(&m->running, object->name);
    (void)rev;
    if (work != NULL) {
        object_unref(work->latest);
        work->latest = now == NULL ? NULL : object_ref(now);
    }
    /* A removal ends what runs; that it is to be forgotten ends a removal. */
    if (work != NULL && work->session != NULL && ends_work(work, now)) {
        session_cancel(work->session);
    }
    if (work == NULL && now != NULL) {
        ctl_machine_consider(m, now);
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
        ctl_machine_give_up(value);
    }
}

void
ctl_machine_leave(struct ctl_machine *m)
{
    void (*done)(void *) = m->done;
    void *ctx = m->done_ctx;
    if (done == NULL || m->running.len > 0) {
        return;
    }
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

void
ctl_machine_stop(struct ctl_machine *machines, void (*stopped)(void *ctx), void *ctx)
{
    informer_del(machines->informer);
    machines->done = stopped;
    machines->done_ctx = ctx;
    stop_all(machines);
    ctl_machine_leave(machines); /* nothing at work: over at once */
}
