/* Lines of text on the screen: scrolling, wrapping, search with highlights, colours by syntax.  The
 * lines come from a source, which may drop its oldest and grow.  Console's thread. */
#ifndef BINNACLE_UI_PAGER_H
#define BINNACLE_UI_PAGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "base/vec.h"
#include "ui/grid.h"

struct pattern;

/* Lines have numbers that stay: first … end - 1 are there. Their text is clean, without line feed. */
struct pager_source {
    uint64_t (*first)(const void *ctx);
    uint64_t (*end)(const void *ctx);
    struct str (*line)(const void *ctx, uint64_t number);
};
enum pager_syntax { PAGER_PLAIN, PAGER_YAML, PAGER_DESCRIBE, PAGER_HELP };

struct pager {
    const struct pager_source *source;
    const void *ctx;
    enum pager_syntax syntax;
    uint64_t top;   /* number of the line at the top */
    size_t top_row; /* and its row, when wrapped */
    int left;       /* columns scrolled away */
    bool is_wrapped;
    bool is_following;       /* stays at the end */
    int height, width;       /* of the last drawing */
    struct pattern *pattern; /* searched for, NULL: nothing */
    uint64_t match;          /* line of the match that was jumped to, UINT64_MAX: none */
    struct pager_look {      /* for the next one */
        uint64_t at, from;   /* line to look at next; where it began */
        int step;
        bool turns;
    } look;
};

void pager_init(struct pager *pager, const struct pager_source *source, const void *ctx);
void pager_done(struct pager *pager);
void pager_draw(struct pager *pager, struct grid *grid, struct grid_rect rect);
void pager_move(struct pager *pager, int64_t rows); /* ends following, unless it reaches the end */
void pager_top(struct pager *pager);
void pager_bottom(struct pager *pager);
void pager_scroll(struct pager *pager, int columns);
/* Half-typed regular expressions are taken as text. An empty text ends the search. */
void pager_search(struct pager *pager, struct str text);
/* Begins to look for the next match down (1) or up (-1), from the last one or from the top of the screen;
 * turns: then from there the other way. Each slice looks at about so many bytes, and goes there when it
 * has found it. */
enum pager_hunt { PAGER_FOUND, PAGER_NOTHING, PAGER_MORE };
void pager_hunt(struct pager *pager, int step, bool turns);
enum pager_hunt pager_hunt_slice(struct pager *pager, size_t bytes);
struct str pager_pattern(const struct pager *pager); /* as typed, "" none */

/* A source of one text. */
struct pager_text {
    char *text;
    size_t size;
    VEC(uint32_t) starts; /* of lines; at most 4 GiB */
};
extern const struct pager_source pager_text_source;
void pager_text_set(struct pager_text *text, struct str foreign); /* cleaned */
void pager_text_done(struct pager_text *text);

#endif
