/* How a machine is worked on: run a script, put and get files.  Worker thread; blocking.
 *
 * Every transport runs the same steps (onboard.def). No secret ever stands in a script: scripts may
 * show in a process list, input does not. */
#ifndef BINNACLE_BOOTSTRAP_TRANSPORT_H
#define BINNACLE_BOOTSTRAP_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct arena;
struct err;
struct session;
struct transport;

struct transport_result {
    int status;          /* exit code, or 128 + signal */
    struct str out, err; /* in the arena, at most 1 MiB each */
};
struct transport_ops {
    /* The way in, a step each; all NULL where there is none to go (is_remote false). */
    int (*connect)(struct transport *, struct arena *, struct err **err);
    int (*trust)(struct transport *, struct arena *, struct err **err);
    int (*authenticate)(struct transport *, struct arena *, struct err **err);
    int (*privilege)(struct transport *, struct arena *, struct err **err);
    /* A POSIX sh script with its input; -1: it could not be run or was cut off in time. */
    int (*run)(struct transport *, struct str script, struct str input, int64_t timeout_ms,
               struct arena *arena, struct transport_result *ret, struct err **err);
    /* Writes beside the file and renames: readers see the old bytes or the new ones. */
    int (*put)(struct transport *, const char *path, unsigned mode, struct str bytes,
               struct err **err);
    int (*get)(struct transport *, const char *path, size_t max, struct arena *arena,
               struct str *ret, struct err **err);
    void (*close)(struct transport *);
};
struct transport {
    const struct transport_ops *ops;
    bool is_remote;
    bool is_lost; /* nobody answers there any more */
};

/* This machine, as the user that serve runs as. */
struct transport *transport_local(struct session *session);

/* Another machine, by libssh2. Texts are copied; an empty one is not given. */
struct transport_ssh_spec {
    const char *host, *user, *key_path;
    int port;
    const char *pinned;   /* host key that was accepted before */
    const char *expected; /* host key or fingerprint that the Machine names */
};
struct transport *transport_ssh(struct session *session, const struct transport_ssh_spec *spec);

#endif
