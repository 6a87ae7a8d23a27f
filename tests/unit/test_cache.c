/* client/cache: against a sorted array, with pins held over thousands of random changes. */
#include "config.h" /* IWYU pragma: keep */

#include "client/cache.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/registry.h"
#include "base/arena.h"
#include "base/mem.h"
#include "client/cache_tree.h"
#include "tests/lib/unit.h"

static const struct selectable selectables[] = {
    { .label = "spec.nodeName", .path = "spec.nodeName", .index = 1 },
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
static const struct resource nodes = {
    .group = "", .version = "v1", .kind = "Node", .plural = "nodes"
};
static const struct resource pods_view = {
    .group = "other", .version = "v2", .kind = "Pod", .plural = "views", .storage = &pods
};

/* ---- objects ---- */

static struct object *
pod(const char *ns, const char *name, uint64_t rev, int owner, int node)
{
    struct object *object = NULL;
    struct err *err = NULL;
    AUTO_STR struct str_builder json = { 0 };

    str_putf(&json,
             "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\",\"namespace\":"
             "\"%s\",\"uid\":\"%s.%s\"",
             name, ns, ns, name);
    if (owner >= 0) {
        str_putf(&json,
                 ",\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\","
                 "\"name\":\"x\",\"uid\":\"owner-%d\",\"controller\":true}]",
                 owner);
    }
    str_putz(&json, "},\"spec\":{");
    if (node >= 0) {
        str_putf(&json, "\"nodeName\":\"node-%d\"", node);
    }
    str_putz(&json, "}}");
    assert_int_equal(object_publish(&pods, str_view(&json), rev, rev, &object, &err), 0);
    return object;
}

/* ---- the model: a sorted array of references ---- */

enum { NS_LEN = 4, NAME_LEN = 200, OWNER_LEN = 9, NODE_LEN = 20 };
static const char *const namespaces[NS_LEN] = { "a", "a-b", "a.b", "b" };

struct model {
    struct object *at[NS_LEN * NAME_LEN];
    size_t len;
    uint64_t rev;
};
struct pin {
    struct cache *cache;
    struct model model;
};

/* The order of the store: the bytes of "namespace/name". */
static int
order_by_bytes(const struct object *a, const struct object *b)
{
    char a_key[64];
    char b_key[64];

    (void)snprintf(a_key, sizeof(a_key), STR_FMT "/" STR_FMT, STR_ARG(a->ns), STR_ARG(a->name));
    (void)snprintf(b_key, sizeof(b_key), STR_FMT "/" STR_FMT, STR_ARG(b->ns), STR_ARG(b->name));
    return strcmp(a_key, b_key);
}

static size_t
model_place(const struct model *model, const struct object *object, bool *ret_found)
{
    size_t i = 0;

    while (i < model->len && order_by_bytes(model->at[i], object) < 0) {
        i++;
    }
    *ret_found = i < model->len && order_by_bytes(model->at[i], object) == 0;
    return i;
}

static struct object *
model_put(struct model *model, struct object *object)
{
    bool found = false;
    size_t i = model_place(model, object, &found);
    struct object *old = found ? model->at[i] : NULL;

    if (!found) {
        memmove(model->at + i + 1, model->at + i, (model->len - i) * sizeof(model->at[0]));
        model->len++;
    }
    model->at[i] = object_ref(object);
    return old;
}

static struct object *
model_del(struct model *model, const struct object *like)
{
    bool found = false;
    size_t i = model_place(model, like, &found);
    struct object *old = found ? model->at[i] : NULL;

    if (found) {
        model->len--;
        memmove(model->at + i, model->at + i + 1, (model->len - i) * sizeof(model->at[0]));
    }
    return old;
}

static struct model
model_copy(const struct model *model)
{
    struct model copy = *model;

    for (size_t i = 0; i < copy.len; i++) {
        (void)object_ref(copy.at[i]);
    }
    return copy;
}

static void
model_done(struct model *model)
{
    for (size_t i = 0; i < model->len; i++) {
        object_unref(model->at[i]);
    }
    model->len = 0;
}

/* ---- comparing ---- */

static void
check_walk(const struct cache *cache, const struct model *model, struct str ns, size_t after)
{
    struct str none = { 0 };
    struct str after_ns = after < model->len ? model->at[after]->ns : none;
    struct str after_name = after < model->len ? model->at[after]->name : none;
    size_t i = after < model->len ? after + 1 : 0;
    size_t count = 0;
    struct cache_iter iter;
    struct object *object;

    cache_iter(&iter, cache, &pods, ns, after_ns, after_name);
    while ((object = cache_next(&iter)) != NULL) {
        while (i < model->len && ns.size > 0 && !str_eq(model->at[i]->ns, ns)) {
            i++;
        }
        assert_true(i < model->len);
        assert_ptr_equal(object, model->at[i]);
        i++;
        count++;
    }
    for (; i < model->len; i++) {
        assert_true(ns.size > 0 && !str_eq(model->at[i]->ns, ns));
    }
    assert_int_equal(cache_count(cache, &pods, ns, after_ns, after_name), count);
}

static void
check_indexes(const struct cache *cache, const struct model *model)
{
    AUTO_ARENA struct arena *arena = arena_new();

    for (int owner = 0; owner < OWNER_LEN; owner++) {
        struct str uid = arena_printf(arena, "owner-%d", owner);
        size_t len = 0;
        size_t at = 0;
        struct object **owned = cache_owned(cache, &pods, uid, arena, &len);
        for (size_t i = 0; i < model->len; i++) {
            if (str_eq(model->at[i]->owner_uid, uid)) {
                assert_true(at < len);
                assert_ptr_equal(owned[at++], model->at[i]);
            }
        }
        assert_int_equal(at, len);
        assert_int_equal(cache_by_owner(cache, &pods, uid, NULL, 0), len);
    }
    for (int node = -1; node < NODE_LEN; node++) {
        struct str name = node < 0 ? STR("") : arena_printf(arena, "node-%d", node);
        size_t len = 0;
        size_t at = 0;
        struct object **found = cache_indexed(cache, &pods, 1, name, arena, &len);
        for (size_t i = 0; i < model->len; i++) {
            object_pin(model->at[i]);
            if (str_eq(val_str(val_at(object_val(model->at[i]), "spec.nodeName")), name)) {
                assert_true(at < len);
                assert_ptr_equal(found[at++], model->at[i]);
            }
            object_unpin(model->at[i]);
        }
        assert_int_equal(at, len);
    }
}

static void
check_all(const struct cache *cache, const struct model *model)
{
    size_t bytes = 0;

    assert_int_equal(cache_len(cache, &pods), model->len);
    assert_int_equal(cache_rev(cache), model->rev);
    for (size_t i = 0; i < model->len; i++) {
        struct object *object = model->at[i];
        assert_ptr_equal(cache_get(cache, &pods, object->ns, object->name), object);
        assert_ptr_equal(cache_get_uid(cache, &pods, object->uid), object);
        bytes += object_size(object);
    }
    assert_int_equal(cache_bytes(cache, &pods), bytes);
    check_walk(cache, model, (struct str){ 0 }, SIZE_MAX);
    for (size_t i = 0; i < NS_LEN; i++) {
        check_walk(cache, model, str_of(namespaces[i]), SIZE_MAX);
    }
    if (model->len > 0) {
        size_t after = (size_t)rand() % model->len;
        check_walk(cache, model, (struct str){ 0 }, after);
        check_walk(cache, model, model->at[after]->ns, after);
    }
    check_indexes(cache, model);
}

/* ---- the random run ---- */

static void
change(struct cache *cache, struct model *model, int delete_percent)
{
    char name[16];
    AUTO_OBJECT struct object *object = NULL;
    AUTO_OBJECT struct object *old = NULL;
    AUTO_OBJECT struct object *wanted = NULL;

    (void)snprintf(name, sizeof(name), "p%d", rand() % NAME_LEN);
    model->rev++;
    object = pod(namespaces[rand() % NS_LEN], name, model->rev, rand() % (OWNER_LEN + 1) - 1,
                 rand() % (NODE_LEN + 1) - 1);
    if (rand() % 100 < delete_percent) {
        wanted = model_del(model, object);
        old = cache_del(cache, &pods, object->ns, object->name);
    } else {
        wanted = model_put(model, object);
        old = cache_put(cache, object);
    }
    assert_ptr_equal(old, wanted);
    cache_set_rev(cache, model->rev);
}

static void
test_random_changes_with_pins(void **state)
{
    (void)state;
    enum { STEPS = 12000, PINS = 5 };
    struct cache *cache = cache_new();
    struct model model = { 0 };
    struct pin pins[PINS] = { 0 };

    srand(7);
    for (int step = 0; step < STEPS; step++) {
        /* It grows, shrinks to nothing, grows again. */
        int delete_percent = step / 3000 % 2 == 0 ? 15 : 85;
        change(cache, &model, delete_percent);
        if (rand() % 150 == 0) {
            struct pin *pin = &pins[rand() % PINS];
            if (pin->cache != NULL) {
                check_all(pin->cache, &pin->model);
                cache_free(pin->cache);
                model_done(&pin->model);
            }
            *pin = (struct pin){ cache_ref(cache), model_copy(&model) };
        }
        if (rand() % 300 == 0) {
            check_all(cache, &model);
        }
    }
    cache_free(cache); /* pins outlive the live one */
    model_done(&model);
    for (size_t i = 0; i < PINS; i++) {
        if (pins[i].cache != NULL) {
            struct cache *again = cache_ref(pins[i].cache);
            cache_free(pins[i].cache);
            check_all(again, &pins[i].model);
            cache_free(again);
            model_done(&pins[i].model);
        }
    }
}

/* ---- single facts ---- */

static void
test_filling_in_order_keeps_nodes_full(void **state)
{
    (void)state;
    enum { LEN = 10000 };
    struct cache_node *root = NULL;
    size_t leaf_items = 0;
    const struct cache_node *node;

    for (int i = 0; i < LEN; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "p%05d", i);
        assert_null(cache_tree_put(&root, true, 0, pod("a", name, 1, -1, -1)));
    }
    assert_int_equal(root->total, LEN);
    for (node = root; node->height > 1;) {
        node = node->child[0];
    }
    for (size_t i = 0; i < node->len; i++) {
        leaf_items += node->child[i]->len;
    }
    assert_true(leaf_items >= node->len * (CACHE_NODE_MAX - 1));
    cache_tree_unref(root);
}

