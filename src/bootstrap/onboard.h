/* The steps that make a machine a node: one table (onboard.def), each check-then-act.  Worker. */
#ifndef BINNACLE_BOOTSTRAP_ONBOARD_H
#define BINNACLE_BOOTSTRAP_ONBOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct arena;
struct err;
struct registry;
struct session;
struct transport;

/* What all steps of one machine share. Texts live in the arena or longer. */
struct step_run {
    struct session *session;
    struct transport *transport;
    struct arena *arena;
    const struct registry *registry;
    struct str machine;       /* name of the Machine object */
    struct str agent_path;    /* the agent's file on this side */
    struct str api_url;       /* where the node reaches the API */
    struct str ca_pem;        /* that the node trusts */
    struct str client_ca_pem; /* of those who may ask the node's own server */
    struct str cluster_dns;   /* absent: pods use the host's name servers */
    struct str cluster_domain, labels_json, taints_json;
    struct str wanted_name; /* spec.nodeName, absent: the host's own name */
    /* found by the steps */
    struct str node_name, address, agent_hash;
    bool has_systemd, is_root;
};
struct step {
    const char *name;
    bool is_way_in; /* only where the transport has a way to go */
    /* Is it done already? An error here is the step's error. NULL: always act. */
    bool (*is_done)(struct step_run *run, struct err **err);
    int (*act)(struct step_run *run, struct err **err);
    void (*undo)(struct step_run *run); /* NULL: nothing to take back */
    int timeout_s;                      /* of one script of it */
    const char *advice;                 /* added to what went wrong */
};
extern const struct step onboard_steps[];
extern const size_t onboard_steps_len;

/* Runs the table; a failed step is undone when `undoes`, earlier ones stay (a second try finds them
 * done). Progress goes to the session. */
int onboard_walk(struct step_run *run, bool undoes, struct err **err);

/* A script of a step, its output trimmed; a status other than 0 is an error with what it said. */
int onboard_script(struct step_run *run, const char *script, struct str input, int timeout_s,
                   struct str *ret_out, struct err **err);

/* onboard.def names these. */
#define STEP(name, is_done, act, undo, timeout_s, advice)                                          \
    int act(struct step_run *run, struct err **err);
#define WAY_IN(name, op, advice) int step_##op(struct step_run *run, struct err **err);
#include "bootstrap/onboard.def"
#undef STEP
#undef WAY_IN
bool step_push_is_done(struct step_run *run, struct err **err);
bool step_runtime_is_done(struct step_run *run, struct err **err);
bool step_identity_is_done(struct step_run *run, struct err **err);
bool step_service_is_done(struct step_run *run, struct err **err);
void step_service_undo(struct step_run *run);

#endif
