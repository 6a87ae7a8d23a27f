/* Arenas: bump allocation for one request, plan or parse.  Used by whoever owns that work, by one
 * thread at a time; job.c moves an arena to a pool thread and back. */
#include "config.h" /* IWYU pragma: keep */

#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>

#include "base/mem.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(ARENA_ASAN)
#include <sanitizer/asan_interface.h>
/* Bytes that were not handed out are poisoned, so that overruns inside a chunk are found too. */
#define ARENA_HIDE(at, size) ASAN_POISON_MEMORY_REGION((at), (size))
#define ARENA_SHOW(at, size) ASAN_UNPOISON_MEMORY_REGION((at), (size))
#else
#define ARENA_HIDE(at, size) ((void)(at), (void)(size))
#define ARENA_SHOW(at, size) ((void)(at), (void)(size))
#endif

enum {
    ARENA_ALIGN = 16,
    ARENA_FIRST_SIZE = 4 * 1024,  /* chunks double from here, malloc's header included … */
    ARENA_CHUNK_MAX = 256 * 1024, /* … up to here */
    ARENA_MALLOC_HEADER = 16,
};

struct arena_chunk {
    struct arena_chunk *next;
    size_t capacity, used; /* bytes of at[] */
    alignas(ARENA_ALIGN) char at[];
};

struct arena {
    struct arena_chunk *chunks; /* the first is the one that small pieces come from */
    struct arena_chunk *large;  /* one piece each, newest first */
    size_t chunk_size;          /* size of the next chunk */
    size_t size;                /* bytes handed out */
    struct arena_chunk *first;  /* stays at reset; shares the arena's own allocation */
};

static void *arena_piece(struct arena *arena, size_t size_bytes);
static void *arena_piece_large(struct arena *arena, size_t size_bytes);
static void arena_add_chunk(struct arena *arena, size_t needed);
static void *arena_grow_large(struct arena *arena, size_t old_size, size_t new_size);
static struct arena_chunk *arena_chunk_new(size_t capacity);
static void arena_chunk_free(struct arena_chunk *chunk);
static size_t arena_round(size_t size_bytes);

