/* Rules of Endpoints and EndpointSlices: ValidateEndpoints and ValidateEndpointSlice of release 1.35.
 * What was wrong before may stay as it is.
 *
 * Named by rows in kind_service.c; pure, any thread. */
#include "config.h"

#include <string.h>

#include "api/check.h"
#include "api/kind_service_check.h"
#include "api/kinds_check.h"
#include "api/validate_priv.h"
#include "base/ip.h"
#include "base/mem.h"

enum {
    ENDPOINT_ADDRESSES_MAX = 100,
    ENDPOINT_PORTS_MAX = 20000,
    ENDPOINTS_MAX = 1000,
    ENDPOINT_TOPOLOGY_MAX = 16,
    ENDPOINT_HINTS_MAX = 8,
};
static const char *const endpoint_protocols[] = { "SCTP", "TCP", "UDP", NULL };

/* ---- Endpoints ---- */

static void
endpoint_check_address(struct causes *out, struct val address, const struct field_path *path)
{
    struct field_path ip = check_at(path, "ip");
    struct val host = val_get(address, "hostname"), node = val_get(address, "nodeName");
    check_ip_legacy(out, &ip, NULL, val_get(address, "ip"));
    if (check_has(host)) {
        check_name(out, path, "hostname", host, validate_name_label);
    }
    if (val_is(node)) {
        check_name(out, path, "nodeName", node, validate_name_subdomain);
    }
    kind_service_check_endpoint_ip(out, &ip, val_get(address, "ip"));
}

static void
endpoint_check_port(struct causes *out, struct val port, bool needs_name,
                    const struct field_path *path)
{
    struct val name = val_get(port, "name"), app = val_get(port, "appProtocol");
    if (check_has(name)) {
        check_name(out, path, "name", name, validate_name_label);
    } else if (needs_name) {
        check_required(out, path, "name", NULL);
    }
    check_port(out, path, "port", val_get(port, "port"));
    check_enum(out, path, "protocol", val_get(port, "protocol"), endpoint_protocols);
    if (val_is(app)) {
        check_label_key(out, path, "appProtocol", app);
    }
}

static void
endpoint_check_subset(struct causes *out, struct val subset, const struct field_path *path)
{
    static const char *const lists[] = { "addresses", "notReadyAddresses" };
    struct field_path ports_at = check_at(path, "ports");
    struct val ports = val_get(subset, "ports");
    size_t index = 0;
    if (val_len(val_get(subset, lists[0])) == 0 && val_len(val_get(subset, lists[1])) == 0) {
        check_required(out, path, NULL, "must specify `addresses` or `notReadyAddresses`");
    }
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct field_path list = check_at(path, lists[i]);
        index = 0;
        VAL_EACH (it, val_get(subset, lists[i])) {
            struct field_path item = check_item(&list, index++);
            endpoint_check_address(out, it.value, &item);
        }
    }
    index = 0;
    VAL_EACH (it, ports) {
        struct field_path item = check_item(&ports_at, index++);
        endpoint_check_port(out, it.value, val_len(ports) > 1, &item);
    }
}

/* ValidateEndpoints, also on update */
void
kind_endpoint_check_endpoints(struct check_in *in, struct causes *out)
{
    struct field_path list = check_at(NULL, "subsets");
    struct val subsets = val_get(in->now, "subsets");
    size_t index = 0;
    if (val_is(in->old) && check_same(subsets, val_get(in->old, "subsets"))) {
        return;
    }
    VAL_EACH (it, subsets) {
        struct field_path item = check_item(&list, index++);
        endpoint_check_subset(out, it.value, &item);
    }
}

/* ---- EndpointSlice ---- */

static void
endpoint_check_domain(struct causes *out, struct val v, const struct field_path *path)
{
    struct str name = val_str(v);
    struct problems found = { 0 };
    if (name.size == 0) {
        check_required(out, path, NULL, NULL);
        return;
    }
    name.size -= str_has_suffix(name, STR(".")) ? 1 : 0;
    validate_name_subdomain(name, false, &found);
    if (found.len > 0) {
        causes_add_text(out, CAUSE_INVALID, path, "", name, "%s%s%s", found.at[0],
                        found.len > 1 ? "," : "", found.len > 1 ? found.at[1] : "");
        return;
    }
    if (!str_contains(name, STR("."))) {
        causes_add_text(out, CAUSE_INVALID, path, "", name,
                        "should be a domain with at least two segments separated by dots");
        return;
    }
    for (struct str rest = name; rest.at != NULL;) {
        struct str label = str_cut(rest, '.', &rest);
        validate_name_label(label, false, &found);
        if (found.len > 0) {
            causes_add_text(out, CAUSE_INVALID, path, "", label, "%s", found.at[0]);
            return;
        }
    }
}

static void
endpoint_check_slice_address(struct causes *out, struct val address, struct val type,
                             const struct field_path *list, size_t index)
{
    struct field_path item = check_item(list, index);
    bool is_v4 = val_is_str(type, "IPv4"), is_v6 = val_is_str(type, "IPv6");
    size_t before = out->len;
    struct ip ip = { 0 };
    if (is_v4) {
        check_ip_legacy(out, &item, NULL, address);
    } else if (is_v6) {
        check_ip_strict(out, &item, NULL, address);
    } else if (val_is_str(type, "FQDN")) {
        endpoint_check_domain(out, address, &item);
        return;
    }
    if ((!is_v4 && !is_v6) || out->len > before) {
        return;
    }
    if (ip_parse(val_str(address), true, &ip) && ip.is_v6 != is_v6) {
        check_invalid(out, list, NULL, address,
                      is_v6 ? "must be an IPv6 address" : "must be an IPv4 address");
    }
    kind_service_check_endpoint_ip(out, &item, address);
}

