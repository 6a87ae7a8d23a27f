/* The decisions of client-go's EventCorrelator (tools/record/events_cache.go): aggregation of
 * similar events, counting of equal ones, and the spam filter, each over a bounded cache that
 * forgets what was used least recently.  Called by event.c for every event, on the loop. */
#include "config.h" /* IWYU pragma: keep */

#include "client/event_correlate.h"

#include "base/map.h"
#include "base/mem.h"

enum {
    RECENT_MAX = 4096,           /* maxLruCacheEntries */
    SIMILAR_MAX = 10,            /* defaultAggregateMaxEvents */
    SIMILAR_WINDOW_S = 600,      /* defaultAggregateIntervalInSeconds */
    SPAM_BURST = 25,             /* defaultSpamBurst */
    SPAM_REFILL_MS = 300 * 1000, /* 1 / defaultSpamQPS */
};

/* ---- caches that forget ---- */

struct recent_node {
    struct recent_node *newer, *older;
    char *key;
    size_t key_size;
};
struct recent {
    struct map map; /* key → node */
    struct recent_node *newest, *oldest;
    size_t node_size;
    void (*node_done)(struct recent_node *node);
};

static void
recent_unlink(struct recent *recent, struct recent_node *node)
{
    *(node->newer == NULL ? &recent->newest : &node->newer->older) = node->older;
    *(node->older == NULL ? &recent->oldest : &node->older->newer) = node->newer;
    node->newer = node->older = NULL;
}

static void
recent_drop(struct recent *recent, struct recent_node *node)
{
    recent_unlink(recent, node);
    (void)map_del(&recent->map, str_slice(node->key, node->key_size));
    if (recent->node_done != NULL) {
        recent->node_done(node);
    }
    mem_free(node->key);
    mem_free(node);
}

/* The node of a key, made when it is not there (zeroed); it is now the newest. */
static struct recent_node *
recent_use(struct recent *recent, struct str key)
{
    struct recent_node *node = map_get(&recent->map, key);

    if (node == NULL) {
        if (recent->map.len >= RECENT_MAX) {
            recent_drop(recent, recent->oldest);
        }
        node = mem_new(recent->node_size);
        node->key = str_dup(key);
        node->key_size = key.size;
        (void)map_put(&recent->map, key, node);
    } else {
        recent_unlink(recent, node);
    }
    node->older = recent->newest;
    *(recent->newest == NULL ? &recent->oldest : &recent->newest->newer) = node;
    recent->newest = node;
    return node;
}

static void
recent_done(struct recent *recent)
{
    while (recent->oldest != NULL) {
        recent_drop(recent, recent->oldest);
    }
    map_done(&recent->map, NULL);
}

/* ---- the correlator ---- */

/* How many events of one object may still come. */
struct spam {
    struct recent_node node;
    double tokens;
    int64_t at_ms; /* 0: new */
};
/* Different notes of one object, type and reason. */
struct similar {
    struct recent_node node;
    uint64_t notes[SIMILAR_MAX]; /* hashes */
    size_t len;
    int64_t at_ms;
};
/* An Event that was written. */
struct written {
    struct recent_node node;
    int64_t count, first_ms;
    char *name;
};
struct event_correlator {
    struct recent spams, similars, writtens;
    struct str_builder key;
};

static void
written_done(struct recent_node *node)
{
    mem_free(container_of(node, struct written, node)->name);
}

struct event_correlator *
event_correlator_new(void)
{
    struct event_correlator *correlator = MEM_NEW(struct event_correlator);

    correlator->spams.node_size = sizeof(struct spam);
    correlator->similars.node_size = sizeof(struct similar);
    correlator->writtens.node_size = sizeof(struct written);
    correlator->writtens.node_done = written_done;
    return correlator;
}

void
event_correlator_free(struct event_correlator *correlator)
{
    if (correlator == NULL) {
        return;
    }
    recent_done(&correlator->spams);
    recent_done(&correlator->similars);
    recent_done(&correlator->writtens);
    str_done(&correlator->key);
    mem_free(correlator);
}

/* ---- keys: parts joined by a byte that none of them holds ---- */

static void
key_put(struct str_builder *key, struct str part)
{
    str_put(key, part);
    str_putc(key, 0x1f);
}

/* getSpamKey */
static void
key_object(struct str_builder *key, const struct event_seen *seen)
{
    key->size = 0;
    key_put(key, seen->regarding.kind);
    key_put(key, seen->regarding.ns);
    key_put(key, seen->regarding.name);
    key_put(key, seen->regarding.uid);
    key_put(key, seen->regarding.api_version);
}

/* EventAggregatorByReasonFunc */
static void
key_similar(struct str_builder *key, const struct event_seen *seen)
{
    key_object(key, seen);
    key_put(key, seen->type == EVENT_NORMAL ? STR("Normal") : STR("Warning"));
    key_put(key, str_of(seen->reason));
}

/* getEventKey */
static void
key_equal(struct str_builder *key, const struct event_seen *seen)
{
    key_similar(key, seen);
    key_put(key, seen->regarding.field_path);
    key_put(key, seen->note);
}

/* ---- decisions ---- */

/* EventAggregate: true when this event is one of many that differ by their note only. */
static bool
is_one_of_many(struct similar *similar, const struct event_seen *seen)
{
    uint64_t hash = str_hash(seen->note);
    size_t i = 0;

    if (seen->now_ms - similar->at_ms > SIMILAR_WINDOW_S * INT64_C(1000)) {
        similar->len = 0;
    }
    similar->at_ms = seen->now_ms;
    while (i < similar->len && similar->notes[i] != hash) {
        i++;
    }
    if (i == similar->len) {
        similar->notes[similar->len++] = hash;
    }
    if (similar->len < SIMILAR_MAX) {
        return false;
    }
    similar->len--; /* the set does not grow past the limit */
    return true;
}

/* A token bucket: SPAM_BURST at first, one more every SPAM_REFILL_MS. */
static bool
is_spam(struct spam *spam, int64_t now_ms)
{
    if (spam->at_ms == 0) {
        spam->tokens = SPAM_BURST;
    } else {
        spam->tokens += (double)(now_ms - spam->at_ms) / SPAM_REFILL_MS;
    }
    spam->tokens = spam->tokens > SPAM_BURST ? SPAM_BURST : spam->tokens;
    spam->at_ms = now_ms;
    if (spam->tokens < 1) {
        return true;
    }
    spam->tokens -= 1;
    return false;
}

void
event_correlate(struct event_correlator *correlator, const struct event_seen *seen,
                struct event_verdict *ret)
{
    struct str_builder *key = &correlator->key;
    struct recent_node *node;
    struct written *written;
    struct spam *spam;

    key_similar(key, seen);
    node = recent_use(&correlator->similars, str_view(key));
    ret->is_combined = is_one_of_many(container_of(node, struct similar, node), seen);
    if (!ret->is_combined) {
        key_equal(key, seen);
    }
    node = recent_use(&correlator->writtens, str_view(key));
    written = container_of(node, struct written, node);
    if (written->count == 0) {
        written->name = str_dup(seen->name);
        written->first_ms = seen->now_ms;
    }
    written->count++;
    ret->count = written->count;
    ret->first_ms = written->first_ms;
    ret->name = str_of(written->name);

    key_object(key, seen);
    node = recent_use(&correlator->spams, str_view(key));
    spam = container_of(node, struct spam, node);
    ret->is_dropped = is_spam(spam, seen->now_ms);
}
