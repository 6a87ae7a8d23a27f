/* The store's front: hands each call to the back end that was opened.  Called by the API server
 * (and by main.c, which opens one), on the loop. */
#include "config.h" /* IWYU pragma: keep */

#include "store/store.h"

#include <assert.h>
#include <inttypes.h>

#include "base/buf.h"
#include "base/err.h"

void
store_commit(struct store *store, const struct store_write *write, store_done_fn *done, void *ctx)
{
    assert(write->value != NULL || write->expect_rev != 0); /* nothing deletes what is absent */
    store->ops->commit(store, write, done, ctx);
}

void
store_fresh(struct store *store, store_rev_fn *done, void *ctx)
{
    store->ops->fresh(store, done, ctx);
}

void
store_list(struct store *store, struct str prefix, uint64_t at_rev, struct str start, size_t limit,
           store_list_fn *fn, void *ctx)
{
    store->ops->list(store, prefix, at_rev, start, limit, fn, ctx);
}

void
store_watch(struct store *store, uint64_t from_rev, store_event_fn *fn, void *ctx)
{
    store->ops->watch(store, from_rev, fn, ctx);
}

void
store_events(struct store *store, uint64_t after_rev, uint64_t to_rev, size_t limit,
             store_events_fn *fn, void *ctx)
{
    store->ops->events(store, after_rev, to_rev, limit, fn, ctx);
}

void
store_compact(struct store *store, uint64_t rev, store_done_fn *done, void *ctx)
{
    store->ops->compact(store, rev, done, ctx);
}

void
store_history(struct store *store, struct str key, uint64_t before_rev, size_t limit,
              store_history_fn *fn, void *ctx)
{
    store->ops->history(store, key, before_rev, limit, fn, ctx);
}

void
store_close(struct store *store, void (*done)(void *ctx), void *ctx)
{
    store->ops->close(store, done, ctx);
}

int
store_check(const struct store_write *write, struct err **err)
{
    if (write->key->size == 0 || write->key->size > STORE_KEY_MAX) {
        return err_set(err, ERR_TOO_LARGE, "a key of %zu bytes: the limit is %d", write->key->size,
                       STORE_KEY_MAX);
    }
    if (write->value != NULL && write->value->size > STORE_VALUE_MAX) {
        return err_set(err, ERR_TOO_LARGE, "an object of %zu bytes: the limit is %d",
                       write->value->size, STORE_VALUE_MAX);
    }
    return 0;
}

int
store_check_rev(uint64_t rev, uint64_t compact_rev, uint64_t last_rev, struct err **err)
{
    if (rev < compact_rev) {
        return err_set(err, ERR_EXPIRED, "required revision has been compacted");
    }
    if (rev > last_rev) {
        /* apimachinery NewTooLargeResourceVersionError: text, code, seconds and cause are its. */
        (void)err_set(err, ERR_TIMEOUT,
                      "Too large resource version: %" PRIu64 ", current: %" PRIu64, rev, last_rev);
        (*err)->retry_after_s = 1;
        err_cause(*err, "ResourceVersionTooLarge", NULL, "Too large resource version");
        return -1;
    }
    return 0;
}
