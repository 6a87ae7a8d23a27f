/* Gets the ConfigMaps, Secrets and tokens that a pod is made from.  Loop thread. */
#ifndef BINNACLE_AGENT_FETCH_H
#define BINNACLE_AGENT_FETCH_H

#include "agent/pod_source.h"

struct client;
struct fetch;
struct fetch_pool;
struct registry;

/* One per agent: it keeps tokens until 80 % of their life is over, or a day. */
struct fetch_pool *fetch_pool_new(struct client *client, struct registry *registry);
void fetch_pool_free(struct fetch_pool *fetcher); /* after all fetches; NULL allowed */
void fetch_pool_forget(struct fetch_pool *fetcher, struct str pod_uid); /* its tokens */

/* Fills object or err of every source of the pod. done exactly once, never inside this call, and not
 * after fetch_free. Values are good until fetch_free; any thread may read them. */
struct fetch *fetch_start(struct fetch_pool *fetcher, struct val pod, struct pod_sources *sources,
                          void (*done)(void *ctx), void *ctx);
void fetch_free(struct fetch *fetch); /* cancels what runs; NULL allowed */

#endif
