/* A console in a box, for tests of what people see: see ui_box.h. */
#include "config.h" /* IWYU pragma: keep */

#include "tests/lib/ui_box.h"

#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "tests/lib/unit.h"
#include "ui/grid.h"
#include "ui/keys.h"
#include "ui/text.h"

enum { FILE_MAX = 4 << 20 };

static void
on_wake(void *ctx)
{
    struct ui_box *box = ctx;

    box->wakes++;
}

static bool
on_copy(void *ctx, struct str text)
{
    struct ui_box *box = ctx;

    box->copied.size = 0;
    str_put(&box->copied, text);
    return true;
}

static void
on_lend(void *ctx, const struct ui_guest *guest)
{
    struct ui_box *box = ctx;

    assert_true(box->has_guest == (guest == NULL));
    box->has_guest = guest != NULL;
    if (guest != NULL) {
        box->guest = *guest;
        if (guest->resize != NULL) {
            guest->resize(guest->ctx, ui_frame(box->ui)->width, ui_frame(box->ui)->height);
        }
    }
}

static void
on_write(void *ctx, struct str bytes)
{
    struct ui_box *box = ctx;

    assert_true(box->has_guest);
    str_put(&box->written, bytes);
}

static void
on_more(void *ctx)
{
    struct ui_box *box = ctx;

    box->mores++;
}

static void
on_stop(void *ctx)
{
    struct ui_box *box = ctx;

    box->stopped++;
}

static char *
read_fixture(const char *folder, const char *name)
{
    const char *top = getenv("top_srcdir");
    AUTO_FREE char *path = mem_printf("%s/%s/%s", top == NULL ? "." : top, folder, name);
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text;
    ssize_t size;

    if (fd < 0) {
        return NULL;
    }
    text = mem_new(FILE_MAX);
    size = read(fd, text, FILE_MAX - 1);
    assert_true(size >= 0);
    return text;
}

static void
open_box(struct ui_box *box, int width, int height, const char *ns, bool has_host,
         const struct ui_sink *sink)
{
    static struct ui_host host;
    struct ui_spec spec = { .cluster = "test", .ns = ns, .width = width, .height = height };

    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
    clock_stop(UI_BOX_NOW_S * 1000LL);
    *box = (struct ui_box){ .loop = loop_new() };
    host = (struct ui_host){ .socket_path = "/none", .stop = on_stop, .ctx = box };
    box->fake = fake_client_new(box->loop);
    spec.loop = box->loop;
    spec.client = &box->fake->client;
    spec.host = has_host ? &host : NULL;
    ui_box_route_file(box, "GET /api ", "discovery-api.json");
    ui_box_route_file(box, "GET /apis ", "discovery-apis.json");
    ui_box_route(box, "GET /version ", "{\"gitVersion\":\"v1.35.4\"}");
    ui_box_route_file(box, "GET /api/v1/nodes?limit", "nodes.json");
    ui_box_route(box, "GET /api/v1/pods?limit=1 ",
                 "{\"metadata\":{\"remainingItemCount\":321},\"items\":[{}]}");
    box->ui = ui_new(&spec, sink);
}

void
ui_box_open(struct ui_box *box, int width, int height, const char *ns, bool has_host)
{
    struct ui_sink sink = { .wake = on_wake, .copy = on_copy, .ctx = box };

    open_box(box, width, height, ns, has_host, &sink);
}

void
ui_box_open_terminal(struct ui_box *box, int width, int height, const char *ns)
{
    struct ui_sink sink = { .wake = on_wake,
                            .copy = on_copy,
                            .lend = on_lend,
                            .write = on_write,
                            .more = on_more,
                            .ctx = box };

    open_box(box, width, height, ns, false, &sink);
}

void
ui_box_close(struct ui_box *box)
{
    ui_free(box->ui);
    fake_client_settle(box->loop);
    client_free(&box->fake->client);
    loop_free(box->loop);
    for (size_t i = 0; i < box->route_len; i++) {
        mem_free(box->routes[i].line);
        mem_free(box->routes[i].json);
    }
    str_done(&box->copied);
    str_done(&box->written);
    clock_run();
}

void
ui_box_route(struct ui_box *box, const char *line, const char *json)
{
    assert_true(box->route_len < UI_BOX_ROUTES);
    box->routes[box->route_len].line = mem_strdup(line);
    box->routes[box->route_len++].json = mem_strdup(json);
}

