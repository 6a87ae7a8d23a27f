/* What the agent is made from: options, the machine's facts, kubeconfig, certificates, directories, the
 * runtime. Called once by agent_main; blocking. */
#include "config.h" /* IWYU pragma: keep */

#include <stdlib.h>
#include <unistd.h>

#include "agent/agent_priv.h"
#include "agent/disk.h"
#include "agent/images.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/options.h"
#include "client/client.h"
#include "client/event.h"
#include "client/informer.h"
#include "client/kubeconf.h"
#include "net/pki.h"

#define LOG_MODULE "agent"
#include "base/log.h"

enum { FILE_MAX = 1 << 20, SERVING_DAYS = 365, CAP_SYS_RESOURCE_BIT = 24 };
#define KUBELET_VERSION "v1.35.0+binnacle." BINNACLE_VERSION

/* ---- the API ---- */

/* "https://10.0.0.1:6443/x" → "10.0.0.1:6443" */
static const char *
server_address(struct arena *arena, const char *server)
{
    struct str rest, text = str_of(server);
    const char *at = strstr(server, "://");

    if (at != NULL) {
        text = str_of(at + 3);
    }
    return arena_dupz(arena, str_cut(text, '/', &rest));
}

static int
open_client(struct agent *agent, const struct options *options, struct err **err)
{
    struct kubeconf conf = { 0 };
    const char *path = options_text(options, OPT_KUBECONFIG);
    int rc;

    if (path[0] == '\0') {
        path = arena_printf(agent->arena, "%s/kubeconfig", options_text(options, OPT_CONF_DIR)).at;
    }
    if (kubeconf_load(path, NULL, &conf, err) < 0) {
        return -1;
    }
    rc = kubeconf_client(agent->loop, &conf, "binnacle-agent/" BINNACLE_VERSION, &agent->client,
                         err);
    if (rc == 0 && options_text(options, OPT_NODE_IP)[0] != '\0') {
        agent->node_spec.in.ip = str_of(options_text(options, OPT_NODE_IP));
    } else if (rc == 0 &&
               node_facts_source_ip(agent->arena, server_address(agent->arena, conf.server),
                                    &agent->node_spec.in.ip) < 0) {
        rc = err_set(err, ERR_UNAVAILABLE,
                     "no address of this node towards %s: --node-ip is needed", conf.server);
    }
    kubeconf_done(&conf);
    return rc;
}

/* ---- certificates of the node's own server ---- */

static int
read_pem(struct agent *agent, const char *path, struct str *ret, struct err **err)
{
    if (disk_read(agent->arena, path, FILE_MAX, false, ret, err) < 0) {
        return -1;
    }
    return ret->at != NULL ? 0 : err_set(err, ERR_NOT_FOUND, "no such file: '%s'", path);
}

/* Signed by this node itself, until it is given better ones: whoever dials it knows its address. */
static int
own_certificate(struct agent *agent, struct err **err)
{
    const char *dir = arena_printf(agent->arena, "%s/pki", agent->root).at;
    const char *ip = arena_dupz(agent->arena, agent->node_spec.in.ip);
    const char *const dns[] = { agent->node_name, NULL };
    const char *const ips[] = { ip, "127.0.0.1", NULL };
    struct pki_leaf_spec leaf = {
        .dir = dir,
        .name = "node-serving",
        .names = { .common_name = agent->node_name, .dns = dns, .ips = ips },
        .usage = PKI_SERVER,
        .days = SERVING_DAYS
    };
    struct pki_ca *ca = NULL;
    char *cert = NULL, *key = NULL;
    int rc = -1;

    if (disk_make_dirs(dir, 0700, err) == 0 &&
        pki_ca_open(dir, "node-ca", "binnacle-node", &ca, err) == 0 &&
        pki_leaf(ca, &leaf, &cert, &key, err) == 0) {
        agent->api_spec.cert_pem = arena_dup(agent->arena, str_of(cert));
        agent->api_spec.key_pem = arena_dup(agent->arena, str_of(key));
        rc = 0;
    }
    mem_free(cert);
    mem_free(key);
    pki_ca_free(ca);
    return rc;
}

