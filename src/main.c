/* binnacle: sub-commands.  The composition root, with serve.c: nobody includes it. */
#include "config.h" /* IWYU pragma: keep */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/options.h"
#include "cmd_history.h"
#include "cmd_image.h"
#include "cmd_node.h"
#include "console.h"
#include "serve.h"

struct command {
    const char *name, *words, *help;
    int (*run)(const struct options *options);
};

static int run_kubeconfig(const struct options *options);
static int run_version(const struct options *options);

static const struct command commands[] = {
    { "console", "", "open the console, starting the control plane if there is none",
      console_main },
    { "history", " TYPE/NAME", "show who changed an object, when, with what and why",
      cmd_history_main },
    { "image", " load FILE", "load an image archive on every node", cmd_image_main },
    { "kubeconfig", "", "print the path of the administrator's kubeconfig", run_kubeconfig },
    { "node", " add local | [user@]host[:port]… | list", "make machines nodes, list them",
      cmd_node_main },
    { "serve", "", "run the control plane until it is told to stop", serve_main },
    { "version", "", "print the version of binnacle and of the API", run_version },
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

static void
print_help(const struct command *command)
{
    AUTO_STR struct str_builder text = { 0 };
    options_help(&text, command->name);
    printf("usage: binnacle %s%s [OPTION]…\n\n%s.\n\n" STR_FMT, command->name, command->words,
           command->help, STR_ARG(str_view(&text)));
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
