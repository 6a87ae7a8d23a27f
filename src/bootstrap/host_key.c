/* Host keys: text, fingerprint, comparison.  Called by transport_ssh.c on workers; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "bootstrap/host_key.h"

#include <openssl/sha.h>

#include "base/arena.h"
#include "base/base64.h"

enum { TYPE_MAX = 64 };

/* The string in front: four bytes of size, then the type. */
static struct str
type_of(struct str blob)
{
    const unsigned char *at = (const unsigned char *)blob.at;
    if (blob.size < 4) {
        return (struct str){ 0 };
    }
    size_t size = ((size_t)at[0] << 24) | ((size_t)at[1] << 16) | ((size_t)at[2] << 8) | at[3];
    return size == 0 || size > TYPE_MAX || size > blob.size - 4 ? (struct str){ 0 }
                                                                : str_slice(blob.at + 4, size);
}

struct str
host_key_text(struct str blob, struct arena *arena)
{
    struct str type = type_of(blob);
    for (size_t i = 0; i < type.size; i++) {
        if (type.at[i] <= ' ' || type.at[i] > '~') {
            return (struct str){ 0 };
        }
    }
    return type.size == 0 ? (struct str){ 0 }
                          : arena_printf(arena, STR_FMT " " STR_FMT, STR_ARG(type),
                                         STR_ARG(base64_encode(blob, arena)));
}

struct str
host_key_type(struct str text)
{
    struct str rest;
    return str_cut(text, ' ', &rest);
}

struct str
host_key_fingerprint(struct str text, struct arena *arena)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    struct str encoded, blob;
    (void)str_cut(str_trim(text), ' ', &encoded);
    if (encoded.size == 0 || base64_decode(encoded, arena, &blob, NULL) < 0) {
        return (struct str){ 0 };
    }
    (void)SHA256((const unsigned char *)blob.at, blob.size, digest); /* returns its argument */
    struct str hash = base64_encode(str_slice((const char *)digest, sizeof(digest)), arena);
    while (hash.size > 0 && hash.at[hash.size - 1] == '=') {
        hash.size--;
    }
    return arena_printf(arena, "SHA256:" STR_FMT, STR_ARG(hash));
}

bool
host_key_is(struct str text, struct str wanted, struct arena *arena)
{
    wanted = str_trim(wanted);
    return str_has_prefix(wanted, STR("SHA256:"))
               ? str_eq(host_key_fingerprint(text, arena), wanted)
               : str_eq(text, wanted);
}
