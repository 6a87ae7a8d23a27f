/* kubeconfig files: contexts, clusters, credentials.  Start-up. */
#ifndef BINNACLE_CLIENT_KUBECONF_H
#define BINNACLE_CLIENT_KUBECONF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct client;
struct err;
struct loop;

struct kubeconf {
    char *context, *server, *ns; /* server: "https://host:port/prefix"; ns: NULL when not said */
    char *ca_pem, *cert_pem, *key_pem, *token, *tls_server_name, *impersonate_user;
    bool insecure;
    char **contexts; /* all names */
    size_t context_len;
};
/* path: a file, or several separated by colons as in $KUBECONFIG: the first that says something
 * wins, and files that are missing are left out when there is another. context NULL: the current
 * one. Relative paths inside count from their file. Credentials that need a program (exec,
 * auth-provider) or a password are refused by name. */
int kubeconf_load(const char *path, const char *context, struct kubeconf *ret, struct err **err);
void kubeconf_done(struct kubeconf *conf); /* wipes the secrets */
/* A client of that server; looks its name up (blocking). */
int kubeconf_client(struct loop *loop, const struct kubeconf *conf, const char *user_agent,
                    struct client **ret, struct err **err);
/* A kubeconfig with embedded certificates, as `serve` writes admin.kubeconfig. */
void kubeconf_write(struct str_builder *out, const char *server, struct str ca_pem,
                    struct str cert_pem, struct str key_pem, const char *user);

#endif
