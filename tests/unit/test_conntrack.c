/* Which UDP flows are stale, in the kernel's own table, in a network namespace of the test's own. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/conntrack.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/netlink.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "tests/lib/unit.h"

struct message {
    struct nlmsghdr head;
    struct nfgenmsg family;
    char attributes[512];
};

static struct conntrack_end
end_of(const char *ip, uint16_t port)
{
    struct conntrack_end end = { .port = port };

    assert_true(ip_parse(str_of(ip), false, &end.ip));
    return end;
}

static struct nlattr *
put(struct message *message, unsigned type, const void *bytes, size_t size)
{
    struct nlattr *at = (void *)((char *)message + NLMSG_ALIGN(message->head.nlmsg_len));

    at->nla_type = (uint16_t)type;
    at->nla_len = (uint16_t)(NLA_HDRLEN + size);
    if (size > 0) {
        memcpy((char *)at + NLA_HDRLEN, bytes, size);
    }
    message->head.nlmsg_len = NLMSG_ALIGN(message->head.nlmsg_len) + NLA_ALIGN(at->nla_len);
    return at;
}

static void
close_nest(struct message *message, struct nlattr *nest)
{
    nest->nla_len = (uint16_t)((char *)message + message->head.nlmsg_len - (char *)nest);
}

static void
put_tuple(struct message *message, unsigned type, const struct conntrack_end *from,
          const struct conntrack_end *to, uint8_t protocol)
{
    uint16_t from_port = htons(from->port), to_port = htons(to->port);
    struct nlattr *tuple = put(message, type | NLA_F_NESTED, NULL, 0);
    struct nlattr *nest = put(message, CTA_TUPLE_IP | NLA_F_NESTED, NULL, 0);

    (void)put(message, CTA_IP_V4_SRC, from->ip.bytes, 4);
    (void)put(message, CTA_IP_V4_DST, to->ip.bytes, 4);
    close_nest(message, nest);
    nest = put(message, CTA_TUPLE_PROTO | NLA_F_NESTED, NULL, 0);
    (void)put(message, CTA_PROTO_NUM, &protocol, 1);
    (void)put(message, CTA_PROTO_SRC_PORT, &from_port, 2);
    (void)put(message, CTA_PROTO_DST_PORT, &to_port, 2);
    close_nest(message, nest);
    close_nest(message, tuple);
}

/* A flow from a client's port to a service, that an end answers. False: the kernel has no such table. */
static bool
add_flow(uint8_t protocol, uint16_t client_port, struct conntrack_end to, struct conntrack_end end)
{
    static struct message message;
    const struct conntrack_end client = end_of("192.0.2.99", client_port);
    uint32_t timeout = htonl(100);

    message = (struct message){
        .head = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct nfgenmsg)),
                  .nlmsg_type = (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_NEW,
                  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE,
                  .nlmsg_seq = 1 },
        .family = { .nfgen_family = AF_INET, .version = NFNETLINK_V0 },
    };
    put_tuple(&message, CTA_TUPLE_ORIG, &client, &to, protocol);
    put_tuple(&message, CTA_TUPLE_REPLY, &end, &client, protocol);
    (void)put(&message, CTA_TIMEOUT, &timeout, sizeof(timeout));
    return netlink_talk(NETLINK_NETFILTER, &message.head, NULL, NULL) == 0;
}

static size_t
clean(struct conntrack_service *services, size_t len)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct err *err = NULL;
    size_t deleted;

    if (conntrack_clean(services, len, arena, &deleted, &err) < 0) {
        fail_msg("%s", err->message);
    }
    return deleted;
}

static void
test_stale(void **state)
{
    const struct conntrack_end service = end_of("10.43.0.10", 53), other = end_of("10.43.0.11", 53);
    const struct conntrack_end node = end_of("192.0.2.1", 30053);
    const struct conntrack_end old = end_of("10.42.0.5", 5353), now = end_of("10.42.1.6", 5353);
    struct conntrack_service services[] = {
        { .at = { .port = 30053 }, .ends = &now, .len = 1 },
        { .at = service, .ends = &now, .len = 1 },
    };

    (void)state;
    assert_true(add_flow(IPPROTO_UDP, 1001, service, old));
    assert_true(add_flow(IPPROTO_UDP, 1002, service, now));
    assert_true(
        add_flow(IPPROTO_UDP, 1003, service, service)); /* went nowhere, before there was an end */
    assert_true(add_flow(IPPROTO_UDP, 1004, other, old)); /* not asked about */
    assert_true(add_flow(IPPROTO_UDP, 1005, node, old));
    assert_true(add_flow(IPPROTO_UDP, 1006, node, now));
    assert_int_equal(clean(services, 2), 3);
    assert_int_equal(clean(services, 2), 0); /* they are gone, the others are there */
    services[0].ends = services[1].ends = &old;
    assert_int_equal(clean(services, 2), 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_stale) };
    struct conntrack_end end = { .port = 1 };

    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 || !add_flow(IPPROTO_UDP, 1, end, end)) {
        print_message(
            "1..0 # SKIP no network namespace with connection tracking may be made here\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
