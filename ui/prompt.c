/* Typing a line, with suggestions shown behind the cursor.  Called by the dispatcher while the prompt
 * is open; console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/prompt.h"

#include "ui/keys.h"
#include "ui/text.h"

void
prompt_open(struct prompt *prompt, char kind, struct str text, prompt_suggest_fn *suggest,
            void *ctx)
{
    *prompt = (struct prompt){ .is_open = true, .kind = kind, .suggest = suggest, .ctx = ctx };
    prompt->size = text.size < PROMPT_MAX ? text.size : PROMPT_MAX - 1;
    memcpy(prompt->text, text.size == 0 ? "" : text.at, prompt->size);
    prompt->at = prompt->size;
}

struct str
prompt_text(const struct prompt *prompt)
{
    return str_slice(prompt->text, prompt->size);
}

static struct str
suggestion(const struct prompt *prompt, size_t n)
{
    return prompt->suggest == NULL || prompt->size == 0
               ? (struct str){ 0 }
               : prompt->suggest(prompt->ctx, prompt_text(prompt), n);
}

/* Byte of the character before the cursor. */
static size_t
before(const struct prompt *prompt)
{
    size_t at = prompt->at;

    while (at > 0 && (prompt->text[--at] & 0xc0) == 0x80) {
    }
    return at;
}

static size_t
behind(const struct prompt *prompt)
{
    size_t at = prompt->at;

    if (at < prompt->size) {
        (void)text_next(prompt_text(prompt), &at);
    }
    return at;
}

static enum prompt_result
cut(struct prompt *prompt, size_t from, size_t to)
{
    memmove(prompt->text + from, prompt->text + to, prompt->size - to);
    prompt->size -= to - from;
    prompt->at = from;
    prompt->choice = 0;
    return PROMPT_EDITED;
}

static enum prompt_result
type_rune(struct prompt *prompt, uint32_t rune)
{
    char bytes[4];
    size_t size = text_encode(rune, bytes);

    if (prompt->size + size >= PROMPT_MAX) {
        return PROMPT_IGNORED;
    }
    memmove(prompt->text + prompt->at + size, prompt->text + prompt->at, prompt->size - prompt->at);
    memcpy(prompt->text + prompt->at, bytes, size);
    prompt->size += size;
    prompt->at += size;
    prompt->choice = 0;
    return PROMPT_EDITED;
}

static enum prompt_result
take_suggestion(struct prompt *prompt)
{
    struct str text = suggestion(prompt, prompt->choice);

    if (text.size == 0 || text.size >= PROMPT_MAX) {
        return PROMPT_IGNORED;
    }
    memmove(prompt->text, text.at, text.size);
    prompt->size = text.size;
    prompt->at = text.size;
    prompt->choice = 0;
    return PROMPT_EDITED;
}

static enum prompt_result
cycle(struct prompt *prompt, bool is_up)
{
    if (is_up) {
        prompt->choice -= prompt->choice > 0 ? 1 : 0;
    } else if (suggestion(prompt, prompt->choice + 1).size > 0) {
        prompt->choice++;
    }
    return PROMPT_IGNORED;
}

static size_t
word_start(const struct prompt *prompt)
{
    size_t at = prompt->at;

    while (at > 0 && prompt->text[at - 1] == ' ') {
        at--;
    }
    while (at > 0 && prompt->text[at - 1] != ' ') {
        at--;
    }
    return at;
}

enum prompt_result
prompt_key(struct prompt *prompt, uint32_t key)
{
    switch (key) {
    case KEYS_ENTER:
    case KEYS_CTRL | 'e':
        prompt->is_open = false;
        return PROMPT_DONE;
    case KEYS_ESC:
    case KEYS_CTRL | 'c':
        prompt->is_open = false;
        return PROMPT_CANCELLED;
    case KEYS_BACKSPACE:
        if (prompt->size == 0) {
            prompt->is_open = false;
            return PROMPT_CANCELLED;
        }
        return cut(prompt, before(prompt), prompt->at);
    case KEYS_DELETE:
        return cut(prompt, prompt->at, behind(prompt));
    case KEYS_CTRL | 'w':
        return cut(prompt, word_start(prompt), prompt->at);
    case KEYS_CTRL | 'u':
        return cut(prompt, 0, prompt->at);
    case KEYS_LEFT:
        prompt->at = before(prompt);
        return PROMPT_IGNORED;
    case KEYS_HOME:
    case KEYS_CTRL | 'a':
        prompt->at = 0;
        return PROMPT_IGNORED;
    case KEYS_END:
        prompt->at = prompt->size;
        return PROMPT_IGNORED;
    case KEYS_RIGHT:
        if (prompt->at < prompt->size) {
            prompt->at = behind(prompt);
            return PROMPT_IGNORED;
        }
        return take_suggestion(prompt);
    case KEYS_TAB:
    case KEYS_CTRL | 'f':
        return take_suggestion(prompt);
    case KEYS_UP:
    case KEYS_DOWN:
        return cycle(prompt, key == KEYS_UP);
    default:
        return key >= ' ' && key < 0x110000 && key != KEYS_BACKSPACE ? type_rune(prompt, key)
                                                                     : PROMPT_IGNORED;
    }
}

void
prompt_draw(const struct prompt *prompt, struct grid *grid, struct grid_rect line)
{
    struct str text = prompt_text(prompt), more = suggestion(prompt, prompt->choice);
    char sign[2] = { prompt->kind, '\0' };
    int cursor = 0, skip;
    int room = line.width - 3;
    int x = line.x + 1;

    grid_fill(grid, line, ROLE_PROMPT);
    x += grid_putz(grid, x, line.y, 1, sign, ROLE_KEY);
    (void)text_fit(str_slice(text.at, prompt->at), INT32_MAX, &cursor);
    /* A long line: its end with the cursor is what one looks at. */
    skip = cursor > room ? cursor - room : 0;
    if (skip > 0) {
        int used = 0;
        size_t bytes = text_fit(text, skip, &used);
        text = str_slice(text.at + bytes, text.size - bytes);
        cursor -= used;
    }
    room -= grid_put(grid, x, line.y, room, text, ROLE_PROMPT);
    if (more.size > prompt->size && prompt->at == prompt->size) {
        (void)grid_put(grid, x + cursor, line.y, room,
                       str_slice(more.at + prompt->size, more.size - prompt->size), ROLE_SUGGEST);
    }
    grid->cursor_x = x + cursor;
    grid->cursor_y = line.y;
}
