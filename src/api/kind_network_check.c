/* Rules of IPAddresses, ServiceCIDRs, Ingresses and IngressClasses: pkg/apis/networking/validation of
 * release 1.35.
 *
 * Named by rows in kind_network.c; pure, any thread. */
#include "config.h"

#include "api/check.h"
#include "api/kinds_check.h"
#include "api/validate_priv.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/ip.h"
#include "base/mem.h"

enum { NETWORK_NAME_MAX = 253, NETWORK_CONTROLLER_MAX = 250 };

/* ---- IPAddress ---- */

/* ValidateIPAddressName, but for the canonical form. */
void
kind_network_name_problems(struct str name, bool is_prefix, struct problems *out)
{
    struct ip ip;
    (void)is_prefix;
    if (!ip_parse(name, true, &ip)) {
        out->at[out->len++] = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    } else if (ip.is_mapped) {
        out->at[out->len++] = "must not be an IPv4-mapped IPv6 address";
    } else if (!ip_parse(name, false, &ip)) {
        out->at[out->len++] = "must not have leading 0s";
    }
}

/* ValidateIPAddress; the name is an address. */
void
kind_network_check_address(struct check_in *in, struct causes *out)
{
    static const char *const required[] = { "resource", "name" };
    static const char *const optional[] = { "namespace" };
    struct field_path spec = check_at(NULL, "spec"), path = check_at(&spec, "parentRef");
    struct field_path meta = check_at(NULL, "metadata");
    struct val parent = val_at(in->now, "spec.parentRef"), group = val_get(parent, "group");
    struct val name = val_at(in->now, "metadata.name");
    struct problems found = { 0 };
    kind_network_name_problems(val_str(name), false, &found);
    if (check_has(name) && found.len == 0) {
        check_ip_strict(out, &meta, "name", name); /* its form */
    }
    if (val_type(parent) != DOC_OBJECT) {
        check_required(out, &path, NULL, NULL);
        return;
    }
    if (check_has(group)) {
        check_name(out, &path, "group", group, validate_name_subdomain);
    }
    for (size_t i = 0; i < ARRAY_LEN(required); i++) {
        struct val v = val_get(parent, required[i]);
        if (check_has(v)) {
            check_name(out, &path, required[i], v, validate_name_path_segment);
        } else {
            check_required(out, &path, required[i], NULL);
        }
    }
    if (check_has(val_get(parent, optional[0]))) {
        check_name(out, &path, optional[0], val_get(parent, optional[0]),
                   validate_name_path_segment);
    }
}

/* ValidateIPAddressUpdate */
void
kind_network_check_address_update(struct check_in *in, struct causes *out)
{
    struct field_path path = check_at(NULL, "spec");
    kind_network_check_address(in, out);
    check_immutable(out, &path, "parentRef", val_at(in->now, "spec.parentRef"),
                    val_at(in->old, "spec.parentRef"));
}

/* ---- ServiceCIDR ---- */

/* ValidateServiceCIDR */
void
kind_network_check_cidr(struct check_in *in, struct causes *out)
{
    struct field_path spec = check_at(NULL, "spec"), list = check_at(&spec, "cidrs");
    struct val cidrs = val_at(in->now, "spec.cidrs");
    struct ip_net nets[2] = { 0 };
    bool is_known = true;
    size_t index = 0;
    if (val_len(cidrs) == 0) {
        check_required(out, &list, NULL, "at least one CIDR required");
        return;
    }
    if (val_len(cidrs) > ARRAY_LEN(nets)) {
        struct jw w;
        jw_init(&w, out->arena);
        jw_obj(&w);
        jw_keyz(&w, "CIDRs");
        jw_val(&w, cidrs);
        jw_end(&w);
        causes_add_json(out, CAUSE_INVALID, &list, "", jw_done(&w), "may only hold up to 2 values");
        return;
    }
    VAL_EACH (it, cidrs) {
        struct field_path item = check_item(&list, index);
        is_known = ip_parse_net(val_str(it.value), true, &nets[index++]) && is_known;
        check_ip_net_strict(out, &item, NULL, it.value);
    }
    if (index == 2 && is_known && nets[0].ip.is_v6 == nets[1].ip.is_v6) {
        check_invalid(out, &list, NULL, cidrs,
                      "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and "
                      "2001:db8::/64");
    }
}

