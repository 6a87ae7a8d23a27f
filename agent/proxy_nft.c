/* The nft table `binnacle`: claims on items, and transactions that follow them. Called by proxy; loop
 * thread, no I/O.
 *
 * Chains and sets that nobody claims any more are emptied at once and deleted a moment later: kernels
 * before 6.2 see the end of the last reference late (knftables' experience, in kube-proxy). */
#include "config.h" /* IWYU pragma: keep */

#include "agent/proxy_nft.h"

#include <stdlib.h>

#include "agent/proxy_nft_priv.h"
#include "agent/proxy_plan.h"
#include "base/arena.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"

enum { DELETE_AFTER_MS = 1000 };
#define TABLE PROXY_NFT_TABLE

/* Someone's items. */
struct owner {
    char *name;
    struct proxy_items items;
};
struct claim {
    const struct owner *owner;
    const struct proxy_item *item; /* the owner's */
};
/* An item that somebody claims, or that the kernel has. */
struct entry {
    enum proxy_item_kind kind;
    char *in, *key; /* key NULL: not an element */
    VEC(struct claim) claims;
    size_t shared;      /* claims on an item that all have alike */
    char *value;        /* of the shared */
    char *applied;      /* the kernel's value; NULL: it does not have it */
    int64_t dead_at_ms; /* when it lost its last claim; 0: it lives */
    bool is_dirty;
};
struct proxy_nft {
    char *pod_cidr;
    struct map owners;  /* name → struct owner */
    struct map entries; /* kind, in, key → struct entry */
    VEC(struct entry *) dirty;
    VEC(struct entry *) dying;
    bool is_lost;
};

/* ---- claims ---- */

static struct str
name_of(const struct proxy_item *item, struct str_builder *out)
{
    out->size = 0;
    str_putf(out, "%d " STR_FMT " " STR_FMT, (int)item->kind, STR_ARG(item->in),
             STR_ARG(item->key));
    return str_view(out);
}

static struct entry *
entry_of(struct proxy_nft *nft, const struct proxy_item *item)
{
    AUTO_STR struct str_builder name = { 0 };
    struct entry *entry = map_get(&nft->entries, name_of(item, &name));

    if (entry == NULL) {
        entry = MEM_NEW(struct entry);
        entry->kind = item->kind;
        entry->in = str_dup(item->in);
        entry->key = item->kind == PROXY_ELEMENT ? str_dup(item->key) : NULL;
        (void)map_put(&nft->entries, str_view(&name), entry); /* it was not there */
    }
    if (!entry->is_dirty) {
        entry->is_dirty = true;
        VEC_ADD(nft->dirty, entry);
    }
    return entry;
}

static void
entry_free(void *item)
{
    struct entry *entry = item;

    VEC_DONE(entry->claims);
    mem_free(entry->in);
    mem_free(entry->key);
    mem_free(entry->value);
    mem_free(entry->applied);
    mem_free(entry);
}

static void
drop_entry(struct proxy_nft *nft, struct entry *entry)
{
    AUTO_STR struct str_builder name = { 0 };
    struct proxy_item item = { .kind = entry->kind,
                               .in = str_of(entry->in),
                               .key = str_of(entry->key) };

    (void)map_del(&nft->entries, name_of(&item, &name));
    entry_free(entry);
}

static void
claim(struct proxy_nft *nft, const struct owner *owner, const struct proxy_item *item)
{
    struct entry *entry = entry_of(nft, item);

    if (!item->is_shared) {
        VEC_ADD(entry->claims, (struct claim){ owner, item });
        return;
    }
    if (entry->value == NULL) {
        entry->value = str_dup(item->value);
    }
    entry->shared++;
}

static void
unclaim(struct proxy_nft *nft, const struct owner *owner, const struct proxy_item *item)
{
    struct entry *entry = entry_of(nft, item);

    if (item->is_shared) {
        entry->shared--;
        return;
    }
    for (size_t i = 0; i < entry->claims.len; i++) {
        if (entry->claims.at[i].owner == owner) {
            VEC_DEL(entry->claims, i);
            return;
        }
    }
}

