/* Foreign text on its way to the screen: UTF-8 by columns, escape sequences stripped, lines.  Pure. */
#ifndef BINNACLE_UI_TEXT_H
#define BINNACLE_UI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum { TEXT_REPLACEMENT = 0xfffd, TEXT_TAB = 8 };

/* Next character of text from *at on, which moves behind it; bytes that are no UTF-8 (overlong,
 * surrogates, cut short) give TEXT_REPLACEMENT one by one. */
uint32_t text_next(struct str text, size_t *at);
size_t text_encode(uint32_t rune, char out[4]); /* → bytes */
/* Columns of a character: 0 combining, 1, 2. Invisible and direction characters: -1 (not drawn).
 * Control characters count 1: they are drawn as TEXT_REPLACEMENT. */
int text_rune_width(uint32_t rune);
int text_width(struct str text); /* columns of one line */
/* Bytes of text that fit in width columns; *ret_width is what they take. */
size_t text_fit(struct str text, int width, int *ret_width);

/* Appends text without escape sequences (CSI, OSC, DCS, and single ESC), with other control
 * characters dropped, tabs turned into blanks up to the next stop; line feeds are kept when
 * keep_lines, else become blanks; a carriage return before a line feed goes, others are dropped. */
void text_clean(struct str_builder *out, struct str text, bool keep_lines);
/* Is there nothing to clean? */
bool text_is_clean(struct str text);

/* How many rows a line takes when wrapped at width columns (at least 1), and the bytes of row i. */
size_t text_wrap_len(struct str line, int width);
struct str text_wrap_row(struct str line, int width, size_t row);

#endif
