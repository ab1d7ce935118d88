#pragma once

#include "planner/base/arena.h"

#include <string.h>

/* A growing array in an arena: struct vec_of(type) holds items, count and room. What growing
 * leaves behind is freed with the arena. */
#define vec_of(type)                                                                               \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count;                                                                              \
        size_t room;                                                                               \
    }

/* A pointer to a new zeroed last item; valid until the next vec_push on the same vector. */
#define vec_push(arena, vec)                                                                       \
    (vec_reserve_one((arena), (void **)&(vec)->items, (vec)->count, &(vec)->room,                  \
                     sizeof(*(vec)->items)),                                                       \
     &(vec)->items[(vec)->count++])

#define vec_each(item, vec)                                                                        \
    for (__typeof__(&(vec)->items[0]) item = (vec)->items;                                         \
         (vec)->count && item < (vec)->items + (vec)->count; item++)

static inline void vec_reserve_one(struct arena *arena, void **items, size_t count, size_t *room,
                                   size_t item_size)
{
    if (count < *room)
        return;
    size_t larger = *room ? *room * 2 : 8;
    void *moved = arena_alloc_array(arena, larger, item_size);

    if (count)
        memcpy(moved, *items, count * item_size);
    *items = moved;
    *room = larger;
}
