/* Columns of services and what stands behind them.  Pure.
 *
 * Texts follow pkg/printers/internalversion/printers.go, release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include "api/cell.h"
#include "api/columns_kinds.h"
#include "base/arena.h"

enum { SHOWN = 3 /* endpoints in a cell, then "+ n more..." */ };

/* ---- services ---- */

static void
service_cluster_ip(struct cell *cell, struct val service)
{
    struct str first = val_str(val_item(val_at(service, "spec.clusterIPs"), 0));
    cell_str_or(cell, first.size > 0 ? first : val_str(val_at(service, "spec.clusterIP")),
                "<none>");
}

static struct str
balancer_addresses(struct cell *cell, struct val service)
{
    AUTO_STR struct str_builder text = { 0 };
    VAL_EACH (it, val_at(service, "status.loadBalancer.ingress")) {
        struct str ip = val_str(val_get(it.value, "ip"));
        ip = ip.size > 0 ? ip : val_str(val_get(it.value, "hostname"));
        str_putf(&text, "%s" STR_FMT, text.size > 0 ? "," : "", STR_ARG(ip));
    }
    VAL_EACH (it, val_at(service, "spec.externalIPs")) {
        str_putf(&text, "%s" STR_FMT, text.size > 0 ? "," : "", STR_ARG(val_str(it.value)));
    }
    return arena_dup(cell->arena, str_view(&text));
}

static void
service_external_ip(struct cell *cell, struct val service)
{
    struct val spec = val_get(service, "spec");
    struct str type = val_str(val_get(spec, "type"));
    if (str_is(type, "ExternalName")) {
        cell_str(cell, val_str(val_get(spec, "externalName")));
    } else if (str_is(type, "LoadBalancer")) {
        cell_str_or(cell, balancer_addresses(cell, service), "<pending>");
    } else {
        cell_joined(cell, val_get(spec, "externalIPs"), "<none>");
    }
}

static void
service_ports(struct cell *cell, struct val service)
{
    AUTO_STR struct str_builder text = { 0 };
    VAL_EACH (it, val_at(service, "spec.ports")) {
        int64_t port = val_int(val_get(it.value, "port"), 0);
        int64_t node_port = val_int(val_get(it.value, "nodePort"), 0);
        str_putf(&text, "%s%lld", text.size > 0 ? "," : "", (long long)port);
        if (node_port > 0) {
            str_putf(&text, ":%lld", (long long)node_port);
        }
        str_putf(&text, "/" STR_FMT, STR_ARG(val_str(val_get(it.value, "protocol"))));
    }
    cell_str_or(cell, str_view(&text), "<none>");
}

static void
service_selector(struct cell *cell, struct val service)
{
    AUTO_STR struct str_builder text = { 0 };
    VAL_EACH (it, val_at(service, "spec.selector")) {
        str_putf(&text, "%s" STR_FMT "=" STR_FMT, text.size > 0 ? "," : "", STR_ARG(it.key),
                 STR_ARG(val_str(it.value)));
    }
    cell_str_or(cell, str_view(&text), "<none>");
}

const struct column columns_services[] = {
    COLUMN_NAME,
    { .name = "Type", .type = "string", .path = "spec.type" },
    { .name = "Cluster-IP", .type = "string", .cell = service_cluster_ip },
    { .name = "External-IP", .type = "string", .cell = service_external_ip },
    { .name = "Port(s)", .type = "string", .cell = service_ports },
    COLUMN_AGE,
    { .name = "Selector", .type = "string", .priority = 1, .cell = service_selector },
};

/* ---- endpoints ---- */

/* The first few, and how many more there are. */
struct some {
    struct str_builder text;
    size_t len;
};

static void
some_add(struct some *some, struct str item)
{
    if (some->len++ < SHOWN) {
        str_putf(&some->text, "%s" STR_FMT, some->text.size > 0 ? "," : "", STR_ARG(item));
    }
}

static void
some_write(struct some *some, struct cell *cell, const char *or_else)
{
    if (some->len > SHOWN) {
        str_putf(&some->text, " + %zu more...", some->len - SHOWN);
    }
    cell_str_or(cell, str_view(&some->text), or_else);
    str_done(&some->text);
}

static void
endpoints_addresses(struct cell *cell, struct val endpoints)
{
    struct some some = { 0 };
    VAL_EACH (subset, val_get(endpoints, "subsets")) {
        struct val addresses = val_get(subset.value, "addresses");
        struct val ports = val_get(subset.value, "ports");
        VAL_EACH (port, ports) {
            VAL_EACH (it, addresses) {
                some_add(&some, arena_printf(cell->arena, STR_FMT ":%lld",
                                             STR_ARG(val_str(val_get(it.value, "ip"))),
                                             (long long)val_int(val_get(port.value, "port"), 0)));
            }
        }
        VAL_EACH (it, addresses) {
            if (val_len(ports) == 0) {
                some_add(&some, val_str(val_get(it.value, "ip")));
            }
        }
    }
    some_write(&some, cell, "<none>");
}

