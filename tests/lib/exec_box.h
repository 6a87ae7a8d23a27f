/* The server's end of an exec or attach of a fake client: what it heard, and what it says.  Loop
 * thread. */
#ifndef BINNACLE_TESTS_LIB_EXEC_BOX_H
#define BINNACLE_TESTS_LIB_EXEC_BOX_H

#include <stdbool.h>

#include "base/str.h"
#include "tests/lib/fake_client.h"

struct ws;

struct exec_box {
    struct loop *loop;
    struct ws *ws;
    struct str_builder heard; /* "0:bytes\n", "4:{…}\n"; "0!\n" when a channel is shut */
    bool is_closed;           /* the client is gone */
};

/* Agrees to the oldest upgrade whose line begins so. */
void exec_box_agree(struct exec_box *box, struct fake_client *fake, const char *line,
                    const char *protocol);
void exec_box_say(struct exec_box *box, char channel, const char *text); /* and settles */
void exec_box_cut(struct exec_box *box); /* the connection ends without a word */
void exec_box_done(struct exec_box *box);

#endif
