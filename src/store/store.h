/* The store's contract: one global revision, compare-and-swap writes, gap-free watch.
 *
 * Loop thread only; completions come back on the loop, never inside the call that asked, and each
 * exactly once (a list: once with is_last).  Per batch, in this order: the watch events of the
 * batch, then the dones.  Nothing is answered before it is durable.  doc/ARCHITECTURE.md, store. */
#ifndef BINNACLE_STORE_STORE_H
#define BINNACLE_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct buf;
struct err;
struct loop;
struct seal;
struct store;

enum store_rc {
    STORE_OK,
    STORE_CONFLICT, /* expect_rev did not hold; current and rev tell what stands there */
    STORE_FAILED,   /* certainly not applied */
    STORE_UNKNOWN,  /* may be applied (etcd: lost connection; SQLite: the disk failed in COMMIT) */
};
enum store_flags {
    STORE_SEAL = 1 << 0,    /* encrypt the value at rest, bound to its key */
    STORE_PATIENT = 1 << 1, /* may wait up to 500 ms for company before its commit */
    STORE_NOHIST = 1 << 2,  /* its rows end at the compaction revision */
};

/* Who wrote, for history; copied by store_commit. */
struct store_actor {
    struct str user, agent, address, verb;
};

struct store_write {
    struct buf *key;     /* "/registry/group/resource/namespace/name"; a reference is taken */
    struct buf *value;   /* NULL: delete */
    uint64_t expect_rev; /* 0: the key must be absent; N: its revision is N */
    const struct store_actor *actor; /* may be NULL */
    uint64_t cause_rev;              /* revision that caused it, 0: none */
    unsigned flags;
    void *tag; /* comes back on its event */
};
/* rev: of the write, or with CONFLICT of what stands there (0: nothing). current: with CONFLICT the
 * value that stands there, else NULL; valid during the call. */
typedef void store_done_fn(void *ctx, enum store_rc rc, uint64_t rev, struct buf *current,
                           struct err *owned);

struct store_event {
    struct str key;
    struct buf *value;                  /* NULL: deleted */
    uint64_t rev, create_rev, prev_rev; /* prev_rev 0: created */
    void *tag;                          /* of a write of this process, else NULL */
};
/* Events in revision order; valid during the call. */
typedef void store_event_fn(void *ctx, const struct store_event *events, size_t len);
/* Past events, in one or more calls; the last has is_last (maybe with no events). */
typedef void store_events_fn(void *ctx, const struct store_event *events, size_t len, bool is_last,
                             struct err *owned);

struct store_item {
    struct str key;
    struct buf *value;
    uint64_t rev, create_rev;
};
/* Items in key order in one or more calls; the last has is_last (maybe with no items). rev is the
 * revision the list stands for. err ERR_EXPIRED when at_rev is compacted. */
typedef void store_list_fn(void *ctx, const struct store_item *items, size_t len, bool is_last,
                           uint64_t rev, struct err *owned);
typedef void store_rev_fn(void *ctx, uint64_t rev, struct err *owned);

/* One row of history. */
struct store_history_item {
    uint64_t rev, create_rev, cause_rev;
    int64_t time_ms;
    struct str key, verb, user, agent, address;
    struct buf *value; /* NULL: deleted; sealed values are opened */
};
typedef void store_history_fn(void *ctx, const struct store_history_item *items, size_t len,
                              bool is_last, struct err *owned);

struct store_limits {
    int64_t history_age_ms; /* budget of history, 0: default 7 days */
    int64_t history_bytes;  /* 0: default 256 MiB */
};

/* ---- the calls; each back end fills the table ---- */