/* ValidateServiceCIDRUpdate: a second family may come. */
void
kind_network_check_cidr_update(struct check_in *in, struct causes *out)
{
    struct field_path spec = check_at(NULL, "spec"), list = check_at(&spec, "cidrs");
    struct val now = val_at(in->now, "spec.cidrs"), old = val_at(in->old, "spec.cidrs");
    bool is_grown = val_len(old) == 1 && val_len(now) == 2;
    size_t index = 0;
    if (in->subresource != NULL) {
        return;
    }
    if (val_len(now) != val_len(old) && !is_grown) {
        struct str shown = val_is(now) ? val_raw(now) : STR("null");
        causes_add_json(out, CAUSE_INVALID, &list, "", shown, "field is immutable");
        return;
    }
    VAL_EACH (it, old) {
        struct field_path item = check_item(&list, index);
        struct val own = val_item(now, index++);
        if (!val_eq(own, it.value)) {
            check_invalid(out, &item, NULL, own, "field is immutable");
        }
    }
    if (is_grown) {
        kind_network_check_cidr(in, out);
    }
}

/* ---- IngressClass ---- */

/* A reference to some object: validateIngressTypedLocalObjectReference. */
static void
network_check_ref(struct causes *out, struct val ref, const struct field_path *path)
{
    static const char *const required[] = { "kind", "name" };
    struct val group = val_get(ref, "apiGroup");
    if (val_type(group) == DOC_STRING) {
        check_name(out, path, "apiGroup", group, validate_name_subdomain);
    }
    for (size_t i = 0; i < ARRAY_LEN(required); i++) {
        struct val v = val_get(ref, required[i]);
        if (check_has(v)) {
            check_name(out, path, required[i], v, validate_name_path_segment);
        } else {
            check_required(out, path, required[i], NULL);
        }
    }
}

static void
network_check_parameters(struct causes *out, struct val ref, const struct field_path *path)
{
    static const char *const scopes[] = { "Cluster", "Namespace", NULL };
    struct val scope = val_get(ref, "scope"), ns = val_get(ref, "namespace");
    if (!val_is(ref)) {
        return;
    }
    network_check_ref(out, ref, path);
    if (!val_is(scope)) {
        check_required(out, path, "scope", NULL);
    } else if (val_is_str(scope, "Namespace") && !val_is(ns)) {
        check_required(out, path, "namespace", "`parameters.scope` is set to 'Namespace'");
    } else if (val_is_str(scope, "Namespace")) {
        check_name(out, path, "namespace", ns, validate_name_label);
    } else if (val_is_str(scope, "Cluster") && val_is(ns)) {
        check_forbidden(out, path, "namespace", "`parameters.scope` is set to 'Cluster'");
    } else {
        check_enum_as(out, path, "scope", scope, scopes);
    }
}

/* ValidateIngressClass */
void
kind_network_check_class(struct check_in *in, struct causes *out)
{
    struct field_path path = check_at(NULL, "spec"), parameters = check_at(&path, "parameters");
    struct val controller = val_at(in->now, "spec.controller");
    if (val_str(controller).size > NETWORK_CONTROLLER_MAX) {
        check_too_long(out, &path, "controller", NETWORK_CONTROLLER_MAX);
    }
    check_domain_path(out, &path, "controller", controller);
    network_check_parameters(out, val_at(in->now, "spec.parameters"), &parameters);
}

/* ValidateIngressClassUpdate */
void
kind_network_check_class_update(struct check_in *in, struct causes *out)
{
    struct field_path path = check_at(NULL, "spec");
    check_immutable_text(out, &path, "controller", val_at(in->now, "spec.controller"),
                         val_at(in->old, "spec.controller"));
    kind_network_check_class(in, out);
}

/* ---- Ingress ---- */

