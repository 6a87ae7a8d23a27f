/* Questions: keys and drawing.  A dialog belongs to the view that asks, the dispatcher gives it keys
 * first; console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/dialog.h"

#include <stdio.h>

#include "ui/keys.h"
#include "ui/text.h"

enum { PAD = 2, LABEL_GAP = 2, FIELD_WIDTH = 24 };

struct dialog *
dialog_new(const char *title, dialog_fn *done, void *ctx)
{
    struct dialog *dialog = MEM_NEW(struct dialog);

    dialog->title = mem_strdup(title);
    dialog->text = mem_strdup("");
    dialog->done = done;
    dialog->ctx = ctx;
    return dialog;
}

void
dialog_free(struct dialog *dialog)
{
    if (dialog == NULL) {
        return;
    }
    for (size_t i = 0; i < dialog->menu_len; i++) {
        mem_free(dialog->menu[i]);
    }
    if (dialog->free_ctx != NULL) {
        dialog->free_ctx(dialog->ctx);
    }
    mem_free(dialog->title);
    mem_free(dialog->text);
    mem_wipe(dialog->fields, sizeof(dialog->fields));
    mem_free(dialog);
}

void
dialog_set_text(struct dialog *dialog, const char *format, ...)
{
    va_list args;

    mem_free(dialog->text);
    va_start(args, format);
    dialog->text = mem_vprintf(format, args);
    va_end(args);
}

/* One too many takes the place of the last: a mistake of ours, seen at once. */
static struct dialog_field *
add_field(struct dialog *dialog, const char *label)
{
    dialog->field_len += dialog->field_len < DIALOG_FIELDS ? 1 : 0;
    dialog->fields[dialog->field_len - 1].label = label;
    return &dialog->fields[dialog->field_len - 1];
}

struct dialog_field *
dialog_add_choice(struct dialog *dialog, const char *label, const char *const *choices)
{
    struct dialog_field *field = add_field(dialog, label);

    field->choices = choices;
    return field;
}

struct dialog_field *
dialog_add_text(struct dialog *dialog, const char *label, const char *text)
{
    struct dialog_field *field = add_field(dialog, label);

    (void)snprintf(field->text, sizeof(field->text), "%s", text);
    field->is_fresh = true;
    return field;
}

struct dialog_field *
dialog_add_secret(struct dialog *dialog, const char *label)
{
    struct dialog_field *field = add_field(dialog, label);

    field->hides = true;
    return field;
}

void
dialog_add_button(struct dialog *dialog, const char *label)
{
    if (dialog->button_len < DIALOG_BUTTONS) {
        dialog->buttons[dialog->button_len++] = label;
    }
}

void
dialog_add_menu(struct dialog *dialog, struct str line)
{
    AUTO_STR struct str_builder clean = { 0 };

    if (dialog->menu_len < DIALOG_MENU_MAX) {
        text_clean(&clean, line, false);
        dialog->menu[dialog->menu_len++] = str_steal(&clean);
    }
}

void
dialog_focus_button(struct dialog *dialog, int button)
{
    dialog->focus = (int)dialog->field_len + button;
}

/* ---- keys ---- */

static struct dialog_field *
focused_field(struct dialog *dialog)
{
    return dialog->menu_len == 0 && dialog->focus < (int)dialog->field_len
               ? &dialog->fields[dialog->focus]
               : NULL;
}

static void
move_focus(struct dialog *dialog, int step)
{
    int len = dialog->menu_len > 0 ? (int)dialog->menu_len
                                   : (int)(dialog->field_len + dialog->button_len);

    if (len > 0) {
        dialog->focus = (dialog->focus + step + len) % len;
    }
}

static void
turn_choice(struct dialog_field *field, int step)
{
    int len = 0;

    while (field->choices[len] != NULL) {
        len++;
    }
    field->choice = (field->choice + step + len) % len;
}

static void
type_into(struct dialog_field *field, uint32_t key)
{
    size_t size = strlen(field->text);
    char bytes[4];
    size_t more;

    if (key == KEYS_BACKSPACE) {
        while (size > 0 && (field->text[size - 1] & 0xc0) == 0x80) {
            size--;
        }
        field->text[size > 0 ? size - 1 : 0] = '\0';
    } else if (key == (KEYS_CTRL | 'u')) {
        field->text[0] = '\0';
    } else if (key >= ' ' && key < 0x110000) {
        size = field->is_fresh ? 0 : size;
        more = text_encode(key, bytes);
        if (size + more < sizeof(field->text)) {
            memcpy(field->text + size, bytes, more);
            field->text[size + more] = '\0';
        }
    }
    field->is_fresh = false;
}

