/* Answers that were sent before. Called by dns_server; loop thread.
 *
 * A question is all of its message but the id: flags, name as it was written, type, what it says of sizes.
 * When there are too many, all are forgotten: the few that come often are back at once. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/dns_memo.h"

#include "base/map.h"
#include "base/mem.h"

enum { ID_SIZE = 2 };

struct answer {
    size_t size;
    char bytes[];
};
struct dns_memo {
    struct map by_question;
    uint64_t age;
};

static struct str
key_of(struct str question)
{
    return str_slice(question.at + ID_SIZE, question.size - ID_SIZE);
}

static void
forget(struct dns_memo *memo, uint64_t age)
{
    map_done(&memo->by_question, mem_free);
    memo->by_question = (struct map){ 0 };
    memo->age = age;
}

bool
dns_memo_get(struct dns_memo *memo, uint64_t age, struct str question, struct str *ret)
{
    struct answer *answer;

    if (memo->age != age) {
        forget(memo, age);
    }
    answer = question.size <= ID_SIZE ? NULL : map_get(&memo->by_question, key_of(question));
    if (answer == NULL) {
        return false;
    }
    memcpy(answer->bytes, question.at, ID_SIZE);
    *ret = str_slice(answer->bytes, answer->size);
    return true;
}

void
dns_memo_put(struct dns_memo *memo, uint64_t age, struct str question, struct str bytes)
{
    struct answer *answer;

    if (question.size <= ID_SIZE || bytes.size < ID_SIZE) {
        return;
    }
    if (memo->age != age || memo->by_question.len >= DNS_MEMO_MAX) {
        forget(memo, age);
    }
    answer = mem_new(sizeof(*answer) + bytes.size);
    answer->size = bytes.size;
    memcpy(answer->bytes, bytes.at, bytes.size);
    mem_free(map_put(&memo->by_question, key_of(question), answer));
}

struct dns_memo *
dns_memo_new(void)
{
    return MEM_NEW(struct dns_memo);
}

void
dns_memo_free(struct dns_memo *memo)
{
    if (memo != NULL) {
        forget(memo, 0);
        mem_free(memo);
    }
}
