/* Hash map: open addressing with linear probing over a keyed hash.  Whoever owns the map calls it,
 * on one thread at a time; the hash key is made once per process. */
#include "config.h" /* IWYU pragma: keep */

#include "base/map.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/mem.h"

enum { MAP_CAPACITY_MIN = 8 };
/* hash of a slot without a value: never used since the last rehash, or its entry was removed. */
enum { MAP_EMPTY = 0, MAP_DEAD = 1 };

struct map_slot {
    uint64_t hash;
    char *key; /* owned */
    size_t key_size;
    void *value; /* NULL: no entry here, hash says MAP_EMPTY or MAP_DEAD */
};

static uint64_t map_secret[2];
static pthread_once_t map_secret_once = PTHREAD_ONCE_INIT;

static void map_make_secret(void);
static uint64_t map_hash(struct str key);
static struct map_slot *map_find(const struct map *map, struct str key, uint64_t hash);
static void map_rehash(struct map *map);

void *
map_get(const struct map *map, struct str key)
{
    if (map->len == 0) {
        return NULL;
    }
    struct map_slot *slot = map_find(map, key, map_hash(key));

    return slot == NULL ? NULL : slot->value;
}

void *
map_put(struct map *map, struct str key, void *value)
{
    assert(value != NULL);
    uint64_t hash = map_hash(key);
    struct map_slot *slot = map->len == 0 ? NULL : map_find(map, key, hash);

    if (slot != NULL) {
        void *before = slot->value;

        slot->value = value;
        return before;
    }
    if ((map->used + 1) * 4 > map->capacity * 3) {
        map_rehash(map);
    }
    size_t index = (size_t)hash & (map->capacity - 1);

    while (map->slots[index].value != NULL) {
        index = (index + 1) & (map->capacity - 1);
    }
    slot = &map->slots[index];
    map->used += slot->hash == MAP_EMPTY;
    map->len++;
    *slot = (struct map_slot){ hash, mem_copy(key.at, key.size), key.size, value };
    return NULL;
}

void *
map_del(struct map *map, struct str key)
{
    struct map_slot *slot = map->len == 0 ? NULL : map_find(map, key, map_hash(key));

    if (slot == NULL) {
        return NULL;
    }
    void *value = slot->value;

    mem_free(slot->key);
    *slot = (struct map_slot){ .hash = MAP_DEAD };
    map->len--;
    return value;
}

bool
map_next(const struct map *map, size_t *iter, struct str *ret_key, void **ret_value)
{
    while (*iter < map->capacity) {
        const struct map_slot *slot = &map->slots[(*iter)++];

        if (slot->value != NULL) {
            *ret_key = (struct str){ slot->key, slot->key_size };
            *ret_value = slot->value;
            return true;
        }
    }
    return false;
}

void
map_done(struct map *map, void (*free_value)(void *))
{
    for (size_t i = 0; i < map->capacity; i++) {
        struct map_slot *slot = &map->slots[i];

        if (slot->value != NULL) {
            mem_free(slot->key);
            if (free_value != NULL) {
                free_value(slot->value);
            }
        }
    }
    mem_free(map->slots);
    *map = (struct map){ 0 };
}

static void
map_make_secret(void)
{
    size_t got = 0;

    while (got < sizeof(map_secret)) {
        ssize_t size = getrandom((char *)map_secret + got, sizeof(map_secret) - got, 0);

        if (size < 0 && errno != EINTR) {
            abort(); /* a kernel without getrandom: nothing here can run safely */
        }
        got += size > 0 ? (size_t)size : 0;
    }
}

static inline uint64_t
map_rotate(uint64_t word, int bits)
{
    return word << bits | word >> (64 - bits);
}

static inline void
map_sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = map_rotate(v[1], 13) ^ v[0];
    v[0] = map_rotate(v[0], 32);
    v[2] += v[3];
    v[3] = map_rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = map_rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = map_rotate(v[1], 17) ^ v[2];
    v[2] = map_rotate(v[2], 32);
}

/* SipHash-1-3 (Aumasson and Bernstein; the variant that hash tables use). */
uint64_t
map_siphash(struct str bytes, uint64_t key0, uint64_t key1)
{
    uint64_t v[4] = { key0 ^ 0x736f6d6570736575U, key1 ^ 0x646f72616e646f6dU,
                      key0 ^ 0x6c7967656e657261U, key1 ^ 0x7465646279746573U };
    const char *at = bytes.at;
    size_t left = bytes.size;
    uint64_t word = 0;

    for (; left >= sizeof(word); left -= sizeof(word), at += sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        word = le64toh(word);
        v[3] ^= word;
        map_sip_round(v);
        v[0] ^= word;
    }
    word = (uint64_t)bytes.size << 56;
    for (size_t i = 0; i < left; i++) {
        word |= (uint64_t)(unsigned char)at[i] << (8 * i);
    }
    v[3] ^= word;
    map_sip_round(v);
    v[0] ^= word;
    v[2] ^= 0xff;
    map_sip_round(v);
    map_sip_round(v);
    map_sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint64_t
map_hash(struct str key)
{
    (void)pthread_once(&map_secret_once, map_make_secret); /* fails only for a bad argument */
    uint64_t hash = map_siphash(key, map_secret[0], map_secret[1]);

    return hash <= MAP_DEAD ? hash + 2 : hash;
}

static struct map_slot *
map_find(const struct map *map, struct str key, uint64_t hash)
{
    size_t index = (size_t)hash & (map->capacity - 1);

    for (;;) {
        struct map_slot *slot = &map->slots[index];

        if (slot->hash == MAP_EMPTY) {
            return NULL;
        }
        if (slot->hash == hash && slot->key_size == key.size &&
            (key.size == 0 || memcmp(slot->key, key.at, key.size) == 0)) {
            return slot;
        }
        index = (index + 1) & (map->capacity - 1);
    }
}

/* Doubles when entries fill half of it, else only clears out the dead slots. */
static void
map_rehash(struct map *map)
{
    size_t capacity = map->capacity == 0 ? MAP_CAPACITY_MIN : map->capacity;
    struct map_slot *old = map->slots;

    if (map->len * 2 >= capacity) {
        capacity *= 2;
    }
    map->slots = mem_new_array(capacity, sizeof(*map->slots));
    for (size_t i = 0; i < map->capacity; i++) {
        if (old[i].value != NULL) {
            size_t index = (size_t)old[i].hash & (capacity - 1);

            while (map->slots[index].value != NULL) {
                index = (index + 1) & (capacity - 1);
            }
            map->slots[index] = old[i];
        }
    }
    map->capacity = capacity;
    map->used = map->len;
    mem_free(old);
}
