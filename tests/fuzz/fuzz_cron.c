/* Schedules of CronJobs: what parses names times after the given one, none of which it skips. */
#include "config.h" /* IWYU pragma: keep */

#include <stdint.h>
#include <stdlib.h>

#include "api/cron.h"
#include "base/arena.h"

enum { NOW_S = 1767225600, SIZE_MAX_SEEN = 200 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct cron cron;
    if (size > SIZE_MAX_SEEN ||
        cron_parse(str_slice((const char *)data, size), arena, &cron) != NULL) {
        return 0;
    }
    int64_t first = cron_next(&cron, NOW_S);
    int64_t again = first == 0 ? 0 : cron_next(&cron, first - 1);
    if (first != 0 && (first <= NOW_S || (cron.every_s == 0 && again != first))) {
        abort();
    }
    return 0;
}
