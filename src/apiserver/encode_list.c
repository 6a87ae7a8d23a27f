/* The body of a LIST: its head, then object after object out of a pinned root, references all the
 * way. Pulled by the stream at the reader's pace. Loop thread.
 *
 * Items of built-in kinds are sent without kind and apiVersion, as Go's typed lists are. */
#include "config.h"

#include "api/object.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/encode.h"
#include "apiserver/encode_form.h"
#include "apiserver/listing.h"
#include "apiserver/pieces.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/body.h"

#define LOG_MODULE "encode"

enum { SCAN_MAX = 2000 /* objects looked at in one pull */, PIECES_AN_ITEM = 3 };

struct list_body {
    struct body body;
    struct pieces pieces;
    struct loop *loop;
    struct listing *listing;
    struct req *req; /* a reference: selectors and scratch live in its arena */
    const struct resource *resource;
    struct encode_form form;
    bool has_item, is_over, is_deferred, is_done;
};

static struct list_body *
list_body(struct body *body)
{
    return (struct list_body *)(void *)body;
}

static void
write_metadata(const struct req *req, const struct listing *listing, struct jw *w)
{
    struct arena *arena = req->arena;
    jw_keyz(w, "metadata");
    jw_obj(w);
    jw_kv(w, "resourceVersion", arena_printf(arena, "%llu", (unsigned long long)listing->rev));
    jw_kv(w, "continue", listing->continue_token);
    if (listing->remaining > 0) {
        jw_kint(w, "remainingItemCount", listing->remaining);
    }
    jw_end(w);
}

static void
write_head(const struct req *req, const struct listing *listing, struct jw *w)
{
    struct arena *arena = req->arena;
    const struct resource *row = req->resource;
    bool is_table = req->accept == ANSWER_TABLE;
    bool is_own = !is_table && req->accept != ANSWER_PARTIAL;
    struct str kind = is_table                 ? STR("Table")
                      : !is_own                ? STR("PartialObjectMetadataList")
                      : row->list_kind != NULL ? str_of(row->list_kind)
                                               : arena_printf(arena, "%sList", row->kind);
    jw_kv(w, "kind", kind);
    jw_kv(w, "apiVersion", is_own ? resource_api_version(row, arena) : STR("meta.k8s.io/v1"));
    write_metadata(req, listing, w);
    if (is_table) {
        jw_keyz(w, "columnDefinitions");
        columns_definitions(row, w);
    }
    jw_keyz(w, is_table ? "rows" : "items");
    jw_arr(w);
}

/* Upstream's Tables of kinds without a printer have null in place of no rows. */
static bool
may_be_null(const struct req *req)
{
    return req->accept == ANSWER_TABLE && req->resource->columns == NULL;
}

/* The text up to the first item; the two closing brackets follow at the end. */
static struct str
head_text(const struct req *req, const struct listing *listing)
{
    struct jw w;
    jw_init(&w, req->arena);
    jw_obj(&w);
    write_head(req, listing, &w);
    jw_end(&w);
    jw_end(&w);
    struct str whole = jw_done(&w);
    return str_slice(whole.at, whole.size - (may_be_null(req) ? 3 : 2));
}

static void
put_item(struct list_body *b, struct object *object)
{
    struct object *view = NULL;
    AUTO_ERR struct err *err = NULL;
    if (encode_view(b->resource, object, b->req->arena, &view, &err) < 0) {
        log_error("object cannot be shown in the version asked for error=%s", err->message);
        return;
    }
    bool is_form = b->form.media == ANSWER_TABLE || b->form.media == ANSWER_PARTIAL;
    bool is_whole = is_form || (view->resource->flags & RES_CRD) != 0;
    struct str lead = is_whole ? STR(",") : STR(",{");
    if (!b->has_item) {
        lead = may_be_null(b->req) ? STR("[") : str_slice(lead.at + 1, lead.size - 1);
        b->has_item = true;
    }
    if (lead.size > 0) {
        pieces_put(&b->pieces, lead, NULL, NULL);
    }
    if (is_form) {
        struct buf *bytes = encode_form_item(b->form, view);
        object_unref(view);
        pieces_put(&b->pieces, buf_str(bytes), NULL, bytes);
        return;
    }
    pieces_put(&b->pieces, is_whole ? object_bytes(view) : object_item_bytes(view), view, NULL);
}

static void
fill(struct list_body *b, size_t max_bytes)
{
    size_t budget = SCAN_MAX;
    while (!b->is_over && b->pieces.size < max_bytes && budget > 0 &&
           pieces_room(&b->pieces) >= PIECES_AN_ITEM) {
        struct object *object = listing_next(b->listing, &budget);
        if (object != NULL) {
            put_item(b, object);
        } else if (listing_is_over(b->listing)) {
            b->is_over = true;
            bool is_null = !b->has_item && may_be_null(b->req);
            pieces_put(&b->pieces, is_null ? STR("null}\n") : STR("]}\n"), NULL, NULL);
        }
    }
}

static void
free_body(struct list_body *b)
{
    pieces_done(&b->pieces);
    listing_free(b->listing);
    req_unref(b->req);
    mem_free(b);
}

static void
on_deferred(void *ctx)
{
    struct list_body *b = ctx;
    b->is_deferred = false;
    if (b->is_done) {
        free_body(b);
    } else {
        b->body.wake(&b->body);
    }
}

static enum pull_rc
pull(struct body *body, struct iovec *iov, int *io_len, size_t max_bytes)
{
    struct list_body *b = list_body(body);
    int room = *io_len;
    *io_len = pieces_take(&b->pieces, iov, 0, 0); /* lets go of what the last pull gave */
    fill(b, max_bytes);
    *io_len = pieces_take(&b->pieces, iov, room, max_bytes);
    if (b->is_over && b->pieces.size == 0) {
        return PULL_END;
    }
    if (*io_len == 0) {
        b->is_deferred = true; /* much was looked at and nothing matched: others have a turn */
        loop_defer(b->loop, on_deferred, b);
        return PULL_WAIT;
    }
    return PULL_MORE;
}

static void
done(struct body *body)
{
    struct list_body *b = list_body(body);
    b->is_done = true;
    if (!b->is_deferred) {
        free_body(b);
    }
}

static struct body *
new_body(struct req *req, struct listing *owned)
{
    struct list_body *b = MEM_NEW(struct list_body);
    b->body.pull = pull;
    b->body.done = done;
    b->body.size = -1;
    b->loop = req->server->loop;
    b->listing = owned;
    b->resource = req->resource;
    b->form = encode_form_of(req);
    req_ref(req);
    b->req = req;
    pieces_put(&b->pieces, head_text(req, owned), NULL, NULL);
    return &b->body;
}

/* YAML cannot be sent in parts that stand alone: the whole text is made first. */
static struct body *
yaml_of(struct req *req, struct body *json)
{
    AUTO_STR struct str_builder text = { 0 };
    struct list_body *b = list_body(json);
    struct iovec iov[PIECES_MAX];
    while (!b->is_over || b->pieces.size > 0) {
        fill(b, SIZE_MAX);
        int len = pieces_take(&b->pieces, iov, PIECES_MAX, SIZE_MAX);
        for (int i = 0; i < len; i++) {
            str_put(&text, str_slice(iov[i].iov_base, iov[i].iov_len));
        }
    }
    body_free(json);
    return encode_yaml(arena_dup(req->arena, str_view(&text)), req->arena);
}

struct body *
encode_list_body(struct req *req, struct listing *owned)
{
    struct body *body = new_body(req, owned);
    return req->accept == ANSWER_YAML ? yaml_of(req, body) : body;
}
