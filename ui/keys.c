/* The terminal's bytes as keys: UTF-8, control characters, CSI and SS3 sequences of xterm and its
 * kin, bracketed paste.  Called by the loop when the terminal is readable; pure, fuzzed. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/keys.h"

#include <stdio.h>

#include "ui/text.h"

enum match { MATCH_MORE, MATCH_DONE }; /* the sequence needs more bytes | is over */

static const struct {
    const char *name;
    uint32_t key;
} names[] = {
    { "space", ' ' },
    { "tab", KEYS_TAB },
    { "enter", KEYS_ENTER },
    { "esc", KEYS_ESC },
    { "backspace", KEYS_BACKSPACE },
    { "up", KEYS_UP },
    { "down", KEYS_DOWN },
    { "left", KEYS_LEFT },
    { "right", KEYS_RIGHT },
    { "home", KEYS_HOME },
    { "end", KEYS_END },
    { "pgup", KEYS_PGUP },
    { "pgdn", KEYS_PGDN },
    { "insert", KEYS_INSERT },
    { "del", KEYS_DELETE },
};

/* "ESC [ N ~" */
static const uint32_t tilde_keys[] = {
    [1] = KEYS_HOME,          [2] = KEYS_INSERT,      [3] = KEYS_DELETE,   [4] = KEYS_END,
    [5] = KEYS_PGUP,          [6] = KEYS_PGDN,        [7] = KEYS_HOME,     [8] = KEYS_END,
    [11] = KEYS_F1,           [12] = KEYS_F1 + 1,     [13] = KEYS_F1 + 2,  [14] = KEYS_F1 + 3,
    [15] = KEYS_F1 + 4,       [17] = KEYS_F1 + 5,     [18] = KEYS_F1 + 6,  [19] = KEYS_F1 + 7,
    [20] = KEYS_F1 + 8,       [21] = KEYS_F1 + 9,     [23] = KEYS_F1 + 10, [24] = KEYS_F1 + 11,
    [200] = KEYS_PASTE_BEGIN, [201] = KEYS_PASTE_END,
};

/* ---- sequences ---- */

static uint32_t
letter_key(unsigned char letter)
{
    switch (letter) {
    case 'A':
        return KEYS_UP;
    case 'B':
        return KEYS_DOWN;
    case 'C':
        return KEYS_RIGHT;
    case 'D':
        return KEYS_LEFT;
    case 'H':
        return KEYS_HOME;
    case 'F':
        return KEYS_END;
    case 'M':
        return KEYS_ENTER; /* of the keypad, SS3 only */
    case 'Z':
        return KEYS_TAB | KEYS_SHIFT;
    default:
        return letter >= 'P' && letter <= 'S' ? (uint32_t)(KEYS_F1 + letter - 'P') : KEYS_NONE;
    }
}

/* xterm's modifier parameter: 1 + shift 1 + alt 2 + control 4. */
static uint32_t
modifiers(unsigned parameter)
{
    unsigned bits = parameter > 0 ? parameter - 1 : 0;

    return ((bits & 1) != 0 ? KEYS_SHIFT : 0) | ((bits & 2) != 0 ? KEYS_ALT : 0) |
           ((bits & 4) != 0 ? KEYS_CTRL : 0);
}

/* Control byte, or character, as a key. */
static uint32_t
plain_key(uint32_t rune)
{
    if (rune == 0) {
        return ' ' | KEYS_CTRL;
    }
    if (rune == '\n') {
        return KEYS_ENTER;
    }
    if (rune == 0x08) {
        return KEYS_BACKSPACE;
    }
    if (rune == KEYS_TAB || rune == KEYS_ENTER || rune == KEYS_ESC || rune >= ' ') {
        return rune;
    }
    /* 1 … 26 are letters, 28 … 31 are \ ] ^ _ */
    return (rune < 27 ? rune + 'a' - 1 : rune + '@') | KEYS_CTRL;
}

/* "code u": the fixterms form, which some terminals send for ctrl-shift keys. */
static uint32_t
code_key(unsigned code, unsigned modifier)
{
    uint32_t bits = modifiers(modifier);

    if (code == 0 || code >= 0x110000) {
        return KEYS_NONE;
    }
    if (code >= 'a' && code <= 'z' && (bits & KEYS_SHIFT) != 0) {
        code -= 'a' - 'A';
        bits &= ~(uint32_t)KEYS_SHIFT;
    }
    return code | bits;
}

