/* Rules of Services: ValidateServiceCreate, ValidateServiceUpdate and ValidateServiceStatusUpdate of
 * release 1.35. What is allocated (addresses, ports) is there by then.
 *
 * Named by the row in kind_service.c; pure, any thread. */
#include "config.h"

#include "api/kind_service_check.h"

#include <string.h>

#include "api/check.h"
#include "api/kinds_check.h"
#include "api/validate_priv.h"
#include "base/arena.h"
#include "base/ip.h"
#include "base/mem.h"

enum { SERVICE_AFFINITY_MAX_S = 86400 };
static const char service_only_balancer[] = "may only be used when `type` is 'LoadBalancer'";
static const char service_ranges[] = "service.beta.kubernetes.io/load-balancer-source-ranges";

static bool
service_is(struct val spec, const char *type)
{
    return val_is_str(val_get(spec, "type"), type);
}

static bool
service_is_headless(struct val spec)
{
    struct val ips = val_get(spec, "clusterIPs");
    return val_len(ips) == 1 && val_is_str(val_item(ips, 0), "None");
}

static bool
service_has_text(struct val list, struct str text)
{
    VAL_EACH (it, list) {
        if (str_eq(str_trim(val_str(it.value)), text)) {
            return true;
        }
    }
    return false;
}

void
kind_service_check_endpoint_ip(struct causes *out, const struct field_path *path, struct val v)
{
    struct ip ip;
    if (!ip_parse(val_str(v), true, &ip)) {
        check_invalid(out, path, NULL, v, "must be a valid IP address");
        return;
    }
    if (ip_is_unspecified(&ip)) {
        causes_add(out, CAUSE_INVALID, path, "", v, "may not be unspecified (" STR_FMT ")",
                   STR_ARG(val_str(v)));
    }
    if (ip_is_loopback(&ip)) {
        check_invalid(out, path, NULL, v,
                      "may not be in the loopback range (127.0.0.0/8, ::1/128)");
    }
    if (ip_is_link_local(&ip)) {
        check_invalid(out, path, NULL, v,
                      "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
    }
    if (ip_is_link_local_multicast(&ip)) {
        check_invalid(out, path, NULL, v,
                      "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
    }
}

/* ---- ports ---- */

static void
service_check_port(struct causes *out, struct val port, bool needs_name, struct check_seen *names,
                   const struct field_path *path)
{
    static const char *const protocols[] = { "SCTP", "TCP", "UDP", NULL };
    struct val name = val_get(port, "name"), app = val_get(port, "appProtocol");
    if (check_has(name)) {
        check_name(out, path, "name", name, validate_name_label);
        if (check_seen_has(names, val_str(name))) {
            causes_add(out, CAUSE_DUPLICATE, path, "name", name, NULL);
        }
        check_seen_add(names, val_str(name));
    } else if (needs_name) {
        check_required(out, path, "name", NULL);
    }
    check_port(out, path, "port", val_get(port, "port"));
    check_enum(out, path, "protocol", val_get(port, "protocol"), protocols);
    check_port_or_name(out, path, "targetPort", val_get(port, "targetPort"));
    if (val_is(app)) {
        check_label_key(out, path, "appProtocol", app);
    }
}

/* The first port before this one with the same protocol and number. */
static bool
service_repeats(struct val ports, size_t index, const char *member)
{
    struct val own = val_item(ports, index);
    size_t at = 0;
    VAL_EACH (it, ports) {
        if (at++ == index) {
            break;
        }
        if (val_int(val_get(it.value, member), 0) == val_int(val_get(own, member), 0) &&
            str_eq(val_str(val_get(it.value, "protocol")), val_str(val_get(own, "protocol")))) {
            return true;
        }
    }
    return false;
}

static void
service_check_port_uses(struct val spec, struct causes *out)
{
    struct field_path path = check_at(NULL, "spec"), list = check_at(&path, "ports");
    struct val ports = val_get(spec, "ports");
    size_t index = 0;
    VAL_EACH (it, ports) {
        struct field_path item = check_item(&list, index++);
        if (service_is(spec, "ClusterIP") && val_int(val_get(it.value, "nodePort"), 0) != 0) {
            check_forbidden(out, &item, "nodePort", "may not be used when `type` is 'ClusterIP'");
        }
    }
    index = 0;
    VAL_EACH (it, ports) {
        struct val port = val_get(it.value, "nodePort");
        struct field_path item = check_item(&list, index);
        if (val_int(port, 0) != 0 && service_repeats(ports, index, "nodePort")) {
            causes_add(out, CAUSE_DUPLICATE, &item, "nodePort", port, NULL);
        }
        index++;
    }
    index = 0;
    VAL_EACH (it, ports) {
        struct field_path item = check_item(&list, index);
        if (service_repeats(ports, index, "port")) {
            struct str key = arena_printf(out->arena,
                                          "{\"Name\":\"\",\"Protocol\":\"" STR_FMT
                                          "\",\"AppProtocol\":null,\"Port\":%lld,"
                                          "\"TargetPort\":0,\"NodePort\":0}",
                                          STR_ARG(val_str(val_get(it.value, "protocol"))),
                                          (long long)val_int(val_get(it.value, "port"), 0));
            causes_add_json(out, CAUSE_DUPLICATE, &item, "", key, NULL);
        }
        index++;
    }
}

/* ---- by type ---- */

static void
service_check_external_name(struct val spec, struct causes *out)
{
    static const char *const refused[] = { "clusterIPs", "ipFamilies", "ipFamilyPolicy" };
    struct field_path path = check_at(NULL, "spec");
    struct str name = val_str(val_get(spec, "externalName"));
    struct problems found = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        if (val_is(val_get(spec, refused[i]))) {
            check_forbidden(out, &path, refused[i], "may not be set for ExternalName services");
        }
    }
    if (str_has_suffix(name, STR("."))) {
        name.size--;
    }
    if (name.size == 0) {
        check_required(out, &path, "externalName", NULL);
        return;
    }
    validate_name_subdomain(name, false, &found);
    for (size_t i = 0; i < found.len; i++) {
        causes_add_text(out, CAUSE_INVALID, &path, "externalName", name, "%s", found.at[i]);
    }
}

static void
service_check_type(struct val spec, struct causes *out)
{
    static const char *const types[] = { "LoadBalancer", "NodePort" };
    struct field_path path = check_at(NULL, "spec"), ips = check_at(&path, "clusterIPs");
    struct field_path first = check_item(&ips, 0);
    if (val_len(val_get(spec, "ports")) == 0 && !service_is_headless(spec) &&
        !service_is(spec, "ExternalName")) {
        check_required(out, &path, "ports", NULL);
    }
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (service_is(spec, types[i]) && service_is_headless(spec)) {
            causes_add_text(out, CAUSE_INVALID, &first, "", STR("None"),
                            "may not be set to 'None' for %s services", types[i]);
        }
    }
    if (service_is(spec, "ExternalName")) {
        service_check_external_name(spec, out);
    }
}

