/* Whole screens of the console as golden files, at several sizes, with wide, combining and hostile
 * text; what keys lead to what calls. */
#include "config.h"

#include "tests/lib/unit.h"

#include "tests/lib/ui_box.h"

static struct ui_box box;

static void
open_box(int width, int height, const char *ns, bool has_host)
{
    ui_box_open(&box, width, height, ns, has_host);
    ui_box_route_file(&box, "GET /api/v1/pods?limit=250", "pods.json");
    ui_box_route_file(&box, "GET /api/v1/namespaces/shop/pods?limit", "pods-shop.json");
    ui_box_route_file(&box, "GET /api/v1/namespaces/shop/pods?labelSelector", "pods-shop.json");
    ui_box_route_file(&box, "GET /api/v1/namespaces/shop/pods/api-7d9f8b6c5d-x2k9p ",
                      "pod-api.json");
    ui_box_route_file(&box, "GET /api/v1/namespaces/shop/pods/new-5b7c-pending/why", "why.json");
    ui_box_route_file(&box, "GET /apis/apps/v1/namespaces/shop/deployments?", "deployments.json");
    ui_box_route_file(&box, "GET /apis/apps/v1/namespaces/shop/deployments/api ",
                      "deployment-api.json");
    ui_box_route_file(&box, "GET /api/v1/namespaces/shop/secrets?", "secrets.json");
    ui_box_route_file(&box, "GET /api/v1/namespaces/shop/secrets/db ", "secret-db.json");
    ui_box_route_file(&box, "GET /api/v1/namespaces/shop/events?", "events.json");
    ui_box_route_file(&box, "GET /api/v1/namespaces/shop/events?fieldSelector", "event-list.json");
    ui_box_settle(&box);
}

static int
close_box(void **state)
{
    (void)state;
    ui_box_close(&box);
    return 0;
}

static void
command(const char *text)
{
    ui_box_type(&box, ":");
    ui_box_type(&box, text);
    ui_box_keys(&box, "enter");
}

static void
test_pods(void **state)
{
    (void)state;
    static const struct {
        int width, height;
        const char *name;
    } sizes[] = {
        { 80, 24, "pods-80x24" },   { 40, 10, "pods-40x10" }, { 120, 40, "pods-120x40" },
        { 200, 60, "pods-200x60" }, { 10, 3, "pods-10x3" },
    };

    open_box(80, 24, "", false);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        ui_resize(box.ui, sizes[i].width, sizes[i].height);
        ui_box_expect_golden(&box, sizes[i].name);
    }
    /* One cell, one line: nothing to see, nothing to break. */
    ui_resize(box.ui, 1, 1);
    (void)ui_frame(box.ui);
    ui_resize(box.ui, 80, 24);
    ui_box_keys(&box, "ctrl-w right right");
    ui_box_expect_golden(&box, "pods-wide-80x24");
}

/* Kinds whose columns do not all fit at 80x24, or of which more than that fit at 200x60. */
static void
test_kinds(void **state)
{
    static const struct {
        const char *kind, *route, *file;
    } kinds[] = {
        { "nodes", "GET /api/v1/nodes?limit=250", "table-nodes.json" },
        { "jobs", "GET /apis/batch/v1/namespaces/shop/jobs?", "table-jobs.json" },
        { "services", "GET /api/v1/namespaces/shop/services?", "table-services.json" },
    };

    (void)state;
    open_box(80, 24, "shop", false);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        AUTO_FREE char *small = mem_printf("%s-80x24", kinds[i].kind);
        AUTO_FREE char *large = mem_printf("%s-200x60", kinds[i].kind);
        ui_box_route_file(&box, kinds[i].route, kinds[i].file);
        command(kinds[i].kind);
        ui_resize(box.ui, 80, 24);
        ui_box_expect_golden(&box, small);
        ui_resize(box.ui, 200, 60);
        ui_box_expect_golden(&box, large);
    }
}

