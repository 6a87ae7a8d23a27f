/* Warnings that several kinds share, worded as release 1.35's.
 *
 * Called by kind_*_warn.c; pure, any thread. */
#include "config.h"

#include "api/kind_warn.h"

#include <stdarg.h>

#include "api/schema.h"
#include "api/validate.h"
#include "base/arena.h"
#include "base/ip.h"
#include "base/mem.h"

static const char *const warn_node_labels[][2] = {
    { "beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead" },
    { "beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead" },
    { "failure-domain.beta.kubernetes.io/region",
      "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead" },
    { "failure-domain.beta.kubernetes.io/zone",
      "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead" },
    { "beta.kubernetes.io/instance-type",
      "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead" },
    { "app.kubernetes.io/created-by", "deprecated since v1.9" },
    { "scheduler.alpha.kubernetes.io/preferAvoidPods",
      "deprecated since v1.22; use Taints and Tolerations instead" },
    { "node-role.kubernetes.io/master", "use \"node-role.kubernetes.io/control-plane\" instead" },
};

void
kind_warn_put(const struct warn *to, const struct field_path *path, const char *format, ...)
{
    AUTO_STR struct str_builder text = { 0 };
    va_list args;
    if (path != NULL) {
        str_put(&text, field_path_text(path, to->arena));
        str_putz(&text, ": ");
    }
    va_start(args, format);
    str_vputf(&text, format, args);
    va_end(args);
    to->add(to->ctx, str_view(&text));
}

void
kind_warn_ip(const struct warn *to, const struct field_path *path, struct val v)
{
    struct str text = val_str(v), where = field_path_text(path, to->arena);
    struct ip ip, strict;
    if (!ip_parse(text, true, &ip)) {
        return;
    }
    struct str canonical = ip_text(&ip, to->arena);
    bool is_strict = ip_parse(text, false, &strict);
    if (!is_strict || ip.is_mapped) {
        kind_warn_put(to, NULL,
                      STR_FMT ": non-standard IP address \"" STR_FMT
                              "\" will be considered invalid "
                              "in a future Kubernetes release: use \"" STR_FMT "\"",
                      STR_ARG(where), STR_ARG(text), STR_ARG(canonical));
    } else if (ip.is_v6 && !str_eq(text, canonical)) {
        kind_warn_put(to, NULL,
                      STR_FMT ": IPv6 address \"" STR_FMT "\" should be in RFC 5952 canonical "
                              "format (\"" STR_FMT "\")",
                      STR_ARG(where), STR_ARG(text), STR_ARG(canonical));
    }
}

void
kind_warn_net(const struct warn *to, const struct field_path *path, struct val v)
{
    struct str text = val_str(v), where = field_path_text(path, to->arena);
    struct ip_net net, strict;
    if (!ip_parse_net(text, true, &net)) {
        return;
    }
    struct ip_net masked = ip_net_masked(&net);
    struct str block = ip_net_text(&masked, to->arena), ip = ip_text(&net.ip, to->arena);
    bool is_strict = ip_parse_net(text, false, &strict) && !net.ip.is_mapped;
    bool is_block = ip_eq(&net.ip, &masked.ip);
    if (!is_block) {
        kind_warn_put(
            to, NULL,
            STR_FMT ": CIDR value \"" STR_FMT "\" is ambiguous in this context (should be "
                    "\"" STR_FMT "\" or \"" STR_FMT "/%d\"?)",
            STR_ARG(where), STR_ARG(text), STR_ARG(block), STR_ARG(ip), net.ip.is_v6 ? 128 : 32);
    }
    if (!is_strict) {
        kind_warn_put(to, NULL,
                      STR_FMT ": non-standard CIDR value \"" STR_FMT
                              "\" will be considered invalid "
                              "in a future Kubernetes release: use \"" STR_FMT "\"",
                      STR_ARG(where), STR_ARG(text), STR_ARG(block));
    } else if (is_block && net.ip.is_v6 && !str_eq(text, block)) {
        kind_warn_put(to, NULL,
                      STR_FMT ": IPv6 CIDR value \"" STR_FMT "\" should be in RFC 5952 canonical "
                              "format (\"" STR_FMT "\")",
                      STR_ARG(where), STR_ARG(text), STR_ARG(block));
    }
}

const char *
kind_warn_node_label(struct str key)
{
    for (size_t i = 0; i < ARRAY_LEN(warn_node_labels); i++) {
        if (str_is(key, warn_node_labels[i][0])) {
            return warn_node_labels[i][1];
        }
    }
    return NULL;
}

struct str
kind_warn_host_name(struct str name, struct arena *arena)
{
    struct problems found = { 0 };
    struct str text = { 0 };
    validate_name_label(name, false, &found);
    for (size_t i = 0; i < found.len; i++) {
        text = arena_printf(arena, STR_FMT "%s%s", STR_ARG(text), i == 0 ? "[" : " ", found.at[i]);
    }
    return found.len == 0 ? text : arena_printf(arena, STR_FMT "]", STR_ARG(text));
}
