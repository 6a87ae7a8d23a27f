/* EndpointSlices of Endpoints that somebody wrote by hand, for a Service without a selector: so that who
 * reads only slices sees them.  Run by src/client/reconcile, loop thread.
 *
 * Follows pkg/controller/endpointslicemirroring, release 1.35: one slice for each set of ports and address
 * type, with at most 1,000 endpoints; labels and annotations are those of the Endpoints. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/ip.h"
#include "client/cache.h"
#include "controllers/controllers.h"
#include "controllers/ctl.h"
#include "controllers/ctl_backends.h"
#include "controllers/ctl_pods.h"

#define MANAGED_BY "endpointslice.kubernetes.io/managed-by"
#define SERVICE_NAME "kubernetes.io/service-name"
#define CONTROLLER "endpointslicemirroring-controller.k8s.io"
#define LEADER "control-plane.alpha.kubernetes.io/leader"
enum { ENDPOINTS_MAX = 1000 };

static const struct watch_spec watches[] = {
    { .group = "", .version = "v1", .plural = "endpoints", .keys = ctl_backends_keys_of_slice },
    { .group = "", .version = "v1", .plural = "services" },
    { .group = "discovery.k8s.io",
      .version = "v1",
      .plural = "endpointslices",
      .keys = ctl_backends_keys_of_slice },
    { .plural = NULL },
};

/* A slice that ought to be there. */
struct mirror {
    bool is_v6, is_there;
    struct val ports;
    struct jw endpoints;
    size_t len;
};
struct mirrors {
    const struct plan_in *in;
    struct plan *out;
    struct object *endpoints; /* pinned */
    const struct resource *row;
    struct mirror *at;
    size_t len;
    struct val labels, annotations; /* of every slice */
    size_t created, skipped;
};

/* ---- endpoints ---- */

/* As slices have them: every name is there, if only as "". */
static struct val
slice_ports(struct val ports, struct arena *arena)
{
    AUTO_ERR struct err *err = NULL;
    struct jw w;
    jw_init(&w, arena);
    jw_arr(&w);
    VAL_EACH (it, ports) {
        jw_obj(&w);
        jw_keyz(&w, "name");
        jw_str(&w, val_str(val_get(it.value, "name")));
        jw_kv(&w, "protocol", val_str(val_get(it.value, "protocol")));
        jw_kint(&w, "port", val_int(val_get(it.value, "port"), 0));
        jw_kv(&w, "appProtocol", val_str(val_get(it.value, "appProtocol")));
        jw_end(&w);
    }
    jw_end(&w);
    return doc_root(doc_parse(arena, jw_done(&w), &err)); /* our own text */
}

static bool
is_same_list(struct val a, struct val b)
{
    return (val_len(a) == 0 && val_len(b) == 0) || val_eq(a, b);
}

static struct mirror *
mirror_of(struct mirrors *m, bool is_v6, struct val ports)
{
    for (size_t i = 0; i < m->len; i++) {
        if (m->at[i].is_v6 == is_v6 && is_same_list(m->at[i].ports, ports)) {
            return &m->at[i];
        }
    }
    struct mirror *mirror = &m->at[m->len++];
    *mirror = (struct mirror){ .is_v6 = is_v6, .ports = ports };
    jw_init(&mirror->endpoints, m->in->arena);
    jw_arr(&mirror->endpoints);
    return mirror;
}

static void
put_member(struct jw *w, const char *key, struct val value)
{
    if (val_is(value)) {
        jw_keyz(w, key);
        jw_val(w, value);
    }
}

static void
add_address(struct mirrors *m, struct val ports, struct val address, bool is_ready)
{
    struct ip ip;
    if (!ip_parse(val_str(val_get(address, "ip")), true, &ip)) {
        return; /* the API takes none that is no address */
    }
    struct mirror *mirror = mirror_of(m, ip.is_v6, ports);
    if (mirror->len == ENDPOINTS_MAX) {
        m->skipped++;
        return;
    }
    struct jw *w = &mirror->endpoints;
    mirror->len++;
    jw_obj(w);
    jw_keyz(w, "addresses");
    jw_arr(w);
    jw_str(w, ip_text(&ip, m->in->arena));
    jw_end(w);
    jw_keyz(w, "conditions");
    jw_obj(w);
    jw_kbool(w, "ready", is_ready);
    jw_end(w);
    put_member(w, "hostname", val_get(address, "hostname"));
    put_member(w, "targetRef", val_get(address, "targetRef"));
    put_member(w, "nodeName", val_get(address, "nodeName"));
    jw_end(w);
}

