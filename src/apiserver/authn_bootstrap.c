/* Bootstrap tokens, "abcdef.0123456789abcdef": Secrets of the type bootstrap.kubernetes.io/token in
 * kube-system, named by the first half.
 *
 * Called by authn.c. After plugin/pkg/auth/authenticator/token/bootstrap and
 * cluster-bootstrap/token/util. Loop thread. */
#include "config.h"

#include "apiserver/authn_bootstrap.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "api/object.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/sink.h"
#include "base/arena.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/mem.h"
#include "client/cache.h"

#define GROUP "system:bootstrappers"

enum { ID_SIZE = 6, SECRET_SIZE = 16, GROUPS_MAX = 32, GROUP_TAIL_MAX = 256 };

static bool
is_of(struct str text, size_t size)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) {
            return false;
        }
    }
    return text.size == size;
}

static struct str
data(struct val root, const char *key, struct arena *arena)
{
    struct str text = { 0 };
    if (base64_decode(val_str(val_get(val_get(root, "data"), key)), arena, &text, NULL) < 0) {
        return (struct str){ 0 };
    }
    return text;
}

static bool
is_expired(struct val root, struct arena *arena)
{
    struct str text = data(root, "expiration", arena);
    int64_t at_us;
    return text.size > 0 && (clock_parse(text, &at_us) < 0 || at_us <= clock_wall_us());
}

/* system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9] */
static bool
is_group(struct str group)
{
    struct str prefix = STR(GROUP ":");
    if (!str_has_prefix(group, prefix)) {
        return false;
    }
    struct str tail = str_slice(group.at + prefix.size, group.size - prefix.size);
    for (size_t i = 0; i < tail.size; i++) {
        char c = tail.at[i];
        bool is_inner = (c == ':' || c == '-') && i + 1 < tail.size;
        if (!is_inner && !is_of(str_slice(&c, 1), 1)) {
            return false;
        }
    }
    return tail.size > 0 && tail.size <= GROUP_TAIL_MAX;
}

static int
by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* The groups that the Secret names, each once and sorted; false when one may not stand there. */
static bool
read_groups(struct val root, struct arena *arena, struct req_user *user)
{
    struct str pieces[GROUPS_MAX];
    struct str text = data(root, "auth-extra-groups", arena);
    size_t len = text.size > 0 ? str_split(text, ',', pieces, GROUPS_MAX) : 0;
    struct str *groups = arena_array(arena, GROUPS_MAX + 2, sizeof(*groups));
    size_t all = 0, kept = 0;
    groups[all++] = STR(GROUP);
    for (size_t i = 0; i < len; i++) {
        if (i == GROUPS_MAX || !is_group(pieces[i])) {
            return false;
        }
        groups[all++] = pieces[i];
    }
    qsort(groups, all, sizeof(*groups), by_bytes);
    for (size_t i = 0; i < all; i++) {
        if (kept == 0 || !str_eq(groups[kept - 1], groups[i])) {
            groups[kept++] = groups[i];
        }
    }
    groups[kept++] = STR("system:authenticated");
    user->groups = groups;
    user->group_len = kept;
    return true;
}

static bool
is_good(struct val root, struct str id, struct str secret, struct arena *arena)
{
    struct str stored = data(root, "token-secret", arena);
    return val_is_str(val_get(root, "type"), "bootstrap.kubernetes.io/token") &&
           stored.size == secret.size && CRYPTO_memcmp(stored.at, secret.at, secret.size) == 0 &&
           str_eq(data(root, "token-id", arena), id) && !is_expired(root, arena) &&
           str_is(data(root, "usage-bootstrap-authentication", arena), "true");
}

/* It is for the API and nobody else (authenticator.WrapAudienceAgnosticToken). */
static bool
take_audiences(const struct authn_question *question, struct str issuer, struct authn_answer *ret)
{
    bool is_meant = question->audience_len == 0;
    for (size_t i = 0; i < question->audience_len; i++) {
        is_meant |= str_eq(question->audiences[i], issuer);
    }
    ret->audiences = ARENA_NEW(question->arena, struct str);
    ret->audiences[0] = issuer;
    ret->audience_len = 1;
    return is_meant;
}

bool
authn_bootstrap_check(struct apiserver *server, struct str issuer,
                      const struct authn_question *question, struct authn_answer *ret)
{
    struct str secret;
    struct str id = str_cut(question->token, '.', &secret);
    const struct resource *row =
        registry_find(server->registry, STR(""), STR("v1"), STR("secrets"));
    if (row == NULL || !is_of(id, ID_SIZE) || !is_of(secret, SECRET_SIZE)) {
        return false;
    }
    struct arena *arena = question->arena;
    const struct object *object =
        cache_get(sink_cache(server->sink), row, STR("kube-system"),
                  arena_printf(arena, "bootstrap-token-" STR_FMT, STR_ARG(id)));
    if (object == NULL || object->deleted_at_ms != 0) {
        return false;
    }
    object_pin(object);
    struct val root = object_val(object);
    bool is_right = is_good(root, id, secret, arena) && read_groups(root, arena, &ret->user);
    object_unpin(object);
    is_right = is_right && take_audiences(question, issuer, ret);
    if (is_right) {
        ret->user.name = arena_printf(arena, "system:bootstrap:" STR_FMT, STR_ARG(id));
    }
    return is_right;
}
