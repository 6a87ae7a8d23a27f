/* The console: views on a stack, the dispatcher of keys, frames; and the entry for main.c.  One loop,
 * one thread, its own process. */
#ifndef BINNACLE_UI_UI_H
#define BINNACLE_UI_UI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "ui/grid.h"

struct catalog;
struct client;
struct deeds;
struct loop;
struct options;
struct ui;
struct view;

/* ---- the program ---- */

/* The control plane of this machine; NULL when the console is opened on another cluster. */
struct ui_host {
    const char *socket_path; /* its API */
    void (*stop)(void *ctx); /* asked to end; called once, when the console ends */
    void *ctx;
};
/* Runs the console until it is left; → exit status. Messages go to standard error. */
int ui_main(const struct options *options, const struct ui_host *host);

/* ---- one console, also without a terminal ---- */

struct ui_spec {
    struct loop *loop;
    struct client *client; /* borrowed, outlives the console */
    const char *cluster;   /* name to show */
    const char *ns;        /* to begin in, "" all */
    const struct ui_host *host;
    int width, height;
    bool is_readonly, is_ascii;
};
/* Who has the terminal for a while: nothing is drawn, and what is typed goes here as it comes. */
struct ui_guest {
    enum ui_guest_kind {
        UI_GUEST_RAW,   /* a terminal elsewhere: every byte passes both ways */
        UI_GUEST_LINES, /* a stream without a terminal: lines end, and what is typed is seen */
        UI_GUEST_CHILD, /* a program of this machine, which has our standard input and output */
    } kind;
    /* false: no more until ui_guest_more. NULL for a child. */
    bool (*input)(void *ctx, struct str bytes);
    void (*resize)(void *ctx, int width,
                   int height); /* at once, and at every change; may be NULL */
    void *ctx;
};
/* What draws for it; every member may be NULL. */
struct ui_sink {
    void (*wake)(void *ctx); /* something is to be drawn: ui_frame soon */
    void (*redraw)(void *ctx);
    bool (*copy)(void *ctx, struct str text); /* to the clipboard */
    /* The terminal of a guest, copied; more: input again; guest NULL: it comes back. */
    void (*lend)(void *ctx, const struct ui_guest *guest);
    void (*write)(void *ctx, struct str bytes);
    void (*more)(void *ctx);
    void *ctx;
};

struct ui *ui_new(const struct ui_spec *spec, const struct ui_sink *sink);
void ui_free(struct ui *ui);
void ui_key(struct ui *ui, uint32_t key);
void ui_resize(struct ui *ui, int width, int height);
/* Draws what is there now; valid until the next call. */
const struct grid *ui_frame(struct ui *ui);
bool ui_is_dirty(const struct ui *ui);
/* 0: goes on; 1: leave, 2: leave and stop the control plane. */
int ui_wants_to_quit(const struct ui *ui);
struct str ui_last_flash(const struct ui *ui); /* for scripts */
/* Key file: names of actions to keys (actions.h). */
struct err;
int ui_bind_keys(struct ui *ui, struct str yaml, struct err **err);

/* ---- for views ---- */

struct client *ui_client(const struct ui *ui);
struct loop *ui_loop(const struct ui *ui);
struct catalog *ui_catalog(const struct ui *ui);
const char *ui_ns(const struct ui *ui); /* "" all */
void ui_set_ns(struct ui *ui, struct str ns);
bool ui_is_readonly(const struct ui *ui);
struct deeds *ui_deeds(struct ui *ui); /* changes under way */
void ui_dirty(struct ui *ui);          /* draw again soon */
/* A line at the bottom for 6 s, also kept for :messages. */
void ui_flash(struct ui *ui, enum role role, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void ui_push(struct ui *ui, struct view *view);    /* on top; takes it over */
void ui_start(struct ui *ui, struct view *view);   /* instead of all there are */
void ui_replace(struct ui *ui, struct view *view); /* instead of the one on top */
void ui_pop(struct ui *ui);                        /* the last one stays */
struct view *ui_top(const struct ui *ui);
void ui_command(struct ui *ui, struct str text); /* what ':' takes */
void ui_copy(struct ui *ui, struct str text, const char *what);
/* Leaves the terminal to a guest: false when there is none, or another guest has it. */
bool ui_lend(struct ui *ui, const struct ui_guest *guest);
void ui_take_back(struct ui *ui);
void ui_guest_write(struct ui *ui, struct str bytes);
void ui_guest_more(struct ui *ui);
/* Texts for the views of messages and help. */
void ui_write_messages(const struct ui *ui, struct str_builder *out);
void ui_write_help(const struct ui *ui, unsigned scopes, struct str_builder *out);

#endif
