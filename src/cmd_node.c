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
#include "client/machine_target.h"
#include "cmd_node_ask.h"

struct run;

/* A machine that is added. */
struct added {
    struct run *run;
    struct machine_target target;
    int64_t generation;          /* whose steps are waited for */
    char *last_step, *last_note; /* that were shown */
    char question_id[64];        /* that stands, "": none */
    struct str question;         /* in the run's arena */
    bool hides, is_over, is_ready;
};
struct run {
    struct loop *loop;
    struct arena *arena;
    struct client *client;
    struct registry *registry;
    const struct resource *machines;
    struct machine_target_extra extra;
    struct cmd_node_ask *ask;
    struct added added[OPTIONS_REST_MAX];
    size_t added_len, over_len, failed_len;
    struct added *asking; /* whose question is at the terminal */
    struct err *failed;
    int64_t begun_ms;
};

static void
end(struct run *run, struct err *owned)
{
    if (run->failed == NULL) {
        run->failed = owned;
    } else {
        err_free(owned);
    }
    loop_stop(run->loop);
}

/* Text that came from another machine: nothing in it may move the cursor. */
static struct str
plain(struct run *run, struct str text)
{
    char *at = arena_dupz(run->arena, text);
    for (char *c = at; *c != '\0'; c++) {
        *c = (unsigned char)*c < ' ' || *c == 0x7f ? ' ' : *c;
    }
    return str_of(at);
}

/* ---- showing ---- */

static void
show(struct added *added, const char *text)
{
    struct run *run = added->run;
    printf("%6.1f s  ", (double)(clock_mono_ms() - run->begun_ms) / 1000);
    if (run->added_len > 1) {
        printf(STR_FMT "  ", STR_ARG(added->target.name));
    }
    printf("%s\n", text);
    (void)fflush(stdout); /* progress only */
}

/* The step and what it says of itself, each when it is another one. */
static void
show_step(struct added *added, struct str step, struct str note)
{
    if (step.size > 0 && (added->last_step == NULL || !str_is(step, added->last_step))) {
        mem_free(added->last_step);
        added->last_step = str_dup(step);
        show(added, added->last_step);
    }
    if (note.size > 0 && (added->last_note == NULL || !str_is(note, added->last_note))) {
        mem_free(added->last_note);
        added->last_note =
            mem_printf("%s " STR_FMT, added->last_step, STR_ARG(plain(added->run, note)));
        show(added, added->last_note);
    }
}

static void
leave(struct added *added)
{
    struct run *run = added->run;
    added->is_over = true;
    if (++run->over_len == run->added_len) {
        loop_stop(run->loop);
    }
}

static void
machine_ready(struct added *added, struct str node_name)
{
    AUTO_FREE char *text =
        mem_printf("node " STR_FMT " is Ready", STR_ARG(plain(added->run, node_name)));
    show(added, text);
    added->is_ready = true;
    leave(added);
}

static void
machine_failed(struct added *added, struct str message)
{
    struct run *run = added->run;
    run->failed_len++;
    if (run->added_len > 1) {
        fprintf(stderr, "binnacle node: " STR_FMT ": " STR_FMT "\n", STR_ARG(added->target.name),
                STR_ARG(plain(run, message)));
    } else if (run->failed == NULL) {
        (void)err_set(&run->failed, ERR_UNAVAILABLE, STR_FMT, STR_ARG(plain(run, message)));
    }
    leave(added);
}

/* ---- questions: one at a time ---- */

static void
next_question(struct run *run)
{
    for (size_t i = 0; i < run->added_len && run->asking == NULL; i++) {
        struct added *added = &run->added[i];
        if (added->question_id[0] != '\0' && !added->is_over) {
            run->asking = added;
            cmd_node_ask_begin(run->ask, added->question, added->hides);
        }
    }
}

static void
answered(void *ctx, const struct reply *reply, struct err *owned)
{
    struct run *run = ctx;
    (void)reply;
    if (owned != NULL && owned->code != ERR_NOT_FOUND) { /* which: it stands no longer */
        end(run, owned);
        return;
    }
    err_free(owned);
}

static void
on_line(void *ctx, struct str line)
{
    struct run *run = ctx;
    struct added *added = STEAL(run->asking);
    if (line.at == NULL) {
        struct err *err = NULL;
        (void)err_set(&err, ERR_UNAVAILABLE,
                      "'" STR_FMT "' asks, and nobody is at the terminal: run this in one, or give "
                      "the answers as lines of standard input",
                      STR_ARG(added->target.name));
        end(run, err);
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
take_question(struct added *added, struct val prompt)
{
    struct run *run = added->run;
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
    added->question = plain(run, val_str(val_get(prompt, "message")));
    added->hides = is_secret(val_str(val_get(prompt, "kind")));
    next_question(run);
}

/* ---- following ---- */

static void
look(struct added *added, struct object *machine)
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
    if (!is_final) {
        show_step(added, val_str(val_get(status, "step")), message);
    }
    take_question(added, val_get(status, "prompt"));
    if (is_current && str_is(phase, "Ready")) {
        machine_ready(added, val_str(val_get(status, "nodeName")));
    } else if (is_current && is_final) {
        machine_failed(added, message);
    }
    object_unpin(machine);
}

static struct added *
find_added(struct run *run, struct str name)
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
    struct run *run = ctx;
    struct added *added = e->object == NULL ? NULL : find_added(run, e->object->name);
    if (added != NULL && e->type == WATCH_DELETED && !added->is_over) {
        machine_failed(added, STR("the machine was deleted meanwhile"));
    } else if (added != NULL && e->type != WATCH_DELETED) {
        look(added, e->object);
    }
}

