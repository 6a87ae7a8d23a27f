/* The downward API, as kubelet's fieldpath and resource helpers have it. Called by environments and
 * volumes; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_field.h"

#include <stdlib.h>

#include "agent/pod_list.h"
#include "api/quantity.h"
#include "base/arena.h"
#include "base/err.h"

/* ---- fields ---- */

static int
compare_keys(const void *a, const void *b)
{
    const struct val_iter *left = a, *right = b;

    return str_cmp(left->key, right->key);
}

/* As strconv.Quote does for the bytes that labels and annotations have. */
static void
put_quoted(struct str_builder *out, struct str text)
{
    static const char escapes[] = { ['\a'] = 'a', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n',
                                    ['\r'] = 'r', ['\t'] = 't', ['\v'] = 'v' };

    str_putc(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.at[i];

        if (c == '"' || c == '\\') {
            str_putf(out, "\\%c", c);
        } else if (c < sizeof(escapes) && escapes[c] != 0) {
            str_putf(out, "\\%c", escapes[c]);
        } else if (c < ' ' || c == 0x7f) {
            str_putf(out, "\\x%02x", c);
        } else {
            str_putc(out, (char)c);
        }
    }
    str_putc(out, '"');
}

/* A map as lines key="value", keys sorted (fieldpath.FormatMap). */
static struct str
map_text(struct val map, struct arena *arena)
{
    struct val_iter *pairs = arena_array(arena, val_len(map), sizeof(*pairs));
    struct str_builder out = { 0 };
    struct str result;
    size_t len = 0;

    VAL_EACH (it, map) {
        pairs[len++] = it;
    }
    qsort(pairs, len, sizeof(*pairs), compare_keys);
    for (size_t i = 0; i < len; i++) {
        str_putz(&out, i > 0 ? "\n" : "");
        str_put(&out, pairs[i].key);
        str_putc(&out, '=');
        put_quoted(&out, val_str(pairs[i].value));
    }
    result = arena_dup(arena, str_view(&out));
    str_done(&out);
    return result;
}

/* "metadata.labels['key']" → path and key; false: no subscript. */
static bool
split_subscript(struct str path, struct str *ret_map, struct str *ret_key)
{
    const char *open;

    if (!str_has_suffix(path, STR("']"))) {
        return false;
    }
    open = memmem(path.at, path.size, "['", 2);
    if (open == NULL || open == path.at || open + 2 > path.at + path.size - 2) {
        return false;
    }
    *ret_map = str_slice(path.at, (size_t)(open - path.at));
    *ret_key = str_slice(open + 2, path.size - ret_map->size - 4);
    return true;
}

static struct str
join_ips(const struct str *ips, size_t len, struct arena *arena)
{
    struct str_builder out = { 0 };
    struct str result;

    for (size_t i = 0; i < len; i++) {
        str_putz(&out, i > 0 ? "," : "");
        str_put(&out, ips[i]);
    }
    result = arena_dup(arena, str_view(&out));
    str_done(&out);
    return result;
}

static bool
place_text(const struct pod_place *place, struct str path, struct arena *arena, struct str *ret)
{
    if (str_is(path, "status.hostIP") || str_is(path, "status.hostIPs")) {
        *ret = place->host_ip;
    } else if (str_is(path, "status.podIP")) {
        *ret = place->pod_ip_len > 0 ? place->pod_ips[0] : STR("");
    } else if (str_is(path, "status.podIPs")) {
        *ret = join_ips(place->pod_ips, place->pod_ip_len, arena);
    } else {
        return false;
    }
    return true;
}

int
pod_field_text(const struct pod_field_in *in, struct str path, struct str *ret, struct err **err)
{
    static const char *const plain[] = { "metadata.name", "metadata.namespace", "metadata.uid",
                                         "spec.nodeName", "spec.serviceAccountName" };
    struct str map, key;

    if (place_text(in->place, path, in->arena, ret)) {
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
        if (str_is(path, plain[i])) {
            *ret = val_str(val_at(in->pod, plain[i]));
            return 0;
        }
    }
    if (str_is(path, "metadata.labels") || str_is(path, "metadata.annotations")) {
        *ret = map_text(val_at(in->pod, arena_dupz(in->arena, path)), in->arena);
        return 0;
    }
    if (!split_subscript(path, &map, &key)) {
        return err_set(err, ERR_INVALID, "unsupported fieldPath: " STR_FMT, STR_ARG(path));
    }
    if (!str_is(map, "metadata.labels") && !str_is(map, "metadata.annotations")) {
        return err_set(err, ERR_INVALID, "fieldPath \"" STR_FMT "\" does not support subscript",
                       STR_ARG(path));
    }
    *ret = val_str(val_member(val_at(in->pod, arena_dupz(in->arena, map)), key));
    return 0;
}

/* ---- resources ---- */

/* What a container without that limit is told: the node's allocatable. */
static __int128
node_nano(const struct pod_place *place, struct str resource)
{
    if (str_is(resource, "cpu")) {
        return (__int128)place->cpu_milli * 1000000;
    }
    if (str_is(resource, "memory")) {
        return (__int128)place->memory_bytes * 1000000000;
    }
    return str_is(resource, "ephemeral-storage") ? (__int128)place->storage_bytes * 1000000000 : 0;
}

static bool
is_known_resource(struct str resource)
{
    return str_is(resource, "cpu") || str_is(resource, "memory") ||
           str_is(resource, "ephemeral-storage") || str_has_prefix(resource, STR("hugepages-"));
}

int
pod_field_resource(const struct pod_field_in *in, struct val selector, struct str *ret,
                   struct err **err)
{
    struct str name = val_str(val_get(selector, "containerName"));
    struct str what = val_str(val_get(selector, "resource")), resource;
    struct str list = str_cut(what, '.', &resource);
    struct quantity amount = { 0 }, divisor = { 0 };
    bool is_limit = str_is(list, "limits"), is_cpu = str_is(resource, "cpu");
    struct val container =
        name.size > 0 ? pod_list_find(val_get(in->pod, "spec"), name, NULL) : in->container;
    int64_t value, by;

    if (!val_is(container)) {
        return err_set(err, ERR_INVALID, "container " STR_FMT " not found", STR_ARG(name));
    }
    if ((!is_limit && !str_is(list, "requests")) || !is_known_resource(resource)) {
        return err_set(err, ERR_INVALID, "unsupported container resource : " STR_FMT,
                       STR_ARG(what));
    }
    (void)quantity_parse(
        val_str(val_member(
            val_get(val_get(container, "resources"), is_limit ? "limits" : "requests"), resource)),
        &amount); /* absent or zero: the same */
    (void)quantity_parse(val_str(val_get(selector, "divisor")), &divisor);
    if (is_limit && amount.nano == 0) {
        amount.nano = node_nano(in->place, resource);
    }
    value = is_cpu ? quantity_milli(amount) : quantity_value(amount);
    by = is_cpu ? quantity_milli(divisor) : quantity_value(divisor);
    by = divisor.nano == 0 ? (is_cpu ? 1000 : 1) : by;
    *ret = arena_printf(in->arena, "%lld", (long long)((value + by - 1) / (by > 0 ? by : 1)));
    return 0;
}
