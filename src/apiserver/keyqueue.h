/* Writers of one key that met a conflict, in the order of their first one.  Loop thread. */
#ifndef BINNACLE_APISERVER_KEYQUEUE_H
#define BINNACLE_APISERVER_KEYQUEUE_H

#include "apiserver/req.h"

struct keyqueue;

struct keyqueue *keyqueue_new(void);
void keyqueue_free(struct keyqueue *queue); /* empty by then; NULL allowed */
/* Takes a place behind everybody who waits for this request's key: NEXT when it is its turn (or it
 * has its place already), WAIT until it is. */
enum step_rc keyqueue_enter(struct req *req);
void keyqueue_leave(struct req *req); /* the next one's turn; no-op without a place */

#endif
