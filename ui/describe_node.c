/* Describing nodes, and workloads with their pods' template.  Called by describe.c; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/describe.h"

enum { IN = 2 };

/* ---- nodes ---- */

static void
put_taints(struct str_builder *out, struct val taints)
{
    AUTO_STR struct str_builder text = { 0 };

    VAL_EACH (it, taints) {
        struct str value = val_str(val_get(it.value, "value"));
        str_putf(&text, "%s" STR_FMT "%s" STR_FMT ":" STR_FMT, text.size == 0 ? "" : "\n",
                 STR_ARG(val_str(val_get(it.value, "key"))), value.size > 0 ? "=" : "",
                 STR_ARG(value), STR_ARG(val_str(val_get(it.value, "effect"))));
    }
    describe_line(out, 0, "Taints", str_view(&text));
}

/* What there is, and what pods may have of it. */
static void
put_capacity(struct str_builder *out, struct val capacity, struct val allocatable)
{
    if (val_len(capacity) == 0) {
        return;
    }
    str_putf(out, "\nResources:\n  %-26s %-16s %s\n", "", "capacity", "for pods");
    VAL_EACH (it, capacity) {
        str_putf(out, "  %-26.*s %-16.*s %.*s\n", STR_ARG(it.key), STR_ARG(val_str(it.value)),
                 STR_ARG(val_str(val_member(allocatable, it.key))));
    }
}

void
describe_node(const struct describe_in *in, struct str_builder *out)
{
    static const struct {
        const char *key, *path;
    } facts[] = {
        { "Operating system", "osImage" },        { "Kernel", "kernelVersion" },
        { "Runtime", "containerRuntimeVersion" }, { "Kubelet", "kubeletVersion" },
        { "Architecture", "architecture" },
    };
    struct val spec = val_get(in->object, "spec"), status = val_get(in->object, "status");
    AUTO_STR struct str_builder text = { 0 };

    describe_linez(out, 0, "Unschedulable",
                   val_bool(val_get(spec, "unschedulable"), false) ? "yes: cordoned" : "");
    put_taints(out, val_get(spec, "taints"));
    VAL_EACH (it, val_get(status, "addresses")) {
        str_putf(&text, "%s" STR_FMT " (" STR_FMT ")", text.size == 0 ? "" : "\n",
                 STR_ARG(val_str(val_get(it.value, "address"))),
                 STR_ARG(val_str(val_get(it.value, "type"))));
    }
    describe_line(out, 0, "Addresses", str_view(&text));
    describe_line(out, 0, "Pod addresses", val_str(val_get(spec, "podCIDR")));
    for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
        describe_line(out, 0, facts[i].key,
                      val_str(val_get(val_get(status, "nodeInfo"), facts[i].path)));
    }
    describe_conditions(out, val_get(status, "conditions"), in->now_ms);
    put_capacity(out, val_get(status, "capacity"), val_get(status, "allocatable"));
    str_putc(out, '\n');
}

/* ---- workloads ---- */

static void
put_number(struct str_builder *text, struct val parent, const char *key, const char *word)
{
    struct val v = val_get(parent, key);

    if (val_is(v)) {
        str_putf(text, "%s%lld %s", text->size == 0 ? "" : ", ", (long long)val_int(v, 0), word);
    }
}

static void
put_counts(struct str_builder *out, struct val spec, struct val status)
{
    AUTO_STR struct str_builder text = { 0 };

    put_number(&text, spec, "replicas", "wanted");
    put_number(&text, spec, "completions", "wanted");
    put_number(&text, status, "desiredNumberScheduled", "wanted");
    put_number(&text, status, "replicas", "there");
    put_number(&text, status, "currentNumberScheduled", "there");
    put_number(&text, status, "updatedReplicas", "updated");
    put_number(&text, status, "updatedNumberScheduled", "updated");
    put_number(&text, status, "readyReplicas", "ready");
    put_number(&text, status, "numberReady", "ready");
    put_number(&text, status, "availableReplicas", "available");
    put_number(&text, status, "unavailableReplicas", "unavailable");
    put_number(&text, status, "active", "active");
    put_number(&text, status, "succeeded", "succeeded");
    put_number(&text, status, "failed", "failed");
    describe_line(out, 0, "Pods", str_view(&text));
}

static void
put_selector(struct str_builder *out, struct val selector)
{
    AUTO_STR struct str_builder text = { 0 };

    if (!val_is(val_get(selector, "matchLabels")) &&
        !val_is(val_get(selector, "matchExpressions"))) {
        describe_map(out, 0, "Selector", selector); /* of a ReplicationController */
        return;
    }
    describe_map(out, 0, "Selector", val_get(selector, "matchLabels"));
    VAL_EACH (it, val_get(selector, "matchExpressions")) {
        str_putf(&text, "%s" STR_FMT " " STR_FMT " " STR_FMT, text.size == 0 ? "" : "\n",
                 STR_ARG(val_str(val_get(it.value, "key"))),
                 STR_ARG(val_str(val_get(it.value, "operator"))),
                 STR_ARG(val_raw(val_get(it.value, "values"))));
    }
    describe_line(out, 0, "Selector also", str_view(&text));
}

void
describe_workload(const struct describe_in *in, struct str_builder *out)
{
    struct val spec = val_get(in->object, "spec"), status = val_get(in->object, "status");
    struct val strategy = val_get(spec, "strategy");

    strategy = val_is(strategy) ? strategy : val_get(spec, "updateStrategy");
    put_counts(out, spec, status);
    put_selector(out, val_get(spec, "selector"));
    describe_line(out, 0, "Strategy", val_str(val_get(strategy, "type")));
    VAL_EACH (it, val_get(strategy, "rollingUpdate")) {
        AUTO_FREE char *key = str_dup(it.key);
        struct str text = val_str(it.value);
        describe_line(out, IN, key, text.at != NULL ? text : val_raw(it.value));
    }
    describe_linez(out, 0, "Paused", val_bool(val_get(spec, "paused"), false) ? "yes" : "");
    describe_conditions(out, val_get(status, "conditions"), in->now_ms);
    describe_pod_template(val_get(spec, "template"), out);
    str_putc(out, '\n');
}
