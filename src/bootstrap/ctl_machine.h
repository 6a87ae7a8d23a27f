/* Machines become nodes: one session each, their progress in status.  Loop thread. */
#ifndef BINNACLE_BOOTSTRAP_CTL_MACHINE_H
#define BINNACLE_BOOTSTRAP_CTL_MACHINE_H

struct client;
struct ctl_machine;
struct informers;
struct loop;
struct registry;

struct ctl_machine_spec {
    struct loop *loop;
    struct client *client; /* of the API user that onboards; outlives this */
    struct informers *informers;
    struct registry *registry;
    /* Where nodes reach the API, what they trust, whose certificates may ask them, the agent's file,
     * the DNS domain; copied. */
    const char *api_url, *ca_pem, *client_ca_pem, *agent_path, *cluster_domain;
};
struct ctl_machine *ctl_machine_start(const struct ctl_machine_spec *spec);
void ctl_machine_stop(struct ctl_machine *machines, void (*done)(void *ctx), void *ctx);

#endif
