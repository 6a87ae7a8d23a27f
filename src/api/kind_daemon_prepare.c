/* The template's generation of DaemonSets, and their strategy of release 1.35.
 *
 * Named by rows; called by the walker that fills and by the API server's prepare step. Pure, any
 * thread. */
#include "config.h"

#include "api/kinds_priv.h"
#include "api/kinds_types.h"
#include "api/registry.h"
#include "api/schema.h"
#include "base/arena.h"
#include "base/doc.h"

/* apps/v1 shows the internal spec.templateGeneration as this annotation. */
#define DAEMON_GENERATION "deprecated.daemonset.template.generation"

/* None is 0 there, and 0 is shown: whoever writes a DaemonSet owns the annotation. */
void
kind_daemon_fill(struct fill *fill)
{
    struct val metadata = fill_get(fill, "metadata");
    struct val annotations = val_get(metadata, "annotations");
    struct jw w;
    if (val_is(val_member(annotations, STR(DAEMON_GENERATION)))) {
        return;
    }
    jw_init(&w, fill->arena);
    jw_obj(&w);
    VAL_EACH (it, annotations) {
        jw_key(&w, it.key);
        jw_val(&w, it.value);
    }
    jw_kv(&w, DAEMON_GENERATION, STR("0"));
    jw_end(&w);
    fill_set(fill, "metadata",
             kinds_with_member(fill->arena, &type_meta_object_meta, metadata, "annotations",
                               jw_done(&w)));
}

static void
daemon_set_generation(struct prepare *p, int64_t generation)
{
    edit_set_str(p->edit, "/metadata/annotations/" DAEMON_GENERATION,
                 arena_printf(p->arena, "%lld", (long long)generation));
}

static int64_t
daemon_generation(struct val root)
{
    int64_t generation = 0;
    struct val annotations = val_at(root, "metadata.annotations");
    (void)str_to_int(val_str(val_member(annotations, STR(DAEMON_GENERATION))), &generation);
    return generation;
}

void
kind_daemon_create(struct prepare *p)
{
    int64_t generation = daemon_generation(p->now);
    kinds_prepare_create(p);
    daemon_set_generation(p, generation < 1 ? 1 : generation);
}

void
kind_daemon_update(struct prepare *p)
{
    int64_t generation = daemon_generation(p->old);
    kinds_prepare_update(p);
    if (p->subresource == NULL) {
        bool is_same = val_eq(val_at(p->now, "spec.template"), val_at(p->old, "spec.template"));
        daemon_set_generation(p, is_same ? generation : generation + 1);
    }
}
