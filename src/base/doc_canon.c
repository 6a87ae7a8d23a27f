/* What does not care about the order of members: canonical output, and equality.
 *
 * Called on any thread. Recursion is bounded by DOC_MAX_DEPTH, which every tape keeps. */
#include "config.h" /* IWYU pragma: keep */

#include "base/doc_priv.h"

#include <stdlib.h>

#include "base/mem.h"

static int
canon_by_key(const void *a, const void *b)
{
    const struct doc_member *left = a, *right = b;
    int order = str_cmp(left->key, right->key);
    if (order != 0) {
        return order;
    }
    return left->order < right->order ? -1 : left->order > right->order;
}

struct doc_member *
doc_members_sorted(struct val object, size_t *ret_len)
{
    size_t len = val_len(object), at = 0;
    struct doc_member *members = mem_new_array(len, sizeof(*members));
    bool sorted = true;
    VAL_EACH (it, object) {
        members[at] =
            (struct doc_member){ .key = it.key, .value = it.value, .order = (uint32_t)at };
        sorted = sorted && (at == 0 || str_cmp(members[at - 1].key, it.key) < 0);
        at++;
    }
    if (!sorted) {
        qsort(members, len, sizeof(*members), canon_by_key);
        size_t kept = 0;
        for (size_t i = 0; i < len; i++) {
            if (i + 1 == len || !str_eq(members[i].key, members[i + 1].key)) {
                members[kept++] = members[i];
            }
        }
        len = kept;
    }
    *ret_len = len;
    return members;
}

/* ---- canonical output ---- */

static void
canon_object(struct jw *w, struct val v)
{
    size_t len;
    AUTO_FREE struct doc_member *members = doc_members_sorted(v, &len);
    jw_obj(w);
    for (size_t i = 0; i < len; i++) {
        jw_key(w, members[i].key);
        jw_canonical(w, members[i].value);
    }
    jw_end(w);
}

void
jw_canonical(struct jw *w, struct val v)
{
    int64_t number;
    switch (val_type(v)) {
    case DOC_OBJECT:
        canon_object(w, v);
        break;
    case DOC_ARRAY:
        jw_arr(w);
        VAL_EACH (it, v) {
            jw_canonical(w, it.value);
        }
        jw_end(w);
        break;
    case DOC_STRING:
        jw_str(w, val_str(v));
        break;
    case DOC_NUMBER:
        if (val_to_int(v, &number)) {
            jw_int(w, number);
        } else {
            jw_num(w, val_num(v, 0));
        }
        break;
    case DOC_FALSE:
    case DOC_TRUE:
        jw_bool(w, val_type(v) == DOC_TRUE);
        break;
    case DOC_NULL:
    case DOC_ABSENT:
        jw_null(w);
        break;
    }
}

/* ---- equality ---- */

static bool
canon_numbers_eq(struct val a, struct val b)
{
    int64_t left, right;
    if (val_to_int(a, &left) && val_to_int(b, &right)) {
        return left == right;
    }
    return val_num(a, 0) == val_num(b, 0);
}

static bool
canon_arrays_eq(struct val a, struct val b)
{
    if (val_len(a) != val_len(b)) {
        return false;
    }
    struct val_iter other = val_iter(b);
    VAL_EACH (it, a) {
        if (!val_step(&other) || !val_eq(it.value, other.value)) {
            return false;
        }
    }
    return true;
}

static bool
canon_objects_eq(struct val a, struct val b)
{
    size_t left_len, right_len;
    AUTO_FREE struct doc_member *left = doc_members_sorted(a, &left_len);
    AUTO_FREE struct doc_member *right = doc_members_sorted(b, &right_len);
    if (left_len != right_len) {
        return false;
    }
    for (size_t i = 0; i < left_len; i++) {
        if (!str_eq(left[i].key, right[i].key) || !val_eq(left[i].value, right[i].value)) {
            return false;
        }
    }
    return true;
}

bool
val_eq(struct val a, struct val b)
{
    enum doc_type type = val_type(a);
    if (type != val_type(b)) {
        return false;
    }
    if (str_eq(val_raw(a), val_raw(b))) {
        return true;
    }
    switch (type) {
    case DOC_NUMBER:
        return canon_numbers_eq(a, b);
    case DOC_STRING:
        return str_eq(val_str(a), val_str(b));
    case DOC_ARRAY:
        return canon_arrays_eq(a, b);
    case DOC_OBJECT:
        return canon_objects_eq(a, b);
    case DOC_ABSENT:
    case DOC_NULL:
    case DOC_FALSE:
    case DOC_TRUE:
        break;
    }
    return true;
}
