/* Inside of selectors: what selector.c and selector_parse.c share. */
#ifndef BINNACLE_API_SELECTOR_PRIV_H
#define BINNACLE_API_SELECTOR_PRIV_H

#include "api/selector.h"

struct selectable;

enum selector_op {
    SELECTOR_EQUALS,
    SELECTOR_DOUBLE_EQUALS,
    SELECTOR_NOT_EQUALS,
    SELECTOR_IN,
    SELECTOR_NOT_IN,
    SELECTOR_EXISTS,
    SELECTOR_ABSENT,
    SELECTOR_GREATER,
    SELECTOR_LESS,
};

/* One requirement. */
struct selector_need {
    struct str key;
    enum selector_op op;
    struct str *values;
    size_t len, capacity;
    const struct selectable *field; /* field selectors: NULL for metadata.name and namespace */
    uint32_t hash;                  /* of the value, for indexed fields */
};

struct selector {
    struct arena *arena;
    struct selector_need *needs; /* sorted by key; all must match */
    size_t len, capacity;
    bool is_nothing; /* matches nothing whatever the requirements say */
    bool has_fields; /* a field selector */
};

struct selector *selector_new(struct arena *arena);
void selector_add(struct selector *selector, const struct selector_need *need);
void selector_add_value(struct arena *arena, struct selector_need *need, struct str value);
void selector_sort(struct selector *selector);
int selector_check(struct arena *arena, const struct selector_need *need, struct err **err);

#endif
