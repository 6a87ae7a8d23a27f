/* Log lines: formatted, escaped and written with one write(2) each, so that lines of several
 * threads and processes never mix.  Any thread. */
#include "config.h" /* IWYU pragma: keep */

#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

enum {
    LOG_LINE_SIZE = 4096, /* the line feed included */
    LOG_LINES_PER_S = 100,
    LOG_MODULES_MAX = 128, /* more than there are .c files that log; the rest shares the last */
    LOG_RULES_MAX = 32,
};

static const char *const log_level_names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARN] = "warn",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

/* What log_setup made of its text: never changed once published, so reading takes no lock. */
struct log_levels {
    struct log_levels *older; /* kept, because a reader may still be in it */
    enum log_level all;
    size_t len;
    struct log_rule {
        char module[32];
        enum log_level level;
    } rules[LOG_RULES_MAX];
};

struct log_module {
    const char *name;
    int64_t second; /* which second of the monotonic clock is counted */
    int lines;      /* written in it */
    int left_out;   /* since the last line that was written */
};

static _Atomic(struct log_levels *) log_levels;
static atomic_int log_to = STDERR_FILENO;
static struct log_module log_modules[LOG_MODULES_MAX];
static size_t log_module_len;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER; /* log_modules */

static bool log_level_of(struct str word, enum log_level *ret_level);
static bool log_add_rule(struct log_levels *levels, struct str word);
static bool log_admit(const char *module, int *ret_left_out);
static struct log_module *log_module_of(const char *name);
static void log_line(enum log_level level, const char *module, struct str text);
static void log_put_safe(struct str_builder *line, struct str text);
static size_t log_rune_size(struct str text);
static bool log_is_unsafe(uint32_t rune);

int
log_setup(const char *text)
{
    AUTO_FREE struct log_levels *levels = MEM_NEW(struct log_levels);
    struct str rest = str_of(text);

    levels->all = LOG_LEVEL_INFO;
    while (rest.size > 0) {
        if (!log_add_rule(levels, str_trim(str_cut(rest, ',', &rest)))) {
            return -1;
        }
    }
    levels->older = atomic_load(&log_levels);
    while (!atomic_compare_exchange_weak(&log_levels, &levels->older, levels)) {
    }
    levels = NULL;
    return 0;
}

void
log_fd(int fd)
{
    atomic_store(&log_to, fd);
}

void
log_write(enum log_level level, const char *module, const char *format, ...)
{
    char text[LOG_LINE_SIZE];
    va_list args;
    int left_out = 0;

    if (!log_is_on(level, module) || !log_admit(module, &left_out)) {
        return;
    }
    va_start(args, format);
    int size = vsnprintf(text, sizeof(text), format, args);

    va_end(args);
    if (size < 0) {
        return;
    }
    if (left_out > 0) {
        char note[64];
        int note_size = snprintf(note, sizeof(note), "lines left out count=%d", left_out);

        log_line(LOG_LEVEL_WARN, module, (struct str){ note, (size_t)note_size });
    }
    log_line(level, module,
             (struct str){ text, (size_t)size < sizeof(text) ? (size_t)size : sizeof(text) - 1 });
}

int
log_is_on(enum log_level level, const char *module)
{
    const struct log_levels *levels = atomic_load_explicit(&log_levels, memory_order_acquire);

    if (levels == NULL) {
        return level <= LOG_LEVEL_INFO;
    }
    for (size_t i = 0; i < levels->len; i++) {
        if (strcmp(levels->rules[i].module, module) == 0) {
            return level <= levels->rules[i].level;
        }
    }
    return level <= levels->all;
}