static void
service_check_affinity(struct val spec, struct causes *out)
{
    static const char *const types[] = { "ClientIP", "None", NULL };
    static const char *const dotted[] = { "", "clientIP", "clientIP.timeoutSeconds" };
    static const char when[] = "when session affinity type is ClientIP";
    struct field_path path = check_at(NULL, "spec"), at = check_at(&path, "sessionAffinityConfig");
    struct val affinity = val_get(spec, "sessionAffinity");
    struct val config = val_get(spec, "sessionAffinityConfig");
    check_enum(out, &path, "sessionAffinity", affinity, types);
    if (val_is_str(affinity, "None") && val_is(config)) {
        check_forbidden(out, &at, NULL, "must not be set when session affinity is None");
    }
    if (!val_is_str(affinity, "ClientIP")) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(dotted); i++) {
        if (!val_is(i == 0 ? config : val_at(config, dotted[i]))) {
            check_required(out, &at, dotted[i], when);
            return;
        }
    }
    struct val timeout = val_at(config, dotted[2]);
    if (val_int(timeout, 0) <= 0 || val_int(timeout, 0) > SERVICE_AFFINITY_MAX_S) {
        causes_add(out, CAUSE_INVALID, &at, dotted[2], timeout,
                   "must be greater than 0 and less than %d", SERVICE_AFFINITY_MAX_S);
    }
}

/* ---- addresses ---- */

