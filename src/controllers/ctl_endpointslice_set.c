/* The arithmetic of slices.  Called by ctl_endpointslice.c; pure.
 *
 * Follows reconcileByPortMapping and finalize of k8s.io/endpointslice/reconciler.go, release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include <stdint.h>

#include "api/object.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "controllers/ctl_endpointslice.h"

/* Room for one more item of an array in the arena. */
static void *
room(struct arena *arena, void *at, size_t len, size_t *capacity, size_t item_size)
{
    enum { FIRST = 8 };
    if (len < *capacity) {
        return at;
    }
    size_t old = *capacity * item_size;
    *capacity = *capacity == 0 ? FIRST : *capacity * 2;
    char *grown = arena_grow(arena, at, old, *capacity * item_size);
    memset(grown + old, 0, *capacity * item_size - old);
    return grown;
}

static struct val
parsed(struct arena *arena, struct str json)
{
    AUTO_ERR struct err *err = NULL;
    return doc_root(doc_parse(arena, json, &err)); /* our own text */
}

static size_t
group_of(const struct ctl_endpointslice *set, struct val ports)
{
    for (size_t i = 0; i < set->group_len; i++) {
        bool are_both_empty = val_len(ports) == 0 && val_len(set->groups[i].v) == 0;
        if (are_both_empty || val_eq(set->groups[i].v, ports)) {
            return i;
        }
    }
    return SIZE_MAX;
}

void
ctl_endpointslice_want(struct ctl_endpointslice *set, struct str ports, struct str endpoint)
{
    struct val v = parsed(set->arena, ports);
    size_t group = group_of(set, v);
    if (group == SIZE_MAX) {
        set->groups = room(set->arena, set->groups, set->group_len, &set->group_capacity,
                           sizeof(set->groups[0]));
        group = set->group_len;
        set->groups[set->group_len++] = (struct ctl_endpointslice_group){ ports, v };
    }
    set->wants =
        room(set->arena, set->wants, set->want_len, &set->want_capacity, sizeof(set->wants[0]));
    struct ctl_endpointslice_want *want = &set->wants[set->want_len++];
    want->json = endpoint;
    want->v = parsed(set->arena, endpoint);
    want->hash = str_hash(val_raw(val_get(want->v, "addresses")));
    want->group = group;
}

/* ---- slices ---- */

static struct ctl_endpointslice_slice *
add_slice(struct ctl_endpointslice *set)
{
    set->slices =
        room(set->arena, set->slices, set->slice_len, &set->slice_capacity, sizeof(set->slices[0]));
    struct ctl_endpointslice_slice *slice = &set->slices[set->slice_len++];
    *slice = (struct ctl_endpointslice_slice){ .group = SIZE_MAX };
    return slice;
}

static void
make_room(struct ctl_endpointslice *set, struct ctl_endpointslice_slice *slice, size_t had)
{
    size_t most = had > CTL_SLICE_MAX ? had : CTL_SLICE_MAX;
    slice->endpoints = arena_array(set->arena, most, sizeof(slice->endpoints[0]));
}

static void
put(struct ctl_endpointslice_slice *slice, struct ctl_endpointslice_want *want)
{
    slice->endpoints[slice->len++] = want->json;
    want->is_placed = true;
}

/* The same endpoint, whatever its conditions: address, pod and host name. */
static bool
is_same_endpoint(struct val a, struct val b)
{
    return val_eq(val_get(a, "addresses"), val_get(b, "addresses")) &&
           str_eq(val_str(val_at(a, "targetRef.name")), val_str(val_at(b, "targetRef.name"))) &&
           str_eq(val_str(val_get(a, "hostname")), val_str(val_get(b, "hostname")));
}

static struct ctl_endpointslice_want *
find_want(struct ctl_endpointslice *set, size_t group, struct val endpoint)
{
    uint64_t hash = str_hash(val_raw(val_get(endpoint, "addresses")));
    for (size_t i = 0; i < set->want_len; i++) {
        size_t at = (set->hint + i) % set->want_len; /* they mostly come in the same order */
        struct ctl_endpointslice_want *want = &set->wants[at];
        if (!want->is_placed && want->hash == hash && want->group == group &&
            is_same_endpoint(want->v, endpoint)) {
            set->hint = at + 1;
            return want;
        }
    }
    return NULL;
}

void
ctl_endpointslice_have(struct ctl_endpointslice *set, struct object *object, bool has_other_labels)
{
    struct val root = object_val(object), endpoints = val_get(root, "endpoints");
    struct ctl_endpointslice_slice *slice = add_slice(set);
    bool is_changed = false;
    slice->object = object;
    slice->group = group_of(set, val_get(root, "ports"));
    slice->has_other_labels = has_other_labels;
    slice->had = val_len(endpoints);
    make_room(set, slice, slice->had);
    if (slice->group == SIZE_MAX) {
        slice->fate = CTL_SLICE_DELETE;
        return;
    }
    slice->ports = set->groups[slice->group].ports;
    VAL_EACH (it, endpoints) {
        struct ctl_endpointslice_want *want = find_want(set, slice->group, it.value);
        if (want != NULL) {
            is_changed = is_changed || !val_eq(want->v, it.value);
            put(slice, want);
        }
    }
    if (slice->len != slice->had && slice->len == 0) {
        slice->fate = CTL_SLICE_DELETE;
    } else if (is_changed || slice->len != slice->had || has_other_labels) {
        slice->fate = CTL_SLICE_UPDATE;
    }
}

