/* This machine in the API. Registers the Node (until it succeeds), then keeps its labels, status and
 * heartbeat Lease. Called by the agent; loop thread. Times are kubelet's. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/node.h"

#include "api/object.h"
#include "api/pod_state.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/client.h"
#include "client/event.h"
#include "client/informer.h"

#define LOG_MODULE "node"
#include "base/log.h"

enum {
    REGISTER_MS = 200,
    REGISTER_MAX_MS = 7000,
    STATUS_MS = 10 * 1000,
    REPORT_MS = 5 * 60 * 1000,
    LEASE_MS = 10 * 1000,
    LEASE_SECONDS = 40,
    LEASE_RETRY_MS = 2000,
};

struct node {
    struct node_spec spec;
    const struct resource *nodes, *leases;
    char *problem, *runtime, *pod_cidr;
    struct informer *informer;
    struct object *object; /* as last seen */
    struct handle *node_call, *lease_call;
    struct loop_timer *node_timer, *lease_timer;
    int64_t wait_ms, reported_ms; /* of registration; of the last status that was written (mono) */
    bool is_registered, is_dirty, is_freed, has_lease, was_ready;
    bool has_owner; /* the Lease was told that it belongs to the Node */
};

static void register_node(void *ctx);
static void sync_status(void *ctx);
static void renew(void *ctx);

/* ---- ends of calls ---- */

static bool
try_release(struct node *node)
{
    if (!node->is_freed || node->node_call != NULL || node->lease_call != NULL) {
        return node->is_freed;
    }
    object_unref(node->object);
    mem_free(node->problem);
    mem_free(node->runtime);
    mem_free(node->pod_cidr);
    mem_free(node);
    return true;
}

static void
at_node(struct node *node, int64_t in_ms, loop_fn *fn)
{
    loop_timer_cancel(node->node_timer);
    node->node_timer = loop_timer(node->spec.loop, clock_mono_ms() + in_ms, fn, node);
}

static void
at_lease(struct node *node, int64_t in_ms)
{
    loop_timer_cancel(node->lease_timer);
    node->lease_timer = loop_timer(node->spec.loop, clock_mono_ms() + in_ms, renew, node);
}

static struct node_status_in
status_in(const struct node *node)
{
    struct node_status_in in = node->spec.in;

    in.problem = str_of(node->problem);
    in.runtime_version = str_of(node->runtime);
    in.now_ms = clock_wall_ms();
    return in;
}

/* ---- registration ---- */

static void
registered(void *ctx, const struct reply *reply, struct err *owned)
{
    struct node *node = ctx;

    (void)reply;
    node->node_call = NULL;
    if (try_release(node)) {
        err_free(owned);
        return;
    }
    if (owned != NULL && owned->code != ERR_ALREADY_EXISTS) {
        node->wait_ms = node->wait_ms == 0                    ? REGISTER_MS
                        : node->wait_ms < REGISTER_MAX_MS / 2 ? node->wait_ms * 2
                                                              : REGISTER_MAX_MS;
        log_warn("node not registered name=" STR_FMT " err=\"%s\"", STR_ARG(node->spec.in.name),
                 owned->message);
        err_free(owned);
        at_node(node, node->wait_ms, register_node);
        return;
    }
    log_info("node registered name=" STR_FMT " was_there=%d", STR_ARG(node->spec.in.name),
             owned != NULL);
    err_free(owned);
    node->is_registered = true;
    at_node(node, 0, sync_status);
    at_lease(node, 0);
}

static void
register_node(void *ctx)
{
    struct node *node = ctx;
    AUTO_ARENA struct arena *arena = arena_new();
    struct node_status_in in = status_in(node);
    struct call call = call_of(VERB_CREATE, node->nodes, (struct str){ 0 }, (struct str){ 0 });
    struct jw out;

    node->node_timer = NULL;
    jw_init(&out, arena);
    node_status_object(&in, &out);
    call.body = jw_done(&out);
    node->node_call = client_call(node->spec.client, &call, registered, node);
}

/* ---- status ---- */

static void
tell_ready(struct node *node)
{
    bool is_ready = node->problem == NULL;
    struct event_regarding regarding = { .kind = STR("Node"),
                                         .name = node->spec.in.name,
                                         .uid = node->spec.in.name };

    if (is_ready != node->was_ready) {
        event_record(node->spec.recorder, &regarding, EVENT_NORMAL,
                     is_ready ? "NodeReady" : "NodeNotReady", NULL,
                     is_ready ? STR("Node status is now: NodeReady")
                              : STR("Node status is now: NodeNotReady"));
        node->was_ready = is_ready;
    }
}

