/* The control plane: makes its parts, joins them, runs the loop, takes them apart in order.
 *
 * Called by main.c; the thread it is called on becomes the loop. The only file, beside main.c, that
 * knows all parts. */
#include "config.h" /* IWYU pragma: keep */

#include "serve.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "api/registry.h"
#include "apiserver/apiserver.h"
#include "apiserver/data_dir.h"
#include "apiserver/req.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/ip.h"
#include "base/job.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/options.h"
#include "bootstrap/ctl_machine.h"
#include "client/client.h"
#include "client/informer.h"
#include "client/reach.h"
#include "client/reconcile.h"
#include "controllers/controllers.h"
#include "net/address.h"
#include "net/server.h"
#include "net/tls.h"
#include "scheduler/scheduler.h"
#include "serve_options.h"
#include "serve_sign.h"
#include "store/seal.h"
#include "store/store.h"

#define LOG_MODULE "serve"

enum { JOB_THREADS = 2, TAPE_BYTES = 4 << 20, STOP_GRACE_MS = 2000, SIGNALS = 2 };
static const int stop_signals[SIGNALS] = { SIGTERM, SIGINT };

struct serve {
    const struct options *options;
    struct data_dir *dir;
    struct data_dir_certs certs;
    struct str account_keys[DATA_DIR_KEYS_MAX];
    size_t account_key_len;
    char *socket_path, *root_ca;
    char *url, *node_url; /* where people, and where nodes reach it */
    char *advertise;      /* ADDRESS:PORT of node_url, as others see it */
    struct loop *loop;
    struct job_pool *jobs;
    struct seal *seal;
    struct store *store;
    struct registry *registry;
    struct apiserver *api;
    struct tls_ctx *tls;
    struct server *server;
    struct informers *informers;
    struct serve_sign sign;
    struct controllers *controllers;
    struct scheduler scheduler;
    struct reconcile_env scheduler_env;
    struct client *scheduler_client, *machine_client;
    struct ctl_machine *machines;
    struct reach *reach;
    struct reconcile *scheduling;
    uv_signal_t signals[SIGNALS];
    struct err *failed; /* why it ends, NULL: it was told to */
    bool is_stopping;
};

/* Tells systemd, if it asked (sd_notify(3)'s protocol). */
static void
notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    if (path == NULL || strlen(path) >= sizeof(to.sun_path)) {
        return;
    }
    AUTO_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    memcpy(to.sun_path, path, strlen(path));
    if (to.sun_path[0] == '@') {
        to.sun_path[0] = '\0';
    }
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (fd >= 0 &&
        sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to, size) < 0) {
        log_warn("systemd was not told"
                 " socket=%s",
                 path);
    }
}

/* ---- stopping: outermost part first, one after the other ---- */

static void
store_closed(void *ctx)
{
    loop_stop(((struct serve *)ctx)->loop);
}

static void
api_stopped(void *ctx)
{
    struct serve *s = ctx;
    store_close(s->store, store_closed, s);
    s->store = NULL;
}

static void
stop_api(struct serve *s)
{
    informers_free(s->informers);
    s->informers = NULL;
    scheduler_done(&s->scheduler);
    apiserver_stop(s->api, api_stopped, s);
}

static void
scheduling_stopped(void *ctx)
{
    struct serve *s = ctx;
    client_free(s->scheduler_client);
    s->scheduling = NULL;
    stop_api(s);
}

static void
controllers_stopped(void *ctx)
{
    struct serve *s = ctx;
    s->controllers = NULL;
    if (s->scheduling != NULL) {
        reconcile_stop(s->scheduling, scheduling_stopped, s);
    } else {
        stop_api(s);
    }
}

static void
machines_stopped(void *ctx)
{
    struct serve *s = ctx;
    client_free(s->machine_client);
    controllers_stop(s->controllers, controllers_stopped, s);
}