static void
want_all(struct mirrors *m)
{
    struct val subsets = val_get(object_val(m->endpoints), "subsets");
    m->at = arena_array(m->in->arena, 2 * val_len(subsets) + 1, sizeof(m->at[0]));
    VAL_EACH (subset, subsets) {
        struct val ports = slice_ports(val_get(subset.value, "ports"), m->in->arena);
        VAL_EACH (it, val_get(subset.value, "addresses")) {
            add_address(m, ports, it.value, true);
        }
        VAL_EACH (it, val_get(subset.value, "notReadyAddresses")) {
            add_address(m, ports, it.value, false);
        }
    }
    if (m->skipped > 0) {
        plan_event(m->out, m->endpoints, EVENT_WARNING, "TooManyAddressesToMirror", NULL,
                   "A max of %d addresses can be mirrored to EndpointSlices per Endpoints subset. "
                   "%zu addresses were skipped",
                   ENDPOINTS_MAX, m->skipped);
    }
}

/* ---- labels and annotations ---- */

static struct val
make_labels(const struct mirrors *m)
{
    static const char *const ours[] = { MANAGED_BY, SERVICE_NAME, NULL };
    AUTO_ERR struct err *err = NULL;
    struct jw w;
    jw_init(&w, m->in->arena);
    jw_obj(&w);
    ctl_backends_write_labels(m->endpoints, ours, &w);
    jw_kvz(&w, MANAGED_BY, CONTROLLER);
    jw_kv(&w, SERVICE_NAME, m->endpoints->name);
    jw_end(&w);
    return doc_root(doc_parse(m->in->arena, jw_done(&w), &err));
}

static struct val
make_annotations(const struct mirrors *m)
{
    AUTO_ERR struct err *err = NULL;
    struct jw w;
    jw_init(&w, m->in->arena);
    jw_obj(&w);
    VAL_EACH (it, val_at(object_val(m->endpoints), "metadata.annotations")) {
        if (!str_is(it.key, "endpoints.kubernetes.io/last-change-trigger-time") &&
            !str_is(it.key, "kubectl.kubernetes.io/last-applied-configuration")) {
            jw_key(&w, it.key);
            jw_val(&w, it.value);
        }
    }
    jw_end(&w);
    return doc_root(doc_parse(m->in->arena, jw_done(&w), &err));
}

/* ---- slices ---- */

static struct str
owners(const struct mirrors *m)
{
    struct ctl_owner owner = { m->endpoints, "v1", "Endpoints", NULL, NULL };
    struct jw w;
    jw_init(&w, m->out->arena);
    jw_arr(&w);
    ctl_pods_write_owner(&owner, &w);
    jw_end(&w);
    return jw_done(&w);
}

static void
create(struct mirrors *m, struct str endpoints, const struct mirror *mirror)
{
    struct str name = ctl_pods_name(m->in, m->endpoints->name, m->created++);
    struct jw w;
    jw_init(&w, m->out->arena);
    ctl_backends_begin_slice(m->endpoints, name, &w);
    put_member(&w, "labels", m->labels);
    if (val_len(m->annotations) > 0) {
        put_member(&w, "annotations", m->annotations);
    }
    jw_keyz(&w, "ownerReferences");
    jw_raw(&w, owners(m));
    jw_end(&w);
    jw_kvz(&w, "addressType", mirror->is_v6 ? "IPv6" : "IPv4");
    jw_keyz(&w, "endpoints");
    jw_raw(&w, endpoints);
    put_member(&w, "ports", mirror->ports);
    jw_end(&w);
    plan_create(m->out, m->row, m->endpoints->ns, name, jw_done(&w));
}

static void
update(struct mirrors *m, struct object *slice, struct str endpoints)
{
    struct val root = object_val(slice),
               owner = val_item(val_at(root, "metadata.ownerReferences"), 0);
    AUTO_ERR struct err *err = NULL;
    const struct doc *wanted = doc_parse(m->in->arena, endpoints, &err);
    struct edit edit;
    struct doc *now = NULL;
    if (val_eq(val_get(root, "endpoints"), doc_root(wanted)) &&
        val_eq(val_at(root, "metadata.labels"), m->labels) &&
        is_same_list(val_at(root, "metadata.annotations"), m->annotations) &&
        str_eq(val_str(val_get(owner, "uid")), m->endpoints->uid)) {
        return;
    }
    edit_init(&edit, m->out->arena);
    edit_set(&edit, "/metadata/labels", val_raw(m->labels));
    edit_set(&edit, "/metadata/annotations", val_raw(m->annotations));
    edit_set(&edit, "/metadata/ownerReferences", owners(m));
    edit_set(&edit, "/endpoints", endpoints);
    if (edit_apply(slice->doc, &edit, &now, &err) == 0) {
        plan_write(m->out, PLAN_UPDATE, slice, doc_bytes(now), PRE_REV);
    }
}

