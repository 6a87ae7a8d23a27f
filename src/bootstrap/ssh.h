/* One SSH connection by libssh2: connect, log in, run commands.  Its worker only; blocking, with a
 * deadline for everything, and ended by a cancel of the session. */
#ifndef BINNACLE_BOOTSTRAP_SSH_H
#define BINNACLE_BOOTSTRAP_SSH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct arena;
struct err;
struct secret;
struct session;
struct ssh;

/* Connects and shakes hands. key_type: of the host key that is known already, asked for first, so
 * that a host with several keys shows that one; may be absent. */
struct ssh *ssh_open(struct session *session, const char *host, int port, struct str key_type,
                     int64_t timeout_ms, struct err **err);
void ssh_close(struct ssh *ssh); /* NULL allowed */
/* The host's key as host_key.h writes it. */
struct str ssh_host_key(const struct ssh *ssh, struct arena *arena);
int64_t ssh_age_ms(const struct ssh *ssh); /* since the connection was made */
bool ssh_is_lost(const struct ssh *ssh);   /* it broke; NULL allowed */

/* ---- logging in (ssh_login.c) ---- */

enum ssh_login {
    SSH_LOGIN_OK,
    SSH_LOGIN_REFUSED,
    SSH_LOGIN_LOCKED, /* the key's file wants a passphrase, another one, or is no key */
    SSH_LOGIN_BROKEN  /* *err says why */
};

/* The methods that the server still takes: "publickey,password"; "": none is needed. */
enum ssh_login ssh_login_methods(struct ssh *ssh, const char *user, struct str *ret,
                                 struct arena *arena, struct err **err);
/* A private key's file; passphrase NULL: it needs none. */
enum ssh_login ssh_login_key(struct ssh *ssh, const char *user, const char *path,
                             const struct secret *passphrase, struct err **err);
bool ssh_login_has(struct str methods, const char *method);
/* By the method password, or keyboard-interactive where only that is taken. */
enum ssh_login ssh_login_password(struct ssh *ssh, const char *user, struct str methods,
                                  const struct secret *password, struct err **err);

/* ---- commands (ssh_exec.c) ---- */

/* What a command's stderr means before its input may flow. */
enum ssh_gate { SSH_GATE_SHUT, SSH_GATE_OPEN, SSH_GATE_REFUSED };
struct ssh_exec {
    const char *command;
    struct str input; /* after the gate is open */
    int64_t timeout_ms;
    /* Looks at all of stderr so far; sets *ret_say to what is to be written now (a password: never
     * kept), *ret_used to how much of stderr was meant for it. NULL: open from the start. */
    enum ssh_gate (*gate)(void *ctx, struct str said, struct str *ret_say, size_t *ret_used);
    void *gate_ctx;
    void (*sent)(void *ctx, size_t bytes); /* of the input so far; NULL: nobody cares */
    void *sent_ctx;
};
struct ssh_result {
    int status;          /* exit code, 128 + signal where a signal ended it */
    bool is_open;        /* the gate was passed */
    struct str out, err; /* in the arena, at most 1 MiB each; err: after what the gate used */
};
int ssh_exec(struct ssh *ssh, const struct ssh_exec *exec, struct arena *arena,
             struct ssh_result *ret, struct err **err);

#endif
