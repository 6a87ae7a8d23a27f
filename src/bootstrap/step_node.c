/* Steps about the node: identity, service, verify.  Worker thread.
 *
 * The node makes its own keys: only requests and certificates travel. Certificates are asked for by
 * CertificateSigningRequest objects, approved here and issued by the signer in serve. */
#include "config.h" /* IWYU pragma: keep */

#include "api/registry.h"
#include "base/arena.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/mem.h"
#include "bootstrap/digest.h"
#include "bootstrap/onboard.h"
#include "bootstrap/session.h"
#include "bootstrap/transport.h"
#include "client/client.h"

#define AGENT ONBOARD_AGENT
#define CONF ONBOARD_CONF
enum {
    SCRIPT_TIMEOUT_S = 30,
    ISSUE_TIMEOUT_MS = 30000,
    READY_TIMEOUT_MS = 120000,
    POLL_MS = 200,
    ALIVE_MS = 5000 /* between two looks whether the machine is still there */
};

/* ---- API ---- */

/* GET of an object; the document lives in the arena. */
static int
get_object(struct step_run *run, const struct resource *resource, struct str name, struct val *ret,
           struct err **err)
{
    struct call call = call_of(VERB_GET, resource, (struct str){ 0 }, name);
    return onboard_read(run, &call, ret, err);
}

/* ---- identity ---- */

/* "client" or "serving": what the requests and certificates of a node are told apart by. */
struct purpose {
    const char *name, *signer, *usages;
};
static const struct purpose purposes[] = {
    { "client", "kubernetes.io/kube-apiserver-client-kubelet",
      "[\"digital signature\",\"client auth\"]" },
    { "serving", "kubernetes.io/kubelet-serving", "[\"digital signature\",\"server auth\"]" },
};

static struct str
request_body(struct step_run *run, const struct purpose *purpose, struct str pem)
{
    struct jw w;
    jw_init(&w, run->arena);
    jw_obj(&w);
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_keyz(&w, "generateName");
    jw_printf(&w, "machine-" STR_FMT "-%s-", STR_ARG(run->machine), purpose->name);
    jw_end(&w);
    jw_keyz(&w, "spec");
    jw_obj(&w);
    jw_kv(&w, "request", base64_encode(pem, run->arena));
    jw_kvz(&w, "signerName", purpose->signer);
    jw_keyz(&w, "usages");
    jw_raw(&w, str_of(purpose->usages));
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}

/* The request as it came back, with the condition Approved. */
static struct str
approved(struct step_run *run, struct val request)
{
    char now[CLOCK_TEXT_SIZE];
    struct jw w;
    jw_init(&w, run->arena);
    jw_obj(&w);
    VAL_EACH (it, request) {
        if (!str_is(it.key, "status")) {
            jw_key(&w, it.key);
            jw_val(&w, it.value);
        }
    }
    jw_keyz(&w, "status");
    jw_obj(&w);
    jw_keyz(&w, "conditions");
    jw_arr(&w);
    jw_obj(&w);
    jw_kvz(&w, "type", "Approved");
    jw_kvz(&w, "status", "True");
    jw_kvz(&w, "reason", "MachineOnboarding");
    jw_kvz(&w, "message", "the machine was added by its owner");
    jw_kv(&w, "lastUpdateTime", clock_text(clock_wall_ms(), now));
    jw_end(&w);
    jw_end(&w);
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}

static int
wait_issued(struct step_run *run, const struct resource *requests, struct str name,
            struct str *ret_pem, struct err **err)
{
    int64_t until_ms = clock_mono_ms() + ISSUE_TIMEOUT_MS;
    while (clock_mono_ms() < until_ms) {
        struct val request;
        size_t bad_at;
        if (get_object(run, requests, name, &request, err) < 0) {
            return -1;
        }
        struct str text = val_str(val_at(request, "status.certificate"));
        if (text.size > 0) {
            return base64_decode(text, run->arena, ret_pem, &bad_at) < 0
                       ? err_set(err, ERR_INTERNAL, "the issued certificate is not base64")
                       : 0;
        }
        if (!session_wait(run->session, POLL_MS)) {
            return err_set(err, ERR_CANCELLED, "given up");
        }
    }
    return err_set(err, ERR_TIMEOUT, "the request '" STR_FMT "' was not issued within %d s",
                   STR_ARG(name), ISSUE_TIMEOUT_MS / 1000);
}

/* Request, approval, certificate. */
static int
issue(struct step_run *run, const struct purpose *purpose, struct str request_pem,
      struct str *ret_pem, struct err **err)
{
    struct str bytes;
    const struct resource *requests =
        onboard_resource(run, "certificates.k8s.io", "certificatesigningrequests");
    struct call create = call_of(VERB_CREATE, requests, (struct str){ 0 }, (struct str){ 0 });
    create.body = request_body(run, purpose, request_pem);
    if (session_call(run->session, &create, run->arena, &bytes, err) < 0) {
        return -1;
    }
    struct doc *doc = doc_parse(run->arena, bytes, err);
    if (doc == NULL) {
        return -1;
    }
    struct str name = val_str(val_at(doc_root(doc), "metadata.name"));
    struct call approve = call_of(VERB_UPDATE, requests, (struct str){ 0 }, name);
    approve.subresource = "approval";
    approve.body = approved(run, doc_root(doc));
    if (session_call(run->session, &approve, run->arena, &bytes, err) < 0) {
        return -1;
    }
    return wait_issued(run, requests, name, ret_pem, err);
}

