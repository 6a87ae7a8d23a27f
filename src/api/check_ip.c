/* Rules of IP addresses and CIDR blocks: apimachinery's util/validation/ip.go.
 *
 * Called by kind_*_check.c; pure, any thread. */
#include "config.h"

#include "api/check.h"
#include "base/ip.h"

void
check_ip_legacy(struct causes *out, const struct field_path *path, const char *member, struct val v)
{
    struct ip ip;
    if (!ip_parse(val_str(v), true, &ip)) {
        check_invalid(out, path, member, v,
                      "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    }
}

void
check_ip_strict(struct causes *out, const struct field_path *path, const char *member, struct val v)
{
    struct ip ip, strict;
    if (!ip_parse(val_str(v), true, &ip)) {
        check_ip_legacy(out, path, member, v);
        return;
    }
    bool is_strict = ip_parse(val_str(v), false, &strict);
    if (!is_strict) {
        check_invalid(out, path, member, v, "must not have leading 0s");
    } else if (ip.is_mapped) {
        check_invalid(out, path, member, v, "must not be an IPv4-mapped IPv6 address");
    } else {
        struct str text = ip_text(&ip, out->arena);
        if (!str_eq(text, val_str(v))) {
            causes_add(out, CAUSE_INVALID, path, member == NULL ? "" : member, v,
                       "must be in canonical form (\"" STR_FMT "\")", STR_ARG(text));
        }
    }
}

void
check_ip_net_legacy(struct causes *out, const struct field_path *path, const char *member,
                    struct val v)
{
    struct ip_net net;
    if (!ip_parse_net(val_str(v), true, &net)) {
        check_invalid(out, path, member, v,
                      "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
    }
}

void
check_ip_net_strict(struct causes *out, const struct field_path *path, const char *member,
                    struct val v)
{
    struct ip_net net, strict;
    if (!ip_parse_net(val_str(v), true, &net)) {
        check_ip_net_legacy(out, path, member, v);
        return;
    }
    bool is_strict = ip_parse_net(val_str(v), false, &strict);
    struct ip_net masked = ip_net_masked(&net);
    struct str text = ip_net_text(&masked, out->arena);
    if (!is_strict) {
        check_invalid(out, path, member, v, "must not have leading 0s in IP or prefix length");
    } else if (net.ip.is_mapped) {
        check_invalid(out, path, member, v, "must not have an IPv4-mapped IPv6 address");
    } else if (!ip_eq(&masked.ip, &net.ip)) {
        check_invalid(out, path, member, v, "must not have bits set beyond the prefix length");
    } else if (!str_eq(text, val_str(v))) {
        causes_add(out, CAUSE_INVALID, path, member == NULL ? "" : member, v,
                   "must be in canonical form (\"" STR_FMT "\")", STR_ARG(text));
    }
}
