/* Checks that the rows of kinds name (check_create, check_update); each stands in kind_*_check.c. */
#ifndef BINNACLE_API_KINDS_CHECK_H
#define BINNACLE_API_KINDS_CHECK_H

#include <stdbool.h>

#include "base/str.h"

struct causes;
struct check_in;
struct problems;

void kind_network_name_problems(struct str name, bool is_prefix, struct problems *out);

void kind_pod_check(struct check_in *in, struct causes *out);
void kind_pod_check_update(struct check_in *in, struct causes *out);
void kind_pod_check_pod_template(struct check_in *in, struct causes *out);
void kind_pod_check_binding(struct check_in *in, struct causes *out);
void kind_work_check_deployment(struct check_in *in, struct causes *out);
void kind_work_check_deployment_update(struct check_in *in, struct causes *out);
void kind_work_check_replica_set(struct check_in *in, struct causes *out);
void kind_work_check_replica_set_update(struct check_in *in, struct causes *out);
void kind_work_check_revision(struct check_in *in, struct causes *out);
void kind_work_check_revision_update(struct check_in *in, struct causes *out);
void kind_job_check(struct check_in *in, struct causes *out);
void kind_job_check_update(struct check_in *in, struct causes *out);
void kind_service_check(struct check_in *in, struct causes *out);
void kind_service_check_update(struct check_in *in, struct causes *out);
void kind_endpoint_check_endpoints(struct check_in *in, struct causes *out);
void kind_endpoint_check_slice(struct check_in *in, struct causes *out);
void kind_endpoint_check_slice_update(struct check_in *in, struct causes *out);
void kind_secret_check(struct check_in *in, struct causes *out);
void kind_secret_check_update(struct check_in *in, struct causes *out);
void kind_lease_check(struct check_in *in, struct causes *out);
void kind_event_check(struct check_in *in, struct causes *out);
void kind_event_check_update(struct check_in *in, struct causes *out);
void kind_node_check(struct check_in *in, struct causes *out);
void kind_node_check_update(struct check_in *in, struct causes *out);
void kind_cert_check(struct check_in *in, struct causes *out);
void kind_cert_check_update(struct check_in *in, struct causes *out);
void kind_network_check_address(struct check_in *in, struct causes *out);
void kind_network_check_address_update(struct check_in *in, struct causes *out);
void kind_network_check_cidr(struct check_in *in, struct causes *out);
void kind_network_check_cidr_update(struct check_in *in, struct causes *out);
void kind_network_check_class(struct check_in *in, struct causes *out);
void kind_network_check_class_update(struct check_in *in, struct causes *out);
void kind_network_check_ingress(struct check_in *in, struct causes *out);
void kind_network_check_ingress_update(struct check_in *in, struct causes *out);
void kind_storage_check_class(struct check_in *in, struct causes *out);
void kind_storage_check_class_update(struct check_in *in, struct causes *out);
void kind_storage_check_attributes(struct check_in *in, struct causes *out);
void kind_storage_check_attributes_update(struct check_in *in, struct causes *out);
void kind_storage_check_attachment(struct check_in *in, struct causes *out);
void kind_storage_check_attachment_update(struct check_in *in, struct causes *out);
void kind_storage_check_driver(struct check_in *in, struct causes *out);
void kind_storage_check_driver_update(struct check_in *in, struct causes *out);
void kind_storage_check_node(struct check_in *in, struct causes *out);
void kind_storage_check_node_update(struct check_in *in, struct causes *out);
void kind_storage_check_capacity(struct check_in *in, struct causes *out);
void kind_storage_check_capacity_update(struct check_in *in, struct causes *out);
void kind_storage_check_runtime(struct check_in *in, struct causes *out);
void kind_storage_check_runtime_update(struct check_in *in, struct causes *out);
void kind_cron_check(struct check_in *in, struct causes *out);
void kind_cron_check_update(struct check_in *in, struct causes *out);
void kind_set_check_daemon(struct check_in *in, struct causes *out);
void kind_set_check_daemon_update(struct check_in *in, struct causes *out);
void kind_set_check_stateful(struct check_in *in, struct causes *out);
void kind_set_check_stateful_update(struct check_in *in, struct causes *out);
void kind_flow_check_schema(struct check_in *in, struct causes *out);
void kind_flow_check_level(struct check_in *in, struct causes *out);
/* END */

#endif
