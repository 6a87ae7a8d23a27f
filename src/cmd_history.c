/* `binnacle history TYPE/NAME`: the revisions that are kept of one object, newest first.
 *
 * Called by main.c. Its own loop; asks for page after page until there are --limit of them, then
 * prints a table, JSON or YAML. */
#include "config.h" /* IWYU pragma: keep */

#include "cmd_history.h"

#include <stdio.h>
#include <string.h>

#include "api/columns.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/doc_yaml.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/vec.h"
#include "client/client.h"
#include "client/history.h"
#include "cmd_connect.h"

enum { COLUMNS = 7, PAGE = 100 };
static const char *const names[COLUMNS] = { "REV",  "AGE",        "WHO",   "WITH",
                                            "VERB", "BECAUSE OF", "CHANGE" };

struct run {
    const struct options *options;
    struct loop *loop;
    struct arena *arena;
    struct cmd_connection connection;
    struct registry *registry;
    const struct resource *resource;
    struct str ns, name;
    int64_t limit;         /* 0: all */
    VEC(struct val) items; /* in the arena's documents */
    struct str older;      /* where the next page begins; absent: there is none */
    struct err *failed;
};

/* ---- TYPE/NAME ---- */

static bool
is_listed(const char *const *list, struct str word)
{
    for (; list != NULL && *list != NULL; list++) {
        if (str_eq_nocase(word, str_of(*list))) {
            return true;
        }
    }
    return false;
}

/* "deployments", "deployment", "deploy", "deployments.apps", "Deployment" */
static const struct resource *
find_type(const struct registry *registry, struct str type)
{
    struct str group;
    struct str word = str_cut(type, '.', &group);
    for (size_t i = 0; i < registry_len(registry); i++) {
        const struct resource *row = registry_at(registry, i);
        bool is_group = group.at == NULL || str_is(group, row->group);
        if (is_group && (row->flags & RES_VIRTUAL) == 0 &&
            (str_eq_nocase(word, str_of(row->plural)) ||
             str_eq_nocase(word, str_of(row->singular)) || str_eq_nocase(word, str_of(row->kind)) ||
             is_listed(row->short_names, word))) {
            return row;
        }
    }
    return NULL;
}

static int
parse_object(struct run *run, struct err **err)
{
    const struct options *options = run->options;
    struct str name, type = str_cut(str_of(options->rest[0]), '/', &name);
    if (options->rest_len == 2) {
        name = str_of(options->rest[1]);
    }
    run->resource = find_type(run->registry, type);
    if (run->resource == NULL) {
        return err_set(err, ERR_BAD_REQUEST,
                       "the server doesn't have a resource type \"" STR_FMT "\"", STR_ARG(type));
    }
    const char *ns = options_text(options, OPT_NAMESPACE);
    run->name = name;
    run->ns = !resource_is_namespaced(run->resource)
                  ? (struct str){ 0 }
                  : str_of(ns[0] != '\0' ? ns : run->connection.ns);
    return 0;
}

/* ---- asking ---- */

static void ask(struct run *run);

static void
fail(struct run *run, struct err *owned)
{
    if (owned->code == ERR_NOT_FOUND && !str_contains(str_of(owned->message), run->name)) {
        err_clear(&owned);
        (void)err_set(&owned, ERR_NOT_FOUND, "this cluster keeps no history: it is not binnacle's");
    }
    run->failed = owned;
    loop_stop(run->loop);
}

static void
answered(void *ctx, const struct reply *reply, struct err *owned)
{
    struct run *run = ctx;
    struct doc *doc = NULL;
    if (owned == NULL) {
        doc = doc_parse(run->arena, arena_dup(run->arena, reply->bytes), &owned);
    }
    if (owned != NULL) {
        fail(run, owned);
        return;
    }
    VAL_EACH (it, val_get(doc_root(doc), "items")) {
        VEC_ADD(run->items, it.value);
    }
    run->older = val_str(val_at(doc_root(doc), "metadata.continue"));
    if (run->older.size > 0 && (run->limit == 0 || (int64_t)run->items.len < run->limit)) {
        ask(run);
    } else {
        loop_stop(run->loop);
    }
}

static void
ask(struct run *run)
{
    int64_t left = run->limit - (int64_t)run->items.len;
    long long limit = run->limit == 0 || left > PAGE ? PAGE : left;
    struct call call = call_of(VERB_GET, run->resource, run->ns, run->name);
    call.subresource = "history";
    call.accept = ACCEPT_RAW;
    call.query = arena_printf(run->arena, "limit=%lld", limit);
    if (run->older.size > 0) {
        call.query = arena_printf(run->arena, STR_FMT "&continue=" STR_FMT, STR_ARG(call.query),
                                  STR_ARG(run->older));
    }
    (void)client_call(run->connection.client, &call, answered, run);
}

/* ---- printing ---- */

static size_t
columns_of(struct str text)
{
    size_t width = 0;
    for (size_t i = 0; i < text.size; i++) {
        width += ((unsigned char)text.at[i] & 0xC0) != 0x80;
    }
    return width;
}

