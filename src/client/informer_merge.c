/* What a remote informer believes.  Loop thread; informer_remote.c brings the news.
 *
 * Three things put objects into the cache: lists, watch events, and the answers of own writes, which
 * may be ahead of both. Per object the higher revision wins. An object that an own write deleted or
 * moved out of the selector leaves a floor behind: older news of its uid are not believed. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "api/selector.h"
#include "base/mem.h"
#include "client/cache.h"
#include "client/cache_tree.h"
#include "client/client.h"
#include "client/informer_remote_priv.h"
#include "client/informer_stream.h"

/* News of this uid count from this revision on; UINT64_MAX: it is deleted. */
struct floor {
    uint64_t rev;
    uint64_t after_list; /* lists begun before it was set; a later one has seen it */
};

static struct cache *
cache_of(const struct informer_remote *remote)
{
    return remote->stream->of->cache;
}

static void
floor_set(struct informer_remote *remote, struct str uid, uint64_t rev)
{
    struct floor *floor = map_get(&remote->floors, uid);

    if (floor == NULL) {
        floor = MEM_NEW(struct floor);
        (void)map_put(&remote->floors, uid, floor);
    }
    floor->rev = rev > floor->rev ? rev : floor->rev;
    floor->after_list = remote->list_number;
}

static void
floor_drop(struct informer_remote *remote, struct str uid)
{
    mem_free(map_del(&remote->floors, uid));
}

/* Its end has come by the watch too. A floor above it belongs to a later own write. */
static void
floor_deleted(struct informer_remote *remote, struct str uid, uint64_t rev)
{
    const struct floor *floor = map_get(&remote->floors, uid);

    if (floor != NULL && (floor->rev == UINT64_MAX || floor->rev <= rev)) {
        floor_drop(remote, uid);
    }
}

static bool
is_below_floor(const struct informer_remote *remote, struct str uid, uint64_t rev)
{
    const struct floor *floor = map_get(&remote->floors, uid);

    return floor != NULL && rev < floor->rev;
}

/* A list that began after the floor was set knows of what set it. */
static void
floors_settle(struct informer_remote *remote)
{
    size_t iter = 0;
    struct str uid;
    void *value = NULL;

    while (map_next(&remote->floors, &iter, &uid, &value)) {
        const struct floor *floor = value;
        if (floor->after_list < remote->list_number) {
            floor_drop(remote, uid);
        }
    }
}

/* The object at a key is gone. */
static void
remote_unset(struct informer_remote *remote, struct str ns, struct str name, uint64_t rev)
{
    AUTO_OBJECT struct object *old = cache_del(cache_of(remote), remote->resource, ns, name);

    if (old != NULL) {
        informer_dispatch(remote->stream, old, NULL, rev);
    }
}

/* The object is newer than what the cache has. A handler may close the informer: nothing of remote
 * is touched after a dispatch unless the stream is still there. */
static void
remote_set(struct informer_remote *remote, struct object *object)
{
    AUTO_OBJECT struct object *keep = object_ref(object);
    AUTO_OBJECT struct object *old = NULL;
    struct object *before = cache_get(cache_of(remote), remote->resource, object->ns, object->name);

    if (before != NULL && !str_eq(before->uid, object->uid)) {
        /* Deleted and made again unseen: two changes. */
        remote_unset(remote, object->ns, object->name, object->rev);
        if (remote->stream == NULL) {
            return;
        }
    }
    old = cache_put(cache_of(remote), object);
    informer_dispatch(remote->stream, old, keep, object->rev);
}

static bool
is_news(const struct informer_remote *remote, const struct object *object)
{
    const struct object *before =
        cache_get(cache_of(remote), remote->resource, object->ns, object->name);

    return !is_below_floor(remote, object->uid, object->rev) &&
           (before == NULL || before->rev < object->rev);
}

void
informer_merge_rev(struct informer_remote *remote, uint64_t rev)
{
    if (rev > remote->rev) {
        remote->rev = rev;
    }
    if (rev > cache_rev(cache_of(remote))) {
        cache_set_rev(cache_of(remote), rev);
    }
}

/* ---- own writes ---- */

void
informer_remote_take(struct informer_remote *remote, struct object *object)
{
    const struct object *before;

    if (!remote->stream->is_listed || !is_news(remote, object)) {
        return;
    }
    informer_remote_hold(remote);
    if ((remote->fields == NULL || selector_matches_object(remote->fields, object)) &&
        (remote->labels == NULL || selector_matches_labels(remote->labels, object->labels))) {
        remote_set(remote, object);
    } else {
        floor_set(remote, object->uid, object->rev);
        before = cache_get(cache_of(remote), remote->resource, object->ns, object->name);
        if (before != NULL && str_eq(before->uid, object->uid)) {
            remote_unset(remote, object->ns, object->name, object->rev);
        }
    }
    informer_remote_release(remote);
}

void
informer_remote_take_deleted(struct informer_remote *remote, struct str ns, struct str name,
                             struct str uid)
{
    const struct object *before = cache_get(cache_of(remote), remote->resource, ns, name);

    if (uid.size == 0) {
        return;
    }
    floor_set(remote, uid, UINT64_MAX);
    if (before != NULL && str_eq(before->uid, uid)) {
        informer_remote_hold(remote);
        remote_unset(remote, ns, name, before->rev);
        informer_remote_release(remote);
    }
}

/* ---- lists and watches ---- */

/* Not in the list, and not newer than it: gone. */
static void
list_missing(struct informer_remote *remote, const struct object *have)
{
    if (have->rev <= remote->list_rev) {
        remote_unset(remote, have->ns, have->name, remote->list_rev);
    }
}

/* Brings the cache to what the list says: both are walked in key order, the cache pinned because it
 * changes on the way. */
void
informer_merge_list(struct informer_remote *remote)
{
    struct str all = { 0 };
    struct cache *pin = cache_ref(cache_of(remote));
    struct cache *fresh = STEAL(remote->fresh);
    struct cache_iter have_iter = cache_begin(pin, remote->resource, all);
    struct cache_iter want_iter = cache_begin(fresh, remote->resource, all);
    const struct object *have = cache_next(&have_iter);
    struct object *want = cache_next(&want_iter);

    while ((have != NULL || want != NULL) && remote->stream != NULL) {
        int order = have == NULL   ? 1
                    : want == NULL ? -1
                                   : cache_tree_order(have->ns, have->name, want->ns, want->name);
        if (order < 0) {
            list_missing(remote, have);
        } else if (is_news(remote, want)) {
            remote_set(remote, want);
        }
        have = order <= 0 ? cache_next(&have_iter) : have;
        want = order >= 0 ? cache_next(&want_iter) : want;
    }
    cache_free(pin);
    cache_free(fresh);
    if (remote->stream != NULL) {
        informer_merge_rev(remote, remote->list_rev);
        floors_settle(remote);
    }
}

void
informer_merge_event(struct informer_remote *remote, const struct watch_event *event)
{
    struct object *object = event->object;
    const struct object *before;

    if (event->type == WATCH_DELETED) {
        floor_deleted(remote, object->uid, event->rev);
    }
    if (event->rev <= remote->list_rev) {
        return; /* a list has told it already */
    }
    if (event->type != WATCH_DELETED) {
        if (is_news(remote, object)) {
            floor_drop(remote, object->uid);
            remote_set(remote, object);
        }
        return;
    }
    before = cache_get(cache_of(remote), remote->resource, object->ns, object->name);
    if (before != NULL && str_eq(before->uid, object->uid) && before->rev <= event->rev) {
        remote_unset(remote, object->ns, object->name, event->rev);
    }
}