/* Cells that the terminal would be sent, between two frames. */
static size_t
changed_cells(struct grid_cell *before, int *ret_left)
{
    const struct grid *grid = ui_frame(box.ui);
    size_t len = (size_t)grid->width * (size_t)grid->height, changed = 0;

    *ret_left = grid->width;
    for (size_t i = 0; i < len; i++) {
        if (!grid_cell_eq(&before[i], &grid->cells[i])) {
            int x = (int)(i % (size_t)grid->width);
            *ret_left = x < *ret_left ? x : *ret_left;
            changed++;
        }
        before[i] = grid->cells[i];
    }
    return changed;
}

/* Nothing is sent while the clock stands; of what goes on by itself only ages that change. */
static void
test_idle(void **state)
{
    static struct grid_cell before[80 * 24];
    int left = 0;

    (void)state;
    open_box(80, 24, "", false);
    (void)changed_cells(before, &left);
    for (int i = 0; i < 10; i++) {
        ui_box_settle(&box);
        assert_int_equal(changed_cells(before, &left), 0);
    }
    ui_box_warp(&box, 1000); /* of nine pods two are younger than two minutes */
    assert_in_range(changed_cells(before, &left), 1, 8);
    assert_in_range(left, 70, 79);
}

static void
test_rows_at_80x24(void **state)
{
    (void)state;
    const struct grid *grid;
    int rows = 0;
    AUTO_STR struct str_builder json = { 0 };

    open_box(80, 24, "", false);
    str_putz(&json, "{\"kind\":\"Table\",\"metadata\":{\"resourceVersion\":\"7\"},"
                    "\"columnDefinitions\":[{\"name\":\"Name\",\"type\":\"string\"}],\"rows\":[");
    for (int i = 0; i < 100; i++) {
        str_putf(&json, "%s{\"cells\":[\"p%02d\"],\"object\":{\"metadata\":{\"name\":\"p%02d\"}}}",
                 i == 0 ? "" : ",", i, i);
    }
    str_putz(&json, "]}");
    str_putc(&json, '\0');
    ui_box_route(&box, "GET /api/v1/configmaps?", json.at);
    command("cm");
    grid = ui_frame(box.ui);
    for (int y = 0; y < grid->height; y++) {
        rows += grid_at(grid, 12, y)->rune == 'p' && grid_at(grid, 13, y)->rune != 'r' ? 1 : 0;
    }
    assert_int_equal(rows, 20);
    ui_box_keys(&box, "shift-g");
    ui_box_expect_text(&box, "p99");
    ui_box_expect_text(&box, "p80");
    ui_box_refuse_text(&box, "p79");
}

static void
test_filter(void **state)
{
    (void)state;
    open_box(80, 24, "shop", false);
    ui_box_keys(&box, "/");
    ui_box_type(&box, "api !crash");
    ui_box_expect_golden(&box, "filter-80x24");
    ui_box_keys(&box, "esc");
    ui_box_expect_text(&box, "cache-0");
    ui_box_keys(&box, "ctrl-z");
    ui_box_refuse_text(&box, "cache-0");
    ui_box_expect_text(&box, "only faults");
    ui_box_keys(&box, "esc");
    ui_box_expect_text(&box, "cache-0");
    /* A selector goes to the server. */
    ui_box_keys(&box, "/");
    ui_box_type(&box, "-l app=api");
    ui_box_keys(&box, "enter");
    assert_non_null(fake_client_expect(
        box.fake, "GET /api/v1/namespaces/shop/pods?labelSelector=app%3Dapi&resourceVersion"));
}

static void
test_describe(void **state)
{
    (void)state;
    open_box(80, 60, "shop", false);
    ui_box_keys(&box, "j d");
    ui_box_expect_golden(&box, "describe-pod-80x60");
    ui_box_keys(&box, "esc y");
    ui_box_expect_text(&box, "kind: Pod");
    ui_box_keys(&box, "esc");
    command("deploy shop");
    ui_box_keys(&box, "d");
    ui_box_expect_golden(&box, "describe-deployment-80x60");
    ui_box_route_file(&box, "GET /api/v1/nodes/wrk-3 ", "node-wrk-3.json");
    ui_box_route(&box, "GET /api/v1/events?",
                 "{\"kind\":\"EventList\",\"metadata\":{},\"items\":[]}");
    command("nodes");
    ui_box_keys(&box, "shift-g d");
    ui_box_expect_golden(&box, "describe-node-80x60");
}

