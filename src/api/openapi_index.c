/* The OpenAPI v3 index with the hash of each document, and the v2 constant.  Called by discovery. */
#include "config.h" /* IWYU pragma: keep */

#include <openssl/sha.h>

#include "api/openapi.h"
#include "api/registry.h"
#include "base/arena.h"

/* {swagger: "2.0", info: {title: "Kubernetes", version: "1.35"}} as gnostic's protobuf: enough for
 * every client that falls back to v2 (api-compat §1.3). */
static const unsigned char v2[] = "\x0a\x03"
                                  "2.0"
                                  "\x12\x12"
                                  "\x0a\x0a"
                                  "Kubernetes"
                                  "\x12\x04"
                                  "1.35";

struct str
openapi_v2_constant(void)
{
    return str_slice((const char *)v2, sizeof(v2) - 1);
}

struct str
openapi_v3_hash(const struct registry *registry, struct str path, char text[129])
{
    unsigned char digest[SHA512_DIGEST_LENGTH];
    AUTO_ARENA struct arena *arena = arena_new();
    struct jw w;
    jw_init(&w, arena);
    if (!openapi_v3_group(registry, path, &w)) {
        return (struct str){ 0 };
    }
    struct str doc = jw_done(&w);
    (void)SHA512((const unsigned char *)doc.at, doc.size, digest); /* returns its third argument */
    for (size_t i = 0; i < sizeof(digest); i++) {
        static const char hex[] = "0123456789ABCDEF";
        text[2 * i] = hex[digest[i] >> 4];
        text[2 * i + 1] = hex[digest[i] & 15];
    }
    text[128] = '\0';
    return str_slice(text, 128);
}

static struct str
group_path(struct arena *arena, const struct resource *r)
{
    return r->group[0] == '\0' ? arena_printf(arena, "api/%s", r->version)
                               : arena_printf(arena, "apis/%s/%s", r->group, r->version);
}

void
openapi_v3_index(const struct registry *registry, struct jw *out)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str last = { 0 };
    jw_obj(out);
    jw_keyz(out, "paths");
    jw_obj(out);
    for (size_t i = 0; i < registry_len(registry); i++) {
        char text[129];
        struct str path = group_path(arena, registry_at(registry, i));
        if (str_eq(path, last)) {
            continue; /* resources of one group version stand together */
        }
        last = path;
        struct str hash = openapi_v3_hash(registry, path, text);
        jw_key(out, path);
        jw_obj(out);
        jw_keyz(out, "serverRelativeURL");
        jw_printf(out, "/openapi/v3/" STR_FMT "?hash=" STR_FMT, STR_ARG(path), STR_ARG(hash));
        jw_end(out);
    }
    jw_end(out);
    jw_end(out);
}