/* The claim's item moves from the owner's old list to the new one. */
static void
renew(struct proxy_nft *nft, const struct owner *owner, const struct proxy_item *item)
{
    AUTO_STR struct str_builder name = { 0 };
    struct entry *entry = item->is_shared ? NULL : map_get(&nft->entries, name_of(item, &name));

    for (size_t i = 0; entry != NULL && i < entry->claims.len; i++) {
        if (entry->claims.at[i].owner == owner) {
            entry->claims.at[i].item = item;
        }
    }
}

/* Walks both sorted lists at once. */
static void
change(struct proxy_nft *nft, const struct owner *owner, const struct proxy_items *old,
       const struct proxy_items *now)
{
    size_t i = 0, j = 0;

    while (i < old->len || j < now->len) {
        int order = i == old->len   ? 1
                    : j == now->len ? -1
                                    : proxy_item_cmp(&old->at[i], &now->at[j]);

        if (order == 0 && old->at[i].is_shared == now->at[j].is_shared &&
            str_eq(old->at[i].value, now->at[j].value)) {
            renew(nft, owner, &now->at[j]);
            i++;
            j++;
            continue;
        }
        if (order <= 0) {
            unclaim(nft, owner, &old->at[i++]);
        }
        if (order >= 0) {
            claim(nft, owner, &now->at[j++]);
        }
    }
}

void
proxy_nft_set(struct proxy_nft *nft, struct str name, struct proxy_items *items)
{
    struct owner *owner = map_get(&nft->owners, name);

    if (owner == NULL) {
        owner = MEM_NEW(struct owner);
        owner->name = str_dup(name);
        (void)map_put(&nft->owners, name, owner); /* it was not there */
    }
    change(nft, owner, &owner->items, items);
    arena_free(owner->items.arena);
    owner->items = *items;
    *items = (struct proxy_items){ 0 };
    if (owner->items.len == 0) {
        (void)map_del(&nft->owners, name);
        arena_free(owner->items.arena);
        mem_free(owner->name);
        mem_free(owner);
    }
}

/* Its value as it should be. False: nobody claims it. */
static bool
wanted(const struct entry *entry, struct str *ret)
{
    const struct claim *first = NULL;

    if (entry->shared > 0) {
        *ret = str_of(entry->value);
        return true;
    }
    for (size_t i = 0; i < entry->claims.len; i++) {
        const struct claim *c = &entry->claims.at[i];

        if (first == NULL || strcmp(c->owner->name, first->owner->name) < 0) {
            first = c;
        }
    }
    *ret = first == NULL ? (struct str){ 0 } : first->item->value;
    return first != NULL;
}

/* ---- text ---- */

static int
by_name(const void *a, const void *b)
{
    const struct entry *x = *(const struct entry *const *)a, *y = *(const struct entry *const *)b;
    int order = (x->kind > y->kind) - (x->kind < y->kind);

    order = order != 0 ? order : strcmp(x->in, y->in);
    return order != 0 || x->key == NULL ? order : strcmp(x->key, y->key);
}

/* Is there something to be done about it? */
static bool
is_change(const struct entry *entry)
{
    struct str value;
    bool is_wanted = wanted(entry, &value);

    return is_wanted != (entry->applied != NULL && entry->dead_at_ms == 0) ||
           (is_wanted && !str_eq(value, str_of(entry->applied)));
}

static void
put_set(const struct entry *entry, struct str_builder *out)
{
    struct str block, value;

    if (!wanted(entry, &value) || entry->applied != NULL) {
        return; /* a set that stays is as it was: its type follows from its name */
    }
    struct str kind = str_cut(value, ' ', &block);

    str_putf(out, "add " STR_FMT " " TABLE " %s " STR_FMT "\n", STR_ARG(kind), entry->in,
             STR_ARG(block));
}

