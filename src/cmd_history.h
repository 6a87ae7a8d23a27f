/* `binnacle history`: who changed an object, when, with what, because of what. */
#ifndef BINNACLE_CMD_HISTORY_H
#define BINNACLE_CMD_HISTORY_H

struct options;

int cmd_history_main(const struct options *options); /* → exit status */

#endif
