/* The API objects that a pod's containers and volumes are made from: ConfigMaps, Secrets,
 * tokens, the RuntimeClass.
 * Which ones a pod names, and looking one up once they were fetched.  Pure. */
#ifndef BINNACLE_AGENT_POD_SOURCE_H
#define BINNACLE_AGENT_POD_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;
struct err;

enum pod_source_kind {
    POD_SOURCE_CONFIG_MAP,
    POD_SOURCE_SECRET,
    POD_SOURCE_TOKEN,
    POD_SOURCE_RUNTIME_CLASS,
};
struct pod_source {
    enum pod_source_kind kind;
    struct str name;      /* of the object; of a token: its audience, may be absent */
    int64_t expiration_s; /* of a token */
    /* What the fetch came to. */
    struct val object;     /* a token: the TokenRequest; absent: error */
    const struct err *err; /* why there is none; NULL before the fetch */
};
struct pod_sources {
    struct arena *arena;
    struct pod_source *at;
    size_t len, capacity;
};
enum { POD_SOURCES_MAX = 500 };

/* Adds, each once, what the pod's volumes (with tokens), environments and pull secrets name. */
void pod_sources_of_volumes(struct val pod, struct pod_sources *out);
void pod_sources_of_sandbox(struct val pod, struct pod_sources *out); /* its RuntimeClass */
void pod_sources_of_env(struct val container, struct pod_sources *out);
void pod_sources_of_pull(struct val pod, struct pod_sources *out);
const struct pod_source *pod_sources_find(const struct pod_sources *sources,
                                          enum pod_source_kind kind, struct str name);
const struct pod_source *pod_sources_token(const struct pod_sources *sources, struct str audience,
                                           int64_t expiration_s);
/* The object; with is_optional a missing one is an absent value. Errors read as kubelet's:
 * `configmap "x" not found`. */
int pod_sources_get(const struct pod_sources *sources, enum pod_source_kind kind, struct str name,
                    bool is_optional, struct val *ret, struct err **err);
/* The bytes of a key of a ConfigMap (data, then binaryData) or Secret; false when absent. */
bool pod_source_value(struct arena *arena, enum pod_source_kind kind, struct val object,
                      struct str key, struct str *ret);

#endif
