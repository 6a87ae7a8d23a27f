/* Gets what a pod is made from: one GET for each object, one TokenRequest for each kind of token.
 * Called by the pod's worker before it sets volumes up or starts a container; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/fetch.h"

#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/mem.h"
#include "client/client.h"

enum { DAY_MS = 24 * 3600 * 1000 };

/* An answered TokenRequest. */
struct token {
    struct arena *arena;
    struct val object;
    int64_t renew_ms; /* wall */
    unsigned users;   /* fetches whose values point into it */
    bool is_stale;    /* replaced: goes with its last user */
};
struct fetch_pool {
    struct client *client;
    const struct resource *config_maps, *secrets, *accounts, *runtime_classes;
    struct map tokens; /* "uid audience seconds" → struct token */
};
struct item {
    struct fetch *fetch;
    struct pod_source *source;
    struct handle *handle; /* NULL: answered */
    struct object *object; /* pinned */
    struct token *token;
    struct err *err;
};
struct fetch {
    struct fetch_pool *fetcher;
    struct arena *arena; /* names */
    struct str ns, name, uid, account;
    struct item *items;
    size_t len, pending;
    void (*done)(void *ctx);
    void *ctx;
    bool is_freed;
};

/* ---- the agent's part ---- */

struct fetch_pool *
fetch_pool_new(struct client *client, struct registry *registry)
{
    struct fetch_pool *fetcher = MEM_NEW(struct fetch_pool);

    fetcher->client = client;
    fetcher->config_maps = registry_find(registry, STR(""), STR("v1"), STR("configmaps"));
    fetcher->secrets = registry_find(registry, STR(""), STR("v1"), STR("secrets"));
    fetcher->accounts = registry_find(registry, STR(""), STR("v1"), STR("serviceaccounts"));
    fetcher->runtime_classes =
        registry_find(registry, STR("node.k8s.io"), STR("v1"), STR("runtimeclasses"));
    return fetcher;
}

static void
token_free(void *ctx)
{
    struct token *token = ctx;

    arena_free(token->arena);
    mem_free(token);
}

static void
token_drop(struct token *token)
{
    token->is_stale = true;
    if (token->users == 0) {
        token_free(token);
    }
}

void
fetch_pool_free(struct fetch_pool *fetcher)
{
    if (fetcher != NULL) {
        map_done(&fetcher->tokens, token_free);
        mem_free(fetcher);
    }
}

void
fetch_pool_forget(struct fetch_pool *fetcher, struct str pod_uid)
{
    size_t iter = 0;
    struct str key, rest;
    void *value;

    while (map_next(&fetcher->tokens, &iter, &key, &value)) {
        if (str_eq(str_cut(key, ' ', &rest), pod_uid)) {
            (void)map_del(&fetcher->tokens, key);
            token_drop(value);
        }
    }
}

/* ---- one fetch ---- */

static void
fetch_end(struct fetch *fetch)
{
    for (size_t i = 0; i < fetch->len; i++) {
        struct item *item = &fetch->items[i];

        if (item->object != NULL) {
            object_unpin(item->object);
            object_unref(item->object);
        }
        if (item->token != NULL && --item->token->users == 0 && item->token->is_stale) {
            token_free(item->token);
        }
        err_free(item->err);
    }
    arena_free(fetch->arena);
    mem_free(fetch);
}

static void
answered(struct item *item)
{
    struct fetch *fetch = item->fetch;

    item->handle = NULL;
    if (!fetch->is_freed) {
        item->source->err = item->err;
    }
    if (--fetch->pending > 0) {
        return;
    }
    if (fetch->is_freed) {
        fetch_end(fetch);
    } else {
        fetch->done(fetch->ctx);
    }
}

static void
object_came(void *ctx, const struct reply *reply, struct err *owned)
{
    struct item *item = ctx;

    item->err = owned;
    if (owned == NULL && reply->object != NULL && !item->fetch->is_freed) {
        item->object = object_ref(reply->object);
        object_pin(item->object);
        item->source->object = object_val(item->object);
    }
    answered(item);
}

/* ---- tokens ---- */

static struct str
token_key(const struct item *item)
{
    return arena_printf(item->fetch->arena, STR_FMT " " STR_FMT " %lld", STR_ARG(item->fetch->uid),
                        STR_ARG(item->source->name), (long long)item->source->expiration_s);
}

static void
use_token(struct item *item, struct token *token)
{
    token->users++;
    item->token = token;
    item->source->object = token->object;
}

static void
keep_token(struct item *item, struct str bytes)
{
    struct token *token = MEM_NEW(struct token), *old;
    int64_t now_ms = clock_wall_ms(), end_us, life_ms;
    struct doc *doc;

    token->arena = arena_new();
    doc = doc_parse(token->arena, arena_dup(token->arena, bytes), &item->err);
    if (doc == NULL) {
        token_free(token);
        return;
    }
    token->object = doc_root(doc);
    life_ms = item->source->expiration_s * 1000;
    if (clock_parse(val_str(val_at(token->object, "status.expirationTimestamp")), &end_us) == 0) {
        life_ms = end_us / 1000 - now_ms;
    }
    token->renew_ms = now_ms + (life_ms / 5 * 4 < DAY_MS ? life_ms / 5 * 4 : DAY_MS);
    old = map_put(&item->fetch->fetcher->tokens, token_key(item), token);
    if (old != NULL) {
        token_drop(old);
    }
    use_token(item, token);
}