static void
put_rules(const struct entry *entry, struct str_builder *out)
{
    struct str value, rest;

    if (entry->applied != NULL) {
        str_putf(out, "flush chain " TABLE " %s\n", entry->in);
    }
    if (!wanted(entry, &value)) {
        return;
    }
    for (rest = value; rest.size > 0;) {
        struct str rule = str_cut(rest, '\n', &rest);

        str_putf(out, "add rule " TABLE " %s " STR_FMT "\n", entry->in, STR_ARG(rule));
    }
}

/* The elements of one pass, those of one map in one command. */
struct element_run {
    const char *verb;
    const char *in;
    struct str_builder *out;
};

static void
put_element(struct element_run *run, const struct entry *entry, struct str value)
{
    if (run->in == NULL || strcmp(run->in, entry->in) != 0) {
        str_putf(run->out, "%s%s element " TABLE " %s { %s", run->in != NULL ? " }\n" : "",
                 run->verb, entry->in, entry->key);
    } else {
        str_putf(run->out, ", %s", entry->key);
    }
    if (value.size > 0) {
        str_putf(run->out, " : " STR_FMT, STR_ARG(value));
    }
    run->in = entry->in;
}

static void
end_elements(struct element_run *run)
{
    if (run->in != NULL) {
        str_putz(run->out, " }\n");
    }
}

static void
put_elements(struct entry *const *entries, size_t len, struct str_builder *out)
{
    struct element_run gone = { "delete", NULL, out }, come = { "add", NULL, out };
    struct str value;

    for (size_t i = 0; i < len; i++) {
        if (entries[i]->key != NULL && entries[i]->applied != NULL) {
            put_element(&gone, entries[i], str_of(entries[i]->applied));
        }
    }
    end_elements(&gone);
    for (size_t i = 0; i < len; i++) {
        if (entries[i]->key != NULL && wanted(entries[i], &value)) {
            put_element(&come, entries[i], value);
        }
    }
    end_elements(&come);
}

/* References before what they refer to, when they go; the other way round when they come. */
static void
put_changes(struct entry *const *entries, size_t len, struct str_builder *out)
{
    struct str value;

    for (size_t i = 0; i < len; i++) {
        if (entries[i]->kind == PROXY_SET) {
            put_set(entries[i], out);
        }
    }
    for (size_t i = 0; i < len; i++) {
        if (entries[i]->kind == PROXY_CHAIN && entries[i]->applied == NULL &&
            wanted(entries[i], &value)) {
            str_putf(out, "add chain " TABLE " %s\n", entries[i]->in);
        }
    }
    for (size_t i = 0; i < len; i++) {
        if (entries[i]->kind == PROXY_CHAIN) {
            put_rules(entries[i], out);
        }
    }
    put_elements(entries, len, out);
}

/* ---- transactions ---- */

static void
set_applied(struct entry *entry, struct str value)
{
    char *copy = str_dup(value);

    mem_free(entry->applied);
    entry->applied = copy;
    entry->dead_at_ms = 0;
}

/* The kernel is taken to have it all: when it has not, everything is lost. */
static void
settle(struct proxy_nft *nft, struct entry *entry, int64_t now_ms)
{
    struct str value;

    if (wanted(entry, &value)) {
        set_applied(entry, value);
    } else if (entry->kind == PROXY_ELEMENT || entry->applied == NULL) {
        drop_entry(nft, entry);
    } else {
        entry->dead_at_ms = now_ms;
        VEC_ADD(nft->dying, entry);
    }
}

