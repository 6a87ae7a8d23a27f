/* What ctl_endpoints and ctl_endpointslice share.  Called by their plans and keys; pure.
 *
 * Follows k8s.io/endpointslice/util (ShouldPodBeInEndpoints, ShouldSetHostname) and
 * pkg/api/v1/pod FindPort, release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include "controllers/ctl_backends.h"

#include "api/object.h"
#include "api/pod_resources.h"
#include "api/pod_state.h"
#include "api/registry.h"
#include "api/selector.h"
#include "base/arena.h"
#include "base/ip.h"
#include "base/mem.h"
#include "client/cache.h"
#include "controllers/ctl.h"

enum { POD_NODE_SLOT = 1 /* spec.nodeName, as the row of pods says */ };

bool
ctl_backends_are_wanted(const struct object *service)
{
    struct val spec = val_get(object_val(service), "spec");
    return service->deleted_at_ms == 0 && val_len(val_get(spec, "selector")) > 0 &&
           !val_is_str(val_get(spec, "type"), "ExternalName");
}

/* ---- pods ---- */

static bool
is_of_family(struct str text, bool is_v6)
{
    struct ip ip;
    return ip_parse(text, true, &ip) && ip.is_v6 == is_v6;
}

static struct str
address_of(struct val pod, bool is_v6)
{
    VAL_EACH (it, val_at(pod, "status.podIPs")) {
        struct str text = val_str(val_get(it.value, "ip"));
        if (is_of_family(text, is_v6)) {
            return text;
        }
    }
    struct str text = val_str(val_at(pod, "status.podIP"));
    return is_of_family(text, is_v6) ? text : (struct str){ 0 };
}

struct ctl_backends
ctl_backends_of(const struct plan_in *in, const struct object *service, bool is_v6)
{
    const struct resource *pods = ctl_resource(in, "", "pods");
    struct val map = val_at(object_val(service), "spec.selector");
    const struct selector *selector = selector_from_map(in->arena, map);
    struct ctl_backends out = { 0 };
    size_t most = cache_count(in->cache, pods, service->ns, (struct str){ 0 }, (struct str){ 0 });
    out.at = arena_array(in->arena, most + 1, sizeof(out.at[0]));
    CACHE_EACH (pod, it, in->cache, pods, service->ns) {
        if (!selector_matches_labels(selector, pod->labels)) {
            continue;
        }
        object_pin(pod);
        struct val root = object_val(pod);
        struct str address = address_of(root, is_v6);
        if (address.size == 0 || pod_state_is_finished(root)) {
            object_unpin(pod);
            continue;
        }
        out.at[out.len++] = (struct ctl_backend){ .pod = pod,
                                                  .root = root,
                                                  .address = address,
                                                  .is_ready = pod_state_is_ready(root),
                                                  .is_terminating = pod->deleted_at_ms != 0 };
    }
    return out;
}

void
ctl_backends_done(struct ctl_backends *backends)
{
    for (size_t i = 0; i < backends->len; i++) {
        object_unpin(backends->at[i].pod);
    }
    backends->len = 0;
}

/* ---- ports, names, labels ---- */

static bool
find_named(struct val containers, struct str name, struct str protocol, bool only_sidecars,
           int64_t *ret)
{
    VAL_EACH (container, containers) {
        if (only_sidecars && !pod_resources_is_sidecar(container.value)) {
            continue;
        }
        VAL_EACH (port, val_get(container.value, "ports")) {
            if (str_eq(val_str(val_get(port.value, "name")), name) &&
                str_eq(val_str(val_get(port.value, "protocol")), protocol)) {
                *ret = val_int(val_get(port.value, "containerPort"), 0);
                return true;
            }
        }
    }
    return false;
}

bool
ctl_backends_port(struct val service_port, struct val pod, int64_t *ret)
{
    struct val target = val_get(service_port, "targetPort"), spec = val_get(pod, "spec");
    struct str name = val_str(target), protocol = val_str(val_get(service_port, "protocol"));
    if (name.at == NULL) {
        *ret = val_int(target, 0);
        return *ret != 0;
    }
    return find_named(val_get(spec, "containers"), name, protocol, false, ret) ||
           find_named(val_get(spec, "initContainers"), name, protocol, true, ret);
}