struct arena *
arena_new(void)
{
    const size_t head = (sizeof(struct arena) + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    char *block = mem_new_raw(ARENA_FIRST_SIZE - ARENA_MALLOC_HEADER);
    struct arena *arena = (struct arena *)(void *)block;
    struct arena_chunk *first = (struct arena_chunk *)(void *)(block + head);

    first->next = NULL;
    first->used = 0;
    first->capacity = ARENA_FIRST_SIZE - ARENA_MALLOC_HEADER - head - sizeof(*first);
    *arena = (struct arena){ .chunks = first, .first = first, .chunk_size = ARENA_FIRST_SIZE * 2 };
    ARENA_HIDE(first->at, first->capacity);
    return arena;
}

void
arena_free(struct arena *arena)
{
    if (arena == NULL) {
        return;
    }
    arena_reset(arena);
    ARENA_SHOW(arena->first->at, arena->first->capacity);
    mem_free(arena);
}

void
arena_reset(struct arena *arena)
{
    while (arena->chunks != arena->first) {
        struct arena_chunk *chunk = arena->chunks;

        arena->chunks = chunk->next;
        arena_chunk_free(chunk);
    }
    while (arena->large != NULL) {
        struct arena_chunk *chunk = arena->large;

        arena->large = chunk->next;
        arena_chunk_free(chunk);
    }
    arena->first->used = 0;
    arena->chunk_size = ARENA_FIRST_SIZE * 2;
    arena->size = 0;
    ARENA_HIDE(arena->first->at, arena->first->capacity);
}

void *
arena_alloc(struct arena *arena, size_t size_bytes)
{
    void *piece = arena_piece(arena, size_bytes);

    return memset(piece, 0, size_bytes);
}

void *
arena_array(struct arena *arena, size_t len, size_t item_size_bytes)
{
    size_t size_bytes = 0;

    if (__builtin_mul_overflow(len, item_size_bytes, &size_bytes)) {
        size_bytes = SIZE_MAX; /* aborts as any allocation that cannot be had */
    }
    return arena_alloc(arena, size_bytes);
}

struct str
arena_dup(struct arena *arena, struct str bytes)
{
    return (struct str){ arena_dupz(arena, bytes), bytes.size };
}

char *
arena_dupz(struct arena *arena, struct str bytes)
{
    char *copy = arena_piece(arena, bytes.size + 1);

    if (bytes.size > 0) {
        memcpy(copy, bytes.at, bytes.size);
    }
    copy[bytes.size] = '\0';
    return copy;
}

struct str
arena_printf(struct arena *arena, const char *format, ...)
{
    char text[256];
    va_list args;
    va_list again;
    struct str made = { 0 };

    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(text, sizeof(text), format, args);

    assert(size >= 0);
    if ((size_t)size < sizeof(text)) {
        made = arena_dup(arena, (struct str){ text, (size_t)size });
    } else {
        char *longer = arena_piece(arena, (size_t)size + 1);

        (void)vsnprintf(longer, (size_t)size + 1, format, again);
        made = (struct str){ longer, (size_t)size };
    }
    va_end(again);
    va_end(args);
    return made;
}

size_t
arena_size(const struct arena *arena)
{
    return arena->size;
}

void *
arena_grow(struct arena *arena, void *old, size_t old_size, size_t new_size)
{
    struct arena_chunk *chunk = arena->chunks;
    size_t old_room = arena_round(old_size);

    if (old == NULL || new_size <= old_size) {
        return old == NULL ? arena_piece(arena, new_size) : old;
    }
    if (arena->large != NULL && old == arena->large->at) {
        return arena_grow_large(arena, old_size, new_size);
    }
    if (old_room <= chunk->used && old == chunk->at + (chunk->used - old_room) &&
        arena_round(new_size) - old_room <= chunk->capacity - chunk->used) {
        chunk->used += arena_round(new_size) - old_room;
        arena->size += new_size - old_size;
        ARENA_SHOW(old, new_size);
        return old;
    }
    char *piece = arena_piece(arena, new_size);

    return memcpy(piece, old, old_size);
}

void
arena_cleanup(struct arena **arena)
{
    arena_free(*arena);
    *arena = NULL;
}

static void *
arena_piece(struct arena *arena, size_t size_bytes)
{
    size_t room = arena_round(size_bytes);

    if (room > arena->chunks->capacity - arena->chunks->used) {
        /* A large piece gets its own chunk: the rest of the present one is not wasted. */
        if (room > arena->chunk_size / 4) {
            return arena_piece_large(arena, size_bytes);
        }
        arena_add_chunk(arena, room);
    }
    struct arena_chunk *chunk = arena->chunks;
    char *piece = chunk->at + chunk->used;

    chunk->used += room;
    arena->size += size_bytes;
    ARENA_SHOW(piece, size_bytes);
    return piece;
}

static void *
arena_piece_large(struct arena *arena, size_t size_bytes)
{
    struct arena_chunk *chunk = arena_chunk_new(arena_round(size_bytes));

    chunk->used = chunk->capacity;
    chunk->next = arena->large;
    arena->large = chunk;
    arena->size += size_bytes;
    ARENA_SHOW(chunk->at, size_bytes);
    return chunk->at;
}

static void
arena_add_chunk(struct arena *arena, size_t needed)
{
    size_t size_bytes = arena->chunk_size;
    struct arena_chunk *chunk = arena_chunk_new(size_bytes - sizeof(*chunk) - ARENA_MALLOC_HEADER);

    assert(needed <= chunk->capacity);
    (void)needed;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    if (arena->chunk_size < ARENA_CHUNK_MAX) {
        arena->chunk_size *= 2;
    }
}

/* The newest large piece is alone in its chunk, so the C library may move it without a copy. */
static void *
arena_grow_large(struct arena *arena, size_t old_size, size_t new_size)
{
    struct arena_chunk *chunk = arena->large;
    size_t room = arena_round(new_size);

    if (room > chunk->capacity) {
        assert(room < SIZE_MAX - sizeof(*chunk));
        chunk = mem_resize(chunk, sizeof(*chunk) + room);
        chunk->capacity = chunk->used = room;
        arena->large = chunk;
    }
    arena->size += new_size - old_size;
    ARENA_SHOW(chunk->at, new_size);
    return chunk->at;
}

static struct arena_chunk *
arena_chunk_new(size_t capacity)
{
    size_t size_bytes = 0;

    if (__builtin_add_overflow(capacity, sizeof(struct arena_chunk), &size_bytes)) {
        size_bytes = SIZE_MAX; /* aborts */
    }
    struct arena_chunk *chunk = mem_new_raw(size_bytes);

    chunk->next = NULL;
    chunk->capacity = capacity;
    chunk->used = 0;
    ARENA_HIDE(chunk->at, capacity);
    return chunk;
}

static void
arena_chunk_free(struct arena_chunk *chunk)
{
    ARENA_SHOW(chunk->at, chunk->capacity);
    mem_free(chunk);
}

/* Room that a piece takes; a size near SIZE_MAX stays one, so that it aborts. */
static size_t
arena_round(size_t size_bytes)
{
    size_t room = (size_bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);

    return room < size_bytes ? SIZE_MAX - sizeof(struct arena_chunk) : room;
}
