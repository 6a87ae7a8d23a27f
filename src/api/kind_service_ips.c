/* Addresses and families of a Service before any is allocated: what belongs together is brought
 * together, what is missing gets its default, what cannot be is told.
 *
 * After pkg/registry/core/service/storage (normalizeClusterIPs, initIPFamilyFields), release 1.35, for
 * a cluster of one family, IPv4. Called by the API server's step "allocate"; pure. */
#include "config.h"

#include "api/kind_service_check.h"
#include "api/kinds_priv.h"
#include "api/kinds_types.h"
#include "api/schema.h"
#include "base/arena.h"
#include "base/ip.h"
#include "base/mem.h"

static bool
is_same_list(struct val a, struct val b)
{
    return val_len(a) == val_len(b) && (val_len(a) == 0 || val_eq(a, b));
}

static bool
is_dual(struct val policy)
{
    return val_is_str(policy, "PreferDualStack") || val_is_str(policy, "RequireDualStack");
}

/* One family is to be enough from now on: the second one's entries go, unless they were touched. */
static void
drop_second(struct val spec, struct val was, struct edit *edit)
{
    static const char *const members[] = { "clusterIPs", "ipFamilies" };
    if (!is_dual(val_get(was, "ipFamilyPolicy")) ||
        !val_is_str(val_get(spec, "ipFamilyPolicy"), "SingleStack")) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct val list = val_get(spec, members[i]);
        if (val_len(list) == 2 && val_eq(list, val_get(was, members[i]))) {
            edit_del(edit, arena_printf(edit->arena, "/spec/%s/1", members[i]).at);
        }
    }
}

void
kind_service_ips_join(struct val now, struct val old, struct edit *edit)
{
    struct val spec = val_get(now, "spec"), was = val_get(old, "spec");
    struct str ip = val_str(val_get(spec, "clusterIP")),
               old_ip = val_str(val_get(was, "clusterIP"));
    struct val ips = val_get(spec, "clusterIPs"), old_ips = val_get(was, "clusterIPs");
    struct str one = arena_printf(edit->arena, "[\"" STR_FMT "\"]", STR_ARG(ip));
    bool is_same = is_same_list(ips, old_ips);
    if (!val_is(old)) {
        if (ip.size > 0 && val_len(ips) == 0) {
            edit_set(edit, "/spec/clusterIPs", one);
        }
        return;
    }
    drop_second(spec, was, edit);
    if (val_len(ips) == 0 && val_len(old_ips) > 0 && str_eq(ip, old_ip)) {
        edit_set(edit, "/spec/clusterIPs", val_raw(old_ips));
    } else if (ip.size == 0 && old_ip.size > 0 && is_same) {
        edit_del(edit, "/spec/clusterIPs"); /* who clears one clears both */
    } else if (!str_eq(ip, old_ip) && ip.size > 0 && is_same) {
        edit_set(edit, "/spec/clusterIPs", one);
    }
}

/* ---- what cannot be ---- */

struct ips {
    struct val spec, list, families, policy;
    struct edit *edit;
    struct causes *out;
    bool is_headless;
};

static bool
is_v6(struct val text)
{
    struct ip ip;
    return ip_parse(val_str(text), true, &ip) && ip.is_v6;
}

/* ---- what this cluster can do ---- */

static void
check_policy(const struct ips *s)
{
    static const char text[] =
        "must be 'RequireDualStack' or 'PreferDualStack' when multiple %s are specified";
    struct str single = STR("SingleStack");
    bool is_single = !val_is(s->policy) || val_is_str(s->policy, "SingleStack");
    if (is_single && val_len(s->list) == 2) {
        causes_add_text(s->out, CAUSE_INVALID, NULL, "spec.ipFamilyPolicy", single, text,
                        "cluster IPs");
    }
    if (is_single && val_len(s->families) == 2) {
        causes_add_text(s->out, CAUSE_INVALID, NULL, "spec.ipFamilyPolicy", single, text,
                        "IP families");
    }
    size_t i = 0;
    VAL_EACH (it, s->list) {
        if (!val_is_str(it.value, "None") && i >= val_len(s->families) && is_v6(it.value)) {
            causes_add(s->out, CAUSE_INVALID, NULL,
                       arena_printf(s->out->arena, "spec.clusterIPs[%zu]", i).at, s->list,
                       "IPv6 is not configured on this cluster");
        }
        i++;
    }
}

/* Headless without a selector: endpoints are somebody else's, so both families may come. */
static void
fill_selectorless(const struct ips *s)
{
    bool is_single = val_is_str(s->policy, "SingleStack");
    bool is_v6_first = val_is_str(val_item(s->families, 0), "IPv6");
    size_t len = val_len(s->families);
    if (!val_is(s->policy)) {
        edit_set_str(s->edit, "/spec/ipFamilyPolicy", STR("RequireDualStack"));
    }
    if (len < 2 && !is_single) {
        edit_set(s->edit, "/spec/ipFamilies",
                 is_v6_first ? STR("[\"IPv6\",\"IPv4\"]") : STR("[\"IPv4\",\"IPv6\"]"));
    } else if (len == 0) {
        edit_set(s->edit, "/spec/ipFamilies", STR("[\"IPv4\"]"));
    }
}

static void
fill_families(const struct ips *s)
{
    size_t i = 0;
    if (val_is_str(s->policy, "RequireDualStack")) {
        causes_add(s->out, CAUSE_INVALID, NULL, "spec.ipFamilyPolicy", s->policy,
                   "this cluster is not configured for dual-stack services");
    }
    VAL_EACH (it, s->families) {
        if (val_is_str(it.value, "IPv6")) {
            causes_add(s->out, CAUSE_INVALID, NULL,
                       arena_printf(s->out->arena, "spec.ipFamilies[%zu]", i).at, it.value,
                       "not configured on this cluster");
        }
        i++;
    }
    if (i == 0) {
        edit_set(s->edit, "/spec/ipFamilies", STR("[\"IPv4\"]"));
    }
    if (!val_is(s->policy)) {
        edit_set_str(s->edit, "/spec/ipFamilyPolicy", STR("SingleStack"));
    }
}

void
kind_service_ips_fill(struct val now, struct val old, struct edit *edit, struct causes *out)
{
    struct val spec = val_get(now, "spec");
    struct ips s = { .spec = spec,
                     .list = val_get(spec, "clusterIPs"),
                     .families = val_get(spec, "ipFamilies"),
                     .policy = val_get(spec, "ipFamilyPolicy"),
                     .edit = edit,
                     .out = out };
    s.is_headless = val_is_str(val_item(s.list, 0), "None");
    if (val_is_str(val_get(spec, "type"), "ExternalName")) {
        return;
    }
    kind_service_check_cluster_ips(spec, val_get(old, "spec"), out);
    if (out->len == 0) {
        check_policy(&s);
    }
    if (out->len > 0) {
        return;
    }
    if (s.is_headless && val_len(val_get(spec, "selector")) == 0) {
        fill_selectorless(&s);
    } else {
        fill_families(&s);
    }
}
