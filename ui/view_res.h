/* The table of any kind, live, from the server's columns.  Console's thread. */
#ifndef BINNACLE_UI_VIEW_RES_H
#define BINNACLE_UI_VIEW_RES_H

#include "base/str.h"

struct resource;
struct ui;
struct view;

struct view_res_spec {
    const struct resource *resource;
    struct str ns;             /* "" all */
    struct str filter;         /* as typed */
    struct str label_selector; /* of what one came from, "" none */
    struct str field_selector;
    struct str of; /* "Deployment/api": what it belongs to, for the title */
};
struct view *view_res_new(struct ui *ui, const struct view_res_spec *spec);
/* The kind that a view shows; NULL: it is no such view. */
const struct resource *view_res_kind(struct view *view);

#endif
