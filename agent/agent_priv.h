/* Between the files of the agent itself. */
#ifndef BINNACLE_AGENT_AGENT_PRIV_H
#define BINNACLE_AGENT_AGENT_PRIV_H

#include "agent/agent.h"
#include "agent/backends.h"
#include "agent/cni.h"
#include "agent/containerd.h"
#include "agent/cri.h"
#include "agent/dns_forward.h"
#include "agent/dns_server.h"
#include "agent/dns_zone.h"
#include "agent/node.h"
#include "agent/node_api.h"
#include "agent/node_facts.h"
#include "agent/pod_worker.h"
#include "agent/proxy.h"

struct informer;
struct informers;

struct agent {
    struct loop *loop;
    struct arena *arena; /* options, certificates, facts: as long as the agent */
    struct node_facts facts;
    const char *node_name, *root;
    struct client *client;
    struct registry *registry;
    struct informers *informers;
    struct informer *services;
    struct recorder *recorder;
    struct fetch_pool *fetcher;
    struct job_pool *jobs;
    struct thrift *thrift;
    struct images *images;
    struct containerd *containerd; /* NULL: the host's runtime is used */
    struct cri *cri;
    struct pleg *pleg; /* from the runtime's first answer on */
    struct podset *podset;
    struct node *node;
    struct node_spec node_spec;
    struct node_api *api;
    struct node_api_spec api_spec;
    struct backends *backends;
    struct proxy *proxy;
    struct dns_zone *dns_zone; /* NULL: pods use the host's name servers */
    struct dns_forward *dns_forward;
    struct dns_server *dns;
    const char *cni_dir; /* NULL: the host's runtime has a network of its own */
    char *cni_problem, *proxy_problem, *network_problem, *runtime_name;
    struct pod_host host;
    struct cri_call *call; /* of the look at the runtime */
    struct loop_timer *look, *adopt;
    bool is_freed, is_over; /* it is ended; and nothing but last answers is waited for */
};

void agent_begin(struct agent *agent); /* after everything was read */
void agent_start_pleg(struct agent *agent);
void agent_look_again(struct agent *agent, int64_t in_ms); /* at the runtime's health */
void agent_net_start(struct agent *agent);
void agent_net_stop(struct agent *agent);
void agent_net_pod_cidr(void *ctx, struct str cidr); /* this node got one */
void agent_release(struct agent *agent);

#endif
