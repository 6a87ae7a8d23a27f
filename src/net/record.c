/* The writing half of every HTTP connection: gathers, writes, keeps what could not be written.
 * Called by http1.c, http2.c and their clients, on the loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "net/record.h"

#include <errno.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/conn.h"

static size_t record_write(struct record *r, const char *at, size_t size);

bool
record_need(struct record *r, size_t size)
{
    if (record_room(r) >= size) {
        return true;
    }
    return record_flush(r) && record_room(r) >= size;
}

size_t
record_put(struct record *r, struct str bytes)
{
    size_t taken = 0;

    while (taken < bytes.size && record_need(r, 1)) {
        size_t room = record_room(r);
        size_t size = bytes.size - taken < room ? bytes.size - taken : room;

        memcpy(record_end(r), bytes.at + taken, size);
        record_added(r, size);
        taken += size;
    }
    return taken;
}

bool
record_flush(struct record *r)
{
    if (r->is_broken) {
        r->size = 0;
        return false;
    }
    if (r->left != NULL) {
        r->left_at += record_write(r, r->left + r->left_at, r->left_size - r->left_at);
        if (r->left_at < r->left_size) {
            return false;
        }
        mem_free(STEAL(r->left));
        r->left_at = r->left_size = 0;
        r->blocked_ms = 0;
    }
    size_t put = record_write(r, r->stage, r->size);

    if (put < r->size && !r->is_broken) {
        r->left = mem_copy(r->stage + put, r->size - put);
        r->left_at = 0;
        r->left_size = r->size - put;
        r->blocked_ms = clock_mono_ms();
    }
    r->size = 0;
    return !r->is_broken && r->left == NULL;
}

bool
record_settle(struct record *r)
{
    bool was_blocked = record_is_blocked(r);

    return record_flush(r) && was_blocked;
}

void
record_take(struct record *r, struct str_builder *to)
{
    if (r->left != NULL) {
        str_put(to, str_slice(r->left + r->left_at, r->left_size - r->left_at));
    }
    str_put(to, str_slice(r->stage, r->size));
    record_done(r);
}

void
record_done(struct record *r)
{
    mem_free(STEAL(r->left));
    r->left_at = r->left_size = r->size = 0;
    r->blocked_ms = 0;
}

/* → bytes that left. A full stage is one call, and so one TLS record. */
static size_t
record_write(struct record *r, const char *at, size_t size)
{
    size_t total = 0;

    while (total < size) {
        struct iovec iov = { (char *)(uintptr_t)(at + total), size - total };
        ssize_t put = conn_writev(r->conn, &iov, 1);

        if (put < 0) {
            r->is_broken = errno != EAGAIN;
            break;
        }
        total += (size_t)put;
    }
    if (total > 0 && r->blocked_ms != 0) {
        r->blocked_ms = clock_mono_ms(); /* progress: the wait begins anew */
    }
    return total;
}
