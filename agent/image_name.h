/* Image references: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`.  Pure. */
#ifndef BINNACLE_AGENT_IMAGE_NAME_H
#define BINNACLE_AGENT_IMAGE_NAME_H

#include "base/str.h"

struct arena;
struct err;

struct image_name {
    struct str host, path, tag, digest; /* docker.io and library/ where the name leaves them out */
};
/* INVALID with the words of Docker's reference parser ("invalid reference format"). */
int image_name_parse(struct arena *arena, struct str text, struct image_name *ret,
                     struct err **err);
/* As it was written, with ":latest" when it names neither tag nor digest. */
struct str image_name_tagged(struct arena *arena, struct str text, const struct image_name *name);
/* "docker.io/library/nginx:latest" */
struct str image_name_full(struct arena *arena, const struct image_name *name);

#endif
