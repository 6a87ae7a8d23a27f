/* Random keys, events, answers, sizes and times: the console survives, every frame is drawn, and at
 * its end no call is left behind. */
#include "config.h"

#include "tests/lib/unit.h"

#include <stdlib.h>

#include "tests/lib/ui_box.h"
#include "ui/actions.h"
#include "ui/keys.h"
#include "ui/text.h"

enum { STEPS = 4000 };

static struct ui_box box;

static const char *const commands[] = { "pods",     "po shop /api", "deploy shop", "secrets shop",
                                        "nodes",    "events shop",  "ns",          "crd",
                                        "messages", "nothing",      "po -l a=b",   "help" };

static void
press_any(void)
{
    struct actions_map map;
    enum action action = (enum action)(1 + rand() % (ACTION_LEN - 1));

    actions_init(&map);
    if (rand() % 4 == 0) {
        ui_key(box.ui, (uint32_t)(' ' + rand() % 95));
    } else if (action != ACTION_SAVE && action != ACTION_SAVE_TEXT) {
        ui_key(box.ui, map.keys[action][0]);
    }
}

static void
send_event(struct fake_call *call)
{
    AUTO_FREE char *json = mem_printf(
        "{\"kind\":\"Table\",\"metadata\":{\"resourceVersion\":\"%d\"},\"rows\":[{\"cells\":[\"n%d\","
        "\"%d/2\",\"\\u001b[31mRunning\",\"%d (5s ago)\",\"1s\"],\"object\":{\"metadata\":{\"name\":"
        "\"n%d\",\"namespace\":\"shop\",\"uid\":\"u%d\",\"creationTimestamp\":"
        "\"2027-01-15T07:00:00Z\"}}}]}",
        1000 + rand() % 1000, rand() % 30, rand() % 3, rand() % 9, rand() % 30, rand() % 30);

    fake_client_event_json(call, rand() % 3 == 0 ? WATCH_DELETED : WATCH_MODIFIED, str_of(json));
}

/* Something happens to one of the calls that wait. */
static void
answer_any(void)
{
    struct fake_call *call = box.fake->first;

    for (int skip = rand() % 5; skip > 0 && call != NULL && call->next != NULL; skip--) {
        call = call->next;
    }
    if (call == NULL || call->cancelled != NULL) {
        return;
    }
    if (call->event != NULL && rand() % 8 != 0) {
        send_event(call);
    } else if (call->data != NULL && rand() % 8 != 0) {
        (void)fake_client_data(call, STR("2027-01-15T07:00:00.5Z a \x1b[1mline\nno end"));
    } else if (call->event != NULL || call->data != NULL) {
        if (rand() % 2 == 0) {
            fake_client_end(call);
        } else {
            fake_client_refuse(call, rand() % 2 == 0 ? ERR_EXPIRED : ERR_UNAVAILABLE, NULL);
        }
    } else {
        fake_client_refuse(call, rand() % 2 == 0 ? ERR_NOT_FOUND : ERR_FORBIDDEN, NULL);
    }
}

static void
step(void)
{
    switch (rand() % 10) {
    case 0:
        ui_resize(box.ui, 1 + rand() % 130, 1 + rand() % 50);
        break;
    case 1:
        ui_box_warp(&box, rand() % 3000);
        break;
    case 2:
        ui_key(box.ui, KEYS_ESC);
        ui_key(box.ui, KEYS_ESC);
        ui_box_type(&box, ":");
        ui_box_type(&box, commands[(size_t)rand() % ARRAY_LEN(commands)]);
        ui_key(box.ui, KEYS_ENTER);
        break;
    case 3:
        answer_any();
        break;
    case 4:
        ui_box_settle(&box);
        break;
    default:
        press_any();
        break;
    }
}

static void
check_frame(void)
{
    const struct grid *grid = ui_frame(box.ui);

    for (int y = 0; y < grid->height; y++) {
        for (int x = 0; x < grid->width; x++) {
            const struct grid_cell *cell = grid_at(grid, x, y);
            bool is_control = cell->rune < ' ' || (cell->rune >= 0x7f && cell->rune < 0xa0);
            assert_false(is_control);
            assert_true(cell->role < ROLE_LEN && cell->over < ROLE_LEN);
            /* Halves of wide characters come in pairs. */
            assert_true(cell->width != 2 || grid_at(grid, x + 1, y)->width == 0);
            assert_true(cell->width != 0 || grid_at(grid, x - 1, y)->width == 2);
        }
    }
}

static void
test_storm(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 8; seed++) {
        srand(seed);
        ui_box_open(&box, 80, 24, "", true);
        ui_box_route_file(&box, "GET /api/v1/pods?limit=250", "pods.json");
        ui_box_route_file(&box, "GET /api/v1/namespaces/shop/pods?", "pods-shop.json");
        ui_box_route_file(&box, "GET /api/v1/namespaces/shop/pods/", "pod-api.json");
        ui_box_route_file(&box, "GET /apis/apps/v1/namespaces/shop/deployments?",
                          "deployments.json");
        ui_box_route_file(&box, "GET /apis/apps/v1/namespaces/shop/deployments/api ",
                          "deployment-api.json");
        ui_box_route_file(&box, "GET /api/v1/namespaces/shop/secrets?", "secrets.json");
        ui_box_route_file(&box, "GET /api/v1/namespaces/shop/secrets/db ", "secret-db.json");
        ui_box_route_file(&box, "GET /api/v1/namespaces/shop/events?", "events.json");
        ui_box_route_file(&box, "GET /api/v1/nodes?", "nodes.json");
        ui_box_settle(&box);
        for (int i = 0; i < STEPS; i++) {
            step();
            check_frame();
        }
        ui_box_close(&box);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_storm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