/* Enter: on a button that one; in a field the last button, unless it is dangerous. */
static bool
answer(struct dialog *dialog, int *ret_button)
{
    if (dialog->menu_len > 0) {
        *ret_button = dialog->focus;
        return true;
    }
    if (dialog->focus >= (int)dialog->field_len) {
        *ret_button = dialog->focus - (int)dialog->field_len;
        return true;
    }
    if (dialog->is_danger) {
        move_focus(dialog, 1);
        return false;
    }
    *ret_button = (int)dialog->button_len - 1;
    return true;
}

bool
dialog_key(struct dialog *dialog, uint32_t key, int *ret_button)
{
    struct dialog_field *field = focused_field(dialog);
    bool is_text = field != NULL && field->choices == NULL;

    switch (key) {
    case KEYS_ESC:
    case KEYS_CTRL | 'c':
        *ret_button = -1;
        return true;
    case KEYS_ENTER:
        return answer(dialog, ret_button);
    case KEYS_TAB:
    case KEYS_DOWN:
        move_focus(dialog, 1);
        return false;
    case KEYS_TAB | KEYS_SHIFT:
    case KEYS_UP:
        move_focus(dialog, -1);
        return false;
    case KEYS_LEFT:
    case KEYS_RIGHT:
        if (field != NULL && !is_text) {
            turn_choice(field, key == KEYS_LEFT ? -1 : 1);
        } else if (field == NULL) {
            move_focus(dialog, key == KEYS_LEFT ? -1 : 1);
        }
        return false;
    default:
        break;
    }
    if (is_text) {
        type_into(field, key);
    } else if (field != NULL && key == ' ') {
        turn_choice(field, 1);
    } else if (dialog->menu_len > 0 && (key == 'j' || key == 'k')) {
        move_focus(dialog, key == 'j' ? 1 : -1);
    }
    return false;
}

/* ---- drawing ---- */

static int
label_width(const struct dialog *dialog)
{
    int width = 0;

    for (size_t i = 0; i < dialog->field_len; i++) {
        int label = text_width(str_of(dialog->fields[i].label));
        width = label > width ? label : width;
    }
    return width;
}

/* The widest choice with its arrows, or room to type. */
static int
fields_width(const struct dialog *dialog)
{
    int width = FIELD_WIDTH;

    for (size_t i = 0; i < dialog->field_len; i++) {
        const char *const *choice = dialog->fields[i].choices;
        for (; choice != NULL && *choice != NULL; choice++) {
            int whole = text_width(str_of(*choice)) + 6;
            width = whole > width ? whole : width;
        }
    }
    return label_width(dialog) + LABEL_GAP + width;
}

static int
buttons_width(const struct dialog *dialog)
{
    int width = 0;

    for (size_t i = 0; i < dialog->button_len; i++) {
        width += text_width(str_of(dialog->buttons[i])) + 4 + (i > 0 ? 2 : 0);
    }
    return width;
}

/* The size that everything needs, within what there is. */
static struct grid_rect
place(const struct dialog *dialog, struct grid_rect rect)
{
    int width = text_width(str_of(dialog->title)) + 2, height = 2;
    struct str rest = str_of(dialog->text);

    while (rest.size > 0) {
        int line = text_width(str_cut(rest, '\n', &rest));
        width = line > width ? line : width;
        height++;
    }
    for (size_t i = 0; i < dialog->menu_len; i++) {
        int line = text_width(str_of(dialog->menu[i])) + 2;
        width = line > width ? line : width;
    }
    if (dialog->field_len > 0 && width < fields_width(dialog)) {
        width = fields_width(dialog);
    }
    width = buttons_width(dialog) > width ? buttons_width(dialog) : width;
    height += (int)dialog->menu_len + (int)dialog->field_len;
    height += dialog->field_len > 0 && dialog->text[0] != '\0' ? 1 : 0;
    height += dialog->button_len > 0 ? 2 : 0;
    width += 2 * PAD + 2;
    width = width > rect.width ? rect.width : width;
    height = height > rect.height ? rect.height : height;
    return (struct grid_rect){ rect.x + (rect.width - width) / 2,
                               rect.y + (rect.height - height) / 2, width, height };
}

/* The end of what is typed: as much as fits. */
static struct str
tail_of(struct str text, int width)
{
    while (text_width(text) > width) {
        size_t at = 0;
        (void)text_next(text, &at);
        text = str_slice(text.at + at, text.size - at);
    }
    return text;
}

