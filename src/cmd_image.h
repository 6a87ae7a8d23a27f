/* `binnacle image`: image archives onto nodes. */
#ifndef BINNACLE_CMD_IMAGE_H
#define BINNACLE_CMD_IMAGE_H

struct options;

int cmd_image_main(const struct options *options); /* → exit status */

#endif
