/* The pod network of this node. Called by the agent when the Node has its pod CIDR; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/cni.h"

#include "agent/disk.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/mem.h"

#define LOG_MODULE "cni"
#include "base/log.h"

const char *
cni_bin_dir(void)
{
    static const char *const dirs[] = { "/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni" };

    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        AUTO_FREE char *bridge = mem_printf("%s/bridge", dirs[i]);

        if (disk_exists(bridge)) {
            return dirs[i];
        }
    }
    return NULL;
}

struct str
cni_conflist(struct arena *arena, struct str pod_cidr)
{
    struct jw out;

    jw_init(&out, arena);
    jw_obj(&out);
    jw_kvz(&out, "cniVersion", "0.4.0");
    jw_kvz(&out, "name", "binnacle");
    jw_keyz(&out, "plugins");
    jw_arr(&out);
    jw_obj(&out);
    jw_kvz(&out, "type", "bridge");
    jw_kvz(&out, "bridge", "bnc0");
    jw_kbool(&out, "isGateway", true);
    jw_kbool(&out, "hairpinMode", true);
    jw_kint(&out, "mtu", CNI_MTU);
    jw_keyz(&out, "ipam");
    jw_obj(&out);
    jw_kvz(&out, "type", "host-local");
    jw_keyz(&out, "ranges");
    jw_raw(&out, arena_printf(arena, "[[{\"subnet\":\"" STR_FMT "\"}]]", STR_ARG(pod_cidr)));
    jw_keyz(&out, "routes");
    jw_raw(&out, STR("[{\"dst\":\"0.0.0.0/0\"}]"));
    jw_end(&out);
    jw_end(&out);
    jw_raw(&out, STR("{\"type\":\"portmap\",\"capabilities\":{\"portMappings\":true}}"));
    jw_end(&out);
    jw_end(&out);
    return jw_done(&out);
}

/* Pods are reached only through the node: it forwards, and what stays on the bridge is filtered as
 * well, or services with an endpoint on this node fail. Where they cannot be set they may be right. */
static void
set_kernel(void)
{
    static const char *const switches[] = {
        "/proc/sys/net/ipv4/ip_forward",
        "/proc/sys/net/bridge/bridge-nf-call-iptables",
    };

    for (size_t i = 0; i < ARRAY_LEN(switches); i++) {
        AUTO_ERR struct err *err = NULL;

        if (disk_write_in_place(switches[i], STR("1\n"), &err) < 0) {
            log_warn("switch not set path=%s err=\"%s\"", switches[i], err->message);
        }
    }
}

int
cni_set_up(const char *dir, struct str pod_cidr, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();

    set_kernel();
    return disk_make_dirs(dir, 0755, err) < 0 ||
                   disk_write(arena_printf(arena, "%s/10-binnacle.conflist", dir).at,
                              cni_conflist(arena, pod_cidr), 0644, err) < 0
               ? -1
               : 0;
}