static void
network_check_host(struct causes *out, struct val host, const struct field_path *path,
                   const char *member)
{
    struct str text = val_str(host), rest = text;
    struct problems found = { 0 };
    if (!str_contains(text, STR("*"))) {
        check_name(out, path, member, host, validate_name_subdomain);
        return;
    }
    bool is_wild = str_has_prefix(text, STR("*."));
    if (is_wild) {
        rest = str_slice(text.at + 2, text.size - 2);
        validate_name_subdomain(rest, false, &found);
    }
    if (text.size > NETWORK_NAME_MAX) {
        check_invalid(out, path, member, host, "must be no more than 253 characters");
    }
    if (!is_wild || (found.len > 0 && rest.size <= NETWORK_NAME_MAX)) {
        check_invalid(out, path, member, host,
                      "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS "
                      "subdomain, which must consist of lower case alphanumeric characters, '-' or "
                      "'.' and end with an alphanumeric character (e.g. '*.example.com', regex "
                      "used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]"
                      "([-a-z0-9]*[a-z0-9])?)*')");
    }
}

static void
network_check_backend(struct causes *out, struct val backend, const struct field_path *path)
{
    struct val resource = val_get(backend, "resource"), service = val_get(backend, "service");
    struct val name = val_get(service, "name"), none = { 0 };
    struct val port_name = val_at(service, "port.name"), number = val_at(service, "port.number");
    struct field_path resource_at = check_at(path, "resource");
    if (val_is(resource) == val_is(service)) {
        check_invalid(out, path, NULL, none,
                      val_is(resource) ? "cannot set both resource and service backends"
                                       : "resource or service backend is required");
        return;
    }
    if (val_is(resource)) {
        network_check_ref(out, resource, &resource_at);
        return;
    }
    if (check_has(name)) {
        check_name(out, path, "service.name", name, validate_name_dns1035);
    } else {
        check_required(out, path, "service.name", NULL);
    }
    if (check_has(port_name) && val_int(number, 0) != 0) {
        check_invalid(out, path, NULL, none, "cannot set both port name & port number");
    } else if (check_has(port_name)) {
        check_port_or_name(out, path, "service.port.name", port_name);
    } else if (val_int(number, 0) != 0) {
        check_port(out, path, "service.port.number", number);
    } else {
        check_required(out, path, NULL, "port name or number is required");
    }
}

