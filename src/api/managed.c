/* managedFields of creates, updates and patches.  Called by the managedFields step.
 *
 * Follows apimachinery/pkg/util/managedfields/internal (fieldmanager.go, managedfieldsupdater.go,
 * stripmeta.go, skipnonapplied.go) and structured-merge-diff's merge/update.go, release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include "api/managed.h"

#include "api/decode.h"
#include "api/fieldset.h"
#include "api/fieldset_priv.h"
#include "api/managed_priv.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"

/* What nobody manages: stripmeta.go. */
static const char stripped[] =
    "apiVersion,kind,metadata,metadata.name,metadata.namespace,metadata.creationTimestamp,"
    "metadata.selfLink,metadata.uid,metadata.clusterName,metadata.generation,"
    "metadata.managedFields,metadata.resourceVersion";

static const char *
reset_paths(const struct managed_in *in)
{
    const struct resource *r = in->resource;
    const struct subresource *sub = resource_sub(r, str_of(in->subresource));
    if (sub != NULL && sub->reset != NULL) {
        return sub->reset;
    }
    bool is_status = in->subresource != NULL && strcmp(in->subresource, "status") == 0;
    return is_status ? r->reset_status : r->reset_main; /* finalize, …: as the main resource */
}

struct str
managed_now(const struct managed_in *in)
{
    char text[CLOCK_TEXT_SIZE];
    return arena_dup(in->arena, clock_text(in->wall_ms, text));
}

struct doc *
managed_strip(struct arena *arena, const struct doc *object)
{
    AUTO_ERR struct err *err = NULL;
    struct edit edit;
    struct doc *out = NULL;
    edit_init(&edit, arena);
    edit_del(&edit, "/metadata/managedFields");
    if (edit_apply(object, &edit, &out, &err) < 0) {
        return NULL; /* never: a deletion from an object cannot fail */
    }
    return out;
}

struct doc *
managed_zero(const struct managed_in *in)
{
    AUTO_ERR struct err *err = NULL;
    struct decode_in decode = { .arena = in->arena, .media = MEDIA_JSON, .bytes = STR("{}") };
    struct doc *out = NULL;
    if (in->resource->type == NULL || decode_object(&decode, in->resource, &out, &err) < 0) {
        out = NULL;
    }
    if (out == NULL) {
        err_clear(&err);
        out = doc_parse(in->arena, STR("{}"), &err);
    }
    return out;
}

struct managed_change
managed_compare(const struct managed_in *in, struct val old, struct val now)
{
    struct fieldset_diff diff = fieldset_compare(in->arena, in->resource->type, old, now);
    struct managed_change change = { fieldset_union(in->arena, diff.modified, diff.added),
                                     diff.removed };
    change.changed = managed_keep(in, change.changed);
    change.removed = managed_keep(in, change.removed);
    return change;
}

struct fieldset *
managed_keep(const struct managed_in *in, struct fieldset *set)
{
    const char *reset = reset_paths(in);
    return reset == NULL
               ? set
               : fieldset_minus_deep(in->arena, set, fieldset_from_paths(in->arena, reset));
}

void
managed_take_from_others(struct managers *managers, const struct manager *self,
                         const struct managed_change *change)
{
    for (size_t i = 0; i < managers->len; i++) {
        struct manager *m = &managers->at[i];
        if (m != self) {
            m->set = fieldset_minus(managers->arena, m->set, change->changed);
            m->set = fieldset_minus(managers->arena, m->set, change->removed);
        }
    }
}

/* Structured-merge-diff types no value with an item that names none of its keys: such a write
 * leaves managedFields as they are (UpdateNoErrors). */
static bool
has_keyless(const struct fieldset *set)
{
    for (size_t i = 0; set != NULL && i < set->len; i++) {
        const struct elem *elem = &set->at[i].elem;
        if ((elem->kind == ELEM_KEY && str_is(elem->text, "{}")) ||
            has_keyless(set->at[i].children)) {
            return true;
        }
    }
    return false;
}

