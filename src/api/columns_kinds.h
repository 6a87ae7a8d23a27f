/* Columns of the built-in kinds: kind_*.c rows name them.  Lengths are constants, as rows need. */
#ifndef BINNACLE_API_COLUMNS_KINDS_H
#define BINNACLE_API_COLUMNS_KINDS_H

#include "api/registry.h"

/* COLUMNS(plural, number of columns): one array columns_<plural> each; see the COLUMNS_OF macro. */
#define COLUMNS_TABLE(COLUMNS)                                                                     \
    COLUMNS(certificatesigningrequests, 6)                                                         \
    COLUMNS(configmaps, 3)                                                                         \
    COLUMNS(controllerrevisions, 4)                                                                \
    COLUMNS(cronjobs, 10)                                                                          \
    COLUMNS(csidrivers, 8)                                                                         \
    COLUMNS(csinodes, 3)                                                                           \
    COLUMNS(daemonsets, 11)                                                                        \
    COLUMNS(deployments, 8)                                                                        \
    COLUMNS(endpoints, 3)                                                                          \
    COLUMNS(endpointslices, 5)                                                                     \
    COLUMNS(events, 10)                                                                            \
    COLUMNS(ingressclasses, 4)                                                                     \
    COLUMNS(ingresses, 6)                                                                          \
    COLUMNS(ipaddresses, 2)                                                                        \
    COLUMNS(jobs, 8)                                                                               \
    COLUMNS(machines, 8)                                                                           \
    COLUMNS(leases, 3)                                                                             \
    COLUMNS(namespaces, 3)                                                                         \
    COLUMNS(nodes, 10)                                                                             \
    COLUMNS(pods, 9)                                                                               \
    COLUMNS(podtemplates, 4)                                                                       \
    COLUMNS(priorityclasses, 5)                                                                    \
    COLUMNS(replicasets, 8)                                                                        \
    COLUMNS(rolebindings, 6)                                                                       \
    COLUMNS(runtimeclasses, 3)                                                                     \
    COLUMNS(secrets, 4)                                                                            \
    COLUMNS(serviceaccounts, 2)                                                                    \
    COLUMNS(servicecidrs, 3)                                                                       \
    COLUMNS(services, 7)                                                                           \
    COLUMNS(statefulsets, 5)                                                                       \
    COLUMNS(storageclasses, 6)                                                                     \
    COLUMNS(volumeattachments, 6)

#define COLUMNS_LEN(plural, len) COLUMNS_LEN_##plural = (len),
enum { COLUMNS_TABLE(COLUMNS_LEN) };
#undef COLUMNS_LEN
#define COLUMNS_DECLARE(plural, len) extern const struct column columns_##plural[len];
COLUMNS_TABLE(COLUMNS_DECLARE)
#undef COLUMNS_DECLARE

/* The two members of a resource row. */
#define COLUMNS_OF(plural) .columns = columns_##plural, .column_len = COLUMNS_LEN_##plural

/* Rows that many kinds have, for columns_*.c. */
#define COLUMN_NAME                                                                                \
    {                                                                                              \
        .name = "Name", .type = "string", .format = "name", .path = "metadata.name"                \
    }
#define COLUMN_AGE                                                                                 \
    {                                                                                              \
        .name = "Age", .type = "string", .cell = cell_age_of                                       \
    }

#endif
