/* Warnings of the kinds' writes: what is taken, and yet looks like a mistake.  Pure. */
#ifndef BINNACLE_API_KIND_WARN_H
#define BINNACLE_API_KIND_WARN_H

#include <stdbool.h>

#include "api/registry.h"
#include "base/doc.h"
#include "base/str.h"

/* "spec.x[0]: text"; path NULL: the text alone. */
void kind_warn_put(const struct warn *to, const struct field_path *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* GetWarningsForIP, GetWarningsForCIDR: forms that later releases will not take. */
void kind_warn_ip(const struct warn *to, const struct field_path *path, struct val v);
void kind_warn_net(const struct warn *to, const struct field_path *path, struct val v);
/* What to use instead of a node label of old, NULL: it is none. */
const char *kind_warn_node_label(struct str key);
/* "[a b]" when the text is no DNS label, {NULL,0}: it is one. */
struct str kind_warn_host_name(struct str name, struct arena *arena);

/* kind_pod_warn.c: of a pod (path NULL), or of a template at its path. */
void kind_pod_warn_template(const struct warn *to, struct val pod, const struct field_path *path);

#endif
