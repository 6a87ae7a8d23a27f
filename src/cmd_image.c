/* `binnacle image load FILE`: sends an archive (docker save, OCI layout) to every node's agent.
 *
 * Called by main.c. Asks the control plane for the nodes and uploads to each agent with the
 * administrator's certificate; the agents have their runtimes pull the names at once. */
#include "config.h" /* IWYU pragma: keep */

#include "cmd_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/object.h"
#include "api/registry.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/vec.h"
#include "client/client.h"
#include "client/kubeconf.h"
#include "net/body.h"
#include "net/http_client.h"
#include "net/tls.h"

enum { CHUNK = 64 << 10, UPLOAD_MS = 10 * 60 * 1000, AGENT_PORT = 10250 };

struct node {
    char *name, *address;
};
struct run {
    struct loop *loop;
    struct client *client;
    struct registry *registry;
    struct kubeconf conf;
    const char *file;
    VEC(struct node) nodes;
    size_t next; /* node that is uploaded to */
    struct tls_ctx *tls;
    struct http_client *http;
    struct str_builder answer;
    int failures;
    struct err *err;
};
/* The file as a request's body: read as it is sent. */
struct upload {
    struct body body;
    int fd;
    char chunk[CHUNK];
};

static void next_node(void *ctx);

/* ---- the archive ---- */

static enum pull_rc
pull(struct body *body, struct iovec *iov, int *io_len, size_t max_bytes)
{
    struct upload *u = container_of(body, struct upload, body);
    ssize_t size = read(u->fd, u->chunk, max_bytes < CHUNK ? max_bytes : CHUNK);
    *io_len = size > 0 ? 1 : 0;
    iov[0] = (struct iovec){ u->chunk, size > 0 ? (size_t)size : 0 };
    return size > 0 ? PULL_MORE : size == 0 ? PULL_END : PULL_ABORT;
}

static void
sent(struct body *body)
{
    struct upload *u = container_of(body, struct upload, body);
    (void)close(u->fd);
    mem_free(u);
}

static struct body *
open_archive(const char *file, struct err **err)
{
    struct stat stat;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &stat) < 0) {
        (void)err_sys(err, errno, "open '%s'", file);
        return NULL;
    }
    struct upload *u = MEM_NEW(struct upload);
    u->body = (struct body){ .pull = pull, .done = sent, .size = stat.st_size };
    u->fd = fd;
    return &u->body;
}

/* ---- one node ---- */

static size_t
on_data(void *ctx, const void *bytes, size_t size)
{
    str_put(&((struct run *)ctx)->answer, str_slice(bytes, size));
    return size;
}

static void
uploaded(void *ctx, const struct http_answer *answer, struct err *owned)
{
    struct run *run = ctx;
    const char *name = run->nodes.at[run->next].name;
    struct str said = str_trim(str_view(&run->answer));
    if (owned == NULL && answer->status == 200) {
        printf("%s: " STR_FMT "\n", name, STR_ARG(said));
    } else {
        fprintf(stderr, "%s: " STR_FMT "\n", name,
                STR_ARG(owned != NULL ? str_of(owned->message) : said));
        run->failures++;
    }
    err_free(owned);
    run->next++;
    loop_defer(run->loop, next_node, run); /* not inside the client that is freed next */
}

static void
begin_upload(struct run *run, const struct node *node, struct body *body)
{
    struct http_client_spec spec = {
        .address = node->address, .authority = node->name, .tls = run->tls, .dial_timeout_ms = 5000
    };
    run->http = http_client_new(run->loop, &spec);
    struct http_call_spec call = { .method = "POST",
                                   .path = "/images",
                                   .body = body,
                                   .timeout_ms = UPLOAD_MS,
                                   .data_fn = on_data,
                                   .done_fn = uploaded,
                                   .ctx = run };
    (void)http_client_call(run->http, &call);
}

static void
next_node(void *ctx)
{
    struct run *run = ctx;
    http_client_free(run->http);
    tls_unref(run->tls);
    run->http = NULL;
    run->tls = NULL;
    str_done(&run->answer);
    if (run->next == run->nodes.len) {
        loop_stop(run->loop);
        return;
    }
    const struct node *node = &run->nodes.at[run->next];
    struct tls_client tls = { .ca_pem = str_of(run->conf.ca_pem),
                              .cert_pem = str_of(run->conf.cert_pem),
                              .key_pem = str_of(run->conf.key_pem),
                              .server_name = node->name,
                              .alpn = "http/1.1" };
    struct body *body = open_archive(run->file, &run->err);
    if (body == NULL || tls_client(&tls, &run->tls, &run->err) < 0) {
        if (body != NULL) {
            body_free(body);
        }
        loop_stop(run->loop);
        return;
    }
    begin_upload(run, node, body);
}

/* ---- all of them ---- */

static void
add_node(struct run *run, struct object *object)
{
    struct str address = { 0 };
    object_pin(object);
    VAL_EACH (it, val_at(object_val(object), "status.addresses")) {
        if (val_is_str(val_get(it.value, "type"), "InternalIP")) {
            address = val_str(val_get(it.value, "address"));
        }
    }
    VEC_ADD(run->nodes, ((struct node){ str_dup(object->name),
                                        mem_printf(STR_FMT ":%d", STR_ARG(address), AGENT_PORT) }));
    object_unpin(object);
}

static void
listed(void *ctx, const struct reply *reply, struct err *owned)
{
    struct run *run = ctx;
    run->err = owned;
    for (size_t i = 0; owned == NULL && i < reply->item_len; i++) {
        add_node(run, reply->items[i]);
    }
    if (owned == NULL && run->nodes.len == 0) {
        (void)err_set(&run->err, ERR_NOT_FOUND,
                      "there is no node to load it on: `binnacle node add local` makes one");
    }
    if (run->err != NULL) {
        loop_stop(run->loop);
    } else {
        next_node(run);
    }
}

static int
load(struct run *run, const struct options *options)
{
    AUTO_FREE char *dir = options_data_dir(options);
    AUTO_FREE char *path = mem_printf("%s/admin.kubeconfig", dir);
    if (kubeconf_load(path, NULL, &run->conf, &run->err) < 0) {
        return -1;
    }
    run->loop = loop_new();
    run->registry = registry_new(kinds_builtin, kinds_builtin_len);
    if (kubeconf_client(run->loop, &run->conf, "binnacle-image", &run->client, &run->err) == 0) {
        const struct resource *nodes = registry_any_version(run->registry, STR(""), STR("nodes"));
        struct call call = call_of(VERB_LIST, nodes, (struct str){ 0 }, (struct str){ 0 });
        (void)client_call(run->client, &call, listed, run);
        loop_run(run->loop);
        client_free(run->client);
    }
    for (size_t i = 0; i < run->nodes.len; i++) {
        mem_free(run->nodes.at[i].name);
        mem_free(run->nodes.at[i].address);
    }
    VEC_DONE(run->nodes);
    registry_unref(run->registry);
    loop_free(run->loop);
    kubeconf_done(&run->conf);
    return run->err == NULL && run->failures == 0 ? 0 : -1;
}

int
cmd_image_main(const struct options *options)
{
    struct run run = { 0 };
    if (options->rest_len != 2 || strcmp(options->rest[0], "load") != 0) {
        fprintf(stderr, "usage: binnacle image load FILE\n");
        return 2;
    }
    run.file = options->rest[1];
    int rc = load(&run, options);
    if (run.err != NULL) {
        fprintf(stderr, "binnacle image: %s\n", run.err->message);
        err_free(run.err);
    }
    return rc < 0 ? 1 : 0;
}
