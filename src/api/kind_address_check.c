/* Rules of IPAddress and ServiceCIDR: pkg/apis/networking/validation of release 1.35.
 *
 * Named by rows in kind_network.c; pure, any thread. */
#include "config.h" /* IWYU pragma: keep */

#include "api/check.h"
#include "api/kinds_priv.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/ip.h"

enum { CIDRS_MAX = 2 };

/* The name is an address, which kind_address_check looks at; nothing can be generated. */
void
kind_address_name(struct str name, bool is_prefix, struct problems *out)
{
    (void)name;
    if (is_prefix) {
        out->at[0] = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
        out->len = 1;
    }
}

static void
check_segment(const struct field_path *parent, const char *member, struct val v, bool is_required,
              struct causes *out)
{
    if (val_str(v).size > 0) {
        check_name(out, parent, member, v, validate_name_path_segment);
    } else if (is_required) {
        check_required(out, parent, member, NULL);
    }
}

/* ValidateIPAddress */
void
kind_address_check(struct check_in *in, struct causes *out)
{
    struct field_path spec = check_at(NULL, "spec");
    struct field_path path = check_at(&spec, "parentRef");
    struct val parent = val_at(in->now, "spec.parentRef");
    check_ip_strict(out, NULL, "metadata.name", val_at(in->now, "metadata.name"));
    if (!check_has(parent)) {
        check_required(out, &path, NULL, NULL);
        return;
    }
    if (check_has(val_get(parent, "group"))) {
        check_name(out, &path, "group", val_get(parent, "group"), validate_name_subdomain);
    }
    check_segment(&path, "resource", val_get(parent, "resource"), true, out);
    check_segment(&path, "name", val_get(parent, "name"), true, out);
    check_segment(&path, "namespace", val_get(parent, "namespace"), false, out);
}

/* ValidateIPAddressUpdate */
void
kind_address_check_update(struct check_in *in, struct causes *out)
{
    check_immutable(out, NULL, "spec.parentRef", val_at(in->now, "spec.parentRef"),
                    val_at(in->old, "spec.parentRef"));
}

static bool
is_v6(struct val cidr, bool *ret_is_known)
{
    struct ip_net net;
    *ret_is_known = ip_parse_net(val_str(cidr), true, &net);
    return *ret_is_known && net.ip.is_v6 && !net.ip.is_mapped;
}

/* validateServiceCIDRSpec */
static void
check_cidrs(struct val spec, struct causes *out)
{
    struct val cidrs = val_get(spec, "cidrs");
    struct field_path up = check_at(NULL, "spec"), path = check_at(&up, "cidrs");
    size_t len = val_len(cidrs), i = 0;
    if (len == 0) {
        check_required(out, &path, NULL, "at least one CIDR required");
        return;
    }
    if (len > CIDRS_MAX) {
        check_invalid(out, &path, NULL, spec, "may only hold up to 2 values");
        return;
    }
    VAL_EACH (it, cidrs) {
        struct field_path item = check_item(&path, i++);
        check_ip_net_strict(out, &item, NULL, it.value);
    }
    bool is_known[CIDRS_MAX];
    if (len == CIDRS_MAX &&
        is_v6(val_item(cidrs, 0), &is_known[0]) == is_v6(val_item(cidrs, 1), &is_known[1]) &&
        is_known[0] && is_known[1]) {
        check_invalid(out, &path, NULL, cidrs,
                      "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and "
                      "2001:db8::/64");
    }
}

/* ValidateServiceCIDR */
void
kind_service_cidr_check(struct check_in *in, struct causes *out)
{
    check_cidrs(val_get(in->now, "spec"), out);
}

/* ValidateServiceCIDRUpdate: a second family may be added, nothing else. */
void
kind_service_cidr_check_update(struct check_in *in, struct causes *out)
{
    struct val now = val_at(in->now, "spec.cidrs"), old = val_at(in->old, "spec.cidrs");
    struct field_path up = check_at(NULL, "spec"), path = check_at(&up, "cidrs");
    size_t now_len = val_len(now), old_len = val_len(old);
    bool is_grown = old_len == 1 && now_len == CIDRS_MAX;
    if (in->subresource != NULL) {
        return; /* ValidateServiceCIDRStatusUpdate */
    }
    if (now_len != old_len && !is_grown) {
        check_invalid(out, &path, NULL, now, "field is immutable");
        return;
    }
    for (size_t i = 0; i < old_len; i++) {
        struct field_path item = check_item(&path, i);
        if (!val_eq(val_item(now, i), val_item(old, i))) {
            check_invalid(out, &item, NULL, val_item(now, i), "field is immutable");
        }
    }
    if (is_grown) {
        check_cidrs(val_get(in->now, "spec"), out);
    }
}
