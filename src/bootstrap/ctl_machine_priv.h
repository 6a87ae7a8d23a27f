/* Inside ctl_machine*.c: the controller, and one Machine at work. */
#ifndef BINNACLE_BOOTSTRAP_CTL_MACHINE_PRIV_H
#define BINNACLE_BOOTSTRAP_CTL_MACHINE_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "base/str.h"
#include "bootstrap/ctl_machine.h"
#include "bootstrap/machine_status.h"
#include "bootstrap/transport.h"

struct arena;
struct informer;
struct loop_timer;
struct object;
struct resource;
struct session;

struct ctl_machine {
    struct ctl_machine_spec spec;
    char *api_url, *ca_pem, *client_ca_pem, *agent_path, *cluster_domain, *cluster_dns;
    const struct resource *machines;
    struct informer *informer;
    struct map running; /* name → struct machine_work */
    void (*done)(void *ctx);
    void *done_ctx;
};
/* One Machine at work. */
struct machine_work {
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
    bool is_freed;     /* the last write: our finalizer goes */
    bool removes;      /* the machine is being deleted: everything is taken back */
    const char *keeps; /* step_run.keeps */
};

/* Something changed, or a work ended: is there something to do for it? */
void ctl_machine_consider(struct ctl_machine *m, struct object *machine);
/* Begins the steps, or the removal of what is being deleted. */
void ctl_machine_take_up(struct ctl_machine *m, struct object *machine);
/* A Machine with nothing of ours on it, or nothing that is to be taken off. */
void ctl_machine_forget(struct ctl_machine *m, struct object *machine);
/* The controller ends: gives up what runs. */
void ctl_machine_give_up(struct machine_work *work);
/* Frees it when it was stopped and nothing is at work any more. */
void ctl_machine_leave(struct ctl_machine *m);

#endif
