/* The line at the bottom that is typed into: ':' commands, '/' filters and searches.  Console's
 * thread. */
#ifndef BINNACLE_UI_PROMPT_H
#define BINNACLE_UI_PROMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "ui/grid.h"

enum { PROMPT_MAX = 512 };

/* The n-th way to go on from text, whole; {NULL,0}: no more. */
typedef struct str prompt_suggest_fn(void *ctx, struct str text, size_t n);

struct prompt {
    bool is_open;
    char kind; /* ':' or '/' */
    char text[PROMPT_MAX];
    size_t size, at;            /* at: of the cursor, in bytes */
    size_t choice;              /* which suggestion */
    prompt_suggest_fn *suggest; /* NULL: none */
    void *ctx;
};
enum prompt_result { PROMPT_IGNORED, PROMPT_EDITED, PROMPT_DONE, PROMPT_CANCELLED };

void prompt_open(struct prompt *prompt, char kind, struct str text, prompt_suggest_fn *suggest,
                 void *ctx);
enum prompt_result prompt_key(struct prompt *prompt, uint32_t key);
struct str prompt_text(const struct prompt *prompt);
void prompt_draw(const struct prompt *prompt, struct grid *grid, struct grid_rect line);

#endif