static void
service_check_families(struct val spec, struct causes *out)
{
    static const char *const families[] = { "IPv4", "IPv6", NULL };
    static const char *const policies[] = { "PreferDualStack", "RequireDualStack", "SingleStack",
                                            NULL };
    struct field_path path = check_at(NULL, "spec"), list = check_at(&path, "ipFamilies");
    struct check_seen seen = { .arena = out->arena };
    struct val policy = val_get(spec, "ipFamilyPolicy");
    size_t index = 0;
    VAL_EACH (it, val_get(spec, "ipFamilies")) {
        struct field_path item = check_item(&list, index++);
        check_enum_as(out, &item, NULL, it.value, families);
        if (check_seen_has(&seen, val_str(it.value))) {
            causes_add(out, CAUSE_DUPLICATE, &item, "", it.value, NULL);
        }
        check_seen_add(&seen, val_str(it.value));
    }
    if (val_is(policy)) {
        check_enum_as(out, &path, "ipFamilyPolicy", policy, policies);
    }
}

static bool
service_is_v6(struct val text)
{
    struct ip ip = { 0 };
    return ip_parse(val_str(text), true, &ip) && ip.is_v6;
}

/* Addresses against families, once each is an address. */
static void
service_check_stack(struct val spec, struct causes *out)
{
    struct field_path path = check_at(NULL, "spec"), list = check_at(&path, "clusterIPs");
    struct val ips = val_get(spec, "clusterIPs"), families = val_get(spec, "ipFamilies");
    size_t v6 = 0, index = 0;
    VAL_EACH (it, ips) {
        v6 += service_is_v6(it.value) ? 1 : 0;
    }
    if (val_len(ips) > 1 && (v6 == 0 || v6 == val_len(ips))) {
        check_invalid(out, &list, NULL, ips, "may specify no more than one IP for each IP family");
    }
    if (service_is_headless(spec)) {
        return;
    }
    VAL_EACH (it, ips) {
        struct field_path item = check_item(&list, index);
        struct val family = val_item(families, index);
        bool is_v6 = service_is_v6(it.value);
        if ((val_is_str(family, "IPv4") && is_v6) || (val_is_str(family, "IPv6") && !is_v6)) {
            causes_add(out, CAUSE_INVALID, &item, "", it.value,
                       "expected an " STR_FMT " value as indicated by `ipFamilies[%zu]`",
                       STR_ARG(val_str(family)), index);
        }
        index++;
    }
}

void
kind_service_check_cluster_ips(struct val spec, struct val old_spec, struct causes *out)
{
    struct field_path path = check_at(NULL, "spec"), list = check_at(&path, "clusterIPs");
    struct val ip = val_get(spec, "clusterIP"), ips = val_get(spec, "clusterIPs");
    bool is_wrong = false;
    size_t index = 0;
    if (service_is(spec, "ExternalName")) {
        return;
    }
    if (check_has(ip) && val_len(ips) == 0) {
        check_required(out, &list, NULL, NULL);
    } else if (check_has(ip) && !val_eq(val_item(ips, 0), ip)) {
        check_invalid(out, &list, NULL, ips, "first value must match `clusterIP`");
    } else if (!check_has(ip) && val_len(ips) > 0) {
        check_invalid(out, &list, NULL, ips, "must be empty when `clusterIP` is not specified");
    }
    service_check_families(spec, out);
    VAL_EACH (it, ips) {
        struct field_path item = check_item(&list, index++);
        size_t before = out->len;
        if (index == 1 && val_is_str(it.value, "None")) {
            if (val_len(ips) > 1) {
                check_invalid(out, &list, NULL, ips, "'None' must be the first and only value");
            }
        } else if (!service_has_text(val_get(old_spec, "clusterIPs"), val_str(it.value))) {
            check_ip_legacy(out, &item, NULL, it.value);
        }
        is_wrong = is_wrong || out->len > before;
    }
    if (val_len(ips) > 2) {
        check_invalid(out, &list, NULL, ips, "may only hold up to 2 values");
    }
    if (!is_wrong) {
        service_check_stack(spec, out);
    }
}

static void
service_check_external_ips(struct val spec, struct val old_spec, struct causes *out)
{
    struct field_path path = check_at(NULL, "spec"), list = check_at(&path, "externalIPs");
    size_t index = 0;
    VAL_EACH (it, val_get(spec, "externalIPs")) {
        struct field_path item = check_item(&list, index++);
        size_t before = out->len;
        if (!service_has_text(val_get(old_spec, "externalIPs"), val_str(it.value))) {
            check_ip_legacy(out, &item, NULL, it.value);
        }
        if (out->len == before) {
            kind_service_check_endpoint_ip(out, &item, it.value);
        }
    }
}

