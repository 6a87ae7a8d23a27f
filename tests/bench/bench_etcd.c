/* The anchor of creates: Puts a second of an etcd on the same disk.
 * Usage: bench_etcd DIRECTORY MS IN_FLIGHT.  Prints one number. */
#include "config.h" /* IWYU pragma: keep */

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "tests/bench/etcd_anchor.h"

enum { KEYS = 10000, VALUE_SIZE = 4096 };

int
main(int argc, char **argv)
{
    struct etcd_anchor *etcd = argc == 4 ? etcd_anchor_start(argv[1]) : NULL;
    if (etcd == NULL) {
        (void)fprintf(stderr, "bench_etcd: no etcd, or not: bench_etcd DIRECTORY MS IN_FLIGHT\n");
        return EXIT_FAILURE;
    }
    int64_t begun_us = clock_mono_us(), ms = strtoll(argv[2], NULL, 10);
    size_t puts =
        etcd_anchor_puts(etcd, (int)strtol(argv[3], NULL, 10), KEYS, VALUE_SIZE, ms, NULL, 0);
    printf("%.1f\n", (double)puts * 1e6 / (double)(clock_mono_us() - begun_us));
    etcd_anchor_stop(etcd);
    return EXIT_SUCCESS;
}
