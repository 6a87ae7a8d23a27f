/* Golden cases of the cluster's zone: what names come to when Services are there.  TAP.
 *
 *     run_dns [--update] [CASE ...]      (tests/golden/dns/CASE.yaml; none: all)
 *
 * Each document is a step:
 *     step: a service                    title
 *     put: [Service or EndpointSlice …]  decoded strictly and defaulted as the server does
 *     del: ["Service shop/web"]          kind and key
 *     ask: ["A web.shop.svc.cluster.local"]
 * CASE.out has for every question its records; --update writes it. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/backends.h"
#include "agent/dns_zone.h"
#include "api/decode.h"
#include "api/object.h"
#include "api/registry.h"
#include "api/validate.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/doc_yaml.h"
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "golden_cases.h"

struct run {
    struct arena *arena;
    struct registry *registry;
    struct str_builder *out;
    struct backends *backends;
    struct dns_zone *zone;
    struct map objects; /* "Service shop/web" → struct object */
    uint64_t rev;
};

/* ---- objects ---- */

static void
change(struct run *run, struct str key, struct object *now)
{
    struct object *old =
        now == NULL ? map_del(&run->objects, key) : map_put(&run->objects, key, now);

    if (old != NULL || now != NULL) {
        (str_has_prefix(key, STR("Service ")) ? backends_service : backends_slice)(run->backends,
                                                                                   old, now);
    }
    object_unref(old);
}

static int
put(struct run *run, struct val v, struct err **err)
{
    struct str kind = val_str(val_get(v, "kind"));
    bool is_service = str_is(kind, "Service");
    const struct resource *row =
        registry_any_version(run->registry, is_service ? STR("") : STR("discovery.k8s.io"),
                             is_service ? STR("services") : STR("endpointslices"));
    struct findings findings = { .arena = run->arena };
    struct decode_in in = { .arena = run->arena,
                            .media = MEDIA_JSON,
                            .mode = DECODE_STRICT,
                            .bytes = val_raw(v),
                            .findings = &findings };
    struct object *object = NULL;
    struct doc *doc = NULL;
    const struct doc *full = NULL;

    run->rev++;
    if (decode_object(&in, row, &doc, err) < 0 ||
        validate_default(run->arena, row->type, doc, &full, err) < 0 ||
        object_publish(row, val_raw(doc_root(full)), run->rev, run->rev, &object, err) < 0) {
        return -1;
    }
    change(run,
           arena_printf(run->arena, STR_FMT " " STR_FMT "/" STR_FMT, STR_ARG(kind),
                        STR_ARG(object->ns), STR_ARG(object->name)),
           object);
    return 0;
}

/* ---- questions ---- */

static const struct {
    const char *name;
    uint16_t type;
} types[] = {
    { "A", DNS_A },     { "AAAA", DNS_AAAA },   { "SRV", DNS_SRV }, { "PTR", DNS_PTR },
    { "TXT", DNS_TXT }, { "CNAME", DNS_CNAME }, { "SOA", DNS_SOA }, { "NS", DNS_NS },
};

static void
show(struct run *run, const char *title, const struct dns_records *records)
{
    for (size_t i = 0; i < records->len; i++) {
        str_putf(run->out, "%s" STR_FMT "\n", title, STR_ARG(records->at[i]));
    }
}

static int
ask(struct run *run, struct str text, struct err **err)
{
    struct dns_question question = { 0 };
    struct str type = str_cut(text, ' ', &question.name);
    struct dns_answer answer;

    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        question.type = str_is(type, types[i].name) ? types[i].type : question.type;
    }
    if (question.type == 0 || question.name.size == 0) {
        return err_set(err, ERR_BAD_REQUEST, "no question: " STR_FMT, STR_ARG(text));
    }
    dns_zone_answer(run->zone, &question, run->arena, &answer);
    str_putf(run->out, "? " STR_FMT "%s\n", STR_ARG(text),
             !answer.is_ours     ? ": elsewhere"
             : answer.is_unknown ? ": no such name"
                                 : "");
    show(run, "  ", &answer.answer);
    show(run, "  and ", &answer.extra);
    if (answer.alias.size > 0) {
        str_putf(run->out, "  what is " STR_FMT "?\n", STR_ARG(answer.alias));
    }
    if (answer.soa.size > 0) {
        str_putz(run->out, "  (none)\n");
    }
    return 0;
}

/* ---- steps ---- */

static int
read_step(void *ctx, struct str json, struct err **err)
{
    struct run *run = ctx;
    struct doc *doc = doc_parse(run->arena, json, err);
    struct val head = doc_root(doc);

    if (doc == NULL) {
        return -1;
    }
    str_putf(run->out, "=== " STR_FMT "\n", STR_ARG(val_str(val_get(head, "step"))));
    VAL_EACH (it, val_get(head, "put")) {
        if (put(run, it.value, err) < 0) {
            return -1;
        }
    }
    VAL_EACH (it, val_get(head, "del")) {
        change(run, val_str(it.value), NULL);
    }
    VAL_EACH (it, val_get(head, "ask")) {
        if (ask(run, val_str(it.value), err) < 0) {
            return -1;
        }
    }
    return 0;
}

static void
drop_object(void *object)
{
    object_unref(object);
}

static int
make_text(void *ctx, struct str yaml, struct str_builder *text, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct run run = { .arena = arena, .registry = ctx, .out = text, .backends = backends_new() };
    int rc;

    run.zone = dns_zone_new(run.backends, "cluster.local", "10.43.0.10");
    rc = doc_yaml_each(arena, yaml, read_step, &run, err);
    dns_zone_free(run.zone);
    backends_free(run.backends);
    map_done(&run.objects, drop_object);
    return rc;
}

int
main(int argc, char **argv)
{
    struct registry *registry = registry_new(kinds_builtin, kinds_builtin_len);
    int status = golden_cases_run("dns", argc, argv, make_text, registry);

    registry_unref(registry);
    return status;
}
