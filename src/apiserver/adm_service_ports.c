/* Node ports: which are used, which are held, and the choice of new ones.
 *
 * Rules of pkg/registry/core/service/storage/alloc.go and portallocator, release 1.35: 30000-32767, the
 * lower 86 used last. The counts follow the sink, so they are right whenever a request looks; ports of
 * requests on their way are held beside them. Called by adm_service.c. Loop thread. */
#include "config.h"

#include "api/kinds_types.h"
#include "api/object.h"
#include "api/schema.h"
#include "apiserver/adm_service.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/rest_write.h"
#include "apiserver/sink.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/cache.h"

enum {
    FIRST = ADM_SERVICE_PORT_FIRST,
    PORTS = ADM_SERVICE_PORT_LAST - ADM_SERVICE_PORT_FIRST + 1,
    BAND = PORTS / 32, /* 16…128: for those who ask for a port */
    DRY_FIRST = 32769, /* what a dry-run shows for a port that it does not choose */
};

struct adm_service_ports {
    struct sink *sink;
    void *subscription;
    uint16_t used[PORTS], held[PORTS];
};
/* Ports that a request holds. */
struct adm_service_held {
    struct adm_service_held *next;
    int64_t port;
};

/* ---- counting ---- */

static bool
is_port(int64_t port)
{
    return port >= FIRST && port < FIRST + PORTS;
}

static void
count_one(struct adm_service_ports *ports, int64_t port, int by)
{
    if (is_port(port)) {
        uint16_t *used = &ports->used[port - FIRST];
        *used = (uint16_t)(*used + by);
    }
}

static void
count(struct adm_service_ports *ports, const struct object *object, int by)
{
    if (object == NULL) {
        return;
    }
    object_pin(object);
    struct val spec = val_get(object_val(object), "spec");
    VAL_EACH (it, val_get(spec, "ports")) {
        count_one(ports, val_int(val_get(it.value, "nodePort"), 0), by);
    }
    count_one(ports, val_int(val_get(spec, "healthCheckNodePort"), 0), by);
    object_unpin(object);
}

static void
on_change(void *ctx, struct object *old, struct object *now, uint64_t rev)
{
    (void)rev;
    count(ctx, old, -1);
    count(ctx, now, 1);
}

struct adm_service_ports *
adm_service_ports_new(struct sink *sink, const struct resource *services)
{
    struct adm_service_ports *ports = MEM_NEW(struct adm_service_ports);
    ports->sink = sink;
    CACHE_EACH (object, it, sink_cache(sink), services, ((struct str){ 0 })) {
        count(ports, object, 1);
    }
    ports->subscription = sink_subscribe(sink, services, on_change, ports);
    return ports;
}

void
adm_service_ports_free(struct adm_service_ports *ports)
{
    if (ports != NULL) {
        sink_unsubscribe(ports->sink, ports->subscription);
        mem_free(ports);
    }
}

/* ---- taking ---- */

static struct adm_service_ports *
ports_of(struct adm_service *a)
{
    struct apiserver *server = a->req->server;
    if (server->service_ports == NULL) {
        server->service_ports = adm_service_ports_new(
            server->sink, registry_any_version(a->req->registry, STR(""), STR("services")));
    }
    return server->service_ports;
}

/* Takes that port; NULL, or why not. */
static const char *
take(struct adm_service *a, int64_t port)
{
    struct adm_service_ports *ports = ports_of(a);
    if (!is_port(port)) {
        return "provided port is not in the valid range. The range of valid ports is 30000-32767";
    }
    if (ports->used[port - FIRST] > 0 || ports->held[port - FIRST] > 0) {
        return "provided port is already allocated";
    }
    struct adm_service_held *held = ARENA_NEW(a->req->arena, struct adm_service_held);
    *held = (struct adm_service_held){ a->held, port };
    a->held = held;
    ports->held[port - FIRST]++;
    return NULL;
}

static int
take_any(struct adm_service *a, int64_t *ret, struct err **err)
{
    int64_t start = (int64_t)ident_random(&a->req->server->ident, PORTS - BAND);
    if (a->req->options.dry_run) {
        *ret = DRY_FIRST + (int64_t)a->next_dry++;
        return 0;
    }
    for (int64_t i = 0; i < PORTS; i++) {
        int64_t high = BAND + (start + i) % (PORTS - BAND), low = i - (PORTS - BAND);
        int64_t port = FIRST + (i < PORTS - BAND ? high : low);
        if (take(a, port) == NULL) {
            *ret = port;
            return 0;
        }
    }
    return err_set(err, ERR_INTERNAL,
                   "Internal error occurred: failed to allocate a nodePort: range is full");
}

void
adm_service_ports_drop(struct adm_service *a)
{
    for (; a->held != NULL; a->held = a->held->next) {
        ports_of(a)->held[a->held->port - FIRST]--;
    }
}

/* ---- what a Service needs ---- */

struct settle {
    struct adm_service *a;
    struct val now, old; /* specs; old absent on create */
    struct edit edit;
    struct err **err;
};

static bool
is_type(struct val spec, const char *type)
{
    return val_is_str(val_get(spec, "type"), type);
}

static bool
has_ports(struct val spec)
{
    return is_type(spec, "NodePort") || is_type(spec, "LoadBalancer");
}

/* Specific requests are respected all the same. */
static bool
wants_ports(struct val spec)
{
    bool allocates = val_bool(val_get(spec, "allocateLoadBalancerNodePorts"), true);
    return is_type(spec, "NodePort") || (is_type(spec, "LoadBalancer") && allocates);
}

