/* History of DaemonSets and StatefulSets.  Called by their plans; pure.
 *
 * Follows pkg/controller/history/controller_history.go and pkg/controller/daemon/update.go, release
 * 1.35. Hashes are ours (FNV-1a over canonical JSON): nobody may depend on their value. */
#include "config.h" /* IWYU pragma: keep */

#include "controllers/ctl_revisions.h"

#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "api/registry.h"
#include "api/selector.h"
#include "base/arena.h"
#include "base/err.h"
#include "client/cache.h"
#include "client/plan.h"
#include "controllers/ctl.h"

/* ---- reading ---- */

int64_t
ctl_revisions_number(const struct object *revision)
{
    return val_int(val_get(object_val(revision), "revision"), 0);
}

struct val
ctl_revisions_template(const struct object *revision)
{
    return val_at(object_val(revision), "data.spec.template");
}

static struct val
template_of(const struct ctl_revisions *r)
{
    return val_at(object_val(r->owner->object), "spec.template");
}

/* The present template as a revision keeps it: a strategic patch of the workload. */
static void
write_data(const struct ctl_revisions *r, struct jw *w)
{
    jw_obj(w);
    jw_keyz(w, "spec");
    jw_obj(w);
    jw_keyz(w, "template");
    jw_obj(w);
    jw_kvz(w, "$patch", "replace");
    VAL_EACH (it, template_of(r)) {
        jw_key(w, it.key);
        jw_val(w, it.value);
    }
    jw_end(w);
    jw_end(w);
    jw_end(w);
}

static int
by_number(const void *a, const void *b)
{
    const struct object *x = *(struct object *const *)a, *y = *(struct object *const *)b;
    int64_t n = ctl_revisions_number(x), m = ctl_revisions_number(y);
    return n != m ? (n < m ? -1 : 1) : str_cmp(x->name, y->name);
}

static struct str
new_hash(const struct ctl_revisions *r)
{
    static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
    struct jw w;
    jw_init(&w, r->in->arena);
    jw_canonical(&w, template_of(r));
    struct str text = jw_done(&w);
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < text.size; i++) {
        hash = (hash ^ (unsigned char)text.at[i]) * 16777619U;
    }
    hash ^= (uint32_t)r->collisions * 2654435761U;
    struct str digits = arena_printf(r->in->arena, "%u", hash);
    char *out = arena_dupz(r->in->arena, digits);
    for (size_t i = 0; i < digits.size; i++) {
        out[i] = letters[(unsigned char)digits.at[i] % (sizeof(letters) - 1)];
    }
    return str_slice(out, digits.size);
}

/* A creation of the last plan whose name is another's. */
static void
count_collisions(struct ctl_revisions *r, const struct resource *resource)
{
    r->collisions = val_int(val_at(object_val(r->owner->object), "status.collisionCount"), 0);
    for (size_t i = 0; i < r->in->last_len && r->now == NULL; i++) {
        const struct plan_result *last = &r->in->last[i];
        bool is_ours = last->verb == PLAN_CREATE && last->resource == resource;
        if (is_ours && last->err != NULL && last->err->code == ERR_ALREADY_EXISTS) {
            r->collisions++;
        }
    }
}

static void
name_present(struct ctl_revisions *r)
{
    int64_t newest = 0;
    for (size_t i = 0; i < r->len; i++) {
        int64_t number = r->at[i] == r->now ? 0 : ctl_revisions_number(r->at[i]);
        newest = number > newest ? number : newest;
    }
    r->number = newest + 1;
    if (r->now == NULL) {
        r->hash = new_hash(r);
        r->name = arena_printf(r->in->arena, STR_FMT "-" STR_FMT, STR_ARG(r->owner->object->name),
                               STR_ARG(r->hash));
        return;
    }
    int64_t have = ctl_revisions_number(r->now);
    r->number = have > newest ? have : r->number;
    r->name = r->now->name;
    r->hash = labels_get(r->now->labels, str_of(r->hash_label));
}

