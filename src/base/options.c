/* Options: one table read from four places.  main.c calls it first of all, on its only thread. */
#include "config.h" /* IWYU pragma: keep */

#include "base/options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "base/err.h"
#include "base/mem.h"

enum {
    OPTIONS_FILE_MAX = 1024 * 1024, /* bytes of a configuration file that are read */
    OPTIONS_NAME_MAX = 64,          /* of a misspelt name, where a near one is looked for */
};

static const struct options_row {
    enum option_type type;
    const char *flag, *default_value;
    const char *env;      /* "": none */
    const char *commands; /* names with commas between, "*": all */
    const char *help;
} options_rows[OPT_LEN] = {
#define OPTION(id, type, flag, default_value, env, commands, help)                                 \
    [OPT_##id] = { type, flag, default_value, env, commands, help },
#include "base/options.def"
#undef OPTION
};

/* Options that have a letter, too. */
static const struct options_letter {
    char letter;
    enum option_id id;
} options_letters[] = {
#define OPTION(id, type, flag, default_value, env, commands, help)
#define OPTION_LETTER(id, letter) { letter, OPT_##id },
#include "base/options.def"
#undef OPTION_LETTER
#undef OPTION
};

/* What one of the four places says; NULL where it says nothing. */
struct options_source {
    char *text[OPT_LEN];
};

/* A command line while it is read. */
struct options_words {
    const char *command;
    int argc, at;
    char *const *argv;
};

/* A configuration file while it is read. */
struct options_file {
    const char *path;
    struct options_source *source;
    char *name;      /* the key whose value comes next, NULL: a key comes next */
    bool is_mapping; /* inside the one mapping that the file is */
};

static int options_from_words(struct options_source *source, struct options_words *words,
                              struct options *options, struct err **err);
static int options_word(struct options_source *source, struct options_words *words,
                        struct err **err);
static int options_by_letter(struct str flag);
static const char *options_letter_text(int id, char text[5]);
static int options_known(struct str name, const char *command, struct err **err);
static int options_from_env(struct options_source *source, const char *command, struct err **err);
static int options_from_file(struct options_source *source, const char *path, struct err **err);
static int options_read(const char *path, struct str_builder *text, struct err **err);
static int options_parse_yaml(struct options_file *file, yaml_parser_t *parser, struct err **err);
static int options_event(struct options_file *file, const yaml_event_t *event, struct err **err);
static int options_scalar(struct options_file *file, const yaml_event_t *event, struct err **err);
static bool options_is_of(const struct options_row *row, const char *command);
static int options_find(struct str flag);
static int options_near(struct str flag, const char *command);
static size_t options_distance(struct str a, struct str b);
static int options_check(int id, struct str value, struct err **err);
static int options_wrap(struct err **err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void options_source_done(struct options_source *source);
static void options_set(char **text, struct str value);

int
options_parse(struct options *options, const char *command, int argc, char *const *argv,
              struct err **err)
{
    AUTO(options_source_done) struct options_source words = { 0 };
    AUTO(options_source_done) struct options_source env = { 0 };
    AUTO(options_source_done) struct options_source file = { 0 };
    struct options_words from = { .command = command, .argc = argc, .argv = argv };
    struct options made = { 0 };

    if (options_from_words(&words, &from, &made, err) != 0 ||
        options_from_env(&env, command, err) != 0) {
        return -1;
    }
    const char *path =
        words.text[OPT_CONFIG] != NULL ? words.text[OPT_CONFIG] : env.text[OPT_CONFIG];

    if (path != NULL && path[0] != '\0' && options_from_file(&file, path, err) != 0) {
        return -1;
    }
    for (int id = 0; id < OPT_LEN; id++) {
        made.text[id] = words.text[id] != NULL  ? STEAL(words.text[id])
                        : env.text[id] != NULL  ? STEAL(env.text[id])
                        : file.text[id] != NULL ? STEAL(file.text[id])
                                                : mem_strdup(options_rows[id].default_value);
    }
    *options = made;
    return 0;
}

void
options_done(struct options *options)
{
    for (int id = 0; id < OPT_LEN; id++) {
        mem_free(options->text[id]);
        options->text[id] = NULL;
    }
}

const char *
options_text(const struct options *options, enum option_id id)
{
    const char *text = options->text[id];

    return text == NULL ? options_rows[id].default_value : text;
}

int64_t
options_int(const struct options *options, enum option_id id)
{
    int64_t value = 0;

    /* False only when the row has no number as its default, which the unit test refuses. */
    (void)str_to_int(str_of(options_text(options, id)), &value);
    return value;
}

bool
options_bool(const struct options *options, enum option_id id)
{
    return strcmp(options_text(options, id), "true") == 0;
}

void
options_help(struct str_builder *out, const char *command)
{
    static const char *const values[] = {
        [OPTION_TEXT] = " VALUE", [OPTION_INT] = " NUMBER", [OPTION_BOOL] = ""
    };
    size_t width = 0;

    for (int id = 0; id < OPT_LEN; id++) {
        size_t size = strlen(options_rows[id].flag) + strlen(values[options_rows[id].type]);

        width = options_is_of(&options_rows[id], command) && size > width ? size : width;
    }
    for (int id = 0; id < OPT_LEN; id++) {
        const struct options_row *row = &options_rows[id];

        if (!options_is_of(row, command)) {
            continue;
        }
        char letter[5];
        str_putf(out, "  %s--%s%-*s  %s", options_letter_text(id, letter), row->flag,
                 (int)(width - strlen(row->flag)), values[row->type], row->help);
        if (row->default_value[0] != '\0' && row->type != OPTION_BOOL) {
            str_putf(out, " (default %s)", row->default_value);
        }
        if (row->env[0] != '\0') {
            str_putf(out, " [$%s]", row->env);
        }
        str_putc(out, '\n');
    }
}

char *
options_data_dir(const struct options *options)
{
    const char *named = options_text(options, OPT_DATA_DIR);
    const char *xdg = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");

    if (named[0] != '\0') {
        return mem_strdup(named);
    }
    if (geteuid() != 0 && xdg != NULL && xdg[0] == '/') {
        return mem_printf("%s/binnacle", xdg);
    }
    if (geteuid() != 0 && home != NULL && home[0] == '/') {
        return mem_printf("%s/.local/share/binnacle", home);
    }
    return mem_strdup("/var/lib/binnacle");
}

static int
options_from_words(struct options_source *source, struct options_words *words,
                   struct options *options, struct err **err)
{
    bool only_rest = false; /* after "--" */

    for (; words->at < words->argc; words->at++) {
        const char *word = words->argv[words->at];

        if (!only_rest && strcmp(word, "--") == 0) {
            only_rest = true;
        } else if (!only_rest && word[0] == '-' && word[1] != '\0') {
            if (options_word(source, words, err) != 0) {
                return -1;
            }
        } else if (options->rest_len == OPTIONS_REST_MAX) {
            return err_set(err, ERR_BAD_REQUEST, "more than %d arguments", OPTIONS_REST_MAX);
        } else {
            options->rest[options->rest_len++] = word;
        }
    }
    return 0;
}

/* Takes the option that words stand at, and its value when that is the next word. */
static int
options_word(struct options_source *source, struct options_words *words, struct err **err)
{
    const char *word = words->argv[words->at];
    struct str value = { 0 };
    struct str name = str_cut(str_of(word), '=', &value);
    int id = options_known(name, words->command, err);

    if (id < 0) {
        return -1;
    }
    if (value.at == NULL && options_rows[id].type == OPTION_BOOL) {
        value = STR("true");
    } else if (value.at == NULL && words->at + 1 == words->argc) {
        return err_set(err, ERR_BAD_REQUEST, "option '" STR_FMT "' needs a value", STR_ARG(name));
    } else if (value.at == NULL) {
        value = str_of(words->argv[++words->at]);
    }
    if (options_check(id, value, err) != 0) {
        return options_wrap(err, "option '" STR_FMT "'", STR_ARG(name));
    }
    options_set(&source->text[id], value);
    return 0;
}

/* The option that a word of the command line names, -1 with *err set when the command has none. */
static int
options_known(struct str name, const char *command, struct err **err)
{
    bool is_long = str_has_prefix(name, STR("--"));
    size_t dashes = is_long ? 2 : 1;
    struct str flag = str_slice(name.at + dashes, name.size - dashes);
    int id = is_long ? options_find(flag) : options_by_letter(flag);
    int near = options_near(flag, command);

    if (id >= 0 && options_is_of(&options_rows[id], command)) {
        return id;
    }
    if (id >= 0) {
        return err_set(err, ERR_BAD_REQUEST, "option '" STR_FMT "' does not belong to '%s'",
                       STR_ARG(name), command);
    }
    if (near >= 0) {
        return err_set(err, ERR_BAD_REQUEST, "unknown option '" STR_FMT "': did you mean '--%s'?",
                       STR_ARG(name), options_rows[near].flag);
    }
    return err_set(err, ERR_BAD_REQUEST, "unknown option '" STR_FMT "'", STR_ARG(name));
}

static int
options_by_letter(struct str flag)
{
    for (size_t i = 0; i < ARRAY_LEN(options_letters); i++) {
        if (flag.size == 1 && flag.at[0] == options_letters[i].letter) {
            return (int)options_letters[i].id;
        }
    }
    return -1;
}

/* "-n, " or the room of it. */
static const char *
options_letter_text(int id, char text[5])
{
    memcpy(text, "    ", 5);
    for (size_t i = 0; i < ARRAY_LEN(options_letters); i++) {
        if ((int)options_letters[i].id == id) {
            text[0] = '-';
            text[1] = options_letters[i].letter;
            text[2] = ',';
        }
    }
    return text;
}

static int
options_from_env(struct options_source *source, const char *command, struct err **err)
{
    for (int id = 0; id < OPT_LEN; id++) {
        const struct options_row *row = &options_rows[id];
        const char *value =
            row->env[0] != '\0' && options_is_of(row, command) ? getenv(row->env) : NULL;

        if (value == NULL || value[0] == '\0') {
            continue;
        }
        if (options_check(id, str_of(value), err) != 0) {
            return options_wrap(err, "environment variable '%s'", row->env);
        }
        options_set(&source->text[id], str_of(value));
    }
    return 0;
}

/* Every option may stand in the file, also those of other commands: one file serves all. */
static int
options_from_file(struct options_source *source, const char *path, struct err **err)
{
    AUTO_STR struct str_builder text = { .max = OPTIONS_FILE_MAX };
    struct options_file file = { .path = path, .source = source };
    yaml_parser_t parser;

    if (options_read(path, &text, err) != 0) {
        return -1;
    }
    if (yaml_parser_initialize(&parser) == 0) {
        return err_set(err, ERR_INTERNAL, "read '%s': no YAML parser", path);
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)(text.at == NULL ? "" : text.at),
                                 text.size);
    int rc = options_parse_yaml(&file, &parser, err);

    yaml_parser_delete(&parser);
    mem_free(file.name);
    return rc;
}

static int
options_read(const char *path, struct str_builder *text, struct err **err)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    char part[4096];
    ssize_t size = 1;

    while (fd >= 0 && size > 0 && !text->overflow) {
        size = read(fd, part, sizeof(part));
        str_put(text, str_slice(part, size > 0 ? (size_t)size : 0));
    }
    if (fd < 0 || size < 0) {
        return err_sys(err, errno, "read '%s'", path);
    }
    if (text->overflow) {
        return err_set(err, ERR_BAD_REQUEST, "read '%s': more than %d bytes", path,
                       OPTIONS_FILE_MAX);
    }
    return 0;
}