static void
network_check_path(struct causes *out, struct val path_value, const struct field_path *path)
{
    static const char *const types[] = { "Exact", "ImplementationSpecific", "Prefix", NULL };
    static const char *const parts[] = { "//", "/./", "/../", "%2f", "%2F" };
    static const char *const ends[] = { "/..", "/." };
    struct field_path backend = check_at(path, "backend");
    struct val type = val_get(path_value, "pathType"), text = val_get(path_value, "path");
    bool is_plain = val_is_str(type, "ImplementationSpecific");
    bool is_exact = val_is_str(type, "Exact") || val_is_str(type, "Prefix");
    if (!val_is(type) || val_type(type) == DOC_NULL) {
        check_required(out, path, "pathType", "pathType must be specified");
        return;
    }
    if ((is_exact || (is_plain && check_has(text))) && !str_has_prefix(val_str(text), STR("/"))) {
        check_invalid(out, path, "path", text, "must be an absolute path");
    }
    for (size_t i = 0; i < ARRAY_LEN(parts) && is_exact; i++) {
        if (str_contains(val_str(text), str_of(parts[i]))) {
            causes_add(out, CAUSE_INVALID, path, "path", text, "must not contain '%s'", parts[i]);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(ends) && is_exact; i++) {
        if (str_has_suffix(val_str(text), str_of(ends[i]))) {
            causes_add(out, CAUSE_INVALID, path, "path", text, "cannot end with '%s'", ends[i]);
        }
    }
    check_enum_as(out, path, "pathType", type, types);
    network_check_backend(out, val_get(path_value, "backend"), &backend);
}

static void
network_check_rule(struct causes *out, struct val rule, const struct field_path *path)
{
    struct field_path http_at = check_at(path, "http"), list = check_at(&http_at, "paths");
    struct val host = val_get(rule, "host"), http = val_get(rule, "http");
    struct val paths = val_get(http, "paths");
    struct ip ip;
    size_t index = 0;
    if (check_has(host) && ip_parse(val_str(host), true, &ip)) {
        check_invalid(out, path, "host", host, "must be a DNS name, not an IP address");
    }
    if (check_has(host)) {
        network_check_host(out, host, path, "host");
    }
    if (val_is(http) && val_len(paths) == 0) {
        check_required(out, &list, NULL, NULL);
    }
    VAL_EACH (it, paths) {
        struct field_path item = check_item(&list, index++);
        network_check_path(out, it.value, &item);
    }
}

static void
network_check_tls(struct causes *out, struct val list, const struct field_path *path)
{
    size_t index = 0;
    VAL_EACH (tls, list) {
        struct field_path item = check_item(path, index++), hosts = check_at(&item, "hosts");
        struct val secret = val_get(tls.value, "secretName");
        size_t nth = 0;
        VAL_EACH (it, val_get(tls.value, "hosts")) {
            struct field_path place = check_item(&hosts, nth++);
            network_check_host(out, it.value, &place, NULL);
        }
        if (check_has(secret)) {
            check_name(out, &item, "secretName", secret, validate_name_subdomain);
        }
    }
}

/* ValidateIngressSpec */
static void
network_check_ingress(struct val spec, struct causes *out)
{
    struct field_path path = check_at(NULL, "spec"), list = check_at(&path, "rules");
    struct field_path backend = check_at(&path, "defaultBackend"), tls = check_at(&path, "tls");
    struct val rules = val_get(spec, "rules"), own = val_get(spec, "defaultBackend");
    struct val class = val_get(spec, "ingressClassName");
    size_t index = 0;
    if (val_len(rules) == 0 && !val_is(own)) {
        causes_add_json(out, CAUSE_INVALID, &path, "", val_is(rules) ? val_raw(rules) : STR("null"),
                        "either `defaultBackend` or `rules` must be specified");
    }
    if (val_is(own)) {
        network_check_backend(out, own, &backend);
    }
    VAL_EACH (it, rules) {
        struct field_path item = check_item(&list, index++);
        network_check_rule(out, it.value, &item);
    }
    network_check_tls(out, val_get(spec, "tls"), &tls);
    if (val_is(class)) {
        check_name(out, &path, "ingressClassName", class, validate_name_subdomain);
    }
}

/* ValidateIngressCreate */
void
kind_network_check_ingress(struct check_in *in, struct causes *out)
{
    struct str key = STR("kubernetes.io/ingress.class");
    struct val note = val_member(val_at(in->now, "metadata.annotations"), key);
    struct val class = val_at(in->now, "spec.ingressClassName");
    struct field_path notes = check_at(NULL, "annotations");
    struct field_path at = check_at(&notes, "kubernetes.io/ingress.class");
    network_check_ingress(val_get(in->now, "spec"), out);
    if (val_is(note) && val_is(class) && !val_eq(note, class)) {
        check_invalid(out, &at, NULL, note,
                      "must match `ingressClassName` when both are specified");
    }
}

/* ValidateIngressUpdate, ValidateIngressStatusUpdate */
void
kind_network_check_ingress_update(struct check_in *in, struct causes *out)
{
    struct field_path status = check_at(NULL, "status");
    struct field_path path = check_at(&status, "loadBalancer"), list = check_at(&path, "ingress");
    size_t index = 0;
    if (in->subresource == NULL) {
        network_check_ingress(val_get(in->now, "spec"), out);
        return;
    }
    VAL_EACH (it, val_at(in->now, "status.loadBalancer.ingress")) {
        struct field_path item = check_item(&list, index++);
        struct val ip = val_get(it.value, "ip"), host = val_get(it.value, "hostname");
        struct ip parsed;
        bool is_old = false;
        VAL_EACH (old, val_at(in->old, "status.loadBalancer.ingress")) {
            is_old = is_old || check_same(val_get(old.value, "ip"), ip);
        }
        if (check_has(ip) && !is_old) {
            check_ip_legacy(out, &item, "ip", ip);
        }
        if (check_has(host)) {
            check_name(out, &item, "hostname", host, validate_name_subdomain);
            if (ip_parse(val_str(host), true, &parsed)) {
                check_invalid(out, &item, "hostname", host,
                              "must be a DNS name, not an IP address");
            }
        }
    }
}
