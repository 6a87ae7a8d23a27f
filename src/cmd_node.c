/* `binnacle node add local`: makes a Machine and shows its steps until the node is Ready.
 *
 * Called by main.c. Speaks to the control plane on the data directory's socket. Its own loop, until
 * the machine has got somewhere; ctrl-C leaves the steps running, they belong to the control plane. */
#include "config.h" /* IWYU pragma: keep */

#include "cmd_node.h"

#include <stdio.h>
#include <string.h>

#include "api/object.h"
#include "api/registry.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/options.h"
#include "client/client.h"

struct run {
    struct loop *loop;
    struct client *client;
    struct registry *registry;
    const struct resource *machines;
    struct err *failed;
    char *last_step; /* that was shown */
    int64_t begun_ms;
    bool is_ready;
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

/* ---- following ---- */

static void
show_step(struct run *run, struct str step)
{
    if (step.size == 0 || (run->last_step != NULL && str_is(step, run->last_step))) {
        return;
    }
    mem_free(run->last_step);
    run->last_step = str_dup(step);
    printf("%6.1f s  " STR_FMT "\n", (double)(clock_mono_ms() - run->begun_ms) / 1000,
           STR_ARG(step));
    (void)fflush(stdout); /* progress only */
}

static void
look(struct run *run, struct object *machine)
{
    object_pin(machine);
    struct val status = val_get(object_val(machine), "status");
    struct str phase = val_str(val_get(status, "phase"));
    bool is_current = val_int(val_get(status, "observedGeneration"), 0) >= machine->generation;
    show_step(run, val_str(val_get(status, "step")));
    if (is_current && str_is(phase, "Ready")) {
        run->is_ready = true;
        printf("node " STR_FMT " is Ready\n", STR_ARG(val_str(val_get(status, "nodeName"))));
        loop_stop(run->loop);
    } else if (is_current && str_is(phase, "Failed")) {
        struct err *err = NULL;
        (void)err_set(&err, ERR_UNAVAILABLE, STR_FMT, STR_ARG(val_str(val_get(status, "message"))));
        end(run, err);
    }
    object_unpin(machine);
}

static void
event(void *ctx, const struct watch_event *e)
{
    if (e->object != NULL && e->type != WATCH_DELETED) {
        look(ctx, e->object);
    }
}

static void
watch_over(void *ctx, const struct reply *reply, struct err *owned)
{
    struct run *run = ctx;
    (void)reply;
    if (owned == NULL && !run->is_ready) {
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
    call.field_selector = STR("metadata.name=local");
    (void)client_watch(run->client, &call, event, watch_over, run);
}

static void
created(void *ctx, const struct reply *reply, struct err *owned)
{
    struct run *run = ctx;
    (void)reply;
    if (owned != NULL && owned->code != ERR_ALREADY_EXISTS) {
        end(run, owned);
        return;
    }
    err_free(owned);
    follow(run);
}

static void
add_local(struct run *run)
{
    struct call call = call_of(VERB_CREATE, run->machines, (struct str){ 0 }, (struct str){ 0 });
    call.body = STR("{\"apiVersion\":\"binnacle.io/v1\",\"kind\":\"Machine\","
                    "\"metadata\":{\"name\":\"local\"},\"spec\":{\"transport\":\"local\"}}");
    call.field_manager = STR("binnacle-node");
    (void)client_call(run->client, &call, created, run);
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
    printf("%-20s %-11s %-10s %s\n", "MACHINE", "PHASE", "STEP", "NODE");
    for (size_t i = 0; i < reply->item_len; i++) {
        struct object *machine = reply->items[i];
        object_pin(machine);
        struct val status = val_get(object_val(machine), "status");
        printf("%-20.*s %-11.*s %-10.*s " STR_FMT "\n", STR_ARG(machine->name),
               STR_ARG(val_str(val_get(status, "phase"))),
               STR_ARG(val_str(val_get(status, "step"))),
               STR_ARG(val_str(val_get(status, "nodeName"))));
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
run_words(struct run *run, const struct options *options)
{
    AUTO_FREE char *dir = options_data_dir(options);
    AUTO_FREE char *address = mem_printf("unix:%s/socket", dir);
    struct client_remote remote = { .address = address,
                                    .authority = "localhost",
                                    .user_agent = "binnacle-node" };
    bool is_list = options->rest_len == 1 && strcmp(options->rest[0], "list") == 0;
    bool is_add = options->rest_len == 2 && strcmp(options->rest[0], "add") == 0 &&
                  strcmp(options->rest[1], "local") == 0;
    if (!is_list && !is_add) {
        fprintf(stderr, "usage: binnacle node add local | list\n");
        return 2;
    }
    run->loop = loop_new();
    run->registry = registry_new(kinds_builtin, kinds_builtin_len);
    run->machines = registry_any_version(run->registry, STR("binnacle.io"), STR("machines"));
    run->client = client_remote_new(run->loop, &remote);
    run->begun_ms = clock_mono_ms();
    if (is_list) {
        list(run);
    } else {
        add_local(run);
    }
    loop_run(run->loop);
    client_free(run->client);
    registry_unref(run->registry);
    loop_free(run->loop);
    mem_free(run->last_step);
    return run->failed == NULL ? 0 : 1;
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
    return status;
}
