/* `binnacle node`: a thin client of the Machine API. `add` makes Machines, shows their steps, puts
 * their questions to whoever sits at the terminal, and ends when the nodes are Ready.
 *
 * Called by main.c. Speaks to the control plane on the data directory's socket. Its own loop;
 * ctrl-C leaves the steps running, they belong to the control plane. */
#include "config.h" /* IWYU pragma: keep */

#include "cmd_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/options.h"
#include "client/client.h"
#include "cmd_node_ask.h"
#include "cmd_node_priv.h"

void
cmd_node_end(struct cmd_node *run, struct err *owned)
{
    if (run->failed == NULL) {
        run->failed = owned;
    } else {
        err_free(owned);
    }
    loop_stop(run->loop);
}

/* Text that came from another machine: nothing in it may move the cursor. */
struct str
cmd_node_plain(struct cmd_node *run, struct str text)
{
    char *at = arena_dupz(run->arena, text);
    for (char *c = at; *c != '\0'; c++) {
        *c = (unsigned char)*c < ' ' || *c == 0x7f ? ' ' : *c;
    }
    return str_of(at);
}

/* ---- showing ---- */

void
cmd_node_show(struct cmd_node_machine *added, const char *text)
{
    struct cmd_node *run = added->run;
    printf("%6.1f s  ", (double)(clock_mono_ms() - run->begun_ms) / 1000);
    if (run->added_len > 1) {
        printf(STR_FMT "  ", STR_ARG(added->target.name));
    }
    printf("%s\n", text);
    (void)fflush(stdout); /* progress only */
}

/* Steps that have begun since the last look: some are quicker than a look. */
static void
show_steps(struct cmd_node_machine *added, struct val conditions)
{
    size_t i = 0;
    VAL_EACH (it, conditions) {
        struct str step = val_str(val_get(it.value, "type"));
        if (i++ >= added->shown && !val_is_str(val_get(it.value, "reason"), "Pending")) {
            added->shown = i;
            mem_free(added->last_step);
            added->last_step = str_dup(cmd_node_plain(added->run, step));
            cmd_node_show(added, added->last_step);
        }
    }
}

/* What a step says of itself, when it is another thing. */
static void
show_note(struct cmd_node_machine *added, struct str note)
{
    if (note.size > 0 && added->last_step != NULL &&
        (added->last_note == NULL || !str_is(note, added->last_note))) {
        mem_free(added->last_note);
        added->last_note =
            mem_printf("%s " STR_FMT, added->last_step, STR_ARG(cmd_node_plain(added->run, note)));
        cmd_node_show(added, added->last_note);
    }
}

void
cmd_node_leave(struct cmd_node_machine *added)
{
    struct cmd_node *run = added->run;
    added->is_over = true;
    if (++run->over_len == run->added_len) {
        loop_stop(run->loop);
    }
}

static void
machine_ready(struct cmd_node_machine *added, struct str node_name)
{
    AUTO_FREE char *text =
        mem_printf("node " STR_FMT " is Ready", STR_ARG(cmd_node_plain(added->run, node_name)));
    cmd_node_show(added, text);
    added->is_ready = true;
    cmd_node_leave(added);
}

void
cmd_node_failed(struct cmd_node_machine *added, struct str message)
{
    struct cmd_node *run = added->run;
    run->failed_len++;
    if (run->added_len > 1) {
        fprintf(stderr, "binnacle node: " STR_FMT ": " STR_FMT "\n", STR_ARG(added->target.name),
                STR_ARG(cmd_node_plain(run, message)));
    } else if (run->failed == NULL) {
        (void)err_set(&run->failed, ERR_UNAVAILABLE, STR_FMT,
                      STR_ARG(cmd_node_plain(run, message)));
    }
    cmd_node_leave(added);
}

/* ---- questions: one at a time ---- */

