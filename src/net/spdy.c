/* A SPDY/3.1 session, the client's side: see spdy.h. Called by rest_translate; loop thread.  Frames
 * are in spdy_frame.c.
 *
 * Callbacks come only from the session's own turns; what is called from outside queues bytes and
 * posts one. */
#include "config.h" /* IWYU pragma: keep */

#include "net/spdy.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/conn.h"
#include "net/http.h"
#include "net/spdy_frame.h"

enum {
    SPDY_READ_SIZE = 16 << 10,
    SPDY_READS = 8,       /* buffers in one turn, then others get theirs */
    SPDY_MUCH = 64 << 10, /* queued: the sender waits */
    SPDY_CONTROL_MAX = 8, /* of a control frame's payload is looked at */
    SPDY_SYN_FIXED = 10,  /* bytes of SYN_STREAM before the headers */
};

struct spdy {
    struct conn *conn; /* owned */
    struct spdy_spec spec;
    struct spdy_frame_zip *zip;
    struct {
        bool has_ended, was_shut; /* the peer's and our side */
    } stream[SPDY_STREAMS_MAX];
    unsigned stream_len; /* numbers 1, 3, 5 … */
    /* What comes in. */
    char in[SPDY_READ_SIZE];
    size_t in_at, in_size;
    unsigned char head[SPDY_FRAME_HEAD];
    size_t head_size;
    struct spdy_frame frame; /* whose payload is coming in, with has_frame */
    bool has_frame;
    size_t left; /* of its payload */
    unsigned char control[SPDY_CONTROL_MAX];
    size_t control_size;
    bool is_paused, is_ended;
    /* What goes out. */
    struct str_builder out;
    size_t out_at;
    bool owes_room;
    bool is_mute; /* nothing can be written any more; what the peer said before is still heard */
    struct err *err;
    bool is_over;   /* closed_fn was called, or spdy_free */
    bool is_posted; /* spdy_turn is under way */
    bool is_inside; /* a turn runs: free later */
    bool is_freed;
};

static void spdy_ready(void *ctx, int ready);
static void spdy_turn(void *ctx);
static void spdy_post(struct spdy *spdy);
static void spdy_work(struct spdy *spdy);
static bool spdy_read(struct spdy *spdy);
static void spdy_use(struct spdy *spdy);
static void spdy_use_head(struct spdy *spdy);
static void spdy_use_payload(struct spdy *spdy);
static void spdy_use_control(struct spdy *spdy);
static void spdy_end_stream(struct spdy *spdy, unsigned stream);
static int spdy_index(const struct spdy *spdy, unsigned stream);
static void spdy_flush(struct spdy *spdy);
static void spdy_broken(struct spdy *spdy, const char *why);
static void spdy_settle(struct spdy *spdy);
static void spdy_drop(struct spdy *spdy);

struct spdy *
spdy_new(struct conn *owned, const struct spdy_spec *spec)
{
    struct spdy *spdy = MEM_NEW(struct spdy);

    spdy->conn = owned;
    spdy->spec = *spec;
    spdy->zip = spdy_frame_zip_new();
    spdy->out.max = SIZE_MAX; /* bounded by SPDY_MUCH and one piece of the sender's */
    conn_want(owned, CONN_READ, spdy_ready, spdy);
    return spdy;
}

unsigned
spdy_open(struct spdy *spdy, const struct http_header *headers, size_t len)
{
    AUTO_STR struct str_builder block = { 0 };

    assert(spdy->stream_len < SPDY_STREAMS_MAX);
    unsigned stream = 2 * spdy->stream_len++ + 1;

    spdy_frame_zip_put(spdy->zip, headers, len, &block);
    spdy_frame_put(&spdy->out, &(struct spdy_frame){ .type = SPDY_FRAME_SYN_STREAM,
                                                     .size = SPDY_SYN_FIXED + block.size });
    spdy_frame_put_word(&spdy->out, stream);
    spdy_frame_put_word(&spdy->out, 0); /* belongs to no other stream */
    str_put(&spdy->out, STR("\0\0"));   /* priority, slot */
    str_put(&spdy->out, str_view(&block));
    spdy_post(spdy);
    return stream;
}

bool
spdy_send(struct spdy *spdy, unsigned stream, struct str bytes)
{
    int at = spdy_index(spdy, stream);

    if (spdy->is_over || at < 0 || spdy->stream[at].was_shut) {
        return true; /* nobody is there to take it */
    }
    spdy_frame_put(&spdy->out, &(struct spdy_frame){ .stream = stream, .size = bytes.size });
    str_put(&spdy->out, bytes);
    spdy_post(spdy);
    spdy->owes_room |= spdy->out.size - spdy->out_at > SPDY_MUCH;
    return !spdy->owes_room;
}

