/* The steps that make a machine a node: one table (onboard.def), each check-then-act.  Worker. */
#ifndef BINNACLE_BOOTSTRAP_ONBOARD_H
#define BINNACLE_BOOTSTRAP_ONBOARD_H

#include <stdbool.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;
struct call;
struct err;
struct registry;
struct resource;
struct session;
struct transport;

/* Where things are on a node. */
#define ONBOARD_AGENT_DIR "/usr/local/lib/binnacle"
#define ONBOARD_AGENT ONBOARD_AGENT_DIR "/binnacle-agent"
#define ONBOARD_PACKAGES ONBOARD_AGENT_DIR "/packages" /* that we installed, one a line */
#define ONBOARD_CONF "/etc/binnacle-agent"
#define ONBOARD_UNIT "/etc/systemd/system/binnacle-agent.service"

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
    struct str facts; /* lines "key=value" */
    bool has_systemd, is_root;
    const char *keeps; /* why what is there stays after a failure; NULL: it is taken back */
};
struct step {
    const char *name;
    bool is_way_in; /* only where the transport has a way to go */
    /* Is it done already? An error here is the step's error. NULL: always act. */
    bool (*is_done)(struct step_run *run, struct err **err);
    int (*act)(struct step_run *run, struct err **err);
    /* Takes back whatever of it is there, done well or half; NULL: it leaves nothing behind. */
    int (*undo)(struct step_run *run, struct err **err);
    const char *undo_name;
    const char *advice; /* added to what went wrong */
};
extern const struct step onboard_steps[];
extern const size_t onboard_steps_len;

/* Runs the table. After a failure all is taken back that is there by then, unless run->keeps, or the
 * session is cancelled: then a second try finds what is done. Progress goes to the session. */
int onboard_walk(struct step_run *run, struct err **err);
/* Is it taken before everything is taken back, too? */
bool onboard_is_needed(const struct step *step);
/* The way in, then everything taken back, the last step first. */
int onboard_unwalk(struct step_run *run, struct err **err);

/* A script of a step, its output trimmed and made plain text: hosts may be hostile. A status other
 * than 0 is an error with what it said. */
int onboard_script(struct step_run *run, const char *script, struct str input, int timeout_s,
                   struct str *ret_out, struct err **err);

/* onboard.def names these. */
#define STEP(name, is_done, act, undo, undo_name, advice)                                          \
    int act(struct step_run *run, struct err **err);
#define WAY_IN(name, op, advice) int step_##op(struct step_run *run, struct err **err);
#include "bootstrap/onboard.def"
#undef STEP
#undef WAY_IN
bool step_push_is_done(struct step_run *run, struct err **err);
bool step_runtime_is_done(struct step_run *run, struct err **err);
bool step_identity_is_done(struct step_run *run, struct err **err);
bool step_service_is_done(struct step_run *run, struct err **err);
int step_push_undo(struct step_run *run, struct err **err);
int step_runtime_undo(struct step_run *run, struct err **err);
int step_identity_undo(struct step_run *run, struct err **err);
int step_service_undo(struct step_run *run, struct err **err);
int step_verify_undo(struct step_run *run, struct err **err);

/* ---- the API, for steps ---- */

const struct resource *onboard_resource(const struct step_run *run, const char *group,
                                        const char *plural);
/* GET, or LIST where name is absent; the document lives in the arena. */
int onboard_read(struct step_run *run, const struct call *call, struct val *ret, struct err **err);
/* "True" of a Node's condition Ready. */
bool onboard_is_ready(struct val node);

#endif
