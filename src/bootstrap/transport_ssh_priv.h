/* What the files of the SSH transport share. */
#ifndef BINNACLE_BOOTSTRAP_TRANSPORT_SSH_PRIV_H
#define BINNACLE_BOOTSTRAP_TRANSPORT_SSH_PRIV_H

#include <stdbool.h>

#include "bootstrap/ssh.h"
#include "bootstrap/transport.h"

struct secret;

struct remote {
    struct transport transport;
    struct session *session;
    char *host, *user, *key_path, *pinned, *expected;
    int port;
    struct ssh *ssh;
    char *trusted;                 /* host key that this login goes by */
    char nonce[17];                /* by which our own words are known in what the host says */
    char *sudo;                    /* put before every command; NULL: we are root */
    struct secret *login_password; /* NULL: a key let us in, or it was not sudo's either */
    struct secret *sudo_password;  /* NULL: sudo asks for none, or not yet */
    bool was_asked, was_refused;   /* by sudo, in the last command: for a password; it */
};

/* Runs a script; `wanted` has its input, timeout and who is told of progress. */
int transport_ssh_run(struct remote *remote, const struct ssh_exec *wanted, struct str script,
                      struct arena *arena, struct transport_result *ret, struct err **err);
/* A new connection when this one is so old that sshd may end it before the login is through. */
int transport_ssh_refresh(struct remote *remote, int64_t older_than_ms, struct arena *arena,
                          struct err **err);

/* transport_ssh_login.c, transport_ssh_file.c: operations. */
int transport_ssh_authenticate(struct transport *transport, struct arena *arena, struct err **err);
int transport_ssh_put(struct transport *transport, const char *path, unsigned mode,
                      struct str bytes, struct err **err);
int transport_ssh_get(struct transport *transport, const char *path, size_t max,
                      struct arena *arena, struct str *ret, struct err **err);

#endif
