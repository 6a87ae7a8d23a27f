/* A watch's place in the stream of one resource: in the ring, or before it, fed page by page from
 * the store until it joins. Called by rest_watch.c; woken by sink.c. Loop thread.
 *
 * A page is the store's events behind the last one given, with the resource's own picked out. What
 * an object was before an event comes from earlier in the page, else from the store at the revision
 * before: the past of the past is not in the cache. */
#include "config.h"

#include "apiserver/sink.h"

#include "api/object.h"
#include "api/registry.h"
#include "apiserver/sink_impl.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/vec.h"
#include "client/cache.h"
#include "store/store.h"

#define LOG_MODULE "sink"

enum { FEED_LEN = 256 /* events of the store a page */ };

/* An event of a page; the slot belongs to the page. */
struct feed_item {
    struct sink_slot *slot;
    char *key;
    uint64_t prev_rev;
    bool is_complete; /* old is there, or is not needed */
};
/* One fetch; outlives its cursor until the store has answered. */
struct feed {
    struct sink_cursor *cursor; /* NULL: nobody wants it any more */
    struct sink *sink;
    VEC(struct feed_item) items;
    size_t at;       /* next one to look up, then next one to give */
    size_t seen;     /* events of the store, of any resource */
    uint64_t to_rev; /* everything up to here is in the page */
};
struct sink_cursor {
    struct sink *sink;
    struct sink_topic *topic;
    struct sink_cursor *next, *prev; /* of the topic */
    uint64_t rev;                    /* everything up to here was given */
    uint64_t seq;                    /* next event in the ring, when is_joined */
    bool is_joined, wants_old, is_waiting, is_expired, is_fetching;
    struct feed *feed; /* the page that is being given, or fetched */
    void (*wake)(void *);
    void *ctx;
};

static void fetch(struct sink_cursor *cursor);

/* ---- life ---- */

struct sink_cursor *
sink_cursor_new(struct sink *sink, const struct resource *resource, uint64_t after_rev,
                bool wants_old, void (*wake)(void *), void *ctx)
{
    struct sink_cursor *cursor = MEM_NEW(struct sink_cursor);
    cursor->sink = sink;
    cursor->topic = sink_topic_of(sink, resource);
    cursor->rev = after_rev;
    cursor->wants_old = wants_old;
    cursor->wake = wake;
    cursor->ctx = ctx;
    cursor->next = cursor->topic->cursors;
    if (cursor->next != NULL) {
        cursor->next->prev = cursor;
    }
    cursor->topic->cursors = cursor;
    return cursor;
}

static void
feed_free(struct feed *feed)
{
    for (size_t i = 0; i < feed->items.len; i++) {
        sink_slot_free(feed->items.at[i].slot);
        mem_free(feed->items.at[i].key);
    }
    VEC_DONE(feed->items);
    mem_free(feed);
}

static void
drop_feed(struct sink_cursor *cursor)
{
    struct feed *feed = STEAL(cursor->feed);
    if (feed == NULL) {
        return;
    }
    if (cursor->is_fetching) {
        feed->cursor = NULL; /* freed when the store answers */
    } else {
        feed_free(feed);
    }
}

void
sink_cursor_free(struct sink_cursor *cursor)
{
    if (cursor == NULL) {
        return;
    }
    drop_feed(cursor);
    if (cursor->next != NULL) {
        cursor->next->prev = cursor->prev;
    }
    if (cursor->prev != NULL) {
        cursor->prev->next = cursor->next;
    } else {
        cursor->topic->cursors = cursor->next;
    }
    mem_free(cursor);
}

uint64_t
sink_cursor_rev(const struct sink_cursor *cursor)
{
    /* All of the ring was given: then everything up to now was. */
    bool is_level = cursor->is_joined && cursor->seq == cursor->topic->row.next;
    uint64_t now = sink_rev(cursor->sink);
    return is_level && now > cursor->rev ? now : cursor->rev;
}

static void
wake(struct sink_cursor *cursor)
{
    if (cursor->is_waiting) {
        cursor->is_waiting = false;
        cursor->wake(cursor->ctx);
    }
}

