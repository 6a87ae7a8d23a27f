/* The cluster's name server with clients and another name server on loopback. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/dns_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/backends.h"
#include "agent/dns_forward.h"
#include "agent/dns_wire.h"
#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/loop.h"
#include "client/informer.h"
#include "tests/lib/fake_client.h"
#include "tests/lib/unit.h"

enum { TURN_MS = 5, TURNS_MAX = 400, MESSAGE_MAX = 4096 };

struct world {
    struct arena *arena;
    struct loop *loop;
    struct fake_client *fake;
    struct registry *registry;
    struct informers *informers;
    struct backends *backends;
    struct dns_zone *zone;
    struct dns_forward *forward;
    struct dns_server *server;
    int upstream; /* socket of another name server */
    int client;   /* UDP */
    char resolv[64];
    char in[MESSAGE_MAX];
};

static int
udp_socket(int to_port, int *ret_port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    if (ret_port != NULL) {
        assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
        *ret_port = ntohs(address.sin_port);
    } else {
        address.sin_port = htons((uint16_t)to_port);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
    }
    return fd;
}

static void
write_resolv(struct world *world, const char *text)
{
    int fd;

    (void)snprintf(world->resolv, sizeof(world->resolv), "/tmp/binnacle-resolv.XXXXXX");
    fd = mkstemp(world->resolv);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
}

static int
world_open(void **state)
{
    static struct world world;
    struct err *err = NULL;
    int port;

    clock_stop(1764000000000);
    world = (struct world){ .arena = arena_new(),
                            .loop = loop_new(),
                            .registry = registry_new(kinds_builtin, kinds_builtin_len) };
    world.fake = fake_client_new(world.loop);
    world.informers = informers_new(world.loop, &world.fake->client);
    world.backends = backends_new();
    world.upstream = udp_socket(0, &port);
    write_resolv(&world, "# the host's\nsearch example.com\nnameserver 127.9.9.9\n"
                         "nameserver 127.0.0.1\n");
    world.zone = dns_zone_new(world.backends, "cluster.local", "127.9.9.9");
    world.forward = dns_forward_new(&(struct dns_forward_spec){ .loop = world.loop,
                                                                .resolv_conf = world.resolv,
                                                                .own_address = "127.9.9.9",
                                                                .port = port });
    backends_follow(world.backends, world.informers, world.registry);
    const struct dns_server_spec spec = {
        .loop = world.loop, .zone = world.zone, .forward = world.forward, .address = "127.0.0.1"
    };

    assert_int_equal(dns_server_new(&spec, &world.server, &err), 0);
    world.client = udp_socket(dns_server_port(world.server), NULL);
    fake_client_settle(world.loop);
    *state = &world;
    return 0;
}

static int
world_close(void **state)
{
    struct world *world = *state;

    dns_server_free(world->server);
    dns_forward_free(world->forward);
    dns_zone_free(world->zone);
    backends_free(world->backends);
    informers_free(world->informers);
    fake_client_settle(world->loop);
    client_free(&world->fake->client);
    registry_unref(world->registry);
    loop_free(world->loop);
    arena_free(world->arena);
    (void)close(world->upstream);
    (void)close(world->client);
    (void)unlink(world->resolv);
    clock_run();
    return 0;
}

/* The API answers: one Service with an address, one that is an alias. */
static void
sync_backends(struct world *world)
{
    const struct resource *services =
        registry_find(world->registry, STR(""), STR("v1"), STR("services"));
    struct object *items[] = {
        fake_client_object(services, 4,
                           "{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
                           "\"out\",\"namespace\":\"shop\"},\"spec\":{\"type\":\"ExternalName\","
                           "\"externalName\":\"db.example.com\"}}"),
        fake_client_object(services, 5,
                           "{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
                           "\"web\",\"namespace\":\"shop\"},\"spec\":{\"clusterIP\":\"10.43.0.20\","
                           "\"clusterIPs\":[\"10.43.0.20\"],\"ports\":[{\"port\":80}]}}"),
        fake_client_object(services, 6,
                           "{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
                           "\"within\",\"namespace\":\"shop\"},\"spec\":{\"type\":\"ExternalName\","
                           "\"externalName\":\"web.shop.svc.cluster.local\"}}"),
    };

    fake_client_list(fake_client_expect(world->fake, "GET /api/v1/services"), items, 3, 9, NULL);
    fake_client_list(
        fake_client_expect(world->fake, "GET /apis/discovery.k8s.io/v1/endpointslices"), NULL, 0, 9,
        NULL);
    for (size_t i = 0; i < 3; i++) {
        object_unref(items[i]);
    }
    fake_client_settle(world->loop);
    assert_true(dns_zone_is_ready(world->zone));
}

/* What comes to that socket, absent: nothing does. */
static struct str
hear(struct world *world, int fd, struct sockaddr_in *from)
{
    for (int i = 0; i < TURNS_MAX; i++) {
        socklen_t size = sizeof(*from);
        ssize_t got = recvfrom(fd, world->in, sizeof(world->in), 0, (struct sockaddr *)from,
                               from == NULL ? NULL : &size);

        if (got >= 0) {
            return arena_dup(world->arena, str_slice(world->in, (size_t)got));
        }
        assert_int_equal(errno, EAGAIN);
        (void)loop_turn(world->loop, TURN_MS);
    }
    return (struct str){ 0 };
}

