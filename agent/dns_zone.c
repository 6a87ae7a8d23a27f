/* The cluster's zone. Called by dns_server for every question; loop thread.
 *
 * Forward names are looked up where they lead: by namespace and Service. For reverse names there is an
 * index of the addresses of Services and of endpoints that have a host name. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/dns_zone.h"

#include "agent/backends.h"
#include "agent/dns_zone_priv.h"
#include "base/arena.h"
#include "base/ip.h"
#include "base/mem.h"

enum { LABELS_MAX = 130 };
#define SPEC_VERSION "1.1.0"

/* ---- records ---- */

static void
add(struct str **list, size_t *len, struct arena *arena, struct str record)
{
    if (*list == NULL) {
        *list = arena_array(arena, DNS_ZONE_RECORDS_MAX, sizeof(**list));
    }
    for (size_t i = 0; i < *len; i++) {
        if (str_eq((*list)[i], record)) {
            return;
        }
    }
    if (*len < DNS_ZONE_RECORDS_MAX) {
        (*list)[(*len)++] = record;
    }
}

static void
add_answer(struct dns_look *look, struct str record)
{
    add(&look->ret->answer.at, &look->ret->answer.len, look->arena, record);
}

static void
add_extra(struct dns_look *look, struct str record)
{
    add(&look->ret->extra.at, &look->ret->extra.len, look->arena, record);
}

static struct str
soa_record(const struct dns_look *look, const char *owner)
{
    const char *domain = look->zone->domain;

    return arena_printf(look->arena, "%s %d IN SOA ns.dns.%s. hostmaster.%s. 1 7200 1800 86400 %d",
                        owner, DNS_ZONE_TTL_S, domain, domain, DNS_ZONE_TTL_S);
}

static struct str
address_record(const struct dns_look *look, const char *owner, const struct ip *ip)
{
    return arena_printf(look->arena, "%s %d IN %s " STR_FMT, owner, DNS_ZONE_TTL_S,
                        ip->is_v6 ? "AAAA" : "A", STR_ARG(ip_text(ip, look->arena)));
}

/* "web.shop.svc.cluster.local.", with an endpoint's label before it or not */
static struct str
full_name(const struct dns_look *look, const struct dns_host *host)
{
    return arena_printf(look->arena, STR_FMT "%s" STR_FMT "." STR_FMT ".svc.%s.",
                        STR_ARG(host->label), host->label.size > 0 ? "." : "",
                        STR_ARG(look->service), STR_ARG(look->ns), look->zone->domain);
}

/* ---- what was found, as the type that was asked for ---- */

static void
answer_hosts(struct dns_look *look, const struct dns_host *hosts, size_t len)
{
    uint16_t type = look->question->type;

    for (size_t n = 0; n < len; n++) {
        const struct dns_host *host = &hosts[(n + look->question->id) % len];

        if (type == (host->ip.is_v6 ? DNS_AAAA : DNS_A)) {
            add_answer(look, address_record(look, "@", &host->ip));
        } else if (type == DNS_SRV && host->port > 0) {
            struct str name = full_name(look, host);

            add_answer(look, arena_printf(look->arena, "@ %d IN SRV 0 %d %lld " STR_FMT,
                                          DNS_ZONE_TTL_S, len >= 100 ? 1 : (int)(100 / len),
                                          (long long)host->port, STR_ARG(name)));
            add_extra(look, address_record(look, name.at, &host->ip));
        }
    }
}

static void
answer_service(struct dns_look *look)
{
    struct str key =
        arena_printf(look->arena, STR_FMT "/" STR_FMT, STR_ARG(look->ns), STR_ARG(look->service));
    const struct backend *backend = backends_at(look->zone->backends, key);
    struct dns_found found = { .hosts = arena_array(look->arena, DNS_ZONE_RECORDS_MAX,
                                                    sizeof(*found.hosts)) };

    if (backend == NULL || !dns_zone_find(look, backend, &found)) {
        look->ret->is_unknown = true;
        return;
    }
    if (found.alias.size > 0) {
        add_answer(look, arena_printf(look->arena, "@ %d IN CNAME " STR_FMT ".", DNS_ZONE_TTL_S,
                                      STR_ARG(found.alias)));
        look->ret->alias = look->question->type == DNS_CNAME ? (struct str){ 0 } : found.alias;
        return;
    }
    answer_hosts(look, found.hosts, found.len);
}

/* "10-42-0-5", or the colons of IPv6 as dashes */
static void
answer_pod(struct dns_look *look)
{
    char *text = arena_dupz(look->arena, look->service);
    size_t dashes = 0;
    struct dns_host host = { 0 };

    for (const char *at = text; *at != '\0'; at++) {
        dashes += *at == '-' ? 1 : 0;
    }
    for (char *at = text; *at != '\0'; at++) {
        *at = *at != '-' ? *at : dashes == 3 ? '.' : ':';
    }
    if (!ip_parse(str_of(text), false, &host.ip)) {
        look->ret->is_unknown = true;
        return;
    }
    answer_hosts(look, &host, 1);
}

/* ---- names ---- */

static bool
strip_underscore(struct str label, struct str *ret)
{
    bool has = label.size > 1 && label.at[0] == '_';

    *ret = has ? str_slice(label.at + 1, label.size - 1) : label;
    return has;
}

