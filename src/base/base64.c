/* Base64 text.  Called by decoders of API objects, kubeconfigs and by views of Secrets; pure, any
 * thread. */
#include "config.h"

#include "base/base64.h"

#include "base/arena.h"

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum { BASE64_NONE = 0xff };

/* Where a decoder stands in its text. */
struct base64_in {
    struct str text;
    size_t at, bad_at;
    bool is_bad;
};

static size_t base64_quantum(struct base64_in *in, uint8_t digits[4], bool *is_last);
static bool base64_padding(struct base64_in *in, size_t have);

static uint8_t
base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (uint8_t)(c - 'A');
    }
    if (c >= 'a' && c <= 'z') {
        return (uint8_t)(c - 'a' + 26);
    }
    if (c >= '0' && c <= '9') {
        return (uint8_t)(c - '0' + 52);
    }
    return c == '+' ? 62 : c == '/' ? 63 : BASE64_NONE;
}

int
base64_decode(struct str text, struct arena *arena, struct str *ret, size_t *ret_bad_at)
{
    char *out = arena_alloc(arena, text.size / 4 * 3 + 4);
    size_t size = 0;
    struct base64_in in = { .text = text };
    bool is_last = false;
    while (!is_last) {
        uint8_t digits[4] = { 0 };
        size_t have = base64_quantum(&in, digits, &is_last);
        if (in.is_bad) {
            if (ret_bad_at != NULL) {
                *ret_bad_at = in.bad_at;
            }
            return -1;
        }
        uint32_t word = (uint32_t)digits[0] << 18 | (uint32_t)digits[1] << 12 |
                        (uint32_t)digits[2] << 6 | digits[3];
        for (size_t i = 0; i + 1 < have; i++) {
            out[size++] = (char)(word >> (16 - 8 * i) & 0xff);
        }
    }
    *ret = str_slice(out, size);
    return 0;
}

struct str
base64_encode(struct str bytes, struct arena *arena)
{
    size_t size = (bytes.size + 2) / 3 * 4;
    char *out = arena_alloc(arena, size + 1);
    char *to = out;
    const unsigned char *from = (const unsigned char *)bytes.at;
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t have = bytes.size - i < 3 ? bytes.size - i : 3;
        uint32_t word = (uint32_t)from[i] << 16 | (have > 1 ? (uint32_t)from[i + 1] << 8 : 0) |
                        (have > 2 ? from[i + 2] : 0);
        *to++ = base64_digits[word >> 18 & 63];
        *to++ = base64_digits[word >> 12 & 63];
        *to++ = have > 1 ? base64_digits[word >> 6 & 63] : '=';
        *to++ = have > 2 ? base64_digits[word & 63] : '=';
    }
    return str_slice(out, size);
}

bool
base64_is_canonical(struct str text)
{
    if (text.size % 4 != 0) {
        return false;
    }
    size_t size = text.size;
    size_t padding = 0;
    while (padding < 2 && size > 0 && text.at[size - 1] == '=') {
        size--;
        padding++;
    }
    for (size_t i = 0; i < size; i++) {
        if (base64_value(text.at[i]) == BASE64_NONE) {
            return false;
        }
    }
    /* Bits that the padding leaves over must be zero. */
    uint8_t last = size == 0 ? 0 : base64_value(text.at[size - 1]);
    return padding == 0 || (last & (padding == 1 ? 3U : 15U)) == 0;
}

int
base64_decode_url(struct str text, struct arena *arena, struct str *ret)
{
    size_t padding = (4 - text.size % 4) % 4;
    char *plain = arena_alloc(arena, text.size + padding + 1);
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        if (c != '-' && c != '_' && (base64_value(c) == BASE64_NONE || c == '+' || c == '/')) {
            return -1;
        }
        plain[i] = (char)(c == '-' ? '+' : c == '_' ? '/' : c);
    }
    for (size_t i = 0; i < padding; i++) {
        plain[text.size + i] = '=';
    }
    struct str whole = str_slice(plain, text.size + padding);
    return base64_is_canonical(whole) ? base64_decode(whole, arena, ret, NULL) : -1;
}

struct str
base64_encode_url(struct str bytes, struct arena *arena)
{
    struct str plain = base64_encode(bytes, arena);
    char *at = arena_dupz(arena, plain);
    while (plain.size > 0 && at[plain.size - 1] == '=') {
        plain.size--;
    }
    for (size_t i = 0; i < plain.size; i++) {
        at[i] = (char)(at[i] == '+' ? '-' : at[i] == '/' ? '_' : at[i]);
    }
    return str_slice(at, plain.size);
}

/* Reads up to four digits: how many there were; the last group is the one with padding or with
 * nothing at all. */
static size_t
base64_quantum(struct base64_in *in, uint8_t digits[4], bool *is_last)
{
    size_t have = 0;
    while (have < 4) {
        if (in->at == in->text.size) {
            *is_last = true;
            in->is_bad = have > 0;
            in->bad_at = in->at - have;
            return 0;
        }
        char c = in->text.at[in->at++];
        uint8_t value = base64_value(c);
        if (value != BASE64_NONE) {
            digits[have++] = value;
        } else if (c == '=') {
            *is_last = true;
            in->is_bad = !base64_padding(in, have);
            return have;
        } else if (c != '\n' && c != '\r') {
            in->is_bad = true;
            in->bad_at = in->at - 1;
            return 0;
        }
    }
    return have;
}

/* Behind the first '=': the second one where two belong, and nothing else. */
static bool
base64_padding(struct base64_in *in, size_t have)
{
    in->bad_at = in->at - 1;
    if (have < 2) {
        return false;
    }
    for (size_t left = 4 - have - 1; left > 0;) {
        if (in->at == in->text.size) {
            in->bad_at = in->text.size;
            return false;
        }
        char c = in->text.at[in->at++];
        if (c == '=') {
            left--;
        } else if (c != '\n' && c != '\r') {
            in->bad_at = in->at - 1;
            return false;
        }
    }
    while (in->at < in->text.size) {
        if (in->text.at[in->at] != '\n' && in->text.at[in->at] != '\r') {
            in->bad_at = in->at;
            return false;
        }
        in->at++;
    }
    return true;
}
