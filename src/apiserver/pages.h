/* Roots kept for the next page of a list, and continue tokens.  Loop thread. */
#ifndef BINNACLE_APISERVER_PAGES_H
#define BINNACLE_APISERVER_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct arena;
struct cache;
struct err;
struct loop;
struct pages;
struct sink;

struct pages *pages_new(struct loop *loop, struct sink *sink);
void pages_free(struct pages *pages); /* NULL allowed */
/* Keeps the present state for 5 minutes, or until it alone keeps 64 MiB alive. */
void pages_keep(struct pages *pages);
/* A pinned state of exactly this revision (free with cache_free), or NULL. */
struct cache *pages_pin(struct pages *pages, uint64_t rev);

/* What a continue token says; start is a key behind the resource's prefix: "ns/name\0" or "name\0",
 * where the list goes on. rev -1: at whatever is latest, inconsistent with the pages before. */
struct pages_token {
    int64_t rev;
    struct str start;
};
struct str pages_token_text(const struct pages_token *token, struct arena *arena);
int pages_token_parse(struct str text, struct arena *arena, struct pages_token *ret,
                      struct err **err);

#endif