void
sink_cursor_wake_all(struct sink_topic *topic)
{
    struct sink_cursor *next;
    for (struct sink_cursor *cursor = topic->cursors; cursor != NULL; cursor = next) {
        next = cursor->next;
        wake(cursor);
    }
}

/* ---- giving ---- */

static void
give(struct sink_cursor *cursor, struct sink_slot *slot, bool was_there, struct sink_event *ret)
{
    *ret = (struct sink_event){
        .rev = slot->rev, .old = slot->old, .now = slot->now, .was_there = was_there, .slot = slot
    };
    cursor->rev = slot->rev;
}

static enum sink_rc
next_of_ring(struct sink_cursor *cursor, struct sink_event *ret)
{
    struct sink_row *row = &cursor->topic->row;
    if (cursor->seq < row->first) {
        return SINK_FELL_OFF;
    }
    struct sink_slot *slot = sink_row_at(row, cursor->seq);
    while (slot != NULL && slot->rev <= cursor->rev) {
        slot = sink_row_at(row, ++cursor->seq); /* a watch from the future */
    }
    if (slot == NULL) {
        cursor->is_waiting = true;
        return SINK_WAIT;
    }
    cursor->seq++;
    give(cursor, slot, slot->old != NULL, ret);
    return SINK_EVENT;
}

/* The ring reaches back to where the cursor stands: go on there. */
static bool
join(struct sink_cursor *cursor)
{
    struct sink_row *row = &cursor->topic->row;
    if (cursor->rev < row->floor_rev) {
        return false;
    }
    cursor->seq = sink_row_seek(row, cursor->rev);
    cursor->is_joined = true;
    drop_feed(cursor);
    return true;
}

enum sink_rc
sink_next(struct sink_cursor *cursor, struct sink_event *ret)
{
    if (cursor->is_expired) {
        return SINK_EXPIRED;
    }
    if (!cursor->is_joined && cursor->feed != NULL && !cursor->is_fetching) {
        struct feed *feed = cursor->feed;
        if (feed->at < feed->items.len) {
            struct feed_item *item = &feed->items.at[feed->at++];
            give(cursor, item->slot, item->prev_rev != 0, ret);
            return SINK_EVENT;
        }
        cursor->rev = feed->to_rev > cursor->rev ? feed->to_rev : cursor->rev;
        drop_feed(cursor);
    }
    if (cursor->is_joined || (!cursor->is_fetching && join(cursor))) {
        return next_of_ring(cursor, ret);
    }
    if (!cursor->is_fetching) {
        fetch(cursor);
    }
    cursor->is_waiting = true;
    return SINK_WAIT;
}

/* ---- feeding ---- */

static void look_up_old(struct feed *feed);

static void
end_fetch(struct feed *feed)
{
    struct sink_cursor *cursor = feed->cursor;
    feed->at = 0;
    cursor->is_fetching = false;
    wake(cursor);
}

static bool
is_orphan(struct feed *feed, struct err *owned)
{
    if (feed->cursor == NULL) {
        err_free(owned);
        feed_free(feed);
        return true;
    }
    if (owned != NULL) {
        if (owned->code != ERR_EXPIRED) {
            log_warn("past events are not readable error=%s", owned->message);
        }
        feed->cursor->is_expired = true;
        err_free(owned);
        end_fetch(feed);
        return true;
    }
    return false;
}

static struct object *
publish(const struct feed *feed, struct buf *value, uint64_t rev, uint64_t create_rev)
{
    struct object *object = NULL;
    AUTO_ERR struct err *err = NULL;
    if (value != NULL && object_publish(feed->cursor->topic->resource, buf_str(value), rev,
                                        create_rev, &object, &err) < 0) {
        log_error("stored value is no object error=%s", err->message);
    }
    return object;
}

/* What the key was before: the page's own last state of it. */
static void
take_old_from_page(struct feed *feed, struct feed_item *item)
{
    for (size_t i = feed->items.len; i-- > 0;) {
        struct feed_item *before = &feed->items.at[i];
        if (before->slot->rev == item->prev_rev) {
            item->slot->old = object_ref(before->slot->now);
            item->is_complete = true;
            return;
        }
    }
}

