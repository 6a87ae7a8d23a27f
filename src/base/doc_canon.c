/* What does not care about the order of members: canonical output, and equality.
 *
 * Called on any thread. Recursion is bounded by DOC_MAX_DEPTH, which every tape keeps. */
#include "config.h" /* IWYU pragma: keep */

#include "base/doc_priv.h"

#include <stdlib.h>

#include "base/mem.h"

/* Members in byte order of their keys, of duplicates only the last. Objects inside each other share
 * one list: each has a part of it, from where it began to the end, while it is being read. */
struct canon_member {
    struct str key;
    uint32_t at;    /* node of the value */
    uint32_t order; /* place in the document */
};
struct canon_list {
    struct canon_member *members;
    size_t len, capacity;
};

static void
canon_list_done(struct canon_list *list)
{
    mem_free(list->members);
}

static int
canon_by_key(const void *a, const void *b)
{
    const struct canon_member *left = a, *right = b;
    int order = str_cmp(left->key, right->key);
    if (order != 0) {
        return order;
    }
    return left->order < right->order ? -1 : left->order > right->order;
}

/* Appends the members of an object; → where its part of the list begins. */
static size_t
canon_list_add(struct canon_list *list, struct val object)
{
    size_t start = list->len, count = val_len(object);
    if (list->members == NULL || list->capacity - start < count) {
        list->capacity = list->capacity * 2 + count + 16;
        list->members = mem_resize(list->members, list->capacity * sizeof(*list->members));
    }
    struct canon_member *members = list->members + start;
    size_t len = 0;
    bool sorted = true;
    VAL_EACH (it, object) {
        members[len] = (struct canon_member){ it.key, it.value.at, (uint32_t)len };
        sorted = sorted && (len == 0 || str_cmp(members[len - 1].key, it.key) < 0);
        len++;
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
    list->len = start + len;
    return start;
}

/* ---- canonical output ---- */

static void canon_write(struct jw *w, struct canon_list *list, struct val v);

static void
canon_write_object(struct jw *w, struct canon_list *list, struct val v)
{
    size_t start = canon_list_add(list, v), end = list->len;
    jw_obj(w);
    for (size_t i = start; i < end; i++) {
        struct canon_member member = list->members[i]; /* the list may move below */
        jw_key(w, member.key);
        canon_write(w, list, (struct val){ v.doc, member.at });
    }
    jw_end(w);
    list->len = start;
}

static void
canon_write_number(struct jw *w, struct val v)
{
    int64_t number;
    if (val_to_int(v, &number)) {
        jw_int(w, number);
    } else {
        jw_num(w, val_num(v, 0));
    }
}

static void
canon_write(struct jw *w, struct canon_list *list, struct val v)
{
    switch (val_type(v)) {
    case DOC_OBJECT:
        canon_write_object(w, list, v);
        break;
    case DOC_ARRAY:
        jw_arr(w);
        VAL_EACH (it, v) {
            canon_write(w, list, it.value);
        }
        jw_end(w);
        break;
    case DOC_STRING:
        jw_str(w, val_str(v));
        break;
    case DOC_NUMBER:
        canon_write_number(w, v);
        break;
    case DOC_NULL:
    case DOC_FALSE:
    case DOC_TRUE:
    case DOC_ABSENT:
        jw_val(w, v);
        break;
    }
}

void
jw_canonical(struct jw *w, struct val v)
{
    AUTO(canon_list_done) struct canon_list list = { 0 };
    canon_write(w, &list, v);
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

static bool canon_eq(struct canon_list *list, struct val a, struct val b);

static bool
canon_arrays_eq(struct canon_list *list, struct val a, struct val b)
{
    if (val_len(a) != val_len(b)) {
        return false;
    }
    struct val_iter other = val_iter(b);
    VAL_EACH (it, a) {
        if (!val_step(&other) || !canon_eq(list, it.value, other.value)) {
            return false;
        }
    }
    return true;
}

static bool
canon_objects_eq(struct canon_list *list, struct val a, struct val b)
{
    size_t left = canon_list_add(list, a), right = canon_list_add(list, b);
    size_t end = list->len, count = right - left;
    bool equal = end - right == count;
    for (size_t i = 0; i < count && equal; i++) {
        struct canon_member one = list->members[left + i], two = list->members[right + i];
        equal = str_eq(one.key, two.key) &&
                canon_eq(list, (struct val){ a.doc, one.at }, (struct val){ b.doc, two.at });
    }
    list->len = left;
    return equal;
}

static bool
canon_eq(struct canon_list *list, struct val a, struct val b)
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
        return canon_arrays_eq(list, a, b);
    case DOC_OBJECT:
        return canon_objects_eq(list, a, b);
    case DOC_ABSENT:
    case DOC_NULL:
    case DOC_FALSE:
    case DOC_TRUE:
        break;
    }
    return true;
}

bool
val_eq(struct val a, struct val b)
{
    AUTO(canon_list_done) struct canon_list list = { 0 };
    return canon_eq(&list, a, b);
}

/* ---- duplicates ---- */

static bool
canon_has_duplicates(struct canon_list *list, struct val v)
{
    bool found = false;
    if (val_type(v) == DOC_OBJECT) {
        size_t start = canon_list_add(list, v);
        found = list->len - start < val_len(v);
        list->len = start;
    }
    struct val_iter it = val_iter(v);
    while (!found && val_step(&it)) {
        found = val_type(it.value) >= DOC_OBJECT && canon_has_duplicates(list, it.value);
    }
    return found;
}

bool
doc_has_duplicates(struct val v)
{
    AUTO(canon_list_done) struct canon_list list = { 0 };
    return canon_has_duplicates(&list, v);
}
