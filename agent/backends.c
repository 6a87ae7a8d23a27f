/* Services and their EndpointSlices by name. Called by the agent, told to proxy and dns_zone; loop
 * thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/backends.h"

#include "api/object.h"
#include "api/registry.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"
#include "client/informer.h"

struct listener {
    backends_changed_fn *changed;
    void (*synced)(void *ctx);
    void *ctx;
};
struct backends {
    struct map by_key;
    VEC(struct listener) listeners;
    struct informer *services, *slices;
};

/* ---- changes ---- */

static struct backend *
backend_of(struct backends *backends, struct str ns, struct str name)
{
    AUTO_FREE char *key = mem_printf(STR_FMT "/" STR_FMT, STR_ARG(ns), STR_ARG(name));
    struct backend *backend = map_get(&backends->by_key, str_of(key));

    if (backend == NULL) {
        backend = MEM_NEW(struct backend);
        backend->key = mem_strdup(key);
        (void)map_put(&backends->by_key, str_of(key), backend); /* it was not there */
    }
    return backend;
}

static void
backend_free(void *item)
{
    struct backend *backend = item;

    object_unref(backend->service);
    for (size_t i = 0; i < backend->slice_len; i++) {
        object_unref(backend->slices[i]);
    }
    mem_free(backend->slices);
    mem_free(backend->key);
    mem_free(backend);
}

static void
tell(struct backends *backends, struct backend *backend)
{
    AUTO_FREE char *key = mem_strdup(backend->key);

    if (backend->service == NULL && backend->slice_len == 0) {
        (void)map_del(&backends->by_key, str_of(key));
        backend_free(backend);
    }
    for (size_t i = 0; i < backends->listeners.len; i++) {
        const struct listener *listener = &backends->listeners.at[i];

        listener->changed(listener->ctx, str_of(key));
    }
}

void
backends_service(struct backends *backends, struct object *old, struct object *now)
{
    const struct object *any = now != NULL ? now : old;
    struct backend *backend = backend_of(backends, any->ns, any->name);

    object_unref(backend->service);
    backend->service = object_ref(now);
    tell(backends, backend);
}

static struct backend *
backend_of_slice(struct backends *backends, const struct object *slice)
{
    struct str name = slice == NULL ? (struct str){ 0 }
                                    : labels_get(slice->labels, STR("kubernetes.io/service-name"));

    return name.size == 0 ? NULL : backend_of(backends, slice->ns, name);
}

static void
drop_slice(struct backend *backend, const struct object *slice)
{
    for (size_t i = 0; i < backend->slice_len; i++) {
        if (str_eq(backend->slices[i]->name, slice->name)) {
            object_unref(backend->slices[i]);
            backend->slices[i] = backend->slices[--backend->slice_len];
            return;
        }
    }
}

void
backends_slice(struct backends *backends, struct object *old, struct object *now)
{
    struct backend *of_old = backend_of_slice(backends, old);
    struct backend *of_now = backend_of_slice(backends, now);

    if (of_old != NULL) {
        drop_slice(of_old, old);
    }
    if (of_now != NULL) {
        of_now->slices = vec_room(of_now->slices, of_now->slice_len, &of_now->slice_capacity,
                                  sizeof(struct object *));
        of_now->slices[of_now->slice_len++] = object_ref(now);
        tell(backends, of_now);
    }
    if (of_old != NULL && of_old != of_now) {
        tell(backends, of_old);
    }
}

/* ---- the API ---- */

static void
service_changed(void *ctx, struct object *old, struct object *now, uint64_t rev)
{
    (void)rev;
    backends_service(ctx, old, now);
}

static void
slice_changed(void *ctx, struct object *old, struct object *now, uint64_t rev)
{
    (void)rev;
    backends_slice(ctx, old, now);
}

static void
listed(void *ctx)
{
    const struct backends *backends = ctx;

    for (size_t i = 0; backends_is_synced(backends) && i < backends->listeners.len; i++) {
        backends->listeners.at[i].synced(backends->listeners.at[i].ctx);
    }
}

void
backends_follow(struct backends *backends, struct informers *informers,
                const struct registry *registry)
{
    struct informer_spec services = { .resource = registry_find(registry, STR(""), STR("v1"),
                                                                STR("services")) };
    struct informer_spec slices = { .resource = registry_find(registry, STR("discovery.k8s.io"),
                                                              STR("v1"), STR("endpointslices")) };

    backends->services = informer_add(informers, &services, service_changed, listed, backends);
    backends->slices = informer_add(informers, &slices, slice_changed, listed, backends);
}

/* ---- reading ---- */

bool
backends_is_synced(const struct backends *backends)
{
    return backends->slices != NULL && informer_is_synced(backends->services) &&
           informer_is_synced(backends->slices);
}

const struct backend *
backends_at(const struct backends *backends, struct str key)
{
    return map_get(&backends->by_key, key);
}

const struct backend *
backends_next(const struct backends *backends, size_t *iter)
{
    struct str key;
    void *item;

    return map_next(&backends->by_key, iter, &key, &item) ? item : NULL;
}

/* ---- life ---- */

void
backends_listen(struct backends *backends, backends_changed_fn *changed, void (*synced)(void *ctx),
                void *ctx)
{
    VEC_ADD(backends->listeners, (struct listener){ changed, synced, ctx });
}

struct backends *
backends_new(void)
{
    return MEM_NEW(struct backends);
}

void
backends_free(struct backends *backends)
{
    if (backends == NULL) {
        return;
    }
    informer_del(backends->services);
    informer_del(backends->slices);
    map_done(&backends->by_key, backend_free);
    VEC_DONE(backends->listeners);
    mem_free(backends);
}
