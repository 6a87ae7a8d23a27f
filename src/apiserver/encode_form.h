/* Other forms of objects: Table rows and PartialObjectMetadata.  Loop thread. */
#ifndef BINNACLE_APISERVER_ENCODE_FORM_H
#define BINNACLE_APISERVER_ENCODE_FORM_H

#include <stdint.h>

#include "api/columns.h"
#include "apiserver/req.h"

struct buf;
struct object;

/* What was asked for, small enough to stay with a stream. */
struct encode_form {
    enum answer_media media; /* ANSWER_JSON: the object's own bytes */
    enum columns_include include;
};
struct encode_form encode_form_of(const struct req *req);
/* An id for encodings that watchers share; the age cells of a Table change with the second. */
uint32_t encode_form_id(struct encode_form form, const struct resource *resource);
/* One item of a list: a row, or a PartialObjectMetadata. Counted bytes, one reference. */
struct buf *encode_form_item(struct encode_form form, const struct object *object);
/* A document of its own: a Table of one row (with the column definitions or without), or a
 * PartialObjectMetadata. */
struct buf *encode_form_whole(struct encode_form form, const struct resource *resource,
                              const struct object *object, bool has_columns);

#endif