void
ctl_revisions_read(struct ctl_revisions *r, const struct selector *selector)
{
    AUTO_ERR struct err *err = NULL;
    struct jw w;
    const struct resource *resource = ctl_resource(r->in, "apps", "controllerrevisions");
    struct ctl_owner owner = *r->owner;
    owner.pods = resource;
    owner.finalizer = NULL;
    struct ctl_pods mine = ctl_pods_claim(r->in, &owner, selector, r->out);
    qsort(mine.at, mine.len, sizeof(mine.at[0]), by_number);
    r->at = mine.at;
    r->len = mine.len;
    jw_init(&w, r->in->arena);
    write_data(r, &w);
    struct doc *data = doc_parse(r->in->arena, jw_done(&w), &err);
    for (size_t i = r->len; i > 0 && r->now == NULL && data != NULL; i--) {
        bool is_same = val_eq(val_get(object_val(r->at[i - 1]), "data"), doc_root(data));
        r->now = is_same ? r->at[i - 1] : NULL;
    }
    count_collisions(r, resource);
    name_present(r);
}

void
ctl_revisions_done(struct ctl_revisions *r)
{
    for (size_t i = 0; i < r->len; i++) {
        object_unpin(r->at[i]);
    }
}

struct object *
ctl_revisions_find(const struct ctl_revisions *r, struct str name)
{
    for (size_t i = 0; i < r->len; i++) {
        if (str_eq(r->at[i]->name, name)) {
            return r->at[i];
        }
    }
    return NULL;
}

/* ---- writing ---- */

static struct str
new_body(const struct ctl_revisions *r)
{
    struct jw w;
    jw_init(&w, r->out->arena);
    jw_obj(&w);
    jw_kvz(&w, "kind", "ControllerRevision");
    jw_kvz(&w, "apiVersion", "apps/v1");
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_kv(&w, "name", r->name);
    jw_keyz(&w, "labels");
    jw_obj(&w);
    VAL_EACH (it, val_at(template_of(r), "metadata.labels")) {
        if (!str_is(it.key, r->hash_label)) {
            jw_key(&w, it.key);
            jw_val(&w, it.value);
        }
    }
    jw_kv(&w, r->hash_label, r->hash);
    jw_end(&w);
    struct val annotations = val_at(object_val(r->owner->object), "metadata.annotations");
    if (val_is(annotations)) {
        jw_keyz(&w, "annotations");
        jw_val(&w, annotations);
    }
    jw_keyz(&w, "ownerReferences");
    jw_arr(&w);
    ctl_pods_write_owner(r->owner, &w);
    jw_end(&w);
    jw_end(&w);
    jw_keyz(&w, "data");
    write_data(r, &w);
    jw_kint(&w, "revision", r->number);
    jw_end(&w);
    return jw_done(&w);
}

void
ctl_revisions_write(struct ctl_revisions *r)
{
    AUTO_ERR struct err *err = NULL;
    struct edit edit;
    struct doc *now = NULL;
    if (r->now == NULL) {
        plan_create(r->out, ctl_resource(r->in, "apps", "controllerrevisions"),
                    r->owner->object->ns, r->name, new_body(r));
        r->is_written = true;
    } else if (ctl_revisions_number(r->now) != r->number) {
        edit_init(&edit, r->out->arena);
        edit_set_int(&edit, "/revision", r->number);
        if (edit_apply(object_val(r->now).doc, &edit, &now, &err) == 0) {
            plan_write(r->out, PLAN_UPDATE, r->now, doc_bytes(now), PRE_REV);
            r->is_written = true;
        }
    }
}

void
ctl_revisions_cleanup(struct ctl_revisions *r,
                      bool (*is_live)(const void *ctx, const struct object *revision),
                      const void *ctx)
{
    struct val limit = val_at(object_val(r->owner->object), "spec.revisionHistoryLimit");
    size_t len = 0;
    struct object **old = arena_array(r->in->arena, r->len + 1, sizeof(struct object *));
    for (size_t i = 0; i < r->len; i++) {
        if (r->at[i] != r->now && !is_live(ctx, r->at[i])) {
            old[len++] = r->at[i];
        }
    }
    for (size_t i = 0; (int64_t)(len - i) > val_int(limit, 10) && i < len; i++) {
        plan_write(r->out, PLAN_DELETE, old[i], (struct str){ 0 }, PRE_UID);
    }
}