static void
server_closed(void *ctx)
{
    struct serve *s = ctx;
    s->server = NULL;
    if (s->controllers != NULL) {
        ctl_machine_stop(s->machines, machines_stopped, s);
    } else {
        stop_api(s);
    }
}

static void
stop(struct serve *s)
{
    if (s->is_stopping) {
        return;
    }
    s->is_stopping = true;
    notify("STOPPING=1");
    if (s->server != NULL) {
        server_close(s->server, STOP_GRACE_MS, server_closed, s);
    } else {
        server_closed(s);
    }
}

static void
fail(struct serve *s, struct err *owned)
{
    if (s->failed == NULL) {
        s->failed = owned;
    } else {
        err_free(owned);
    }
    stop(s);
}

static void
on_signal(uv_signal_t *handle, int number)
{
    log_info("stopping"
             " signal=%d",
             number);
    stop(handle->data);
}

static void
watch_signals(struct serve *s)
{
    for (size_t i = 0; i < SIGNALS; i++) {
        (void)uv_signal_init(loop_uv(s->loop), &s->signals[i]); /* fails only for want of memory */
        s->signals[i].data = s;
        (void)uv_signal_start(&s->signals[i], on_signal, stop_signals[i]);
    }
}

static void
leave_signals(struct serve *s)
{
    for (size_t i = 0; i < SIGNALS; i++) {
        uv_close((uv_handle_t *)&s->signals[i], NULL);
    }
}

/* ---- parts that need the API ---- */

static const char *const account_groups[] = {
    "system:serviceaccounts",
    "system:serviceaccounts:kube-system",
    "system:authenticated",
    NULL,
};
static const char *const user_groups[] = { "system:authenticated", NULL };
static const char *const server_groups[] = { "system:masters", NULL };

static struct client *
client_of(void *ctx, const char *user)
{
    bool is_account = str_has_prefix(str_of(user), STR("system:serviceaccount:"));
    bool is_server = str_is(str_of(user), "system:apiserver"); /* acts as the API server itself */
    return apiserver_client(((struct serve *)ctx)->api, user,
                            is_account  ? account_groups
                            : is_server ? server_groups
                                        : user_groups);
}

static struct reconcile_env
env_of(const struct serve *s)
{
    return (struct reconcile_env){
        .cluster_domain = options_text(s->options, OPT_CLUSTER_DOMAIN),
        .pod_cidr = options_text(s->options, OPT_POD_CIDR),
        .service_cidr = options_text(s->options, OPT_SERVICE_CIDR),
        .advertise = s->advertise,
        .ca_pem = s->root_ca,
    };
}

static void
start_controllers(struct serve *s)
{
    serve_sign_init(&s->sign, s->api, s->dir);
    struct controllers_spec spec = { .loop = s->loop,
                                     .informers = s->informers,
                                     .registry = s->registry,
                                     .env = env_of(s),
                                     .names = options_text(s->options, OPT_CONTROLLERS),
                                     .signing = &s->sign.signing,
                                     .client = client_of,
                                     .ctx = s };
    s->controllers = controllers_start(&spec);
}

static void
start_scheduler(struct serve *s)
{
    scheduler_init(&s->scheduler, s->registry); /* the answers to why need it in any case */
    if (!controllers_are_named(options_text(s->options, OPT_CONTROLLERS),
                               scheduler_reconciler.name)) {
        return;
    }
    s->scheduler_env = env_of(s);
    s->scheduler_env.part = &s->scheduler;
    s->scheduler_client = client_of(s, scheduler_reconciler.user);
    struct reconcile_spec spec = { .loop = s->loop,
                                   .client = s->scheduler_client,
                                   .informers = s->informers,
                                   .registry = s->registry,
                                   .env = &s->scheduler_env };
    s->scheduling = reconcile_start(&scheduler_reconciler, &spec);
}

