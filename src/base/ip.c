/* IP addresses and CIDR blocks as text.  Pure, any thread. */
#include "config.h"

#include "base/ip.h"

#include <string.h>

#include "base/arena.h"

enum { IP_V4_SIZE = 4, IP_V6_SIZE = 16, IP_GROUPS = 8, IP_NUMBER_MAX = 0xFFFFFF };

struct ip_reader {
    const char *at, *end;
    bool is_sloppy;
};

static int
ip_digit(char c, unsigned base)
{
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    return digit < (int)base ? digit : -1;
}

/* Digits of a number that is not above max; strict: at most `width` of them. */
static bool
ip_number(struct ip_reader *in, unsigned base, unsigned max, unsigned width, unsigned *ret)
{
    const char *start = in->at;
    unsigned value = 0;
    while (in->at < in->end && ip_digit(*in->at, base) >= 0 && value < IP_NUMBER_MAX) {
        value = value * base + (unsigned)ip_digit(*in->at++, base);
    }
    size_t len = (size_t)(in->at - start);
    bool has_zeros = base == 10 && len > 1 && *start == '0';
    *ret = value;
    return len > 0 && value <= max && (in->is_sloppy || (len <= width && !has_zeros));
}

static bool
ip_parse_v4(struct ip_reader *in, uint8_t *bytes)
{
    for (unsigned i = 0; i < IP_V4_SIZE; i++) {
        unsigned value = 0;
        if (i > 0 && (in->at == in->end || *in->at++ != '.')) {
            return false;
        }
        if (!ip_number(in, 10, 255, 3, &value)) {
            return false;
        }
        bytes[i] = (uint8_t)value;
    }
    return in->at == in->end;
}

/* Groups from `in` until its end; *ret_ellipsis: where "::" stood, in bytes. */
static bool
ip_parse_groups(struct ip_reader *in, uint8_t *bytes, unsigned *ret_size, int *ret_ellipsis)
{
    unsigned size = 0;
    while (size < IP_V6_SIZE) {
        const char *start = in->at;
        unsigned value = 0;
        bool is_number = ip_number(in, 16, 0xFFFF, 4, &value);
        if (in->at < in->end && *in->at == '.') {
            in->at = start;
            bool is_tail = *ret_ellipsis >= 0 ? size <= IP_V6_SIZE - IP_V4_SIZE
                                              : size == IP_V6_SIZE - IP_V4_SIZE;
            *ret_size = size + IP_V4_SIZE;
            return is_tail && ip_parse_v4(in, bytes + size);
        }
        if (!is_number) {
            return false;
        }
        bytes[size++] = (uint8_t)(value >> 8);
        bytes[size++] = (uint8_t)value;
        if (in->at == in->end) {
            break;
        }
        if (*in->at++ != ':' || in->at == in->end) {
            return false;
        }
        if (*in->at == ':') {
            if (*ret_ellipsis >= 0) {
                return false;
            }
            *ret_ellipsis = (int)size;
            if (++in->at == in->end) {
                break;
            }
        }
    }
    *ret_size = size;
    return in->at == in->end;
}

static bool
ip_parse_v6(struct ip_reader *in, uint8_t *bytes)
{
    int ellipsis = -1;
    unsigned size = 0;
    if (in->end - in->at >= 2 && memcmp(in->at, "::", 2) == 0) {
        ellipsis = 0;
        in->at += 2;
    }
    if ((in->at < in->end || ellipsis < 0) && !ip_parse_groups(in, bytes, &size, &ellipsis)) {
        return false;
    }
    if (size == IP_V6_SIZE) {
        return ellipsis < 0;
    }
    if (ellipsis < 0) {
        return false;
    }
    unsigned tail = size - (unsigned)ellipsis;
    memmove(bytes + IP_V6_SIZE - tail, bytes + ellipsis, tail);
    memset(bytes + ellipsis, 0, IP_V6_SIZE - size);
    return true;
}

static const uint8_t ip_mapped_prefix[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF };

bool
ip_parse(struct str text, bool is_sloppy, struct ip *ret_ip)
{
    *ret_ip = (struct ip){ 0 };
    if (text.size == 0) {
        return false;
    }
    struct ip_reader in = { .at = text.at, .end = text.at + text.size, .is_sloppy = is_sloppy };
    if (memchr(text.at, ':', text.size) == NULL) {
        return ip_parse_v4(&in, ret_ip->bytes);
    }
    ret_ip->is_v6 = true;
    if (!ip_parse_v6(&in, ret_ip->bytes)) {
        return false;
    }
    if (memcmp(ret_ip->bytes, ip_mapped_prefix, sizeof(ip_mapped_prefix)) == 0) {
        struct ip v4 = { .is_mapped = true };
        memcpy(v4.bytes, ret_ip->bytes + sizeof(ip_mapped_prefix), IP_V4_SIZE);
        *ret_ip = v4;
    }
    return true;
}