static void
watch_over(void *ctx, const struct reply *reply, struct err *owned)
{
    struct run *run = ctx;
    (void)reply;
    if (owned == NULL && run->over_len < run->added_len) {
        (void)err_set(&owned, ERR_UNAVAILABLE, "the control plane went away");
    }
    if (owned != NULL && owned->code == ERR_CANCELLED) {
        err_clear(&owned);
    }
    end(run, owned);
}

static void
follow(struct run *run)
{
    struct call call = call_of(VERB_WATCH, run->machines, (struct str){ 0 }, (struct str){ 0 });
    (void)client_watch(run->client, &call, event, watch_over, run);
}

/* ---- adding ---- */

static void
followed(void *ctx, const struct reply *reply, struct err *owned)
{
    struct added *added = ctx;
    if (owned != NULL) {
        end(added->run, owned);
        return;
    }
    added->generation = reply->object->generation;
    look(added, reply->object); /* the watch may have shown it already */
}

/* It was added before: its steps are run once more, unless they run now. */
static void
found(void *ctx, const struct reply *reply, struct err *owned)
{
    struct added *added = ctx;
    struct run *run = added->run;
    if (owned != NULL) {
        end(run, owned);
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
        look(added, machine);
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
    struct added *added = ctx;
    struct run *run = added->run;
    if (owned == NULL || owned->code != ERR_ALREADY_EXISTS) {
        followed(added, reply, owned);
        return;
    }
    err_free(owned);
    struct call call = call_of(VERB_GET, run->machines, (struct str){ 0 }, added->target.name);
    (void)client_call(run->client, &call, found, added);
}

static void
add_all(struct run *run)
{
    follow(run);
    for (size_t i = 0; i < run->added_len; i++) {
        struct added *added = &run->added[i];
        struct call call =
            call_of(VERB_CREATE, run->machines, (struct str){ 0 }, (struct str){ 0 });
        call.body = machine_target_machine(&added->target, &run->extra, run->arena);
        call.field_manager = STR("binnacle-node");
        (void)client_call(run->client, &call, created, added);
    }
}

/* ---- listing ---- */

static void
listed(void *ctx, const struct reply *reply, struct err *owned)
{
    struct run *run = ctx;
    if (owned != NULL) {
        end(run, owned);
        return;
    }
    printf("%-20s %-11s %-12s %-20s %s\n", "MACHINE", "PHASE", "STEP", "NODE", "MESSAGE");
    for (size_t i = 0; i < reply->item_len; i++) {
        struct object *machine = reply->items[i];
        object_pin(machine);
        struct val status = val_get(object_val(machine), "status");
        printf("%-20.*s %-11.*s %-12.*s %-20.*s " STR_FMT "\n", STR_ARG(machine->name),
               STR_ARG(val_str(val_get(status, "phase"))),
               STR_ARG(val_str(val_get(status, "step"))),
               STR_ARG(plain(run, val_str(val_get(status, "nodeName")))),
               STR_ARG(plain(run, val_str(val_get(status, "message")))));
        object_unpin(machine);
    }
    loop_stop(run->loop);
}

static void
list(struct run *run)
{
    struct call call = call_of(VERB_LIST, run->machines, (struct str){ 0 }, (struct str){ 0 });
    (void)client_call(run->client, &call, listed, run);
}

/* ---- the command ---- */

static int
parse_targets(struct run *run, const struct options *options, struct err **err)
{
    for (int i = 1; i < options->rest_len; i++) {
        struct added *added = &run->added[run->added_len];
        struct machine_target target;
        if (machine_target_parse(options->rest[i], run->arena, &target, err) < 0) {
            return -1;
        }
        if (find_added(run, target.name) == NULL) {
            *added = (struct added){ .run = run, .target = target };
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
whole_path(struct run *run, const char *path)
{
    char *real = path[0] == '\0' ? NULL : realpath(path, NULL);
    const char *ret = real == NULL ? path : arena_dupz(run->arena, str_of(real));
    mem_free(real);
    return ret;
}

static void
connect_to_api(struct run *run, const struct options *options)
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
    };
}

static int
run_words(struct run *run, const struct options *options)
{
    bool is_list = options->rest_len == 1 && strcmp(options->rest[0], "list") == 0;
    bool is_add = options->rest_len >= 2 && strcmp(options->rest[0], "add") == 0;
    if (!is_list && !is_add) {
        fprintf(stderr, "usage: binnacle node add local | [user@]host[:port]… | list\n");
        return 2;
    }
    run->arena = arena_new();
    if (is_add && parse_targets(run, options, &run->failed) < 0) {
        return 2;
    }
    run->loop = loop_new();
    run->begun_ms = clock_mono_ms();
    connect_to_api(run, options);
    struct cmd_node_ask_spec ask = { run->loop, on_line, run };
    run->ask = cmd_node_ask_new(&ask);
    if (is_list) {
        list(run);
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
    struct run run = { 0 };
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
