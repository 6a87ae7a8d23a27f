/* "[user@]host[:port]" and the Machine that it means.  Pure. */
#ifndef BINNACLE_CLIENT_MACHINE_TARGET_H
#define BINNACLE_CLIENT_MACHINE_TARGET_H

#include "base/str.h"

struct arena;
struct err;

struct machine_target {
    struct str name;       /* of the Machine */
    struct str user, host; /* user may be absent */
    int port;              /* 0: not given */
    bool is_local;         /* "local": this machine */
};
struct machine_target_extra {
    const char *key_path, *host_key, *node_name; /* "" : not given */
    bool keeps;                                  /* Machine spec.keep */
};

/* IPv6 addresses with a port stand in brackets. Texts live in the arena. */
int machine_target_parse(const char *text, struct arena *arena, struct machine_target *ret,
                         struct err **err);
/* The Machine to create. */
struct str machine_target_machine(const struct machine_target *target,
                                  const struct machine_target_extra *extra, struct arena *arena);
/* A merge patch that makes an older Machine go through its steps again. */
struct str machine_target_again(const struct machine_target *target,
                                const struct machine_target_extra *extra, int64_t tries,
                                struct arena *arena);

#endif
