/* How many requests run at once: reads and writes apart, 429 beyond.  Loop thread. */
#ifndef BINNACLE_APISERVER_INFLIGHT_H
#define BINNACLE_APISERVER_INFLIGHT_H

struct inflight;
struct req;

struct inflight *inflight_new(int max_read, int max_write); /* 0: 400 / 200 */
void inflight_free(struct inflight *inflight);
void inflight_leave(struct req *req); /* gives the slot back; no-op without one */

#endif
