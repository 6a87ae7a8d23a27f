/* Golden cases of the service proxy: what nft is told on one node when services change.  TAP.
 *
 *     run_proxy [--update] [CASE ...]      (tests/golden/proxy/CASE.yaml; none: all)
 *
 * Each document is a step:
 *     step: an endpoint more             title
 *     base: true                         show the whole table, from nothing
 *     node: {name, zone, podCIDR, dns}   this node, kept for the next steps
 *     later: 2000                        milliseconds that went by
 *     put: [Service or EndpointSlice …]  decoded strictly and defaulted as the server does
 *     del: ["Service web"]               kind and name
 *     flows: true                        from now on show who may answer UDP clients, as comments
 * CASE.out has for every step the input of nft; --update writes it. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/proxy_endpoints.h"
#include "agent/proxy_nft.h"
#include "agent/proxy_plan.h"
#include "api/decode.h"
#include "api/registry.h"
#include "api/validate.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/doc_yaml.h"
#include "base/err.h"
#include "golden_cases.h"

enum { OBJECTS_MAX = 64 };

struct run {
    struct arena *arena;
    struct registry *registry;
    struct str_builder *out;
    struct proxy_nft *nft;
    struct proxy_node node;
    struct val objects[OBJECTS_MAX];
    size_t object_len;
    struct str_builder flows; /* of the step */
    bool shows_flows;
    int64_t now_ms;
};

static struct str
key_of(struct run *run, struct val object)
{
    return arena_printf(run->arena, STR_FMT " " STR_FMT, STR_ARG(val_str(val_get(object, "kind"))),
                        STR_ARG(val_str(val_at(object, "metadata.name"))));
}

static void
drop(struct run *run, struct str key)
{
    for (size_t i = 0; i < run->object_len; i++) {
        if (str_eq(key_of(run, run->objects[i]), key)) {
            run->objects[i--] = run->objects[--run->object_len];
        }
    }
}

static int
put(struct run *run, struct val v, struct err **err)
{
    bool is_service = val_is_str(val_get(v, "kind"), "Service");
    const struct resource *row =
        registry_any_version(run->registry, is_service ? STR("") : STR("discovery.k8s.io"),
                             is_service ? STR("services") : STR("endpointslices"));
    struct findings findings = { .arena = run->arena };
    struct decode_in in = { .arena = run->arena,
                            .media = MEDIA_JSON,
                            .mode = DECODE_STRICT,
                            .bytes = val_raw(v),
                            .findings = &findings };
    struct doc *doc = NULL;
    const struct doc *full = NULL;

    if (decode_object(&in, row, &doc, err) < 0 ||
        validate_default(run->arena, row->type, doc, &full, err) < 0) {
        return -1;
    }
    if (run->object_len == OBJECTS_MAX) {
        return err_set(err, ERR_BAD_REQUEST, "more than %d objects", OBJECTS_MAX);
    }
    drop(run, key_of(run, doc_root(full)));
    run->objects[run->object_len++] = doc_root(full);
    return 0;
}

static void
show_flows(struct run *run, const struct proxy_items *items)
{
    for (size_t i = 0; run->shows_flows && i < items->flow_len; i++) {
        const struct proxy_flow *flow = &items->flows[i];

        str_putf(&run->flows, "# udp " STR_FMT ":%lld answered by", STR_ARG(flow->ip),
                 (long long)flow->port);
        for (size_t e = 0; e < flow->len; e++) {
            str_putf(&run->flows, " " STR_FMT ":%lld", STR_ARG(flow->ends[e].address),
                     (long long)flow->ends[e].port);
        }
        str_putz(&run->flows, "\n");
    }
}

/* Every Service there is or was, as the proxy does it for those that changed. */
static void
plan(struct run *run, struct str name)
{
    struct val service = { 0 }, slices[OBJECTS_MAX];
    struct proxy_items items;
    size_t len = 0;

    for (size_t i = 0; i < run->object_len; i++) {
        struct val labels = val_at(run->objects[i], "metadata.labels");

        if (val_is_str(val_get(run->objects[i], "kind"), "Service")) {
            service = str_eq(val_str(val_at(run->objects[i], "metadata.name")), name)
                          ? run->objects[i]
                          : service;
        } else if (str_eq(val_str(val_member(labels, STR("kubernetes.io/service-name"))), name)) {
            slices[len++] = run->objects[i];
        }
    }
    proxy_plan(service, slices, len, &run->node, &items);
    show_flows(run, &items);
    proxy_nft_set(run->nft, name, &items);
}

static int
read_step(void *ctx, struct str json, struct err **err)
{
    struct run *run = ctx;
    struct doc *doc = doc_parse(run->arena, json, err);
    struct val head = doc_root(doc), node = val_get(head, "node");
    struct str rest;

    if (doc == NULL) {
        return -1;
    }
    if (val_is(node)) {
        run->node =
            (struct proxy_node){ val_str(val_get(node, "name")), val_str(val_get(node, "zone")),
                                 val_str(val_get(node, "dns")) };
        proxy_nft_pod_cidr(run->nft, val_str(val_get(node, "podCIDR")));
    }
    if (val_bool(val_get(head, "base"), false)) {
        proxy_nft_lost(run->nft);
    } else if (val_is(node)) { /* the same each time */
        AUTO_STR struct str_builder base = { 0 };

        (void)proxy_nft_write(run->nft, run->now_ms, &base);
    }
    run->shows_flows = run->shows_flows || val_bool(val_get(head, "flows"), false);
    run->flows.size = 0;
    run->now_ms += val_int(val_get(head, "later"), 0);
    VAL_EACH (it, val_get(head, "put")) {
        if (put(run, it.value, err) < 0) {
            return -1;
        }
    }
    VAL_EACH (it, val_get(head, "del")) {
        drop(run, val_str(it.value));
        if (str_is(str_cut(val_str(it.value), ' ', &rest), "Service")) {
            plan(run, rest);
        }
    }
    for (size_t i = 0; i < run->object_len; i++) {
        if (val_is_str(val_get(run->objects[i], "kind"), "Service")) {
            plan(run, val_str(val_at(run->objects[i], "metadata.name")));
        }
    }
    str_putf(run->out, "=== " STR_FMT "\n", STR_ARG(val_str(val_get(head, "step"))));
    if (!proxy_nft_write(run->nft, run->now_ms, run->out)) {
        str_putz(run->out, "(nothing)\n");
    }
    str_put(run->out, str_view(&run->flows));
    return 0;
}

static int
make_text(void *ctx, struct str yaml, struct str_builder *text, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct run run = {
        .arena = arena, .registry = ctx, .out = text, .nft = proxy_nft_new(), .now_ms = 1000
    };
    int rc = doc_yaml_each(arena, yaml, read_step, &run, err);

    proxy_nft_free(run.nft);
    str_done(&run.flows);
    return rc;
}

int
main(int argc, char **argv)
{
    struct registry *registry = registry_new(kinds_builtin, kinds_builtin_len);
    int status = golden_cases_run("proxy", argc, argv, make_text, registry);

    registry_unref(registry);
    return status;
}
