/* binnacle: sub-commands.  The composition root, with serve.c: nobody includes it. */
#include "config.h" /* IWYU pragma: keep */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/nodump.h"
#include "base/options.h"
#include "cmd_backup.h"
#include "cmd_history.h"
#include "cmd_image.h"
#include "cmd_node.h"
#include "cmd_token.h"
#include "console.h"
#include "serve.h"

enum { HELP_COLUMNS = 80 };

struct command {
    const char *name, *words, *help, *about;
    int (*run)(const struct options *options);
};

static int run_kubeconfig(const struct options *options);
static int run_version(const struct options *options);

static const struct command commands[] = {
#define COMMAND(name, words, run, help, about) { #name, words, help, about, run },
#include "commands.def"
#undef COMMAND
};

static int
run_kubeconfig(const struct options *options)
{
    AUTO_FREE char *dir = options_data_dir(options);
    AUTO_FREE char *path = mem_printf("%s/admin.kubeconfig", dir);
    if (access(path, R_OK) != 0) {
        fprintf(stderr, "binnacle kubeconfig: there is no '%s': start `binnacle serve` first\n",
                path);
        return 1;
    }
    printf("%s\n", path);
    return 0;
}

static int
run_version(const struct options *options)
{
    (void)options;
    printf("binnacle %s, Kubernetes API v1.35\n", PACKAGE_VERSION);
    return 0;
}

static void
print_usage(FILE *to)
{
    fprintf(to, "usage: binnacle [COMMAND [OPTION]…]\n\nWithout a command: console.\n\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].help);
    }
    fprintf(to, "\n`binnacle COMMAND --help` lists the options of a command.\n");
}

static const struct command *
find_command(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

/* In lines of at most HELP_COLUMNS. */
static void
print_folded(struct str text)
{
    size_t column = 0;
    while (text.size > 0) {
        struct str word = str_cut(text, ' ', &text);
        bool fits = column > 0 && column + 1 + word.size <= HELP_COLUMNS;
        printf("%s" STR_FMT, fits ? " " : "\n", STR_ARG(word));
        column = (fits ? column + 1 : 0) + word.size;
    }
    printf("%s", column > 0 ? "\n" : "");
}

static void
print_help(const struct command *command)
{
    AUTO_STR struct str_builder text = { 0 };
    options_help(&text, command->name);
    printf("usage: binnacle %s%s [OPTION]…\n\n%s.\n", command->name, command->words, command->help);
    print_folded(str_of(command->about));
    printf("\n" STR_FMT, STR_ARG(str_view(&text)));
}

static int
run_command(const struct command *command, int argc, char **argv)
{
    AUTO_ERR struct err *err = NULL;
    struct options options = { 0 };
    int status = 2;
    if (options_parse(&options, command->name, argc, argv, &err) < 0) {
        fprintf(stderr, "binnacle %s: %s\n", command->name, err->message);
    } else if (options_bool(&options, OPT_HELP)) {
        print_help(command);
        status = 0;
    } else if (log_setup(options_text(&options, OPT_LOG_LEVEL)) < 0) {
        fprintf(stderr, "binnacle %s: --log-level '%s': error, warn, info or debug\n",
                command->name, options_text(&options, OPT_LOG_LEVEL));
    } else {
        status = command->run(&options);
    }
    options_done(&options);
    return status;
}

/* `binnacle` alone is the console of this machine, whatever cluster kubectl is set to. */
static int
run_alone(char **argv)
{
    (void)unsetenv("KUBECONFIG");
    return run_command(find_command("console"), 0, argv + 1);
}

int
main(int argc, char **argv)
{
    nodump();
    const char *name = argc < 2 ? NULL : argv[1];
    const struct command *command = name == NULL ? NULL : find_command(name);
    if (name == NULL) {
        return run_alone(argv);
    }
    if (command != NULL) {
        return run_command(command, argc - 2, argv + 2);
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        print_usage(stdout);
        return 0;
    }
    if (strcmp(name, "--version") == 0) {
        return run_version(NULL);
    }
    fprintf(stderr, "binnacle: there is no command '%s'\n", name);
    print_usage(stderr);
    return 2;
}
