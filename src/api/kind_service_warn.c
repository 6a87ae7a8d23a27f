/* Warnings of Services, of their endpoints, and of small kinds: the strategies of release 1.35.
 *
 * Named by rows; called by the API server behind the checks. Pure, any thread. */
#include "config.h"

#include "api/check.h"
#include "api/kind_warn.h"
#include "api/kinds_priv.h"
#include "base/base64.h"
#include "base/mem.h"

static void
service_warn_ips(const struct warn *to, struct val list, const struct field_path *path)
{
    size_t index = 0;
    VAL_EACH (it, list) {
        struct field_path item = check_item(path, index++);
        kind_warn_ip(to, &item, it.value);
    }
}

/* What is set and has no effect. */
static void
service_warn_by_type(const struct warn *to, struct val spec)
{
    bool is_named = val_is_str(val_get(spec, "type"), "ExternalName");
    if (is_named && val_len(val_get(spec, "externalIPs")) > 0) {
        kind_warn_put(to, NULL, "spec.externalIPs is ignored when spec.type is \"ExternalName\"");
    }
    if (!is_named && check_has(val_get(spec, "externalName"))) {
        kind_warn_put(to, NULL,
                      "spec.externalName is ignored when spec.type is not \"ExternalName\"");
    }
}

static void
service_warn_ignored(const struct warn *to, struct val spec)
{
    struct val type = val_get(spec, "type");
    bool is_headless =
        val_is_str(type, "ClusterIP") && val_is_str(val_get(spec, "clusterIP"), "None");
    if (is_headless && check_has(val_get(spec, "loadBalancerIP"))) {
        kind_warn_put(to, NULL, "spec.loadBalancerIP is ignored for headless services");
    }
    if (is_headless && val_len(val_get(spec, "externalIPs")) > 0) {
        kind_warn_put(to, NULL, "spec.externalIPs is ignored for headless services");
    }
    if (is_headless && !val_is_str(val_get(spec, "sessionAffinity"), "None")) {
        kind_warn_put(to, NULL, "spec.SessionAffinity is ignored for headless services");
    }
}

/* GetWarningsForService */
void
kind_service_warn(const struct warn *to, struct val now, struct val old)
{
    struct field_path path = check_at(NULL, "spec"), ips = check_at(&path, "clusterIPs");
    struct field_path external = check_at(&path, "externalIPs");
    struct field_path balancer = check_at(&path, "loadBalancerIP");
    struct field_path ranges = check_at(&path, "loadBalancerSourceRanges");
    struct val spec = val_get(now, "spec"), annotations = val_at(now, "metadata.annotations");
    size_t index = 0;
    (void)old;
    if (val_is(val_member(annotations, STR("service.kubernetes.io/topology-aware-hints")))) {
        kind_warn_put(to, NULL,
                      "annotation service.kubernetes.io/topology-aware-hints is deprecated, please "
                      "use service.kubernetes.io/topology-mode instead");
    }
    service_warn_ips(to, val_get(spec, "clusterIPs"), &ips);
    service_warn_ignored(to, spec);
    service_warn_ips(to, val_get(spec, "externalIPs"), &external);
    kind_warn_ip(to, &balancer, val_get(spec, "loadBalancerIP"));
    VAL_EACH (it, val_get(spec, "loadBalancerSourceRanges")) {
        struct field_path item = check_item(&ranges, index++);
        kind_warn_net(to, &item, it.value);
    }
    service_warn_by_type(to, spec);
    if (val_is_str(val_get(spec, "trafficDistribution"), "PreferClose")) {
        kind_warn_put(to, NULL,
                      "spec.trafficDistribution: \"PreferClose\" is deprecated; use "
                      "\"PreferSameZone\"");
    }
}

/* Not of those that the controllers write: they make good addresses. */
void
kind_endpoint_warn(const struct warn *to, struct val now, struct val old)
{
    static const char *const lists[] = { "addresses", "notReadyAddresses" };
    struct field_path list = check_at(NULL, "subsets");
    struct val by =
        val_member(val_at(now, "metadata.labels"), STR("endpoints.kubernetes.io/managed-by"));
    size_t index = 0;
    (void)old;
    if (val_is_str(by, "endpoint-controller")) {
        return;
    }
    VAL_EACH (subset, val_get(now, "subsets")) {
        struct field_path item = check_item(&list, index++);
        for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
            struct field_path own = check_at(&item, lists[i]);
            size_t nth = 0;
            VAL_EACH (it, val_get(subset.value, lists[i])) {
                struct field_path place = check_item(&own, nth++), at = check_at(&place, "ip");
                kind_warn_ip(to, &at, val_get(it.value, "ip"));
            }
        }
    }
}