static void
next_question(struct cmd_node *run)
{
    for (size_t i = 0; i < run->added_len && run->asking == NULL; i++) {
        struct cmd_node_machine *added = &run->added[i];
        if (added->question_id[0] != '\0' && !added->is_over) {
            run->asking = added;
            cmd_node_ask_begin(run->ask, added->question, added->hides);
        }
    }
}

static void
answered(void *ctx, const struct reply *reply, struct err *owned)
{
    struct cmd_node *run = ctx;
    (void)reply;
    if (owned != NULL && owned->code != ERR_NOT_FOUND) { /* which: it stands no longer */
        cmd_node_end(run, owned);
        return;
    }
    err_free(owned);
}

static void
on_line(void *ctx, struct str line)
{
    struct cmd_node *run = ctx;
    struct cmd_node_machine *added = STEAL(run->asking);
    if (line.at == NULL) {
        struct err *err = NULL;
        (void)err_set(&err, ERR_UNAVAILABLE,
                      "'" STR_FMT "' asks, and nobody is at the terminal: run this in one, or give "
                      "the answers as lines of standard input",
                      STR_ARG(added->target.name));
        cmd_node_end(run, err);
        return;
    }
    struct jw w;
    AUTO_ARENA struct arena *arena = arena_new();
    jw_init(&w, arena);
    jw_obj(&w);
    jw_kvz(&w, "id", added->question_id);
    jw_kv(&w, "value", line);
    jw_end(&w);
    struct call call = call_of(VERB_CREATE, NULL, (struct str){ 0 }, (struct str){ 0 });
    call.path = arena_printf(arena, "/apis/binnacle.io/v1/machines/" STR_FMT "/answer",
                             STR_ARG(added->target.name));
    call.body = jw_done(&w);
    added->question_id[0] = '\0';
    (void)client_call(run->client, &call, answered, run);
    next_question(run);
}

static bool
is_secret(struct str kind)
{
    return !str_is(kind, "hostKey") && !str_is(kind, "hostKeyChanged");
}

static void
take_question(struct cmd_node_machine *added, struct val prompt)
{
    struct cmd_node *run = added->run;
    struct str id = val_str(val_get(prompt, "id"));
    if (str_is(id, added->question_id) || id.size >= sizeof(added->question_id)) {
        return;
    }
    if (run->asking == added) {
        run->asking = NULL; /* another client was quicker */
        cmd_node_ask_stop(run->ask);
    }
    memcpy(added->question_id, id.at == NULL ? "" : id.at, id.size);
    added->question_id[id.size] = '\0';
    added->question = cmd_node_plain(run, val_str(val_get(prompt, "message")));
    added->hides = is_secret(val_str(val_get(prompt, "kind")));
    next_question(run);
}

/* ---- following ---- */

void
cmd_node_look(struct cmd_node_machine *added, struct object *machine)
{
    if (added->is_over || added->generation == 0) {
        return;
    }
    object_pin(machine);
    struct val status = val_get(object_val(machine), "status");
    struct str phase = val_str(val_get(status, "phase"));
    struct str message = val_str(val_get(status, "message"));
    bool is_current = val_int(val_get(status, "observedGeneration"), 0) >= added->generation;
    bool is_final = str_is(phase, "Ready") || str_is(phase, "Failed");
    if (!is_final || is_current) {
        show_steps(added, val_get(status, "conditions"));
    }
    if (!is_final) {
        show_note(added, message);
    }
    take_question(added, val_get(status, "prompt"));
    if (is_current && str_is(phase, "Ready") && !added->removes) {
        machine_ready(added, val_str(val_get(status, "nodeName")));
    } else if (is_current && is_final) {
        cmd_node_failed(added, message);
    }
    object_unpin(machine);
}

static struct cmd_node_machine *
find_added(struct cmd_node *run, struct str name)
{
    for (size_t i = 0; i < run->added_len; i++) {
        if (str_eq(run->added[i].target.name, name)) {
            return &run->added[i];
        }
    }
    return NULL;
}

