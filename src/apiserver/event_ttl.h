/* Events live for an hour after they were last written.  Loop thread. */
#ifndef BINNACLE_APISERVER_EVENT_TTL_H
#define BINNACLE_APISERVER_EVENT_TTL_H

struct apiserver;
struct event_ttl;

/* Looks at what the cache has and watches what comes; NULL when no events are served. */
struct event_ttl *event_ttl_start(struct apiserver *server);
/* done once nothing of it is with the store any more. */
void event_ttl_stop(struct event_ttl *ttl, void (*done)(void *ctx), void *ctx);

#endif
