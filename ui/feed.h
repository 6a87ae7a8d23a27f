/* A live table of one kind: list in pages, then watch, in Table form; again after whatever ends it.
 * Console's thread. */
#ifndef BINNACLE_UI_FEED_H
#define BINNACLE_UI_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/doc.h"
#include "base/str.h"

struct client;
struct feed;
struct resource;

/* Columns come before rows. A list is between begin and end; rows outside are changes. NULL: of no
 * interest. */
struct feed_ops {
    void (*columns)(void *ctx, struct val definitions);
    void (*begin)(void *ctx);
    void (*row)(void *ctx, struct val row);
    void (*gone)(void *ctx, struct val row);
    void (*end)(void *ctx);
    void (*changed)(void *ctx); /* state or revision: something else to show */
};
struct feed_spec {
    const struct resource *resource;               /* outlives the feed */
    struct str ns, label_selector, field_selector; /* copied */
};
enum feed_state {
    FEED_LOADING,  /* the first list is under way */
    FEED_LIVE,     /* every change comes */
    FEED_POLLING,  /* the kind cannot be watched: listed every few seconds */
    FEED_RETRYING, /* see feed_problem */
};

struct feed *feed_new(struct client *client, const struct feed_spec *spec,
                      const struct feed_ops *ops, void *ctx);
void feed_free(struct feed *feed);    /* NULL allowed */
void feed_restart(struct feed *feed); /* a list now */
enum feed_state feed_state(const struct feed *feed);
const char *feed_problem(const struct feed *feed); /* of RETRYING, "" otherwise */
uint64_t feed_rev(const struct feed *feed);

#endif