void
spdy_shut(struct spdy *spdy, unsigned stream)
{
    int at = spdy_index(spdy, stream);

    if (!spdy->is_over && at >= 0 && !spdy->stream[at].was_shut) {
        spdy->stream[at].was_shut = true;
        spdy_frame_put(&spdy->out,
                       &(struct spdy_frame){ .stream = stream, .flags = SPDY_FRAME_FIN });
        spdy_post(spdy);
    }
}

void
spdy_resume(struct spdy *spdy)
{
    spdy->is_paused = false;
    spdy_post(spdy);
}

void
spdy_free(struct spdy *spdy)
{
    if (spdy == NULL || spdy->is_freed) {
        return;
    }
    spdy->is_over = spdy->is_freed = true;
    conn_close(STEAL(spdy->conn));
    spdy_drop(spdy);
}

/* ---- turns ---- */

static void
spdy_ready(void *ctx, int ready)
{
    (void)ready;
    spdy_work(ctx);
}

static void
spdy_turn(void *ctx)
{
    struct spdy *spdy = ctx;

    spdy->is_posted = false;
    spdy_work(spdy);
}

static void
spdy_post(struct spdy *spdy)
{
    if (!spdy->is_posted && !spdy->is_over) {
        spdy->is_posted = true;
        loop_defer(spdy->spec.loop, spdy_turn, spdy);
    }
}

static void
spdy_work(struct spdy *spdy)
{
    spdy->is_inside = true;
    for (int i = 0; i < SPDY_READS && !spdy->is_over; i++) {
        spdy_use(spdy);
        if (spdy->is_over || spdy->is_paused || !spdy_read(spdy)) {
            break;
        }
    }
    spdy_settle(spdy);
    spdy->is_inside = false;
    spdy_drop(spdy);
}

/* The end of every turn: writes, tells of room and of the end, waits. */
static void
spdy_settle(struct spdy *spdy)
{
    if (!spdy->is_over) {
        spdy_flush(spdy);
    }
    if (!spdy->is_over && spdy->owes_room && spdy->out.size == 0) {
        spdy->owes_room = false;
        spdy->spec.room_fn(spdy->spec.ctx);
        if (!spdy->is_over) {
            spdy_flush(spdy);
        }
    }
    if (!spdy->is_over && spdy->is_ended && spdy->in_at == spdy->in_size) {
        spdy->is_over = true;
        conn_want(spdy->conn, 0, NULL, NULL);
        spdy->spec.closed_fn(spdy->spec.ctx, STEAL(spdy->err));
    }
    if (!spdy->is_over) {
        bool reads = !spdy->is_paused && !spdy->is_ended;
        bool writes = spdy->out.size > 0;

        conn_want(spdy->conn, (reads ? CONN_READ : 0) | (writes ? CONN_WRITE : 0), spdy_ready,
                  spdy);
    }
}

/* Frees what spdy_free left, as soon as nobody stands inside. */
static void
spdy_drop(struct spdy *spdy)
{
    if (spdy->is_freed && !spdy->is_inside && !spdy->is_posted) {
        spdy_frame_zip_free(spdy->zip);
        str_done(&spdy->out);
        err_free(spdy->err);
        mem_free(spdy);
    }
}

/* ---- what comes in ---- */

/* false: nothing is there now. */
static bool
spdy_read(struct spdy *spdy)
{
    if (spdy->is_ended) {
        return false;
    }
    ssize_t size = conn_read(spdy->conn, spdy->in, sizeof(spdy->in));

    if (size < 0 && errno == EAGAIN) {
        return false;
    }
    if (size <= 0) {
        bool is_whole = size == 0 && !spdy->has_frame && spdy->head_size == 0;

        spdy_broken(spdy, is_whole ? NULL : "the connection broke");
        return false;
    }
    spdy->in_at = 0;
    spdy->in_size = (size_t)size;
    return true;
}

static void
spdy_use(struct spdy *spdy)
{
    while (spdy->in_at < spdy->in_size && !spdy->is_paused && !spdy->is_over && spdy->err == NULL) {
        if (spdy->has_frame) {
            spdy_use_payload(spdy);
        } else {
            spdy_use_head(spdy);
        }
    }
}

