/* The index of addresses that have a name in the zone: those of Services, and of endpoints with a host
 * name. Told by backends; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/backends.h"
#include "agent/dns_zone_priv.h"
#include "api/object.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/vec.h"

/* The addresses that a Service has in the index. */
struct dns_ips {
    VEC(char *) at;
};

static void
add_reverse(struct dns_zone *zone, struct dns_ips *ips, struct str key, struct str ip,
            struct str name)
{
    struct dns_reverse *reverse = MEM_NEW(struct dns_reverse);
    struct dns_reverse *first = map_get(&zone->by_ip, ip);

    reverse->name = str_dup(name);
    reverse->key = str_dup(key);
    if (first == NULL) {
        (void)map_put(&zone->by_ip, ip, reverse); /* it was not there */
    } else {
        reverse->next = first->next;
        first->next = reverse;
    }
    VEC_ADD(ips->at, str_dup(ip));
}

static void
reverse_free(struct dns_reverse *reverse)
{
    mem_free(reverse->name);
    mem_free(reverse->key);
    mem_free(reverse);
}

/* All of that Service at one address. */
static void
drop_reverse(struct dns_zone *zone, struct str ip, struct str key)
{
    struct dns_reverse *kept = NULL, *next;

    for (struct dns_reverse *at = map_del(&zone->by_ip, ip); at != NULL; at = next) {
        next = at->next;
        if (str_is(key, at->key)) {
            reverse_free(at);
        } else {
            at->next = kept;
            kept = at;
        }
    }
    if (kept != NULL) {
        (void)map_put(&zone->by_ip, ip, kept); /* it was taken out */
    }
}

static void
ips_free(void *item)
{
    struct dns_ips *ips = item;

    for (size_t i = 0; i < ips->at.len; i++) {
        mem_free(ips->at.at[i]);
    }
    VEC_DONE(ips->at);
    mem_free(ips);
}

/* ---- what a Service has now ---- */

/* "shop/web" → "web.shop", with an endpoint's label before it or not */
static struct str
name_of(struct str key, struct str label, struct arena *arena)
{
    struct str name, ns = str_cut(key, '/', &name);

    return arena_printf(arena, STR_FMT "%s" STR_FMT "." STR_FMT, STR_ARG(label),
                        label.size > 0 ? "." : "", STR_ARG(name), STR_ARG(ns));
}

static void
add_slice(struct dns_zone *zone, struct dns_ips *ips, struct str key, struct val slice,
          struct arena *arena)
{
    VAL_EACH (it, val_get(slice, "endpoints")) {
        struct str label = val_str(val_get(it.value, "hostname"));

        if (label.size == 0 || !val_bool(val_get(val_get(it.value, "conditions"), "ready"), true)) {
            continue;
        }
        VAL_EACH (address, val_get(it.value, "addresses")) {
            add_reverse(zone, ips, key, val_str(address.value), name_of(key, label, arena));
        }
    }
}

static void
add_backend(struct dns_zone *zone, struct dns_ips *ips, const struct backend *backend)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str key = str_of(backend->key);

    object_pin(backend->service);
    VAL_EACH (it, val_at(object_val(backend->service), "spec.clusterIPs")) {
        if (!val_is_str(it.value, "None")) {
            add_reverse(zone, ips, key, val_str(it.value), name_of(key, (struct str){ 0 }, arena));
        }
    }
    object_unpin(backend->service);
    for (size_t i = 0; i < backend->slice_len; i++) {
        object_pin(backend->slices[i]);
        add_slice(zone, ips, key, object_val(backend->slices[i]), arena);
        object_unpin(backend->slices[i]);
    }
}

void
dns_zone_reverse_changed(void *ctx, struct str key)
{
    struct dns_zone *zone = ctx;
    const struct backend *backend = backends_at(zone->backends, key);
    struct dns_ips *old = map_del(&zone->by_key, key);

    zone->age++;
    for (size_t i = 0; old != NULL && i < old->at.len; i++) {
        drop_reverse(zone, str_of(old->at.at[i]), key);
    }
    if (old != NULL) {
        ips_free(old);
    }
    if (backend != NULL && backend->service != NULL) {
        struct dns_ips *ips = MEM_NEW(struct dns_ips);

        add_backend(zone, ips, backend);
        (void)map_put(&zone->by_key, key, ips); /* it was taken out */
    }
}

static void
chain_free(void *item)
{
    struct dns_reverse *next;

    for (struct dns_reverse *at = item; at != NULL; at = next) {
        next = at->next;
        reverse_free(at);
    }
}

void
dns_zone_reverse_done(struct dns_zone *zone)
{
    map_done(&zone->by_ip, chain_free);
    map_done(&zone->by_key, ips_free);
}
