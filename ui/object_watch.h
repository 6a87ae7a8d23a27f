/* One object's watch: says when a view should read the object again, or that it is gone.
 * Console's thread. */
#ifndef BINNACLE_UI_OBJECT_WATCH_H
#define BINNACLE_UI_OBJECT_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct object_watch;
struct resource;
struct ui;

struct object_watch_spec {
    const struct resource *resource; /* outlives the watch */
    struct str ns, name;             /* copied */
    int64_t settle_ms;               /* a change waits that long for company */
    bool (*is_read)(void *ctx);      /* once; what changes before that needs no second read */
    void (*again)(void *ctx);
    void (*gone)(void *ctx); /* NULL: as a change */
    void *ctx;
};

struct object_watch *object_watch_new(struct ui *ui, const struct object_watch_spec *spec);
void object_watch_free(struct object_watch *watch); /* NULL allowed */

#endif
