/* The agent: everything a node needs, put together.  Loop thread. */
#ifndef BINNACLE_AGENT_AGENT_H
#define BINNACLE_AGENT_AGENT_H

struct agent;
struct err;
struct loop;
struct options;

/* Reads what it needs (kubeconfig, certificates, facts of the machine; blocking), and starts. */
int agent_new(struct loop *loop, const struct options *options, struct agent **ret,
              struct err **err);
/* Stops caring; containers go on. */
void agent_free(struct agent *agent);

#endif