static int
put_text(struct step_run *run, const char *path, unsigned mode, struct str text, struct err **err)
{
    return run->transport->ops->put(run->transport, path, mode, text, err);
}

static struct str
kubeconfig_text(const struct step_run *run)
{
    return arena_printf(run->arena,
                        "apiVersion: v1\nkind: Config\ncurrent-context: node\n"
                        "clusters:\n- name: cluster\n  cluster:\n    server: " STR_FMT "\n"
                        "    certificate-authority: " CONF "/ca.crt\n"
                        "users:\n- name: node\n  user:\n    client-certificate: " CONF
                        "/client.crt\n    client-key: " CONF "/client.key\n"
                        "contexts:\n- name: node\n  context: {cluster: cluster, user: node}\n",
                        STR_ARG(run->api_url));
}

bool
step_identity_is_done(struct step_run *run, struct err **err)
{
    /* Certificates of this cluster's CA, for this name, good for a while yet. */
    struct str out,
        texts = arena_printf(run->arena, STR_FMT STR_FMT STR_FMT, STR_ARG(run->ca_pem),
                             STR_ARG(run->client_ca_pem), STR_ARG(kubeconfig_text(run)));
    struct str script = arena_printf(
        run->arena,
        "cd " CONF " 2>/dev/null && " AGENT " identity --dir " CONF " --node-name " STR_FMT
        " --check >/dev/null 2>&1"
        " && [ \"$(cat ca.crt client-ca.crt kubeconfig 2>/dev/null | sha256sum | cut -c1-64)\" = " STR_FMT
        " ] && echo there || echo absent",
        STR_ARG(run->node_name), STR_ARG(digest_hex(texts, run->arena)));
    return onboard_script(run, script.at, (struct str){ 0 }, SCRIPT_TIMEOUT_S, &out, err) == 0 &&
           str_is(out, "there");
}

int
step_identity(struct step_run *run, struct err **err)
{
    for (size_t i = 0; i < ARRAY_LEN(purposes); i++) {
        struct str request, certificate;
        struct str script =
            arena_printf(run->arena,
                         AGENT " identity --dir " CONF " --node-name " STR_FMT " --address " STR_FMT
                               " --purpose %s",
                         STR_ARG(run->node_name), STR_ARG(run->address), purposes[i].name);
        char *path =
            arena_dupz(run->arena, arena_printf(run->arena, CONF "/%s.crt", purposes[i].name));
        if (onboard_script(run, script.at, (struct str){ 0 }, SCRIPT_TIMEOUT_S, &request, err) <
                0 ||
            issue(run, &purposes[i], request, &certificate, err) < 0 ||
            put_text(run, path, 0644, certificate, err) < 0) {
            return -1;
        }
    }
    return put_text(run, CONF "/ca.crt", 0644, run->ca_pem, err) < 0 ||
                   put_text(run, CONF "/client-ca.crt", 0644, run->client_ca_pem, err) < 0
               ? -1
               : put_text(run, CONF "/kubeconfig", 0600, kubeconfig_text(run), err);
}

/* ---- service ---- */

static const char unit[] =
    "[Unit]\nDescription=binnacle node agent\nAfter=network-online.target\n"
    "Wants=network-online.target\n"
    "[Service]\nType=simple\nExecStart=" AGENT " --config " CONF "/agent.yaml\n"
    "Restart=always\nRestartSec=2\nDelegate=yes\nKillMode=process\nLimitNOFILE=1048576\n"
    "OOMScoreAdjust=-999\nTasksMax=infinity\n"
    "[Install]\nWantedBy=multi-user.target\n";

static struct str
config_text(const struct step_run *run)
{
    bool has_dns = run->cluster_dns.size > 0;
    return arena_printf(run->arena,
                        "kubeconfig: " CONF "/kubeconfig\nnode-name: " STR_FMT "\n"
                        "node-ip: " STR_FMT "\nconf-dir: " CONF "\n"
                        "cluster-domain: " STR_FMT "\n%s" STR_FMT "%s",
                        STR_ARG(run->node_name), STR_ARG(run->address),
                        STR_ARG(run->cluster_domain), has_dns ? "cluster-dns: " : "",
                        STR_ARG(run->cluster_dns), has_dns ? "\n" : "");
}

