/* One pod on this node: plans at any event, runs what the plan says, tells the API.  Loop thread. */
#ifndef BINNACLE_AGENT_POD_WORKER_H
#define BINNACLE_AGENT_POD_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/pod_config.h"
#include "agent/pod_field.h"
#include "base/str.h"

struct cache;
struct client;
struct cri;
struct fetch_pool;
struct job_pool;
struct loop;
struct object;
struct pleg;
struct pod_room;
struct pod_worker;
struct recorder;
struct resource;
struct runtime_snapshot;

/* What a worker needs of its node; the agent's, outlives all workers. */
struct pod_host {
    struct loop *loop;
    struct client *client;
    struct cri *cri;
    struct pleg *pleg;
    struct job_pool *jobs;
    struct fetch_pool *fetcher;
    struct recorder *recorder;
    const struct resource *pods, *services;
    const struct cache *services_cache;
    const char *root; /* the agent's directory */
    struct pod_config_node config;
    struct pod_place place; /* without the pod's addresses */
    const char *runtime_name;
    bool has_groups_policy;      /* the runtime knows supplementalGroupsPolicy */
    const char *network_problem; /* NULL: pods may use the pod network */
    bool is_open;                /* the API's pods and the runtime's are known: plans may be made */
    bool is_starting;            /* the agent has just begun: it adopts what runs */
    /* Workers that exist, also those that only wait for their last answers; none is left after
     * this call. They look at this structure to the end. */
    int worker_len;
    void (*emptied)(void *emptied_ctx);
    void *emptied_ctx;
    /* The worker has nothing left to do and is gone after this call. */
    void (*forgotten)(void *ctx, struct str pod_uid);
    /* The node's allocatable, and what the pods beside this one ask for. */
    void (*room)(void *ctx, const struct pod_worker *beside, struct pod_room *ret);
    int64_t (*burstable_milli)(void *ctx); /* what all Burstable pods ask for */
    bool (*has_port_clash)(void *ctx, const struct pod_worker *beside, struct val spec);
    struct object *(*node)(void *node_ctx); /* the Node as last seen, borrowed; NULL: not yet */
    void *node_ctx;
    void *ctx;
};

struct pod_worker *pod_worker_new(struct pod_host *host, struct str pod_uid);
/* The API's object changed, or (NULL) is not there any more. */
void pod_worker_update(struct pod_worker *worker, struct object *object);
/* The runtime's part changed; the snapshot is the worker's from here on. */
void pod_worker_seen(struct pod_worker *worker, struct runtime_snapshot *owned);
void pod_worker_wake(struct pod_worker *worker); /* something of the node changed: plan again */
/* Stops working, leaves the pod as it is (the agent ends). */
void pod_worker_free(struct pod_worker *worker);

bool pod_worker_wants_room(const struct pod_worker *worker); /* a resize is deferred */
/* What the pod was allocated; nothing once it has ended. */
struct pod_worker_asked {
    bool is_counted; /* it takes one of the node's places */
    int64_t cpu_milli, memory_bytes;
    bool is_burstable;
};
struct pod_worker_asked pod_worker_asked(const struct pod_worker *worker);

/* For node_api: what is known of the pod, borrowed, may be NULL. */
struct object *pod_worker_object(const struct pod_worker *worker);
const struct runtime_snapshot *pod_worker_snapshot(const struct pod_worker *worker);

#endif
