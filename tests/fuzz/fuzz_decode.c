/* Fuzz target of api/decode and of what stands behind it. The first byte picks the kind, the second
 * one media type and mode, the rest is the body. What decodes is canonical: it decodes to itself, in
 * protobuf too; defaults and checks take whatever decodes. */
#include "config.h" /* IWYU pragma: keep */

#include <stdint.h>
#include <stdlib.h>

#include "api/decode.h"
#include "api/kinds_types.h"
#include "api/registry.h"
#include "api/validate.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool ok)
{
    if (!ok) {
        abort();
    }
}

/* It is canonical in every encoding. */
static void
again(struct arena *arena, const struct resource *resource, const struct doc *doc)
{
    AUTO_ERR struct err *err = NULL;
    struct str pb = { 0 };
    struct doc *twice = NULL;
    struct decode_in in = { .arena = arena, .mode = DECODE_STRICT, .bytes = doc_bytes(doc) };
    check(decode_object(&in, resource, &twice, &err) == 0);
    check(str_eq(doc_bytes(twice), doc_bytes(doc)));
    check(decode_to_protobuf(arena, resource->type, doc_root(doc), &pb, &err) == 0);
    in.media = MEDIA_PROTOBUF;
    in.bytes = pb;
    check(decode_object(&in, resource, &twice, &err) == 0);
}

static void
look(struct arena *arena, const struct resource *resource, const struct doc *doc)
{
    AUTO_ERR struct err *err = NULL;
    const struct doc *defaulted = NULL;
    struct causes causes = { .arena = arena };
    check(validate_default(arena, resource->type, doc, &defaulted, &err) == 0);
    struct val root = doc_root(defaulted);
    validate_object(resource, NULL, root, (struct val){ 0 }, &causes);
    validate_object(resource, NULL, root, root, &causes);
    (void)causes_err(&causes, resource, STR("x"), &err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum media medias[] = { MEDIA_JSON, MEDIA_YAML, MEDIA_PROTOBUF };
    static const enum decode_mode modes[] = { DECODE_IGNORE, DECODE_WARN, DECODE_STRICT };
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL;
    struct findings findings = { .arena = arena };
    struct doc *doc = NULL;
    if (size < 2) {
        return 0;
    }
    const struct resource *resource = kinds_builtin[data[0] % kinds_builtin_len];
    struct decode_in in = {
        .arena = arena,
        .media = medias[data[1] % 3],
        .mode = modes[data[1] / 3 % 3],
        .bytes = str_slice((const char *)data + 2, size - 2),
        .findings = &findings,
    };
    int rc = decode_object(&in, resource, &doc, &err);
    check((rc == 0) == (err == NULL));
    if (rc == 0) {
        again(arena, resource, doc);
        look(arena, resource, doc);
    }
    return 0;
}