/* The agent stands beside this program, unless an option says otherwise. */
static char *
agent_path(const struct options *options)
{
    char self[PATH_MAX];
    const char *given = options_text(options, OPT_AGENT);
    ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (given[0] != '\0' || size < 0) {
        return mem_strdup(given);
    }
    self[size] = '\0';
    char *slash = strrchr(self, '/');
    return mem_printf("%.*s/binnacle-agent", (int)(slash - self), self);
}

/* Nodes trust the administrator's certificate: it is of the same client CA as theirs. */
static void
start_reach(struct serve *s)
{
    struct reach_spec spec = { .loop = s->loop,
                               .cache = apiserver_cache(s->api),
                               .registry = s->registry,
                               .client_cert_pem = s->certs.admin_cert,
                               .client_key_pem = s->certs.admin_key,
                               .ca_pem = s->certs.serving_ca };
    s->reach = reach_new(&spec);
    apiserver_set_reach(s->api, s->reach);
}

/* As everywhere: the tenth of the service range. Absent in one that small. */
static struct str
cluster_dns(const struct options *options, struct arena *arena)
{
    enum { NUMBER = 10 };
    struct ip_net net;
    struct ip ip;
    return ip_parse_net(str_of(options_text(options, OPT_SERVICE_CIDR)), false, &net) &&
                   ip_net_at(&net, NUMBER, &ip) && !ip.is_v6
               ? ip_text(&ip, arena)
               : (struct str){ 0 };
}

static void
start_machines(struct serve *s)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_FREE char *agent = agent_path(s->options);
    AUTO_FREE char *client_ca = str_dup(s->certs.client_ca);
    s->machine_client = client_of(s, "system:serviceaccount:kube-system:machine-controller");
    struct ctl_machine_spec spec = { .loop = s->loop,
                                     .client = s->machine_client,
                                     .informers = s->informers,
                                     .registry = s->registry,
                                     .api_url = s->node_url,
                                     .ca_pem = s->root_ca,
                                     .client_ca_pem = client_ca,
                                     .agent_path = agent,
                                     .cluster_domain = options_text(s->options, OPT_CLUSTER_DOMAIN),
                                     .cluster_dns = cluster_dns(s->options, arena).at };
    s->machines = ctl_machine_start(&spec);
}

static void
answer_why(void *ctx, struct req *req)
{
    struct serve *s = ctx;
    struct jw w;
    jw_init(&w, req->arena);
    if (scheduler_why(&s->scheduler, apiserver_cache(s->api), req->ns, req->name, &w)) {
        req_answer_json(req, 200, jw_done(&w));
        return;
    }
    struct err *err = NULL;
    (void)err_set(&err, ERR_NOT_FOUND, "pods \"" STR_FMT "\" not found", STR_ARG(req->name));
    (void)err_details(&err, NULL, "pods", arena_dupz(req->arena, req->name));
    req_fail(req, err);
}

/* POST {"id": …, "value": …}: what a person says to a Machine's question. It may be a password. */
static void
answer_machine(void *ctx, struct req *req)
{
    struct serve *s = ctx;
    struct err *err = NULL;
    struct doc *doc = doc_parse(req->arena, req->body, &err);
    struct val root = doc == NULL ? (struct val){ 0 } : doc_root(doc);
    struct str value = val_str(val_get(root, "value"));
    if (doc == NULL ||
        ctl_machine_answer(s->machines, req->name, val_str(val_get(root, "id")), value, &err) < 0) {
        req_fail(req, err);
    } else {
        req_answer_json(req, 201,
                        STR("{\"kind\":\"Status\",\"apiVersion\":\"v1\","
                            "\"metadata\":{},\"status\":\"Success\",\"code\":201}"));
    }
}

