/* Which plan a folder of golden cases belongs to. */
#ifndef BINNACLE_TESTS_GOLDEN_GOLDEN_PLANS_H
#define BINNACLE_TESTS_GOLDEN_GOLDEN_PLANS_H

struct cache;
struct reconciler;
struct registry;

/* open makes env->part, close frees it; both may be NULL. */
struct golden_plan {
    const char *folder; /* below tests/golden */
    const struct reconciler *reconciler;
    void *(*open)(struct registry *registry, struct cache *cache);
    void (*close)(void *part);
};
extern const struct golden_plan golden_plans[]; /* folder NULL ends it */

#endif
