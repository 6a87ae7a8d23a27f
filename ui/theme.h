/* Themes: roles to colours and attributes, from YAML; nearest colours of small palettes.  Pure. */
#ifndef BINNACLE_UI_THEME_H
#define BINNACLE_UI_THEME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "ui/grid.h"

struct err;

enum { THEME_DEFAULT = -1 }; /* the terminal's own colour */
enum theme_attr {
    THEME_BOLD = 1 << 0,
    THEME_DIM = 1 << 1,
    THEME_UNDERLINE = 1 << 2,
    THEME_ITALIC = 1 << 3,
    THEME_REVERSE = 1 << 4,
};
struct theme_style {
    int32_t fg, bg;     /* 0xrrggbb or THEME_DEFAULT */
    int8_t fg16, bg16;  /* 0 … 15 or THEME_DEFAULT; as told, else the nearest */
    uint8_t attributes; /* enum theme_attr */
};
struct theme {
    char name[32];
    struct theme_style styles[ROLE_LEN];
};

/* A theme file's text. Unknown roles, keys and colours are errors (ERR_IO). */
int theme_parse(struct theme *theme, struct str yaml, struct err **err);
/* By path (with a '/'), else NAME.theme in the user's directory, else a built-in one. */
int theme_load(struct theme *theme, const char *name, struct err **err);
/* How a role looks under an overlay (ROLE_TEXT: none). */
struct theme_style theme_style(const struct theme *theme, enum role role, enum role over);

/* Nearest colour by perceptual distance (OKLab): xterm's 16 … 255, or the 16 of ANSI. */
int theme_nearest_256(int32_t rgb);
int theme_nearest_16(int32_t rgb);
/* WCAG contrast, 1 … 21. */
double theme_contrast(int32_t a, int32_t b);

#endif
