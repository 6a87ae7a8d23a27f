/* What the network's parts of the agent cost with many Services: planning, transactions of nft beside
 * a bare one, answers of the cluster's DNS.
 *
 * Run by hand, as root: bench_net [SERVICES]. Needs nft; the rules are in a network namespace of its own. */
#include "config.h" /* IWYU pragma: keep */

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/backends.h"
#include "agent/dns_wire.h"
#include "agent/dns_zone.h"
#include "agent/proxy_nft.h"
#include "agent/proxy_plan.h"
#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/proc.h"

enum { ENDPOINTS = 10, CHANGES = 21, ANSWERS = 50000, NFT_MS = 60 * 1000 };

static const struct registry *registry;
static struct loop *loop;

static double
now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void
fail(const char *what)
{
    (void)fprintf(stderr, "bench_net: %s\n", what);
    exit(1);
}

static int
by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* ---- objects ---- */

static struct object *
publish(const char *group, const char *plural, struct str json)
{
    struct object *object = NULL;
    struct err *err = NULL;

    if (object_publish(registry_any_version(registry, str_of(group), str_of(plural)), json, 1, 1,
                       &object, &err) < 0) {
        fail(err->message);
    }
    return object;
}

static struct object *
service(size_t i)
{
    AUTO_STR struct str_builder json = { 0 };

    str_putf(
        &json,
        "{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"web-%zu\","
        "\"namespace\":\"shop\"},\"spec\":{\"clusterIP\":\"10.43.%zu.%zu\",\"clusterIPs\":["
        "\"10.43.%zu.%zu\"],\"ports\":[{\"name\":\"http\",\"port\":80,\"protocol\":\"TCP\"}]}}",
        i, i / 250, i % 250 + 1, i / 250, i % 250 + 1);
    return publish("", "services", str_view(&json));
}

static struct object *
slice(size_t i, size_t len)
{
    AUTO_STR struct str_builder json = { 0 };

    str_putf(&json,
             "{\"kind\":\"EndpointSlice\",\"apiVersion\":\"discovery.k8s.io/v1\",\"metadata\":{"
             "\"name\":\"web-%zu-x\",\"namespace\":\"shop\",\"labels\":{"
             "\"kubernetes.io/service-name\":\"web-%zu\"}},\"addressType\":\"IPv4\",\"ports\":[{"
             "\"name\":\"http\",\"port\":8080,\"protocol\":\"TCP\"}],\"endpoints\":[",
             i, i);
    for (size_t e = 0; e < len; e++) {
        str_putf(&json, "%s{\"addresses\":[\"10.42.%zu.%zu\"],\"conditions\":{\"ready\":true}}",
                 e > 0 ? "," : "", (i * ENDPOINTS + e) / 250 % 250, (i * ENDPOINTS + e) % 250 + 1);
    }
    str_putz(&json, "]}");
    return publish("discovery.k8s.io", "endpointslices", str_view(&json));
}

/* ---- rules ---- */

static void
plan(struct proxy_nft *nft, struct object *service_object, struct object *slice_object)
{
    const struct proxy_node node = { .name = STR("n1") };
    struct proxy_items items;
    struct val slices[1];

    object_pin(service_object);
    object_pin(slice_object);
    slices[0] = object_val(slice_object);
    proxy_plan(object_val(service_object), slices, 1, &node, &items);
    proxy_nft_set(nft, service_object->name, &items);
    object_unpin(slice_object);
    object_unpin(service_object);
}

static void
nft_ended(void *ctx, const struct proc_result *result, struct err *owned)
{
    if (owned != NULL || result->status != 0) {
        fail("nft failed");
    }
    *(bool *)ctx = true;
}

static void
apply(struct str text)
{
    static const char *const argv[] = { "nft", "-f", "-", NULL };
    const struct proc_spec spec = { .argv = argv, .timeout_ms = NFT_MS, .input = text };
    bool is_done = false;

    (void)proc_start(loop, &spec, nft_ended, &is_done);
    while (!is_done) {
        (void)loop_turn(loop, 100);
    }
}

