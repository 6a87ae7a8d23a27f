/* No memory of this process on a disk: it holds secrets.  Called once, by each main. */
#ifndef BINNACLE_BASE_NODUMP_H
#define BINNACLE_BASE_NODUMP_H

/* No core dump, no debugger of another user, /proc/PID only for root. Children get their own dumps
 * back when they run another program, up to the hard limit that we were given. */
void nodump(void);

#endif
