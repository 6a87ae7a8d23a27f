/* What the kinds' checks, defaults and preparations share; kind_*.c name them in their rows. */
#ifndef BINNACLE_API_KINDS_PRIV_H
#define BINNACLE_API_KINDS_PRIV_H

#include <stdbool.h>

#include "api/schema.h"

struct arena;
struct prepare;
struct problems;

/* The object again with one member set (in row order), the map with one key (in byte order). */
struct str kinds_with_member(struct arena *arena, const struct type *type, struct val object,
                             const char *member, struct str json);
struct str kinds_with_key(struct arena *arena, struct val map, const char *key, struct str json);

/* Pieces of what most kinds do (kinds_prepare_create, kinds_prepare_update in registry.h): a top-level member as in old (gone when it was not there), or as Go's zero. */
void kinds_prepare_keep(struct prepare *p, const char *member);
void kinds_prepare_zero(struct prepare *p, const char *member);
/* metadata.labels and other members of metadata as in old. */
void kinds_prepare_keep_meta(struct prepare *p, const char *member);

/* kind_config_check.c */
void kind_config_check_map(struct check_in *in, struct causes *out);
void kind_config_update_map(struct check_in *in, struct causes *out);
void kind_namespace_fill(struct fill *fill);
void kind_namespace_create(struct prepare *p);
void kind_namespace_update(struct prepare *p);
bool kind_namespace_delete(struct prepare *p);
void kind_namespace_check(struct check_in *in, struct causes *out);
void kind_namespace_check_update(struct check_in *in, struct causes *out);

#endif