struct store_ops {
    void (*commit)(struct store *, const struct store_write *, store_done_fn *, void *ctx);
    void (*fresh)(struct store *, store_rev_fn *, void *ctx);
    void (*list)(struct store *, struct str prefix, uint64_t at_rev, struct str start, size_t limit,
                 store_list_fn *, void *ctx);
    void (*watch)(struct store *, uint64_t from_rev, store_event_fn *, void *ctx);
    void (*compact)(struct store *, uint64_t rev, store_done_fn *, void *ctx);
    void (*history)(struct store *, struct str key, uint64_t before_rev, size_t limit,
                    store_history_fn *, void *ctx);
    void (*events)(struct store *, uint64_t after_rev, uint64_t to_rev, size_t limit,
                   store_events_fn *, void *ctx);
    void (*close)(struct store *, void (*done)(void *ctx), void *ctx);
};
enum {
    STORE_ID_SIZE = 37,           /* of the text of a UUID, with its NUL */
    STORE_PATIENCE_MS = 500,      /* how long a PATIENT write waits for company */
    STORE_PATIENT_MAX = 32,       /* so many PATIENT writes are company enough */
    STORE_VALUE_MAX = 1536 << 10, /* bytes, as etcd; larger ones FAIL with ERR_TOO_LARGE */
    STORE_KEY_MAX = 2048,
};
struct store {
    const struct store_ops *ops;
    char id[STORE_ID_SIZE]; /* made with the store, for its life: the cluster's id */
    uint64_t rev;           /* last revision whose events were delivered */
    uint64_t compact_rev;   /* events at or below it are gone */
    bool is_sole_writer;    /* nobody else writes: what was acknowledged was delivered before, so
                               that `rev` is what store_fresh would answer */
};

void store_commit(struct store *store, const struct store_write *write, store_done_fn *done,
                  void *ctx);
/* A revision not older than any write acknowledged before the call. */
void store_fresh(struct store *store, store_rev_fn *done, void *ctx);
/* at_rev 0: now, which is never older than store_fresh's answer, and may be newer than store->rev.
 * start: the whole key to begin at (inclusive), absent: the first of the prefix. limit 0: all. A
 * revision that does not exist yet is ERR_TIMEOUT, as upstream answers it. */
void store_list(struct store *store, struct str prefix, uint64_t at_rev, struct str start,
                size_t limit, store_list_fn *fn, void *ctx);
/* The event sink: everything after from_rev (which must not be compacted), then live. One sink per
 * store. */
void store_watch(struct store *store, uint64_t from_rev, store_event_fn *fn, void *ctx);
/* Past events in (after_rev, to_rev], for watches from before the ring; ERR_EXPIRED when after_rev
 * is below the compaction revision. Values are as committed (opened, if sealed); tags are NULL. */
void store_events(struct store *store, uint64_t after_rev, uint64_t to_rev, size_t limit,
                  store_events_fn *fn, void *ctx);
/* Forgets what is older than rev but for history: lists and events below it are EXPIRED from then
 * on. A revision that is compacted already is STORE_OK, one that does not exist yet FAILED. */
void store_compact(struct store *store, uint64_t rev, store_done_fn *done, void *ctx);
/* Newest first, from before before_rev (0: the newest); key may be a prefix ending in '/'. Writes
 * with NOHIST are left out. */
void store_history(struct store *store, struct str key, uint64_t before_rev, size_t limit,
                   store_history_fn *fn, void *ctx);
/* Flushes patient writes, ends the threads, then done. */
void store_close(struct store *store, void (*done)(void *ctx), void *ctx);

/* ---- back ends ---- */

/* What every back end refuses the same way: 0, or -1 with the error of a FAILED write. */
int store_check(const struct store_write *write, struct err **err);
/* Why a range that ends (list) or begins (events) at rev cannot be read: 0, or EXPIRED or TIMEOUT. */
int store_check_rev(uint64_t rev, uint64_t compact_rev, uint64_t last_rev, struct err **err);

/* Opens or creates the database file; blocks (start-up only). A corrupt file, a newer schema or a
 * directory that cannot be written is an error that says what to do. */
int store_sqlite_open(struct loop *loop, const char *path, struct seal *seal,
                      const struct store_limits *limits, struct store **ret, struct err **err);
struct store *store_mem_open(struct loop *loop); /* the reference model, for tests */

#endif