/* What a whole CSI means: two parameters and the final byte. */
static uint32_t
csi_key(const unsigned parameters[4], unsigned char final)
{
    uint32_t key;

    if (final == 'u') {
        return code_key(parameters[0], parameters[1]);
    }
    if (final == '~') {
        key = parameters[0] < ARRAY_LEN(tilde_keys) ? tilde_keys[parameters[0]] : KEYS_NONE;
    } else {
        key = final == 'M' ? KEYS_NONE : letter_key(final);
    }
    return key == KEYS_NONE ? KEYS_NONE : key | modifiers(parameters[1]);
}

/* ESC [ parameters final */
static enum match
match_csi(const struct keys *keys, uint32_t *ret_key)
{
    unsigned parameters[4] = { 0 };
    size_t index = 0;

    for (size_t i = 2; i < keys->len; i++) {
        unsigned char c = keys->pending[i];
        if (c >= '0' && c <= '9' && parameters[index] < 0x200000) {
            parameters[index] = parameters[index] * 10 + c - '0';
        } else if (c == ';' && index + 1 < 4) {
            index++;
        } else if (c >= 0x40 && c < 0x7f) {
            *ret_key = csi_key(parameters, c);
            return MATCH_DONE;
        } else if (c < 0x20 || c >= 0x7f) {
            return MATCH_DONE; /* broken off */
        }
    }
    return keys->len == KEYS_PENDING_MAX ? MATCH_DONE : MATCH_MORE;
}

/* The Linux console's F1 to F5: ESC [ [ A */
static enum match
match_console(const struct keys *keys, uint32_t *ret_key)
{
    unsigned char c = keys->pending[keys->len - 1];

    if (keys->len == 3) {
        return MATCH_MORE;
    }
    *ret_key = c >= 'A' && c <= 'E' ? (uint32_t)(KEYS_F1 + c - 'A') : KEYS_NONE;
    return MATCH_DONE;
}

static enum match
match_escape(const struct keys *keys, uint32_t *ret_key)
{
    struct str rest = { (const char *)keys->pending + 1, keys->len - 1 };
    size_t at = 0;
    uint32_t rune;

    if (rest.size == 0) {
        return MATCH_MORE;
    }
    if (rest.at[0] == '[') {
        return rest.size == 1      ? MATCH_MORE
               : rest.at[1] == '[' ? match_console(keys, ret_key)
                                   : match_csi(keys, ret_key);
    }
    if (rest.at[0] == 'O') {
        *ret_key = rest.size == 1 ? KEYS_NONE : letter_key((unsigned char)rest.at[1]);
        return rest.size == 1 ? MATCH_MORE : MATCH_DONE;
    }
    rune = text_next(rest, &at);
    if (rune == TEXT_REPLACEMENT && rest.size < 4 && (rest.at[0] & 0x80) != 0) {
        return MATCH_MORE;
    }
    *ret_key = rune == TEXT_REPLACEMENT ? KEYS_NONE : plain_key(rune) | KEYS_ALT;
    return MATCH_DONE;
}

/* How many bytes a character that begins with this byte has. */
static size_t
utf8_size(unsigned char byte)
{
    return byte < 0x80             ? 1
           : (byte & 0xe0) == 0xc0 ? 2
           : (byte & 0xf0) == 0xe0 ? 3
           : (byte & 0xf8) == 0xf0 ? 4
                                   : 1;
}

static enum match
match_keys(const struct keys *keys, uint32_t *ret_key)
{
    size_t at = 0;
    uint32_t rune;

    *ret_key = KEYS_NONE;
    if (keys->pending[0] == KEYS_ESC) {
        return match_escape(keys, ret_key);
    }
    if (keys->len < utf8_size(keys->pending[0])) {
        return MATCH_MORE;
    }
    rune = text_next(str_slice((const char *)keys->pending, keys->len), &at);
    *ret_key = rune == TEXT_REPLACEMENT ? KEYS_NONE : plain_key(rune);
    return MATCH_DONE;
}

