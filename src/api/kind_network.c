/* Rows: Ingress, NetworkPolicy, IPAddress, ServiceCIDR.
 *
 * Tables in the order of Go's structs, which is the order of what is written. Read by every walker
 * over rows; constant, any thread. */
#include "config.h"

#include "api/columns_kinds.h"
#include "api/kinds_check.h"
#include "api/kinds_priv.h"
#include "api/kinds_types.h"
#include "api/validate.h"

/* One row a line. */
/* clang-format off */

static const struct field net_network_policy_port_fields[] = {
    OPT("protocol", STRING, PTR, 1, .go = "v1.Protocol", .def = "\"TCP\""),
    OPT("port", INT_OR_STRING, PTR, 2),
    OPT("endPort", INT32, PTR, 3),
};
LOCAL_TYPE(net_network_policy_port, "networking/v1.NetworkPolicyPort");

static const struct field net_ip_block_fields[] = {
    ALWAYS("cidr", STRING, VAL, 1),
    OPT("except", STRING, LIST, 2),
};
LOCAL_TYPE(net_ip_block, "networking/v1.IPBlock");

static const struct field net_network_policy_peer_fields[] = {
    OPT("podSelector", OBJECT, PTR, 1, .of = &type_meta_label_selector),
    OPT("namespaceSelector", OBJECT, PTR, 2, .of = &type_meta_label_selector),
    OPT("ipBlock", OBJECT, PTR, 3, .of = &type_net_ip_block),
};
LOCAL_TYPE(net_network_policy_peer, "networking/v1.NetworkPolicyPeer");

static const struct field net_network_policy_ingress_rule_fields[] = {
    OPT("ports", OBJECT, LIST, 1, .of = &type_net_network_policy_port),
    OPT("from", OBJECT, LIST, 2, .of = &type_net_network_policy_peer),
};
LOCAL_TYPE(net_network_policy_ingress_rule, "networking/v1.NetworkPolicyIngressRule");

static const struct field net_network_policy_egress_rule_fields[] = {
    OPT("ports", OBJECT, LIST, 1, .of = &type_net_network_policy_port),
    OPT("to", OBJECT, LIST, 2, .of = &type_net_network_policy_peer),
};
LOCAL_TYPE(net_network_policy_egress_rule, "networking/v1.NetworkPolicyEgressRule");

static const struct field net_network_policy_spec_fields[] = {
    ALWAYS("podSelector", OBJECT, VAL, 1, .of = &type_meta_label_selector),
    OPT("ingress", OBJECT, LIST, 2, .of = &type_net_network_policy_ingress_rule),
    OPT("egress", OBJECT, LIST, 3, .of = &type_net_network_policy_egress_rule),
    OPT("policyTypes", STRING, LIST, 4, .go = "[]v1.PolicyType"),
};
LOCAL_TYPE(net_network_policy_spec, "networking/v1.NetworkPolicySpec",
    .fill = kind_work_fill_network_policy_spec);

static const struct field net_network_policy_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_net_network_policy_spec),
};
TYPE(net_network_policy, "networking/v1.NetworkPolicy");

static const struct field net_service_backend_port_fields[] = {
    OPT("name", STRING, VAL, 1),
    OPT("number", INT32, VAL, 2),
};
LOCAL_TYPE(net_service_backend_port, "networking/v1.ServiceBackendPort", .atomic = true);

static const struct field net_ingress_service_backend_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    OPT("port", OBJECT, VAL, 2, .of = &type_net_service_backend_port),
};
LOCAL_TYPE(net_ingress_service_backend, "networking/v1.IngressServiceBackend");

static const struct field net_ingress_backend_fields[] = {
    OPT("service", OBJECT, PTR, 4, .of = &type_net_ingress_service_backend),
    OPT("resource", OBJECT, PTR, 3, .of = &type_core_typed_local_object_reference),
};
LOCAL_TYPE(net_ingress_backend, "networking/v1.IngressBackend");

static const struct field net_ingress_tls_fields[] = {
    OPT("hosts", STRING, LIST, 1),
    OPT("secretName", STRING, VAL, 2),
};
LOCAL_TYPE(net_ingress_tls, "networking/v1.IngressTLS");

static const struct field net_http_ingress_path_fields[] = {
    OPT("path", STRING, VAL, 1),
    ALWAYS("pathType", STRING, PTR, 3, .go = "v1.PathType"),
    ALWAYS("backend", OBJECT, VAL, 2, .of = &type_net_ingress_backend),
};
LOCAL_TYPE(net_http_ingress_path, "networking/v1.HTTPIngressPath");