static bool
log_level_of(struct str word, enum log_level *ret_level)
{
    for (size_t i = 0; i < ARRAY_LEN(log_level_names); i++) {
        if (str_is(word, log_level_names[i])) {
            *ret_level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

/* word is "level" or "module=level". */
static bool
log_add_rule(struct log_levels *levels, struct str word)
{
    struct str level = { 0 };
    struct str module = str_cut(word, '=', &level);

    if (level.at == NULL) {
        return log_level_of(word, &levels->all);
    }
    struct log_rule *rule = &levels->rules[levels->len];

    if (levels->len == LOG_RULES_MAX || module.size == 0 || module.size >= sizeof(rule->module) ||
        !log_level_of(level, &rule->level)) {
        return false;
    }
    memcpy(rule->module, module.at, module.size);
    levels->len++;
    return true;
}

/* May this module write a line now? When lines were left out before, says how many. */
static bool
log_admit(const char *module, int *ret_left_out)
{
    int64_t second = clock_mono_ms() / 1000;
    bool admitted = true;

    (void)pthread_mutex_lock(&log_lock);
    struct log_module *state = log_module_of(module);

    if (state->second != second) {
        state->second = second;
        state->lines = 0;
    }
    if (state->lines >= LOG_LINES_PER_S) {
        state->left_out++;
        admitted = false;
    } else {
        state->lines++;
        *ret_left_out = state->left_out;
        state->left_out = 0;
    }
    (void)pthread_mutex_unlock(&log_lock);
    return admitted;
}

static struct log_module *
log_module_of(const char *name)
{
    for (size_t i = 0; i < log_module_len; i++) {
        /* Mostly the same literal, so that the text is rarely compared. */
        if (log_modules[i].name == name || strcmp(log_modules[i].name, name) == 0) {
            return &log_modules[i];
        }
    }
    if (log_module_len == LOG_MODULES_MAX) {
        return &log_modules[LOG_MODULES_MAX - 1];
    }
    log_modules[log_module_len] = (struct log_module){ .name = name, .second = -1 };
    return &log_modules[log_module_len++];
}

static void
log_line(enum log_level level, const char *module, struct str text)
{
    static const char cut[] = "...";
    char time[CLOCK_TEXT_SIZE];
    char bytes[LOG_LINE_SIZE];
    /* The builder works in our array: with capacity at its limit it never allocates. */
    struct str_builder line = {
        .at = bytes,
        .capacity = sizeof(bytes) - sizeof(cut),
        .max = sizeof(bytes) - sizeof(cut),
    };

    str_put(&line, clock_text_micro(clock_wall_us(), time));
    str_putf(&line, " %s %s ", log_level_names[level], module);
    log_put_safe(&line, text);
    if (line.overflow) {
        memcpy(bytes + line.size, cut, sizeof(cut) - 1);
        line.size += sizeof(cut) - 1;
    }
    bytes[line.size++] = '\n';
    ssize_t written = 0;

    do {
        written = write(atomic_load(&log_to), bytes, line.size);
    } while (written < 0 && errno == EINTR);
    /* A full disk or a closed terminal cannot be reported anywhere else: the line is lost. */
}

/* Control characters, C1 ones in UTF-8 too, and bytes that are no UTF-8 become \n, \t or \xNN. */
static void
log_put_safe(struct str_builder *line, struct str text)
{
    while (text.size > 0 && !line->overflow) {
        size_t size = log_rune_size(text);
        unsigned char byte = (unsigned char)text.at[0];

        if (size > 0) {
            /* A rune is put whole or not at all. */
            if (size > line->max - line->size) {
                line->overflow = true;
                return;
            }
            str_put(line, str_slice(text.at, size));
        } else if (byte == '\n') {
            str_putz(line, "\\n");
        } else if (byte == '\t') {
            str_putz(line, "\\t");
        } else {
            str_putf(line, "\\x%02x", byte);
        }
        size = size == 0 ? 1 : size;
        text = str_slice(text.at + size, text.size - size);
    }
}

/* Bytes of the printable rune that text begins with, 0 when it begins with something else. */
static size_t
log_rune_size(struct str text)
{
    /* The least rune that needs so many bytes: a smaller one is a forgery. */
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *at = (const unsigned char *)text.at;

    if (at[0] < 0x80) {
        return at[0] >= 0x20 && at[0] != 0x7f ? 1 : 0;
    }
    size_t size = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;

    if (at[0] < 0xc2 || at[0] > 0xf4 || size > text.size) {
        return 0;
    }
    uint32_t rune = at[0] & (0x7fU >> size);

    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
        rune = rune << 6 | (at[i] & 0x3f);
    }
    return rune < least[size] || log_is_unsafe(rune) ? 0 : size;
}

/* What a terminal may act upon, or what is no character at all. */
static bool
log_is_unsafe(uint32_t rune)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        { 0x80, 0x9f },           /* C1 control characters */
        { 0x2028, 0x202e },       /* line and paragraph separators, direction of text */
        { 0x2066, 0x2069 },       /* direction of text */
        { 0xd800, 0xdfff },       /* surrogates */
        { 0x110000, UINT32_MAX }, /* beyond Unicode */
    };

    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        if (rune >= ranges[i].first && rune <= ranges[i].last) {
            return true;
        }
    }
    return false;
}
