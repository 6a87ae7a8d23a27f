/* `binnacle node remove` and `list`.  Called by cmd_node.c; its loop. */
#include "config.h" /* IWYU pragma: keep */

#include <stdio.h>

#include "api/object.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/loop.h"
#include "client/client.h"
#include "cmd_node_priv.h"

/* ---- removing ---- */

static void
forgotten(void *ctx, const struct reply *reply, struct err *owned)
{
    struct cmd_node_machine *added = ctx;
    (void)reply;
    if (owned != NULL && owned->code != ERR_NOT_FOUND) { /* which: it is gone by now */
        cmd_node_end(added->run, owned);
        return;
    }
    err_free(owned);
}

/* It is being deleted; the watch tells the rest. */
static void
deleting(void *ctx, const struct reply *reply, struct err *owned)
{
    struct cmd_node_machine *added = ctx;
    struct cmd_node *run = added->run;
    if (owned != NULL && owned->code != ERR_NOT_FOUND) {
        cmd_node_end(run, owned);
        return;
    }
    err_free(owned);
    if (added->is_over) {
        return;
    }
    if (reply != NULL && reply->object != NULL) {
        added->generation = reply->object->generation;
        cmd_node_look(added, reply->object);
    }
    if (run->forgets) {
        struct call call =
            call_of(VERB_PATCH, run->machines, (struct str){ 0 }, added->target.name);
        call.body = STR("{\"spec\":{\"forget\":true}}");
        call.body_type = BODY_MERGE_PATCH;
        (void)client_call(run->client, &call, forgotten, added);
    }
}

/* An earlier removal that failed is tried once more; else it begins. */
static void
remove_one(struct cmd_node_machine *added, struct object *machine)
{
    struct cmd_node *run = added->run;
    bool is_deleted = machine->deleted_at_ms != 0;
    struct call call = call_of(is_deleted ? VERB_PATCH : VERB_DELETE, run->machines,
                               (struct str){ 0 }, added->target.name);
    if (is_deleted) {
        object_pin(machine);
        int64_t tries = val_int(val_at(object_val(machine), "spec.tries"), 0);
        object_unpin(machine);
        call.body = arena_printf(run->arena, "{\"spec\":{\"tries\":%lld}}", (long long)tries + 1);
        call.body_type = BODY_MERGE_PATCH;
    }
    (void)client_call(run->client, &call, deleting, added);
}

/* The Machine of this name, or of the Node of this name. */
static struct object *
find_machine(const struct reply *list, struct str name)
{
    struct object *found = NULL;
    for (size_t i = 0; i < list->item_len; i++) {
        struct object *machine = list->items[i];
        object_pin(machine);
        bool is_named = str_eq(machine->name, name);
        bool is_node = str_eq(val_str(val_at(object_val(machine), "status.nodeName")), name);
        object_unpin(machine);
        found = is_named || (is_node && found == NULL) ? machine : found;
    }
    return found;
}

static void
listed_to_remove(void *ctx, const struct reply *reply, struct err *owned)
{
    struct cmd_node *run = ctx;
    if (owned != NULL) {
        cmd_node_end(run, owned);
        return;
    }
    for (size_t i = 0; i < run->added_len; i++) {
        struct cmd_node_machine *added = &run->added[i];
        struct object *machine = find_machine(reply, added->target.name);
        if (machine == NULL) {
            cmd_node_failed(added, arena_printf(run->arena, "no machine or node '" STR_FMT "'",
                                                STR_ARG(added->target.name)));
        } else {
            added->target.name = arena_dup(run->arena, machine->name);
            remove_one(added, machine);
        }
    }
}

void
cmd_node_remove(struct cmd_node *run)
{
    struct call call = call_of(VERB_LIST, run->machines, (struct str){ 0 }, (struct str){ 0 });
    cmd_node_follow(run);
    (void)client_call(run->client, &call, listed_to_remove, run);
}

/* ---- listing ---- */

static void
listed(void *ctx, const struct reply *reply, struct err *owned)
{
    struct cmd_node *run = ctx;
    if (owned != NULL) {
        cmd_node_end(run, owned);
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
               STR_ARG(cmd_node_plain(run, val_str(val_get(status, "nodeName")))),
               STR_ARG(cmd_node_plain(run, val_str(val_get(status, "message")))));
        object_unpin(machine);
    }
    loop_stop(run->loop);
}

void
cmd_node_list(struct cmd_node *run)
{
    struct call call = call_of(VERB_LIST, run->machines, (struct str){ 0 }, (struct str){ 0 });
    (void)client_call(run->client, &call, listed, run);
}
