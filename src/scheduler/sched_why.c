/* The answer of `GET …/pods/X/why`, from the verdicts of the plan itself.  Pure. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "base/arena.h"
#include "scheduler/sched_plan.h"

static void
write_reason(const struct sched_reason *reason, struct jw *out)
{
    jw_obj(out);
    jw_kv(out, "message", reason->text);
    jw_kv(out, "what", reason->what);
    if (reason->has_amounts) {
        jw_kint(out, "need", reason->need);
        jw_kint(out, "have", reason->have);
    }
    jw_end(out);
}

/* Every check of one node: filters stop at the first refusal, so later ones were not asked. */
static void
write_checks(const struct sched_verdict *verdict, struct jw *out)
{
    bool was_refused = false;
    jw_keyz(out, "checks");
    jw_arr(out);
    for (size_t p = 0; p < sched_plan_plugin_len; p++) {
        const struct sched_plugin *plugin = &sched_plan_plugins[p];
        if (plugin->filter == NULL) {
            continue;
        }
        bool refuses = verdict->plugin == plugin->name;
        jw_obj(out);
        jw_kvz(out, "name", plugin->name);
        jw_kvz(out, "verdict", refuses ? "no" : was_refused ? "not asked" : "yes");
        if (refuses) {
            jw_keyz(out, "reasons");
            jw_arr(out);
            for (size_t i = 0; i < verdict->reason_len; i++) {
                write_reason(&verdict->reasons[i], out);
            }
            jw_end(out);
        }
        jw_end(out);
        was_refused = was_refused || refuses;
    }
    jw_end(out);
}

void
sched_why_write(const struct sched_try *pod, const struct sched_result *result, struct jw *out)
{
    jw_obj(out);
    jw_kvz(out, "kind", "PodWhy");
    jw_kvz(out, "apiVersion", "binnacle.io/v1");
    jw_keyz(out, "metadata");
    jw_obj(out);
    jw_kv(out, "name", pod->object->name);
    jw_kv(out, "namespace", pod->object->ns);
    jw_end(out);
    jw_kvz(out, "verdict", result->node != NULL ? "fits" : "fits nowhere");
    jw_kv(out, "message", result->message);
    if (result->node != NULL) {
        jw_kv(out, "node", result->node->object->name);
    }
    jw_keyz(out, "nodes");
    jw_arr(out);
    for (size_t i = 0; i < sched_snap_len(pod->snap); i++) {
        const struct sched_verdict *verdict = &result->verdicts[i];
        jw_obj(out);
        jw_kv(out, "name", sched_snap_at(pod->snap, i)->object->name);
        jw_kvz(out, "verdict", verdict->plugin == NULL ? "yes" : "no");
        if (result->scores[i] >= 0) {
            jw_kint(out, "score", result->scores[i]);
        }
        write_checks(verdict, out);
        jw_end(out);
    }
    jw_end(out);
    jw_end(out);
}
