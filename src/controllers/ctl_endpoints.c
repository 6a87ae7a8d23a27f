/* The Endpoints of a Service with a selector: who reads this old form finds the same pods as in its
 * EndpointSlices.  Run by src/client/reconcile, loop thread.
 *
 * Follows pkg/controller/endpoint/endpoints_controller.go, release 1.35; addresses with the same ports
 * make a subset (RepackSubsets), at most 1,000 of them in all. */
#include "config.h" /* IWYU pragma: keep */

#include <stdlib.h>

#include "api/object.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/cache.h"
#include "controllers/controllers.h"
#include "controllers/ctl.h"
#include "controllers/ctl_backends.h"

#define HEADLESS "service.kubernetes.io/headless"
#define MANAGED_BY "endpoints.kubernetes.io/managed-by"
#define OVER_CAPACITY "endpoints.kubernetes.io/over-capacity"

enum { ADDRESSES_MAX = 1000 };

static const struct watch_spec watches[] = {
    { .group = "", .version = "v1", .plural = "services" },
    { .group = "", .version = "v1", .plural = "pods", .keys = ctl_backends_keys_of_pod },
    { .group = "", .version = "v1", .plural = "endpoints", .keys = ctl_backends_keys_of_slice },
    { .plural = NULL },
};

struct entry {
    const struct ctl_backend *backend;
    struct str ports; /* JSON: equal ones share a subset */
};

/* ---- subsets ---- */

/* The ports of the Service on this pod; a list without items: it has none of them. */
static struct str
ports_of(struct val service, struct val pod, struct arena *arena, size_t *ret_len)
{
    struct jw w;
    jw_init(&w, arena);
    jw_arr(&w);
    *ret_len = 0;
    VAL_EACH (it, val_at(service, "spec.ports")) {
        int64_t number;
        if (!ctl_backends_port(it.value, pod, &number)) {
            continue;
        }
        jw_obj(&w);
        jw_kv(&w, "name", val_str(val_get(it.value, "name")));
        jw_kint(&w, "port", number);
        jw_kv(&w, "protocol", val_str(val_get(it.value, "protocol")));
        jw_kv(&w, "appProtocol", val_str(val_get(it.value, "appProtocol")));
        jw_end(&w);
        (*ret_len)++;
    }
    jw_end(&w);
    return jw_done(&w);
}

static int
by_ports_and_address(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = str_cmp(x->ports, y->ports);
    order = order != 0 ? order : str_cmp(x->backend->address, y->backend->address);
    return order != 0 ? order : str_cmp(x->backend->pod->uid, y->backend->pod->uid);
}

static size_t
collect(const struct plan_in *in, const struct object *service, const struct ctl_backends *backends,
        struct entry *out)
{
    struct val root = object_val(service);
    bool publishes = val_bool(val_at(root, "spec.publishNotReadyAddresses"), false);
    bool is_headless = val_is_str(val_at(root, "spec.clusterIP"), "None");
    bool may_be_portless = is_headless && val_len(val_at(root, "spec.ports")) == 0;
    size_t len = 0, ports;
    for (size_t i = 0; i < backends->len; i++) {
        const struct ctl_backend *b = &backends->at[i];
        struct str text = ports_of(root, b->root, in->arena, &ports);
        if ((!b->is_terminating || publishes) && (ports > 0 || may_be_portless)) {
            out[len++] = (struct entry){ b, text };
        }
    }
    qsort(out, len, sizeof(out[0]), by_ports_and_address);
    return len;
}

static void
write_address(const struct object *service, const struct ctl_backend *b, struct jw *w)
{
    jw_obj(w);
    jw_kv(w, "ip", b->address);
    jw_kv(w, "hostname", ctl_backends_hostname(service, b->root));
    jw_kv(w, "nodeName", val_str(val_at(b->root, "spec.nodeName")));
    ctl_backends_write_target(b, w);
    jw_end(w);
}

static void
write_addresses(const struct object *service, const struct entry *entries, size_t len, bool ready,
                struct jw *w)
{
    bool publishes = val_bool(val_at(object_val(service), "spec.publishNotReadyAddresses"), false);
    bool is_open = false;
    for (size_t i = 0; i < len; i++) {
        if ((publishes || entries[i].backend->is_ready) != ready) {
            continue;
        }
        if (!is_open) {
            jw_keyz(w, ready ? "addresses" : "notReadyAddresses");
            jw_arr(w);
            is_open = true;
        }
        write_address(service, entries[i].backend, w);
    }
    if (is_open) {
        jw_end(w);
    }
}

static struct str
subsets_of(const struct plan_in *in, const struct object *service, const struct entry *entries,
           size_t len)
{
    struct jw w;
    jw_init(&w, in->arena);
    jw_arr(&w);
    for (size_t i = 0, end; i < len; i = end) {
        for (end = i; end < len && str_eq(entries[end].ports, entries[i].ports);) {
            end++;
        }
        jw_obj(&w);
        write_addresses(service, &entries[i], end - i, true, &w);
        write_addresses(service, &entries[i], end - i, false, &w);
        if (!str_is(entries[i].ports, "[]")) {
            jw_keyz(&w, "ports");
            jw_raw(&w, entries[i].ports);
        }
        jw_end(&w);
    }
    jw_end(&w);
    return jw_done(&w);
}

