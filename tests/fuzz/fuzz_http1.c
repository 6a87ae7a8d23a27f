/* Fuzz target of net/http1, net/http1_parse and net/server_conn: the input is what a client says.
 * The server must answer the same, whether it comes at once or in pieces of the first byte's size. */
#include "config.h" /* IWYU pragma: keep */

#include "net/http1_parse.h"
#include "tests/fuzz/fuzz_net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Parsing an answer that is no head of one may not crash either. */
static void
parse_answer(const uint8_t *data, size_t size)
{
    AUTO_FREE char *bytes = mem_copy(data, size);
    struct http1_head head;
    size_t seen = 0;
    ssize_t head_size = http1_head_size(bytes, size, &seen);

    if (head_size > 0 && http1_parse_answer(bytes, (size_t)head_size, &head) == 0) {
        fuzz_check(head.status >= 100 && head.header_len <= HTTP_MAX_HEADERS);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_net net;
    struct str_builder at_once = { 0 };
    struct str_builder in_pieces = { 0 };
    size_t step = size > 0 ? (size_t)data[0] % 31 + 1 : 1;

    if (size < 2 || size > 8000) {
        return 0;
    }
    data++;
    size--;
    parse_answer(data, size);
    fuzz_open(&net);
    fuzz_say(&net, data, size);
    fuzz_close(&net, &at_once);
    fuzz_open(&net);
    for (size_t at = 0; at < size; at += step) {
        fuzz_say(&net, data + at, size - at < step ? size - at : step);
    }
    fuzz_close(&net, &in_pieces);
    /* HTTP/2 found by its first bytes may order its frames by what it knows when it writes. */
    fuzz_check(str_has_prefix(str_slice((const char *)data, size), STR("PRI ")) ||
               str_eq(str_view(&at_once), str_view(&in_pieces)));
    str_done(&at_once);
    str_done(&in_pieces);
    return 0;
}
