/* Where the console's calls go.  Called once at the start, by ui_main.c and ui_script.c; may block to
 * look a name up. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/ui_connect.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/options.h"
#include "client/client.h"
#include "client/kubeconf.h"
#include "ui/ui.h"

static const char agent[] = "binnacle-console/" PACKAGE_VERSION;

static void
connect_host(struct loop *loop, const struct ui_host *host, struct ui_connection *ret)
{
    AUTO_FREE char *address = mem_printf("unix:%s", host->socket_path);
    struct client_remote spec = { .address = address,
                                  .authority = "localhost",
                                  .user_agent = agent };

    ret->client = client_remote_new(loop, &spec);
    ret->cluster = mem_strdup("this machine");
}

int
ui_connect(struct loop *loop, const struct options *options, const struct ui_host *host,
           struct ui_connection *ret, struct err **err)
{
    const char *context = options_text(options, OPT_CONTEXT);
    const char *ns = options_text(options, OPT_NAMESPACE);
    struct kubeconf conf = { 0 };
    struct ui_connection made = { 0 };
    int rc;

    if (host != NULL) {
        connect_host(loop, host, ret);
        ret->ns = mem_strdup(ns);
        return 0;
    }
    if (kubeconf_load(options_text(options, OPT_KUBECONFIG), context[0] == '\0' ? NULL : context,
                      &conf, err) != 0) {
        return -1;
    }
    made.cluster = mem_strdup(conf.context == NULL ? conf.server : conf.context);
    made.ns = mem_strdup(ns[0] != '\0' || conf.ns == NULL ? ns : conf.ns);
    rc = kubeconf_client(loop, &conf, agent, &made.client, err);
    kubeconf_done(&conf);
    if (rc != 0) {
        ui_connection_done(&made);
        return -1;
    }
    *ret = made;
    return 0;
}

void
ui_connection_done(struct ui_connection *connection)
{
    client_free(connection->client);
    mem_free(connection->cluster);
    mem_free(connection->ns);
    *connection = (struct ui_connection){ 0 };
}