static void
fill_cells(struct run *run, struct val item, int64_t now_ms, struct str cells[COLUMNS])
{
    struct history_row row;
    char age[32];
    history_row(item, run->arena, &row);
    cells[0] = row.rev;
    cells[1] = row.time_ms == 0
                   ? STR("<unknown>")
                   : arena_dup(run->arena, columns_age_text(now_ms - row.time_ms, age));
    cells[2] = row.who;
    cells[3] = row.with;
    cells[4] = row.verb;
    cells[5] = row.because.size > 0 ? row.because : STR("<none>");
    cells[6] = row.change;
}

static void
print_line(const struct str cells[COLUMNS], const size_t widths[COLUMNS], size_t len)
{
    for (size_t c = 0; c < len; c++) {
        bool is_last = c + 1 == len;
        size_t pad = is_last ? 0 : widths[c] + 3 - columns_of(cells[c]);
        printf(STR_FMT "%*s", STR_ARG(cells[c]), (int)pad, "");
    }
    printf("\n");
}

static void
print_table(struct run *run)
{
    size_t widths[COLUMNS];
    int64_t now_ms = clock_wall_ms();
    struct str head[COLUMNS];
    struct str(*lines)[COLUMNS] = arena_array(run->arena, run->items.len, sizeof(*lines));
    bool has_details = options_bool(run->options, OPT_DIFF);
    size_t len = has_details ? COLUMNS - 1 : COLUMNS; /* the changes follow, all of them */
    for (size_t c = 0; c < COLUMNS; c++) {
        head[c] = str_of(names[c]);
        widths[c] = head[c].size;
    }
    for (size_t i = 0; i < run->items.len; i++) {
        fill_cells(run, run->items.at[i], now_ms, lines[i]);
        for (size_t c = 0; c < COLUMNS; c++) {
            size_t width = columns_of(lines[i][c]);
            widths[c] = width > widths[c] ? width : widths[c];
        }
    }
    print_line(head, widths, len);
    for (size_t i = 0; i < run->items.len; i++) {
        print_line(lines[i], widths, len);
        if (has_details) {
            AUTO_STR struct str_builder text = { 0 };
            history_details(run->items.at[i], &text);
            printf(STR_FMT "\n", STR_ARG(str_view(&text)));
        }
    }
}

static void
print_document(struct run *run, bool is_yaml)
{
    struct jw w;
    jw_init(&w, run->arena);
    jw_obj(&w);
    jw_kvz(&w, "apiVersion", "binnacle.io/v1");
    jw_kvz(&w, "kind", "HistoryList");
    jw_keyz(&w, "items");
    jw_arr(&w);
    for (size_t i = 0; i < run->items.len; i++) {
        jw_val(&w, run->items.at[i]);
    }
    jw_end(&w);
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_kv(&w, "continue", run->older);
    jw_end(&w);
    jw_end(&w);
    struct str json = jw_done(&w);
    AUTO_STR struct str_builder text = { 0 };
    if (is_yaml) {
        doc_yaml_write(&text, doc_root(doc_trust(run->arena, json)));
        json = str_view(&text);
    }
    printf(STR_FMT "%s", STR_ARG(json), is_yaml ? "" : "\n");
}

static void
print(struct run *run)
{
    const char *output = options_text(run->options, OPT_OUTPUT);
    if (output[0] != '\0') {
        print_document(run, strcmp(output, "yaml") == 0);
        return;
    }
    print_table(run);
    if (run->older.size > 0) {
        fprintf(stderr, "older revisions are kept: --limit 0 shows all\n");
    }
}

/* ---- the command ---- */

static int
run_words(struct run *run)
{
    if (cmd_connect(run->loop, run->options, "binnacle-history/" PACKAGE_VERSION, &run->connection,
                    &run->failed) < 0 ||
        parse_object(run, &run->failed) < 0) {
        return -1;
    }
    ask(run);
    loop_run(run->loop);
    if (run->failed != NULL) {
        return -1;
    }
    print(run);
    return 0;
}

static bool
is_understood(const struct options *options)
{
    const char *output = options_text(options, OPT_OUTPUT);
    bool is_output =
        output[0] == '\0' || strcmp(output, "json") == 0 || strcmp(output, "yaml") == 0;
    bool has_slash = options->rest_len > 0 && strchr(options->rest[0], '/') != NULL;
    if (!is_output) {
        fprintf(stderr, "binnacle history: --output '%s': json or yaml\n", output);
    } else if (options_int(options, OPT_LIMIT) < 0) {
        fprintf(stderr, "binnacle history: --limit: 0 or more\n");
    } else if (options->rest_len != (has_slash ? 1 : 2)) {
        fprintf(stderr, "usage: binnacle history TYPE/NAME [OPTION]…\n");
    } else {
        return true;
    }
    return false;
}

int
cmd_history_main(const struct options *options)
{
    if (!is_understood(options)) {
        return 2;
    }
    struct run run = { .options = options, .limit = options_int(options, OPT_LIMIT) };
    run.loop = loop_new();
    run.arena = arena_new();
    run.registry = registry_new(kinds_builtin, kinds_builtin_len);
    int rc = run_words(&run);
    if (run.failed != NULL) {
        fprintf(stderr, "binnacle history: %s\n", run.failed->message);
        err_free(run.failed);
    }
    VEC_DONE(run.items);
    cmd_connect_done(&run.connection);
    registry_unref(run.registry);
    arena_free(run.arena);
    loop_free(run.loop);
    return rc < 0 ? 1 : 0;
}
