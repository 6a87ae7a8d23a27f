/* Header blocks of HTTP/2 requests: collected while they come in, then moved into the request's
 * arena with one allocation, and the end of a stream.  Called by http2.c, on the loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "base/arena.h"
#include "base/mem.h"
#include "net/http2_priv.h"

enum {
    HTTP2_FIELD_COST = 32,                            /* RFC 9113 10.5.1 counts each field so */
    HTTP2_BLOCK_CUT_SIZE = 4 * HTTP_MAX_HEADER_BYTES, /* a block beyond this is no mistake */
};

struct http2_mark {
    uint32_t at, size; /* in text */
};

struct http2_block {
    struct http2_mark method, target, authority;
    struct {
        struct http2_mark name, value;
    } fields[HTTP_MAX_HEADERS];
    size_t len;
    size_t cost;   /* as SETTINGS_MAX_HEADER_LIST_SIZE counts */
    bool has_many; /* more than HTTP_MAX_HEADERS */
    struct str_builder text;
};

static struct http2_mark http2_block_text(struct http2_block *block, struct str text);
static struct str http2_mark_str(struct http2_mark mark, const char *text);

void
http2_stream_free(struct http2_stream *stream)
{
    struct http2 *h = stream->h;
    struct http2_stream **link = &h->held;

    *(stream->prev == NULL ? &h->streams : &stream->prev->next) = stream->next;
    if (stream->next != NULL) {
        stream->next->prev = stream->prev;
    }
    while (stream->held != NULL && *link != stream) {
        link = &(*link)->next_held;
    }
    if (stream->held != NULL) {
        *link = stream->next_held;
        mem_free(STEAL(stream->held));
    }
    for (link = &h->yielded; stream->is_yielded; link = &(*link)->next_yielded) {
        if (*link == stream) {
            *link = stream->next_yielded;
            stream->is_yielded = false;
            break;
        }
    }
    mem_free(STEAL(stream->trailers));
    h->stream_len--;
    h->ready_len -= stream->is_ready ? 1 : 0;
    server_stream_end(&stream->s);
}

struct http2_block *
http2_block_new(void)
{
    return MEM_NEW(struct http2_block);
}

void
http2_block_free(struct http2_block *block)
{
    if (block != NULL) {
        str_done(&block->text);
        mem_free(block);
    }
}

void
http2_block_reset(struct http2_block *block)
{
    block->method = block->target = block->authority = (struct http2_mark){ 0 };
    block->len = block->cost = block->text.size = 0;
    block->has_many = false;
}

int
http2_block_add(struct http2_block *block, struct str name, struct str value)
{
    block->cost += name.size + value.size + HTTP2_FIELD_COST;
    if (block->cost > HTTP_MAX_HEADER_BYTES) {
        return block->cost > HTTP2_BLOCK_CUT_SIZE ? -1 : 0;
    }
    if (name.size > 0 && name.at[0] == ':') {
        struct http2_mark *mark = str_is(name, ":method")      ? &block->method
                                  : str_is(name, ":path")      ? &block->target
                                  : str_is(name, ":authority") ? &block->authority
                                                               : NULL;

        if (mark != NULL) {
            *mark = http2_block_text(block, value);
        }
        return 0;
    }
    if (block->len == HTTP_MAX_HEADERS) {
        block->has_many = true;
        return 0;
    }
    block->fields[block->len].name = http2_block_text(block, name);
    block->fields[block->len++].value = http2_block_text(block, value);
    return 0;
}

int
http2_block_take(struct http2_block *block, struct http_request *request)
{
    struct http_header *headers =
        arena_alloc(request->arena, block->len * sizeof(*headers) + block->text.size + 1);
    char *text = (char *)(headers + block->len);

    if (block->text.size > 0) {
        memcpy(text, block->text.at, block->text.size);
    }
    for (size_t i = 0; i < block->len; i++) {
        headers[i].name = http2_mark_str(block->fields[i].name, text);
        headers[i].value = http2_mark_str(block->fields[i].value, text);
    }
    request->version = 2;
    request->headers = headers;
    request->header_len = block->len;
    request->method = http2_mark_str(block->method, text);
    request->target = http2_mark_str(block->target, text);
    request->authority = block->authority.size > 0 ? http2_mark_str(block->authority, text)
                                                   : http_header(request, "host");
    if (block->cost > HTTP_MAX_HEADER_BYTES || block->has_many) {
        return 431;
    }
    if (request->target.size > HTTP_MAX_TARGET) {
        return 414;
    }
    return http_split_target(request) ? 0 : 400;
}

static struct http2_mark
http2_block_text(struct http2_block *block, struct str text)
{
    struct http2_mark mark = { (uint32_t)block->text.size, (uint32_t)text.size };

    str_put(&block->text, text);
    return mark;
}

static struct str
http2_mark_str(struct http2_mark mark, const char *text)
{
    return str_slice(text + mark.at, mark.size);
}