/* Chains first: no set is named by a rule any more, as they are empty. */
static void
bury(struct proxy_nft *nft, int64_t now_ms, struct str_builder *out)
{
    static const enum proxy_item_kind kinds[] = { PROXY_CHAIN, PROXY_SET };
    size_t kept = 0;

    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        for (size_t i = 0; i < nft->dying.len; i++) {
            struct entry *entry = nft->dying.at[i];

            if (entry->kind == kinds[k] && entry->dead_at_ms != 0 &&
                entry->dead_at_ms + DELETE_AFTER_MS <= now_ms) {
                str_putf(out, "delete %s " TABLE " %s\n",
                         entry->kind == PROXY_CHAIN                            ? "chain"
                         : str_has_prefix(str_of(entry->applied), STR("map ")) ? "map"
                                                                               : "set",
                         entry->in);
            }
        }
    }
    for (size_t i = 0; i < nft->dying.len; i++) {
        struct entry *entry = nft->dying.at[i];

        if (entry->dead_at_ms == 0) {
            continue; /* it is claimed again */
        }
        if (entry->dead_at_ms + DELETE_AFTER_MS <= now_ms) {
            drop_entry(nft, entry);
        } else {
            nft->dying.at[kept++] = entry;
        }
    }
    nft->dying.len = kept;
}

/* From nothing: what nobody claims is forgotten, the rest is dirty. */
static void
begin_anew(struct proxy_nft *nft)
{
    size_t iter = 0;
    struct str key, value;
    void *at;

    nft->dirty.len = nft->dying.len = 0;
    while (map_next(&nft->entries, &iter, &key, &at)) {
        struct entry *entry = at;

        mem_free(entry->applied);
        entry->applied = NULL;
        entry->dead_at_ms = 0;
        entry->is_dirty = wanted(entry, &value);
        if (entry->is_dirty) {
            VEC_ADD(nft->dirty, entry);
        } else {
            (void)map_del(&nft->entries, key);
            entry_free(entry);
        }
    }
}

bool
proxy_nft_write(struct proxy_nft *nft, int64_t now_ms, struct str_builder *out)
{
    size_t before = out->size, len = 0;

    if (nft->is_lost) {
        begin_anew(nft);
        proxy_nft_base(nft->pod_cidr, out);
        nft->is_lost = false;
    }
    for (size_t i = 0; i < nft->dirty.len; i++) {
        struct entry *entry = nft->dirty.at[i];

        entry->is_dirty = false;
        if (is_change(entry)) {
            nft->dirty.at[len++] = entry;
        } else if (entry->applied == NULL) {
            drop_entry(nft, entry); /* it came and went */
        }
    }
    nft->dirty.len = 0;
    if (len > 1) { /* an empty list is NULL, which qsort does not take */
        qsort(nft->dirty.at, len, sizeof(*nft->dirty.at), by_name);
    }
    put_changes(nft->dirty.at, len, out);
    for (size_t i = 0; i < len; i++) {
        settle(nft, nft->dirty.at[i], now_ms);
    }
    bury(nft, now_ms, out);
    return out->size > before;
}

void
proxy_nft_lost(struct proxy_nft *nft)
{
    nft->is_lost = true;
}

int64_t
proxy_nft_due_ms(const struct proxy_nft *nft)
{
    return nft->dying.len == 0 ? INT64_MAX : nft->dying.at[0]->dead_at_ms + DELETE_AFTER_MS;
}

void
proxy_nft_pod_cidr(struct proxy_nft *nft, struct str cidr)
{
    if (!str_eq(str_of(nft->pod_cidr), cidr)) {
        mem_free(nft->pod_cidr);
        nft->pod_cidr = cidr.size > 0 ? str_dup(cidr) : NULL;
        nft->is_lost = true;
    }
}

/* ---- life ---- */

struct proxy_nft *
proxy_nft_new(void)
{
    struct proxy_nft *nft = MEM_NEW(struct proxy_nft);

    nft->is_lost = true;
    return nft;
}

static void
owner_free(void *item)
{
    struct owner *owner = item;

    arena_free(owner->items.arena);
    mem_free(owner->name);
    mem_free(owner);
}

void
proxy_nft_free(struct proxy_nft *nft)
{
    if (nft == NULL) {
        return;
    }
    map_done(&nft->entries, entry_free);
    map_done(&nft->owners, owner_free);
    VEC_DONE(nft->dirty);
    VEC_DONE(nft->dying);
    mem_free(nft->pod_cidr);
    mem_free(nft);
}
