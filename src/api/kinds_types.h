/* The row tables: macros to write them with, and the types and resources that they define.
 *
 * A type is declared here when another file or a caller needs it; the rest is found from these
 * (type_path). Names: type_<group>_<go_name>, resource_<plural>. */
#ifndef BINNACLE_API_KINDS_TYPES_H
#define BINNACLE_API_KINDS_TYPES_H

#include "api/registry.h"
#include "api/schema.h"
#include "base/mem.h"

/* ---- rows ---- */

/* One field: name, FIELD_ type, CARD_ card, protobuf number, flags, then any other member. */
#define FIELD(json_, type_, card_, number_, flags_, ...)                                           \
    {                                                                                              \
        .json = (json_), .type = FIELD_##type_, .card = CARD_##card_, .number = (number_),         \
        .flags = (flags_), __VA_ARGS__                                                             \
    }
/* Left out when it has no value (Go's omitempty), and written always. */
#define OPT(json_, type_, card_, number_, ...)                                                     \
    FIELD(json_, type_, card_, number_, FIELD_OMITEMPTY, __VA_ARGS__)
#define ALWAYS(json_, type_, card_, number_, ...)                                                  \
    FIELD(json_, type_, card_, number_, 0, __VA_ARGS__)
/* An embedded struct: its members stand in the parent. Number 0: not in protobuf. */
#define INLINE(number_, type_)                                                                     \
    {                                                                                              \
        .json = "", .type = FIELD_OBJECT, .card = CARD_VAL, .number = (number_),                   \
        .flags = FIELD_INLINE, .of = &(type_)                                                      \
    }

/* type_NAME from NAME_fields; further members may follow. */
#define TYPE(name_, go_, ...)                                                                      \
    static struct type_cell name_##_cell;                                                          \
    const struct type type_##name_ = { .name = (go_),                                              \
                                       .fields = name_##_fields,                                   \
                                       .field_len = ARRAY_LEN(name_##_fields),                     \
                                       .cell = &name_##_cell,                                      \
                                       __VA_ARGS__ }
#define LOCAL_TYPE(name_, go_, ...)                                                                \
    static struct type_cell name_##_cell;                                                          \
    static const struct type type_##name_ = { .name = (go_),                                       \
                                              .fields = name_##_fields,                            \
                                              .field_len = ARRAY_LEN(name_##_fields),              \
                                              .cell = &name_##_cell,                               \
                                              __VA_ARGS__ }

/* A struct without members. */
#define EMPTY_TYPE(name_, go_)                                                                     \
    static struct type_cell name_##_cell;                                                          \
    static const struct type type_##name_ = { .name = (go_), .cell = &name_##_cell }

/* Verbs that subresources come with. */
enum {
    SUB_RW = VERB_GET | VERB_UPDATE | VERB_PATCH,
    SUB_STREAM = VERB_GET | VERB_CREATE,
    SUB_PROXY = VERB_GET | VERB_CREATE | VERB_UPDATE | VERB_PATCH | VERB_DELETE,
};
extern const char *const kinds_category_all[], *const kinds_category_api_extensions[];

/* kind_service_ips.c: the parts of a Service's write that come before its addresses are allocated.
 * First clusterIP and clusterIPs are made to agree, then families get their defaults, or causes tell
 * what is wrong. old is absent on create. */
void kind_service_ips_join(struct val now, struct val old, struct edit *edit);
void kind_service_ips_fill(struct val now, struct val old, struct edit *edit, struct causes *out);

/* ---- what the tables define ---- */

/* Kinds with rows that are not served yet: for decoding, tests and messages. */
extern const struct resource *const kinds_unserved[];
extern const size_t kinds_unserved_len;

