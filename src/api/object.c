/* Published objects: canonical bytes with their resourceVersion, and what is asked of them often.
 *
 * Made by the sink for every commit, by caches and clients; read by everybody on any thread. The
 * bytes are copied once, with the revision spliced in; name, uid and labels are slices of them. */
#include "config.h"

#include "api/object.h"

#include <stdlib.h>
#include <string.h>

#include "api/registry.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

static const char object_rev_key[] = "\"resourceVersion\":\"";

/* What publishing collects before it allocates. */
struct object_in {
    const struct resource *resource;
    struct arena *arena;
    struct str stored;
    struct val root, metadata, labels;
    size_t splice_at;            /* where the member goes in */
    bool is_first;               /* it becomes the first member of metadata */
    struct str member;           /* with its comma */
    struct str digits;           /* of the revision */
    size_t label_len, text_size; /* text_size: strings with escapes, which need a copy */
};

static int object_find(struct object_in *in, uint64_t rev, struct err **err);
static void object_find_splice(struct object_in *in);
static struct buf *object_bytes_with(const struct object_in *in);
static size_t object_text_size(const struct object_in *in, struct str text);
static struct str object_text(const struct object_in *in, const char *bytes, struct str text,
                              char **tail);
static void object_fill(struct object *object, const struct object_in *in, const char *bytes);
static void object_fill_labels(struct object *object, const struct object_in *in, const char *bytes,
                               char **tail);
static struct str object_owner_uid(const struct object_in *in);

int
object_publish(const struct resource *resource, struct str stored, uint64_t rev,
               uint64_t create_rev, struct object **ret, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct object_in in = { .resource = resource, .arena = arena, .stored = stored };
    if (object_find(&in, rev, err) < 0) {
        return -1;
    }
    struct buf *bytes = object_bytes_with(&in);
    struct object *object =
        mem_new(sizeof(*object) + in.label_len * sizeof(struct label) + in.text_size);
    atomic_init(&object->refs, 1);
    object->resource = resource;
    object->rev = rev;
    object->create_rev = create_rev == 0 ? rev : create_rev;
    object->rv_at = (uint32_t)(in.splice_at + (in.is_first ? 0 : 1) + sizeof(object_rev_key) - 1);
    object->rv_size = (uint32_t)in.digits.size;
    object_fill(object, &in, bytes->at);
    object->doc = doc_new(bytes);
    *ret = object;
    return 0;
}

struct object *
object_at_rev(const struct object *object, uint64_t rev)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct object *made = NULL;
    AUTO_ERR struct err *err = NULL;
    if (object_publish(object->resource, object_stored(object, arena), rev, object->create_rev,
                       &made, &err) < 0) {
        return NULL; /* cannot be: it was published before */
    }
    return made;
}

struct object *
object_ref(struct object *object)
{
    if (object != NULL) {
        (void)atomic_fetch_add_explicit(&object->refs, 1, memory_order_relaxed);
    }
    return object;
}

