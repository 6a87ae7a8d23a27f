/* The pods behind a Service, as Endpoints and EndpointSlices tell of them.  Pure. */
#ifndef BINNACLE_CONTROLLERS_CTL_BACKENDS_H
#define BINNACLE_CONTROLLERS_CTL_BACKENDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/doc.h"
#include "base/str.h"
#include "client/reconcile.h"

struct object;
struct plan_in;

/* A pod that the Service selects and that has an address of the family. */
struct ctl_backend {
    struct object *pod; /* pinned until ctl_backends_done */
    struct val root;
    struct str address;
    bool is_ready, is_terminating;
};
struct ctl_backends {
    struct ctl_backend *at;
    size_t len;
};
/* Neither finished nor without an address; is_v6: which of its addresses. */
struct ctl_backends ctl_backends_of(const struct plan_in *in, const struct object *service,
                                    bool is_v6);
void ctl_backends_done(struct ctl_backends *backends);

/* Has it a selector, and is it of a type that has endpoints? */
bool ctl_backends_are_wanted(const struct object *service);
/* The number that a port of the Service has on this pod; false: the pod has no port of that name. */
bool ctl_backends_port(struct val service_port, struct val pod, int64_t *ret);
/* The name by which DNS knows the pod under this Service, absent: none. */
struct str ctl_backends_hostname(const struct object *service, struct val pod);
/* "targetRef" of the pod, key and value. */
void ctl_backends_write_target(const struct ctl_backend *backend, struct jw *out);
/* Labels of the Service less those that are ours to write. */
void ctl_backends_write_labels(const struct object *service, const char *const *ours,
                               struct jw *out);

/* A new EndpointSlice of a Service or Endpoints: its name and namespace; "metadata" is still open. */
void ctl_backends_begin_slice(const struct object *owner, struct str name, struct jw *out);

/* Keys: Services that select the pod, before or after; those with pods on the node. */
void ctl_backends_keys_of_pod(const struct keys_in *in, const struct object *old,
                              const struct object *now, keys_add_fn *add, void *ctx);
void ctl_backends_keys_of_node(const struct keys_in *in, const struct object *old,
                               const struct object *now, keys_add_fn *add, void *ctx);
/* Endpoints, EndpointSlices: the Service of that name, or that the label names. */
void ctl_backends_keys_of_slice(const struct keys_in *in, const struct object *old,
                                const struct object *now, keys_add_fn *add, void *ctx);

#endif
