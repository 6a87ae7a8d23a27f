/* Rules of Nodes: ValidateNode and ValidateNodeUpdate of release 1.35.
 *
 * Named by the row in kind_node.c; pure, any thread. */
#include "config.h"

#include "api/check.h"
#include "api/kind_pod_check.h"
#include "api/kinds_check.h"
#include "api/validate_priv.h"
#include "base/arena.h"
#include "base/ip.h"
#include "base/mem.h"

/* By their key and effect each is one of its own. */
static bool
node_has_taint(struct val taints, size_t before, struct val taint)
{
    size_t index = 0;
    VAL_EACH (it, taints) {
        if (index++ == before) {
            break;
        }
        if (check_same(val_get(it.value, "key"), val_get(taint, "key")) &&
            check_same(val_get(it.value, "effect"), val_get(taint, "effect"))) {
            return true;
        }
    }
    return false;
}

/* As Go prints the internal struct, which has no JSON names; without a member it is null. */
static struct str
node_struct(struct arena *arena, struct val v, const char *const (*names)[2])
{
    struct jw w;
    jw_init(&w, arena);
    jw_obj(&w);
    for (size_t i = 0; names[i][0] != NULL; i++) {
        jw_keyz(&w, names[i][0]);
        if (names[i][1] == NULL) {
            jw_null(&w);
        } else {
            jw_str(&w, val_str(val_get(v, names[i][1])));
        }
    }
    jw_end(&w);
    return jw_done(&w);
}

/* Upstream has their place below the metadata. */
static void
node_check_taints(struct val taints, struct causes *out)
{
    static const char *const taint_names[][2] = {
        { "Key", "key" }, { "Value", "value" }, { "Effect", "effect" }, { "TimeAdded", NULL }, { 0 }
    };
    static const char *const effects[] = { "NoSchedule", "PreferNoSchedule", "NoExecute", NULL };
    struct field_path meta = check_at(NULL, "metadata"), list = check_at(&meta, "taints");
    size_t index = 0;
    VAL_EACH (it, taints) {
        struct field_path item = check_item(&list, index);
        struct val value = val_get(it.value, "value");
        struct problems found = { 0 };
        check_label_key(out, &item, "key", val_get(it.value, "key"));
        validate_label_text(val_str(value), &found);
        if (found.len > 0) {
            causes_add(out, CAUSE_INVALID, &item, "value", value, "%s%s%s", found.at[0],
                       found.len > 1 ? ";" : "", found.len > 1 ? found.at[1] : "");
        }
        check_enum(out, &item, "effect", val_get(it.value, "effect"), effects);
        if (node_has_taint(taints, index, it.value)) {
            struct str shown = node_struct(out->arena, it.value, taint_names);
            causes_add_json(out, CAUSE_DUPLICATE, &item, "", shown,
                            "taints must be unique by key and effect pair");
        }
        index++;
    }
}

static void
node_check_resources(const struct check_in *in, struct causes *out)
{
    static const char *const members[] = { "capacity", "allocatable" };
    struct field_path status = check_at(NULL, "status");
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct field_path list = check_at(&status, members[i]);
        VAL_EACH (it, val_get(val_get(in->now, "status"), members[i])) {
            struct field_path item = check_at(&list, arena_dupz(out->arena, it.key));
            kind_resource_check_quantity(out, it.key, it.value, &item);
        }
    }
}

static void
node_check_ranges(struct val ranges, struct causes *out)
{
    struct field_path spec = check_at(NULL, "spec"), list = check_at(&spec, "podCIDRs");
    size_t index = 0, v6 = 0;
    bool is_bad = false;
    VAL_EACH (it, ranges) {
        struct field_path item = check_item(&list, index++);
        struct ip_net net = { 0 };
        bool is_net = ip_parse_net(val_str(it.value), true, &net);
        check_ip_net_legacy(out, &item, NULL, it.value);
        v6 += is_net && net.ip.is_v6 ? 1 : 0;
        if (!is_net && !is_bad && val_len(ranges) > 1) {
            causes_add(out, CAUSE_INTERNAL, &list, "", it.value,
                       "invalid PodCIDRs. failed to check with dual stack with error:invalid "
                       "CIDR[%zu]: <nil> (invalid CIDR address: " STR_FMT ")",
                       index - 1, STR_ARG(val_str(it.value)));
        }
        is_bad = is_bad || !is_net;
    }
    if (index > 2 || (index == 2 && (v6 != 1 || is_bad))) {
        check_invalid(out, &list, NULL, ranges,
                      "may specify no more than one CIDR for each IP family");
    }
}

/* ValidateNode */
void
kind_node_check(struct check_in *in, struct causes *out)
{
    struct val swap = val_at(in->now, "status.nodeInfo.swap.capacity");
    struct field_path meta = check_at(NULL, "metadata"), at = check_at(&meta, "nodeSwapStatus");
    node_check_taints(val_at(in->now, "spec.taints"), out);
    node_check_resources(in, out);
    if (val_is(swap)) {
        check_positive(out, &at, "capacity", swap);
    }
    node_check_ranges(val_at(in->now, "spec.podCIDRs"), out);
}

static void
node_check_addresses(const struct check_in *in, struct causes *out)
{
    static const char *const address_names[][2] = { { "Type", "type" },
                                                    { "Address", "address" },
                                                    { 0 } };
    struct field_path status = check_at(NULL, "status"), list = check_at(&status, "addresses");
    struct val addresses = val_at(in->now, "status.addresses");
    size_t index = 0;
    VAL_EACH (it, addresses) {
        struct field_path item = check_item(&list, index);
        for (size_t i = 0; i < index; i++) {
            if (val_eq(val_item(addresses, i), it.value)) {
                struct str shown = node_struct(out->arena, it.value, address_names);
                causes_add_json(out, CAUSE_DUPLICATE, &item, "", shown, NULL);
                break;
            }
        }
        index++;
    }
}

/* ValidateNodeUpdate */
void
kind_node_check_update(struct check_in *in, struct causes *out)
{
    struct field_path spec = check_at(NULL, "spec");
    struct val ranges = val_at(in->now, "spec.podCIDRs");
    struct val old_ranges = val_at(in->old, "spec.podCIDRs");
    struct val id = val_at(in->old, "spec.providerID");
    if (in->subresource == NULL) {
        kind_node_check(in, out);
    }
    node_check_resources(in, out);
    node_check_addresses(in, out);
    if (val_len(old_ranges) > 0 && !check_same(ranges, old_ranges)) {
        check_forbidden(out, &spec, "podCIDRs",
                        "node updates may not change podCIDR except from \"\" to valid");
    }
    if (check_has(id) && !check_same(id, val_at(in->now, "spec.providerID"))) {
        check_forbidden(out, &spec, "providerID",
                        "node updates may not change providerID except from \"\" to valid");
    }
    node_check_taints(val_at(in->now, "spec.taints"), out);
    if (!check_same(val_at(in->now, "spec.externalID"), val_at(in->old, "spec.externalID"))) {
        check_forbidden(out, &spec, "externalID", "may not be updated");
    }
}