static const struct field net_http_ingress_rule_value_fields[] = {
    ALWAYS("paths", OBJECT, LIST, 1, .of = &type_net_http_ingress_path),
};
LOCAL_TYPE(net_http_ingress_rule_value, "networking/v1.HTTPIngressRuleValue");

static const struct field net_ingress_rule_value_fields[] = {
    OPT("http", OBJECT, PTR, 1, .of = &type_net_http_ingress_rule_value),
};
LOCAL_TYPE(net_ingress_rule_value, "networking/v1.IngressRuleValue");

static const struct field net_ingress_rule_fields[] = {
    OPT("host", STRING, VAL, 1),
    INLINE(2, type_net_ingress_rule_value),
};
LOCAL_TYPE(net_ingress_rule, "networking/v1.IngressRule");

static const struct field net_ingress_spec_fields[] = {
    OPT("ingressClassName", STRING, PTR, 4),
    OPT("defaultBackend", OBJECT, PTR, 1, .of = &type_net_ingress_backend),
    OPT("tls", OBJECT, LIST, 2, .of = &type_net_ingress_tls),
    OPT("rules", OBJECT, LIST, 3, .of = &type_net_ingress_rule),
};
LOCAL_TYPE(net_ingress_spec, "networking/v1.IngressSpec");

static const struct field net_ingress_port_status_fields[] = {
    ALWAYS("port", INT32, VAL, 1),
    ALWAYS("protocol", STRING, VAL, 2, .go = "v1.Protocol"),
    OPT("error", STRING, PTR, 3),
};
LOCAL_TYPE(net_ingress_port_status, "networking/v1.IngressPortStatus");

static const struct field net_ingress_load_balancer_ingress_fields[] = {
    OPT("ip", STRING, VAL, 1),
    OPT("hostname", STRING, VAL, 2),
    OPT("ports", OBJECT, LIST, 4, .of = &type_net_ingress_port_status),
};
LOCAL_TYPE(net_ingress_load_balancer_ingress, "networking/v1.IngressLoadBalancerIngress");

static const struct field net_ingress_load_balancer_status_fields[] = {
    OPT("ingress", OBJECT, LIST, 1, .of = &type_net_ingress_load_balancer_ingress),
};
LOCAL_TYPE(net_ingress_load_balancer_status, "networking/v1.IngressLoadBalancerStatus");

static const struct field net_ingress_status_fields[] = {
    OPT("loadBalancer", OBJECT, VAL, 1, .of = &type_net_ingress_load_balancer_status),
};
LOCAL_TYPE(net_ingress_status, "networking/v1.IngressStatus");

static const struct field net_ingress_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_net_ingress_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_net_ingress_status),
};
TYPE(net_ingress, "networking/v1.Ingress");

static const struct field net_ingress_class_parameters_reference_fields[] = {
    OPT("apiGroup", STRING, PTR, 1),
    ALWAYS("kind", STRING, VAL, 2),
    ALWAYS("name", STRING, VAL, 3),
    ALWAYS("scope", STRING, PTR, 4, .def = "\"Cluster\""),
    OPT("namespace", STRING, PTR, 5),
};
LOCAL_TYPE(net_ingress_class_parameters_reference,
    "networking/v1.IngressClassParametersReference");

static const struct field net_ingress_class_spec_fields[] = {
    OPT("controller", STRING, VAL, 1),
    OPT("parameters", OBJECT, PTR, 2, .of = &type_net_ingress_class_parameters_reference),
};
LOCAL_TYPE(net_ingress_class_spec, "networking/v1.IngressClassSpec");

static const struct field net_ingress_class_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_net_ingress_class_spec),
};
TYPE(net_ingress_class, "networking/v1.IngressClass");

static const struct field net_parent_reference_fields[] = {
    OPT("group", STRING, VAL, 1),
    OPT("resource", STRING, VAL, 2),
    OPT("namespace", STRING, VAL, 3),
    OPT("name", STRING, VAL, 4),
};
LOCAL_TYPE(net_parent_reference, "networking/v1.ParentReference");

static const struct field net_ip_address_spec_fields[] = {
    OPT("parentRef", OBJECT, PTR, 1, .of = &type_net_parent_reference),
};
LOCAL_TYPE(net_ip_address_spec, "networking/v1.IPAddressSpec");

static const struct field net_ip_address_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_net_ip_address_spec),
};
TYPE(net_ip_address, "networking/v1.IPAddress");

