/* An etcd beside what is measured: one server on the same disk, and a client that keeps a number of
 * Puts in flight on one connection.  Plain gRPC on nghttp2, so that the client costs next to
 * nothing. */
#ifndef BINNACLE_TESTS_BENCH_ETCD_ANCHOR_H
#define BINNACLE_TESTS_BENCH_ETCD_ANCHOR_H

#include <stddef.h>
#include <stdint.h>

struct etcd_anchor;

/* NULL with a reason on standard error when there is no etcd or it does not start. */
struct etcd_anchor *etcd_anchor_start(const char *directory);
void etcd_anchor_stop(struct etcd_anchor *anchor);
int etcd_anchor_pid(const struct etcd_anchor *anchor);
/* Puts values of value_size bytes under keys_len keys for run_ms, in_flight at a time; each put's
 * microseconds go to latencies (at most latencies_max, the rest is not kept). Returns the puts. */
size_t etcd_anchor_puts(struct etcd_anchor *anchor, int in_flight, size_t keys_len,
                        size_t value_size, int64_t run_ms, int64_t *latencies,
                        size_t latencies_max);

#endif
