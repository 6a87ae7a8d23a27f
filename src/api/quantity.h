/* resource.Quantity: exact decimal amounts with SI and binary suffixes.  Pure. */
#ifndef BINNACLE_API_QUANTITY_H
#define BINNACLE_API_QUANTITY_H

#include <stdint.h>

#include "base/str.h"

enum quantity_form { QUANTITY_DECIMAL_SI, QUANTITY_BINARY_SI, QUANTITY_DECIMAL_EXPONENT };
/* value = units × 10^-9 (nano), saturating beyond ±2^63-1 whole units as upstream does. */
struct quantity {
    __int128 nano;
    enum quantity_form form;
};
enum { QUANTITY_TEXT_SIZE = 64 };

int quantity_parse(struct str text, struct quantity *ret); /* -1: not a quantity */
const char *quantity_problem(struct str text); /* why it is none, in apimachinery's words */
/* The form that an API object keeps of a text that parsed: upstream leaves what is nearly canonical
 * as it was written ("+5", "1.500") and prints the rest anew. */
struct str quantity_kept(struct str text, struct quantity q, char buffer[QUANTITY_TEXT_SIZE]);
/* Canonical text: no fractional digits, largest suffix that needs none ("0.5" → "500m"). */
struct str quantity_text(struct quantity q, char text[QUANTITY_TEXT_SIZE]);
bool quantity_is_milli(struct quantity q);               /* has no part below a thousandth */
struct quantity quantity_round_milli(struct quantity q); /* up, away from zero */
int64_t quantity_milli(struct quantity q);               /* rounded up */
int64_t quantity_value(struct quantity q);               /* whole units, rounded up */
int quantity_cmp(struct quantity a, struct quantity b);
struct quantity quantity_add(struct quantity a, struct quantity b);
struct quantity quantity_sub(struct quantity a, struct quantity b);

#endif
