/* The environment of a container: services, envFrom, env, with $(NAME) expanded.  Pure. */
#ifndef BINNACLE_AGENT_POD_ENV_H
#define BINNACLE_AGENT_POD_ENV_H

#include "agent/pod_field.h"
#include "agent/pod_source.h"

struct pod_env_in {
    struct val pod, container;
    const struct pod_place *place;
    const struct pod_sources *sources;
    const struct val *services; /* all of the node's cache that may matter, in any order */
    size_t service_len;
};
struct pod_env_var {
    struct str name, value;
};
struct pod_env {
    struct arena *arena;
    struct pod_env_var *at;
    size_t len, capacity;
};
enum { POD_ENV_MAX = 20000 };

/* The declared ones in order, then those of services. Everything lives in out->arena. */
int pod_env_make(const struct pod_env_in *in, struct pod_env *out, struct err **err);
bool pod_env_get(const struct pod_env *env, struct str name, struct str *ret_value);
/* Command, arguments and subPathExpr: references expanded with the whole environment. */
struct str pod_env_expand(const struct pod_env *env, struct str text);
/* subPathExpr: a reference to an unknown name is an error. */
int pod_env_expand_strict(const struct pod_env *env, struct str text, struct str *ret,
                          struct err **err);

#endif
