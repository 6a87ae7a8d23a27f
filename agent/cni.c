/* The pod network of this node. Called by the agent when the Node has its pod CIDR; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/cni.h"

#include "agent/disk.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/proc.h"

#define LOG_MODULE "cni"
#include "base/log.h"

enum { NFT_MS = 10 * 1000 };

struct cni {
    struct loop *loop;
    struct arena *arena;
    struct proc *nft;
    cni_fn *done; /* NULL: cancelled */
    void *ctx;
    struct str problem;
};

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

struct str
cni_nft(struct arena *arena, struct str pod_cidr)
{
    /* A table of its own, replaced as one transaction. */
    return arena_printf(arena,
                        "table ip binnacle-egress\n"
                        "delete table ip binnacle-egress\n"
                        "table ip binnacle-egress {\n"
                        "  chain postrouting {\n"
                        "    type nat hook postrouting priority srcnat;\n"
                        "    ip saddr " STR_FMT " ip daddr != " STR_FMT " masquerade\n"
                        "  }\n"
                        "}\n",
                        STR_ARG(pod_cidr), STR_ARG(pod_cidr));
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

static void
finish(void *ctx)
{
    struct cni *cni = ctx;

    if (cni->done != NULL) {
        cni->done(cni->ctx, cni->problem);
    }
    arena_free(cni->arena);
    mem_free(cni);
}

static void
nft_ended(void *ctx, const struct proc_result *result, struct err *owned)
{
    struct cni *cni = ctx;

    cni->nft = NULL;
    if (owned != NULL) {
        cni->problem = arena_printf(cni->arena, "nft cannot be run: %s", owned->message);
    } else if (result->status != 0) {
        cni->problem =
            arena_printf(cni->arena, "nft failed: " STR_FMT, STR_ARG(str_trim(result->err)));
    }
    err_free(owned);
    finish(cni);
}

struct cni *
cni_set_up(struct loop *loop, const char *dir, struct str pod_cidr, cni_fn *done, void *ctx)
{
    struct cni *cni = MEM_NEW(struct cni);
    static const char *const argv[] = { "nft", "-f", "-", NULL };
    struct proc_spec spec = { .argv = argv, .timeout_ms = NFT_MS };
    AUTO_ERR struct err *err = NULL;

    cni->loop = loop;
    cni->arena = arena_new();
    cni->done = done;
    cni->ctx = ctx;
    set_kernel();
    if (disk_make_dirs(dir, 0755, &err) < 0 ||
        disk_write(arena_printf(cni->arena, "%s/10-binnacle.conflist", dir).at,
                   cni_conflist(cni->arena, pod_cidr), 0644, &err) < 0) {
        cni->problem = arena_dup(cni->arena, str_of(err->message));
        loop_defer(loop, finish, cni);
        return cni;
    }
    spec.input = cni_nft(cni->arena, pod_cidr);
    cni->nft = proc_start(loop, &spec, nft_ended, cni);
    return cni;
}

void
cni_cancel(struct cni *cni)
{
    if (cni != NULL) {
        cni->done = NULL; /* nft is not stopped in the middle */
    }
}