static void
take_past(struct feed *feed, const struct store_event *event)
{
    struct str ns, name;
    struct sink_topic *topic = sink_topic_of_key(feed->sink, event->key, &ns, &name);
    if (topic != feed->cursor->topic) {
        return;
    }
    struct feed_item item = { .slot = MEM_NEW(struct sink_slot), .prev_rev = event->prev_rev };
    item.slot->rev = event->rev;
    item.slot->now = publish(feed, event->value, event->rev, event->create_rev);
    item.is_complete = event->prev_rev == 0 || (item.slot->now != NULL && !feed->cursor->wants_old);
    if (!item.is_complete) {
        take_old_from_page(feed, &item);
    }
    item.key = item.is_complete ? NULL : str_dup(event->key);
    VEC_ADD(feed->items, item);
}

static void
on_past(void *ctx, const struct store_event *events, size_t len, bool is_last, struct err *owned)
{
    struct feed *feed = ctx;
    if (feed->cursor == NULL && owned == NULL && !is_last) {
        return;
    }
    if (is_orphan(feed, owned)) {
        return;
    }
    for (size_t i = 0; i < len; i++) {
        take_past(feed, &events[i]);
    }
    feed->seen += len;
    if (len > 0 && feed->seen >= FEED_LEN) {
        feed->to_rev = events[len - 1].rev;
    }
    if (is_last) {
        look_up_old(feed);
    }
}

static void
on_old(void *ctx, const struct store_item *items, size_t len, bool is_last, uint64_t rev,
       struct err *owned)
{
    struct feed *feed = ctx;
    (void)rev;
    if (feed->cursor == NULL && owned == NULL && !is_last) {
        return;
    }
    if (is_orphan(feed, owned)) {
        return;
    }
    struct feed_item *item = &feed->items.at[feed->at];
    if (len > 0 && !item->is_complete && str_is(items[0].key, item->key)) {
        item->slot->old = publish(feed, items[0].value, items[0].rev, items[0].create_rev);
        item->is_complete = true;
    }
    if (is_last) {
        item->is_complete = true;
        look_up_old(feed);
    }
}

/* One after the other: a page has few of them, and only those whose past is before the page. */
static void
look_up_old(struct feed *feed)
{
    while (feed->at < feed->items.len && feed->items.at[feed->at].is_complete) {
        feed->at++;
    }
    if (feed->at == feed->items.len) {
        end_fetch(feed);
        return;
    }
    struct feed_item *item = &feed->items.at[feed->at];
    store_list(feed->sink->store, str_of(item->key), item->slot->rev - 1, (struct str){ 0 }, 1,
               on_old, feed);
}

static void
fetch(struct sink_cursor *cursor)
{
    struct feed *feed = MEM_NEW(struct feed);
    feed->cursor = cursor;
    feed->sink = cursor->sink;
    feed->to_rev = sink_rev(cursor->sink);
    cursor->feed = feed;
    cursor->is_fetching = true;
    store_events(cursor->sink->store, cursor->rev, feed->to_rev, FEED_LEN, on_past, feed);
}

/* ---- what an event's watchers share ---- */

struct object *
sink_event_gone(const struct sink_event *event)
{
    struct sink_slot *slot = event->slot;
    if (slot->gone == NULL && slot->old != NULL) {
        slot->gone = object_at_rev(slot->old, slot->rev);
    }
    return slot->gone;
}

struct buf *
sink_event_encoding(const struct sink_event *event, uint32_t id)
{
    for (size_t i = 0; i < SINK_ENCODINGS; i++) {
        if (event->slot->encodings[i].bytes != NULL && event->slot->encodings[i].id == id) {
            return event->slot->encodings[i].bytes;
        }
    }
    return NULL;
}

void
sink_event_keep(const struct sink_event *event, uint32_t id, struct buf *encoding)
{
    for (size_t i = 0; i < SINK_ENCODINGS; i++) {
        if (event->slot->encodings[i].bytes == NULL) {
            event->slot->encodings[i].id = id;
            event->slot->encodings[i].bytes = encoding;
            return;
        }
    }
    buf_unref(encoding);
}
