/* A question at the terminal: shown, and a line read without waiting.  Loop thread. */
#ifndef BINNACLE_CMD_NODE_ASK_H
#define BINNACLE_CMD_NODE_ASK_H

#include <stdbool.h>

#include "base/str.h"

struct cmd_node_ask;
struct loop;

struct cmd_node_ask_spec {
    struct loop *loop;
    /* A line without its end; it is wiped after this. absent (at NULL): there is nobody. */
    void (*line)(void *ctx, struct str line);
    void *ctx;
};
struct cmd_node_ask *cmd_node_ask_new(const struct cmd_node_ask_spec *spec);
void cmd_node_ask_free(struct cmd_node_ask *ask); /* after its loop; NULL allowed */
/* Shows the question; what is typed is not shown when `hides`. */
void cmd_node_ask_begin(struct cmd_node_ask *ask, struct str question, bool hides);
/* The question stands no longer, or this command ends: the terminal is as it was. */
void cmd_node_ask_stop(struct cmd_node_ask *ask);

#endif
