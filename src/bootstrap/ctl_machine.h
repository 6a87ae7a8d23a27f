/* Machines become nodes: one session each, their progress in status.  Loop thread. */
#ifndef BINNACLE_BOOTSTRAP_CTL_MACHINE_H
#define BINNACLE_BOOTSTRAP_CTL_MACHINE_H

#include "base/str.h"

struct client;
struct ctl_machine;
struct err;
struct informers;
struct loop;
struct registry;

struct ctl_machine_spec {
    struct loop *loop;
    struct client *client; /* of the API user that onboards; outlives this */
    struct informers *informers;
    struct registry *registry;
    /* Where nodes reach the API, what they trust, whose certificates may ask them, the agent's file,
     * the DNS domain and the address that nodes answer it at (NULL: they do not); copied. */
    const char *api_url, *ca_pem, *client_ca_pem, *agent_path, *cluster_domain, *cluster_dns;
};
struct ctl_machine *ctl_machine_start(const struct ctl_machine_spec *spec);
/* An answer to the question that stands in the Machine's status (prompt.id): -1 NOT_FOUND when it
 * does not, or no longer. The caller wipes the text. */
int ctl_machine_answer(struct ctl_machine *machines, struct str name, struct str id,
                       struct str text, struct err **err);
void ctl_machine_stop(struct ctl_machine *machines, void (*done)(void *ctx), void *ctx);

#endif
