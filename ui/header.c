/* Status, title and hint lines.  Called by ui.c for each frame; console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/header.h"

#include <stdio.h>

#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "ui/actions.h"
#include "ui/ask.h"
#include "ui/catalog.h"
#include "ui/feed.h"
#include "ui/keys.h"
#include "ui/table.h"
#include "ui/text.h"
#include "ui/ui.h"
#include "ui/view.h"

enum { COUNT_MS = 3000 };

struct header {
    struct ui *ui;
    char *cluster;
    char version[64];
    struct asks asks;
    struct loop_timer *timer;
    struct table *nodes;
    struct feed *feed;
    int64_t pods; /* -1: not known */
};

/* ---- nodes ---- */

static void
on_columns(void *ctx, struct val definitions)
{
    struct header *header = ctx;

    table_columns(header->nodes, definitions, false);
}

static void
on_begin(void *ctx)
{
    struct header *header = ctx;

    table_begin(header->nodes);
}

static void
on_row(void *ctx, struct val row)
{
    struct header *header = ctx;

    table_put(header->nodes, row, clock_wall_ms());
}

static void
on_gone(void *ctx, struct val row)
{
    struct header *header = ctx;

    table_del(header->nodes, row);
}

static void
on_end(void *ctx)
{
    struct header *header = ctx;

    table_end(header->nodes);
}

static void
on_changed(void *ctx)
{
    struct header *header = ctx;

    ui_dirty(header->ui);
}

static const struct feed_ops node_ops = {
    on_columns, on_begin, on_row, on_gone, on_end, on_changed
};

/* ---- version, pods ---- */

static void
on_version(void *ctx, const struct reply *reply, struct err *owned)
{
    struct header *header = ctx;
    AUTO_ERR struct err *err = owned;
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_STR struct str_builder clean = { .max = 40 };
    const struct doc *doc;

    if (err != NULL) {
        return;
    }
    doc = doc_parse(arena, reply->bytes, &err);
    if (doc != NULL) {
        struct str build; /* "v1.35.0+k3s1": what is behind the plus says little */
        text_clean(&clean, str_cut(val_str(val_get(doc_root(doc), "gitVersion")), '+', &build),
                   false);
        (void)snprintf(header->version, sizeof(header->version), STR_FMT,
                       STR_ARG(str_view(&clean)));
        ui_dirty(header->ui);
    }
}

static void
ask_version(struct header *header)
{
    struct call call = call_of(VERB_GET, NULL, (struct str){ 0 }, (struct str){ 0 });

    call.path = STR("/version");
    call.accept = ACCEPT_RAW;
    (void)ask_call(&header->asks, ui_client(header->ui), &call, on_version, header);
}

/* One item and how many remain: a count that costs the server nothing. */
static void
on_count(void *ctx, const struct reply *reply, struct err *owned)
{
    struct header *header = ctx;
    AUTO_ERR struct err *err = owned;
    struct val root;
    int64_t pods;

    if (err != NULL || reply->doc == NULL) {
        return;
    }
    root = doc_root(reply->doc);
    pods = (int64_t)val_len(val_get(root, "items")) +
           val_int(val_at(root, "metadata.remainingItemCount"), 0);
    if (pods != header->pods) {
        header->pods = pods;
        ui_dirty(header->ui);
    }
}

static void
count_pods(void *ctx)
{
    struct header *header = ctx;
    const struct resource *pods = catalog_find(ui_catalog(header->ui), STR("pods"));
    struct call call;

    header->timer = loop_timer(ui_loop(header->ui), clock_mono_ms() + COUNT_MS, count_pods, header);
    if (header->version[0] == '\0') {
        ask_version(header);
    }
    if (pods != NULL) {
        call = call_of(VERB_LIST, pods, (struct str){ 0 }, (struct str){ 0 });
        call.accept = ACCEPT_PARTIAL;
        call.limit = 1;
        (void)ask_call(&header->asks, ui_client(header->ui), &call, on_count, header);
    }
}

/* ---- life ---- */

struct header *
header_new(struct ui *ui, const char *cluster)
{
    struct header *header = MEM_NEW(struct header);
    const struct resource *nodes = catalog_find(ui_catalog(ui), STR("nodes"));
    struct feed_spec spec = { .resource = nodes };

    header->ui = ui;
    header->cluster = mem_strdup(cluster);
    header->nodes = table_new();
    header->pods = -1;
    if (nodes != NULL) {
        header->feed = feed_new(ui_client(ui), &spec, &node_ops, header);
    }
    count_pods(header);
    return header;
}

void
header_free(struct header *header)
{
    if (header == NULL) {
        return;
    }
    ask_drop_all(&header->asks);
    loop_timer_cancel(header->timer);
    feed_free(header->feed);
    table_free(header->nodes);
    mem_free(header->cluster);
    mem_free(header);
}

void
header_refresh(struct header *header)
{
    header->version[0] = '\0';
    loop_timer_cancel(header->timer);
    count_pods(header);
    if (header->feed != NULL) {
        feed_restart(header->feed);
    }
}

