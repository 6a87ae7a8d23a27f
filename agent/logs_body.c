/* A container's log as an answer: pulled, filtered, followed over rotations. Made by node_api; loop
 * thread. Reads are of a local file, 16 KiB at a time. */
#include "config.h" /* IWYU pragma: keep */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uv.h>

#include "agent/logs.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/body.h"

enum {
    READ_SIZE = 16 << 10,
    LINE_MAX_SIZE = 1 << 20, /* a longer line is passed on in pieces */
    LOOK_MS = 1000,          /* at the end of a followed log, beside the directory's events */
};

struct logs_stream {
    struct body body;
    struct loop *loop;
    char *path, *container_id;
    struct logs_options options;
    logs_running_fn *is_running;
    void *ctx;
    int fd;                     /* -1: not there yet */
    struct str_builder in, out; /* read and not yet a line; ready to leave */
    size_t out_at;              /* of it that has left */
    int64_t left;               /* of limit_bytes; -1: no limit */
    bool is_continued;          /* the last line was a partial one */
    bool is_waiting;            /* a pull was answered with WAIT */
    bool is_last_look;          /* the container has ended: what is there is all */
    struct loop_timer *timer;
    struct watcher *watcher;
};
/* libuv's memory lives until its close callback. */
struct watcher {
    uv_fs_event_t event;
    struct logs_stream *stream; /* NULL: it is gone */
};

/* ---- waking ---- */

static void
look_again(void *ctx)
{
    struct logs_stream *stream = ctx;

    stream->timer = NULL;
    if (stream->is_waiting) {
        stream->is_waiting = false;
        stream->body.wake(&stream->body);
    }
}

static void
directory_changed(uv_fs_event_t *event, const char *name, int events, int status)
{
    struct watcher *watcher = container_of(event, struct watcher, event);

    (void)name;
    (void)events;
    (void)status;
    if (watcher->stream != NULL && watcher->stream->is_waiting) {
        loop_timer_cancel(watcher->stream->timer);
        look_again(watcher->stream);
    }
}

static void
watcher_closed(uv_handle_t *handle)
{
    mem_free(container_of((uv_fs_event_t *)(void *)handle, struct watcher, event));
}

/* Watches the log's directory; without (no more inotify) the timer is enough. */
static void
watch(struct logs_stream *stream)
{
    AUTO_FREE char *dir = mem_strdup(stream->path);
    char *slash = strrchr(dir, '/');
    struct watcher *watcher = MEM_NEW(struct watcher);

    if (slash != NULL) {
        *slash = '\0';
    }
    if (uv_fs_event_init(loop_uv(stream->loop), &watcher->event) < 0) {
        mem_free(watcher);
        return;
    }
    watcher->stream = stream;
    stream->watcher = watcher;
    /* When this fails the timer looks. */
    (void)uv_fs_event_start(&watcher->event, directory_changed, dir, 0);
}

/* ---- from lines to text ---- */

static bool
is_wanted(const struct logs_stream *stream, const struct logs_line *line)
{
    int64_t us;

    if (stream->options.stream != NULL && !str_is(line->stream, stream->options.stream)) {
        return false;
    }
    return stream->options.since_us == 0 || clock_parse(line->time, &us) < 0 ||
           us >= stream->options.since_us;
}

static void
put_line(struct logs_stream *stream, struct str bytes)
{
    struct logs_line line;

    if (logs_parse(bytes, &line) < 0 || !is_wanted(stream, &line)) {
        return;
    }
    if (stream->options.timestamps && !stream->is_continued) {
        str_put(&stream->out, line.time);
        str_putc(&stream->out, ' ');
    }
    str_put(&stream->out, line.text);
    if (!line.is_partial) {
        str_putc(&stream->out, '\n');
    }
    stream->is_continued = line.is_partial;
}

/* Whole lines leave `in`. */
static void
take_lines(struct logs_stream *stream)
{
    struct str rest = str_view(&stream->in);

    while (rest.size > 0) {
        const char *end = memchr(rest.at, '\n', rest.size);

        if (end == NULL) {
            break;
        }
        put_line(stream, str_slice(rest.at, (size_t)(end - rest.at)));
        rest = str_slice(end + 1, rest.size - (size_t)(end - rest.at) - 1);
    }
    if (rest.size > LINE_MAX_SIZE) {
        put_line(stream, rest);
        rest.size = 0;
    }
    memmove(stream->in.at, rest.at, rest.size);
    stream->in.size = rest.size;
}

/* ---- the file ---- */

/* → 1: read something, 0: nothing more for now, -1: broken. */
static int
read_more(struct logs_stream *stream)
{
    char bytes[READ_SIZE];
    ssize_t n;

    if (stream->fd < 0) {
        stream->fd = open(stream->path, O_RDONLY | O_CLOEXEC);
        if (stream->fd < 0) {
            return errno == ENOENT ? 0 : -1;
        }
    }
    n = read(stream->fd, bytes, sizeof(bytes));
    if (n <= 0) {
        return n < 0 && errno != EINTR ? -1 : 0;
    }
    str_put(&stream->in, str_slice(bytes, (size_t)n));
    take_lines(stream);
    return 1;
}