void
kind_endpoint_warn_slice(const struct warn *to, struct val now, struct val old)
{
    struct field_path list = check_at(NULL, "endpoints");
    struct val by =
        val_member(val_at(now, "metadata.labels"), STR("endpointslice.kubernetes.io/managed-by"));
    size_t index = 0;
    if (!val_is(old) && val_is_str(val_get(now, "addressType"), "FQDN")) {
        kind_warn_put(to, NULL, "spec.addressType: FQDN endpoints are deprecated");
    }
    if (val_is_str(by, "endpointslice-controller.k8s.io") ||
        val_is_str(by, "endpointslicemirroring-controller.k8s.io")) {
        return;
    }
    VAL_EACH (it, val_get(now, "endpoints")) {
        struct field_path item = check_item(&list, index++), own = check_at(&item, "addresses");
        service_warn_ips(to, val_get(it.value, "addresses"), &own);
    }
}

void
kind_node_warn(const struct warn *to, struct val now, struct val old)
{
    struct field_path path = check_at(NULL, "spec"), list = check_at(&path, "podCIDRs");
    struct val spec = val_get(now, "spec");
    size_t index = 0;
    (void)old;
    if (val_is(val_get(spec, "configSource"))) {
        kind_warn_put(to, NULL, "spec.configSource: the feature is removed");
    }
    if (check_has(val_get(spec, "externalID"))) {
        kind_warn_put(to, NULL,
                      "spec.externalID: this field is deprecated, and is unused by Kubernetes");
    }
    VAL_EACH (it, val_get(spec, "podCIDRs")) {
        struct field_path item = check_item(&list, index++);
        kind_warn_net(to, &item, it.value);
    }
}

void
kind_service_account_warn(const struct warn *to, struct val now, struct val old)
{
    struct str key = STR("kubernetes.io/enforce-mountable-secrets");
    if (val_is(val_member(val_at(now, "metadata.annotations"), key)) &&
        !val_is(val_member(val_at(old, "metadata.annotations"), key))) {
        kind_warn_put(to, NULL,
                      "metadata.annotations[" STR_FMT "]: deprecated in v1.32+; prefer separate "
                      "namespaces to isolate access to mounted secrets",
                      STR_ARG(key));
    }
}

/* warningsForSecret: what tls.X509KeyPair says of texts that are no PEM at all. */
void
kind_secret_warn(const struct warn *to, struct val now, struct val old)
{
    static const struct {
        const char *key, *name;
    } parts[] = { { "tls.crt", "certificate" }, { "tls.key", "key" } };
    (void)old;
    if (!val_is_str(val_get(now, "type"), "kubernetes.io/tls")) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        struct val text = val_member(val_get(now, "data"), str_of(parts[i].key));
        struct str bytes = { 0 };
        (void)base64_decode(val_str(text), to->arena, &bytes, NULL);
        if (!str_contains(bytes, STR("-----BEGIN "))) {
            kind_warn_put(to, NULL, "tls: failed to find any PEM data in %s input", parts[i].name);
            return; /* the first is all that is told */
        }
    }
}

void
kind_runtime_class_warn(const struct warn *to, struct val now, struct val old)
{
    (void)old;
    VAL_EACH (it, val_at(now, "scheduling.nodeSelector")) {
        const char *instead = kind_warn_node_label(it.key);
        if (instead != NULL) {
            kind_warn_put(to, NULL, "scheduling.nodeSelector: %s", instead);
        }
    }
}

void
kind_ingress_warn(const struct warn *to, struct val now, struct val old)
{
    struct str key = STR("kubernetes.io/ingress.class");
    if (!val_is(old) && val_is(val_member(val_at(now, "metadata.annotations"), key)) &&
        !val_is(val_at(now, "spec.ingressClassName"))) {
        kind_warn_put(to, NULL,
                      "annotation \"" STR_FMT
                      "\" is deprecated, please use 'spec.ingressClassName' instead",
                      STR_ARG(key));
    }
}

void
kind_storage_class_warn(const struct warn *to, struct val now, struct val old)
{
    struct field_path list = check_at(NULL, "allowedTopologies");
    size_t index = 0;
    (void)old;
    VAL_EACH (topology, val_get(now, "allowedTopologies")) {
        struct field_path item = check_item(&list, index++);
        struct field_path own = check_at(&item, "matchLabelExpressions");
        size_t nth = 0;
        VAL_EACH (it, val_get(topology.value, "matchLabelExpressions")) {
            struct field_path place = check_item(&own, nth++), at = check_at(&place, "key");
            const char *instead = kind_warn_node_label(val_str(val_get(it.value, "key")));
            if (instead != NULL) {
                kind_warn_put(to, &at, "%s", instead);
            }
        }
    }
}
