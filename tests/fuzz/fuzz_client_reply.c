/* Fuzz target of what a server may send. The first byte says which resource (a kind with rows, a
 * custom one), which shape (object, list) and the size of the pieces a watch comes in; the rest is the
 * answer's body and, piece by piece, a watch's stream. What becomes an object must stay one. */
#include "config.h" /* IWYU pragma: keep */

#include <stdint.h>
#include <stdlib.h>

#include "api/object.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/client_remote_priv.h"
#include "client/client_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct type rows = { .name = "any" };
static const struct selectable selectables[] = {
    { .label = "spec.nodeName", .path = "spec.nodeName", .index = 1 },
};
static const struct resource resources[2] = {
    { .group = "",
      .version = "v1",
      .kind = "Pod",
      .plural = "pods",
      .flags = RES_NAMESPACED,
      .type = &rows,
      .selectables = selectables,
      .selectable_len = 1 },
    { .group = "w.io",
      .version = "v1",
      .kind = "Widget",
      .plural = "widgets",
      .flags = RES_CRD,
      .type = &rows },
};

static void
check(bool ok)
{
    if (!ok) {
        abort();
    }
}

/* It parses, carries its revision where it says, and is the same when stored and published again. */
static void
check_object(const struct object *object)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_OBJECT struct object *again = NULL;
    AUTO_ERR struct err *err = NULL;
    struct str bytes = object_bytes(object);
    struct doc *doc = doc_parse(arena, bytes, &err);
    uint64_t rev = 0;

    check(doc != NULL);
    check(str_to_uint(str_slice(bytes.at + object->rv_at, object->rv_size), &rev));
    check(rev == object->rev);
    check(object_publish(object->resource, object_stored(object, arena), object->rev, object->rev,
                         &again, &err) == 0);
    check(str_eq(object_bytes(again), bytes));
    check(str_eq(again->name, object->name) && str_eq(again->uid, object->uid));
}

static void
on_event(void *ctx, const struct watch_event *event)
{
    (void)ctx;
    check(event->object == NULL || event->doc == NULL);
    if (event->object != NULL) {
        check_object(event->object);
    }
}

static void
read_answer(const struct resource *resource, enum verb verb, struct str body)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL;
    struct call call = call_of(verb, resource, (struct str){ 0 }, (struct str){ 0 });
    struct reply reply = { 0 };
    struct doc *doc = doc_parse(arena, body, &err);
    int rc;

    if (doc == NULL) {
        return;
    }
    rc = client_reply_read(arena, &call, doc, &reply, &err);
    check((rc == 0) == (err == NULL));
    if (reply.object != NULL) {
        check_object(reply.object);
    }
    for (size_t i = 0; i < reply.item_len; i++) {
        check_object(reply.items[i]);
    }
    client_reply_done(&reply);
}

static void
read_stream(const struct resource *resource, size_t piece, struct str bytes)
{
    struct remote_call call = { .resource = resource, .kind = REMOTE_WATCH, .event = on_event };

    for (size_t at = 0; at < bytes.size && call.err == NULL; at += piece) {
        size_t size = bytes.size - at < piece ? bytes.size - at : piece;
        AUTO_FREE char *exact = mem_copy(bytes.at + at, size);
        check(client_remote_watch_data(&call, exact, size) == size);
    }
    str_done(&call.in);
    err_free(call.err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct resource *resource;
    struct str body;

    if (size < 1) {
        return 0;
    }
    resource = &resources[data[0] & 1];
    body = str_slice((const char *)data + 1, size - 1);
    read_answer(resource, (data[0] & 2) != 0 ? VERB_LIST : VERB_GET, body);
    read_stream(resource, 1U + (data[0] >> 2), body);
    return 0;
}
