/* `binnacle node`: a thin client of the Machine API. */
#ifndef BINNACLE_CMD_NODE_H
#define BINNACLE_CMD_NODE_H

struct options;

int cmd_node_main(const struct options *options); /* → exit status */

#endif
