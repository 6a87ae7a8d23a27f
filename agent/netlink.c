/* Netlink, and routes by it. Called by peers and conntrack; blocking for microseconds. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/vec.h"

enum { ANSWER_MAX = 64 * 1024, V4_SIZE = 4, WAIT_S = 2, ROUTES_MAX = 10000 };

struct request {
    struct nlmsghdr head;
    struct rtmsg route;
    char attributes[64];
};
typedef VEC(struct netlink_route) route_list;

static void
put_address(struct nlmsghdr *head, uint16_t type, const struct ip *ip)
{
    struct rtattr *at = (struct rtattr *)(void *)((char *)head + NLMSG_ALIGN(head->nlmsg_len));

    at->rta_type = type;
    at->rta_len = RTA_LENGTH(V4_SIZE);
    memcpy(RTA_DATA(at), ip->bytes, V4_SIZE);
    head->nlmsg_len = NLMSG_ALIGN(head->nlmsg_len) + RTA_ALIGN(at->rta_len);
}

static struct request
request_of(uint16_t type, uint16_t flags)
{
    return (struct request){
        .head = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
                  .nlmsg_type = type,
                  .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
                  .nlmsg_seq = 1 },
        .route = { .rtm_family = AF_INET,
                   .rtm_table = RT_TABLE_MAIN,
                   .rtm_protocol = NETLINK_PROTOCOL,
                   .rtm_scope = RT_SCOPE_UNIVERSE,
                   .rtm_type = RTN_UNICAST },
    };
}

/* 1: that was the end of the answer, 0: more comes, -1 with errno */
static int
read_messages(char *bytes, size_t size, netlink_each_fn *each, void *ctx)
{
    for (struct nlmsghdr *head = (struct nlmsghdr *)(void *)bytes; NLMSG_OK(head, size);
         head = NLMSG_NEXT(head, size)) {
        if (head->nlmsg_type == NLMSG_DONE) {
            return 1;
        }
        if (head->nlmsg_type == NLMSG_ERROR) {
            errno = -((struct nlmsgerr *)NLMSG_DATA(head))->error;
            return errno == 0 ? 1 : -1;
        }
        if (each != NULL) {
            each(ctx, head);
        }
    }
    return 0;
}

int
netlink_talk(int family, const struct nlmsghdr *request, netlink_each_fn *each, void *ctx)
{
    AUTO_FREE char *answer = mem_new(ANSWER_MAX);
    AUTO_FD int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, family);
    struct timeval wait = { .tv_sec = WAIT_S };
    int rc = 0;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0 ||
        send(fd, request, request->nlmsg_len, 0) < 0) {
        return -1;
    }
    while (rc == 0) {
        ssize_t size = recv(fd, answer, ANSWER_MAX, 0);

        if (size < 0) {
            return -1;
        }
        rc = read_messages(answer, (size_t)size, each, ctx);
    }
    return rc < 0 ? -1 : 0;
}

/* ---- routes ---- */

/* Is it one of ours? */
static bool
read_route(const struct nlmsghdr *head, struct netlink_route *ret)
{
    const struct rtmsg *route = NLMSG_DATA(head);
    size_t size = head->nlmsg_len - NLMSG_LENGTH(sizeof(*route));
    bool has_to = false, has_via = false;

    if (head->nlmsg_type != RTM_NEWROUTE || route->rtm_protocol != NETLINK_PROTOCOL ||
        route->rtm_family != AF_INET || route->rtm_table != RT_TABLE_MAIN) {
        return false;
    }
    *ret = (struct netlink_route){ .to.bits = route->rtm_dst_len };
    for (const struct rtattr *at = RTM_RTA(route); RTA_OK(at, size); at = RTA_NEXT(at, size)) {
        if (at->rta_type == RTA_DST && RTA_PAYLOAD(at) == V4_SIZE) {
            memcpy(ret->to.ip.bytes, RTA_DATA(at), V4_SIZE);
            has_to = true;
        }
        if (at->rta_type == RTA_GATEWAY && RTA_PAYLOAD(at) == V4_SIZE) {
            memcpy(ret->via.bytes, RTA_DATA(at), V4_SIZE);
            has_via = true;
        }
    }
    return has_to && has_via;
}

static void
add_route(void *ctx, const struct nlmsghdr *head)
{
    route_list *list = ctx;
    struct netlink_route route;

    if (list->len < ROUTES_MAX && read_route(head, &route)) {
        VEC_ADD(*list, route);
    }
}

int
netlink_routes(struct arena *arena, struct netlink_route **ret, size_t *ret_len, struct err **err)
{
    struct request request = request_of(RTM_GETROUTE, NLM_F_DUMP);
    route_list list = { 0 };

    if (netlink_talk(NETLINK_ROUTE, &request.head, add_route, &list) < 0) {
        VEC_DONE(list);
        return err_sys(err, errno, "read the kernel's routes");
    }
    *ret = arena_array(arena, list.len + 1, sizeof(**ret));
    if (list.len > 0) {
        memcpy(*ret, list.at, list.len * sizeof(**ret));
    }
    *ret_len = list.len;
    VEC_DONE(list);
    return 0;
}

static int
change(uint16_t type, uint16_t flags, const struct netlink_route *route)
{
    struct request request = request_of(type, (uint16_t)(NLM_F_ACK | flags));

    request.route.rtm_dst_len = route->to.bits;
    put_address(&request.head, RTA_DST, &route->to.ip);
    put_address(&request.head, RTA_GATEWAY, &route->via);
    return netlink_talk(NETLINK_ROUTE, &request.head, NULL, NULL);
}

int
netlink_route_put(const struct netlink_route *route, struct err **err)
{
    return change(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route) < 0
               ? err_sys(err, errno, "set a route")
               : 0;
}

int
netlink_route_del(const struct netlink_route *route, struct err **err)
{
    return change(RTM_DELROUTE, 0, route) < 0 && errno != ESRCH
               ? err_sys(err, errno, "remove a route")
               : 0;
}

/* ---- addresses ---- */

int
netlink_address_put(const struct ip *ip, struct err **err)
{
    struct {
        struct nlmsghdr head;
        struct ifaddrmsg address;
        char attributes[64];
    } request = {
        .head = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg)),
                  .nlmsg_type = RTM_NEWADDR,
                  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
                  .nlmsg_seq = 1 },
        .address = { .ifa_family = AF_INET,
                     .ifa_prefixlen = V4_SIZE * 8,
                     .ifa_scope = RT_SCOPE_HOST,
                     .ifa_index = if_nametoindex("lo") },
    };

    put_address(&request.head, IFA_LOCAL, ip);
    put_address(&request.head, IFA_ADDRESS, ip);
    return netlink_talk(NETLINK_ROUTE, &request.head, NULL, NULL) < 0
               ? err_sys(err, errno, "set an address")
               : 0;
}