static void
token_came(void *ctx, const struct reply *reply, struct err *owned)
{
    struct item *item = ctx;

    item->err = owned;
    if (owned == NULL && !item->fetch->is_freed) {
        keep_token(item, reply->bytes);
    }
    answered(item);
}

static struct str
token_request(const struct item *item)
{
    const struct fetch *fetch = item->fetch;
    struct jw out;

    jw_init(&out, fetch->arena);
    jw_obj(&out);
    jw_kvz(&out, "kind", "TokenRequest");
    jw_kvz(&out, "apiVersion", "authentication.k8s.io/v1");
    jw_keyz(&out, "spec");
    jw_obj(&out);
    if (item->source->name.size > 0) {
        jw_keyz(&out, "audiences");
        jw_arr(&out);
        jw_str(&out, item->source->name);
        jw_end(&out);
    }
    jw_kint(&out, "expirationSeconds", item->source->expiration_s);
    jw_keyz(&out, "boundObjectRef");
    jw_obj(&out);
    jw_kvz(&out, "kind", "Pod");
    jw_kvz(&out, "apiVersion", "v1");
    jw_kv(&out, "name", fetch->name);
    jw_kv(&out, "uid", fetch->uid);
    jw_end(&out);
    jw_end(&out);
    jw_end(&out);
    return jw_done(&out);
}

/* ---- start ---- */

static void
ask(struct item *item)
{
    struct fetch *fetch = item->fetch;
    struct fetch_pool *fetcher = fetch->fetcher;
    struct token *token;
    struct call call;

    if (item->source->kind != POD_SOURCE_TOKEN) {
        bool is_class = item->source->kind == POD_SOURCE_RUNTIME_CLASS;

        call = call_of(VERB_GET,
                       is_class                                  ? fetcher->runtime_classes
                       : item->source->kind == POD_SOURCE_SECRET ? fetcher->secrets
                                                                 : fetcher->config_maps,
                       is_class ? (struct str){ 0 } : fetch->ns, item->source->name);
        item->handle = client_call(fetcher->client, &call, object_came, item);
        return;
    }
    token = map_get(&fetcher->tokens, token_key(item));
    if (token != NULL && clock_wall_ms() < token->renew_ms) {
        use_token(item, token);
        return;
    }
    call = call_of(VERB_CREATE, fetcher->accounts, fetch->ns, fetch->account);
    call.subresource = "token";
    call.body = token_request(item);
    call.accept = ACCEPT_RAW;
    item->handle = client_call(fetcher->client, &call, token_came, item);
}

/* Nothing had to be asked for: done comes later all the same. */
static void
nothing_pending(void *ctx)
{
    struct fetch *fetch = ctx;

    fetch->pending = 0;
    if (fetch->is_freed) {
        fetch_end(fetch);
    } else {
        fetch->done(fetch->ctx);
    }
}

struct fetch *
fetch_start(struct fetch_pool *fetcher, struct val pod, struct pod_sources *sources,
            void (*done)(void *ctx), void *ctx)
{
    struct fetch *fetch = MEM_NEW(struct fetch);
    struct val meta = val_get(pod, "metadata");

    fetch->fetcher = fetcher;
    fetch->arena = arena_new();
    fetch->ns = arena_dup(fetch->arena, val_str(val_get(meta, "namespace")));
    fetch->name = arena_dup(fetch->arena, val_str(val_get(meta, "name")));
    fetch->uid = arena_dup(fetch->arena, val_str(val_get(meta, "uid")));
    fetch->account = arena_dup(fetch->arena, val_str(val_at(pod, "spec.serviceAccountName")));
    fetch->done = done;
    fetch->ctx = ctx;
    fetch->len = sources->len;
    fetch->items = arena_array(fetch->arena, sources->len, sizeof(*fetch->items));
    for (size_t i = 0; i < sources->len; i++) {
        fetch->items[i].fetch = fetch;
        fetch->items[i].source = &sources->at[i];
        ask(&fetch->items[i]);
        fetch->pending += fetch->items[i].handle != NULL ? 1 : 0;
    }
    if (fetch->pending == 0) {
        fetch->pending = 1;
        loop_defer(fetcher->client->loop, nothing_pending, fetch);
    }
    return fetch;
}

void
fetch_free(struct fetch *fetch)
{
    if (fetch == NULL) {
        return;
    }
    fetch->is_freed = true;
    if (fetch->pending == 0) {
        fetch_end(fetch);
        return;
    }
    for (size_t i = 0; i < fetch->len; i++) {
        if (fetch->items[i].handle != NULL) {
            client_cancel(fetch->items[i].handle);
        }
    }
}