static void
spdy_use_head(struct spdy *spdy)
{
    spdy->head[spdy->head_size++] = (unsigned char)spdy->in[spdy->in_at++];
    if (spdy->head_size < SPDY_FRAME_HEAD) {
        return;
    }
    spdy->head_size = 0;
    if (!spdy_frame_parse(spdy->head, &spdy->frame)) {
        spdy_broken(spdy, "the peer does not speak SPDY/3.1");
        return;
    }
    spdy->has_frame = true;
    spdy->left = spdy->frame.size;
    spdy->control_size = 0;
    if (spdy->left == 0) {
        spdy_use_payload(spdy);
    }
}

static void
spdy_use_payload(struct spdy *spdy)
{
    size_t there = spdy->in_size - spdy->in_at;
    size_t size = there < spdy->left ? there : spdy->left;
    struct str bytes = str_slice(spdy->in + spdy->in_at, size);

    spdy->in_at += size;
    spdy->left -= size;
    spdy->has_frame = spdy->left > 0;
    if (spdy->frame.type != SPDY_FRAME_DATA) {
        size_t room = SPDY_CONTROL_MAX - spdy->control_size;

        size = size < room ? size : room;
        memcpy(spdy->control + spdy->control_size, bytes.at, size);
        spdy->control_size += size;
        if (!spdy->has_frame) {
            spdy_use_control(spdy);
        }
        return;
    }
    int at = spdy_index(spdy, spdy->frame.stream);

    if (bytes.size > 0 && at >= 0 && !spdy->stream[at].has_ended) {
        spdy->is_paused = true; /* spdy_resume may come from inside */
        if (spdy->spec.data_fn(spdy->spec.ctx, spdy->frame.stream, bytes)) {
            spdy->is_paused = false;
        }
    }
    if (!spdy->is_over && !spdy->has_frame && (spdy->frame.flags & SPDY_FRAME_FIN) != 0) {
        spdy_end_stream(spdy, spdy->frame.stream);
    }
}

/* A whole control frame; its first words are in control. */
static void
spdy_use_control(struct spdy *spdy)
{
    unsigned word = spdy->control_size < 4 ? 0 : spdy_frame_word(spdy->control);

    switch (spdy->frame.type) {
    case SPDY_FRAME_SYN_REPLY:
    case SPDY_FRAME_HEADERS:
        if ((spdy->frame.flags & SPDY_FRAME_FIN) != 0) {
            spdy_end_stream(spdy, word);
        }
        break;
    case SPDY_FRAME_RST_STREAM:
        spdy_end_stream(spdy, word);
        break;
    case SPDY_FRAME_PING: /* an even number is the peer's: it comes back */
        if (spdy->control_size >= 4 && word % 2 == 0 &&
            spdy->out.size - spdy->out_at <= SPDY_MUCH) {
            spdy_frame_put(&spdy->out, &(struct spdy_frame){ .type = SPDY_FRAME_PING, .size = 4 });
            str_put(&spdy->out, str_slice((const char *)spdy->control, 4));
        }
        break;
    default: /* the end of the connection follows a GOAWAY; the others change nothing */
        break;
    }
}

static void
spdy_end_stream(struct spdy *spdy, unsigned stream)
{
    int at = spdy_index(spdy, stream);

    if (at >= 0 && !spdy->stream[at].has_ended) {
        spdy->stream[at].has_ended = true;
        spdy->spec.ended_fn(spdy->spec.ctx, stream);
    }
}

/* -1: it is none of ours. */
static int
spdy_index(const struct spdy *spdy, unsigned stream)
{
    unsigned at = stream / 2;

    return stream % 2 == 1 && at < spdy->stream_len ? (int)at : -1;
}

/* NULL: it just ended. */
static void
spdy_broken(struct spdy *spdy, const char *why)
{
    spdy->is_ended = true;
    spdy->in_at = spdy->in_size;
    if (why != NULL && spdy->err == NULL) {
        (void)err_set(&spdy->err, ERR_UNAVAILABLE, "%s", why);
    }
}

/* ---- what goes out ---- */

static void
spdy_flush(struct spdy *spdy)
{
    while (spdy->out_at < spdy->out.size && !spdy->is_mute) {
        struct iovec iov = { spdy->out.at + spdy->out_at, spdy->out.size - spdy->out_at };
        ssize_t size = conn_writev(spdy->conn, &iov, 1);

        if (size < 0 && errno == EAGAIN) {
            return;
        }
        spdy->is_mute = size < 0;
        spdy->out_at += size < 0 ? 0 : (size_t)size;
    }
    str_done(&spdy->out);
    spdy->out = (struct str_builder){ .max = SIZE_MAX };
    spdy->out_at = 0;
}
