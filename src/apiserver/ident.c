/* Random identifiers, from the kernel's generator. Suffixes use apimachinery's alphabet, which has no
 * vowels and nothing that looks like another letter (pkg/util/rand). Called by steps that make
 * objects. Loop thread. */
#include "config.h"

#include "apiserver/ident.h"

#include <assert.h>
#include <string.h>
#include <sys/random.h>

static const char suffix_letters[] = "bcdfghjklmnpqrstvwxz2456789";

/* Bytes are taken from the kernel in whole pools: a uid and an audit id per request are many. */
static void
fill_random(struct ident *ident, void *to, size_t size)
{
    if (ident->left < size) {
        /* Whole up to 256 bytes, once the machine has booted. */
        ssize_t got = getrandom(ident->pool, sizeof(ident->pool), 0);
        assert(got == (ssize_t)sizeof(ident->pool));
        (void)got;
        ident->left = sizeof(ident->pool);
    }
    ident->left -= size;
    memcpy(to, ident->pool + ident->left, size);
    explicit_bzero(ident->pool + ident->left, size);
}

struct str
ident_uuid(struct ident *ident, char text[IDENT_UUID_SIZE + 1])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char b[16];
    char *at = text;
    fill_random(ident, b, sizeof(b));
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof(b); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *at++ = '-';
        }
        *at++ = hex[b[i] >> 4];
        *at++ = hex[b[i] & 15];
    }
    *at = '\0';
    return str_slice(text, IDENT_UUID_SIZE);
}

struct str
ident_suffix(struct ident *ident, char text[IDENT_SUFFIX_SIZE + 1])
{
    for (size_t i = 0; i < IDENT_SUFFIX_SIZE; i++) {
        text[i] = suffix_letters[ident_random(ident, sizeof(suffix_letters) - 1)];
    }
    text[IDENT_SUFFIX_SIZE] = '\0';
    return str_slice(text, IDENT_SUFFIX_SIZE);
}

uint64_t
ident_random(struct ident *ident, uint64_t below)
{
    uint64_t value;
    fill_random(ident, &value, sizeof(value));
    return value % below;
}
