/* The list of built-in kinds that are served.
 *
 * Read once at start by whoever makes the registry; constant. The rows of the others are complete,
 * too: a kind moves up when the controller or admission step that it needs is there. */
#include "config.h"

#include "api/kinds_types.h"

const char *const kinds_category_all[] = { "all", NULL };
const char *const kinds_category_api_extensions[] = { "api-extensions", NULL };

const struct resource *const kinds_builtin[] = {
    &resource_pods,
    &resource_nodes,
    &resource_namespaces,
    &resource_services,
    &resource_endpoints,
    &resource_endpointslices,
    &resource_configmaps,
    &resource_secrets,
    &resource_serviceaccounts,
    &resource_events,
    &resource_events_v1,
    &resource_leases,
    &resource_podtemplates,
    &resource_bindings,
    &resource_deployments,
    &resource_replicasets,
    &resource_controllerrevisions,
    &resource_daemonsets,
    &resource_statefulsets,
    &resource_jobs,
    &resource_cronjobs,
    &resource_clusterrolebindings,
    &resource_clusterroles,
    &resource_rolebindings,
    &resource_roles,
    &resource_certificatesigningrequests,
    &resource_selfsubjectreviews,
    &resource_tokenreviews,
    &resource_localsubjectaccessreviews,
    &resource_selfsubjectaccessreviews,
    &resource_selfsubjectrulesreviews,
    &resource_subjectaccessreviews,
    &resource_ingressclasses,
    &resource_ingresses,
    &resource_ipaddresses,
    &resource_servicecidrs,
    &resource_runtimeclasses,
    &resource_priorityclasses,
    &resource_csidrivers,
    &resource_csinodes,
    &resource_csistoragecapacities,
    &resource_storageclasses,
    &resource_volumeattachments,
    &resource_volumeattributesclasses,
    &resource_deviceclasses,
    &resource_resourceclaims,
    &resource_resourceclaimtemplates,
    &resource_resourceslices,
    &resource_flowschemas,
    &resource_prioritylevelconfigurations,
    &resource_machines,
};
const size_t kinds_builtin_len = ARRAY_LEN(kinds_builtin);

const struct resource *const kinds_unserved[] = {
    &resource_mutatingwebhookconfigurations,
    &resource_validatingadmissionpolicies,
    &resource_validatingadmissionpolicybindings,
    &resource_validatingwebhookconfigurations,
    &resource_customresourcedefinitions,
    &resource_apiservices,
    &resource_horizontalpodautoscalers_v1,
    &resource_horizontalpodautoscalers,
    &resource_networkpolicies,
    &resource_poddisruptionbudgets,
    &resource_componentstatuses,
    &resource_limitranges,
    &resource_persistentvolumeclaims,
    &resource_persistentvolumes,
    &resource_replicationcontrollers,
    &resource_resourcequotas,
    &resource_metrics_nodes,
    &resource_metrics_pods,
};
const size_t kinds_unserved_len = ARRAY_LEN(kinds_unserved);
