/* What the checks of Services and of their endpoints share. */
#ifndef BINNACLE_API_KIND_SERVICE_CHECK_H
#define BINNACLE_API_KIND_SERVICE_CHECK_H

#include "base/doc.h"

struct causes;
struct field_path;

/* ValidateEndpointIP: an address that traffic may be sent to. */
void kind_service_check_endpoint_ip(struct causes *out, const struct field_path *path,
                                    struct val v);
/* ValidateServiceClusterIPsRelatedFields: before and after addresses are allocated. */
void kind_service_check_cluster_ips(struct val spec, struct val old_spec, struct causes *out);

#endif
