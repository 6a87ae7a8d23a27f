/* base/options: the four places and their order, refusals with the nearest name, help, the table. */
#include "config.h" /* IWYU pragma: keep */

#include "base/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "tests/lib/unit.h"

enum { WORDS_MAX = 80 };

static char file_path[] = "/tmp/test_options.XXXXXX";

static int
begin(void **state)
{
    (void)state;
    static const char *const names[] = { "BINNACLE_LISTEN", "BINNACLE_CONFIG", "BINNACLE_DATA_DIR",
                                         "BINNACLE_LOG_LEVEL", "KUBECONFIG" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        (void)unsetenv(names[i]);
    }
    return 0;
}

static int
make_file(void **state)
{
    (void)state;
    int fd = mkstemp(file_path);

    return fd < 0 ? -1 : close(fd);
}

static int
remove_file(void **state)
{
    (void)state;
    return unlink(file_path);
}

static void
write_file(const char *text)
{
    FILE *file = fopen(file_path, "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Parses the words of line, parted by single spaces. */
static int
parse(struct options *options, const char *command, const char *line, struct err **err)
{
    char *argv[WORDS_MAX] = { NULL };
    struct str words[WORDS_MAX];
    int argc = 0;
    int rc = 0;

    if (line[0] != '\0') {
        argc = (int)str_split(str_of(line), ' ', words, WORDS_MAX - 1);
    }
    for (int i = 0; i < argc; i++) {
        argv[i] = str_dup(words[i]);
    }
    rc = options_parse(options, command, argc, argv, err);
    for (int i = 0; i < argc; i++) {
        mem_free(argv[i]);
    }
    return rc;
}

static void
check_refused(const char *command, const char *line, const char *message)
{
    AUTO_ERR struct err *err = NULL;
    AUTO(options_done) struct options options = { 0 };

    assert_int_equal(parse(&options, command, line, &err), -1);
    assert_string_equal(err->message, message);
    assert_int_equal(err->code, ERR_BAD_REQUEST);
    assert_null(options.text[OPT_LISTEN]);
}

static void
check_file_refused(const char *text, const char *what)
{
    AUTO_FREE char *line = mem_printf("--config=%s", file_path);
    AUTO_FREE char *message = mem_printf("'%s' %s", file_path, what);

    write_file(text);
    check_refused("serve", line, message);
}

static void
test_defaults(void **state)
{
    (void)state;
    AUTO_ERR struct err *err = NULL;
    AUTO(options_done) struct options options = { 0 };

    assert_string_equal(options_text(&options, OPT_LISTEN), "127.0.0.1:6443"); /* before parsing */
    assert_int_equal(parse(&options, "console", "", &err), 0);
    assert_string_equal(options_text(&options, OPT_LISTEN), "127.0.0.1:6443");
    assert_string_equal(options_text(&options, OPT_DATA_DIR), "");
    assert_false(options_bool(&options, OPT_READONLY));
    assert_int_equal(options.rest_len, 0);
}

static void
test_command_line(void **state)
{
    (void)state;
    AUTO_ERR struct err *err = NULL;
    AUTO(options_done) struct options options = { 0 };

    assert_int_equal(parse(&options, "console",
                           "--listen 0.0.0.0:1 --theme=mono --listen=[::]:2 --readonly", &err),
                     0);
    assert_string_equal(options_text(&options, OPT_LISTEN), "[::]:2");
    assert_string_equal(options_text(&options, OPT_THEME), "mono");
    assert_true(options_bool(&options, OPT_READONLY));
    options_done(&options);
    assert_int_equal(parse(&options, "console", "--readonly=false -h", &err), 0);
    assert_false(options_bool(&options, OPT_READONLY));
    assert_true(options_bool(&options, OPT_HELP));
}

static void
test_other_words(void **state)
{
    (void)state;
    AUTO_ERR struct err *err = NULL;
    AUTO(options_done) struct options options = { 0 };
    char *argv[] = { (char[]){ "add" }, (char[]){ "--data-dir" }, (char[]){ "/d" },
                     (char[]){ "-" },   (char[]){ "--" },         (char[]){ "--x" } };

    assert_int_equal(options_parse(&options, "node", (int)ARRAY_LEN(argv), argv, &err), 0);
    assert_int_equal(options.rest_len, 3);
    assert_ptr_equal(options.rest[0], argv[0]);
    assert_string_equal(options.rest[1], "-");
    assert_string_equal(options.rest[2], "--x");
    assert_string_equal(options_text(&options, OPT_DATA_DIR), "/d");
}

static void
test_refusals_name_the_nearest(void **state)
{
    (void)state;
    static const struct {
        const char *command, *line, *message;
    } rows[] = {
        { "serve", "--liste=x", "unknown option '--liste': did you mean '--listen'?" },
        { "serve", "-listen x", "unknown option '-listen': did you mean '--listen'?" },
        { "serve", "--datadir /x", "unknown option '--datadir': did you mean '--data-dir'?" },
        { "serve", "--advert x", "unknown option '--advert': did you mean '--advertise'?" },
        { "serve", "--frobnicate", "unknown option '--frobnicate'" },
        { "serve", "--=x", "unknown option '--'" },
        { "serve", "-x", "unknown option '-x'" },
        { "serve", "--theme mono", "option '--theme' does not belong to 'serve'" },
        { "serve", "--listen", "option '--listen' needs a value" },
        { "console", "--readonly=yes", "option '--readonly': 'yes' is neither true nor false" },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        check_refused(rows[i].command, rows[i].line, rows[i].message);
    }
}

static void
test_too_many_words(void **state)
{
    (void)state;
    AUTO_ERR struct err *err = NULL;
    AUTO(options_done) struct options options = { 0 };
    char word[] = "host";
    char *argv[OPTIONS_REST_MAX + 1];

    for (size_t i = 0; i < ARRAY_LEN(argv); i++) {
        argv[i] = word;
    }
    assert_int_equal(options_parse(&options, "node", OPTIONS_REST_MAX, argv, &err), 0);
    assert_int_equal(options.rest_len, OPTIONS_REST_MAX);
    options_done(&options);
    assert_int_equal(options_parse(&options, "node", OPTIONS_REST_MAX + 1, argv, &err), -1);
    assert_string_equal(err->message, "more than 64 arguments");
}

static void
test_order_of_the_places(void **state)
{
    (void)state;
    AUTO_ERR struct err *err = NULL;
    AUTO(options_done) struct options options = { 0 };

    write_file("# a comment\nlisten: file:1\nadvertise: \"file:2\"\nstore: file-store\n"
               "data-dir: ~\nreadonly: true\ntheme: mono\n");
    assert_int_equal(setenv("BINNACLE_CONFIG", file_path, 1), 0);
    assert_int_equal(setenv("BINNACLE_LISTEN", "env:1", 1), 0);
    assert_int_equal(setenv("BINNACLE_ADVERTISE", "env:2", 1), 0);
    assert_int_equal(setenv("BINNACLE_DATA_DIR", "", 1), 0); /* empty: as if not set */
    assert_int_equal(parse(&options, "serve", "--listen word:1", &err), 0);
    assert_string_equal(options_text(&options, OPT_LISTEN), "word:1");
    assert_string_equal(options_text(&options, OPT_ADVERTISE), "env:2");
    assert_string_equal(options_text(&options, OPT_STORE), "file-store");
    assert_string_equal(options_text(&options, OPT_POD_CIDR), "10.42.0.0/16");
    assert_string_equal(options_text(&options, OPT_DATA_DIR), "");
    (void)unsetenv("BINNACLE_ADVERTISE");
}

static void
test_file_refusals(void **state)
{
    (void)state;
    check_file_refused("pod-cidr: x\nliste: x\n",
                       "line 2: unknown option 'liste': did you mean 'listen'?");
    check_file_refused("quux: 1\n", "line 1: unknown option 'quux'");
    check_file_refused("listen: [a]\n", "line 1: want lines of 'option: value'");
    check_file_refused("listen: {a: b}\n", "line 1: want lines of 'option: value'");
    check_file_refused("- listen\n", "line 1: want lines of 'option: value'");
    check_file_refused("listen\n", "line 1: want lines of 'option: value'");
    check_file_refused("listen: &a x\nstore: *a\n", "line 2: want lines of 'option: value'");
    check_file_refused("listen: a\nlisten: b\n", "line 2: option 'listen' stands there twice");
    check_file_refused("\nreadonly: 1\n",
                       "line 2: option 'readonly': '1' is neither true nor false");
    check_file_refused("listen: \"a\\0b\"\n", "line 1: option 'listen': a NUL character");
    check_file_refused("listen: 'a\n", "line 2: found unexpected end of stream");
}

static void
test_file_that_cannot_be_read(void **state)
{
    (void)state;
    AUTO_ERR struct err *err = NULL;
    AUTO(options_done) struct options options = { 0 };

    assert_int_equal(parse(&options, "serve", "--config /nonexistent/x.yaml", &err), -1);
    assert_string_equal(err->message, "read '/nonexistent/x.yaml': No such file or directory");
    err_clear(&err);
    assert_int_equal(parse(&options, "serve", "--config /dev/zero", &err), -1);
    assert_string_equal(err->message, "read '/dev/zero': more than 1048576 bytes");
    err_clear(&err);
    assert_int_equal(parse(&options, "serve", "--config /dev/null", &err), 0);
}

static void
test_help(void **state)
{
    (void)state;
    AUTO_STR struct str_builder serve = { 0 };
    AUTO_STR struct str_builder history = { 0 };
    struct str rest = { 0 };

    options_help(&serve, "serve");
    assert_true(str_contains(
        str_view(&serve), STR("      --listen VALUE          address and port of the API (default "
                              "127.0.0.1:6443) [$BINNACLE_LISTEN]\n")));
    assert_false(str_contains(str_view(&serve), STR("--theme")));
    assert_true(str_contains(str_view(&serve), STR("  -h, --help                  say what")));
    options_help(&history, "history");
    for (rest = str_view(&history); rest.size > 0;) {
        struct str line = str_cut(rest, '\n', &rest);

        assert_true(line.size > 26 && line.at[24] == ' ' && line.at[25] == ' ');
    }
}

static void
test_data_dir(void **state)
{
    (void)state;
    AUTO_ERR struct err *err = NULL;
    AUTO(options_done) struct options options = { 0 };

    assert_int_equal(setenv("XDG_DATA_HOME", "/xdg", 1), 0);
    AUTO_FREE char *by_default = options_data_dir(&options);

    assert_string_equal(by_default, geteuid() == 0 ? "/var/lib/binnacle" : "/xdg/binnacle");
    assert_int_equal(parse(&options, "serve", "--data-dir /d", &err), 0);
    AUTO_FREE char *named = options_data_dir(&options);

    assert_string_equal(named, "/d");
}

/* Each row has a flag of its own, known words only, and a default of its type. */
static void
test_table(void **state)
{
    (void)state;
    static const struct {
        enum option_type type;
        const char *flag, *default_value, *env, *commands, *help;
    } rows[] = {
#define OPTION(id, type, flag, default_value, env, commands, help)                                 \
    { type, flag, default_value, env, commands, help },
#include "base/options.def"
#undef OPTION
    };
    int64_t number = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str text = str_of(rows[i].default_value);

        assert_true(rows[i].flag[0] != '\0' && rows[i].help[0] != '\0');
        assert_true(rows[i].commands[0] != '\0');
        assert_true(rows[i].type != OPTION_INT || str_to_int(text, &number));
        assert_true(rows[i].type != OPTION_BOOL || str_is(text, "true") || str_is(text, "false"));
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(rows[i].flag, rows[j].flag);
            assert_true(rows[i].env[0] == '\0' || strcmp(rows[i].env, rows[j].env) != 0);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_defaults, begin),
        cmocka_unit_test_setup(test_command_line, begin),
        cmocka_unit_test_setup(test_other_words, begin),
        cmocka_unit_test_setup(test_refusals_name_the_nearest, begin),
        cmocka_unit_test_setup(test_too_many_words, begin),
        cmocka_unit_test_setup(test_order_of_the_places, begin),
        cmocka_unit_test_setup(test_file_refusals, begin),
        cmocka_unit_test_setup(test_file_that_cannot_be_read, begin),
        cmocka_unit_test_setup(test_help, begin),
        cmocka_unit_test_setup(test_data_dir, begin),
        cmocka_unit_test(test_table),
    };

    return cmocka_run_group_tests_name("options", tests, make_file, remove_file);
}
