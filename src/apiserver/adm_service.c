/* What a Service is given with its write: an address, as an IPAddress object that a side write
 * creates, and node ports. Whatever ends the round gives them back; what the Service no longer has
 * goes when its write has been committed.
 *
 * Behaviour of pkg/registry/core/service/storage (alloc.go, storage.go), release 1.35. A process that
 * is killed between side write and commit leaves an address over: ctl_ipaddress repairs it. Steps of
 * steps.c; loop thread. */
#include "config.h"

#include "apiserver/adm_service.h"

#include <string.h>

#include "api/kinds_types.h"
#include "api/object.h"
#include "api/schema.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/rest_write.h"
#include "apiserver/sink.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/cache.h"
#include "client/client.h"

#define LOG_MODULE "service"
#include "base/log.h"

#define MANAGED_BY "ipaddress.kubernetes.io/managed-by"

static bool
is_service(const struct req *req)
{
    return req->is_resource && req->sub == NULL && req->group.size == 0 &&
           str_is(req->plural, "services");
}

static struct val
spec_of(const struct doc *service)
{
    return service == NULL ? (struct val){ 0 } : val_get(doc_root(service), "spec");
}

static const struct resource *
addresses_of(const struct req *req)
{
    return registry_any_version(req->registry, STR("networking.k8s.io"), STR("ipaddresses"));
}

/* ---- the side writes ---- */

/* Upstream's allocator names itself; IPv4 is what there is. */
static struct str
address_body(const struct adm_service *a)
{
    struct jw w;
    jw_init(&w, a->req->arena);
    jw_obj(&w);
    jw_kvz(&w, "kind", "IPAddress");
    jw_kvz(&w, "apiVersion", "networking.k8s.io/v1");
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_kv(&w, "name", a->address);
    jw_keyz(&w, "labels");
    jw_obj(&w);
    jw_kvz(&w, "ipaddress.kubernetes.io/ip-family", "IPv4");
    jw_kvz(&w, MANAGED_BY, "ipallocator.k8s.io");
    jw_end(&w);
    jw_end(&w);
    jw_keyz(&w, "spec");
    jw_obj(&w);
    jw_keyz(&w, "parentRef");
    jw_obj(&w);
    jw_kvz(&w, "resource", "services");
    jw_kv(&w, "namespace", a->req->ns);
    jw_kv(&w, "name", a->req->name);
    jw_end(&w);
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}

static void
on_made(void *ctx, struct req *child, struct object *result, struct err *owned)
{
    struct adm_service *a = ctx;
    (void)child;
    a->made = object_ref(result);
    a->error = owned;
    req_resume(a->req, NULL);
}

static enum step_rc
make(struct adm_service *a)
{
    struct call call =
        call_of(VERB_CREATE, addresses_of(a->req), (struct str){ 0 }, (struct str){ 0 });
    call.body = address_body(a);
    call.field_manager = STR("kube-apiserver");
    a->is_waiting = true;
    (void)req_child(a->req, &call, on_made, a);
    return STEP_WAIT;
}

/* ---- taking ---- */

static enum step_rc
refuse(struct adm_service *a, const char *why, struct err **err)
{
    struct req *req = a->req;
    struct causes causes = { .arena = req->arena };
    causes_add(&causes, CAUSE_INVALID, NULL, "spec.clusterIPs",
               val_get(spec_of(req->now), "clusterIPs"), "failed to allocate IP " STR_FMT ": %s",
               STR_ARG(a->address), why);
    (void)causes_err(&causes, req->resource, req->name, err);
    return STEP_FAIL;
}

static enum step_rc
fail_internal(struct err **err, const char *why)
{
    (void)err_set(err, ERR_INTERNAL, "Internal error occurred: failed to allocate a serviceIP: %s",
                  why);
    err_cause(*err, "", "", "failed to allocate a serviceIP: %s", why);
    return STEP_FAIL;
}

static int
set_address(struct adm_service *a, struct err **err)
{
    struct edit edit;
    struct arena *arena = a->req->arena;
    if (a->is_requested) {
        return 0;
    }
    edit_init(&edit, arena);
    edit_set_str(&edit, "/spec/clusterIP", a->address);
    edit_set(&edit, "/spec/clusterIPs",
             arena_printf(arena, "[\"" STR_FMT "\"]", STR_ARG(a->address)));
    return rest_write_edit(a->req, &edit, err);
}