static void
test_secret(void **state)
{
    (void)state;
    open_box(80, 24, "shop", false);
    command("secret");
    ui_box_keys(&box, "d");
    ui_box_expect_text(&box, "7 bytes");
    ui_box_refuse_text(&box, "hunter2");
    ui_box_keys(&box, "esc y");
    ui_box_refuse_text(&box, "managedFields:");
    ui_box_keys(&box, "m");
    ui_box_expect_text(&box, "managedFields:");
    ui_box_keys(&box, "esc x");
    ui_box_expect_golden(&box, "secret-80x24");
    ui_box_warp(&box, 30000);
    ui_box_refuse_text(&box, "hunter2");
    ui_box_keys(&box, "x");
    ui_box_expect_text(&box, "hunter2");
}

static void
test_scale(void **state)
{
    (void)state;
    struct fake_call *call;

    open_box(80, 24, "shop", false);
    command("deploy");
    ui_box_keys(&box, "s");
    ui_box_expect_golden(&box, "scale-80x24");
    ui_box_keys(&box, "6 enter");
    call =
        fake_client_expect(box.fake, "PATCH /apis/apps/v1/namespaces/shop/deployments/api/scale");
    assert_string_equal(call->body, "{\"spec\":{\"replicas\":6}}");
    assert_string_equal(call->type, "application/merge-patch+json");
    fake_client_json(call, STR("{}"));
    ui_box_settle(&box);
    ui_box_expect_text(&box, "scaled Deployment shop/api");
    /* One more than there are. */
    ui_box_keys(&box, "j s + 1 enter");
    call =
        fake_client_expect(box.fake, "PATCH /apis/apps/v1/namespaces/shop/deployments/web/scale");
    assert_string_equal(call->body, "{\"spec\":{\"replicas\":4}}");
    fake_client_refuse(call, ERR_FORBIDDEN, NULL);
    ui_box_settle(&box);
    ui_box_expect_text(&box, "scaled 0 of 1: refused by the test");
    ui_box_keys(&box, "s x enter");
    ui_box_expect_text(&box, "'x' is no number of replicas");
}

static void
test_delete(void **state)
{
    (void)state;
    struct fake_call *call;

    open_box(80, 24, "shop", false);
    ui_box_keys(&box, "space ctrl-d");
    ui_box_expect_golden(&box, "delete-80x24");
    /* Enter is Cancel. */
    ui_box_keys(&box, "enter");
    ui_box_refuse_text(&box, "Propagation");
    ui_box_keys(&box, "ctrl-d up up right tab 5 tab tab enter");
    call = fake_client_expect(box.fake, "DELETE /api/v1/namespaces/shop/pods/api-7d9f8b6c5d-h8sk2");
    assert_string_equal(
        call->body, "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"gracePeriodSeconds\":5,"
                    "\"preconditions\":{\"uid\":\"uid-shop-api-7d9f8b6c5d-h8sk2\"},"
                    "\"propagationPolicy\":\"Foreground\"}");
    fake_client_json(call, STR("{}"));
    ui_box_settle(&box);
    ui_box_expect_text(&box, "deleted Pod shop/api-7d9f8b6c5d-h8sk2");
}

/* The view is closed while a call is under way. */
static void
test_deed_outlives_view(void **state)
{
    (void)state;
    struct fake_call *call;

    open_box(80, 24, "shop", false);
    ui_box_keys(&box, "ctrl-k tab enter");
    call = fake_client_expect(box.fake, "DELETE /api/v1/namespaces/shop/pods/");
    assert_non_null(strstr(call->body, "\"gracePeriodSeconds\":0"));
    command("deploy");
    fake_client_json(call, STR("{}"));
    ui_box_settle(&box);
    ui_box_expect_text(&box, "deleted Pod");
    ui_box_keys(&box, "s 9 enter");
    assert_non_null(fake_client_expect(box.fake, "PATCH "));
    /* And the console is left while another one is. */
}