void
managed_track(const struct managed_in *in, struct managers *managers, struct str manager,
              struct val old, struct val now)
{
    struct managed_change change = managed_compare(in, old, now);
    if (has_keyless(change.changed)) {
        return;
    }
    managed_take_from_others(managers, NULL, &change);
    struct fieldset *strip = fieldset_from_paths(in->arena, stripped);
    struct fieldset *mine = fieldset_minus(in->arena, change.changed, strip);
    /* ScaleHandler.ToParent forgets the times of the entries that came by a Scale. */
    bool is_scale = in->subresource != NULL && strcmp(in->subresource, "scale") == 0;
    struct manager like = {
        .name = manager,
        .api_version = resource_api_version(in->resource, in->arena),
        .subresource = str_of(in->subresource),
        .time = is_scale ? (struct str){ 0 } : managed_now(in),
        .set = mine,
    };
    if (!fieldset_is_empty(mine)) {
        struct manager *old_entry = managed_find(managers, &like);
        if (old_entry == NULL) {
            (void)managed_add(managers, &like);
        } else {
            old_entry->set = fieldset_union(in->arena, old_entry->set, mine);
            old_entry->time = like.time;
        }
    }
    managed_drop_empty(managers);
}

/* What the request says of managedFields: `[{}]` clears them, entries that can be read replace
 * them, anything else leaves the live ones (decodeLiveOrNew). */
static int
start_of(const struct managed_in *in, const struct doc *now, struct managers *ret, struct err **err)
{
    struct val given = val_at(doc_root(now), "metadata.managedFields");
    *ret = (struct managers){ .arena = in->arena };
    if (in->subresource == NULL) {
        if (val_len(given) == 1 && val_len(val_item(given, 0)) == 0) {
            return 0;
        }
        AUTO_ERR struct err *unreadable = NULL;
        if (managed_read(in->arena, doc_root(now), ret, &unreadable) == 0 && ret->len > 0) {
            return 0;
        }
        *ret = (struct managers){ .arena = in->arena };
    }
    return in->old == NULL ? 0 : managed_read(in->arena, doc_root(in->old), ret, err);
}

int
managed_update(const struct managed_in *in, const struct doc *now, struct doc **ret,
               struct err **err)
{
    struct managers managers;
    if (start_of(in, now, &managers, err) < 0) {
        return -1;
    }
    const struct doc *plain = managed_strip(in->arena, now);
    bool is_untracked = in->old != NULL && managers.len == 0; /* cleared once: stays untracked */
    if (!is_untracked) {
        const struct doc *old =
            in->old == NULL ? managed_zero(in) : managed_strip(in->arena, in->old);
        managed_track(in, &managers, in->manager, doc_root(old), doc_root(plain));
        managed_cap(&managers);
    }
    return managed_write(&managers, plain, ret, err);
}

/* ---- no-ops ---- */

static bool
same_entries(struct val a, struct val b)
{
    if (val_len(a) != val_len(b)) {
        return false;
    }
    static const char *const members[] = { "manager",    "operation", "apiVersion",
                                           "fieldsType", "fieldsV1",  "subresource" };
    for (size_t i = 0; i < val_len(a); i++) {
        for (size_t m = 0; m < ARRAY_LEN(members); m++) {
            if (!val_eq(val_get(val_item(a, i), members[m]), val_get(val_item(b, i), members[m]))) {
                return false;
            }
        }
    }
    return true;
}

static bool
same_but(struct val a, struct val b, const char *skip, bool (*same)(struct val, struct val))
{
    if (val_len(a) != val_len(b)) {
        return false;
    }
    VAL_EACH (it, a) {
        struct val other = val_member(b, it.key);
        bool is_skip = str_is(it.key, skip);
        if (!val_is(other) || !(is_skip ? same(it.value, other) : val_eq(it.value, other))) {
            return false;
        }
    }
    return true;
}

static bool
same_metadata(struct val a, struct val b)
{
    return same_but(a, b, "managedFields", same_entries);
}

bool
managed_is_noop(const struct doc *old, const struct doc *now)
{
    return same_but(doc_root(old), doc_root(now), "metadata", same_metadata);
}
