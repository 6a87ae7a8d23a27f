/* Checks that the rows of kinds name (check_create, check_update); each stands in kind_*_check.c. */
#ifndef BINNACLE_API_KINDS_CHECK_H
#define BINNACLE_API_KINDS_CHECK_H

struct causes;
struct check_in;

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
/* END */

#endif