static const struct field net_service_cidr_spec_fields[] = {
    OPT("cidrs", STRING, LIST, 1),
};
LOCAL_TYPE(net_service_cidr_spec, "networking/v1.ServiceCIDRSpec");

static const struct field net_service_cidr_status_fields[] = {
    OPT("conditions", OBJECT, LIST, 1, .of = &type_meta_condition, .patch = PATCH_MERGE,
        .merge_key = "type", .list = LIST_MAP, .list_keys = "type"),
};
LOCAL_TYPE(net_service_cidr_status, "networking/v1.ServiceCIDRStatus");

static const struct field net_service_cidr_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_net_service_cidr_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_net_service_cidr_status),
};
TYPE(net_service_cidr, "networking/v1.ServiceCIDR");

/* ---- resources ---- */

const struct resource resource_ingressclasses = {
    .group = "networking.k8s.io",
    .version = "v1",
    .kind = "IngressClass",
    .list_kind = "IngressClassList",
    .plural = "ingressclasses",
    .singular = "ingressclass",
    .verbs = VERB_ALL,
    .flags = RES_UNCONDITIONAL_UPDATE | RES_GENERATION | RES_META_AGAIN,
    .type = &type_net_ingress_class,
    .check_create = kind_network_check_class,
    .check_update = kind_network_check_class_update,
    COLUMNS_OF(ingressclasses),
};

static const char *const ingresses_short[] = { "ing", NULL };
static const struct subresource ingresses_subs[] = {
    { .name = "status", .verbs = SUB_RW },
};
const struct resource resource_ingresses = {
    .group = "networking.k8s.io",
    .version = "v1",
    .kind = "Ingress",
    .list_kind = "IngressList",
    .plural = "ingresses",
    .singular = "ingress",
    .short_names = ingresses_short,
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_GENERATION | RES_META_AGAIN,
    .type = &type_net_ingress,
    .check_create = kind_network_check_ingress,
    .check_update = kind_network_check_ingress_update,
    .warn = kind_ingress_warn,
    .prepare_create = kinds_prepare_create,
    .prepare_update = kinds_prepare_update,
    .subresources = ingresses_subs,
    .subresource_len = ARRAY_LEN(ingresses_subs),
    .reset_main = "status",
    .reset_status = "spec",
    COLUMNS_OF(ingresses),
};

static const char *const ipaddresses_short[] = { "ip", NULL };
const struct resource resource_ipaddresses = {
    .group = "networking.k8s.io",
    .version = "v1",
    .kind = "IPAddress",
    .list_kind = "IPAddressList",
    .plural = "ipaddresses",
    .singular = "ipaddress",
    .short_names = ipaddresses_short,
    .verbs = VERB_ALL,
    .flags = RES_UNCONDITIONAL_UPDATE | RES_META_AGAIN,
    .type = &type_net_ip_address,
    .name_problems = kind_network_name_problems,
    .check_create = kind_network_check_address,
    .check_update = kind_network_check_address_update,
    COLUMNS_OF(ipaddresses),
};

static const char *const networkpolicies_short[] = { "netpol", NULL };
const struct resource resource_networkpolicies = {
    .group = "networking.k8s.io",
    .version = "v1",
    .kind = "NetworkPolicy",
    .list_kind = "NetworkPolicyList",
    .plural = "networkpolicies",
    .singular = "networkpolicy",
    .short_names = networkpolicies_short,
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_GENERATION,
    .type = &type_net_network_policy,
};

static const struct subresource servicecidrs_subs[] = {
    { .name = "status", .verbs = SUB_RW },
};
const struct resource resource_servicecidrs = {
    .group = "networking.k8s.io",
    .version = "v1",
    .kind = "ServiceCIDR",
    .list_kind = "ServiceCIDRList",
    .plural = "servicecidrs",
    .singular = "servicecidr",
    .verbs = VERB_ALL,
    .flags = RES_UNCONDITIONAL_UPDATE,
    .type = &type_net_service_cidr,
    .check_create = kind_network_check_cidr,
    .check_update = kind_network_check_cidr_update,
    .prepare_create = kinds_prepare_nothing,
    .prepare_update = kinds_prepare_update_metadata,
    .subresources = servicecidrs_subs,
    .subresource_len = ARRAY_LEN(servicecidrs_subs),
    .reset_main = "status",
    .reset_status = "spec",
    COLUMNS_OF(servicecidrs),
};

/* clang-format on */
