/* A range of pod addresses for each node.  Run by src/client/reconcile, loop thread.
 *
 * Follows pkg/controller/nodeipam/ipam/range_allocator.go, release 1.35: the first free /24 of the
 * pod range. One key at a time, and the answer of a write is in the cache before the next plan, so no
 * range is given twice. */
#include "config.h" /* IWYU pragma: keep */

#include <arpa/inet.h>

#include "api/object.h"
#include "base/arena.h"
#include "client/cache.h"
#include "controllers/controllers.h"
#include "controllers/ctl.h"

enum { NODE_BITS = 24 };

static const struct watch_spec watches[] = {
    { .group = "", .version = "v1", .plural = "nodes" },
    { .plural = NULL },
};

struct range {
    uint32_t first; /* host order */
    int bits;
};

static bool
parse_range(struct str text, struct range *ret)
{
    char address[INET_ADDRSTRLEN];
    struct in_addr in;
    int64_t bits;
    struct str rest, head = str_cut(text, '/', &rest);
    if (head.size >= sizeof(address) || !str_to_int(rest, &bits) || bits < 0 || bits > 32) {
        return false;
    }
    memcpy(address, head.at, head.size);
    address[head.size] = '\0';
    if (inet_pton(AF_INET, address, &in) != 1) {
        return false;
    }
    *ret = (struct range){ ntohl(in.s_addr), (int)bits };
    return true;
}

static bool
is_taken(const struct plan_in *in, uint32_t first)
{
    CACHE_EACH (node, it, in->cache, ctl_resource(in, "", "nodes"), ((struct str){ 0 })) {
        struct range range;
        object_pin(node);
        struct str text = val_str(val_at(object_val(node), "spec.podCIDR"));
        bool clashes = text.size > 0 && parse_range(text, &range) && range.first == first;
        object_unpin(node);
        if (clashes) {
            return true;
        }
    }
    return false;
}

static void
plan(const struct plan_in *in, struct plan *out)
{
    struct object *node = cache_get(in->cache, ctl_resource(in, "", "nodes"), in->ns, in->name);
    struct range pods;
    if (node == NULL || !parse_range(str_of(in->env->pod_cidr), &pods) || pods.bits > NODE_BITS) {
        return;
    }
    object_pin(node);
    bool has_range = val_str(val_at(object_val(node), "spec.podCIDR")).size > 0;
    object_unpin(node);
    uint32_t count = has_range ? 0 : 1U << (NODE_BITS - pods.bits);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t first = pods.first + (i << (32 - NODE_BITS));
        if (is_taken(in, first)) {
            continue;
        }
        struct str cidr = arena_printf(out->arena, "%u.%u.%u.%u/%d", first >> 24, first >> 16 & 255,
                                       first >> 8 & 255, first & 255, NODE_BITS);
        plan_write(out, PLAN_PATCH, node,
                   arena_printf(out->arena,
                                "{\"spec\":{\"podCIDR\":\"" STR_FMT "\",\"podCIDRs\":[\"" STR_FMT
                                "\"]}}",
                                STR_ARG(cidr), STR_ARG(cidr)),
                   PRE_UID);
        return;
    }
    if (!has_range) {
        plan_event(out, node, EVENT_NORMAL, "CIDRNotAvailable", NULL,
                   "Node " STR_FMT " status is now: CIDRNotAvailable", STR_ARG(node->name));
    }
}

const struct reconciler ctl_ipam = {
    .name = "node-ipam-controller",
    .user = "system:serviceaccount:kube-system:node-controller",
    .component = "cidrAllocator",
    .watches = watches,
    .plan = plan,
    .parallel = 1,
};