static int
draw_marks(const struct dialog_field *field, struct grid *grid, int x, int y, int width)
{
    int len = 0;

    for (const char *at = field->text; *at != '\0'; at++) {
        len += (*at & 0xc0) != 0x80 ? 1 : 0;
    }
    len = len > width ? width : len;
    for (int i = 0; i < len; i++) {
        (void)grid_put_glyph(grid, x + i, y, GLYPH_MARK, ROLE_FIELD);
    }
    return len;
}

static void
draw_field(const struct dialog *dialog, size_t index, struct grid *grid, struct grid_rect line)
{
    const struct dialog_field *field = &dialog->fields[index];
    bool has_focus = dialog->focus == (int)index;
    int x = line.x + label_width(dialog) + LABEL_GAP;
    int width = line.x + line.width - x;
    enum role role = has_focus ? ROLE_BUTTON_FOCUS : ROLE_FIELD;

    (void)grid_putz(grid, line.x, line.y, line.width, field->label, ROLE_DIALOG);
    if (width <= 4) {
        return;
    }
    if (field->choices != NULL) {
        AUTO_FREE char *text = mem_printf(" %s ", field->choices[field->choice]);
        int used = grid_putz(grid, x, line.y, width - 4, text, role);
        (void)grid_put_glyph(grid, x + used + 1, line.y, GLYPH_LEFT, ROLE_DIALOG);
        (void)grid_put_glyph(grid, x + used + 2, line.y, GLYPH_RIGHT, ROLE_DIALOG);
        return;
    }
    grid_fill(grid, (struct grid_rect){ x, line.y, width, 1 }, ROLE_FIELD);
    int used = field->hides ? draw_marks(field, grid, x + 1, line.y, width - 3)
                            : grid_put(grid, x + 1, line.y, width - 2,
                                       tail_of(str_of(field->text), width - 3),
                                       field->is_fresh && has_focus ? role : ROLE_FIELD);
    if (has_focus) {
        grid->cursor_x = x + 1 + used;
        grid->cursor_y = line.y;
    }
}

static void
draw_buttons(const struct dialog *dialog, struct grid *grid, struct grid_rect line)
{
    int x = line.x + (line.width - buttons_width(dialog)) / 2;

    x = x < line.x ? line.x : x;
    for (size_t i = 0; i < dialog->button_len; i++) {
        bool has_focus = dialog->focus == (int)(dialog->field_len + i);
        AUTO_FREE char *text = mem_printf(has_focus ? "[ %s ]" : "  %s  ", dialog->buttons[i]);
        int left = line.x + line.width - x;
        x += grid_putz(grid, x, line.y, left < 0 ? 0 : left, text,
                       has_focus ? ROLE_BUTTON_FOCUS : ROLE_BUTTON) +
             2;
    }
}

void
dialog_draw(const struct dialog *dialog, struct grid *grid, struct grid_rect rect)
{
    struct grid_rect box = place(dialog, rect);
    struct grid_rect line = { box.x + PAD + 1, box.y + 1, box.width - 2 * PAD - 2, 1 };
    struct str rest = str_of(dialog->text);
    AUTO_FREE char *title = mem_printf(" %s ", dialog->title);

    grid_fill(grid, box, ROLE_DIALOG);
    grid_box(grid, box, dialog->is_danger ? ROLE_DIALOG_DANGER : ROLE_DIALOG_BORDER);
    (void)grid_put_fit(grid, box.x + 2, box.y, box.width - 4, str_of(title), ROLE_DIALOG_TITLE);
    for (; rest.size > 0; line.y++) {
        (void)grid_put_fit(grid, line.x, line.y, line.width, str_cut(rest, '\n', &rest),
                           ROLE_DIALOG);
    }
    line.y += dialog->field_len > 0 && dialog->text[0] != '\0' ? 1 : 0;
    for (size_t i = 0; i < dialog->field_len; i++, line.y++) {
        draw_field(dialog, i, grid, line);
    }
    for (size_t i = 0; i < dialog->menu_len && line.y < box.y + box.height - 1; i++, line.y++) {
        bool has_focus = dialog->focus == (int)i;
        (void)grid_put_fit(grid, line.x + 2, line.y, line.width - 2, str_of(dialog->menu[i]),
                           has_focus ? ROLE_BUTTON_FOCUS : ROLE_DIALOG);
    }
    if (dialog->button_len > 0) {
        line.y = box.y + box.height - 2;
        draw_buttons(dialog, grid, line);
    }
}