static void
event(void *ctx, const struct watch_event *e)
{
    struct cmd_node *run = ctx;
    struct cmd_node_machine *added = e->object == NULL ? NULL : find_added(run, e->object->name);
    if (added != NULL && e->type == WATCH_DELETED && added->removes && !added->is_over) {
        cmd_node_show(added, "removed");
        cmd_node_leave(added);
    } else if (added != NULL && e->type == WATCH_DELETED && !added->is_over) {
        cmd_node_failed(added, STR("the machine was deleted meanwhile"));
    } else if (added != NULL && e->type != WATCH_DELETED) {
        cmd_node_look(added, e->object);
    }
}

static void
watch_over(void *ctx, const struct reply *reply, struct err *owned)
{
    struct cmd_node *run = ctx;
    (void)reply;
    if (owned != NULL && owned->code == ERR_CANCELLED) {
        err_clear(&owned);
    } else if (run->over_len < run->added_len) {
        err_clear(&owned);
        (void)err_set(&owned, ERR_UNAVAILABLE,
                      "the control plane went away; when it is there again it goes on by itself: "
                      "`binnacle node list` shows how far it is");
    }
    cmd_node_end(run, owned);
}

void
cmd_node_follow(struct cmd_node *run)
{
    struct call call = call_of(VERB_WATCH, run->machines, (struct str){ 0 }, (struct str){ 0 });
    (void)client_watch(run->client, &call, event, watch_over, run);
}

/* ---- adding ---- */

static void
followed(void *ctx, const struct reply *reply, struct err *owned)
{
    struct cmd_node_machine *added = ctx;
    if (owned != NULL) {
        cmd_node_end(added->run, owned);
        return;
    }
    added->generation = reply->object->generation;
    cmd_node_look(added, reply->object); /* the watch may have shown it already */
}

/* It was added before: its steps are run once more, unless they run now. */
static void
found(void *ctx, const struct reply *reply, struct err *owned)
{
    struct cmd_node_machine *added = ctx;
    struct cmd_node *run = added->run;
    if (owned != NULL) {
        cmd_node_end(run, owned);
        return;
    }
    struct object *machine = reply->object;
    object_pin(machine);
    struct val root = object_val(machine);
    bool is_idle =
        val_int(val_get(val_get(root, "status"), "observedGeneration"), 0) >= machine->generation;
    int64_t tries = val_int(val_get(val_get(root, "spec"), "tries"), 0);
    object_unpin(machine);
    if (!is_idle) {
        added->generation = machine->generation;
        cmd_node_look(added, machine);
        return;
    }
    struct call call = call_of(VERB_PATCH, run->machines, (struct str){ 0 }, added->target.name);
    call.body = machine_target_again(&added->target, &run->extra, tries + 1, run->arena);
    call.body_type = BODY_MERGE_PATCH;
    call.field_manager = STR("binnacle-node");
    (void)client_call(run->client, &call, followed, added);
}

static void
created(void *ctx, const struct reply *reply, struct err *owned)
{
    struct cmd_node_machine *added = ctx;
    struct cmd_node *run = added->run;
    if (owned == NULL || owned->code != ERR_ALREADY_EXISTS) {
        followed(added, reply, owned);
        return;
    }
    err_free(owned);
    struct call call = call_of(VERB_GET, run->machines, (struct str){ 0 }, added->target.name);
    (void)client_call(run->client, &call, found, added);
}

static void
add_all(struct cmd_node *run)
{
    cmd_node_follow(run);
    for (size_t i = 0; i < run->added_len; i++) {
        struct cmd_node_machine *added = &run->added[i];
        struct call call =
            call_of(VERB_CREATE, run->machines, (struct str){ 0 }, (struct str){ 0 });
        call.body = machine_target_machine(&added->target, &run->extra, run->arena);
        call.field_manager = STR("binnacle-node");
        (void)client_call(run->client, &call, created, added);
    }
}

/* ---- the command ---- */

