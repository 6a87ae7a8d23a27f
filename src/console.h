/* `binnacle console`: the console on this machine's control plane, which it starts if need be, or on
 * the cluster of a kubeconfig. */
#ifndef BINNACLE_CONSOLE_H
#define BINNACLE_CONSOLE_H

struct options;

int console_main(const struct options *options); /* → exit status */

#endif