/* What stands before "svc" or "pod", from the right: namespace, service, then an endpoint or a protocol
 * and a port. Names in between exist, as there are names below them. */
static void
answer_labels(struct dns_look *look, const struct str *labels, size_t len)
{
    bool is_pod = str_is(labels[len - 1], "pod");
    const size_t depth = len - 1;
    bool is_port;

    if ((!is_pod && !str_is(labels[len - 1], "svc")) || depth > (is_pod ? 2 : 4)) {
        look->ret->is_unknown = true;
        return;
    }
    if (depth < 2) {
        return;
    }
    look->ns = labels[depth - 1];
    look->service = labels[depth - 2];
    if (depth == 4) {
        is_port = strip_underscore(labels[1], &look->protocol) &&
                  strip_underscore(labels[0], &look->port);
        if (!is_port) {
            look->ret->is_unknown = true;
            return;
        }
    } else if (depth == 3) {
        look->endpoint = labels[0];
    }
    if (is_pod) {
        answer_pod(look);
    } else {
        answer_service(look);
    }
}

/* The zone itself and its few names of its own. → they are no others' */
static bool
answer_apex(struct dns_look *look, struct str base)
{
    uint16_t type = look->question->type;
    struct ip ip;

    if (base.size == 0) {
        if (type == DNS_SOA) {
            add_answer(look, soa_record(look, "@"));
        } else if (type == DNS_NS) {
            add_answer(look, arena_printf(look->arena, "@ %d IN NS ns.dns.%s.", DNS_ZONE_TTL_S,
                                          look->zone->domain));
        }
    } else if (str_is(base, "dns-version")) {
        if (type == DNS_TXT) {
            add_answer(look, arena_printf(look->arena, "@ %d IN TXT \"" SPEC_VERSION "\"",
                                          DNS_ZONE_TTL_S));
        }
    } else if (str_is(base, "ns.dns")) {
        if (type == DNS_A && ip_parse(str_of(look->zone->address), false, &ip)) {
            add_answer(look, address_record(look, "@", &ip));
        }
    } else {
        return str_is(base, "dns");
    }
    return true;
}

/* ---- reverse names ---- */

/* "10.0.43.10.in-addr.arpa" → 10.43.0.10 */
static bool
read_reverse(struct str name, struct arena *arena, struct str *ret)
{
    static const struct str suffix = { ".in-addr.arpa", 13 };
    struct str parts[5];
    struct ip ip;

    if (!str_has_suffix(name, suffix) ||
        str_split(str_slice(name.at, name.size - suffix.size), '.', parts, ARRAY_LEN(parts)) != 4) {
        return false;
    }
    *ret = arena_printf(arena, STR_FMT "." STR_FMT "." STR_FMT "." STR_FMT, STR_ARG(parts[3]),
                        STR_ARG(parts[2]), STR_ARG(parts[1]), STR_ARG(parts[0]));
    return ip_parse(*ret, false, &ip);
}

static void
answer_reverse(struct dns_look *look)
{
    struct str ip;

    if (look->question->type != DNS_PTR || !read_reverse(look->question->name, look->arena, &ip)) {
        return;
    }
    for (const struct dns_reverse *at = map_get(&look->zone->by_ip, ip); at != NULL;
         at = at->next) {
        add_answer(look, arena_printf(look->arena, "@ %d IN PTR %s.svc.%s.", DNS_ZONE_TTL_S,
                                      at->name, look->zone->domain));
        look->ret->is_ours = true;
    }
}

/* ---- the question ---- */

void
dns_zone_answer(const struct dns_zone *zone, const struct dns_question *question,
                struct arena *arena, struct dns_answer *ret)
{
    struct dns_look look = { .zone = zone, .question = question, .arena = arena, .ret = ret };
    struct str domain = str_of(zone->domain), base = question->name, labels[LABELS_MAX];

    *ret = (struct dns_answer){ 0 };
    if (!str_eq(question->name, domain)) {
        if (!str_has_suffix(base, domain) || base.at[base.size - domain.size - 1] != '.') {
            answer_reverse(&look);
            return;
        }
        base.size -= domain.size + 1;
    } else {
        base = (struct str){ 0 };
    }
    ret->is_ours = true;
    if (!answer_apex(&look, base)) {
        answer_labels(&look, labels, str_split(base, '.', labels, ARRAY_LEN(labels)));
    }
    if (ret->answer.len == 0) {
        ret->soa = soa_record(&look, arena_printf(arena, "%s.", zone->domain).at);
    }
}

uint64_t
dns_zone_age(const struct dns_zone *zone)
{
    return zone->age;
}

bool
dns_zone_is_ready(const struct dns_zone *zone)
{
    return backends_is_synced(zone->backends);
}

/* ---- life ---- */

static void
synced(void *ctx)
{
    (void)ctx; /* asked for when a question comes */
}

struct dns_zone *
dns_zone_new(struct backends *backends, const char *domain, const char *address)
{
    struct dns_zone *zone = MEM_NEW(struct dns_zone);

    zone->backends = backends;
    zone->domain = domain;
    zone->address = address;
    backends_listen(backends, dns_zone_reverse_changed, synced, zone);
    return zone;
}

void
dns_zone_free(struct dns_zone *zone)
{
    if (zone != NULL) {
        dns_zone_reverse_done(zone);
        mem_free(zone);
    }
}
