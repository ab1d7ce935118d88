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
    ((vec)->items =                                                                                \
         vec_grow((arena), (vec)->items, (vec)->count, &(vec)->room, sizeof(*(vec)->items)),       \
     &(vec)->items[(vec)->count++])

#define vec_each(item, vec)                                                                        \
    for (__typeof__(*(vec)->items) *item = (vec)->items;                                           \
         (vec)->count && item < (vec)->items + (vec)->count; item++)

/* The items with room for one more, which is zeroed. */
static inline void *vec_grow(struct arena *arena, void *items, size_t count, size_t *room,
                             size_t item_size)
{
    void *moved;

    if (items && count < *room) {
        memset((char *)items + count * item_size, 0, item_size);
        return items;
    }
    *room = *room ? *room * 2 : 8;
    moved = arena_alloc_array(arena, *room, item_size);
    if (items)
        memcpy(moved, items, count * item_size);
    return moved;
}
