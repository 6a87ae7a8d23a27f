/* DNS messages: as a pod sends them, and as another name server answers. Whatever comes, what we answer is
 * a message that fits. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>

#include "agent/dns_wire.h"
#include "base/arena.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct dns_wire *wire, const struct dns_answer *answer, struct str aliased, size_t max,
      struct arena *arena)
{
    struct str bytes = dns_wire_answer(wire, answer, aliased, max, arena);
    if (bytes.size > max && !dns_wire_is_cut(bytes)) {
        abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct str records[] = { { "@ 30 IN CNAME a.b.", 18 }, { "@ 30 IN A 10.0.0.1", 18 } };
    AUTO_ARENA struct arena *arena = arena_new();
    struct dns_answer answer = { .is_ours = true, .answer = { records, ARRAY_LEN(records) } };
    struct str bytes = str_slice((const char *)data, size);
    struct str question = dns_wire_ask(STR("a.b"), DNS_A, 1, arena);
    struct dns_wire *ours = dns_wire_new(question), *wire = dns_wire_new(bytes);
    if (ours == NULL) {
        abort();
    }
    check(ours, &answer, bytes, DNS_WIRE_MAX, arena);
    (void)dns_wire_is_answer(question, bytes);
    (void)dns_wire_is_answer(bytes, question);
    if (wire != NULL && dns_wire_problem(wire) == DNS_NOERROR) {
        check(wire, &answer, (struct str){ 0 }, dns_wire_udp_max(wire), arena);
    } else if (wire != NULL) {
        (void)dns_wire_refuse(wire, dns_wire_problem(wire), arena);
    }
    dns_wire_free(wire);
    dns_wire_free(ours);
    return 0;
}