bool
ip_parse_net(struct str text, bool is_sloppy, struct ip_net *ret_net)
{
    struct str bits_text = { 0 };
    struct str address = str_cut(text, '/', &bits_text);
    unsigned bits = 0;
    if (bits_text.size == 0 || !ip_parse(address, is_sloppy, &ret_net->ip)) {
        return false;
    }
    struct ip_reader in = { .at = bits_text.at,
                            .end = bits_text.at + bits_text.size,
                            .is_sloppy = is_sloppy };
    unsigned max = ret_net->ip.is_v6 || ret_net->ip.is_mapped ? 128 : 32;
    if (!ip_number(&in, 10, max, 3, &bits) || in.at != in.end) {
        return false;
    }
    if (ret_net->ip.is_mapped) { /* counted from the whole address */
        bits = bits < 96 ? 0 : bits - 96;
    }
    ret_net->bits = (uint8_t)bits;
    return true;
}

struct str
ip_text(const struct ip *ip, struct arena *arena)
{
    if (!ip->is_v6) {
        return arena_printf(arena, "%u.%u.%u.%u", ip->bytes[0], ip->bytes[1], ip->bytes[2],
                            ip->bytes[3]);
    }
    unsigned groups[IP_GROUPS], best = 0, best_len = 1;
    for (unsigned i = 0, len = 0; i < IP_GROUPS; i++) {
        groups[i] = (unsigned)ip->bytes[i * 2] << 8 | ip->bytes[i * 2 + 1];
        len = groups[i] == 0 ? len + 1 : 0;
        if (len > best_len) {
            best_len = len;
            best = i + 1 - len;
        }
    }
    struct str text = { 0 };
    for (unsigned i = 0; i < IP_GROUPS; i++) {
        if (best_len > 1 && i == best) {
            text = arena_printf(arena, STR_FMT "::", STR_ARG(text));
            i += best_len - 1;
            continue;
        }
        bool needs_colon = text.size > 0 && text.at[text.size - 1] != ':';
        text =
            arena_printf(arena, STR_FMT "%s%x", STR_ARG(text), needs_colon ? ":" : "", groups[i]);
    }
    return text;
}

struct str
ip_net_text(const struct ip_net *net, struct arena *arena)
{
    struct str ip = ip_text(&net->ip, arena);
    return arena_printf(arena, STR_FMT "/%u", STR_ARG(ip), net->bits);
}

struct ip_net
ip_net_masked(const struct ip_net *net)
{
    struct ip_net masked = *net;
    for (unsigned i = 0; i < IP_V6_SIZE; i++) {
        unsigned kept = net->bits > i * 8 ? net->bits - i * 8 : 0;
        masked.ip.bytes[i] &= (uint8_t)(kept >= 8 ? 0xFF : 0xFF00 >> kept);
    }
    return masked;
}

bool
ip_eq(const struct ip *a, const struct ip *b)
{
    return a->is_v6 == b->is_v6 &&
           memcmp(a->bytes, b->bytes, a->is_v6 ? IP_V6_SIZE : IP_V4_SIZE) == 0;
}

bool
ip_net_has(const struct ip_net *net, const struct ip *ip)
{
    struct ip_net other = ip_net_masked(&(struct ip_net){ .ip = *ip, .bits = net->bits });
    struct ip_net own = ip_net_masked(net);
    return ip_eq(&own.ip, &other.ip);
}

bool
ip_net_at(const struct ip_net *net, uint32_t n, struct ip *ret)
{
    struct ip ip = ip_net_masked(net).ip;
    for (size_t i = ip.is_v6 ? IP_V6_SIZE : IP_V4_SIZE; i > 0 && n > 0; i--) {
        n += ip.bytes[i - 1];
        ip.bytes[i - 1] = (uint8_t)(n & 0xff);
        n >>= 8;
    }
    if (n > 0 || !ip_net_has(net, &ip)) {
        return false;
    }
    *ret = ip;
    return true;
}

bool
ip_is_unspecified(const struct ip *ip)
{
    static const uint8_t none[IP_V6_SIZE];
    return memcmp(ip->bytes, none, ip->is_v6 ? IP_V6_SIZE : IP_V4_SIZE) == 0;
}

bool
ip_is_loopback(const struct ip *ip)
{
    static const uint8_t v6[IP_V6_SIZE] = { [IP_V6_SIZE - 1] = 1 };
    return ip->is_v6 ? memcmp(ip->bytes, v6, IP_V6_SIZE) == 0 : ip->bytes[0] == 127;
}

bool
ip_is_multicast(const struct ip *ip)
{
    return ip->is_v6 ? ip->bytes[0] == 0xFF : ip->bytes[0] >> 4 == 0xE;
}

bool
ip_is_link_local(const struct ip *ip)
{
    return ip->is_v6 ? ip->bytes[0] == 0xFE && (ip->bytes[1] & 0xC0) == 0x80
                     : ip->bytes[0] == 169 && ip->bytes[1] == 254;
}

bool
ip_is_link_local_multicast(const struct ip *ip)
{
    return ip->is_v6 ? ip->bytes[0] == 0xFF && (ip->bytes[1] & 0x0F) == 0x02
                     : ip->bytes[0] == 224 && ip->bytes[1] == 0 && ip->bytes[2] == 0;
}