/* ---- what is left ---- */

static size_t
left_of(const struct ctl_endpointslice *set, size_t group)
{
    size_t left = 0;
    for (size_t i = 0; i < set->want_len; i++) {
        left += !set->wants[i].is_placed && set->wants[i].group == group ? 1 : 0;
    }
    return left;
}

static void
fill(struct ctl_endpointslice *set, struct ctl_endpointslice_slice *slice)
{
    for (size_t i = 0; i < set->want_len && slice->len < CTL_SLICE_MAX; i++) {
        if (!set->wants[i].is_placed && set->wants[i].group == slice->group) {
            put(slice, &set->wants[i]);
        }
    }
}

/* The fullest slice of the group and fate that has room for `len` more; NULL: none. */
static struct ctl_endpointslice_slice *
fullest(struct ctl_endpointslice *set, size_t group, enum ctl_slice_fate fate, size_t len)
{
    struct ctl_endpointslice_slice *best = NULL;
    for (size_t i = 0; i < set->slice_len; i++) {
        struct ctl_endpointslice_slice *slice = &set->slices[i];
        if (slice->group == group && slice->fate == fate && slice->len + len <= CTL_SLICE_MAX &&
            (best == NULL || slice->len > best->len)) {
            best = slice;
        }
    }
    return best;
}

static void
place_group(struct ctl_endpointslice *set, size_t group)
{
    struct ctl_endpointslice_slice *slice;
    while (left_of(set, group) > 0 && (slice = fullest(set, group, CTL_SLICE_UPDATE, 1)) != NULL) {
        fill(set, slice);
    }
    while (left_of(set, group) > 0) {
        size_t left = left_of(set, group);
        slice = left < CTL_SLICE_MAX ? fullest(set, group, CTL_SLICE_KEEP, left) : NULL;
        if (slice == NULL) {
            slice = add_slice(set);
            slice->group = group;
            slice->ports = set->groups[group].ports;
            make_room(set, slice, 0);
            slice->fate = CTL_SLICE_CREATE;
        } else {
            slice->fate = CTL_SLICE_UPDATE;
        }
        fill(set, slice);
    }
}

static size_t
count(const struct ctl_endpointslice *set, enum ctl_slice_fate fate)
{
    size_t n = 0;
    for (size_t i = 0; i < set->slice_len; i++) {
        n += set->slices[i].fate == fate ? 1 : 0;
    }
    return n;
}

/* A Service without endpoints has one empty slice all the same. */
static void
hold_place(struct ctl_endpointslice *set)
{
    size_t deleted = count(set, CTL_SLICE_DELETE);
    if (set->slice_len != deleted) {
        return;
    }
    for (size_t i = 0; i < set->slice_len && deleted == 1; i++) {
        struct ctl_endpointslice_slice *only = &set->slices[i];
        struct val root = object_val(only->object);
        if (only->had == 0 && val_len(val_get(root, "ports")) == 0) {
            only->ports = STR("null");
            only->fate = only->has_other_labels ? CTL_SLICE_UPDATE : CTL_SLICE_KEEP;
            return;
        }
    }
    struct ctl_endpointslice_slice *slice = add_slice(set);
    slice->ports = STR("null");
    slice->fate = CTL_SLICE_CREATE;
}

/* Instead of one that goes and one that comes: one that changes. */
static void
reuse(struct ctl_endpointslice *set)
{
    for (size_t i = 0; i < set->slice_len; i++) {
        struct ctl_endpointslice_slice *gone = &set->slices[i];
        for (size_t n = set->slice_len; gone->fate == CTL_SLICE_DELETE && n > 0; n--) {
            struct ctl_endpointslice_slice *made = &set->slices[n - 1];
            if (made->fate == CTL_SLICE_CREATE) {
                made->object = gone->object;
                made->fate = CTL_SLICE_UPDATE;
                gone->object = NULL;
                gone->fate = CTL_SLICE_KEEP;
            }
        }
    }
}

void
ctl_endpointslice_settle(struct ctl_endpointslice *set)
{
    for (size_t group = 0; group < set->group_len; group++) {
        place_group(set, group);
    }
    hold_place(set);
    reuse(set);
}

struct str
ctl_endpointslice_text(const struct ctl_endpointslice_slice *slice, struct arena *arena)
{
    struct jw w;
    jw_init(&w, arena);
    if (slice->len == 0) {
        return STR("null"); /* as Go writes a list that is nil */
    }
    jw_arr(&w);
    for (size_t i = 0; i < slice->len; i++) {
        jw_raw(&w, slice->endpoints[i]);
    }
    jw_end(&w);
    return jw_done(&w);
}
