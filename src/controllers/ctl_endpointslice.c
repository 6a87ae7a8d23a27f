/* EndpointSlices of a Service with a selector: at most 100 endpoints each, changed as little as can be.
 * Run by src/client/reconcile, loop thread.
 *
 * Follows k8s.io/endpointslice (reconciler.go, utils.go), release 1.35: endpoints stay in the slice that
 * they are in; what is left fills slices that change anyway, then one that has room, then new ones. */
#include "config.h" /* IWYU pragma: keep */

#include "controllers/ctl_endpointslice.h"

#include "api/object.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/cache.h"
#include "controllers/controllers.h"
#include "controllers/ctl.h"
#include "controllers/ctl_backends.h"
#include "controllers/ctl_pods.h"

#define HEADLESS "service.kubernetes.io/headless"
#define MANAGED_BY "endpointslice.kubernetes.io/managed-by"
#define SERVICE_NAME "kubernetes.io/service-name"
#define CONTROLLER "endpointslice-controller.k8s.io"

static const struct watch_spec watches[] = {
    { .group = "", .version = "v1", .plural = "services" },
    { .group = "", .version = "v1", .plural = "pods", .keys = ctl_backends_keys_of_pod },
    { .group = "", .version = "v1", .plural = "nodes", .keys = ctl_backends_keys_of_node },
    { .group = "discovery.k8s.io",
      .version = "v1",
      .plural = "endpointslices",
      .keys = ctl_backends_keys_of_slice },
    { .plural = NULL },
};

/* One Service and address type on their way through a plan. */
struct slices {
    const struct plan_in *in;
    struct plan *out;
    struct object *service; /* pinned */
    const struct resource *row;
    const char *type; /* "IPv4" */
    struct str labels;
    size_t created; /* names made */
    struct ctl_endpointslice set;
};

/* ---- endpoints ---- */

static struct str
ports_of(struct val service, struct val pod, struct arena *arena, size_t *ret_len)
{
    struct jw w;
    jw_init(&w, arena);
    *ret_len = 0;
    if (val_len(val_at(service, "spec.ports")) == 0) {
        return STR("null"); /* as Go writes a list that is nil */
    }
    jw_arr(&w);
    VAL_EACH (it, val_at(service, "spec.ports")) {
        int64_t number;
        if (!ctl_backends_port(it.value, pod, &number)) {
            continue;
        }
        jw_obj(&w);
        jw_keyz(&w, "name");
        jw_str(&w, val_str(val_get(it.value, "name"))); /* "" stands there, too */
        jw_kv(&w, "protocol", val_str(val_get(it.value, "protocol")));
        jw_kint(&w, "port", number);
        jw_kv(&w, "appProtocol", val_str(val_get(it.value, "appProtocol")));
        jw_end(&w);
        (*ret_len)++;
    }
    jw_end(&w);
    return jw_done(&w);
}

static struct str
endpoint_of(const struct slices *s, const struct ctl_backend *b, const struct object *node)
{
    bool publishes =
        val_bool(val_at(object_val(s->service), "spec.publishNotReadyAddresses"), false);
    struct str zone = node == NULL ? (struct str){ 0 }
                                   : labels_get(node->labels, STR("topology.kubernetes.io/zone"));
    struct jw w;
    jw_init(&w, s->in->arena);
    jw_obj(&w);
    jw_keyz(&w, "addresses");
    jw_arr(&w);
    jw_str(&w, b->address);
    jw_end(&w);
    jw_keyz(&w, "conditions");
    jw_obj(&w);
    jw_kbool(&w, "ready", publishes || (b->is_ready && !b->is_terminating));
    jw_kbool(&w, "serving", b->is_ready);
    jw_kbool(&w, "terminating", b->is_terminating);
    jw_end(&w);
    jw_kv(&w, "hostname", ctl_backends_hostname(s->service, b->root));
    ctl_backends_write_target(b, &w);
    jw_kv(&w, "nodeName", val_str(val_at(b->root, "spec.nodeName")));
    jw_kv(&w, "zone", zone);
    jw_end(&w);
    return jw_done(&w);
}

/* What the pods of the Service come to. A pod whose node is not known is left out: the node may be
 * gone, and the pod with it. */
static void
want_all(struct slices *s, const struct ctl_backends *backends)
{
    struct val root = object_val(s->service);
    bool publishes = val_bool(val_at(root, "spec.publishNotReadyAddresses"), false);
    bool may_be_portless = val_is_str(val_at(root, "spec.clusterIP"), "None") &&
                           val_len(val_at(root, "spec.ports")) == 0;
    for (size_t i = 0; i < backends->len; i++) {
        const struct ctl_backend *b = &backends->at[i];
        struct str name = val_str(val_at(b->root, "spec.nodeName"));
        const struct object *node =
            cache_get(s->in->cache, ctl_resource(s->in, "", "nodes"), (struct str){ 0 }, name);
        size_t len;
        struct str ports = ports_of(root, b->root, s->in->arena, &len);
        if ((node == NULL && name.size > 0 && !publishes) || (len == 0 && !may_be_portless)) {
            continue;
        }
        ctl_endpointslice_want(&s->set, ports, endpoint_of(s, b, node));
    }
}

/* ---- objects ---- */