void
object_unref(struct object *object)
{
    if (object == NULL || atomic_fetch_sub_explicit(&object->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    doc_unref(object->doc);
    mem_free(object);
}

void
object_cleanup(struct object **object)
{
    object_unref(*object);
    *object = NULL;
}

struct str
object_bytes(const struct object *object)
{
    return doc_bytes(object->doc);
}

struct str
object_item_bytes(const struct object *object)
{
    struct str bytes = doc_bytes(object->doc);
    return str_slice(bytes.at + object->body_at, bytes.size - object->body_at);
}

struct val
object_val(const struct object *object)
{
    return doc_root(object->doc);
}

void
object_pin(const struct object *object)
{
    doc_pin(object->doc);
}

void
object_unpin(const struct object *object)
{
    doc_unpin(object->doc);
}

struct str
object_stored(const struct object *object, struct arena *arena)
{
    struct str bytes = doc_bytes(object->doc);
    size_t from = object->rv_at - (sizeof(object_rev_key) - 1);
    size_t to = object->rv_at + object->rv_size + 1;
    if (bytes.at[from - 1] == ',') {
        from--;
    } else if (bytes.at[to] == ',') {
        to++;
    }
    char *stored = arena_alloc(arena, bytes.size);
    memcpy(stored, bytes.at, from);
    memcpy(stored + from, bytes.at + to, bytes.size - to);
    return str_slice(stored, bytes.size - (to - from));
}

uint32_t
object_index_hash(struct str value)
{
    return (uint32_t)str_hash(value);
}

size_t
object_size(const struct object *object)
{
    return sizeof(*object) + object->labels.len * sizeof(struct label) +
           doc_bytes(object->doc).size;
}

struct str
labels_get(struct labels labels, struct str key)
{
    size_t low = 0, high = labels.len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = str_cmp(labels.at[middle].key, key);
        if (order == 0) {
            struct str value = labels.at[middle].value;
            return value.at == NULL ? STR("") : value;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return (struct str){ 0 };
}

/* ---- publishing ---- */

static int
object_find(struct object_in *in, uint64_t rev, struct err **err)
{
    struct doc *doc = doc_parse(in->arena, in->stored, err);
    if (doc == NULL) {
        return err_wrap(err, "%s", in->resource->plural);
    }
    in->root = doc_root(doc);
    in->metadata = val_get(in->root, "metadata");
    if (val_type(in->metadata) != DOC_OBJECT) {
        return err_set(err, ERR_INTERNAL, "%s: an object without metadata", in->resource->plural);
    }
    in->labels = val_get(in->metadata, "labels");
    object_find_splice(in);
    in->digits = arena_printf(in->arena, "%llu", (unsigned long long)rev);
    in->member =
        arena_printf(in->arena, "%s%s" STR_FMT "\"%s", in->is_first ? "" : ",", object_rev_key,
                     STR_ARG(in->digits), in->is_first && val_len(in->metadata) > 0 ? "," : "");
    static const char *const texts[] = { "name", "namespace", "uid" };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        in->text_size += object_text_size(in, val_str(val_get(in->metadata, texts[i])));
    }
    in->text_size += object_text_size(in, object_owner_uid(in));
    VAL_EACH (it, in->labels) {
        in->label_len++;
        in->text_size += object_text_size(in, it.key) + object_text_size(in, val_str(it.value));
    }
    return 0;
}

/* Go's order puts resourceVersion behind uid; custom resources have their keys in byte order. */
static void
object_find_splice(struct object_in *in)
{
    static const char *const before[] = { "name", "generateName", "namespace", "selfLink", "uid" };
    bool is_sorted = (in->resource->flags & RES_CRD) != 0;
    struct str raw = val_raw(in->metadata);
    in->splice_at = (size_t)(raw.at - in->stored.at) + 1;
    in->is_first = true;
    VAL_EACH (it, in->metadata) {
        bool goes_before = is_sorted && str_cmp(it.key, STR("resourceVersion")) < 0;
        for (size_t i = 0; i < ARRAY_LEN(before) && !is_sorted; i++) {
            goes_before |= str_is(it.key, before[i]);
        }
        if (goes_before) {
            struct str value = val_raw(it.value);
            in->splice_at = (size_t)(value.at - in->stored.at) + value.size;
            in->is_first = false;
        }
    }
}

static struct buf *
object_bytes_with(const struct object_in *in)
{
    struct buf *buf = buf_new(in->stored.size + in->member.size);
    memcpy(buf->at, in->stored.at, in->splice_at);
    memcpy(buf->at + in->splice_at, in->member.at, in->member.size);
    memcpy(buf->at + in->splice_at + in->member.size, in->stored.at + in->splice_at,
           in->stored.size - in->splice_at);
    return buf;
}

static bool
object_is_slice(const struct object_in *in, struct str text)
{
    return text.at >= in->stored.at && text.at < in->stored.at + in->stored.size;
}

static size_t
object_text_size(const struct object_in *in, struct str text)
{
    return text.size == 0 || object_is_slice(in, text) ? 0 : text.size;
}

/* The text as a slice of the published bytes, or, when it has escapes, copied behind the object. */
static struct str
object_text(const struct object_in *in, const char *bytes, struct str text, char **tail)
{
    if (text.size == 0) {
        return text.at == NULL ? text : STR("");
    }
    if (object_is_slice(in, text)) {
        size_t at = (size_t)(text.at - in->stored.at);
        return str_slice(bytes + at + (at >= in->splice_at ? in->member.size : 0), text.size);
    }
    char *copy = *tail;
    memcpy(copy, text.at, text.size);
    *tail += text.size;
    return str_slice(copy, text.size);
}

static void
object_fill(struct object *object, const struct object_in *in, const char *bytes)
{
    char *tail = (char *)(object + 1) + in->label_len * sizeof(struct label);
    object->name = object_text(in, bytes, val_str(val_get(in->metadata, "name")), &tail);
    object->ns = object_text(in, bytes, val_str(val_get(in->metadata, "namespace")), &tail);
    object->uid = object_text(in, bytes, val_str(val_get(in->metadata, "uid")), &tail);
    object->owner_uid = object_text(in, bytes, object_owner_uid(in), &tail);
    object->generation = val_int(val_get(in->metadata, "generation"), 0);
    int64_t wall_us = 0;
    if (clock_parse(val_str(val_get(in->metadata, "deletionTimestamp")), &wall_us) == 0) {
        object->deleted_at_ms = wall_us / 1000;
    }
    object_fill_labels(object, in, bytes, &tail);
    if ((in->resource->flags & RES_CRD) != 0) {
        object->body_at = 1; /* items of custom resources keep kind and apiVersion */
    } else {
        /* The key before the value, `"metadata":`, as the canonical form writes it. */
        struct str raw = val_raw(in->metadata);
        object->body_at =
            (uint32_t)((size_t)(raw.at - in->stored.at) - (sizeof("\"metadata\":") - 1));
    }
    for (size_t i = 0; i < in->resource->selectable_len; i++) {
        const struct selectable *selectable = &in->resource->selectables[i];
        if (selectable->index == 0 || selectable->index > OBJECT_INDEX_LEN) {
            continue;
        }
        struct str value = { 0 };
        if (selectable->value != NULL) {
            selectable->value(in->root, in->arena, &value);
        } else {
            value = val_str(val_at(in->root, selectable->path));
        }
        object->index[selectable->index - 1] = object_index_hash(value);
    }
}

static int
object_label_cmp(const void *a, const void *b)
{
    const struct label *left = a, *right = b;
    return str_cmp(left->key, right->key);
}

static void
object_fill_labels(struct object *object, const struct object_in *in, const char *bytes,
                   char **tail)
{
    struct label *labels = (struct label *)(void *)(object + 1);
    size_t len = 0;
    bool is_sorted = true;
    VAL_EACH (it, in->labels) {
        labels[len] = (struct label){
            .key = object_text(in, bytes, it.key, tail),
            .value = object_text(in, bytes, val_str(it.value), tail),
        };
        is_sorted = is_sorted && (len == 0 || str_cmp(labels[len - 1].key, labels[len].key) < 0);
        len++;
    }
    if (!is_sorted) {
        qsort(labels, len, sizeof(*labels), object_label_cmp);
    }
    object->labels = (struct labels){ labels, len };
}

static struct str
object_owner_uid(const struct object_in *in)
{
    VAL_EACH (it, val_get(in->metadata, "ownerReferences")) {
        if (val_bool(val_get(it.value, "controller"), false)) {
            return val_str(val_get(it.value, "uid"));
        }
    }
    return (struct str){ 0 };
}
