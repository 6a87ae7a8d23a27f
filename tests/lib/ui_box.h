/* A console without terminal or server: answers by routes, keys by name, screens as golden files. */
#ifndef BINNACLE_TESTS_LIB_UI_BOX_H
#define BINNACLE_TESTS_LIB_UI_BOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "tests/lib/fake_client.h"
#include "ui/ui.h"

enum { UI_BOX_ROUTES = 64, UI_BOX_NOW_S = 1800000000 };

struct ui_box {
    struct loop *loop;
    struct fake_client *fake;
    struct ui *ui;
    struct {
        char *line, *json; /* json NULL: the server does not know it */
    } routes[UI_BOX_ROUTES];
    size_t route_len;
    size_t wakes; /* how often it asked to be drawn */
    struct str_builder copied;
    struct ui_guest guest; /* who has the terminal */
    bool has_guest;
    struct str_builder written; /* by guests */
    size_t mores;
    int stopped;
};

/* The clock stands still. Begins with the pods of ns ("" all); the routes of discovery, version and
 * nodes are there. host: with a control plane of its own to ask about. */
void ui_box_open(struct ui_box *box, int width, int height, const char *ns, bool has_host);
/* The same on a terminal that guests may have (shells, editors): has_guest, written. */
void ui_box_open_terminal(struct ui_box *box, int width, int height, const char *ns);
void ui_box_close(struct ui_box *box);
/* Calls whose "GET /path?query" begins so are answered with json; the newest route wins. NULL: 404. */
void ui_box_route(struct ui_box *box, const char *line, const char *json);
/* From tests/ui/fixtures. */
void ui_box_route_file(struct ui_box *box, const char *line, const char *fixture);
/* Until nothing more happens. */
void ui_box_settle(struct ui_box *box);
void ui_box_keys(struct ui_box *box, const char *names); /* "d esc shift-n", then settles */
void ui_box_type(struct ui_box *box, const char *text);
void ui_box_warp(struct ui_box *box, int64_t by_ms);
/* The whole screen and its roles as tests/ui/golden/NAME; UPDATE_GOLDEN=1 writes it. */
void ui_box_expect_golden(struct ui_box *box, const char *name);
void ui_box_expect_text(struct ui_box *box, const char *text); /* somewhere on the screen */
void ui_box_refuse_text(struct ui_box *box, const char *text);

#endif