static struct str
labels_of(const struct object *service, struct arena *arena)
{
    static const char *const ours[] = { HEADLESS, MANAGED_BY, SERVICE_NAME, NULL };
    bool is_headless = val_is_str(val_at(object_val(service), "spec.clusterIP"), "None");
    struct jw w;
    jw_init(&w, arena);
    jw_obj(&w);
    ctl_backends_write_labels(service, ours, &w);
    jw_kvz(&w, MANAGED_BY, CONTROLLER);
    jw_kv(&w, SERVICE_NAME, service->name);
    if (is_headless) {
        jw_keyz(&w, HEADLESS);
        jw_strz(&w, "");
    }
    jw_end(&w);
    return jw_done(&w);
}

static void
create(struct slices *s, const struct ctl_endpointslice_slice *slice)
{
    struct ctl_owner owner = { s->service, "v1", "Service", NULL, NULL };
    struct str name = ctl_pods_name(s->in, s->service->name, s->created++);
    struct jw w;
    jw_init(&w, s->out->arena);
    ctl_backends_begin_slice(s->service, name, &w);
    jw_keyz(&w, "labels");
    jw_raw(&w, s->labels);
    jw_keyz(&w, "ownerReferences");
    jw_arr(&w);
    ctl_pods_write_owner(&owner, &w);
    jw_end(&w);
    jw_end(&w);
    jw_kvz(&w, "addressType", s->type);
    jw_keyz(&w, "endpoints");
    jw_raw(&w, ctl_endpointslice_text(slice, s->in->arena));
    jw_keyz(&w, "ports");
    jw_raw(&w, slice->ports);
    jw_end(&w);
    plan_create(s->out, s->row, s->service->ns, name, jw_done(&w));
}

static void
update(struct slices *s, const struct ctl_endpointslice_slice *slice)
{
    AUTO_ERR struct err *err = NULL;
    struct edit edit;
    struct doc *now = NULL;
    edit_init(&edit, s->out->arena);
    edit_set(&edit, "/metadata/labels", s->labels);
    edit_set(&edit, "/endpoints", ctl_endpointslice_text(slice, s->in->arena));
    edit_set(&edit, "/ports", slice->ports);
    if (edit_apply(slice->object->doc, &edit, &now, &err) == 0) {
        plan_write(s->out, PLAN_UPDATE, slice->object, doc_bytes(now), PRE_REV);
    }
}

static void
plan_type(struct slices *s, bool is_v6)
{
    struct ctl_backends backends = ctl_backends_of(s->in, s->service, is_v6);
    AUTO_ERR struct err *err = NULL;
    s->type = is_v6 ? "IPv6" : "IPv4";
    s->set = (struct ctl_endpointslice){ .arena = s->in->arena };
    want_all(s, &backends);
    CACHE_EACH (object, it, s->in->cache, s->row, s->service->ns) {
        bool is_ours = str_eq(labels_get(object->labels, STR(SERVICE_NAME)), s->service->name) &&
                       str_is(labels_get(object->labels, STR(MANAGED_BY)), CONTROLLER) &&
                       object->deleted_at_ms == 0;
        if (!is_ours) {
            continue;
        }
        object_pin(object);
        if (val_is_str(val_get(object_val(object), "addressType"), s->type)) {
            const struct doc *labels = doc_parse(s->in->arena, s->labels, &err);
            struct val have = val_at(object_val(object), "metadata.labels");
            ctl_endpointslice_have(&s->set, object, !val_eq(have, doc_root(labels)));
        } else {
            object_unpin(object);
        }
    }
    ctl_endpointslice_settle(&s->set);
    for (size_t i = 0; i < s->set.slice_len; i++) {
        const struct ctl_endpointslice_slice *slice = &s->set.slices[i];
        if (slice->fate == CTL_SLICE_CREATE) {
            create(s, slice);
        } else if (slice->fate == CTL_SLICE_UPDATE) {
            update(s, slice);
        } else if (slice->fate == CTL_SLICE_DELETE) {
            plan_write(s->out, PLAN_DELETE, slice->object, (struct str){ 0 }, PRE_UID);
        }
        if (slice->object != NULL) {
            object_unpin(slice->object);
        }
    }
    ctl_backends_done(&backends);
}

static void
plan(const struct plan_in *in, struct plan *out)
{
    struct object *service =
        cache_get(in->cache, ctl_resource(in, "", "services"), in->ns, in->name);
    if (service == NULL) {
        return; /* the slices are owned: they go by themselves */
    }
    object_pin(service);
    if (ctl_backends_are_wanted(service) && ctl_namespace_is_active(in, in->ns)) {
        struct slices s = { .in = in,
                            .out = out,
                            .service = service,
                            .row = ctl_resource(in, "discovery.k8s.io", "endpointslices"),
                            .labels = labels_of(service, in->arena) };
        struct val families = val_at(object_val(service), "spec.ipFamilies");
        VAL_EACH (it, families) {
            plan_type(&s, val_is_str(it.value, "IPv6"));
        }
        if (val_len(families) == 0) {
            plan_type(&s, false);
        }
    }
    object_unpin(service);
}

const struct reconciler ctl_endpoint_slices = {
    .name = "endpointslice-controller",
    .user = "system:serviceaccount:kube-system:endpointslice-controller",
    .component = "endpoint-slice-controller",
    .watches = watches,
    .plan = plan,
};
