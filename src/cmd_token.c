/* `binnacle token create | list | delete ID`: bootstrap tokens as kubeadm makes them, Secrets of
 * kube-system. Who shows one is of system:bootstrappers and may ask for a node's certificate.
 *
 * Called by main.c. A thin client of the API with a loop of its own; the token is printed once, here,
 * and stands nowhere else but in its (sealed) Secret. */
#include "config.h" /* IWYU pragma: keep */

#include "cmd_token.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "api/duration.h"
#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/options.h"
#include "client/client.h"
#include "cmd_connect.h"

#define NS "kube-system"
#define PREFIX "bootstrap-token-"
#define TYPE "bootstrap.kubernetes.io/token"

enum { ID_SIZE = 6, SECRET_SIZE = 16, US_PER_NS = 1000 };

struct run {
    const struct options *options;
    struct loop *loop;
    struct arena *arena;
    struct cmd_connection connection;
    struct registry *registry;
    const struct resource *secrets;
    char id[ID_SIZE + 1], secret[SECRET_SIZE + 1];
    struct err *failed;
};

static void
end(struct run *run, struct err *owned)
{
    run->failed = owned;
    loop_stop(run->loop);
}

/* ---- create ---- */

/* Letters and digits, all as likely: what would not be is drawn again. */
static int
draw(char *at, size_t size, struct err **err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    const unsigned len = sizeof(letters) - 1;
    for (size_t i = 0; i < size;) {
        unsigned char byte;
        if (RAND_priv_bytes(&byte, 1) != 1) {
            return err_set(err, ERR_INTERNAL, "no random bytes");
        }
        if (byte < 256 / len * len) {
            at[i++] = letters[byte % len];
        }
    }
    at[size] = '\0';
    return 0;
}

static struct str
write_secret(const struct run *run, int64_t ttl_us)
{
    char time[CLOCK_TEXT_SIZE];
    struct jw w;
    jw_init(&w, run->arena);
    jw_obj(&w);
    jw_kvz(&w, "type", TYPE);
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_keyz(&w, "name");
    jw_printf(&w, PREFIX "%s", run->id);
    jw_end(&w);
    jw_keyz(&w, "stringData");
    jw_obj(&w);
    jw_kvz(&w, "token-id", run->id);
    jw_kvz(&w, "token-secret", run->secret);
    jw_kvz(&w, "usage-bootstrap-authentication", "true");
    jw_kvz(&w, "auth-extra-groups", "system:bootstrappers:binnacle");
    if (ttl_us > 0) {
        jw_kv(&w, "expiration", clock_text((clock_wall_us() + ttl_us) / 1000, time));
    }
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}

static void
created(void *ctx, const struct reply *reply, struct err *owned)
{
    struct run *run = ctx;
    (void)reply;
    if (owned == NULL) {
        printf("%s.%s\n", run->id, run->secret);
    }
    end(run, owned);
}

static int
create(struct run *run, struct err **err)
{
    int64_t ttl_ns = 0;
    const char *ttl = options_text(run->options, OPT_TTL);
    if (duration_parse(str_of(ttl), &ttl_ns) < 0 || ttl_ns < 0) {
        return err_set(err, ERR_BAD_REQUEST, "--ttl '%s': want a time like 15m or 24h", ttl);
    }
    if (draw(run->id, ID_SIZE, err) < 0 || draw(run->secret, SECRET_SIZE, err) < 0) {
        return -1;
    }
    struct call call = call_of(VERB_CREATE, run->secrets, STR(NS), STR(""));
    call.body = write_secret(run, ttl_ns / US_PER_NS);
    call.field_manager = STR("binnacle-token");
    (void)client_call(run->connection.client, &call, created, run);
    return 0;
}

/* ---- list ---- */

static struct str
decoded(struct run *run, struct val data, const char *key)
{
    struct str text = { 0 };
    (void)base64_decode(val_str(val_get(data, key)), run->arena, &text, NULL); /* else absent */
    return text;
}