static void
status_written(void *ctx, const struct reply *reply, struct err *owned)
{
    struct node *node = ctx;

    node->node_call = NULL;
    if (try_release(node)) {
        err_free(owned);
        return;
    }
    if (owned != NULL) {
        log_warn("node status not written err=\"%s\"", owned->message);
        if (owned->code == ERR_NOT_FOUND) { /* somebody deleted it: it is made anew */
            node->is_registered = false;
            at_node(node, REGISTER_MS, register_node);
        } else {
            at_node(node, STATUS_MS / 5, sync_status);
        }
        err_free(owned);
        return;
    }
    node->reported_ms = clock_mono_ms();
    tell_ready(node);
    if (reply->object != NULL) {
        informer_take(node->spec.informers, reply->object);
    }
    at_node(node, node->is_dirty ? 0 : STATUS_MS, sync_status);
    node->is_dirty = false;
}

static void
patch_node(struct node *node, const char *subresource, enum call_body type, struct str body)
{
    struct call call = call_of(VERB_PATCH, node->nodes, (struct str){ 0 }, node->spec.in.name);

    call.subresource = subresource;
    call.body_type = type;
    call.body = body;
    node->node_call = client_call(node->spec.client, &call, status_written, node);
}

static void
sync_status(void *ctx)
{
    struct node *node = ctx;
    AUTO_ARENA struct arena *arena = arena_new();
    struct node_status_in in = status_in(node);
    struct jw labels, status;
    bool is_changed = true, lacks_labels = false;
    struct val stored = { 0 };

    node->node_timer = NULL;
    if (node->object == NULL) { /* the watch has not shown it yet */
        at_node(node, REGISTER_MS, sync_status);
        return;
    }
    object_pin(node->object);
    stored = object_val(node->object);
    jw_init(&labels, arena);
    jw_init(&status, arena);
    lacks_labels = node_status_labels(&in, stored, &labels);
    node_status_patch(&in, stored, &status, &is_changed);
    object_unpin(node->object);
    if (lacks_labels) {
        node->is_dirty = true;
        patch_node(node, NULL, BODY_MERGE_PATCH, jw_done(&labels));
    } else if (is_changed || node->reported_ms == 0 ||
               clock_mono_ms() - node->reported_ms >= REPORT_MS) {
        patch_node(node, "status", BODY_STRATEGIC_PATCH, jw_done(&status));
    } else {
        at_node(node, STATUS_MS, sync_status);
    }
}

static void
set_text(struct node *node, char **place, struct str text)
{
    if (str_eq(str_of(*place), text)) {
        return;
    }
    mem_free(*place);
    *place = text.size > 0 ? str_dup(text) : NULL;
    if (node->node_call != NULL) {
        node->is_dirty = true;
    } else if (node->is_registered) {
        at_node(node, 0, sync_status);
    }
}

void
node_set_problem(struct node *node, struct str problem)
{
    set_text(node, &node->problem, problem);
}

void
node_set_runtime(struct node *node, struct str runtime_version)
{
    set_text(node, &node->runtime, runtime_version);
}

void
node_set_groups_policy(struct node *node, bool has_it)
{
    node->spec.in.has_groups_policy = has_it; /* told with the next status */
}

/* ---- the lease ---- */

static void
lease_done(void *ctx, const struct reply *reply, struct err *owned)
{
    struct node *node = ctx;
    int64_t in_ms = LEASE_MS;

    (void)reply;
    node->lease_call = NULL;
    if (try_release(node)) {
        err_free(owned);
        return;
    }
    if (owned != NULL) {
        if (owned->code != ERR_ALREADY_EXISTS) { /* of an agent before this one: it is renewed */
            log_info("lease not renewed err=\"%s\"", owned->message);
        }
        node->has_owner = false;
        node->has_lease =
            owned->code == ERR_ALREADY_EXISTS || (node->has_lease && owned->code != ERR_NOT_FOUND);
        in_ms = owned->code == ERR_ALREADY_EXISTS ? 0 : LEASE_RETRY_MS;
        err_free(owned);
    } else {
        node->has_lease = true;
    }
    at_lease(node, in_ms);
}

