/* What the kinds' checks, defaults and preparations share; kind_*.c name them in their rows. */
#ifndef BINNACLE_API_KINDS_PRIV_H
#define BINNACLE_API_KINDS_PRIV_H

#include <stdbool.h>

#include "api/schema.h"

struct arena;
struct doc;
struct err;
struct prepare;
struct problems;
struct warn;

/* The object again with one member set (in row order), the map with one key (in byte order). */
struct str kinds_with_member(struct arena *arena, const struct type *type, struct val object,
                             const char *member, struct str json);
/* Both maps as one, in byte order; where both have a key, `over` wins. */
struct str kinds_merged(struct arena *arena, struct val over, struct val under);
struct str kinds_with_key(struct arena *arena, struct val map, const char *key, struct str json);

/* Beside kinds_prepare_create and kinds_prepare_update (registry.h). */
void kinds_prepare_nothing(struct prepare *p); /* what the client writes stands */
/* As kinds_prepare_update, but /status writes no labels, or nothing of metadata at all. */
void kinds_prepare_update_labels(struct prepare *p);
void kinds_prepare_update_metadata(struct prepare *p);
/* Pieces: a top-level member as in old (gone when it was not there), or as Go's zero. */
void kinds_prepare_keep(struct prepare *p, const char *member);
void kinds_prepare_zero(struct prepare *p, const char *member);
/* A member of metadata as in old; all that ResetObjectMetaForStatus takes back. */
void kinds_prepare_keep_meta(struct prepare *p, const char *member);
void kinds_prepare_keep_metadata(struct prepare *p);

/* kind_pod_prepare.c, kind_service_prepare.c, kind_job_prepare.c */
void kind_pod_create(struct prepare *p);
void kind_pod_update(struct prepare *p);
int64_t kind_pod_grace_s(struct val pod);
void kind_service_update(struct prepare *p);
void kind_service_account_prepare(struct prepare *p);
void kind_job_create(struct prepare *p);
void kind_daemon_fill(struct fill *fill); /* kind_daemon_prepare.c */
void kind_daemon_create(struct prepare *p);
void kind_daemon_update(struct prepare *p);
void kind_cert_create(struct prepare *p);
void kind_cert_update(struct prepare *p);

/* kind_field.c: values of fields that selectors name */
void kind_field_host_network(struct val pod, struct arena *arena, struct str *ret_value);
void kind_field_unschedulable(struct val node, struct arena *arena, struct str *ret_value);
void kind_field_succeeded(struct val job, struct arena *arena, struct str *ret_value);
void kind_field_replicas(struct val object, struct arena *arena, struct str *ret_value);
void kind_field_event_source(struct val event, struct arena *arena, struct str *ret_value);

/* kind_event_convert.c */
int kind_event_to_storage(struct arena *arena, const struct doc *in, struct doc **ret,
                          struct err **err);
int kind_event_from_storage(struct arena *arena, const struct doc *in, struct doc **ret,
                            struct err **err);

/* kind_pod_fill.c */
void kind_pod_fill_container(struct fill *fill);
void kind_pod_fill_image_volume(struct fill *fill);
void kind_pod_fill_port(struct fill *fill);
void kind_pod_fill_resources(struct fill *fill);
void kind_pod_fill_pod_spec(struct fill *fill);
void kind_pod_fill_volume(struct fill *fill);
void kind_node_fill_spec(struct fill *fill);
void kind_pod_fill_status(struct fill *fill);
void kind_node_fill_status(struct fill *fill);

/* kind_service_fill.c */
void kind_service_fill_spec(struct fill *fill);
void kind_service_fill_port(struct fill *fill);
void kind_service_fill_ingress(struct fill *fill);

/* kind_work_fill.c */
void kind_work_fill_deployment(struct fill *fill);
void kind_work_fill_daemon_set(struct fill *fill);
void kind_work_fill_deployment_rolling(struct fill *fill);
void kind_work_fill_daemon_set_rolling(struct fill *fill);
void kind_work_fill_stateful_set(struct fill *fill);
void kind_work_fill_stateful_set_rolling(struct fill *fill);
void kind_work_fill_job_spec(struct fill *fill);
void kind_work_fill_job(struct fill *fill);
void kind_work_fill_replication_controller(struct fill *fill);
void kind_work_fill_replication_controller_spec(struct fill *fill);
void kind_work_fill_subject(struct fill *fill);
void kind_work_fill_network_policy_spec(struct fill *fill);
void kind_work_fill_device_count(struct fill *fill);
void kind_work_fill_limit_range_item(struct fill *fill);
void kind_work_fill_persistent_volume_spec(struct fill *fill);

/* kind_address_check.c */
void kind_address_name(struct str name, bool is_prefix, struct problems *out);
void kind_address_check(struct check_in *in, struct causes *out);
void kind_address_check_update(struct check_in *in, struct causes *out);
void kind_service_cidr_check(struct check_in *in, struct causes *out);
void kind_service_cidr_check_update(struct check_in *in, struct causes *out);
/* kind_config_check.c */
void kind_config_fill_secret(struct fill *fill);
void kind_config_check_map(struct check_in *in, struct causes *out);
void kind_config_update_map(struct check_in *in, struct causes *out);
void kind_namespace_fill(struct fill *fill);
void kind_namespace_create(struct prepare *p);
void kind_namespace_update(struct prepare *p);
bool kind_namespace_delete(struct prepare *p);
void kind_namespace_check(struct check_in *in, struct causes *out);
void kind_namespace_check_update(struct check_in *in, struct causes *out);
/* kind_sched_check.c */
void kind_sched_check_priority(struct check_in *in, struct causes *out);
void kind_sched_check_priority_update(struct check_in *in, struct causes *out);
/* kind_rbac_check.c */
void kind_rbac_check_role(struct check_in *in, struct causes *out);
void kind_rbac_check_binding(struct check_in *in, struct causes *out);
void kind_rbac_check_rebinding(struct check_in *in, struct causes *out);
/* kind_pod_warn.c, kind_service_warn.c */
void kind_pod_warn(const struct warn *to, struct val now, struct val old);
void kind_pod_template_warn(const struct warn *to, struct val now, struct val old);
void kind_work_warn(const struct warn *to, struct val now, struct val old);
void kind_job_warn(const struct warn *to, struct val now, struct val old);
void kind_service_warn(const struct warn *to, struct val now, struct val old);
void kind_endpoint_warn_slice(const struct warn *to, struct val now, struct val old);
void kind_node_warn(const struct warn *to, struct val now, struct val old);
void kind_secret_warn(const struct warn *to, struct val now, struct val old);
void kind_service_account_warn(const struct warn *to, struct val now, struct val old);
void kind_runtime_class_warn(const struct warn *to, struct val now, struct val old);
void kind_ingress_warn(const struct warn *to, struct val now, struct val old);
void kind_storage_class_warn(const struct warn *to, struct val now, struct val old);
void kind_endpoint_warn(const struct warn *to, struct val now, struct val old);

#endif
