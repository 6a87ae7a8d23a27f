/* A session in a container that has the whole terminal: a shell, or what runs there.  Console's
 * thread. */
#ifndef BINNACLE_UI_SHELL_H
#define BINNACLE_UI_SHELL_H

#include <stdbool.h>

#include "base/str.h"

struct resource;
struct shell;
struct view;

struct shell_spec {
    struct str container; /* "" whichever runs; asks when there are several */
    bool is_attach;       /* to what the container runs, instead of a shell beside it */
};
/* Opens one of a pod's running containers. The view owns the session; one that is being opened is given
 * up. */
void shell_open(struct view *view, const struct resource *pods, struct str ns, struct str name,
                const struct shell_spec *spec);
void shell_free(struct shell *shell); /* cuts; NULL allowed */

#endif
