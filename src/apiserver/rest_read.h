/* Revisions and selectors of reads, shared by GET, LIST, WATCH and DELETECOLLECTION.  Loop. */
#ifndef BINNACLE_APISERVER_REST_READ_H
#define BINNACLE_APISERVER_REST_READ_H

#include "apiserver/req.h"

/* options.rv as a number, 0 when absent. */
int rest_read_rev(struct req *req, uint64_t *ret, struct err **err);
/* Waits up to 3 s for the cache to reach rev; 504 ResourceVersionTooLarge after that. */
enum step_rc rest_read_reach(struct req *req, uint64_t rev, struct err **err);
/* Both selectors into impl->labels and impl->fields. */
int rest_read_selectors(struct req *req, struct err **err);

#endif
