#pragma once

#include "planner/base/arena.h"

/* A map from strings to pointers whose entries live in an arena. Keys are kept by reference: they
 * must live as long as the map. Nothing is ever removed. map_deinit frees the table itself. */
struct map {
    struct arena *arena;
    struct map_entry *entries;
};

void map_init(struct map *map, struct arena *arena);
void map_deinit(struct map *map);

/* The value, or NULL when the key is not there. */
void *map_get(const struct map *map, const char *key);

/* Puts value (not NULL) under key; returns the value that it replaced, or NULL. */
void *map_put(struct map *map, const char *key, void *value);
