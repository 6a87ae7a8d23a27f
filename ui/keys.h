/* Keys: bytes of the terminal to key numbers, and their names.  Pure; the console's thread. */
#ifndef BINNACLE_UI_KEYS_H
#define BINNACLE_UI_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* A key is a character, or one of these, with modifier bits. Shift of a character is the character
 * itself ('N'); "shift-n" names it too. */
enum keys_special {
    KEYS_NONE = 0,
    KEYS_TAB = '\t',
    KEYS_ENTER = '\r',
    KEYS_ESC = 0x1b,
    KEYS_BACKSPACE = 0x7f,
    KEYS_UP = 0x110000,
    KEYS_DOWN,
    KEYS_LEFT,
    KEYS_RIGHT,
    KEYS_HOME,
    KEYS_END,
    KEYS_PGUP,
    KEYS_PGDN,
    KEYS_INSERT,
    KEYS_DELETE,
    KEYS_F1, /* … F12 follow */
    KEYS_F12 = KEYS_F1 + 11,
    KEYS_PASTE_BEGIN, /* what comes until PASTE_END was pasted, not typed */
    KEYS_PASTE_END,
};
enum keys_modifier { KEYS_CTRL = 1 << 24, KEYS_ALT = 1 << 25, KEYS_SHIFT = 1 << 26 };

enum { KEYS_PENDING_MAX = 64, KEYS_NAME_SIZE = 32, KEYS_ESC_MS = 25 };

struct keys {
    unsigned char pending[KEYS_PENDING_MAX]; /* the beginning of a sequence */
    size_t len;
};
typedef void keys_fn(void *ctx, uint32_t key);

/* Sequences that we do not know are dropped whole. */
void keys_feed(struct keys *keys, const void *bytes, size_t size, keys_fn *fn, void *ctx);
bool keys_is_pending(const struct keys *keys);
/* Nothing came for KEYS_ESC_MS: what is pending were keys of their own (a lone ESC). */
void keys_flush(struct keys *keys, keys_fn *fn, void *ctx);

/* "ctrl-d", "shift-n", "alt-x", "enter", "pgup", "f5", "?"; KEYS_NONE when it names none. */
uint32_t keys_parse(struct str name);
struct str keys_name(uint32_t key, char text[KEYS_NAME_SIZE]);

#endif