static int
parse_targets(struct cmd_node *run, const struct options *options, struct err **err)
{
    for (int i = 1; i < options->rest_len; i++) {
        struct cmd_node_machine *added = &run->added[run->added_len];
        struct machine_target target = { .name = str_of(options->rest[i]) };
        if (!run->removes && machine_target_parse(options->rest[i], run->arena, &target, err) < 0) {
            return -1;
        }
        if (find_added(run, target.name) == NULL) {
            *added =
                (struct cmd_node_machine){ .run = run, .target = target, .removes = run->removes };
            run->added_len++;
        }
    }
    if (run->added_len > 1 && options_text(options, OPT_NODE_NAME)[0] != '\0') {
        return err_set(err, ERR_BAD_REQUEST, "--node-name is for one machine");
    }
    return 0;
}

/* The control plane opens the key: a path of its machine, from its root. */
static const char *
whole_path(struct cmd_node *run, const char *path)
{
    char *real = path[0] == '\0' ? NULL : realpath(path, NULL);
    const char *ret = real == NULL ? path : arena_dupz(run->arena, str_of(real));
    mem_free(real);
    return ret;
}

static void
connect_to_api(struct cmd_node *run, const struct options *options)
{
    AUTO_FREE char *dir = options_data_dir(options);
    AUTO_FREE char *address = mem_printf("unix:%s/socket", dir);
    struct client_remote remote = { .address = address,
                                    .authority = "localhost",
                                    .user_agent = "binnacle-node" };
    run->registry = registry_new(kinds_builtin, kinds_builtin_len);
    run->machines = registry_any_version(run->registry, STR("binnacle.io"), STR("machines"));
    run->client = client_remote_new(run->loop, &remote);
    run->extra = (struct machine_target_extra){
        .key_path = whole_path(run, options_text(options, OPT_IDENTITY)),
        .host_key = options_text(options, OPT_HOST_KEY),
        .node_name = options_text(options, OPT_NODE_NAME),
        .keeps = options_bool(options, OPT_KEEP),
    };
}

static int
run_words(struct cmd_node *run, const struct options *options)
{
    bool is_list = options->rest_len == 1 && strcmp(options->rest[0], "list") == 0;
    bool is_add = options->rest_len >= 2 && strcmp(options->rest[0], "add") == 0;
    run->removes = options->rest_len >= 2 && strcmp(options->rest[0], "remove") == 0;
    run->forgets = options_bool(options, OPT_FORGET);
    if (!is_list && !is_add && !run->removes) {
        fprintf(stderr,
                "usage: binnacle node add local | [user@]host[:port]… | remove NAME… | list\n");
        return 2;
    }
    run->arena = arena_new();
    if (!is_list && parse_targets(run, options, &run->failed) < 0) {
        return 2;
    }
    run->loop = loop_new();
    run->begun_ms = clock_mono_ms();
    connect_to_api(run, options);
    struct cmd_node_ask_spec ask = { run->loop, on_line, run };
    run->ask = cmd_node_ask_new(&ask);
    if (is_list) {
        cmd_node_list(run);
    } else if (run->removes) {
        cmd_node_remove(run);
    } else {
        add_all(run);
    }
    loop_run(run->loop);
    cmd_node_ask_stop(run->ask);
    client_free(run->client);
    registry_unref(run->registry);
    loop_free(run->loop);
    cmd_node_ask_free(run->ask);
    return run->failed == NULL && run->failed_len == 0 ? 0 : 1;
}

int
cmd_node_main(const struct options *options)
{
    struct cmd_node run = { 0 };
    int status = run_words(&run, options);
    if (run.failed != NULL) {
        fprintf(stderr, "binnacle node: %s\n", run.failed->message);
        err_free(run.failed);
    }
    for (size_t i = 0; i < run.added_len; i++) {
        mem_free(run.added[i].last_step);
        mem_free(run.added[i].last_note);
    }
    arena_free(run.arena);
    return status;
}
