/* Inside cmd_node*.c: one run of `binnacle node`, and a machine of it. */
#ifndef BINNACLE_CMD_NODE_PRIV_H
#define BINNACLE_CMD_NODE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/options.h"
#include "base/str.h"
#include "client/machine_target.h"

struct arena;
struct client;
struct cmd_node_ask;
struct err;
struct loop;
struct object;
struct registry;
struct resource;

struct cmd_node;

/* A machine that is added. */
struct cmd_node_machine {
    struct cmd_node *run;
    struct machine_target target;
    int64_t generation;          /* whose steps are waited for */
    char *last_step, *last_note; /* that were shown */
    char question_id[64];        /* that stands, "": none */
    struct str question;         /* in the run's arena */
    size_t shown;                /* conditions */
    bool hides, is_over, is_ready;
    bool removes; /* it is taken out */
};
struct cmd_node {
    struct loop *loop;
    struct arena *arena;
    struct client *client;
    struct registry *registry;
    const struct resource *machines;
    struct machine_target_extra extra;
    struct cmd_node_ask *ask;
    struct cmd_node_machine added[OPTIONS_REST_MAX];
    size_t added_len, over_len, failed_len;
    bool removes, forgets;
    struct cmd_node_machine *asking; /* whose question is at the terminal */
    struct err *failed;
    int64_t begun_ms;
};

/* The run ends: by an error, or NULL. */
void cmd_node_end(struct cmd_node *run, struct err *owned);
/* Text that came from another machine: nothing in it may move the cursor. */
struct str cmd_node_plain(struct cmd_node *run, struct str text);
void cmd_node_show(struct cmd_node_machine *added, const char *text);
void cmd_node_leave(struct cmd_node_machine *added); /* this one is through */
void cmd_node_failed(struct cmd_node_machine *added, struct str message);
/* What its status says now. */
void cmd_node_look(struct cmd_node_machine *added, struct object *machine);
void cmd_node_follow(struct cmd_node *run); /* the watch */

/* cmd_node_remove.c */
void cmd_node_remove(struct cmd_node *run);
void cmd_node_list(struct cmd_node *run);

#endif
