/* What the files of an SSH connection share. */
#ifndef BINNACLE_BOOTSTRAP_SSH_PRIV_H
#define BINNACLE_BOOTSTRAP_SSH_PRIV_H

#include <libssh2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootstrap/ssh.h"

struct err;
struct secret;
struct session;

struct ssh {
    struct session *session;
    LIBSSH2_SESSION *lib;
    int fd;
    int failed;  /* errno of its last read that failed */
    char *place; /* "10.0.0.7:22" or "[::1]:22", for messages */
    int64_t opened_ms;
    int64_t guard_ms;              /* no byte is read after it, see ssh_guard */
    size_t greeted;                /* bytes read before the handshake was through */
    bool is_through, is_late;      /* the handshake; the guard struck */
    bool is_lost;                  /* the connection broke */
    const struct secret *password; /* of the login under way; NULL: none */
};

/* The library reads on as long as bytes come: what it does next ends at this deadline whatever comes. */
void ssh_guard(struct ssh *ssh, int64_t deadline_ms);

/* After LIBSSH2_ERROR_EAGAIN: until the socket can go on; -1 at the deadline, after a cancel. */
int ssh_wait(struct ssh *ssh, int64_t deadline_ms, struct err **err);
/* Memory that the library will free: texts that a callback of it answers. */
void *ssh_lib_alloc(size_t size);
/* The library's last error as ours: "what: reason". Returns -1. */
int ssh_failed(struct ssh *ssh, const char *what, struct err **err);

#endif