/* With the address, or without need of one. */
static enum step_rc
finish(struct adm_service *a, struct err **err)
{
    return adm_service_ports_settle(a, err) < 0 ? STEP_FAIL : STEP_NEXT;
}

static enum step_rc
choose(struct adm_service *a, struct err **err)
{
    return adm_service_choose(a, &a->address) ? make(a) : fail_internal(err, "range is full");
}

/* A dry-run takes nothing: it shows the block's own address for one that it would choose. */
static enum step_rc
pretend(struct adm_service *a, struct err **err)
{
    struct adm_service_range range;
    size_t len = adm_service_ranges(a->req, &range, 1);
    if (len == 0) {
        return fail_internal(err, "range is full");
    }
    if (a->is_requested && !adm_service_is_in_range(a->req, a->address)) {
        struct str text =
            arena_printf(a->req->arena,
                         "the provided IP (" STR_FMT
                         ") is not in the valid range. The range of valid IPs is " STR_FMT,
                         STR_ARG(a->address), STR_ARG(ip_net_text(&range.net, a->req->arena)));
        return refuse(a, text.at, err);
    }
    if (!a->is_requested) {
        a->address = ip_text(&range.net.ip, a->req->arena);
    }
    return set_address(a, err) < 0 ? STEP_FAIL : finish(a, err);
}

/* Does this write need an address that the old Service has not? */
static bool
needs_address(const struct req *req)
{
    struct val now = spec_of(req->now);
    struct val old = req->is_create ? (struct val){ 0 } : spec_of(req->old);
    bool was_external = !val_is(old) || val_is_str(val_get(old, "type"), "ExternalName");
    return !val_is_str(val_get(now, "type"), "ExternalName") &&
           !val_is_str(val_get(now, "clusterIP"), "None") && was_external;
}

static enum step_rc
begin(struct adm_service *a, struct err **err)
{
    struct req *req = a->req;
    struct val old = req->is_create ? (struct val){ 0 } : doc_root(req->old);
    struct causes causes = { .arena = req->arena };
    struct edit edit;
    edit_init(&edit, req->arena);
    kind_service_ips_join(doc_root(req->now), old, &edit);
    if (rest_write_edit(req, &edit, err) < 0) {
        return STEP_FAIL;
    }
    edit_init(&edit, req->arena);
    kind_service_ips_fill(doc_root(req->now), old, &edit, &causes);
    if (causes_err(&causes, req->resource, req->name, err) < 0 ||
        rest_write_edit(req, &edit, err) < 0) {
        return STEP_FAIL;
    }
    if (!needs_address(req) || req->server->service_cidr == NULL) {
        return finish(a, err);
    }
    a->address = val_str(val_get(spec_of(req->now), "clusterIP"));
    a->is_requested = a->address.size > 0;
    if (req->options.dry_run) {
        return pretend(a, err);
    }
    if (!a->is_requested) {
        return choose(a, err);
    }
    if (!adm_service_is_in_range(req, a->address)) {
        return refuse(a, "the provided network does not match the current range", err);
    }
    struct ip ip;
    (void)ip_parse(a->address, true, &ip); /* it was in range */
    a->address = ip_text(&ip, req->arena);
    return make(a);
}

static enum step_rc
take_answer(struct adm_service *a, struct err **err)
{
    AUTO_ERR struct err *error = STEAL(a->error);
    a->is_waiting = false;
    if (error == NULL) {
        return set_address(a, err) < 0 ? STEP_FAIL : finish(a, err);
    }
    if (error->code == ERR_ALREADY_EXISTS) { /* lost to somebody whose address is on its way */
        return a->is_requested ? refuse(a, "provided IP is already allocated", err)
                               : choose(a, err);
    }
    if (error->code == ERR_CANCELLED || error->code == ERR_TIMEOUT) {
        err_move(err, &error);
        return STEP_FAIL;
    }
    return fail_internal(err, error->message);
}

enum step_rc
adm_service_take(struct req *req, struct err **err)
{
    if (!is_service(req)) {
        return STEP_NEXT;
    }
    struct adm_service *a = req->step_data;
    if (a != NULL) {
        return take_answer(a, err);
    }
    a = ARENA_NEW(req->arena, struct adm_service);
    a->req = req;
    req->step_data = req->impl->service = a;
    return begin(a, err);
}

