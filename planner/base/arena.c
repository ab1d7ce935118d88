/* A list of chunks, each twice the size of the one before it up to a limit; a request that does
 * not fit the current chunk opens a new one. Freeing walks the list. */
#include "planner/base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CHUNK = 16 * 1024, LARGEST_CHUNK = 1024 * 1024 };

struct chunk {
    struct chunk *next;
    size_t size;
    size_t used;
    _Alignas(max_align_t) char data[];
};

struct arena {
    struct chunk *chunks; /* newest first; only the newest is filled */
    size_t next_size;
};

__attribute__((noreturn)) static void die_out_of_memory(void)
{
    fputs("arcusplan: out of memory\n", stderr);
    abort();
}

struct arena *arena_new(void)
{
    struct arena *arena = calloc(1, sizeof(*arena));

    if (!arena)
        die_out_of_memory();
    arena->next_size = FIRST_CHUNK;
    return arena;
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    while (arena->chunks) {
        struct chunk *chunk = arena->chunks;

        arena->chunks = chunk->next;
        free(chunk);
    }
    free(arena);
}

static struct chunk *chunk_open(struct arena *arena, size_t at_least)
{
    size_t size = arena->next_size > at_least ? arena->next_size : at_least;
    struct chunk *chunk;

    if (size > (size_t)-1 / 2 || !(chunk = calloc(1, sizeof(*chunk) + size)))
        die_out_of_memory();
    chunk->size = size;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    if (arena->next_size < LARGEST_CHUNK)
        arena->next_size *= 2;
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    struct chunk *chunk = arena->chunks;
    char *place;

    if (size > (size_t)-1 / 4)
        die_out_of_memory();
    size = (size + align - 1) / align * align;
    if (!chunk || chunk->size - chunk->used < size)
        chunk = chunk_open(arena, size);
    place = chunk->data + chunk->used;
    chunk->used += size;
    return place;
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total))
        die_out_of_memory();
    return arena_alloc(arena, total);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);

    if (length)
        memcpy(copy, text, length);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    char *text;
    int length;

    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        die_out_of_memory();
    text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, args);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}
