/* The network's parts of the agent: the pod network, service rules, the cluster's DNS. Called by agent and
 * node; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/agent_priv.h"
#include "agent/cni.h"
#include "agent/netlink.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/mem.h"

#define LOG_MODULE "agent"
#include "base/log.h"

enum { DNS_PORT = 53 };

/* ---- the pod network ---- */

static void
set_text(struct agent *agent, char **place, struct str text)
{
    mem_free(*place);
    *place = text.size > 0 ? str_dup(text) : NULL;
    if (agent->call == NULL) {
        agent_look_again(agent, 0);
    }
}

/* Until the rules stand, pods would not reach a service: the node is not Ready. */
static void
rules_changed(void *ctx, struct str problem)
{
    struct agent *agent = ctx;

    set_text(agent, &agent->proxy_problem, problem);
}

void
agent_net_pod_cidr(void *ctx, struct str cidr)
{
    struct agent *agent = ctx;
    AUTO_ERR struct err *err = NULL;

    if (cidr.size == 0 || agent->cni_dir == NULL) {
        return; /* not yet; or the host's runtime has a network of its own */
    }
    log_info("pod network cidr=" STR_FMT, STR_ARG(cidr));
    if (cni_set_up(agent->cni_dir, cidr, &err) < 0) {
        log_error("pod network not set up err=\"%s\"", err->message);
    }
    set_text(agent, &agent->cni_problem, str_of(err == NULL ? NULL : err->message));
    proxy_begin(agent->proxy, cidr);
}

static void
start_proxy(struct agent *agent)
{
    const struct proxy_spec spec = { .loop = agent->loop,
                                     .jobs = agent->jobs,
                                     .client = agent->client,
                                     .backends = agent->backends,
                                     .registry = agent->registry,
                                     .node_name = str_of(agent->node_name),
                                     .dns = agent->host.config.dns.cluster_dns,
                                     .health = rules_changed,
                                     .ctx = agent };

    agent->proxy = proxy_new(&spec);
    agent->proxy_problem = mem_strdup("service rules are not set yet");
    if (agent->cni_dir == NULL) {
        proxy_begin(agent->proxy, (struct str){ 0 });
    }
}

/* ---- cluster DNS ---- */

static int
listen_for_names(struct agent *agent, const char *address, struct err **err)
{
    struct dns_server_spec spec = { .loop = agent->loop,
                                    .zone = agent->dns_zone,
                                    .forward = agent->dns_forward,
                                    .address = address,
                                    .port = DNS_PORT };
    struct ip ip;

    if (!ip_parse(str_of(address), false, &ip) || ip.is_v6) {
        return err_set(err, ERR_BAD_REQUEST, "'%s' is no IPv4 address", address);
    }
    return netlink_address_put(&ip, err) < 0 ? -1 : dns_server_new(&spec, &agent->dns, err);
}

/* Pods are told this address whether we can serve it or not: there may be a Service behind it. */
static void
start_dns(struct agent *agent)
{
    const struct pod_dns_node *dns = &agent->host.config.dns;
    AUTO_ERR struct err *err = NULL;

    if (dns->cluster_dns.size == 0) {
        return;
    }
    agent->dns_zone = dns_zone_new(agent->backends, dns->cluster_domain, dns->cluster_dns.at);
    agent->dns_forward =
        dns_forward_new(&(struct dns_forward_spec){ .loop = agent->loop,
                                                    .resolv_conf = "/etc/resolv.conf",
                                                    .own_address = dns->cluster_dns.at,
                                                    .port = DNS_PORT });
    if (listen_for_names(agent, dns->cluster_dns.at, &err) < 0) {
        log_error("names of the cluster are not served err=\"%s\"", err->message);
    }
}

/* ---- life ---- */

void
agent_net_start(struct agent *agent)
{
    agent->backends = backends_new();
    start_dns(agent);
    start_proxy(agent);
    backends_follow(agent->backends, agent->informers, agent->registry);
}

void
agent_net_stop(struct agent *agent)
{
    proxy_free(agent->proxy);
    dns_server_free(agent->dns);
    dns_forward_free(agent->dns_forward);
    dns_zone_free(agent->dns_zone);
    backends_free(agent->backends);
}
