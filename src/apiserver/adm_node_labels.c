/* Labels that a node's agent may and may not change on its own Node: nothing under
 * node-restriction.kubernetes.io, and of Kubernetes' own only what a kubelet reports.
 *
 * Called by adm_node.c. After k8s.io/kubelet/pkg/apis/well_known_labels.go. Pure. */
#include "config.h"

#include "apiserver/adm_node_labels.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/mem.h"

static const char *const allowed[] = {
    "kubernetes.io/hostname",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "node.kubernetes.io/instance-type",
    "beta.kubernetes.io/instance-type",
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
};
static const char *const allowed_domains[] = { "kubelet.kubernetes.io", "node.kubernetes.io" };
static const char *const reserved_domains[] = { "kubernetes.io", "k8s.io" };

/* The domain itself, or one below it. */
static bool
is_in(struct str domain, const char *parent)
{
    struct str whole = str_of(parent);
    return str_eq(domain, whole) ||
           (str_has_suffix(domain, whole) && domain.at[domain.size - whole.size - 1] == '.');
}

static bool
is_in_any(struct str domain, const char *const *parents, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (is_in(domain, parents[i])) {
            return true;
        }
    }
    return false;
}

static bool
is_forbidden(struct str key)
{
    struct str rest, domain = str_cut(key, '/', &rest);
    if (rest.at == NULL) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
        if (str_is(key, allowed[i])) {
            return false;
        }
    }
    return is_in(domain, "node-restriction.kubernetes.io") ||
           (is_in_any(domain, reserved_domains, ARRAY_LEN(reserved_domains)) &&
            !is_in_any(domain, allowed_domains, ARRAY_LEN(allowed_domains)));
}

static int
by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

struct str
adm_node_labels(struct val old, struct val now, struct arena *arena)
{
    AUTO_STR struct str_builder text = { 0 };
    struct str *keys = arena_array(arena, val_len(old) + val_len(now) + 1, sizeof(*keys));
    size_t len = 0;
    VAL_EACH (it, now) {
        struct val was = val_member(old, it.key);
        if ((!val_is(was) || !val_eq(was, it.value)) && is_forbidden(it.key)) {
            keys[len++] = it.key;
        }
    }
    VAL_EACH (it, old) {
        if (!val_is(val_member(now, it.key)) && is_forbidden(it.key)) {
            keys[len++] = it.key;
        }
    }
    qsort(keys, len, sizeof(*keys), by_bytes);
    for (size_t i = 0; i < len; i++) {
        str_putf(&text, "%s" STR_FMT, i > 0 ? ", " : "", STR_ARG(keys[i]));
    }
    return arena_dup(arena, str_view(&text));
}
