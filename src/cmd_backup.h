/* `binnacle backup` and `binnacle restore`: a cluster's state as one file, and back. */
#ifndef BINNACLE_CMD_BACKUP_H
#define BINNACLE_CMD_BACKUP_H

struct options;

int cmd_backup_main(const struct options *options);    /* → exit status */
int cmd_backup_restore(const struct options *options); /* → exit status */

#endif