static void
test_readonly_and_enter(void **state)
{
    (void)state;
    open_box(80, 24, "shop", false);
    command("deploy");
    ui_box_keys(&box, "enter");
    ui_box_expect_text(&box, "Deployment/api");
    assert_non_null(fake_client_expect(
        box.fake, "GET /api/v1/namespaces/shop/pods?labelSelector=app%3Dapi%2Ctier%20in%20%28front"
                  "%2Cback%29%2C%21old"));
    ui_box_keys(&box, "esc");
    ui_box_expect_text(&box, "Deployments");
}

static void
test_events_and_why(void **state)
{
    (void)state;
    open_box(80, 24, "shop", false);
    ui_box_route_file(&box, "GET /api/v1/namespaces/shop/events?", "events.json");
    command("events");
    ui_box_expect_golden(&box, "events-80x24");
    command("pods");
    ui_box_keys(&box, "/");
    ui_box_type(&box, "pending");
    ui_box_keys(&box, "enter shift-w");
    ui_box_expect_golden(&box, "why-80x24");
    ui_box_route(&box, "GET /api/v1/namespaces/shop/pods/new-5b7c-pending/why", NULL);
    ui_box_warp(&box, 2000);
    ui_box_expect_text(&box, "only binnacle's own control plane can tell");
}

static void
test_history(void **state)
{
    (void)state;
    const char *line = "GET /apis/apps/v1/namespaces/shop/deployments/api/history";
    open_box(80, 24, "shop", false);
    ui_box_route_file(&box, line, "history.json");
    command("deploy");
    ui_box_keys(&box, "shift-h");
    ui_box_expect_golden(&box, "history-80x24");
    ui_resize(box.ui, 140, 24);
    ui_box_settle(&box);
    ui_box_expect_text(&box, "812 by admin: kubectl scale deployments/api");
    ui_resize(box.ui, 80, 24);
    ui_box_keys(&box, "enter");
    ui_box_expect_golden(&box, "history-revision-80x24");
    ui_box_keys(&box, "esc j enter");
    ui_box_expect_text(&box, "+ spec.replicas: 5");
    ui_box_keys(&box, "esc esc");
    ui_box_route(&box, line, NULL);
    ui_box_keys(&box, "shift-h");
    ui_box_expect_text(&box, "only binnacle's own control plane keeps history");
}

/* A change of the object brings its new revision onto the screen. */
static void
test_history_is_live(void **state)
{
    (void)state;
    open_box(80, 24, "shop", false);
    ui_box_route_file(&box, "GET /apis/apps/v1/namespaces/shop/deployments?fieldSelector",
                      "deployments.json");
    ui_box_route_file(&box, "GET /apis/apps/v1/namespaces/shop/deployments/api/history",
                      "history.json");
    command("deploy");
    ui_box_keys(&box, "shift-h");
    ui_box_route(&box, "GET /apis/apps/v1/namespaces/shop/deployments/api/history",
                 "{\"items\":[{\"resourceVersion\":\"816\",\"operation\":\"deleted\",\"user\":"
                 "\"admin\",\"verb\":\"delete\"}],\"metadata\":{\"continue\":\"816\"}}");
    fake_client_event_json(
        fake_client_expect(box.fake, "GET /apis/apps/v1/namespaces/shop/deployments?"
                                     "fieldSelector=metadata.name%3Dapi&resourceVersion"),
        WATCH_DELETED,
        STR("{\"kind\":\"Table\",\"rows\":[{\"cells\":[\"api\"],\"object\":{\"metadata\":{\"name\":"
            "\"api\"}}}]}"));
    ui_box_warp(&box, 500);
    ui_box_expect_text(&box, "816");
    ui_box_expect_text(&box, "last 1 revisions");
}

static void
test_help(void **state)
{
    (void)state;
    open_box(80, 24, "shop", false);
    ui_box_keys(&box, "?");
    ui_box_expect_golden(&box, "help-80x24");
    ui_box_keys(&box, "/");
    ui_box_type(&box, "question");
    ui_box_keys(&box, "enter n shift-n esc");
    ui_box_keys(&box, "esc");
    ui_box_expect_text(&box, "Pods");
}