struct str
ctl_backends_hostname(const struct object *service, struct val pod)
{
    struct val spec = val_get(pod, "spec");
    bool is_under = str_eq(val_str(val_get(spec, "subdomain")), service->name);
    return is_under ? val_str(val_get(spec, "hostname")) : (struct str){ 0 };
}

void
ctl_backends_write_target(const struct ctl_backend *backend, struct jw *out)
{
    jw_keyz(out, "targetRef");
    jw_obj(out);
    jw_kvz(out, "kind", "Pod");
    jw_kv(out, "namespace", backend->pod->ns);
    jw_kv(out, "name", backend->pod->name);
    jw_kv(out, "uid", backend->pod->uid);
    jw_end(out);
}

void
ctl_backends_write_labels(const struct object *service, const char *const *ours, struct jw *out)
{
    VAL_EACH (it, val_at(object_val(service), "metadata.labels")) {
        bool is_ours = false;
        for (size_t i = 0; ours[i] != NULL; i++) {
            is_ours = is_ours || str_is(it.key, ours[i]);
        }
        if (!is_ours) {
            jw_key(out, it.key);
            jw_val(out, it.value);
        }
    }
}

/* ---- keys ---- */

static void
add_selecting(const struct keys_in *in, const struct object *pod, keys_add_fn *add, void *ctx)
{
    const struct resource *services = ctl_env_resource(in->env, "", "services");
    AUTO_ARENA struct arena *arena = arena_new();
    CACHE_EACH (service, it, in->cache, services, pod->ns) {
        object_pin(service);
        struct val map = val_at(object_val(service), "spec.selector");
        bool selects =
            val_len(map) > 0 && selector_matches_labels(selector_from_map(arena, map), pod->labels);
        object_unpin(service);
        if (selects) {
            add(ctx, service->ns, service->name);
        }
    }
}

void
ctl_backends_begin_slice(const struct object *owner, struct str name, struct jw *out)
{
    jw_obj(out);
    jw_kvz(out, "kind", "EndpointSlice");
    jw_kvz(out, "apiVersion", "discovery.k8s.io/v1");
    jw_keyz(out, "metadata");
    jw_obj(out);
    jw_kv(out, "name", name);
    jw_keyz(out, "generateName");
    jw_printf(out, STR_FMT "-", STR_ARG(owner->name));
    jw_kv(out, "namespace", owner->ns);
}

void
ctl_backends_keys_of_pod(const struct keys_in *in, const struct object *old,
                         const struct object *now, keys_add_fn *add, void *ctx)
{
    if (old != NULL) {
        add_selecting(in, old, add, ctx);
    }
    if (now != NULL) {
        add_selecting(in, now, add, ctx);
    }
}

void
ctl_backends_keys_of_node(const struct keys_in *in, const struct object *old,
                          const struct object *now, keys_add_fn *add, void *ctx)
{
    static const char zone[] = "topology.kubernetes.io/zone";
    if (old != NULL && now != NULL &&
        str_eq(labels_get(old->labels, str_of(zone)), labels_get(now->labels, str_of(zone)))) {
        return; /* heartbeats */
    }
    AUTO_ARENA struct arena *arena = arena_new();
    size_t len;
    struct object **pods =
        cache_indexed(in->cache, ctl_env_resource(in->env, "", "pods"), POD_NODE_SLOT,
                      now == NULL ? old->name : now->name, arena, &len);
    for (size_t i = 0; i < len; i++) {
        add_selecting(in, pods[i], add, ctx);
    }
}

void
ctl_backends_keys_of_slice(const struct keys_in *in, const struct object *old,
                           const struct object *now, keys_add_fn *add, void *ctx)
{
    const struct object *sides[] = { old, now };
    (void)in;
    for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
        if (sides[i] == NULL) {
            continue;
        }
        struct str service = labels_get(sides[i]->labels, STR("kubernetes.io/service-name"));
        add(ctx, sides[i]->ns, service.size > 0 ? service : sides[i]->name);
    }
}
