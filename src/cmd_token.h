/* `binnacle token`: bootstrap tokens, by which a new node asks for its certificate. */
#ifndef BINNACLE_CMD_TOKEN_H
#define BINNACLE_CMD_TOKEN_H

struct options;

int cmd_token_main(const struct options *options); /* → exit status */

#endif
