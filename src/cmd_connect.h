/* Where the command line's calls go: the cluster of --kubeconfig, else the control plane of this
 * machine's data directory. */
#ifndef BINNACLE_CMD_CONNECT_H
#define BINNACLE_CMD_CONNECT_H

struct client;
struct err;
struct loop;
struct options;

struct cmd_connection {
    struct client *client;
    char *ns; /* of the kubeconfig's context; "default" when it says none */
};

/* agent: what the API sees as User-Agent. May block to look a name up. */
int cmd_connect(struct loop *loop, const struct options *options, const char *agent,
                struct cmd_connection *ret, struct err **err);
void cmd_connect_done(struct cmd_connection *connection);

#endif