static void
mount_answers(struct serve *s)
{
    struct mount machine = { .path = "/apis/binnacle.io/v1/machines/{name}/answer",
                             .verbs = VERB_CREATE,
                             .group = "binnacle.io",
                             .resource = "machines",
                             .subresource = "answer",
                             .takes_body = true,
                             .handle = answer_machine,
                             .ctx = s };
    apiserver_mount(s->api, &machine);
    struct mount why = { .path = "/api/v1/namespaces/{ns}/pods/{name}/why",
                         .verbs = VERB_GET,
                         .group = "",
                         .resource = "pods",
                         .subresource = "why",
                         .handle = answer_why,
                         .ctx = s };
    apiserver_mount(s->api, &why);
}

/* ---- listening ---- */

/* "127.0.0.1:6443" with the port that is really listened on. */
static char *
listening_url(const char *listen, int port)
{
    const char *colon = strrchr(listen, ':');
    int host_size = colon == NULL ? (int)strlen(listen) : (int)(colon - listen);
    return mem_printf("https://%.*s:%d", host_size, listen, port);
}

/* --advertise without a port takes that of --listen. */
static int
listen_advertised(struct serve *s, int port, struct err **err)
{
    const char *address = options_text(s->options, OPT_ADVERTISE);
    if (address[0] == '\0' ||
        str_has_prefix(str_of(s->url + strlen("https://")), str_of(address))) {
        s->node_url = mem_strdup(s->url);
        return 0; /* nodes use what everybody uses */
    }
    AUTO_FREE char *whole =
        strchr(address, ':') != NULL ? mem_strdup(address) : mem_printf("%s:%d", address, port);
    if (server_listen_tcp(s->server, whole, s->tls, &port, err) < 0) {
        return err_wrap(err, "listening on '%s' (--advertise)", whole);
    }
    s->node_url = mem_printf("https://%s", whole);
    return 0;
}

/* All addresses of this machine are listened on: others know it by that of its default route. */
static char *
advertised(const char *node_url)
{
    char address[ADDRESS_TEXT_SIZE];
    const char *place = node_url + strlen("https://");
    struct str any = STR("0.0.0.0:");
    if (!str_has_prefix(str_of(place), any) || !address_outbound(address)) {
        return mem_strdup(place);
    }
    return mem_printf("%s:%s", address, place + any.size);
}

static int
listen_all(struct serve *s, struct err **err)
{
    const char *address = options_text(s->options, OPT_LISTEN);
    int port = 0;
    if (tls_server(s->certs.serving_cert, s->certs.serving_key, s->certs.client_ca, &s->tls, err) <
        0) {
        return err_wrap(err, "making the serving certificate's context");
    }
    s->server = server_new(s->loop, apiserver_handler(s->api), NULL);
    if (server_listen_tcp(s->server, address, s->tls, &port, err) < 0) {
        return err_wrap(err, "listening on '%s' (choose another with --listen)", address);
    }
    (void)unlink(s->socket_path); /* ours: the lock says that no other process has it */
    if (server_listen_unix(s->server, s->socket_path, err) < 0) {
        return err_wrap(err, "listening on '%s'", s->socket_path);
    }
    s->url = listening_url(address, port);
    if (data_dir_kubeconfig(s->dir, s->url, err) < 0 || listen_advertised(s, port, err) < 0) {
        return -1;
    }
    s->advertise = advertised(s->node_url);
    return 0;
}

static void
announce(struct serve *s)
{
    AUTO_FREE char *kubeconfig = data_dir_file(s->dir, "admin.kubeconfig");
    printf("binnacle is ready: %s, kubectl --kubeconfig %s\n", s->url, kubeconfig);
    (void)fflush(stdout); /* a closed stdout is nobody's trouble */
    notify("READY=1");
}

static void
on_ready(void *ctx, struct err *owned)
{
    struct serve *s = ctx;
    struct err *err = NULL;
    if (owned != NULL) {
        fail(s, owned);
        return;
    }
    s->informers = informers_local(s->loop, apiserver_cache(s->api),
                                   apiserver_informer_source(s->api), s->api);
    start_reach(s);
    mount_answers(s);
    if (listen_all(s, &err) < 0) {
        fail(s, err);
        return;
    }
    start_controllers(s); /* they tell where it is listened on; nobody is served before this ends */
    start_scheduler(s);
    start_machines(s);
    announce(s);
}

