/* Bytes to canonical documents: JSON, YAML and protobuf; strict, warn or ignore.  Any thread. */
#ifndef BINNACLE_API_DECODE_H
#define BINNACLE_API_DECODE_H

#include <stddef.h>

#include "base/str.h"

struct arena;
struct doc;
struct err;
struct registry;
struct resource;
struct type;
struct val;
struct jw;

enum media { MEDIA_JSON, MEDIA_YAML, MEDIA_PROTOBUF, MEDIA_UNKNOWN };
enum decode_mode { DECODE_IGNORE, DECODE_WARN, DECODE_STRICT };

/* Findings of warn and strict: unknown field "spec.x", duplicate field "spec.y". */
struct findings {
    struct arena *arena;
    struct str *at;
    size_t len, capacity; /* at most 100 are kept */
};
void findings_add(struct findings *findings, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

struct decode_in {
    struct arena *arena;
    enum media media;
    enum decode_mode mode;
    struct str bytes;
    struct findings *findings; /* WARN fills it; STRICT turns it into a 400 */
    /* [] and {} stay where null is written otherwise, until the object is decoded again: managed
     * fields tell them apart, storage does not. */
    bool keeps_empty;
    bool is_unstructured; /* messages are those of FromUnstructured: a strategic patch's outcome */
};

/* One object of a known type, as the canonical bytes that Go would have written: kind, apiVersion,
 * then rows in order, quantities and times canonical, zero values dropped or kept by the row. kind
 * and apiVersion absent in the input are filled in; other ones are a 400. Messages as upstream's
 * (`json: cannot unmarshal string into Go struct field …`, strict decoding error: …). */
int decode_object(const struct decode_in *in, const struct resource *resource, struct doc **ret,
                  struct err **err);
/* An options object or other type without a resource (DeleteOptions, Scale, TokenRequest). kind
 * and group_version may be NULL to take what comes. */
int decode_type(const struct decode_in *in, const struct type *type, const char *group_version,
                const char *kind, struct doc **ret, struct err **err);
/* Only kind and apiVersion of a body, any media. */
int decode_peek(const struct decode_in *in, struct str *ret_api_version, struct str *ret_kind,
                struct err **err);

/* Re-emits one value of a row's type canonically: for patches, defaults and edits on the way to a
 * document that is decoded again. */
int decode_value(const struct decode_in *in, const struct type *type, struct val v, struct jw *out,
                 struct err **err);

/* The protobuf form (with the k8s\0 envelope) of a canonical document: for round-trip tests and
 * clients that accept nothing else. */
int decode_to_protobuf(struct arena *arena, const struct type *type, struct val v, struct str *ret,
                       struct err **err);

enum media decode_media(struct str content_type); /* "" and absent are JSON */

#endif