static void
say(int fd, struct str bytes, const struct sockaddr_in *to)
{
    assert_int_equal(sendto(fd, bytes.at, bytes.size, 0, (const struct sockaddr *)to,
                            to == NULL ? 0 : sizeof(*to)),
                     (ssize_t)bytes.size);
}

static int
rcode_of(struct str answer)
{
    assert_true(answer.size >= 12);
    return answer.at[3] & 0xf;
}

static size_t
answers_in(struct str answer)
{
    assert_true(answer.size >= 12);
    return (size_t)((uint8_t)answer.at[6] << 8 | (uint8_t)answer.at[7]);
}

static struct str
ask(struct world *world, const char *name)
{
    struct str question = dns_wire_ask(str_of(name), DNS_A, 0x4242, world->arena);

    say(world->client, question, NULL);
    return question;
}

/* What the other server is asked, and its answer: one address. */
static struct str
upstream_answers(struct world *world)
{
    struct sockaddr_in from;
    struct str question = hear(world, world->upstream, &from);
    struct str records[] = { STR("@ 300 IN A 192.0.2.7") };
    struct dns_answer answer = { .is_ours = true, .answer = { records, 1 } };
    struct dns_wire *wire = dns_wire_new(question);

    assert_non_null(wire);
    say(world->upstream, dns_wire_answer(wire, &answer, (struct str){ 0 }, 512, world->arena),
        &from);
    dns_wire_free(wire);
    return question;
}

static void
test_own_names(void **state)
{
    struct world *world = *state;
    struct str answer, question = ask(world, "web.shop.svc.cluster.local");

    answer = hear(world, world->client, NULL);
    assert_int_equal(rcode_of(answer), DNS_SERVFAIL); /* not known yet is not "no such name" */

    sync_backends(world);
    say(world->client, question, NULL);
    answer = hear(world, world->client, NULL);
    assert_true(dns_wire_is_answer(question, answer));
    assert_int_equal(rcode_of(answer), DNS_NOERROR);
    assert_int_equal(answers_in(answer), 1);
    assert_memory_equal(answer.at + answer.size - 4, "\x0a\x2b\x00\x14", 4);

    (void)ask(world, "none.shop.svc.cluster.local");
    assert_int_equal(rcode_of(hear(world, world->client, NULL)), DNS_NXDOMAIN);
}

/* The same question again is answered from memory, until a Service changes. */
static void
test_again(void **state)
{
    struct world *world = *state;
    const struct resource *services =
        registry_find(world->registry, STR(""), STR("v1"), STR("services"));
    struct str question = dns_wire_ask(STR("new.shop.svc.cluster.local"), DNS_A, 1, world->arena);
    char *again = arena_dupz(world->arena, question);
    struct str first, second;
    struct object *made;

    sync_backends(world);
    say(world->client, question, NULL);
    first = hear(world, world->client, NULL);
    assert_int_equal(rcode_of(first), DNS_NXDOMAIN);
    dns_wire_set_id(again, 0x7777);
    say(world->client, str_slice(again, question.size), NULL);
    second = hear(world, world->client, NULL);
    assert_memory_equal(second.at, "\x77\x77", 2);
    assert_int_equal(second.size, first.size);
    assert_memory_equal(second.at + 2, first.at + 2, first.size - 2);

    made = fake_client_object(services, 12,
                              "{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{"
                              "\"name\":\"new\",\"namespace\":\"shop\"},\"spec\":{\"clusterIPs\":"
                              "[\"10.43.0.30\"],\"ports\":[{\"port\":80}]}}");
    backends_service(world->backends, NULL, made);
    object_unref(made);
    say(world->client, question, NULL);
    assert_int_equal(rcode_of(hear(world, world->client, NULL)), DNS_NOERROR);
}

static void
test_rubbish(void **state)
{
    struct world *world = *state;

    sync_backends(world);
    say(world->client, STR("rubbish"), NULL);
    (void)ask(world, "web.shop.svc.cluster.local");
    assert_int_equal(rcode_of(hear(world, world->client, NULL)), DNS_NOERROR); /* only that one */
    assert_int_equal(dns_server_waiting(world->server), 0);
}

static void
test_other_names(void **state)
{
    struct world *world = *state;
    struct str question = ask(world, "db.example.com"), asked, answer;

    asked = upstream_answers(world);
    assert_int_equal(asked.size, question.size);
    answer = hear(world, world->client, NULL);
    assert_true(dns_wire_is_answer(question, answer)); /* with the client's id */
    assert_int_equal(answers_in(answer), 1);
    assert_int_equal(dns_server_waiting(world->server), 0);
}

