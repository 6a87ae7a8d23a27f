/* UDP flows that changed services leave behind: gathered from plans, cleaned once the rules stand.  Loop
 * thread; the kernel is asked on a job thread. */
#ifndef BINNACLE_AGENT_PROXY_FLOWS_H
#define BINNACLE_AGENT_PROXY_FLOWS_H

struct job_pool;
struct proxy_flows;
struct proxy_items;

struct proxy_flows *proxy_flows_new(struct job_pool *jobs);
void proxy_flows_free(struct proxy_flows *flows); /* NULL allowed */
/* Those of one Service, as planned; while its documents are pinned. */
void proxy_flows_add(struct proxy_flows *flows, const struct proxy_items *items);
/* The rules stand: what was added is cleaned, in the background. */
void proxy_flows_clean(struct proxy_flows *flows);

#endif
