/* Names of container images, as distribution's reference grammar has them.  Pure. */
#ifndef BINNACLE_API_IMAGE_NAME_H
#define BINNACLE_API_IMAGE_NAME_H

#include "base/str.h"

/* The parts of "registry.example.com:5000/team/app:1.2@sha256:…"; {NULL,0} where there is none. */
struct image_name {
    struct str domain; /* absent: docker.io */
    struct str path;   /* "team/app"; the "library/" of short names is not added */
    struct str tag;    /* "latest" when there is neither tag nor digest */
    struct str digest;
};
int image_name_parse(struct str text, struct image_name *ret); /* -1: not a name */

#endif