void
ui_box_route_file(struct ui_box *box, const char *line, const char *fixture)
{
    AUTO_FREE char *json = read_fixture("tests/ui/fixtures", fixture);

    if (json == NULL) {
        fail_msg("no fixture %s", fixture);
    }
    ui_box_route(box, line, json);
}

/* The route of a call; a line's end counts as a blank. */
static bool
answer_one(struct ui_box *box, struct fake_call *call)
{
    AUTO_FREE char *line = mem_printf("%s ", call->line);

    for (size_t i = box->route_len; i > 0; i--) {
        if (!str_has_prefix(str_of(line), str_of(box->routes[i - 1].line))) {
            continue;
        }
        if (box->routes[i - 1].json == NULL) {
            fake_client_refuse(call, ERR_NOT_FOUND, NULL);
        } else {
            fake_client_json(call, str_of(box->routes[i - 1].json));
        }
        return true;
    }
    return false;
}

/* Answers the first call that has a route; it is gone then, and others may have come. */
static bool
answer_first(struct ui_box *box)
{
    for (struct fake_call *call = box->fake->first; call != NULL; call = call->next) {
        bool is_plain = call->event == NULL && call->data == NULL && call->upgraded == NULL &&
                        call->cancelled == NULL;
        if (is_plain && answer_one(box, call)) {
            return true;
        }
    }
    return false;
}

void
ui_box_settle(struct ui_box *box)
{
    do {
        fake_client_settle(box->loop);
    } while (answer_first(box));
}

void
ui_box_keys(struct ui_box *box, const char *names)
{
    struct str rest = str_of(names);

    while (rest.size > 0) {
        struct str name = str_cut(rest, ' ', &rest);
        uint32_t key = keys_parse(name);
        if (key == KEYS_NONE) {
            fail_msg("no key " STR_FMT, STR_ARG(name));
        }
        ui_key(box->ui, key);
        ui_box_settle(box);
    }
}

void
ui_box_type(struct ui_box *box, const char *text)
{
    struct str bytes = str_of(text);

    for (size_t at = 0; at < bytes.size;) {
        ui_key(box->ui, text_next(bytes, &at));
    }
    ui_box_settle(box);
}

void
ui_box_warp(struct ui_box *box, int64_t by_ms)
{
    clock_warp(by_ms);
    ui_box_settle(box);
}

static void
dump(struct ui_box *box, struct str_builder *out)
{
    const struct grid *grid = ui_frame(box->ui);

    grid_dump_text(grid, out);
    str_putz(out, "---\n");
    grid_dump_roles(grid, out);
}

static void
write_golden(const char *name, struct str text)
{
    AUTO_FREE char *path = mem_printf("%s/tests/ui/golden/%s", getenv("top_srcdir"), name);
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.at, text.size), (ssize_t)text.size);
}

void
ui_box_expect_golden(struct ui_box *box, const char *name)
{
    AUTO_STR struct str_builder seen = { 0 };
    AUTO_FREE char *want = NULL;

    dump(box, &seen);
    if (getenv("UPDATE_GOLDEN") != NULL) {
        write_golden(name, str_view(&seen));
        return;
    }
    want = read_fixture("tests/ui/golden", name);
    if (want == NULL || !str_is(str_view(&seen), want)) {
        fail_msg("screen %s differs; seen:\n" STR_FMT, name, STR_ARG(str_view(&seen)));
    }
}

static bool
is_shown(struct ui_box *box, const char *text, struct str_builder *seen)
{
    grid_dump_text(ui_frame(box->ui), seen);
    return str_contains(str_view(seen), str_of(text));
}

void
ui_box_expect_text(struct ui_box *box, const char *text)
{
    AUTO_STR struct str_builder seen = { 0 };

    if (!is_shown(box, text, &seen)) {
        fail_msg("'%s' is not on the screen:\n" STR_FMT, text, STR_ARG(str_view(&seen)));
    }
}

void
ui_box_refuse_text(struct ui_box *box, const char *text)
{
    AUTO_STR struct str_builder seen = { 0 };

    if (is_shown(box, text, &seen)) {
        fail_msg("'%s' is on the screen:\n" STR_FMT, text, STR_ARG(str_view(&seen)));
    }
}
