/* Image archives that were loaded, served to the runtime as a read-only registry on loopback.  Loop
 * thread. */
#ifndef BINNACLE_AGENT_IMAGES_H
#define BINNACLE_AGENT_IMAGES_H

#include "base/str.h"

struct cri;
struct err;
struct http_request;
struct images;
struct images_upload;
struct intake;
struct loop;

struct images_spec {
    struct loop *loop;
    const char *dir; /* where blobs and names lie */
};
/* Opens what is there and listens on 127.0.0.1; *ret_port: of the registry. */
int images_new(const struct images_spec *spec, struct images **ret, int *ret_port,
               struct err **err);
void images_free(struct images *images); /* NULL allowed */
/* The runtime that is told to pull what was loaded; before that it is only stored. */
void images_use(struct images *images, struct cri *cri);
/* The body of an upload: an archive of `docker save` or an OCI layout, as tar. The request is answered
 * when its images are loaded: JSON {"images":["docker.io/library/nginx:1"]}. *slot, in the request's
 * arena, is the upload until it is answered: images_gone when the request is closed before that. */
struct intake *images_take(struct images *images, struct http_request *http,
                           struct images_upload **slot);
void images_gone(struct images_upload *upload);

/* The name of the sandbox image that every registry here has: made of a program in the agent. */
#define IMAGES_PAUSE "binnacle.local/pause:1"

#endif
