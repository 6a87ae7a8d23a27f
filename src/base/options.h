/* Options: one table (options.def) drives command line, environment, YAML file and man page. */
#ifndef BINNACLE_BASE_OPTIONS_H
#define BINNACLE_BASE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct err;

enum option_id {
#define OPTION(id, type, flag, default_value, env, commands, help) OPT_##id,
#include "base/options.def"
#undef OPTION
    OPT_LEN
};
enum option_type { OPTION_TEXT, OPTION_INT, OPTION_BOOL };

enum { OPTIONS_REST_MAX = 64 };

struct options {
    char *text[OPT_LEN];                /* owned; every option as text, bools "true" / "false" */
    const char *rest[OPTIONS_REST_MAX]; /* words that are no options, and all after "--": of argv */
    int rest_len;
};

/* Defaults, then --config FILE, then the environment, then the command line (argv from the first
 * word after the command on). command selects which rows are known; a file may name the options of
 * all commands. -1 with a message that names the nearest option; options is as before then. */
int options_parse(struct options *options, const char *command, int argc, char *const *argv,
                  struct err **err);
void options_done(struct options *options);
const char *options_text(const struct options *options, enum option_id id); /* never NULL */
int64_t options_int(const struct options *options, enum option_id id);
bool options_bool(const struct options *options, enum option_id id);
void options_help(struct str_builder *out, const char *command); /* the rows of one command */
/* The data directory: --data-dir, or root's or the user's default (DESIGN §2). Owned by caller. */
char *options_data_dir(const struct options *options);

#endif
