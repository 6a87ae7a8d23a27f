/* `binnacle serve`: the control plane as one process. */
#ifndef BINNACLE_SERVE_H
#define BINNACLE_SERVE_H

struct options;

/* Runs until SIGTERM or SIGINT; → exit status. */
int serve_main(const struct options *options);

#endif
