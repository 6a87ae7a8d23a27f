/* Has the image of a container: looks, pulls by policy, with the credentials that fit.  Loop
 * thread. */
#ifndef BINNACLE_AGENT_IMAGE_H
#define BINNACLE_AGENT_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct cri;
struct image_get;
struct loop;
struct pod_sources;

struct image_want {
    struct loop *loop;
    struct cri *cri;
    struct str image, policy;          /* as the container's spec says */
    const struct pod_sources *sources; /* pull secrets, fetched; read during the call only */
};
/* What it came to; valid during done. reason absent: ref may be started. */
struct image_result {
    struct str ref;
    int64_t uid;                /* the image's user as a number, -1: it is a name, or not said */
    struct str user;            /* … as a name */
    struct str reason, message; /* ErrImagePull, ErrImageNeverPull, InvalidImageName, … */
    bool is_pull;               /* a pull was tried and failed */
    bool was_present;
    int64_t pull_ms, size_bytes; /* of a pull that worked */
};
struct image_get_ops {
    void (*pulling)(void *ctx); /* a pull begins; maybe inside image_get_start */
    void (*done)(void *ctx, const struct image_result *result);
};
/* done exactly once, later, and not after a cancel. */
struct image_get *image_get_start(const struct image_want *want, const struct image_get_ops *ops,
                                  void *ctx);
void image_get_cancel(struct image_get *get);

#endif
