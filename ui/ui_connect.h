/* The console's client: the control plane of this machine, or the cluster of a kubeconfig.  Start-up. */
#ifndef BINNACLE_UI_UI_CONNECT_H
#define BINNACLE_UI_UI_CONNECT_H

struct client;
struct err;
struct loop;
struct options;
struct ui_host;

struct ui_connection {
    struct client *client;
    char *cluster; /* its name, for the status line */
    char *ns;      /* to begin in, "" all */
};
int ui_connect(struct loop *loop, const struct options *options, const struct ui_host *host,
               struct ui_connection *ret, struct err **err);
void ui_connection_done(struct ui_connection *connection);

#endif
