/* kubeconfig files: contexts, clusters, credentials.  Start-up. */
#ifndef BINNACLE_CLIENT_KUBECONF_H
#define BINNACLE_CLIENT_KUBECONF_H

#include <stdbool.h>

#include "base/str.h"

struct client;
struct err;
struct loop;

struct kubeconf {
    char *context, *server, *ns; /* server: "https://host:port" */
    char *ca_pem, *cert_pem, *key_pem, *token, *tls_server_name;
    bool insecure;
    char **contexts; /* all names */
    size_t context_len;
};
int kubeconf_load(const char *path, const char *context, struct kubeconf *ret, struct err **err);
void kubeconf_done(struct kubeconf *conf);
int kubeconf_client(struct loop *loop, const struct kubeconf *conf, struct client **ret,
                    struct err **err);
/* A kubeconfig with embedded certificates, as `serve` writes admin.kubeconfig. */
void kubeconf_write(struct str_builder *out, const char *server, struct str ca_pem,
                    struct str cert_pem, struct str key_pem, const char *user);

#endif
