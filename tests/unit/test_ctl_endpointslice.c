/* controllers/ctl_endpointslice_set: hundreds of endpoints in slices of at most a hundred. */
#include "config.h"

#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

#include "api/kinds_types.h"
#include "api/object.h"
#include "base/arena.h"
#include "base/err.h"
#include "controllers/ctl_endpointslice.h"

#define PORTS "[{\"name\":\"\",\"protocol\":\"TCP\",\"port\":80}]"

enum { SLICES_MAX = 8 };

struct box {
    struct arena *arena;
    struct ctl_endpointslice set;
    struct object *there[SLICES_MAX];
    size_t there_len;
};

static int
set_up(void **state)
{
    static struct box box;
    memset(&box, 0, sizeof(box));
    box.arena = arena_new();
    box.set.arena = box.arena;
    *state = &box;
    return 0;
}

static int
tear_down(void **state)
{
    struct box *box = *state;
    for (size_t i = 0; i < box->there_len; i++) {
        object_unpin(box->there[i]);
        object_unref(box->there[i]);
    }
    arena_free(box->arena);
    return 0;
}

static struct str
endpoint(struct box *box, int i)
{
    return arena_printf(box->arena,
                        "{\"addresses\":[\"10.0.%d.%d\"],\"conditions\":{\"ready\":true},"
                        "\"targetRef\":{\"kind\":\"Pod\",\"name\":\"p%d\"}}",
                        i / 256, i % 256, i);
}

static void
want(struct box *box, int from, int to)
{
    for (int i = from; i < to; i++) {
        ctl_endpointslice_want(&box->set, STR(PORTS), endpoint(box, i));
    }
}

/* A slice that is there, with the endpoints from…to. */
static void
have(struct box *box, int from, int to)
{
    AUTO_STR struct str_builder text = { 0 };
    struct err *err = NULL;
    str_putf(&text,
             "{\"kind\":\"EndpointSlice\",\"apiVersion\":\"discovery.k8s.io/v1\",\"metadata\":"
             "{\"name\":\"s%zu\",\"namespace\":\"a\",\"uid\":\"u%zu\"},\"addressType\":\"IPv4\","
             "\"endpoints\":[",
             box->there_len, box->there_len);
    for (int i = from; i < to; i++) {
        str_putf(&text, "%s" STR_FMT, i == from ? "" : ",", STR_ARG(endpoint(box, i)));
    }
    str_putz(&text, "],\"ports\":" PORTS "}");
    struct object *object = NULL;
    assert_int_equal(object_publish(&resource_endpointslices, str_view(&text), 1, 1, &object, &err),
                     0);
    object_pin(object);
    box->there[box->there_len++] = object;
    ctl_endpointslice_have(&box->set, object, false);
}

/* "s0 keep 100, - create 50" */
static void
settles(struct box *box, const char *wanted)
{
    static const char *const fates[] = { "keep", "update", "delete", "create" };
    AUTO_STR struct str_builder text = { 0 };
    size_t placed = 0;
    ctl_endpointslice_settle(&box->set);
    for (size_t i = 0; i < box->set.slice_len; i++) {
        const struct ctl_endpointslice_slice *slice = &box->set.slices[i];
        str_putf(&text, "%s" STR_FMT " %s %zu", i == 0 ? "" : ", ",
                 STR_ARG(slice->object == NULL ? STR("-") : slice->object->name),
                 fates[slice->fate], slice->len);
        placed += slice->fate == CTL_SLICE_DELETE ? 0 : slice->len;
    }
    char *have = str_steal(&text);
    assert_string_equal(have, wanted);
    mem_free(have);
    assert_int_equal(placed, box->set.want_len);
}

static void
makes_as_few_as_can_be(void **state)
{
    struct box *box = *state;
    want(box, 0, 250);
    settles(box, "- create 100, - create 100, - create 50");
}

static void
leaves_alone_what_is_right(void **state)
{
    struct box *box = *state;
    want(box, 0, 150);
    have(box, 0, 100);
    have(box, 100, 150);
    settles(box, "s0 keep 100, s1 keep 50");
}

/* What changes anyway is filled first, so that the other slices stay as they are. */
static void
fills_what_changes_anyway(void **state)
{
    struct box *box = *state;
    want(box, 10, 170); /* ten are gone, twenty are new */
    have(box, 0, 100);
    have(box, 100, 150);
    settles(box, "s0 update 100, s1 update 60");
}

static void
fills_the_fullest_with_room(void **state)
{
    struct box *box = *state;
    want(box, 0, 130);
    have(box, 0, 20);
    have(box, 20, 110);
    settles(box, "s0 update 40, s1 keep 90"); /* twenty do not fit into the other */
}

static void
makes_a_new_one_when_none_has_room(void **state)
{
    struct box *box = *state;
    want(box, 0, 210);
    have(box, 0, 95);
    have(box, 95, 190);
    settles(box, "s0 keep 95, s1 keep 95, - create 20");
}

static void
deletes_what_is_empty(void **state)
{
    struct box *box = *state;
    want(box, 0, 50);
    have(box, 0, 50);
    have(box, 100, 150);
    settles(box, "s0 keep 50, s1 delete 0");
}

static void
changes_one_instead_of_two(void **state)
{
    struct box *box = *state;
    want(box, 200, 350); /* all others */
    have(box, 0, 100);
    have(box, 100, 150);
    have(box, 150, 160);
    /* Two are needed: two of the three change into them. */
    settles(box, "- keep 0, - keep 0, s2 delete 0, s1 update 100, s0 update 50");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(makes_as_few_as_can_be, set_up, tear_down),
        cmocka_unit_test_setup_teardown(leaves_alone_what_is_right, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fills_what_changes_anyway, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fills_the_fullest_with_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(makes_a_new_one_when_none_has_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(deletes_what_is_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(changes_one_instead_of_two, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("ctl_endpointslice", tests, NULL, NULL);
}
