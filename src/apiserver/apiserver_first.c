/* The objects that a cluster begins with, beside its roles: namespaces and the system's own priority
 * classes. What is there already stays as it is.
 *
 * Called by apiserver.c at every start. Loop thread. */
#include "config.h"

#include "apiserver/apiserver_impl.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/client.h"

#define NAMESPACE(name) "", "namespaces", "{\"metadata\":{\"name\":\"" name "\"}}"
#define PRIORITY(name, value, text)                                                                \
    "scheduling.k8s.io", "priorityclasses",                                                        \
        "{\"metadata\":{\"name\":\"" name "\"},\"value\":" value ",\"description\":\"" text "\"}"

static const struct row {
    const char *group, *plural, *json;
} rows[] = {
    { NAMESPACE("default") },
    { NAMESPACE("kube-system") },
    { NAMESPACE("kube-public") },
    { NAMESPACE("kube-node-lease") },
    { PRIORITY("system-node-critical", "2000001000",
               "Used for system critical pods that must not be moved from their current node.") },
    { PRIORITY("system-cluster-critical", "2000000000",
               "Used for system critical pods that must run in the cluster, but can be moved to "
               "another node if necessary.") },
};

struct run {
    struct apiserver *server;
    size_t left; /* writes in flight, and one for the walk itself */
    struct err *first;
    void (*done)(struct apiserver *server, struct err *owned);
};

static void
finish_one(struct run *run)
{
    if (--run->left == 0) {
        run->done(run->server, run->first);
        mem_free(run);
    }
}

static void
made(void *ctx, const struct reply *reply, struct err *owned)
{
    struct run *run = ctx;
    (void)reply;
    if (owned != NULL && owned->code != ERR_ALREADY_EXISTS && run->first == NULL) {
        run->first = STEAL(owned);
    }
    err_free(owned);
    finish_one(run);
}

void
apiserver_first_make(struct apiserver *server,
                     void (*done)(struct apiserver *server, struct err *owned))
{
    struct run *run = MEM_NEW(struct run);
    *run = (struct run){ .server = server, .left = 1, .done = done };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct resource *resource = registry_find(server->registry, str_of(rows[i].group),
                                                        STR("v1"), str_of(rows[i].plural));
        if (resource == NULL) {
            continue; /* a registry without that kind: tests */
        }
        struct call call = call_of(VERB_CREATE, resource, (struct str){ 0 }, (struct str){ 0 });
        call.body = str_of(rows[i].json);
        call.field_manager = STR("kube-apiserver");
        run->left++;
        (void)client_call(server->self, &call, made, run);
    }
    finish_one(run);
}
