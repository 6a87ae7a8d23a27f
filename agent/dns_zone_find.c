/* What Services and endpoints have for the zone. Called by dns_zone; loop thread.
 *
 * Follows plugin/kubernetes of CoreDNS 1.12: findServices, serviceRecordForIP, endpointHostname. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/dns_zone_priv.h"

#include "agent/backends.h"
#include "api/object.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/mem.h"

/* ---- Services ---- */

static bool
is_asked(struct str asked, struct str has)
{
    return asked.size == 0 || str_eq_nocase(asked, has);
}

static bool
is_port_asked(const struct dns_look *look, struct val port)
{
    return is_asked(look->port, val_str(val_get(port, "name"))) &&
           is_asked(look->protocol, val_str(val_get(port, "protocol")));
}

static void
add_host(struct dns_look *look, struct dns_found *found, const struct dns_host *host)
{
    if (found->len < DNS_ZONE_RECORDS_MAX) {
        found->hosts[found->len] = *host;
        found->hosts[found->len++].label = arena_dup(look->arena, host->label);
    }
}

static void
find_addresses(struct dns_look *look, struct val spec, struct dns_found *ret)
{
    VAL_EACH (port, val_get(spec, "ports")) {
        if (!is_port_asked(look, port.value)) {
            continue;
        }
        VAL_EACH (ip, val_get(spec, "clusterIPs")) {
            struct dns_host host = { .port = val_int(val_get(port.value, "port"), 0) };

            if (ip_parse(val_str(ip.value), false, &host.ip)) {
                add_host(look, ret, &host);
            }
        }
    }
}

/* ---- endpoints ---- */

struct str
dns_zone_find_label(struct val endpoint, struct str ip, struct arena *arena)
{
    struct str name = val_str(val_get(endpoint, "hostname"));
    char *text;

    if (name.size > 0) {
        return name;
    }
    text = arena_dupz(arena, ip);
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == '.' || *at == ':' ? '-' : *at;
    }
    return str_of(text);
}

/* One address of an endpoint with the slice's ports that were asked for; a slice without ports has one
 * that no SRV record names. */
static void
find_ports(struct dns_look *look, struct val ports, struct dns_host *host, struct dns_found *ret)
{
    if (val_len(ports) == 0 && look->port.size == 0) {
        add_host(look, ret, host);
    }
    VAL_EACH (it, ports) {
        if (is_port_asked(look, it.value)) {
            host->port = val_int(val_get(it.value, "port"), 0);
            add_host(look, ret, host);
        }
    }
}

static void
find_in_slice(struct dns_look *look, struct val slice, struct dns_found *ret)
{
    VAL_EACH (it, val_get(slice, "endpoints")) {
        if (!val_bool(val_get(val_get(it.value, "conditions"), "ready"), true)) {
            continue;
        }
        VAL_EACH (address, val_get(it.value, "addresses")) {
            struct dns_host host = { 0 };
            struct str ip = val_str(address.value);

            if (!ip_parse(ip, false, &host.ip)) {
                continue; /* a name */
            }
            host.label = dns_zone_find_label(it.value, ip, look->arena);
            if (is_asked(look->endpoint, host.label)) {
                find_ports(look, val_get(slice, "ports"), &host, ret);
            }
        }
    }
}

/* ---- the question ---- */

static void
find_pinned(struct dns_look *look, const struct backend *backend, struct val spec,
            struct dns_found *ret)
{
    struct str cluster_ip = val_str(val_get(spec, "clusterIP"));
    struct ip ip;

    if (val_is_str(val_get(spec, "type"), "ExternalName")) {
        struct str name = val_str(val_get(spec, "externalName"));

        name.size -= str_has_suffix(name, STR(".")) ? 1 : 0;
        ret->alias = ip_parse(name, false, &ip) ? (struct str){ 0 } : arena_dup(look->arena, name);
    } else if (str_is(cluster_ip, "None") || look->endpoint.size > 0) {
        for (size_t i = 0; i < backend->slice_len; i++) {
            object_pin(backend->slices[i]);
            find_in_slice(look, object_val(backend->slices[i]), ret);
            object_unpin(backend->slices[i]);
        }
    } else {
        find_addresses(look, spec, ret);
    }
}

bool
dns_zone_find(struct dns_look *look, const struct backend *backend, struct dns_found *ret)
{
    if (backend->service == NULL) {
        return false;
    }
    object_pin(backend->service);
    find_pinned(look, backend, val_get(object_val(backend->service), "spec"), ret);
    object_unpin(backend->service);
    return ret->len > 0 || ret->alias.size > 0;
}