/* ---- drawing ---- */

static int
draw_nodes(const struct header *header, struct grid *grid, struct grid_rect line)
{
    size_t all = table_shown(header->nodes), ready = 0;
    int x = line.x;
    char text[48];

    for (size_t i = 0; i < all; i++) {
        enum state state = table_row(header->nodes, i)->state;
        ready += state == STATE_OK || state == STATE_WARN ? 1 : 0;
    }
    (void)snprintf(text, sizeof(text), "nodes %zu/%zu", ready, all);
    x += grid_putz(grid, x, line.y, line.width, text, ROLE_STATUS);
    return x;
}

void
header_draw_status(const struct header *header, struct grid *grid, struct grid_rect line)
{
    bool is_away = header->feed != NULL && feed_state(header->feed) == FEED_RETRYING;
    int end = line.x + line.width;
    int x = line.x + 1;
    char text[48];

    grid_fill(grid, line, ROLE_STATUS);
    x += grid_putz(grid, x, line.y, end - x, "binnacle", ROLE_BRAND) + 2;
    x += grid_put_fit(grid, x, line.y, end - x, str_of(header->cluster), ROLE_STATUS) + 2;
    x += grid_putz(grid, x, line.y, end - x, header->version, ROLE_STATUS) + 3;
    if (is_away) {
        (void)grid_putz(grid, x, line.y, end - x, "no connection, trying again", ROLE_STATUS);
        return;
    }
    if (header->nodes->column_len > 0 && x < end) {
        x = draw_nodes(header, grid, (struct grid_rect){ x, line.y, end - x, 1 }) + 2;
    }
    if (header->pods >= 0 && x < end) {
        (void)snprintf(text, sizeof(text), "pods %lld", (long long)header->pods);
        (void)grid_putz(grid, x, line.y, end - x, text, ROLE_STATUS);
    }
}

void
header_draw_title(const struct view_title *title, struct grid *grid, struct grid_rect line)
{
    int right = text_width(str_of(title->right));
    int end = line.x + line.width - 1 - (right > 0 ? right + 2 : 0);
    int x = line.x + 1;

    x += grid_put_fit(grid, x, line.y, end - x, str_of(title->what), ROLE_TITLE) + 2;
    if (title->where[0] != '\0' && x < end) {
        x += grid_put_fit(grid, x, line.y, end - x, str_of(title->where), ROLE_ACCENT) + 2;
    }
    if (title->note[0] != '\0' && x < end) {
        (void)grid_put_fit(grid, x, line.y, end - x, str_of(title->note), title->note_role);
    }
    grid_put_right(grid, line.x, line.y, line.width - 1, str_of(title->right), ROLE_DIM);
}

/* "ctrl-d" is too long for a hint: "^d". */
static struct str
short_key(uint32_t key, char text[KEYS_NAME_SIZE])
{
    char name[KEYS_NAME_SIZE];
    struct str full = keys_name(key, name);
    int size;

    if (key >= 'A' && key <= 'Z') {
        size = snprintf(text, KEYS_NAME_SIZE, "%c", (char)key);
    } else if (str_has_prefix(full, STR("ctrl-"))) {
        size = snprintf(text, KEYS_NAME_SIZE, "^%.*s", (int)full.size - 5, full.at + 5);
    } else {
        size = snprintf(text, KEYS_NAME_SIZE, STR_FMT, STR_ARG(full));
    }
    return str_slice(text, (size_t)size);
}

static bool
draw_hint(const struct actions_map *map, enum action action, struct grid *grid, int *x,
          struct grid_rect line)
{
    const struct actions_row *row = actions_row(action);
    char text[KEYS_NAME_SIZE];
    struct str key = short_key(map->keys[action][0], text);
    int width = text_width(key) + 1 + text_width(str_of(row->hint));

    if (*x + width >= line.x + line.width) {
        return false;
    }
    *x += grid_put(grid, *x, line.y, width, key, ROLE_KEY) + 1;
    *x += grid_putz(grid, *x, line.y, width, row->hint, ROLE_HINT) + 2;
    return true;
}

void
header_draw_hints(const struct actions_map *map, unsigned scopes, struct grid *grid,
                  struct grid_rect line)
{
    int x = line.x + 1;

    /* Help comes first, so that it is there however narrow the line is. */
    (void)draw_hint(map, ACTION_HELP, grid, &x, line);
    for (int scope = 0; scope < SCOPE_LEN; scope++) {
        for (int i = ACTION_HELP + 1; i < ACTION_LEN; i++) {
            const struct actions_row *row = actions_row((enum action)i);
            bool is_here = (int)row->scope == scope && (scopes & SCOPE_BIT(scope)) != 0 &&
                           row->hint[0] != '\0' && map->keys[i][0] != KEYS_NONE &&
                           actions_find(map, map->keys[i][0], scopes) == (enum action)i &&
                           !(map->is_readonly && (row->flags & ACTIONS_DANGER) != 0);
            if (is_here && !draw_hint(map, (enum action)i, grid, &x, line)) {
                return;
            }
        }
    }
}
