/* Cost of the cache: filling it, replacing objects with and without a pin that shares everything,
 * reading by key and by index, and the bytes that its trees take beside the objects.
 *
 * Run by hand: bench_cache [OBJECTS]. */
#include "config.h" /* IWYU pragma: keep */

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "api/object.h"
#include "api/registry.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/cache.h"

enum { NODES = 100, REPLACED = 20000 };

static const struct selectable selectables[] = {
    { .label = "spec.nodeName", .path = "spec.nodeName", .index = 1 },
    { .label = "status.phase", .path = "status.phase", .index = 2 },
};
static const struct resource pods = {
    .group = "",
    .version = "v1",
    .kind = "Pod",
    .plural = "pods",
    .flags = RES_NAMESPACED,
    .selectables = selectables,
    .selectable_len = ARRAY_LEN(selectables),
};

static double
now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct object *
pod(size_t i, uint64_t rev)
{
    AUTO_STR struct str_builder json = { 0 };
    struct object *object = NULL;
    struct err *err = NULL;

    str_putf(
        &json,
        "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"web-5d4f8c9b7c-%06zu\","
        "\"namespace\":\"team-%02zu\",\"uid\":\"%08zu-aaaa-bbbb-cccc-ddddeeeeffff\","
        "\"ownerReferences\":[{\"uid\":\"owner-%05zu\",\"controller\":true}]},"
        "\"spec\":{\"nodeName\":\"node-%03zu\"},\"status\":{\"phase\":\"Running\"}}",
        i, i % 20, i, i / 10, i % NODES);
    if (object_publish(&pods, str_view(&json), rev, rev, &object, &err) < 0) {
        (void)fprintf(stderr, "bench_cache: %s\n", err->message);
        exit(1);
    }
    return object;
}

static void
replace(struct cache *cache, struct object **objects, size_t len, const char *what)
{
    double began = now_us();

    for (size_t i = 0; i < REPLACED; i++) {
        object_unref(cache_put(cache, objects[i * 7919 % len]));
    }
    (void)printf("%-28s %8.2f us each\n", what, (now_us() - began) / REPLACED);
}

int
main(int argc, char **argv)
{
    size_t len = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    struct object **objects = mem_new_array(len, sizeof(*objects));
    struct cache *cache = cache_new();
    struct object *found[4096];
    double began;
    size_t before;
    size_t seen = 0;

    for (size_t i = 0; i < len; i++) {
        objects[i] = pod(i, i + 1);
    }
    before = mallinfo2().uordblks;
    began = now_us();
    for (size_t i = 0; i < len; i++) {
        object_unref(cache_put(cache, objects[i]));
    }
    (void)printf("%-28s %8.2f us each, %zu objects\n", "fill", (now_us() - began) / (double)len,
                 len);
    (void)printf("%-28s %8.1f bytes an object, 5 trees\n", "trees",
                 (double)(mallinfo2().uordblks - before) / (double)len);
    replace(cache, objects, len, "replace");
    began = now_us();
    for (size_t i = 0; i < REPLACED; i++) {
        struct object *object = objects[i * 7919 % len];
        seen += cache_get(cache, &pods, object->ns, object->name) == object ? 1 : 0;
    }
    (void)printf("%-28s %8.2f us each\n", "get", (now_us() - began) / REPLACED);
    began = now_us();
    for (int i = 0; i < 100; i++) {
        seen += cache_by_index(cache, &pods, 1, STR("node-042"), found, ARRAY_LEN(found));
    }
    (void)printf("%-28s %8.2f us, %zu found\n", "one node's pods", (now_us() - began) / 100,
                 len / NODES);
    began = now_us();
    for (int i = 0; i < 1000; i++) {
        cache_free(cache_ref(cache));
    }
    (void)printf("%-28s %8.2f us\n", "pin and free", (now_us() - began) / 1000);
    struct cache *pin = cache_ref(cache);
    replace(cache, objects, len, "replace, all of it pinned");
    cache_free(pin);
    (void)printf("%-28s %8zu\n", "checked", seen);
    cache_free(cache);
    for (size_t i = 0; i < len; i++) {
        object_unref(objects[i]);
    }
    mem_free(objects);
    return 0;
}
