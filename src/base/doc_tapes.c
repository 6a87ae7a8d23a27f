/* Which counted docs have a tape, oldest first, so that tapes can be given up when nothing runs.
 *
 * A tape is several times the size of its document, and made again in microseconds: what nobody has
 * pinned need not stay. Tapes are made on any thread; doc_tapes_trim is called by the loop between
 * callbacks, when values that nobody pinned are out of use. One list for the process, as a tape
 * belongs to whoever comes next and to no part of the program. */
#include "config.h" /* IWYU pragma: keep */

#include <pthread.h>

#include "base/doc.h"
#include "base/doc_priv.h"

enum { TRIM_MAX = 2000 /* docs looked at in one go: some 100 us */ };

static struct {
    pthread_mutex_t lock;
    struct doc *oldest, *newest;
    size_t bytes;
} tapes = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void
unlink_doc(struct doc *doc)
{
    if (!doc->has_tape) {
        return;
    }
    if (doc->older != NULL) {
        doc->older->newer = doc->newer;
    } else {
        tapes.oldest = doc->newer;
    }
    if (doc->newer != NULL) {
        doc->newer->older = doc->older;
    } else {
        tapes.newest = doc->older;
    }
    doc->older = doc->newer = NULL;
    doc->has_tape = false;
    tapes.bytes -= doc->tape_size;
}

static void
link_newest(struct doc *doc, size_t size)
{
    doc->has_tape = true;
    doc->tape_size = size;
    doc->older = tapes.newest;
    doc->newer = NULL;
    if (tapes.newest != NULL) {
        tapes.newest->newer = doc;
    } else {
        tapes.oldest = doc;
    }
    tapes.newest = doc;
    tapes.bytes += size;
}

void
doc_tapes_add(struct doc *doc, const struct doc_tape *tape)
{
    (void)pthread_mutex_lock(&tapes.lock);
    unlink_doc(doc); /* it was dropped and made again in the meantime */
    link_newest(doc, sizeof(*tape) + tape->len * sizeof(struct doc_node));
    (void)pthread_mutex_unlock(&tapes.lock);
}

void
doc_tapes_forget(struct doc *doc)
{
    (void)pthread_mutex_lock(&tapes.lock);
    unlink_doc(doc);
    (void)pthread_mutex_unlock(&tapes.lock);
}

void
doc_drop_tape(struct doc *doc)
{
    (void)pthread_mutex_lock(&tapes.lock);
    if (doc->arena == NULL && doc_take_tape(doc)) {
        unlink_doc(doc);
    }
    (void)pthread_mutex_unlock(&tapes.lock);
}

void
doc_tapes_trim(size_t keep_bytes)
{
    (void)pthread_mutex_lock(&tapes.lock);
    struct doc *last = tapes.newest, *doc = NULL;
    for (int i = 0; i < TRIM_MAX && tapes.bytes > keep_bytes && doc != last; i++) {
        doc = tapes.oldest;
        size_t size = doc->tape_size;
        unlink_doc(doc);
        if (!doc_take_tape(doc)) {
            link_newest(doc, size); /* pinned: it is looked at again in the next round */
        }
    }
    (void)pthread_mutex_unlock(&tapes.lock);
}

size_t
doc_tapes_size(void)
{
    (void)pthread_mutex_lock(&tapes.lock);
    size_t bytes = tapes.bytes;
    (void)pthread_mutex_unlock(&tapes.lock);
    return bytes;
}
