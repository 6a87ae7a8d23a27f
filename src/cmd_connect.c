/* The command line's way to an API.  Called by the commands that are its clients. */
#include "config.h" /* IWYU pragma: keep */

#include "cmd_connect.h"

#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/options.h"
#include "client/client.h"
#include "client/kubeconf.h"

static int
connect_local(struct loop *loop, const struct options *options, const char *agent,
              struct cmd_connection *ret, struct err **err)
{
    AUTO_FREE char *dir = options_data_dir(options);
    AUTO_FREE char *path = mem_printf("%s/socket", dir);
    AUTO_FREE char *address = mem_printf("unix:%s", path);
    struct client_remote remote = { .address = address,
                                    .authority = "localhost",
                                    .user_agent = agent };
    if (access(path, F_OK) != 0) {
        return err_set(err, ERR_UNAVAILABLE,
                       "there is no '%s': start `binnacle serve` first, or say which cluster with "
                       "--data-dir or --kubeconfig",
                       path);
    }
    ret->client = client_remote_new(loop, &remote);
    ret->ns = mem_strdup("default");
    return 0;
}

int
cmd_connect(struct loop *loop, const struct options *options, const char *agent,
            struct cmd_connection *ret, struct err **err)
{
    const char *path = options_text(options, OPT_KUBECONFIG);
    const char *context = options_text(options, OPT_CONTEXT);
    struct kubeconf conf = { 0 };
    if (path[0] == '\0') {
        return connect_local(loop, options, agent, ret, err);
    }
    if (kubeconf_load(path, context[0] == '\0' ? NULL : context, &conf, err) < 0) {
        return -1;
    }
    int rc = kubeconf_client(loop, &conf, agent, &ret->client, err);
    if (rc == 0) {
        ret->ns = mem_strdup(conf.ns == NULL || conf.ns[0] == '\0' ? "default" : conf.ns);
    }
    kubeconf_done(&conf);
    return rc;
}

void
cmd_connect_done(struct cmd_connection *connection)
{
    client_free(connection->client);
    mem_free(connection->ns);
    *connection = (struct cmd_connection){ 0 };
}
