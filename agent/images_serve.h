/* The read-only registry (OCI distribution) over a store.  Loop thread. */
#ifndef BINNACLE_AGENT_IMAGES_SERVE_H
#define BINNACLE_AGENT_IMAGES_SERVE_H

struct http_request;
struct images_names;
struct intake;

struct images_serve {
    const char *dir;
    const struct images_names *const *names; /* as they are now */
};
/* One request: GET or HEAD of /v2/, manifests and blobs; everything else is 404, so that the runtime
 * goes on to where the name says. Never 401: no password ever comes here. */
void images_serve(const struct images_serve *serve, struct http_request *http);

#endif
