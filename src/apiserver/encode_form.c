/* Tables and PartialObjectMetadata out of api/columns, for single objects, lists and watch events.
 * Called by encode.c, encode_list.c and rest_watch.c. Loop thread. */
#include "config.h"

#include "apiserver/encode_form.h"

#include "api/object.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"

struct encode_form
encode_form_of(const struct req *req)
{
    struct str include = req->options.include_object;
    return (struct encode_form){ .media = req->accept,
                                 .include = str_is(include, "Object") ? INCLUDE_OBJECT
                                            : str_is(include, "None") ? INCLUDE_NONE
                                                                      : INCLUDE_METADATA };
}

uint32_t
encode_form_id(struct encode_form form, const struct resource *resource)
{
    uint64_t second = form.media == ANSWER_TABLE ? (uint64_t)clock_wall_ms() / 1000 : 0;
    struct {
        const struct resource *resource;
        uint64_t second;
        uint32_t media, include;
    } id = { resource, second, form.media, form.include };
    return (uint32_t)str_hash(str_slice((const char *)&id, sizeof(id)));
}

struct buf *
encode_form_item(struct encode_form form, const struct object *object)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct jw w;
    jw_init(&w, NULL);
    if (form.media == ANSWER_TABLE) {
        columns_row(object, form.include, clock_wall_ms(), arena, &w);
    } else {
        columns_partial(object, &w);
    }
    struct buf *bytes = jw_buf(&w);
    jw_cleanup(&w);
    return bytes;
}

struct buf *
encode_form_whole(struct encode_form form, const struct resource *resource,
                  const struct object *object, bool has_columns)
{
    AUTO_ARENA struct arena *arena = arena_new();
    if (form.media != ANSWER_TABLE) {
        return encode_form_item(form, object);
    }
    struct jw w;
    jw_init(&w, NULL);
    jw_obj(&w);
    jw_kvz(&w, "kind", "Table");
    jw_kvz(&w, "apiVersion", "meta.k8s.io/v1");
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_kv(&w, "resourceVersion", arena_printf(arena, "%llu", (unsigned long long)object->rev));
    jw_end(&w);
    jw_keyz(&w, "columnDefinitions");
    if (has_columns) {
        columns_definitions(resource, &w);
    } else {
        jw_null(&w); /* as Go writes the slice that is not there */
    }
    jw_keyz(&w, "rows");
    jw_arr(&w);
    columns_row(object, form.include, clock_wall_ms(), arena, &w);
    jw_end(&w);
    jw_end(&w);
    struct buf *bytes = jw_buf(&w);
    jw_cleanup(&w);
    return bytes;
}