/* ---- the object ---- */

static struct str
labels_of(const struct object *service, struct arena *arena)
{
    static const char *const ours[] = { HEADLESS, MANAGED_BY, NULL };
    bool is_headless = val_is_str(val_at(object_val(service), "spec.clusterIP"), "None");
    struct jw w;
    jw_init(&w, arena);
    jw_obj(&w);
    ctl_backends_write_labels(service, ours, &w);
    jw_kvz(&w, MANAGED_BY, "endpoint-controller");
    if (is_headless) {
        jw_keyz(&w, HEADLESS);
        jw_strz(&w, "");
    }
    jw_end(&w);
    return jw_done(&w);
}

static struct str
body_of(const struct object *service, struct str labels, struct str subsets, bool is_cut,
        struct arena *arena)
{
    struct jw w;
    jw_init(&w, arena);
    jw_obj(&w);
    jw_kvz(&w, "kind", "Endpoints");
    jw_kvz(&w, "apiVersion", "v1");
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_kv(&w, "name", service->name);
    jw_kv(&w, "namespace", service->ns);
    jw_keyz(&w, "labels");
    jw_raw(&w, labels);
    if (is_cut) {
        jw_keyz(&w, "annotations");
        jw_obj(&w);
        jw_kvz(&w, OVER_CAPACITY, "truncated");
        jw_end(&w);
    }
    jw_end(&w);
    jw_keyz(&w, "subsets");
    jw_raw(&w, subsets);
    jw_end(&w);
    return jw_done(&w);
}

static bool
is_same(struct arena *arena, struct val have, struct str wanted)
{
    AUTO_ERR struct err *err = NULL;
    const struct doc *doc = doc_parse(arena, wanted, &err);
    bool are_empty = val_len(have) == 0 && doc != NULL && val_len(doc_root(doc)) == 0;
    return are_empty || (doc != NULL && val_eq(have, doc_root(doc)));
}

static void
plan_object(const struct plan_in *in, const struct object *service,
            const struct ctl_backends *backends, struct plan *out)
{
    const struct resource *row = ctl_resource(in, "", "endpoints");
    struct object *have = cache_get(in->cache, row, service->ns, service->name);
    struct entry *entries = arena_array(in->arena, backends->len + 1, sizeof(entries[0]));
    size_t len = collect(in, service, backends, entries);
    bool is_cut = len > ADDRESSES_MAX;
    struct str subsets = subsets_of(in, service, entries, is_cut ? ADDRESSES_MAX : len);
    struct str labels = labels_of(service, in->arena);
    if (have == NULL) {
        plan_create(out, row, service->ns, service->name,
                    body_of(service, labels, subsets, is_cut, out->arena));
        return;
    }
    object_pin(have);
    struct val root = object_val(have);
    struct val mark = val_member(val_at(root, "metadata.annotations"), STR(OVER_CAPACITY));
    bool is_right = is_same(in->arena, val_get(root, "subsets"), subsets) &&
                    is_same(in->arena, val_at(root, "metadata.labels"), labels) &&
                    val_is(mark) == is_cut;
    object_unpin(have);
    if (!is_right) {
        plan_write(out, PLAN_UPDATE, have, body_of(service, labels, subsets, is_cut, out->arena),
                   PRE_REV);
    }
}

static void
plan(const struct plan_in *in, struct plan *out)
{
    struct object *service =
        cache_get(in->cache, ctl_resource(in, "", "services"), in->ns, in->name);
    if (service == NULL) {
        struct object *left =
            cache_get(in->cache, ctl_resource(in, "", "endpoints"), in->ns, in->name);
        bool is_ours = left != NULL &&
                       str_is(labels_get(left->labels, STR(MANAGED_BY)), "endpoint-controller");
        if (is_ours) {
            plan_write(out, PLAN_DELETE, left, (struct str){ 0 }, PRE_UID);
        }
        return;
    }
    object_pin(service);
    if (ctl_backends_are_wanted(service) && ctl_namespace_is_active(in, in->ns)) {
        bool is_v6 =
            val_is_str(val_item(val_at(object_val(service), "spec.ipFamilies"), 0), "IPv6");
        struct ctl_backends backends = ctl_backends_of(in, service, is_v6);
        plan_object(in, service, &backends, out);
        ctl_backends_done(&backends);
    }
    object_unpin(service);
}

const struct reconciler ctl_endpoints = {
    .name = "endpoints-controller",
    .user = "system:serviceaccount:kube-system:endpoint-controller",
    .component = "endpoint-controller",
    .watches = watches,
    .plan = plan,
};