/* The same files, and the agent that was pushed runs. */
bool
step_service_is_done(struct step_run *run, struct err **err)
{
    struct str out, texts = arena_printf(run->arena, STR_FMT "%s", STR_ARG(config_text(run)),
                                         run->has_systemd ? unit : "");
    struct str script = arena_printf(
        run->arena,
        "[ \"$(cat " CONF "/agent.yaml %s 2>/dev/null | sha256sum | cut -c1-64)\" = " STR_FMT
        " ] || { echo absent; exit 0; }\n"
        "p=$(cat /run/binnacle-agent.pid 2>/dev/null)\n"
        "%s"
        "[ -n \"$p\" ] && [ \"$(readlink /proc/$p/exe)\" = \"$(readlink -f " AGENT ")\" ] &&\n"
        "  echo there || echo absent\n",
        run->has_systemd ? ONBOARD_UNIT : "", STR_ARG(digest_hex(texts, run->arena)),
        run->has_systemd ? "p=$(systemctl show -p MainPID --value binnacle-agent)\n"
                         : "p=$(cat /proc/$p/task/$p/children 2>/dev/null | cut -d' ' -f1)\n");
    return onboard_script(run, script.at, (struct str){ 0 }, SCRIPT_TIMEOUT_S, &out, err) == 0 &&
           str_is(out, "there");
}

int
step_service(struct step_run *run, struct err **err)
{
    /* Without systemd a shell loop is the supervisor: the agent comes back 2 s after it went. */
    static const char with_systemd[] = "set -e; systemctl daemon-reload\n"
                                       "systemctl enable -q binnacle-agent\n"
                                       "systemctl restart binnacle-agent\n";
    static const char without[] =
        "set -e; p=/run/binnacle-agent.pid\n"
        "[ ! -f $p ] || kill -- -$(cat $p) 2>/dev/null || true\n"
        "setsid sh -c 'echo $$ >/run/binnacle-agent.pid; while :; do " AGENT " --config " CONF
        "/agent.yaml; sleep 2; done' >>/var/log/binnacle-agent.log 2>&1 "
        "</dev/null &\n";
    struct str out;
    if (put_text(run, CONF "/agent.yaml", 0600, config_text(run), err) < 0) {
        return -1;
    }
    if (run->has_systemd && put_text(run, ONBOARD_UNIT, 0644, STR(unit), err) < 0) {
        return -1;
    }
    return onboard_script(run, run->has_systemd ? with_systemd : without, (struct str){ 0 },
                          SCRIPT_TIMEOUT_S, &out, err);
}

/* ---- verify ---- */

/* The last thing that the agent had to say, for who reads why it failed. */
static struct str
last_words(struct step_run *run)
{
    static const char script[] = "{ journalctl -q -u binnacle-agent -n 20 -o cat 2>/dev/null ||\n"
                                 "  tail -n 20 /var/log/binnacle-agent.log 2>/dev/null; } |\n"
                                 "  grep -E ' (warn|error) ' | tail -n 1 | cut -c1-300\n";
    AUTO_ERR struct err *err = NULL;
    struct str out = { 0 };
    (void)onboard_script(run, script, (struct str){ 0 }, SCRIPT_TIMEOUT_S, &out,
                         &err); /* without it there is less to read */
    return out;
}

static int
not_verified(struct step_run *run, bool was_seen, struct err **err)
{
    struct str said = last_words(run);
    return err_set(err, ERR_TIMEOUT, "the node '" STR_FMT "' %s within %d s%s" STR_FMT,
                   STR_ARG(run->node_name), was_seen ? "did not become Ready" : "did not register",
                   READY_TIMEOUT_MS / 1000, said.size > 0 ? "; its agent said: " : "",
                   STR_ARG(said));
}

/* Nothing is heard of a machine that died meanwhile: it is asked. */
static int
look_alive(struct step_run *run, int64_t *next_ms, struct err **err)
{
    struct str out;
    if (clock_mono_ms() < *next_ms) {
        return 0;
    }
    *next_ms = clock_mono_ms() + ALIVE_MS;
    return onboard_script(run, "echo here\n", (struct str){ 0 }, SCRIPT_TIMEOUT_S, &out, err);
}

int
step_verify(struct step_run *run, struct err **err)
{
    int64_t until_ms = clock_mono_ms() + READY_TIMEOUT_MS;
    int64_t alive_ms = clock_mono_ms() + ALIVE_MS;
    const struct resource *nodes = onboard_resource(run, "", "nodes");
    bool was_seen = false;
    while (clock_mono_ms() < until_ms) {
        struct val node = { 0 };
        AUTO_ERR struct err *absent = NULL;
        if (get_object(run, nodes, run->node_name, &node, &absent) == 0) {
            was_seen = true;
            if (onboard_is_ready(node)) {
                return 0;
            }
        } else if (absent->code != ERR_NOT_FOUND) {
            err_move(err, &absent);
            return -1;
        }
        if (look_alive(run, &alive_ms, err) < 0) {
            return -1;
        }
        if (!session_wait(run->session, POLL_MS)) {
            return err_set(err, ERR_CANCELLED, "given up");
        }
    }
    return not_verified(run, was_seen, err);
}