static void
test_commands(void **state)
{
    (void)state;
    open_box(80, 24, "", false);
    command("nonsense");
    ui_box_expect_text(&box, "no kind is called 'nonsense'");
    command("po shop /crash");
    ui_box_expect_text(&box, "1/8");
    ui_box_keys(&box, "0");
    ui_box_expect_text(&box, "all namespaces");
    ui_box_keys(&box, "w");
    ui_box_expect_text(&box, " shop ");
    ui_box_type(&box, ":depl");
    ui_box_expect_text(&box, ":deployments");
    ui_box_keys(&box, "tab enter");
    ui_box_expect_text(&box, "Deployments");
    ui_box_keys(&box, "-");
    ui_box_expect_text(&box, "Pods");
    ui_box_keys(&box, "]");
    ui_box_expect_text(&box, "Deployments");
    command("messages");
    ui_box_expect_text(&box, "no kind is called");
}

static void
test_copy_and_paste(void **state)
{
    (void)state;
    open_box(80, 24, "shop", false);
    ui_box_keys(&box, "space space c");
    assert_true(str_is(str_view(&box.copied), "api-7d9f8b6c5d-h8sk2\napi-7d9f8b6c5d-x2k9p"));
    /* Pasted text is no command. */
    ui_key(box.ui, 0x110000 + 0); /* up, to have done something */
    ui_box_keys(&box, "esc");
}

static void
test_quit(void **state)
{
    (void)state;
    open_box(80, 24, "", true);
    ui_box_keys(&box, "ctrl-c");
    ui_box_expect_golden(&box, "quit-80x24");
    ui_box_keys(&box, "esc");
    assert_int_equal(ui_wants_to_quit(box.ui), 0);
    command("q");
    ui_box_keys(&box, "right enter");
    assert_int_equal(ui_wants_to_quit(box.ui), 2);
}

static void
test_watch(void **state)
{
    (void)state;
    struct fake_call *watch;

    open_box(80, 24, "shop", false);
    watch =
        fake_client_expect(box.fake, "GET /api/v1/namespaces/shop/pods?resourceVersion=1000&watch");
    ui_box_keys(&box, "j j");
    fake_client_event_json(
        watch, WATCH_MODIFIED,
        STR("{\"kind\":\"Table\",\"metadata\":{\"resourceVersion\":\"1001\"},\"columnDefinitions\":"
            "null,\"rows\":[{\"cells\":[\"api-7d9f8b6c5d-x2k9p\",\"1/1\",\"Running\",\"18\",\"1s\","
            "\"\",\"\",\"\",\"\"],\"object\":{\"metadata\":{\"name\":\"api-7d9f8b6c5d-x2k9p\","
            "\"namespace\":\"shop\",\"uid\":\"uid-shop-api-7d9f8b6c5d-x2k9p\","
            "\"creationTimestamp\":\"2027-01-15T07:19:00Z\"}}}]}"));
    ui_box_refuse_text(&box, "CrashLoopBackOff");
    /* Too old: listed again. */
    ui_box_route(&box, "GET /api/v1/namespaces/shop/pods?limit",
                 "{\"kind\":\"Table\",\"metadata\":{\"resourceVersion\":\"2000\"},"
                 "\"columnDefinitions\":null,\"rows\":[]}");
    fake_client_refuse(watch, ERR_EXPIRED, NULL);
    ui_box_settle(&box);
    ui_box_expect_text(&box, "no pods in namespace shop");
    watch =
        fake_client_expect(box.fake, "GET /api/v1/namespaces/shop/pods?resourceVersion=2000&watch");
    /* Broken off: said, and tried again from the same revision. */
    fake_client_refuse(watch, ERR_UNAVAILABLE, NULL);
    ui_box_settle(&box);
    ui_box_expect_text(&box, "refused by the test");
    ui_box_warp(&box, 600);
    ui_box_refuse_text(&box, "refused by the test");
    assert_non_null(fake_client_expect(
        box.fake, "GET /api/v1/namespaces/shop/pods?resourceVersion=2000&watch"));
}