/* ---- giving back ---- */

static void
on_unmade(void *ctx, struct req *child, struct object *result, struct err *owned)
{
    struct req *req = ctx;
    (void)child;
    (void)result;
    if (owned != NULL && owned->code != ERR_NOT_FOUND) {
        log_warn("something of a service is left over: service=" STR_FMT "/" STR_FMT " error=%s",
                 STR_ARG(req->ns), STR_ARG(req->name), owned->message);
    }
    err_free(owned);
    req_resume(req, NULL);
}

static void
unmake(struct req *req, const struct object *address)
{
    struct call call = call_of(VERB_DELETE, addresses_of(req), (struct str){ 0 }, address->name);
    call.pre_uid = address->uid;
    (void)req_child(req, &call, on_unmade, req);
}

enum step_rc
adm_service_undo(struct req *req)
{
    struct adm_service *a = req->step_data;
    if (a == NULL) {
        return STEP_NEXT;
    }
    adm_service_ports_drop(a);
    if (a->made == NULL) {
        return STEP_NEXT;
    }
    if (!a->is_undoing) {
        a->is_undoing = true;
        unmake(req, a->made);
        return STEP_WAIT;
    }
    object_unref(a->made);
    a->made = NULL;
    return STEP_NEXT;
}

/* ---- what the Service no longer has ---- */

static bool
has_address(const struct req *req, struct str address)
{
    if (req->impl->is_removed) {
        return false;
    }
    VAL_EACH (it, val_get(spec_of(req->now), "clusterIPs")) {
        if (str_eq(val_str(it.value), address)) {
            return true;
        }
    }
    return false;
}

/* The IPAddress of that text, if it is this Service's. */
static struct object *
own_address(const struct req *req, struct str text)
{
    struct ip ip;
    if (!ip_parse(text, true, &ip)) {
        return NULL;
    }
    struct object *object = cache_get(sink_cache(req->server->sink), addresses_of(req),
                                      (struct str){ 0 }, ip_text(&ip, req->arena));
    if (object == NULL) {
        return NULL;
    }
    object_pin(object);
    struct val parent = val_at(object_val(object), "spec.parentRef");
    bool is_ours = str_eq(val_str(val_get(parent, "namespace")), req->ns) &&
                   str_eq(val_str(val_get(parent, "name")), req->name);
    object_unpin(object);
    return is_ours ? object : NULL;
}

/* Upstream's registry removes the Endpoints of a deleted Service itself. */
static enum step_rc
remove_endpoints(struct req *req)
{
    const struct resource *row = registry_any_version(req->registry, STR(""), STR("endpoints"));
    if (cache_get(sink_cache(req->server->sink), row, req->ns, req->name) == NULL) {
        return STEP_NEXT;
    }
    struct call call = call_of(VERB_DELETE, row, req->ns, req->name);
    (void)req_child(req, &call, on_unmade, req);
    return STEP_WAIT;
}

static enum step_rc
remove_addresses(struct req *req)
{
    VAL_EACH (it, val_get(spec_of(req->old), "clusterIPs")) {
        struct str text = val_str(it.value);
        const struct object *address = has_address(req, text) ? NULL : own_address(req, text);
        if (address != NULL) {
            unmake(req, address);
            return STEP_WAIT;
        }
    }
    return STEP_NEXT;
}

enum step_rc
adm_service_release(struct req *req, struct err **err)
{
    /* What was done so far; each once: a failure is a controller's to repair. */
    static const char addresses[] = "addresses", endpoints[] = "endpoints";
    (void)err;
    struct adm_service *a = req->impl->service;
    if (a != NULL) {
        adm_service_ports_drop(a); /* what was written is counted by now */
        object_unref(a->made);
        a->made = NULL;
    }
    if (!is_service(req) || !req->impl->is_committed || req->old == NULL) {
        return STEP_NEXT;
    }
    if (req->step_data == NULL) {
        req->step_data = (void *)(uintptr_t)addresses;
        if (remove_addresses(req) == STEP_WAIT) {
            return STEP_WAIT;
        }
    }
    if (req->step_data == addresses && req->impl->is_removed) {
        req->step_data = (void *)(uintptr_t)endpoints;
        return remove_endpoints(req);
    }
    return STEP_NEXT;
}
