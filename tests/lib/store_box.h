/* A store with its loop, a sink that records, and calls that wait for their answer: what the tests of
 * src/store share.  Answers of many rows are texts, a line a row, so that they compare at a glance. */
#ifndef BINNACLE_TESTS_LIB_STORE_BOX_H
#define BINNACLE_TESTS_LIB_STORE_BOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "store/store.h"

struct loop;
struct seal;

enum store_box_kind { STORE_BOX_MEM, STORE_BOX_SQLITE };
struct store_box {
    enum store_box_kind kind;
    struct loop *loop;
    struct store *store;
    struct seal *seal;
    struct store_limits limits;
    char dir[64];           /* of this box, removed by store_box_free */
    char path[80];          /* the database */
    struct str_builder log; /* events and dones, a line each, as they came */
    size_t events_len;      /* of them */
    size_t writes_left;     /* begun and not answered */
    bool is_late;           /* store_box_open does not watch: store_box_watch will */
};
struct store_box_answer {
    enum store_rc rc;
    uint64_t rev;
    char current[64]; /* the value that stood in the way, "" none, cut */
    char error[256];  /* its message, "" none */
};

void store_box_init(struct store_box *box, enum store_box_kind kind);
void store_box_open(struct store_box *box); /* with the sink from the store's newest revision */
void store_box_watch(struct store_box *box, uint64_t from_rev);
void store_box_close(struct store_box *box);
void store_box_free(struct store_box *box);

/* Waits for the answer. value NULL deletes. */
struct store_box_answer store_box_write(struct store_box *box, const char *key, const char *value,
                                        uint64_t expect_rev, unsigned flags);
/* The same, which must succeed: its revision. */
uint64_t store_box_put(struct store_box *box, const char *key, const char *value,
                       uint64_t expect_rev);
/* Does not wait: the answer goes to the log as "done KEY ok|conflict|failed|unknown REV". */
void store_box_begin(struct store_box *box, const char *key, const char *value, uint64_t expect_rev,
                     unsigned flags);
store_done_fn store_box_ignore;               /* a done that only frees its error */
void store_box_settle(struct store_box *box); /* until all that was begun is answered */
void store_box_turn(struct store_box *box);   /* one round of the loop */
struct store_box_answer store_box_compact(struct store_box *box, uint64_t rev);
uint64_t store_box_fresh(struct store_box *box);

/* Owned texts: "@REV" and "KEY=VALUE REV CREATE_REV" lines; or "error: MESSAGE". */
char *store_box_list(struct store_box *box, const char *prefix, uint64_t at_rev, const char *start,
                     size_t limit);
/* "KEY=VALUE REV CREATE_REV PREV_REV", a deletion "KEY deleted REV …" */
char *store_box_events(struct store_box *box, uint64_t after_rev, uint64_t to_rev, size_t limit);
/* as events, and "VERB USER AGENT ADDRESS TIME_MS CAUSE_REV" */
char *store_box_history(struct store_box *box, const char *key, uint64_t before_rev, size_t limit);
/* What the log holds and empties it. */
char *store_box_take_log(struct store_box *box);
/* A number by SQL from the file, through a connection of its own. */
int64_t store_box_sql(struct store_box *box, const char *sql);

#endif