static void
endpoint_check_hints(struct causes *out, struct val hints, const struct field_path *path)
{
    static const char *const lists[] = { "forZones", "forNodes" };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct val list = val_get(hints, lists[i]);
        struct field_path at = check_at(path, lists[i]);
        struct check_seen seen = { .arena = out->arena };
        size_t index = 0;
        if (val_len(list) > ENDPOINT_HINTS_MAX) {
            check_too_many(out, &at, NULL, val_len(list), ENDPOINT_HINTS_MAX);
            return;
        }
        VAL_EACH (it, list) {
            struct field_path item = check_item(&at, index++);
            struct val name = val_get(it.value, "name");
            struct problems found = { 0 };
            if (check_seen_has(&seen, val_str(name))) {
                causes_add(out, CAUSE_DUPLICATE, &item, "name", name, NULL);
            }
            check_seen_add(&seen, val_str(name));
            if (i == 0) {
                validate_label_text(val_str(name), &found);
            } else {
                validate_name_subdomain(val_str(name), false, &found);
            }
            validate_put_problems(&found, &item, "name", name, out);
        }
    }
}

static void
endpoint_check_endpoint(struct causes *out, struct val endpoint, struct val type,
                        const struct field_path *path)
{
    struct field_path list = check_at(path, "addresses"), hints = check_at(path, "hints");
    struct val addresses = val_get(endpoint, "addresses"), node = val_get(endpoint, "nodeName");
    struct val topology = val_get(endpoint, "deprecatedTopology");
    struct val host = val_get(endpoint, "hostname");
    size_t index = 0;
    if (val_len(addresses) == 0) {
        check_required(out, &list, NULL, "must contain at least 1 address");
    } else if (val_len(addresses) > ENDPOINT_ADDRESSES_MAX) {
        check_too_many(out, &list, NULL, val_len(addresses), ENDPOINT_ADDRESSES_MAX);
    }
    VAL_EACH (it, addresses) {
        endpoint_check_slice_address(out, it.value, type, &list, index++);
    }
    if (val_is(node)) {
        check_name(out, path, "nodeName", node, validate_name_subdomain);
    }
    if (val_len(topology) > ENDPOINT_TOPOLOGY_MAX) {
        check_too_many(out, path, "deprecatedTopology", val_len(topology), ENDPOINT_TOPOLOGY_MAX);
    }
    validate_put_labels(topology, path, "deprecatedTopology", out);
    if (val_is(host)) {
        check_name(out, path, "hostname", host, validate_name_label);
    }
    endpoint_check_hints(out, val_get(endpoint, "hints"), &hints);
}

static void
endpoint_check_slice_ports(struct causes *out, struct val ports)
{
    struct field_path list = check_at(NULL, "ports");
    struct check_seen names = { .arena = out->arena };
    size_t index = 0;
    if (val_len(ports) > ENDPOINT_PORTS_MAX) {
        check_too_many(out, &list, NULL, val_len(ports), ENDPOINT_PORTS_MAX);
        return;
    }
    VAL_EACH (it, ports) {
        struct field_path item = check_item(&list, index++);
        struct val name = val_get(it.value, "name"), app = val_get(it.value, "appProtocol");
        struct val protocol = val_get(it.value, "protocol");
        if (check_has(name)) {
            check_name(out, &item, "name", name, validate_name_label);
        }
        if (check_seen_has(&names, val_str(name))) {
            causes_add(out, CAUSE_DUPLICATE, &item, "name", name, NULL);
        } else {
            check_seen_add(&names, val_str(name));
        }
        if (!val_is(protocol)) {
            check_required(out, &item, "protocol", NULL);
        } else {
            check_enum_as(out, &item, "protocol", protocol, endpoint_protocols);
        }
        if (val_is(app)) {
            check_label_key(out, &item, "appProtocol", app);
        }
    }
}

/* ValidateEndpointSlice */
void
kind_endpoint_check_slice(struct check_in *in, struct causes *out)
{
    static const char *const types[] = { "FQDN", "IPv4", "IPv6", NULL };
    struct field_path list = check_at(NULL, "endpoints");
    struct val type = val_get(in->now, "addressType"), endpoints = val_get(in->now, "endpoints");
    size_t index = 0;
    check_enum(out, NULL, "addressType", type, types);
    endpoint_check_slice_ports(out, val_get(in->now, "ports"));
    if (val_is(in->old) && check_same(endpoints, val_get(in->old, "endpoints"))) {
        return;
    }
    if (val_len(endpoints) > ENDPOINTS_MAX) {
        check_too_many(out, &list, NULL, val_len(endpoints), ENDPOINTS_MAX);
        return;
    }
    VAL_EACH (it, endpoints) {
        struct field_path item = check_item(&list, index++);
        endpoint_check_endpoint(out, it.value, type, &item);
    }
}

/* ValidateEndpointSliceUpdate */
void
kind_endpoint_check_slice_update(struct check_in *in, struct causes *out)
{
    kind_endpoint_check_slice(in, out);
    check_immutable_text(out, NULL, "addressType", val_get(in->now, "addressType"),
                         val_get(in->old, "addressType"));
}
