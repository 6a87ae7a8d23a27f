/* Fuzz target of base/doc_yaml. What YAML becomes must be JSON, in the strict way too; and what JSON
 * is written as YAML must be read as the same value. */
#include "config.h" /* IWYU pragma: keep */

#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/doc.h"
#include "base/doc_yaml.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool ok)
{
    if (!ok) {
        abort();
    }
}

static struct val
parse(struct arena *arena, struct str json)
{
    AUTO_ERR struct err *err = NULL;

    return doc_root(doc_parse(arena, json, &err));
}

static void
round_trip(struct arena *arena, struct val v)
{
    AUTO_STR struct str_builder yaml = { 0 };
    AUTO_ERR struct err *err = NULL;
    struct str json = { 0 };

    doc_yaml_write(&yaml, v);
    check(!yaml.overflow);
    check(doc_yaml_to_json(arena, str_view(&yaml), &json, &err) == 0);
    check(val_eq(v, parse(arena, json)));
}

static int
take(void *ctx, struct str json, struct err **err)
{
    (void)err;
    check(val_is(parse(ctx, json)));
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str text = { (const char *)data, size }, json = { 0 }, strict = { 0 }, twice = { 0 };
    AUTO_ERR struct err *err = NULL;
    AUTO_ERR struct err *strict_err = NULL;
    AUTO_ERR struct err *each_err = NULL;

    int rc = doc_yaml_to_json(arena, text, &json, &err);
    check((rc == 0) == (err == NULL));
    check(doc_yaml_to_json_strict(arena, text, &strict, &twice, &strict_err) == rc);
    check(rc < 0 || str_eq(json, strict));
    if (rc == 0) {
        struct val v = parse(arena, json);
        check(val_is(v));
        round_trip(arena, v);
    }
    (void)doc_yaml_each(arena, text, take, arena, &each_err);
    struct val direct = parse(arena, text);
    if (val_is(direct)) {
        round_trip(arena, direct);
    }
    return 0;
}