/* The Lease belongs to the Node: it goes with it. */
static void
write_owner(struct node *node, struct jw *out)
{
    if (node->object == NULL) {
        return;
    }
    jw_keyz(out, "ownerReferences");
    jw_arr(out);
    jw_obj(out);
    jw_kvz(out, "apiVersion", "v1");
    jw_kvz(out, "kind", "Node");
    jw_kv(out, "name", node->object->name);
    jw_kv(out, "uid", node->object->uid);
    jw_end(out);
    jw_end(out);
}

static void
renew(void *ctx)
{
    struct node *node = ctx;
    AUTO_ARENA struct arena *arena = arena_new();
    struct str ns = STR("kube-node-lease");
    struct call call = node->has_lease ? call_of(VERB_PATCH, node->leases, ns, node->spec.in.name)
                                       : call_of(VERB_CREATE, node->leases, ns, (struct str){ 0 });
    char now[CLOCK_TEXT_SIZE];
    struct jw out;

    node->lease_timer = NULL;
    jw_init(&out, arena);
    jw_obj(&out);
    if (!node->has_lease) {
        jw_kvz(&out, "kind", "Lease");
        jw_kvz(&out, "apiVersion", "coordination.k8s.io/v1");
        jw_keyz(&out, "metadata");
        jw_obj(&out);
        jw_kv(&out, "name", node->spec.in.name);
        jw_kv(&out, "namespace", ns);
        write_owner(node, &out);
        jw_end(&out);
        node->has_owner = node->object != NULL;
    } else if (!node->has_owner && node->object != NULL) { /* it came before the Node was seen */
        jw_keyz(&out, "metadata");
        jw_obj(&out);
        write_owner(node, &out);
        jw_end(&out);
        node->has_owner = true;
    }
    jw_keyz(&out, "spec");
    jw_obj(&out);
    jw_kv(&out, "holderIdentity", node->spec.in.name);
    jw_kint(&out, "leaseDurationSeconds", LEASE_SECONDS);
    jw_kv(&out, "renewTime", clock_text_micro(clock_wall_us(), now));
    jw_end(&out);
    jw_end(&out);
    call.body_type = node->has_lease ? BODY_MERGE_PATCH : BODY_JSON;
    call.body = jw_done(&out);
    node->lease_call = client_call(node->spec.client, &call, lease_done, node);
}

/* ---- the object ---- */

struct object *
node_object(const struct node *node)
{
    return node->object;
}

static void
node_changed(void *ctx, struct object *old, struct object *now, uint64_t rev)
{
    struct node *node = ctx;
    struct str cidr = { 0 };

    (void)rev;
    object_unref(node->object);
    node->object = object_ref(now);
    if (now == NULL) {
        if (node->is_registered && node->node_call == NULL) {
            node->is_registered = false;
            at_node(node, REGISTER_MS, register_node);
        }
        return;
    }
    object_pin(now);
    if (old == NULL) { /* an agent before this one has told it */
        node->was_ready = pod_state_condition_is(object_val(now), "Ready", "True");
    }
    cidr = val_str(val_at(object_val(now), "spec.podCIDR"));
    if (!str_eq(cidr, str_of(node->pod_cidr))) {
        mem_free(node->pod_cidr);
        node->pod_cidr = cidr.size > 0 ? str_dup(cidr) : NULL;
        node->spec.pod_cidr(node->spec.ctx, str_of(node->pod_cidr));
    }
    object_unpin(now);
}

struct node *
node_new(const struct node_spec *spec)
{
    struct node *node = MEM_NEW(struct node);
    AUTO_FREE char *selector = mem_printf("metadata.name=" STR_FMT, STR_ARG(spec->in.name));
    struct informer_spec informer = { .field_selector = str_of(selector) };

    node->spec = *spec;
    node->nodes = registry_find(spec->registry, STR(""), STR("v1"), STR("nodes"));
    node->leases =
        registry_find(spec->registry, STR("coordination.k8s.io"), STR("v1"), STR("leases"));
    node->problem = mem_strdup("container runtime status check may not have completed yet");
    informer.resource = node->nodes;
    node->informer = informer_add(spec->informers, &informer, node_changed, NULL, node);
    register_node(node);
    return node;
}

void
node_free(struct node *node)
{
    if (node == NULL) {
        return;
    }
    node->is_freed = true;
    informer_del(node->informer);
    loop_timer_cancel(node->node_timer);
    loop_timer_cancel(node->lease_timer);
    if (node->node_call != NULL) {
        client_cancel(node->node_call);
    }
    if (node->lease_call != NULL) {
        client_cancel(node->lease_call);
    }
    (void)try_release(node);
}
