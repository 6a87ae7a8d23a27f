/* The scheduling of one pod: filters, scores, choice, upstream's message.  Pure; loop thread.
 *
 * Follows kube-scheduler's framework (schedule_one.go, framework/types.go FitError,
 * plugins/helper/normalize_score.go), release 1.35. All nodes are looked at. */
#include "config.h" /* IWYU pragma: keep */

#include "scheduler/sched_plan.h"

#include <stdlib.h>

#include "api/object.h"
#include "base/arena.h"

const struct sched_plugin sched_plan_plugins[] = {
#define SCHED_PLUGIN(name, filter, score, weight) { name, filter, score, weight },
#include "scheduler/sched_plugins.def"
#undef SCHED_PLUGIN
};
const size_t sched_plan_plugin_len = sizeof(sched_plan_plugins) / sizeof(sched_plan_plugins[0]);

void
sched_verdict_add(struct sched_verdict *verdict, const struct sched_reason *reason)
{
    if (verdict->reason_len < SCHED_REASONS_MAX) {
        verdict->reasons[verdict->reason_len++] = *reason;
    }
}

struct sched_try
sched_plan_try(struct object *pod, const struct sched_snap *snap, uint64_t random,
               struct arena *arena)
{
    return (struct sched_try){
        .arena = arena,
        .snap = snap,
        .object = pod,
        .spec = val_get(object_val(pod), "spec"),
        .demand = sched_snap_demand(pod, arena),
        .random = random,
    };
}

void
sched_plan_normalise(int64_t *scores, size_t len, bool is_reversed)
{
    int64_t most = 0;
    for (size_t i = 0; i < len; i++) {
        most = scores[i] > most ? scores[i] : most;
    }
    for (size_t i = 0; i < len; i++) {
        int64_t score = most == 0 ? 0 : scores[i] * 100 / most;
        scores[i] = is_reversed ? 100 - score : score;
    }
}

/* ---- the message ---- */

struct tally {
    struct str *texts; /* one a reason or preemption verdict, sorted to be counted */
    size_t len;
};

static int
by_text(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* " 1 Insufficient cpu, 2 node(s) had untolerated taint(s)." as FitError sorts it. */
static void
put_tally(struct arena *arena, struct tally *tally, struct str_builder *out)
{
    size_t lines = 0;
    struct str *counted = arena_array(arena, tally->len + 1, sizeof(struct str));
    qsort(tally->texts, tally->len, sizeof(tally->texts[0]), by_text);
    for (size_t i = 0; i < tally->len;) {
        size_t same = i;
        while (same < tally->len && str_eq(tally->texts[i], tally->texts[same])) {
            same++;
        }
        counted[lines++] = arena_printf(arena, "%zu " STR_FMT, same - i, STR_ARG(tally->texts[i]));
        i = same;
    }
    qsort(counted, lines, sizeof(counted[0]), by_text);
    for (size_t i = 0; i < lines; i++) {
        str_putf(out, "%s" STR_FMT, i == 0 ? " " : ", ", STR_ARG(counted[i]));
    }
    if (lines > 0) {
        str_putc(out, '.');
    }
}

static struct str
message_of(const struct sched_try *pod, const struct sched_result *result, size_t nodes)
{
    struct arena *arena = pod->arena;
    struct tally reasons = { arena_array(arena, nodes * SCHED_REASONS_MAX + 1, sizeof(struct str)),
                             0 };
    struct tally preemption = { arena_array(arena, nodes + 1, sizeof(struct str)), 0 };
    if (nodes == 0) {
        return STR("no nodes available to schedule pods");
    }
    for (size_t i = 0; i < nodes; i++) {
        const struct sched_verdict *v = &result->verdicts[i];
        for (size_t r = 0; r < v->reason_len; r++) {
            reasons.texts[reasons.len++] = v->reasons[r].text;
        }
        preemption.texts[preemption.len++] =
            v->is_unresolvable ? STR("Preemption is not helpful for scheduling")
                               : STR("No preemption victims found for incoming pod");
    }
    AUTO_STR struct str_builder text = { 0 };
    str_putf(&text, "0/%zu nodes are available:", nodes);
    put_tally(arena, &reasons, &text);
    str_putf(&text, " no new claims to deallocate, preemption: 0/%zu nodes are available:", nodes);
    put_tally(arena, &preemption, &text);
    return arena_dup(arena, str_view(&text));
}

/* ---- the plan ---- */

static void
filter(const struct sched_try *pod, const struct sched_node *node, struct sched_verdict *out)
{
    for (size_t p = 0; p < sched_plan_plugin_len && out->plugin == NULL; p++) {
        const struct sched_plugin *plugin = &sched_plan_plugins[p];
        if (plugin->filter == NULL) {
            continue;
        }
        plugin->filter(pod, node, out);
        if (out->reason_len > 0) {
            out->plugin = plugin->name;
        }
    }
}

static void
score(const struct sched_try *pod, struct sched_node *const *fitting, size_t len, int64_t *totals)
{
    int64_t *scores = arena_array(pod->arena, len, sizeof(int64_t));
    for (size_t p = 0; p < sched_plan_plugin_len; p++) {
        const struct sched_plugin *plugin = &sched_plan_plugins[p];
        if (plugin->score == NULL) {
            continue;
        }
        plugin->score(pod, fitting, len, scores);
        for (size_t i = 0; i < len; i++) {
            totals[i] += scores[i] * plugin->weight;
        }
    }
}

/* The best; between equals a random one. */
static size_t
choose(const int64_t *totals, size_t len, uint64_t random)
{
    size_t best = 0, equals = 1;
    for (size_t i = 1; i < len; i++) {
        if (totals[i] > totals[best]) {
            best = i;
            equals = 1;
        } else if (totals[i] == totals[best]) {
            equals++;
            random = random * 6364136223846793005U + 1442695040888963407U;
            best = (random >> 33) % equals == 0 ? i : best;
        }
    }
    return best;
}

struct sched_result
sched_plan(const struct sched_try *pod)
{
    size_t nodes = sched_snap_len(pod->snap), len = 0;
    struct sched_result result = {
        .verdicts = arena_array(pod->arena, nodes + 1, sizeof(struct sched_verdict)),
        .scores = arena_array(pod->arena, nodes + 1, sizeof(int64_t)),
    };
    struct sched_node **fitting = arena_array(pod->arena, nodes + 1, sizeof(struct sched_node *));
    size_t *places = arena_array(pod->arena, nodes + 1, sizeof(size_t));
    int64_t *totals = arena_array(pod->arena, nodes + 1, sizeof(int64_t));
    for (size_t i = 0; i < nodes; i++) {
        struct sched_node *node = sched_snap_at(pod->snap, i);
        result.scores[i] = -1;
        object_pin(node->object);
        filter(pod, node, &result.verdicts[i]);
        if (result.verdicts[i].plugin == NULL) {
            places[len] = i;
            fitting[len++] = node;
        }
    }
    if (len > 0) {
        score(pod, fitting, len, totals);
        result.node = fitting[choose(totals, len, pod->random)];
    }
    for (size_t i = 0; i < len; i++) {
        result.scores[places[i]] = totals[i];
    }
    if (result.node == NULL) {
        result.message = message_of(pod, &result, nodes);
    }
    for (size_t i = 0; i < nodes; i++) {
        object_unpin(sched_snap_at(pod->snap, i)->object);
    }
    return result;
}