const struct column columns_endpoints[] = {
    COLUMN_NAME,
    { .name = "Endpoints", .type = "string", .cell = endpoints_addresses },
    COLUMN_AGE,
};

static void
slice_ports(struct cell *cell, struct val slice)
{
    struct some some = { 0 };
    VAL_EACH (it, val_get(slice, "ports")) {
        struct val port = val_get(it.value, "port");
        some_add(&some, val_is(port)
                            ? arena_printf(cell->arena, "%lld", (long long)val_int(port, 0))
                            : STR("*"));
    }
    some_write(&some, cell, "<unset>");
}

static void
slice_endpoints(struct cell *cell, struct val slice)
{
    struct some some = { 0 };
    VAL_EACH (endpoint, val_get(slice, "endpoints")) {
        VAL_EACH (it, val_get(endpoint.value, "addresses")) {
            some_add(&some, val_str(it.value));
        }
    }
    some_write(&some, cell, "<unset>");
}

const struct column columns_endpointslices[] = {
    COLUMN_NAME,
    { .name = "AddressType", .type = "string", .path = "addressType" },
    { .name = "Ports", .type = "string", .cell = slice_ports },
    { .name = "Endpoints", .type = "string", .cell = slice_endpoints },
    COLUMN_AGE,
};

/* ---- ingresses, addresses ---- */

static void
ingress_class(struct cell *cell, struct val ingress)
{
    cell_str_or(cell, val_str(val_at(ingress, "spec.ingressClassName")), "<none>");
}

static void
ingress_hosts(struct cell *cell, struct val ingress)
{
    struct some some = { 0 };
    VAL_EACH (it, val_at(ingress, "spec.rules")) {
        struct str host = val_str(val_get(it.value, "host"));
        if (host.size > 0) {
            some_add(&some, host);
        }
    }
    some_write(&some, cell, "*");
}

static void
ingress_address(struct cell *cell, struct val ingress)
{
    cell_str(cell, balancer_addresses(cell, ingress));
}

static void
ingress_ports(struct cell *cell, struct val ingress)
{
    bool has_tls = val_len(val_at(ingress, "spec.tls")) > 0;
    cell_str(cell, has_tls ? STR("80, 443") : STR("80"));
}

const struct column columns_ingresses[] = {
    COLUMN_NAME,
    { .name = "Class", .type = "string", .cell = ingress_class },
    { .name = "Hosts", .type = "string", .cell = ingress_hosts },
    { .name = "Address", .type = "string", .cell = ingress_address },
    { .name = "Ports", .type = "string", .cell = ingress_ports },
    COLUMN_AGE,
};

static void
ingress_class_parameters(struct cell *cell, struct val object)
{
    struct val parameters = val_at(object, "spec.parameters");
    struct str kind = val_str(val_get(parameters, "kind"));
    struct str group = val_str(val_get(parameters, "apiGroup"));
    if (!val_is(parameters)) {
        cell_str(cell, STR("<none>"));
        return;
    }
    jw_printf(cell->out, STR_FMT "%s" STR_FMT "/" STR_FMT, STR_ARG(kind), group.size > 0 ? "." : "",
              STR_ARG(group), STR_ARG(val_str(val_get(parameters, "name"))));
}

const struct column columns_ingressclasses[] = {
    COLUMN_NAME,
    { .name = "Controller", .type = "string", .path = "spec.controller" },
    { .name = "Parameters", .type = "string", .cell = ingress_class_parameters },
    COLUMN_AGE,
};

static void
address_parent(struct cell *cell, struct val address)
{
    struct val parent = val_at(address, "spec.parentRef");
    struct str group = val_str(val_get(parent, "group")),
               ns = val_str(val_get(parent, "namespace"));
    jw_printf(cell->out, STR_FMT "%s" STR_FMT "/" STR_FMT "%s" STR_FMT,
              STR_ARG(val_str(val_get(parent, "resource"))), group.size > 0 ? "." : "",
              STR_ARG(group), STR_ARG(ns), ns.size > 0 ? "/" : "",
              STR_ARG(val_str(val_get(parent, "name"))));
}

const struct column columns_ipaddresses[] = {
    COLUMN_NAME,
    { .name = "ParentRef", .type = "string", .cell = address_parent },
};

static void
range_cidrs(struct cell *cell, struct val range)
{
    cell_joined(cell, val_at(range, "spec.cidrs"), "");
}

const struct column columns_servicecidrs[] = {
    COLUMN_NAME,
    { .name = "CIDRs", .type = "string", .cell = range_cidrs },
    COLUMN_AGE,
};
