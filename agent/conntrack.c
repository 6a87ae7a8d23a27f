/* Stale UDP flows, by ctnetlink. Called by proxy_flows on a job thread.
 *
 * What is stale follows pkg/proxy/conntrack/cleanup.go, release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/netlink.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

enum { DELETE_MAX = 100000, V4_SIZE = 4, TUPLE_MAX = 256 };

struct request {
    struct nlmsghdr head;
    struct nfgenmsg family;
    char attributes[TUPLE_MAX];
};
/* One direction of a flow. */
struct tuple {
    struct conntrack_end from, to;
    uint8_t protocol;
    struct str bytes; /* the attribute, as it came */
};
struct stale {
    struct stale *next;
    struct str tuple;
};
struct walk {
    const struct conntrack_service *services;
    size_t len;
    struct arena *arena;
    struct stale *first;
    size_t stale_len;
};

/* ---- attributes ---- */

/* The attribute of that type in a row of them; absent when there is none or what there is is cut off. */
static struct str
attribute(struct str row, unsigned type)
{
    while (row.size >= NLA_HDRLEN) {
        struct nlattr at;

        memcpy(&at, row.at, sizeof(at));
        if (at.nla_len < NLA_HDRLEN || at.nla_len > row.size) {
            break;
        }
        if ((at.nla_type & NLA_TYPE_MASK) == type) {
            return str_slice(row.at + NLA_HDRLEN, at.nla_len - NLA_HDRLEN);
        }
        size_t step = NLA_ALIGN(at.nla_len);

        row = step >= row.size ? (struct str){ 0 } : str_slice(row.at + step, row.size - step);
    }
    return (struct str){ 0 };
}

static bool
read_end(struct str ip, struct str port, struct conntrack_end *ret)
{
    uint16_t number;

    if (ip.size != V4_SIZE || port.size != sizeof(number)) {
        return false;
    }
    *ret = (struct conntrack_end){ 0 };
    memcpy(ret->ip.bytes, ip.at, V4_SIZE);
    memcpy(&number, port.at, sizeof(number));
    ret->port = ntohs(number);
    return true;
}

static bool
read_tuple(struct str row, unsigned type, struct tuple *ret)
{
    struct str bytes = attribute(row, type);
    struct str ips = attribute(bytes, CTA_TUPLE_IP), ports = attribute(bytes, CTA_TUPLE_PROTO);
    struct str protocol = attribute(ports, CTA_PROTO_NUM);

    if (protocol.size != 1) {
        return false;
    }
    ret->protocol = (uint8_t)protocol.at[0];
    ret->bytes = bytes;
    return read_end(attribute(ips, CTA_IP_V4_SRC), attribute(ports, CTA_PROTO_SRC_PORT),
                    &ret->from) &&
           read_end(attribute(ips, CTA_IP_V4_DST), attribute(ports, CTA_PROTO_DST_PORT), &ret->to);
}

/* ---- which are stale ---- */

static int
end_cmp(const struct conntrack_end *a, const struct conntrack_end *b)
{
    int order = memcmp(a->ip.bytes, b->ip.bytes, V4_SIZE);

    return order != 0 ? order : (a->port > b->port) - (a->port < b->port);
}

static int
by_end(const void *a, const void *b)
{
    return end_cmp(&((const struct conntrack_service *)a)->at,
                   &((const struct conntrack_service *)b)->at);
}

static const struct conntrack_service *
service_at(const struct walk *walk, const struct conntrack_end *at)
{
    const struct conntrack_service key = { .at = *at }, any = { .at.port = at->port };
    const struct conntrack_service *found =
        bsearch(&key, walk->services, walk->len, sizeof(key), by_end);

    return found != NULL ? found : bsearch(&any, walk->services, walk->len, sizeof(any), by_end);
}

static void
look_at_flow(void *ctx, const struct nlmsghdr *head)
{
    struct walk *walk = ctx;
    size_t skip = NLMSG_LENGTH(sizeof(struct nfgenmsg));
    struct tuple original, reply;

    if (head->nlmsg_len < skip || walk->stale_len == DELETE_MAX) {
        return;
    }
    struct str row = str_slice((const char *)head + skip, head->nlmsg_len - skip);

    if (!read_tuple(row, CTA_TUPLE_ORIG, &original) || original.protocol != IPPROTO_UDP ||
        !read_tuple(row, CTA_TUPLE_REPLY, &reply)) {
        return;
    }
    const struct conntrack_service *service = service_at(walk, &original.to);

    for (size_t i = 0; service != NULL && i < service->len; i++) {
        if (end_cmp(&service->ends[i], &reply.from) == 0) {
            return;
        }
    }
    if (service != NULL && original.bytes.size <= TUPLE_MAX - NLA_HDRLEN) {
        struct stale *stale = ARENA_NEW(walk->arena, struct stale);

        *stale = (struct stale){ walk->first, arena_dup(walk->arena, original.bytes) };
        walk->first = stale;
        walk->stale_len++;
    }
}

/* ---- requests ---- */

static struct request
request_of(uint16_t type, uint16_t flags)
{
    return (struct request){
        .head = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct nfgenmsg)),
                  .nlmsg_type = (uint16_t)((NFNL_SUBSYS_CTNETLINK << 8) | type),
                  .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
                  .nlmsg_seq = 1 },
        .family = { .nfgen_family = AF_INET, .version = NFNETLINK_V0 },
    };
}

/* It may have ended by itself meanwhile. */
static int
delete_flow(struct str tuple)
{
    struct request request = request_of(IPCTNL_MSG_CT_DELETE, NLM_F_ACK);
    struct nlattr at = { .nla_len = (uint16_t)(NLA_HDRLEN + tuple.size),
                         .nla_type = CTA_TUPLE_ORIG | NLA_F_NESTED };

    memcpy(request.attributes, &at, sizeof(at));
    memcpy(request.attributes + NLA_HDRLEN, tuple.at, tuple.size);
    request.head.nlmsg_len += (uint32_t)NLA_ALIGN(at.nla_len);
    return netlink_talk(NETLINK_NETFILTER, &request.head, NULL, NULL) < 0 && errno != ENOENT ? -1
                                                                                             : 0;
}

int
conntrack_clean(struct conntrack_service *services, size_t len, struct arena *arena,
                size_t *ret_deleted, struct err **err)
{
    struct request request = request_of(IPCTNL_MSG_CT_GET, NLM_F_DUMP);
    struct walk walk = { .services = services, .len = len, .arena = arena };

    qsort(services, len, sizeof(*services), by_end);
    if (netlink_talk(NETLINK_NETFILTER, &request.head, look_at_flow, &walk) < 0) {
        return err_sys(err, errno, "read the kernel's connections");
    }
    for (struct stale *stale = walk.first; stale != NULL; stale = stale->next) {
        if (delete_flow(stale->tuple) < 0) {
            return err_sys(err, errno, "delete a connection");
        }
    }
    *ret_deleted = walk.stale_len;
    return 0;
}