static int
options_parse_yaml(struct options_file *file, yaml_parser_t *parser, struct err **err)
{
    for (;;) {
        yaml_event_t event;

        if (yaml_parser_parse(parser, &event) == 0) {
            return err_set(err, ERR_BAD_REQUEST, "'%s' line %zu: %s", file->path,
                           parser->problem_mark.line + 1,
                           parser->problem != NULL ? parser->problem : "not YAML");
        }
        bool ended = event.type == YAML_STREAM_END_EVENT;
        int rc = options_event(file, &event, err);

        if (rc != 0) {
            (void)options_wrap(err, "'%s' line %zu", file->path, event.start_mark.line + 1);
        }
        yaml_event_delete(&event);
        if (rc != 0 || ended) {
            return rc;
        }
    }
}

static int
options_event(struct options_file *file, const yaml_event_t *event, struct err **err)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        if (file->is_mapping) {
            return options_scalar(file, event, err);
        }
        break;
    case YAML_MAPPING_START_EVENT:
        if (!file->is_mapping) {
            file->is_mapping = true;
            return 0;
        }
        break;
    case YAML_MAPPING_END_EVENT:
        file->is_mapping = false;
        return 0;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_SEQUENCE_END_EVENT:
    case YAML_ALIAS_EVENT:
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return 0;
    }
    return err_set(err, ERR_BAD_REQUEST, "want lines of 'option: value'");
}