void
keys_feed(struct keys *keys, const void *bytes, size_t size, keys_fn *fn, void *ctx)
{
    const unsigned char *p = bytes;

    for (size_t i = 0; i < size; i++) {
        uint32_t key = KEYS_NONE;
        if (keys->len == 1 && keys->pending[0] == KEYS_ESC && p[i] == KEYS_ESC) {
            fn(ctx, KEYS_ESC); /* twice: the first was a key */
            continue;
        }
        keys->pending[keys->len++] = p[i];
        if (match_keys(keys, &key) == MATCH_MORE) {
            continue;
        }
        keys->len = 0;
        if (key != KEYS_NONE) {
            fn(ctx, key);
        }
    }
}

bool
keys_is_pending(const struct keys *keys)
{
    return keys->len > 0;
}

void
keys_flush(struct keys *keys, keys_fn *fn, void *ctx)
{
    struct keys was = *keys;

    keys->len = 0;
    if (was.len == 0 || was.pending[0] != KEYS_ESC) {
        return;
    }
    if (was.len == 1) {
        fn(ctx, KEYS_ESC);
    } else if (was.len == 2 && was.pending[1] < 0x80) {
        fn(ctx, was.pending[1] | (uint32_t)KEYS_ALT); /* alt-[ and alt-O */
    }
}

/* ---- names ---- */

static uint32_t
named_key(struct str name)
{
    size_t at = 0;
    uint32_t rune;
    int64_t number;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_is(name, names[i].name)) {
            return names[i].key;
        }
    }
    if (name.size > 1 && name.at[0] == 'f' &&
        str_to_int(str_slice(name.at + 1, name.size - 1), &number) && number >= 1 && number <= 12) {
        return (uint32_t)(KEYS_F1 + number - 1);
    }
    if (name.size == 0) {
        return KEYS_NONE;
    }
    rune = text_next(name, &at);
    return at == name.size && rune > ' ' && rune != TEXT_REPLACEMENT ? rune : KEYS_NONE;
}

uint32_t
keys_parse(struct str name)
{
    static const struct {
        struct str prefix;
        uint32_t bit;
    } prefixes[] = {
        { { "ctrl-", 5 }, KEYS_CTRL },
        { { "alt-", 4 }, KEYS_ALT },
        { { "shift-", 6 }, KEYS_SHIFT },
    };
    uint32_t bits = 0, key;

    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        struct str prefix = prefixes[i].prefix;
        if (name.size > prefix.size && str_has_prefix(name, prefix)) {
            bits |= prefixes[i].bit;
            name = str_slice(name.at + prefix.size, name.size - prefix.size);
        }
    }
    key = named_key(name);
    if ((bits & KEYS_SHIFT) != 0 && key >= 'a' && key <= 'z') {
        key -= 'a' - 'A';
        bits &= ~(uint32_t)KEYS_SHIFT;
    }
    return key == KEYS_NONE ? KEYS_NONE : key | bits;
}

struct str
keys_name(uint32_t key, char text[KEYS_NAME_SIZE])
{
    uint32_t plain = key & ~(uint32_t)(KEYS_CTRL | KEYS_ALT | KEYS_SHIFT);
    const char *name = NULL;
    char own[8] = { 0 };
    bool is_upper = plain >= 'A' && plain <= 'Z';
    int size;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        name = names[i].key == plain ? names[i].name : name;
    }
    if (name == NULL && plain >= KEYS_F1 && plain <= KEYS_F12) {
        (void)snprintf(own, sizeof(own), "f%u", plain - KEYS_F1 + 1);
    } else if (name == NULL && plain < 0x110000) {
        (void)text_encode(is_upper ? plain + 'a' - 'A' : plain, own);
    }
    size = snprintf(text, KEYS_NAME_SIZE, "%s%s%s%s", (key & KEYS_CTRL) != 0 ? "ctrl-" : "",
                    (key & KEYS_ALT) != 0 ? "alt-" : "",
                    (key & KEYS_SHIFT) != 0 || is_upper ? "shift-" : "", name == NULL ? own : name);
    return str_slice(text, (size_t)size);
}