static void
test_a_miss_copies_nothing(void **state)
{
    (void)state;
    AUTO_OBJECT struct object *object = pod("a", "x", 1, -1, -1);
    struct cache_node *root = NULL;
    struct cache_node *shared;
    struct cache_key key = { 0, STR("a"), STR("y") };

    (void)cache_tree_put(&root, true, 0, object_ref(object));
    shared = cache_tree_ref(root);
    assert_null(cache_tree_del(&root, &key));
    assert_ptr_equal(root, shared);
    key.name = STR("x");
    assert_ptr_equal(cache_tree_del(&root, &key), object);
    object_unref(object);
    assert_null(root);
    assert_ptr_equal(cache_tree_get(shared, &key), object);
    cache_tree_unref(shared);
}

static void
test_views_and_resources(void **state)
{
    (void)state;
    struct cache *cache = cache_new();
    AUTO_OBJECT struct object *object = pod("a", "x", 1, -1, -1);

    assert_null(cache_get(cache, &pods, STR("a"), STR("x")));
    assert_null(cache_del(cache, &pods, STR("a"), STR("x")));
    assert_null(cache_put(cache, object));
    assert_null(cache_get(cache, &nodes, STR("a"), STR("x")));
    assert_int_equal(cache_len(cache, &nodes), 0);
    /* Another served version is a view of the same stored objects. */
    assert_ptr_equal(cache_get(cache, &pods_view, STR("a"), STR("x")), object);
    cache_clear(cache, &pods);
    assert_int_equal(cache_len(cache, &pods), 0);
    assert_int_equal(cache_bytes(cache, &pods), 0);
    assert_null(cache_get_uid(cache, &pods, STR("a.x")));
    CACHE_EACH (gone, it, cache, &pods, STR("a")) {
        fail_msg("%s is still there", gone->name.at);
    }
    cache_free(cache);
}

static void
test_macro_walks_and_breaks(void **state)
{
    (void)state;
    struct cache *cache = cache_new();
    int seen = 0;

    for (int i = 0; i < 100; i++) {
        char name[16];
        AUTO_OBJECT struct object *object = NULL;
        (void)snprintf(name, sizeof(name), "p%02d", i);
        object = pod(i % 2 == 0 ? "a" : "b", name, 1, -1, -1);
        assert_null(cache_put(cache, object));
    }
    CACHE_EACH (object, it, cache, &pods, STR("b")) {
        assert_string_equal(object->ns.at == NULL ? "" : "b", "b");
        seen++;
        if (seen == 10) {
            break;
        }
    }
    assert_int_equal(seen, 10);
    cache_free(cache);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_changes_with_pins),
        cmocka_unit_test(test_filling_in_order_keeps_nodes_full),
        cmocka_unit_test(test_a_miss_copies_nothing),
        cmocka_unit_test(test_views_and_resources),
        cmocka_unit_test(test_macro_walks_and_breaks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