static void
service_check_range(struct causes *out, const struct field_path *path, struct str range)
{
    struct ip_net net;
    if (!ip_parse_net(range, true, &net)) {
        causes_add_text(out, CAUSE_INVALID, path, "", range,
                        "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
    }
}

static void
service_check_ranges(const struct check_in *in, struct causes *out)
{
    struct field_path path = check_at(NULL, "spec");
    struct field_path list = check_at(&path, "LoadBalancerSourceRanges");
    struct field_path meta = check_at(NULL, "metadata"), notes = check_at(&meta, "annotations");
    struct field_path note_at = check_key(&notes, str_of(service_ranges));
    struct val spec = val_get(in->now, "spec");
    struct val ranges = val_get(spec, "loadBalancerSourceRanges");
    struct val old_ranges = val_at(in->old, "spec.loadBalancerSourceRanges");
    struct val note = val_member(val_at(in->now, "metadata.annotations"), str_of(service_ranges));
    struct val old = val_member(val_at(in->old, "metadata.annotations"), str_of(service_ranges));
    size_t index = 0;
    bool has_ranges = val_len(ranges) > 0;
    if ((has_ranges || val_is(note)) && !service_is(spec, "LoadBalancer")) {
        check_forbidden(out, has_ranges ? &list : &note_at, NULL, service_only_balancer);
    }
    VAL_EACH (it, ranges) {
        struct field_path item = check_item(&list, index++);
        struct str text = str_trim(val_str(it.value));
        if (!service_has_text(old_ranges, text)) {
            service_check_range(out, &item, text);
        }
    }
    if (has_ranges || !val_is(note) || check_same(note, old)) {
        return;
    }
    struct str rest = str_trim(val_str(note));
    while (rest.size > 0) {
        service_check_range(out, &note_at, str_trim(str_cut(rest, ',', &rest)));
    }
}

/* ---- traffic ---- */

static bool
service_is_external(struct val spec)
{
    return service_is(spec, "LoadBalancer") || service_is(spec, "NodePort") ||
           (service_is(spec, "ClusterIP") && val_len(val_get(spec, "externalIPs")) > 0);
}

static bool
service_has_health_port(struct val spec)
{
    return service_is(spec, "LoadBalancer") &&
           val_is_str(val_get(spec, "externalTrafficPolicy"), "Local");
}

static void
service_check_balancer_class(struct val spec, struct causes *out)
{
    static const char member[] = "loadBalancerClass";
    struct field_path path = check_at(NULL, "spec");
    struct val class = val_get(spec, member);
    if (val_is(class) && service_is(spec, "LoadBalancer")) {
        check_label_key(out, &path, member, class);
    } else if (val_is(class)) {
        check_forbidden(out, &path, member, service_only_balancer);
    }
}

static void
service_check_external_traffic(struct val spec, struct causes *out)
{
    static const char *const policies[] = { "Cluster", "Local", NULL };
    static const char member[] = "externalTrafficPolicy";
    struct field_path path = check_at(NULL, "spec");
    struct val policy = val_get(spec, member), port = val_get(spec, "healthCheckNodePort");
    if (service_is_external(spec)) {
        check_enum(out, &path, member, policy, policies);
    } else if (check_has(policy)) {
        check_invalid(out, &path, member, policy,
                      "may only be set for externally-accessible services");
    }
    if (!service_has_health_port(spec)) {
        if (val_int(port, 0) != 0) {
            check_invalid(out, &path, "healthCheckNodePort", port,
                          "may only be set when `type` is 'LoadBalancer' and "
                          "`externalTrafficPolicy` is 'Local'");
        }
    } else if (val_int(port, 0) == 0) {
        check_required(out, &path, "healthCheckNodePort", NULL);
    } else {
        check_port(out, &path, "healthCheckNodePort", port);
    }
}

static void
service_check_internal_traffic(struct val spec, struct causes *out)
{
    static const char *const policies[] = { "Cluster", "Local", NULL };
    static const char *const typed[] = { "NodePort", "LoadBalancer", "ClusterIP", NULL };
    static const char *const spreads[] = { "PreferClose", "PreferSameZone", "PreferSameNode",
                                           NULL };
    struct field_path path = check_at(NULL, "spec");
    struct val policy = val_get(spec, "internalTrafficPolicy");
    struct val spread = val_get(spec, "trafficDistribution");
    if (val_is(policy)) {
        check_enum_as(out, &path, "internalTrafficPolicy", policy, policies);
    } else if (check_is_one_of(val_str(val_get(spec, "type")), typed)) {
        check_required(out, &path, "internalTrafficPolicy", NULL);
    }
    if (val_is(spread)) {
        check_enum_as(out, &path, "trafficDistribution", spread, spreads);
    }
}

static void
service_check_topology(const struct check_in *in, struct causes *out)
{
    struct field_path meta = check_at(NULL, "metadata"), notes = check_at(&meta, "annotations");
    struct field_path at = check_key(&notes, STR("service.kubernetes.io/topology-mode"));
    struct val annotations = val_at(in->now, "metadata.annotations");
    struct val mode = val_member(annotations, STR("service.kubernetes.io/topology-mode"));
    struct val hints = val_member(annotations, STR("service.kubernetes.io/topology-aware-hints"));
    if (val_is(mode) && val_is(hints) && !val_eq(mode, hints)) {
        check_invalid(out, &at, NULL, mode,
                      "must match annotations[service.kubernetes.io/topology-aware-hints] when "
                      "both are specified");
    }
}

/* ---- whole ---- */

/* validateService */
void
kind_service_check(struct check_in *in, struct causes *out)
{
    static const char *const types[] = { "ClusterIP", "ExternalName", "LoadBalancer", "NodePort",
                                         NULL };
    static const char allocates[] = "allocateLoadBalancerNodePorts";
    struct field_path path = check_at(NULL, "spec"), list = check_at(&path, "ports");
    struct val spec = val_get(in->now, "spec"), old_spec = val_get(in->old, "spec");
    struct val ports = val_get(spec, "ports"), own = val_get(spec, allocates);
    struct check_seen names = { .arena = out->arena };
    size_t index = 0;
    service_check_topology(in, out);
    service_check_type(spec, out);
    VAL_EACH (it, ports) {
        struct field_path item = check_item(&list, index++);
        service_check_port(out, it.value, val_len(ports) > 1, &names, &item);
    }
    validate_put_labels(val_get(spec, "selector"), &path, "selector", out);
    service_check_affinity(spec, out);
    kind_service_check_cluster_ips(spec, old_spec, out);
    service_check_external_ips(spec, old_spec, out);
    check_enum(out, &path, "type", val_get(spec, "type"), types);
    service_check_port_uses(spec, out);
    service_check_ranges(in, out);
    if (val_is(own) && !service_is(spec, "LoadBalancer")) {
        check_forbidden(out, &path, allocates, service_only_balancer);
    } else if (!val_is(own) && service_is(spec, "LoadBalancer")) {
        check_required(out, NULL, allocates, NULL);
    }
    service_check_balancer_class(spec, out);
    service_check_external_traffic(spec, out);
    service_check_internal_traffic(spec, out);
}

/* ---- changes ---- */

/* Values that stay once set, up to a list that grows or shrinks at its end. */
static void
service_check_list_change(struct val spec, struct val old_spec, const char *member,
                          struct causes *out)
{
    struct field_path path = check_at(NULL, "spec"), list = check_at(&path, member);
    struct field_path first = check_item(&list, 0);
    struct val now = val_get(spec, member), old = val_get(old_spec, member);
    struct val ips = val_get(spec, "clusterIPs"), policy = val_get(spec, "ipFamilyPolicy");
    bool is_ips = strcmp(member, "clusterIPs") == 0;
    bool is_moved =
        val_len(now) > 0 && val_len(old) > 0 && !val_eq(val_item(now, 0), val_item(old, 0));
    if (val_len(now) == val_len(old)) {
        size_t index = 0;
        VAL_EACH (it, old) {
            struct field_path item = check_item(&list, is_ips ? index : 0);
            if (!val_eq(val_item(now, index++), it.value)) {
                check_invalid(out, &item, NULL, now, "may not change once set");
            }
        }
        return;
    }
    bool is_shorter = val_len(now) < val_len(old);
    if (is_shorter && val_len(ips) == 0) {
        check_invalid(out, &first, NULL, now,
                      is_ips ? "primary clusterIP can not be unset"
                             : "primary ipFamily can not be unset");
    }
    if (is_moved) {
        check_invalid(out, &first, NULL, ips, "may not change once set");
    }
    if (is_shorter && val_len(now) == 1 && !val_is_str(policy, "SingleStack")) {
        causes_add_json(out, CAUSE_INVALID, &path, "ipFamilyPolicy",
                        val_is(policy) ? val_raw(policy) : STR("null"),
                        "must be set to 'SingleStack' when releasing the secondary %s",
                        is_ips ? "clusterIP" : "ipFamily");
    }
}

static void
service_check_changes(struct val spec, struct val old_spec, struct causes *out)
{
    struct field_path path = check_at(NULL, "spec");
    struct val class = val_get(spec, "loadBalancerClass");
    bool is_headless = service_is_headless(spec), was_headless = service_is_headless(old_spec);
    bool is_named = service_is(spec, "ExternalName") || service_is(old_spec, "ExternalName");
    if (!is_named && !(is_headless && was_headless)) {
        service_check_list_change(spec, old_spec, "clusterIPs", out);
    }
    if (!is_named && !is_headless && !was_headless) {
        service_check_list_change(spec, old_spec, "ipFamilies", out);
    }
    if (service_is(spec, "LoadBalancer") && service_is(old_spec, "LoadBalancer") &&
        !check_same(class, val_get(old_spec, "loadBalancerClass"))) {
        causes_add_json(out, CAUSE_INVALID, &path, "loadBalancerClass",
                        val_is(class) ? val_raw(class) : STR("null"), "may not change once set");
    }
    service_check_balancer_class(spec, out);
    if (service_has_health_port(spec) && service_has_health_port(old_spec) &&
        val_int(val_get(spec, "healthCheckNodePort"), 0) !=
            val_int(val_get(old_spec, "healthCheckNodePort"), 0)) {
        check_forbidden(out, &path, "healthCheckNodePort", "field is immutable");
    }
}

/* ---- status ---- */

static void
service_check_ingress(struct causes *out, struct val ingress, struct val before,
                      const struct field_path *path)
{
    static const char *const modes[] = { "Proxy", "VIP", NULL };
    struct val ip = val_get(ingress, "ip"), mode = val_get(ingress, "ipMode");
    struct val name = val_get(ingress, "hostname");
    struct ip parsed;
    bool is_old = false;
    VAL_EACH (it, before) {
        is_old = is_old || (check_has(ip) && check_same(val_get(it.value, "ip"), ip));
    }
    if (check_has(ip) && !is_old) {
        check_ip_legacy(out, path, "ip", ip);
    }
    if (!val_is(mode) && check_has(ip)) {
        check_required(out, path, "ipMode", "must be specified when `ip` is set");
    } else if (val_is(mode) && !check_has(ip)) {
        check_forbidden(out, path, "ipMode", "may not be specified when `ip` is not set");
    } else if (val_is(mode)) {
        check_enum_as(out, path, "ipMode", mode, modes);
    }
    if (check_has(name)) {
        check_name(out, path, "hostname", name, validate_name_subdomain);
        if (ip_parse(val_str(name), true, &parsed)) {
            check_invalid(out, path, "hostname", name, "must be a DNS name, not an IP address");
        }
    }
}

/* ValidateLoadBalancerStatus */
static void
service_check_status(const struct check_in *in, struct causes *out)
{
    struct field_path status = check_at(NULL, "status");
    struct field_path path = check_at(&status, "loadBalancer"), list = check_at(&path, "ingress");
    struct val ingress = val_at(in->now, "status.loadBalancer.ingress");
    struct val before = val_at(in->old, "status.loadBalancer.ingress");
    size_t index = 0;
    if (!service_is(val_get(in->now, "spec"), "LoadBalancer") && val_len(ingress) > 0) {
        check_forbidden(out, &list, NULL, "may only be used when `spec.type` is 'LoadBalancer'");
        return;
    }
    VAL_EACH (it, ingress) {
        struct field_path item = check_item(&list, index++);
        service_check_ingress(out, it.value, before, &item);
    }
}

void
kind_service_check_update(struct check_in *in, struct causes *out)
{
    if (in->subresource != NULL) {
        service_check_status(in, out);
        return;
    }
    service_check_changes(val_get(in->now, "spec"), val_get(in->old, "spec"), out);
    kind_service_check(in, out);
}