/* A key, or the value of the key before. */
static int
options_scalar(struct options_file *file, const yaml_event_t *event, struct err **err)
{
    struct str text = str_slice((const char *)event->data.scalar.value, event->data.scalar.length);

    if (file->name == NULL) {
        file->name = str_dup(text);
        return 0;
    }
    AUTO_FREE char *name = STEAL(file->name);
    int id = options_find(str_of(name));
    int near = options_near(str_of(name), NULL);
    bool is_null = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
                   (text.size == 0 || str_is(text, "~") || str_is(text, "null"));

    if (id < 0 && near >= 0) {
        return err_set(err, ERR_BAD_REQUEST, "unknown option '%s': did you mean '%s'?", name,
                       options_rows[near].flag);
    }
    if (id < 0) {
        return err_set(err, ERR_BAD_REQUEST, "unknown option '%s'", name);
    }
    if (file->source->text[id] != NULL) {
        return err_set(err, ERR_BAD_REQUEST, "option '%s' stands there twice", name);
    }
    if (is_null) {
        return 0; /* as if the line were not there */
    }
    if (memchr(text.at, '\0', text.size) != NULL) {
        return err_set(err, ERR_BAD_REQUEST, "option '%s': a NUL character", name);
    }
    if (options_check(id, text, err) != 0) {
        return options_wrap(err, "option '%s'", name);
    }
    options_set(&file->source->text[id], text);
    return 0;
}

