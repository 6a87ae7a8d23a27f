/* Which cluster addresses there are to give: blocks, bands, the next free one by the cache.
 *
 * After pkg/registry/core/service/ipallocator/ipallocator.go, release 1.35: the lower band (a
 * sixteenth of the block, 16 to 256 addresses) is used last, so that those who ask for an address
 * there find it free. Called by adm_service.c. Loop thread. */
#include "config.h"

#include "apiserver/adm_service.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/sink.h"
#include "base/arena.h"
#include "base/mem.h"
#include "client/cache.h"

enum { BAND_MIN = 16, BAND_MAX = 256, BAND_STEP = 16, RANGES_MAX = 16 };

static uint32_t
number_of(const struct ip *ip)
{
    return (uint32_t)ip->bytes[0] << 24 | (uint32_t)ip->bytes[1] << 16 |
           (uint32_t)ip->bytes[2] << 8 | ip->bytes[3];
}

static struct str
text_of(uint32_t number, struct arena *arena)
{
    return arena_printf(arena, "%u.%u.%u.%u", number >> 24, number >> 16 & 255, number >> 8 & 255,
                        number & 255);
}

/* calculateRangeOffset: how many of `size` addresses the lower band has. */
static uint32_t
band_of(uint32_t size)
{
    uint32_t band = size / BAND_STEP;
    if (size < BAND_MIN) {
        return 0;
    }
    return band < BAND_MIN ? BAND_MIN : band > BAND_MAX ? BAND_MAX : band;
}

static bool
read_range(struct str cidr, struct adm_service_range *ret)
{
    enum { BITS_MIN = 8, BITS_MAX = 30 }; /* below 30 bits no address is left to give */
    struct ip_net net;
    if (!ip_parse_net(cidr, false, &net) || net.ip.is_v6 || net.bits < BITS_MIN ||
        net.bits > BITS_MAX) {
        return false;
    }
    net = ip_net_masked(&net);
    uint32_t base = number_of(&net.ip), size = UINT32_MAX >> net.bits; /* less one */
    *ret = (struct adm_service_range){
        .net = net,
        .first = base + 1,
        .last = base + size - 1, /* the broadcast address is never given */
    };
    ret->dynamic = ret->first + band_of(size - 1);
    ret->dynamic = ret->dynamic > ret->last ? ret->first : ret->dynamic;
    return true;
}

static bool
is_ready(struct val object)
{
    VAL_EACH (it, val_at(object, "status.conditions")) {
        if (val_is_str(val_get(it.value, "type"), "Ready")) {
            return val_is_str(val_get(it.value, "status"), "True");
        }
    }
    return false;
}

size_t
adm_service_ranges(struct req *req, struct adm_service_range *ret, size_t max)
{
    size_t len = 0;
    struct adm_service_range own = { 0 };
    const struct resource *blocks =
        registry_any_version(req->registry, STR("networking.k8s.io"), STR("servicecidrs"));
    if (req->server->service_cidr != NULL && read_range(str_of(req->server->service_cidr), &own)) {
        ret[len++] = own;
    }
    if (blocks == NULL) {
        return len;
    }
    CACHE_EACH (object, it, sink_cache(req->server->sink), blocks, ((struct str){ 0 })) {
        object_pin(object);
        bool is_usable = object->deleted_at_ms == 0 && is_ready(object_val(object));
        VAL_EACH (cidr, val_at(object_val(object), "spec.cidrs")) {
            struct adm_service_range range;
            bool is_other = is_usable && read_range(val_str(cidr.value), &range) &&
                            (range.first != own.first || range.last != own.last);
            if (is_other && len < max) {
                ret[len++] = range;
            }
        }
        object_unpin(object);
    }
    return len;
}

bool
adm_service_is_in_range(struct req *req, struct str address)
{
    struct adm_service_range ranges[RANGES_MAX];
    struct ip ip;
    size_t len = adm_service_ranges(req, ranges, RANGES_MAX);
    if (!ip_parse(address, true, &ip) || ip.is_v6) {
        return false;
    }
    uint32_t number = number_of(&ip);
    for (size_t i = 0; i < len; i++) {
        if (number >= ranges[i].first && number <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

/* The n-th address of the walk: the dynamic band from a random place on, then the lower one. */
static uint32_t
nth(const struct adm_service_range *range, uint32_t start, uint32_t n)
{
    uint32_t high = range->last - range->dynamic + 1, low = range->dynamic - range->first;
    if (n < high) {
        return range->dynamic + (start + n) % high;
    }
    return range->first + (start + n - high) % low;
}

bool
adm_service_choose(struct adm_service *a, struct str *ret_address)
{
    struct adm_service_range ranges[RANGES_MAX];
    struct req *req = a->req;
    const struct resource *addresses =
        registry_any_version(req->registry, STR("networking.k8s.io"), STR("ipaddresses"));
    const struct cache *cache = sink_cache(req->server->sink);
    size_t len = adm_service_ranges(req, ranges, RANGES_MAX);
    uint32_t before = 0; /* addresses of the blocks that come first */
    if (a->tried == 0) {
        a->start = (uint32_t)ident_random(&req->server->ident, UINT32_MAX >> 1);
    }
    for (size_t i = 0; i < len; i++) {
        uint32_t size = ranges[i].last - ranges[i].first + 1;
        while (a->tried - before < size) {
            struct str text = text_of(nth(&ranges[i], a->start, a->tried - before), req->arena);
            a->tried++;
            if (cache_get(cache, addresses, (struct str){ 0 }, text) == NULL) {
                *ret_address = text;
                return true;
            }
        }
        before += size;
    }
    return false;
}
