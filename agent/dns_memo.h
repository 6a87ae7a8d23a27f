/* Answers of the zone that were sent before, by the bytes of the question: most clients ask the same again
 * and again.  Loop thread. */
#ifndef BINNACLE_AGENT_DNS_MEMO_H
#define BINNACLE_AGENT_DNS_MEMO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct dns_memo;

enum { DNS_MEMO_MAX = 1000 /* questions */ };
struct dns_memo *dns_memo_new(void);
void dns_memo_free(struct dns_memo *memo); /* NULL allowed */
/* age: the zone's; another one forgets all. The answer has the question's id and is borrowed until the next
 * call. False: not known. */
bool dns_memo_get(struct dns_memo *memo, uint64_t age, struct str question, struct str *ret);
void dns_memo_put(struct dns_memo *memo, uint64_t age, struct str question, struct str answer);

#endif
