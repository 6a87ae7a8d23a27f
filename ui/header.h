/* The lines around a view: status, title, hints; and what the status line knows of the cluster.
 * Console's thread. */
#ifndef BINNACLE_UI_HEADER_H
#define BINNACLE_UI_HEADER_H

#include "base/str.h"
#include "ui/grid.h"

struct actions_map;
struct header;
struct ui;
struct view_title;

/* Follows nodes, counts pods, asks for the version. */
struct header *header_new(struct ui *ui, const char *cluster);
void header_free(struct header *header); /* NULL allowed */
void header_refresh(struct header *header);
void header_draw_status(const struct header *header, struct grid *grid, struct grid_rect line);
void header_draw_title(const struct view_title *title, struct grid *grid, struct grid_rect line);
/* Keys that mean something here, as many as fit. */
void header_draw_hints(const struct actions_map *map, unsigned scopes, struct grid *grid,
                       struct grid_rect line);

#endif