/* ---- starting ---- */

static int
open_store(struct serve *s, struct err **err)
{
    const char *where = options_text(s->options, OPT_STORE);
    AUTO_FREE char *key = data_dir_file(s->dir, "seal.key");
    AUTO_FREE char *database = data_dir_file(s->dir, "binnacle.db");
    const char *path = database;
    if (where[0] != '\0') {
        if (!str_has_prefix(str_of(where), STR("sqlite:"))) {
            return err_set(err, ERR_BAD_REQUEST,
                           "--store '%s' is not known: sqlite:PATH is what this version has",
                           where);
        }
        path = where + strlen("sqlite:");
    }
    bool is_new = access(path, F_OK) != 0;
    if (seal_open(key, is_new, &s->seal, err) < 0) {
        return -1;
    }
    return store_sqlite_open(s->loop, path, s->seal, NULL, &s->store, err);
}

static int
start(struct serve *s, struct err **err)
{
    AUTO_FREE char *dir = options_data_dir(s->options);
    if (serve_options_check(s->options, err) < 0 || fault_arm_environment(err) < 0 ||
        data_dir_open(dir, &s->dir, err) < 0 ||
        data_dir_certs(s->dir, s->options, &s->certs, err) < 0 ||
        data_dir_account_keys(s->dir, s->account_keys, &s->account_key_len, err) < 0) {
        return -1;
    }
    s->socket_path = data_dir_file(s->dir, "socket");
    s->root_ca = str_dup(s->certs.serving_ca);
    int audit_fd = data_dir_audit(s->dir, err);
    if (audit_fd < 0) {
        return -1;
    }
    s->loop = loop_new();
    s->jobs = job_pool_new(s->loop, JOB_THREADS);
    if (open_store(s, err) < 0) {
        (void)close(audit_fd);
        return -1;
    }
    s->registry = registry_new(kinds_builtin, kinds_builtin_len);
    struct apiserver_spec spec = {
        .loop = s->loop,
        .jobs = s->jobs,
        .store = s->store,
        .registry = s->registry,
        .cluster_domain = options_text(s->options, OPT_CLUSTER_DOMAIN),
        .service_cidr = options_text(s->options, OPT_SERVICE_CIDR),
        .tape_bytes = TAPE_BYTES,
        .audit_fd = audit_fd,
        .data_dir_owner = data_dir_owner_name(s->dir),
        .owner_uid = data_dir_owner_uid(s->dir),
        .ca_pem = s->certs.serving_ca,
        .sa_keys_pem = s->account_keys,
        .sa_key_len = s->account_key_len,
    };
    s->api = apiserver_new(&spec);
    watch_signals(s);
    apiserver_start(s->api, on_ready, s);
    return 0;
}

static void
free_parts(struct serve *s)
{
    apiserver_free(s->api);
    reach_free(s->reach);
    registry_unref(s->registry);
    tls_unref(s->tls);
    seal_free(s->seal);
    if (s->jobs != NULL) {
        job_pool_free(s->jobs);
    }
    if (s->loop != NULL) {
        loop_free(s->loop);
    }
    mem_free(s->socket_path);
    mem_free(s->root_ca);
    mem_free(s->url);
    mem_free(s->node_url);
    mem_free(s->advertise);
    data_dir_close(s->dir);
}

int
serve_main(const struct options *options)
{
    struct serve s = { .options = options };
    struct err *err = NULL;
    if (start(&s, &err) == 0) {
        loop_run(s.loop);
        leave_signals(&s);
        err_move(&err, &s.failed);
    }
    free_parts(&s);
    if (err != NULL) {
        fprintf(stderr, "binnacle serve: %s\n", err->message);
        err_free(err);
        return 1;
    }
    return 0;
}