/* What the onboarding put there: client-ca.crt, serving.crt, serving.key. */
static int
open_certificates(struct agent *agent, const struct options *options, struct err **err)
{
    const char *dir = options_text(options, OPT_CONF_DIR);
    const char *ca = arena_printf(agent->arena, "%s/client-ca.crt", dir).at;
    const char *cert = arena_printf(agent->arena, "%s/serving.crt", dir).at;
    const char *key = arena_printf(agent->arena, "%s/serving.key", dir).at;

    if (!disk_exists(ca)) {
        log_warn("logs, exec and tunnels of this node cannot be reached missing=%s", ca);
        return 0;
    }
    if (read_pem(agent, ca, &agent->api_spec.client_ca_pem, err) < 0) {
        return -1;
    }
    agent->api_spec.listen = options_text(options, OPT_NODE_LISTEN);
    if (!disk_exists(cert)) {
        return own_certificate(agent, err);
    }
    return read_pem(agent, cert, &agent->api_spec.cert_pem, err) < 0
               ? -1
               : read_pem(agent, key, &agent->api_spec.key_pem, err);
}

/* ---- the runtime ---- */

/* May we lower OOM scores? Inside of a container mostly not. */
static bool
is_confined(struct arena *arena)
{
    AUTO_ERR struct err *err = NULL;
    struct str text = { 0 }, rest;

    if (disk_read(arena, "/proc/self/status", FILE_MAX, false, &text, &err) < 0) {
        return true;
    }
    while (text.size > 0) {
        struct str line = str_cut(text, '\n', &text);

        if (str_is(str_cut(line, ':', &rest), "CapEff")) {
            unsigned long long caps = strtoull(arena_dupz(arena, str_trim(rest)), NULL, 16);

            return (caps & (1ULL << CAP_SYS_RESOURCE_BIT)) == 0;
        }
    }
    return true;
}

static int
open_private_runtime(struct agent *agent, const struct options *options, int registry_port,
                     struct err **err)
{
    struct arena *arena = agent->arena;
    const char *bin_dir = options_text(options, OPT_CNI_BIN_DIR);
    struct containerd_spec spec = {
        .loop = agent->loop,
        .root = arena_printf(arena, "%s/containerd", agent->root).at,
        .run = options_text(options, OPT_RUN_DIR),
        .cni_bin_dir = bin_dir[0] != '\0' ? bin_dir : cni_bin_dir(),
        .sandbox_image = IMAGES_PAUSE,
        .registry = arena_printf(arena, "http://127.0.0.1:%d", registry_port).at,
        .is_confined = is_confined(arena),
    };

    agent->cni_dir = arena_printf(arena, "%s/cni", agent->root).at;
    spec.cni_conf_dir = agent->cni_dir;
    if (spec.cni_bin_dir == NULL) {
        return err_set(err, ERR_NOT_FOUND,
                       "no CNI plugins in /opt/cni/bin or /usr/lib/cni: install them (Debian: "
                       "containernetworking-plugins) or name their place with --cni-bin-dir");
    }
    if (disk_make_dirs(agent->cni_dir, 0755, err) < 0 ||
        containerd_new(&spec, &agent->containerd, err) < 0) {
        return -1;
    }
    agent->cri = cri_new(agent->loop, containerd_address(agent->containerd));
    return 0;
}

static int
open_runtime(struct agent *agent, const struct options *options, struct err **err)
{
    const char *endpoint = options_text(options, OPT_RUNTIME_ENDPOINT);
    struct images_spec images = { .loop = agent->loop,
                                  .dir = arena_printf(agent->arena, "%s/images", agent->root).at };
    int port;

    if (endpoint[0] != '\0') {
        bool has_scheme = str_has_prefix(str_of(endpoint), STR("unix:"));
        bool has_slashes = str_has_prefix(str_of(endpoint), STR("unix://"));

        agent->cri = cri_new(agent->loop,
                             has_slashes  ? arena_printf(agent->arena, "unix:%s", endpoint + 7).at
                             : has_scheme ? endpoint
                                          : arena_printf(agent->arena, "unix:%s", endpoint).at);
        return 0;
    }
    if (images_new(&images, &agent->images, &port, err) < 0) {
        return -1;
    }
    if (open_private_runtime(agent, options, port, err) < 0) {
        return -1;
    }
    images_use(agent->images, agent->cri);
    return 0;
}

/* ---- all of it ---- */