static void
print_token(struct run *run, struct object *object)
{
    struct str prefix = STR(PREFIX);
    object_pin(object);
    struct val root = object_val(object), data = val_get(root, "data");
    if (val_is_str(val_get(root, "type"), TYPE) && str_has_prefix(object->name, prefix)) {
        struct str expires = decoded(run, data, "expiration");
        int64_t at_us = 0;
        bool is_over =
            expires.size > 0 && clock_parse(expires, &at_us) == 0 && at_us <= clock_wall_us();
        printf("%-8.*s %-22.*s %-9s %.*s\n", (int)(object->name.size - prefix.size),
               object->name.at + prefix.size, STR_ARG(expires.size > 0 ? expires : STR("<never>")),
               is_over ? "expired" : "good", STR_ARG(decoded(run, data, "auth-extra-groups")));
    }
    object_unpin(object);
}

static void
listed(void *ctx, const struct reply *reply, struct err *owned)
{
    struct run *run = ctx;
    if (owned == NULL) {
        printf("%-8s %-22s %-9s %s\n", "ID", "EXPIRES", "STATE", "GROUPS");
    }
    for (size_t i = 0; owned == NULL && i < reply->item_len; i++) {
        print_token(run, reply->items[i]);
    }
    end(run, owned);
}

static void
list(struct run *run)
{
    struct call call = call_of(VERB_LIST, run->secrets, STR(NS), STR(""));
    call.field_selector = STR("type=" TYPE);
    (void)client_call(run->connection.client, &call, listed, run);
}

/* ---- delete ---- */

static void
deleted(void *ctx, const struct reply *reply, struct err *owned)
{
    (void)reply;
    end(ctx, owned);
}

/* ID, or the whole token: its first half. */
static void
remove_token(struct run *run)
{
    struct str rest;
    struct str id = str_cut(str_of(run->options->rest[1]), '.', &rest);
    struct call call = call_of(VERB_DELETE, run->secrets, STR(NS),
                               arena_printf(run->arena, PREFIX STR_FMT, STR_ARG(id)));
    (void)client_call(run->connection.client, &call, deleted, run);
}

/* ---- the command ---- */

static bool
is_word(const struct options *options, const char *word, int rest_len)
{
    return options->rest_len == rest_len && strcmp(options->rest[0], word) == 0;
}

static int
begin(struct run *run, struct err **err)
{
    const struct options *options = run->options;
    if (cmd_connect(run->loop, options, "binnacle-token/" PACKAGE_VERSION, &run->connection, err) <
        0) {
        return -1;
    }
    if (is_word(options, "list", 1)) {
        list(run);
    } else if (is_word(options, "delete", 2)) {
        remove_token(run);
    } else {
        return create(run, err);
    }
    return 0;
}

int
cmd_token_main(const struct options *options)
{
    if (!is_word(options, "create", 1) && !is_word(options, "list", 1) &&
        !is_word(options, "delete", 2)) {
        fprintf(stderr, "usage: binnacle token create | list | delete ID [OPTION]…\n");
        return 2;
    }
    struct run run = { .options = options, .loop = loop_new(), .arena = arena_new() };
    run.registry = registry_new(kinds_builtin, kinds_builtin_len);
    run.secrets = registry_any_version(run.registry, STR(""), STR("secrets"));
    if (begin(&run, &run.failed) == 0) {
        loop_run(run.loop);
    }
    if (run.failed != NULL) {
        fprintf(stderr, "binnacle token: %s\n", run.failed->message);
    }
    int status = run.failed == NULL ? 0 : 1;
    err_free(run.failed);
    explicit_bzero(run.secret, sizeof(run.secret));
    cmd_connect_done(&run.connection);
    registry_unref(run.registry);
    arena_free(run.arena);
    loop_free(run.loop);
    return status;
}
