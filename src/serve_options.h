/* What serve is told, checked before anything is opened. */
#ifndef BINNACLE_SERVE_OPTIONS_H
#define BINNACLE_SERVE_OPTIONS_H

struct err;
struct options;

/* -1 with a message that names the option, what was given and what is wanted. */
int serve_options_check(const struct options *options, struct err **err);

#endif
