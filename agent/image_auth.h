/* Credentials of registries: from pull secrets to the ones that fit an image.  Pure. */
#ifndef BINNACLE_AGENT_IMAGE_AUTH_H
#define BINNACLE_AGENT_IMAGE_AUTH_H

#include <stddef.h>

#include "base/str.h"

struct arena;
struct image_ref;
struct pod_sources;

struct image_auth {
    struct str username, password, identity_token, registry_token;
};
enum { IMAGE_AUTH_MAX = 16 };
/* Of all fetched secrets of types kubernetes.io/dockerconfigjson and dockercfg: those whose registry
 * (with `*` for a part of the host, and a path) fits, the longest first. → how many. */
size_t image_auth_find(struct arena *arena, const struct pod_sources *sources,
                       const struct image_ref *name, struct image_auth out[IMAGE_AUTH_MAX]);
/* Does "*.example.com/team" fit host and path of an image? */
bool image_auth_matches(struct str pattern, struct str host, struct str path);

#endif