/* The one that a slice stands for; NULL: it has another already, or none. */
static struct mirror *
take(struct mirrors *m, struct object *slice)
{
    struct val root = object_val(slice);
    bool is_v6 = val_is_str(val_get(root, "addressType"), "IPv6");
    for (size_t i = 0; i < m->len; i++) {
        struct mirror *mirror = &m->at[i];
        if (mirror->is_v6 == is_v6 && is_same_list(val_get(root, "ports"), mirror->ports)) {
            bool was_there = mirror->is_there;
            mirror->is_there = true;
            return was_there ? NULL : mirror;
        }
    }
    return NULL;
}

static void
plan_slices(struct mirrors *m, struct str ns, struct str name)
{
    struct str *texts = arena_array(m->in->arena, m->len + 1, sizeof(texts[0]));
    for (size_t i = 0; i < m->len; i++) {
        jw_end(&m->at[i].endpoints);
        texts[i] = arena_dup(m->out->arena, jw_done(&m->at[i].endpoints));
    }
    CACHE_EACH (object, it, m->in->cache, m->row, ns) {
        if (!str_eq(labels_get(object->labels, STR(SERVICE_NAME)), name) ||
            !str_is(labels_get(object->labels, STR(MANAGED_BY)), CONTROLLER) ||
            object->deleted_at_ms != 0) {
            continue;
        }
        object_pin(object);
        struct mirror *mirror = take(m, object);
        if (mirror != NULL) {
            update(m, object, texts[mirror - m->at]);
        } else {
            plan_write(m->out, PLAN_DELETE, object, (struct str){ 0 }, PRE_UID);
        }
        object_unpin(object);
    }
    for (size_t i = 0; i < m->len; i++) {
        if (!m->at[i].is_there) {
            create(m, texts[i], &m->at[i]);
        }
    }
}

/* Not those that elect leaders, that ask not to be, that are ours to make, that belong to nobody. */
static bool
is_mirrored(struct object *endpoints, struct object *service)
{
    bool is_one = endpoints != NULL && service != NULL && endpoints->deleted_at_ms == 0;
    if (!is_one ||
        str_is(labels_get(endpoints->labels, STR("endpointslice.kubernetes.io/skip-mirror")),
               "true")) {
        return false;
    }
    object_pin(service);
    object_pin(endpoints);
    is_one =
        !val_is(val_at(object_val(service), "spec.selector")) &&
        !val_is(val_member(val_at(object_val(endpoints), "metadata.annotations"), STR(LEADER)));
    object_unpin(endpoints);
    object_unpin(service);
    return is_one;
}

static void
plan(const struct plan_in *in, struct plan *out)
{
    struct object *endpoints =
        cache_get(in->cache, ctl_resource(in, "", "endpoints"), in->ns, in->name);
    struct object *service =
        cache_get(in->cache, ctl_resource(in, "", "services"), in->ns, in->name);
    struct mirrors m = { .in = in,
                         .out = out,
                         .endpoints = endpoints,
                         .row = ctl_resource(in, "discovery.k8s.io", "endpointslices") };
    if (!is_mirrored(endpoints, service)) {
        plan_slices(&m, in->ns, in->name); /* those that are there go */
        return;
    }
    if (!ctl_namespace_is_active(in, in->ns)) {
        return;
    }
    object_pin(endpoints);
    want_all(&m);
    m.labels = make_labels(&m);
    m.annotations = make_annotations(&m);
    plan_slices(&m, in->ns, in->name);
    object_unpin(endpoints);
}

const struct reconciler ctl_endpointmirror = {
    .name = "endpointslice-mirroring-controller",
    .user = "system:serviceaccount:kube-system:endpointslicemirroring-controller",
    .component = "endpoint-slice-mirroring-controller",
    .watches = watches,
    .plan = plan,
};
