/* Random identifiers, from the kernel's generator. Suffixes use apimachinery's alphabet, which has no
 * vowels and nothing that looks like another letter (pkg/util/rand). Called by steps that make
 * objects. Loop thread. */
#include "config.h"

#include "apiserver/ident.h"

#include <assert.h>
#include <stdio.h>
#include <sys/random.h>

static const char suffix_letters[] = "bcdfghjklmnpqrstvwxz2456789";

static void
fill_random(void *to, size_t size)
{
    ssize_t got = getrandom(to, size, 0);
    assert(got == (ssize_t)size); /* whole up to 256 bytes, once the machine has booted */
    (void)got;
}

struct str
ident_uuid(char text[IDENT_UUID_SIZE + 1])
{
    unsigned char b[16];
    fill_random(b, sizeof(b));
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    (void)snprintf(text, IDENT_UUID_SIZE + 1,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                   b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
                   b[14], b[15]);
    return str_slice(text, IDENT_UUID_SIZE);
}

struct str
ident_suffix(char text[IDENT_SUFFIX_SIZE + 1])
{
    for (size_t i = 0; i < IDENT_SUFFIX_SIZE; i++) {
        text[i] = suffix_letters[ident_random(sizeof(suffix_letters) - 1)];
    }
    text[IDENT_SUFFIX_SIZE] = '\0';
    return str_slice(text, IDENT_SUFFIX_SIZE);
}

uint64_t
ident_random(uint64_t below)
{
    uint64_t value;
    fill_random(&value, sizeof(value));
    return value % below;
}