extern const struct type type_admission_mutating_webhook_configuration,
    type_admission_validating_admission_policy, type_admission_validating_admission_policy_binding,
    type_admission_validating_webhook_configuration, type_apiservice_api_service,
    type_apps_controller_revision, type_apps_daemon_set, type_apps_deployment,
    type_apps_replica_set, type_apps_stateful_set, type_authn_self_subject_review,
    type_authn_token_request, type_authn_token_review, type_authz_local_subject_access_review,
    type_authz_self_subject_access_review, type_authz_self_subject_rules_review,
    type_authz_subject_access_review, type_autoscaling2_horizontal_pod_autoscaler,
    type_autoscaling_horizontal_pod_autoscaler, type_autoscaling_scale, type_batch_cron_job,
    type_batch_job, type_cert_certificate_signing_request,
    type_core_aws_elastic_block_store_volume_source, type_core_azure_disk_volume_source,
    type_core_binding, type_core_component_status, type_core_config_map,
    type_core_config_map_key_selector, type_core_container, type_core_endpoints, type_core_event,
    type_core_fc_volume_source, type_core_flocker_volume_source,
    type_core_gce_persistent_disk_volume_source, type_core_host_path_volume_source,
    type_core_limit_range, type_core_load_balancer_status, type_core_local_object_reference,
    type_core_local_volume_source, type_core_modify_volume_status, type_core_namespace,
    type_core_nfs_volume_source, type_core_node, type_core_node_selector,
    type_core_node_selector_term, type_core_object_field_selector, type_core_object_reference,
    type_core_persistent_volume, type_core_persistent_volume_claim,
    type_core_photon_persistent_disk_volume_source, type_core_pod, type_core_pod_spec,
    type_core_pod_template, type_core_pod_template_spec, type_core_portworx_volume_source,
    type_core_quobyte_volume_source, type_core_replication_controller,
    type_core_resource_field_selector, type_core_resource_quota, type_core_secret,
    type_core_secret_key_selector, type_core_secret_reference, type_core_service,
    type_core_service_account, type_core_taint, type_core_toleration,
    type_core_topology_selector_term, type_core_typed_local_object_reference,
    type_core_typed_object_reference, type_core_volume, type_core_volume_resource_requirements,
    type_core_vsphere_virtual_disk_volume_source, type_crd_custom_resource_definition,
    type_discovery_endpoint_slice, type_events_event, type_flow_flow_schema,
    type_flow_priority_level_configuration, type_lease_lease, type_meta_condition,
    type_meta_create_options, type_meta_delete_options, type_meta_field_selector_requirement,
    type_meta_label_selector, type_meta_label_selector_requirement, type_meta_list_meta,
    type_meta_object_meta, type_meta_patch_options, type_meta_status, type_meta_type_meta,
    type_meta_update_options, type_metrics_node_metrics, type_metrics_pod_metrics, type_net_ingress,
    type_net_ingress_class, type_net_ip_address, type_net_network_policy, type_net_service_cidr,
    type_node_runtime_class, type_policy_eviction, type_policy_pod_disruption_budget,
    type_rbac_cluster_role, type_rbac_cluster_role_binding, type_rbac_role, type_rbac_role_binding,
    type_resource_device_class, type_resource_resource_claim, type_resource_resource_claim_template,
    type_resource_resource_slice, type_scheduling_priority_class, type_storage_csi_driver,
    type_storage_csi_node, type_storage_csi_storage_capacity, type_storage_storage_class,
    type_storage_volume_attachment, type_storage_volume_attributes_class;

extern const struct resource resource_machines, resource_mutatingwebhookconfigurations,
    resource_validatingadmissionpolicies, resource_validatingadmissionpolicybindings,
    resource_validatingwebhookconfigurations, resource_customresourcedefinitions,
    resource_apiservices, resource_controllerrevisions, resource_daemonsets, resource_deployments,
    resource_replicasets, resource_statefulsets, resource_selfsubjectreviews, resource_tokenreviews,
    resource_localsubjectaccessreviews, resource_selfsubjectaccessreviews,
    resource_selfsubjectrulesreviews, resource_subjectaccessreviews,
    resource_horizontalpodautoscalers_v1, resource_horizontalpodautoscalers, resource_cronjobs,
    resource_jobs, resource_certificatesigningrequests, resource_leases, resource_endpointslices,
    resource_events_v1, resource_flowschemas, resource_prioritylevelconfigurations,
    resource_ingressclasses, resource_ingresses, resource_ipaddresses, resource_networkpolicies,
    resource_servicecidrs, resource_runtimeclasses, resource_poddisruptionbudgets,
    resource_clusterrolebindings, resource_clusterroles, resource_rolebindings, resource_roles,
    resource_deviceclasses, resource_resourceclaims, resource_resourceclaimtemplates,
    resource_resourceslices, resource_priorityclasses, resource_csidrivers, resource_csinodes,
    resource_csistoragecapacities, resource_storageclasses, resource_volumeattachments,
    resource_volumeattributesclasses, resource_bindings, resource_componentstatuses,
    resource_configmaps, resource_endpoints, resource_events, resource_limitranges,
    resource_namespaces, resource_nodes, resource_persistentvolumeclaims,
    resource_persistentvolumes, resource_pods, resource_podtemplates,
    resource_replicationcontrollers, resource_resourcequotas, resource_secrets,
    resource_serviceaccounts, resource_services, resource_metrics_nodes, resource_metrics_pods;

#endif