static void
bench_rules(struct object **services, struct object **slices, size_t len)
{
    struct proxy_nft *nft = proxy_nft_new();
    AUTO_STR struct str_builder text = { 0 };
    double whole[CHANGES], bare[CHANGES], began = now_ms();

    proxy_nft_pod_cidr(nft, STR("10.42.0.0/24"));
    for (size_t i = 0; i < len; i++) {
        plan(nft, services[i], slices[i]);
    }
    (void)printf("%-36s %8.2f ms\n", "plan of all", now_ms() - began);
    began = now_ms();
    (void)proxy_nft_write(nft, 0, &text);
    (void)printf("%-36s %8.2f ms, %zu KiB\n", "text of all", now_ms() - began, text.size >> 10);
    began = now_ms();
    apply(str_view(&text));
    (void)printf("%-36s %8.2f ms\n", "nft takes all", now_ms() - began);
    for (size_t i = 0; i < CHANGES; i++) { /* one endpoint less, and one more again */
        struct object *now = slice(i / 2, ENDPOINTS - (i + 1) % 2);

        text.size = 0;
        began = now_ms();
        plan(nft, services[i / 2], now);
        (void)proxy_nft_write(nft, 0, &text);
        apply(str_view(&text));
        whole[i] = now_ms() - began;
        began = now_ms();
        apply(STR("add table ip bare\ndelete table ip bare\n"));
        bare[i] = now_ms() - began;
        object_unref(now);
    }
    qsort(whole, CHANGES, sizeof(whole[0]), by_size);
    qsort(bare, CHANGES, sizeof(bare[0]), by_size);
    (void)printf("%-36s %8.2f ms, of which a bare nft %.2f ms: %.2f times\n",
                 "an endpoint's change to its rules", whole[CHANGES / 2], bare[CHANGES / 2],
                 whole[CHANGES / 2] / bare[CHANGES / 2]);
    proxy_nft_free(nft);
}

/* ---- names ---- */

/* A bare loop: the question comes in, the same bytes go out. → us each */
static double
echo(struct str question)
{
    int pair[2];
    char bytes[1500];
    double began = now_ms();

    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0) {
        fail("no socket");
    }
    for (int i = 0; i < ANSWERS; i++) {
        if (send(pair[0], question.at, question.size, 0) < 0 ||
            recv(pair[1], bytes, sizeof(bytes), 0) < 0) {
            fail("no datagram");
        }
    }
    (void)close(pair[0]);
    (void)close(pair[1]);
    return (now_ms() - began) * 1e3 / ANSWERS;
}

static void
bench_names(struct object **services, size_t len)
{
    AUTO_ARENA struct arena *arena = arena_new(), *asked = arena_new();
    struct backends *backends = backends_new();
    struct dns_zone *zone = dns_zone_new(backends, "cluster.local", "127.0.0.1");
    struct str question = dns_wire_ask(STR("web-7.shop.svc.cluster.local"), DNS_A, 7, asked);
    double began, ours;

    for (size_t i = 0; i < len; i++) {
        backends_service(backends, NULL, services[i]);
    }
    began = now_ms();
    for (int i = 0; i < ANSWERS; i++) {
        struct dns_wire *wire = dns_wire_new(question);
        struct dns_answer answer;

        dns_zone_answer(zone, dns_wire_question(wire), arena, &answer);
        if (dns_wire_answer(wire, &answer, (struct str){ 0 }, 512, arena).size <= question.size) {
            fail("no answer");
        }
        dns_wire_free(wire);
        arena_reset(arena);
    }
    ours = (now_ms() - began) * 1e3 / ANSWERS;
    (void)printf("%-36s %8.2f us, beside a bare datagram's way there and out of %.2f us\n",
                 "a name's answer", ours, echo(question));
    dns_zone_free(zone);
    backends_free(backends);
}

int
main(int argc, char **argv)
{
    size_t len = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    struct object **services = mem_new_array(len, sizeof(*services));
    struct object **slices = mem_new_array(len, sizeof(*slices));

    registry = registry_new(kinds_builtin, kinds_builtin_len);
    loop = loop_new();
    for (size_t i = 0; i < len; i++) {
        services[i] = service(i);
        slices[i] = slice(i, ENDPOINTS);
    }
    bench_names(services, len);
    if (unshare(CLONE_NEWNET) == 0) {
        bench_rules(services, slices, len);
    } else {
        (void)printf("rules: skipped, no network namespace may be made here\n");
    }
    for (size_t i = 0; i < len; i++) {
        object_unref(services[i]);
        object_unref(slices[i]);
    }
    mem_free(services);
    mem_free(slices);
    loop_free(loop);
    return 0;
}