static bool
options_is_of(const struct options_row *row, const char *command)
{
    struct str rest = str_of(row->commands);

    while (rest.size > 0) {
        struct str one = str_cut(rest, ',', &rest);

        if (command == NULL || str_is(one, "*") || str_is(one, command)) {
            return true;
        }
    }
    return false;
}

static int
options_find(struct str flag)
{
    for (int id = 0; id < OPT_LEN; id++) {
        if (str_is(flag, options_rows[id].flag)) {
            return id;
        }
    }
    return -1;
}

/* The option that was probably meant, of one command or (NULL) of all: the only near one in
 * spelling, or the first that begins like it; -1: none. */
static int
options_near(struct str flag, const char *command)
{
    size_t limit = flag.size / 3 < 2 ? 2 : flag.size / 3;
    size_t least = limit + 1;
    int near = -1;

    if (flag.size < 2 || flag.size > OPTIONS_NAME_MAX) {
        return -1;
    }
    for (int id = 0; id < OPT_LEN; id++) {
        struct str known = str_of(options_rows[id].flag);

        if (!options_is_of(&options_rows[id], command)) {
            continue;
        }
        size_t distance = str_has_prefix(known, flag) ? 1 : options_distance(flag, known);

        if (distance < least) {
            least = distance;
            near = id;
        }
    }
    return near;
}

/* How many letters must be added, dropped, changed to make b of a (Levenshtein). */
static size_t
options_distance(struct str a, struct str b)
{
    size_t row[OPTIONS_NAME_MAX + 1]; /* distances of a's beginnings to the beginning of b so far */

    for (size_t i = 0; i <= a.size; i++) {
        row[i] = i;
    }
    for (size_t j = 1; j <= b.size; j++) {
        size_t diagonal = row[0];

        row[0] = j;
        for (size_t i = 1; i <= a.size; i++) {
            size_t changed = diagonal + (a.at[i - 1] != b.at[j - 1]);
            size_t dropped = row[i - 1] + 1;
            size_t added = row[i] + 1;

            diagonal = row[i];
            row[i] = changed < dropped ? changed : dropped;
            row[i] = row[i] < added ? row[i] : added;
        }
    }
    return row[a.size];
}

static int
options_check(int id, struct str value, struct err **err)
{
    int64_t number = 0;

    switch (options_rows[id].type) {
    case OPTION_TEXT:
        return 0;
    case OPTION_INT:
        if (str_to_int(value, &number)) {
            return 0;
        }
        return err_set(err, ERR_BAD_REQUEST, "'" STR_FMT "' is not a number", STR_ARG(value));
    case OPTION_BOOL:
        if (str_is(value, "true") || str_is(value, "false")) {
            return 0;
        }
        return err_set(err, ERR_BAD_REQUEST, "'" STR_FMT "' is neither true nor false",
                       STR_ARG(value));
    }
    return 0;
}

/* Says where the wrong value stands; err_wrap leaves the messages of bad requests alone. */
static int
options_wrap(struct err **err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    AUTO_FREE char *where = mem_vprintf(format, args);

    va_end(args);
    char *what = (*err)->message;

    (*err)->message = mem_printf("%s: %s", where, what);
    mem_free(what);
    return -1;
}

static void
options_source_done(struct options_source *source)
{
    for (int id = 0; id < OPT_LEN; id++) {
        mem_free(source->text[id]);
    }
}

static void
options_set(char **text, struct str value)
{
    mem_free(*text);
    *text = str_dup(value);
}