/* Another file stands at the path: the old one was rotated away, and is read to its end. */
static bool
move_on(struct logs_stream *stream)
{
    struct stat here, there;

    if (stream->fd < 0 || fstat(stream->fd, &here) < 0 || stat(stream->path, &there) < 0 ||
        (here.st_ino == there.st_ino && here.st_dev == there.st_dev)) {
        return false;
    }
    (void)close(stream->fd); /* it was only read */
    stream->fd = -1;
    return true;
}

static enum pull_rc
at_end(struct logs_stream *stream)
{
    if (!stream->options.follow || stream->is_last_look) {
        return PULL_END;
    }
    if (stream->is_running == NULL ||
        !stream->is_running(stream->ctx, str_of(stream->container_id))) {
        /* What it wrote last may be there only now. */
        stream->is_last_look = true;
        return PULL_MORE;
    }
    if (stream->watcher == NULL) {
        watch(stream);
    }
    stream->is_waiting = true;
    stream->timer = loop_timer(stream->loop, clock_mono_ms() + LOOK_MS, look_again, stream);
    return PULL_WAIT;
}

static void
give(struct logs_stream *stream, struct iovec *iov, int *io_len, size_t max_bytes)
{
    size_t size = stream->out.size - stream->out_at;

    size = size > max_bytes ? max_bytes : size;
    if (stream->left >= 0 && (int64_t)size > stream->left) {
        size = (size_t)stream->left;
    }
    iov[0] = (struct iovec){ stream->out.at + stream->out_at, size };
    *io_len = size > 0 ? 1 : 0;
    stream->out_at += size;
    stream->left -= stream->left >= 0 ? (int64_t)size : 0;
}

static enum pull_rc
pull(struct body *body, struct iovec *iov, int *io_len, size_t max_bytes)
{
    struct logs_stream *stream = container_of(body, struct logs_stream, body);
    enum pull_rc rc = PULL_MORE;

    *io_len = 0;
    if (stream->left == 0) {
        return PULL_END;
    }
    if (stream->out_at == stream->out.size) {
        stream->out.size = stream->out_at = 0;
        int more = read_more(stream);

        if (more < 0) {
            return PULL_ABORT;
        }
        if (more == 0 && !move_on(stream)) {
            rc = at_end(stream);
        }
    }
    give(stream, iov, io_len, max_bytes);
    return rc;
}

static void
done(struct body *body)
{
    struct logs_stream *stream = container_of(body, struct logs_stream, body);

    loop_timer_cancel(stream->timer);
    if (stream->watcher != NULL) {
        stream->watcher->stream = NULL;
        uv_close((uv_handle_t *)&stream->watcher->event, watcher_closed);
    }
    if (stream->fd >= 0) {
        (void)close(stream->fd); /* it was only read */
    }
    str_done(&stream->in);
    str_done(&stream->out);
    mem_free(stream->path);
    mem_free(stream->container_id);
    mem_free(stream);
}

/* ---- where it begins ---- */

/* Moves to the n-th line from the end. */
static int
seek_tail(int fd, int64_t lines)
{
    off_t end = lseek(fd, 0, SEEK_END), at = end;
    char bytes[READ_SIZE];

    if (end < 0) {
        return -1;
    }
    while (at > 0) {
        size_t size = at > READ_SIZE ? READ_SIZE : (size_t)at;

        if (pread(fd, bytes, size, at - (off_t)size) != (ssize_t)size) {
            return -1;
        }
        for (size_t i = size; i > 0; i--) {
            off_t here = at - (off_t)size + (off_t)i;

            /* The newline that ends the file begins no line. */
            if (bytes[i - 1] == '\n' && here < end && --lines <= 0) {
                return lseek(fd, here, SEEK_SET) < 0 ? -1 : 0;
            }
        }
        at -= (off_t)size;
    }
    return lseek(fd, 0, SEEK_SET) < 0 ? -1 : 0;
}

int
logs_body(const struct logs_source *source, const struct logs_options *options, struct body **ret,
          struct err **err)
{
    AUTO_FD int fd = open(source->path, O_RDONLY | O_CLOEXEC);
    struct logs_stream *stream;

    if (fd < 0 && errno != ENOENT) {
        return err_sys(err, errno, "failed to open log file '%s'", source->path);
    }
    if (fd >= 0 && options->tail_lines == 0) {
        (void)lseek(fd, 0, SEEK_END); /* of a file that is open: it works */
    } else if (fd >= 0 && options->tail_lines > 0 && seek_tail(fd, options->tail_lines) < 0) {
        return err_sys(err, errno, "failed to read log file '%s'", source->path);
    }
    stream = MEM_NEW(struct logs_stream);
    stream->body = (struct body){ .pull = pull, .done = done, .size = -1 };
    stream->loop = source->loop;
    stream->path = mem_strdup(source->path);
    stream->container_id = str_dup(source->container_id);
    stream->options = *options;
    stream->is_running = source->is_running;
    stream->ctx = source->ctx;
    stream->fd = fd;
    stream->left = options->limit_bytes;
    fd = -1; /* the stream has it */
    *ret = &stream->body;
    return 0;
}