/* Nothing changed: nothing asks to be drawn, and what is drawn is the same. */
static void
test_quiet(void **state)
{
    (void)state;
    size_t wakes;

    open_box(80, 24, "shop", false);
    (void)ui_frame(box.ui);
    wakes = box.wakes;
    ui_box_settle(&box);
    assert_int_equal(box.wakes, wakes);
    assert_false(ui_is_dirty(box.ui));
    ui_box_warp(&box, 1000);
    assert_true(ui_is_dirty(box.ui));
}

static void
test_logs(void **state)
{
    (void)state;
    struct fake_call *stream;

    open_box(80, 24, "shop", false);
    ui_box_keys(&box, "j l");
    ui_box_expect_golden(&box, "containers-80x24");
    ui_box_keys(&box, "j enter");
    stream =
        fake_client_expect(box.fake, "GET /api/v1/namespaces/shop/pods/api-7d9f8b6c5d-x2k9p/log?"
                                     "container=sidecar&timestamps=true&follow=true&tailLines");
    for (int i = 0; i < 30; i++) {
        AUTO_FREE char *line =
            mem_printf("2027-01-15T07:59:%02d.123456789Z line %d \x1b[31mred\n", i, i);
        (void)fake_client_data(stream, str_of(line));
    }
    ui_box_expect_golden(&box, "logs-80x24");
    ui_box_keys(&box, "t");
    ui_box_expect_text(&box, "2027-01-15T07:59:29");
    ui_box_keys(&box, "t g");
    ui_box_expect_text(&box, "line 0 red");
    ui_box_keys(&box, "/");
    ui_box_type(&box, "line 2[0-3]");
    ui_box_keys(&box, "enter n");
    ui_box_expect_text(&box, "line 21");
    ui_box_keys(&box, "s");
    ui_box_expect_text(&box, "following");
    /* The stream breaks: on from the last line's time. */
    fake_client_refuse(stream, ERR_UNAVAILABLE, NULL);
    ui_box_settle(&box);
    ui_box_warp(&box, 1500);
    stream =
        fake_client_expect(box.fake, "GET /api/v1/namespaces/shop/pods/api-7d9f8b6c5d-x2k9p/log?"
                                     "container=sidecar&timestamps=true&follow=true&sinceTime=");
    fake_client_end(stream);
    ui_box_keys(&box, "esc");
    ui_box_expect_text(&box, "ended");
}

static void
test_containers(void **state)
{
    (void)state;
    open_box(80, 24, "shop", false);
    ui_box_keys(&box, "j enter");
    ui_box_expect_golden(&box, "container-table-80x24");
    ui_box_keys(&box, "j l");
    assert_non_null(fake_client_expect(
        box.fake, "GET /api/v1/namespaces/shop/pods/api-7d9f8b6c5d-x2k9p/log?container=sidecar"));
    ui_box_refuse_text(&box, "Container ");
    ui_box_keys(&box, "esc d");
    ui_box_expect_text(&box, "Describe  Pod");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_pods, close_box),
        cmocka_unit_test_teardown(test_kinds, close_box),
        cmocka_unit_test_teardown(test_idle, close_box),
        cmocka_unit_test_teardown(test_rows_at_80x24, close_box),
        cmocka_unit_test_teardown(test_filter, close_box),
        cmocka_unit_test_teardown(test_describe, close_box),
        cmocka_unit_test_teardown(test_secret, close_box),
        cmocka_unit_test_teardown(test_scale, close_box),
        cmocka_unit_test_teardown(test_delete, close_box),
        cmocka_unit_test_teardown(test_deed_outlives_view, close_box),
        cmocka_unit_test_teardown(test_readonly_and_enter, close_box),
        cmocka_unit_test_teardown(test_events_and_why, close_box),
        cmocka_unit_test_teardown(test_history, close_box),
        cmocka_unit_test_teardown(test_history_is_live, close_box),
        cmocka_unit_test_teardown(test_help, close_box),
        cmocka_unit_test_teardown(test_commands, close_box),
        cmocka_unit_test_teardown(test_copy_and_paste, close_box),
        cmocka_unit_test_teardown(test_quit, close_box),
        cmocka_unit_test_teardown(test_watch, close_box),
        cmocka_unit_test_teardown(test_quiet, close_box),
        cmocka_unit_test_teardown(test_logs, close_box),
        cmocka_unit_test_teardown(test_containers, close_box),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
