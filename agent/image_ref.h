/* Image references in full: api/image_name with the host and path that a short name leaves out.
 * Pure. */
#ifndef BINNACLE_AGENT_IMAGE_REF_H
#define BINNACLE_AGENT_IMAGE_REF_H

#include "base/str.h"

struct arena;
struct err;

struct image_ref {
    struct str host, path;  /* docker.io and library/ where the name leaves them out */
    struct str tag, digest; /* tag: "latest" when there is neither */
};
/* INVALID with the words of Docker's reference parser ("invalid reference format"). */
int image_ref_parse(struct arena *arena, struct str text, struct image_ref *ret, struct err **err);
/* "docker.io/library/nginx:latest" */
struct str image_ref_full(struct arena *arena, const struct image_ref *ref);

#endif