/* An answer that is none of what was asked is not listened to. */
static void
test_forged(void **state)
{
    struct world *world = *state;
    struct sockaddr_in from;
    struct str question = ask(world, "db.example.com"), asked;
    char *forged;

    asked = hear(world, world->upstream, &from);
    forged = arena_dupz(world->arena, asked);
    forged[2] = (char)(forged[2] | 0x80);
    forged[0] = (char)(forged[0] ^ 0x55);
    say(world->upstream, str_slice(forged, asked.size), &from);
    forged[0] = asked.at[0];
    forged[3] = DNS_NXDOMAIN;
    say(world->upstream, str_slice(forged, asked.size), &from);
    asked = hear(world, world->client, NULL);
    assert_true(dns_wire_is_answer(question, asked));
    assert_int_equal(rcode_of(asked), DNS_NXDOMAIN);
}

static void
test_silence(void **state)
{
    struct world *world = *state;

    (void)ask(world, "db.example.com");
    for (int i = 0; i < 3; i++) { /* tries */
        struct sockaddr_in from;

        assert_true(hear(world, world->upstream, &from).size > 0);
        clock_warp(2001);
    }
    assert_int_equal(rcode_of(hear(world, world->client, NULL)), DNS_SERVFAIL);
}

static void
test_alias(void **state)
{
    struct world *world = *state;
    struct str answer;

    sync_backends(world);
    (void)ask(world, "out.shop.svc.cluster.local");
    (void)upstream_answers(world);
    answer = hear(world, world->client, NULL);
    assert_int_equal(answers_in(answer), 2);
    assert_memory_equal(answer.at + answer.size - 4, "\xc0\x00\x02\x07", 4);

    (void)ask(world, "within.shop.svc.cluster.local");
    answer = hear(world, world->client, NULL);
    assert_int_equal(answers_in(answer), 2);
    assert_memory_equal(answer.at + answer.size - 4, "\x0a\x2b\x00\x14", 4);
}

/* By TCP: a connection, a message with its length, the next whole message that comes. */
static int
tcp_client(struct world *world)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)dns_server_port(world->server)),
                              .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static void
say_long(struct world *world, int fd, struct str message)
{
    struct str_builder whole = { 0 };

    str_putc(&whole, (char)(message.size >> 8));
    str_putc(&whole, (char)(message.size & 0xff));
    str_put(&whole, message);
    say(fd, arena_dup(world->arena, str_view(&whole)), NULL);
    str_done(&whole);
}

static struct str
hear_long(struct world *world, int fd)
{
    size_t got = 0, size = 2;

    for (int i = 0; i < TURNS_MAX && got < size; i++) {
        ssize_t more = recv(fd, world->in + got, size - got, MSG_DONTWAIT);

        got += more > 0 ? (size_t)more : 0;
        if (got == 2) {
            size = 2 + (size_t)((uint8_t)world->in[0] << 8 | (uint8_t)world->in[1]);
        }
        (void)loop_turn(world->loop, more > 0 ? 0 : TURN_MS);
    }
    assert_int_equal(got, size);
    return arena_dup(world->arena, str_slice(world->in + 2, size - 2));
}

/* Two questions at once: one after the other is answered. Then the client goes. */
static void
test_tcp(void **state)
{
    struct world *world = *state;
    struct str question = dns_wire_ask(STR("web.shop.svc.cluster.local"), DNS_A, 7, world->arena);
    int fd = tcp_client(world);

    sync_backends(world);
    say_long(world, fd, question);
    say_long(world, fd, question);
    assert_true(dns_wire_is_answer(question, hear_long(world, fd)));
    assert_true(dns_wire_is_answer(question, hear_long(world, fd)));
    (void)close(fd);
}

/* Who asks by TCP is answered by what others say by TCP; an end without an answer is another try. */
static void
test_tcp_other_names(void **state)
{
    struct world *world = *state;
    struct sockaddr_in at;
    socklen_t size = sizeof(at);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int fd = tcp_client(world), upstream = -1;
    struct str question = dns_wire_ask(STR("db.example.com"), DNS_A, 9, world->arena);

    assert_int_equal(getsockname(world->upstream, (struct sockaddr *)&at, &size), 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(listener, 4), 0);
    say_long(world, fd, question);
    for (int tries = 0; tries < 2; tries++) {
        if (upstream >= 0) {
            (void)close(upstream);
        }
        for (int i = 0;
             i < TURNS_MAX && (upstream = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) < 0; i++) {
            (void)loop_turn(world->loop, TURN_MS);
        }
        assert_true(upstream >= 0);
    }
    struct str asked = hear_long(world, upstream);
    char *answer = arena_dupz(world->arena, asked);

    assert_int_equal(asked.size, question.size);
    answer[2] = (char)(answer[2] | 0x80);
    say_long(world, upstream, str_slice(answer, asked.size));
    assert_true(dns_wire_is_answer(question, hear_long(world, fd)));
    (void)close(upstream);
    (void)close(listener);
    (void)close(fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_own_names, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_again, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_rubbish, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_other_names, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_forged, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_silence, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_alias, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_tcp, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_tcp_other_names, world_open, world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