static bool
needs_health(struct val spec)
{
    return is_type(spec, "LoadBalancer") &&
           val_is_str(val_get(spec, "externalTrafficPolicy"), "Local");
}

static int
refuse(struct settle *s, size_t i, int64_t port, const char *why)
{
    struct req *req = s->a->req;
    struct causes causes = { .arena = req->arena };
    causes_add_json(&causes, CAUSE_INVALID, NULL,
                    arena_printf(req->arena, "spec.ports[%zu].nodePort", i).at,
                    arena_printf(req->arena, "%lld", (long long)port), "%s", why);
    return causes_err(&causes, req->resource, req->name, s->err);
}

static void
set_port(struct settle *s, size_t i, int64_t port)
{
    edit_set_int(&s->edit, arena_printf(s->a->req->arena, "/spec/ports/%zu/nodePort", i).at, port);
}

static int64_t
node_port(struct val port)
{
    return val_int(val_get(port, "nodePort"), 0);
}

/* What the ports before this one got for the same port number (TCP and UDP share), 0: nothing. */
static int64_t
shared_port(const int64_t *given, struct val ports, size_t i)
{
    int64_t number = val_int(val_get(val_item(ports, i), "port"), 0);
    for (size_t before = i; before > 0; before--) {
        if (val_int(val_get(val_item(ports, before - 1), "port"), 0) == number) {
            return given[before - 1];
        }
    }
    return 0;
}

/* findRequestedNodePort: somewhere in the list a port of that number says which it wants. */
static int64_t
requested_port(struct val ports, size_t i)
{
    int64_t number = val_int(val_get(val_item(ports, i), "port"), 0);
    VAL_EACH (it, ports) {
        if (val_int(val_get(it.value, "port"), 0) == number && node_port(it.value) != 0) {
            return node_port(it.value);
        }
    }
    return 0;
}

/* initNodePorts */
static int
settle_new(struct settle *s)
{
    struct val ports = val_get(s->now, "ports");
    size_t i = 0;
    int64_t *given = arena_array(s->a->req->arena, val_len(ports) + 1, sizeof(given[0]));
    VAL_EACH (it, ports) {
        int64_t asked = node_port(it.value), shared = shared_port(given, ports, i);
        int64_t wanted = shared == 0 ? requested_port(ports, i) : asked;
        const char *why = NULL;
        if (asked == 0 && !wants_ports(s->now)) {
            given[i++] = 0;
            continue;
        }
        if (shared != 0 && (asked == 0 || asked == shared)) {
            given[i] = shared;
        } else if (wanted != 0) {
            why = take(s->a, wanted);
            given[i] = wanted;
        } else if (take_any(s->a, &given[i], s->err) < 0) {
            return -1;
        }
        if (why != NULL) {
            return refuse(s, i, wanted, why);
        }
        set_port(s, i, given[i]);
        i++;
    }
    return 0;
}

static bool
had_port(const struct settle *s, int64_t port)
{
    VAL_EACH (it, val_get(s->old, "ports")) {
        if (node_port(it.value) == port) {
            return true;
        }
    }
    return false;
}

static bool
is_held(const struct settle *s, int64_t port)
{
    const struct adm_service_held *held = s->a->held;
    while (held != NULL && held->port != port) {
        held = held->next;
    }
    return held != NULL;
}

/* updateNodePorts */
static int
settle_changed(struct settle *s)
{
    size_t i = 0;
    VAL_EACH (it, val_get(s->now, "ports")) {
        int64_t port = node_port(it.value);
        if (port != 0 && !had_port(s, port) && !is_held(s, port)) {
            const char *why = take(s->a, port);
            if (why != NULL) {
                return refuse(s, i, port, why);
            }
        } else if (port == 0 && wants_ports(s->now)) {
            if (take_any(s->a, &port, s->err) < 0) {
                return -1;
            }
            set_port(s, i, port);
        }
        i++;
    }
    return 0;
}

static int
settle_health(struct settle *s)
{
    int64_t port = val_int(val_get(s->now, "healthCheckNodePort"), 0);
    if (!needs_health(s->now) || needs_health(s->old)) {
        return 0;
    }
    if (port == 0) {
        if (take_any(s->a, &port, s->err) < 0) {
            return -1;
        }
        edit_set_int(&s->edit, "/spec/healthCheckNodePort", port);
        return 0;
    }
    const char *why = take(s->a, port);
    if (why == NULL) {
        return 0;
    }
    struct str text =
        arena_printf(s->a->req->arena, "failed to allocate requested HealthCheck NodePort %lld: %s",
                     (long long)port, why);
    (void)err_set(s->err, ERR_INTERNAL, "Internal error occurred: " STR_FMT, STR_ARG(text));
    err_cause(*s->err, "", "", STR_FMT, STR_ARG(text));
    return -1;
}

int
adm_service_ports_settle(struct adm_service *a, struct err **err)
{
    struct req *req = a->req;
    struct settle s = { .a = a, .now = val_get(doc_root(req->now), "spec"), .err = err };
    if (!req->is_create) {
        s.old = val_get(doc_root(req->old), "spec");
    }
    edit_init(&s.edit, req->arena);
    if (has_ports(s.now) && (req->is_create ? settle_new(&s) : settle_changed(&s)) < 0) {
        return -1;
    }
    if (settle_health(&s) < 0) {
        return -1;
    }
    return rest_write_edit(req, &s.edit, err);
}
