/* Answers of an API server as replies: which of object, list or plain document it is.  Called by the
 * remote transport for every answer and watch event; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "client/client_reply.h"

#include "api/object.h"
#include "base/arena.h"
#include "base/err.h"

uint64_t
client_reply_rev(struct val object)
{
    uint64_t rev = 0;

    if (!str_to_uint(val_str(val_at(object, "metadata.resourceVersion")), &rev)) {
        return 0;
    }
    return rev;
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The member resourceVersion with one of its commas, as a range of the object's bytes. */
static void
find_rev_member(struct str bytes, struct str value, size_t *ret_from, size_t *ret_to)
{
    size_t from = (size_t)(value.at - bytes.at);
    size_t to = from + value.size;

    /* Back over `"resourceVersion":` and white space; in front of that stands a comma or a brace. */
    while (bytes.at[from - 1] != ':') {
        from--;
    }
    while (bytes.at[from - 1] != '"') {
        from--;
    }
    from -= strlen("resourceVersion\"") + 1;
    while (is_space(bytes.at[from - 1])) {
        from--;
    }
    if (bytes.at[from - 1] == ',') {
        from--;
    } else {
        while (is_space(bytes.at[to])) {
            to++;
        }
        to += bytes.at[to] == ',' ? 1 : 0;
    }
    *ret_from = from;
    *ret_to = to;
}

int
client_reply_object(const struct resource *resource, struct val v, struct object **ret,
                    struct err **err)
{
    AUTO_ARENA struct arena *arena = NULL;
    struct str bytes = val_raw(v);
    struct val rev_val = val_at(v, "metadata.resourceVersion");
    uint64_t rev = client_reply_rev(v);
    bool has_kind = val_is(val_get(v, "kind"));
    size_t cut_from = 0;
    size_t cut_to = 0;
    struct str head = STR("{");
    char *stored;

    if (val_type(v) != DOC_OBJECT) {
        return err_set(err, ERR_INTERNAL, "the server sent no object where a %s was asked for",
                       resource->kind);
    }
    arena = arena_new();
    if (!has_kind) {
        head =
            arena_printf(arena, "{\"kind\":\"%s\",\"apiVersion\":\"%s%s%s\",", resource->kind,
                         resource->group, resource->group[0] == '\0' ? "" : "/", resource->version);
    }
    if (val_is(rev_val)) {
        find_rev_member(bytes, val_raw(rev_val), &cut_from, &cut_to);
    } else {
        cut_from = cut_to = 1;
    }
    stored = arena_alloc(arena, head.size + bytes.size);
    memcpy(stored, head.at, head.size);
    memcpy(stored + head.size, bytes.at + 1, cut_from - 1);
    memcpy(stored + head.size + cut_from - 1, bytes.at + cut_to, bytes.size - cut_to);
    return object_publish(resource,
                          str_slice(stored, head.size + cut_from - 1 + bytes.size - cut_to), rev,
                          rev, ret, err);
}

static int
read_list(struct arena *arena, const struct resource *resource, struct val root,
          struct reply *reply, struct err **err)
{
    struct val items = val_get(root, "items");
    struct object **objects = arena_array(arena, val_len(items), sizeof(*objects));

    reply->items = objects;
    VAL_EACH (it, items) {
        if (client_reply_object(resource, it.value, &objects[reply->item_len], err) < 0) {
            return err_wrap(err, "item %zu of the list", reply->item_len);
        }
        reply->item_len++;
    }
    return 0;
}

int
client_reply_read(struct arena *arena, const struct call *call, const struct doc *doc,
                  struct reply *ret, struct err **err)
{
    const struct resource *resource = call->resource;
    struct val root = doc_root(doc);
    struct val kind = val_get(root, "kind");
    bool has_rows = resource != NULL && resource->type != NULL && call->accept == ACCEPT_OBJECT;

    ret->rev = client_reply_rev(root);
    ret->continue_token = val_str(val_at(root, "metadata.continue"));
    if (has_rows && val_type(val_get(root, "items")) == DOC_ARRAY &&
        (call->verb == VERB_LIST || call->verb == VERB_DELETECOLLECTION)) {
        return read_list(arena, resource, root, ret, err);
    }
    if (has_rows && val_is_str(kind, resource->kind)) {
        return client_reply_object(resource, root, &ret->object, err);
    }
    ret->doc = doc;
    return 0;
}

void
client_reply_done(struct reply *reply)
{
    object_unref(reply->object);
    for (size_t i = 0; i < reply->item_len; i++) {
        object_unref(reply->items[i]);
    }
    *reply = (struct reply){ 0 };
}
