/* What the agent itself knows of a pod: look-ups. Plans, status and workers read it; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_facts.h"

const struct pod_fact *
pod_facts_of(const struct pod_facts *facts, struct str name)
{
    for (size_t i = 0; i < facts->container_len; i++) {
        if (str_eq(facts->containers[i].name, name)) {
            return &facts->containers[i];
        }
    }
    return NULL;
}

enum pod_verdict
pod_facts_verdict(const struct pod_fact *fact, struct str container_id, enum pod_verdict verdict)
{
    return fact != NULL && str_eq(fact->probed_id, container_id) ? verdict : POD_VERDICT_NONE;
}
