/* Routes to pods of other nodes, in a network namespace of the test's own. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/netlink.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "tests/lib/unit.h"

static struct netlink_route
route_of(const char *to, const char *via)
{
    struct netlink_route route;

    assert_true(ip_parse_net(str_of(to), false, &route.to));
    assert_true(ip_parse(str_of(via), false, &route.via));
    return route;
}

/* 192.0.2.1/24 on a segment of its own: the loopback interface will do. */
static bool
set_segment(void)
{
    struct ifreq request = { .ifr_name = "lo" };
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(0xc0000201) } };
    struct sockaddr_in mask = { .sin_family = AF_INET, .sin_addr = { htonl(0xffffff00) } };
    AUTO_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memcpy(&request.ifr_addr, &address, sizeof(address));
    if (ioctl(fd, SIOCSIFADDR, &request) < 0) {
        return false;
    }
    memcpy(&request.ifr_netmask, &mask, sizeof(mask));
    if (ioctl(fd, SIOCSIFNETMASK, &request) < 0) {
        return false;
    }
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    return ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}

static bool
set_up(void)
{
    return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 && set_segment();
}

static size_t
routes(struct arena *arena, struct netlink_route **ret)
{
    struct err *err = NULL;
    size_t len;

    assert_int_equal(netlink_routes(arena, ret, &len, &err), 0);
    return len;
}

static void
test_routes(void **state)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct netlink_route one = route_of("10.42.1.0/24", "192.0.2.7");
    struct netlink_route two = route_of("10.42.2.0/24", "192.0.2.8");
    struct netlink_route moved = route_of("10.42.1.0/24", "192.0.2.9"), *got;
    struct err *err = NULL;

    (void)state;
    assert_int_equal(routes(arena, &got), 0); /* the kernel's own are not ours */
    assert_int_equal(netlink_route_put(&one, &err), 0);
    assert_int_equal(netlink_route_put(&two, &err), 0);
    assert_int_equal(routes(arena, &got), 2);
    assert_true(str_is(ip_net_text(&got[0].to, arena), "10.42.1.0/24"));
    assert_true(str_is(ip_text(&got[0].via, arena), "192.0.2.7"));

    assert_int_equal(netlink_route_put(&moved, &err), 0); /* replaces */
    assert_int_equal(routes(arena, &got), 2);
    assert_true(str_is(ip_text(&got[0].via, arena), "192.0.2.9"));

    assert_int_equal(netlink_route_del(&moved, &err), 0);
    assert_int_equal(netlink_route_del(&moved, &err), 0); /* there or not */
    assert_int_equal(routes(arena, &got), 1);
    assert_true(str_is(ip_net_text(&got[0].to, arena), "10.42.2.0/24"));
}

static void
test_unreachable(void **state)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct netlink_route far = route_of("10.42.3.0/24", "198.51.100.1"), *got;
    struct err *err = NULL;
    size_t before = routes(arena, &got);

    (void)state;
    assert_int_equal(netlink_route_put(&far, &err), -1);
    assert_string_equal(err->message, "set a route: Network is unreachable");
    err_free(err);
    assert_int_equal(routes(arena, &got), before);
}

/* Bound by its own name, twice set. */
static void
test_address(void **state)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(0x0a2b000a) } };
    AUTO_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct err *err = NULL;
    struct ip ip;

    (void)state;
    assert_true(ip_parse(STR("10.43.0.10"), false, &ip));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), -1);
    assert_int_equal(netlink_address_put(&ip, &err), 0);
    assert_int_equal(netlink_address_put(&ip, &err), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_unreachable),
        cmocka_unit_test(test_address),
    };

    if (!set_up()) {
        print_message("1..0 # SKIP no network namespace may be made here\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
