/* Fuzz target of net/http2: the input is what a client says after its preface and SETTINGS. Time
 * passes too: what stands still is cut. */
#include "config.h" /* IWYU pragma: keep */

#include "tests/fuzz/fuzz_net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char hello[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
    struct fuzz_net net;

    if (size > 16000) {
        return 0;
    }
    fuzz_open(&net);
    fuzz_say(&net, hello, sizeof(hello) - 1);
    fuzz_say(&net, data, size / 2);
    fuzz_say(&net, data + size / 2, size - size / 2);
    clock_warp(61 * 1000);
    fuzz_run(&net);
    fuzz_close(&net, NULL);
    return 0;
}