static void
fill_host(struct agent *agent, const struct options *options)
{
    struct pod_host *host = &agent->host;
    AUTO_ERR struct err *err = NULL;
    struct str resolv = { 0 };

    /* Without one, pods have no resolver either. */
    (void)disk_read(agent->arena, "/etc/resolv.conf", FILE_MAX, false, &resolv, &err);
    *host = (struct pod_host){
        .loop = agent->loop,
        .client = agent->client,
        .cri = agent->cri,
        .recorder = agent->recorder,
        .pods = registry_find(agent->registry, STR(""), STR("v1"), STR("pods")),
        .services = registry_find(agent->registry, STR(""), STR("v1"), STR("services")),
        .services_cache = informers_cache(agent->informers),
        .root = agent->root,
        .runtime_name = "containerd",
        .config = { .log_root = options_text(options, OPT_LOG_DIR),
                    .seccomp_root = arena_printf(agent->arena, "%s/seccomp", agent->root).at,
                    .dns = { .resolv_conf = resolv,
                             .cluster_dns = str_of(options_text(options, OPT_CLUSTER_DNS)),
                             .cluster_domain = options_text(options, OPT_CLUSTER_DOMAIN) },
                    .has_cgroup_v2 = agent->facts.has_cgroup_v2,
                    .memory_bytes = agent->facts.memory_bytes },
        .place = { .host_ip = agent->node_spec.in.ip,
                   .cpu_milli = agent->facts.cpu_milli,
                   .memory_bytes = agent->facts.memory_bytes - NODE_STATUS_EVICTION_MEMORY,
                   .storage_bytes = agent->facts.storage_bytes },
    };
}

static void
fill_node(struct agent *agent, const struct options *options)
{
    struct node_spec *spec = &agent->node_spec;
    struct str rest, port, listen = str_of(options_text(options, OPT_NODE_LISTEN));
    int64_t number = 10250;

    for (port = listen; memchr(port.at, ':', port.size) != NULL; port = rest) {
        (void)str_cut(port, ':', &rest);
    }
    (void)str_to_int(port, &number); /* an address without a port is refused by the listener */
    spec->loop = agent->loop;
    spec->client = agent->client;
    spec->registry = agent->registry;
    spec->informers = agent->informers;
    spec->recorder = agent->recorder;
    spec->pod_cidr = agent_net_pod_cidr;
    spec->ctx = agent;
    spec->in.facts = &agent->facts;
    spec->in.name = str_of(agent->node_name);
    spec->in.kubelet_version = STR(KUBELET_VERSION);
    spec->in.port = (int)number;
    spec->in.labels = str_of(options_text(options, OPT_NODE_LABELS));
    spec->in.taints = str_of(options_text(options, OPT_NODE_TAINTS));
}

static int
open_all(struct agent *agent, const struct options *options, struct err **err)
{
    const char *name = options_text(options, OPT_NODE_NAME);

    agent->root = options_text(options, OPT_ROOT_DIR);
    if (disk_make_dirs(agent->root, 0750, err) < 0) {
        return -1;
    }
    node_facts_read(agent->arena, agent->root, &agent->facts);
    agent->node_name = name[0] != '\0' ? name : agent->facts.hostname.at;
    if (open_client(agent, options, err) < 0 || open_certificates(agent, options, err) < 0 ||
        open_runtime(agent, options, err) < 0) {
        return -1;
    }
    agent->registry = registry_new(kinds_builtin, kinds_builtin_len);
    agent->informers = informers_new(agent->loop, agent->client);
    agent->recorder = event_recorder(agent->loop, agent->client, "kubelet", agent->node_name);
    agent->api_spec.loop = agent->loop;
    agent->api_spec.cri = agent->cri;
    agent->api_spec.images = agent->images;
    fill_node(agent, options);
    fill_host(agent, options);
    return 0;
}

int
agent_new(struct loop *loop, const struct options *options, struct agent **ret, struct err **err)
{
    struct agent *agent = MEM_NEW(struct agent);

    agent->loop = loop;
    agent->arena = arena_new();
    if (open_all(agent, options, err) < 0) {
        arena_free(agent->arena);
        mem_free(agent); /* the program ends: what was opened goes with it */
        return -1;
    }
    agent_begin(agent);
    *ret = agent;
    return 0;
}
